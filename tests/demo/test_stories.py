"""Every package of the demo shop tells a story that can have happened: each step after the one before."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.test import TestCase
from django.utils import timezone

from clickcollect.demo.load import load_demo_shop
from clickcollect.demo.moments import HOLD_DAYS, PACK_WITHIN, opening_times
from clickcollect.demo.orders import demo_orders
from clickcollect.demo.places import STORES
from clickcollect.demo.scenes import Scene
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import deadlines, states
from clickcollect.oms.log_models import CommandLog, LogKind, NoteKind, OverrideReview
from clickcollect.oms.models import CodeIssue, Package
from clickcollect.whisperer.models import Delivery, Event

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = [MONDAY + timedelta(hours=hour, minutes=17 * hour % 60) for hour in range(7 * 24)]


def is_open(store: RetailStore, moment: datetime) -> bool:
    return any(opens <= moment <= ends for opens, ends in opening_times(store, around=moment))


@pytest.mark.parametrize("now", WEEK, ids=str)
def test_whenever_it_is_loaded_people_act_in_order_and_while_their_store_is_open(now: datetime) -> None:
    for demo in demo_orders(now):
        moments = demo.moments
        store = RetailStore(erp_code=demo.store, **STORES[demo.store])
        by_people = [*moments.left.values(), *([moments.resent] if moments.resent else [])]
        story = [moments.placed, moments.arrived, *by_people, now]
        assert all(before <= after for before, after in pairwise(story)), demo
        assert all(is_open(store, moment) for moment in by_people), demo
        if demo.scene in {Scene.ENDS_SOON, Scene.NOT_COLLECTED}:
            until = deadlines.for_store(store, since=moments.left[states.PACKED], open_days=HOLD_DAYS)
            ahead = until - now
            assert (timedelta(0) < ahead < timedelta(hours=26)) == (demo.scene is Scene.ENDS_SOON), demo


def faults_of(package: Package, log: list[CommandLog], *, now: datetime) -> list[str]:
    """What cannot have happened so."""
    moves = {row.new_state: row.at for row in log if row.kind == LogKind.MOVE}
    until = package.state_changed_at if package.has_ended else now
    return [
        *faults_of_steps(package, log, moves),
        *faults_of_deadlines(package, log, until=until),
        *([] if is_message_possible(package, until=until) else ["a message before its code, or after its end"]),
        *(
            f"somebody worked at {row.at} while the store was closed"
            for row in log
            if row.actor_id and not is_open(package.stock_location, row.at)
        ),
    ]


def faults_of_steps(package: Package, log: list[CommandLog], moves: dict[str, datetime]) -> Iterator[str]:
    placed = package.order.date_placed
    road = [moves[state] for state in (states.PACKED, states.READY, *states.ENDED) if state in moves]
    if len(road) != len(moves) or not all(before < after for before, after in pairwise([placed, *road])):
        yield "steps out of order"
    times = [row.at for row in log]
    if times != sorted(times) or not placed < times[0] == package.created_date:
        yield "log out of order"
    if package.state_changed_at != (road[-1] if road else package.created_date):
        yield "in its state since another time than its last move"
    if not package.state_changed_at <= package.modified_date:
        yield "changed before its last move"
    if package.ready_at != moves.get(states.READY):
        yield "ready at another time than its move"


def faults_of_deadlines(package: Package, log: list[CommandLog], *, until: datetime) -> Iterator[str]:
    store, deadline = package.stock_location, package.pickup_deadline
    wanted = package.ready_at and deadlines.for_store(store, since=package.ready_at, open_days=HOLD_DAYS)
    if deadline != wanted:
        yield "collect by another day than its days after it was ready"
    if package.is_ready and package.due_at != deadline:
        yield "due at another time than its deadline"
    to_pack = deadlines.packing_due_in(store, since=package.created_date, hours=PACK_WITHIN)
    if package.state.enum_value == states.WAITING and package.due_at != to_pack:
        yield "to be packed by another time than its hours"
    passed = [row.at for row in log if row.note_kind == NoteKind.PICKUP_EXPIRED]
    over = [deadline] if deadline is not None and deadline < until else []
    if passed != over or package.expired_for != (over[0] if over else None):
        yield "its time did not pass when it did"


def is_message_possible(package: Package, *, until: datetime) -> bool:
    if package.ready_at is None:
        return package.message_at is None
    return package.message_at is not None and package.ready_at <= package.message_at <= until


class TheStories(TestCase):
    """One loading, and every package of it."""

    packages: list[Package]
    logs: dict[int | None, list[CommandLog]]

    @classmethod
    def setUpTestData(cls) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EXTENSION_WEBHOOK_SECRET", "demo-secret")
            load_demo_shop()
        cls.packages = list(Package.objects.select_related("order", "state", "stock_location"))
        cls.logs = defaultdict(list)
        for row in CommandLog.objects.order_by("pk"):
            cls.logs[row.package_id].append(row)

    def test_every_package_tells_a_story_that_can_have_happened(self) -> None:
        now = timezone.now()
        found = {str(one): wrong for one in self.packages if (wrong := faults_of(one, self.logs[one.pk], now=now))}
        assert len(self.packages) > 700
        assert found == {}

    def test_control_a_package_that_was_dated_back_alone_is_found(self) -> None:
        package = next(one for one in self.packages if one.is_ready)
        package.ready_at = package.state_changed_at = package.state_changed_at - timedelta(days=10)
        wrong = faults_of(package, self.logs[package.pk], now=timezone.now())
        assert "ready at another time than its move" in wrong
        assert "in its state since another time than its last move" in wrong

    def test_nothing_is_in_the_future(self) -> None:
        now = timezone.now()
        for model, column in (
            (CommandLog, "at"), (Event, "issued_at"), (CodeIssue, "issued_at"), (CodeIssue, "closed_at"),
            (Delivery, "queued_at"), (Delivery, "finished_at"), (OverrideReview, "reviewed_at"),
            (Package, "created_date"), (Package, "message_at"), (Package, "modified_date"),
        ):  # fmt: skip
            assert not model._default_manager.filter(**{f"{column}__gt": now}).exists(), (model, column)

    def test_no_event_and_no_code_is_older_than_what_it_tells_of(self) -> None:
        by_subject = {f"package:{one.pk}": one for one in self.packages}
        for event in Event.objects.filter(subject__startswith="package:"):
            package = by_subject[event.subject]
            moments = {row.at for row in self.logs[package.pk]}
            assert event.issued_at in moments, f"{event.type} of {package}"
        for issue in CodeIssue.objects.select_related("package"):
            assert issue.issued_at == issue.package.ready_at
            assert issue.closed_at is None or issue.closed_at == issue.package.state_changed_at
        for delivery in Delivery.objects.select_related("event"):
            assert delivery.event.issued_at <= delivery.queued_at <= (delivery.finished_at or delivery.queued_at)

    def test_the_log_of_today_was_written_in_its_order(self) -> None:
        today = {one.pk for one in self.packages if one.order.number > "DEMO-1000"}
        rows = [row.at for row in CommandLog.objects.filter(package_id__in=today).order_by("pk")]
        late = [row.at for row in CommandLog.objects.filter(note_kind=NoteKind.PICKUP_EXPIRED, package_id__in=today)]
        in_turn = [at for at in rows if at not in late]
        assert in_turn == sorted(in_turn)
