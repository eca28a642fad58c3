"""Packages in OMS WEB: the list, and the page of one. What a package can do is asked of `available_commands`."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final

from django.db.models import OrderBy, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clickcollect.omnitron.models import DeliveryType, RetailStore
from clickcollect.oms import search, states
from clickcollect.oms.access import packages_of
from clickcollect.oms.events.documents import utc
from clickcollect.oms.lists import PAST_PICKUP, state_id, state_ids
from clickcollect.oms.models import MessageState, Package, PackageState
from clickcollect.oms.package_sql import listed_packages
from clickcollect.omsweb import command_dialog, export, tabs
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin
from clickcollect.omsweb.listing import Filter, Listing, Rows
from clickcollect.omsweb.package_page import PackagePage, open_package
from clickcollect.omsweb.saved_filters import saved_for
from clickcollect.omsweb.templatetags.omsweb import MESSAGE_WORDS

MOST_CHOICES: Final = 500
STUCK_AFTER: Final = timedelta(hours=48)
# The order of the index that finds what was not collected, for whoever counts it: the planner takes few ready packages
# for many, and would read all packages until it has found enough.
ALONG_DUE: Final = ("due_at", "pk")
LATE_IN: Final = {  # the states of what waits for a person
    "to_pack": states.TO_PACK,
    "not_collected": frozenset({states.READY}),
    "forgotten": frozenset({states.PACKED}),
    "no_message": frozenset({states.READY}),
}
# What waits for a person: in words, and how it is found. The dashboard counts the same.
LATE: Final[dict[str, tuple[Promise, Q]]] = {
    "to_pack": (gettext_lazy("Not packed in time"), Q(state_id__in=state_ids(states.TO_PACK), due_at__lt=Now())),
    "not_collected": (gettext_lazy("Not collected"), Q(state_id=state_id(states.READY)) & PAST_PICKUP),
    "forgotten": (
        gettext_lazy("Packed but not marked ready"),
        Q(state_id=state_id(states.PACKED), state_changed_at__lt=Now() - STUCK_AFTER),
    ),
    "no_message": (
        gettext_lazy("Customers not notified"),
        Q(state_id=state_id(states.READY), message_state=MessageState.FAILED),
    ),
}


def store_filter(column: str) -> Filter:
    """By store; every store the back office has, in one statement."""
    stores = RetailStore.objects.order_by("erp_code").values_list("pk", "erp_code", "name")[:MOST_CHOICES]
    return Filter(
        name="store",
        label=_("Store"),
        choices=[(str(pk), f"{erp_code} {name}") for pk, erp_code, name in stores],
        apply=lambda rows, value: rows.filter(**{column: int(value)}),
    )


def state_choices() -> list[tuple[str, str]]:
    """The states by number, with the names an operator gave them."""
    found = PackageState.objects.filter(enum_class=states.ENUM_CLASS).values_list("enum_value", "name")
    return [(value, _(name)) for value, name in found[:MOST_CHOICES]]


def delivery_type_filter(column: str) -> Filter:
    return Filter(
        name="delivery_type",
        label=_("Delivery Type"),
        choices=list(DeliveryType.choices),
        is_rare=True,
        apply=lambda rows, value: rows.filter(**{column: value}),
    )


def package_search(rows: Rows, text: str) -> Rows:
    """By order number, package number, customer name, last 4 digits of the phone and shelf; never by code.

    A scanned label is that package alone, whatever else its digits may begin.
    """
    meant = search.by_label(rows, text)
    return rows.filter(pk__in=[package.pk for package in meant]) if meant else search.matching(rows, text)


def late_packages(rows: Rows, name: str) -> Rows:
    """Those that need attention for this reason.

    The states are named by plain ids too: of looked-up ones the planner expects so many packages that it reads all.
    """
    states_named = PackageState.objects.filter(enum_class=states.ENUM_CLASS, enum_value__in=LATE_IN[name])
    return rows.filter(LATE[name][1], state_id__in=list(states_named.values_list("pk", flat=True)))


def package_listing(request: HttpRequest) -> Listing:
    """The packages that this person sees, as asked for: what is still to be handled most urgent first, else the newest.

    By due time only where few states are left to sort.
    """
    orders: dict[str, Sequence[str | OrderBy]] = {"newest": ("-pk",), "oldest": ("pk",)}
    if tabs.urgent_first(request.GET.get(tabs.PARAMETER, "")) or request.GET.get("late") in LATE:
        orders = {"due": tabs.BY_DUE, **orders}
    elif request.GET.get("state"):
        orders["due"] = tabs.BY_DUE
    return Listing(
        request=request,
        rows=packages_of(actor_of(request)),
        read=listed_packages,
        filters=[
            tabs.tab_filter(),
            Filter(
                name="state",
                label=_("Status"),
                choices=state_choices(),
                apply=lambda rows, value: rows.filter(state_id=state_id(value)),
            ),
            store_filter("stock_location_id"),
            delivery_type_filter("delivery_type"),
            Filter(
                name="message",
                label=_("Message"),
                choices=[(str(state.value), words) for state, words in MESSAGE_WORDS.items()],
                apply=lambda rows, value: rows.filter(message_state=value),
                is_rare=True,
            ),
            Filter(
                name="late",
                label=_("Needs attention"),
                choices=[(name, words) for name, (words, _fits) in LATE.items()],
                apply=late_packages,
            ),
        ],
        search=package_search,
        search_label=_("Search or scan"),
        search_hint=_("Order, package, customer, last 4 digits"),
        count_words=lambda count: ngettext("%(count)s package", "%(count)s packages", count),
        orders=orders,
    )


HEADER: Final = (
    "package", "order", "channel", "customer", "items", "state", "state_number", "delivery_from_store",
    "delivery_type", "store", "due", "collect_by", "message", "shelf", "bags", "created",
)  # fmt: skip


def export_package_lines(rows: list[Package]) -> Iterable[export.Cells]:
    """Packages as a file has them: times in UTC, values and not words where a program reads them."""
    for row in rows:
        order = row.order
        yield (
            row.number, order.number, order.channel, order.customer_name, row.item_count, row.state.name,
            row.state.enum_value, "yes" if order.is_click_and_collect else "no", order.delivery_type,
            row.stock_location.erp_code, utc(row.due_at), utc(row.pickup_deadline), row.message_state, row.shelf,
            row.bags, utc(row.created_date),
        )  # fmt: skip


class PackageAdmin(RightsModelAdmin):
    """Read-only: a package changes by its commands, and by nothing else."""

    folder = "packages"
    read_right: ClassVar[str] = "packages:read"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:package_id>/command/<int:transition>/", wrap(self.command_view), name="package_command"),
            path("", wrap(self.changelist_view), name="oms_package_changelist"),
            path("packages.csv", wrap(self.csv_view), name="packages_csv"),
            path("packages.xlsx", wrap(self.xlsx_view), name="packages_xlsx"),
            path("<int:object_id>/", wrap(self.package_view), name="oms_package_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        listing = package_listing(request)
        exports = export.links(listing, name="packages")
        late = listing.chosen.get("late")
        context = self.page(
            request,
            title=_("Packages"),
            listing=listing,
            tabs=tabs.shown_tabs(listing, any_ready=late is None or states.READY in LATE_IN[late]),
            exports=exports,
            **saved_for(request, "packages"),
        )
        return TemplateResponse(request, "omsweb/packages.html", context)

    def csv_view(self, request: HttpRequest) -> HttpResponseBase:
        self.require_read(request)
        return export.csv_file(
            name="packages", header=HEADER, rows=package_listing(request).found, lines=export_package_lines
        )

    def xlsx_view(self, request: HttpRequest) -> HttpResponse:
        self.require_read(request)
        return export.xlsx_file(
            name="packages", header=HEADER, rows=package_listing(request).found, lines=export_package_lines
        )

    def package_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        self.require_read(request)
        actor = actor_of(request)
        package = open_package(request, package_id=object_id)
        shown = PackagePage.load(package=package, actor=actor)
        context = self.page(request, title=package.number, original=package, shown=shown, package=package)
        return TemplateResponse(request, "omsweb/package.html", context)

    def command_view(self, request: HttpRequest, package_id: int, transition: int) -> HttpResponse:
        """The dialog of one command: shown, and sent."""
        self.require_read(request)
        return command_dialog.answer(request, model_admin=self, package_id=package_id, transition=transition)
