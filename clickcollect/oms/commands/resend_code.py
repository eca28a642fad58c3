import math
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clickcollect.errors import OtpExpired, OtpNotIssued, Throttled
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts, pickup_code
from clickcollect.oms.commands.base import Call, Command, Move, command
from clickcollect.oms.events import types as events
from clickcollect.oms.models import Package

WINDOW = timedelta(hours=24)


@command("RESEND_CODE")
class ResendCode(Command):
    """The same code once more, to the same phone; a pause between two, and so many a day (contract section 5)."""

    button = gettext_lazy("Resend code")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.READY})

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:
        works = pickup_code.has_ever_had_code(package) and not pickup_code.is_expired(package)
        return works and not attempts.is_code_locked(package, settings)

    def decide(self, call: Call) -> Move:
        if call.issue is None:
            raise OtpNotIssued
        pickup_code.derive(call.issue)  # a lost key is told now, not when the message goes out
        if pickup_code.is_expired(call.package):
            raise OtpExpired
        if attempts.is_code_locked(call.package, call.settings):
            raise attempts.lock_refusal(call.package, call.settings)
        refuse_too_many(call)
        return Move(
            changes={"code_sent_at": [*recent(call), call.now]},
            events=[events.OutgoingEvent(event=events.PackagePickupCodeResentWhispererEvent, package=call.package)],
            attributes={"otp.issue": call.package.issue_number},
        )


def recent(call: Call) -> list[datetime]:
    """When this package's code was resent within the last 24 hours, oldest first."""
    return [sent for sent in call.package.code_sent_at if sent > call.now - WINDOW]


def refuse_too_many(call: Call) -> None:
    """Raise Throttled while the pause lasts, or when the day's sends are used up."""
    sent = recent(call)
    if seconds := pause_left(call.package, call.settings, call.now):
        words = ngettext(
            "The code was just sent. You can resend it in %(seconds)d second.",
            "The code was just sent. You can resend it in %(seconds)d seconds.",
            seconds,
        )
        raise Throttled(words % {"seconds": seconds}, retry_after=seconds)
    if len(sent) >= call.settings["OTP_SENDS_PER_DAY"]:
        free_at = sent[-call.settings["OTP_SENDS_PER_DAY"]] + WINDOW
        raise Throttled(
            _("The code was sent too many times today. Check the phone number with the customer, or ask a manager."),
            retry_after=math.ceil((free_at - call.now).total_seconds()),
        )


def pause_left(package: Package, settings: Values, now: datetime) -> int:
    """Whole seconds until the code may be sent again; 0 once the pause after the last send is over."""
    if not package.code_sent_at:
        return 0
    pause = timedelta(seconds=settings["OTP_RESEND_COOLDOWN_SECONDS"])
    return max(0, math.ceil((package.code_sent_at[-1] + pause - now).total_seconds()))
