"""A list without rows says what would be in it and how it comes there, and is not mistaken for one that is narrowed."""

import re
from typing import Final

import pytest
from django.test import Client

from clickcollect.accounts.models import Role, User
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import states
from tests.guide.test_help import pages_of_the_doors
from tests.markup import markup
from tests.shop import make_package, make_user

pytestmark = pytest.mark.django_db
EMPTY: Final = {
    "oms_package_changelist": ("/oms/packages/", "No packages yet.", "Orders come from your channels"),
    "omnitron_order_changelist": ("/oms/orders/", "No orders yet.", "as soon as the API or a connector receives them"),
    "oms_ordertorepair_changelist": ("/oms/repairs/", "Nothing to repair.", "that cannot be placed waits here"),
    "oms_locationrule_changelist": ("/oms/locations/", "No learned locations yet.", "remember its location"),
    "oms_orderupload_changelist": ("/oms/order-files/", "No files yet.", "stays listed for 7 days"),
    "oms_commandlog_changelist": ("/oms/log/", "Nothing in the log yet.", "the moment it happens"),
    "reviews": ("/oms/reviews/", "Nothing to review.", "Handovers without a code"),
    "whisperer_hook_changelist": ("/oms/hooks/", "No webhooks yet.", "New webhook"),
    "whisperer_delivery_changelist": ("/oms/deliveries/", "No event has been sent yet.", "with each attempt"),
    "accounts_apitoken_changelist": ("/oms/tokens/", "No API tokens yet.", "New API token"),
    "omnitron_retailstore_changelist": ("/oms/stores/", "No stores yet.", "New store"),
}  # fmt: skip
NEVER_EMPTY: Final = {
    "oms_commandtransition_changelist": "a shop begins with its process",
    "oms_packagestate_changelist": "and with its states",
    "oms_appliedsetting_changelist": "the settings are the program's",
    "accounts_user_changelist": "whoever reads it stands in it",
}
NARROWED: Final = "No results match these filters."


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_user(Role.ADMIN))
    return client


def test_every_list_is_looked_at() -> None:
    lists = {name for name in pages_of_the_doors() if name.endswith("_changelist")} | {"omsweb:reviews"}
    assert lists == {f"omsweb:{name}" for name in (*EMPTY, *NEVER_EMPTY)}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_list_says_what_would_be_here_and_how_it_comes(admin: Client, name: str) -> None:
    address, what, how = EMPTY[name]
    assert not RetailStore.objects.exists()
    page = markup(admin.get(address))
    [words] = re.findall(r'<div class="ow-sheet ow-empty[^"]*">(.*?)</div>', page)
    assert f"<strong>{what}</strong>" in words
    assert how in words
    assert NARROWED not in page


@pytest.mark.parametrize("address", ["/oms/packages/", "/oms/orders/", "/oms/stores/", "/oms/staff/"])
def test_a_list_whose_rows_are_hidden_says_so_instead(admin: Client, address: str) -> None:
    make_package(states.WAITING)
    page = markup(admin.get(f"{address}?q=nothing-is-called-so"))
    assert f"<strong>{NARROWED}</strong>" in page
    assert "1 hidden by filters." in page
    assert not any(what in page for _address, what, _how in EMPTY.values())


def test_an_empty_tab_is_no_filter(admin: Client) -> None:
    make_package(states.WAITING)
    page = markup(admin.get("/oms/packages/?tab=packed"))
    assert "There is nothing in this list now." in page
    assert "1 in the other lists." in page
    assert NARROWED not in page


@pytest.fixture
def employee(client: Client) -> Client:
    package = make_package(states.CANCELLED)
    person: User = make_user(Role.MANAGER, package.stock_location)
    package.delete()
    client.force_login(person)
    return client


@pytest.mark.parametrize(
    ("tab", "what", "how"),
    [
        ("to-pack", "Nothing to pack", "New orders for this store"),
        ("packed", "No packed packages", "Complete packaging"),
        ("ready", "No packages ready for customers", "Ready for customer pickup"),
        ("not-collected", "Everything was collected in time", "its pickup time has passed"),
        ("delivered", "No packages handed over yet", "once they are handed over"),
        ("all", "No packages yet", "as soon as an order for this store arrives"),
    ],
)
def test_an_empty_tab_of_the_counter_says_what_would_be_here(employee: Client, tab: str, what: str, how: str) -> None:
    [words] = re.findall(r'<div class="card empty">(.*?)</div>', markup(employee.get(f"/instore/?tab={tab}")))
    assert f">{what}</p>" in words
    assert how in words
    searched = markup(employee.get(f"/instore/?tab={tab}&q=zzzz"))
    assert "No packages match “zzzz”." in searched
    assert what not in searched


def test_the_managers_page_says_what_would_be_here(employee: Client) -> None:
    page = markup(employee.get("/instore/manager/"))
    assert "Nothing to review. Handovers without a code" in page
    assert "No data for this period." in page
