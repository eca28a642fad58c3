"""The tabs are decided once: Instore and OMS WEB put the same packages under the same words."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from clickcollect.oms import states
from clickcollect.oms.lists import NOT_COLLECTED, TABS, Tab
from clickcollect.oms.models import Package
from tests import shop

pytestmark = pytest.mark.django_db


def numbers_under(client: Client, address: str, tab: Tab, packages: list[Package]) -> set[str]:
    page = client.get(f"{address}?tab={tab.key}").content.decode()
    return {str(package.number) for package in packages if str(package.number) in page}


def test_both_doors_put_the_same_packages_under_each_tab() -> None:
    packages = [shop.make_package(number) for number in states.NAMES]
    due, past = shop.make_package(states.READY), shop.make_package(states.READY)
    later = timezone.now() + timedelta(days=1)
    Package.objects.filter(pk=due.pk).update(due_at=shop.PAST, pickup_deadline=later)
    Package.objects.filter(pk=past.pk).update(due_at=shop.PAST, pickup_deadline=shop.PAST)
    packages += [due, past]
    instore, omsweb = Client(), Client()
    instore.force_login(shop.make_user("associate", due.stock_location))
    omsweb.force_login(shop.make_user("operator"))
    for tab in TABS:
        found = numbers_under(instore, "/instore/", tab, packages)
        assert found == numbers_under(omsweb, "/oms/packages/", tab, packages)
        assert found == {
            str(package.number)
            for package in packages
            if package.state.enum_value in tab.states and (tab is not NOT_COLLECTED or package == past)
        }
