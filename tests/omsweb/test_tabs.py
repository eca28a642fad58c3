"""The tabs over OMS WEB's package table: the counter's words with counts (contract section 6), kept by everything."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clickcollect.accounts.models import Role
from clickcollect.oms import states
from clickcollect.oms.models import Package
from clickcollect.omsweb import tabs
from tests.markup import markup
from tests.omsweb.test_lists import rows_of
from tests.shop import make_order, make_package, make_store, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user(Role.OPERATOR))
    return client


def tabs_on(client: Client, query: str = "") -> dict[str, str]:
    """The tabs of the page: label and count."""
    page = markup(client.get(f"/oms/packages/{query}"))
    return dict(re.findall(r'role="tab"[^>]*>([^<]+?) <b>([^<]+)</b>', page))


def put_late(package: Package) -> None:
    Package.objects.filter(pk=package.pk).update(pickup_deadline=timezone.now() - timedelta(hours=1))


def test_the_tabs_have_the_counters_words_and_counts(operator: Client) -> None:
    make_package()
    make_package()
    make_package(states.PACKED)
    make_package(states.READY)
    make_package(states.DELIVERED)
    expected = {"To pack": "2", "Packed": "1", "Ready for customer": "1", "Delivered": "1", "All": "5"}
    assert tabs_on(operator) == expected


def test_the_tabs_open_one_panel_that_is_called_packages(operator: Client) -> None:
    make_package()
    page = markup(operator.get("/oms/packages/"))
    assert set(re.findall(r'role="tab"[^>]* aria-controls="([^"]+)"', page)) == {"found"}
    assert '<div id="found" role="tabpanel" aria-label="Packages">' in page
    assert 'role="tabpanel"' not in markup(operator.get("/oms/orders/")), "no tabs, no panel"


def test_not_collected_is_a_tab_while_it_has_rows_and_they_stay_ready(operator: Client) -> None:
    late = make_package(states.READY)
    put_late(late)
    assert tabs_on(operator)["Not collected"] == "1"
    assert tabs_on(operator)["Ready for customer"] == "1"
    for tab in ("not-collected", "ready"):
        assert late.number in operator.get(f"/oms/packages/?tab={tab}").content.decode()
    Package.objects.filter(pk=late.pk).update(pickup_deadline=timezone.now() + timedelta(hours=1))
    assert "Not collected" not in tabs_on(operator)


def test_the_counts_follow_the_other_filters_and_the_search(operator: Client) -> None:
    berlin = make_store("BER-01")
    make_package(store=berlin)
    found = make_package(states.PACKED, store=make_store("IST-01"))
    assert tabs_on(operator, f"?store={berlin.pk}&tab=packed")["To pack"] == "1"
    assert tabs_on(operator, f"?store={berlin.pk}&tab=packed")["Packed"] == "0"
    assert tabs_on(operator, f"?q={found.number}")["All"] == "1"


def test_a_scanned_label_is_that_package_alone(operator: Client) -> None:
    order = make_order()
    first, second = make_package(order=order), make_package(order=order)
    Package.objects.filter(pk=second.pk).update(number=f"{first.number}0")
    page = operator.get("/oms/packages/", {"q": first.number.lower()}).content.decode()
    assert f"/oms/packages/{first.pk}/" in page
    assert f"/oms/packages/{second.pk}/" not in page


def test_files_saved_filters_and_the_search_keep_the_tab(operator: Client) -> None:
    make_package()
    packed = make_package(states.PACKED)
    assert [row["package"] for row in rows_of(operator, "/oms/packages/packages.csv?tab=packed")] == [packed.number]
    page = markup(operator.get("/oms/packages/?tab=packed"))
    assert 'href="packages.csv?tab=packed"' in page
    assert '<input type="hidden" name="tab" value="packed"' in page
    assert '<input type="hidden" name="query" value="tab=packed"' in page


def test_the_most_urgent_stands_first_where_there_is_work(operator: Client) -> None:
    late, soon = make_package(), make_package()
    Package.objects.filter(pk=soon.pk).update(due_at=timezone.now() - timedelta(days=2))
    page = operator.get("/oms/packages/?tab=to-pack").content.decode()
    assert page.index(soon.number) < page.index(late.number)


@pytest.mark.parametrize("tab", ["nonsense", "\x00", "😀" * 300, "all", ""])
def test_an_unknown_tab_is_all(operator: Client, tab: str) -> None:
    package = make_package()
    answer = operator.get("/oms/packages/", {"tab": tab, "page": "abc", "state": "x", "order": "y"})
    assert answer.status_code == 200
    assert package.number in answer.content.decode()


def test_an_empty_tab_says_what_it_hides(operator: Client) -> None:
    make_package()
    assert "1 in the other lists." in operator.get("/oms/packages/?tab=delivered").content.decode()


def test_counting_stops_and_costs_the_same_for_many(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabs, "MOST_COUNTED", 5)
    order = make_order()
    for _ in range(8):
        make_package(order=order)
    with django_assert_max_num_queries(12):
        assert tabs_on(operator)["To pack"] == "5+"
