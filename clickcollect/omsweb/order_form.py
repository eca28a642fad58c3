"""The form for one Click & Collect order. Its field names are the paths of the order's JSON, so faults find them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from django import forms
from django.conf import settings
from django.forms import BaseFormSet, formset_factory
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clickcollect.errors import DomainError, Fault, OrderConflict
from clickcollect.omnitron.models import DeliveryType, RetailStore
from clickcollect.omsweb.forms import DomainField, Group, OmsForm

MOST_LINES: Final = 200
MOST_STORES: Final = 500
STORE: Final = "shipping_address.retail_store"
CUSTOMER: Final = ("first_name", "last_name", "phone_number", "email")
LINES: Final = "order_item"
RARE_COLUMNS: Final[dict[str, Promise]] = {  # shown where they were sent wrong
    "retail_store": gettext_lazy("Store code"),
    "parcel": gettext_lazy("Parcel"),
    "image_url": gettext_lazy("Picture"),
}
COLUMN: Final = re.compile(rf"^{LINES}\.(\d{{1,4}})\.(sku|name|quantity|price|was|{'|'.join(RARE_COLUMNS)})$")
NEW_LINE: Final = {"quantity": "1"}
NEW_ORDER: Final = {"channel": "OMS WEB"}


def number_box(mode: str) -> forms.TextInput:
    """A text box with the keys for numbers; what was typed stays, whatever it is."""
    return forms.TextInput(attrs={"inputmode": mode})


class DottedForm(OmsForm):
    """Field names as an order's JSON has them: `order_item.0.sku`."""

    def add_prefix(self, field_name: str) -> str:
        return f"{self.prefix}.{field_name}" if self.prefix else field_name


class LineForm(DottedForm):
    """One item of the order."""

    is_line = True
    sku = DomainField(label=gettext_lazy("SKU"))
    name = DomainField(label=gettext_lazy("Name"))
    quantity = DomainField(label=gettext_lazy("Quantity"), widget=number_box("numeric"))
    price = DomainField(label=gettext_lazy("Price"), widget=number_box("decimal"))
    was = DomainField(is_needed=False, widget=forms.HiddenInput())  # its place in an order that is repaired

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound:
            rare = {name: label for name, label in RARE_COLUMNS.items() if self.add_prefix(name) in self.data}
            self.fields |= {name: DomainField(label=label, is_needed=False) for name, label in rare.items()}
            self.dress_fields()

    def line(self) -> dict[str, Any]:
        """The item as JSON has it: what was left empty is left out."""
        return {name: value for name, value in self.cleaned_data.items() if value and name != "was"}


class DottedFormSet(BaseFormSet):  # type: ignore[type-arg]  # Django knows no arguments at run time
    def add_prefix(self, index: int | str) -> str:
        return f"{self.prefix}.{index}"


LineFormSet = formset_factory(LineForm, formset=DottedFormSet, extra=0, max_num=MOST_LINES, absolute_max=MOST_LINES)


def typed_lines(data: Mapping[str, Any]) -> dict[str, str]:
    """The rows of items as a formset reads them: in the order they stood, without those that were left wholly empty."""
    rows: dict[int, dict[str, str]] = {}
    for key, value in data.items():
        if match := COLUMN.match(key):
            rows.setdefault(int(match[1]), {})[match[2]] = str(value)
    kept = [row for _number, row in sorted(rows.items()) if row.get("sku") or row.get("name") or row.get("price")]
    kept = kept[:MOST_LINES] or [dict(NEW_LINE)]
    typed = {f"{LINES}.{at}.{name}": value for at, row in enumerate(kept) for name, value in row.items()}
    return typed | {f"{LINES}-TOTAL_FORMS": str(len(kept)), f"{LINES}-INITIAL_FORMS": "0"}


class OrderForm(DottedForm):
    """What was typed, as it was typed, with the faults beside it: which they are is for `read_order` to say."""

    groups: ClassVar[tuple[Group, ...]] = (
        (gettext_lazy("Order"), ("number", "channel", STORE)),
        (gettext_lazy("Customer"), (*(f"customer.{name}" for name in CUSTOMER), "language_code")),
        (gettext_lazy("Amount"), ("amount", "currency")),
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=NEW_ORDER)
        self.fields |= order_fields()
        self.dress_fields()
        self.lines = (
            LineFormSet(typed_lines(data), prefix=LINES)
            if data is not None
            else LineFormSet(initial=[NEW_LINE], prefix=LINES)
        )

    @property
    def blank_line(self) -> LineForm:
        """What a row that is added begins with; its number is put in where it is added."""
        return LineForm(prefix=f"{LINES}.__n__", initial=NEW_LINE)

    def is_valid(self) -> bool:
        return super().is_valid() and self.lines.is_valid()

    def document(self) -> dict[str, Any]:
        """The order as a sales channel would send it; what was left empty is left out."""
        text = self.cleaned_data
        document: dict[str, Any] = {
            "delivery_type": DeliveryType.IN_STORE.value,
            "shipping_address": {"address_type": "retail_store", "retail_store": text[STORE]},
            "customer": {name: text[f"customer.{name}"] for name in CUSTOMER},
            LINES: [form.line() for form in self.lines],
        }
        given = {name: text[name] for name in ("language_code", "amount", "currency") if text[name]}
        return document | given | {name: text[name] for name in ("number", "channel")}

    def add_domain_error(self, error: DomainError) -> None:
        differs = ", ".join(error.extra.get("differs", [])) if isinstance(error, OrderConflict) else ""
        if differs:
            self.add_error(None, f"{error.detail} {_('It differs in: %s.') % differs}")
        else:
            super().add_domain_error(error)

    def add_faults(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            match = COLUMN.match(fault["loc"])
            if match and int(match[1]) < len(self.lines.forms):
                self.lines.forms[int(match[1])].add_error(match[2], fault["msg"])
            elif fault["loc"] == LINES:
                self.lines.non_form_errors().append(fault["msg"])
            else:
                super().add_faults([fault])

    def words_without_field(self, fault: Fault) -> str:
        return f"{fault['loc']}: {fault['msg']}"

    @property
    def faults(self) -> list[str]:
        of_lines = [name for line in self.lines if line.is_bound for name in line.faults] if self.is_bound else []
        return [*super().faults, *of_lines, *(self.lines.non_form_errors() if self.is_bound else ())]


def order_fields() -> dict[str, forms.Field]:
    """The fields outside the table of items. Their names are no Python names, so they stand in no class."""
    stores = RetailStore.objects.filter(is_active=True, click_and_collect=True).order_by("erp_code")[:MOST_STORES]
    store_choices = [("", _("Choose…")), *((row.erp_code, str(row)) for row in stores)]
    languages = [("", _("The store's language")), *settings.LANGUAGES]
    return {
        "number": DomainField(label=_("Order number"), widget=forms.TextInput(attrs={"autofocus": True})),
        "channel": DomainField(label=_("Channel")),
        STORE: DomainField(label=_("Store"), widget=forms.Select(choices=store_choices)),
        "customer.first_name": DomainField(label=_("First name"), is_needed=False),
        "customer.last_name": DomainField(label=_("Last name"), is_needed=False),
        "customer.phone_number": DomainField(
            label=_("Phone number"),
            widget=forms.TextInput(attrs={"type": "tel"}),
            help_text=_("The code is sent to this mobile phone. For another country, start with + and its code."),
        ),
        "customer.email": DomainField(label=_("E-mail"), is_needed=False, widget=forms.EmailInput()),
        "language_code": DomainField(
            label=_("Language of the messages"),
            is_needed=False,
            widget=forms.Select(choices=languages),
        ),
        "amount": DomainField(
            label=_("Amount"),
            is_needed=False,
            widget=number_box("decimal"),
            help_text=_("Leave empty to use the item total."),
        ),
        "currency": DomainField(
            label=_("Currency"),
            is_needed=False,
            help_text=_("Leave empty to use the store's currency."),
        ),
    }
