"""Personal data goes on request and by age; the log and its chain stay whole."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from clickcollect.accounts.models import Role
from clickcollect.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from clickcollect.omnitron.models import Order
from clickcollect.oms import privacy, states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log import audit
from clickcollect.oms.log_models import CommandLog, LogNote
from clickcollect.whisperer.models import Event
from tests import shop

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
    assert audit.verify().is_whole
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


def test_what_ended_long_ago_is_erased_by_age() -> None:
    old, young = collected(), collected()
    shop.put_setting("PERSONAL_DATA_DAYS", value=90)
    Order.objects.filter(pk=old.pk).update(ended_at=now() - timedelta(days=91))
    Order.objects.filter(pk=young.pk).update(ended_at=now() - timedelta(days=89))
    assert privacy.erase_by_age() == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.last_name, young.last_name) == ("", "Unusualname")
    assert privacy.erase_by_age() == 0
