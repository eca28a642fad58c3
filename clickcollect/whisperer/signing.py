"""Who wrote this? Both signatures of an event, made and checked (contract section 3).

`X-Whisperer-Signature: sha256=<hex>` is HMAC-SHA256 over the raw body, keyed with the secret as it was written down.
A `whsec_` secret adds Standard Webhooks, whose signature covers id and time too. Written out here, because the package
standardwebhooks knows one secret at a time and raises on malformed headers; the tests hold this against it.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from typing import Final

STANDARD: Final = "whsec_"
TOLERANCE_SECONDS: Final = 300
SIGNATURES_READ: Final = 16
EVENT_HEADER: Final = "X-Whisperer-Event"
SIGNATURE_HEADER: Final = "X-Whisperer-Signature"
WEBHOOK_ID: Final = "webhook-id"
WEBHOOK_TIMESTAMP: Final = "webhook-timestamp"
WEBHOOK_SIGNATURE: Final = "webhook-signature"


def sign(*, body: bytes, uuid: str, now: float, secret: str, previous: str = "") -> dict[str, str]:
    """The headers that prove who wrote this body. ``now`` in seconds since 1970 UTC.

    While a secret is being changed (``previous``), Standard Webhooks carry both signatures, which its receivers know
    how to read; `X-Whisperer-Signature` holds one only, made with the new secret.
    """
    if not secret:
        return {}
    headers = {SIGNATURE_HEADER: whisperer_signature(secret, body=body)}
    if is_standard(secret):
        timestamp = str(int(now))
        both = [one for one in (secret, previous) if is_standard(one)]
        headers |= {
            WEBHOOK_ID: uuid,
            WEBHOOK_TIMESTAMP: timestamp,
            WEBHOOK_SIGNATURE: " ".join(standard_signature(s, body=body, uuid=uuid, timestamp=timestamp) for s in both),
        }
    return headers


def verify(*, secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether one of these secrets signed exactly this body. Never raises, whatever is in the headers.

    A `whsec_` secret is proved by the Standard Webhooks signature alone, at most five minutes old: the older header
    could be played again for ever.
    """
    plain = {str(name).lower(): str(value) for name, value in headers.items()}
    return any(_is_signed_with(secret, headers=plain, body=body, now=now) for secret in secrets if secret)


def is_standard(secret: str) -> bool:
    return secret.startswith(STANDARD) and bool(standard_key(secret))


def standard_key(secret: str) -> bytes:
    """The bytes behind a `whsec_` secret; none when it is not base64."""
    text = secret.removeprefix(STANDARD)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def whisperer_signature(secret: str, *, body: bytes) -> str:
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def standard_signature(secret: str, *, body: bytes, uuid: str, timestamp: str) -> str:
    signed = f"{uuid}.{timestamp}.".encode(errors="replace") + body
    return "v1," + base64.b64encode(hmac.digest(standard_key(secret), signed, "sha256")).decode()


def _is_signed_with(secret: str, *, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    if secret.startswith(STANDARD):
        return is_standard(secret) and _is_standard_signed(secret, headers=headers, body=body, now=now)
    given = headers.get(SIGNATURE_HEADER.lower(), "")
    return _same(given, whisperer_signature(secret, body=body))


def _is_standard_signed(secret: str, *, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    uuid, timestamp = headers.get(WEBHOOK_ID, ""), headers.get(WEBHOOK_TIMESTAMP, "")
    if not uuid or not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 15:
        return False
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    expected = standard_signature(secret, body=body, uuid=uuid, timestamp=timestamp)
    given = headers.get(WEBHOOK_SIGNATURE, "").split()[:SIGNATURES_READ]
    return any(_same(one, expected) for one in given)


def _same(given: str, expected: str) -> bool:
    """In constant time, and at ease with text that is not ASCII. A shorter text is never the same."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
