"""T36, T37: signatures that others compute the same, and nothing broken is ever believed. Vectors made with openssl."""

import base64
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from clickcollect.whisperer import signing

BODY = '{"event": {"type": "t"}, "payload": {"ad": "Ayşe Ü 日"}}'.encode()
PLAIN = "s3cret"
STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_aW5jb3JyZWN0LXNlY3JldC1mb3ItdGVzdHM="
UUID = "0123abcd"
NOW = 1_700_000_000.7
PLAIN_SIGNATURE = "sha256=bc59b66c65773377be3a0ef09d5450b3449b9ab734c330dd8772870c5eecbab1"
OLD_HEADER_OF_STANDARD = "sha256=dd85887572b11917ad98cc9e24bd67c7611e024d7c7ddb6bce1bb47a58d0c5cc"
STANDARD_SIGNATURE = "v1,h0qqnYaRTSXp55/lYNtf/UmQgjPJHtXM2RfQZe5UFM4="


def headers(secret: str, *, previous: str = "", now: float = NOW) -> dict[str, str]:
    return signing.sign(body=BODY, uuid=UUID, now=now, secret=secret, previous=previous)


def is_believed(secret: str, given: dict[str, str], *, body: bytes = BODY, now: float = NOW) -> bool:
    return signing.verify(secrets=[secret], headers=given, body=body, now=now)


def test_t36_both_signatures_equal_the_golden_vectors() -> None:
    assert headers(PLAIN) == {"X-Whisperer-Signature": PLAIN_SIGNATURE}
    assert headers(STANDARD) == {
        "X-Whisperer-Signature": OLD_HEADER_OF_STANDARD,
        "webhook-id": UUID,
        "webhook-timestamp": "1700000000",
        "webhook-signature": STANDARD_SIGNATURE,
    }
    assert headers("") == {}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
def test_t36_the_published_library_accepts_ours_in_any_time_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        now = time.time()
        signed = headers(STANDARD, now=now)
        Webhook(STANDARD).verify(BODY.decode(), signed)
        theirs = Webhook(STANDARD).sign(UUID, datetime.fromtimestamp(int(now), tz=UTC), BODY.decode())
        assert theirs == signed["webhook-signature"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_while_a_secret_is_changed_receivers_of_either_accept() -> None:
    now = time.time()
    both = headers(OTHER, previous=STANDARD, now=now)
    for secret in (STANDARD, OTHER):
        Webhook(secret).verify(BODY.decode(), both)
    assert headers(PLAIN, previous="older") == headers(PLAIN)


def test_t37_control_what_we_sign_we_believe() -> None:
    assert is_believed(PLAIN, headers(PLAIN))
    assert is_believed(STANDARD, headers(STANDARD))
    assert signing.verify(secrets=["other", PLAIN], headers=headers(PLAIN), body=BODY, now=NOW)
    assert not signing.verify(secrets=[], headers=headers(PLAIN), body=BODY, now=NOW)


BROKEN_STANDARD = [
    {},
    headers(OTHER),
    {"X-Whisperer-Signature": OLD_HEADER_OF_STANDARD},
    headers(STANDARD) | {"webhook-timestamp": "1700000001"},
    headers(STANDARD) | {"webhook-timestamp": "-1"},
    headers(STANDARD) | {"webhook-timestamp": "١٧٠٠٠٠٠٠٠٠"},
    headers(STANDARD) | {"webhook-timestamp": "9" * 5000},
    headers(STANDARD) | {"webhook-timestamp": "1e9"},
    headers(STANDARD) | {"webhook-timestamp": ""},
    headers(STANDARD) | {"webhook-id": ""},
    headers(STANDARD) | {"webhook-id": "\ud800"},
    headers(STANDARD) | {"webhook-signature": STANDARD_SIGNATURE[:-1]},
    headers(STANDARD) | {"webhook-signature": STANDARD_SIGNATURE.removeprefix("v1,")},
    headers(STANDARD) | {"webhook-signature": "v1," * 10_000},
    headers(STANDARD) | {"webhook-signature": "v1"},
    headers(STANDARD) | {"webhook-signature": "ü日\x00"},
    headers(STANDARD) | {"webhook-signature": ""},
]
BROKEN_PLAIN = [
    {},
    headers("other"),
    *({"X-Whisperer-Signature": PLAIN_SIGNATURE[:length]} for length in range(len(PLAIN_SIGNATURE))),
    {"X-Whisperer-Signature": PLAIN_SIGNATURE + "0"},
    {"X-Whisperer-Signature": PLAIN_SIGNATURE.upper()},
    {"X-Whisperer-Signature": PLAIN_SIGNATURE.replace("sha256", "sha1")},
    {"X-Whisperer-Signature": "ü日\x00\ud800"},
]


@pytest.mark.parametrize(
    ("secret", "broken"), [(STANDARD, given) for given in BROKEN_STANDARD] + [(PLAIN, given) for given in BROKEN_PLAIN]
)
def test_t37_a_broken_signature_is_never_believed_and_never_an_error(secret: str, broken: dict[str, str]) -> None:
    assert not is_believed(secret, broken)


@pytest.mark.parametrize("secret", [PLAIN, STANDARD])
@pytest.mark.parametrize("body", [b"", BODY[:-1], BODY + b" ", b"\xff\xfe", BODY.replace(b"t", b"T")])
def test_t37_another_body_is_never_believed(secret: str, body: bytes) -> None:
    assert not is_believed(secret, headers(secret), body=body)


def test_a_request_recorded_long_ago_is_not_believed() -> None:
    signed_at = float(int(NOW))
    for seconds, good in [(300, True), (-300, True), (301, False), (-301, False)]:
        assert is_believed(STANDARD, headers(STANDARD), now=signed_at + seconds) is good


@pytest.mark.parametrize(("before", "good"), [(15, True), (16, False)])
def test_sixteen_signatures_are_read_and_no_more(*, before: int, good: bool) -> None:
    many = {"webhook-signature": "v1,AAAA " * before + STANDARD_SIGNATURE}
    assert is_believed(STANDARD, headers(STANDARD) | many) is good


@pytest.mark.parametrize(("uuid", "now", "good"), [("m", 10.0**14, True), ("m", 10.0**15, False), ("", NOW, False)])
def test_signed_all_right_but_without_an_id_or_in_no_time_of_ours_it_is_not_believed(
    *, uuid: str, now: float, good: bool
) -> None:
    """Fifteen digits of seconds are enough for three million years; more are somebody's attempt at something."""
    signed = signing.sign(body=BODY, uuid=uuid, now=now, secret=STANDARD)
    assert is_believed(STANDARD, signed, now=now) is good


@pytest.mark.parametrize("secret", ["whsec_!!", "whsec_", "whsec_MfKQ!9r8G", "whsec_MfKQ9r8GK"])
def test_a_secret_that_is_not_base64_proves_nothing(secret: str) -> None:
    assert signing.standard_key(secret) == b""
    assert not is_believed(secret, headers(secret))


@pytest.mark.parametrize("length", range(1, 65))
def test_a_secret_of_any_length_is_read_with_its_padding_and_without(length: int) -> None:
    key = bytes(range(length))
    written = base64.b64encode(key).decode()
    for text in (written, written.rstrip("=")):
        assert signing.standard_key(f"whsec_{text}") == key


@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()), st.binary()
)
def test_t37_garbage_is_never_believed(given_headers: dict[str, str], body: bytes) -> None:
    garbage = given_headers | {"X-Whisperer-Signature": given_headers.get("webhook-id", "")}
    assert not is_believed(STANDARD, garbage, body=body)
    assert not is_believed(PLAIN, garbage, body=body)
