"""Orders to repair in OMS WEB: what could not be placed, with every fault in words; to correct or to discard."""

import json
from collections import Counter
from typing import Any, ClassVar, Final

from django.contrib import messages
from django.db.models import Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clickcollect.accounts.people import full_names
from clickcollect.errors import DomainError, NotFound
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import STORE_LOC, value_at
from clickcollect.oms import search
from clickcollect.oms.orders.repair import discard_order
from clickcollect.oms.orders.repaired import send_on, send_on_as_they_came
from clickcollect.oms.personal_terms import email_term, phone_term
from clickcollect.oms.repair_models import OrderToRepair, RepairState
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin, Saved, posted
from clickcollect.omsweb.listing import Filter, Listing, Rows, day_filters
from clickcollect.omsweb.repair_form import DiscardForm, RepairForm, faults_in_words, field_text

MOST_COUNTED: Final = 999
MOST_READ: Final = 1000
MOST_FAULTS: Final = 4  # in the list; the page of one names all
LONGEST_PAYLOAD: Final = 100_000  # characters shown of what came; a body may have a million


def repair_search(rows: Rows, text: str) -> Rows:
    """By the beginning of a number or name, by the last 4 digits of the phone, by a whole phone number or e-mail."""
    term = email_term(text) if "@" in text else ""
    if not term and not any(char.isalpha() for char in text):
        term = phone_term(text)
    asked = search.asked_terms(text)
    if not term and not asked:
        return rows.none()
    found = rows.filter(search=search.LexemeQuery([term], whole=True)) if term else rows.none()
    return found | rows.filter(search=search.LexemeQuery(asked)) if asked else found


def channel_filter(rows: Rows) -> Filter:
    """The channels of the newest rows; a list of all that ever were would read every row."""
    channels = set(rows.order_by("-pk").values_list("channel", flat=True)[:MOST_READ])
    return Filter(
        name="channel",
        label=_("Channel"),
        choices=[(channel, channel) for channel in sorted(channels) if channel],
        apply=lambda rows, value: rows.filter(channel=value),
    )


def repair_listing(request: HttpRequest) -> Listing:
    """What waits, oldest first; or what ended in one way, newest first."""
    chosen = request.GET.get("state", "")
    state = chosen if chosen in RepairState.values else RepairState.WAITING
    waits = state == RepairState.WAITING
    rows = OrderToRepair.objects.filter(state=state).select_related("order").defer("payload")
    orders = {"oldest": ("pk",), "newest": ("-pk",)} if waits else {"newest": ("-pk",), "oldest": ("pk",)}
    return Listing(
        request=request,
        rows=rows,
        filters=[
            Filter(
                name="state",
                label="",
                kind="tab",
                choices=RepairState.choices,
                apply=lambda rows, _value: rows,  # they are of that state already
            ),
            channel_filter(rows),
            *day_filters("received_at"),
        ],
        search=repair_search,
        count_words=lambda count: ngettext("%(count)s order", "%(count)s orders", count),
        orders=orders,
    )


def repair_tabs(listing: Listing) -> list[dict[str, Any]]:
    """Each way it stands, with how many there are; one statement."""
    chosen = listing.chosen.get("state", RepairState.WAITING)
    parts = [
        OrderToRepair.objects.filter(state=state).order_by().values_list(Value(state))[: MOST_COUNTED + 1]
        for state in RepairState.values
    ]
    counted = Counter(state for (state,) in parts[0].union(*parts[1:], all=True))
    return [
        {
            "key": state,
            "label": label,
            "count": f"{MOST_COUNTED}+" if counted[state] > MOST_COUNTED else counted[state],
            "link": listing.link(state=None if state == RepairState.WAITING else state),
            "selected": state == chosen,
        }
        for state, label in RepairState.choices
    ]


def customer_name(row: OrderToRepair) -> str:
    """The name that was sent."""
    return " ".join(filter(None, (field_text(value_at(row.document, "customer", name)) for name in NAMES)))


NAMES: Final = ("first_name", "last_name")


def repair_line(row: OrderToRepair) -> dict[str, Any]:
    """One row of the list in words."""
    location = field_text(value_at(row.document, *STORE_LOC))
    faults = faults_in_words(row.faults, location=location)
    return {
        "row": row,
        "number": row.number or _("Without a number"),
        "customer": customer_name(row),
        "faults": faults[:MOST_FAULTS],
        "more": max(0, len(faults) - MOST_FAULTS),
    }


class OrderToRepairAdmin(RightsModelAdmin):
    """Nothing of what came is changed here: a corrected order goes the one way in."""

    folder = "repairs"
    read_right: ClassVar[str] = "orders:read"
    change_right: ClassVar[str] = "orders:write"
    form_template = "omsweb/repair.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="oms_ordertorepair_changelist"),
            path("again/", wrap(self.again_view), name="repairs_again"),
            path("<int:object_id>/", wrap(self.repair_view), name="oms_ordertorepair_change"),
            path("<int:object_id>/discard/", wrap(self.discard_view), name="repair_discard"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        listing = repair_listing(request)
        context = self.page(
            request,
            title=_("Orders to repair"),
            listing=listing,
            lines=[repair_line(row) for row in listing.page_rows],
            tabs=repair_tabs(listing),
            may_try_again=self.has_change_permission(request) and "state" not in listing.chosen,
        )
        return TemplateResponse(request, "omsweb/repairs.html", context)

    def again_view(self, request: HttpRequest) -> HttpResponse:
        """Try the orders of this page of the list again, as they came."""
        if request.method == "POST":
            listing = repair_listing(request)
            shown = [row.pk for row in listing.page_rows]
            sent = send_on_as_they_came(repair_ids=shown, actor=actor_of(request))
            words = ngettext("%(count)d order was resubmitted.", "%(count)d orders were resubmitted.", sent)
            waits = ngettext("%(count)d is still waiting.", "%(count)d are still waiting.", len(shown) - sent)
            messages.success(request, f"{words % {'count': sent}} {waits % {'count': len(shown) - sent}}")
        return redirect("omsweb:oms_ordertorepair_changelist")

    def repair_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The form of one that waits, filled in and with its faults; of one that has ended, what became of it."""
        self.require_read(request)
        row = self.repair_by_id(object_id)
        payload = json.dumps(row.payload, ensure_ascii=False, indent=2)
        facts: dict[str, Any] = {
            "faults": faults_in_words(row.faults, location=field_text(value_at(row.document, *STORE_LOC))),
            "customer": customer_name(row),
            "payload": payload[:LONGEST_PAYLOAD],
            "payload_is_cut": len(payload) > LONGEST_PAYLOAD,
            "who": full_names([row.ended_by]).get(row.ended_by or 0, ""),
            "there": Order.objects.filter(channel=row.channel, number=row.reference).first(),
        }
        title = _("Order %(number)s") % {"number": row}
        if row.state != RepairState.WAITING:
            context = self.page(request, title=title, original=row, repair=row, **facts)
            return TemplateResponse(request, "omsweb/repair_ended.html", context)
        form = RepairForm(row, posted(request))
        if request.method != "POST":
            form.show_faults()

        def save() -> Saved:
            order = send_on(
                repair_id=row.pk, document=form.document(), actor=actor_of(request), learn_location=form.learns
            )
            return Saved(said=_("Order %(number)s was resubmitted and placed.") % {"number": order.number})

        return self.edit(
            request, form=form, title=title, save=save, row=row, repair=row, discard_form=DiscardForm(), **facts
        )

    def discard_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Say why it is not wanted."""
        page = redirect("omsweb:oms_ordertorepair_change", object_id)
        if request.method != "POST":
            return page
        form = DiscardForm(request.POST)
        if not form.is_valid():
            messages.error(request, form.all_errors)
            return page
        try:
            discard_order(repair_id=object_id, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except DomainError as error:
            form.add_domain_error(error)
            messages.error(request, form.all_errors)
            return page
        messages.success(request, _("The order was discarded."))
        return redirect("omsweb:oms_ordertorepair_changelist")

    def repair_by_id(self, object_id: int) -> OrderToRepair:
        """One order to repair. Raises NotFound."""
        try:
            return OrderToRepair.objects.select_related("order").get(pk=object_id)
        except (OrderToRepair.DoesNotExist, OverflowError):
            raise NotFound from None
