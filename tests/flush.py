"""Making, and emptying between tests, the one test database. Both are the owner's work."""

from importlib.util import find_spec

from django.conf import settings
from django.db import OperationalError, connections, transaction

from clickcollect.processes.roles import grant_application_role
from tests import cluster

# Made by the migrations, changed by nobody: they survive.
KEPT_TABLES = ["django_migrations", "django_content_type", "auth_permission"]


def create_database(*, suffix: str) -> str:
    """Make and migrate the test database as the owner, and point the application's connection at it."""
    owner = connections["owner"]
    role = connections["default"].settings_dict["USER"]
    if suffix:
        owner.settings_dict["NAME"] += f"_{suffix}"
    name = owner.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connections["default"].close()
    connections["default"].settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
    grant_application_role(owner, role)
    owner.close()
    return name


def empty_tables() -> None:
    """After a test that really committed: every table empty, numbers from 1 again, the reference rows back."""
    for connection in connections.all(initialized_only=True):
        connection.close()
    try:
        _truncate()
    except OperationalError:  # a thread of the test still holds a lock
        connections["owner"].close()
        cluster.end_backends(connections["owner"].settings_dict["NAME"])
        _truncate()
    if find_spec("clickcollect.oms.seed"):
        from clickcollect.oms.seed import seed_reference_data

        seed_reference_data(using="owner")
    connections["owner"].close()


def _truncate() -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        cursor.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL(%s)",
            [KEPT_TABLES],
        )
        tables = ", ".join(row[0] for row in cursor.fetchall())
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
