"""Which of two versions of an order is the newer one, so that a late one undoes nothing (contract section 2). Pure.

Where the shop says when it changed the order, that decides. Where it does not, a content that was seen before is an
older one. What was seen is kept as keyed digests, which say nothing of the customer and go when the data is erased.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from django.conf import settings

from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import OrderIn
from clickcollect.omnitron.plain_text import comparable

MOST_VERSIONS: Final = 50
DIGEST_BYTES: Final = 16


@dataclass(frozen=True, kw_only=True)
class Version:
    """What tells an order as it was sent from its other versions."""

    digest: str
    updated_at: datetime | None

    def is_last_word(self, order: Order) -> bool:
        """Whether this is what the shop said last, whatever was corrected here since."""
        return self.digest == (order.seen_contents.split() or [""])[-1]

    def is_newer(self, order: Order) -> bool:
        """Whether it may change the order that is kept."""
        if self.updated_at and order.shop_updated_at and self.updated_at != order.shop_updated_at:
            return self.updated_at > order.shop_updated_at
        seen = order.seen_contents.split()
        return self.digest not in seen and len(seen) < MOST_VERSIONS

    def columns(self, order: Order) -> dict[str, Any]:
        """What of the order changes once this version counts; nothing where that is known already."""
        seen = order.seen_contents.split()
        found: dict[str, Any] = {}
        if self.digest not in seen[-1:]:
            others = [digest for digest in seen if digest != self.digest]
            found["seen_contents"] = " ".join([*others, self.digest][-MOST_VERSIONS:])
        if self.updated_at and (order.shop_updated_at is None or self.updated_at > order.shop_updated_at):
            found["shop_updated_at"] = self.updated_at
        return found


def version_of(order: OrderIn) -> Version:
    """The version that was sent. Its lines are a multiset; case and Unicode form say nothing."""
    content = order.model_dump(mode="json", exclude={"updated_at"}, exclude_none=True)
    content["order_item"] = sorted(content["order_item"], key=orjson.dumps)
    text = comparable(orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode())
    key = f"contents of orders {settings.SECRET_KEY}".encode()
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()[:DIGEST_BYTES]
    return Version(digest=digest.hex(), updated_at=order.updated_at)
