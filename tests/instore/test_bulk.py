"""Many packages at once: each gets its own next step, and what must be looked at first is not led past it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clickcollect.accounts.models import Role
from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop
from tests.markup import markup

pytestmark = pytest.mark.django_db(transaction=True)


def held(state: str, **columns: Any) -> Package:
    package = shop.make_package(state)
    Package.objects.filter(pk=package.pk).update(**columns)
    return shop.reread(package)


def steps(client: Client, *packages: Package) -> dict[str, set[str]]:
    """By a button's words, the numbers of its packages."""
    numbers = ",".join(str(package.number) for package in packages)
    page = markup(client.get(f"/instore/bulk/?numbers={numbers}"))
    found = re.findall(r'data-bulk="([^"]+)"[^>]*>\s*([^<]+?)\s*<', page)
    return {words: set(re.findall(r"PK-\d+", addresses)) for addresses, words in found}


@pytest.mark.parametrize("first", ["free", "held"])
def test_what_must_be_taken_out_or_seen_on_its_shelf_is_confirmed_and_not_led_on(client: Client, first: str) -> None:
    free, changed = shop.make_package(states.PACKED), held(states.PACKED, take_out=["1 × Ceramic mug"])
    restored = held(states.READY, shelf_unconfirmed_since=timezone.now())
    order = {"free": 1, "held": -1}[first]
    for at, package in enumerate([free, changed, restored]):  # the most urgent is asked first
        Package.objects.filter(pk=package.pk).update(due_at=timezone.now() + timedelta(hours=order * at))
    client.force_login(shop.make_user(Role.ASSOCIATE, free.stock_location))

    assert steps(client, free, changed, restored) == {
        "Ready for customer pickup (1)": {free.number},
        "Confirm taken out (1)": {changed.number},
        "Confirm on shelf (1)": {restored.number},
    }
