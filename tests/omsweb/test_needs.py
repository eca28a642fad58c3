"""The dashboard's *Needs attention*: each kind counted as its list counts it, and told only to whom it concerns."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from clickcollect.accounts.models import Role
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import states
from clickcollect.oms.access import actor_for
from clickcollect.oms.log_models import CommandLog, LogKind, NoteKind
from clickcollect.oms.models import Package
from clickcollect.oms.repair_models import OrderToRepair
from clickcollect.omsweb.needs import KINDS, Need, needs
from clickcollect.whisperer.models import Delivery, DeliveryState, Endpoint
from tests.omsweb.test_hooks import make_hook
from tests.omsweb.test_repairs import waiting
from tests.shop import make_order, make_package, make_store, make_user

pytestmark = pytest.mark.django_db(transaction=True)
PAST = "2020-01-01T00:00:00Z"
WAITING_AT = {"no_message": 3, "to_pack": 1, "not_collected": 2, "forgotten": 4}  # packages of each, at one store


@pytest.fixture
def kinds() -> dict[str, int]:
    """Something of each kind at each of two stores, and how many of all."""
    make_hook("package.status.ready_for_pickup")
    for erp_code in ("IST-01", "IST-02"):
        order, store = make_order(), make_store(erp_code)
        for name, (state, changes) in {
            "no_message": (states.READY, {"message_state": "failed"}),
            "to_pack": (states.WAITING, {"due_at": PAST}),
            "not_collected": (states.READY, {"pickup_deadline": PAST, "due_at": PAST}),
            "forgotten": (states.PACKED, {"state_changed_at": PAST}),
        }.items():
            for _ in range(WAITING_AT[name]):
                package = make_package(state, order=order, store=store)
                Package.objects.filter(pk=package.pk).update(**changes)
        CommandLog.objects.create(
            kind=LogKind.NOTE, note_kind=NoteKind.LOCKED_OUT, package_id=package.pk, store_id=store.pk
        )
    dead = Delivery.objects.update(state=DeliveryState.DEAD, finished_at=timezone.now())
    Endpoint.objects.update(failing_since=timezone.now())
    waiting("1001")
    both = {name: 2 * count for name, count in WAITING_AT.items()}
    return both | {"orders": 1, "hooks": 1, "letters": dead, "reviews": 2}


def needs_of(client: Client) -> dict[str, Need]:
    page: Any = client.get("/oms/")
    return {name_of(need): need for need in page.context_data["needs"]}


def name_of(need: Need) -> str:
    return next(name for name, kind in KINDS.items() if kind is need.kind)


def test_each_kind_is_counted_and_leads_to_what_it_counted(client: Client, kinds: dict[str, int]) -> None:
    client.force_login(make_user(Role.ADMIN))
    needs = needs_of(client)
    assert {name: need.count for name, need in needs.items()} == kinds
    assert list(needs) == list(KINDS)  # the most urgent first
    for name, need in needs.items():
        behind: Any = client.get(need.link)
        if name != "reviews":
            assert behind.context_data["listing"].counted == kinds[name], name
        assert behind.status_code == 200
        assert need.detail, name


def told_to(store: RetailStore) -> dict[str, int]:
    """What somebody who sees this store alone is told."""
    request = RequestFactory().get("/oms/")
    request.user = make_user(Role.OPERATOR)
    request.omsweb_actor = replace(actor_for(request.user), store_ids=frozenset({store.pk}))  # type: ignore[attr-defined]
    return {name_of(need): need.count for need in needs(request)}


def test_who_sees_one_store_is_told_of_that_store(kinds: dict[str, int]) -> None:
    assert told_to(make_store("IST-01")) == WAITING_AT | {"orders": kinds["orders"], "reviews": 1}
    assert set(told_to(make_store("IST-03"))) == {"orders"}


def test_a_figure_stops_at_a_thousand(client: Client) -> None:
    client.force_login(make_user(Role.ADMIN))
    waiting("1001")
    row = OrderToRepair.objects.get()
    for number in range(1001):
        row.pk, row.reference = None, f"copy-{number}"
        row.save(force_insert=True)
    need = needs_of(client)["orders"]
    assert (need.count, need.figure) == (1001, "1000+")
