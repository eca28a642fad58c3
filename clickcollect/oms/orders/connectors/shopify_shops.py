"""Which Shopify shop a message comes from: the one whose secret signed it. Pure.

`SHOPIFY_WEBHOOK_SECRET` holds secrets, each alone or behind the domain of its shop: `galata.myshopify.com:secret`.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from clickcollect.oms.orders.channels import SHOPIFY, channel_of_shop, shop_and_secret

CONNECTOR: Final = SHOPIFY  # as it is counted
SIGNATURE_HEADER: Final = "X-Shopify-Hmac-Sha256"
TOPIC_HEADER: Final = "X-Shopify-Topic"
DOMAIN_HEADER: Final = "X-Shopify-Shop-Domain"


def signing_shop(*, body: bytes, signature: str, domain: str, secrets: Iterable[str]) -> str | None:
    """The channel of the shop that signed a body; None where no secret of ours did.

    A secret that stands behind a domain speaks for that shop only, whatever the message says of itself.
    """
    claimed = domain.strip().lower()
    for shop, secret in map(shop_and_secret, secrets):
        if secret and is_signed(body=body, signature=signature, secret=secret) and shop in ("", claimed):
            return channel_of_shop(claimed)
    return None


def is_signed(*, body: bytes, signature: str, secret: str) -> bool:
    """Whether the body carries the base64 HMAC-SHA256 of this secret; compared in constant time."""
    wanted = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    return hmac.compare_digest(wanted, signature.encode())
