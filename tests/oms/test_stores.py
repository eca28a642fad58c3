"""A store stands where there is such a country, currency, language and time zone, whatever door opens it."""

from typing import Any

import pytest

from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.stores import FIELDS, save_store

pytestmark = pytest.mark.django_db


def open_store(**changes: str) -> RetailStore:
    fields: dict[str, Any] = {name: getattr(RetailStore(name="Kızılay"), name) for name in FIELDS}
    return save_store(store_id=None, erp_code="ANK-01", fields=fields | changes, actor=SYSTEM)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_zone", "Istanbul"),
        ("time_zone", "en"),
        ("time_zone", "../etc/passwd"),
        ("time_zone", ""),
        ("country", "tr"),
        ("country", "Turkey"),
        ("currency", "₺"),
        ("currency", "TL"),
        ("language_code", "xx"),
        ("language_code", ""),
    ],
)
def test_a_place_that_there_is_not_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        open_store(**{name: value})
    assert [fault["loc"] for fault in refused.value.errors] == [name]
    assert not RetailStore.objects.exists()


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(ValidationFailed) as refused:
        open_store(time_zone="x", country="x", currency="x", language_code="x")
    assert {fault["loc"] for fault in refused.value.errors} == {"time_zone", "country", "currency", "language_code"}


@pytest.mark.parametrize("zone", ["Europe/Istanbul", "UTC", "America/Argentina/Buenos_Aires"])
def test_control_a_place_that_there_is_is_taken(zone: str) -> None:
    assert open_store(time_zone=zone).time_zone == zone
