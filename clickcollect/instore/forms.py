"""Instore's small forms: what was entered, and which of it is missing. What is right and wrong is decided below."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clickcollect.errors import Fault, ValidationFailed
from clickcollect.omnitron.models import RetailStore
from clickcollect.wire_format import LARGEST_ID


class OwnPinForm(forms.Form):
    """A new PIN, and the password that says whose it is."""

    pin = forms.CharField(error_messages={"required": _("Enter a new PIN.")}, max_length=64)
    password = forms.CharField(error_messages={"required": _("Enter your password.")}, max_length=1024, strip=False)


class PinSignInForm(forms.Form):
    """Who comes back, with which PIN, and to which page."""

    person = forms.IntegerField(error_messages={"required": _("Choose your name.")})
    pin = forms.CharField(error_messages={"required": _("Enter your PIN.")}, max_length=64)
    next = forms.CharField(required=False, max_length=2000)


class SignOutForm(forms.Form):
    """Whether the device locked itself, and the page it showed then."""

    locked = forms.BooleanField(required=False)
    next = forms.CharField(required=False, max_length=2000)


class StoreForm(forms.Form):
    """The store that somebody is in, one of their own."""

    store = forms.ChoiceField()

    def __init__(self, data: Any = None, *, stores: Iterable[RetailStore]) -> None:
        super().__init__(data)
        self.stores = {store.erp_code: store for store in stores}
        self.fields["store"] = forms.ChoiceField(choices=[(code, store.name) for code, store in self.stores.items()])

    @property
    def chosen(self) -> RetailStore | None:
        return self.stores[self.cleaned_data["store"]] if self.is_valid() else None


class ReviewForm(forms.Form):
    """A row of the log that was reviewed; ``undo``: or was not."""

    log = forms.IntegerField(min_value=0, max_value=LARGEST_ID)
    undo = forms.BooleanField(required=False)


class LabelForm(forms.Form):
    """A scanned label, and ``from``: the dialog that it was scanned into."""

    label = forms.CharField(required=False, max_length=500)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["from"] = forms.CharField(required=False, max_length=100)  # no name that Python lets a class have


class PickedForm(forms.Form):
    """How many pieces of a line lie in the package; the domain judges it."""

    picked = forms.CharField(required=False, max_length=20, empty_value="0")


class ShelfForm(forms.Form):
    """Where a package lies, and in how many bags."""

    shelf = forms.CharField(required=False, max_length=500)
    bags = forms.CharField(required=False, max_length=500)


def cleaned(form: forms.Form) -> dict[str, str]:
    """What was entered. Raises ValidationFailed with every fault at its field."""
    if not form.is_valid():
        raise ValidationFailed(faults_of(form))
    return {name: str(value) for name, value in form.cleaned_data.items()}


def faults_of(form: forms.Form) -> list[Fault]:
    """The first fault of each field, as every refusal names them."""
    return [{"loc": name, "msg": str(errors[0])} for name, errors in form.errors.items()]
