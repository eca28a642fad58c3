"""The application settings over HTTP: every known one is listed, also at its default."""

from typing import Annotated, Any, Final

from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict, WithJsonSchema

from clickcollect.api.authentication import ApiRequest
from clickcollect.api.pagination import PAGES_REACH, Paging, link_to_page, refuse_unknown_filters
from clickcollect.api.schemas import Page, SettingOut
from clickcollect.errors import NotFound, ValidationFailed
from clickcollect.omnitron.field_types import Line, sized
from clickcollect.oms import app_settings
from clickcollect.oms.app_settings import ALIASES, SETTINGS, Values
from clickcollect.oms.events import examples
from clickcollect.oms.setting_changes import set_setting

router = Router(tags=["Settings"])

# A setting's id is its place in the list; new settings are added at its end.
IDS: Final[dict[str, int]] = {key: place for place, key in enumerate(SETTINGS, start=1)}
KEYS: Final[dict[int, str]] = {place: key for key, place in IDS.items()}


# Read as it comes: what is wrong with it depends on the setting.
JsonValue = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "integer"}, {"type": "string"}]})]


class SettingFilters(Paging):
    key: Annotated[Line | None, sized(64), Field(description="What the key contains, in capitals or not.")] = None


class SettingChange(Schema):
    """A new value. `key` may be sent along and never changes."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.SETTING_IN]})

    json_value: JsonValue
    reason: Annotated[Line | None, sized(500, shortest=0), Field(description="Why; kept in the log.")] = None
    key: Annotated[Any, WithJsonSchema({"type": ["string", "null"]})] = None


class SettingNew(Schema):
    """A value for a key."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.SETTING_NEW]})

    key: Annotated[Line, sized(64)]
    json_value: JsonValue
    reason: Annotated[Line | None, sized(500, shortest=0)] = None


def setting_document(key: str, values: Values) -> dict[str, Any]:
    return {"id": IDS[key], "key": key, "json_value": values[key]}


def key_of(setting_id: int) -> str:
    """The key of an id. Raises NotFound."""
    if setting_id not in KEYS:
        raise NotFound
    return KEYS[setting_id]


@router.get("/", response=Page[SettingOut], summary="List settings", operation_id="list_settings")
def list_settings(request: ApiRequest, filters: Query[SettingFilters]) -> dict[str, Any]:
    """Every setting with its value in force."""
    request.actor.require("settings:read")
    refuse_unknown_filters(request, filters)
    wanted = ALIASES.get(filters.key or "", filters.key or "").upper()
    keys = [key for key in SETTINGS if wanted in key]
    if filters.page * filters.limit > PAGES_REACH:
        raise ValidationFailed.of("page", _("Page numbers work for the first 10,000 rows. Follow “next” to continue."))
    start, values = (filters.page - 1) * filters.limit, app_settings.settings_in_force()
    shown = keys[start : start + filters.limit]
    more = start + filters.limit < len(keys)
    return {
        "count": len(keys),
        "next": link_to_page(request, filters.page + 1) if more else None,
        "previous": link_to_page(request, filters.page - 1) if shown and start else None,
        "results": [setting_document(key, values) for key in shown],
    }


@router.post("/", response={201: SettingOut}, summary="Set a setting", operation_id="set_setting")
def create_setting(request: ApiRequest, payload: SettingNew) -> Status[dict[str, Any]]:
    """Give a known key its value, whether it stood at its default or not."""
    request.actor.require("settings:write")
    setting = app_settings.setting_by_key(payload.key)
    save_setting(request, key=setting.key, value=payload.json_value, reason=payload.reason)
    return Status(201, setting_document(setting.key, app_settings.settings_in_force()))


@router.get("/{id:setting_id}/", response=SettingOut, summary="Read a setting", operation_id="read_setting")
def read_setting(request: ApiRequest, setting_id: int) -> dict[str, Any]:
    """One setting and its value in force."""
    request.actor.require("settings:read")
    return setting_document(key_of(setting_id), app_settings.settings_in_force())


@router.put("/{id:setting_id}/", response=SettingOut, summary="Change a setting", operation_id="replace_setting")
def replace_setting(request: ApiRequest, setting_id: int, payload: SettingChange) -> dict[str, Any]:
    """A new value; the next command goes by it."""
    return change_and_document(request, setting_id=setting_id, payload=payload)


@router.patch("/{id:setting_id}/", response=SettingOut, summary="Change a setting", operation_id="change_setting")
def change_setting(request: ApiRequest, setting_id: int, payload: SettingChange) -> dict[str, Any]:
    """A new value; the next command goes by it."""
    return change_and_document(request, setting_id=setting_id, payload=payload)


def change_and_document(request: ApiRequest, *, setting_id: int, payload: SettingChange) -> dict[str, Any]:
    request.actor.require("settings:write")
    key = key_of(setting_id)
    save_setting(request, key=key, value=payload.json_value, reason=payload.reason)
    return setting_document(key, app_settings.settings_in_force())


def save_setting(request: ApiRequest, *, key: str, value: Any, reason: str | None) -> None:
    """The API does not insist on a reason: None says so."""
    set_setting(key=key, value=value, store_id=None, actor=request.actor, reason=reason or None)
