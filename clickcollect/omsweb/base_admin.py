"""What the models of OMS WEB have in common: rights from the rights table, and one flow for every form."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from clickcollect.errors import DomainError
from clickcollect.omsweb.actor import actor_of, may
from clickcollect.omsweb.forms import OmsForm

MOST_CHANGES: Final = 200


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What a form has done. ``row``: whose history keeps it; ``answer``: what is shown instead of the list."""

    row: Model | None = None
    said: str = ""
    warnings: Sequence[str] = ()
    answer: HttpResponse | None = None


def uncompressed(response: HttpResponse) -> HttpResponse:
    """A page that shows a secret is not compressed: its length must not tell what of it stands elsewhere (BREACH)."""
    response["Content-Encoding"] = "identity"
    return response


def posted(request: HttpRequest) -> Any:
    """What a form is bound to: what was sent, or nothing while it is only shown."""
    return request.POST if request.method == "POST" else None


class RightsModelAdmin(ModelAdmin):
    """A model in OMS WEB. A right left empty is nobody's: read-only unless a class says otherwise.

    ``folder``: its address below /oms/; ``crumb``: what the sidebar calls it, where that is not the model's name;
    ``keeps_history``: whether its pages say who changed which fields; ``can_be_removed``: whether its form offers it.
    """

    folder: ClassVar[str]
    crumb: ClassVar[str | Promise] = ""
    read_right: ClassVar[str]
    add_right: ClassVar[str] = ""
    change_right: ClassVar[str] = ""
    delete_right: ClassVar[str] = ""
    keeps_history: ClassVar[bool] = False
    can_be_removed: ClassVar[bool] = False
    form_template: ClassVar[str] = "omsweb/form.html"
    actions = None
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    compressed_fields = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, self.read_right)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request, self.read_right)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.add_right) and may(request, self.add_right)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(self.change_right) and may(request, self.change_right)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(self.delete_right) and may(request, self.delete_right)

    def require_read(self, request: HttpRequest) -> None:
        """Raise Forbidden unless this person may see these pages."""
        actor_of(request).require(self.read_right)

    def edit(
        self,
        request: HttpRequest,
        *,
        form: OmsForm,
        title: str,
        save: Callable[[], Saved],
        authorize: Callable[[], object] = lambda: None,
        row: Model | None = None,
        **context: Any,
    ) -> HttpResponse:
        """The one flow of every form: shown, and sent. A refusal stands at its field, and what was typed stays.

        Arguments: ``save`` runs on a valid form, in one transaction with the page's history where there is one;
        ``authorize`` runs before it and outside, so that what it counts stays counted when it refuses;
        ``row``, what is changed, None for what is new. Raises Forbidden.
        """
        status = 200
        if request.method == "POST":
            actor_of(request).require(self.change_right if row else self.add_right or self.change_right)
            status = 400
            if form.is_valid():
                try:
                    authorize()
                    saved = self.save_with_history(request, form=form, save=save, is_new=row is None)
                except DomainError as error:
                    form.add_domain_error(error)
                    status = error.status
                else:
                    return self.after(request, saved)
        page = self.page(
            request,
            title=title,
            form=form,
            row=row,
            may_write=self.has_change_permission(request) if self.change_right else self.has_add_permission(request),
            back=self.view_name("changelist"),
            history=self.view_name("history") if self.keeps_history else "",
            removal=self.view_name("delete") if self.can_be_removed else "",
            **context,
        )
        return TemplateResponse(request, self.form_template, page, status=status)

    def save_with_history(
        self, request: HttpRequest, *, form: OmsForm, save: Callable[[], Saved], is_new: bool
    ) -> Saved:
        """Both or neither; without a history the transaction is the domain's alone."""
        with transaction.atomic() if self.keeps_history else nullcontext():
            saved = save()
            if self.keeps_history and saved.row is not None:
                self.keep_history(request, saved.row, form=form, is_new=is_new)
        return saved

    def after(self, request: HttpRequest, saved: Saved) -> HttpResponse:
        """Say what was done, and what is odd about it; then the list, unless something else is to be shown."""
        if saved.said:
            messages.success(request, saved.said)
        for warning in saved.warnings:
            messages.warning(request, warning)
        return saved.answer or redirect(f"omsweb:{self.view_name('changelist')}")

    def view_name(self, view: str) -> str:
        """What Django calls a view of this model."""
        return f"{self.opts.app_label}_{self.opts.model_name}_{view}"

    def keep_history(self, request: HttpRequest, obj: Model, *, form: OmsForm, is_new: bool) -> None:
        """Who changed which fields, for the page's history."""
        if is_new:
            self.log_addition(request, obj, [{"added": {}}])
        elif form.changed_labels:
            self.log_change(request, obj, [{"changed": {"fields": form.changed_labels}}])

    def history_view(
        self,
        request: HttpRequest,
        object_id: int | str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Who changed this, when, and which fields."""
        self.require_read(request)
        kind = ContentType.objects.get_for_model(self.model)
        rows = LogEntry.objects.filter(content_type=kind, object_id=str(object_id)).select_related("user")
        context = self.page(request, title=_("History"), changes=rows.order_by("-pk")[:MOST_CHANGES])
        return TemplateResponse(request, "omsweb/history.html", context)

    def page(self, request: HttpRequest, **context: Any) -> dict[str, Any]:
        """What every page of this model tells its template."""
        return {**self.admin_site.each_context(request), "opts": self.model._meta, "model_admin": self, **context}  # noqa: SLF001
