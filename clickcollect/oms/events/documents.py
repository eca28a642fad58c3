"""A package and an order as JSON, the same in events and in the API (contract sections 2 and 3). Never with a code."""

from decimal import Decimal
from typing import Any

from clickcollect.omnitron.models import DeliveryType, Order, RetailStore
from clickcollect.oms.models import Package, PackageState
from clickcollect.wire_format import utc as utc  # noqa: PLC0414  re-exported for who writes documents


def money(amount: Decimal | None) -> str | None:
    """A decimal string with the places it is stored with: those of its currency."""
    return None if amount is None else f"{amount:f}"


def state_document(state: PackageState) -> dict[str, Any]:
    return {
        "id": state.pk,
        "name": state.name,
        "config": state.config,
        "enum_class": state.enum_class,
        "enum_value": state.enum_value,
    }


def store_document(store: RetailStore) -> dict[str, Any]:
    """The stock location inside a package."""
    return {
        "id": store.pk,
        "name": store.name,
        "erp_code": store.erp_code,
        "email": store.email,
        "daytime_phone": store.phone_number,
        "time_zone": store.time_zone,
        "language_code": store.language_code,
        "address": {
            "line": store.address_line,
            "postcode": store.postcode,
            "city": store.city,
            "country": store.country,
        },
    }


def customer_document(order: Order) -> dict[str, Any]:
    return {
        "first_name": order.first_name,
        "last_name": order.last_name,
        "phone_number": order.phone_number,
        "email": order.email,
        "language_code": order.language_code,
    }


def package_document(package: Package, commands: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A package as integrations know it. ``commands`` is filled for one caller only, never in events."""
    order = package.order
    return {
        "id": package.pk,
        "number": package.number,
        "state": state_document(package.state),
        "commands": commands or [],
        "order_id": order.pk,
        "order_number": order.number,
        "channel_name": order.channel,
        "date_placed": utc(order.date_placed),
        "city": package.stock_location.city,
        "stock_location": store_document(package.stock_location),
        "packageitem_set": [
            {"sku": item.sku, "name": item.name, "quantity": item.quantity} for item in package.items.all()
        ],
        "customer": customer_document(order),
        "delivery_type": order.delivery_type,
        "delivery_from_store": order.delivery_type == DeliveryType.IN_STORE,
        "ready_at": utc(package.ready_at),
        "pickup_deadline": utc(package.pickup_deadline),
    }


def order_document(order: Order) -> dict[str, Any]:
    """An order as it was sent, with its ``id`` and ``status`` (a numeric string)."""
    return {
        "id": order.pk,
        "number": order.number,
        "channel": order.channel,
        "status": str(order.status),
        "date_placed": utc(order.date_placed),
        "language_code": order.language_code,
        "currency": order.currency,
        "amount": money(order.amount),
        "delivery_type": order.delivery_type,
        "delivery_from_store": order.delivery_type == DeliveryType.IN_STORE,
        "customer": {
            "first_name": order.first_name,
            "last_name": order.last_name,
            "email": order.email,
            "phone_number": order.phone_number,
        },
        "shipping_address": order.shipping_address,
        "order_item": [
            {
                "sku": item.sku,
                "name": item.name,
                "quantity": item.quantity,
                "price": money(item.price),
                "image_url": item.image_url or None,
            }
            for item in order.items.all()
        ],
    }
