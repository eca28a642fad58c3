"""The rows the process starts with (contract section 1). Called by a migration and by the tests; safe to repeat."""

from typing import Any, Final

from django.apps import apps as installed

from clickcollect.oms import states

BOTH: Final = ("OMS WEB", "INSTORE")

COMMANDS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "Complete Packaging Without Shipment",
        "command_code": "COMPLETE_PACKAGING_WITHOUT_SHIPMENT",
        "slug": "complete-packaging-without-shipment",
        "source": states.WAITING,
        "destination": states.PACKED,
        "is_primary": True,
    },
    {
        "name": "Ready For Customer Pickup",
        "command_code": "READY_FOR_PICKUP",
        "slug": "ready-for-customer-pickup",
        "source": states.PACKED,
        "destination": states.READY,
        "is_primary": True,
    },
    {
        "name": "Self Service Package Delivery",
        "command_code": "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
        "slug": "self-service-package-delivery",
        "source": states.READY,
        "destination": states.DELIVERED,
        "is_primary": True,
    },
)


def seed_reference_data(*, using: str, apps: Any = installed) -> None:
    """Make sure that the states and commands exist; what an operator has edited is left alone.

    Arguments: ``using``, the database alias (the owner's); ``apps``, a migration's registry or the installed one.
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
    for position, command in enumerate(COMMANDS, start=1):
        row_model.objects.using(using).get_or_create(
            slug=command["slug"],
            defaults={
                "visibility": list(BOTH),
                "configuration": {},
                "position": position * 10,
                **command,
                "source": by_number[command["source"]],
                "destination": by_number[command["destination"]],
            },
        )
