from dataclasses import replace
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import ValidationFailed
from clickcollect.oms import states
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.base import (
    REASON,
    Call,
    Command,
    Input,
    Move,
    collector_notes,
    command,
    given,
    missing_inputs,
)
from clickcollect.oms.events import types as events
from clickcollect.oms.log_models import Evidence
from clickcollect.oms.models import Package

NO_EVIDENCE: Final = gettext_lazy("Choose what the customer showed.")


@command("DELIVER_WITHOUT_CODE")
class DeliverWithoutCode(Command):
    """A manager answers for the handover: a reason and what was shown instead of the code.

    The customer is told at once, and the handover stands on the review list.
    """

    button = gettext_lazy("Deliver without code")
    source_states = frozenset({states.READY})
    destination_states = frozenset({states.DELIVERED})
    hands_over = True
    click_and_collect_only = True

    def inputs(self, package: Package, settings: Values) -> list[Input]:
        return [
            Input(
                name="evidence",
                label=gettext_lazy("What did the customer show?"),
                kind="choice",
                choices=tuple(Evidence.choices),
                missing=NO_EVIDENCE,
            ),
            replace(REASON, missing=gettext_lazy("Enter why the package is handed over without the code.")),
        ]

    def offered(self, package: Package, settings: Values, now: datetime) -> bool:
        return pickup_code.needs_code(package, settings)

    def decide(self, call: Call) -> Move:
        faults = missing_inputs(self.inputs(call.package, call.settings), call.data)
        if given(call.data.get("evidence")) and call.data["evidence"] not in Evidence.values:
            words = _("Choose one of: %(choices)s.") % {"choices": ", ".join(Evidence.values)}
            faults.insert(0, {"loc": "evidence", "msg": words})
        if faults:
            raise ValidationFailed(faults)
        return Move(
            closes_issue="overridden",
            events=[events.OutgoingEvent(event=events.PackagePickupOverriddenWhispererEvent, package=call.package)],
            attributes={"override": True, "override.evidence": str(call.data["evidence"])},
            notes=call.texts("reason") | collector_notes(call),
        )
