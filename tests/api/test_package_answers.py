"""What the API says of packages is validated here, not when it is said: by its schema and by the events' documents.

The documents are made of model objects, the answers of rows of fixed SQL; they must say the same of every package.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickcollect.api.schemas import Page
from clickcollect.demo.load import load_demo_shop
from clickcollect.omnitron.models import Order, RetailStore
from clickcollect.oms import configuration, search, states
from clickcollect.oms.access import SYSTEM, get_package, packages_of
from clickcollect.oms.events.documents import package_document
from clickcollect.oms.events.payload_schemas import PackageOut
from clickcollect.oms.models import Package, PackageItem, PackageState
from clickcollect.oms.package_sql import read_package
from tests import shop
from tests.api.caller import PACKAGES, Caller, document_of, make_caller
from tests.wire import watched

# PostgreSQL's text holds every character but NUL; half a surrogate pair is none.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MOMENTS |= MOMENTS.map(lambda moment: moment.replace(microsecond=0))
CONFIGS = st.dictionaries(
    WORDS, st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT | st.lists(TEXT, max_size=2), max_size=3
)


def documents() -> dict[int, Any]:
    """Every package as its events would tell of it, by id."""
    rows = packages_of(SYSTEM).prefetch_related("items")
    return {row.pk: json.loads(json.dumps(package_document(row))) for row in rows}


def assert_told_alike(caller: Caller) -> int:
    """That every row of the list, and every single package, is its document, and has the shape of the schema."""
    told = documents()
    address: str | None = f"{PACKAGES}?limit=100"
    seen = 0
    while address:
        page = document_of(caller.get(address))
        assert Page[PackageOut].model_validate(page, strict=True).model_dump() == page
        assert page["results"] == [told[row["id"]] for row in page["results"]]
        seen, address = seen + len(page["results"]), page["next"]
    assert seen == len(told)
    for package_id, document in told.items():
        single = document_of(caller.get(f"{PACKAGES}{package_id}/"))
        assert PackageOut.model_validate(single, strict=True).model_dump() == single
        assert single == document | {"commands": single["commands"]}
    return seen


@pytest.mark.django_db
def test_every_package_of_the_demo_shop_is_told_as_in_its_events() -> None:
    load_demo_shop()
    assert assert_told_alike(make_caller("operator")) > 30


@pytest.mark.django_db
def test_any_package_is_told_as_in_its_events() -> None:
    package = shop.make_package(states.READY)
    caller = make_caller("operator")

    @settings(max_examples=40)
    @given(data=st.data())
    def compare_with_events(data: st.DataObject) -> None:
        draw = data.draw
        names = {name: draw(TEXT) for name in ("first_name", "last_name", "email", "language_code")}
        Order.objects.filter(pk=package.order_id).update(date_placed=draw(MOMENTS), **names)
        place = {name: draw(TEXT) for name in ("name", "email", "address_line", "city", "time_zone")}
        RetailStore.objects.filter(pk=package.stock_location_id).update(**place)
        PackageState.objects.filter(pk=package.state_id).update(name=draw(TEXT), config=draw(CONFIGS))
        times = {name: draw(st.none() | MOMENTS) for name in ("ready_at", "pickup_deadline")}
        Package.objects.filter(pk=package.pk).update(**times)
        package.items.all().delete()
        for sku, name, quantity in draw(st.lists(st.tuples(TEXT, TEXT, st.integers(1, 2**31 - 1)), max_size=3)):
            PackageItem.objects.create(package=package, sku=sku, name=name, quantity=quantity)
        assert assert_told_alike(caller) == 1

    compare_with_events()


@pytest.mark.parametrize("state", [states.WAITING, states.READY, states.DELIVERED])
@pytest.mark.django_db
def test_a_package_read_for_its_commands_is_the_one_of_the_orm(state: str) -> None:
    package = shop.make_package(state)
    read, of_the_moment = read_package(SYSTEM, package_id=package.pk)
    assert of_the_moment is configuration.current()
    known = get_package(SYSTEM, package_id=package.pk)
    assert values_of(read) == values_of(known)
    for part in ("order", "state", "stock_location"):
        assert values_of(getattr(read, part)) == values_of(getattr(known, part))
    assert read.get_deferred_fields() == {"search"}


def values_of(row: Any) -> dict[str, Any]:
    return {
        field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.attname != "search"
    }


# Who calls; how many there are and the page, together unless the count says how to look. A state or a store by its
# number once more.
@pytest.mark.parametrize(
    ("query", "statements", "round_trips"),
    [
        ("", 3, 2),
        ("?count=exact&limit=100", 3, 2),
        ("?sort=-created_date&created_date__gte=2020-01-01T00:00:00Z", 3, 2),
        ("?search=web", 3, 3),
        ("?search=%20-", 3, 3),
        ("?order_number=WEB&delivery_type=in_store&number=PK-1", 3, 3),
        ("?state=100&stock_location=IST-01&sort=due_at", 4, 3),
        ("?state=999", 4, 3),
    ],
)
@pytest.mark.parametrize("role", ["operator", "associate"])
@pytest.mark.django_db
def test_a_list_takes_so_many_statements_and_round_trips(
    role: str, query: str, statements: int, round_trips: int
) -> None:
    store = shop.make_store()
    caller = make_caller(role, store)
    for _ in range(2):
        search.update_index(shop.make_package(store=store, due_at=shop.PLACED))
        assert cost(caller, f"{PACKAGES}{query}") == (statements, round_trips)


@pytest.mark.parametrize("role", ["operator", "associate"])
@pytest.mark.django_db
def test_a_single_package_takes_two_round_trips_who_calls_and_the_package(role: str) -> None:
    store = shop.make_store()
    package = shop.make_package(states.READY, store=store)
    caller = make_caller(role, store)
    assert cost(caller, f"{PACKAGES}{package.pk}/") == (2, 2)


def cost(caller: Caller, address: str) -> tuple[int, int]:
    """Statements and round trips of a call, once the token's use is noted and its statements are prepared."""
    for _ in range(6):
        document_of(caller.get(address))
    with watched() as sent:
        document_of(caller.get(address))
    return sent.statements, sent.round_trips
