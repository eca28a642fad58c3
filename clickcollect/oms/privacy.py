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
from clickcollect.whisperer import outbox

BATCH = 200


def orders_of(*, phone_number: str = "", email: str = "", order_number: str = "") -> QuerySet[Order]:
    """The orders of one person that still hold personal data. Raises ValidationFailed unless one thing is named."""
    wanted = Q()
    for field, value in (("phone_number", phone_number), ("email__iexact", email), ("number", order_number)):
        if value.strip():
            wanted |= Q(**{field: value.strip()})
    if not wanted:
        raise ValidationFailed.of("phone_number", _("Name a phone number, an e-mail address or an order."))
    return Order.objects.filter(wanted, erased_at=None)


def erase_on_request(*, actor: Actor, phone_number: str = "", email: str = "", order_number: str = "") -> int:
    """Erase a person's data from all their orders; how many orders there were.

    Raises NotFound if there is none, StateConflict while one is still on its way to the customer, Forbidden.
    """
    actor.require("privacy:write")
    found = list(orders_of(phone_number=phone_number, email=email, order_number=order_number)[:BATCH])
    if not found:
        raise NotFound(_("No order with this data was found, or it was erased before."))
    still_open = next((order for order in found if order.ended_at is None), None)
    if still_open:
        words = _("Order %s has not ended. Deliver or cancel it first, then erase it.") % still_open.number
        raise conflicts.of_order(still_open, words)
    for order in found:
        erase_order(order, actor=actor)
    return len(found)


def erase_by_age() -> int:
    """Erase orders that ended longer ago than PERSONAL_DATA_DAYS; how many."""
    age = timedelta(days=app_settings.settings_in_force()["PERSONAL_DATA_DAYS"])
    old = Order.objects.filter(erased_at=None, ended_at__lt=Now() - age).order_by("ended_at")[:BATCH]
    for order in old:
        erase_order(order, actor=SYSTEM)
    return len(old)


def erase_order(order: Order, *, actor: Actor) -> None:
    """Blank everything about the person in one order, its packages, notes and event snapshots."""
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).update(
            first_name="",
            last_name="",
            email="",
            phone_number="",
            shipping_address={},
            erased_at=Now(),
        )
        package_ids = list(Package.objects.filter(order=order).values_list("pk", flat=True))
        Package.objects.filter(pk__in=package_ids).update(search=None, message_reason="")
        LogNote.objects.filter(package_id__in=package_ids).delete()
        outbox.erase_payloads(subjects=[f"order:{order.pk}", *(f"package:{key}" for key in package_ids)])
        record_note(kind=NoteKind.PERSONAL_DATA_ERASED, actor=actor, attributes={"order": order.pk})
