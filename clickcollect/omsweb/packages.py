"""Packages in OMS WEB: the list, and the page of one. What a package can do is asked of `available_commands`."""

from typing import Any, ClassVar, Final

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from clickcollect.omnitron.models import DeliveryType, RetailStore
from clickcollect.oms import search, states
from clickcollect.oms.access import get_package, packages_of
from clickcollect.oms.models import PackageState
from clickcollect.omsweb import command_dialog
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.listing import Filter, Listing, Rows
from clickcollect.omsweb.package_page import PackagePage
from clickcollect.omsweb.subject import Subject

MOST_CHOICES: Final = 500


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
        apply=lambda rows, value: rows.filter(**{column: value}),
    )


def package_search(rows: Rows, text: str) -> Rows:
    """By order number, package number, customer name, last 4 digits of the phone and shelf (ui.md); never by code."""
    return search.matching(rows, text)


def package_listing(request: HttpRequest) -> Listing:
    """The packages that this person sees, as asked for. By due time only within one state, where an index has it."""
    orders: dict[str, tuple[str, ...]] = {"newest": ("-pk",), "oldest": ("pk",)}
    if request.GET.get("state"):
        orders["due"] = ("due_at", "pk")
    return Listing(
        request=request,
        rows=packages_of(actor_of(request)),
        filters=[
            Filter(
                name="state",
                label=_("Status"),
                choices=state_choices(),
                apply=lambda rows, value: rows.filter(state__enum_class=states.ENUM_CLASS, state__enum_value=value),
            ),
            store_filter("stock_location_id"),
            delivery_type_filter("order__delivery_type"),
        ],
        search=package_search,
        orders=orders,
    )


class PackageSubject(Subject):
    """Read-only: a package changes by its commands, and by nothing else."""

    folder = "packages"
    read_right: ClassVar[str] = "packages:read"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:package_id>/command/<int:transition>/", wrap(self.command_view), name="package_command"),
            path("", wrap(self.changelist_view), name="oms_package_changelist"),
            path("<int:object_id>/", wrap(self.package_view), name="oms_package_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        self.require_read(request)
        context = self.page(request, title=_("Packages"), listing=package_listing(request))
        return TemplateResponse(request, "omsweb/packages.html", context)

    def package_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        self.require_read(request)
        actor = actor_of(request)
        package = get_package(actor, package_id=object_id)
        shown = PackagePage.read(package=package, actor=actor)
        context = self.page(request, title=package.number, original=package, shown=shown, package=package)
        return TemplateResponse(request, "omsweb/package.html", context)

    def command_view(self, request: HttpRequest, package_id: int, transition: int) -> HttpResponse:
        """The dialog of one command: shown, and sent."""
        self.require_read(request)
        return command_dialog.answer(request, subject=self, package_id=package_id, transition=transition)
