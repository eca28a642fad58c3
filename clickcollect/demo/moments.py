"""When things happen in the demo shop: one step after the other, and people act while their store is open."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from clickcollect.demo.scenes import Scene
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import deadlines, states
from clickcollect.oms.app_settings import SETTINGS

ROAD: Final = (states.WAITING, states.PACKED, states.READY)
ARRIVES_AFTER: Final = timedelta(minutes=2)  # from the web shop to us
HOLD_DAYS: Final = int(SETTINGS["PICKUP_HOLD_DAYS"].default)
PACK_WITHIN: Final = int(SETTINGS["PACK_WITHIN_HOURS"].default)
STEP: Final = timedelta(minutes=15)
PACKING: Final = timedelta(hours=1)  # how long the quickest order waits
A_WEEK_AROUND: Final = range(-8, 9)
FROM_YESTERDAY: Final = range(-1, 9)  # its last opening time may end today


@dataclass(frozen=True, kw_only=True)
class Moments:
    """When an order was placed, and when its package left each state. ``resent``: when its code was sent again."""

    placed: datetime
    left: dict[str, datetime] = field(default_factory=dict)
    resent: datetime | None = None

    @property
    def arrived(self) -> datetime:
        return self.placed + ARRIVES_AFTER


def moments_of(scene: Scene, *, store: RetailStore, hours: int, turn: int, now: datetime) -> Moments:
    """The moments of one order's story. ``hours`` since it was placed, at least; ``turn``: no two are alike."""
    placed = now - timedelta(hours=hours, minutes=7 * turn % 60 + 3)
    spare = timedelta(minutes=5 + 4 * turn % 45)
    if scene is Scene.LATE:
        late = now - timedelta(hours=1 + turn % 4)
        return Moments(placed=earlier(placed, lambda at: packing_due(store, at) <= late))
    if scene is Scene.SOON:
        soon = now + timedelta(minutes=90)
        return Moments(placed=earlier(placed, lambda at: packing_due(store, at - STEP) <= soon))
    if scene is Scene.NOT_COLLECTED:
        return Moments(placed=placed, left=made_ready(store, placed, spare=spare))
    if scene is Scene.ENDS_SOON:
        soon = now + timedelta(hours=1)
        placed = earlier(placed, lambda at: pickup_deadline(store, at - STEP, spare=spare) <= soon)
        resent = last_open(store, now - timedelta(minutes=2), spare=spare)
        return Moments(placed=placed, left=made_ready(store, placed, spare=spare), resent=resent)
    left = steps_back(store, minutes_between(scene, turn=turn), now=now, spare=spare)
    return Moments(placed=min(placed, *(at - PACKING for at in left.values())) if left else placed, left=left)


def minutes_between(scene: Scene, *, turn: int) -> Sequence[int]:
    """How long ago the last step was, and how long the one before it took, and so on."""
    packing = 10 + 5 * turn % 30
    match scene:
        case Scene.READY:  # its message goes out while the demo is loaded
            return (1 + turn % 5, packing)
        case Scene.PACKED | Scene.HOME_PACKED:
            return (15 + 7 * turn % 60,)
        case Scene.DELIVERED | Scene.OVERRIDDEN:
            return (20 + 11 * turn % 90, 70 + 9 * turn % 60, packing)
        case Scene.CANCELLED:
            return (50,)
    return ()


def steps_back(store: RetailStore, minutes: Sequence[int], *, now: datetime, spare: timedelta) -> dict[str, datetime]:
    """When a package left each state, counted from now backwards."""
    moments: list[datetime] = []
    for step in minutes:
        now = last_open(store, now - timedelta(minutes=step), spare=spare)
        moments.append(now)
    return dict(zip(ROAD, reversed(moments), strict=False))


def made_ready(store: RetailStore, placed: datetime, *, spare: timedelta) -> dict[str, datetime]:
    """When a package was packed and made ready that was ordered long ago."""
    packed = first_open(store, placed + 2 * PACKING, spare=spare)
    return {states.WAITING: packed, states.PACKED: first_open(store, packed + STEP, spare=spare)}


def pickup_deadline(store: RetailStore, placed: datetime, *, spare: timedelta) -> datetime:
    ready = made_ready(store, placed, spare=spare)[states.PACKED]
    return deadlines.for_store(store, since=ready, open_days=HOLD_DAYS)


def packing_due(store: RetailStore, placed: datetime) -> datetime:
    return deadlines.packing_due_in(store, since=placed + ARRIVES_AFTER, hours=PACK_WITHIN)


def earlier(moment: datetime, is_so: Callable[[datetime], bool]) -> datetime:
    """The last moment for which that is so."""
    while not is_so(moment):
        moment -= STEP
    return moment


def opening_times(store: RetailStore, *, around: datetime, days: range = A_WEEK_AROUND) -> Iterator[deadlines.Span]:
    """When the store is open, from a week before to a week after; ``days`` from that moment's on."""
    zone = ZoneInfo(store.time_zone)
    today = around.astimezone(zone).date()
    for offset in days:
        yield from deadlines.spans_of(today + timedelta(days=offset), store_hours=store.store_hours, zone=zone)


def last_open(store: RetailStore, moment: datetime, *, spare: timedelta) -> datetime:
    """That moment if the store was open then, else a little before it closed."""
    _opens, ends = [span for span in opening_times(store, around=moment) if span[0] <= moment][-1]
    return moment if moment <= ends else ends - spare


def first_open(store: RetailStore, moment: datetime, *, spare: timedelta) -> datetime:
    """That moment if the store was open then, else a little after it opened."""
    opens = next(opens for opens, ends in opening_times(store, around=moment, days=FROM_YESTERDAY) if moment <= ends)
    return max(moment, opens + spare) if moment < opens else moment
