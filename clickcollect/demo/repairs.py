"""Two orders of the demo's Shopify shop that wait to be repaired: a location that nobody knows, and a mistyped phone.

They came by the webhook's own way, as its payload has them, and can be repaired like any other.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from clickcollect.api.connectors import SHOPIFY
from clickcollect.oms.models import OrderToRepair
from clickcollect.oms.orders.connectors.shopify_messages import FIRST_TOPIC, receive_message
from clickcollect.oms.orders.connectors.shopify_pickup import LOCAL_PICKUP_CARRIER

CHANNEL: Final = "shopify:demo-shop.myshopify.com"
# Number, location as the shop calls it, first and last name, phone, and the minutes since it came.
UNPLACED: Final = (
    (3101, "Kadıköy - Moda Pickup", "Ceren", "Aksoy", "+46701740613", 34),
    (3102, "Galata", "Emre", "Yıldırım", "0532 000 01 0", 12),
)


def load_repairs(now: datetime) -> None:
    """Let them come in, once."""
    for order in UNPLACED:
        number, minutes = order[0], order[-1]
        if OrderToRepair.objects.filter(channel=CHANNEL, reference=str(number)).exists():
            continue
        at = now - timedelta(minutes=minutes)
        receive_message(topic=FIRST_TOPIC, channel=CHANNEL, data=payload(*order[:-1], at=at), actor=SHOPIFY)
        OrderToRepair.objects.filter(channel=CHANNEL, reference=str(number)).update(received_at=at, last_received_at=at)


def payload(number: int, location: str, first_name: str, last_name: str, phone: str, *, at: datetime) -> dict[str, Any]:
    """An order for local pickup as Shopify sends it."""
    person = {"first_name": first_name, "last_name": last_name}
    return {
        "id": 5900000000000 + number,
        "name": f"#{number}",
        "created_at": at.isoformat(),
        "updated_at": at.isoformat(),
        "currency": "TRY",
        "total_price": "88.80",
        "financial_status": "paid",
        "customer_locale": "tr-TR",
        "email": f"customer{number}@example.com",
        "customer": person | {"phone": phone},
        "billing_address": person | {"city": "Istanbul", "country_code": "TR"},
        "shipping_lines": [{"code": location, "title": location, "carrier_identifier": LOCAL_PICKUP_CARRIER}],
        "line_items": [
            {"id": 1, "sku": "LMP-DSK-03", "name": "Desk lamp, brass", "quantity": 1, "price": "64.00"},
            {"id": 2, "sku": "MUG-CER-01", "name": "Ceramic mug 350 ml", "quantity": 2, "price": "12.40"},
        ],
    }
