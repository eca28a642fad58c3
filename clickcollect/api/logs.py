"""The state transition log over HTTP: who moved what from where to where, and what was refused."""

from typing import Annotated, Any, Final, Literal

from django.db.models import QuerySet
from ninja import Field, Query, Router

from clickcollect.api.authentication import ApiRequest
from clickcollect.api.pagination import NEWEST, Key, Objects, Paging, paginate
from clickcollect.api.schemas import LogOut, Page
from clickcollect.errors import NotFound
from clickcollect.omnitron.field_types import Line, Moment, sized
from clickcollect.oms.access import Actor
from clickcollect.oms.events import documents
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import PackageState
from clickcollect.wire_format import LARGEST_ID, utc

router = Router(tags=["Log"])

NEWEST_OF_STORES: Final = Key(columns=("at", "id"), descending=True)
SHOWN_KINDS: Final = (LogKind.MOVE, LogKind.REFUSED)


class LogFilters(Paging):
    """Which entries. States are named by their `enum_value`."""

    kind: Annotated[Literal["move", "refused"], Field(description="Moves, or refused attempts.")] = "move"
    object_id: Annotated[int | None, Field(ge=0, le=LARGEST_ID, description="The package's id.")] = None
    old_state: Annotated[Line | None, sized(16)] = None
    new_state: Annotated[Line | None, sized(16)] = None
    created_date__gte: Annotated[Moment | None, Field(description="At this time or later.")] = None


def entries_of(actor: Actor) -> QuerySet[CommandLog]:
    """The entries of the caller's stores."""
    rows = CommandLog.objects.all()
    return rows if actor.store_ids is None else rows.filter(store_id__in=actor.store_ids)


def log_sort_key(actor: Actor) -> Key:
    """The log of a store has its index by time, the log of all by id; the newest comes first in both."""
    return NEWEST if actor.store_ids is None else NEWEST_OF_STORES


class Documents:
    """Entries as documents; the states' names are read once for all of them."""

    def __init__(self) -> None:
        self.states = {state.enum_value: documents.state_document(state) for state in PackageState.objects.all()}

    def __call__(self, entry: CommandLog) -> dict[str, Any]:
        refusal = {"error.code": entry.code} if entry.kind == LogKind.REFUSED else {}
        return {
            "id": entry.pk,
            "kind": entry.kind,
            "old_state": self.states.get(entry.old_state),
            "new_state": self.states.get(entry.new_state),
            "user": entry.actor_id,
            "attributes": {**entry.attributes, **refusal},
            "created_date": utc(entry.at),
            "object_id": entry.package_id,
        }


@router.get("/", response=Page[LogOut], summary="List the log", operation_id="list_log")
def list_entries(request: ApiRequest, filters: Query[LogFilters]) -> dict[str, Any]:
    """What happened to the packages of the caller's stores, newest first."""
    request.actor.require("logs:read")
    wanted = {
        "kind": filters.kind,
        "package_id": filters.object_id,
        "old_state": filters.old_state,
        "new_state": filters.new_state,
        "at__gte": filters.created_date__gte,
    }
    rows = entries_of(request.actor).filter(**{name: value for name, value in wanted.items() if value is not None})
    return paginate(
        Objects(rows), request=request, paging=filters, key=log_sort_key(request.actor), document=Documents()
    )


@router.get("/{id:entry_id}/", response=LogOut, summary="Read a log entry", operation_id="read_log_entry")
def read_entry(request: ApiRequest, entry_id: int) -> dict[str, Any]:
    """One entry."""
    request.actor.require("logs:read")
    entry = entries_of(request.actor).filter(pk=entry_id, kind__in=SHOWN_KINDS).first()
    if entry is None:
        raise NotFound
    return Documents()(entry)
