"""What is wrong with a field, said in the caller's language; pydantic's own English is never shown."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Final[dict[str, Promise]] = {
    "missing": _("This field is needed."),
    "string_type": _("Give text."),
    "string_unicode": _("This text holds characters that cannot be stored. Leave them out."),
    "string_too_short": _("This may not be empty."),
    "string_too_long": _("Give at most %(max_length)d characters."),
    "control_characters": _("This text holds control characters. Leave them out."),
    "amount": _("Give an amount such as 34.95."),
    "amount_negative": _("Give an amount of 0 or more."),
    "amount_too_large": _("This amount is too large."),
    "amount_places": _("Give at most %(places)d places after the decimal point; %(currency)s has no more."),
    "amount_no_places": _("Give a whole number; %(currency)s has no decimal places."),
    "amount_unclear": _("This can be read as thousands or as decimals. Write the amount such as 1234.00 or 1.23."),
    "whole_number": _("Give a whole number."),
    "whole_number_unclear": _("This can be read as thousands. Write the number without a point or comma."),
    "int_type": _("Give a whole number."),
    "int_parsing": _("Give a whole number."),
    "int_parsing_size": _("Give a whole number."),
    "int_from_float": _("Give a whole number."),
    "greater_than_equal": _("Give a number of %(ge)s or more."),
    "less_than_equal": _("Give a number of %(le)s or less."),
    "bool_type": _("Give true or false."),
    "bool_parsing": _("Give true or false."),
    "count": _("Give a whole number from 1 to %(largest)d."),
    "moment": _("Give a date and time such as 2026-11-17T17:02:56Z."),
    "moment_far": _("Give a date between 2000 and 2100."),
    "language": _("Give a language code such as tr or pt-BR."),
    "currency": _("Give a currency of three letters, such as EUR."),
    "email": _("Give an e-mail address such as name@example.com, or leave it out."),
    "url": _("Give a web address that begins with https://, or leave it out."),
    "literal_error": _("Give one of: %(choices)s."),
    "enum": _("Give one of: %(choices)s."),
    "list_type": _("Give a list."),
    "too_short": _("Give at least one."),
    "too_long": _("Give at most %(max_length)d."),
    "model_type": _("Give an object with fields."),
    "dict_type": _("Give an object with fields."),
}
# What pydantic calls the length of a text that one of our readers has read first.
OF_TEXT: Final = {"too_short": "string_too_short", "too_long": "string_too_long"}
UNREADABLE: Final = _("This value cannot be read.")


def sentence(error: Mapping[str, Any]) -> str:
    """The words for one pydantic error. What was sent is not repeated: it may be personal."""
    context = dict(error.get("ctx") or {})
    kind = OF_TEXT.get(error["type"]) if context.get("field_type") == "Value" else None
    words = SENTENCES.get(kind or error["type"], UNREADABLE)
    if error["type"] in ("literal_error", "enum"):
        context["choices"] = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
    return str(words) % context
