from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import StateConflict
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts
from clickcollect.oms.commands.base import Applied, Call, Command, Input, command
from clickcollect.oms.events import documents
from clickcollect.oms.models import Package


@command("UNLOCK_CODE")
class UnlockCode(Command):
    """A manager gives a locked package five more tries; the same code works again (contract section 5)."""

    button = gettext_lazy("Unlock code")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.READY})

    def inputs(self, package: Package, settings: Values) -> list[Input]:  # noqa: ARG002
        return [Input(name="reason", label=gettext_lazy("Reason"), required=False)]

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:  # noqa: ARG002
        return attempts.is_locked(package, settings)

    def check(self, call: Call) -> None:
        if not attempts.is_locked(call.package, call.settings):
            raise StateConflict(
                _("The code of this package is not locked. Ask the customer for the code."),
                state=call.package.state.name,
                changed_at=documents.utc(call.package.state_changed_at),
                changed_by="",
            )

    def changes(self, call: Call, checked: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"issue_attempts": 0, "unlocks": F("unlocks") + 1}

    def apply(self, call: Call, checked: Any) -> Applied:  # noqa: ARG002
        return Applied(attributes={"otp.issue": call.package.issue_number}, notes=call.texts("reason"))
