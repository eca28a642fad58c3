"""What the counter sees after a press: the page with its new state, the verdict in the dialog, or the big result."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import DomainError, Fault, OtpMalformed
from clickcollect.instore import package_page, time_format
from clickcollect.instore.buttons import Button
from clickcollect.instore.store_session import Desk
from clickcollect.oms import labels, states
from clickcollect.oms.access import get_package
from clickcollect.oms.codes import attempts
from clickcollect.oms.models import Package

if TYPE_CHECKING:
    from clickcollect.instore.commands import Told

# After these there is nothing more to type: the dialog closes and the red result says what to do.
CLOSING: Final = frozenset({"otp_locked", "state_conflict", "not_click_and_collect", "forbidden", "command_unknown"})
# What helps after a refusal: command codes, the first that is on offer becomes the red result's button.
# Where the code is locked, that is the page's main button.
WAY_OUT: Final[dict[str, tuple[str, ...]]] = {
    "otp_locked": ("UNLOCK_CODE", "DELIVER_WITHOUT_CODE"),
    "otp_not_issued": ("SEND_NEW_CODE",),
    "otp_expired": ("EXTEND_PICKUP",),
}
NEXT: Final[dict[str, Promise]] = {
    "otp_incorrect": gettext_lazy("Ask the customer to read the newest message."),
    "otp_required": gettext_lazy("The customer has it in an SMS."),
    "otp_malformed": gettext_lazy("Ask the customer to read the newest message."),
}
SAID: Final[dict[str, tuple[Promise, Promise]]] = {
    "RESEND_CODE": (
        gettext_lazy("Code sent again."),
        gettext_lazy("The customer has it when the message says Delivered."),
    ),
    "SEND_NEW_CODE": (gettext_lazy("New code sent."), gettext_lazy("The old one does not work any more.")),
}
PLACE_FAULTS: Final = frozenset({"shelf", "bags"})  # these fields stand on the page, not in a dialog
TITLES: Final[dict[str, Promise]] = {kind.code: kind.title for kind in DomainError.__subclasses__()}  # type: ignore[misc]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The bar in a dialog. ``kind``: bad, note or calm; ``faults``: said at their fields, too."""

    kind: str
    strong: str
    rest: str = ""
    faults: tuple[Fault, ...] = ()


def refuse_label(*, package: Package, typed: str) -> None:
    """A scanned parcel label in the code's field is no try: right parcel or wrong parcel, nothing is counted."""
    refusal = about_label(package=package, typed=typed)
    if refusal:
        raise refusal


def about_label(*, package: Package, typed: str) -> OtpMalformed | None:
    """Whether a label is this package's or another's; nothing if the text is no label."""
    numbers = labels.read(typed)
    if not numbers:
        return None
    if package.number in numbers:
        return OtpMalformed(_("Right package. Now enter the customer's code."), label=package.number)
    words = {"this": numbers[0], "that": package.number}
    return OtpMalformed(_("This is package %(this)s, the code was for %(that)s. Fetch the right one.") % words)


def answer(*, desk: Desk, number: str, slug: str, dialog_key: str, told: "Told") -> HttpResponse:
    """The pieces of the page that show what happened."""
    package = get_package(desk.actor, number=number)
    shown = package_page.context(desk, package)
    button = next((button for button in shown["buttons"].all if button.key == dialog_key), None)
    if told.is_done:
        pieces = done(desk=desk, package=package, shown=shown, slug=slug, dialog=button)
    elif told.code == "validation_error" and PLACE_FAULTS.issuperset(fault["loc"] for fault in told.extra["errors"]):
        pieces = render_to_string("instore/_trouble.html", {"verdict": refusal(told)})
    elif button and button.opens_dialog and not is_final(told):
        pieces = verdict(button, refusal(told))
    else:
        pieces = shown["parts"] + red(package=package, shown=shown, told=told)
    response = HttpResponse(pieces, status=200 if told.is_done else told.status)
    response["X-Instore-Code"] = told.code or "done"
    if "retry_after" in told.extra:
        response["Retry-After"] = str(told.extra["retry_after"])
    return response


def is_final(told: "Told") -> bool:
    """Whether nothing that could still be typed would help; the dialog then closes."""
    return told.code in CLOSING or attempts.has_locked(told.extra)


def done(*, desk: Desk, package: Package, shown: dict[str, Any], slug: str, dialog: Button | None) -> str:
    """A command that ran: inside a dialog a note, a handover the green result, else the page as it is now."""
    ran = code_of(shown, slug)
    if dialog and dialog.slug != slug and ran in SAID:
        strong, rest = SAID[ran]
        return verdict(dialog, Verdict(kind="note", strong=str(strong), rest=str(rest)), resend=shown)
    parts = str(shown["parts"])
    if package.state.enum_value == states.DELIVERED:
        return parts + green(desk=desk, package=package, shown=shown)
    said = str(SAID[ran][0]) if ran in SAID else _("Done. Status: %(state)s.") % {"state": shown["row"].status.words}
    return parts + render_to_string("instore/_said.html", {"said": said})


def code_of(shown: dict[str, Any], slug: str) -> str:
    """The command code behind a slug that is still on offer."""
    return next((button.code for button in shown["buttons"].all if button.slug == slug), "")


def refusal(told: "Told") -> Verdict:
    """A refusal as the bar says it."""
    if told.code == "otp_malformed" and told.extra.get("label"):
        return Verdict(kind="note", strong=told.detail)
    if told.code == "validation_error":
        faults = tuple(told.extra.get("errors", ()))
        return Verdict(kind="bad", strong=" ".join(fault["msg"] for fault in faults) or told.detail, faults=faults)
    no_more = told.extra.get("attempts_remaining") == 0
    return Verdict(kind="bad", strong=told.detail, rest="" if no_more else str(NEXT.get(told.code, "")))


def verdict(button: Button, shown: Verdict, *, resend: dict[str, Any] | None = None) -> str:
    """The verdict of a dialog; after a new send also its button, which waits now."""
    context: dict[str, Any] = {"key": button.key, "verdict": shown}
    if resend:
        dialogs = resend["dialogs"]
        context["dialog"] = next(dialog for dialog in dialogs if dialog.button.key == button.key)
        context["package"] = button.package
    return render_to_string("instore/_verdict.html", context)


def green(*, desk: Desk, package: Package, shown: dict[str, Any]) -> str:
    """Package delivered, and what to hand over to whom."""
    return render_to_string(
        "instore/_green.html",
        {"package": package, "row": shown["row"], "desk": desk, "at": time_format.hour(package.state_changed_at)},
    )


def within_a_sentence(words: str) -> str:
    """Delivered becomes "delivered", İptal edildi "iptal edildi"; a noun further on keeps its capital in German."""
    return words[:1].replace("İ", "i").lower() + words[1:]


def red(*, package: Package, shown: dict[str, Any], told: "Told") -> str:
    """What was refused, in words readable from two metres, and the way out."""
    buttons = shown["buttons"]
    ways = [buttons.main if buttons.is_locked else None, *(buttons.of(code) for code in WAY_OUT.get(told.code, ()))]
    way_out = next((button for button in ways if button), None)
    title = TITLES["otp_locked"] if attempts.has_locked(told.extra) else TITLES.get(told.code, "")
    if told.code == "state_conflict" and package.is_held_back:
        title = _("The order is being cancelled")
    elif told.code == "state_conflict" and told.extra.get("state"):
        title = _("Already %(state)s") % {"state": within_a_sentence(_(told.extra["state"]))}
    return render_to_string(
        "instore/_red.html",
        {
            "package": package,
            "row": shown["row"],
            "title": title,
            "told": told,
            "way_out": way_out,
            "way_out_label": buttons.main_label if way_out and way_out is buttons.main else "",
            "hands_over_nothing": package.is_held_back or package.state.enum_value in states.ENDED,
        },
    )


def noted(*, desk: Desk, number: str, said: str) -> HttpResponse:
    """The page as it is after something was noted on it."""
    shown = package_page.context(desk, get_package(desk.actor, number=number))
    response = HttpResponse(str(shown["parts"]) + render_to_string("instore/_said.html", {"said": said}))
    response["X-Instore-Code"] = "done"
    return response


def trouble(error: DomainError) -> HttpResponse:
    """A refusal above the page; what was typed stays where it is."""
    faults = tuple(error.extra.get("errors", ()))
    shown = Verdict(kind="bad", strong=" ".join(fault["msg"] for fault in faults) or error.detail, faults=faults)
    response = HttpResponse(render_to_string("instore/_trouble.html", {"verdict": shown}), status=error.status)
    response["X-Instore-Code"] = error.code
    return response
