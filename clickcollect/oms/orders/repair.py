"""Orders to repair: what a sender could not be told to mend, kept until somebody repairs or discards it.

A sender's order waits once: sent again it replaces itself, an older version never replaces a newer one, and what was
repaired or discarded before is not asked for a second time. An order that arrives right later ends the wait.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from pydantic_core import PydanticCustomError

from clickcollect.accounts.people import full_names
from clickcollect.errors import Fault, NotFound, StateConflict, ValidationFailed
from clickcollect.omnitron.field_types import read_moment
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import value_at
from clickcollect.omnitron.plain_text import plain_line
from clickcollect.oms import search
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.log.conflicts import conflict
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.orders import channels
from clickcollect.oms.orders.repair_faults import without_phone_of_unknown_store
from clickcollect.oms.personal_terms import digits_of, personal_terms
from clickcollect.oms.repair_models import WAITING, WITHOUT_NUMBER, OrderToRepair, RepairState

LONGEST_REFERENCE: Final = 64
MOST_FAULTS: Final = 200
LONGEST_FAULT: Final = 500
LONGEST_REASON: Final = 500
MOST_PERSONAL: Final = 200
UPDATED_AT: Final = "updated_at"
UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def keep_for_repair(
    *,
    channel: str,
    reference: str,
    payload: dict[str, Any],
    faults: Iterable[Fault],
    document: dict[str, Any] | None = None,
    actor: Actor = SYSTEM,
) -> OrderToRepair:
    """Keep an order that cannot be placed, as it came, so that an operator can repair it (contract section 2).

    Arguments: ``reference``, the order's number as its sender calls it, empty where there is none; ``payload``, the
    order as it came; ``document``, the same as `read_order` takes it, where that is another.
    The row that now stands for it: a waiting one, or, where the same content was dealt with before, the one that ended.
    """
    read = storable(document if document is not None else payload)
    sent = OrderToRepair(
        channel=plain_line(str(storable(channel)))[:LONGEST_REFERENCE],
        reference=reference_of(reference, read, actor=actor),
        payload=storable(payload),
        document=read,
        faults=[storable_fault(fault) for fault in islice(without_phone_of_unknown_store(faults, read), MOST_FAULTS)],
        changed_at=changed_at(read),
        search=search.search_vector(terms_of(read, payload)),
    )
    try:
        return keep_or_replace(sent, actor)
    except IntegrityError:  # the same order came in at this very moment: it waits now
        return keep_or_replace(sent, actor)


def keep_or_replace(sent: OrderToRepair, actor: Actor) -> OrderToRepair:
    """Insert it, or let it replace the one that waits; in one transaction with its log row."""
    with transaction.atomic():
        use_standing_channel(sent)
        of_sender = OrderToRepair.objects.select_for_update().filter(channel=sent.channel, reference=sent.reference)
        newest = of_sender.order_by("-pk").first()
        if newest is None or is_new(sent, than=newest):
            insert_row(sent)
            record_note(kind=NoteKind.TO_REPAIR, actor=actor, attributes=attributes_of_repair(sent))
            return OrderToRepair.objects.get(pk=sent.pk)
        changes: dict[str, Any] = {"times": F("times") + 1, "last_received_at": Now()}
        if newest.state == RepairState.WAITING and not is_older(sent, than=newest):
            names = ("payload", "document", "faults", "changed_at", "search")
            changes |= {name: getattr(sent, name) for name in names}
        OrderToRepair.objects.filter(pk=newest.pk).update(**changes)
        record_note(kind=NoteKind.REPAIR_REPEATED, actor=actor, attributes=attributes_of_repair(newest))
        return OrderToRepair.objects.get(pk=newest.pk)


def use_standing_channel(sent: OrderToRepair) -> None:
    """Put it under the channel in which the same order stands or waits, so that it is asked for once."""
    if not channels.is_of_shopify(sent.channel):
        return
    channels.lock_numbers([sent.reference])
    standing = channels.standing_channel(
        channel=sent.channel, number=sent.reference, date_placed=channels.placed_at(sent.document)
    )
    if standing != sent.channel:
        sent.channel = standing
        sent.document = sent.document | {"channel": standing}


def insert_row(sent: OrderToRepair) -> None:
    """A new row waits; of an order whose personal data was erased nothing is kept but that it was sent again."""
    if Order.objects.filter(channel=sent.channel, number=sent.reference, erased_at__isnull=False).exists():
        sent.state, sent.ended_at, sent.erased_at = RepairState.DISCARDED, Now(), Now()
        sent.payload, sent.document, sent.faults, sent.search = {}, {}, [], None
    sent.pk = None
    sent.save(force_insert=True)


def is_new(sent: OrderToRepair, *, than: OrderToRepair) -> bool:
    """Whether an order must be looked at: not while it waits, and not again for what was dealt with or erased."""
    is_known = than.erased_at is not None or content(than) == content(sent) or is_older(sent, than=than)
    return than.state != RepairState.WAITING and not is_known


def content(row: OrderToRepair) -> dict[str, Any]:
    """What an order says, whenever it was said."""
    return {name: value for name, value in row.document.items() if name != UPDATED_AT}


def changed_at(document: dict[str, Any]) -> datetime | None:
    """When the shop changed the order last, where it says so in a way that can be read."""
    try:
        return read_moment(document[UPDATED_AT])
    except (KeyError, PydanticCustomError):
        return None


def is_older(sent: OrderToRepair, *, than: OrderToRepair) -> bool:
    """Whether the shop has changed it since; one that says nothing of its time counts as it arrives."""
    return sent.changed_at is not None and than.changed_at is not None and sent.changed_at < than.changed_at


def waiting_order(repair_id: int) -> OrderToRepair:
    """Lock an order to repair until the transaction ends. Raises NotFound; StateConflict where it waits no more."""
    row = OrderToRepair.objects.select_for_update().filter(pk=repair_id).first()
    if row is None:
        raise NotFound
    if row.state != RepairState.WAITING:
        raise ended_before(row)
    return row


def ended_before(row: OrderToRepair) -> StateConflict:
    """Who was first."""
    who = full_names([row.ended_by]).get(row.ended_by or 0, "") or _("the system")
    words = _("This order is no longer waiting: %(state)s, by %(name)s.") % {
        "state": row.get_state_display(),
        "name": who,
    }
    return conflict(words, state=row.get_state_display(), at=row.ended_at, who=who)


def end_wait(
    row: OrderToRepair, *, state: RepairState, actor: Actor, order: Order | None = None, reason: str = ""
) -> None:
    """End the wait of a locked row, and log it."""
    kinds = {
        RepairState.PLACED: NoteKind.REPAIRED,
        RepairState.ARRIVED: NoteKind.REPAIR_ARRIVED,
        RepairState.DISCARDED: NoteKind.REPAIR_DISCARDED,
    }
    OrderToRepair.objects.filter(pk=row.pk).update(
        state=state, ended_at=Now(), ended_by=actor.user_id, order=order, reason=reason
    )
    of_order = {"order.id": order.pk} if order else {}
    record_note(kind=kinds[state], actor=actor, attributes=attributes_of_repair(row) | of_order)


def end_wait_of(
    order: Order, *, actor: Actor, repaired_from: OrderToRepair | None, changed_at: datetime | None
) -> None:
    """An order is there now: the row it was repaired from has been sent on, another one of its number has arrived.

    Inside the transaction that keeps the order. A row that somebody else holds is being ended by them. What the shop
    has changed since stays waiting, and so does what another one sent where the sender is bound to stores.
    """
    if repaired_from is not None:
        end_wait(repaired_from, state=RepairState.PLACED, actor=actor, order=order)
    reference = reference_of(order.number, {}, actor=actor)
    waiting = OrderToRepair.objects.filter(WAITING, channel=order.channel, reference=reference)
    for row in waiting.select_for_update(skip_locked=True):
        if changed_at is None or row.changed_at is None or row.changed_at <= changed_at:
            end_wait(row, state=RepairState.ARRIVED, actor=actor, order=order)


def discard_order(*, repair_id: int, reason: str, actor: Actor) -> None:
    """Say that an order is not wanted, and why. Raises Forbidden, ValidationFailed, NotFound, StateConflict."""
    actor.require("orders:write")
    words = storable(reason.strip())[:LONGEST_REASON]
    if not words:
        raise ValidationFailed.of("reason", _("Enter why this order is not wanted."))
    with transaction.atomic():
        end_wait(waiting_order(repair_id), state=RepairState.DISCARDED, actor=actor, reason=words)


def attributes_of_repair(row: OrderToRepair) -> dict[str, str | int | bool]:
    return {"repair.id": row.pk}


def reference_of(reference: str, document: dict[str, Any], *, actor: Actor) -> str:
    """The order's number; what cannot be one is told apart by the content, so that a repeat is still a repeat.

    A sender who is bound to stores has orders of their own: whose order waits under a number is not known, and one of
    another store must neither be replaced nor be asked what it says.
    """
    number = plain_line(str(storable(reference)))
    is_number = 0 < len(number) <= LONGEST_REFERENCE
    told_apart: Any = document
    if actor.store_ids is not None:
        told_apart = [actor.user_id, sorted(actor.store_ids), number if is_number else document]
    elif is_number:
        return number
    written = json.dumps(told_apart, sort_keys=True, ensure_ascii=True).encode()
    return WITHOUT_NUMBER + hashlib.sha256(written).hexdigest()[:32]


def storable_fault(fault: Fault) -> Fault:
    """A fault as it is kept."""
    return {"loc": storable(fault["loc"])[:LONGEST_FAULT], "msg": storable(fault["msg"])[:LONGEST_FAULT]}


def storable(value: Any) -> Any:
    """The same with U+FFFD for what PostgreSQL cannot store: NUL and half surrogate pairs."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(str(name)): storable(inner) for name, inner in value.items()}
    return [storable(inner) for inner in value] if isinstance(value, list | tuple) else value


def terms_of(document: dict[str, Any], payload: dict[str, Any]) -> list[str]:
    """Everything an order to repair is found by: its number, names, the end of the phone; and `personal_terms`."""
    first, last, phone, number = (
        text if isinstance(text, str) else ""
        for text in (
            value_at(document, "customer", "first_name"),
            value_at(document, "customer", "last_name"),
            value_at(document, "customer", "phone_number"),
            document.get("number"),
        )
    )
    found = [
        *search.number_terms(number[:LONGEST_REFERENCE]),
        *search.name_terms(f"{first[:150]} {last[:150]}"),
        *search.folded_words(digits_of(phone)[-4:]),
    ]
    personal = dict.fromkeys(chain(personal_terms(document), personal_terms(payload)))
    return [*dict.fromkeys(filter(None, found[: search.MOST_TERMS])), *islice(personal, MOST_PERSONAL)]
