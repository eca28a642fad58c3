"""A learned location is that store from then on, in its channel, however it is written."""

from typing import Any

import pytest

from clickcollect.accounts.models import Role
from clickcollect.errors import Forbidden, NotFound
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.oms.orders import location_rules
from clickcollect.oms.orders.location_rules import with_learned_stores
from clickcollect.oms.repair_models import LocationRule
from tests.shop import make_actor, make_store, order_document

pytestmark = pytest.mark.django_db
GALATA = "Galata - Pickup"


def learn(name: str = GALATA, store: str = "IST-01", channel: str = "Webshop") -> LocationRule | None:
    actor = make_actor(Role.OPERATOR)
    return location_rules.learn(channel=channel, name=name, store=make_store(store), actor=actor)


def store_read(name: Any, **fields: Any) -> Any:
    document = order_document(**fields) | {"shipping_address": {"retail_store": name}}
    return with_learned_stores(document)["shipping_address"]["retail_store"]


@pytest.mark.parametrize(
    "name", [GALATA, "GALATA - PICKUP", " galata  pickup ", "Galata – Pickup", "Ga\u200blata-Pickup", "Gálata - Pıckup"]
)
def test_however_it_is_written_it_is_the_store(name: str) -> None:
    learn()
    assert store_read(name) == "IST-01"


@pytest.mark.parametrize("name", ["Galata", "Galata Pickup 2", "", None, 7, ["Galata - Pickup"], {"erp_code": "x"}])
def test_another_name_stays_what_it_is(name: Any) -> None:
    learn()
    assert store_read(name) == name


def test_a_rule_is_its_channels_own() -> None:
    learn()
    assert store_read(GALATA, channel="Another") == GALATA
    assert store_read(GALATA, channel=["Webshop"]) == GALATA


def test_lines_that_name_a_location_are_read_too() -> None:
    learn()
    line = {"sku": "A", "name": "A", "quantity": 1}
    items = [line | {"retail_store": GALATA}, line, line | {"retail_store": "ANK-01"}, "no line"]
    document = with_learned_stores(order_document(order_item=items))
    assert [item.get("retail_store") for item in document["order_item"][:3]] == ["IST-01", None, "ANK-01"]
    assert items[0]["retail_store"] == GALATA  # type: ignore[index]


@pytest.mark.parametrize("document", [{}, {"channel": "Webshop", "shipping_address": [], "order_item": {}}])
def test_what_names_no_location_is_left_alone(document: dict[str, Any]) -> None:
    learn()
    assert with_learned_stores(document) == document


def test_the_newest_rule_wins() -> None:
    learn(store="IST-01")
    learn(store="ANK-01")
    assert store_read(GALATA) == "ANK-01"
    assert LocationRule.objects.count() == 1


@pytest.mark.parametrize("name", ["", "  ", "IST-01"])
def test_a_name_that_says_nothing_is_not_learned(name: str) -> None:
    assert learn(name) is None
    assert not LocationRule.objects.exists()


def test_a_removed_rule_applies_no_more_and_both_are_logged() -> None:
    rule = learn()
    assert rule is not None
    location_rules.forget_rule(rule_id=rule.pk, actor=make_actor(Role.OPERATOR))
    assert store_read(GALATA) == GALATA
    kinds = CommandLog.objects.order_by("pk").values_list("note_kind", flat=True)
    assert list(kinds) == [NoteKind.LOCATION_LEARNED, NoteKind.LOCATION_FORGOTTEN]
    with pytest.raises(NotFound):
        location_rules.forget_rule(rule_id=rule.pk, actor=make_actor(Role.OPERATOR))


def test_only_who_may_write_orders_teaches() -> None:
    rule = learn()
    manager = make_actor(Role.MANAGER, make_store())
    with pytest.raises(Forbidden):
        location_rules.learn(channel="Webshop", name="X", store=make_store(), actor=manager)
    assert rule is not None
    with pytest.raises(Forbidden):
        location_rules.forget_rule(rule_id=rule.pk, actor=manager)
