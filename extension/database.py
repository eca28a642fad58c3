"""A statement that must see what others did before it: with a lock, in one transaction and one round trip."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import connection, transaction

LOCK: Final = "SELECT pg_advisory_xact_lock(%s)"


def in_one_trip(statement: str, values: Mapping[str, Any], *, lock: int) -> list[tuple[Any, ...]]:
    """Take the lock, then run the statement, whose snapshot is taken when the lock is there; its rows.

    The lock ends with the transaction. Ids of packages are positive; a lock of another kind is a negative number.
    """
    with transaction.atomic(durable=True), connection.cursor() as other, connection.cursor() as cursor:
        with connection.wrap_database_errors, connection.connection.pipeline():
            other.execute(LOCK, [lock])
            cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
