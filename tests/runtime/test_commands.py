"""The console commands, called as a person calls them, on the tests' database."""

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test import override_settings
from typer.testing import CliRunner, Result

from clickcollect.accounts import tokens
from clickcollect.accounts.models import ApiToken, Role, User
from clickcollect.cli import app
from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.models import Order
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log import audit
from clickcollect.oms.log_models import CommandLog
from clickcollect.runtime import postgres
from clickcollect.runtime.checks import READY, check_minor_version
from clickcollect.runtime.cli_errors import sentence_of
from clickcollect.runtime.errors import Problem
from clickcollect.whisperer.models import Endpoint, Hook
from tests import shop

DATA = Path(__file__).parents[1] / "data"
pytestmark = pytest.mark.django_db


def call(*arguments: str) -> Result:
    """Run one command; a sentence that ends it is raised as the Problem it is."""
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, Problem):
        raise result.exception
    return result


def test_a_token_is_made_shown_once_and_revoked() -> None:
    shop.make_store("IST-01")
    shop.make_user(Role.OPERATOR, username="lena")
    made = call(
        "token", "create", "lena", "--name", "till", "--scope", "orders:read", "--store", "IST-01", "--days", "3"
    )
    assert made.exit_code == 0, made.output
    key = made.stdout.strip()
    found = kept(key)
    assert found is not None
    assert (found.scopes, found.stores, found.user.username) == (["orders:read"], ["IST-01"], "lena")
    assert found.expires_at is not None

    listed = call("token", "list")
    assert "till" in listed.stdout
    assert key not in listed.output

    assert call("token", "revoke", str(found.pk)).exit_code == 0
    assert shop.caller_of(key) is None
    with pytest.raises(Problem, match=f"no active token {found.pk}"):
        call("token", "revoke", str(found.pk))


def kept(key: str) -> ApiToken | None:
    """The row of a key that works."""
    return ApiToken.objects.filter(digest=tokens.digest_of(key)).first() if shop.caller_of(key) else None


def test_a_token_is_bound_to_a_channel() -> None:
    shop.make_user(Role.OPERATOR, username="lena")
    made = call("token", "create", "lena", "--name", "till", "--channel", "INSTORE")
    found = kept(made.stdout.strip())
    assert found is not None
    assert found.channel == "INSTORE"
    with pytest.raises(Problem, match="Unknown channel: PHONE"):
        call("token", "create", "lena", "--name", "till", "--channel", "PHONE")


def test_a_token_without_scopes_has_the_rights_of_its_role() -> None:
    shop.make_user(username="sam")
    found = kept(call("token", "create", "sam", "--name", "till").stdout.strip())
    assert found is not None
    assert found.scopes == ["packages:command", "packages:read", "stores:read"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nobody"], "no active person with the username nobody"),
        (["lena", "--scope", "everything"], "Unknown scope: everything. Choose from: .*orders:read"),
        (["lena", "--store", "XXX-99"], "Unknown store: XXX-99"),
    ],
)
def test_a_token_for_nobody_or_nothing_is_refused(arguments: list[str], sentence: str) -> None:
    user = shop.make_user(Role.OPERATOR, username="lena")
    with pytest.raises(Problem, match=sentence):
        call("token", "create", *arguments, "--name", "till")
    assert not user.tokens.exists()


def test_keys_are_counted_and_made() -> None:
    assert call("keys").stdout.startswith("test: makes new codes, 0 open codes")
    assert call("keys", "new").stdout.startswith("k")


def test_the_log_is_verified_against_a_kept_head(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="Nothing is sealed yet"):
        call("audit", "export")
    package = shop.make_package()
    run_command(package_id=package.pk, transition="complete-packaging-without-shipment", actor=SYSTEM)
    audit.seal()
    head = tmp_path / "head.json"
    head.write_text(call("audit", "export").stdout)
    rows = CommandLog.objects.count()
    assert rows
    assert call("audit", "verify", "--head", str(head)).stdout == f"The log is intact: {rows} rows.\n"

    head.write_text(json.dumps(json.loads(head.read_text()) | {"hash": "00"}))
    with pytest.raises(Problem, match="no longer contains the kept head"):
        call("audit", "verify", "--head", str(head))
    head.write_text("{}")
    with pytest.raises(Problem, match="is not a head"):
        call("audit", "verify", "--head", str(head))


def test_orders_are_imported_and_bad_lines_named() -> None:
    for erp_code in ("IST-01", "IST-02", "BER-01", "LON-01"):
        shop.make_store(erp_code)
    first = call("orders", "import", str(DATA / "orders-dirty.jsonl"))
    assert first.exit_code == 1
    assert "Line " in first.stderr
    kept = Order.objects.count()
    assert kept
    assert f"New: {kept}. Amended: 0. Already known: 0." in first.stdout

    second = call("orders", "import", str(DATA / "orders-dirty.jsonl"))
    assert f"New: 0. Amended: 0. Already known: {kept}." in second.stdout
    assert Order.objects.count() == kept


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    done = call("orders", "import", str(tmp_path / "none.jsonl"))
    assert isinstance(done.exception, ValidationFailed)
    assert sentence_of(done.exception) == done.exception.errors[0]["msg"]


def test_check_finds_everything_in_order() -> None:
    complete_shop()
    done = call("check")
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("Everything is in order.\n")


def test_check_names_the_servers_version_and_knows_the_wheels() -> None:
    known = postgres.server_version()
    assert known.startswith("postgres (PostgreSQL) ")
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    assert f"PostgreSQL {version}." in call("check").output
    assert list(check_minor_version(known, known=known)) == []


@pytest.mark.parametrize(
    ("version", "known", "newer"),
    [
        ("16.3", "postgres (PostgreSQL) 16.8", "16.8"),
        ("16.3 (Debian 16.3-1.pgdg120+1)", "postgres (PostgreSQL) 16.10", "16.10"),
        ("16.9", "postgres (PostgreSQL) 16.10", "16.10"),
        ("16.10", "postgres (PostgreSQL) 16.9", ""),
        ("16.8", "postgres (PostgreSQL) 16.8", ""),
        ("15.2", "postgres (PostgreSQL) 16.8", ""),
        ("17.1", "postgres (PostgreSQL) 16.8", ""),
        ("18beta1", "postgres (PostgreSQL) 18.1", ""),
        ("16.3", "", ""),
    ],
)
def test_check_names_a_newer_minor_of_the_same_major(version: str, known: str, newer: str) -> None:
    found = list(check_minor_version(version, known=known))
    assert [finding.is_fault for finding in found] == [False] * bool(newer)
    assert all(finding.text.startswith(f"PostgreSQL {newer} repairs faults of {version[:4]}") for finding in found)


def complete_shop() -> None:
    """A store, a hook that hears of codes, a worker."""
    shop.make_store()
    url = "http://127.0.0.1:9/events/"
    endpoint = Endpoint.objects.create(target_url=url)
    user = shop.make_user(Role.ADMIN)
    Hook.objects.create(user=user, event_type=READY, target_url=url, endpoint=endpoint)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")


def test_check_sees_what_a_shop_lacks() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
    done = call("check")
    assert done.exit_code == 1
    assert "Everything is in order" not in done.output
    for words in ("There is no store", f"No active hook hears {READY}", "No worker has reported lately"):
        assert f"NOT IN ORDER: {words}" in done.stderr


@pytest.mark.parametrize(
    ("public_url", "proxies", "bind", "words"),
    [
        ("https://pickup.example.test", 0, "", "PUBLIC_URL is https://pickup.example.test, and TRUSTED_PROXIES is 0"),
        ("http://127.0.0.1:8000", 1, "", "TRUSTED_PROXIES is 1, and PUBLIC_URL is http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000", 0, "0.0.0.0", "BIND is 0.0.0.0, and PUBLIC_URL is http://127.0.0.1:8000"),
    ],
)
def test_check_sees_addresses_that_contradict_each_other(
    public_url: str, proxies: int, bind: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete_shop()
    monkeypatch.setenv("BIND", bind)
    secure = public_url.startswith("https")
    with override_settings(PUBLIC_URL=public_url, TRUSTED_PROXIES=proxies, SECURE=secure):
        done = call("check")
    assert done.exit_code == 1
    assert f"NOT IN ORDER: {words}" in done.stderr


def test_the_first_administrator_is_added_from_the_console() -> None:
    made = CliRunner().invoke(app, ["staff", "add-admin", "boss"], input="a long good phrase\na long good phrase\n")
    assert made.exit_code == 0, made.output
    assert "a long good phrase" not in made.output
    boss = User.objects.get(username="boss")
    assert (boss.role, boss.check_password("a long good phrase")) == (Role.ADMIN, True)
    with pytest.raises(Problem, match="This username is already taken"):
        call("staff", "add-admin", "boss", "--password", "another good phrase")
    with pytest.raises(Problem, match="too short"):
        call("staff", "add-admin", "chief", "--password", "short")
