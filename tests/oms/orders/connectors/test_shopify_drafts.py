"""Orders that somebody entered in the shop, and sales at the till: handed over, sent, or asked about, never lost."""

from collections.abc import Mapping
from typing import Any

import pytest

from clickcollect.omnitron.models import Order
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.orders.connectors.shopify_pickup import LOCAL_PICKUP_CARRIER
from clickcollect.oms.orders.file_import import import_orders
from clickcollect.oms.repair_models import OrderToRepair
from tests.oms.orders.connectors.payloads import SHIPPED, shopify_order
from tests.oms.orders.connectors.shopify_shop import SECRET, send
from tests.oms.orders.test_csv import export, export_row
from tests.shop import make_store

pytestmark = pytest.mark.django_db(transaction=True)

HOME = SHIPPED["shipping_address"] | {"phone": "+491713920003"}
COUNTRY_ALONE = {"first_name": "Mia", "country": "Germany", "country_code": "DE", "address1": None, "city": ""}
DRAFT, TILL = {"source_name": "shopify_draft_order"}, {"source_name": "pos"}
NOTHING: dict[str, Any] = {"shipping_lines": [], "shipping_address": None}
LOST = "The shop names neither a pickup location nor an address. Choose the store, or discard the order."
UNKNOWN = "No store has this code."
CHOOSE = "Choose the store where the customer collects the order."
TO_STORE, TO_HOME = "IST-01", "home_delivery"
TAKEN_ALONG = "ignored_nothing_to_hand_over"


def typed(title: str) -> dict[str, Any]:
    """The shipping line that somebody types into a draft order."""
    return {"shipping_lines": [{"code": "custom", "title": title, "price": "0.00", "source": "shopify"}]}


# What the order says beside its goods, and what becomes of it: a store, a home delivery, an outcome that is counted, or
# the sentence by which it waits to be repaired.
KINDS: dict[str, tuple[Mapping[str, Any], str]] = {
    "draft, nothing said": (DRAFT | NOTHING, LOST),
    "draft, a country is no address": (DRAFT | NOTHING | {"shipping_address": COUNTRY_ALONE}, LOST),
    "draft, no lines at all": (DRAFT | NOTHING | {"shipping_lines": None}, LOST),
    "draft, its line was removed": (
        DRAFT | NOTHING | {"shipping_lines": [{"title": "Post", "is_removed": True}]},
        LOST,
    ),
    "draft, custom, no address": (DRAFT | NOTHING | typed("Free of charge"), LOST),
    "draft, custom without words": (DRAFT | NOTHING | typed("Custom"), LOST),
    "draft, custom, to an address": (DRAFT | typed("Courier") | {"shipping_address": HOME}, TO_HOME),
    "draft, an address alone": (DRAFT | NOTHING | {"shipping_address": HOME}, TO_HOME),
    "draft, custom names a store": (DRAFT | NOTHING | typed("GALATA"), TO_STORE),
    "draft, custom names a store beside an address": (DRAFT | typed("Galata") | {"shipping_address": HOME}, TO_STORE),
    "draft, custom says pickup": (DRAFT | NOTHING | typed("Store pickup"), UNKNOWN),
    "draft, Shopify's own pickup": (
        DRAFT | {"shipping_lines": [{"code": "Galata", "title": "Galata", "carrier_identifier": LOCAL_PICKUP_CARRIER}]},
        TO_STORE,
    ),
    "draft, Shopify's own pickup without a place": (
        DRAFT | {"shipping_lines": [{"title": None, "carrier_identifier": LOCAL_PICKUP_CARRIER}]},
        CHOOSE,
    ),
    "draft, a shipping method and no address": (DRAFT | NOTHING | {"shipping_lines": [{"title": "Post"}]}, UNKNOWN),
    "draft, entered at a known location": (DRAFT | NOTHING | {"location_id": 655441491}, "IST-02"),
    "draft, entered at an unknown location": (DRAFT | NOTHING | {"location_id": 905684977}, LOST),
    "draft, an app says delivery": (
        DRAFT | NOTHING | {"note_attributes": [{"name": "Checkout-Method", "value": "delivery"}]},
        LOST,
    ),
    "phone order of another app": ({"source_name": "580111"} | NOTHING, LOST),
    "no source at all": (NOTHING, LOST),
    "till, taken along": (TILL | NOTHING, TAKEN_ALONG),
    "till, taken along at a known location": (TILL | NOTHING | {"location_id": 655441491}, TAKEN_ALONG),
    "till, fulfilled": (TILL | NOTHING | {"fulfillment_status": "fulfilled"}, "ignored_fulfilled"),
    "till, sent to an address": (TILL | NOTHING | {"shipping_address": HOME}, TO_HOME),
    "till, collected later": (
        TILL | {"shipping_lines": [{"title": "Galata", "carrier_identifier": LOCAL_PICKUP_CARRIER}]},
        TO_STORE,
    ),
    "draft of a gift card": (
        DRAFT | NOTHING | {"line_items": [{"id": 1, "name": "Gift card", "quantity": 1, "gift_card": True}]},
        TAKEN_ALONG,
    ),
}


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    settings.SHOPIFY_WEBHOOK_SECRET = [SECRET]
    make_store("IST-01", name="Galata")
    make_store("IST-02", name="655441491")


def became(number: str) -> str:
    """The store or the kind of delivery of what was placed; else the sentence by which it waits; else nothing."""
    order = Order.objects.filter(number=number).first()
    if order is not None:
        return order.retail_store.erp_code if order.retail_store else order.delivery_type
    row = OrderToRepair.objects.filter(reference=number).first()
    return row.faults[0]["msg"] if row else ""


def test_each_kind_is_handed_over_sent_or_asked_about() -> None:
    found = {}
    for at, (kind, (said, _end)) in enumerate(KINDS.items(), start=7001):
        before = counts()
        status, _answer = send(shopify_order(id=at, name=f"#{at}", **said))
        (outcome,) = (outcome for (_shop, outcome), times in counts().items() if times != before.get((_shop, outcome)))
        placed = became(str(at))
        found[kind] = placed or outcome
        assert (status, bool(placed)) in {(200, False), (201, True), (202, True)}, kind

    assert found == {kind: end for kind, (_said, end) in KINDS.items()}


def test_where_the_location_is_learned_or_an_address_comes_later_it_waits_no_more() -> None:
    draft = shopify_order(**DRAFT, **NOTHING, location_id=905684977, updated_at="2026-11-20T18:02:11+03:00")
    assert send(draft)[0] == 202
    row = OrderToRepair.objects.get()
    assert row.document["shipping_address"]["retail_store"] == "905684977", "the operator may teach it"

    later = draft | {"shipping_address": HOME, "updated_at": "2026-11-20T19:00:00+03:00"}
    assert send(later, topic="orders/updated")[1]["status"] == "created"

    assert Order.objects.get().delivery_type == TO_HOME
    assert OrderToRepair.objects.get().state == "arrived"


@pytest.mark.parametrize(
    ("cells", "end"),
    [
        ({"Shipping Method": "", "Source": "shopify_draft_order"}, CHOOSE),
        ({"Shipping Method": "", "Source": "shopify_draft_order", "Location": "Galata"}, TO_STORE),
        ({"Shipping Method": "", "Source": "pos", "Location": "Galata"}, ""),
        ({"Shipping Method": "Galata", "Source": "pos", "Location": "Elsewhere"}, TO_STORE),
    ],
)
def test_an_export_says_the_same_as_the_webhook(cells: dict[str, str], end: str, tmp_path: Any) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        export(export_row(**cells)).replace("Name,", "Source,Name,", 1).replace("#3001", f"{cells['Source']},#3001")
    )

    report = import_orders(path, keeps_for_repair=True)

    assert report.orders == report.new + report.to_repair + report.ignored == 1
    assert became("3001") == end
