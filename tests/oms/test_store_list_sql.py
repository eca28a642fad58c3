"""The lists of a store by fixed SQL: the order of the contract at every depth, with what a row shows."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import configuration, deadlines, states
from clickcollect.oms.access import SYSTEM, packages_of
from clickcollect.oms.lists import ALL, TABS, Tab
from clickcollect.oms.models import Package
from clickcollect.oms.package_sql import listed_packages
from clickcollect.oms.store_list_sql import After, StoreLists
from tests import shop
from tests.wire import watched

pytestmark = pytest.mark.django_db
FAR = datetime(9999, 1, 1, tzinfo=UTC)
A_PAGE = 3


@pytest.fixture
def store() -> RetailStore:
    """A store with packages in every state, some due at the same moment, some never, beside another store's."""
    chance = random.Random(16)
    here, elsewhere = shop.make_store("IST-01"), shop.make_store("ANK-01")
    moments = [timezone.now() + timedelta(hours=hours) for hours in (-30, -1, -1, 2, 40)]
    for number in states.NAMES:
        for _turn in range(4):
            package = shop.make_package(number, store=here)
            package.due_at = chance.choice([None, *moments])
            package.pickup_deadline = chance.choice([None, *moments])
            package.state_changed_at = chance.choice(moments)
            package.save()
    shop.make_package(states.READY, store=elsewhere)
    return here


def lists_of(store: RetailStore) -> StoreLists:
    return StoreLists(store=store, configuration=configuration.current())


def in_order(store: RetailStore, tab: Tab) -> list[int]:
    """What the tab shows, found by reading everything."""

    def key(package: Package) -> tuple[object, ...]:
        if package.state.enum_value in states.ENDED:
            return (1, -package.state_changed_at.timestamp(), -package.pk)
        return (0, (package.due_at or FAR).timestamp(), package.pk)

    rows = [row for row in Package.objects.filter(stock_location=store) if row.state.enum_value in tab.states]
    if tab.past_pickup:
        rows = [row for row in rows if row.pickup_deadline and row.pickup_deadline <= timezone.now()]
    return [row.pk for row in sorted(rows, key=key)]


def after(row: Package) -> After:
    has_ended = row.state.enum_value in states.ENDED
    return After(has_ended=has_ended, moment=row.state_changed_at if has_ended else row.due_at, id=row.pk)


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.key)
def test_page_by_page_it_is_the_order_of_the_contract(store: RetailStore, tab: Tab) -> None:
    lists = lists_of(store)
    found: list[Package] = []
    while page := lists.page(tab, after=after(found[-1]) if found else None, limit=A_PAGE):
        assert len(page) <= A_PAGE
        found += page
    assert [row.pk for row in found] == in_order(store, tab)
    assert found


def test_what_a_row_shows_is_read_with_it_in_one_statement(store: RetailStore) -> None:
    lists = lists_of(store)
    with watched() as wire:
        for row in lists.page(ALL, after=None, limit=50):
            assert row.order.customer_name
            assert row.order.is_being_cancelled is False
            assert row.state.name
            assert deadlines.is_past_pickup(row) in (True, False)
            assert row.stock_location.time_zone
    assert wire.statements == 1, wire.log


def test_a_row_has_the_values_of_the_table(store: RetailStore) -> None:
    for row in lists_of(store).page(ALL, after=None, limit=50):
        saved = Package.objects.select_related("order", "state").get(pk=row.pk)
        for name in row.get_deferred_fields() ^ {field.attname for field in Package._meta.concrete_fields}:
            assert getattr(row, name) == getattr(saved, name), name
        assert row.state == saved.state
        assert row.order.phone_number == saved.order.phone_number
        assert abs(row.clock - timezone.now()) < timedelta(minutes=1)


def test_counts_are_those_of_the_table(store: RetailStore) -> None:
    now = timezone.now()
    end_of_day = now + timedelta(hours=3)
    rows = list(Package.objects.filter(stock_location=store))
    for found in lists_of(store).counts(end_of_day=end_of_day):
        here = [row for row in rows if row.state.enum_value == found.number]
        assert found.packages == len(here)
        if found.number not in states.ENDED:
            assert found.past_pickup == sum(bool(row.pickup_deadline and row.pickup_deadline <= now) for row in here)
            assert found.overdue == sum(bool(row.due_at and row.due_at <= now) for row in here)
            assert found.today == sum(bool(row.due_at and now < row.due_at <= end_of_day) for row in here)


def test_rows_by_id_are_those_of_the_table_in_the_order_asked_for(store: RetailStore) -> None:
    ids = list(Package.objects.order_by("-due_at", "pk").values_list("pk", flat=True))
    with watched() as wire:
        rows = listed_packages(ids)
    assert wire.statements == 1
    assert [row.pk for row in rows] == ids
    assert listed_packages([]) == []
    for row, saved in ((row, packages_of(SYSTEM).get(pk=row.pk)) for row in rows):
        for part in (row, row.order, row.state, row.stock_location):
            known = saved if part is row else type(part).objects.get(pk=part.pk)
            for name in {field.attname for field in part._meta.concrete_fields} - part.get_deferred_fields():
                assert getattr(part, name) == getattr(known, name), name
