"""Forged, changed and recorded requests are refused; every genuine one is let in (T36, T37)."""

import base64
import json
import random
import time

import pytest
from standardwebhooks import Webhook

from extension.signature import clock_difference, is_genuine, sign_body, whisperer_signature

PLAIN = "kärtchen-123"
STANDARD = "whsec_" + base64.b64encode(b"thirty-two bytes of real secret!").decode()
BODY = json.dumps({"event": {"uuid": "0" * 32}, "payload": {"name": "Ayşe 😀"}}, ensure_ascii=False).encode()
NOW = 1_790_000_000.0

# Published by others, so that ours cannot be wrong in the same way twice: a pangram, and RFC 4231, test case 2.
PANGRAM = b"The quick brown fox jumps over the lazy dog"
GOLDEN = [
    ("key", PANGRAM, "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"),
    ("Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
]


@pytest.mark.parametrize(("secret", "body", "digest"), GOLDEN)
def test_golden_vectors(secret: str, body: bytes, digest: str) -> None:
    assert whisperer_signature(body=body, secret=secret) == f"sha256={digest}"


def test_a_signed_body_is_genuine_and_a_changed_one_is_not() -> None:
    headers = {"x-whisperer-signature": whisperer_signature(body=BODY, secret=PLAIN)}
    assert is_genuine(body=BODY, headers=headers, secrets=[PLAIN], now=NOW)
    assert not is_genuine(body=BODY + b" ", headers=headers, secrets=[PLAIN], now=NOW)
    assert not is_genuine(body=BODY, headers=headers, secrets=["another"], now=NOW)
    assert not is_genuine(body=BODY, headers=headers, secrets=[], now=NOW)


def test_old_and_new_secret_are_both_good_while_it_is_changed() -> None:
    for secret in (PLAIN, STANDARD):
        headers = {k.lower(): v for k, v in sign_body(body=BODY, secret=secret, message_id="m", now=NOW).items()}
        assert is_genuine(body=BODY, headers=headers, secrets=[PLAIN, STANDARD], now=NOW)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "sha256=",
        "sha256",
        "sha1=00",
        "0" * 64,
        "sha256=" + "0" * 63,
        "sha256=" + "é" * 64,
        "\x00",
        "sha256=" + "0" * 10_000,
    ],
)
def test_a_broken_signature_is_refused_without_a_fuss(given: str) -> None:
    assert not is_genuine(body=BODY, headers={"x-whisperer-signature": given}, secrets=[PLAIN, STANDARD], now=NOW)


def test_a_signature_cut_short_is_refused() -> None:
    whole = whisperer_signature(body=BODY, secret=PLAIN)
    for length in range(len(whole)):
        assert not is_genuine(body=BODY, headers={"x-whisperer-signature": whole[:length]}, secrets=[PLAIN], now=NOW)


def test_the_standard_webhooks_library_and_we_agree() -> None:
    now = time.time()
    headers = sign_body(body=BODY, secret=STANDARD, message_id="msg_1", now=now)
    Webhook(STANDARD).verify(BODY, headers, json_parse=False)
    assert is_genuine(body=BODY, headers={k.lower(): v for k, v in headers.items()}, secrets=[STANDARD], now=now)


def standard_headers(**changes: str) -> dict[str, str]:
    headers = {k.lower(): v for k, v in sign_body(body=BODY, secret=STANDARD, message_id="msg_1", now=NOW).items()}
    return headers | changes


@pytest.mark.parametrize(
    "headers",
    [
        standard_headers(**{"webhook-id": "msg_2"}),
        standard_headers(**{"webhook-id": ""}),
        standard_headers(**{"webhook-timestamp": str(int(NOW) + 1)}),
        standard_headers(**{"webhook-timestamp": "yesterday"}),
        standard_headers(**{"webhook-timestamp": "٤٨٢"}),
        standard_headers(**{"webhook-timestamp": "9" * 400}),
        standard_headers(**{"webhook-timestamp": "-1"}),
        standard_headers(**{"webhook-signature": ""}),
        standard_headers(**{"webhook-signature": "no comma"}),
        standard_headers(**{"webhook-signature": "v1,%%%"}),
        standard_headers(**{"webhook-signature": "v2,AAAA"}),
        standard_headers(**{"webhook-signature": " ".join(["v1,AAAA"] * 5000)}),
    ],
)
def test_broken_standard_headers_are_refused(headers: dict[str, str]) -> None:
    assert not is_genuine(body=BODY, headers=headers, secrets=[STANDARD], now=NOW)


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_recorded_request_is_worthless_after_five_minutes(*, seconds: int, good: bool) -> None:
    assert is_genuine(body=BODY, headers=standard_headers(), secrets=[STANDARD], now=NOW + seconds) is good


def test_with_a_whsec_secret_the_header_without_a_time_is_not_enough() -> None:
    only = {"x-whisperer-signature": standard_headers()["x-whisperer-signature"]}
    assert not is_genuine(body=BODY, headers=only, secrets=[STANDARD], now=NOW)


def test_one_of_several_signatures_is_enough() -> None:
    given = "v1,AAAA " + standard_headers()["webhook-signature"]
    assert is_genuine(body=BODY, headers=standard_headers(**{"webhook-signature": given}), secrets=[STANDARD], now=NOW)


@pytest.mark.parametrize(("before", "good"), [(15, True), (16, False)])
def test_sixteen_signatures_are_read_and_no_more(*, before: int, good: bool) -> None:
    given = "v1,AAAA " * before + standard_headers()["webhook-signature"]
    headers = standard_headers(**{"webhook-signature": given})
    assert is_genuine(body=BODY, headers=headers, secrets=[STANDARD], now=NOW) is good


@pytest.mark.parametrize(
    ("message_id", "now", "good"), [("m", 10.0**14, True), ("m", 10.0**15, False), ("", NOW, False)]
)
def test_signed_all_right_but_without_an_id_or_in_no_time_of_ours_it_is_refused(
    *, message_id: str, now: float, good: bool
) -> None:
    """Fifteen digits of seconds are enough for three million years; more are somebody's attempt at something."""
    headers = {k.lower(): v for k, v in sign_body(body=BODY, secret=STANDARD, message_id=message_id, now=now).items()}
    assert is_genuine(body=BODY, headers=headers, secrets=[STANDARD], now=now) is good


@pytest.mark.parametrize("secret", ["whsec_", "whsec_***", "whsec_é"])
def test_a_secret_that_is_none_lets_nobody_in(secret: str) -> None:
    headers = standard_headers(**{"webhook-signature": "v1,"})
    assert not is_genuine(body=BODY, headers=headers, secrets=[secret], now=NOW)


def test_noise_never_raises() -> None:
    dice = random.Random(7)
    for _round in range(500):
        noise = {
            name: "".join(chr(dice.randrange(1, 0x2FF)) for _ in range(dice.randrange(80)))
            for name in standard_headers()
        }
        assert not is_genuine(body=dice.randbytes(50), headers=noise, secrets=[PLAIN, STANDARD], now=NOW)


@pytest.mark.parametrize("seconds", [-86_400, -301, 301, 7_200])
def test_a_clock_that_differs_is_told_from_a_secret_that_does(seconds: int) -> None:
    signed = sign_body(body=BODY, secret=STANDARD, message_id="m", now=NOW - seconds)
    headers = {name.lower(): value for name, value in signed.items()}
    assert not is_genuine(body=BODY, headers=headers, secrets=[STANDARD], now=NOW)
    assert clock_difference(body=BODY, headers=headers, secrets=[STANDARD], now=NOW) == seconds
    assert clock_difference(body=BODY + b" ", headers=headers, secrets=[STANDARD], now=NOW) is None
    assert clock_difference(body=BODY, headers=headers, secrets=[PLAIN], now=NOW) is None
    for time_of in ("", "x", "9" * 16, "-1"):
        odd = headers | {"webhook-timestamp": time_of}
        assert clock_difference(body=BODY, headers=odd, secrets=[STANDARD], now=NOW) is None
