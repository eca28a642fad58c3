"""`clickcollect check`: is this installation fit to serve?"""

from collections.abc import Iterator

from django.core.checks import ERROR, run_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from clickcollect.processes.problem import Problem


def look() -> Iterator[str]:
    """One line for each thing that is in order. Raises Problem at the first that is not."""
    yield "Settings and secrets can be read."
    connection.ensure_connection()
    yield f"The database answers as {connection.settings_dict['USER']}, PostgreSQL {_version()}."
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Problem("The tables are not up to date. Run `clickcollect migrate`.")
    yield "The tables are up to date."
    faults = [str(fault) for fault in run_checks() if fault.level >= ERROR]
    if faults:
        raise Problem("Django finds faults in the program: " + " ".join(faults))
    yield "The program is complete."


def _version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])
