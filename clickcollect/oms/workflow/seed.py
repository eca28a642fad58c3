"""The transitions that the workflow starts with (contract section 1). Safe to repeat: a migration and tests call it."""

from collections.abc import Collection
from typing import Any, Final

from django.apps import apps as installed
from django.utils.translation import gettext_noop as _

from clickcollect.oms import states

BOTH: Final = ("OMS WEB", "INSTORE")

# Name (kept in English, shown through gettext), command code, slug, source, destination.
Transition = tuple[str, str, str, str, str]

# The main flow of the contract: each the main button of its state.
MAIN_FLOW: Final[tuple[Transition, ...]] = (
    (
        _("Complete Packaging Without Shipment"),
        "COMPLETE_PACKAGING_WITHOUT_SHIPMENT",
        "complete-packaging-without-shipment",
        states.WAITING,
        states.PACKED,
    ),
    (_("Ready For Customer Pickup"), "READY_FOR_PICKUP", "ready-for-customer-pickup", states.PACKED, states.READY),
    (
        _("Self Service Package Delivery"),
        "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
        "self-service-package-delivery",
        states.READY,
        states.DELIVERED,
    ),
)

# What a counter needs besides.
EXTRA_COMMANDS: Final[tuple[Transition, ...]] = (
    (_("Resend Code"), "RESEND_CODE", "resend-code", states.READY, states.READY),
    (_("Send New Code"), "SEND_NEW_CODE", "send-new-code", states.READY, states.READY),
    (_("Unlock Code"), "UNLOCK_CODE", "unlock-code", states.READY, states.READY),
    (_("Extend Pickup"), "EXTEND_PICKUP", "extend-pickup", states.READY, states.READY),
    (_("Deliver Without Code"), "DELIVER_WITHOUT_CODE", "deliver-without-code", states.READY, states.DELIVERED),
    (_("Return To Stock"), "RETURN_TO_STOCK", "return-to-stock", states.READY, states.RETURNED),
    (_("Mark Out Of Stock"), "MARK_OUT_OF_STOCK", "mark-out-of-stock", states.WAITING, states.OUT_OF_STOCK),
    (_("Mark Out Of Stock"), "MARK_OUT_OF_STOCK", "mark-out-of-stock-packed", states.PACKED, states.OUT_OF_STOCK),
    (_("Cancel Package"), "CANCEL_PACKAGE", "cancel-package", states.WAITING, states.CANCELLED),
    (_("Cancel Package"), "CANCEL_PACKAGE", "cancel-package-preparing", states.PREPARING, states.CANCELLED),
    (_("Cancel Package"), "CANCEL_PACKAGE", "cancel-package-packaging", states.READY_FOR_PACKAGING, states.CANCELLED),
    (_("Cancel Package"), "CANCEL_PACKAGE", "cancel-package-packed", states.PACKED, states.CANCELLED),
    (_("Cancel Package"), "CANCEL_PACKAGE", "cancel-package-ready", states.READY, states.CANCELLED),
    (_("Correct Phone Number"), "CORRECT_PHONE", "correct-phone", states.WAITING, states.WAITING),
    (_("Correct Phone Number"), "CORRECT_PHONE", "correct-phone-packed", states.PACKED, states.PACKED),
    (_("Correct Phone Number"), "CORRECT_PHONE", "correct-phone-ready", states.READY, states.READY),
    (_("Confirm Taken Out"), "CONFIRM_TAKEN_OUT", "confirm-taken-out", states.PACKED, states.PACKED),
    (_("Confirm On Shelf"), "CONFIRM_ON_SHELF", "confirm-on-shelf", states.READY, states.READY),
    (_("Back to Waiting"), "PKG_STATE_TRANSITION", "back-to-waiting", states.PACKED, states.WAITING),
    (_("Back to Packed"), "BACK_TO_PACKED", "back-to-packed", states.READY, states.PACKED),
)


def seed_reference_data(*, using: str, apps: Any = installed, slugs: Collection[str] | None = None) -> None:
    """Make sure that the states and commands exist; what an operator has edited is left alone.

    Arguments: ``using``, the database alias (the owner's); ``apps``, a migration's registry or the installed one;
    ``slugs``, the commands meant, left out = all of them.
    """
    state_model = apps.get_model("oms", "PackageState")
    row_model = apps.get_model("oms", "CommandTransition")
    by_number = {}
    for number, name in states.NAMES.items():
        by_number[number], _made = state_model.objects.using(using).get_or_create(
            enum_class=states.ENUM_CLASS,
            enum_value=number,
            defaults={"name": name},
        )
    for position, (name, code, slug, source, destination) in enumerate((*MAIN_FLOW, *EXTRA_COMMANDS), start=1):
        if slugs is not None and slug not in slugs:
            continue
        row_model.objects.using(using).get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "command_code": code,
                "source": by_number[source],
                "destination": by_number[destination],
                "visibility": list(BOTH),
                "configuration": {},
                "is_primary": position <= len(MAIN_FLOW),
                "position": position * 10,
            },
        )
