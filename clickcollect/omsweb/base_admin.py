"""What every subject of OMS WEB has in common: its rights come from the rights table, not from Django's."""

from typing import Any, ClassVar, Final

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from clickcollect.omsweb.actor import actor_of, may

MOST_CHANGES: Final = 200


def changed_fields(sheet: Any) -> list[str]:
    """The English labels of what changed; Django says them in the reader's language."""
    with translation.override("en"):
        return [str(sheet.fields[name].label) for name in sheet.changed_data]


class Subject(ModelAdmin):
    """A model in OMS WEB. A right left empty is nobody's: read-only unless a subject says otherwise.

    ``folder``: its address below /oms/; ``crumb``: what the sidebar calls it, where that is not the model's name.
    """

    folder: ClassVar[str]
    crumb: ClassVar[str | Promise] = ""
    read_right: ClassVar[str]
    add_right: ClassVar[str] = ""
    change_right: ClassVar[str] = ""
    delete_right: ClassVar[str] = ""
    actions = None
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    compressed_fields = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, self.read_right)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return may(request, self.read_right)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.add_right) and may(request, self.add_right)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return bool(self.change_right) and may(request, self.change_right)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return bool(self.delete_right) and may(request, self.delete_right)

    def require_read(self, request: HttpRequest) -> None:
        """Raise Forbidden unless this person may see the subject."""
        actor_of(request).require(self.read_right)

    def keep_history(self, request: HttpRequest, obj: Model, *, sheet: Any, is_new: bool) -> None:
        """Who changed which fields, for the page's history."""
        if is_new:
            self.log_addition(request, obj, [{"added": {}}])
        elif sheet.changed_data:
            self.log_change(request, obj, [{"changed": {"fields": changed_fields(sheet)}}])

    def history_view(
        self,
        request: HttpRequest,
        object_id: int | str,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Who changed this, when, and which fields."""
        self.require_read(request)
        kind = ContentType.objects.get_for_model(self.model)
        rows = LogEntry.objects.filter(content_type=kind, object_id=str(object_id)).select_related("user")
        context = self.page(request, title=_("History"), changes=rows.order_by("-pk")[:MOST_CHANGES])
        return TemplateResponse(request, "omsweb/history.html", context)

    def page(self, request: HttpRequest, **context: Any) -> dict[str, Any]:
        """What every page of this subject tells its template."""
        return {**self.admin_site.each_context(request), "opts": self.model._meta, "subject": self, **context}  # noqa: SLF001
