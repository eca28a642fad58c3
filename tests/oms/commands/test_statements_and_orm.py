"""The fixed SQL of the hot roads says what the ORM says of the same rows."""

import re
from itertools import combinations
from typing import Any

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.db import DataError, models, transaction
from django.test import Client

from clickcollect.accounts.models import LOGIN_NAME, Channel
from clickcollect.accounts.tokens import create_token
from clickcollect.errors import StateConflict
from clickcollect.omnitron.models import Order, RetailStore
from clickcollect.oms import configuration, states
from clickcollect.oms.access import RIGHTS, SYSTEM, actor_for
from clickcollect.oms.browser_sessions import SessionStore, brought_along
from clickcollect.oms.callers import caller_of
from clickcollect.oms.codes import attempt_limits
from clickcollect.oms.commands import statements
from clickcollect.oms.events.documents import order_document, package_document
from clickcollect.oms.models import AppliedSetting, CodeIssue, CommandTransition, Package, PackageState
from clickcollect.whisperer import outbox
from tests import shop

pytestmark = pytest.mark.django_db


def columns(row: models.Model, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    names = [field.attname for field in row._meta.concrete_fields if field.attname not in without]
    found = {name: getattr(row, name) for name in names}
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in found.items()}


def test_what_is_locked_and_read() -> None:
    package = shop.make_package(states.READY)
    sibling = shop.make_package(order=package.order)
    with transaction.atomic():
        found = statements.lock_and_read(package_id=package.pk, actor=SYSTEM, is_trying=True)
    read = found.package
    assert read is not None
    assert found.issue is not None
    assert columns(read, without=("search",)) == columns(Package.objects.get(pk=package.pk), without=("search",))
    assert columns(read.order) == columns(Order.objects.get(pk=package.order_id))
    assert columns(read.stock_location) == columns(RetailStore.objects.get(pk=package.stock_location_id))
    assert columns(found.issue) == columns(CodeIssue.objects.get(package=package))
    assert sorted(found.siblings) == [(package.pk, package.state_id, 1), (sibling.pk, sibling.state_id, 0)]
    read.state = package.state
    assert package_document(read) == package_document(shop.reread(package))
    assert order_document(read.order) == order_document(package.order)


def test_the_configuration() -> None:
    shop.put_setting("OTP_LENGTH", value=8)
    shop.put_setting("OTP_LENGTH", value=4, store=shop.make_store())
    known = configuration.current()
    assert {pk: columns(state) for pk, state in known.states.items()} == {
        state.pk: columns(state) for state in PackageState.objects.all()
    }
    active = CommandTransition.objects.filter(is_active=True)
    assert [columns(transition) for transition in known.transitions] == [columns(row) for row in active]
    assert [(t.source, t.destination) for t in known.transitions] == [(row.source, row.destination) for row in active]
    for row in AppliedSetting.objects.all():
        assert known.settings_of(row.store_id)[row.key] == row.json_value


@pytest.mark.parametrize("role", ["associate", "manager", "operator", "admin"])
@pytest.mark.parametrize("named", [[], ["IST-01"], ["IST-01", "BER-01"], ["nowhere"]])
def test_who_calls_with_a_token(role: str, named: list[str]) -> None:
    mine, other = shop.make_store("IST-01"), shop.make_store("BER-01")
    user = shop.make_user(role, mine)
    made = create_token(user=user, name="till", scopes=RIGHTS, channel=Channel.OMS_WEB, stores=named)
    caller = caller_of(made.key)
    assert caller is not None
    person = actor_for(user, channel=Channel.OMS_WEB)
    told = {"IST-01": mine.pk, "BER-01": other.pk}
    ids = frozenset(told[name] for name in named if name in told)
    expected = person.store_ids if not named else ids if person.store_ids is None else ids & person.store_ids
    assert (caller.actor.store_ids, caller.actor.channel, caller.actor.role) == (expected, person.channel, person.role)
    assert (caller.actor.user_id, caller.actor.name) == (person.user_id, person.name)
    assert caller.actor.scopes == frozenset(RIGHTS)
    assert caller.actor.is_program
    sign_in = caller_of(create_token(user=user, name=LOGIN_NAME, scopes=RIGHTS).key)
    assert sign_in is not None
    assert not sign_in.actor.is_program


def session_of(browser: Client) -> SessionBase:
    return SessionStore(browser.cookies["sessionid"].value)


def test_who_is_signed_in_with_a_browser() -> None:
    store = shop.make_store()
    user = shop.make_user("associate", store)
    browser = Client()
    browser.force_login(user)
    known = brought_along(session_of(browser))
    assert known == user
    assert actor_for(known) == actor_for(user)
    user.set_password("another password")
    user.save()
    assert brought_along(session_of(browser)) is None
    assert browser.get("/instore/").status_code == 302


def test_who_is_deactivated_or_deleted_is_nobody_at_the_next_request() -> None:
    user = shop.make_user("associate", shop.make_store())
    browser = Client()
    browser.force_login(user)
    assert browser.get("/instore/").status_code == 200
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    assert browser.get("/instore/").status_code == 302


def test_data_that_the_database_refuses_is_no_conflict() -> None:
    """Only the division that `update_package` asks for says that a row has changed."""
    with pytest.raises(StateConflict), transaction.atomic(), statements.last_round_trip() as execute:
        execute("SELECT 1 / 0")
    with pytest.raises(DataError), transaction.atomic(), statements.last_round_trip() as execute:
        execute("SELECT 40000::smallint")


def test_parts_of_one_statement_share_no_value_but_package_and_moment() -> None:
    """They travel with one set of values: a name that two of them used differently would write the wrong one."""
    counting = [attempt_limits.COUNT_ON_PACKAGE, attempt_limits.COUNT_FOR_PROGRAM]
    parts = [
        *(statements.UPDATE_PACKAGE, statements.UPDATE_ORDER, statements.CLOSE_ISSUE, statements.OPEN_ISSUE),
        *(outbox.PUBLISHED, outbox.QUEUED, outbox.WAKE, statements.LOG, statements.NOTES, "\n".join(counting)),
        *(statements.assignments({"state_id": 1, "amount": 2}, of=row)[0] for row in ("package", "order")),
    ]
    named = [
        set(re.findall(r"%\((\w+)\)s", part.format(columns="") if "{columns}" in part else part)) for part in parts
    ]
    assert all(named)
    for one, other in combinations(named, 2):
        assert one & other <= {"package", "now"}
    starting = [name for names in named[:-2] for name in names if re.match("(package|order|log)_", name)]
    assert {name.partition("_")[0] for name in starting} == {"log"}
