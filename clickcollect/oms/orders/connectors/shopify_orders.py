"""What becomes of what a Shopify shop tells of an order: the same, in whatever order it arrives and however often.

Each message is remembered first and acted on afterwards; who finds that more was told meanwhile acts once more. So of
two messages at once, at least one acts on both.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from clickcollect.errors import NotFound, StateConflict
from clickcollect.omnitron.models import Order
from clickcollect.oms import app_settings
from clickcollect.oms.access import Actor
from clickcollect.oms.connector_models import ShopOrder
from clickcollect.oms.orders import repair
from clickcollect.oms.orders.cancellation import cancel_order
from clickcollect.oms.orders.channels import standing_channel
from clickcollect.oms.orders.connectors import shopify_news
from clickcollect.oms.orders.connectors.json_access import first_given
from clickcollect.oms.orders.connectors.receive import ChannelOrderResult, ignored, receive_document
from clickcollect.oms.orders.connectors.shopify import item_of, number_of, order_of
from clickcollect.oms.orders.connectors.shopify_news import LONG_AGO, News
from clickcollect.oms.orders.connectors.shopify_pickup import is_nowhere
from clickcollect.oms.orders.location_rules import learned_locations
from clickcollect.oms.orders.locations import known_locations, locate_in
from clickcollect.oms.repair_models import WAITING, OrderToRepair
from clickcollect.wire_format import utc

PENDING: Final = ("pending", "expired")
CANCELLED, FULFILLED, NOTHING_LEFT = "cancelled", "fulfilled", "nothing_left"
MOST_ROUNDS: Final = 20
REMEMBERED: Final = timedelta(days=400)
BATCH: Final = 1_000
LONGEST_ID: Final = 32
LONGEST_NUMBER: Final = 64


@dataclass(frozen=True, kw_only=True)
class ShopMessage:
    """What was told of one order: the ``order`` as a whole, or a piece of ``news`` of it."""

    channel: str
    remote_id: str
    topic: str
    news: News
    order: dict[str, Any] | None = None


def receive_order_message(told: ShopMessage, *, actor: Actor) -> ChannelOrderResult:
    """Remember it, and do what follows from all that is known of the order now. Raises Forbidden."""
    if told.order is not None and told.order.get("test") is True:
        return ignored("test")
    row, is_newest = remember_news(told)
    if told.order is not None and not is_newest:
        return ChannelOrderResult(status="ignored", outcome="older")
    return settle_order(row, order=told.order, actor=actor)


def remember_news(told: ShopMessage) -> tuple[ShopOrder, bool]:
    """Add it to what is known of the order; and whether it is the order's newest version."""
    with transaction.atomic():
        row = locked_row(channel=told.channel, remote_id=told.remote_id)
        row.news = shopify_news.merged_news(row.news, told.news)
        is_newest = told.order is not None and take_version(row, told.order, topic=told.topic)
        row.is_cancelled |= told.topic in ("orders/cancelled", "orders/delete")
        row.version += 1
        row.last_told_at = Now()
        if row.remote_id:
            row.save()
    return row, is_newest


def locked_row(*, channel: str, remote_id: str) -> ShopOrder:
    """What is known of an order, until the transaction ends. One that has no id of its own is known for now only."""
    if not remote_id:
        return ShopOrder(channel=channel)
    ShopOrder.objects.get_or_create(channel=channel, remote_id=remote_id)
    return ShopOrder.objects.select_for_update().get(channel=channel, remote_id=remote_id)


def take_version(row: ShopOrder, order: dict[str, Any], *, topic: str) -> bool:
    """Let a whole order take the place of the version that is known, unless that one is newer."""
    version = shopify_news.shop_version_of(order, topic=topic)
    row.is_cancelled |= version.is_cancelled
    if (version.changed_at or LONG_AGO, version.rank) < (row.changed_at or LONG_AGO, row.rank):
        return False
    row.changed_at, row.rank, row.lines, row.end = version.changed_at, version.rank, version.lines, version.end
    row.number = str(number_of(order) or "")[:LONGEST_NUMBER]
    placed = shopify_news.shop_time(first_given(order.get("created_at"), order.get("processed_at")))
    standing = standing_channel(channel=channel_of_row(row), number=row.number, date_placed=placed)
    row.placed_as = "" if standing == row.channel else standing
    return True


def settle_order(row: ShopOrder, *, order: dict[str, Any] | None, actor: Actor) -> ChannelOrderResult:
    """Act on what is known, until nothing was told meanwhile."""
    result = update_our_order(row, order=order, actor=actor)
    for _round in range(MOST_ROUNDS):
        now = ShopOrder.objects.filter(pk=row.pk).first() if row.pk else None
        if now is None or now.version == row.version:
            break
        if (now.changed_at, now.rank) != (row.changed_at, row.rank):
            order = None  # whoever told the newer version has it
        row = now
        result = update_our_order(row, order=order, actor=actor)
    return result


def update_our_order(row: ShopOrder, *, order: dict[str, Any] | None, actor: Actor) -> ChannelOrderResult:
    """Place, change or end our order, as what is known of the shop's has it."""
    kept = Order.objects.select_related("retail_store").filter(channel=channel_of_row(row), number=row.number).first()
    goods = shopify_news.remaining(row.lines, row.news, at=row.changed_at)
    if end := CANCELLED if row.is_cancelled else row.end or (NOTHING_LEFT if row.lines and not goods else ""):
        return finish_order(row, kept, end=end, actor=actor)
    if row.erase_asked_at or (kept and kept.erased_at):
        return ignored("erased")
    if kept and kept.ended_at:
        return ChannelOrderResult(status="known", order=kept, outcome="ignored_ended")
    if kept and order is None:
        standing = document_of_rest(kept, row, goods)
        return receive_document(standing, payload=standing, actor=actor, is_webhook=True)
    return take_whole(row, order or payload_that_waits(row), is_kept=kept is not None, goods=goods, actor=actor)


def take_whole(
    row: ShopOrder, order: dict[str, Any] | None, *, is_kept: bool, goods: list[dict[str, Any]], actor: Actor
) -> ChannelOrderResult:
    """Take in the shop's order with what is left of its goods; nothing yet where only news of it has come."""
    if order is None:
        return ChannelOrderResult(status="ignored", outcome="remembered")
    if not is_kept and order.get("financial_status") in PENDING and not takes_unpaid():
        return ignored("payment_pending")
    channel, changed_at = channel_of_row(row), shopify_news.newest(row.news, at=row.changed_at)
    locate = locate_in(known_locations() | learned_locations(channel))
    document = order_of(order, channel=channel, locate=locate, lines=goods, changed_at=changed_at)
    words = no_place_words() if is_nowhere(order) else ""
    result = receive_document(document, payload=order, actor=actor, is_webhook=True, no_store=words)
    if result.order is not None and result.order.channel != channel:
        row.placed_as = result.order.channel
        ShopOrder.objects.filter(pk=row.pk).update(placed_as=row.placed_as)
    return result


def no_place_words() -> str:
    """What to say of an order that somebody entered without a word of its delivery."""
    return _("The shop names neither a pickup location nor an address. Choose the store, or discard the order.")


def channel_of_row(row: ShopOrder) -> str:
    return row.placed_as or row.channel


def takes_unpaid() -> bool:
    """Whether an order is packed before it was paid: customers may pay in the store."""
    return bool(app_settings.settings_in_force()["CONNECTOR_PAYMENT_PENDING"] == "keep")


def payload_that_waits(row: ShopOrder) -> dict[str, Any] | None:
    """The order as the shop sent it, where it waits to be repaired."""
    waiting = waiting_of(row)
    return waiting.payload if waiting else None


def waiting_of(row: ShopOrder) -> OrderToRepair | None:
    """The order to repair that this one waits as."""
    return OrderToRepair.objects.filter(WAITING, channel=channel_of_row(row), reference=row.number).first()


def document_of_rest(kept: Order, row: ShopOrder, goods: list[dict[str, Any]]) -> dict[str, Any]:
    """Our own order with what is left of its goods, as `read_order` takes it."""
    return {
        "number": kept.number,
        "channel": kept.channel,
        "date_placed": utc(kept.date_placed),
        "updated_at": utc(shopify_news.newest(row.news, at=row.changed_at)),
        "language_code": kept.language_code,
        "currency": kept.currency,
        "amount": str(kept.amount),
        "delivery_type": kept.delivery_type,
        "customer": {
            "first_name": kept.first_name,
            "last_name": kept.last_name,
            "email": kept.email,
            "phone_number": kept.phone_number,
        },
        "shipping_address": kept.shipping_address
        | ({"retail_store": kept.retail_store.erp_code} if kept.retail_store else {}),
        "order_item": [item_of(line) for line in goods],
    }


def finish_order(row: ShopOrder, kept: Order | None, *, end: str, actor: Actor) -> ChannelOrderResult:
    """The shop has done with the order: what is open of it here ends, and what waits for repair waits no more."""
    why = reason_of_end(end)
    waiting = waiting_of(row)
    if waiting is not None:
        try:
            repair.discard_order(repair_id=waiting.pk, reason=why, actor=actor)
        except (NotFound, StateConflict):
            waiting = None  # an operator was faster
    if kept is None:
        return ignored(end) if waiting is None else ChannelOrderResult(status="cancelled")
    is_over = kept.is_being_cancelled or (end == FULFILLED and not kept.is_click_and_collect)
    if not is_over:
        try:
            cancel_order(order_id=kept.pk, actor=actor, reason=why)
        except StateConflict:
            is_over = True  # the customer has it
    return ChannelOrderResult(status="known" if is_over else "cancelled", order=kept)


def reason_of_end(end: str) -> str:
    """Why the shop's order ended, in a sentence."""
    sentences = {
        CANCELLED: _("The order was cancelled in the shop."),
        "voided": _("The payment was voided in the shop."),
        "refunded": _("The order was refunded in the shop."),
        FULFILLED: _("The order was fulfilled in the shop."),
    }
    return sentences.get(end, _("All items were removed from the order in the shop."))


def forget_old() -> None:
    """Forget what no shop has told anything of for so long that nothing more will come. Our own orders stay."""
    old = ShopOrder.objects.filter(last_told_at__lt=Now() - REMEMBERED).order_by("last_told_at")
    while ids := list(old.values_list("pk", flat=True)[:BATCH]):
        ShopOrder.objects.filter(pk__in=ids).delete()
