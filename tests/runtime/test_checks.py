"""`clickcollect check` at night: it says what is wrong with sending, and does not hang with the database."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.utils.timezone import now

from clickcollect.runtime import console
from clickcollect.runtime.checks import Finding, check_installation, check_shop
from clickcollect.runtime.cli_errors import sentence_of
from clickcollect.runtime.data_dir import DataFolder, Holder
from clickcollect.runtime.database import URLS
from clickcollect.runtime.errors import Problem
from clickcollect.whisperer.models import Endpoint, Reason
from tests import shop


def faults() -> list[str]:
    return [finding.text for finding in check_shop() if finding.is_fault]


@pytest.mark.django_db
def test_a_receiver_that_fails_is_named_with_its_reason() -> None:
    shop.make_store()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    before = faults()

    Endpoint.objects.create(
        target_url="https://sms.example.com/",
        failures=10,
        failing_since=now(),
        last_reason=Reason.CERTIFICATE_EXPIRED,
    )

    (found,) = set(faults()) - set(before)
    assert found.startswith("https://sms.example.com/: The receiver's certificate has expired.")


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A port that takes connections and never says a word, as PostgreSQL does while it hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_database_that_hangs_is_told_and_not_waited_for(silent_server: int) -> None:
    told: list[Finding] = []
    began = time.monotonic()

    with pytest.raises(psycopg.OperationalError) as refusal:
        told.extend(check_installation(f"postgres://someone:secret@127.0.0.1:{silent_server}/shop"))

    assert time.monotonic() - began < 20
    sentence = sentence_of(refusal.value)
    assert sentence is not None
    assert "secret" not in sentence
    assert "PostgreSQL" in sentence or "database" in sentence


def test_a_shop_whose_own_postgresql_hangs_is_not_said_to_be_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a running `clickcollect run`: its PostgreSQL is looked for as long as a start may take."""
    home = DataFolder(tmp_path / "var")
    home.make()
    home.make_keys()
    home.postgres.mkdir()
    (home.postgres / "PG_VERSION").write_text("18")
    monkeypatch.setenv("CLICKCOLLECT_HOME", str(home.path))
    for name in URLS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(console, "WAIT_SECONDS", 0.1)

    with (
        home.hold(Holder(os.getpid(), "run")),
        pytest.raises(Problem, match=r"its PostgreSQL is not responding.*postgres\.log"),
        console.environment("check", needed=(), secrets=()),
    ):
        pass
