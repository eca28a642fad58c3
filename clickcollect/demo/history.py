"""Thirty days of the demo shop's past: packages as they ended, with the rows of the log that tell of them.

No road leads into the past, so these are written as they ended and never move: the same columns and log rows that
`run_command` leaves behind, at the times at which people would have worked. Nobody heard of them, so no event tells
of them. The stores differ: one is fast, one is behind, one hands over without the code too often.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from clickcollect.accounts.models import User
from clickcollect.demo.moments import HOLD_DAYS, first_open
from clickcollect.demo.orders import CHANNELS, PRODUCTS
from clickcollect.omnitron.models import DeliveryType, Order, OrderItem, OrderStatus, RetailStore
from clickcollect.oms import deadlines, search, states
from clickcollect.oms.log_models import OVERRIDE, CommandLog, LogKind, LogNote, NoteKind, OverrideReview
from clickcollect.oms.models import CommandTransition, MessageState, Package, PackageItem, PackageState

DAYS: Final = 30
NUMBERS: Final = "DEMO-0"
RESEND: Final = "RESEND_CODE"
REVIEWED_AFTER: Final = timedelta(days=2)
STORY: Final = 20481  # where the dice begin: the same past every time
HOURS: Final = (10, 11, 11, 12, 12, 12, 13, 13, 14, 15, 16, 16, 17, 17, 17, 18, 18, 18, 19, 19)
DAYS_WAITED: Final = (0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6)
FIRST_NAMES: Final = (
    "Ada", "Baran", "Cem", "Derya", "Ece", "Ferdi", "Gizem", "Hakan", "Irmak", "Kaan", "Leyla", "Murat", "Nil", "Onur",
    "Pelin", "Rana", "Serkan", "Tuna", "Umut", "Yasemin", "Hannah", "Jonas", "Oscar", "Sophie",
)  # fmt: skip
LAST_NAMES: Final = (
    "Acar", "Bulut", "Ceylan", "Duman", "Eren", "Güneş", "Işık", "Kaplan", "Keskin", "Polat", "Sezer", "Tekin", "Uysal",
    "Yavuz", "Becker", "Harris", "Lange", "Martin", "Walker", "Winter",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How a store works: orders a day, opening hours until one is ready, and shares of what goes wrong."""

    orders: int
    hours_to_ready: float
    not_collected: float = 0.03
    overridden: float = 0.02
    wrong_codes: float = 0.06
    resent: float = 0.05


STORES: Final = {
    "IST-01": Quality(orders=12, hours_to_ready=2.5),
    "IST-02": Quality(orders=7, hours_to_ready=1.2, wrong_codes=0.03, overridden=0.005),
    "BER-01": Quality(orders=9, hours_to_ready=6.5, not_collected=0.09),
    "LON-01": Quality(orders=5, hours_to_ready=4, overridden=0.11, wrong_codes=0.11),
}
SIGNS: Final = {"IST-01": "manager"}  # elsewhere the operator does
STAFF: Final = {
    "IST-01": ("associate", "associate", "associate", "manager"),
    "IST-02": ("operator",),
    "BER-01": ("associate2",),
    "LON-01": ("operator",),
}


@dataclass(kw_only=True)
class Story:
    """One package's life: when each thing happened, by whom, and its rows in the log, oldest first."""

    store: RetailStore
    placed: datetime
    packed: datetime
    ready: datetime
    ended: datetime
    deadline: datetime
    end: str  # a state's number
    worker: User
    shelf: str
    rows: list[CommandLog] = field(default_factory=list)

    @property
    def resent(self) -> datetime:
        """When the code was sent again, if it was."""
        return self.ended - timedelta(minutes=3)

    @property
    def sent(self) -> datetime:
        """When the newest message went out."""
        return self.resent if any(row.command_code == RESEND for row in self.rows) else self.ready


def load_history(*, now: datetime, staff: dict[str, User]) -> None:
    """Write the past, all of it or nothing, once. It ends an hour ago."""
    if Order.objects.filter(number__startswith=NUMBERS).exists():
        return
    dice = Random(STORY)  # noqa: S311 (a story, no secret)
    stories = sorted(stories_of_days(dice, now, staff), key=lambda story: story.placed)
    with transaction.atomic():
        packages = write_packages(stories, dice)
        write_log(stories, packages, now=now, staff=staff)


def stories_of_days(dice: Random, now: datetime, staff: dict[str, User]) -> Iterator[Story]:
    """What happened in each store on each day."""
    stores = {store.erp_code: store for store in RetailStore.objects.filter(erp_code__in=STORES)}
    for erp_code, quality in STORES.items():
        for back in range(DAYS, -1, -1):
            for _order in range(dice.randint(quality.orders - 3, quality.orders + 3)):
                placed = now - timedelta(days=back, minutes=dice.randint(0, 24 * 60 - 1))
                worker = staff[dice.choice(STAFF[erp_code])]
                story = one_story(dice, stores[erp_code], quality, placed=placed, worker=worker)
                if story.ended < now - timedelta(hours=1):
                    yield story


def one_story(dice: Random, store: RetailStore, quality: Quality, *, placed: datetime, worker: User) -> Story:
    """From the order to its end, at times at which the store was open."""
    open_hours = min(max(dice.gauss(quality.hours_to_ready, quality.hours_to_ready / 3), 0.3), 20)
    whole = int(open_hours)
    spare = timedelta(minutes=dice.randint(1, 35))
    due = deadlines.packing_due_in(store, since=placed, hours=max(whole, 1)) - spare
    packed = first_open(store, due - timedelta(minutes=dice.randint(1, 12)), spare=spare)
    ready = first_open(store, max(due, packed + timedelta(minutes=3)), spare=spare)
    deadline = deadlines.for_store(store, since=ready, open_days=HOLD_DAYS)
    collected = collected_at(dice, store, ready=ready)
    is_collected = dice.random() >= quality.not_collected and collected < deadline
    return Story(
        store=store,
        placed=placed,
        packed=packed,
        ready=ready,
        ended=collected if is_collected else first_open(store, deadline + timedelta(hours=14), spare=spare),
        deadline=deadline,
        end=states.DELIVERED if is_collected else states.RETURNED,
        worker=worker,
        shelf=f"{dice.choice('ABCD')}-{dice.randint(1, 12):02d}",
        rows=list(mishaps(dice, quality)) if is_collected else [],
    )


def collected_at(dice: Random, store: RetailStore, *, ready: datetime) -> datetime:
    """A moment at which the store is open, some days later, at an hour at which people come."""
    day = deadlines.for_store(store, since=ready, open_days=dice.choice(DAYS_WAITED) or 1)
    moment = day.replace(hour=dice.choice(HOURS), minute=dice.randint(5, 59))
    moment = max(moment, ready + timedelta(minutes=dice.randint(45, 180)))
    return first_open(store, moment, spare=timedelta(minutes=dice.randint(5, 90)))


def mishaps(dice: Random, quality: Quality) -> Iterator[CommandLog]:
    """What went wrong at the counter or before, as rows that get their package and time later."""
    if dice.random() < quality.resent:
        yield CommandLog(kind=LogKind.NOTE, note_kind="", command_code=RESEND, slug="resend-code")
    if dice.random() < quality.wrong_codes:
        code = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
        yield CommandLog(
            kind=LogKind.REFUSED,
            note_kind="",
            command_code=code,
            slug="self-service-package-delivery",
            code="otp_incorrect",
        )
    if dice.random() < quality.overridden:
        yield CommandLog(kind=LogKind.MOVE, note_kind="", command_code=OVERRIDE)


def write_packages(stories: list[Story], dice: Random) -> list[Package]:
    """Orders, packages and what is in them."""
    numbers = count(1)
    orders = [order_of(story, next(numbers), dice) for story in stories]
    items = [list(items_of(order, dice)) for order in orders]
    for order, lines in zip(orders, items, strict=True):
        order.amount = sum((item.quantity * Decimal(item.price or 0) for item in lines), Decimal(0))
    Order.objects.bulk_create(orders)
    OrderItem.objects.bulk_create([item for lines in items for item in lines])
    ends = {row.enum_value: row for row in PackageState.objects.filter(enum_value__in=states.ENDED)}
    packages = Package.objects.bulk_create(
        [
            package_of(story, order, ends[story.end], pieces=sum(item.quantity for item in lines))
            for story, order, lines in zip(stories, orders, items, strict=True)
        ]
    )
    PackageItem.objects.bulk_create(
        [
            PackageItem(package=package, order_item=item, sku=item.sku, name=item.name, quantity=item.quantity)
            for package, lines in zip(packages, items, strict=True)
            for item in lines
        ]
    )
    search.update_indexes(packages)
    written = Package.objects.filter(order__in=orders)
    written.update(modified_date=F("state_changed_at"))
    Order.objects.filter(packages__in=written).update(created_date=F("date_placed"), modified_date=F("ended_at"))
    return packages


def order_of(story: Story, number: int, dice: Random) -> Order:
    """An order that has ended. Numbers are from ranges for fiction."""
    is_delivered = story.end == states.DELIVERED
    return Order(
        number=f"{NUMBERS}{number:03d}",
        channel=dice.choice(CHANNELS),
        status=OrderStatus.DELIVERED if is_delivered else OrderStatus.CANCELED,
        delivery_type=DeliveryType.IN_STORE,
        retail_store=story.store,
        date_placed=story.placed,
        language_code=story.store.language_code,
        currency=story.store.currency,
        amount=0,  # of its lines, when they are there
        first_name=dice.choice(FIRST_NAMES),
        last_name=dice.choice(LAST_NAMES),
        email=f"customer{number:04d}@example.com",
        phone_number=f"+4670174{dice.randint(605, 699):04d}",
        shipping_address={"address_type": "retail_store", "retail_store": story.store.erp_code},
        ended_at=story.ended,
    )


def items_of(order: Order, dice: Random) -> Iterator[OrderItem]:
    """One to three lines."""
    for sku, name, price in dice.sample(PRODUCTS, dice.randint(1, 3)):
        yield OrderItem(order=order, sku=sku, name=name, quantity=dice.choice((1, 1, 1, 2)), price=price)


def package_of(story: Story, order: Order, end: PackageState, *, pieces: int) -> Package:
    """The package as it ended. Its code is gone with it: no issue is written, for there is none to open."""
    over = story.deadline if story.end == states.RETURNED else None
    return Package(
        order=order,
        stock_location=story.store,
        state=end,
        version=4,
        state_changed_at=story.ended,
        ready_at=story.ready,
        pickup_deadline=story.deadline,
        issue_number=1,
        message_state=MessageState.DELIVERED,
        message_at=story.sent + timedelta(seconds=4),
        reminded_for=over,
        expired_for=over,
        shelf=story.shelf,
        bags=1 + pieces // 4,
        item_count=pieces,
        created_date=story.placed + timedelta(minutes=2),
    )


def write_log(stories: list[Story], packages: list[Package], *, now: datetime, staff: dict[str, User]) -> None:
    """The log of all of them, in the order in which it would have been written, and the reviews of handovers.

    Every row says each of its fields: one that the database fills in makes Django write all of them the long way.
    """
    commands = {row.slug: row for row in CommandTransition.objects.all()}
    pairs = zip(stories, packages, strict=True)
    rows = [row for story, package in pairs for row in rows_of(story, package, commands, staff)]
    CommandLog.objects.bulk_create(sorted(rows, key=lambda row: row.at), batch_size=1000)
    overrides = [row for row in rows if row.command_code == OVERRIDE]
    words = "Phone lost; the customer showed an identity card."
    LogNote.objects.bulk_create(
        [LogNote(log_id=row.pk, package_id=row.package_id, kind="reason", text=words) for row in overrides]
    )
    OverrideReview.objects.bulk_create(
        [
            OverrideReview(log_id=row.pk, reviewed_by=staff["admin"].pk, reviewed_at=row.at + timedelta(hours=20))
            for row in overrides
            if row.at < now - REVIEWED_AFTER
        ]
    )


def rows_of(
    story: Story, package: Package, commands: dict[str, CommandTransition], staff: dict[str, User]
) -> Iterator[CommandLog]:
    """What the log says of one package, oldest first."""
    slugs = {
        states.PACKED: "complete-packaging-without-shipment",
        states.READY: "ready-for-customer-pickup",
        states.DELIVERED: "self-service-package-delivery",
        states.RETURNED: "return-to-stock",
    }
    overridden = any(row.command_code == OVERRIDE for row in story.rows)
    last = "deliver-without-code" if overridden else slugs[story.end]
    ids = {"package_id": package.pk, "order_id": package.order_id, "store_id": story.store.pk}
    made = CommandLog(kind=LogKind.NOTE, note_kind=NoteKind.CREATED, at=package.created_date, channel="OMS WEB", **ids)
    made.attributes = {"channel": "OMS WEB"}
    yield made
    if story.end == states.RETURNED:
        yield CommandLog(
            kind=LogKind.NOTE, note_kind=NoteKind.PICKUP_EXPIRED, at=story.deadline, channel=made.channel, **ids
        )
    signs = staff[SIGNS.get(story.store.erp_code, "operator")]
    channel = str(story.worker.channel)
    for row in story.rows:
        if row.command_code != OVERRIDE:
            row.at = story.ended - timedelta(seconds=40) if row.code else story.resent
            row.actor_id, row.channel, row.attributes = story.worker.pk, channel, {"channel": channel}
            row.package_id, row.order_id, row.store_id = package.pk, package.order_id, story.store.pk
            yield row
    moves: tuple[tuple[str, str, str, datetime, dict[str, Any]], ...] = (
        (slugs[states.PACKED], states.WAITING, states.PACKED, story.packed, {}),
        (slugs[states.READY], states.PACKED, states.READY, story.ready, {"otp.issue": 1, "otp.issued": True}),
        (last, states.READY, story.end, story.ended, ending(story.end, overridden=overridden)),
    )
    for slug, old, new, at, more in moves:
        command = commands[slug]
        who = signs if slug == "deliver-without-code" else story.worker
        words = {"command.id": command.pk, "command.code": command.command_code, "command.name": command.name}
        yield CommandLog(
            kind=LogKind.MOVE, note_kind="", at=at, old_state=old, new_state=new,
            actor_id=who.pk, channel=str(who.channel), command_code=command.command_code, slug=slug,
            attributes={"channel": str(who.channel), "command.slug": slug, **words, **more}, **ids,
        )  # fmt: skip


def ending(end: str, *, overridden: bool) -> dict[str, Any]:
    """What the last row says of the code."""
    if overridden:
        return {"override": True, "override.evidence": "id_document"}
    return {"otp.issue": 1, "otp.verified": True} if end == states.DELIVERED else {}
