"""Application settings: every known one on one page; each with a page to change it, for all stores or for one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from clickcollect.errors import NotFound
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import SETTINGS, Setting, Values
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import AppliedSetting
from clickcollect.oms.setting_changes import clear_setting, may_change, set_setting
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin, Saved, posted
from clickcollect.omsweb.forms import DomainField, OmsForm
from clickcollect.omsweb.log import rows_in_words
from clickcollect.wire_format import whole_number

MOST_STORES: Final = 500
MOST_CHANGES: Final = 20
LONGEST_REASON: Final = 500


@dataclass(kw_only=True)
class SettingLine:
    """One setting as the page shows it. ``stores``: the stores with a value of their own."""

    setting: Setting
    value: Any
    changed: bool
    may_change: bool
    stores: list[tuple[int, str, Any]] = field(default_factory=list)

    @property
    def current_words(self) -> str:
        return self.setting.words(self.value)

    @property
    def default_words(self) -> str:
        return self.setting.words(self.setting.default)

    @property
    def is_weakened(self) -> bool:
        """Whether some value in force, general or of a store, protects less than the default does."""
        return any(map(self.setting.is_weakened_by, (self.value, *(value for _pk, _store, value in self.stores))))

    @property
    def warning(self) -> str:
        """What the weaker value means; empty where none is in force."""
        if not self.is_weakened:
            return ""
        return str(self.setting.warning) or _("Less protection than with the default of %(default)s.") % {
            "default": self.default_words
        }

    @property
    def possible_warning(self) -> str:
        """What a weaker value would mean; empty once one is in force."""
        return "" if self.is_weakened else str(self.setting.warning)

    @property
    def overrides(self) -> list[tuple[str, str, "ClearForm"]]:
        """The stores with a value of their own: the value, and the form that takes it away."""
        return [
            (store, self.setting.words(value), ClearForm(initial={"store": pk, "clear": 1}, auto_id=False))
            for pk, store, value in self.stores
        ]


def lines(actor: Actor) -> list[SettingLine]:
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
        SettingLine(
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
    return text


def setting_text(value: Any) -> str:
    """A value as its field writes it."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


class SettingsAdmin(RightsModelAdmin):
    """No form of Django's: values are changed by `set_setting`, with its rights, its bounds and its log."""

    folder = "settings"
    read_right: ClassVar[str] = "settings:read"
    change_right: ClassVar[str] = "settings:write"
    form_template = "omsweb/setting.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="oms_appliedsetting_changelist"),
            path("<slug:key>/", wrap(self.setting_view), name="setting"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        found = lines(actor_of(request))
        groups = [
            (_("Security"), [line for line in found if line.setting.security]),
            (_("Daily work"), [line for line in found if not line.setting.security]),
        ]
        context = self.page(request, title=_("Application settings"), groups=groups)
        return TemplateResponse(request, "omsweb/settings.html", context)

    def setting_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """One setting: its value, and the stores with one of their own."""
        self.require_read(request)
        actor = actor_of(request)
        if key not in SETTINGS:
            raise NotFound
        line = next(line for line in lines(actor) if line.setting.key == key)
        form = SettingForm(posted(request), line=line)

        def save() -> Saved:
            change_setting(form, setting=line.setting, actor=actor)
            words = _("“%(title)s” was saved.") % {"title": line.setting.title}
            return Saved(said=words, answer=redirect("omsweb:setting", key))

        changes = CommandLog.objects.filter(kind=LogKind.SETTING, attributes__contains={"setting.key": key})
        rows = rows_in_words(changes.order_by("-id")[:MOST_CHANGES])
        return self.edit(request, form=form, title=str(line.setting.title), save=save, line=line, changes=rows)


class ClearForm(OmsForm):
    """A store goes back to the general value: the fields of `SettingForm` that say so."""

    store = forms.CharField(widget=forms.HiddenInput)
    clear = forms.CharField(widget=forms.HiddenInput)


class SettingForm(OmsForm):
    """One setting's value, where it holds, and why. Which values make sense is for `set_setting` to say."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, line: SettingLine) -> None:
        super().__init__(data, initial={"json_value": setting_text(line.value)})
        self.fields["json_value"] = value_field(line.setting)
        where = forms.Select(choices=override_store_choices()) if line.setting.per_store else forms.HiddenInput()
        self.fields["store"] = DomainField(label=_("Applies to"), widget=where)
        self.fields["reason"] = DomainField(
            label=_("Reason"),
            is_needed=line.setting.key == "IS_OTP_ENABLED",
            max_length=LONGEST_REASON,
            widget=forms.Textarea(attrs={"rows": 3}),
        )
        self.fields["clear"] = DomainField(widget=forms.HiddenInput())
        self.dress_fields()

    def store_id(self) -> int | None:
        """The store it holds for; None for all of them. Raises NotFound for what is no number of a store."""
        text = self.cleaned_data["store"]
        store_id = whole_number(text)
        if text and store_id is None:
            raise NotFound
        return store_id


def value_field(setting: Setting) -> DomainField:
    """The box or the choice for a setting's value."""
    if isinstance(setting.default, bool):
        switch = forms.RadioSelect(choices=[("true", _("On")), ("false", _("Off"))])
        return DomainField(label=_("Value"), widget=switch)
    if setting.choices:
        labelled = [(one, setting.words(one)) for one in setting.choices]
        return DomainField(label=_("Value"), widget=forms.Select(choices=labelled))
    bounds = {"low": setting.minimum, "high": setting.words(setting.maximum)}
    return DomainField(
        label=_("Value"),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text=_("From %(low)d to %(high)s.") % bounds,
    )


def override_store_choices() -> list[tuple[str, str]]:
    stores = RetailStore.objects.order_by("erp_code")[:MOST_STORES]
    return [("", _("All stores without an override")), *((str(row.pk), str(row)) for row in stores)]


def change_setting(form: SettingForm, *, setting: Setting, actor: Actor) -> None:
    """Set a value, or with ``clear`` go back to the general one."""
    store_id, reason = form.store_id(), form.cleaned_data["reason"]
    if form.cleaned_data["clear"]:
        clear_setting(key=setting.key, store_id=store_id, actor=actor, reason=reason)
        return
    value = typed_value(setting, form.cleaned_data["json_value"])
    set_setting(key=setting.key, value=value, store_id=store_id, actor=actor, reason=reason)
