"""The packages page: tabs with counts, one field for search and scan, the table, and its live rows."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clickcollect.instore import lists, time_format
from clickcollect.instore.lists import Counts, Found, Page, Tab
from clickcollect.instore.package_row import Row
from clickcollect.instore.store_session import Desk, at_the_desk, go, is_partial

LONGEST_QUERY: Final = 500  # more than a label may have: of a cut text no number is read


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the address asks for."""

    tab: Tab
    query: str
    cursor: str

    @classmethod
    def of(cls, request: HttpRequest) -> "Asked":
        text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
        tab = lists.BY_KEY.get(request.GET.get("tab", ""), lists.ALL)
        return cls(tab=tab, query=text, cursor=request.GET.get("after", "")[:80])

    @property
    def newest_first(self) -> bool:
        """A list of what has ended begins with what ended last; hits of a search do not."""
        return not self.tab.open_states and not self.query

    def address(self, tab: Tab | None = None, after: str = "") -> str:
        """The packages page with this list."""
        parts = {"tab": (tab or self.tab).key, "q": self.query, "after": after}
        return f"{reverse('instore:packages')}?{urlencode({key: value for key, value in parts.items() if value})}"


@require_safe
@at_the_desk
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The page; one hit of a search opens the package instead."""
    asked = Asked.of(request)
    found = lists.find(desk, asked.query) if asked.query else None
    if found and len(found.hits) == 1 and not request.GET.get("tab"):
        return go(request, f"{reverse('instore:package', args=[found.hits[0].number])}?found")
    return render(request, "instore/packages.html", with_body(context(desk, asked, found)))


@require_safe
@at_the_desk
def live(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The list again if anything in it has changed since the version that the browser has; else 204."""
    asked = Asked.of(request)
    shown = context(desk, asked, lists.find(desk, asked.query) if asked.query else None)
    if not is_partial(request) or request.GET.get("v") == shown["version"]:
        response = HttpResponse(status=204)
    else:
        response = render(request, "instore/_list.html", with_body(shown) | {"oob": True})
    response["X-Instore-Time"] = shown["live_at"]
    return response


def with_body(shown: dict[str, Any]) -> dict[str, Any]:
    return shown | {"body": render_to_string("instore/_list_body.html", shown)}


def context(desk: Desk, asked: Asked, found: Found | None) -> dict[str, Any]:
    """Everything the list shows, and the version of it."""
    counts = found.counts if found else lists.count(desk)
    page = Page(rows=found.of(asked.tab)[: lists.PER_PAGE]) if found else lists.page(desk, asked.tab, asked.cursor)
    rows = [Row(package=package, values=desk.values) for package in page.rows]
    shown: dict[str, Any] = {
        "desk": desk,
        "here": "packages",
        "asked": asked,
        "tabs": tabs(asked, counts),
        "counts": counts,
        "rows": rows,
        "total": counts.words(asked.tab),
        "first_page": asked.address() if asked.cursor else "",
        "next_page": asked.address(after=page.next_cursor) if page.next_cursor else "",
        "all_address": asked.address(lists.ALL),
        "empty": None if rows else empty(desk, asked, counts),
        "live_at": time_format.right_now(),
    }
    shown["version"] = version_of(desk, shown)
    shown["live_address"] = live_address(asked, shown["version"])
    return shown


def version_of(desk: Desk, shown: dict[str, Any]) -> str:
    """Another one as soon as anything that the list shows has changed; to be had without drawing the list."""
    parts = [
        get_language(),
        desk.city,
        sorted(desk.values.items()),
        desk.alarms,
        shown["tabs"],
        shown["total"],
        shown["empty"],
    ]
    parts += [shown["first_page"], shown["next_page"]]
    for row in shown["rows"]:
        parts += [row.status, row.due, row.message_told, columns(row.package), columns(row.package.order)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def columns(row: Model) -> list[Any]:
    """What a row of the database holds."""
    return [value for name, value in vars(row).items() if name not in ("_state", "clock")]


def tabs(asked: Asked, counts: Counts) -> list[dict[str, Any]]:
    """The tabs to show; *Not collected* while it has rows or is open."""
    return [
        {
            "key": tab.key,
            "label": tab.label,
            "count": counts.words(tab),
            "address": asked.address(tab),
            "selected": tab is asked.tab,
        }
        for tab in lists.TABS
        if counts.of(tab) or not tab.hides_when_empty or tab is asked.tab
    ]


def empty(desk: Desk, asked: Asked, counts: Counts) -> dict[str, str]:
    """Why there is nothing to see, and where it is instead."""
    if not asked.query:
        return {"title": _("Nothing here"), "sentence": _("New packages appear here by themselves.")}
    title = _("Nothing found")
    elsewhere = [tab for tab in lists.TABS if counts.of(tab) and tab is not asked.tab and tab is not lists.ALL]
    hidden = lists.count(desk).of(asked.tab)
    hides = ngettext(
        "The search “%(query)s” hides %(count)d package in this list.",
        "The search “%(query)s” hides %(count)d packages in this list.",
        hidden,
    ) % {"query": asked.query, "count": hidden}
    if elsewhere:
        where = ", ".join(f"{counts.of(tab)} · {tab.label}" for tab in elsewhere)
        return {"title": title, "sentence": f"{hides} {_('It finds: %(where)s.') % {'where': where}}"}
    advice = _("Check the number, or search by name, order or the last 4 digits of the phone.")
    return {"title": title, "sentence": f"{hides} {advice}"}


def live_address(asked: Asked, seen: str) -> str:
    """Where the browser asks for news of this very list."""
    parts = {"tab": asked.tab.key, "q": asked.query, "after": asked.cursor, "v": seen}
    return f"{reverse('instore:packages_live')}?{urlencode(parts)}"
