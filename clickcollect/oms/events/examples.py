"""Examples for the API's description: one order on its way through the shop."""

from typing import Any, Final

STATE_READY: Final[dict[str, Any]] = {
    "id": 5,
    "name": "Ready for Customer Pickup",
    "config": {},
    "enum_class": "PackageStatus",
    "enum_value": "600",
}
STATE_PACKED: Final[dict[str, Any]] = {
    "id": 4,
    "name": "Packed All Items",
    "config": {},
    "enum_class": "PackageStatus",
    "enum_value": "500",
}
STATE_DELIVERED: Final[dict[str, Any]] = {
    "id": 6,
    "name": "Delivered",
    "config": {},
    "enum_class": "PackageStatus",
    "enum_value": "700",
}
CUSTOMER: Final[dict[str, Any]] = {
    "first_name": "Deniz",
    "last_name": "Yılmaz",
    "email": "deniz@example.com",
    "phone_number": "+905550000101",
}
ITEM: Final[dict[str, Any]] = {
    "sku": "TSH-BLK-M",
    "name": "Organic cotton T-shirt, black, M",
    "quantity": 2,
    "price": "29.90",
}
ORDER_IN: Final[dict[str, Any]] = {
    "number": "WEB-100001",
    "channel": "Webshop",
    "date_placed": "2026-11-17T17:02:56Z",
    "language_code": "tr",
    "currency": "TRY",
    "amount": "59.80",
    "delivery_type": "in_store",
    "customer": CUSTOMER,
    "shipping_address": {"address_type": "retail_store", "retail_store": "IST-01"},
    "order_item": [ITEM],
}
PACKAGE: Final[dict[str, Any]] = {
    "id": 481,
    "number": "PK-10481",
    "state": STATE_READY,
    "commands": [
        {
            "transition": 3,
            "slug": "self-service-package-delivery",
            "name": "Self Service Package Delivery",
            "code": "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND",
            "destination_state": STATE_DELIVERED,
            "visibility": ["OMS WEB", "INSTORE"],
            "needs_otp": True,
        },
    ],
    "order_id": 317,
    "order_number": "WEB-100001",
    "channel_name": "Webshop",
    "date_placed": "2026-11-17T17:02:56Z",
    "city": "Istanbul",
    "stock_location": {
        "id": 1,
        "name": "Istanbul Kadıköy",
        "erp_code": "IST-01",
        "email": "ist-01@example.com",
        "daytime_phone": "+902125550100",
        "time_zone": "Europe/Istanbul",
        "language_code": "tr",
        "address": {"line": "Örnek Cad. 1", "postcode": "34710", "city": "Istanbul", "country": "TR"},
    },
    "packageitem_set": [{"sku": "TSH-BLK-M", "name": "Organic cotton T-shirt, black, M", "quantity": 2}],
    "customer": CUSTOMER | {"language_code": "tr"},
    "delivery_type": "in_store",
    "delivery_from_store": True,
    "ready_at": "2026-11-18T09:12:00Z",
    "pickup_deadline": "2026-11-25T17:00:00Z",
}
ORDER: Final[dict[str, Any]] = {
    "id": 317,
    **ORDER_IN,
    "status": "520",
    "delivery_from_store": True,
    "order_item": [ITEM | {"image_url": None}],
    "packages": [PACKAGE | {"commands": []}],
}
RETAIL_STORE: Final[dict[str, Any]] = {
    "pk": 1,
    "name": "Istanbul Kadıköy",
    "erp_code": "IST-01",
    "phone_number": "+902125550100",
    "address": "Örnek Cad. 1, 34710 Istanbul, TR",
    "store_hours": {"mon": [["10:00", "20:00"]], "sat": [["10:00", "18:00"]]},
    "click_and_collect": True,
    "is_active": True,
}
STOCK_LOCATION: Final[dict[str, Any]] = {
    "id": 1,
    "name": "Istanbul Kadıköy",
    "erp_code": "IST-01",
    "stock_location_type": "store",
    "is_pickup_location": True,
    "is_active": True,
}
LOG: Final[dict[str, Any]] = {
    "id": 90211,
    "kind": "move",
    "old_state": STATE_PACKED,
    "new_state": STATE_READY,
    "user": 12,
    "attributes": {
        "command.id": 2,
        "command.name": "Ready For Customer Pickup",
        "command.slug": "ready-for-customer-pickup",
        "command.code": "READY_FOR_PICKUP",
        "channel": "INSTORE",
        "otp.issued": True,
        "otp.issue": 1,
    },
    "created_date": "2026-11-18T09:12:00Z",
    "object_id": 481,
}
SETTING: Final[dict[str, Any]] = {"id": 1, "key": "IS_OTP_ENABLED", "json_value": True}
INSTORE_CONFIG: Final[dict[str, Any]] = {
    "is_enabled_otp": True,
    "otp_length": 6,
    "store": {
        "id": 1,
        "name": "Istanbul Kadıköy",
        "erp_code": "IST-01",
        "language_code": "tr",
        "time_zone": "Europe/Istanbul",
    },
    "languages": ["en", "tr", "de", "ar"],
}
KEY: Final[dict[str, Any]] = {"key": "cc_kq3t…"}
CHANNEL_ORDER_IN: Final[dict[str, Any]] = {
    "order": {
        "number": "WEB-100001",
        "date_placed": "2026-11-17T17:02:56Z",
        "currency": "TRY",
        "amount": "59.80",
        "customer": CUSTOMER,
        "shipping_address": {"address_type": "retail_store", "retail_store": "IST-01"},
    },
    "order_item": [ITEM],
}
SHOPIFY_ORDER_IN: Final[dict[str, Any]] = {
    "id": 820982911946154508,
    "name": "#9999",
    "created_at": "2026-11-17T17:02:56+00:00",
    "currency": "TRY",
    "total_price": "59.80",
    "phone": "+905550000101",
    "customer": {"first_name": "Deniz", "last_name": "Yılmaz"},
    "shipping_lines": [{"code": "Istanbul Kadıköy", "title": "Istanbul Kadıköy"}],
    "line_items": [
        {"sku": "TSH-BLK-M", "title": "T-shirt", "quantity": 2, "price": "29.90", "requires_shipping": True}
    ],
}
TAKEN: Final[dict[str, Any]] = {"status": "created", "id": 317, "number": "WEB-100001"}
COMMANDS_IN: Final[dict[str, Any]] = {
    "By transition": {"value": {"transition": 1}},
    "By slug": {"value": {"slug": "ready-for-customer-pickup"}},
    "With the customer's code": {"value": {"slug": "self-service-package-delivery", "otp": "482913"}},
}
RECEIPT_IN: Final[dict[str, Any]] = {"event_uuid": "5e5a3ad0b5c94e0e8a6d2f0c7c1f7b1a", "status": "delivered"}
SETTING_IN: Final[dict[str, Any]] = {"json_value": False, "reason": "The SMS provider is down."}
SETTING_NEW: Final[dict[str, Any]] = {"key": "PICKUP_HOLD_DAYS", "json_value": 10}
LOGIN_IN: Final[dict[str, Any]] = {"username": "operator", "password": "…"}

# The members that a problem has beside type, title, status, detail and code.
PROBLEM_EXTRAS: Final[dict[str, dict[str, Any]]] = {
    "validation_error": {"errors": [{"loc": "json_value", "msg": "Enter true or false."}]},
    "state_conflict": {"state": "Delivered", "changed_at": "2026-11-18T10:42:07Z", "changed_by": "Ayla Demir"},
    "order_conflict": {"differs": ["amount", "customer.phone_number"]},
    "otp_incorrect": {"attempts_remaining": 4},
    "otp_locked": {"limits_reached": ["code"]},
    "otp_malformed": {"digits": 6},
    "throttled": {"retry_after": 52},
    "database_away": {"retry_after": 5},
}
