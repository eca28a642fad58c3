"""The code: what it is derived from, how it is read, and that it shows itself to nobody."""

import pickle

import pytest
from django.test import override_settings

from clickcollect.errors import OtpMalformed, OtpNotIssued, OtpRequired, ValidationFailed
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.codes.pickup_code import Code
from clickcollect.oms.models import CodeIssue

# RFC 4226, appendix D: secret "12345678901234567890", counters 0 to 9, six digits.
RFC_4226 = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
# The same values before they are cut to six digits (the column "Decimal" of the appendix).
RFC_4226_DECIMAL = [
    1284755224, 1094287082, 137359152, 1726969429, 1640338314, 868254676, 1918287922, 82162583, 673399871, 645520489,
]  # fmt: skip
MASTER = bytes(range(32))


def issue(**fields: object) -> CodeIssue:
    return CodeIssue(**{"package_id": 7, "number": 1, "nonce": bytes(16), "key_id": "k1", "digits": 6} | fields)


@pytest.mark.parametrize("counter", range(10))
@pytest.mark.parametrize("digits", [4, 5, 6, 7, 8])
def test_t01_codes_are_those_of_rfc_4226(counter: int, digits: int) -> None:
    code = pickup_code.hotp(b"12345678901234567890", counter=counter, digits=digits)
    assert code == str(RFC_4226_DECIMAL[counter] % 10**digits).zfill(digits)
    if digits == 6:
        assert code == RFC_4226[counter]


@override_settings(PICKUP_CODE_KEYS={"k1": MASTER, "k2": MASTER[::-1]})
def test_package_issue_nonce_and_key_each_change_the_code() -> None:
    variants = [issue(), issue(package_id=8), issue(number=2), issue(nonce=b"\x01" * 16), issue(key_id="k2")]
    assert len({pickup_code.derive(variant).reveal() for variant in variants}) == len(variants)
    assert pickup_code.derive(issue()).reveal() == pickup_code.derive(issue()).reveal()


@override_settings(PICKUP_CODE_KEYS={"k2": MASTER})
def test_a_lost_key_says_send_a_new_code() -> None:
    with pytest.raises(OtpNotIssued, match="new code"):
        pickup_code.derive(issue())


def test_a_closed_issue_has_no_code_any_more() -> None:
    with override_settings(PICKUP_CODE_KEYS={"k1": MASTER}), pytest.raises(OtpNotIssued):
        pickup_code.derive(issue(nonce=None))


@pytest.mark.parametrize(
    "typed",
    [
        "482913", "482 913", "482-913", " 482913\n", "4 8 2 9 1 3", "482\u2013913", "482\u00a0913", "\u200f482913",
        "٤٨٢٩١٣", "۴۸۲۹۱۳", "४८२९१३", "４８２９１３",
    ],
)  # fmt: skip
def test_spaces_dashes_and_other_scripts_are_the_same_code(typed: str) -> None:
    assert pickup_code.normalise_code(typed, digits=6).matches(Code("482913"))


@pytest.mark.parametrize(
    "typed",
    ["48291", "4829130", "48291a", "PK-10001", "482913\x00", "½82913", "²82913", "482.913", "+482913", "-", "六"],
)
def test_what_cannot_be_a_code_is_malformed(typed: str) -> None:
    with pytest.raises((OtpMalformed, OtpRequired)):
        pickup_code.normalise_code(typed, digits=6)


@pytest.mark.parametrize("typed", [None, "", "   ", "\u200f"])
def test_nothing_typed_is_required(typed: object) -> None:
    with pytest.raises(OtpRequired):
        pickup_code.normalise_code(typed, digits=6)


@pytest.mark.parametrize(
    "typed", [482913, ["482913"], {"otp": "482913"}, True, 4.8, b"482913", "4" * 65, "x" * 100_000]
)
def test_what_is_no_short_text_is_a_bad_request(typed: object) -> None:
    with pytest.raises(ValidationFailed) as caught:
        pickup_code.normalise_code(typed, digits=6)
    assert caught.value.errors[0]["loc"] == "otp"


def test_a_code_shows_itself_to_nobody() -> None:
    code = Code("482913")
    assert "482913" not in f"{code} {code!r}"
    assert "482913" not in repr([code, {"otp": code}])
    with pytest.raises(TypeError):
        pickle.dumps(code)


def test_a_wrong_code_does_not_match() -> None:
    assert not Code("482913").matches(Code("482914"))
    assert not Code("482913").matches(Code("0482913"))
