"""Shelf, bags and ticked items, entered on the package page without a dialog."""

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clickcollect.errors import DomainError
from clickcollect.instore import responses
from clickcollect.instore.forms import PickedForm, ShelfForm, cleaned
from clickcollect.instore.store_session import HtmxRequest, StoreSession, store_staff_required
from clickcollect.oms import shelving
from clickcollect.oms.models import Package


@require_POST
@store_staff_required
def save_shelf_view(request: HtmxRequest, session: StoreSession, number: str) -> HttpResponse:
    """Where the package lies, and in how many bags."""

    def save(package: Package) -> None:
        shelving.set_shelf(actor=session.actor, package_id=package.pk, **cleaned(ShelfForm(request.POST)))

    return save_and_show(request, session, number, save, announcement=_("Shelf and bags saved."))


@require_POST
@store_staff_required
def save_picked(request: HtmxRequest, session: StoreSession, number: str, item_id: int) -> HttpResponse:
    """How many pieces of one line lie in the package."""

    def save(package: Package) -> None:
        entered = cleaned(PickedForm(request.POST))
        shelving.set_picked(actor=session.actor, package_id=package.pk, item_id=item_id, **entered)

    return save_and_show(request, session, number, save, announcement=_("Item noted."))


def save_and_show(
    request: HtmxRequest, session: StoreSession, number: str, save: Callable[[Package], None], *, announcement: str
) -> HttpResponse:
    """Save it, and show the package as it is now, or the refusal where it was entered."""
    package = session.get_package(number)
    try:
        save(package)
    except DomainError as error:
        return responses.inline_error(error)
    if not request.htmx:
        return HttpResponseRedirect(reverse("instore:package", args=[number]))
    return responses.saved_response(session=session, number=number, announcement=announcement)
