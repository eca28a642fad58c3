"""The fixed SQL of orders that come in: look in one round trip, write and COMMIT in another.

One order or a batch of them: the statements are the same, and so is their number. Ids are drawn while looking, so that
orders, packages, events and log rows can name each other before any of them is written.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from django.db import models

from clickcollect.accounts.idempotency import Once
from clickcollect.database import pipeline
from clickcollect.omnitron.models import Order, OrderItem, RetailStore
from clickcollect.omnitron.order_schema import OrderIn
from clickcollect.oms.columns import Columns, listed
from clickcollect.oms.commands.statements import LOCK_TIMEOUT, SET_UP, first_round_trip, last_round_trip
from clickcollect.oms.commands.write import keep_answer
from clickcollect.oms.events import types as events
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import Package, PackageItem
from clickcollect.whisperer import outbox

STORE: Final = Columns(RetailStore, "store")
STORES: Final = f"""
SELECT {STORE.sql} FROM omnitron_retailstore store
WHERE store.erp_code IN (SELECT json_array_elements_text(%(stores)s::json))
"""  # noqa: S608
LOOK: Final = """
SELECT clock_timestamp(), (SELECT version::text FROM oms_configurationversion),
    (SELECT json_agg(json_build_array(asked.channel, asked.number, kept.id))::text
        FROM json_to_recordset(%(orders)s::json) AS asked (channel text, number text), LATERAL (
            SELECT id FROM omnitron_order WHERE channel = asked.channel AND number = asked.number LIMIT 1
        ) kept),
    (SELECT json_agg(json_build_array(asked.channel, asked.number))::text
        FROM json_to_recordset(%(orders)s::json) AS asked (channel text, number text), LATERAL (
            SELECT FROM oms_ordertorepair
            WHERE channel = asked.channel AND reference = asked.number AND state = 'waiting' LIMIT 1
        ) waiting),
    (SELECT json_agg(nextval('omnitron_order_id_seq'))::text FROM generate_series(1, %(order_ids)s::int)),
    (SELECT json_agg(nextval('omnitron_orderitem_id_seq'))::text FROM generate_series(1, %(line_ids)s::int)),
    (SELECT json_agg(nextval('oms_package_id_seq'))::text FROM generate_series(1, %(package_ids)s::int)),
    (SELECT json_agg(nextval('oms_packageitem_id_seq'))::text FROM generate_series(1, %(item_ids)s::int))
"""


class ModelTable:
    """A model's table, and the statement that inserts rows of it with all their columns."""

    def __init__(self, model: type[models.Model], *, without: Sequence[str] = ()) -> None:
        fields = model._meta.concrete_fields  # noqa: SLF001
        self.names = [field.attname for field in fields if not field.generated and field.attname not in without]
        table, columns = model._meta.db_table, ", ".join(self.names)  # noqa: SLF001
        self.insert = (
            f"INSERT INTO {table} ({columns})"  # noqa: S608
            f" SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s::json)"
        )

    def rows(self, objects: Iterable[models.Model]) -> str:
        """The objects as the statement takes them; every column must have been given its value."""
        found = [{name: one.__dict__[name] for name in self.names} for one in objects]
        return orjson.dumps(found, default=str).decode()


ORDERS: Final = ModelTable(Order)
LINES: Final = ModelTable(OrderItem)
PACKAGES: Final = ModelTable(Package)
ITEMS: Final = ModelTable(PackageItem)
LOG: Final = ModelTable(CommandLog, without=("id",))


@dataclass(frozen=True, kw_only=True)
class Ids:
    """Ids that nobody else has."""

    orders: Iterator[int]
    lines: Iterator[int]
    packages: Iterator[int]
    items: Iterator[int]


@dataclass(frozen=True, kw_only=True)
class FoundOrders:
    """What was found about orders that came in.

    ``kept``: the ids of those that are there, by channel and number; ``waiting``: those that wait for a repair.
    """

    now: datetime
    version: str | None
    kept: Mapping[tuple[str, str], int]
    waiting: Collection[tuple[str, str]]
    stores: Mapping[str, RetailStore]
    ids: Ids


def nothing_found(now: datetime) -> FoundOrders:
    """For a change that needs neither stores nor ids."""
    nobody: Iterator[int] = iter(())
    ids = Ids(orders=nobody, lines=nobody, packages=nobody, items=nobody)
    return FoundOrders(now=now, version=None, kept={}, waiting=(), stores={}, ids=ids)


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A new order with all that belongs to it, not written yet. Each package has its order, store, state and items."""

    order: Order
    lines: Sequence[OrderItem]
    packages: Sequence[Package]
    items: Sequence[PackageItem]
    entries: Sequence[CommandLog]

    @property
    def outgoing(self) -> list[events.OutgoingEvent]:
        """What it tells the world, the order first."""
        arrived = events.OutgoingEvent(event=events.OrderCreatedWhispererEvent, order=self.order)
        made = events.PackageCreatedWhispererEvent
        return [arrived, *(events.OutgoingEvent(event=made, package=package) for package in self.packages)]


def look(orders: Sequence[OrderIn], *, once: Once | None = None) -> FoundOrders:
    """Whether the orders are there, their stores, and ids for all that they would need. One round trip.

    Raises what ``once`` says of a request that was sent before or runs already.
    """
    codes = {code for order in orders for code in store_codes(order)}
    asked = {
        "orders": orjson.dumps([{"channel": order.channel, "number": order.number} for order in orders]).decode(),
        "order_ids": len(orders),
        "line_ids": sum(len(order.order_item) for order in orders),
        "package_ids": sum(len(order.parcels) for order in orders),
        "item_ids": sum(order.store_of(item) is not None for order in orders for item in order.order_item),
    }
    with once.claimed() if once else nullcontext(), first_round_trip() as execute:
        execute(SET_UP, [LOCK_TIMEOUT])
        claim = [execute.reading(*statement) for statement in once.claiming()] if once else []
        found = execute.reading(LOOK, asked)
        stores = execute.reading(STORES, {"stores": orjson.dumps(sorted(codes)).decode()})
    if once:
        once.judge(claim[-1].fetchone())
    now, version, kept, waiting, *ids = found.fetchone()
    orders_, lines, packages, items = (iter(listed(text)) for text in ids)
    return FoundOrders(
        now=now,
        version=version,
        kept={(channel, number): pk for channel, number, pk in listed(kept)},
        waiting={(channel, number) for channel, number in listed(waiting)},
        stores={store.erp_code: store for store in map(STORE.made, stores.fetchall())},
        ids=Ids(orders=orders_, lines=lines, packages=packages, items=items),
    )


def store_codes(order: OrderIn) -> set[str]:
    """The ERP codes that an order names."""
    codes = {order.shipping_address.retail_store, *(item.retail_store for item in order.order_item)}
    return {code for code in codes if code is not None}


def write_orders(
    placements: Sequence[Placement],
    *,
    now: datetime,
    once: Once | None = None,
    led_to: Any = None,
    is_last: bool = True,
) -> None:
    """Write new orders and commit them: seven statements, whatever their number. One round trip.

    Arguments: ``is_last``, false where the transaction goes on.
    Raises IntegrityError where one of their numbers came in at this very moment.
    """
    outgoing = [event for placement in placements for event in placement.outgoing]
    values, _uuids = outbox.publishing(events.with_snapshots(outgoing), now=now)
    packages = [package for placement in placements for package in placement.packages]
    with last_round_trip() if is_last else pipeline() as execute:
        execute(ORDERS.insert, [ORDERS.rows(placement.order for placement in placements)])
        execute(LINES.insert, [LINES.rows(line for placement in placements for line in placement.lines)])
        if packages:
            execute(PACKAGES.insert, [PACKAGES.rows(packages)])
            execute(ITEMS.insert, [ITEMS.rows(item for placement in placements for item in placement.items)])
        execute(outbox.PUBLISH, values)
        execute(LOG.insert, [LOG.rows(entry for placement in placements for entry in placement.entries)])
        keep_answer(execute, once, led_to)
