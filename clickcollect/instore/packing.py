"""Shelf, bags and ticked items, entered on the package page without a dialog."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clickcollect.errors import DomainError
from clickcollect.instore import responses
from clickcollect.instore.store_session import Desk, at_the_desk, is_partial
from clickcollect.oms import shelving
from clickcollect.oms.access import get_package
from clickcollect.oms.models import Package


@require_POST
@at_the_desk
def place(request: HttpRequest, desk: Desk, number: str) -> HttpResponse:
    """Where the package lies, and in how many bags."""

    def note(package: Package) -> None:
        shelf, bags = request.POST.get("shelf", ""), request.POST.get("bags", "")
        shelving.place(actor=desk.actor, package_id=package.pk, shelf=shelf, bags=bags)

    return noted(request, desk, number, note, said=_("Shelf and bags saved."))


@require_POST
@at_the_desk
def tick(request: HttpRequest, desk: Desk, number: str, item_id: int) -> HttpResponse:
    """How many pieces of one line lie in the package."""

    def note(package: Package) -> None:
        picked = request.POST.get("picked", "0")
        shelving.tick(actor=desk.actor, package_id=package.pk, item_id=item_id, picked=picked)

    return noted(request, desk, number, note, said=_("Item noted."))


def noted(request: HttpRequest, desk: Desk, number: str, note: Callable[[Package], None], *, said: str) -> HttpResponse:
    """Do it, and show the package as it is now, or the refusal where it was entered."""
    package = get_package(desk.actor, number=number)
    try:
        note(package)
    except DomainError as error:
        return responses.trouble(error)
    if not is_partial(request):
        return HttpResponseRedirect(reverse("instore:package", args=[number]))
    return responses.noted(desk=desk, number=number, said=said)
