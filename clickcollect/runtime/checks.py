"""`clickcollect check`: is this installation fit to serve?"""

import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from clickcollect.runtime import postgres
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.ports import LOOPBACK, Ports

OF_SENDING = ("sending_paused", "codes_wait", "endpoint_fails")  # the alarms that whoever runs the shop can end
READY = "package.status.ready_for_pickup"
ANSWER_SECONDS = 5
DATABASE_SECONDS = 3  # a server that hangs takes a connection and says nothing


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: in order, or what to put right."""

    text: str
    is_fault: bool = False


def check_installation(database_url: str) -> Iterator[Finding]:
    """What is in order, and every fault. Raises Problem where nothing more can be looked at."""
    yield Finding("Settings and secrets can be read.")
    yield from check_addresses()
    yield from check_pooler(database_url)
    connection.ensure_connection()
    version = _version()
    yield Finding(f"The database answers as {connection.settings_dict['USER']}, PostgreSQL {version}.")
    yield from check_minor_version(version, known=postgres.server_version())
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Problem("The tables are not up to date. Run `clickcollect migrate`.")
    yield Finding("The tables are up to date.")
    if faults := [str(fault) for fault in run_checks() if fault.level >= ERROR]:
        raise Problem("Django reports problems in the program: " + " ".join(faults))
    yield Finding("The program is complete.")
    yield from check_shop()


def check_minor_version(version: str, *, known: str) -> Iterator[Finding]:
    """A minor release repairs faults and changes nothing else; of other majors the installed wheel knows nothing.

    Arguments: ``version``, the server's `server_version`; ``known``, that of the installed wheel, "" where it has none.
    """
    (major, minor), (known_major, known_minor) = _numbers(version), _numbers(known)
    if major == known_major and minor < known_minor:
        yield Finding(
            f"PostgreSQL {major}.{known_minor} repairs faults of {major}.{minor}, and the data stays as it is. Install "
            "it; the embedded one needs only a new start of `clickcollect run`."
        )


def check_addresses() -> Iterator[Finding]:
    """Do PUBLIC_URL, BIND and TRUSTED_PROXIES tell the same story?"""
    url, proxies, bind = settings.PUBLIC_URL, settings.TRUSTED_PROXIES, Ports.from_environment().web_bind
    host = urlsplit(url).hostname or ""
    is_local = host in ("localhost", LOOPBACK, "::1")
    if settings.SECURE and not proxies:
        yield Finding(
            f"PUBLIC_URL is {url}, and TRUSTED_PROXIES is 0. Here https is spoken by a proxy: set TRUSTED_PROXIES to "
            "how many stand in front. Until then all visitors share one address, and one budget of sign-ins.",
            is_fault=True,
        )
    elif is_local and not settings.SECURE and (proxies or bind != LOOPBACK):
        said = f"TRUSTED_PROXIES is {proxies}" if proxies else f"BIND is {bind}"
        yield Finding(
            f"{said}, and PUBLIC_URL is {url}. Set PUBLIC_URL to the address people use: under any other no form is "
            "taken.",
            is_fault=True,
        )
    else:
        yield Finding(f"People use {url}.")
        if settings.SECURE or not is_local:
            yield check_public_url(url)


def check_public_url(url: str) -> Finding:
    """Ask the way people do. That it cannot be reached from here is no fault: the way may lead from outside only."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=ANSWER_SECONDS) as answer:  # noqa: S310 (http or https)
            is_told_https = "Strict-Transport-Security" in answer.headers
    except urllib.error.HTTPError as error:
        return Finding(f"{url}/healthz answers {error.code}. Does the proxy lead here?", is_fault=True)
    except (OSError, ValueError) as error:
        cause = getattr(error, "reason", error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Finding(f"{url} has a certificate that is not trusted here: {cause.verify_message}.", is_fault=True)
        return Finding(f"{url} cannot be reached from here ({cause}): look at it in a browser.")
    if settings.SECURE and not is_told_https:
        return Finding(
            f"{url} can be reached, but the proxy does not pass on that the request was https. It must send "
            "X-Forwarded-Proto and Host.",
            is_fault=True,
        )
    return Finding(f"{url} is reached.")


def check_pooler(url: str) -> Iterator[Finding]:
    """Two open connections that are served by one process of PostgreSQL share it: so does a pooler by transaction."""
    with (
        psycopg.connect(url, autocommit=True, connect_timeout=DATABASE_SECONDS) as first,
        psycopg.connect(url, connect_timeout=DATABASE_SECONDS) as second,
    ):
        before = _process(first)
        if _process(second) == before or _process(first) != before:  # the second one keeps its transaction open
            yield Finding(
                "The database is reached through a connection pooler in transaction mode. Only the web can work so, "
                "with DATABASE_PREPARED_STATEMENTS=off; give the worker and commands such as this one a DATABASE_URL "
                "that leads to PostgreSQL itself, or set pool_mode = session.",
                is_fault=True,
            )


def check_shop() -> Iterator[Finding]:
    """Does an order find a store, a code its way out, an event its worker and who takes it?"""
    from clickcollect.omnitron.models import RetailStore  # models: not before Django is set up
    from clickcollect.oms.alarms import current_alarms, worker_lives
    from clickcollect.whisperer.models import Hook

    looks = (
        (RetailStore.objects.filter(is_active=True), "There are stores.", "There is no store. Add one in OMS WEB."),
        (
            Hook.objects.filter(event_type=READY, is_active=True),
            "A webhook takes the codes.",
            f"No active hook hears {READY}: no customer gets a code. Add the Extension's hooks (docs/extension.md).",
        ),
    )
    for rows, good, bad in looks:
        yield Finding(good) if rows.exists() else Finding(bad, is_fault=True)
    if worker_lives():
        yield Finding("A worker is running.")
    else:
        yield Finding("No worker has reported lately, so no events are sent. Start one.", is_fault=True)
    yield from (Finding(alarm.sentence, is_fault=True) for alarm in current_alarms() if alarm.kind in OF_SENDING)


def _process(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None  # noqa: S101 (a SELECT without FROM)
    return int(row[0])


def _numbers(version: str) -> tuple[int, int]:
    """`16.3 (Debian 16.3-1.pgdg120+1)` and `postgres (PostgreSQL) 16.3` are 16 and 3; (0, 0) where there is none."""
    found = re.search(r"\b([0-9]+)\.([0-9]+)\b", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])
