"""The shapes of answers (contract section 2). Dates are UTC ISO 8601, money is a decimal string."""

from typing import Annotated, Generic, Literal, TypeVar

from ninja import Field
from pydantic import ConfigDict, WithJsonSchema

from clickcollect.oms.events import examples
from clickcollect.oms.events.payload_schemas import Moment, Shape, StateOut

Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]

LimitName = Literal["code", "package", "employee", "program"]

Item = TypeVar("Item")


class Page(Shape, Generic[Item]):
    """One page of a list."""

    count: Annotated[int, Field(ge=0, description="All rows; no further than 10,001 unless `count=exact`.")]
    next: Annotated[Url | None, Field(description="The address of the page behind this one.")]
    previous: Annotated[Url | None, Field(description="The address of the page before this one.")]
    results: list[Item]


class RetailStoreOut(Shape):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.RETAIL_STORE]})

    pk: int
    name: str
    erp_code: str
    phone_number: str
    address: str
    store_hours: Annotated[
        dict[str, list[list[str]]],
        Field(
            description="`mon` … `sun` in the store's own time; a day left out is closed. "
            'A span such as `["18:00", "02:00"]` ends on the next day and belongs to the one on which it begins.'
        ),
    ]
    click_and_collect: bool
    is_active: bool


class StockLocationSummary(Shape):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.STOCK_LOCATION]})

    id: int
    name: str
    erp_code: str
    stock_location_type: str
    is_pickup_location: bool
    is_active: bool


class LogOut(Shape):
    """One move of a package, or one refused attempt."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.LOG]})

    id: int
    kind: Literal["move", "refused"]
    old_state: StateOut | None
    new_state: StateOut | None
    user: Annotated[int | None, Field(description="The id of who did it; null for the system itself.")]
    attributes: Annotated[
        dict[str, str | int | bool | None],
        Field(description="Flat keys such as `command.slug`; a refused attempt has its error code as `error.code`."),
    ]
    created_date: Moment
    object_id: Annotated[int | None, Field(description="The id of the package.")]


class SettingOut(Shape):
    """A setting and its value in force, also where that is the default."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.SETTING]})

    id: int
    key: str
    json_value: bool | int | str


class StoreConfigOut(Shape):
    id: int
    name: str
    erp_code: str
    language_code: str
    time_zone: str


class InstoreConfigOut(Shape):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.INSTORE_CONFIG]})

    is_enabled_otp: bool
    otp_length: Annotated[int, Field(ge=4, le=8)]
    store: Annotated[
        StoreConfigOut | None,
        Field(description="The caller's store; null where there are several and none was named."),
    ]
    languages: list[str]


class KeyOut(Shape):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.KEY]})

    key: Annotated[str, Field(description="Send it as `Authorization: Token <key>`. It is shown once.")]


class FaultOut(Shape):
    loc: Annotated[str, Field(description="Where: the name of a field, with dots where it is nested.")]
    msg: Annotated[str, Field(description="What is wrong, in the caller's language.")]


class ProblemOut(Shape):
    """A refusal (RFC 9457). Go by `code`; show `detail`. Beside these five, a code has the members it needs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: Annotated[list[FaultOut] | None, Field(description="`validation_error`: every field that is wrong.")] = None
    state: Annotated[str | None, Field(description="`state_conflict`: the name of the state it is in.")] = None
    changed_at: Annotated[Moment | None, Field(description="`state_conflict`: when it came into that state.")] = None
    changed_by: Annotated[str | None, Field(description="`state_conflict`: who brought it there.")] = None
    differs: Annotated[list[str] | None, Field(description="`order_conflict`: the fields that differ.")] = None
    attempts_remaining: Annotated[int | None, Field(ge=0, description="`otp_incorrect`: how many tries are left.")] = (
        None
    )
    limits_reached: Annotated[
        list[LimitName] | None, Field(description="`otp_incorrect`, `otp_locked`: whose limits these were.")
    ] = None
    digits: Annotated[int | None, Field(description="`otp_malformed`: how many digits a code has.")] = None
    retry_after: Annotated[int | None, Field(ge=0, description="`throttled`, `database_away`: whole seconds.")] = None
