"""Packages as answers by fixed SQL: rows of a list, and one package with all that its commands are decided by.

What a package looks like is said by `events/documents.py`; a test compares the two, package by package.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
from orjson import Fragment

from clickcollect.database import read_by_key
from clickcollect.errors import NotFound
from clickcollect.omnitron.models import DeliveryType, Order, RetailStore
from clickcollect.oms import configuration, search
from clickcollect.oms.access import Actor
from clickcollect.oms.columns import Columns, listed, moment, prefetched, selected, take
from clickcollect.oms.configuration import Configuration
from clickcollect.oms.list_sql import Rows, fetched, utc
from clickcollect.oms.models import Package, PackageItem, PackageState, ids_of_numbers
from clickcollect.wire_format import LARGEST_ID

ITEMS: Final = """(
    SELECT json_agg(json_build_object('sku', item.sku, 'name', item.name, 'quantity', item.quantity) ORDER BY item.id)
    FROM oms_packageitem item WHERE item.package_id = package.id
)::text"""
JOINS: Final = """
    JOIN omnitron_order placed ON placed.id = package.order_id
    JOIN oms_packagestate state ON state.id = package.state_id
    JOIN omnitron_retailstore store ON store.id = package.stock_location_id
"""


class PackageRow(NamedTuple):
    """One row of a page; times are text, ``config`` and ``items`` are JSON text."""

    id: int
    number: str
    ready_at: str | None
    pickup_deadline: str | None
    order_id: int
    order_number: str
    channel: str
    date_placed: str
    delivery_type: str
    first_name: str
    last_name: str
    phone_number: str
    email: str
    language_code: str
    items: str | None
    state_id: int
    state_name: str
    config: str
    enum_class: str
    enum_value: str
    store_id: int
    store_name: str
    erp_code: str
    store_email: str
    daytime_phone: str
    time_zone: str
    store_language: str
    address_line: str
    postcode: str
    city: str
    country: str


COLUMNS: Final = f"""
    package.id, package.number, {utc("package.ready_at")}, {utc("package.pickup_deadline")},
    placed.id, placed.number, placed.channel, {utc("placed.date_placed")}, placed.delivery_type,
    placed.first_name, placed.last_name, placed.phone_number, placed.email, placed.language_code, {ITEMS},
    state.id, state.name, state.config::text, state.enum_class, state.enum_value,
    store.id, store.name, store.erp_code, store.email, store.phone_number, store.time_zone, store.language_code,
    store.address_line, store.postcode, store.city, store.country
"""
PACKAGES: Final = Rows(table="oms_package", alias="package", columns=COLUMNS, joins=JOINS)

CONDITIONS: Final = {
    "state": "package.state_id IN (%(state)s::bigint)",
    "stock_location": "package.stock_location_id = %(stock_location)s::bigint",
    "order_number": "package.order_number LIKE %(order_number)s::text",
    "number": "package.id = ANY (%(number)s::bigint[])",
    "delivery_type": "package.delivery_type = %(delivery_type)s::text",
    "search": "package.search @@ %(search)s::text::tsquery",
    "created_date__gte": "package.created_date >= %(created_date__gte)s::timestamptz",
    "created_date__lte": "package.created_date <= %(created_date__lte)s::timestamptz",
}
NAMED: Final = """
SELECT (SELECT id FROM oms_packagestate WHERE enum_value = %(state)s::text ORDER BY id LIMIT 1),
    (SELECT id FROM omnitron_retailstore WHERE erp_code = %(store)s::text)
"""


def package_rows_of(actor: Actor) -> Rows:
    """The packages that this caller can see."""
    return PACKAGES.in_stores("package.stock_location_id", actor.store_ids)


def packages_asked_for(actor: Actor, asked: Mapping[str, Any], *, by_id: bool) -> Rows:
    """What a list has of them. All of one store in order of their ids: without a plan for each time."""
    if by_id and not asked and actor.store_ids is not None and len(actor.store_ids) == 1:
        return PACKAGES.all_with("package.stock_location_id", next(iter(actor.store_ids)))
    return filtered_packages(package_rows_of(actor), asked)


def ids_of_filters(*, state: str | None, erp_code: str | None) -> tuple[int | None, int | None]:
    """The ids of a state, by its `enum_value`, and of a store; plain values tell the planner which index to take."""
    (found,) = fetched(NAMED, {"state": state, "store": erp_code})
    return found


def filtered_packages(rows: Rows, asked: Mapping[str, Any]) -> Rows:
    """Those of them that meet every condition; ``asked`` by the names of the API's filters (contract section 2)."""
    values = dict(asked)
    if values.keys() & {"state", "stock_location"}:
        found = ids_of_filters(state=values.get("state"), erp_code=values.get("stock_location"))
        ids = dict(zip(("state", "stock_location"), found, strict=True))
        values |= {name: ids[name] for name in ids.keys() & values.keys()}
    if "order_number" in values:
        values["order_number"] = beginning(values["order_number"])
    if "number" in values:
        values["number"] = ids_of_numbers([values["number"]])
    if "search" in values:
        terms = search.asked_terms(values["search"])
        if not terms:
            return rows.where("false")  # a text without a word finds nothing
        values["search"] = search.tsquery(terms)
    for name, value in values.items():
        rows = rows.where(CONDITIONS[name], **{name: value})
    return rows


def beginning(text: str) -> str:
    """The LIKE pattern of what begins with this text."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


class PackageDocuments:
    """Rows as documents; what many of them share, their state and their store, is written once."""

    def __init__(self) -> None:
        self.states: dict[int, Fragment] = {}
        self.stores: dict[int, Fragment] = {}

    def __call__(self, values: Sequence[Any]) -> dict[str, Any]:
        row = PackageRow._make(values[: len(PackageRow._fields)])  # the key of the list stands behind them
        return {
            "id": row.id,
            "number": row.number,
            "state": self.states.get(row.state_id) or self.states.setdefault(row.state_id, state_text(row)),
            "commands": [],
            "order_id": row.order_id,
            "order_number": row.order_number,
            "channel_name": row.channel,
            "date_placed": row.date_placed,
            "city": row.city,
            "stock_location": self.stores.get(row.store_id) or self.stores.setdefault(row.store_id, store_text(row)),
            "packageitem_set": Fragment(row.items or "[]"),
            "customer": {
                "first_name": row.first_name,
                "last_name": row.last_name,
                "phone_number": row.phone_number,
                "email": row.email,
                "language_code": row.language_code,
            },
            "delivery_type": row.delivery_type,
            "delivery_from_store": row.delivery_type == DeliveryType.IN_STORE,
            "ready_at": row.ready_at,
            "pickup_deadline": row.pickup_deadline,
        }


def state_text(row: PackageRow) -> Fragment:
    state = {
        "id": row.state_id,
        "name": row.state_name,
        "config": Fragment(row.config),
        "enum_class": row.enum_class,
        "enum_value": row.enum_value,
    }
    return Fragment(orjson.dumps(state))


def store_text(row: PackageRow) -> Fragment:
    address = {"line": row.address_line, "postcode": row.postcode, "city": row.city, "country": row.country}
    store = {
        "id": row.store_id,
        "name": row.store_name,
        "erp_code": row.erp_code,
        "email": row.store_email,
        "daytime_phone": row.daytime_phone,
        "time_zone": row.time_zone,
        "language_code": row.store_language,
        "address": address,
    }
    return Fragment(orjson.dumps(store))


PACKAGE: Final = Columns(Package, "package", without=("search",))
ORDER: Final = Columns(Order, "placed")
STATE: Final = Columns(PackageState, "state")
STORE: Final = Columns(RetailStore, "store")
JOINED: Final[tuple[tuple[str, Columns[Any]], ...]] = (("order", ORDER), ("state", STATE), ("stock_location", STORE))
ONE_PACKAGE: Final = f"""
SELECT {PACKAGE.sql}, {ORDER.sql}, {STATE.sql}, {STORE.sql}, statement_timestamp()::text,
    (SELECT json_agg(item ORDER BY item.id)::text FROM oms_packageitem item WHERE item.package_id = package.id),
    (SELECT version::text FROM oms_configurationversion)
FROM oms_package package {JOINS}
WHERE {{wanted}}
    AND (%(stores)s::bigint[] IS NULL OR package.stock_location_id = ANY (%(stores)s::bigint[]))
"""  # noqa: S608


BY_ID: Final = ONE_PACKAGE.format(wanted="package.id = %(package)s::bigint")


def read_package(actor: Actor, *, package_id: int | None = None, number: str = "") -> tuple[Package, Configuration]:
    """One package, by id or by number, as `access.get_package` reads it, with its items; and the configuration then.

    One statement, unless the configuration has changed. Raises NotFound, also for another store's package.
    """
    stores = None if actor.store_ids is None else sorted(actor.store_ids)
    if package_id is None:
        package_id = next(iter(ids_of_numbers([number])), -1)
    is_id = 0 <= package_id <= LARGEST_ID
    found = read_by_key(BY_ID, {"package": package_id, "stores": stores}) if is_id else None
    if found is None:
        raise NotFound
    values = iter(found)
    package = PACKAGE.made(take(values, PACKAGE))
    for name, columns in JOINED:
        selected(package, name, columns.made(take(values, columns)))
    clock, items, version = values
    package.clock = moment(clock)  # type: ignore[assignment]
    prefetched(package, "items", [configuration.made(PackageItem, item) for item in listed(items)])
    return package, configuration.of_version(version)


# What a row of a list shows.
LISTED_PACKAGE: Final = Columns(
    Package,
    "package",
    only=(
        "id", "number", "order_id", "stock_location_id", "state_id", "state_changed_at", "due_at", "pickup_deadline",
        "issue_number", "issue_attempts", "total_attempts", "unlocks", "new_codes", "message_state", "message_at",
        "message_reason", "shelf", "bags", "item_count", "take_out", "shelf_unconfirmed_since",
    ),
)  # fmt: skip
LISTED_ORDER: Final = Columns(
    Order,
    "placed",
    only=("id", "number", "channel", "status", "delivery_type", "first_name", "last_name", "phone_number"),
)
BY_IDS: Final = f"""
SELECT {LISTED_PACKAGE.sql}, {LISTED_ORDER.sql}, {STATE.sql}, {STORE.sql}, statement_timestamp()::text
FROM oms_package package {JOINS}
WHERE package.id = ANY (%(ids)s::bigint[]) ORDER BY array_position(%(ids)s::bigint[], package.id)
"""  # noqa: S608


def listed_packages(ids: Sequence[int]) -> list[Package]:
    """These packages in this order with what a row shows, as `access.packages_of` reads them; one statement."""
    states: dict[int, PackageState] = {}
    stores: dict[int, RetailStore] = {}
    found = []
    for row in fetched(BY_IDS, {"ids": list(ids)}) if ids else ():
        values = iter(row)
        package = LISTED_PACKAGE.made(take(values, LISTED_PACKAGE))
        selected(package, "order", LISTED_ORDER.made(take(values, LISTED_ORDER)))
        state, store = take(values, STATE), take(values, STORE)
        if package.state_id not in states:
            states[package.state_id] = STATE.made(state)
        if package.stock_location_id not in stores:
            stores[package.stock_location_id] = STORE.made(store)
        selected(package, "state", states[package.state_id])
        selected(package, "stock_location", stores[package.stock_location_id])
        package.clock = moment(next(values))  # type: ignore[assignment]
        found.append(package)
    return found
