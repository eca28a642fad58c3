"""Who wrote this? Both signatures of an event, checked and made (contract section 3).

`X-Whisperer-Signature: sha256=<hex>` is HMAC-SHA256 over the raw body, keyed with the secret as it was written down.
A `whsec_` secret adds Standard Webhooks: its signature covers the time too, so a request that somebody recorded is
worthless five minutes later. Who has such a secret gets no less: the older header alone is then not enough.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping

TOLERANCE_SECONDS = 300
LONGEST_TIMESTAMP = 15
STANDARD = "whsec_"


def is_genuine(*, body: bytes, headers: Mapping[str, str], secrets: Iterable[str], now: float) -> bool:
    """True when one of the secrets signed exactly this body. ``headers`` by lower-case name. Never raises."""
    return find_signer(body=body, headers=headers, secrets=secrets, now=now) is not None


def find_signer(*, body: bytes, headers: Mapping[str, str], secrets: Iterable[str], now: float) -> int | None:
    """The place of the first secret that signed exactly this body; None where none did. Never raises."""
    signed = (_is_signed_with(secret, body=body, headers=headers, now=now) for secret in secrets)
    return next((place for place, is_signed in enumerate(signed) if is_signed), None)


def clock_difference(*, body: bytes, headers: Mapping[str, str], secrets: Iterable[str], now: float) -> int | None:
    """The seconds by which a request is older than now, where that alone is wrong with it; else None. Never raises."""
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > LONGEST_TIMESTAMP:
        return None
    then = int(timestamp)
    is_signed = find_signer(body=body, headers=headers, secrets=secrets, now=then) is not None
    return round(now - then) if is_signed else None


def sign_body(*, body: bytes, secret: str, message_id: str, now: float) -> dict[str, str]:
    """The headers that prove that we wrote this body."""
    headers = {"X-Whisperer-Signature": whisperer_signature(body=body, secret=secret)}
    if secret.startswith(STANDARD):
        timestamp = str(int(now))
        headers |= {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": _standard_signature(body, secret=secret, message_id=message_id, timestamp=timestamp),
        }
    return headers


def whisperer_signature(*, body: bytes, secret: str) -> str:
    """`sha256=` and the HMAC of the raw body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _is_signed_with(secret: str, *, body: bytes, headers: Mapping[str, str], now: float) -> bool:
    if secret.startswith(STANDARD):
        return _is_signed_standard(secret, body=body, headers=headers, now=now)
    given = headers.get("x-whisperer-signature", "").strip().lower()
    return _same(given, whisperer_signature(body=body, secret=secret))


def _is_signed_standard(secret: str, *, body: bytes, headers: Mapping[str, str], now: float) -> bool:
    timestamp, message_id = headers.get("webhook-timestamp", ""), headers.get("webhook-id", "")
    if not message_id or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > LONGEST_TIMESTAMP:
        return False
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    expected = _standard_signature(body, secret=secret, message_id=message_id, timestamp=timestamp)
    given = headers.get("webhook-signature", "").split()[:16]  # several while a secret is being changed
    return any(_same(one, expected) for one in given) and expected != ""


def _standard_signature(body: bytes, *, secret: str, message_id: str, timestamp: str) -> str:
    """`v1,` and the base64 HMAC, or nothing when the secret is not base64."""
    try:
        key = base64.b64decode(secret.removeprefix(STANDARD) + "==")
    except (binascii.Error, ValueError):
        return ""
    if not key:
        return ""
    signed = f"{message_id}.{timestamp}.".encode(errors="replace") + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _same(given: str, expected: str) -> bool:
    """In constant time, and for text that is not ASCII too."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
