"""Hooks over HTTP, as the reference documents them (contract section 3). Refusals with 406 are in its words."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Model, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from clickcollect.api.hook_schemas import (
    QUEUED,
    HookEventFilters,
    HookEventOut,
    HookFilters,
    HookIn,
    HookOut,
    HookPatch,
    Refusal,
    RetryIn,
    RetryOut,
)
from clickcollect.api.pagination import NEWEST, Key, Objects, paginate
from clickcollect.api.schemas import Page
from clickcollect.errors import Forbidden, NotFound
from clickcollect.omnitron.models import Order
from clickcollect.oms.access import Actor, require_hook_right
from clickcollect.oms.models import Package
from clickcollect.whisperer import hooks, redelivery, registry
from clickcollect.whisperer.custom_headers import Reader
from clickcollect.whisperer.documents import delivery_document, hook_document
from clickcollect.whisperer.models import IS_UNDELIVERED, Attempt, Delivery, DeliveryState, Hook

router = Router(tags=["Hooks"])

READ, WRITE = "hooks:read", "hooks:write"
SUBJECTS: Final[dict[str, type[Model]]] = {"package": Package, "order": Order}
# As a condition that the indexes of these states answer; there is none of everything that was not delivered.
NOT_DELIVERED: Final = IS_UNDELIVERED | Q(state=DeliveryState.SUPERSEDED) | Q(state=DeliveryState.DEAD)
BY_TIME: Final = Key(columns=("created_date", "id"), descending=True)
OF_HOOK: Final = Key(columns=("event_id",), descending=True)  # it gets each event once
ISSUED: Final = "event__issued_at"
TIMES: Final = ("created_date", "created_date__gt", "created_date__gte", "created_date__lt", "created_date__lte")


def answer_example(example: Any) -> dict[str, Any]:
    """What a 200 may look like, for an answer that has no model."""
    return {"responses": {200: {"content": {"application/json": {"example": example}}}}}


class WhispererRequest(HttpRequest):
    """A request whose caller is known."""

    actor: Actor


def find_hook(hook_id: int) -> Hook:
    """Raises NotFound."""
    hook = Hook.objects.filter(pk=hook_id, deleted_at__isnull=True).first()
    if hook is None:
        raise NotFound
    return hook


def find_delivery(delivery_id: int) -> Delivery:
    """Raises NotFound."""
    found = deliveries().filter(pk=delivery_id).first()
    if found is None:
        raise NotFound
    return found


def deliveries() -> QuerySet[Delivery]:
    """With all that a document shows, in a fixed number of statements and without bodies."""
    rows = Delivery.objects.select_related("event", "hook").defer("event__payload")
    return rows.prefetch_related(Prefetch("tries", queryset=Attempt.objects.order_by("id")))


def already_registered() -> Status[dict[str, str]]:
    return Status(406, {"code": hooks.HookExists.code, "en": str(hooks.HookExists.words)})


@router.get("/hooks/", response=Page[HookOut], summary="List hooks", operation_id="list_hooks")
def list_hooks(request: WhispererRequest, filters: Query[HookFilters]) -> dict[str, Any]:
    """Every hook, the newest first. Secrets are never shown."""
    require_hook_right(request.actor, READ)
    rows = Hook.objects.filter(deleted_at__isnull=True)
    if filters.target_url is not None:
        rows = rows.filter(target_url__iexact=filters.target_url)
    if filters.event_type is not None:
        rows = rows.filter(event_type__iexact=filters.event_type)
    if filters.is_active is not None:
        rows = rows.filter(is_active=filters.is_active)
    return paginate(
        Objects(rows),
        request=request,
        paging=filters,
        key=NEWEST,
        document=partial(hook_document, reader=request.actor),
    )


@router.post("/hooks/", response={201: HookOut, 406: Refusal}, summary="Create a hook", operation_id="create_hook")
def create_hook(request: WhispererRequest, payload: HookIn) -> Status[Any]:
    """Subscribe to one type of event. Types that carry a code need an administrator."""
    require_hook_right(request.actor, WRITE, payload.event_type)
    if request.actor.user_id is None:
        raise Forbidden
    try:
        hook = hooks.create_hook(user_id=request.actor.user_id, fields=fields_of(payload))
    except hooks.HookExists:
        return already_registered()
    return Status(201, hook_document(hook, reader=request.actor))


@router.get(
    "/hooks/registry/",
    response=list[str],
    summary="List event types",
    operation_id="list_event_types",
    openapi_extra=answer_example(["package.created", "package.status.ready_for_pickup"]),
)
def list_event_types(request: WhispererRequest) -> list[str]:
    """The names of all types of event."""
    require_hook_right(request.actor, READ)
    return list(registry.event_types())


@router.get(
    "/hooks/registry/{name}/",
    response=dict[str, Any],
    summary="Read an event type's JSON Schema",
    operation_id="get_event_type",
    openapi_extra=answer_example({"title": "PackageCreatedWhispererEvent", "type": "object", "properties": {}}),
)
def get_event_type(request: WhispererRequest, name: str) -> Mapping[str, Any]:
    """JSON Schema of the payload of one type."""
    require_hook_right(request.actor, READ)
    known = registry.find_type(name)
    if known is None:
        raise NotFound
    return known.schema()


@router.get("/hooks/{int:hook_id}/", response=HookOut, summary="Read a hook", operation_id="get_hook")
def get_hook(request: WhispererRequest, hook_id: int) -> dict[str, Any]:
    """One hook, without its secrets."""
    require_hook_right(request.actor, READ)
    return hook_document(find_hook(hook_id), reader=request.actor)


@router.put(
    "/hooks/{int:hook_id}/", response={200: HookOut, 406: Refusal}, summary="Replace a hook", operation_id="put_hook"
)
def put_hook(request: WhispererRequest, hook_id: int, payload: HookIn) -> Status[Any]:
    """Change it to what is sent. As in the reference, what may be left out and is, stays: the secret above all."""
    return change_hook(request, hook_id=hook_id, payload=payload)


@router.patch(
    "/hooks/{int:hook_id}/", response={200: HookOut, 406: Refusal}, summary="Change a hook", operation_id="patch_hook"
)
def patch_hook(request: WhispererRequest, hook_id: int, payload: HookPatch) -> Status[Any]:
    """Change what is named. A changed secret overlaps with the old one for 24 hours."""
    return change_hook(request, hook_id=hook_id, payload=payload)


def change_hook(request: WhispererRequest, *, hook_id: int, payload: HookIn) -> Status[Any]:
    """Raises NotFound, Forbidden, ValidationFailed."""
    require_hook_right(request.actor, WRITE)
    hook = find_hook(hook_id)
    require_hook_right(request.actor, WRITE, hook.event_type, payload.event_type)
    try:
        hook = hooks.change_hook(hook, fields=fields_of(payload), changer=request.actor)
    except Hook.DoesNotExist:
        raise NotFound from None
    except hooks.HookExists:
        return already_registered()
    return Status(200, hook_document(hook, reader=request.actor))


@router.delete("/hooks/{int:hook_id}/", response={204: None}, summary="Delete a hook", operation_id="delete_hook")
def delete_hook(request: WhispererRequest, hook_id: int) -> HttpResponse:
    """End a subscription. Its history stays; the same hook may be created again."""
    require_hook_right(request.actor, WRITE)
    hook = find_hook(hook_id)
    require_hook_right(request.actor, WRITE, hook.event_type)
    hooks.delete_hook(hook)
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


@router.get("/hook_events/", response=Page[HookEventOut], summary="List hook events", operation_id="list_hook_events")
def list_hook_events(request: WhispererRequest, filters: Query[HookEventFilters]) -> dict[str, Any]:
    """What was sent to whom, and what became of it, the newest first. No bodies."""
    require_hook_right(request.actor, READ)
    rows = filtered_deliveries(filters)
    by_time = any(getattr(filters, name) is not None for name in TIMES)
    return paginate(
        Objects(rows.annotate(created_date=F(ISSUED)) if by_time else rows),
        request=request,
        paging=filters,
        key=BY_TIME if by_time else NEWEST if filters.webhook is None else OF_HOOK,
        document=partial(hook_event_document, reader=request.actor),
    )


@router.get(
    "/hook_events/{int:event_id}/", response=HookEventOut, summary="Read a hook event", operation_id="get_hook_event"
)
def get_hook_event(request: WhispererRequest, event_id: int) -> dict[str, Any]:
    """One event as it went to one hook, and what became of each attempt. No bodies."""
    require_hook_right(request.actor, READ)
    return hook_event_document(find_delivery(event_id), reader=request.actor)


@router.post(
    "/hook_events/{int:event_id}/retry/",
    response={200: RetryOut, 406: Refusal},
    summary="Send a hook event again",
    operation_id="retry_hook_event",
)
def retry_hook_event(request: WhispererRequest, event_id: int, payload: RetryIn | None = None) -> Status[Any]:
    """Queue it at once: same uuid, new time and signature. Refused after delivery, supersession and expiry."""
    require_hook_right(request.actor, WRITE)
    delivery = find_delivery(event_id)
    require_hook_right(request.actor, WRITE, delivery.event_type)
    try:
        redelivery.redeliver_one(delivery.pk, force=payload is not None and payload.force)
    except redelivery.RedeliveryRefused as refusal:
        return Status(406, {"code": refusal.code, "en": refusal.words})
    return Status(200, QUEUED | {"uuid": delivery.event.uuid})


def hook_event_document(delivery: Delivery, *, reader: Reader) -> dict[str, Any]:
    """As the reference shows it: what the event is about is a content type and an id in it."""
    document = delivery_document(delivery, reader=reader)
    return document | {"content_type": content_types().get(document["subject"].partition(":")[0])}


def content_types() -> dict[str, int]:
    """The number of each kind of thing that events are about; Django keeps them in memory."""
    return {kind: ContentType.objects.get_for_model(model).pk for kind, model in SUBJECTS.items()}


def filtered_deliveries(filters: HookEventFilters) -> QuerySet[Delivery]:
    """The deliveries that the filters leave."""
    asked: dict[str, Any] = {
        "hook_id": filters.webhook,
        "event_type": filters.event_type and filters.event_type.lower(),
        "event__uuid": filters.uuid and filters.uuid.replace("-", "").lower(),
        "status_code": filters.response_http_status,
        "state": filters.state,
        **{name.replace("created_date", ISSUED): getattr(filters, name) for name in TIMES},
    }
    rows = deliveries().filter(**{name: value for name, value in asked.items() if value is not None})
    kinds = kinds_asked(filters)
    if filters.object_id is not None:
        rows = rows.filter(event__subject__in=[f"{kind}:{filters.object_id}" for kind in kinds])
    elif filters.content_type is not None:
        rows = rows.filter(subject__startswith=f"{kinds[0]}:") if kinds else rows.none()
    if filters.delivered is not None:
        rows = rows.filter(state=DeliveryState.DELIVERED) if filters.delivered else rows.filter(NOT_DELIVERED)
    return rows


def kinds_asked(filters: HookEventFilters) -> list[str]:
    """The kinds of thing that the events may be about; none where a content type is asked for that is none of ours."""
    numbers = content_types() if filters.content_type is not None else {}
    return [kind for kind in SUBJECTS if filters.content_type in (None, kind, numbers.get(kind))]


def fields_of(payload: HookIn) -> dict[str, Any]:
    """What was sent, as it was sent: what is left out stays as it is."""
    return payload.model_dump(exclude_unset=True)
