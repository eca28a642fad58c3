"""A Shopify order (topics orders/*) as an order of ours. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from clickcollect.oms.orders.connectors.json_access import child_object, first_given
from clickcollect.oms.orders.connectors.shopify_news import remaining, shop_version_of
from clickcollect.oms.orders.connectors.shopify_pickup import Locate, find_pickup, is_sent
from clickcollect.wire_format import utc


def order_of(
    data: Any,
    *,
    channel: str,
    locate: Locate,
    lines: Sequence[Mapping[str, Any]] | None = None,
    changed_at: datetime | None = None,
) -> dict[str, Any] | None:
    """The order as `read_order` takes it; None where there is nothing to hand over (a sale at the till, a gift card).

    Arguments: ``locate``, as `find_pickup` takes it; ``lines``, what is left of the order's goods, and ``changed_at``,
    since when, where the shop has told of that apart from it.
    """
    goods = remaining(shop_version_of(data, topic="").lines, {}, at=None) if lines is None else lines
    pickup = find_pickup(data, locate=locate)
    shipping = child_object(data, "shipping_address")
    if not goods or not (pickup or is_sent(data)):
        return None
    customer, billing = child_object(data, "customer"), child_object(data, "billing_address")
    default = child_object(customer, "default_address")
    # A pickup app may have written the store's address over the customer's: no code goes to a number in it.
    addresses = (billing, default) if pickup and pickup.is_app else (shipping, billing, default)
    people = (customer, *addresses, shipping)
    phone, country = phone_of(data, customer=customer, addresses=addresses, home=default)
    place = {"address_type": "retail_store", "retail_store": pickup.store} if pickup else address_of(shipping)
    return {
        "number": number_of(data),
        "channel": channel,
        "date_placed": first_given(data.get("created_at"), data.get("processed_at")),
        "updated_at": utc(changed_at) or first_given(data.get("updated_at")),
        "language_code": first_given(data.get("customer_locale")),
        "currency": data.get("currency"),
        "amount": data.get("total_price"),
        "delivery_type": "in_store" if pickup else "home_delivery",
        "customer": {
            "first_name": first_given(*(person.get("first_name") for person in people)),
            "last_name": first_given(*(person.get("last_name") for person in people)) or "",
            "email": first_given(data.get("email"), data.get("contact_email"), customer.get("email")),
            "phone_number": phone,
            "phone_country": country,
        },
        "shipping_address": place,
        "order_item": [item_of(line) for line in goods],
    }


def phone_of(
    data: Any, *, customer: Mapping[str, Any], addresses: Sequence[Mapping[str, Any]], home: Mapping[str, Any]
) -> tuple[Any, str | None]:
    """The first phone number that was given, and the country of the address it stands in.

    A number outside every address is the customer's: it is read in the country of the first address of theirs.
    """
    country = first_given(*map(country_of, (home, *addresses)))
    given = [
        (data.get("phone"), country),
        (customer.get("phone"), country),
        *((row.get("phone"), country_of(row)) for row in addresses),
    ]
    return next(((phone, where) for phone, where in given if not is_blank(phone)), (None, None))


def country_of(address: Mapping[str, Any]) -> Any:
    """The country of an address, by its two letters where they are given."""
    return first_given(address.get("country_code"), address.get("country"))


def is_blank(value: Any) -> bool:
    """Whether nothing was given."""
    return value is None or (isinstance(value, str) and not value.strip())


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
    """One line of an order of ours."""
    return {name: line.get(name) for name in ("sku", "name", "quantity", "price")}
