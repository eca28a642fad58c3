"""Whose order it is: one order of a Shopify shop is one order here, whichever door brings it and in whatever sequence.

A webhook says of which shop it is, an export, a program or a person may not. Where the order stands already, or waits
to be repaired, its channel counts and not the one that the door names. Other channels stand as they are named.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import Q
from pydantic_core import PydanticCustomError

from clickcollect.omnitron.field_types import read_moment
from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_schema import OrderIn, value_at
from clickcollect.oms.connector_models import LONGEST_CHANNEL
from clickcollect.oms.orders.statements import FoundOrders
from clickcollect.oms.personal_terms import phone_term
from clickcollect.oms.repair_models import WAITING, OrderToRepair

SHOPIFY: Final = "shopify"
UNNAMED_SHOP: Final = "Shopify"  # of orders that do not say of which shop they are: an export's, and all of before
UNNAMED: Final = (SHOPIFY, UNNAMED_SHOP)
DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
OF_SHOPIFY: Final = Q(channel__in=UNNAMED) | Q(channel__startswith=f"{SHOPIFY}:")
NUMBER_LOCK: Final = 0x0AE  # apart from every other advisory lock
LOCK_NUMBERS: Final = """
SELECT pg_advisory_xact_lock(%s::int, key) FROM (
    SELECT DISTINCT hashtext(number) AS key FROM unnest(%s::text[]) AS number ORDER BY key
) numbers
"""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An order as a door names it: its ``channel``, number and time. ``order``: all of it, where it could be read."""

    channel: str
    number: str
    date_placed: datetime | None
    order: OrderIn | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an order stands: the channel that counts, and the order that is there; None where it only waits."""

    channel: str
    order_id: int | None = None


def channel_of_shop(domain: str) -> str:
    """The channel of a shop: `shopify:<domain>`; a domain that is too long ends in what tells it apart."""
    if not DOMAIN.fullmatch(domain):
        return SHOPIFY
    channel = f"{SHOPIFY}:{domain}"
    if len(channel) <= LONGEST_CHANNEL:
        return channel
    apart = hashlib.sha256(domain.encode()).hexdigest()[:12]
    return f"{channel[: LONGEST_CHANNEL - len(apart) - 1]}-{apart}"


def shop_and_secret(entry: str) -> tuple[str, str]:
    """Of a part of `SHOPIFY_WEBHOOK_SECRET`: the domain that a secret is for, empty for any, and the secret."""
    domain, colon, secret = entry.strip().partition(":")
    if colon and DOMAIN.fullmatch(domain.lower()):
        return domain.lower(), secret
    return "", entry.strip()


def export_channel() -> str:
    """What a Shopify export is named: the one shop that is connected, else no shop."""
    shops = {shop for shop, _secret in map(shop_and_secret, settings.SHOPIFY_WEBHOOK_SECRET) if shop}
    return channel_of_shop(shops.pop()) if len(shops) == 1 else UNNAMED_SHOP


def is_of_shopify(channel: str) -> bool:
    return channel in UNNAMED or channel.startswith(f"{SHOPIFY}:")


def with_standing_channels(orders: Sequence[OrderIn], found: FoundOrders) -> tuple[list[OrderIn], FoundOrders]:
    """The orders under the channels in which they stand, and what was found of them.

    Inside the transaction that takes them in, after looking. Nobody else takes in an order of these numbers meanwhile.
    """
    claims = [
        Claim(channel=order.channel, number=order.number, date_placed=order.date_placed, order=order)
        for order in orders
        if is_of_shopify(order.channel) and (order.channel, order.number) not in found.kept
    ]
    if not claims:
        return list(orders), found
    lock_numbers(claim.number for claim in claims)
    standing = {(claim.channel, claim.number): where for claim, where in standings(claims)}
    named: list[OrderIn] = []
    kept, waiting = dict(found.kept), set(found.waiting)
    for order in orders:
        where = standing.get((order.channel, order.number))
        named.append(order.model_copy(update={"channel": where.channel}) if where else order)
        if where and where.order_id is not None:
            kept[where.channel, order.number] = where.order_id
        elif where:
            waiting.add((where.channel, order.number))
    return named, replace(found, kept=kept, waiting=waiting)


def lock_numbers(numbers: Iterable[str]) -> None:
    """Until the transaction ends nobody else takes in an order of Shopify under one of these numbers."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_NUMBERS, [NUMBER_LOCK, list(numbers)])


def standing_channel(*, channel: str, number: str, date_placed: datetime | None) -> str:
    """The channel under which an order stands or waits; else the one that the door names."""
    if not is_of_shopify(channel):
        return channel
    claim = Claim(channel=channel, number=number, date_placed=date_placed)
    return next((where.channel for _claim, where in standings([claim])), channel)


def standings(claims: Sequence[Claim]) -> Iterable[tuple[Claim, Standing]]:
    """Where each order stands that does; what only waits to be repaired comes after what is there."""
    numbers = [claim.number for claim in claims]
    orders = Order.objects.filter(OF_SHOPIFY, number__in=numbers).order_by("pk")
    there: dict[str, list[Order]] = {}
    for order in orders:
        there.setdefault(order.number, []).append(order)
    waiting: dict[str, list[OrderToRepair]] = {}
    for row in OrderToRepair.objects.filter(WAITING, OF_SHOPIFY, reference__in=numbers).order_by("pk"):
        waiting.setdefault(row.reference, []).append(row)
    for claim in claims:
        same = [
            Standing(channel=order.channel, order_id=order.pk)
            for order in there.get(claim.number, ())
            if is_same_order(order, claim)
        ]
        same += [Standing(channel=row.channel) for row in waiting.get(claim.number, ()) if is_same_waiting(row, claim)]
        if same and not are_several_shops(same):
            yield claim, next((one for one in same if one.channel == claim.channel), same[0])


def is_same_order(order: Order, claim: Claim) -> bool:
    """Whether an order that is there is the one that a door names.

    An order that nobody gave a time is known by its customer: such a number may be another shop's too.
    """
    if order.channel == claim.channel:
        return True
    if not is_one_shop(order.channel, claim.channel):
        return False
    if claim.date_placed is None or not order.is_dated:
        return claim.order is not None and is_reached_alike(order, claim.order)
    return order.date_placed == claim.date_placed


def is_same_waiting(row: OrderToRepair, claim: Claim) -> bool:
    """The same of an order that waits to be repaired."""
    if not is_one_shop(row.channel, claim.channel):
        return False
    placed = placed_at(row.document)
    if claim.date_placed is None or placed is None:
        phone = phone_term(str(value_at(row.document, "customer", "phone_number")))
        return bool(phone) and claim.order is not None and phone == phone_term(claim.order.customer.phone_number)
    return placed == claim.date_placed


def is_reached_alike(order: Order, sent: OrderIn) -> bool:
    """Whether phone or e-mail is the same."""
    email = (sent.customer.email or "").casefold()
    return sent.customer.phone_number == order.phone_number or (bool(email) and email == order.email.casefold())


def is_one_shop(one: str, other: str) -> bool:
    """Whether two channels may be one shop: where they are the same, or one of them says of no shop."""
    return one == other or one in UNNAMED or other in UNNAMED


def are_several_shops(same: Sequence[Standing]) -> bool:
    """Whether nobody can say of which shop it is."""
    return len({one.channel for one in same if one.channel not in UNNAMED}) > 1


def placed_at(document: dict[str, Any]) -> datetime | None:
    """When an order to repair was placed, where it says so in a way that can be read."""
    try:
        return read_moment(document["date_placed"])
    except (KeyError, PydanticCustomError):
        return None
