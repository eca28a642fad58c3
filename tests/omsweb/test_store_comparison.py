"""Stores beside each other on the dashboard: what is behind, how fast, how often without a code."""

import re
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from clickcollect.accounts.models import Role
from clickcollect.oms import states
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import Package
from clickcollect.omsweb.store_comparison import HANDOVERS, TO_READY
from tests.markup import markup
from tests.plans import scans_of
from tests.shop import PAST, make_package, make_store, make_user

pytestmark = pytest.mark.django_db(transaction=True)

PAGE: Final = "/oms/compare/"
OVERRIDE: Final = "DELIVER_WITHOUT_CODE"
CELLS: Final = re.compile(r"<t[hd] role=\"(?:rowheader|cell)\"[^>]*>(.*?)</t[hd]>")


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user(Role.OPERATOR))
    return client


def moved(package: Package, new_state: str, *, days_ago: float = 0, command: str = "X") -> None:
    """A row of the log, as a command leaves it."""
    CommandLog.objects.create(
        kind="move", package_id=package.pk, store_id=package.stock_location_id, new_state=new_state,
        command_code=command, channel="INSTORE", at=now() - timedelta(days=days_ago),
    )  # fmt: skip


def table(page: str) -> dict[str, list[str]]:
    """The figures by store, in the order of the table."""
    rows = [CELLS.findall(row) for row in page.split("<tbody")[1].split("</tbody>", maxsplit=1)[0].split("<tr")[1:]]
    words = [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in rows]
    return {name.split()[-1]: figures for name, *figures in words}


@pytest.fixture
def shop() -> dict[str, Any]:
    """Two late packages in one store and a slow one in another, which hands over without codes."""
    late, slow, quiet = (make_store(code) for code in ("IST-01", "IST-02", "IST-03"))
    for _ in range(2):
        make_package(states.WAITING, store=late, due_at=PAST)
    for hours in (1, 2, 3):
        package = make_package(states.PACKED, store=slow)
        Package.objects.filter(pk=package.pk).update(created_date=now() - timedelta(hours=hours))
        moved(package, states.READY)
        moved(package, states.DELIVERED, command=OVERRIDE if hours == 1 else "SELF_SERVICE_PACKAGE_DELIVERY")
    moved(make_package(states.DELIVERED, store=quiet), states.DELIVERED, days_ago=5, command=OVERRIDE)
    return {"late": late, "slow": slow, "quiet": quiet}


def test_each_figure_is_that_of_its_store_and_period(operator: Client, shop: dict[str, Any]) -> None:
    assert table(markup(operator.get(PAGE))) == {
        "IST-01": ["2", "0", "–", "0", "0"],
        "IST-02": ["0", "0", "2 h 0 min", "1 33.3%", "3"],
        "IST-03": ["0", "0", "–", "0", "0"],
    }
    assert table(markup(operator.get(f"{PAGE}?days=7")))["IST-03"] == ["0", "0", "–", "1 100.0%", "1"]


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("overdue", ["IST-01", "IST-02", "IST-03"]),
        ("to_ready", ["IST-02", "IST-01", "IST-03"]),
        ("without_code", ["IST-03", "IST-02", "IST-01"]),
        ("nothing; DROP TABLE", ["IST-01", "IST-02", "IST-03"]),
    ],
)
def test_the_store_that_needs_help_most_stands_first(
    operator: Client, shop: dict[str, Any], by: str, order: list[str]
) -> None:
    page = markup(operator.get(PAGE, {"days": "7", "by": by}))
    assert list(table(page)) == order
    assert page.count('aria-sort="descending"') == 1


def test_a_figure_leads_to_the_list_behind_it(operator: Client, shop: dict[str, Any]) -> None:
    page = markup(operator.get(PAGE))
    links = [link.replace("&amp;", "&") for link in re.findall(r'<a(?: class="ow-behind")? href="(/oms/[^"]+)">', page)]
    by_name = {name: next(link for link in links if name in link) for name in ("late=to_pack", OVERRIDE)}
    assert "2 packages" in markup(operator.get(by_name["late=to_pack"]))
    assert "1 entry" in markup(operator.get(by_name[OVERRIDE]))


def test_a_closed_store_is_left_out_and_without_any_the_page_says_so(operator: Client) -> None:
    make_store("IST-09", is_active=False)
    assert "No store is open." in markup(operator.get(PAGE))


def test_the_dashboard_fetches_it_as_a_part_and_has_a_way_there_without_scripts(operator: Client) -> None:
    make_store()
    home = markup(operator.get("/oms/"))
    assert f'hx-get="{PAGE}" hx-trigger="load"' in home
    assert f'<a href="{PAGE}">Stores compared</a>' in home
    part = markup(operator.get(PAGE, headers={"HX-Request": "true"}))
    assert part.startswith("<section")
    assert "<html" in markup(operator.get(PAGE))


def test_it_takes_the_same_few_statements_for_one_store_and_for_many(operator: Client, shop: dict[str, Any]) -> None:
    counts = []
    for many in (0, 20):
        for number in range(many):
            make_store(f"MANY-{number}")
        operator.get(PAGE)
        with CaptureQueriesContext(connection) as taken:
            operator.get(PAGE, headers={"HX-Request": "true"})
        counts.append(len(taken))
    assert counts == [8, 8]  # the session, the shared time zone, and six


def test_the_log_is_read_along_its_indexes(operator: Client, shop: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"stores": [shop["slow"].pk], "since": now(), "override": OVERRIDE}
    asked |= {"move": "move", "ready": states.READY}
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        for statement in (TO_READY, HANDOVERS):
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", asked)
            assert scans_of("oms_commandlog", cursor.fetchone()[0]) == 0
        cursor.execute("RESET enable_seqscan")


def test_store_staff_do_not_see_it(client: Client) -> None:
    client.force_login(make_user(Role.MANAGER, make_store()))
    assert client.get(PAGE).status_code == 403
