"""`clickcollect check --deploy` names what would hurt; each fault is planted, and gone again it is not named."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from clickcollect.accounts.models import Role
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.log.write import APPEND_ONLY_TABLES, record_note
from clickcollect.oms.log_models import NoteKind
from clickcollect.runtime import deploy_checks
from clickcollect.runtime.checks import READY, Finding
from clickcollect.runtime.data_dir import new_code_key
from clickcollect.whisperer.models import Endpoint, Hook
from tests import shop
from tests.postgres import SUPERUSER_URL
from tests.replication import django_uses, pair

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def as_superuser() -> Iterator[psycopg.Connection]:
    """Someone who may change rights, in the database of the tests."""
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(os.environ[SUPERUSER_URL], dbname=name, autocommit=True) as open_connection:
        yield open_connection


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
@pytest.mark.parametrize("right", deploy_checks.RIGHTS)
def test_a_role_that_may_rewrite_the_log(table: str, right: str) -> None:
    role = sql.Identifier(str(connection.settings_dict["USER"]))
    words = {"right": sql.SQL(right), "table": sql.Identifier(table), "role": role}
    assert not deploy_checks.check_log_rights().is_fault
    with as_superuser() as owner:
        owner.execute(sql.SQL("GRANT {right} ON {table} TO {role}").format(**words))
        try:
            found = deploy_checks.check_log_rights()
        finally:
            owner.execute(sql.SQL("REVOKE {right} ON {table} FROM {role}").format(**words))
    assert found.is_fault
    assert f"{right} on {table}" in found.text
    assert not deploy_checks.check_log_rights().is_fault


def test_too_few_connections_for_the_processes_of_this_machine() -> None:
    with mock.patch.dict(os.environ, {"WEB_PROCESSES": "2", "WEB_THREADS": "8"}):
        assert not deploy_checks.check_connections().is_fault
    with mock.patch.dict(os.environ, {"WEB_PROCESSES": "64", "WEB_THREADS": "200"}):
        found = deploy_checks.check_connections()
    assert found.is_fault
    assert "12800 for the web" in found.text


def test_a_limit_of_the_role_counts_too() -> None:
    role = sql.Identifier(str(connection.settings_dict["USER"]))
    with as_superuser() as owner:
        owner.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT 20").format(role))
        try:
            assert "PostgreSQL allows 20 connections" in deploy_checks.check_connections().text
        finally:
            owner.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT -1").format(role))


def test_clocks_that_disagree(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not deploy_checks.check_clock().is_fault
    ours = time.time
    for wrong in (timedelta(minutes=-3), timedelta(minutes=3)):
        monkeypatch.setattr(time, "time", lambda wrong=wrong: ours() + wrong.total_seconds())
        found = deploy_checks.check_clock()
        assert found.is_fault
        assert "NTP" in found.text


def make_hook(*, secret: str, is_active: bool = True) -> None:
    endpoint, _made = Endpoint.objects.get_or_create(target_url="https://receiver.example.com/")
    user = shop.make_user(Role.ADMIN, username=f"owner-{secret}-{is_active}")
    Hook.objects.create(
        user=user,
        event_type=READY,
        target_url=endpoint.target_url,
        endpoint=endpoint,
        secret=secret,
        is_active=is_active,
    )


def test_a_hook_without_a_secret() -> None:
    make_hook(secret="sealed")
    make_hook(secret="", is_active=False)
    assert not deploy_checks.check_hook_secrets().is_fault
    make_hook(secret="")
    found = deploy_checks.check_hook_secrets()
    assert found.is_fault
    assert "codes go there" in found.text


@pytest.mark.slow
@pytest.mark.parametrize("is_synchronous", [True, False])
def test_a_standby_that_is_not_synchronous(*, is_synchronous: bool) -> None:
    with pair(is_synchronous=is_synchronous) as servers, django_uses(servers):
        found = deploy_checks.check_standbys()
    assert found.is_fault is not is_synchronous
    assert ("asynchronous" in found.text, "standby" in found.text) == (not is_synchronous, True)


def note_backup(age: timedelta) -> None:
    at = (datetime.now(UTC) - age).isoformat()
    record_note(kind=NoteKind.BACKED_UP, actor=SYSTEM, attributes={"backup.folder": "/backups", "backup.at": at})


def test_a_backup_that_is_missing_or_old() -> None:
    assert "no backup yet" in deploy_checks.check_backup().text
    note_backup(timedelta(days=3))
    assert "3 days old" in deploy_checks.check_backup().text
    note_backup(timedelta(hours=20))
    assert not deploy_checks.check_backup().is_fault


def test_a_copy_of_the_keys(tmp_path: Path) -> None:
    assert deploy_checks.check_keys_copy(None).is_fault
    copy = tmp_path / "pickup_code_keys"
    assert deploy_checks.check_keys_copy(copy).is_fault
    keys = os.environ["PICKUP_CODE_KEYS"]
    for text, is_fault in (
        (keys, False),
        (f"# The secrets\nSECRET_KEY=x\nPICKUP_CODE_KEYS={keys}\n", False),
        (new_code_key(), True),
        (f"{keys.partition(':')[0]}:{new_code_key().partition(':')[2]}", True),
        ("nonsense", True),
        ("", True),
    ):
        copy.write_text(text)
        found = deploy_checks.check_keys_copy(copy)
        assert found.is_fault is is_fault, text[:20]
        assert keys.partition(":")[2] not in found.text


def test_all_of_it_is_looked_at() -> None:
    checks: list[Callable[..., Finding]] = [
        value for name, value in vars(deploy_checks).items() if name.startswith("check_") and name != "check_deployment"
    ]
    assert len(list(deploy_checks.check_deployment(keys_copy=None))) == len(checks)
