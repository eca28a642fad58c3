"""Making, and emptying between tests, the one test database.

Emptying touches only what a test has touched: a TRUNCATE of every table makes a new file for each of them and for each
of their indexes, and takes longer than most tests.
"""

import os
from collections.abc import Callable
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import errors, sql

from clickcollect.runtime.roles import grant_application_role, set_up_sessions
from tests import postgres

# Made by the migrations, changed by nobody: they survive.
KEPT_TABLES = ["django_migrations", "django_content_type", "auth_permission"]
MIGRATED = "clickcollect_tests_migrated"
MAKING = 0x3A6E  # one test process at a time
LARGE = 4 * 1024 * 1024  # bytes; what was so full leaves too many dead rows behind

# One function, so that what is emptied costs one round trip; on a connection that stays, so that the server has its
# catalogue at hand. A table without a page has never had a row.
EMPTY_TABLES = """
CREATE FUNCTION kept.empty_tables() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    every text[];
    touched text[];
    touched_size bigint;
    one text;
BEGIN
    SELECT array_agg(c.oid::regclass::text) INTO every FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL ({kept});
    EXECUTE 'LOCK TABLE ' || array_to_string(every, ', ') || ' IN ACCESS EXCLUSIVE MODE';
    SELECT array_agg(name), sum(size) INTO touched, touched_size
        FROM (SELECT name, pg_relation_size(name::regclass) AS size FROM unnest(every) name) sizes WHERE size > 0;
    IF touched_size > {large} THEN
        EXECUTE 'TRUNCATE ' || array_to_string(every, ', ');
    ELSE
        FOREACH one IN ARRAY touched LOOP
            EXECUTE 'DELETE FROM ' || one;
        END LOOP;
    END IF;
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept' LOOP
        EXECUTE format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%1$I', one);
    END LOOP;
    PERFORM kept.restart_numbers();
END $$
"""
RESTART_NUMBERS = """
CREATE FUNCTION kept.restart_numbers() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one text;
BEGIN
    PERFORM setval(s.seqrelid, s.seqstart, false) FROM pg_sequence s
        JOIN pg_depend d ON d.objid = s.seqrelid AND d.deptype IN ('a', 'i')
        JOIN pg_class t ON t.oid = d.refobjid
        WHERE pg_sequence_last_value(s.seqrelid) IS NOT NULL AND t.relname <> ALL ({kept});
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept' LOOP
        EXECUTE format('SELECT setval(pg_get_serial_sequence(%1$L, ''id''), max(id)) FROM public.%1$I', one);
    END LOOP;
END $$
"""


def create_database(*, suffix: str) -> str:
    """Make the test database, owned by the owner, and point the application's connection at it.

    It is a copy of one that is migrated once for all test processes of a server: migrating takes seconds, copying does
    not.
    """
    owner, default = connections["owner"], connections["default"]
    name = f"test_{owner.settings_dict['NAME']}" + (f"_{suffix}" if suffix else "")
    with psycopg.connect(os.environ[postgres.SUPERUSER_URL], autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [MAKING])
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [MIGRATED]).fetchone():
            migrate(connection)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                *map(sql.Identifier, (name, MIGRATED, owner.settings_dict["USER"]))
            )
        )
    default.close()
    for one in (owner, default):
        one.settings_dict["NAME"] = settings.DATABASES[one.alias]["NAME"] = name
    return name


def migrate(connection: psycopg.Connection) -> None:
    """The database that others are copied from; it has its name only when it is whole."""
    owner, unfinished = connections["owner"], f"{MIGRATED}_unfinished"
    owner.settings_dict["TEST"]["NAME"] = unfinished
    owner.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    grant_application_role(owner, connections["default"].settings_dict["USER"])
    owner.close()
    default = connections["default"]
    default.settings_dict["NAME"] = unfinished
    set_up_sessions([owner, default])
    with superuser(unfinished) as inside:
        keep_reference_rows(inside)
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    connection.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(MIGRATED)))


def empty_tables() -> None:
    """After a test that really committed: every table empty, numbers from 1 again, the reference rows back."""
    for connection in connections.all(initialized_only=True):
        connection.close()
    try:
        as_superuser("SELECT kept.empty_tables()", patience="1s")
    except errors.LockNotAvailable:  # a thread of the test still holds a lock
        postgres.end_backends(str(connections["default"].settings_dict["NAME"]))
        as_superuser("SELECT kept.empty_tables()", patience="60s")


_moved = False


def numbers_have_moved() -> None:
    """A test was rolled back: it took its rows with it, but not their numbers."""
    global _moved  # noqa: PLW0603
    _moved = True


def restart_moved_numbers() -> None:
    """Before a test that commits: its ids begin at 1, whatever ran before it."""
    global _moved  # noqa: PLW0603
    if _moved:
        as_superuser("SELECT kept.restart_numbers()")
        _moved = False


def database_url() -> str:
    """Where a process of its own finds the test database, as the application."""
    here = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(here._replace(path=f"/{connections['default'].settings_dict['NAME']}"))


def migrate_there_and_back(app: str, target: str, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Take an app back to a migration, do something there, and bring it up to date, with the rights on new tables."""
    for connection in connections.all(initialized_only=True):
        connection.close()
    call_command("migrate", app, target, database="owner", verbosity=0)
    try:
        meanwhile()
    finally:
        call_command("migrate", app, database="owner", verbosity=0)
        grant_application_role(connections["owner"], connections["default"].settings_dict["USER"])
        connections["owner"].close()


def superuser(database: str) -> psycopg.Connection:
    """Somebody for whom no foreign key says in which order rows go."""
    return psycopg.connect(
        os.environ[postgres.SUPERUSER_URL], dbname=database, options="-c session_replication_role=replica"
    )


_open: psycopg.Connection | None = None


def as_superuser(statement: LiteralString, *, patience: str = "60s") -> None:
    """In the test database, on one connection for the whole session; a new one where a test has ended it."""
    global _open  # noqa: PLW0603
    while True:
        kept = _open is not None
        _open = _open or superuser(str(connections["default"].settings_dict["NAME"]))
        try:
            with _open.transaction():
                _open.execute("SELECT set_config('lock_timeout', %s, true)", [patience])
                _open.execute(statement)
        except psycopg.OperationalError:
            if not (kept and _open.closed):
                raise
            _open = None
        else:
            return


def keep_reference_rows(connection: psycopg.Connection) -> None:
    """Copy what the migrations have seeded, and a worker that lives, to be put back after each test."""
    connection.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES ('2100-01-01')")
    connection.execute("CREATE SCHEMA kept")
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL(%s)"
    for (table,) in connection.execute(tables, [KEPT_TABLES]).fetchall():
        name = sql.Identifier(table)
        if connection.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(name)).rowcount:
            connection.execute(sql.SQL("CREATE TABLE kept.{0} AS TABLE public.{0}").format(name))
    for function in (RESTART_NUMBERS, EMPTY_TABLES):
        connection.execute(sql.SQL(function).format(kept=KEPT_TABLES, large=LARGE))
