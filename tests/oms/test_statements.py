"""What the counter costs: round trips and statements, exact, whatever the history (docs/architecture.md)."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.test import Client

from clickcollect.accounts.models import Role
from clickcollect.errors import DomainError
from clickcollect.oms import states
from clickcollect.oms.access import Actor
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import Package
from clickcollect.whisperer.models import Endpoint, Hook
from tests import shop
from tests.api.caller import PACKAGES, make_caller
from tests.wire import Sent, watched

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
COMPLETE = "COMPLETE_PACKAGING_WITHOUT_SHIPMENT"
ROUND_TRIPS = 2  # lock and read; write and COMMIT. Who the caller is costs the third


def sent(package: Package, command: str, actor: Actor, **data: object) -> Sent:
    """What a command sends, BEGIN and COMMIT included, refused or not."""
    with watched() as wire, suppress(DomainError):
        run_command(package_id=package.pk, transition=command, actor=actor, data=data)
    return wire


def listen(actor: Actor, *types: str) -> None:
    """Somebody subscribes."""
    endpoint = Endpoint.objects.create(target_url="http://127.0.0.1:9/")
    for name in types:
        Hook.objects.create(
            user_id=actor.user_id or 0, event_type=name, target_url=endpoint.target_url, endpoint=endpoint
        )


def right(package: Package) -> dict[str, object]:
    return {"otp": shop.right_code(package)}


def wrong(package: Package) -> dict[str, object]:
    return {"otp": shop.wrong_code(package)}


def nothing(_package: Package) -> dict[str, object]:
    return {}


@pytest.mark.parametrize(
    ("state", "command", "data", "statements"),
    [
        # BEGIN, lock_timeout, package, order, read; everything that is written, COMMIT
        (states.WAITING, COMPLETE, nothing, 7),
        (states.PACKED, "READY_FOR_PICKUP", nothing, 7),
        (states.READY, DELIVER, right, 8),  # and the lock on who tries
        (states.READY, DELIVER, wrong, 8),
        (states.READY, "RESEND_CODE", nothing, 7),
        (states.READY, "SEND_NEW_CODE", nothing, 8),  # the new issue after the old one is closed
    ],
)
@pytest.mark.parametrize("subscribed", [False, True])
def test_a_command_is_two_round_trips(
    *, state: str, command: str, data: Callable[[Package], dict[str, object]], statements: int, subscribed: bool
) -> None:
    store = shop.make_store()
    actor = shop.make_actor(Role.ASSOCIATE, store)
    if subscribed:
        listen(actor, "package.status.delivered", "package.status.transitioned", "order.updated")
    warm = shop.make_package(state, store=store)
    sent(warm, command, actor, **data(warm))  # reads the configuration
    package = shop.make_package(state, store=store)
    wire = sent(package, command, actor, **data(package))
    assert (wire.round_trips, wire.statements) == (ROUND_TRIPS, statements), wire.log


def test_a_long_history_costs_nothing_more() -> None:
    actor = shop.make_actor(Role.ASSOCIATE, shop.make_store())
    fresh, old = shop.make_package(states.READY), shop.make_package(states.READY)
    for _turn in range(2):
        run_command(package_id=old.pk, transition="SEND_NEW_CODE", actor=actor)
    sent(old, DELIVER, actor, **wrong(old))
    first, second = (sent(one, DELIVER, actor, **right(one)) for one in (fresh, old))
    assert (first.round_trips, first.statements) == (second.round_trips, second.statements)


def test_a_changed_configuration_costs_one_round_trip_once() -> None:
    store = shop.make_store()
    actor = shop.make_actor(Role.ASSOCIATE, store)
    packages = [shop.make_package(states.READY, store=store) for _turn in range(3)]
    sent(packages[0], DELIVER, actor, **right(packages[0]))
    shop.put_setting("OTP_NEW_CODES", value=2)
    trips = [sent(one, DELIVER, actor, **right(one)).round_trips for one in packages[1:]]
    assert trips == [ROUND_TRIPS + 1, ROUND_TRIPS]


@pytest.mark.parametrize(
    ("state", "slug", "data", "status"),
    [
        (states.WAITING, "complete-packaging-without-shipment", nothing, 204),
        (states.PACKED, "ready-for-customer-pickup", nothing, 204),
        (states.READY, "self-service-package-delivery", right, 204),
        (states.READY, "self-service-package-delivery", wrong, 422),
        (states.READY, "resend-code", nothing, 204),
    ],
)
def test_over_the_api_it_is_three_with_who_the_caller_is(
    state: str, slug: str, data: Callable[[Package], dict[str, object]], status: int
) -> None:
    store = shop.make_store()
    caller = make_caller("associate", store)
    for _warm in range(2):
        package = shop.make_package(state, store=store)
        body = {"slug": slug, **data(package)}
        with watched() as wire:
            answer = caller.command(package.pk, body)
        assert answer.status_code == status
    assert wire.round_trips == ROUND_TRIPS + 1, wire.log


def test_a_browser_is_known_with_its_session_person_and_stores_in_one_statement() -> None:
    store = shop.make_store()
    browser = Client()
    browser.force_login(shop.make_user("associate", store))
    for _warm in range(2):
        package = shop.make_package(store=store)
        with watched() as wire:
            answer = browser.post(
                f"{PACKAGES}{package.pk}/command/",
                {"slug": "complete-packaging-without-shipment"},
                content_type="application/json",
            )
        assert answer.status_code == 204
    assert wire.round_trips == ROUND_TRIPS + 1, wire.log
