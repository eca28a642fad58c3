"""A shop that is older than a migration keeps everything when it is brought up to date."""

import pytest

from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import database_reset, shop


@pytest.mark.django_db(transaction=True)
def test_packages_that_were_there_before_get_what_they_are_filtered_by() -> None:
    ready, home = shop.make_package(states.READY), shop.make_package(delivery_type="home_delivery")
    database_reset.migrate_there_and_back("oms", "0003")
    found = Package.objects.order_by("id").values_list("order_number", "delivery_type")
    assert list(found) == [(ready.order.number, "in_store"), (home.order.number, "home_delivery")]
    assert shop.state_of(ready) == states.READY
