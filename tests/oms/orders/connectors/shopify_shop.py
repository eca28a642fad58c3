"""A Shopify shop that sends us its webhooks, signed as Shopify signs them."""

import base64
import hashlib
import hmac
import json
from typing import Any

from django.test import Client

SECRET = "shop-secret"
DOMAIN = "example.myshopify.com"
CHANNEL = f"shopify:{DOMAIN}"


def signature(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def send(
    document: Any,
    *,
    signed: str | None = None,
    topic: str = "orders/create",
    domain: str = DOMAIN,
    secret: str = SECRET,
) -> tuple[int, dict[str, Any]]:
    """Send one webhook; the status and the document of the answer."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    response = Client().post(
        "/api/v1/connectors/shopify/orders/",
        body,
        content_type="application/json",
        headers={
            "X-Shopify-Hmac-Sha256": signature(body, secret) if signed is None else signed,
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": domain,
        },
    )
    return response.status_code, response.json()


def refund(order: dict[str, Any], *, line: int, quantity: int, at: str, number: int = 1) -> dict[str, Any]:
    """The payload of refunds/create: so many of a line that was not handed over yet."""
    of = order["line_items"][line]
    return {
        "id": 890088186000 + number,
        "order_id": order["id"],
        "created_at": at,
        "processed_at": at,
        "note": None,
        "user_id": None,
        "restock": True,
        "refund_line_items": [
            {
                "id": 487817672000 + number,
                "line_item_id": of["id"],
                "quantity": quantity,
                "restock_type": "cancel",
                "location_id": 487838322,
                "subtotal": 79.0,
                "line_item": of | {"fulfillable_quantity": of["quantity"] - quantity},
            }
        ],
        "transactions": [],
        "order_adjustments": [],
    }


def edit(order: dict[str, Any], *, line: int, quantity: int, at: str, number: int = 1) -> dict[str, Any]:
    """The payload of orders/edited: so many of a line were removed."""
    removed = [{"id": order["line_items"][line]["id"], "delta": quantity}]
    return {
        "order_edit": {
            "id": 78912328793000 + number,
            "app_id": None,
            "created_at": at,
            "notify_customer": False,
            "order_id": order["id"],
            "staff_note": "",
            "user_id": None,
            "line_items": {"additions": [], "removals": removed},
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }


def fulfilment(order: dict[str, Any], *lines: int, at: str, number: int = 1, status: str = "success") -> dict[str, Any]:
    """The payload of fulfillments/create: whole lines, all lines where none is named."""
    rows = [row for place, row in enumerate(order["line_items"]) if not lines or place in lines]
    return {
        "id": 123456000 + number,
        "order_id": order["id"],
        "status": status,
        "created_at": at,
        "updated_at": at,
        "service": None,
        "tracking_company": None,
        "location_id": None,
        "line_items": rows,
        "name": f"{order['name']}.{number}",
    }
