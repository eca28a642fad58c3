"""A shop that is older than a migration keeps everything when it is brought up to date."""

import pytest
from django.core.management import call_command
from django.db import connections

from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop


@pytest.mark.django_db(transaction=True)
def test_packages_that_were_there_before_get_what_they_are_filtered_by() -> None:
    ready, home = shop.make_package(states.READY), shop.make_package(delivery_type="home_delivery")
    for connection in connections.all(initialized_only=True):
        connection.close()
    call_command("migrate", "oms", "0003", database="owner", verbosity=0)
    call_command("migrate", "oms", database="owner", verbosity=0)
    found = Package.objects.order_by("id").values_list("order_number", "delivery_type")
    assert list(found) == [(ready.order.number, "in_store"), (home.order.number, "home_delivery")]
    assert shop.state_of(ready) == states.READY
