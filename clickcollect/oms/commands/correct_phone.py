from typing import Any, Final

from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import Fault, ValidationFailed
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.phone import read_phone
from clickcollect.oms import search, states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.base import Applied, Call, Command, Input, command
from clickcollect.oms.commands.resend_code import recent, refuse_too_many
from clickcollect.oms.commands.send_new_code import refuse_new_code
from clickcollect.oms.events import types as events
from clickcollect.oms.models import CodeIssue, Package

THE_SAME: Final = gettext_lazy("This is the order's number already. Send a new code instead.")


@command("CORRECT_PHONE")
class CorrectPhone(Command):
    """The back office corrects the customer's number. A code that went to the old number dies; a new one goes out.

    It is no quiet way to somebody else's package: it counts as a new code, with its limit and its pause, needs a
    reason, tells the old number that it was changed, and the handover stands on the review list (contract section 5).
    The order's other packages lose their codes too: staff send them a new one. Before a code was issued for any of
    the order's packages it corrects, and nothing more.
    """

    button = gettext_lazy("Correct phone number")

    def inputs(self, package: Package, settings: Values) -> list[Input]:  # noqa: ARG002
        return [
            Input(name="phone_number", label=gettext_lazy("Phone number"), kind="phone"),
            Input(name="reason", label=gettext_lazy("Reason")),
        ]

    def check(self, call: Call) -> str:
        number, faults = read(call)
        if not call.texts("reason"):
            faults.append({"loc": "reason", "msg": _("Say why, in a few words.")})
        if faults:
            raise ValidationFailed(faults)
        if sends_a_code(call.package):
            refuse_new_code(call)
            refuse_too_many(call)
        return number

    def changes(self, call: Call, checked: str) -> dict[str, Any]:  # noqa: ARG002
        if not sends_a_code(call.package):
            return {}
        return {
            **pickup_code.next_issue_columns(),
            "new_codes": F("new_codes") + 1,
            "code_sent_at": [*recent(call), call.now],
        }

    def apply(self, call: Call, checked: str) -> Applied:
        old = call.package.order.phone_number
        if old == checked:  # somebody was first
            raise ValidationFailed.of("phone_number", THE_SAME)
        has_codes = Package.objects.filter(order_id=call.package.order_id, issue_number__gt=0).exists()
        change_number(call.package, checked, has_codes=has_codes)
        done = Applied(attributes={"phone.had_code": has_codes}, notes=call.texts("reason"))
        if sends_a_code(call.package):
            issue = pickup_code.issue(call.package, digits=call.settings["OTP_LENGTH"])
            done.attributes["otp.issue"] = issue.number
            ready = events.PackageReadyForCustomerPickupWhispererEvent
            done.letters.append(events.Letter(event=ready, package=call.package))
        if has_codes and old:
            changed = events.PackagePickupPhoneChangedWhispererEvent
            done.letters.append(events.Letter(event=changed, package=call.package, told_number=old))
        return done


def read(call: Call) -> tuple[str, list[Fault]]:
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
    return package.state.enum_value == states.READY and pickup_code.is_protected(package)


def change_number(package: Package, number: str, *, has_codes: bool) -> None:
    """Put the number on the order, which the caller holds, end its other packages' codes, and find them all by it."""
    order = package.order
    order.phone_number = number
    changed = {"phone_changed_at": Now()} if has_codes else {}
    Order.objects.filter(pk=order.pk).update(phone_number=number, modified_date=Now(), **changed)
    others = CodeIssue.objects.filter(package__order_id=order.pk, closed_at=None).exclude(package=package)
    others.update(closed_at=Now(), closed_reason="phone_corrected", nonce=None)
    # Another package's row that is busy keeps its old search words: waiting for it here could wait for ever.
    free = Package.objects.filter(order_id=order.pk).select_for_update(skip_locked=True)
    for sibling in list(free):
        sibling.order = order
        search.update_index(sibling)
