"""The log in OMS WEB: who did what, where and when, and what was refused. Read-only; filters and CSV."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.accounts.models import User
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import labels
from clickcollect.oms.access import Actor
from clickcollect.oms.app_settings import SETTINGS
from clickcollect.oms.commands.base import COMMANDS
from clickcollect.oms.log.timeline import read_state_names, refusal_title, timeline
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import Package, ids_of_numbers
from clickcollect.omsweb import export
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin
from clickcollect.omsweb.listing import Filter, Listing, Rows, day_filters
from clickcollect.omsweb.packages import state_choices, store_filter
from clickcollect.omsweb.saved_filters import saved_for

MOST_PEOPLE: Final = 500
MOST_PACKAGES: Final = 100


def visible_log(actor: Actor) -> QuerySet[CommandLog]:
    """The log of the stores this person sees."""
    rows = CommandLog.objects.all()
    return rows if actor.store_ids is None else rows.filter(store_id__in=actor.store_ids)


def actor_filter() -> Filter:
    people = User.objects.order_by("username")[:MOST_PEOPLE]
    return Filter(
        name="actor",
        label=_("Who"),
        choices=[(str(person.pk), f"{person.get_full_name()} ({person.username})") for person in people],
        apply=lambda rows, value: rows.filter(actor_id=int(value)),
        is_rare=True,
    )


def of_package(rows: Rows, text: str) -> Rows:
    """By a package's number, or its order's."""
    number = Q(pk__in=ids_of_numbers([text, *labels.package_numbers(text)]))
    found = Package.objects.filter(number | Q(order_number=text)).order_by()
    return rows.filter(package_id__in=list(found.values_list("pk", flat=True)[:MOST_PACKAGES]))


def log_listing(request: HttpRequest, *, titles: dict[str, str] | None = None) -> Listing:
    """The log as asked for, newest first. Its indexes carry each filter alone; the count stops at ten thousand."""
    states = list(titles.items()) if titles is not None else state_choices()
    return Listing(
        request=request,
        rows=visible_log(actor_of(request)),
        filters=[
            Filter(
                name="kind",
                label=_("Kind"),
                choices=LogKind.choices,
                apply=lambda rows, value: rows.filter(kind=value),
            ),
            Filter(
                name="command",
                label=_("Command code"),
                choices=[(code, code) for code in sorted(COMMANDS)],
                apply=lambda rows, value: rows.filter(command_code=value),
                is_rare=True,
            ),
            Filter(
                name="new_state",
                label=_("To state"),
                choices=states,
                apply=lambda rows, value: rows.filter(new_state=value),
                is_rare=True,
            ),
            store_filter("store_id"),
            actor_filter(),
            *day_filters("at"),
        ],
        search=of_package,
        search_label=_("Package or order number"),
        count_words=lambda count: ngettext("%(count)s entry", "%(count)s entries", count),
    )


def rows_in_words(rows: Iterable[CommandLog], *, titles: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Log rows with the names of people, stores, states and packages put in, each kind in one statement.

    ``titles``: the states' names, where the page has read them already.
    """
    found = list(rows)
    titles = read_state_names() if titles is None else titles
    store_ids = {row.store_id for row in found if row.store_id}
    stores = dict(RetailStore.objects.filter(pk__in=store_ids).values_list("pk", "erp_code")) if store_ids else {}
    package_ids = {row.package_id for row in found if row.package_id}
    numbers = dict(Package.objects.filter(pk__in=package_ids).values_list("pk", "number")) if package_ids else {}
    return [
        {
            "row": row,
            "title": entry.title,
            "command": entry.command,
            "actor": entry.actor,
            "who": entry.who,
            "store": stores.get(row.store_id or 0, ""),
            "number": numbers.get(row.package_id or 0, ""),
            "from_state": titles.get(row.old_state, row.old_state),
            "to_state": titles.get(row.new_state, row.new_state),
            "repair_id": row.attributes.get("repair.id"),
            "old": setting_words(row, "setting.old"),
            "new": setting_words(row, "setting.new"),
            "notes": entry.notes,
        }
        for entry in timeline(found, state_names=titles)
        for row in (entry.row,)
    ]


def setting_words(row: CommandLog, name: str) -> str | None:
    """The value of a setting before or after a change, in words; None where it went back to the default."""
    value = row.attributes.get(name)
    setting = SETTINGS.get(row.attributes.get("setting.key", ""))
    return None if value is None else setting.words(value) if setting else str(value)


HEADER: Final = (
    "id", "time", "kind", "package", "order_id", "store", "from", "to", "who", "channel",
    "command_code", "slug", "refused", "details", "notes",
)  # fmt: skip


def export_log_lines(rows: list[CommandLog]) -> Iterable[export.Cells]:
    """Log rows as a file has them: numbers and codes, so that a program reads them in any language."""
    for item in rows_in_words(rows):
        row = item["row"]
        details = "; ".join(f"{key}={value}" for key, value in sorted(row.attributes.items()))
        yield (
            row.pk, row.at.isoformat(), row.kind, item["number"], row.order_id, item["store"], row.old_state,
            row.new_state, item["actor"], row.channel, row.command_code, row.slug,
            refusal_title(row.code) if row.kind == LogKind.REFUSED else row.note_kind,
            details, " / ".join(item["notes"]),
        )  # fmt: skip


class LogAdmin(RightsModelAdmin):
    """Append-only: nobody edits or deletes a row, here or in the database."""

    folder = "log"
    read_right: ClassVar[str] = "logs:read"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="oms_commandlog_changelist"),
            path("log.csv", wrap(self.csv_view), name="log_csv"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        titles = read_state_names()
        listing = log_listing(request, titles=titles)
        exports = [{"link": f"log.csv{listing.link()}", "label": "CSV"}]
        context = self.page(request, title=_("Log"), listing=listing, exports=exports, **saved_for(request, "log"))
        context["entries"] = rows_in_words(listing.page_rows, titles=titles)
        return TemplateResponse(request, "omsweb/log.html", context)

    def csv_view(self, request: HttpRequest) -> HttpResponseBase:
        self.require_read(request)
        return export.csv_file(name="log", header=HEADER, rows=log_listing(request).found, lines=export_log_lines)
