"""Personal data: a person asks to be forgotten. Their orders are named first, and erased when that is confirmed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from clickcollect.errors import DomainError
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.phone import kept_phone, read_phone
from clickcollect.oms import privacy
from clickcollect.oms.privacy import Kept
from clickcollect.oms.repair_models import OrderToRepair
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import posted
from clickcollect.omsweb.forms import OmsForm
from clickcollect.omsweb.site import site


class WhoseDataForm(OmsForm):
    """Whom it is about. More than one field means: whatever fits any of them."""

    groups = ((gettext_lazy("Whose data"), ("phone_number", "email", "order_number")),)
    phone_number = forms.CharField(
        label=gettext_lazy("Phone number"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel"}),
        help_text=gettext_lazy("With its country code, such as +90 532 123 45 67."),
    )
    email = forms.CharField(
        label=gettext_lazy("E-mail"), required=False, max_length=254, widget=forms.TextInput(attrs={"type": "email"})
    )
    order_number = forms.CharField(label=gettext_lazy("Order number"), required=False, max_length=255)

    @sensitive_variables()
    def person(self) -> dict[str, str]:
        """What to look for, the phone number as orders keep it. Raises ValidationFailed."""
        values = {name: str(self.cleaned_data[name]) for name in ("phone_number", "email", "order_number")}
        if values["phone_number"]:
            written = values["phone_number"]
            values["phone_number"] = kept_phone(written) or read_phone(written, country=None)
        return values


class ConfirmationForm(OmsForm):
    """Exactly these orders, and no other that arrived since; the number of the first is typed, so that it is read."""

    confirmed = forms.CharField(widget=forms.HiddenInput)
    typed = forms.CharField(max_length=255)

    def __init__(self, data: Any = None, *, found: list[Kept]) -> None:
        super().__init__(data, initial={"confirmed": marks_of(found)})
        self.word = found[0].number
        self.fields["typed"].label = _("Type %(number)s to confirm") % {"number": self.word}
        self.marks = marks_of(found)

    def clean_typed(self) -> str:
        if self.cleaned_data["typed"].casefold() != self.word.casefold():
            raise forms.ValidationError(_("Type %(number)s exactly as it is shown.") % {"number": self.word})
        return self.word

    @property
    def is_about_these(self) -> bool:
        """Whether the person who sent it saw exactly these orders."""
        return self.is_bound and self["confirmed"].value() == self.marks

    @property
    def is_confirmed(self) -> bool:
        """Whether the person saw exactly these orders, and said so."""
        return self.is_valid() and self.is_about_these


@sensitive_post_parameters()
@sensitive_variables("form", "person", "found")
def privacy_page(request: HttpRequest) -> HttpResponse:
    """The form; then which orders it means; then, confirmed, nothing is left of the person. Raises Forbidden."""
    actor = actor_of(request)
    actor.require("privacy:write")
    form = WhoseDataForm(posted(request))
    found: list[Kept] = []
    confirmation: ConfirmationForm | None = None
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                person = form.person()
                found = privacy.kept_of(**person)
                confirmation = ConfirmationForm(request.POST if "erase" in request.POST else None, found=found)
                asks = confirmation.is_about_these
                confirmation = confirmation if asks else ConfirmationForm(found=found)
                is_refused = any(kept.ended_at is None for kept in found)  # and the domain says why
                if asks and (is_refused or confirmation.is_confirmed):
                    return erased(request, privacy.erase_on_request(actor=actor, **person))
                status = 400 if asks else 200
            except DomainError as error:
                form.add_domain_error(error)
                status = error.status
    context = page_context(request, form=form, found=found) | {"confirmation": confirmation}
    return TemplateResponse(request, "omsweb/privacy.html", context, status=status)


def marks_of(found: list[Kept]) -> str:
    """What was confirmed: exactly these orders, and no other that arrived since."""
    orders = sorted(kept.pk for kept in found if isinstance(kept, Order))
    repairs = sorted(kept.pk for kept in found if isinstance(kept, OrderToRepair))
    return ",".join([*map(str, orders), *(f"repair-{pk}" for pk in repairs)])


def erased(request: HttpRequest, count: int) -> HttpResponse:
    """How many it were. Nothing of the person is repeated."""
    words = ngettext(
        "The personal data of %(count)d order was erased.", "The personal data of %(count)d orders was erased.", count
    )
    messages.success(request, words % {"count": count})
    return redirect("omsweb:privacy")


def whom(order: Order) -> str:
    """Whose data an order holds, as it stands there."""
    return ", ".join(filter(None, (order.customer_name, order.phone_number, order.email)))


def page_context(request: HttpRequest, *, form: WhoseDataForm, found: list[Kept]) -> dict[str, Any]:
    return {
        **site.each_context(request),
        "title": _("Personal data"),
        "form": form,
        "found": found,
        "still_open": [order for order in found if order.ended_at is None],
        "people": sorted({words for kept in found if isinstance(kept, Order) and (words := whom(kept))}),
        "has_more": len(found) >= privacy.BATCH,
    }
