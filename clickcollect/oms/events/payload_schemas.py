"""The shapes of a package and of an order, in events and in answers (contract sections 2 and 3).

Dates are UTC ISO 8601, money is a decimal string.
"""

from typing import Annotated, Any, Final, Literal

from ninja import Field, Schema
from pydantic import ConfigDict, WithJsonSchema

from clickcollect.omnitron.models import OrderStatus
from clickcollect.oms.events import examples

Moment = Annotated[
    str,
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-17T17:02:56Z"]}),
]
Money = Annotated[
    str,
    Field(
        pattern=r"^\d+(\.\d{1,4})?$",
        examples=["59.80"],
        description="With the places of its currency (ISO 4217): 59.80 TRY, 5980 JPY, 12.345 KWD.",
    ),
]
DeliveryType = Literal["in_store", "home_delivery"]
STATUS_CODES: Final = ", ".join(f"{status.value} {status.name.lower()}" for status in OrderStatus)


class Shape(Schema):
    """An answer. What is wrong with it is never told with its values."""

    model_config = ConfigDict(hide_input_in_errors=True)


class StateOut(Shape):
    """Where a package is. Go by `enum_value`; the name may be edited."""

    id: int
    name: str
    config: dict[str, Any]
    enum_class: str
    enum_value: Annotated[str, Field(examples=["600"])]


class CommandOut(Shape):
    """A command that this caller may run on this package now."""

    transition: int
    slug: str
    name: str
    code: str
    destination_state: StateOut
    visibility: list[str]
    needs_otp: Annotated[bool, Field(description="The customer's code must be sent along as `otp`.")]


class AddressOut(Shape):
    line: str
    postcode: str
    city: str
    country: str


class StockLocationOut(Shape):
    id: int
    name: str
    erp_code: str
    email: str
    daytime_phone: str
    time_zone: str
    language_code: str
    address: AddressOut


class PackageItemOut(Shape):
    sku: str
    name: str
    quantity: int


class CustomerOut(Shape):
    first_name: str
    last_name: str
    phone_number: str
    email: str
    language_code: str


class PackageOut(Shape):
    """A package, as events carry it. It never holds a code."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.PACKAGE]})

    id: int
    number: str
    state: StateOut
    commands: Annotated[list[CommandOut], Field(description="Filled on the single package, for this caller only.")]
    order_id: int
    order_number: str
    channel_name: str
    date_placed: Moment
    city: str
    stock_location: StockLocationOut
    packageitem_set: list[PackageItemOut]
    customer: CustomerOut
    delivery_type: DeliveryType
    delivery_from_store: bool
    ready_at: Moment | None
    pickup_deadline: Moment | None


class OrderCustomerOut(Shape):
    first_name: str
    last_name: str
    email: str
    phone_number: str


class OrderItemOut(Shape):
    sku: str
    name: str
    quantity: int
    price: Money | None
    image_url: str | None


class OrderOut(Shape):
    """An order with its status and its packages."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.ORDER]})

    id: int
    number: str
    channel: str
    status: Annotated[str, Field(pattern=r"^\d+$", description=f"A numeric string: {STATUS_CODES}.")]
    date_placed: Moment
    language_code: str
    currency: str
    amount: Money
    delivery_type: DeliveryType
    delivery_from_store: bool
    customer: OrderCustomerOut
    shipping_address: dict[str, Any]
    order_item: list[OrderItemOut]
    packages: list[PackageOut]
