"""Labels and pick lists for the printer, one package or many; print CSS does the rest.

A label is 100 × 60 mm, one for each bag. A label printer gets one a page, an office printer eight on a sheet of A4.
"""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from clickcollect.errors import NotFound
from clickcollect.instore import barcode, time_format
from clickcollect.instore.package_row import PackageRow
from clickcollect.instore.store_session import StoreSession, store_staff_required
from clickcollect.oms.access import packages_of
from clickcollect.oms.models import Package, ids_of_numbers

MOST_PRINTED: Final = 100
ROLL, SHEET = "roll", "a4"
PAPERS: Final = {ROLL: gettext_lazy("Label printer, 100 × 60 mm"), SHEET: gettext_lazy("A4 sheet of 8")}
PAPER_COOKIE: Final = "instore_paper"
YEAR: Final = 365 * 24 * 3600


@require_safe
@store_staff_required
def labels(request: HttpRequest, session: StoreSession) -> HttpResponse:
    """A label a bag: number as Code 128 and QR, shelf, and by when it is collected; never a code.

    The device remembers on what paper its labels are printed.
    """
    asked = request.GET.get("paper") or request.COOKIES.get(PAPER_COOKIE, "")
    paper = asked if asked in PAPERS else ROLL
    packages = requested_packages(request, session)
    numbers = ",".join(str(printed["package"].number) for printed in packages)
    context: dict[str, Any] = {
        "store_session": session,
        "labels": [label for package in packages for label in labels_of(package)],
        "paper": paper,
        "papers": [
            {"key": key, "words": words, "address": f"?numbers={numbers}&paper={key}"} for key, words in PAPERS.items()
        ],
    }
    response = render(request, "instore/labels.html", context)
    if request.GET.get("paper") == paper:
        response.set_cookie(PAPER_COOKIE, paper, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.SECURE)
    return response


def labels_of(printed: dict[str, Any]) -> list[dict[str, Any]]:
    """One label for each bag of a package, and one where nobody has said how many there are."""
    package: Package = printed["package"]
    until = package.pickup_deadline
    words = printed | {
        "collect_by": _("Collect by %(day)s") % {"day": time_format.day(until)} if until else "",
        "language": package.order.language_code.split("-")[0].upper(),
    }
    count = package.bags or 1
    return [
        words | {"bag": _("%(n)d of %(count)d") % {"n": number, "count": count} if package.bags else ""}
        for number in range(1, count + 1)
    ]


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
        for package in packages_of(session.actor).filter(pk__in=ids_of_numbers(numbers)).prefetch_related("items")
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
