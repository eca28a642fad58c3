"""What the application's database role may do: work with rows, never with tables, and never rewrite the log."""

from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

MIGRATIONS_TABLE = "django_migrations"

# What every session of a role begins with. Statements are planned for their own values: a plan made for all values
# reads a long table from end to end for a filter that nothing matches (docs/decisions/0004-long-lists.md).
# What was told is on disk, whatever the server's own default is (docs/safety.md, statement 6). Times that are read as
# text are ISO 8601 (oms/columns.py).
SESSIONS: Final = {
    "plan_cache_mode": "force_custom_plan",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "synchronous_commit": "on",
}


def set_up_sessions(connections: Iterable[BaseDatabaseWrapper]) -> None:
    """Each role sets its own, by its own address: a pooler may drop what a client asks for at its start."""
    for connection in connections:
        with connection.cursor() as cursor:
            for name, value in SESSIONS.items():
                cursor.execute(f"ALTER ROLE CURRENT_USER SET {name} = '{value}'")
        connection.close()  # sessions that are open go on as they began


def grant_application_role(owner_connection: BaseDatabaseWrapper, application_role: str) -> None:
    """After every migration: rows of every table, but the log only grows and the migrations are the owner's.

    Everything or nothing, so that there is no moment in which the log could be rewritten.
    """
    from clickcollect.oms.log.write import APPEND_ONLY_TABLES  # models: not before Django is set up

    quote = owner_connection.ops.quote_name
    role = quote(application_role)
    grants = [
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON {quote(MIGRATIONS_TABLE)} FROM {role}",
        *(f"REVOKE UPDATE, DELETE, TRUNCATE ON {quote(table)} FROM {role}" for table in APPEND_ONLY_TABLES),
    ]
    with transaction.atomic(using=owner_connection.alias), owner_connection.cursor() as cursor:
        for grant in grants:
            cursor.execute(grant)
