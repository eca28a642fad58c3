"""Application settings: every known one on one page; each with a page to change it, for all stores or for one."""

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from clickcollect.errors import DomainError, NotFound, ValidationFailed
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import SETTINGS, Setting, Values
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import AppliedSetting
from clickcollect.oms.setting_changes import clear_setting, may_change, set_setting
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import Subject
from clickcollect.omsweb.log import told
from clickcollect.wire_format import whole_number

MOST_STORES: Final = 500
MOST_CHANGES: Final = 20


@dataclass(kw_only=True)
class Line:
    """One setting as the page shows it. ``stores``: the stores with a value of their own."""

    setting: Setting
    value: Any
    changed: bool
    may_change: bool
    stores: list[tuple[int, str, Any]] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return words(self.value)

    @property
    def default_shown(self) -> str:
        return words(self.setting.default)

    @property
    def overrides(self) -> list[tuple[int, str, str]]:
        return [(pk, store, words(value)) for pk, store, value in self.stores]


def words(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return _("on") if value else _("off")
    return str(value)


def lines(actor: Actor) -> list[Line]:
    """Every known setting with its value in force, in one statement."""
    applied: dict[str, dict[int | None, Any]] = {}
    labels: dict[int, str] = {}
    rows = AppliedSetting.objects.order_by("store__erp_code")
    for key, store_id, erp_code, value in rows.values_list("key", "store_id", "store__erp_code", "json_value"):
        applied.setdefault(key, {})[store_id] = value
        if store_id is not None:
            labels[store_id] = erp_code
    general = Values({key: values[None] for key, values in applied.items() if None in values})
    return [
        Line(
            setting=setting,
            value=general[key],
            changed=general[key] != setting.default,
            may_change=may_change(setting, actor=actor),
            stores=[(pk, labels[pk], value) for pk, value in applied.get(key, {}).items() if pk is not None],
        )
        for key, setting in SETTINGS.items()
    ]


def typed_value(setting: Setting, text: str) -> Any:
    """What was typed, as the setting's type; what makes no sense stays text, and is refused where values are."""
    text = text.strip()
    if isinstance(setting.default, bool):
        return {"true": True, "false": False}.get(text, text)
    if isinstance(setting.default, int):
        try:
            return int(text) if len(text) < 20 else text
        except ValueError:
            return text
    return text.replace("\x00", "")


def back_to(value: Any) -> str:
    """A value as its field writes it."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


class SettingsSubject(Subject):
    """No form of Django's: values are changed by `set_setting`, with its rights, its bounds and its log."""

    folder = "settings"
    read_right: ClassVar[str] = "settings:read"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="oms_appliedsetting_changelist"),
            path("<slug:key>/", wrap(self.setting_view), name="setting"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        self.require_read(request)
        found = lines(actor_of(request))
        groups = [
            (_("Security"), [line for line in found if line.setting.security]),
            (_("Daily work"), [line for line in found if not line.setting.security]),
        ]
        context = self.page(request, title=_("Application settings"), groups=groups)
        return TemplateResponse(request, "omsweb/settings.html", context)

    def setting_view(self, request: HttpRequest, key: str) -> HttpResponse:
        self.require_read(request)
        actor = actor_of(request)
        if key not in SETTINGS:
            raise NotFound
        faults: dict[str, str] = {}
        refusals: list[str] = []
        status = 200
        if request.method == "POST":
            try:
                self.change(request, setting=SETTINGS[key], actor=actor)
            except ValidationFailed as error:
                faults = {fault["loc"]: fault["msg"] for fault in error.errors}
                status = error.status
            except DomainError as error:
                refusals = [error.detail]
                status = error.status
            else:
                messages.success(request, _("%(key)s was saved.") % {"key": key})
                return redirect("omsweb:setting", key)
        context = self.setting_page(request, key=key, actor=actor, faults=faults)
        context |= {"form": {"faults": faults, "refusals": refusals}}
        return TemplateResponse(request, "omsweb/setting.html", context, status=status)

    def change(self, request: HttpRequest, *, setting: Setting, actor: Actor) -> None:
        """Set a value, or with ``clear`` go back to the general one."""
        store = request.POST.get("store", "")
        store_id = whole_number(store)
        if store and store_id is None:
            raise NotFound
        reason = request.POST.get("reason", "").replace("\x00", "")
        if len(reason) > 500:
            raise ValidationFailed.of("reason", _("Say it in at most 500 characters."))
        if request.POST.get("clear"):
            clear_setting(key=setting.key, store_id=store_id, actor=actor, reason=reason)
            return
        value = typed_value(setting, request.POST.get("json_value", ""))
        set_setting(key=setting.key, value=value, store_id=store_id, actor=actor, reason=reason)

    def setting_page(self, request: HttpRequest, *, key: str, actor: Actor, faults: dict[str, str]) -> dict[str, Any]:
        line = next(line for line in lines(actor) if line.setting.key == key)
        changes = CommandLog.objects.filter(kind=LogKind.SETTING, attributes__contains={"setting.key": key})
        stores = RetailStore.objects.order_by("erp_code")[:MOST_STORES] if line.setting.per_store else []
        typed = request.POST.get("json_value")
        return self.page(
            request,
            title=key,
            line=line,
            fields=self.form_fields(request, line=line, typed=typed, stores=list(stores), faults=faults),
            changes=told(changes.order_by("-id")[:MOST_CHANGES]),
        )

    def form_fields(
        self,
        request: HttpRequest,
        *,
        line: Line,
        typed: str | None,
        stores: list[RetailStore],
        faults: dict[str, str],
    ) -> list[dict[str, Any]]:
        setting = line.setting
        value: dict[str, Any] = {
            "name": "json_value",
            "id": "id_json_value",
            "label": _("Value"),
            "kind": "number" if isinstance(setting.default, int) else "text",
            "value": typed if typed is not None else back_to(line.value),
            "fault": faults.get("json_value", ""),
        }
        if isinstance(setting.default, bool):
            value["choices"] = [("true", _("on")), ("false", _("off"))]
        elif setting.choices:
            value["choices"] = [(choice, choice) for choice in setting.choices]
        else:
            bounds = {"low": setting.minimum, "high": setting.maximum}
            value["help"] = _("A whole number from %(low)d to %(high)d.") % bounds
        reason = {
            "name": "reason",
            "id": "id_reason",
            "label": _("Reason"),
            "kind": "long",
            "optional": setting.key != "IS_OTP_ENABLED",
            "value": request.POST.get("reason", ""),
            "fault": faults.get("reason", ""),
        }
        if not stores:
            return [value, reason]
        store = {
            "name": "store",
            "id": "id_store",
            "label": _("Holds for"),
            "choices": [
                ("", _("every store without a value of its own")),
                *((str(row.pk), str(row)) for row in stores),
            ],
            "value": request.POST.get("store", ""),
        }
        return [value, store, reason]
