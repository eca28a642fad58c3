"""Which goods are left of an order, from its newest version and the news that this does not know of."""

from typing import Any

import pytest

from clickcollect.oms.orders.connectors.shopify_news import (
    edit_of,
    merged_news,
    news_of,
    refund_of,
    remaining,
    shop_time,
    shop_version_of,
)
from tests.oms.orders.connectors.payloads import shopify_order
from tests.oms.orders.connectors.shopify_shop import edit, fulfilment, refund

LATER, MUCH_LATER = "2026-11-20T19:00:00+03:00", "2026-11-20T20:00:00+03:00"


def left(order: dict[str, Any], *news: dict[str, Any]) -> list[int]:
    """How many of each line are left."""
    version, known = shop_version_of(order, topic="orders/updated"), news_of(order)
    for one in news:
        known = merged_news(known, one)
    rows = {row["id"]: row["quantity"] for row in remaining(version.lines, known, at=version.changed_at)}
    return [rows.get(str(line["id"]), 0) for line in order["line_items"]]


def refunded(order: dict[str, Any], at: str = LATER, **line: Any) -> dict[str, Any]:
    document = refund(order, line=0, quantity=1, at=at)
    document["refund_line_items"][0] |= line
    return {"refunds": dict([refund_of(document)])}


@pytest.mark.parametrize(
    ("line", "jeans"),
    [
        ({}, 1),
        ({"restock_type": "legacy_restock"}, 1),
        ({"restock_type": "return"}, 2),
        ({"restock_type": "no_restock", "line_item": {"quantity": 2, "fulfillable_quantity": 1}}, 1),
        ({"restock_type": "no_restock", "line_item": {"quantity": 2, "fulfillable_quantity": 2}}, 2),
        ({"restock_type": "no_restock", "line_item": None}, 1),
        ({"quantity": 99}, 0),
        ({"quantity": -1}, 2),
        ({"quantity": "1"}, 2),
        ({"line_item_id": 7}, 2),
    ],
)
def test_a_refund_takes_off_what_is_no_longer_to_be_handed_over(line: dict[str, Any], jeans: int) -> None:
    order = shopify_order(updated_at="2026-11-20T18:02:11+03:00")
    assert left(order, refunded(order, **line)) == [jeans, 1]


def test_a_version_knows_of_the_news_that_came_before_it_and_of_the_refunds_it_names() -> None:
    order = shopify_order(updated_at=LATER)
    assert left(order, refunded(order, at="2026-11-20T18:30:00+03:00")) == [2, 1]
    assert left(order, refunded(order, at=MUCH_LATER)) == [1, 1]
    named = order | {"refunds": [refund(order, line=0, quantity=1, at=MUCH_LATER)]}
    assert left(named, refunded(order, at=MUCH_LATER)) == [2, 1], "its current quantity is without it"


def test_news_that_is_told_twice_counts_once() -> None:
    order = shopify_order(updated_at="2026-11-20T18:02:11+03:00")
    assert left(order, refunded(order), refunded(order)) == [1, 1]


def test_a_fulfilment_that_is_taken_back_takes_nothing() -> None:
    made, undone = (
        {"fulfillments": [fulfilment(shopify_order(), at=LATER, status=status) | {"updated_at": at}]}
        for status, at in (("success", LATER), ("cancelled", MUCH_LATER))
    )
    order = shopify_order(updated_at=LATER)
    assert left(order | made) == [0, 0]
    assert left(order | made, news_of(undone)) == left(order | undone, news_of(made)) == [2, 1]


@pytest.mark.parametrize("topic", ["orders/create", "orders/paid", "orders/updated", "orders/cancelled"])
def test_of_two_versions_of_one_second_the_later_in_life_is_the_newer(topic: str) -> None:
    ranks = [shop_version_of(shopify_order(), topic=one).rank for one in ("orders/create", topic)]
    assert ranks == sorted(ranks)


def test_times_are_read_in_any_zone() -> None:
    assert (
        shop_time("2026-11-20T19:00:00+03:00")
        == shop_time("2026-11-20T11:00:00-05:00")
        == shop_time("2026-11-20T16:00:00Z")
    )
    assert shop_time(None) is shop_time("") is shop_time(7) is None


@pytest.mark.parametrize(
    ("removals", "jeans"),
    [
        ([{"id": 14001882934001, "delta": 1}], 1),
        ([{"id": 14001882934001, "delta": 2}], 0),
        ([{"id": 1, "delta": 1}], 2),
        ([{"id": 14001882934001, "delta": -1}, 7, {}], 2),
        ("none", 2),
    ],
)
def test_an_edit_takes_off_its_removals(removals: Any, jeans: int) -> None:
    order = shopify_order(updated_at="2026-11-20T18:02:11+03:00")
    document = edit(order, line=0, quantity=1, at=LATER)["order_edit"] | {"line_items": {"removals": removals}}
    assert left(order, {"edits": dict([edit_of(document)])}) == [jeans, 1]
