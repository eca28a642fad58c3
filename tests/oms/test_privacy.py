"""Personal data goes on request and by age; the log and its chain stay whole."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from clickcollect.accounts.models import Role
from clickcollect.errors import Fault, Forbidden, NotFound, StateConflict, ValidationFailed
from clickcollect.omnitron.models import Order
from clickcollect.oms import privacy, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log import audit
from clickcollect.oms.log_models import CommandLog, LogNote
from clickcollect.oms.orders import repair
from clickcollect.oms.orders.repair import keep_for_repair
from clickcollect.oms.repair_models import OrderToRepair, RepairState
from clickcollect.whisperer.models import Event
from tests import shop
from tests.shop import order_document

pytestmark = pytest.mark.django_db
PERSON: dict[str, Any] = {
    "first_name": "Zübeyde",
    "last_name": "Unusualname",
    "email": "z@example.com",
    "phone_number": "+905550000777",
}


def collected() -> Order:
    """An order of this person, collected by somebody else."""
    package = shop.make_package(states.READY, order=shop.make_order(**PERSON))
    data = {"otp": shop.right_code(package), "collector_name": "Unusualname Junior", "collector_relation": "son"}
    run_command(package_id=package.pk, transition="SELF_SERVICE_PACKAGE_DELIVERY_COMMAND", actor=SYSTEM, data=data)
    return Order.objects.get(pk=package.order_id)


def everything() -> str:
    rows = [*Order.objects.values(), *Event.objects.values(), *LogNote.objects.values(), *CommandLog.objects.values()]
    return str(rows)


@pytest.mark.parametrize("by", ["phone_number", "email", "order_number"])
def test_erased_on_request_nothing_of_the_person_is_left_and_the_chain_is_whole(by: str) -> None:
    order = collected()
    audit.seal()
    assert "Unusualname" in everything()
    value = order.number if by == "order_number" else PERSON[by]
    assert privacy.erase_on_request(actor=shop.make_actor(Role.ADMIN), **{by: value}) == 1
    for part in PERSON.values():
        assert part not in everything()
    audit.seal()
    assert audit.verify_chain().is_whole
    with pytest.raises(NotFound):
        privacy.erase_on_request(actor=shop.make_actor(Role.ADMIN), **{by: value})


def test_an_order_on_its_way_is_not_erased() -> None:
    shop.make_package(states.READY, order=shop.make_order(**PERSON))
    with pytest.raises(StateConflict, match="not ended"):
        privacy.erase_on_request(actor=shop.make_actor(Role.ADMIN), phone_number=PERSON["phone_number"])
    assert Order.objects.get().last_name == "Unusualname"


def test_only_an_administrator_erases_and_must_say_whom() -> None:
    collected()
    with pytest.raises(Forbidden):
        privacy.erase_on_request(actor=shop.make_actor(Role.OPERATOR), email=PERSON["email"])
    with pytest.raises(ValidationFailed):
        privacy.erase_on_request(actor=shop.make_actor(Role.ADMIN), email=" ")


def to_repair(number: str = "1001", **fields: Any) -> OrderToRepair:
    """An order of this person for a store that nobody knows, its phone number in a spelling that nobody can read."""
    customer = PERSON | {"phone_number": "call 905-55/0000777 please"}
    payload = {"note_attributes": [{"name": "Phone", "value": "0555 000 07 77"}], "customer": customer, "id": 7}
    faults: list[Fault] = [{"loc": "customer.phone_number", "msg": "Not +90 555 000 07 77, Unusualname."}]
    document = order_document(number, store="NOPE", customer=customer, **fields)
    return keep_for_repair(channel="Webshop", reference=number, payload=payload, document=document, faults=faults)


def repairs() -> str:
    return str(list(OrderToRepair.objects.values()))


@pytest.mark.parametrize("by", ["phone_number", "email", "order_number"])
def test_an_order_to_repair_is_erased_on_request_once_it_has_ended(by: str) -> None:
    row, admin = to_repair(), shop.make_actor(Role.ADMIN)
    value = {"email": "Z@Example.com", "order_number": "1001"}.get(by, PERSON["phone_number"])
    with pytest.raises(StateConflict, match="1001 is in Orders to repair"):
        privacy.erase_on_request(actor=admin, **{by: value})
    assert "Unusualname" in repairs()
    repair.discard_order(repair_id=row.pk, reason="Unusualname called", actor=admin)
    assert privacy.erase_on_request(actor=admin, **{by: value}) == 1
    for part in ("Unusualname", "Zübeyde", "z@example.com", "50000777", "0000777", "00 07 77"):
        assert part not in repairs()
    with pytest.raises(NotFound):
        privacy.erase_on_request(actor=admin, **{by: value})
    assert CommandLog.objects.filter(attributes={"repair.id": row.pk}, note_kind="personal_data_erased").exists()


def test_another_persons_order_to_repair_stays() -> None:
    row, admin = to_repair(), shop.make_actor(Role.ADMIN)
    repair.discard_order(repair_id=row.pk, reason="No", actor=admin)
    for asked in ({"phone_number": "+905550000778"}, {"email": "zz@example.com"}, {"order_number": "100"}):
        with pytest.raises(NotFound):
            privacy.erase_on_request(actor=admin, **asked)
    assert "Unusualname" in repairs()


def test_with_an_order_goes_what_it_was_repaired_from() -> None:
    order = collected()
    row = to_repair()
    OrderToRepair.objects.update(state=RepairState.PLACED, ended_at=now(), order=order)
    assert privacy.erase_on_request(actor=shop.make_actor(Role.ADMIN), order_number=order.number) == 1
    row.refresh_from_db()
    assert row.erased_at is not None
    assert "Unusualname" not in repairs()


def test_what_waits_as_long_as_data_may_be_kept_is_discarded_and_erased() -> None:
    """Not what was sent again lately, and not what ended lately."""
    shop.put_setting("PERSONAL_DATA_DAYS", value=90)
    long_ago, lately = now() - timedelta(days=91), now() - timedelta(days=89)
    old, repeated, ended = to_repair("1"), to_repair("2"), to_repair("3")
    OrderToRepair.objects.update(received_at=long_ago)
    OrderToRepair.objects.filter(pk=old.pk).update(last_received_at=long_ago)
    OrderToRepair.objects.filter(pk=ended.pk).update(state=RepairState.DISCARDED, ended_at=lately)
    assert (privacy.erase_by_age(), privacy.erase_by_age()) == (1, 0)
    for row in (old, repeated, ended):
        row.refresh_from_db()
    assert (old.state, old.payload, old.document, old.faults) == ("discarded", {}, {}, [])
    assert (repeated.state, ended.state) == ("waiting", "discarded")
    assert ended.payload
    OrderToRepair.objects.filter(pk=ended.pk).update(ended_at=long_ago)
    assert privacy.erase_by_age() == 1


def test_what_ended_long_ago_is_erased_by_age() -> None:
    old, young = collected(), collected()
    shop.put_setting("PERSONAL_DATA_DAYS", value=90)
    Order.objects.update(created_date=now() - timedelta(days=92))
    Order.objects.filter(pk=old.pk).update(ended_at=now() - timedelta(days=91))
    Order.objects.filter(pk=young.pk).update(ended_at=now() - timedelta(days=89))
    assert privacy.erase_by_age() == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.last_name, young.last_name) == ("", "Unusualname")
    assert privacy.erase_by_age() == 0
