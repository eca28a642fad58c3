"""The configuration in memory holds for nobody a moment longer than in the database, in any process."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.db import connections, transaction

from clickcollect.accounts.tokens import create_token, revoke_token
from clickcollect.oms import app_settings, configuration
from clickcollect.oms.access import RIGHTS
from clickcollect.oms.models import AppliedSetting, CommandTransition, PackageState
from clickcollect.whisperer.models import Endpoint, Hook
from tests import database_reset, shop
from tests.ports import free_port
from tests.webserver.serving import Served, started
from tests.wire import watched

CONFIG = "/api/v1/instore/config/?store=IST-01"


def by_sql(statement: str) -> None:
    """As the owner of the database does it by hand."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def make_hook() -> None:
    user = shop.make_user("admin")
    endpoint = Endpoint.objects.create(target_url="http://127.0.0.1:9/")
    Hook.objects.create(user=user, event_type="order.created", target_url=endpoint.target_url, endpoint=endpoint)


CHANGES: dict[str, tuple[Callable[[], object], Callable[[configuration.Configuration], object]]] = {
    "a setting": (lambda: shop.put_setting("OTP_LENGTH", value=8), lambda known: known.settings_of(None)),
    "a transition": (
        lambda: CommandTransition.objects.filter(command_code="RESEND_CODE").update(is_active=False),
        lambda known: [transition.command_code for transition in known.transitions],
    ),
    "a state": (
        lambda: PackageState.objects.filter(enum_value="100").update(name="Waiting for packing"),
        lambda known: sorted(state.name for state in known.states.values()),
    ),
    "a hook": (make_hook, lambda known: known.subscribed),
}


@pytest.mark.django_db
@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen_and_taken_back_with_its_transaction(what: str) -> None:
    change, look = CHANGES[what]
    before = configuration.current()
    with transaction.atomic():
        change()
        assert look(configuration.current()) != look(before)
        transaction.set_rollback(True)
    assert look(configuration.current()) == look(before)


@pytest.mark.django_db
def test_what_a_delivery_notes_on_its_hook_changes_nothing() -> None:
    make_hook()
    known = configuration.current()
    Hook.objects.update(callback="x", previous_secret="y")
    Endpoint.objects.update(failures=3)
    assert configuration.current() is known
    Hook.objects.update(is_active=False)
    assert not configuration.current().subscribed


@pytest.mark.django_db(transaction=True)
def test_version_and_contents_are_of_one_moment_and_cost_one_statement() -> None:
    configuration.current()
    with watched() as unchanged:
        configuration.current()
    shop.put_setting("OTP_LENGTH", value=8)
    with watched() as changed:
        configuration.current()
    assert (unchanged.statements, changed.statements) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_without_its_version_it_is_read_each_time() -> None:
    by_sql("DELETE FROM oms_configurationversion")
    shop.put_setting("OTP_LENGTH", value=8)
    assert app_settings.settings_in_force()["OTP_LENGTH"] == 8
    AppliedSetting.objects.update(json_value=4)
    assert app_settings.settings_in_force()["OTP_LENGTH"] == 4


def web(log: Path) -> AbstractContextManager[Served]:
    """A web process of its own on the tests' database."""
    port = free_port()
    environment = {"DATABASE_URL": database_reset.database_url(), "PORT": str(port)}
    return started(["clickcollect", "serve"], log / f"web-{port}.log", port=port, path="/healthz", **environment)


@pytest.mark.timeout(240)
@pytest.mark.django_db(transaction=True)
def test_a_change_by_anybody_holds_for_the_next_request_to_every_web_process(tmp_path: Path) -> None:
    """Settings, a token and a person; changed through the ORM, through one of the two, and by the owner in SQL."""
    store = shop.make_store()
    user = shop.make_user("admin")
    made = create_token(user=user, name="till", scopes=RIGHTS)
    header = {"Authorization": f"Token {made.key}"}

    with web(tmp_path) as one, web(tmp_path) as other:

        def configurations() -> list[tuple[int, object, object]]:
            answers = [served.get(CONFIG, **header) for served in (one, other)]
            return [(a.status, a.json.get("otp_length"), a.json.get("is_enabled_otp")) for a in answers]

        assert configurations() == [(200, 6, True)] * 2
        shop.put_setting("OTP_LENGTH", value=8, store=store)
        assert configurations() == [(200, 8, True)] * 2
        by_sql("UPDATE oms_appliedsetting SET json_value = '4'")
        assert configurations() == [(200, 4, True)] * 2
        by_sql(
            "INSERT INTO oms_appliedsetting (key, json_value, modified_date) VALUES ('IS_OTP_ENABLED', 'false', now())"
        )
        assert configurations() == [(200, 4, False)] * 2
        by_sql("UPDATE accounts_user SET is_active = false")
        assert [status for status, *_ in configurations()] == [401, 401]
        by_sql("UPDATE accounts_user SET is_active = true")
        assert configurations() == [(200, 4, False)] * 2
        revoke_token(made.token.pk)
        assert [status for status, *_ in configurations()] == [401, 401]
