"""Signing out of a device, choosing the store, and the language of a device; the bare address leads home."""

from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language

from clickcollect.accounts.adapters import INSTORE_HOME, home_of
from clickcollect.accounts.models import User
from clickcollect.instore.forms import SignOutForm, StoreForm
from clickcollect.instore.store_session import STORE_IN_SESSION, StoreSession, own_page, store_staff_required
from clickcollect.oms.access import actor_for, stores_of


@require_safe
@never_cache
def home_redirect(request: HttpRequest) -> HttpResponse:
    """The bare address leads people to where they work."""
    return HttpResponseRedirect(home_of(request.user) if isinstance(request.user, User) else INSTORE_HOME)


@require_POST
@never_cache
def sign_out(request: HttpRequest) -> HttpResponse:
    """Lock the device: whoever comes next signs in. One that locked itself leads back to the page it showed."""
    address = reverse("account_login")
    form = SignOutForm(request.POST)
    if form.is_valid() and form.cleaned_data["locked"]:
        back = own_page(request, form.cleaned_data["next"]) or INSTORE_HOME
        address += f"?{urlencode({'next': back, 'locked': 1})}"
    logout(request)
    response = HttpResponseRedirect(address)
    response["Clear-Site-Data"] = '"cache"'
    return response


@require_POST
@store_staff_required
def touch(request: HttpRequest, session: StoreSession) -> HttpResponse:
    """Somebody is at the device, though the page asked for nothing."""
    return HttpResponse(status=204)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stores(request: HttpRequest) -> HttpResponse:
    """Whoever works in several stores says in which one they are."""
    user = request.user
    if not isinstance(user, User) or user.is_staff:
        return HttpResponseRedirect(reverse("home"))
    own = list(stores_of(actor_for(user)).filter(is_active=True))
    form = StoreForm(request.POST if request.method == "POST" else None, stores=own)
    if chosen := form.chosen:
        request.session[STORE_IN_SESSION] = chosen.pk
        return HttpResponseRedirect(INSTORE_HOME)
    return render(request, "instore/stores.html", {"stores": own})


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a device needs to put Instore on its home screen."""
    icons = [
        {"src": static(f"instore/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size, purpose in ((192, "any"), (512, "any"), (512, "maskable"))
    ]
    document = {
        "name": "Instore",
        "short_name": "Instore",
        "start_url": INSTORE_HOME,
        "scope": INSTORE_HOME,
        "display": "standalone",
        "background_color": "#f5f5f3",
        "theme_color": "#2746d1",
        "icons": icons,
    }
    return JsonResponse(document, content_type="application/manifest+json")


@require_POST
def change_language(request: HttpRequest) -> HttpResponse:
    """The language of this device, until it is changed again."""
    return set_language(request)
