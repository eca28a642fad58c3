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


class PersonForm(OmsForm):
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


@sensitive_post_parameters()
@sensitive_variables("form", "person", "found")
def privacy_page(request: HttpRequest) -> HttpResponse:
    """The form; then which orders it means; then, confirmed, nothing is left of the person. Raises Forbidden."""
    actor = actor_of(request)
    actor.require("privacy:write")
    form = PersonForm(posted(request))
    found: list[Kept] = []
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                person = form.person()
                found = privacy.kept_of(**person)
                if "erase" in request.POST and request.POST.get("confirmed") == marks_of(found):
                    return erased(request, privacy.erase_on_request(actor=actor, **person))
                status = 200
            except DomainError as error:
                form.add_domain_error(error)
                status = error.status
    return TemplateResponse(
        request, "omsweb/privacy.html", page_context(request, form=form, found=found), status=status
    )


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


def page_context(request: HttpRequest, *, form: PersonForm, found: list[Kept]) -> dict[str, Any]:
    return {
        **site.each_context(request),
        "title": _("Personal data"),
        "form": form,
        "found": found,
        "still_open": [order for order in found if order.ended_at is None],
        "confirmed": marks_of(found),
        "has_more": len(found) >= privacy.BATCH,
    }
