"""What is wrong with a field, said in the caller's language; pydantic's own English is never shown."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Final[dict[str, Promise]] = {
    "missing": _("Required."),
    "string_type": _("Enter text."),
    "string_unicode": _("This text contains characters that cannot be stored. Remove them."),
    "string_too_short": _("Required."),
    "string_too_long": _("Enter at most %(max_length)d characters."),
    "control_characters": _("This text contains control characters. Remove them."),
    "amount": _("Enter an amount such as 34.95."),
    "amount_negative": _("Enter an amount of 0 or more."),
    "amount_too_large": _("This amount is too large."),
    "amount_places": _("Enter at most %(places)d decimal places; %(currency)s has no more."),
    "amount_no_places": _("Enter a whole number; %(currency)s has no decimal places."),
    "amount_unclear": _("This could mean thousands or decimals. Enter the amount as 1234.00 or 1.23."),
    "whole_number": _("Enter a whole number."),
    "whole_number_unclear": _("This could mean thousands. Enter the number without a point or comma."),
    "int_type": _("Enter a whole number."),
    "int_parsing": _("Enter a whole number."),
    "int_parsing_size": _("Enter a whole number."),
    "int_from_float": _("Enter a whole number."),
    "greater_than_equal": _("Enter a number of %(ge)s or more."),
    "less_than_equal": _("Enter a number of %(le)s or less."),
    "bool_type": _("Enter true or false."),
    "bool_parsing": _("Enter true or false."),
    "count": _("Enter a whole number from 1 to %(largest)d."),
    "moment": _("Enter a date and time such as 2026-11-17T17:02:56Z."),
    "moment_far": _("Enter a date between 2000 and 2100."),
    "language": _("Enter a language code such as tr or pt-BR."),
    "currency": _("Enter a three-letter currency code, such as EUR."),
    "email": _("Enter an e-mail address such as name@example.com, or leave it out."),
    "url": _("Enter a web address that starts with https://, or leave it out."),
    "literal_error": _("Choose one of: %(choices)s."),
    "enum": _("Choose one of: %(choices)s."),
    "list_type": _("Send a list."),
    "too_short": _("Add at least one."),
    "too_long": _("Add at most %(max_length)d."),
    "model_type": _("Send a JSON object."),
    "dict_type": _("Send a JSON object."),
}
# What pydantic calls the length of a text that one of our readers has read first.
OF_TEXT: Final = {"too_short": "string_too_short", "too_long": "string_too_long"}
UNREADABLE: Final = _("This value is not valid.")


def sentence(error: Mapping[str, Any]) -> str:
    """The words for one pydantic error. What was sent is not repeated: it may be personal."""
    context = dict(error.get("ctx") or {})
    kind = OF_TEXT.get(error["type"]) if context.get("field_type") == "Value" else None
    words = SENTENCES.get(kind or error["type"], UNREADABLE)
    if error["type"] in ("literal_error", "enum"):
        context["choices"] = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
    return str(words) % context
