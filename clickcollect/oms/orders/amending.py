"""An order that came in again: lock, read, decide, write. One transaction over the order and all of its packages.

A change of an order is of all its packages or of none, so it is no command of one of them. What it leads to is: a
package that nothing is left of is cancelled by its command, and a phone that a code went to is corrected by Correct
Phone's (docs/decisions/0020).
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import connection
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from clickcollect.errors import DomainError, Forbidden, OrderConflict
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import OrderIn
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor, orders_of
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.events import types as events
from clickcollect.oms.log.write import note_entry
from clickcollect.oms.log_models import CommandLog, LogKind, NoteKind
from clickcollect.oms.models import Package
from clickcollect.oms.orders import amended_rows, channels
from clickcollect.oms.orders.amendment import PHONE, Amendment, KeptOrder, find_amendment
from clickcollect.oms.orders.statements import FoundOrders
from clickcollect.oms.orders.versions import Version, version_of

JOB: Final = "cancel_emptied_packages"  # registered in `jobs.py`
CORRECT_PHONE: Final = "CORRECT_PHONE"
CANCEL: Final = "CANCEL_PACKAGE"
ORDER_LOCK: Final = 0x0AD  # apart from every other advisory lock
NUMBER: Final = "number"
LONGEST_PATHS: Final = 500


@dataclass(frozen=True, kw_only=True)
class AmendmentResult:
    """What became of it: the order as it is now, and whether it was changed.

    ``emptied``: the packages that nothing is left of; ``phone``: the change that must take Correct Phone's road
    before anything is written; ``refusal``: why it is a conflict, which stands in the log by then.
    """

    order: Order
    is_amended: bool = False
    emptied: Sequence[int] = ()
    phone: Amendment | None = None
    refusal: OrderConflict | None = None


def receive_again(
    *, order_id: int, sent: OrderIn, found: FoundOrders, actor: Actor, from_shop: bool, phone_is_taken: bool = False
) -> AmendmentResult:
    """Find that an order says nothing new, or amend the one that is kept; inside the caller's transaction.

    Who may not see the order that is kept hears only that its number is taken, and who may see a part of it only that
    there is another: what differs would tell what the rest says.
    Arguments: ``phone_is_taken``, whether its phone has just been corrected for this version.
    Raises Forbidden where a part of the order is in a store that the caller does not see.
    """
    if not orders_of(actor).filter(pk=order_id).exists():
        refusal = OrderConflict(differs=[NUMBER])
        return AmendmentResult(order=record_conflict(refusal, order_id=order_id, actor=actor), refusal=refusal)
    version = version_of(sent)
    order = Order.objects.get(pk=order_id)
    if channels.is_of_shopify(order.channel) and not order.is_dated:
        sent = sent.model_copy(update={"date_placed": None})  # the door that brought it first gave no time to compare
    if version.is_last_word(order) and not phone_is_taken:
        remember_version(order, version)
        return AmendmentResult(order=order)
    kept = read_kept_order(order_id)
    refuse_foreign_parts(kept, actor=actor)
    may_correct = actor.may_run(CORRECT_PHONE) or (from_shop and actor.user_id is None)
    try:
        amendment = find_amendment(
            kept=kept, sent=sent, version=version, from_shop=from_shop, may_correct_phone=may_correct
        )
        if amendment is not None or phone_is_taken:
            lock(order_id)
            kept = read_kept_order(order_id)  # what is decided is decided on what was read after the locks
            refuse_foreign_parts(kept, actor=actor)
            amendment = find_amendment(
                kept=kept, sent=sent, version=version, from_shop=from_shop, may_correct_phone=may_correct
            )
    except OrderConflict as refusal:
        return AmendmentResult(order=record_conflict(refusal, order_id=order_id, actor=actor), refusal=refusal)
    if amendment is None and not phone_is_taken:
        remember_version(kept.order, version)
        return AmendmentResult(order=kept.order)
    if amendment is not None and amendment.phone:
        return AmendmentResult(order=kept.order, phone=amendment)
    amendment = amendment or Amendment(differs=[])
    if phone_is_taken:
        amendment = replace(amendment, differs=[PHONE, *amendment.differs])
    return carry_out_amendment(kept, amendment, version=version, found=found, actor=actor)


def read_kept_order(order_id: int) -> KeptOrder:
    """The order with its lines and packages as they are now."""
    order = Order.objects.select_related("retail_store").prefetch_related("items__retail_store").get(pk=order_id)
    packages = list(
        Package.objects.filter(order_id=order_id)
        .select_related("state", "stock_location")
        .prefetch_related("items")
        .order_by("id")
    )
    for package in packages:
        package.order = order
    return KeptOrder(
        order=order, packages=packages, phone_is_corrected=phone_was_corrected([one.pk for one in packages])
    )


def lock(order_id: int) -> None:
    """Hold the order and its packages until the transaction ends: packages first, by id, as everywhere.

    Amendments of one order stand in line before that: nobody else makes packages of it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s::int, hashint8(%s::bigint))", [ORDER_LOCK, order_id])
    list(Package.objects.select_for_update(no_key=True).filter(order_id=order_id).order_by("id").values_list("pk"))
    list(Order.objects.select_for_update(no_key=True).filter(pk=order_id).values_list("pk"))


def phone_was_corrected(package_ids: Sequence[int]) -> bool:
    """Whether an operator's correction is the last word: the channel goes on sending the old number."""
    rows = CommandLog.objects.filter(package_id__in=package_ids).order_by("-pk")
    corrected = rows.filter(kind=LogKind.NOTE, command_code=CORRECT_PHONE).values_list("pk", flat=True).first()
    by_shop = rows.filter(note_kind=NoteKind.ORDER_AMENDED, attributes__has_key="phone.changed").values_list("pk")
    return corrected is not None and not by_shop.filter(pk__gt=corrected).exists()


def record_conflict(refusal: OrderConflict, *, order_id: int, actor: Actor) -> Order:
    """Record a conflict: which fields, never what they say."""
    CommandLog.objects.create(
        kind=LogKind.REFUSED,
        order_id=order_id,
        actor_id=actor.user_id,
        channel=actor.channel,
        code=refusal.code,
        attributes={"channel": str(actor.channel), "order.differs": paths(refusal.extra["differs"])},
    )
    return Order(pk=order_id)


def paths(differs: Sequence[str]) -> str:
    return ",".join(differs)[:LONGEST_PATHS]


def remember_version(order: Order, version: Version) -> None:
    """Keep that this version was seen, where that is news."""
    columns = version.columns(order)
    if columns and order.erased_at is None:
        Order.objects.filter(pk=order.pk).update(**columns)


def carry_out_amendment(
    kept: KeptOrder, amendment: Amendment, *, version: Version, found: FoundOrders, actor: Actor
) -> AmendmentResult:
    """Write an amendment, tell it and log it. The caller holds the order and its packages, and may see all of them."""
    rows = amended_rows.write_amendment(kept, amendment, version=version, found=found)
    told = [events.OutgoingEvent(event=events.OrderUpdatedWhispererEvent, order=rows.order)]
    made = events.PackageCreatedWhispererEvent
    events.publish([*told, *(events.OutgoingEvent(event=made, package=package) for package in rows.made)])
    attributes: dict[str, str | int | bool] = {
        "channel": str(actor.channel),
        "order.id": kept.order.pk,
        "order.differs": paths(amendment.differs),
    }
    if PHONE in amendment.differs:
        attributes["phone.changed"] = True
    note_packages(NoteKind.ORDER_AMENDED, kept.packages, actor=actor, attributes=attributes)
    if rows.emptied:
        defer_emptied(kept.order.pk)
    return AmendmentResult(order=rows.order, is_amended=True, emptied=rows.emptied)


def refuse_foreign_parts(kept: KeptOrder, *, actor: Actor) -> None:
    """Raise Forbidden where a part of the order is in a store that the caller does not see."""
    of_lines = {line.retail_store_id for line in kept.lines}
    of_packages = {package.stock_location_id for package in kept.packages}
    stores = {kept.order.retail_store_id, *of_lines, *of_packages} - {None}
    if not all(actor.sees_store(store_id) for store_id in stores):
        raise Forbidden(_("Part of this order is in another store. Ask someone who works for all of its stores."))


def note_packages(
    kind: NoteKind, packages: Sequence[Package], *, actor: Actor, attributes: dict[str, str | int | bool]
) -> list[CommandLog]:
    """A row for each package, so that each one's timeline tells it, or for the order that has none."""
    of: Sequence[Package | None] = packages or [None]
    return CommandLog.objects.bulk_create(
        note_entry(kind=kind, actor=actor, package=package, attributes=attributes) for package in of
    )


def correct_phone(result: AmendmentResult, *, actor: Actor) -> bool:
    """Send the shop's new number on Correct Phone's road, with its limits; whether it went through.

    The package that a code went to comes first: it gets the new one.
    """
    packages = Package.objects.filter(order_id=result.order.pk).exclude(state__enum_value__in=states.ENDED)
    package = packages.order_by("-issue_number", "id").first()
    if package is None or result.phone is None:
        return False
    data = {"phone_number": result.phone.phone, "reason": _("The shop changed the number.")}
    signer = SYSTEM if actor.user_id is None else actor  # a shop's signature has no rights of its own
    try:
        run_command(package_id=package.pk, transition=CORRECT_PHONE, actor=signer, data=data)
    except DomainError:
        return False  # it stands in the log
    return True


def defer_emptied(order_id: int) -> None:
    """Give the emptied packages to the worker as well, inside the transaction that empties them."""
    app.configure_task(JOB, lock=f"order-{order_id}").defer(order_id=order_id)


def cancel_emptied(order_id: int) -> int:
    """Cancel the packages of an order that nothing is left of; how many are open still. Safe to repeat."""
    emptied = Package.objects.filter(order_id=order_id, item_count=0).exclude(state__enum_value__in=states.ENDED)
    for package in list(emptied.order_by("id")):
        data = {"reason": _("All items were removed.")}
        with contextlib.suppress(DomainError):  # it stands in the log
            run_command(package_id=package.pk, transition=CANCEL, actor=SYSTEM, data=data)
    return emptied.count()
