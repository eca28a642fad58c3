"""Orders of a file come in a hundred at a time: one transaction, and each that is not simply new by itself."""

from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from clickcollect.errors import OrderConflict
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import OrderIn, read_order
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import Package
from clickcollect.oms.orders import batches, statements
from clickcollect.oms.orders.batches import receive_orders
from clickcollect.oms.orders.file_import import BATCH, import_orders
from clickcollect.oms.orders.intake import Received, receive_order
from clickcollect.oms.orders.placing import place_order
from clickcollect.oms.orders.repair import keep_for_repair
from clickcollect.whisperer.models import Event
from tests import shop
from tests.oms.orders.test_file_import import lines, written
from tests.wire import watched

pytestmark = pytest.mark.django_db(transaction=True)
STATEMENTS = 11  # BEGIN, settings, look, stores; orders, lines, packages, items, events, log, COMMIT


def orders(*numbers: str, **fields: Any) -> list[OrderIn]:
    return [read_order(shop.order_document(number, **fields)) for number in numbers]


def became(results: list[Any]) -> list[str]:
    return [str(one.became) if isinstance(one, Received) else one.code for one in results]


def test_a_hundred_new_orders_cost_the_statements_of_one() -> None:
    shop.make_store()
    receive_orders(orders("FIRST"), actor=SYSTEM)
    many = orders(*(f"A-{at}" for at in range(100)))
    with watched() as wire:
        results = receive_orders(many, actor=SYSTEM)
    assert (wire.round_trips, wire.statements) == (2, STATEMENTS), wire.log
    assert became(results) == ["placed"] * 100
    assert [one.order.number for one in results if isinstance(one, Received)] == [order.number for order in many]
    assert (Package.objects.count(), CommandLog.objects.count(), Event.objects.count()) == (101, 101, 202)
    assert set(Event.objects.values_list("sequence", flat=True)) == {1}


def test_among_new_ones_each_known_order_is_judged_by_itself() -> None:
    shop.make_store()
    receive_orders(orders("SAME") + orders("OTHER"), actor=SYSTEM)
    sent = [*orders("NEW-1"), *orders("SAME"), *orders("OTHER", date_placed="2026-11-01T00:00:00Z"), *orders("NEW-2")]
    results = receive_orders(sent, actor=SYSTEM)
    assert became(results) == ["placed", "unchanged", "order_conflict", "placed"]
    assert isinstance(results[2], OrderConflict)
    assert Order.objects.count() == 4


def test_an_order_that_comes_in_at_the_same_moment_is_one_order_and_the_batch_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop.make_store()
    sent = orders("A", "B", "C")

    def elsewhere() -> None:
        try:
            receive_order(order=sent[1], actor=SYSTEM)
        finally:
            connection.close()

    def place_late(**arguments: Any) -> Any:
        """Somebody else's order comes between the look and the write."""
        if arguments["order"] is sent[2]:
            other = Thread(target=elsewhere)
            other.start()
            other.join()
        return place_order(**arguments)

    monkeypatch.setattr(batches, "place_order", place_late)
    assert became(receive_orders(sent, actor=SYSTEM)) == ["placed", "unchanged", "placed"]
    assert (Order.objects.count(), Package.objects.count()) == (3, 3)


def test_a_new_order_ends_the_wait_of_the_one_to_repair() -> None:
    shop.make_store()
    rows = [
        keep_for_repair(channel=channel, reference="B", payload={}, faults=[]) for channel in ("Webshop", "Elsewhere")
    ]
    assert became(receive_orders(orders("A", "B"), actor=SYSTEM)) == ["placed", "placed"]
    for row in rows:
        row.refresh_from_db()
    assert [(row.state, row.order and row.order.number) for row in rows] == [("arrived", "B"), ("waiting", None)]


def test_a_file_is_one_transaction_for_each_batch_and_names_its_bad_lines_in_their_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shop.make_store()
    documents: list[Any] = [shop.order_document(f"B-{at}") for at in range(2 * BATCH + 50)]
    documents[3] = documents[3] | {"amount": "x"}
    documents[BATCH + 4] = documents[1]  # the same again
    documents[-1] = documents[0] | {"channel": "Elsewhere"}  # a slip
    sizes: list[int] = []
    write = statements.write_orders

    def counted(placements: Any, **arguments: Any) -> None:
        sizes.append(len(placements))
        write(placements, **arguments)

    monkeypatch.setattr(statements, "write_orders", counted)
    path = written(tmp_path, lines(*documents))
    report = import_orders(path)
    assert (report.new, report.known) == (2 * BATCH + 47, 1)
    assert [bad.line for bad in report.bad] == [4, 2 * BATCH + 50]
    assert sizes == [BATCH - 1, BATCH - 1, 49]
    again = import_orders(path)
    assert (again.new, again.known, again.bad) == (0, 2 * BATCH + 48, report.bad)


def test_two_versions_of_an_order_in_one_file_are_taken_in_their_order(tmp_path: Path) -> None:
    shop.make_store()
    document = shop.order_document("A-1")
    report = import_orders(written(tmp_path, lines(document, document)))
    assert (report.new, report.known) == (1, 1)


def test_nothing_of_a_batch_is_kept_when_one_of_its_orders_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    shop.make_store()
    monkeypatch.setattr("clickcollect.whisperer.outbox.PUBLISH", "SELECT no_such_column")
    with pytest.raises(Exception, match="no_such_column"):
        receive_orders(orders("A", "B"), actor=SYSTEM)
    assert (Order.objects.count(), Package.objects.count()) == (0, 0)
