"""The demo shop's orders: who bought what, and how far each has come. Phone numbers are from ranges for fiction."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import count
from typing import Any, Final

from clickcollect.omnitron.models import DeliveryType
from clickcollect.oms import states

FIRST_NUMBER: Final = 1001
CHANNELS: Final = ("Webshop", "Mobile app", "Marketplace")


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


# First and last name, phone, language.
PEOPLE: Final = {
    "IST-01": (
        ("Deniz", "Yılmaz", "+46701740605", "tr"),
        ("Elif", "Kılıç", "+46701740606", "tr"),
        ("ليلى", "حداد", "+61491570156", "ar"),
        ("Zeynep", "Öztürk", "+46701740607", "tr"),
        ("Emma", "Brown", "+447700900101", "en"),
        ("Mert", "Şahin", "+46701740608", "tr"),
        ("Jürgen", "von der Heide", "+491713920001", "de"),
        ("Can", "Aydın", "+46701740609", "tr"),
        ("يوسف", "المصري", "+61491570157", "ar"),
        ("Éloïse", "d'Aubigné", "+33639980101", "fr"),
        ("Defne", "Çelik", "+46701740610", "tr"),
        ("Lucía", "Fernández", "+12065550101", "es"),
    ),
    "IST-02": (
        ("Selin", "Arslan", "+46701740611", "tr"),
        ("Kerem", "Doğan", "+46701740612", "tr"),
        ("Noah", "Smith", "+12065550102", "en"),
    ),
    "BER-01": (
        ("Lukas", "Schäfer", "01713920002", "de"),
        ("Mia", "Groß", "01713920003", "de"),
        ("Anneliese", "Weiß", "+491713920004", "de"),
        ("عمر", "خوري", "+61491570158", "ar"),
        ("Emre", "Koç", "+491713920005", "tr"),
    ),
    "LON-01": (
        ("Liam", "Llewellyn", "07700 900102", "en"),
        ("Olivia", "O'Connor", "07700 900103", "en"),
        ("Ava", "Patel", "+447700900104", "en"),
    ),
}

# SKU, name, price.
PRODUCTS: Final = (
    ("TSH-BLK-M", "Organic cotton T-shirt, black, M", "29.90"),
    ("JNS-32-34", "Slim jeans 32/34", "79.00"),
    ("SNK-42-WHT", "Leather sneakers, white, 42", "119.50"),
    ("HDP-BT-NC", "Noise-cancelling headphones", "249.00"),
    ("MUG-CER-01", "Ceramic mug 350 ml", "12.40"),
    ("BAG-TOT-CV", "Canvas tote bag", "18.00"),
    ("TOY-TRN-W", "Wooden train set, 40 pieces", "34.95"),
    ("SKC-CRM-75", "Day cream 75 ml, fragrance-free", "21.50"),
    ("PRF-EDT-50", "Eau de toilette 50 ml", "58.00"),
    ("LMP-DSK-03", "Desk lamp, brass", "64.00"),
)

# Scene, and the hours since the order was placed: what is made ready while the demo is loaded was ordered today.
# The last order of all must be a plain waiting one (see `load.py`).
SCENES: Final = {
    "IST-01": (
        (Scene.NOT_COLLECTED, 264),
        (Scene.NOT_COLLECTED, 250),
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
        (Scene.WAITING, 1),
    ),
}


@dataclass(frozen=True, kw_only=True)
class DemoOrder:
    """One order to play: its document, who handles it, and how far it comes."""

    document: dict[str, Any]
    store: str
    scene: Scene
    placed: datetime
    shelf: str
    bags: int


def demo_orders(now: datetime) -> Iterator[DemoOrder]:
    """All of them, placed in the days before ``now``; the same ones every time."""
    numbers = count(FIRST_NUMBER)
    for store, scenes in SCENES.items():
        for at, (scene, hours) in enumerate(scenes):
            placed = now - timedelta(hours=hours, minutes=7 * at % 60)
            number = next(numbers)
            yield DemoOrder(
                document=document(number, at, store=store, scene=scene, placed=placed),
                store=store,
                scene=scene,
                placed=placed,
                shelf=f"{'ABCD'[at % 4]}-{at % 12 + 1:02d}",
                bags=at % 3 + 1,
            )


def document(number: int, at: int, *, store: str, scene: Scene, placed: datetime) -> dict[str, Any]:
    """An order as the web shop would send it (contract section 2). Every sixth one is split into two packages."""
    first_name, last_name, phone, language = PEOPLE[store][at % len(PEOPLE[store])]
    split = scene is Scene.WAITING and at % 6 == 0
    chosen = [PRODUCTS[(number * 3 + step * 4) % len(PRODUCTS)] for step in range(2 if split else number % 3 + 1)]
    address = {"address_type": "retail_store", "retail_store": store}
    if scene.is_home_delivery:
        address = {"address_type": "customer", "address_line": "Gül Sokak 5", "postcode": "34000", "city": "Istanbul"}
        address |= {} if scene is Scene.HOME_ELSEWHERE else {"retail_store": store}
    return {
        "number": f"DEMO-{number}",
        "channel": CHANNELS[number % len(CHANNELS)],
        "date_placed": placed.isoformat(),
        "language_code": language,
        "currency": {"BER-01": "EUR", "LON-01": "GBP"}.get(store, "TRY"),
        "delivery_type": DeliveryType.HOME_DELIVERY if scene.is_home_delivery else DeliveryType.IN_STORE,
        "customer": {
            "first_name": first_name,
            "last_name": last_name,
            "email": f"customer{number}@example.com",
            "phone_number": phone,
        },
        "shipping_address": address,
        "order_item": [
            {
                "sku": sku,
                "name": name,
                "quantity": (number + step) % 2 + 1,
                "price": price,
                "parcel": step + 1 if split else 1,
            }
            for step, (sku, name, price) in enumerate(chosen)
        ],
    }
