"""Deliveries in OMS WEB: how each event fared on its way to each webhook. No bodies; dead letters can go again."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clickcollect.errors import DomainError, NotFound
from clickcollect.omnitron.models import Order
from clickcollect.oms import after_restore, alarms, labels
from clickcollect.oms.access import require_hook_right
from clickcollect.oms.alarms import AlarmKind
from clickcollect.oms.models import Package, ids_of_numbers
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin
from clickcollect.omsweb.forms import TickForm
from clickcollect.omsweb.hook_form import type_choices
from clickcollect.omsweb.listing import Filter, Listing, Rows, day_filters
from clickcollect.omsweb.saved_filters import saved_for
from clickcollect.whisperer import redelivery, registry, statistics
from clickcollect.whisperer.models import Delivery, DeliveryState, Reason
from clickcollect.wire_format import whole_number

MOST_SUBJECTS: Final = 100
MOST_TICKED: Final = 100
MOST_FOUND: Final = 500  # sent again in one go: some two seconds


def search_deliveries(rows: Rows, text: str) -> Rows:
    """By a package's number; by an order's, with those of its packages; by an event's uuid or a subject (order:12)."""
    numbers = ids_of_numbers([text, *labels.package_numbers(text)])
    packages = Package.objects.filter(Q(pk__in=numbers) | Q(order__number=text))
    orders = Order.objects.filter(number=text)
    subjects = [f"package:{pk}" for pk in packages.order_by().values_list("pk", flat=True)[:MOST_SUBJECTS]]
    subjects += [f"order:{pk}" for pk in orders.order_by().values_list("pk", flat=True)[:MOST_SUBJECTS]]
    if not subjects and len(text) == 32:
        return rows.filter(event__uuid=text)
    return rows.filter(event__subject__in=subjects or [text])


def delivery_listing(request: HttpRequest) -> Listing:
    return Listing(
        request=request,
        rows=Delivery.objects.select_related("event", "hook").defer("event__payload"),
        filters=[
            Filter(
                name="state",
                label=_("State"),
                choices=DeliveryState.choices,
                apply=lambda rows, value: rows.filter(state=value),
            ),
            Filter(
                name="type",
                label=_("Event type"),
                choices=type_choices(),
                apply=lambda rows, value: rows.filter(event_type=value),
            ),
            Filter(
                name="reason",
                label=_("Reason"),
                choices=Reason.choices,
                apply=lambda rows, value: rows.filter(reason=value),
                is_rare=True,
            ),
            *day_filters("queued_at"),
        ],
        search=search_deliveries,
        search_label=_("Package, order or event ID"),
        count_words=lambda count: ngettext("%(count)s delivery", "%(count)s deliveries", count),
    )


def subjects_of(deliveries: Iterable[Delivery]) -> dict[str, dict[str, str]]:
    """What deliveries are about: the number and the page of a package or an order; two statements."""
    wanted: dict[str, set[int]] = {"package": set(), "order": set()}
    for delivery in deliveries:
        kind, _colon, key = delivery.subject.partition(":")
        pk = whole_number(key)
        if kind in wanted and pk is not None:
            wanted[kind].add(pk)
    found: dict[str, dict[str, str]] = {}
    for pk, number in Package.objects.filter(pk__in=wanted["package"]).values_list("pk", "number"):
        link = reverse("omsweb:oms_package_change", args=[pk])
        found[f"package:{pk}"] = {"number": str(number), "link": link}
    for pk, number in Order.objects.filter(pk__in=wanted["order"]).values_list("pk", "number"):
        link = reverse("omsweb:omnitron_order_change", args=[pk])
        found[f"order:{pk}"] = {"number": number, "link": link}
    return found


def reason_words(reason: str) -> str:
    """A reason in words; one that is not ours as it stands."""
    return str(dict(Reason.choices).get(reason, reason))


def trouble_words(delivery: Delivery) -> str:
    """Why the event has not arrived; nothing where it has, whatever went wrong before."""
    return reason_words(delivery.reason) if delivery.state != DeliveryState.DELIVERED else ""


class RedeliveryForm(TickForm):
    """What goes again: what was ticked, or ``all`` that was found; ``force``: Include messages waiting for retry."""

    most: ClassVar[int] = MOST_TICKED
    all = forms.BooleanField(
        label=gettext_lazy("All matching dead letters, at most 500"),
        required=False,
        widget=forms.CheckboxInput(attrs={"data-tick-found": True}),
    )
    force = forms.BooleanField(label=gettext_lazy("Include messages waiting for retry"), required=False)

    @classmethod
    def of_one(cls, delivery: Delivery) -> "RedeliveryForm":
        """The form behind the one button on a delivery's page; nothing of it is seen."""
        form = cls()
        form.fields["id"].widget = forms.MultipleHiddenInput()
        form.fields["force"].widget = forms.HiddenInput()
        form.initial = {"id": [delivery.pk], "force": 1}
        del form.fields["all"]
        return form


def delivery_label(delivery: Delivery, about: dict[str, str] | None) -> str:
    """What a box is called: by what was sent about which package or order."""
    return f"{delivery.event_type}, {about['number'] if about else delivery.subject}"


class DeliveryAdmin(RightsModelAdmin):
    folder = "deliveries"
    read_right: ClassVar[str] = "hooks:read"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="whisperer_delivery_changelist"),
            path("again/", wrap(self.redeliver_view), name="deliveries_again"),
            path("resume/", wrap(self.resume_view), name="deliveries_resume"),
            path("<int:object_id>/", wrap(self.delivery_view), name="whisperer_delivery_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        listing = delivery_listing(request)
        about, raised = subjects_of(listing.page_rows), alarms.current_alarms()
        may_write = actor_of(request).may("hooks:write")
        rows = [(one, about.get(one.subject)) for one in listing.page_rows]
        form = RedeliveryForm(rows=[(one.pk, delivery_label(one, subject)) for one, subject in rows])
        context = self.page(
            request,
            title=_("Deliveries"),
            listing=listing,
            deliveries=[
                (one, subject, trouble_words(one), box) for (one, subject), box in zip(rows, form.boxes, strict=True)
            ],
            form=form,
            may_write=may_write,
            alarms=raised,
            may_resume=may_write and any(alarm.kind is AlarmKind.SENDING_PAUSED for alarm in raised),
            **saved_for(request, "deliveries"),
        )
        return TemplateResponse(request, "omsweb/deliveries.html", context)

    def delivery_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """One delivery with its attempts."""
        self.require_read(request)
        rows = Delivery.objects.select_related("event", "hook").defer("event__payload")
        delivery = rows.filter(pk=object_id).first()
        if delivery is None:
            raise NotFound
        context = self.page(
            request,
            title=delivery.event_type,
            delivery=delivery,
            about=subjects_of([delivery]).get(delivery.subject),
            tries=[(one, reason_words(one.reason)) for one in statistics.attempts_of(delivery.pk, at_most=100)],
            why=reason_words(delivery.reason),
            form=RedeliveryForm.of_one(delivery),
            may_send_again=redelivery.may_go_again(delivery) and actor_of(request).may("hooks:write"),
        )
        return TemplateResponse(request, "omsweb/delivery.html", context)

    def resume_view(self, request: HttpRequest) -> HttpResponse:
        """Let everything go out again that has waited since the shop was restored."""
        if request.method == "POST":
            if after_restore.resume_sending(actor=actor_of(request)):
                messages.success(request, _("Sending resumed."))
            else:
                messages.info(request, _("Messages are already being sent."))
        return redirect("omsweb:whisperer_delivery_changelist")

    def redeliver_view(self, request: HttpRequest) -> HttpResponse:
        """Send what was ticked again, or what was found; each on its own, and what was refused says why."""
        listing = delivery_listing(request)
        back = redirect(reverse("omsweb:whisperer_delivery_changelist") + listing.link())
        if request.method != "POST":
            return back
        actor = actor_of(request)
        form = RedeliveryForm(request.POST)
        form.is_valid()
        asked = form.cleaned_data
        force = asked["force"]
        ids = asked["id"]
        if asked["all"]:
            ids = list(redeliverable(listing.found, force=force).values_list("pk", flat=True)[:MOST_FOUND])
        codes = [name for name in registry.event_types() if registry.is_code_bearing(name)]
        touched = set(Delivery.objects.filter(pk__in=ids, event_type__in=codes).values_list("event_type", flat=True))
        require_hook_right(actor, "hooks:write", *touched)
        queued, refusals = send_again(ids, force=force)
        if queued:
            words = ngettext("%(count)d event will be sent again.", "%(count)d events will be sent again.", queued)
            messages.success(request, words % {"count": queued})
        for words in sorted(refusals):
            messages.error(request, words)
        if len(ids) == MOST_FOUND:
            messages.info(request, _("There may be more. Choose Send again to continue."))
        if not ids:
            nothing = _("Found nothing that can be sent again.") if asked["all"] else _("Nothing was selected.")
            messages.warning(request, nothing)
        return back


def redeliverable(rows: Rows, *, force: bool) -> Rows:
    """Of these, what can go again as far as a query can tell; the rest is asked one by one."""
    states = [DeliveryState.DEAD, *((DeliveryState.QUEUED, DeliveryState.RETRYING) if force else ())]
    rows = rows.filter(state__in=states, hook__is_active=True, event__payload__isnull=False)
    return rows.exclude(reason=Reason.EXPIRED)


def send_again(ids: list[int], *, force: bool) -> tuple[int, set[str]]:
    """How many go out again, and why others do not, each reason once."""
    queued = 0
    refusals: set[str] = set()
    for pk in ids:
        try:
            redelivery.redeliver_one(pk, force=force)
            queued += 1
        except DomainError as error:
            refusals.add(error.detail)
    return queued, refusals
