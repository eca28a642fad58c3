"""Shopify's order webhook (topics orders/create and orders/paid) as an order of ours. Pure.

Shopify names a local pickup only by its shipping line: `code` and `title` are the name of the pickup location.
So a location carries the store's name or its ERP code there (Settings → Locations).
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any, Final

from clickcollect.oms.orders.connectors.json_access import child_object, child_objects, first_given
from clickcollect.oms.orders.location_rules import folded_location

CHANNEL: Final = "Shopify"
SIGNATURE_HEADER: Final = "X-Shopify-Hmac-Sha256"
TOPIC_HEADER: Final = "X-Shopify-Topic"
TOPICS: Final = ("orders/create", "orders/paid")


def is_signed(*, body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Whether the body carries the base64 HMAC-SHA256 of one of our secrets; compared in constant time."""
    given = signature.encode()
    return any(
        hmac.compare_digest(base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)), given)
        for secret in secrets
        if secret
    )


def order_of(data: Any, *, locations: Mapping[str, str]) -> dict[str, Any] | None:
    """The order as `read_order` takes it; None where there is nothing to hand over (a sale at the till, a gift card).

    Arguments: ``locations``, the stores' ERP codes, as `known_locations` has them.
    """
    lines = [line for line in child_objects(data, "line_items") if is_packed(line)]
    if not lines or not (child_object(data, "shipping_address") or any(child_objects(data, "shipping_lines"))):
        return None
    store = pickup_store(data, locations)
    customer, billing, shipping = (
        child_object(data, "customer"),
        child_object(data, "billing_address"),
        child_object(data, "shipping_address"),
    )
    people = (customer, shipping, billing)
    phone, country = phone_of(data, customer=customer, addresses=(shipping, billing))
    return {
        "number": number_of(data),
        "channel": CHANNEL,
        "date_placed": first_given(data.get("created_at"), data.get("processed_at")),
        "language_code": first_given(data.get("customer_locale")),
        "currency": data.get("currency"),
        "amount": data.get("total_price"),
        "delivery_type": "in_store" if store else "home_delivery",
        "customer": {
            "first_name": first_given(*(person.get("first_name") for person in people)),
            "last_name": first_given(*(person.get("last_name") for person in people)) or "",
            "email": first_given(data.get("email"), data.get("contact_email"), customer.get("email")),
            "phone_number": phone,
            "phone_country": country,
        },
        "shipping_address": {"address_type": "retail_store", "retail_store": store} if store else address_of(shipping),
        "order_item": [item_of(line) for line in lines],
    }


def phone_of(
    data: Any, *, customer: Mapping[str, Any], addresses: Iterable[Mapping[str, Any]]
) -> tuple[Any, str | None]:
    """The first phone number that was given, and the country of the address it stands in.

    A number outside every address is the customer's: it is read in the country of the first address of theirs.
    """
    rows = list(addresses)
    home = first_given(*(country_of(row) for row in (child_object(customer, "default_address"), *rows)))
    given = [
        (data.get("phone"), home),
        (customer.get("phone"), home),
        *((row.get("phone"), country_of(row)) for row in rows),
    ]
    return next(((phone, country) for phone, country in given if not is_blank(phone)), (None, None))


def country_of(address: Mapping[str, Any]) -> Any:
    """The country of an address, by its two letters where they are given."""
    return first_given(address.get("country_code"), address.get("country"))


def is_blank(value: Any) -> bool:
    """Whether nothing was given."""
    return value is None or (isinstance(value, str) and not value.strip())


def is_packed(line: Mapping[str, Any]) -> bool:
    """Whether a line is goods: what needs no shipping is no package, and a line may have been taken off."""
    return (
        line.get("requires_shipping") is not False
        and first_given(line.get("current_quantity"), line.get("quantity")) != 0
    )


def pickup_store(data: Any, locations: Mapping[str, str]) -> str | None:
    """The store where the customer collects: the location a shipping line names.

    An order with a shipping line and no address to ship to is for collection too; its location is not known here,
    and is handed on as it stands, so that the refusal names it.
    """
    names = [
        str(name).strip()
        for line in child_objects(data, "shipping_lines")
        for name in (line.get("code"), line.get("title"))
        if name
    ]
    for name in names:
        if code := locations.get(folded_location(name)):
            return code
    return names[0] if names and not child_object(data, "shipping_address") else None


def number_of(data: Any) -> Any:
    """`#1001` is 1001."""
    name = first_given(data.get("name"), data.get("order_number"))
    return name.strip().removeprefix("#") if isinstance(name, str) else name if name is None else str(name)


def address_of(shipping: Mapping[str, Any]) -> dict[str, Any]:
    """Where a home delivery goes."""
    street = [shipping.get("address1"), shipping.get("address2")]
    return {
        "address_type": "customer",
        "address_line": ", ".join(line for line in street if isinstance(line, str) and line),
        "postcode": shipping.get("zip"),
        "city": shipping.get("city"),
        "country": first_given(shipping.get("country_code"), shipping.get("country")),
    }


def item_of(line: Mapping[str, Any]) -> dict[str, Any]:
    """One line; what has no SKU goes by the number of its variant."""
    number = first_given(line.get("variant_id"), line.get("product_id"), line.get("id"))
    return {
        "sku": first_given(line.get("sku"), None if number is None else str(number)),
        "name": first_given(line.get("name"), line.get("title")),
        "quantity": first_given(line.get("current_quantity"), line.get("quantity")),
        "price": line.get("price"),
    }
