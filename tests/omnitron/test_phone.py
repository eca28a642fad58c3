"""A phone number is read right or refused, never guessed: the code goes where this says (contract section 2)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from django.test import override_settings
from django.utils.translation import override
from hypothesis import assume, example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from clickcollect.errors import ValidationFailed
from clickcollect.omnitron.fictitious_numbers import PUBLISHED, is_fictitious
from clickcollect.omnitron.order_schema import read_order
from clickcollect.omnitron.phone import LONGEST, kept_phone, phone_fault, read_phone
from tests.omnitron.phone_readings import BY_HAND, MOBILES, READINGS, STORES, Row
from tests.shop import make_store, order_document

DATA = Path(__file__).parent.parent / "data" / "phones"
SENDABLE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
E164 = phonenumbers.PhoneNumberFormat.E164


@pytest.fixture(autouse=True)
def _as_in_a_shop(settings: Any) -> None:
    settings.ALLOW_FICTITIOUS_NUMBERS = False


def outcome(row: Row) -> str | tuple[str, ...]:
    """What became of a number: its E.164, or, of what the refusal should say, what it does say."""
    country = STORES[row.store]
    words = phone_fault(row.written, country=country, beside=row.beside)
    if words is None:
        return read_phone(row.written, country=country, beside=row.beside)
    return tuple(part for part in row.right if part in words) or (words,)


def test_the_table_is_wide_enough() -> None:
    read = {row.right for row in READINGS if isinstance(row.right, str)}
    countries = {phonenumbers.region_code_for_number(phonenumbers.parse(e164)) for e164 in read}

    assert len(READINGS) >= 300
    assert len({(row.written, row.store, row.beside) for row in READINGS}) == len(READINGS)
    assert len(countries) >= 30
    assert len({STORES[row.store] for row in READINGS}) == 6
    assert sum(isinstance(row.right, tuple) for row in READINGS) >= 60


@pytest.mark.parametrize("row", [row for row in BY_HAND if row.written], ids=lambda row: ascii(row.written))
def test_number_is_read_right_or_refused(row: Row) -> None:
    assert outcome(row) == row.right


@pytest.mark.parametrize("country", MOBILES)
def test_mobile_is_read_however_it_is_spelled(country: str) -> None:
    rows = [row for row in READINGS if row not in BY_HAND and row.right == MOBILES[country][1]]

    assert len(rows) == 12
    assert [(row.written, outcome(row)) for row in rows] == [(row.written, row.right) for row in rows]


@pytest.mark.django_db
def test_order_reads_all_of_them_as_the_reader_does() -> None:
    for code, country in STORES.items():
        make_store(code, country=country)

    assert [row for row in READINGS if not is_right(row)] == []


def is_right(row: Row) -> bool:
    """Whether the order door gives what the table wants, at the phone's own field."""
    document = order_document("WEB-1", store=row.store)
    document["customer"] |= {"phone_number": row.written}
    document["shipping_address"] |= {"country": row.beside}
    try:
        return read_order(document).customer.phone_number == row.right
    except ValidationFailed as refusal:
        (fault,) = refusal.errors
        return fault["loc"] == "customer.phone_number" and all(part in fault["msg"] for part in row.right)


def test_control_a_possible_length_is_not_enough() -> None:
    """Without the rules: the library's first reading that has a possible length. Many codes would go elsewhere."""
    elsewhere: list[str] = []
    taken: list[str] = []
    for row in BY_HAND:
        try:
            number = phonenumbers.parse(row.written, STORES[row.store])
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            sent = phonenumbers.format_number(number, E164)
            if isinstance(row.right, tuple):
                taken.append(row.written)
            elif sent != row.right:
                elsewhere.append(row.written)

    assert {"491701234567", "905320000101.0", "212 555 7777"} <= set(elsewhere)
    assert len(taken) >= 30


@pytest.mark.django_db
@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_order_as_a_shop_sent_it(path: Path) -> None:
    make_store()
    make_store("BER-01", country="DE")
    wanted = {"order-phone-de-plus-lost": "+491701234567", "order-phone-mx-521": "+525512345678"}

    order = read_order(json.loads(path.read_text()))

    assert order.customer.phone_number == wanted.get(path.stem, "+905320000101")


@pytest.mark.django_db
def test_country_nearest_to_the_number_counts() -> None:
    make_store()
    document = order_document("WEB-1")
    document["customer"] |= {"phone_number": "212 555 7777", "phone_country": "US"}
    document["shipping_address"] |= {"country": "DE"}

    assert read_order(document).customer.phone_number == "+12125557777"


@pytest.mark.django_db
def test_bad_phone_is_named_with_every_other_fault() -> None:
    make_store()
    document = order_document("WEB-1", currency="euro")
    document["customer"] |= {"phone_number": "0212 555 01 00", "email": "nobody", "phone_country": 7}

    with pytest.raises(ValidationFailed) as refusal:
        read_order(document)

    assert {fault["loc"] for fault in refusal.value.errors} == {
        "currency",
        "customer.email",
        "customer.phone_country",
        "customer.phone_number",
    }


@pytest.mark.parametrize(
    "written",
    [
        *("+44 7700 900123", "+1 212 555 0100", "+1 416 555 0199", "+61 491 570 156", "+46 70 174 06 05"),
        *("+49 171 3920001", "+49 176 04069000", "+49 152 28817386", "+33 6 39 98 01 01"),
    ],
)
def test_number_kept_for_fiction_is_taken_in_a_demo_only(written: str, settings: Any) -> None:
    e164 = "+" + "".join(filter(str.isdigit, written))
    words = phone_fault(written, country="TR")
    assert words is not None
    assert "reserved for films and tests" in words
    assert kept_phone(written) == e164

    settings.ALLOW_FICTITIOUS_NUMBERS = True
    assert read_phone(written, country="TR") == e164


@pytest.mark.parametrize(
    "written",
    ["+44 7700 901123", "+1 212 555 0200", "+46 70 174 06 04", "+46 70 174 07 00", "+49 171 3921001"],
)
def test_their_neighbours_are_ordinary_numbers(written: str) -> None:
    assert not is_fictitious("+" + "".join(filter(str.isdigit, written)))


def test_numbers_for_fiction_stay_land_lines_where_they_are(settings: Any) -> None:
    settings.ALLOW_FICTITIOUS_NUMBERS = True

    assert "landline" in str(phone_fault("+44 20 7946 0123", country="TR"))
    assert "landline" in str(phone_fault("+1 800 555 0199", country="TR"))


def test_every_published_range_is_of_its_country() -> None:
    for code in PUBLISHED:
        assert phonenumbers.region_code_for_country_code(int(code)) != "ZZ"


@pytest.mark.parametrize(
    ("written", "country", "kept"),
    [
        ("0212 555 01 00", "TR", "+902125550100"),
        ("444 0 123", "TR", "+904440123"),
        ("+49 30 23125 001", "DE", "+493023125001"),
        ("020 7946 0101", "GB", "+442079460101"),
        ("0532 123 45 67", "TR", "+905321234567"),
    ],
)
def test_store_may_have_a_land_line(written: str, country: str, kept: str) -> None:
    assert read_phone(written, country=country, any_line=True) == kept


def test_store_number_with_two_readings_is_refused_too() -> None:
    words = str(phone_fault("491701234567", country="DE", any_line=True))
    assert "+49 491 701234567 or +49 170 1234567" in words


@pytest.mark.parametrize("value", [None, 905321234567, 9.05e11, True, [], {}, " ", "\u200b", "9" * 41, "\0", "\ud800"])
def test_what_is_no_text_or_no_number_is_refused_in_words(value: Any) -> None:
    for country in ("TR", None, "AQ", "??"):
        words = phone_fault(value, country=country)
        assert words
        assert words.endswith(".")
    with pytest.raises(ValidationFailed):
        read_phone(value, country="TR")


def test_refusal_keeps_numbers_left_to_right_where_the_script_is_not() -> None:
    with override("ar"):
        assert "\u2066+90 212 555 01 00\u2069" in str(phone_fault("0212 555 01 00", country="TR"))
    with override("en"):
        assert "\u2066" not in str(phone_fault("0212 555 01 00", country="TR"))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+90 555 000 07 77", "+905550000777"),
        ("0090 555 000 07 77", "+905550000777"),
        ("+49 49 1701 234567", "+49491701234567"),  # what an older reader made of 491701234567
        ("+44 7700 900123", "+447700900123"),
        ("0555 000 07 77", None),
        ("call me", None),
    ],
)
def test_what_older_rules_stored_is_still_found(written: str, kept: str | None) -> None:
    assert kept_phone(written) == kept


# Property: what is stored reads back as itself everywhere, and is a number that can take a message.

COUNTRIES = st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS))
DIGITS = "0123456789"
PIECES = st.sampled_from([*"+0()-/. '１٣", "00", ".0", "tel:", "\u200e", "\ufe0f"])


def beginnings() -> Iterator[str]:
    for country in phonenumbers.SUPPORTED_REGIONS:
        number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
        if number is not None:
            yield phonenumbers.format_number(number, E164)[1:]


@st.composite
def nearly_numbers(draw: st.DrawFn) -> str:
    """A real number's beginning, other digits behind it, and something odd before, behind or within."""
    real = draw(st.sampled_from(sorted(beginnings())))
    end = draw(st.text(DIGITS, max_size=6))
    digits = (real[: len(real) - len(end)] + end)[draw(st.integers(0, 4)) :]
    at = draw(st.integers(0, len(digits)))
    odd = "".join(draw(st.lists(PIECES, max_size=3)))
    return "".join(draw(st.lists(PIECES, max_size=2))) + digits[:at] + odd + digits[at:]


WRITTEN = st.one_of(nearly_numbers(), st.text(DIGITS + "+() -", max_size=18), st.text(max_size=LONGEST))


@effort(max_examples=600)
@given(WRITTEN, COUNTRIES, st.just("") | COUNTRIES, COUNTRIES, st.booleans())
@example("491701234567", "DE", "", "IT", False)
@example("+52 1 55 1234 5678", "MX", "", "MX", False)
def test_what_is_stored_reads_back_as_itself_and_can_take_a_message(
    written: str,
    country: str,
    beside: str,
    elsewhere: str,
    is_demo: bool,  # noqa: FBT001
) -> None:
    with override_settings(ALLOW_FICTITIOUS_NUMBERS=is_demo):
        words = phone_fault(written, country=country, beside=beside)
        if words is not None:
            assert words.endswith(".")
            return
        stored = read_phone(written, country=country, beside=beside)
        number = phonenumbers.parse(stored)
        assert phonenumbers.format_number(number, E164) == stored
        assert len(stored) <= 16
        if is_fictitious(stored):
            assert is_demo
        else:
            assert phonenumbers.is_valid_number(number)
            assert phonenumbers.number_type(number) in SENDABLE
        for place in (country, elsewhere, None):
            assert read_phone(stored, country=place, beside=beside) == stored
            assert read_phone(stored, country=place, beside=elsewhere) == stored
        assert kept_phone(stored) == stored


@effort(max_examples=300)
@given(st.sampled_from(sorted(beginnings())), st.text(DIGITS, max_size=7), COUNTRIES)
def test_a_mobile_that_says_its_country_is_never_refused(real: str, end: str, country: str) -> None:
    assume(len(end) < len(real) - 3)
    try:
        number = phonenumbers.parse(f"+{real[: len(real) - len(end)]}{end}")
    except phonenumbers.NumberParseException:
        assume(False)
    assume(phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in SENDABLE)
    e164 = phonenumbers.format_number(number, E164)
    assume(not is_fictitious(e164))

    for written in (e164, f"'{e164}", f"tel:{e164}", f"(+{e164[1:4]}){e164[4:]}"):
        assert read_phone(written, country=country) == e164
    # 00 may be the beginning of another prefix: in Thailand 008 leads abroad, and 0081 901… is of Japan or America.
    words = phone_fault(f"00{e164[1:]}", country=country)
    assert "This could be" in words if words else read_phone(f"00{e164[1:]}", country=country) == e164
