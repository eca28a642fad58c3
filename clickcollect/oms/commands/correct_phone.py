from typing import Any

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clickcollect.omnitron.models import Order
from clickcollect.omnitron.phone import read_phone
from clickcollect.oms import events, pickup_code
from clickcollect.oms.commands.base import Applied, Call, Command, Input, command
from clickcollect.oms.models import CodeIssue, Package
from clickcollect.oms.settings import Values


@command("CORRECT_PHONE")
class CorrectPhone(Command):
    """An operator corrects the customer's number. A code that went to the old number dies; a new one goes to the new.

    The order's other packages lose their codes too: staff send them a new one.
    """

    button = _("Correct phone number")

    def inputs(self, package: Package, settings: Values) -> list[Input]:  # noqa: ARG002
        return [
            Input(name="phone_number", label=_("Phone number"), kind="phone"),
            Input(name="reason", label=_("Reason"), required=False),
        ]

    def check(self, call: Call) -> str:
        return read_phone(call.data.get("phone_number"), country=call.package.stock_location.country)

    def changes(self, call: Call, checked: str) -> dict[str, Any]:  # noqa: ARG002
        if not pickup_code.open_issue(call.package):
            return {}
        return pickup_code.next_issue_columns()

    def apply(self, call: Call, checked: str) -> Applied:
        order = call.package.order
        order.phone_number = checked
        Order.objects.filter(pk=order.pk).update(phone_number=checked, modified_date=Now())
        siblings = CodeIssue.objects.filter(package__order_id=order.pk, closed_at=None).exclude(package=call.package)
        siblings.update(closed_at=Now(), closed_reason="phone_corrected", nonce=None)
        if not pickup_code.open_issue(call.package):
            return Applied(notes=call.texts("reason"))
        issue = pickup_code.issue(call.package, digits=call.settings["OTP_LENGTH"])
        letter = events.Letter(event=events.PackageReadyForCustomerPickupWhispererEvent, package=call.package)
        return Applied(letters=[letter], attributes={"otp.issue": issue.number}, notes=call.texts("reason"))
