"""Orders as the vendors' documentation describes them; our own words and people."""

from copy import deepcopy
from typing import Any

SHOPIFY_ORDER: dict[str, Any] = {
    "id": 5921147363001,
    "admin_graphql_api_id": "gid://shopify/Order/5921147363001",
    "name": "#1043",
    "order_number": 1043,
    "created_at": "2026-11-20T18:02:11+03:00",
    "processed_at": "2026-11-20T18:02:10+03:00",
    "currency": "TRY",
    "presentment_currency": "TRY",
    "customer_locale": "tr-TR",
    "email": "defne@example.com",
    "phone": None,
    "financial_status": "paid",
    "fulfillment_status": None,
    "test": False,
    "total_price": "170.80",
    "subtotal_price": "170.80",
    "total_tax": "28.47",
    "note_attributes": [],
    "tags": "",
    "customer": {
        "id": 7301882934001,
        "email": "defne@example.com",
        "first_name": "Defne",
        "last_name": "Çelik",
        "phone": "+46701740610",
    },
    "billing_address": {
        "first_name": "Defne",
        "last_name": "Çelik",
        "address1": "Gül Sokak 5",
        "city": "Istanbul",
        "zip": "34000",
        "country": "Turkey",
        "country_code": "TR",
        "phone": None,
    },
    "shipping_address": None,
    "shipping_lines": [
        {
            "id": 4601882934001,
            "code": "Galata",
            "title": "Galata",
            "price": "0.00",
            "source": "shopify",
            "carrier_identifier": "650f1a14fa979ec5c74d063e968411d4",
            "delivery_category": None,
        },
    ],
    "line_items": [
        {
            "id": 14001882934001,
            "product_id": 8401882934001,
            "variant_id": 45001882934001,
            "sku": "JNS-32-34",
            "title": "Slim jeans",
            "variant_title": "32/34",
            "name": "Slim jeans - 32/34",
            "quantity": 2,
            "current_quantity": 2,
            "price": "79.00",
            "requires_shipping": True,
            "fulfillment_service": "manual",
            "gift_card": False,
        },
        {
            "id": 14001882934002,
            "product_id": 8401882934002,
            "variant_id": 45001882934002,
            "sku": "",
            "title": "Ceramic mug",
            "variant_title": None,
            "name": "Ceramic mug",
            "quantity": 1,
            "current_quantity": 1,
            "price": "12.80",
            "requires_shipping": True,
            "fulfillment_service": "manual",
            "gift_card": False,
        },
    ],
}


def shopify_order(**fields: Any) -> dict[str, Any]:
    """A local pickup: no shipping address, and a shipping line named after the pickup location."""
    return deepcopy(SHOPIFY_ORDER) | fields


SHIPPED: dict[str, Any] = {
    "shipping_address": {
        "first_name": "Mia",
        "last_name": "Groß",
        "address1": "Oranienstraße 40",
        "address2": "2. OG",
        "city": "Berlin",
        "zip": "10999",
        "country": "Germany",
        "country_code": "DE",
        "phone": "0171 3920003",
    },
    "shipping_lines": [{"code": "Standard", "title": "Standard", "price": "4.90", "source": "shopify"}],
}


STORE_ADDRESS: dict[str, Any] = {
    "email": "elif@example.com",
    "phone_number": "+46701740606",
    "first_name": "Elif",
    "last_name": "Kılıç",
    "title": "Mağaza",
    "country": {"id": 1, "name": "Türkiye", "code": "TR"},
    "city": {"id": 80, "name": "İstanbul"},
    "line": "Bankalar Caddesi 12",
    "postcode": "34421",
    "address_type": "retail_store",
    "retail_store": "IST-01",
}


def channel_order(shipping: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The reference's channel order, for a store unless another shipping address is given."""
    order: dict[str, Any] = {
        "remote_id": "R-7781",
        "number": "7781",
        "channel": 5,
        "status": "approved",
        "date_placed": "2026-11-20T15:02:11Z",
        "customer": {
            "email": "elif@example.com",
            "first_name": "Elif",
            "last_name": "Kılıç",
            "channel_code": "C-12",
            "phone_number": "+46701740606",
        },
        "shipping_address": STORE_ADDRESS if shipping is None else shipping,
        "billing_address": STORE_ADDRESS,
        "currency": "try",
        "amount": 108.9,
        "shipping_amount": 0,
        "extra_field": {},
        "language_code": "tr-tr",
        "cargo_company": None,
    }
    return {
        "order": order | fields,
        "order_item": [
            {
                "remote_id": "I-1",
                "product": "JNS-32-34",
                "name": "Slim jeans",
                "price": "79.00",
                "price_currency": "try",
            },
            {"remote_id": "I-2", "product": 4711, "price": 29.9, "quantity": 1, "unit_price": 29.9, "tax_rate": 20},
        ],
    }
