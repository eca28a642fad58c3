"""Labels and pick lists for the printer, one package or many; print CSS does the rest."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from clickcollect.errors import NotFound
from clickcollect.instore import barcode, time_format
from clickcollect.instore.package_row import PackageRow
from clickcollect.instore.store_session import StoreSession, store_staff_required
from clickcollect.oms.access import packages_of

MOST_PRINTED: Final = 100


@require_safe
@store_staff_required
def labels(request: HttpRequest, session: StoreSession) -> HttpResponse:
    """A label a package: number as Code 128 and QR, never a code, and of the name only what tells two apart."""
    return render(
        request, "instore/labels.html", {"store_session": session, "labels": requested_packages(request, session)}
    )


@require_safe
@store_staff_required
def pick_lists(request: HttpRequest, session: StoreSession) -> HttpResponse:
    """What to fetch for each package."""
    return render(
        request, "instore/pick_lists.html", {"store_session": session, "labels": requested_packages(request, session)}
    )


def requested_packages(request: HttpRequest, session: StoreSession) -> list[dict[str, Any]]:
    """The packages that the address names, in its order; other stores' are not among them. Raises NotFound."""
    numbers = request.GET.get("numbers", "").split(",")[:MOST_PRINTED]
    found = {
        str(package.number): package
        for package in packages_of(session.actor).filter(number__in=numbers).prefetch_related("items")
    }
    if not found:
        raise NotFound
    return [
        {
            "package": package,
            "row": PackageRow(package=package, values=session.values),
            "bars": barcode.code128(number),
            "qr": mark_safe(barcode.qr(number)),  # noqa: S308  made of the number alone
            "arrived": time_format.full(package.created_date),
        }
        for number in dict.fromkeys(numbers)
        if (package := found.get(number))
    ]
