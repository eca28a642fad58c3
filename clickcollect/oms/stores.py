"""Stores: opened and changed here alone, in one transaction with the log row, whatever door asks."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from zoneinfo import available_timezones

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clickcollect.errors import Fault, NotFound, ValidationFailed
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.access import Actor
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind

# What somebody may change; the ERP code is given once.
FIELDS: Final = (
    "name", "email", "phone_number", "address_line", "postcode", "city", "country", "currency", "language_code",
    "time_zone", "store_hours", "closed_dates", "click_and_collect", "is_active",
)  # fmt: skip


def save_store(*, store_id: int | None, erp_code: str, fields: Mapping[str, Any], actor: Actor) -> RetailStore:
    """Open a store, or change one.

    Arguments: ``store_id``, None for a new one; ``erp_code``, which a store that is there keeps, whatever is given;
    ``fields``, those of `FIELDS`. Raises Forbidden, NotFound, ValidationFailed.
    """
    actor.require("stores:write")
    if faults := list(_wrong_place(fields)):
        raise ValidationFailed(faults)
    try:
        with transaction.atomic():
            store = RetailStore(erp_code=erp_code) if store_id is None else locked_store(store_id)
            if store_id is None and RetailStore.objects.filter(erp_code__iexact=erp_code).exists():
                raise code_is_taken()
            for name in FIELDS:
                setattr(store, name, fields[name])
            store.save()
            note_store(store, actor=actor)
    except IntegrityError:  # somebody else opened a store with this code meanwhile
        raise code_is_taken() from None
    return store


def shared_time_zone() -> str:
    """The time zone that all open stores share; UTC where they share none."""
    found = RetailStore.objects.filter(is_active=True).order_by().values_list("time_zone", flat=True).distinct()[:2]
    return found[0] if len(found) == 1 else "UTC"


def _wrong_place(fields: Mapping[str, Any]) -> Iterator[Fault]:
    """Deadlines are counted in the time zone, phone numbers read by the country: each is one that there is."""
    if not re.fullmatch("[A-Z]{2}", fields["country"]):
        yield {"loc": "country", "msg": _("A country has two letters, such as TR.")}
    if not re.fullmatch("[A-Z]{3}", fields["currency"]):
        yield {"loc": "currency", "msg": _("A currency has three letters, such as TRY.")}
    languages = [code for code, _name in settings.LANGUAGES]
    if fields["language_code"] not in languages:
        yield {"loc": "language_code", "msg": _("Choose one of these languages: %s.") % ", ".join(languages)}
    if fields["time_zone"] not in available_timezones():
        yield {"loc": "time_zone", "msg": _("Unknown time zone. Enter one such as Europe/Istanbul.")}


def locked_store(store_id: int) -> RetailStore:
    """One store, nobody else's until the transaction ends. Raises NotFound."""
    try:
        return RetailStore.objects.select_for_update(no_key=True).get(pk=store_id)
    except (RetailStore.DoesNotExist, OverflowError):
        raise NotFound from None


def code_is_taken() -> ValidationFailed:
    return ValidationFailed.of("erp_code", _("Another store already has this code."))


def note_store(store: RetailStore, *, actor: Actor) -> None:
    """Record which store was changed, and whether it is open."""
    attributes: dict[str, str | int | bool] = {"store.id": store.pk, "store.active": store.is_active}
    record_note(kind=NoteKind.STORE_CHANGED, actor=actor, attributes=attributes | {"channel": str(actor.channel)})
