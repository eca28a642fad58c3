"""The packages page: tabs with counts, one field for search and scan, the table, and its live rows."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clickcollect.instore import lists, time_format
from clickcollect.instore.lists import Counts, ListPage, SearchResult
from clickcollect.instore.package_row import PackageRow
from clickcollect.instore.store_session import HtmxRequest, StoreSession, redirect_browser, store_staff_required
from clickcollect.oms.lists import ALL, TABS, TABS_BY_KEY, Tab

LONGEST_QUERY: Final = 500  # more than a label may have: of a cut text no number is read


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """What the address asks for."""

    tab: Tab
    text: str
    cursor: str

    @classmethod
    def from_request(cls, request: HttpRequest) -> "ListQuery":
        text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
        tab = TABS_BY_KEY.get(request.GET.get("tab", ""), ALL)
        return cls(tab=tab, text=text, cursor=request.GET.get("after", "")[:80])

    @property
    def newest_first(self) -> bool:
        """A list of what has ended begins with what ended last; hits of a search do not."""
        return not self.tab.open_states and not self.text

    def address(self, tab: Tab | None = None, after: str = "") -> str:
        """The packages page with this list."""
        parts = {"tab": (tab or self.tab).key, "q": self.text, "after": after}
        return f"{reverse('instore:packages')}?{urlencode({key: value for key, value in parts.items() if value})}"


@require_safe
@store_staff_required
def show_packages(request: HtmxRequest, session: StoreSession) -> HttpResponse:
    """The page; one hit of a search opens the package instead."""
    query = ListQuery.from_request(request)
    result = lists.search_store(session, query.text) if query.text else None
    if result and len(result.hits) == 1 and not request.GET.get("tab"):
        return redirect_browser(request, f"{reverse('instore:package', args=[result.hits[0].number])}?found")
    return render(request, "instore/packages.html", with_body(list_context(session, query, result)))


@require_safe
@store_staff_required
def packages_live(request: HtmxRequest, session: StoreSession) -> HttpResponse:
    """The list again if anything in it has changed since the version that the browser has; else 204."""
    query = ListQuery.from_request(request)
    context = list_context(session, query, lists.search_store(session, query.text) if query.text else None)
    if not request.htmx or request.GET.get("v") == context["version"]:
        response = HttpResponse(status=204)
    else:
        response = render(request, "instore/_list.html", with_body(context) | {"oob": True})
    response["X-Instore-Time"] = context["live_at"]
    return response


def with_body(context: dict[str, Any]) -> dict[str, Any]:
    return context | {"body": render_to_string("instore/_list_body.html", context)}


def list_context(session: StoreSession, query: ListQuery, result: SearchResult | None) -> dict[str, Any]:
    """Everything the list shows, and the version of it."""
    counts = result.counts if result else lists.count_tabs(session)
    if result:
        page = ListPage(rows=result.in_tab(query.tab)[: lists.PER_PAGE])
    else:
        page = lists.page_of_tab(session, query.tab, query.cursor)
    rows = [PackageRow(package=package, values=session.values) for package in page.rows]
    context: dict[str, Any] = {
        "store_session": session,
        "active_page": "packages",
        "list_query": query,
        "tabs": tab_links(query, counts),
        "counts": counts,
        "rows": rows,
        "can_select": any(not row.has_ended for row in rows),
        "total": counts.words(query.tab),
        "first_page": query.address() if query.cursor else "",
        "next_page": query.address(after=page.next_cursor) if page.next_cursor else "",
        "all_address": query.address(ALL),
        "packages_address": f"{reverse('instore:packages')}packages/",  # one is below it, by its number
        "empty": None if rows else empty_message(session, query, counts),
        "live_at": time_format.right_now(),
    }
    context["version"] = version_of(session, context)
    context["live_address"] = live_address(query, context["version"])
    return context


def version_of(session: StoreSession, context: dict[str, Any]) -> str:
    """Another one as soon as anything that the list shows has changed; to be had without drawing the list."""
    shown = [context[name] for name in ("tabs", "total", "empty", "first_page", "next_page")]
    parts = [get_language(), session.city, session.alarms, *shown, *(seen(row) for row in context["rows"])]
    return hashlib.sha256(orjson.dumps(parts, default=str)).hexdigest()[:16]


def seen(row: PackageRow) -> list[Any]:
    """What the page shows of a row."""
    package = row.package
    order = package.order
    return [
        package.pk, order.number, row.customer, row.phone_end, order.delivery_type, package.item_count, package.shelf,
        package.state.enum_value, row.status, row.hold, row.lock, row.due, row.sms,
    ]  # fmt: skip


def tab_links(query: ListQuery, counts: Counts) -> list[dict[str, Any]]:
    """The tabs to show; *Not collected* while it has rows or is open."""
    return [
        {
            "key": tab.key,
            "label": tab.label,
            "count": counts.words(tab),
            "address": query.address(tab),
            "selected": tab is query.tab,
        }
        for tab in TABS
        if counts.in_tab(tab) or not tab.past_pickup or tab is query.tab
    ]


def nothing_in(tab: Tab) -> dict[str, str]:
    """What would stand in an empty list, and how it comes there."""
    words = {
        "to-pack": (_("Nothing to pack"), _("New orders for this store appear here automatically.")),
        "packed": (
            _("No packed packages"),
            _("A package appears here after “Complete packaging”, until it is ready for its customer."),
        ),
        "ready": (
            _("No packages ready for customers"),
            _("A package appears here after “Ready for customer pickup”, which sends the customer the code."),
        ),
        "not-collected": (
            _("Everything was collected in time"),
            _("A package appears here when its pickup time has passed."),
        ),
        "delivered": (_("No packages handed over yet"), _("Packages appear here once they are handed over.")),
        "all": (_("No packages yet"), _("A package appears here as soon as an order for this store arrives.")),
    }
    title, sentence = words[tab.key]
    return {"title": title, "sentence": sentence}


def empty_message(session: StoreSession, query: ListQuery, counts: Counts) -> dict[str, str]:
    """Why there is nothing to see, and where it is instead."""
    if not query.text:
        return nothing_in(query.tab)
    title = _("No packages match “%(query)s”.") % {"query": query.text}
    elsewhere = [tab for tab in TABS if counts.in_tab(tab) and tab is not query.tab and tab is not ALL]
    hidden = lists.count_tabs(session).in_tab(query.tab)
    hides = ngettext(
        "%(count)d package in this list is hidden by the search.",
        "%(count)d packages in this list are hidden by the search.",
        hidden,
    ) % {"count": hidden}
    if elsewhere:
        where = ", ".join(f"{counts.in_tab(tab)} · {tab.label}" for tab in elsewhere)
        return {"title": title, "sentence": f"{hides} {_('Found in other lists: %(where)s.') % {'where': where}}"}
    advice = _("Check the number, or search by name, order or the last 4 digits of the phone.")
    return {"title": title, "sentence": f"{hides} {advice}"}


def live_address(query: ListQuery, version: str) -> str:
    """Where the browser asks for news of this very list."""
    parts = {"tab": query.tab.key, "q": query.text, "after": query.cursor, "v": version}
    return f"{reverse('instore:packages_live')}?{urlencode(parts)}"
