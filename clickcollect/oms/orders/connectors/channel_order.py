"""The reference's channel order, `{"order": {…}, "order_item": […]}`, as an order of ours. Pure.

The store stands in the shipping address: `address_type` "retail_store", `retail_store` its ERP code.
Customer and addresses come as objects; numbers that point into the reference's own database say nothing here.
"""

from collections.abc import Mapping
from typing import Any, Final

from clickcollect.errors import Fault
from clickcollect.omnitron.error_messages import sentence
from clickcollect.oms.orders.connectors.json_access import child_object, first_given

RETAIL_STORE: Final = "retail_store"


SHAPE: Final = (("order", dict, "dict_type"), ("order_item", list, "list_type"))


def shape_faults(data: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the envelope; nothing where it holds an order, whatever is wrong with that."""
    if data.get("order") and isinstance(data["order"], dict):
        return []
    return [
        {"loc": name, "msg": sentence({"type": words if name in data else "missing"})}
        for name, kind, words in SHAPE
        if not isinstance(data.get(name), kind)
    ]


def order_of(data: Mapping[str, Any], *, channel_id: int) -> dict[str, Any]:
    """The order as `read_order` takes it."""
    order = child_object(data, "order")
    shipping, customer = child_object(order, "shipping_address"), child_object(order, "customer")
    phone = first_given(customer.get("phone_number"))
    lines = data.get("order_item")
    is_for_store = shipping.get("address_type") == RETAIL_STORE or first_given(shipping.get(RETAIL_STORE)) is not None
    return {
        "number": order.get("number"),
        "channel": f"Channel {channel_id}",
        "date_placed": first_given(order.get("date_placed"), order.get("created_at")),
        "language_code": first_given(order.get("language_code")),
        "currency": first_given(order.get("currency")),
        "amount": order.get("amount"),
        "delivery_type": "in_store" if is_for_store else "home_delivery",
        "customer": {
            "first_name": first_given(customer.get("first_name"), shipping.get("first_name")),
            "last_name": first_given(customer.get("last_name"), shipping.get("last_name")) or "",
            "email": first_given(customer.get("email"), shipping.get("email")),
            "phone_number": first_given(phone, shipping.get("phone_number")),
            "phone_country": name_in(shipping.get("country"), by="code") if phone is None else None,
        },
        "shipping_address": store_of(shipping) if is_for_store else address_of(shipping),
        "order_item": [item_of(item) for item in lines] if isinstance(lines, list) else lines,
    }


def store_of(shipping: Mapping[str, Any]) -> dict[str, Any]:
    """The store, by its ERP code; the reference also sends it as an object."""
    store = shipping.get(RETAIL_STORE)
    code = store.get("erp_code") if isinstance(store, dict) else store
    return {"address_type": RETAIL_STORE, RETAIL_STORE: code}


def address_of(shipping: Mapping[str, Any]) -> dict[str, Any]:
    """Where a home delivery goes. Cities and countries come as names, as numbers, or as objects."""
    return {
        "address_type": "customer",
        "address_line": first_given(shipping.get("line")),
        "postcode": first_given(shipping.get("postcode")),
        "city": name_in(shipping.get("city")),
        "country": name_in(shipping.get("country"), by="code"),
    }


def name_in(value: Any, *, by: str = "name") -> str | None:
    """A name that stands alone or in an object."""
    found = value.get(by) if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def item_of(item: Any) -> Any:
    """One line. ``product`` is the SKU; without a quantity a line is one piece."""
    if not isinstance(item, dict):
        return item
    sku = first_given(item.get("sku"), item.get("product"))
    return {
        "sku": str(sku) if isinstance(sku, int) and not isinstance(sku, bool) else sku,
        "name": first_given(item.get("name"), item.get("product_name"), str(sku) if sku is not None else None),
        "quantity": 1 if item.get("quantity") is None else item["quantity"],
        "price": first_given(item.get("unit_price"), item.get("price")),
        "image_url": first_given(item.get("image_url")),
    }
