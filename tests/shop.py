"""A small shop for tests: stores, staff, orders and packages in any state, by the shortest honest road.

Every function takes what a test cares about and fills in the rest. Call them inside a database test.
"""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any, Final

from django.contrib.auth.hashers import make_password

from clickcollect.accounts.models import Channel, Role, User
from clickcollect.omnitron.models import DeliveryType, Order, RetailStore, StoreMembership
from clickcollect.oms import callers, states
from clickcollect.oms.access import SYSTEM, Actor, actor_for, get_package
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import AppliedSetting, Package, PackageItem, PackageState

PASSWORD: Final = "demo-pickup"
PLACED: Final = datetime(2026, 11, 17, 17, 2, 56, tzinfo=UTC)
PIN: Final = "407193"  # of everybody who has one
PAST: Final = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)  # long ago, for due times that are over
_numbers = count(1)


def make_store(erp_code: str = "IST-01", **fields: Any) -> RetailStore:
    """The store of that ERP code; made if it is not there. It is always open, unless ``store_hours`` say otherwise."""
    defaults = {
        "name": f"Store {erp_code}",
        "email": f"{erp_code.lower()}@example.com",
        "phone_number": "+902125550100",
        "address_line": "Example Street 1",
        "postcode": "34000",
        "city": "Istanbul",
        "country": "TR",
        "currency": "TRY",
        "time_zone": "Europe/Istanbul",
    }
    store, _made = RetailStore.objects.get_or_create(erp_code=erp_code, defaults=defaults | fields)
    return store


def make_user(role: Role | str = Role.ASSOCIATE, *stores: RetailStore, **fields: Any) -> User:
    """A person with the password ``PASSWORD`` who works in these stores."""
    username = fields.pop("username", f"{role}-{next(_numbers)}")
    fields = {"first_name": "Ayla", "last_name": f"Staff {username}", "role": role} | fields
    user = User.objects.create_user(username, fields.pop("password", PASSWORD), **fields)
    StoreMembership.objects.bulk_create(StoreMembership(user=user, store=store) for store in stores)
    return user


def make_manager(*stores: RetailStore, **fields: Any) -> User:
    """A manager who has chosen the PIN ``PIN``, and so can approve steps on a colleague's device."""
    return make_user(Role.MANAGER, *stores, **{"pin": make_password(PIN), "pin_can_approve": True} | fields)


def make_actor(role: Role | str = Role.ASSOCIATE, *stores: RetailStore, channel: Channel | None = None) -> Actor:
    """The actor behind a new person of that role."""
    return actor_for(make_user(role, *stores), channel=channel)


def caller_of(key: str) -> Actor | None:
    """The actor behind a token's key, as the API sees it."""
    found = callers.caller_of(key)
    return found.actor if found else None


def order_document(number: str | None = None, *, store: str = "IST-01", **fields: Any) -> dict[str, Any]:
    """An order as a sales channel sends it (contract section 2)."""
    document: dict[str, Any] = {
        "number": number or f"WEB-{next(_numbers)}",
        "channel": "Webshop",
        "date_placed": "2026-11-17T17:02:56Z",
        "language_code": "en",
        "currency": "TRY",
        "amount": "59.80",
        "delivery_type": "in_store",
        "customer": {
            "first_name": "Deniz",
            "last_name": "Yılmaz",
            "email": "deniz@example.com",
            "phone_number": "+905550000101",
        },
        "shipping_address": {"address_type": "retail_store", "retail_store": store},
        "order_item": [{"sku": "TSH-BLK-M", "name": "T-shirt, black, M", "quantity": 2, "price": "29.90"}],
    }
    return document | fields


def make_order(number: str | None = None, *, store: RetailStore | None = None, **fields: Any) -> Order:
    """An order row with one line, without a package."""
    store = store or make_store()
    defaults: dict[str, Any] = {
        "number": number or f"WEB-{next(_numbers)}",
        "channel": "Webshop",
        "delivery_type": DeliveryType.IN_STORE,
        "retail_store": store,
        "date_placed": PLACED,
        "currency": "TRY",
        "amount": Decimal("59.80"),
        "first_name": "Deniz",
        "last_name": "Yılmaz",
        "email": "deniz@example.com",
        "phone_number": "+905550000101",
        "shipping_address": {"address_type": "retail_store", "retail_store": store.erp_code},
    }
    order = Order.objects.create(**defaults | fields)
    order.items.create(sku="TSH-BLK-M", name="T-shirt, black, M", quantity=2, price=Decimal("29.90"))
    return order


def make_package(
    state: str = states.WAITING,
    *,
    store: RetailStore | None = None,
    order: Order | None = None,
    delivery_type: str = DeliveryType.IN_STORE,
    otp: bool = True,
    **fields: Any,
) -> Package:
    """A package in that state. A ready one went through its command, so it holds a code unless ``otp`` is false."""
    store = store or make_store()
    order = order or make_order(store=store, delivery_type=delivery_type)
    start = states.PACKED if state == states.READY else state
    package = Package.objects.create(
        order=order,
        stock_location=store,
        state=PackageState.objects.get(enum_value=start),
        item_count=2,
        **fields,
    )
    PackageItem.objects.bulk_create(
        PackageItem(package=package, order_item=item, sku=item.sku, name=item.name, quantity=item.quantity)
        for item in order.items.all()
    )
    return make_ready(package, otp=otp) if state == states.READY else reread(package)


def make_ready(package: Package, *, otp: bool = True) -> Package:
    """Bring a packed package to the pickup shelf."""
    if not otp:
        put_setting("IS_OTP_ENABLED", value=False)
    run_command(package_id=package.pk, transition="READY_FOR_PICKUP", actor=SYSTEM)
    if not otp:
        AppliedSetting.objects.filter(key="IS_OTP_ENABLED", store=None).delete()
    return reread(package)


def put_setting(key: str, *, value: Any, store: RetailStore | None = None) -> None:
    """Set a setting past its door and its log."""
    AppliedSetting.objects.update_or_create(key=key, store=store, defaults={"json_value": value})


def reread(package: Package) -> Package:
    """The package as it is now."""
    return get_package(SYSTEM, package_id=package.pk)


def package_of(package_id: int) -> Package:
    """The package of an id."""
    return get_package(SYSTEM, package_id=package_id)


def state_of(package: Package) -> str:
    """The number of the state it is in now."""
    return reread(package).state.enum_value


def right_code(package: Package) -> str:
    """The code that the customer of a ready package has."""
    issue = pickup_code.open_issue(package)
    assert issue is not None, "this package has no open code"
    return pickup_code.derive(issue).reveal()


def wrong_code(package: Package, offset: int = 1) -> str:
    """A code that is surely not the customer's, of the right length; another one for each ``offset``."""
    right = right_code(package)
    return str((int(right) + offset) % 10 ** len(right)).zfill(len(right))
