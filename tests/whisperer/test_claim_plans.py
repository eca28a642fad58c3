"""Claims on a long queue: each finds what is due by its index, whatever the planner believes."""

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.db.models.functions import Now

from clickcollect.accounts.models import User
from clickcollect.whisperer import claims, dispatcher
from clickcollect.whisperer.models import Delivery, DeliveryState
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import make_hook, publish_many

pytestmark = pytest.mark.django_db(transaction=True)


INDEXES = {
    "b": "delivery_lease",
    "d_1": "delivery_code_due",
    "d_2": "delivery_next",
    "busy": "delivery_one_at_a_time",
    "busy_1": "delivery_one_at_a_time",
    "older": "delivery_ordering",
    "older_1": "delivery_ordering",
}


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_claim_finds_what_is_due_by_its_index_whatever_the_database_knows_of_the_queue(
    user: User, filler: Filler
) -> None:
    """And never by reading the queue, which may be many thousand deliveries long when that plan is used."""
    assert indexes_used() == INDEXES  # planned on an empty queue
    make_hook(user)
    publish_many(1_000)
    Delivery.objects.update(state=DeliveryState.DELIVERED, finished_at=Now())
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE whisperer_delivery")  # nothing is due, the statistics say
    assert indexes_used() == INDEXES
    publish_many(1_000)
    assert indexes_used() == INDEXES


def indexes_used() -> dict[str, str]:
    values = {"most": 512, "acknowledged": [], "tokens": [], "cap": 64, "back_off": 10, "lease": 25.0}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(claims.LOCK_CLAIMS, [claims.ADVISORY_LOCK])
        explained = psycopg.ClientCursor(connection.connection)
        explained.execute("EXPLAIN (FORMAT json) " + claims.CLAIM, values)
        row = explained.fetchone()
    assert row is not None
    nodes = nodes_of(row[0][0]["Plan"])
    return {node["Alias"]: node["Index Name"] for node in nodes if node.get("Alias") in INDEXES}


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes_of(below)


def test_a_worker_makes_its_plans_anew_after_a_while(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that was small when a statement was planned is not read from end to end for ever."""

    def explained(*before: str) -> str:
        with connection.cursor() as cursor:
            for statement in before:
                cursor.execute(statement)
            cursor.execute("EXPLAIN EXECUTE found (7)")
            return " ".join(row[0] for row in cursor.fetchall())

    async def three_times() -> list[str]:
        thread = dispatcher.DatabaseThread("test")
        monkeypatch.setattr(dispatcher, "PLANS_LAST_SECONDS", 60.0)
        try:
            small = await thread.call(
                explained,
                "CREATE TEMP TABLE grows (id int PRIMARY KEY)",
                "PREPARE found (int) AS SELECT FROM grows WHERE id BETWEEN $1 AND $1 + 9",
                "INSERT INTO grows VALUES (1)",
                "ANALYZE grows",
                "SET plan_cache_mode = force_generic_plan",
            )
            full = await thread.call(explained, "INSERT INTO grows SELECT generate_series(2, 20000)")
            monkeypatch.setattr(dispatcher, "PLANS_LAST_SECONDS", 0.0)
            return [small, full, await thread.call(explained)]
        finally:
            await thread.close()

    small, full, later = asyncio.run(three_times())
    assert "Seq Scan" in small
    assert "Seq Scan" in full  # the plan of a moment ago
    assert "Index" in later
