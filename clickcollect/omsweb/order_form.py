"""The form for one Click & Collect order. Its field names are the paths of the order's JSON, so faults find them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import DomainError, Fault, OrderConflict
from clickcollect.omnitron.models import DeliveryType, RetailStore
from clickcollect.wire_format import whole_number

MOST_ROWS: Final = 200
MOST_STORES: Final = 500
LONGEST: Final = 1000
STORE: Final = "shipping_address.retail_store"
ROW: Final = re.compile(r"^order_item\.(\d{1,4})\.(sku|name|quantity|price)$")
COLUMNS: Final[tuple[tuple[str, Promise, str], ...]] = (
    ("sku", gettext_lazy("SKU"), "text"),
    ("name", gettext_lazy("Name"), "text"),
    ("quantity", gettext_lazy("Quantity"), "number"),
    ("price", gettext_lazy("Price"), "decimal"),
)


def typed_line(row: Mapping[str, str]) -> dict[str, Any]:
    """One line as JSON has it: a quantity that is a number is one."""
    line: dict[str, Any] = {name: value.strip() for name, value in row.items() if value.strip()}
    quantity = whole_number(line.get("quantity", ""), most=999_999_999)
    if quantity is not None:
        line["quantity"] = quantity
    return line


class OrderForm:
    """What was typed, as it was typed, with the faults beside it."""

    def __init__(self, data: Mapping[str, Any] | None) -> None:
        self.data: dict[str, str] = {
            key: str(value)[:LONGEST].replace("\x00", "") for key, value in (data.items() if data is not None else ())
        }
        if data is None:
            self.data = {"channel": "OMS WEB", "language_code": "", "order_item.0.quantity": "1"}
        self.rows = self.read_rows()
        self.faults: dict[str, str] = {}
        self.refusals: list[str] = []
        stores = RetailStore.objects.filter(is_active=True, click_and_collect=True).order_by("erp_code")
        self.stores = [("", _("Choose…")), *((row.erp_code, str(row)) for row in stores[:MOST_STORES])]

    def read_rows(self) -> list[dict[str, str]]:
        """The item rows in the order they stood; a row left wholly empty is none."""
        found: dict[int, dict[str, str]] = {}
        for key, value in self.data.items():
            if match := ROW.match(key):
                found.setdefault(int(match[1]), {})[match[2]] = value
        rows = [row for _number, row in sorted(found.items()) if row.get("sku") or row.get("name") or row.get("price")]
        return rows[:MOST_ROWS] or [{"sku": "", "name": "", "quantity": "1", "price": ""}]

    def document(self) -> dict[str, Any]:
        """The order as a sales channel would send it; what was left empty is left out."""
        text = {key: value.strip() for key, value in self.data.items()}
        document: dict[str, Any] = {
            "delivery_type": DeliveryType.IN_STORE.value,
            "shipping_address": {"address_type": "retail_store", "retail_store": text.get(STORE, "")},
            "customer": {
                name: text.get(f"customer.{name}", "") for name in ("first_name", "last_name", "phone_number", "email")
            },
            "order_item": [typed_line(row) for row in self.rows],
        }
        given = {name: text[name] for name in ("language_code", "amount", "currency") if text.get(name)}
        return document | given | {name: text.get(name, "") for name in ("number", "channel")}

    def put_faults(self, faults: Iterable[Fault]) -> None:
        """Every fault at its field; one that has no field here stands above the form."""
        for fault in faults:
            if fault["loc"] in self.known:
                self.faults.setdefault(fault["loc"], fault["msg"])
            else:
                self.refusals.append(f"{fault['loc']}: {fault['msg']}")

    def put_refusal(self, error: DomainError) -> None:
        differs = ", ".join(error.extra.get("differs", [])) if isinstance(error, OrderConflict) else ""
        self.refusals.append(f"{error.detail} {_('It differs in: %s.') % differs}" if differs else error.detail)

    @property
    def known(self) -> set[str]:
        fields = {field["name"] for _legend, group in self.groups for field in group}
        return fields | {cell["name"] for row in self.lines for cell in row}

    @property
    def groups(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """The fields outside the table of items, under their headings."""
        languages = [("", _("The store's language")), *settings.LANGUAGES]
        return [
            (
                _("Order"),
                [
                    self.field("number", _("Order number"), autofocus=True),
                    self.field("channel", _("Channel")),
                    self.field(STORE, _("Store"), choices=self.stores),
                ],
            ),
            (
                _("Customer"),
                [
                    self.field("customer.first_name", _("First name")),
                    self.field("customer.last_name", _("Last name"), optional=True),
                    self.field(
                        "customer.phone_number",
                        _("Phone number"),
                        kind="tel",
                        help=_("The code goes to this mobile phone. Of another country: with + and its code."),
                    ),
                    self.field("customer.email", _("E-mail"), kind="email", optional=True),
                    self.field("language_code", _("Language of the messages"), choices=languages, optional=True),
                ],
            ),
            (
                _("Amount"),
                [
                    self.field(
                        "amount",
                        _("Amount"),
                        kind="decimal",
                        optional=True,
                        help=_("Left empty: the sum of the items."),
                    ),
                    self.field("currency", _("Currency"), optional=True, help=_("Left empty: the store's currency.")),
                ],
            ),
        ]

    def field(self, name: str, label: str, **more: Any) -> dict[str, Any]:
        """One field as the template shows it."""
        shown = {"name": name, "id": f"id_{name.replace('.', '_')}", "label": label, "kind": "text"}
        return shown | more | {"value": self.data.get(name, ""), "fault": self.fault_of(name)}

    def fault_of(self, name: str) -> str:
        return self.faults.get(name, "")

    @property
    def lines(self) -> list[list[dict[str, Any]]]:
        """The rows of items, numbered as the order will have them."""
        return [self.line(str(number), row) for number, row in enumerate(self.rows)]

    @property
    def blank_line(self) -> list[dict[str, Any]]:
        """What a row that is added begins with."""
        return self.line("__n__", {"quantity": "1"})

    def line(self, number: str, row: Mapping[str, str]) -> list[dict[str, Any]]:
        cells = []
        for name, label, kind in COLUMNS:
            path = f"order_item.{number}.{name}"
            cells.append(self.field(path, str(label), kind=kind, column=name) | {"value": row.get(name, "")})
        return cells
