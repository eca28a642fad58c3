"""The process in OMS WEB: the picture, command rows and states with their checks, and the file that puts it back."""

import json
from dataclasses import asdict
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.accounts.models import Channel
from clickcollect.errors import DomainError, NotFound, ValidationFailed
from clickcollect.json_input import FormDecoder, parse_json
from clickcollect.oms import states
from clickcollect.oms.commands.base import COMMANDS
from clickcollect.oms.models import CommandTransition, PackageState
from clickcollect.oms.workflow import editing, validation
from clickcollect.oms.workflow.document import NUMBER, SLUG, Row, State
from clickcollect.omsweb import export
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import Subject
from clickcollect.omsweb.forms import Sheet
from clickcollect.omsweb.packages import state_choices
from clickcollect.omsweb.workflow_diagram import draw

LARGEST_FILE: Final = 256 * 1024


def json_object(value: Any) -> dict[str, Any]:
    """A configuration is an object; an empty box is an empty one."""
    if not isinstance(value, dict | None):
        raise forms.ValidationError(_("Give a JSON object, such as {}."))
    return value or {}


def choices_of_states() -> list[tuple[str, str]]:
    return [("", _("Choose…")), *state_choices()]


def configuration_field(help_text: Any = "") -> forms.JSONField:
    return forms.JSONField(
        label=gettext_lazy("Configuration"),
        required=False,
        decoder=FormDecoder,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=help_text,
    )


class TransitionSheet(Sheet):
    groups = (
        (gettext_lazy("Command"), ("name", "command_code", "slug")),
        (gettext_lazy("Road"), ("source", "destination")),
        (gettext_lazy("Button"), ("visibility", "is_active", "is_primary", "position")),
        (gettext_lazy("Behaviour"), ("configuration",)),
    )
    name = forms.CharField(label=gettext_lazy("Command name"), max_length=120)
    command_code = forms.ChoiceField(
        label=gettext_lazy("Command code"),
        choices=lambda: [(code, code) for code in sorted(COMMANDS)],
        help_text=gettext_lazy("The behaviour. PKG_STATE_TRANSITION only moves the package."),
    )
    slug = forms.RegexField(
        SLUG,
        label=gettext_lazy("Slug"),
        max_length=120,
        help_text=gettext_lazy("What integrations call it by: small letters, digits and dashes. It is a promise."),
    )
    source = forms.ChoiceField(label=gettext_lazy("Source state"), choices=choices_of_states)
    destination = forms.ChoiceField(label=gettext_lazy("Destination state"), choices=choices_of_states)
    visibility = forms.MultipleChoiceField(
        label=gettext_lazy("Visibility"),
        choices=Channel.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Where people find it. Nowhere: nobody can run it."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("Active"), required=False)
    is_primary = forms.BooleanField(
        label=gettext_lazy("Main button"),
        required=False,
        help_text=gettext_lazy("The one big button of its source state."),
    )
    position = forms.IntegerField(label=gettext_lazy("Place in the list"), min_value=0, max_value=32767)
    configuration = configuration_field(
        gettext_lazy('{"sync_remote_order_status": false} leaves the Omnitron order where it is.'),
    )

    def clean_configuration(self) -> dict[str, Any]:
        return json_object(self.cleaned_data["configuration"])

    def row(self, pk: int | None) -> Row:
        """What was entered."""
        values = self.cleaned_data
        return Row(pk=pk, **(values | {"visibility": tuple(sorted(values["visibility"]))}))


class StateSheet(Sheet):
    groups = ((gettext_lazy("State"), ("name", "enum_value", "config")),)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    enum_value = forms.RegexField(
        NUMBER, label=gettext_lazy("Number"), help_text=gettext_lazy("A promise to integrations: given once.")
    )
    config = configuration_field()

    def clean_config(self) -> dict[str, Any]:
        return json_object(self.cleaned_data["config"])


class ProcessSubject(Subject):
    """What command rows and states have in common."""

    read_right: ClassVar[str] = "process:read"
    add_right: ClassVar[str] = "process:write"
    change_right: ClassVar[str] = "process:write"

    def tell(self, request: HttpRequest, *, name: str, warnings: list[str]) -> None:
        messages.success(request, _("%(name)s was saved.") % {"name": name})
        for warning in warnings:
            messages.warning(request, warning)


class TransitionSubject(ProcessSubject):
    """Command rows, under the picture of what they make."""

    folder = "process"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="oms_commandtransition_changelist"),
            path("file/", wrap(self.file_view), name="process_file"),
            path("process.json", wrap(self.export_view), name="process_export"),
            path("add/", wrap(self.row_view), name="oms_commandtransition_add"),
            path("<int:object_id>/change/", wrap(self.row_view), name="oms_commandtransition_change"),
            path("<int:object_id>/delete/", wrap(self.remove_view), name="oms_commandtransition_delete"),
            path("<int:object_id>/history/", wrap(self.history_view), name="oms_commandtransition_history"),
        ]

    def find(self, object_id: int) -> CommandTransition:
        try:
            return CommandTransition.objects.select_related("source", "destination").get(pk=object_id)
        except (CommandTransition.DoesNotExist, OverflowError):
            raise NotFound from None

    def row_view(self, request: HttpRequest, object_id: int | None = None) -> HttpResponse:
        """One command row; the whole process is checked before it is saved."""
        self.require_read(request)
        actor = actor_of(request)
        row = self.find(object_id) if object_id else None
        start = asdict(editing.row_of(row)) if row else {"is_active": True, "position": 100, "configuration": {}}
        sheet = TransitionSheet(request.POST if request.method == "POST" else None, initial=start)
        status = 200
        if request.method == "POST":
            actor.require(self.change_right)
            status = 400
            if sheet.is_valid():
                try:
                    warnings = editing.save_row(row=sheet.row(object_id), actor=actor)
                except DomainError as error:
                    sheet.put(error)
                    status = error.status
                else:
                    saved = CommandTransition.objects.get(slug=sheet.cleaned_data["slug"])
                    self.keep_history(request, saved, sheet=sheet, is_new=row is None)
                    self.tell(request, name=saved.name, warnings=warnings)
                    return redirect("omsweb:oms_commandtransition_changelist")
        context = self.page(
            request,
            title=row.name if row else _("New command"),
            sheet=sheet,
            row=row,
            may_write=self.has_change_permission(request),
            back="oms_commandtransition_changelist",
            history="oms_commandtransition_history",
            removal="oms_commandtransition_delete",
        )
        return TemplateResponse(request, "omsweb/sheet.html", context, status=status)

    def remove_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if request.method == "POST":
            row = self.find(object_id)
            editing.delete_row(pk=object_id, actor=actor_of(request))
            messages.success(request, _("%(name)s was removed.") % {"name": row.name})
        return redirect("omsweb:oms_commandtransition_changelist")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        self.require_read(request)
        now = editing.read()
        context = self.page(
            request,
            title=_("Command transitions"),
            picture=draw(now, packages=editing.open_packages()),
            rows=CommandTransition.objects.select_related("source", "destination"),
            warnings=validation.warnings(now),
            may_write=self.has_change_permission(request),
        )
        return TemplateResponse(request, "omsweb/process.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """The whole process as one file, to be kept in version control."""
        self.require_read(request)
        text = json.dumps(editing.export_document(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
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
                    plan = editing.import_document(data, actor=actor)
                    words = (
                        _("Nothing changed: the process is already so.")
                        if plan.nothing
                        else _("The process was replaced.")
                    )
                    messages.success(request, words)
                    return redirect("omsweb:oms_commandtransition_changelist")
                context["plan"] = editing.plan_import(data, actor=actor)
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
        return parse_json(text, root="file")
    except ValueError:
        raise ValidationFailed.of("file", _("This is not JSON. Choose a file that was exported here.")) from None


class StateSubject(ProcessSubject):
    """States. Their numbers are a promise: given once, never changed."""

    folder = "states"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="oms_packagestate_changelist"),
            path("add/", wrap(self.state_view), name="oms_packagestate_add"),
            path("<int:object_id>/change/", wrap(self.state_view), name="oms_packagestate_change"),
            path("<int:object_id>/delete/", wrap(self.remove_view), name="oms_packagestate_delete"),
            path("<int:object_id>/history/", wrap(self.history_view), name="oms_packagestate_history"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        self.require_read(request)
        context = self.page(
            request,
            title=_("States"),
            states=PackageState.objects.all(),
            counts=editing.open_packages(),
            may_write=self.has_change_permission(request),
        )
        return TemplateResponse(request, "omsweb/states.html", context)

    def find(self, object_id: int) -> PackageState:
        try:
            return PackageState.objects.get(pk=object_id)
        except (PackageState.DoesNotExist, OverflowError):
            raise NotFound from None

    def state_view(self, request: HttpRequest, object_id: int | None = None) -> HttpResponse:
        self.require_read(request)
        actor = actor_of(request)
        row = self.find(object_id) if object_id else None
        start = {"name": row.name, "enum_value": row.enum_value, "config": row.config} if row else {"config": {}}
        sheet = StateSheet(request.POST if request.method == "POST" else None, initial=start)
        sheet.fields["enum_value"].disabled = row is not None
        status = 200
        if request.method == "POST":
            actor.require(self.change_right)
            status = 400
            if sheet.is_valid():
                try:
                    state = State(**sheet.cleaned_data)
                    warnings = editing.save_state(state=state, is_new=row is None, actor=actor)
                except DomainError as error:
                    sheet.put(error)
                    status = error.status
                else:
                    saved = PackageState.objects.get(enum_class=states.ENUM_CLASS, enum_value=state.enum_value)
                    self.keep_history(request, saved, sheet=sheet, is_new=row is None)
                    self.tell(request, name=saved.name, warnings=warnings)
                    return redirect("omsweb:oms_packagestate_changelist")
        context = self.page(
            request,
            title=_(row.name) if row else _("New state"),
            sheet=sheet,
            row=row,
            may_write=self.has_change_permission(request),
            back="oms_packagestate_changelist",
            history="oms_packagestate_history",
            removal="oms_packagestate_delete",
        )
        return TemplateResponse(request, "omsweb/sheet.html", context, status=status)

    def remove_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if request.method == "POST":
            row = self.find(object_id)
            editing.delete_state(enum_value=row.enum_value, actor=actor_of(request))
            messages.success(request, _("%(name)s was removed.") % {"name": row.name})
        return redirect("omsweb:oms_packagestate_changelist")
