"""What is wrong with an order to repair: what `read_order` finds, but for what only its unknown store makes wrong."""

from collections.abc import Iterable
from typing import Any, Final

from clickcollect.errors import Fault, ValidationFailed
from clickcollect.omnitron.models import RetailStore
from clickcollect.omnitron.order_schema import PHONE_LOC, STORE_LOC, Source, countries_of, read_order, value_at
from clickcollect.omnitron.phone import phone_fault

MOST_COUNTRIES: Final = 250
STORE: Final = ".".join(STORE_LOC)
PHONE: Final = ".".join(PHONE_LOC)


def open_faults(document: Any) -> list[Fault]:
    """What a person has to correct before the order can be placed, in the active language."""
    try:
        read_order(document, source=Source.REPAIR)
    except ValidationFailed as refusal:
        return without_phone_of_unknown_store(refusal.errors, document)
    return []


def without_phone_of_unknown_store(faults: Iterable[Fault], document: Any) -> list[Fault]:
    """The faults without that of a phone number that can be read as soon as the store is known.

    A national number is read in the country of its store: before the store is picked, nothing is wrong with it.
    """
    found = list(faults)
    if not {STORE, PHONE} <= {fault["loc"] for fault in found}:
        return found
    _country, beside = countries_of(document, {})
    phone = value_at(document, *PHONE_LOC)
    active = RetailStore.objects.filter(is_active=True).order_by("country").values_list("country", flat=True)
    if all(phone_fault(phone, country=country, beside=beside) for country in active.distinct()[:MOST_COUNTRIES]):
        return found
    return [fault for fault in found if fault["loc"] != PHONE]
