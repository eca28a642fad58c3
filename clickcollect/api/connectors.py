"""The addresses that shops send their orders to."""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status
from pydantic import ConfigDict

from clickcollect.accounts.models import Channel, Role
from clickcollect.api.authentication import ApiRequest, attach_caller
from clickcollect.api.bodies import body_of, read_object
from clickcollect.errors import NotAuthenticated, ValidationFailed
from clickcollect.oms.access import Actor
from clickcollect.oms.events import examples
from clickcollect.oms.orders.connectors import channel_order, receive, shopify_messages, shopify_shops
from clickcollect.oms.orders.connectors.counts import count_message
from clickcollect.oms.orders.connectors.json_access import read_leniently

router = Router(tags=["Connectors"])

SHOPIFY: Final = Actor(
    user_id=None,
    name="Shopify",
    role=Role.OPERATOR,
    channel=Channel.OMS_WEB,
    store_ids=None,
    scopes=frozenset({"orders:write"}),
)


class TakenOut(Schema):
    """What became of it: `created`, `known` (it was there already), `amended`, `cancelled`, `ignored`, `noted`, or
    `to_repair`, kept for an operator."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TAKEN]})

    status: receive.Status
    id: int | None = None
    number: str | None = None


def taken_document(taken: receive.ChannelOrderResult) -> Status[dict[str, Any]]:
    order = taken.order
    body = {"status": taken.status, "id": order.pk if order else None, "number": order.number if order else None}
    return Status({"created": 201, "to_repair": 202}.get(taken.status, 200), body)


class ShopifyRequest(ApiRequest):
    """A request of a shop that is known by its signature."""

    channel: str


def signed_by_shopify(request: HttpRequest) -> Actor:
    """Shopify, if a secret of ours signed this body for that shop. Raises NotAuthenticated, also where none is set."""
    channel = shopify_shops.signing_shop(
        body=body_of(request),
        signature=request.headers.get(shopify_shops.SIGNATURE_HEADER, ""),
        domain=request.headers.get(shopify_shops.DOMAIN_HEADER, ""),
        secrets=settings.SHOPIFY_WEBHOOK_SECRET,
    )
    if channel is None:
        count_message(shopify_shops.CONNECTOR, "refused_signature")
        raise NotAuthenticated(_("Sign the body with the shop's webhook secret."))
    attach_caller(request, actor=SHOPIFY)
    request.caller = f"connector:{channel}"  # type: ignore[attr-defined]
    request.channel = channel  # type: ignore[attr-defined]
    return SHOPIFY


@router.post(
    "/connectors/shopify/orders/",
    auth=signed_by_shopify,
    response={200: TakenOut, 201: TakenOut, 202: TakenOut},
    summary="Receive what a Shopify shop sends",
    operation_id="receive_shopify_order",
    openapi_extra={
        "x-signed": True,
        "parameters": [
            {"in": "header", "name": name, "required": False, "schema": {"type": "string"}}
            for name in (shopify_shops.SIGNATURE_HEADER, shopify_shops.TOPIC_HEADER, shopify_shops.DOMAIN_HEADER)
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object", "title": "ShopifyOrder"},
                    "example": examples.SHOPIFY_ORDER_IN,
                },
            },
        },
    },
)
def receive_shopify_order(request: ShopifyRequest) -> Status[dict[str, Any]]:
    """Shopify's webhooks of every topic. An order for local pickup becomes an order for that store, and follows it.

    What is signed is never refused: an order that cannot be placed is kept for an operator to repair (202), what is not
    for a store is kept as a home delivery or ignored (`CONNECTOR_HOME_DELIVERY`), all else is noted or ignored.
    """
    body = body_of(request)
    taken = shopify_messages.receive_message(
        topic=request.headers.get(shopify_shops.TOPIC_HEADER, shopify_messages.FIRST_TOPIC),
        channel=request.channel,
        data=read_leniently(body),
        body=body,
        actor=SHOPIFY,
    )
    return taken_document(taken)


@router.post(
    "/channel/{int:channel_id}/create_orders/",
    response={200: TakenOut, 201: TakenOut, 202: TakenOut},
    summary="Receive a channel order",
    operation_id="receive_channel_order",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "title": "ChannelOrder",
                        "type": "object",
                        "required": ["order", "order_item"],
                        "properties": {
                            "order": {"type": "object"},
                            "order_item": {"type": "array", "items": {"type": "object"}},
                        },
                    },
                    "example": examples.CHANNEL_ORDER_IN,
                },
            },
        },
    },
)
def receive_channel_order(request: ApiRequest, channel_id: int) -> Status[dict[str, Any]]:
    """The reference's channel order. The store stands in `order.shipping_address.retail_store`.

    What cannot be placed is kept for an operator to repair, and answered with 202.
    """
    request.actor.require("orders:write")
    data = read_object(request)
    if faults := channel_order.shape_faults(data):
        raise ValidationFailed(faults)
    order = channel_order.order_of(data, channel_id=channel_id)
    return taken_document(
        receive.receive_channel_order(order, payload=data, connector="channel", actor=request.actor, is_webhook=False)
    )
