"""What the page of one package shows: its facts, what may be done now, and what has happened."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest

from clickcollect.oms.access import Actor, get_package
from clickcollect.oms.commands.available import Offer, offers_of
from clickcollect.oms.log.conflicts import why_held_back
from clickcollect.oms.models import Package
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.clock import go_by_store
from clickcollect.omsweb.timeline import MOST_ENTRIES, TimelineLine, timeline_of_package
from clickcollect.whisperer.models import Delivery

MOST_DELIVERIES: Final = 20


def open_package(request: HttpRequest, *, package_id: int) -> Package:
    """One package of this person's stores; the page goes by its store's clock. Raises NotFound."""
    package = get_package(actor_of(request), package_id=package_id)
    go_by_store(request, package.stock_location)
    return package


@dataclass(kw_only=True)
class PackagePage:
    """Everything the page of one package shows, read anew for every answer."""

    package: Package
    main: Offer | None
    more: list[Offer]
    lock: str
    held_back: str
    timeline: list[TimelineLine]
    items: list[Any]
    deliveries: list[Delivery]

    @classmethod
    def load(cls, *, package: Package, actor: Actor) -> "PackagePage":
        offers = offers_of(package=package, actor=actor)
        return cls(
            package=package,
            main=offers.main,
            more=offers.more,
            lock=offers.lock,
            held_back=why_held_back(package),
            timeline=timeline_of_package(package),
            items=list(package.items.all()[:MOST_ENTRIES]),
            deliveries=deliveries_of(package) if actor.may("hooks:read") else [],
        )


def deliveries_of(package: Package) -> list[Delivery]:
    """How the newest events of this package fared, without their contents."""
    rows = Delivery.objects.filter(event__subject=f"package:{package.pk}").select_related("event", "hook")
    return list(rows.defer("event__payload").order_by("-id")[:MOST_DELIVERIES])
