"""The customer's phone number, read right or refused: the code goes where this says, so nothing is guessed.

One reader for every door: order, form, file, connector, correction (contract section 2). What it gives is E.164,
reads back as itself, and can take a message. What two people could have, what only has a possible length, and
what takes no message is refused, and the refusal shows how the number reads.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import phonenumbers
from django.conf import settings
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.fictitious_numbers import is_fictitious
from clickcollect.omnitron.plain_text import without_invisible

LONGEST: Final = 40
TAKES_MESSAGES: Final = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
POSSIBLE: Final = (phonenumbers.ValidationResult.IS_POSSIBLE, phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY)

# What a spreadsheet or a person puts around a value to keep it text. NFKC makes a blank and U+0301 of an acute accent.
AROUND: Final = " \t\r\n='\"`\u0301\u02bc\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u2032"
SCHEME: Final = re.compile(r"tel:(?://)?", re.IGNORECASE)
FLOAT: Final = re.compile(r"(\+?\d{7,})[.,]0+")
SHORTENED: Final = re.compile(r"\d(?:[.,]\d*)?E\+?\d+", re.IGNORECASE)
# Digits of any script, and what people put between them. No letters: "1-800-FLOWERS" is nobody's mobile,
# and an extension cannot receive a message.
BETWEEN: Final = r"[\s().\[\]{}/\-\u00b7\u2010-\u2015\u2212]*"
WRITTEN: Final = re.compile(rf"{BETWEEN}(\+?)((?:{BETWEEN}\d)+){BETWEEN}")
SECOND_NUMBER: Final = re.compile(r"/\D*(?:\d\D*){0,4}")  # after a stroke: "0170 1234567/8" is two numbers
TRUNK_ZERO: Final = re.compile(r"\(\s*0\s*\)")
INTERNATIONAL: Final = re.compile(r"(?:\+(?:00)?|00)(\d+)")

OTHER_NAMES: Final = {"UK": "GB", "EL": "GR"}  # in wide use; ISO 3166-1 says otherwise
# Forms that a country has given up and phonenumbers no longer knows: Mexico's 1 and its prefixes for mobiles.
GIVEN_UP: Final = re.compile(r"\+52(?:1|01|044|045)(?=\d{10}$)")


class Kind(Enum):
    """What a way of reading comes to."""

    MESSAGE = auto()
    FICTITIOUS = auto()
    NO_MESSAGE = auto()  # a land line or a service number: toll-free, premium, personal, pager, internet telephony
    UNASSIGNED = auto()  # the length fits, and no range of the country has it


@dataclass(frozen=True)
class Reading:
    """One way to read what was written. ``shown``: as people write it, behind the country code."""

    e164: str
    shown: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Written:
    """The bare digits, and those that follow + or 00: two spellings where a zero stands in brackets, `+49 (0)170`."""

    digits: str
    has_plus: bool
    international: tuple[str, ...] = ()


def read_phone(value: object, *, country: str | None, beside: str = "", any_line: bool = False) -> str:
    """The number in E.164. Raises ValidationFailed on ``phone_number`` with a sentence that says what to do.

    Arguments: ``country``, two letters (ISO 3166-1), the store's, None where no store is known;
    ``beside``, the country that stands beside the number, as it was sent: it comes before the store's;
    ``any_line``, for a store's own phone, which gets no code: a land line or a service number will do.
    """
    e164, words = parse_or_fault(value, country=country, beside=beside, any_line=any_line)
    if words:
        raise ValidationFailed.of("phone_number", words)
    return e164


def phone_fault(value: object, *, country: str | None, beside: str = "", any_line: bool = False) -> str | None:
    """Say in a sentence why `read_phone` refuses this; None if it does not."""
    return parse_or_fault(value, country=country, beside=beside, any_line=any_line)[1] or None


def kept_phone(value: str) -> str | None:
    """The E.164 of a number written with its country code, to look for among those stored; None if it is none.

    Whether it would be taken today does not matter: what older rules stored must be found, and erased, too.
    """
    written = as_written(value)
    number = parse_number(f"+{written.international[0]}") if written and written.international else None
    return e164_of(number) if number else None


def parse_or_fault(value: object, *, country: str | None, beside: str, any_line: bool) -> tuple[str, str]:
    """The number in E.164, or why there is none: one of the two is empty."""
    if not isinstance(value, str) or not value.strip():
        return "", _("Enter the customer's phone number.")
    written = as_written(value)
    if written is None:
        return "", unreadable(value, country)
    if beside.strip() and region(beside) is None and not written.international:
        return "", _(
            "The country given for this number is unknown. Enter its two-letter code, such as TR, or write the "
            "number with + and its country code."
        )
    taken = {Kind.MESSAGE} | ({Kind.FICTITIOUS} if settings.ALLOW_FICTITIOUS_NUMBERS else set())
    if any_line:
        taken.add(Kind.NO_MESSAGE)
    regions = [found for found in (region(beside), region(country or "")) if found]
    own = own_readings(written, regions)
    good = [found for found in own if found.kind in taken]
    if len(good) == 1:
        return good[0].e164, ""
    if good:
        return "", choice(good)
    others = other_readings(written, regions, taken)
    return "", choice([*own, *others]) if own and others else refusal(own, others, country)


def as_written(value: str) -> Written | None:
    """Take off what is no part of the number; None if what is left cannot be one."""
    if len(value) > LONGEST:
        return None
    text = strip_noise(value)
    whole = FLOAT.fullmatch(text)
    match = WRITTEN.fullmatch(whole[1] if whole else text)
    if match is None or ("/" in text and SECOND_NUMBER.fullmatch(text[text.rindex("/") :])):
        return None
    digits = plain_digits(match[2])
    with_code = INTERNATIONAL.fullmatch(match[1] + digits)
    spellings = [with_code[1]] if with_code else []
    zero = TRUNK_ZERO.search(text)
    at = len(plain_digits(text[: zero.start()])) - len(digits) if zero else 0
    if with_code and -len(with_code[1]) < at < 0:
        spellings.append(with_code[1][:at] + with_code[1][at + 1 :])
    return Written(digits=digits, has_plus=bool(match[1]), international=tuple(spellings))


def strip_noise(value: str) -> str:
    """The text without marks that nobody sees, in one form of Unicode, and without what was put around it."""
    text = unicodedata.normalize("NFKC", value)
    bare = without_invisible(text).strip(AROUND)
    return bare[match.end() :].strip(AROUND) if (match := SCHEME.match(bare)) else bare


def plain_digits(text: str) -> str:
    """The digits of a text, whatever their script, as ASCII."""
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


def region(name: str) -> str | None:
    """A country that has phone numbers, by its two letters; None if that is no such country."""
    code = name.strip().upper()
    code = OTHER_NAMES.get(code, code)
    return code if code in phonenumbers.SUPPORTED_REGIONS else None


def own_readings(written: Written, regions: Sequence[str]) -> list[Reading]:
    """How the number reads where it was written.

    The store's country comes after the one beside the number, and counts only where the number cannot be one of the
    first, not even by its length, and begins as numbers of the store's do: a mistyped number of the customer's
    country must not become somebody else's.
    """
    found = [reading_of(f"+{digits}") for digits in written.international]
    for at, code in enumerate([] if written.has_plus else regions):
        if at == 0 or (not any(found) and begins_as_in(code, written.digits)):
            found += national(written.digits, code)
    return without_duplicates(found)


def begins_as_in(code: str, digits: str) -> bool:
    """Whether digits begin with a country's own code, or with what is dialled before a number inside it."""
    inside = phonenumbers.ndd_prefix_for_region(code, True)
    return digits.startswith(tuple(filter(None, (inside, str(phonenumbers.country_code_for_region(code))))))


def national(digits: str, code: str) -> list[Reading | None]:
    """How digits read in a country: by its own rules, and as a number of its own that has lost the +."""
    with_code = digits.startswith(str(phonenumbers.country_code_for_region(code)))
    return [reading_of(digits, code), reading_of(f"+{digits}") if with_code else None]


def other_readings(written: Written, regions: Sequence[str], taken: Collection[Kind]) -> list[Reading]:
    """How else it could be meant: as a number of the store's country, or of another one with a + that was lost."""
    if written.international:
        return []
    found = [found for code in regions for found in national(written.digits, code)]
    return [other for other in without_duplicates([*found, reading_of(f"+{written.digits}")]) if other.kind in taken]


def without_duplicates(found: Iterable[Reading | None]) -> list[Reading]:
    """Each number once, in their order."""
    return list(dict.fromkeys(filter(None, found)))


def reading_of(text: str, code: str | None = None) -> Reading | None:
    """What digits read as, with + or in a country; None where no number is so long there, local ones included."""
    number = parse_number(text, code)
    if number and (old := GIVEN_UP.match(e164_of(number))):
        number = parse_number("+52" + e164_of(number)[old.end() :])
    kind = kind_of(number) if number else None
    if number is None or kind is None:
        return None
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return Reading(e164=e164_of(number), shown=str(shown), kind=kind)


def parse_number(text: str, code: str | None = None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, code)
    except phonenumbers.NumberParseException:
        return None


def e164_of(number: phonenumbers.PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def kind_of(number: phonenumbers.PhoneNumber) -> Kind | None:
    """Whether a code can be sent there. The ranges kept for fiction are partly "valid" to the library, partly not."""
    is_valid = phonenumbers.is_valid_number(number)
    if is_valid and phonenumbers.number_type(number) not in TAKES_MESSAGES:
        return Kind.NO_MESSAGE
    if is_fictitious(e164_of(number)):
        return Kind.FICTITIOUS
    if is_valid:
        return Kind.MESSAGE
    return Kind.UNASSIGNED if phonenumbers.is_possible_number_with_reason(number) in POSSIBLE else None


def choice(found: Sequence[Reading]) -> str:
    """The words for a number that could be several people's."""
    words = _("This could be %(number)s. Enter the right one with + and the country code.")
    return words % {"number": alternatives(found)}


def refusal(own: Sequence[Reading], others: Sequence[Reading], country: str | None) -> str:
    """Why a number is not taken, with every way it reads, and what to do."""
    if others:
        words = _("This number needs its country code. If it is %(number)s, enter it like that, with the +.")
        return words % {"number": alternatives(others)}
    kinds = {found.kind for found in own}
    if not own:
        return pattern(country)
    if Kind.FICTITIOUS in kinds:
        words = _("%(number)s is reserved for films and tests and reaches no one. Enter the customer's own number.")
    elif Kind.NO_MESSAGE in kinds:
        words = _("%(number)s is a landline or service number and cannot receive the code. Enter a mobile number.")
    else:
        words = _("%(number)s is not a valid number in its country. Check it with the customer.")
    return words % {"number": alternatives(own)}


def alternatives(found: Sequence[Reading]) -> str:
    """The readings as people write them: "this or that". A number stays left to right in every script."""
    first, *more = [f"\u2066{one.shown}\u2069" if get_language_bidi() else one.shown for one in found]
    for other in more:
        first = _("%(one)s or %(other)s") % {"one": first, "other": other}
    return first


def unreadable(value: str, country: str | None) -> str:
    """The words for what is no phone number in writing."""
    if SHORTENED.fullmatch(strip_noise(value[:LONGEST])):
        return _("A spreadsheet shortened this number. Format its column as text, and export it again.")
    return pattern(country)


def pattern(country: str | None) -> str:
    """How a number is to be written."""
    if country is None:
        return _("Enter a phone number with its country code, such as +90 532 123 45 67.")
    return _("Enter a phone number such as +90 532 123 45 67, or a national one in the store's country.")
