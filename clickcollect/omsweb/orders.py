"""Orders in OMS WEB: the list, the page of one, and the form that enters a Click & Collect order."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clickcollect.errors import DomainError, NotFound
from clickcollect.omnitron.models import Order, OrderInStatus, OrderStatus
from clickcollect.omnitron.order_schema import Source, read_order
from clickcollect.oms import search
from clickcollect.oms.access import packages_of
from clickcollect.oms.events.documents import money, utc
from clickcollect.oms.orders.cancellation import cancel_order
from clickcollect.oms.orders.intake import Became, receive_order
from clickcollect.oms.orders.taking_off import take_off
from clickcollect.omsweb import export
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin, Saved, posted
from clickcollect.omsweb.clock import go_by_store
from clickcollect.omsweb.forms import OmsForm, PlainText
from clickcollect.omsweb.listing import Filter, Listing, Rows, day_filters
from clickcollect.omsweb.order_form import OrderForm
from clickcollect.omsweb.packages import delivery_type_filter, store_filter
from clickcollect.omsweb.saved_filters import saved_for
from clickcollect.omsweb.take_off_form import TakeOffForm
from clickcollect.omsweb.timeline import timeline_of_order

SAID: Final[dict[Became, Promise]] = {
    Became.PLACED: gettext_lazy("Order %(number)s was created."),
    Became.UNCHANGED: gettext_lazy("Order %(number)s already exists."),
    Became.AMENDED: gettext_lazy("Order %(number)s already existed and was updated."),
}
MOST_FOUND: Final = 1000
MOST_LINES: Final = 500
MOST_REPAIRS: Final = 10
LONGEST_REASON: Final = 500


def order_search(request: HttpRequest) -> Any:
    """By the beginning of the number, by e-mail or phone, or by what its packages are found by."""

    def narrow(rows: Rows, text: str) -> Rows:
        exact = {"email": text} if "@" in text else {"phone_number": "+" + "".join(filter(str.isdigit, text))}
        found = set(Order.objects.filter(number__startswith=text).values_list("pk", flat=True)[:MOST_FOUND])
        found |= set(Order.objects.filter(**exact).values_list("pk", flat=True)[:MOST_FOUND])
        packages = packages_of(actor_of(request))
        found |= {package.order_id for package in search.by_label(packages, text)}
        matching = search.matching(packages, text).order_by()
        found |= set(matching.values_list("order_id", flat=True)[:MOST_FOUND])
        return rows.filter(pk__in=found)

    return narrow


def in_status(status: int) -> Any:
    """The ids of the orders that have this status."""
    return OrderInStatus.objects.filter(status=status).values("order_id")


def order_listing(request: HttpRequest) -> Listing:
    return Listing(
        request=request,
        rows=Order.objects.select_related("retail_store"),
        filters=[
            Filter(
                name="status",
                label=_("Status"),
                choices=[(str(value), label) for value, label in OrderStatus.choices],
                apply=lambda rows, value: rows.filter(pk__in=in_status(int(value))),
            ),
            store_filter("retail_store_id"),
            delivery_type_filter("delivery_type"),
            *day_filters("created_date"),
        ],
        search=order_search(request),
        search_label=_("Number, name, phone, e-mail"),
        count_words=lambda count: ngettext("%(count)s order", "%(count)s orders", count),
        orders={"newest": ("-pk",), "oldest": ("pk",)},
    )


HEADER: Final = (
    "order", "channel", "status", "status_name", "customer", "phone", "email", "delivery_type", "store", "amount",
    "currency", "placed", "received",
)  # fmt: skip


def export_order_lines(rows: list[Order]) -> Iterable[export.Cells]:
    """Orders as a file has them."""
    for row in rows:
        yield (
            row.number, row.channel, row.status, row.get_status_display(), row.customer_name, row.phone_number,
            row.email, row.delivery_type, row.retail_store.erp_code if row.retail_store else "", money(row.amount),
            row.currency, utc(row.date_placed), utc(row.created_date),
        )  # fmt: skip


def may_still_end(order: Order) -> bool:
    """Whether it makes sense to offer its cancellation; `cancel_order` decides."""
    ended = (OrderStatus.CANCELED, OrderStatus.DELIVERED, OrderStatus.REFUNDED)
    return order.status not in ended and order.cancel_requested_at is None


class CancellationForm(OmsForm):
    """Why an order is cancelled."""

    reason = PlainText(label=gettext_lazy("Reason"), required=False, max_length=LONGEST_REASON)


class OrderAdmin(RightsModelAdmin):
    """Orders come in by `receive_order`; nothing of them is edited here."""

    folder = "orders"
    read_right: ClassVar[str] = "orders:read"
    add_right: ClassVar[str] = "orders:write"
    form_template = "omsweb/order_form.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="omnitron_order_changelist"),
            path("orders.csv", wrap(self.csv_view), name="orders_csv"),
            path("orders.xlsx", wrap(self.xlsx_view), name="orders_xlsx"),
            path("add/", wrap(self.enter_view), name="omnitron_order_add"),
            path("<int:object_id>/cancel/", wrap(self.cancel_view), name="order_cancel"),
            path("<int:object_id>/take-off/", wrap(self.take_off_view), name="order_take_off"),
            path("<int:object_id>/", wrap(self.order_view), name="omnitron_order_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        listing = order_listing(request)
        context = self.page(
            request,
            title=_("Orders"),
            listing=listing,
            exports=export.links(listing, name="orders"),
            **saved_for(request, "orders"),
            may_add=self.has_add_permission(request),
        )
        return TemplateResponse(request, "omsweb/orders.html", context)

    def csv_view(self, request: HttpRequest) -> HttpResponseBase:
        self.require_read(request)
        return export.csv_file(
            name="orders", header=HEADER, rows=order_listing(request).found, lines=export_order_lines
        )

    def xlsx_view(self, request: HttpRequest) -> HttpResponse:
        self.require_read(request)
        return export.xlsx_file(
            name="orders", header=HEADER, rows=order_listing(request).found, lines=export_order_lines
        )

    def cancel_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask for an order's end; a job cancels its open packages one by one."""
        order = self.order_by_id(object_id)
        back = redirect("omsweb:omnitron_order_change", order.pk)
        if request.method != "POST":
            return back
        form = CancellationForm(request.POST)
        if not form.is_valid():
            messages.error(request, form.all_errors)
            return back
        try:
            cancel_order(order_id=order.pk, actor=actor_of(request), reason=form.cleaned_data["reason"])
        except DomainError as error:
            messages.error(request, error.detail)
        else:
            messages.success(request, _("The order is being cancelled. Its open packages will follow in a moment."))
        return back

    def order_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        self.require_read(request)
        order = self.order_by_id(object_id)
        go_by_store(request, order.retail_store)
        context = self.page(
            request,
            title=order.number,
            original=order,
            order=order,
            packages=list(packages_of(actor_of(request)).filter(order=order).order_by("pk")[:MOST_LINES]),
            lines=list(order.items.select_related("retail_store")[:MOST_LINES]),
            repairs=list(order.repaired_from.order_by("-pk")[:MOST_REPAIRS]),
            timeline=timeline_of_order(order),
            cancellation=CancellationForm(),
            may_cancel=actor_of(request).may("orders:write") and may_still_end(order),
            may_take_off=actor_of(request).may("orders:write") and may_still_end(order),
        )
        return TemplateResponse(request, "omsweb/order.html", context)

    def take_off_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """How many pieces of each line are not wanted any more, and why."""
        actor = actor_of(request)
        actor.require(self.add_right)
        order = self.order_by_id(object_id)
        form = TakeOffForm(posted(request), lines=list(order.items.all()[:MOST_LINES]))

        def save() -> Saved:
            reason = form.cleaned_data["reason"]
            take_off(order_id=order.pk, pieces=form.pieces, reason=reason, actor=actor)
            said = _("Removed. If any of it is already packed, the store is told.")
            return Saved(said=said, answer=redirect("omsweb:omnitron_order_change", order.pk))

        title = _("Remove items from order %(number)s") % {"number": order.number}
        page = self.edit(request, form=form, title=title, save=save, order=order)
        if isinstance(page, TemplateResponse):
            page.template_name = "omsweb/take_off.html"
        return page

    def order_by_id(self, object_id: int) -> Order:
        """One order. Raises NotFound."""
        try:
            return Order.objects.select_related("retail_store").get(pk=object_id)
        except (Order.DoesNotExist, OverflowError):
            raise NotFound from None

    def enter_view(self, request: HttpRequest) -> HttpResponse:
        """The form: every fault at its field, and what was typed stays."""
        actor = actor_of(request)
        actor.require(self.add_right)
        form = OrderForm(posted(request))

        def save() -> Saved:
            received = receive_order(order=read_order(form.document(), source=Source.PERSON), actor=actor)
            return Saved(
                said=SAID[received.became] % {"number": received.order.number},
                answer=redirect("omsweb:omnitron_order_change", received.order.pk),
            )

        return self.edit(request, form=form, title=_("New order"), save=save)
