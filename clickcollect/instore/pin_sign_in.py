"""Quick switch on a shared device: whoever signed in here in full today comes back with their PIN."""

from typing import Any, Final

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from clickcollect.accounts import pins
from clickcollect.accounts.adapters import INSTORE_HOME
from clickcollect.accounts.models import BACK_OFFICE, User
from clickcollect.errors import DomainError
from clickcollect.instore import device_users
from clickcollect.instore.forms import OwnPinForm, PinSignInForm, cleaned
from clickcollect.instore.store_session import StoreSession, store_staff_required

BACKEND: Final = "allauth.account.auth_backends.AuthenticationBackend"


def switchable(request: HttpRequest) -> list[User]:
    """The people of this device who have a PIN; nobody with a second factor, nobody of the back office."""
    found = (
        User.objects.filter(pk__in=device_users.visits_on_device(request), is_active=True)
        .exclude(pin="")
        .exclude(role__in=BACK_OFFICE)
    )
    known = [user for user in found.order_by("first_name", "pk") if device_users.is_known(request, user)]
    return [user for user in known if not is_mfa_enabled(user)]


@require_POST
@never_cache
@sensitive_post_parameters("pin")
def switch(request: HttpRequest) -> HttpResponse:
    """Come back with a PIN; whoever fails signs in with the password."""
    form = PinSignInForm(request.POST)
    try:
        entered = cleaned(form)
        user = next((one for one in switchable(request) if str(one.pk) == entered["person"]), None)
        if user and pins.check_pin(request, user=user, pin=entered["pin"]):
            login(request, user, backend=BACKEND)
            request.session[device_users.BY_PIN] = True
            is_ours = url_has_allowed_host_and_scheme(entered["next"], allowed_hosts=None)
            return HttpResponseRedirect(entered["next"] if is_ours and entered["next"] else INSTORE_HOME)
        problem = _("Wrong PIN. Try again, or sign in with your password.")
    except DomainError as error:
        problem = " ".join(fault["msg"] for fault in error.extra.get("errors", ())) or error.detail
    return render(
        request, "account/login.html", {"pin_problem": problem, "pin_person": form["person"].value()}, status=422
    )


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("pin", "password")
@store_staff_required
def own_pin(request: HttpRequest, session: StoreSession) -> HttpResponse:
    """Choose or change one's PIN."""
    low, high = pins.shortest_for(session.user), pins.LONGEST
    context: dict[str, Any] = {
        "store_session": session,
        "active_page": "pin",
        "faults": {},
        "purpose": purpose_of_pin(session),
        "length": _("%(low)d to %(high)d digits.") % {"low": low, "high": high},
        "locked_since": session.pin_notice,
    }
    if request.method == "POST":
        try:
            pins.set_pin(request, user=session.user, **cleaned(OwnPinForm(request.POST)))
        except DomainError as error:
            faults = {fault["loc"]: fault["msg"] for fault in error.extra.get("errors", ())}
            context["faults"] = faults or {"password": error.detail}
            return render(request, "instore/pin.html", context, status=error.status)
        return HttpResponseRedirect(f"{reverse('instore:own_pin')}?saved")
    request.session.pop(pins.LOCKED_AT, None)  # it is read here
    return render(request, "instore/pin.html", context | {"saved": "saved" in request.GET})


def purpose_of_pin(session: StoreSession) -> str:
    """What this person can do with a PIN."""
    approves = _("Use a PIN to approve a step on a colleague's device.")
    if is_mfa_enabled(session.user):
        off = _("Two-step verification turns off PIN unlock.")
        return f"{off} {approves} {_('A code from your authenticator app does so too.')}" if session.is_manager else off
    unlocks = _("Use a PIN to unlock this device for 12 hours after you sign in.")
    return f"{unlocks} {approves}" if session.is_manager else unlocks
