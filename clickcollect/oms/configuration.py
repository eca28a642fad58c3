"""The configuration in memory: states, command transitions, settings and active hooks, with the version they have.

The version is a value in one row that is new after every change; triggers put it there in the change's own
transaction, so that a change by hand in SQL counts too. Whoever has read the version asks for the snapshot that
belongs to it; it is read anew when it differs, in one statement, so that version and contents are of one moment.
A number from a sequence or a time would be seen before its change is committed, and then hide it for ever.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from django.db import connection, models

from clickcollect.oms.models import CommandTransition, PackageState

Row = TypeVar("Row", bound=models.Model)

VERSION: Final = "SELECT version::text FROM oms_configurationversion"
SNAPSHOT: Final = """
SELECT (SELECT version::text FROM oms_configurationversion),
    (SELECT json_agg(state)::text FROM oms_packagestate state),
    (SELECT json_agg(transition ORDER BY transition.position, transition.id)::text
        FROM oms_commandtransition transition WHERE transition.is_active),
    (SELECT json_agg(json_build_array(key, store_id, json_value))::text FROM oms_appliedsetting),
    (SELECT json_agg(DISTINCT event_type)::text FROM whisperer_hook WHERE is_active)
"""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """All of it at one moment. Shared by every request of the process: read it, never change it.

    ``transitions``: the active ones, in the order of the list, each with its states.
    ``applied``: the settings that differ from their defaults, by store, None for every store.
    ``subscribed``: the types of events that somebody wants to hear of.
    """

    version: str | None
    states: Mapping[int, PackageState]
    transitions: Sequence[CommandTransition]
    applied: Mapping[int | None, Mapping[str, Any]] = field(default_factory=dict)
    subscribed: frozenset[str] = frozenset()

    def settings_of(self, store_id: int | None) -> dict[str, Any]:
        """What was set for this store; its own value wins over the general one."""
        general = self.applied.get(None, {})
        return {**general, **self.applied.get(store_id, {})} if store_id else dict(general)


_known: Configuration | None = None


def current() -> Configuration:
    """The configuration of this moment; one statement unless it has changed."""
    with connection.cursor() as cursor:
        cursor.execute(VERSION)
        row = cursor.fetchone()
    return of_version(row[0] if row else None)


def of_version(version: str | None) -> Configuration:
    """The configuration of the version that was just read, or a newer one; without a version it is read each time."""
    global _known  # noqa: PLW0603  one reference, replaced whole
    known = _known
    if known is None or version is None or known.version != version:
        known = _known = read_configuration()
    return known


def read_configuration() -> Configuration:
    """All of it from the database, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT)
        version, *texts = cursor.fetchone()
    states, transitions, settings, hooks = (json.loads(text or "[]") for text in texts)
    by_id = {row["id"]: made(PackageState, row) for row in states}
    applied: dict[int | None, dict[str, Any]] = {}
    for key, store_id, value in settings:
        applied.setdefault(store_id, {})[key] = value
    return Configuration(
        version=version,
        states=by_id,
        transitions=[with_states(made(CommandTransition, row), by_id) for row in transitions],
        applied=applied,
        subscribed=frozenset(hooks),
    )


def made(model: type[Row], row: Mapping[str, Any]) -> Row:
    """A row as the ORM would have read it."""
    names = [column.attname for column in model._meta.concrete_fields]  # noqa: SLF001
    return model.from_db(connection.alias, names, [row[name] for name in names])


def with_states(transition: CommandTransition, states: Mapping[int, PackageState]) -> CommandTransition:
    transition.source, transition.destination = states[transition.source_id], states[transition.destination_id]
    return transition
