"""The scenes of the demo shop: how far each of its orders has come."""

from enum import Enum
from typing import Final

from clickcollect.oms import states


class Scene(Enum):
    """How far an order has come: the state its package ends in."""

    WAITING = states.WAITING
    LATE = "late to be packed"
    SOON = "soon to be packed"
    PACKED = states.PACKED
    READY = states.READY
    ENDS_SOON = "ready, and its time ends soon"
    NOT_COLLECTED = "ready, and its time is over"
    DELIVERED = states.DELIVERED
    OVERRIDDEN = "delivered without a code"
    CANCELLED = states.CANCELLED
    HOME_WAITING = "home delivery, to be packed"
    HOME_PACKED = "home delivery, packed"
    HOME_ELSEWHERE = "home delivery that no store packs"

    @property
    def state(self) -> str:
        """The number of the state that its package ends in."""
        late = {
            Scene.LATE: states.WAITING,
            Scene.SOON: states.WAITING,
            Scene.ENDS_SOON: states.READY,
            Scene.NOT_COLLECTED: states.READY,
            Scene.OVERRIDDEN: states.DELIVERED,
            Scene.HOME_WAITING: states.WAITING,
            Scene.HOME_PACKED: states.PACKED,
            Scene.HOME_ELSEWHERE: states.WAITING,
        }
        return late.get(self) or str(self.value)

    @property
    def is_home_delivery(self) -> bool:
        return self in {Scene.HOME_WAITING, Scene.HOME_PACKED, Scene.HOME_ELSEWHERE}


# Scene, and the hours since the order was placed; where its story needs more, more (see `moments.py`).
# The last order of all comes in last, and waits (see `load.py`).
SCENES: Final = {
    "IST-01": (
        (Scene.NOT_COLLECTED, 222),
        (Scene.NOT_COLLECTED, 210),
        (Scene.DELIVERED, 9),
        (Scene.DELIVERED, 8),
        (Scene.DELIVERED, 7),
        (Scene.OVERRIDDEN, 7),
        (Scene.CANCELLED, 7),
        (Scene.ENDS_SOON, 150),
        (Scene.READY, 6),
        (Scene.READY, 6),
        (Scene.READY, 5),
        (Scene.READY, 5),
        (Scene.READY, 4),
        (Scene.PACKED, 4),
        (Scene.PACKED, 3),
        (Scene.PACKED, 3),
        (Scene.HOME_PACKED, 3),
        (Scene.LATE, 30),
        (Scene.LATE, 27),
        (Scene.SOON, 22),
        (Scene.HOME_WAITING, 10),
        (Scene.HOME_ELSEWHERE, 9),
        (Scene.WAITING, 6),
        (Scene.WAITING, 3),
        (Scene.WAITING, 1),
    ),
    "IST-02": ((Scene.DELIVERED, 6), (Scene.READY, 4), (Scene.WAITING, 5), (Scene.WAITING, 2)),
    "BER-01": (
        (Scene.DELIVERED, 9),
        (Scene.READY, 8),
        (Scene.READY, 7),
        (Scene.PACKED, 5),
        (Scene.LATE, 29),
        (Scene.WAITING, 4),
        (Scene.WAITING, 2),
    ),
    "LON-01": (
        (Scene.DELIVERED, 7),
        (Scene.READY, 6),
        (Scene.PACKED, 4),
        (Scene.WAITING, 7),
        (Scene.WAITING, 0),
    ),
}
