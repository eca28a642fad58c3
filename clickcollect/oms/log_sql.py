"""Log entries as answers by fixed SQL (contract section 2)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from orjson import Fragment

from clickcollect.oms import configuration
from clickcollect.oms.access import Actor
from clickcollect.oms.events.documents import state_document
from clickcollect.oms.list_sql import Rows, utc

COLUMNS: Final = f"""
    entry.id, entry.kind, entry.old_state, entry.new_state, entry.actor_id,
    (entry.attributes || CASE entry.kind WHEN 'refused' THEN jsonb_build_object('error.code', entry.code)
        ELSE '{{}}'::jsonb END)::text,
    {utc("entry.at")}, entry.package_id
"""
LOG: Final = Rows(table="oms_commandlog", alias="entry", columns=COLUMNS)
SHOWN: Final = "entry.kind IN ('move', 'refused')"  # the others are for OMS WEB
CONDITIONS: Final = {
    "id": "entry.id = %(id)s::bigint",
    "kind": "entry.kind = %(kind)s::text",
    "object_id": "entry.package_id = %(object_id)s::bigint",
    "old_state": "entry.old_state IN (%(old_state)s::text)",
    "new_state": "entry.new_state IN (%(new_state)s::text)",
    "created_date__gte": "entry.at >= %(created_date__gte)s::timestamptz",
}


def log_rows_of(actor: Actor) -> Rows:
    """The entries of the caller's stores."""
    return LOG.in_stores("entry.store_id", actor.store_ids)


def filtered_log(rows: Rows, asked: Mapping[str, Any]) -> Rows:
    """Those of them that meet every condition; ``asked`` by the names of the API's filters."""
    for name, value in asked.items():
        rows = rows.where(CONDITIONS[name], **{name: value})
    return rows


class LogDocuments:
    """Rows as documents; the states are those of the configuration of this moment."""

    def __init__(self) -> None:
        states = configuration.current().states.values()
        self.states = {state.enum_value: Fragment(json.dumps(state_document(state))) for state in states}

    def __call__(self, row: Sequence[Any]) -> dict[str, Any]:
        entry_id, kind, old_state, new_state, actor_id, attributes, at, package_id, *_key = row
        return {
            "id": entry_id,
            "kind": kind,
            "old_state": self.states.get(old_state),
            "new_state": self.states.get(new_state),
            "user": actor_id,
            "attributes": Fragment(attributes),
            "created_date": at,
            "object_id": package_id,
        }
