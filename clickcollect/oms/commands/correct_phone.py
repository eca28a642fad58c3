from typing import Final

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy

from clickcollect.errors import Fault, ValidationFailed
from clickcollect.omnitron.phone import read_phone
from clickcollect.oms import search, states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.base import REASON, Call, Command, Input, Move, command, missing_inputs
from clickcollect.oms.commands.resend_code import recent, refuse_too_many
from clickcollect.oms.commands.send_new_code import refuse_new_code
from clickcollect.oms.events import types as events
from clickcollect.oms.models import CodeIssue, Package

THE_SAME: Final = gettext_lazy("The order already has this number. Send a new code instead.")


@command("CORRECT_PHONE")
class CorrectPhone(Command):
    """The back office corrects the customer's number. A code that went to the old number dies; a new one goes out.

    It is no quiet way to somebody else's package: it counts as a new code, with its limit and its pause, needs a
    reason, tells the old number that it was changed, and the handover stands on the review list (contract section 5).
    The order's other packages lose their codes too: staff send them a new one. Before a code was issued for any of
    the order's packages it corrects, and nothing more.
    """

    button = gettext_lazy("Correct phone number")

    def inputs(self, package: Package, settings: Values) -> list[Input]:
        return [
            Input(name="phone_number", label=gettext_lazy("Phone number"), kind="phone"),
            REASON,
        ]

    def decide(self, call: Call) -> Move:
        number, faults = read_new_number(call)
        faults += missing_inputs([REASON], call.data)
        if faults:
            raise ValidationFailed(faults)
        sends = sends_a_code(call.package)
        if sends:
            refuse_new_code(call)
            refuse_too_many(call)
        changed = {"phone_number": number, "modified_date": call.now}
        new = {"new_codes": call.package.new_codes + 1, "code_sent_at": [*recent(call), call.now]}
        return Move(
            changes=new if sends else {},
            order_changes=changed | ({"phone_changed_at": call.now} if call.order_has_codes else {}),
            new_code=sends,
            events=[
                *([ready(call.package)] if sends else []),
                *([told_at(call.package, call.package.order.phone_number)] if call.order_has_codes else []),
            ],
            attributes={"phone.had_code": call.order_has_codes},
            notes=call.texts("reason"),
        )

    def apply(self, call: Call, move: Move) -> None:
        end_other_codes(call.package)
        update_search(call.package)


def ready(package: Package) -> events.OutgoingEvent:
    return events.OutgoingEvent(event=events.PackageReadyForCustomerPickupWhispererEvent, package=package)


def told_at(package: Package, number: str) -> events.OutgoingEvent:
    """Word of the change, for the number that it was before."""
    changed = events.PackagePickupPhoneChangedWhispererEvent
    return events.OutgoingEvent(event=changed, package=package, told_number=number)


def read_new_number(call: Call) -> tuple[str, list[Fault]]:
    """The new number, and what is wrong with it."""
    try:
        number = read_phone(call.data.get("phone_number"), country=call.package.stock_location.country)
    except ValidationFailed as wrong:
        return "", list(wrong.errors)
    if number == call.package.order.phone_number:
        return number, [{"loc": "phone_number", "msg": str(THE_SAME)}]
    return number, []


def sends_a_code(package: Package) -> bool:
    """Whether the package stands at the counter and was issued a code: the new number gets one of its own."""
    return package.state.enum_value == states.READY and pickup_code.has_ever_had_code(package)


def end_other_codes(package: Package) -> None:
    """End the codes of the order's other packages: they went to the old number. The caller holds the order."""
    others = CodeIssue.objects.filter(package__order_id=package.order_id, closed_at=None).exclude(package=package)
    others.update(closed_at=Now(), closed_reason="phone_corrected", nonce=None)


def update_search(package: Package) -> None:
    """Let all packages of the order be found by its new number.

    Another package's row that is busy keeps its old search words: waiting for it here could wait for ever.
    """
    free = Package.objects.filter(order_id=package.order_id).select_for_update(skip_locked=True, no_key=True)
    for sibling in list(free):
        sibling.order = package.order
        search.update_index(sibling)
