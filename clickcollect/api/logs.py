"""The state transition log over HTTP: who moved what from where to where, and what was refused."""

from typing import Annotated, Final, Literal

from django.http import HttpResponse
from ninja import Field, Query, Router

from clickcollect.api.answers import json_answer
from clickcollect.api.authentication import ApiRequest
from clickcollect.api.pagination import NEWEST, Key, Paging, paginate
from clickcollect.api.schemas import LogOut, Page
from clickcollect.errors import NotFound
from clickcollect.omnitron.field_types import Line, Moment, sized
from clickcollect.oms import log_sql
from clickcollect.oms.access import Actor
from clickcollect.oms.list_sql import ListPart
from clickcollect.wire_format import LARGEST_ID

router = Router(tags=["Log"])

NEWEST_OF_STORES: Final = Key(columns=("at", "id"), descending=True)


class LogFilters(Paging):
    """Which entries. States are named by their `enum_value`."""

    kind: Annotated[Literal["move", "refused"], Field(description="Moves, or refused attempts.")] = "move"
    object_id: Annotated[int | None, Field(ge=0, le=LARGEST_ID, description="The package's id.")] = None
    old_state: Annotated[Line | None, sized(16)] = None
    new_state: Annotated[Line | None, sized(16)] = None
    created_date__gte: Annotated[Moment | None, Field(description="At this time or later.")] = None


def log_sort_key(actor: Actor) -> Key:
    """The log of a store has its index by time, the log of all by id; the newest comes first in both."""
    return NEWEST if actor.store_ids is None else NEWEST_OF_STORES


@router.get("/", response=Page[LogOut], summary="List the log", operation_id="list_log")
def list_entries(request: ApiRequest, filters: Query[LogFilters]) -> HttpResponse:
    """What happened to the packages of the caller's stores, newest first."""
    request.actor.require("logs:read")
    asked = filters.dict(exclude={*Paging.model_fields}, exclude_none=True)
    rows = log_sql.filtered_log(log_sql.log_rows_of(request.actor), asked)
    key = log_sort_key(request.actor)
    return json_answer(paginate(rows, request=request, paging=filters, key=key, document=log_sql.LogDocuments()))


@router.get("/{id:entry_id}/", response=LogOut, summary="Read a log entry", operation_id="read_log_entry")
def read_entry(request: ApiRequest, entry_id: int) -> HttpResponse:
    """One entry."""
    request.actor.require("logs:read")
    rows = log_sql.log_rows_of(request.actor).where(log_sql.SHOWN).where(log_sql.CONDITIONS["id"], id=entry_id)
    found = rows.page(ListPart(key=NEWEST.columns, descending=True, limit=1))
    if not found:
        raise NotFound
    return json_answer(log_sql.LogDocuments()(found[0]))
