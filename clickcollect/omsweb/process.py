"""The process in OMS WEB: the picture, command rows and states with their checks, and the file that puts it back."""

import json
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from clickcollect.accounts.models import Channel
from clickcollect.errors import DomainError, ValidationFailed
from clickcollect.oms import process, process_checks, states
from clickcollect.oms.access import Actor
from clickcollect.oms.commands.base import COMMANDS
from clickcollect.oms.models import CommandTransition, PackageState
from clickcollect.oms.process_document import SLUG, Process, Row, State
from clickcollect.omsweb import export
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.process_picture import draw
from clickcollect.omsweb.subject import Subject

LARGEST_FILE: Final = 256 * 1024


class CheckedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose outcome is the whole process, checked before it is saved."""

    actor: ClassVar[Actor]
    warnings: list[str]

    def wanted(self, now: Process, data: dict[str, Any]) -> Process:
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        self.warnings = []
        if self.errors:
            return data
        process.lock()
        try:
            self.warnings = process.check_change(wanted=self.wanted(process.read(), data), actor=self.actor)
        except ValidationFailed as error:
            for fault in error.errors:
                self.add_error(fault["loc"] if fault["loc"] in self.fields else None, fault["msg"])
        return data


def json_object(value: Any) -> dict[str, Any]:
    """A configuration is an object, and nothing PostgreSQL cannot keep."""
    if not isinstance(value, dict) or "\\u0000" in json.dumps(value):
        raise forms.ValidationError(_("Give a JSON object, such as {}."))
    return value


class TransitionForm(CheckedForm):
    command_code = forms.ChoiceField(
        label=gettext_lazy("Command code"),
        choices=lambda: [(code, code) for code in sorted(COMMANDS)],
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("The behaviour. PKG_STATE_TRANSITION only moves the package."),
    )
    slug = forms.RegexField(
        SLUG,
        label=gettext_lazy("Slug"),
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("What integrations call it by: small letters, digits and dashes. It is a promise."),
    )
    visibility = forms.MultipleChoiceField(
        label=gettext_lazy("Visibility"),
        choices=Channel.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("Where people find it. Nowhere: nobody can run it."),
    )
    configuration = forms.JSONField(
        label=gettext_lazy("Configuration"),
        required=False,
        empty_value={},
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy('{"sync_remote_order_status": false} leaves the Omnitron order where it is.'),
    )

    class Meta:
        model = CommandTransition
        fields = (
            "name",
            "command_code",
            "slug",
            "source",
            "destination",
            "visibility",
            "configuration",
            "is_active",
            "is_primary",
            "position",
        )

    def clean_configuration(self) -> dict[str, Any]:
        return json_object(self.cleaned_data["configuration"])

    def wanted(self, now: Process, data: dict[str, Any]) -> Process:
        row = Row(
            name=data["name"],
            command_code=data["command_code"],
            slug=data["slug"],
            source=data["source"].enum_value,
            destination=data["destination"].enum_value,
            visibility=tuple(data["visibility"]),
            configuration=data["configuration"],
            is_active=data["is_active"],
            is_primary=data["is_primary"],
            position=data["position"],
            pk=self.instance.pk,
        )
        return process.with_row(now, row)


class StateForm(CheckedForm):
    config = forms.JSONField(
        label=gettext_lazy("Configuration"),
        required=False,
        empty_value={},
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"}),
    )

    class Meta:
        model = PackageState
        fields = ("name", "enum_value", "config")

    def clean_config(self) -> dict[str, Any]:
        return json_object(self.cleaned_data["config"])

    def clean_enum_value(self) -> str:
        value = str(self.cleaned_data["enum_value"])
        if not (value.isascii() and value.isdigit() and len(value) <= 6):
            raise forms.ValidationError(_("Give a number of at most 6 digits."))
        taken = PackageState.objects.filter(enum_class=states.ENUM_CLASS, enum_value=value).exclude(pk=self.instance.pk)
        if taken.exists():
            raise forms.ValidationError(_("Another state has this number."))
        return value

    def wanted(self, now: Process, data: dict[str, Any]) -> Process:
        number = data.get("enum_value") or self.instance.enum_value
        return process.with_state(now, State(enum_value=number, name=data["name"], config=data["config"]))


class ProcessSubject(Subject):
    """What command rows and states have in common: a change is checked, saved and noted together."""

    read_right: ClassVar[str] = "process:read"
    add_right: ClassVar[str] = "process:write"
    change_right: ClassVar[str] = "process:write"
    delete_right: ClassVar[str] = "process:write"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"actor": actor_of(request)})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        process.note_change(actor=actor_of(request), subject=str(getattr(obj, "slug", None) or obj.enum_value))
        for warning in getattr(form, "warnings", ()):
            messages.warning(request, warning)

    def after_deletion(self, now: Process, obj: Any) -> Process:
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        process.lock()
        actor = actor_of(request)
        process.check_change(wanted=self.after_deletion(process.read(), obj), actor=actor)
        process.note_change(actor=actor, subject=str(getattr(obj, "slug", None) or obj.enum_value))
        super().delete_model(request, obj)


class TransitionSubject(ProcessSubject):
    """Command rows, under the picture of what they make."""

    folder = "process"
    form = TransitionForm
    fieldsets = (
        (None, {"fields": ("name", "command_code", "slug")}),
        (gettext_lazy("Road"), {"fields": (("source", "destination"),)}),
        (gettext_lazy("Buttons"), {"fields": ("visibility", "is_active", "is_primary", "position")}),
        (gettext_lazy("Behaviour"), {"fields": ("configuration",)}),
    )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("file/", wrap(self.file_view), name="process_file"),
            path("process.json", wrap(self.export_view), name="process_export"),
            *super().get_urls(),
        ]

    def after_deletion(self, now: Process, obj: CommandTransition) -> Process:
        return process.without_row(now, obj.pk)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        self.require_read(request)
        now = process.read()
        context = self.page(
            request,
            title=_("Command transitions"),
            picture=draw(now, packages=process.open_packages()),
            rows=CommandTransition.objects.select_related("source", "destination"),
            warnings=process_checks.warnings(now),
            may_write=self.has_change_permission(request),
        )
        return TemplateResponse(request, "omsweb/process.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """The whole process as one file, to be kept in version control."""
        self.require_read(request)
        text = json.dumps(process.export_document(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        return export.named(HttpResponse(text, content_type="application/json; charset=utf-8"), name="process.json")

    def file_view(self, request: HttpRequest) -> HttpResponse:
        """Import, dry run first: what would change is read before it is done."""
        actor = actor_of(request)
        actor.require(self.change_right)
        context: dict[str, Any] = {"form": {"faults": {}, "refusals": []}}
        status = 200
        if request.method == "POST":
            text = ""
            try:
                text = uploaded(request)
                data = parsed(text)
                if request.POST.get("apply"):
                    plan = process.import_document(data, actor=actor)
                    words = (
                        _("Nothing changed: the process is already so.")
                        if plan.nothing
                        else _("The process was replaced.")
                    )
                    messages.success(request, words)
                    return redirect("omsweb:oms_commandtransition_changelist")
                context["plan"] = process.plan_import(data, actor=actor)
            except ValidationFailed as error:
                context["form"]["refusals"] = [f"{fault['loc']}: {fault['msg']}" for fault in error.errors]
                status = error.status
            except DomainError as error:
                context["form"]["refusals"] = [error.detail]
                status = error.status
            context["text"] = text
        page = self.page(request, title=_("Import a process"), **context)
        return TemplateResponse(request, "omsweb/process_file.html", page, status=status)


def uploaded(request: HttpRequest) -> str:
    """The file, or what was pasted."""
    file = request.FILES.get("file")
    if file is None:
        return str(request.POST.get("text", ""))[:LARGEST_FILE]
    if (file.size or 0) > LARGEST_FILE:
        raise ValidationFailed.of("file", _("The file is larger than 256 kB. That is no process."))
    try:
        return bytes(file.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValidationFailed.of("file", _("The file is not UTF-8 text.")) from None


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValidationFailed.of("file", _("This is not JSON. Choose a file that was exported here.")) from None


class StateSubject(ProcessSubject):
    """States. Their numbers are a promise: given once, never changed."""

    folder = "states"
    form = StateForm
    fields = ("name", "enum_value", "config")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("enum_value",) if obj else ()

    def after_deletion(self, now: Process, obj: PackageState) -> Process:
        return process.without_state(now, obj.enum_value)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        self.require_read(request)
        context = self.page(
            request,
            title=_("States"),
            states=PackageState.objects.all(),
            counts=process.open_packages(),
            may_write=self.has_change_permission(request),
        )
        return TemplateResponse(request, "omsweb/states.html", context)
