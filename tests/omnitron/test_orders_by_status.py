"""The table that lists by status go along says what the orders say, whoever writes them."""

from importlib import import_module

import pytest
from django.db import connections

from clickcollect.long_tables import RunInBatches
from clickcollect.omnitron.models import Order, OrderInStatus, OrderStatus
from tests import database_reset, shop
from tests.oms.test_indexes import entries_written
from tests.oms.test_migrations import connect, running
from tests.whisperer.receivers import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

WAITS_FOR_A_ROW = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
AND query LIKE '%FOR NO KEY UPDATE%'
"""


def listed() -> list[tuple[int, int]]:
    return list(OrderInStatus.objects.order_by("order_id").values_list("order_id", "status"))


def told_by_orders() -> list[tuple[int, int]]:
    return list(Order.objects.order_by("pk").values_list("pk", "status"))


def test_orders_that_come_change_and_go_are_listed_by_the_status_they_have() -> None:
    orders = [shop.make_order(f"LISTED-{place}") for place in range(4)]
    assert listed() == told_by_orders() != []
    Order.objects.filter(pk=orders[0].pk).update(status=OrderStatus.DELIVERED)
    Order.objects.filter(pk__in=[order.pk for order in orders[1:3]]).update(status=OrderStatus.PREPARING)
    orders[3].items.all().delete()
    orders[3].delete()
    assert [status for _order, status in listed()] == [550, 450, 450]
    assert listed() == told_by_orders()


def test_an_order_that_moves_on_writes_one_entry_and_none_of_its_own() -> None:
    order = shop.make_order("MOVES-1")
    move = Order.objects.filter(pk=order.pk).update
    found = entries_written(lambda: move(status=OrderStatus.READY_FOR_PICKUP, ended_at=shop.PAST))
    assert {name: entries for name, entries in found.items() if name.startswith("omnitron_")} == {
        "omnitron_orderinstatus.omnitron_orderinstatus_pkey": 1
    }
    # Control: what an index has is written to all of them.
    found = entries_written(lambda: Order.objects.filter(pk=order.pk).update(email="new@example.org"))
    assert found["omnitron_order.order_phone"] == 1


def test_orders_that_were_there_before_are_listed() -> None:
    orders = [shop.make_order(f"OLD-{place}") for place in range(3)]
    Order.objects.filter(pk=orders[1].pk).update(status=OrderStatus.DELIVERED)
    database_reset.migrate_there_and_back("omnitron", "0006")
    assert listed() == told_by_orders()
    assert len(listed()) == 3


def test_a_status_that_changes_while_the_list_is_made_is_the_one_that_stands() -> None:
    """The filling waits for whoever holds an order, and reads what he has made of it."""
    order = shop.make_order("HELD-1")
    OrderInStatus.objects.all().delete()  # as it is before the filling
    step = RunInBatches("omnitron_order", import_module("clickcollect.omnitron.migrations.0007_orders_by_status").FILL)

    def fill() -> None:
        with connections["owner"].schema_editor(atomic=False) as editor:
            step.database_forwards("omnitron", editor, None, None)

    def somebody_waits() -> bool:
        with connect() as connection:
            found = connection.execute(WAITS_FOR_A_ROW).fetchone()
            return found is not None and found[0] > 0

    with connect() as holder:
        holder.execute("UPDATE omnitron_order SET status = 550 WHERE id = %s", [order.pk])
        with running(fill, then=holder.commit):
            wait_until(somebody_waits)
    assert listed() == told_by_orders() == [(order.pk, 550)]
