"""Which Shopify shop a message comes from: the one whose secret signed it. Pure.

`SHOPIFY_WEBHOOK_SECRET` holds secrets, each alone or behind the domain of its shop: `galata.myshopify.com:secret`.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final

from clickcollect.oms.connector_models import LONGEST_CHANNEL

SIGNATURE_HEADER: Final = "X-Shopify-Hmac-Sha256"
TOPIC_HEADER: Final = "X-Shopify-Topic"
DOMAIN_HEADER: Final = "X-Shopify-Shop-Domain"
DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
PREFIX: Final = "shopify"


def signing_shop(*, body: bytes, signature: str, domain: str, secrets: Iterable[str]) -> str | None:
    """The channel of the shop that signed a body; None where no secret of ours did.

    A secret that stands behind a domain speaks for that shop only, whatever the message says of itself.
    """
    claimed = domain.strip().lower()
    for shop, secret in map(shop_and_secret, secrets):
        if secret and is_signed(body=body, signature=signature, secret=secret) and shop in ("", claimed):
            return channel_of_shop(claimed)
    return None


def shop_and_secret(entry: str) -> tuple[str, str]:
    """The domain that a secret is for, empty where it is for any, and the secret."""
    domain, colon, secret = entry.strip().partition(":")
    if colon and DOMAIN.fullmatch(domain.lower()):
        return domain.lower(), secret
    return "", entry.strip()


def is_signed(*, body: bytes, signature: str, secret: str) -> bool:
    """Whether the body carries the base64 HMAC-SHA256 of this secret; compared in constant time."""
    wanted = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    return hmac.compare_digest(wanted, signature.encode())


def channel_of_shop(domain: str) -> str:
    """The channel of a shop: `shopify:<domain>`; a domain that is too long ends in what tells it apart."""
    if not DOMAIN.fullmatch(domain):
        return PREFIX
    channel = f"{PREFIX}:{domain}"
    if len(channel) <= LONGEST_CHANNEL:
        return channel
    apart = hashlib.sha256(domain.encode()).hexdigest()[:12]
    return f"{channel[: LONGEST_CHANNEL - len(apart) - 1]}-{apart}"
