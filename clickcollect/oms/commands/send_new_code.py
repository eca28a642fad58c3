from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import OtpExpired, OtpLocked, OtpNotIssued
from clickcollect.oms import deadlines, states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts, pickup_code
from clickcollect.oms.commands.base import Call, Command, Move, command
from clickcollect.oms.events import types as events
from clickcollect.oms.models import Package


@command("SEND_NEW_CODE")
class SendNewCode(Command):
    """A new code; the old one dies. At most three for one package; the package's wrong tries stay counted."""

    button = gettext_lazy("Send new code")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.READY})
    click_and_collect_only = True

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:
        used_up = attempts.package_is_used_up(package, settings) or attempts.new_codes_are_used_up(package, settings)
        return pickup_code.needs_code(package, settings) and not used_up and not pickup_code.is_expired(package)

    def decide(self, call: Call) -> Move:
        if not pickup_code.needs_code(call.package, call.settings):
            raise OtpNotIssued(_("Pickup codes are turned off. This package is handed over without one."))
        refuse_new_code(call)
        is_first = not pickup_code.has_ever_had_code(call.package)
        until = call.package.pickup_deadline or deadlines.for_store(
            call.package.stock_location,
            since=call.now,
            open_days=call.settings["PICKUP_HOLD_DAYS"],
        )
        return Move(
            changes={
                "new_codes": call.package.new_codes + (0 if is_first else 1),
                "pickup_deadline": until,
                "due_at": until,
            },
            new_code=True,
            events=[
                events.OutgoingEvent(event=events.PackageReadyForCustomerPickupWhispererEvent, package=call.package)
            ],
        )


def refuse_new_code(call: Call) -> None:
    """Raise OtpExpired after the deadline, OtpLocked once the package has seen too many wrong codes or new ones."""
    package = call.package
    if pickup_code.is_expired(package):
        raise OtpExpired
    if attempts.package_is_used_up(package, call.settings):
        raise attempts.lock_refusal(package, call.settings)
    if attempts.new_codes_are_used_up(package, call.settings):
        raise OtpLocked(_("No new codes are left for this package. A manager can hand it over without a code."))
