"""The package page: customer, items, shelf, due, message truth, timeline, and the buttons with their dialogs."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from clickcollect.instore import progress_steps, time_format, timeline
from clickcollect.instore.buttons import NEW_CODE, RESEND, Buttons, buttons_of, resend_wait
from clickcollect.instore.package_row import Row
from clickcollect.instore.store_session import Desk, at_the_desk, is_partial
from clickcollect.oms import deadlines
from clickcollect.oms.access import get_package
from clickcollect.oms.codes import attempts
from clickcollect.oms.models import MessageState, Package

TRUTH = (MessageState.QUEUED, MessageState.ACCEPTED, MessageState.DELIVERED)


@require_safe
@at_the_desk
def show(request: HttpRequest, desk: Desk, number: str) -> HttpResponse:
    """The whole page."""
    package = get_package(desk.actor, number=number)
    return render(request, "instore/package.html", context(desk, package))


@require_safe
@at_the_desk
def live(request: HttpRequest, desk: Desk, number: str) -> HttpResponse:
    """The page's pieces again if anything in them has changed since the version the browser has; else 204."""
    shown = context(desk, get_package(desk.actor, number=number))
    if not is_partial(request) or request.GET.get("v") == shown["version"]:
        response = HttpResponse(status=204)
    else:
        response = HttpResponse(shown["parts"])
    response["X-Instore-Time"] = shown["live_at"]
    return response


def context(desk: Desk, package: Package) -> dict[str, Any]:
    """Everything the page shows; ``parts`` are its two pieces as HTML, ``version`` their fingerprint."""
    buttons = buttons_of(package, desk.actor)
    log = timeline.rows_of(package)
    items = list(package.items.all())
    shown: dict[str, Any] = {
        "desk": desk,
        "here": "packages",
        "package": package,
        "row": Row(package=package, values=desk.values),
        "buttons": buttons,
        "steps": progress_steps.steps(package, log),
        "timeline": timeline.entries(package, log),
        "items": items,
        "pieces": sum(item.quantity for item in items),
        "truth": truth(package),
        "late": late_since(package),
        "live_at": time_format.right_now(),
    }
    shown["dialogs"] = [dialog(button.key, desk=desk, package=package, buttons=buttons) for button in buttons.all]
    shown["body"] = render_to_string("instore/_package.html", shown)
    shown["boxes"] = render_to_string("instore/_dialogs.html", shown)
    shown["version"] = hashlib.sha256(f"{shown['body']}{shown['boxes']}{desk.alarms}".encode()).hexdigest()[:16]
    shown["parts"] = render_to_string("instore/_parts.html", shown)
    return shown


def late_since(package: Package) -> str:
    """When the pickup time of a ready package passed; nothing while it lasts."""
    if package.pickup_deadline is None or package.is_held_back or not deadlines.is_past_pickup(package):
        return ""
    return time_format.weekday(package.pickup_deadline, now=package.clock)


def truth(package: Package) -> list[dict[str, Any]]:
    """Queued, accepted, delivered: how far the newest message came; a failed one ends where it failed."""
    state = MessageState(package.message_state)
    if state == MessageState.NONE:
        return []
    if state == MessageState.FAILED:
        return [
            {"words": MessageState.QUEUED.label, "stage": "done"},
            {"words": MessageState.FAILED.label, "stage": "bad"},
        ]
    reached = TRUTH.index(state)
    return [{"words": step.label, "stage": "done" if index <= reached else ""} for index, step in enumerate(TRUTH)]


@dataclass(frozen=True, kw_only=True)
class Dialog:
    """One dialog with everything it shows. ``faults``: what was wrong, by field.

    ``is_locked``: no code is asked for; ``way_out``, the button that helps, stands in the place of the main one.
    ``employee_is_out``: what to say where only this employee's own limit is reached.
    """

    button: Any
    row: Row
    resend: Any = None
    resend_wait: int = 0
    attempts_left: int = 0
    is_locked: bool = False
    way_out: Any = None
    way_out_label: str = ""
    employee_is_out: str = ""
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def asks_for_code(self) -> bool:
        return bool(self.button.needs_otp) and not self.is_locked

    @property
    def pips(self) -> range:
        return range(self.attempts_left)


def dialog(key: str, *, desk: Desk, package: Package, buttons: Buttons, faults: dict[str, str] | None = None) -> Dialog:
    """The dialog of a button; the one for the code can send it again."""
    button = next(button for button in buttons.all if button.key == key)
    row = Row(package=package, values=desk.values)
    if not button.needs_otp:
        return Dialog(button=button, row=row, faults=faults or {})
    if row.lock:
        way_out, label = buttons.main, buttons.main_label
        return Dialog(button=button, row=row, is_locked=True, way_out=way_out, way_out_label=label)
    return Dialog(
        button=button,
        row=row,
        resend=buttons.of(RESEND) or buttons.of(NEW_CODE),
        resend_wait=resend_wait(package, desk.values),
        attempts_left=attempts.attempts_left(package=package, actor=desk.actor, limits=desk.values),
        employee_is_out=attempts.employee_is_out(actor=desk.actor, limits=desk.values),
        faults=faults or {},
    )
