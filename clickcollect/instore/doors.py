"""In and out: the front door, leaving a device, and the language of a device."""

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from clickcollect.accounts.adapters import INSTORE_HOME, home_of
from clickcollect.accounts.models import User


@require_safe
@never_cache
def front_door(request: HttpRequest) -> HttpResponse:
    """The bare address leads people to where they work."""
    return HttpResponseRedirect(home_of(request.user) if isinstance(request.user, User) else INSTORE_HOME)


@require_POST
@never_cache
def leave(request: HttpRequest) -> HttpResponse:
    """Lock the device: whoever comes next signs in."""
    logout(request)
    response = HttpResponseRedirect(reverse("account_login"))
    response["Clear-Site-Data"] = '"cache"'
    return response


@require_POST
def change_language(request: HttpRequest) -> HttpResponse:
    """The language of this device, until it is changed again."""
    return set_language(request)
