"""Instore's small forms: what was entered, and which of it is missing. What is right and wrong is decided below."""

from django import forms
from django.utils.translation import gettext_lazy as _

from clickcollect.errors import Fault, ValidationFailed


class OwnPinForm(forms.Form):
    """A new PIN, and the password that says whose it is."""

    pin = forms.CharField(error_messages={"required": _("Enter a new PIN.")}, max_length=64)
    password = forms.CharField(error_messages={"required": _("Enter your password.")}, max_length=1024, strip=False)


class PinSignInForm(forms.Form):
    """Who comes back, with which PIN, and to which page."""

    person = forms.IntegerField(error_messages={"required": _("Choose your name.")})
    pin = forms.CharField(error_messages={"required": _("Enter your PIN.")}, max_length=64)
    next = forms.CharField(required=False, max_length=2000)


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
