"""The code: what it is derived from, how it is read, and that it shows itself to nobody."""

import hmac
import pickle
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

import pyotp
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.test import override_settings

from clickcollect.errors import OtpMalformed, OtpNotIssued, OtpRequired, ValidationFailed
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.codes.attempt_limits import Limit, WrongCodes
from clickcollect.oms.codes.pickup_code import Code, Comparison
from clickcollect.oms.models import CodeIssue, Package
from tests.reports import variables_shown

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


def derived_by_hand(master: bytes, *, salt: bytes, info: bytes, digits: int) -> str:
    """RFC 5869 with SHA-256 and 20 bytes, then RFC 4226 with counter 0, from the texts of both."""
    first = hmac.digest(hmac.digest(salt, master, "sha256"), info + b"\x01", "sha256")
    sha1 = hmac.digest(first[:20], bytes(8), "sha1")
    at = sha1[-1] & 15
    return str((int.from_bytes(sha1[at : at + 4], "big") & 0x7FFFFFFF) % 10**digits).zfill(digits)


@override_settings(PICKUP_CODE_KEYS={"k1": MASTER})
@pytest.mark.parametrize("digits", [4, 6, 8])
@pytest.mark.parametrize(("package_id", "number"), [(7, 1), (20_481, 3), (2**40, 12)])
def test_a_code_that_was_sent_stays_the_code_in_every_version(package_id: int, number: int, digits: int) -> None:
    nonce = bytes(range(100, 116))
    code = pickup_code.derive(issue(package_id=package_id, number=number, nonce=nonce, digits=digits))
    assert code.reveal() == derived_by_hand(MASTER, salt=nonce, info=b"%d,%d" % (package_id, number), digits=digits)


@override_settings(PICKUP_CODE_KEYS={"new": MASTER, "old": MASTER[::-1]})
def test_a_new_issue_has_128_bits_of_its_own_and_the_newest_key() -> None:
    made = [pickup_code.new_issue(Package(pk=7, issue_number=2), digits=6) for _ in range(2)]
    assert [(one.package_id, one.number, one.key_id, len(one.nonce or b"")) for one in made] == [(7, 3, "new", 16)] * 2
    assert made[0].nonce != made[1].nonce


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
        "482913".rjust(64), "٤٨٢٩١٣", "۴۸۲۹۱۳", "४८२९१३", "４８２９１３",
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


@override_settings(PICKUP_CODE_KEYS={"k1": MASTER}, DEBUG=False)
def test_no_report_of_an_error_shows_a_code_or_what_it_is_made_from(monkeypatch: pytest.MonkeyPatch) -> None:
    package = Package(pk=7, issue_number=1, pickup_deadline=datetime(2026, 6, 2, tzinfo=UTC))
    package.clock = datetime(2026, 6, 1, tzinfo=UTC)
    typed, code = "712904", pickup_code.derive(issue()).reveal()

    def fail(*_: object) -> None:
        raise RuntimeError

    def verify() -> None:
        pickup_code.verify(
            package=package, issue=issue(), typed=typed, tried=WrongCodes(of=Limit.EMPLOYEE), limits=Values({}),
            comparison=Comparison(),
        )  # fmt: skip

    def unguarded(typed: str) -> None:
        fail(typed)

    secret = HKDF(algorithm=SHA256(), length=20, salt=bytes(16), info=b"7,1").derive(MASTER)
    asked: list[tuple[str, object, str, Callable[[], object]]] = [
        ("verify", Code, "matches", verify),
        ("derive", pyotp.HOTP, "at", lambda: pickup_code.derive(issue())),
        ("hotp", pyotp.HOTP, "at", lambda: pickup_code.hotp(secret, counter=0, digits=6)),
        ("normalise_code", unicodedata, "decimal", lambda: pickup_code.normalise_code(typed, digits=6)),
    ]
    for name, place, inside, ask in asked:
        with monkeypatch.context() as patched:
            patched.setattr(place, inside, fail)
            with pytest.raises(RuntimeError) as caught:
                ask()
        shown = repr(variables_shown(caught.value)[name])
        assert [word for word in (typed, code, repr(secret), repr(MASTER)) if word in shown] == [], name
    with pytest.raises(RuntimeError) as caught:
        unguarded(typed)
    assert typed in repr(variables_shown(caught.value)["unguarded"])  # control: of others it is shown


def test_a_wrong_code_does_not_match() -> None:
    assert not Code("482913").matches(Code("482914"))
    assert not Code("482913").matches(Code("0482913"))
