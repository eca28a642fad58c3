"""What a Shopify shop sends, by its topic."""

from collections.abc import Callable
from typing import Any, Final

from django.utils.translation import gettext as _

from clickcollect.oms.access import Actor
from clickcollect.oms.orders.connectors import shopify_privacy
from clickcollect.oms.orders.connectors.json_access import child_object, first_given
from clickcollect.oms.orders.connectors.receive import ChannelOrderResult, count_result, ignored, keep_document
from clickcollect.oms.orders.connectors.shopify_news import (
    EDITS,
    FULFILMENTS,
    REFUNDS,
    edit_of,
    fulfilment_of,
    news_of,
    refund_of,
)
from clickcollect.oms.orders.connectors.shopify_orders import LONGEST_ID, ShopMessage, receive_order_message
from clickcollect.oms.orders.connectors.shopify_shops import CONNECTOR

Piece = tuple[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]]

LONGEST_BODY: Final = 256 * 1024  # characters
OF_ORDERS: Final = "orders/"
FIRST_TOPIC: Final = "orders/create"  # of a sender that names none
PIECES: Final[dict[str, Piece]] = {
    "orders/edited": (EDITS, edit_of),
    "refunds/create": (REFUNDS, refund_of),
    "fulfillments/create": (FULFILMENTS, fulfilment_of),
    "fulfillments/update": (FULFILMENTS, fulfilment_of),
}


def receive_message(
    *, topic: str, channel: str, data: dict[str, Any] | None, actor: Actor, body: bytes = b""
) -> ChannelOrderResult:
    """Take in one message of a shop, and count it. Whatever it is, the shop is never told that it was wrong.

    Arguments: ``data``, None where the ``body`` could not be read.
    """
    name = topic.strip().lower()
    if data is None:
        return count_result(CONNECTOR, unreadable(body, topic=name, channel=channel, actor=actor))
    return count_result(CONNECTOR, of_topic(topic=name, channel=channel, data=data, actor=actor))


def unreadable(body: bytes, *, topic: str, channel: str, actor: Actor) -> ChannelOrderResult:
    """What may be an order is kept for somebody who can read it."""
    text = body.decode(errors="replace").strip()
    if not topic.startswith(OF_ORDERS) or not text:
        return ignored("unreadable")
    words = _("This message cannot be read. Choose the format JSON for the webhook in the shop, and enter this order.")
    payload = {"channel": channel, "delivery_type": "in_store", "body": text[:LONGEST_BODY]}
    return keep_document(payload, payload=payload, faults=[{"loc": "order", "msg": words}], actor=actor)


def of_topic(*, topic: str, channel: str, data: dict[str, Any], actor: Actor) -> ChannelOrderResult:
    if topic in PIECES:
        return receive_piece(data, topic=topic, channel=channel, actor=actor)
    if topic.startswith(OF_ORDERS):
        whole = None if topic == "orders/delete" else data
        news = {} if whole is None else news_of(data)
        told = ShopMessage(channel=channel, remote_id=remote_id(data.get("id")), topic=topic, news=news, order=whole)
        return receive_order_message(told, actor=actor)
    return of_shop(topic=topic, channel=channel, data=data, actor=actor)


def receive_piece(data: dict[str, Any], *, topic: str, channel: str, actor: Actor) -> ChannelOrderResult:
    """News of an order, which it names by its id alone."""
    kind, read = PIECES[topic]
    piece = child_object(data, "order_edit") or data
    order = remote_id(piece.get("order_id"))
    if not order or first_given(piece.get("id")) is None:
        return ignored("unreadable")
    return receive_order_message(
        ShopMessage(channel=channel, remote_id=order, topic=topic, news={kind: dict([read(piece)])}), actor=actor
    )


def of_shop(*, topic: str, channel: str, data: dict[str, Any], actor: Actor) -> ChannelOrderResult:
    """News of the shop itself, and of its customers' rights."""
    if topic == "customers/data_request":
        shopify_privacy.data_requested(data, channel=channel, actor=actor)
    elif topic == "customers/redact":
        shopify_privacy.erase_customer(data, channel=channel, actor=actor)
    elif topic == "shop/redact":
        shopify_privacy.erase_shop(channel=channel, actor=actor)
    elif topic == "app/uninstalled":
        shopify_privacy.shop_left(channel=channel, actor=actor)
    else:
        return ignored("other_topic")
    return ChannelOrderResult(status="noted", outcome=topic.replace("/", "_"))


def remote_id(value: Any) -> str:
    """How the shop itself calls an order; empty where it does not say."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text.strip() if len(text.strip()) <= LONGEST_ID else ""
