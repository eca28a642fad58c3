"""The shapes of answers (contract sections 2 and 3). Dates are UTC ISO 8601, money is a decimal string."""

from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from ninja import Field, Schema
from pydantic import ConfigDict, WithJsonSchema

from clickcollect.omnitron.models import OrderStatus
from clickcollect.oms.api import examples

Moment = Annotated[
    str,
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-17T17:02:56Z"]}),
]
Money = Annotated[str, Field(pattern=r"^\d+\.\d{2}$", examples=["59.80"])]
Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]
DeliveryType = Literal["in_store", "home_delivery"]
STATUS_CODES: Final = ", ".join(f"{status.value} {status.name.lower()}" for status in OrderStatus)

Item = TypeVar("Item")


class Shape(Schema):
    """An answer. What is wrong with it is never told with its values."""

    model_config = ConfigDict(hide_input_in_errors=True)


class Page(Shape, Generic[Item]):
    """One page of a list."""

    count: Annotated[int, Field(ge=0, description="All rows; no further than 10,001 unless `count=exact`.")]
    next: Annotated[Url | None, Field(description="The address of the page behind this one.")]
    previous: Annotated[Url | None, Field(description="The address of the page before this one.")]
    results: list[Item]


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


class RetailStoreOut(Shape):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.RETAIL_STORE]})

    pk: int
    name: str
    erp_code: str
    phone_number: str
    address: str
    store_hours: Annotated[
        dict[str, list[list[str]]],
        Field(
            description="`mon` … `sun` in the store's own time; a day left out is closed. "
            'A span such as `["18:00", "02:00"]` ends on the next day and belongs to the one on which it begins.'
        ),
    ]
    click_and_collect: bool
    is_active: bool


class StockLocationSummary(Shape):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.STOCK_LOCATION]})

    id: int
    name: str
    erp_code: str
    stock_location_type: str
    is_pickup_location: bool
    is_active: bool


class LogOut(Shape):
    """One move of a package, or one refused attempt."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.LOG]})

    id: int
    kind: Literal["move", "refused"]
    old_state: StateOut | None
    new_state: StateOut | None
    user: Annotated[int | None, Field(description="The id of who did it; null for the system itself.")]
    attributes: Annotated[
        dict[str, str | int | bool | None],
        Field(description="Flat keys such as `command.slug`; a refused attempt has its error code as `error.code`."),
    ]
    created_date: Moment
    object_id: Annotated[int | None, Field(description="The id of the package.")]


class SettingOut(Shape):
    """A setting and its value in force, also where that is the default."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.SETTING]})

    id: int
    key: str
    json_value: bool | int | str


class StoreConfigOut(Shape):
    id: int
    name: str
    erp_code: str
    language_code: str
    time_zone: str


class InstoreConfigOut(Shape):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.INSTORE_CONFIG]})

    is_enabled_otp: bool
    otp_length: Annotated[int, Field(ge=4, le=8)]
    store: Annotated[
        StoreConfigOut | None,
        Field(description="The caller's store; null where there are several and none was named."),
    ]
    languages: list[str]


class KeyOut(Shape):
    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [examples.KEY]})

    key: Annotated[str, Field(description="Send it as `Authorization: Token <key>`. It is shown once.")]


class FaultOut(Shape):
    loc: Annotated[str, Field(description="Where: the name of a field, with dots where it is nested.")]
    msg: Annotated[str, Field(description="What is wrong, in the caller's language.")]


class ProblemOut(Shape):
    """A refusal (RFC 9457). Go by `code`; show `detail`."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
