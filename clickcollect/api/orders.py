"""Omnitron's orders over HTTP: taken in, listed, read, cancelled."""

from typing import Annotated, Any, Final

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router

from clickcollect.api.answers import json_answer
from clickcollect.api.authentication import ApiRequest
from clickcollect.api.bodies import read_json
from clickcollect.api.middleware import answer_of
from clickcollect.api.pagination import NEWEST, Paging, paginate
from clickcollect.api.schemas import Page
from clickcollect.errors import NotFound, ValidationFailed
from clickcollect.omnitron.field_types import Line, sized
from clickcollect.omnitron.models import Order, OrderStatus
from clickcollect.omnitron.order_schema import OrderIn, read_order
from clickcollect.oms import access, order_sql
from clickcollect.oms.access import Actor, order_items_of, packages_of
from clickcollect.oms.events import examples
from clickcollect.oms.events.documents import order_document, package_document
from clickcollect.oms.events.payload_schemas import OrderOut
from clickcollect.oms.orders.cancellation import cancel_order
from clickcollect.oms.orders.intake import Received, receive_order

router = Router(tags=["Orders"])

LONGEST_REASON: Final = 500
STATUSES: Final = {str(status.value): status.value for status in OrderStatus}
NO_STATUS: Final = 0


Channel = Annotated[
    Line | None,
    Query(description="Where channels share a number.", max_length=64),
]


class OrderFilters(Paging):
    """Which orders."""

    status: Annotated[Line | None, sized(3), Field(description="The status, a numeric string.")] = None
    number: Annotated[Line | None, sized(64), Field(description="What the number starts with.")] = None


def orders_of(actor: Actor) -> QuerySet[Order]:
    """The orders this caller can see, with all that their documents need; of each no more than is in their stores."""
    packages = packages_of(actor).prefetch_related("items").order_by("id")
    return access.orders_of(actor).prefetch_related(
        Prefetch("items", queryset=order_items_of(actor)), Prefetch("packages", queryset=packages)
    )


def order_with_packages(order: Order) -> dict[str, Any]:
    return order_document(order) | {"packages": [package_document(package) for package in order.packages.all()]}


@router.post(
    "/",
    response={201: OrderOut, 200: OrderOut},
    summary="Send an order",
    operation_id="send_order",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/OrderIn"},
                    "example": examples.ORDER_IN,
                },
            },
        },
        "x-schemas": [OrderIn],
        "x-problems": ("order_conflict",),
    },
)
def send_order(request: ApiRequest) -> HttpResponse:
    """One order, with its package in Waiting at its stock location: 201. The same order again: 200, nothing new.

    Sent again with other content while nothing of it is packed, it is amended: 200. What cannot be an amendment: 409.

    A bad order changes nothing, and every bad field is named at once.
    """
    request.actor.require("orders:write")
    sent = read_order(read_json(request))
    if request.once:
        request.once.render = lambda received: answer_of(as_response(received, request.actor))
    return as_response(receive_order(order=sent, actor=request.actor, once=request.once), request.actor)


def as_response(received: Received, actor: Actor) -> HttpResponse:
    """The order as it is kept now, as its sender hears of it. Who brings a new one sees all of it."""
    if received.created:
        packages = [package_document(package) for package in received.packages]
        return json_answer(order_document(received.order) | {"packages": packages}, status=201)
    return json_answer(order_with_packages(orders_of(actor).get(pk=received.order.pk)))


@router.get("/", response=Page[OrderOut], summary="List orders", operation_id="list_orders")
def list_orders(request: ApiRequest, filters: Query[OrderFilters]) -> HttpResponse:
    """Orders with their status and packages, newest first."""
    request.actor.require("orders:read")
    status = None if filters.status is None else STATUSES.get(filters.status, NO_STATUS)
    page = paginate(
        order_sql.order_rows_of(request.actor, status=status, number=filters.number),
        request=request,
        paging=filters,
        key=NEWEST,
        document=dict,
        no_index_sorts=filters.number is not None,
    )
    return json_answer(page)


@router.post(
    "/{path:number}/cancel/",
    response={204: None},
    summary="Cancel an order",
    operation_id="cancel_order",
    openapi_extra={
        "requestBody": {
            "required": False,
            "content": {
                "application/json": {
                    "schema": {
                        "title": "CancelIn",
                        "type": "object",
                        "properties": {"reason": {"type": ["string", "null"], "maxLength": LONGEST_REASON}},
                    },
                    "example": {"reason": "The customer changed their mind."},
                },
            },
        },
        "x-problems": ("state_conflict",),
    },
)
def cancel_by_number(request: ApiRequest, number: str, channel: Channel = None) -> HttpResponse:
    """The order becomes 50 cancellation_waiting; its open packages are cancelled, and then it is 100 canceled."""
    request.actor.require("orders:write")
    order = find_order(request.actor, number=number, channel=channel)
    cancel_order(order_id=order.pk, reason=reason_of(read_json(request)), actor=request.actor)
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


@router.get("/{path:number}/", response=OrderOut, summary="Read an order", operation_id="read_order")
def read_one(request: ApiRequest, number: str, channel: Channel = None) -> dict[str, Any]:
    """One order by its number; the newest where several channels use it and none is named."""
    request.actor.require("orders:read")
    return order_with_packages(find_order(request.actor, number=number, channel=channel))


def find_order(actor: Actor, *, number: str, channel: str | None) -> Order:
    """The order of that number. Raises NotFound, also for an order of another store."""
    wanted = {"number": number} if channel is None else {"number": number, "channel": channel}
    order = orders_of(actor).filter(**wanted).order_by("-id").first()
    if order is None:
        raise NotFound
    return order


def reason_of(body: Any) -> str:
    """Why, if it was said."""
    if body is None:
        return ""
    if not isinstance(body, dict):
        raise ValidationFailed.of("body", _("Send a JSON object."))
    reason = body.get("reason")
    if reason is not None and not (isinstance(reason, str) and len(reason) <= LONGEST_REASON):
        raise ValidationFailed.of("reason", _("Enter at most %(length)d characters.") % {"length": LONGEST_REASON})
    return reason or ""
