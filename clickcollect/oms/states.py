"""The package states and what they mean to the rules (contract section 1). Names may be edited, numbers may not."""

from typing import Final

from django.utils.translation import gettext_noop as _

WAITING: Final = "100"
PREPARING: Final = "200"
READY_FOR_PACKAGING: Final = "400"
PACKED: Final = "500"
READY: Final = "600"
DELIVERED: Final = "700"
CANCELLED: Final = "900"
OUT_OF_STOCK: Final = "920"
RETURNED: Final = "950"

ENUM_CLASS: Final = "PackageStatus"
NAMES: Final[dict[str, str]] = {  # kept in English; shown through gettext
    WAITING: _("Waiting"),
    PREPARING: _("Preparing"),
    READY_FOR_PACKAGING: _("Ready for Packaging"),
    PACKED: _("Packed All Items"),
    READY: _("Ready for Customer Pickup"),
    DELIVERED: _("Delivered"),
    CANCELLED: _("Cancelled"),
    OUT_OF_STOCK: _("Out of Stock"),
    RETURNED: _("Returned to Stock"),
}
# What a list of the packages in a state is called: tabs, charts and columns (contract section 6).
LIST_NAMES: Final[dict[str, str]] = {
    WAITING: _("To pack"),
    PACKED: _("Packed"),
    READY: _("Ready for customer"),
    DELIVERED: _("Delivered"),
}
ENDED: Final = frozenset({DELIVERED, CANCELLED, OUT_OF_STOCK, RETURNED})
TO_PACK: Final = frozenset({WAITING, PREPARING, READY_FOR_PACKAGING})
