"""The customer's phone number: E.164, or national with the store's country."""

import re
from typing import Final

import phonenumbers
from django.utils.translation import gettext as _

from clickcollect.errors import ValidationFailed

LONGEST: Final = 40
# Digits of any script, and what people put between them. No letters: "1-800-FLOWERS" is nobody's mobile,
# and an extension cannot receive a message.
WRITTEN: Final = re.compile(r"\+?[\d\s().\-/\u00a0\u2010-\u2015]+")


def parse(value: str, *, country: str | None) -> phonenumbers.PhoneNumber | None:
    """Read a number of a possible length for its country; None if it is none.

    Possible, not assigned: whether a number exists only the network knows, ranges change faster than a library,
    and the ranges reserved for fiction, which every test uses, are partly "invalid".
    """
    if len(value) > LONGEST or not WRITTEN.fullmatch(value.strip()):
        return None
    try:
        number = phonenumbers.parse(value.strip(), country)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    return number if reason == phonenumbers.ValidationResult.IS_POSSIBLE else None


def phone_fault(value: object, *, country: str | None) -> str | None:
    """Say in a sentence why this is no phone number; None if it is one."""
    if not isinstance(value, str) or not value.strip():
        return _("Give the customer's phone number.")
    if parse(value, country=country):
        return None
    if country is None:
        return _("Give a phone number with its country code, such as +90 532 123 45 67.")
    return _("Give a phone number such as +90 532 123 45 67, or a national one of the store's country.")


def read_phone(value: object, *, country: str | None) -> str:
    """The number in E.164. Raises ValidationFailed on ``phone_number``.

    Arguments: ``country``, two letters (ISO 3166-1), for numbers in national form; None where no store is known.
    """
    number = parse(value, country=country) if isinstance(value, str) else None
    if number is None:
        raise ValidationFailed.of("phone_number", phone_fault(value, country=country) or "")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
