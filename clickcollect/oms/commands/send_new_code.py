from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import OtpExpired, OtpLocked, OtpNotIssued
from clickcollect.oms import deadlines, states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts, pickup_code
from clickcollect.oms.commands.base import Applied, Call, Command, command
from clickcollect.oms.events import types as events
from clickcollect.oms.models import Package


@command("SEND_NEW_CODE")
class SendNewCode(Command):
    """A new code; the old one dies. At most three for one package; the package's wrong tries stay counted."""

    button = gettext_lazy("Send new code")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.READY})
    click_and_collect_only = True

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:  # noqa: ARG002
        wanted = settings.is_otp_enabled or pickup_code.is_protected(package)
        used_up = attempts.package_is_used_up(package, settings) or attempts.new_codes_are_used_up(package, settings)
        return wanted and not used_up and not pickup_code.is_expired(package)

    def check(self, call: Call) -> None:
        if not (call.settings.is_otp_enabled or pickup_code.is_protected(call.package)):
            raise OtpNotIssued(_("Pickup codes are switched off. This package is handed over without one."))
        refuse_new_code(call)

    def changes(self, call: Call, checked: Any) -> dict[str, Any]:  # noqa: ARG002
        first = not pickup_code.is_protected(call.package)
        until = call.package.pickup_deadline or deadlines.for_store(
            call.package.stock_location,
            since=call.now,
            open_days=call.settings["PICKUP_HOLD_DAYS"],
        )
        return {
            **pickup_code.next_issue_columns(),
            "new_codes": F("new_codes") + (0 if first else 1),
            "pickup_deadline": until,
            "due_at": until,
        }

    def apply(self, call: Call, checked: Any) -> Applied:  # noqa: ARG002
        issue = pickup_code.issue(call.package, digits=call.settings["OTP_LENGTH"])
        letter = events.Letter(event=events.PackageReadyForCustomerPickupWhispererEvent, package=call.package)
        return Applied(letters=[letter], attributes={"otp.issue": issue.number})


def refuse_new_code(call: Call) -> None:
    """Raise OtpExpired after the deadline, OtpLocked once the package has seen too many wrong codes or new ones."""
    package = call.package
    if pickup_code.is_expired(package):
        raise OtpExpired
    if attempts.package_is_used_up(package, call.settings):
        raise attempts.locked(package, call.settings)
    if attempts.new_codes_are_used_up(package, call.settings):
        raise OtpLocked(_("No more new codes for this package. A manager can hand it over without a code."))
