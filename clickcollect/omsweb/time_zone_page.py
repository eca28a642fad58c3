"""In whose time a person reads OMS WEB: everybody chooses for themselves; no role is asked for."""

from typing import Final, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.accounts.models import User
from clickcollect.accounts.people import choose_time_zone
from clickcollect.omsweb.base_admin import posted
from clickcollect.omsweb.forms import OmsForm
from clickcollect.omsweb.site import site
from clickcollect.omsweb.stores import zones

THE_STORES: Final = "store"


class TimeZoneForm(OmsForm):
    """Whose clock the pages show."""

    time_zone = forms.ChoiceField(
        label=gettext_lazy("Show times in"),
        choices=lambda: [(THE_STORES, _("The store's time zone")), *zones()],
        help_text=gettext_lazy(
            "A page about stores in several time zones shows UTC. A time zone of your own is used on every page."
        ),
        widget=forms.Select(attrs={"data-device-zone": gettext_lazy("This device: %s")}),
    )


def time_zone_page(request: HttpRequest) -> HttpResponse:
    """The form, and what became of it."""
    user = cast("User", request.user)
    form = TimeZoneForm(posted(request), initial={"time_zone": user.time_zone or THE_STORES})
    if form.is_valid():
        chosen = form.cleaned_data["time_zone"]
        choose_time_zone(user, time_zone="" if chosen == THE_STORES else chosen)
        messages.success(request, _("Time zone saved."))
        return redirect("omsweb:time_zone")
    context = {**site.each_context(request), "title": _("Time zone"), "form": form}
    return TemplateResponse(request, "omsweb/time_zone.html", context, status=400 if form.errors else 200)
