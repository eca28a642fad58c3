"""Search across everything: packages, orders, stores, staff, settings. A few of each; what was asked is not kept."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from clickcollect.accounts.models import User
from clickcollect.omnitron.models import Order, RetailStore
from clickcollect.oms import search
from clickcollect.oms.access import packages_of
from clickcollect.oms.app_settings import SETTINGS
from clickcollect.oms.repair_models import WAITING, OrderToRepair
from clickcollect.omsweb.actor import actor_of, may
from clickcollect.omsweb.listing import clean_text
from clickcollect.omsweb.orders import order_search
from clickcollect.omsweb.repairs import repair_search

EACH: Final = 8
SHORTEST: Final = 2


def find_everywhere(request: HttpRequest, text: str) -> list[SearchResult]:
    """What this person may see that fits, the most wanted kind first."""
    asked = clean_text(text)
    if len(asked) < SHORTEST:
        return []
    return [
        *packages(request, asked),
        *orders(request, asked),
        *repairs(request, asked),
        *stores(request, asked),
        *staff(request, asked),
        *settings(request, asked),
    ]


def packages(request: HttpRequest, asked: str) -> Iterator[SearchResult]:
    rows = packages_of(actor_of(request))
    found = search.by_label(rows, asked) or list(search.matching(rows, asked).order_by("-pk")[:EACH])
    for row in found:
        description = f"{_('Package')}, {row.order.customer_name}, {_(row.state.name)}"
        link = reverse("omsweb:oms_package_change", args=[row.pk])
        yield SearchResult(title=str(row.number), description=description, link=link, icon="package_2")


def orders(request: HttpRequest, asked: str) -> Iterator[SearchResult]:
    if not may(request, "orders:read"):
        return
    for row in order_search(request)(Order.objects.all(), asked).order_by("-pk")[:EACH]:
        description = f"{_('Order')}, {row.customer_name}, {row.get_status_display()}"
        link = reverse("omsweb:omnitron_order_change", args=[row.pk])
        yield SearchResult(title=row.number, description=description, link=link, icon="receipt_long")


def repairs(request: HttpRequest, asked: str) -> Iterator[SearchResult]:
    if not may(request, "orders:read"):
        return
    for row in repair_search(OrderToRepair.objects.filter(WAITING), asked).order_by("pk")[:EACH]:
        link = reverse("omsweb:oms_ordertorepair_change", args=[row.pk])
        yield SearchResult(
            title=row.number, description=f"{_('Order to repair')}, {row.channel}", link=link, icon="build"
        )


def stores(request: HttpRequest, asked: str) -> Iterator[SearchResult]:
    if not may(request, "stores:write"):
        return
    fits = Q(name__icontains=asked) | Q(erp_code__istartswith=asked) | Q(city__icontains=asked)
    for row in RetailStore.objects.filter(fits)[:EACH]:
        link = reverse("omsweb:omnitron_retailstore_change", args=[row.pk])
        yield SearchResult(title=row.name, description=f"{_('Store')}, {row.erp_code}", link=link, icon="storefront")


def staff(request: HttpRequest, asked: str) -> Iterator[SearchResult]:
    if not may(request, "staff:read"):
        return
    fits = Q(username__icontains=asked) | Q(first_name__icontains=asked) | Q(last_name__icontains=asked)
    for row in User.objects.filter(fits)[:EACH]:
        link = reverse("omsweb:accounts_user_change", args=[row.pk])
        yield SearchResult(title=row.get_full_name(), description=row.get_role_display(), link=link, icon="person")


def settings(request: HttpRequest, asked: str) -> Iterator[SearchResult]:
    if not may(request, "settings:read"):
        return
    fitting = (item for item in SETTINGS.values() if asked.lower() in f"{item.key} {item.title} {item.help}".lower())
    for item in islice(fitting, EACH):
        link = reverse("omsweb:setting", args=[item.key])
        yield SearchResult(title=str(item.title), description=item.key, link=link, icon="tune")
