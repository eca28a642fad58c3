"""Encryption at rest of secrets that must be read back; the key is outside the database.

A sealed text reads `key id:base64(nonce, AES-256-GCM)`. Its purpose is authenticated with it: moved to another column
it cannot be decrypted. Keys come from the settings, the newest first.
"""

import base64
import binascii
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NONCE_BYTES: Final = 12


class KeyLost(Exception):
    """The key that sealed this secret is missing or is another one. Put it back into PICKUP_CODE_KEYS, or enter
    the secret anew."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(f"The secret sealed with the key “{key_id}” cannot be read.")


def seal(text: str, *, purpose: str) -> str:
    """Seal with the newest key; an empty text stays empty."""
    if not text:
        return ""
    key_id = newest_key_id()
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(settings.ENCRYPTION_KEYS[key_id]).encrypt(nonce, text.encode(), purpose.encode())
    return f"{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, *, purpose: str) -> str:
    """Read a sealed text. Raises KeyLost."""
    if not sealed:
        return ""
    key_id, _colon, text = sealed.partition(":")
    key = settings.ENCRYPTION_KEYS.get(key_id)
    if key is None:
        raise KeyLost(key_id)
    try:
        raw = base64.b64decode(text, validate=True)
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], purpose.encode()).decode()
    except (InvalidTag, ValueError, binascii.Error):
        raise KeyLost(key_id) from None


def reseal(sealed: str, *, purpose: str) -> str:
    """The same secret, sealed with the newest key; unchanged when it already is. Raises KeyLost."""
    if not sealed or sealed.partition(":")[0] == newest_key_id():
        return sealed
    return seal(unseal(sealed, purpose=purpose), purpose=purpose)


def newest_key_id() -> str:
    for key_id in settings.ENCRYPTION_KEYS:
        return str(key_id)
    raise ImproperlyConfigured("PICKUP_CODE_KEYS must be set before a secret can be kept. `clickcollect keys` helps.")
