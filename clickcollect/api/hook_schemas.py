"""The shapes of hooks and their events over HTTP (contract section 3)."""

from typing import Annotated, Any, Final, Literal

from ninja import Field
from pydantic import ConfigDict

from clickcollect.api.pagination import Paging
from clickcollect.omnitron.field_types import Moment
from clickcollect.oms.events.payload_schemas import Shape
from clickcollect.whisperer.models import DeliveryState
from clickcollect.wire_format import LARGEST_ID

LARGEST_STATUS: Final = 32_767  # PostgreSQL's smallint

EXAMPLE: Final[dict[str, Any]] = {
    "event_type": "package.status.ready_for_pickup",
    "target_url": "https://example.com/events",
    "secret_key": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "retry_countdown_config": {"choice": "exponential", "kwargs": {"base": 2, "factor": 1, "limit": 300}},
    "additional_headers": {"X-Tenant": "shop-1"},
}


HOOK: Final[dict[str, Any]] = {
    "id": 7,
    **{key: value for key, value in EXAMPLE.items() if key != "secret_key"},
    "is_active": True,
    "config": {},
    "callback": None,
    "created_date": "2026-11-17T09:00:00Z",
    "modified_date": "2026-11-17T09:00:00Z",
    "has_secret_key": True,
    "stopped_reason": None,
    "stopped_date": None,
}
HOOK_EVENT: Final[dict[str, Any]] = {
    "id": 5120,
    "uuid": "5e5a3ad0b5c94e0e8a6d2f0c7c1f7b1a",
    "event_type": "package.status.ready_for_pickup",
    "content_type": 12,
    "object_id": "481",
    "subject": "package:481",
    "sequence": 3,
    "webhook": HOOK,
    "delivered": True,
    "state": "delivered",
    "reason": None,
    "response_http_status": 200,
    "response_time": 0.043,
    "request_datetimes": ["2026-11-18T09:12:00Z"],
    "retry_count": 1,
    "next_attempt_date": None,
    "created_date": "2026-11-18T09:12:00Z",
    "modified_date": "2026-11-18T09:12:00Z",
}
QUEUED: Final[dict[str, Any]] = {
    "detail": "Webhook event is queued",
    "delivered": False,
    "response_status": None,
    "response_content": "",
    "response_time": None,
    "uuid": "5e5a3ad0b5c94e0e8a6d2f0c7c1f7b1a",
}
REFUSED: Final[dict[str, Any]] = {"code": "webhook_100_2", "en": "Webhook already registered"}


def example_config(example: dict[str, Any]) -> ConfigDict:
    """A model whose example stands in the API's description."""
    return ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [example]})


class HookIn(Shape):
    """A subscription of one type of event at one URL."""

    model_config = example_config(EXAMPLE)

    event_type: Annotated[str, Field(max_length=124)]
    target_url: Annotated[str, Field(max_length=255)]
    secret_key: Annotated[str | None, Field(max_length=124, description="Write-only; signs every event.")] = None
    is_active: bool = True
    retry_countdown_config: Annotated[
        dict[str, Any] | None,
        Field(
            description="`{choice, kwargs}`: `fixed{seconds}`, `linear{base,limit?}`, "
            "`exponential{base,factor?,limit?}`, `random{min_value,max_value}`. Left out = exponential with jitter."
        ),
    ] = None
    additional_headers: dict[str, Any] | None = None
    config: Annotated[
        dict[str, Any] | None,
        Field(description="`{auth: {auth_type: basic, username, password}}`; the password is write-only."),
    ] = None
    callback: Annotated[str | None, Field(max_length=64, description="Kept, never executed.")] = None


class HookPatch(HookIn):
    """What is named changes. A new `target_url` needs a new `secret_key` where there is one."""

    model_config = example_config({"is_active": False})

    event_type: Annotated[str | None, Field(max_length=124)] = None  # type: ignore[assignment]
    target_url: Annotated[str | None, Field(max_length=255)] = None  # type: ignore[assignment]
    is_active: bool | None = None  # type: ignore[assignment]


class HookOut(Shape):
    model_config = example_config(HOOK)

    id: int
    event_type: str
    target_url: str
    is_active: bool
    retry_countdown_config: dict[str, Any] | None
    additional_headers: dict[str, Any]
    config: dict[str, Any]
    callback: str | None
    created_date: str | None
    modified_date: str | None
    has_secret_key: bool
    stopped_reason: str | None
    stopped_date: str | None


class HookEventOut(Shape):
    """One event as it went to one hook, without bodies."""

    model_config = example_config(HOOK_EVENT)

    id: int
    uuid: str
    event_type: str
    content_type: Annotated[
        int | None, Field(description="The number of the kind of thing that `object_id` names; null for a test.")
    ]
    object_id: str
    subject: str
    sequence: int
    webhook: HookOut
    delivered: bool
    state: str
    reason: str | None
    response_http_status: int | None
    response_time: Annotated[float | None, Field(description="Seconds the last attempt took.")]
    request_datetimes: list[str]
    retry_count: int
    next_attempt_date: str | None
    created_date: str | None
    modified_date: str | None


class RetryIn(Shape):
    model_config = example_config({"force": True})

    force: Annotated[bool, Field(description="Also an event that waits for its next try.")] = False


class RetryOut(Shape):
    model_config = example_config(QUEUED)

    detail: str
    delivered: bool
    response_status: Annotated[int | None, Field(description="Null: it is queued; read the hook event for the answer.")]
    response_content: Annotated[str, Field(description="Always empty: what a receiver answers is not kept.")]
    response_time: float | None
    uuid: str


class Refusal(Shape):
    """The reference's own refusal, not a problem document."""

    model_config = example_config(REFUSED)

    code: str
    en: str


class HookFilters(Paging):
    target_url: Annotated[str | None, Field(max_length=255)] = None
    event_type: Annotated[str | None, Field(max_length=124)] = None
    is_active: bool | None = None


class HookEventFilters(Paging):
    """Which hook events. Those with a time are listed by time, the newest first."""

    webhook: Annotated[int | None, Field(ge=0, le=LARGEST_ID, description="The hook's id.")] = None
    event_type: Annotated[str | None, Field(max_length=124)] = None
    uuid: Annotated[str | None, Field(max_length=36)] = None
    content_type: Annotated[
        Literal["package", "order"] | int | None,
        Field(description="`package` or `order`, or the number that stands in the events."),
    ] = None
    object_id: Annotated[str | None, Field(max_length=32, description="The package's or order's id.")] = None
    response_http_status: Annotated[
        int | None, Field(ge=0, le=LARGEST_STATUS, description="What the receiver answered last.")
    ] = None
    created_date: Annotated[Moment | None, Field(description="Issued at exactly this time.")] = None
    created_date__gt: Annotated[Moment | None, Field(description="Issued after this time.")] = None
    created_date__gte: Annotated[Moment | None, Field(description="Issued at this time or later.")] = None
    created_date__lt: Annotated[Moment | None, Field(description="Issued before this time.")] = None
    created_date__lte: Annotated[Moment | None, Field(description="Issued at this time or before.")] = None
    state: DeliveryState | None = None
    delivered: bool | None = None
