"""The workflow in OMS WEB: the picture, transitions and states with their checks, and the file that puts it back."""

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
from clickcollect.errors import DomainError, Fault, NotFound, ValidationFailed
from clickcollect.json_input import FormDecoder, parse_json
from clickcollect.oms import states
from clickcollect.oms.commands.base import COMMANDS
from clickcollect.oms.models import CommandTransition, PackageState
from clickcollect.oms.workflow import editing, validation
from clickcollect.oms.workflow.document import NUMBER, SLUG, State, Transition
from clickcollect.omsweb import export
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin, Saved, posted
from clickcollect.omsweb.forms import OmsForm
from clickcollect.omsweb.packages import state_choices
from clickcollect.omsweb.workflow_diagram import draw_workflow

LARGEST_FILE: Final = 256 * 1024


def json_object(value: Any) -> dict[str, Any]:
    """A configuration is an object; an empty box is an empty one."""
    if not isinstance(value, dict | None):
        raise forms.ValidationError(_("Enter a JSON object, such as {}."))
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


class TransitionForm(OmsForm):
    groups = (
        (gettext_lazy("Command"), ("name", "command_code", "slug")),
        (gettext_lazy("Transition"), ("source", "destination")),
        (gettext_lazy("Button"), ("visibility", "is_active", "is_primary", "position")),
        (gettext_lazy("Behaviour"), ("configuration",)),
    )
    name = forms.CharField(label=gettext_lazy("Command name"), max_length=120)
    command_code = forms.ChoiceField(
        label=gettext_lazy("Command code"),
        choices=lambda: [(code, code) for code in sorted(COMMANDS)],
        help_text=gettext_lazy("What the command does. PKG_STATE_TRANSITION only moves the package."),
    )
    slug = forms.RegexField(
        SLUG,
        label=gettext_lazy("API name"),
        max_length=120,
        help_text=gettext_lazy(
            "“slug” in the API: lowercase letters, digits and hyphens. Integrations rely on it; don't change it."
        ),
    )
    source = forms.ChoiceField(label=gettext_lazy("Source state"), choices=choices_of_states)
    destination = forms.ChoiceField(label=gettext_lazy("Destination state"), choices=choices_of_states)
    visibility = forms.MultipleChoiceField(
        label=gettext_lazy("Visibility"),
        choices=Channel.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Where staff see this command. If none, no one can run it."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("Active"), required=False)
    is_primary = forms.BooleanField(
        label=gettext_lazy("Main button"),
        required=False,
        help_text=gettext_lazy("Main action in the source state."),
    )
    position = forms.IntegerField(label=gettext_lazy("Position in the list"), min_value=0, max_value=32767)
    configuration = configuration_field(
        gettext_lazy('{"sync_remote_order_status": false} leaves the Omnitron order unchanged.'),
    )

    def clean_configuration(self) -> dict[str, Any]:
        return json_object(self.cleaned_data["configuration"])

    def transition(self, pk: int | None) -> Transition:
        """What was entered."""
        values = self.cleaned_data
        return Transition(pk=pk, **(values | {"visibility": tuple(sorted(values["visibility"]))}))


class StateForm(OmsForm):
    groups = ((gettext_lazy("State"), ("name", "enum_value", "config")),)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    enum_value = forms.RegexField(
        NUMBER,
        label=gettext_lazy("Number"),
        help_text=gettext_lazy("Integrations rely on it; it can't be changed later."),
    )
    config = configuration_field()

    def clean_config(self) -> dict[str, Any]:
        return json_object(self.cleaned_data["config"])


class WorkflowFileForm(OmsForm):
    """A workflow that was exported here: as a file, or pasted."""

    groups = ((gettext_lazy("Choose a process file"), ("file", "text")),)
    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "application/json,.json"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste it"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )
    text_read = ""

    def words_without_field(self, fault: Fault) -> str:
        return f"{fault['loc']}: {fault['msg']}"

    def field_name(self, loc: str) -> str | None:
        """Every fault stands above the form: a file has no place of its own for it."""
        return None

    @property
    def faults(self) -> list[str]:
        return []

    @property
    def refusals(self) -> list[str]:
        return [str(words) for errors in self.errors.values() for words in errors]

    def document(self) -> Any:
        """What is in it. Raises ValidationFailed for what is no JSON."""
        self.text_read = self.read_text()
        try:
            return parse_json(self.text_read, root="file")
        except ValueError:
            raise ValidationFailed.of("file", _("This is not JSON. Choose a file that was exported here.")) from None

    def read_text(self) -> str:
        file = self.cleaned_data["file"]
        if not file:
            return str(self.cleaned_data["text"])[:LARGEST_FILE]
        if file.size > LARGEST_FILE:
            raise ValidationFailed.of("file", _("The file is larger than 256 kB, too large for a process."))
        try:
            return bytes(file.read()).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValidationFailed.of("file", _("The file is not UTF-8 text.")) from None


class WorkflowAdmin(RightsModelAdmin):
    """What transitions and states have in common."""

    read_right: ClassVar[str] = "process:read"
    add_right: ClassVar[str] = "process:write"
    change_right: ClassVar[str] = "process:write"
    keeps_history = True
    can_be_removed = True


class TransitionAdmin(WorkflowAdmin):
    """Transitions, under the picture of what they make."""

    folder = "process"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="oms_commandtransition_changelist"),
            path("file/", wrap(self.file_view), name="workflow_file"),
            path("process.json", wrap(self.export_view), name="workflow_export"),
            path("add/", wrap(self.transition_view), name="oms_commandtransition_add"),
            path("<int:object_id>/change/", wrap(self.transition_view), name="oms_commandtransition_change"),
            path("<int:object_id>/delete/", wrap(self.remove_view), name="oms_commandtransition_delete"),
            path("<int:object_id>/history/", wrap(self.history_view), name="oms_commandtransition_history"),
        ]

    def transition_by_id(self, object_id: int) -> CommandTransition:
        try:
            return CommandTransition.objects.select_related("source", "destination").get(pk=object_id)
        except (CommandTransition.DoesNotExist, OverflowError):
            raise NotFound from None

    def transition_view(self, request: HttpRequest, object_id: int | None = None) -> HttpResponse:
        """One transition; the whole workflow is checked before it is saved."""
        self.require_read(request)
        kept = self.transition_by_id(object_id) if object_id else None
        start = (
            asdict(editing.transition_data(kept)) if kept else {"is_active": True, "position": 100, "configuration": {}}
        )
        form = TransitionForm(posted(request), initial=start)

        def save() -> Saved:
            warnings = editing.save_transition(transition=form.transition(object_id), actor=actor_of(request))
            saved = CommandTransition.objects.get(slug=form.cleaned_data["slug"])
            return Saved(row=saved, said=saved_words(saved.name), warnings=warnings)

        return self.edit(request, form=form, title=kept.name if kept else _("New command"), save=save, row=kept)

    def remove_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if request.method == "POST":
            kept = self.transition_by_id(object_id)
            editing.delete_transition(pk=object_id, actor=actor_of(request))
            messages.success(request, _("%(name)s was removed.") % {"name": kept.name})
        return redirect("omsweb:oms_commandtransition_changelist")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        now = editing.current_workflow()
        context = self.page(
            request,
            title=_("Command transitions"),
            picture=draw_workflow(now, packages=editing.open_packages_by_state()),
            rows=CommandTransition.objects.select_related("source", "destination"),
            warnings=validation.warnings(now),
            may_write=self.has_change_permission(request),
        )
        return TemplateResponse(request, "omsweb/workflow.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """The whole workflow as one file, to be kept in version control."""
        self.require_read(request)
        text = json.dumps(editing.export_document(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        return export.named(HttpResponse(text, content_type="application/json; charset=utf-8"), name="process.json")

    def file_view(self, request: HttpRequest) -> HttpResponse:
        """Import, dry run first: what would change is read before it is done."""
        actor = actor_of(request)
        actor.require(self.change_right)
        form = WorkflowFileForm(posted(request), request.FILES or None)
        plan, status = None, 200
        if request.method == "POST":
            status = 400
            if form.is_valid():
                try:
                    document = form.document()
                    if request.POST.get("apply"):
                        return self.replaced(request, nothing=editing.import_document(document, actor=actor).nothing)
                    plan, status = editing.plan_import(document, actor=actor), 200
                except DomainError as error:
                    form.add_domain_error(error)
                    status = error.status
        confirmed = WorkflowFileForm(initial={"text": form.text_read})
        page = self.page(request, title=_("Import a process"), form=form, plan=plan, confirmed=confirmed)
        return TemplateResponse(request, "omsweb/workflow_file.html", page, status=status)

    def replaced(self, request: HttpRequest, *, nothing: bool) -> HttpResponse:
        words = _("No changes.") if nothing else _("The process was replaced.")
        messages.success(request, words)
        return redirect("omsweb:oms_commandtransition_changelist")


def saved_words(name: str) -> str:
    return _("%(name)s was saved.") % {"name": name}


class StateAdmin(WorkflowAdmin):
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

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        context = self.page(
            request,
            title=_("States"),
            states=PackageState.objects.all(),
            counts=editing.open_packages_by_state(),
            may_write=self.has_change_permission(request),
        )
        return TemplateResponse(request, "omsweb/states.html", context)

    def state_by_id(self, object_id: int) -> PackageState:
        try:
            return PackageState.objects.get(pk=object_id)
        except (PackageState.DoesNotExist, OverflowError):
            raise NotFound from None

    def state_view(self, request: HttpRequest, object_id: int | None = None) -> HttpResponse:
        self.require_read(request)
        kept = self.state_by_id(object_id) if object_id else None
        start = {"name": kept.name, "enum_value": kept.enum_value, "config": kept.config} if kept else {"config": {}}
        form = StateForm(posted(request), initial=start)
        form.fields["enum_value"].disabled = kept is not None

        def save() -> Saved:
            state = State(**form.cleaned_data)
            warnings = editing.save_state(state=state, is_new=kept is None, actor=actor_of(request))
            saved = PackageState.objects.get(enum_class=states.ENUM_CLASS, enum_value=state.enum_value)
            return Saved(row=saved, said=saved_words(saved.name), warnings=warnings)

        return self.edit(request, form=form, title=_(kept.name) if kept else _("New state"), save=save, row=kept)

    def remove_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if request.method == "POST":
            kept = self.state_by_id(object_id)
            editing.delete_state(enum_value=kept.enum_value, actor=actor_of(request))
            messages.success(request, _("%(name)s was removed.") % {"name": kept.name})
        return redirect("omsweb:oms_packagestate_changelist")
