"""The package page: customer, items, shelf, due, message, timeline, and the buttons with their dialogs."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clickcollect.instore import badges, progress_steps, time_format, timeline
from clickcollect.instore.buttons import Button, Buttons, buttons_of
from clickcollect.instore.manager_approval import approvers_in
from clickcollect.instore.package_row import PackageRow
from clickcollect.instore.store_session import HtmxRequest, StoreSession, store_staff_required
from clickcollect.oms import deadlines, states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts
from clickcollect.oms.commands.available import NEW_CODE, RESEND
from clickcollect.oms.commands.resend_code import pause_left
from clickcollect.oms.log.conflicts import why_held_back
from clickcollect.oms.models import MessageState, Package
from clickcollect.oms.same_customer import others_ready

MESSAGE_STEPS: Final = (MessageState.QUEUED, MessageState.ACCEPTED, MessageState.DELIVERED)


@require_safe
@store_staff_required
def show_package(request: HtmxRequest, session: StoreSession, number: str) -> HttpResponse:
    """The whole page."""
    return render(request, "instore/package.html", page_context(session, session.get_package(number)))


@require_safe
@store_staff_required
def package_live(request: HtmxRequest, session: StoreSession, number: str) -> HttpResponse:
    """The page's pieces again if anything in them has changed since the version the browser has; else 204."""
    context = page_context(session, session.get_package(number))
    if not request.htmx or request.GET.get("v") == context["version"]:
        response = HttpResponse(status=204)
    else:
        response = HttpResponse(context["parts"])
    response["X-Instore-Time"] = context["live_at"]
    return response


def page_context(session: StoreSession, package: Package) -> dict[str, Any]:
    """Everything the page shows; ``parts`` are its two pieces as HTML, ``version`` their fingerprint."""
    buttons = buttons_of(package, session)
    log_rows = timeline.newest_rows(package)
    items = list(package.items.all())
    context: dict[str, Any] = {
        "store_session": session,
        "active_page": "packages",
        "help": "instore:package ready" if package.state.enum_value == states.READY else "instore:package",
        "package": package,
        "row": PackageRow(package=package, values=session.values),
        "buttons": buttons,
        "steps": progress_steps.steps_of(package, log_rows),
        "timeline": timeline.timeline_of_package(package, log_rows, state_names=session.state_names),
        "items": items,
        "pieces": sum(item.quantity for item in items),
        "message_progress": message_progress(package),
        "pickup_note": pickup_note(package),
        "others": [PackageRow(package=other, values=session.values) for other in others_ready(package, session.actor)],
        "live_at": time_format.right_now(),
    }
    if any(button.needs_manager for button in buttons.all):
        context["approvers"] = approvers_in(package.stock_location_id)
    context["dialogs"] = [dialog_of(button, session=session, buttons=buttons) for button in buttons.all]
    context["body"] = render_to_string("instore/_package.html", context)
    context["boxes"] = render_to_string("instore/_dialogs.html", context)
    version = f"{context['body']}{context['boxes']}{session.alarms}"
    context["version"] = hashlib.sha256(version.encode()).hexdigest()[:16]
    context["parts"] = render_to_string("instore/_parts.html", context)
    return context


def pickup_note(package: Package) -> str:
    """Why a package cannot simply be handed over: its order is being cancelled, or its pickup time has passed."""
    if package.is_held_back:
        return why_held_back(package)
    if package.pickup_deadline is None or not deadlines.is_past_pickup(package):
        return ""
    words = _(
        "The pickup window closed on %(when)s. A manager can extend it (the same code will work), "
        "or you can return the package to stock."
    )
    return words % {"when": time_format.weekday(package.pickup_deadline, now=package.clock)}


def message_progress(package: Package) -> list[dict[str, Any]]:
    """Queued, accepted, delivered: how far the newest message came; a failed one ends where it failed."""
    state = MessageState(package.message_state)
    if state == MessageState.NONE:
        return []
    if state == MessageState.FAILED:
        return [
            {"words": MessageState.QUEUED.label, "stage": "done"},
            {"words": badges.SMS_WORDS[MessageState.FAILED], "stage": "bad"},
        ]
    reached = MESSAGE_STEPS.index(state)
    return [
        {"words": step_words(step), "stage": "done" if index <= reached else "later"}
        for index, step in enumerate(MESSAGE_STEPS)
    ]


def step_words(step: MessageState) -> str:
    """*Delivered* is said of the package alone; of the message it is the SMS that was delivered."""
    return str(badges.SMS_WORDS[step] if step == MessageState.DELIVERED else step.label)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A bar that says why a code cannot be entered, and what helps."""

    icon: str
    strong: str
    rest: str = ""


@dataclass(frozen=True, kw_only=True)
class Dialog:
    """One dialog with everything it shows.

    ``is_locked``: no code is asked for; ``way_out``, the button that helps, stands in the place of the main one.
    ``notice``: why no code can be entered, or not by this employee; ``sentence``: what happens, where no code is asked.
    """

    button: Button
    row: PackageRow
    resend: Button | None = None
    resend_wait: int = 0
    attempts_left: int = 0
    is_locked: bool = False
    way_out: Button | None = None
    way_out_label: str = ""
    notice: Notice | None = None
    sentence: str = ""

    @property
    def asks_for_code(self) -> bool:
        return self.button.needs_otp and not self.is_locked

    @property
    def asks_who_collects(self) -> bool:
        return self.button.hands_over and not self.is_locked

    @property
    def attempt_dots(self) -> range:
        return range(self.attempts_left)


def dialog_of(button: Button, *, session: StoreSession, buttons: Buttons) -> Dialog:
    """The dialog of a button; the one for the code can send it again."""
    package = button.package
    row = PackageRow(package=package, values=session.values)
    if not button.needs_otp:
        return Dialog(button=button, row=row, sentence=sentence_of(button, session.values))
    if row.lock:
        way_out, label = buttons.main, buttons.main_label
        notice = Notice(icon="lock", strong=row.lock.words, rest=row.lock_sentence)
        return Dialog(button=button, row=row, is_locked=True, way_out=way_out, way_out_label=label, notice=notice)
    employee = session.employee_attempts
    used_up = employee.is_out(session.values)
    return Dialog(
        button=button,
        row=row,
        resend=buttons.by_code(RESEND) or buttons.by_code(NEW_CODE),
        resend_wait=pause_left(package, session.values, package.clock),
        attempts_left=attempts.attempts_left(package=package, employee=employee, limits=session.values),
        notice=Notice(icon="octagon-cross", strong=used_up) if used_up else None,
    )


def sentence_of(button: Button, values: Values) -> str:
    """What a dialog without a code says before it is confirmed."""
    if button.hands_over_unasked:
        return _("No code is needed. Hand the package to the customer.")
    if sentence := button.available.command.consequence(button.package, values):
        return sentence
    if button.cannot_be_undone:
        return _("This cannot be undone.")
    if button.needs_manager:
        return _("A manager of this store approves this here. You stay signed in.")
    return ""
