"""The customer's phone number: E.164, or national with the store's country."""

import phonenumbers
from django.utils.translation import gettext as _

from clickcollect.errors import ValidationFailed


def phone_fault(value: object, *, country: str) -> str | None:
    """Say in a sentence why this is no phone number; None if it is one.

    Possible is enough: whether a number is assigned, only the network knows, and ranges change.
    """
    if not isinstance(value, str) or not value.strip():
        return _("Give the customer's phone number.")
    try:
        number = phonenumbers.parse(value[:40], country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or len(value) > 40 or not phonenumbers.is_possible_number(number):
        return _("Give a phone number such as +90 532 123 45 67, or a national one of the store's country.")
    return None


def read_phone(value: object, *, country: str) -> str:
    """The number in E.164. Raises ValidationFailed on ``phone_number``.

    Arguments: ``country``, two letters (ISO 3166-1), for numbers in national form.
    """
    fault = phone_fault(value, country=country)
    if fault:
        raise ValidationFailed.of("phone_number", fault)
    parsed = phonenumbers.parse(str(value), country)
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
