"""The answer to a press: the page in its new state, a message in the dialog, or the full-screen result."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect import errors
from clickcollect.errors import DomainError, Fault, OtpLocked, OtpMalformed
from clickcollect.instore import package_page, time_format
from clickcollect.instore.buttons import Button, Buttons
from clickcollect.instore.result import CommandResult
from clickcollect.instore.store_session import StoreSession
from clickcollect.oms import labels, states
from clickcollect.oms.codes import attempts
from clickcollect.oms.commands.available import EXTEND
from clickcollect.oms.log import timeline
from clickcollect.oms.models import Package

# After these there is nothing more to type: the dialog closes and the refused page says what to do.
CLOSING: Final = frozenset({"otp_locked", "state_conflict", "not_click_and_collect", "forbidden", "command_unknown"})
# What helps after a refusal: command codes, the first that is on offer becomes the refused page's button.
# Where the code is locked, that is the page's main button.
WAY_OUT: Final[dict[str, tuple[str, ...]]] = {
    "otp_locked": ("UNLOCK_CODE", "DELIVER_WITHOUT_CODE"),
    "otp_not_issued": ("SEND_NEW_CODE",),
    "otp_expired": ("EXTEND_PICKUP",),
    "state_conflict": ("CONFIRM_ON_SHELF", "CONFIRM_TAKEN_OUT"),
}
ADVICE: Final[dict[str, Promise]] = {
    "otp_incorrect": gettext_lazy("Ask the customer to check their latest message."),
    "otp_required": gettext_lazy("The customer received it by SMS."),
    "otp_malformed": gettext_lazy("Ask the customer to check their latest message."),
}
CONFIRMATIONS: Final[dict[str, tuple[Promise, Promise]]] = {
    "RESEND_CODE": (
        gettext_lazy("Code resent."),
        gettext_lazy("It has arrived once the message shows “SMS delivered”."),
    ),
    "SEND_NEW_CODE": (gettext_lazy("New code sent."), gettext_lazy("The old one no longer works.")),
}
SHELF_FIELDS: Final = frozenset({"shelf", "bags"})


@dataclass(frozen=True, kw_only=True)
class Message:
    """The bar in a dialog or above the page. ``kind``: bad, note or calm; ``faults``: shown at their fields, too."""

    kind: str
    strong: str
    rest: str = ""
    faults: tuple[Fault, ...] = ()


def refuse_label(*, package: Package, text: str) -> None:
    """A scanned parcel label in the code's field is no try: right parcel or wrong parcel, nothing is counted."""
    refusal = label_refusal(package=package, label=text)
    if refusal:
        raise refusal


def label_refusal(*, package: Package, label: str) -> OtpMalformed | None:
    """Whether a label is this package's or another's; nothing if the text is no label."""
    numbers = labels.package_numbers(label)
    if not numbers:
        return None
    if package.number in numbers:
        return OtpMalformed(_("Right package. Now enter the customer's code."), label=package.number)
    words = {"this": numbers[0], "that": package.number}
    return OtpMalformed(_("This is package %(this)s, but the code was for %(that)s. Get the right one.") % words)


def result_response(*, session: StoreSession, number: str, dialog_key: str, result: CommandResult) -> HttpResponse:
    """The pieces of the page that show what happened."""
    package = session.get_package(number)
    context = package_page.page_context(session, package)
    button = next((button for button in context["buttons"].all if button.key == dialog_key), None)
    if result.is_done:
        pieces = done_pieces(session=session, package=package, context=context, result=result, dialog=button)
    elif result.code == "validation_error" and SHELF_FIELDS.issuperset(
        fault["loc"] for fault in result.extra["errors"]
    ):
        pieces = render_to_string("instore/_page_error.html", {"message": refusal_message(result)})
    elif button and button.opens_dialog and not is_final(result):
        pieces = dialog_message(button, refusal_message(result))
    else:
        pieces = context["parts"] + refused_page(package=package, context=context, result=result)
    response = HttpResponse(pieces, status=result.status)
    response["X-Instore-Code"] = result.code or "done"
    if "retry_after" in result.extra:
        response["Retry-After"] = str(result.extra["retry_after"])
    return response


def is_about_shelf(result: CommandResult) -> bool:
    """Whether every fault is one of shelf and bags, whose fields stand on the page and not in a dialog."""
    return result.code == "validation_error" and SHELF_FIELDS.issuperset(
        fault["loc"] for fault in result.extra["errors"]
    )


def is_final(result: CommandResult) -> bool:
    """Whether nothing that could still be typed would help; the dialog then closes."""
    return result.code in CLOSING or attempts.has_locked(result.extra)


def done_pieces(
    *, session: StoreSession, package: Package, context: dict[str, Any], result: CommandResult, dialog: Button | None
) -> str:
    """A command that ran: inside another command's dialog a note, a handover the delivered page, else the page."""
    confirmation = CONFIRMATIONS.get(result.command_code)
    if dialog and dialog.command_code != result.command_code and confirmation:
        strong, rest = confirmation
        return dialog_message(dialog, Message(kind="note", strong=str(strong), rest=str(rest)), resend=context)
    parts = str(context["parts"])
    if result.new_state == states.DELIVERED:
        return parts + delivered_page(session=session, package=package, context=context)
    done, after = confirmation_of(result, package=package, context=context)
    back = way_back(context["buttons"], package) if result.has_moved else None
    note = {"strong": done, "rest": after, "way_back": back, "package": package}
    return parts + render_to_string("instore/_page_note.html", note) + render_announcement(f"{done} {after}".strip())


def confirmation_of(result: CommandResult, *, package: Package, context: dict[str, Any]) -> tuple[str, str]:
    """What was done, and what follows from it; where nothing better is known, the state that the package is in now."""
    if result.command_code in CONFIRMATIONS:
        strong, rest = CONFIRMATIONS[result.command_code]
        return str(strong), str(rest)
    if result.command_code == EXTEND and package.pickup_deadline:
        until = time_format.weekday(package.pickup_deadline, now=package.clock)
        return _("Pickup extended until %(time)s.") % {"time": until}, _("The same code works until then.")
    return _("Done. Status: %(state)s.") % {"state": context["row"].status.words}, ""


def way_back(buttons: Buttons, package: Package) -> Button | None:
    """The button that leads back where the package came from, offered at once after a tap that may have been wrong."""
    now = int(package.state.enum_value)
    back = (one for one in buttons.all if int(one.available.transition.destination.enum_value) < now)
    return next((one for one in back if not one.needs_manager), None)


def render_announcement(text: str) -> str:
    """What a screen reader says; nobody else sees it."""
    return render_to_string("instore/_announcement.html", {"announcement": text})


def refusal_message(result: CommandResult) -> Message:
    """A refusal as the bar says it."""
    if result.code == "otp_malformed" and result.extra.get("label"):
        return Message(kind="note", strong=result.detail)
    if result.code == "validation_error":
        return faults_message(result.extra.get("errors", ()), detail=result.detail)
    if result.extra.get("errors"):
        return faults_message(result.extra["errors"], detail=result.detail)
    no_more = result.extra.get("attempts_remaining") == 0
    return Message(kind="bad", strong=result.detail, rest="" if no_more else str(ADVICE.get(result.code, "")))


def faults_message(faults: Iterable[Fault], *, detail: str) -> Message:
    """Every fault's sentence; where none is named, that of the refusal."""
    found = tuple(faults)
    return Message(kind="bad", strong=" ".join(fault["msg"] for fault in found) or detail, faults=found)


def dialog_message(button: Button, message: Message, *, resend: dict[str, Any] | None = None) -> str:
    """The message of a dialog; after a new send also its button, which waits now."""
    context: dict[str, Any] = {"key": button.key, "message": message}
    if resend:
        dialogs = resend["dialogs"]
        context["dialog"] = next(dialog for dialog in dialogs if dialog.button.key == button.key)
        context["package"] = button.package
    return render_to_string("instore/_dialog_message.html", context)


def delivered_page(*, session: StoreSession, package: Package, context: dict[str, Any]) -> str:
    """Package delivered, and what to hand over to whom."""
    shown = {
        "package": package,
        "row": context["row"],
        "others": context["others"],
        "store_session": session,
        "at": time_format.hour(package.state_changed_at),
        "collector": timeline.collector_of(package.pk),
        "by": next((line.who for line in context["timeline"] if line.who), session.user.get_full_name()),
    }
    return render_to_string("instore/_delivered.html", shown)


def within_a_sentence(words: str) -> str:
    """Delivered becomes "delivered", İptal edildi "iptal edildi"; a noun further on keeps its capital in German."""
    return words[:1].replace("İ", "i").lower() + words[1:]


def refused_page(*, package: Package, context: dict[str, Any], result: CommandResult) -> str:
    """What was refused, in words readable from two metres, and the way out."""
    buttons = context["buttons"]
    codes = WAY_OUT.get(result.code, ())
    ways = [buttons.main if buttons.is_locked else None, *(buttons.by_code(code) for code in codes)]
    way_out = next((button for button in ways if button), None)
    return render_to_string(
        "instore/_refused.html",
        {
            "package": package,
            "row": context["row"],
            "title": refusal_title(package, result),
            "detail": result.detail,
            "way_out": way_out,
            "way_out_label": buttons.main_label if way_out and way_out is buttons.main else "",
            "hands_over_nothing": package.is_held_back or package.state.enum_value in states.ENDED,
        },
    )


def refusal_title(package: Package, result: CommandResult) -> str:
    """The heading: the error's own title, but for a conflict what the package is instead."""
    if result.code == "state_conflict" and package.is_held_back:
        return _("The order is being cancelled")
    if result.code == "state_conflict" and package.awaits_confirmation:
        return _("Is the package still there?")
    if result.code == "state_conflict" and package.goods_to_take_out:
        return _("Changed by the shop")
    if result.code == "state_conflict" and result.extra.get("state"):
        return _("Already %(state)s") % {"state": within_a_sentence(_(result.extra["state"]))}
    code = OtpLocked.code if attempts.has_locked(result.extra) else result.code
    return str(errors.BY_CODE[code].title) if code in errors.BY_CODE else ""


def saved_response(*, session: StoreSession, number: str, announcement: str) -> HttpResponse:
    """The page as it is after something was saved on it."""
    context = package_page.page_context(session, session.get_package(number))
    response = HttpResponse(str(context["parts"]) + render_announcement(announcement))
    response["X-Instore-Code"] = "done"
    return response


def inline_error(error: DomainError) -> HttpResponse:
    """A refusal above the page; what was typed stays where it is."""
    message = faults_message(error.extra.get("errors", ()), detail=error.detail)
    response = HttpResponse(render_to_string("instore/_page_error.html", {"message": message}), status=error.status)
    response["X-Instore-Code"] = error.code
    return response
