"""`clickcollect check --deploy`: what works today, and would hurt on a bad day."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import connection

from clickcollect.runtime.checks import READY, Finding
from clickcollect.runtime.errors import listed
from clickcollect.runtime.values import EXTENSION_THREADS, WEB_THREADS, threads, web_processes

OLDEST_BACKUP: Final = timedelta(days=1, hours=1)  # a nightly one may take its time
MOST_SKEW: Final = timedelta(seconds=2)
WORKER_CONNECTIONS: Final = 10  # of each worker (docs/running.md)
OTHERS: Final = 5  # migrate, check and the person who looks
RIGHTS: Final = ("UPDATE", "DELETE", "TRUNCATE")


def check_deployment(*, keys_copy: Path | None) -> Iterator[Finding]:
    """Clocks, connections, rights, hooks, standbys, backups, keys; each that is in order, and every fault.

    Arguments: ``keys_copy``, the copy of the keys that is kept elsewhere, brought here to be compared.
    """
    yield check_clock()
    yield check_connections()
    yield check_log_rights()
    yield check_hook_secrets()
    yield check_standbys()
    yield check_backup()
    yield check_keys_copy(keys_copy)


def check_clock() -> Finding:
    """This machine's clock and the database's agree: signatures of webhooks are valid for minutes."""
    before = time.time()
    answer = _value("SELECT clock_timestamp()")
    middle = datetime.fromtimestamp((before + time.time()) / 2, UTC)
    skew = abs(answer - middle)
    if skew > MOST_SKEW:
        seconds = round(skew.total_seconds(), 1)
        return Finding(
            f"The clocks of this machine and of the database are {seconds} s apart. Let NTP set both: webhooks are "
            "refused when they are minutes apart.",
            is_fault=True,
        )
    return Finding("The clocks of this machine and of the database agree.")


def check_connections() -> Finding:
    """PostgreSQL takes as many connections as the programs of this machine may ask for."""
    row = _row(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int, "
        "(SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user)"
    )
    allowed = row[0] if row[1] < 0 else min(row)
    web = web_processes() * threads(WEB_THREADS)
    needed = web + WORKER_CONNECTIONS + threads(EXTENSION_THREADS) + OTHERS
    if allowed < needed:
        return Finding(
            f"PostgreSQL allows {allowed} connections, and this machine may ask for {needed}: {web} for the web, "
            f"{WORKER_CONNECTIONS} for a worker, the rest for the Extension and for commands. Raise max_connections, "
            "or lower WEB_PROCESSES or WEB_THREADS.",
            is_fault=True,
        )
    return Finding(f"PostgreSQL allows {allowed} connections; this machine asks for at most {needed}.")


def check_log_rights() -> Finding:
    """The application adds to the log and reads it, and nothing else (docs/safety.md)."""
    from clickcollect.oms.log.write import APPEND_ONLY_TABLES  # models: not before Django is set up

    too_much = sorted(
        f"{right} on {table}"
        for table in APPEND_ONLY_TABLES
        for right in RIGHTS
        if _value("SELECT has_table_privilege(%s, %s)", table, right)
    )
    if too_much:
        return Finding(
            f"The application's role may {too_much[0]}"
            f"{f' and {len(too_much) - 1} more' if len(too_much) > 1 else ''}: the log could be rewritten unseen. Use "
            "a role for DATABASE_URL that owns nothing, and run `clickcollect migrate`, which takes such rights away.",
            is_fault=True,
        )
    return Finding("The application's role cannot rewrite the log.")


def check_hook_secrets() -> Finding:
    """Whoever hears of codes can tell that it was us: an unsigned event may be anybody's."""
    from clickcollect.whisperer.models import Hook

    unsigned = Hook.objects.filter(is_active=True, deleted_at=None, secret="").order_by("pk")
    if bare := list(unsigned.values_list("event_type", "target_url")[:3]):
        named = "; ".join(f"{event_type} to {url}" for event_type, url in bare)
        codes = any(event_type == READY for event_type, _url in bare)
        return Finding(
            f"Webhooks without a secret: {named}. Their receivers cannot tell our events from forged ones"
            f"{', and codes go there' if codes else ''}. Add a secret to each in OMS WEB.",
            is_fault=True,
        )
    return Finding("Every webhook signs what it sends.")


def check_standbys() -> Finding:
    """A standby that takes over has everything that was answered, which only a synchronous one can promise."""
    standbys = _value("SELECT count(*) FROM pg_stat_replication")
    synchronous = _value("SELECT current_setting('synchronous_standby_names')")
    if standbys and not synchronous:
        return Finding(
            f"{standbys} standby follows this PostgreSQL as an asynchronous one. If it takes over, packages that were "
            "handed over and wrong codes that were counted may come back. Set synchronous_standby_names, or never "
            "promote it.",
            is_fault=True,
        )
    return Finding("A standby is synchronous." if standbys else "No standby follows this PostgreSQL.")


def check_backup() -> Finding:
    """What is lost with this machine's disk is at most a day."""
    from clickcollect.oms.log_models import CommandLog, NoteKind

    last = CommandLog.objects.filter(note_kind=NoteKind.BACKED_UP).order_by("-id").first()
    age = datetime.now(UTC) - datetime.fromisoformat(last.attributes["backup.at"]) if last else None
    if age is None or age > OLDEST_BACKUP:
        said = "There is no backup yet." if age is None else f"The newest backup is {age.days} days old."
        return Finding(
            f"{said} Run `clickcollect backup DIR` every night (docs/deploy/backup.md). Backups your provider "
            "makes are not visible here.",
            is_fault=True,
        )
    return Finding("The newest backup is less than a day old.")


def check_keys_copy(copy: Path | None) -> Finding:
    """The keys that codes and secrets need are kept elsewhere too, and are the very same."""
    from clickcollect.oms.codes.keys import key_usage

    if copy is None:
        return Finding(
            "It is unknown whether a copy of PICKUP_CODE_KEYS is kept elsewhere. Bring it here, and pass it "
            "with --keys-copy FILE: without the keys no code that a customer holds can be checked.",
            is_fault=True,
        )
    try:
        text = copy.read_text()
        entries = [line.partition("=")[2] for line in text.splitlines() if line.startswith("PICKUP_CODE_KEYS=")]
        copied = _entries((entries or [text])[0])
    except (OSError, UnicodeDecodeError):
        copied = {}
    if not copied:
        return Finding(f"{copy} is neither a copy of PICKUP_CODE_KEYS nor a keys.env.", is_fault=True)
    known = _entries(os.environ["PICKUP_CODE_KEYS"])
    needed = [key.key_id for key in key_usage() if key.is_newest or key.open_issues or key.sealed_secrets]
    if lost := [key_id for key_id in needed if key_id not in copied or copied[key_id] != known.get(key_id)]:
        return Finding(f"The copy {copy} lacks {listed(lost)}. Copy the keys again.", is_fault=True)
    return Finding(f"The copy {copy} has every key that is needed.")


def _entries(text: str) -> dict[str, str]:
    """`id:base64,…` by id; nothing of what is no such list."""
    pairs = (part.strip().partition(":") for part in text.split(","))
    return {name: value for name, _colon, value in pairs if name and value}


def _row(query: str, *parameters: str) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters or None)
        found: tuple[int, int] = cursor.fetchone()
    return found


def _value(query: str, *parameters: str) -> Any:
    return _row(query, *parameters)[0]
