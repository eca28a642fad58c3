"""Many packages at once: which commands they share, and what can be printed. Each still runs on its own road."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from clickcollect.errors import NotFound
from clickcollect.instore import badges
from clickcollect.instore.badges import Badge
from clickcollect.instore.buttons import Button, buttons_of
from clickcollect.instore.package_row import PackageRow
from clickcollect.instore.store_session import StoreSession, store_staff_required
from clickcollect.oms import deadlines
from clickcollect.oms.access import packages_of
from clickcollect.oms.commands.available import CONFIRMATIONS
from clickcollect.oms.models import Package, ids_of_numbers

MOST: Final = 100


@require_safe
@store_staff_required
def bulk_dialog(request: HttpRequest, session: StoreSession) -> HttpResponse:
    """The dialog for the packages that the address names: one button a command that any of them can run now."""
    numbers = request.GET.get("numbers", "").split(",")[:MOST]
    packages = list(packages_of(session.actor).filter(pk__in=ids_of_numbers(numbers)).order_by("due_at", "id"))
    if not packages:
        raise NotFound
    context: dict[str, Any] = {
        "store_session": session,
        "rows": [PackageRow(package=package, values=session.values) for package in packages],
        "jobs": shared_commands(session, packages),
        "numbers": ",".join(str(package.number) for package in packages),
    }
    return render(request, "instore/_bulk.html", context)


def shared_commands(session: StoreSession, packages: list[Package]) -> list[dict[str, Any]]:
    """The commands on offer, each with the addresses of its packages: one package of each kind is asked."""
    found = []
    for kind in dict.fromkeys(selection_key(package) for package in packages):
        same = [package for package in packages if selection_key(package) == kind]
        button = buttons_of(same[0], session).main
        if button and leads_on(button) and not button.opens_dialog:
            found.append({"label": button.label, "count": len(same), "addresses": addresses(button, same)})
    return found


def selection_key(package: Package) -> tuple[int, bool, Badge | None, bool]:
    """What packages with the same main button share: those held back, for whatever reason, are asked apart."""
    return package.state_id, package.is_held_back, badges.hold(package), deadlines.is_past_pickup(package)


def leads_on(button: Button) -> bool:
    """Whether it is the next step of the process, or what must be confirmed before that."""
    return button.available.transition.is_primary or button.command_code in CONFIRMATIONS


def addresses(button: Button, packages: list[Package]) -> str:
    """Where each package's command is run, separated by spaces."""
    return " ".join(reverse("instore:command", args=[package.number, button.slug]) for package in packages)
