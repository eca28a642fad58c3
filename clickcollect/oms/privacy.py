"""Personal data goes on request and by age; the log and its chain never held any, and stay whole."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from clickcollect.errors import NotFound, ValidationFailed
from clickcollect.omnitron.models import Order
from clickcollect.oms import app_settings
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.log import conflicts
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import LogNote, NoteKind
from clickcollect.oms.models import Package
from clickcollect.oms.personal_terms import email_term, phone_term
from clickcollect.oms.repair_models import WAITING, WITHOUT_NUMBER, OrderToRepair, RepairState
from clickcollect.oms.search import LexemeQuery, joined_parts
from clickcollect.whisperer import outbox

BATCH = 200
Kept = Order | OrderToRepair


def orders_of_person(*, phone_number: str = "", email: str = "", order_number: str = "") -> QuerySet[Order]:
    """The orders of one person that still hold personal data. Raises ValidationFailed unless one thing is named."""
    wanted = Q()
    for field, value in (("phone_number", phone_number), ("email__iexact", email), ("number", order_number)):
        if value.strip():
            wanted |= Q(**{field: value.strip()})
    if not wanted:
        raise ValidationFailed.of("phone_number", _("Enter a phone number, an e-mail address or an order number."))
    return Order.objects.filter(wanted, erased_at=None)


def repairs_of(*, phone_number: str = "", email: str = "", order_number: str = "") -> QuerySet[OrderToRepair]:
    """The orders to repair that hold data of one person, wherever in what was sent it stands."""
    wanted = Q()
    for term in (phone_term(phone_number), email_term(email) if email.strip() else ""):
        if term:
            wanted |= Q(search=LexemeQuery([term], whole=True))
    if order_number.strip():
        wanted |= of_number(order_number.strip())
    return OrderToRepair.objects.filter(wanted, erased_at=None) if wanted else OrderToRepair.objects.none()


def of_number(number: str) -> Q:
    """The orders to repair of a number, also where their reference is another (``repair.reference_of``)."""
    term = joined_parts(number)
    named = Q(reference__startswith=WITHOUT_NUMBER, search=LexemeQuery([term], whole=True), document__number=number)
    return Q(reference=number) | named if term else Q(reference=number)


def kept_of(**person: str) -> list[Kept]:
    """What is kept of one person: their orders, and orders to repair that became none of these; at most 200 of each.

    Arguments: as `orders_of_person` has them. Raises ValidationFailed, NotFound where nothing is kept.
    """
    orders = list(orders_of_person(**person).order_by("number")[:BATCH])
    repairs = repairs_of(**person).exclude(order__in=orders).order_by("reference")[:BATCH]
    if not orders and not repairs:
        raise NotFound(_("No order has this data, or it was already erased."))
    return [*orders, *repairs]


def erase_on_request(*, actor: Actor, phone_number: str = "", email: str = "", order_number: str = "") -> int:
    """Erase a person's data from all their orders, those to repair too; how many there were.

    Raises NotFound if there is none, StateConflict while one is still on its way to the customer or waits for its
    repair, Forbidden.
    """
    actor.require("privacy:write")
    found = kept_of(phone_number=phone_number, email=email, order_number=order_number)
    still_open = next((kept for kept in found if kept.ended_at is None), None)
    if isinstance(still_open, OrderToRepair):
        words = _("Order %s is in Orders to repair. Resubmit or discard it first, then erase it.")
        raise conflicts.conflict(
            words % still_open.number,
            state=still_open.get_state_display(),
            at=still_open.received_at,
            who=_("the system"),
        )
    if still_open:
        words = _("Order %s has not ended. Deliver or cancel it first, then erase it.") % still_open.number
        raise conflicts.of_order(still_open, words)
    for kept in found:
        if isinstance(kept, Order):
            erase_order(kept, actor=actor)
        else:
            erase_repair(kept, actor=actor)
    return len(found)


def erase_by_age() -> int:
    """Erase what ended longer ago than PERSONAL_DATA_DAYS, and discard orders to repair that waited so long; how many.

    An order that nobody repaired and that was not sent again in all that time is nobody's any more.
    """
    since = Now() - timedelta(days=app_settings.settings_in_force()["PERSONAL_DATA_DAYS"])
    # Made before it ended: along the index of those that are not erased.
    old = Order.objects.filter(erased_at=None, created_date__lt=since, ended_at__lt=since)
    orders = old.order_by("created_date")[:BATCH]
    ended = OrderToRepair.objects.filter(erased_at=None, ended_at__lt=since).order_by("ended_at")[:BATCH]
    forgotten = OrderToRepair.objects.filter(WAITING, received_at__lt=since, last_received_at__lt=since)[:BATCH]
    for order in orders:
        erase_order(order, actor=SYSTEM)
    for row in (*ended, *forgotten):
        erase_repair(row, actor=SYSTEM)
    return len(orders) + len(ended) + len(forgotten)


def erase_repair(row: OrderToRepair, *, actor: Actor) -> None:
    """Blank everything about the person in one order to repair; one that waits is discarded."""
    with transaction.atomic():
        if row.state == RepairState.WAITING:
            discarded = {"state": RepairState.DISCARDED, "ended_at": Now(), "ended_by": actor.user_id}
            if not OrderToRepair.objects.filter(pk=row.pk, state=RepairState.WAITING).update(**discarded):
                return  # somebody ended it this very moment: its data goes with its age
            record_note(kind=NoteKind.REPAIR_DISCARDED, actor=actor, attributes={"repair.id": row.pk})
        OrderToRepair.objects.filter(pk=row.pk).update(
            payload={},
            document={},
            faults=[],
            reason="",
            search=None,
            reference="" if row.reference.startswith(WITHOUT_NUMBER) else row.reference,
            erased_at=Now(),
        )
        record_note(kind=NoteKind.PERSONAL_DATA_ERASED, actor=actor, attributes={"repair.id": row.pk})


def erase_order(order: Order, *, actor: Actor) -> None:
    """Blank everything about the person in one order, its packages, notes and event snapshots."""
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).update(
            first_name="",
            last_name="",
            email="",
            phone_number="",
            shipping_address={},
            seen_contents="",
            erased_at=Now(),
        )
        package_ids = list(Package.objects.filter(order=order).values_list("pk", flat=True))
        Package.objects.filter(pk__in=package_ids).update(search=None, message_reason="")
        LogNote.objects.filter(package_id__in=package_ids).delete()
        outbox.erase_payloads(subjects=[f"order:{order.pk}", *(f"package:{key}" for key in package_ids)])
        record_note(kind=NoteKind.PERSONAL_DATA_ERASED, actor=actor, attributes={"order": order.pk})
        of_order = Q(order=order) | (Q(channel=order.channel) & of_number(order.number))
        for row in OrderToRepair.objects.exclude(WAITING).filter(of_order, erased_at=None):
            erase_repair(row, actor=actor)
