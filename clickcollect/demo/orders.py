"""The demo shop's orders: who bought what, and how far each has come. Phone numbers are from ranges for fiction."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Final

from clickcollect.demo.moments import Moments, moments_of
from clickcollect.demo.places import STORES
from clickcollect.demo.scenes import SCENES, Scene
from clickcollect.omnitron.models import DeliveryType, RetailStore

FIRST_NUMBER: Final = 1001
CHANNELS: Final = ("Webshop", "Mobile app", "Marketplace")


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


@dataclass(frozen=True, kw_only=True)
class DemoOrder:
    """One order to play: its document, who handles it, and how far it comes."""

    document: dict[str, Any]
    store: str
    scene: Scene
    moments: Moments
    shelf: str
    bags: int


def demo_orders(now: datetime) -> Iterator[DemoOrder]:
    """All of them, placed in the days before ``now``; the same ones every time."""
    numbers = count(FIRST_NUMBER)
    for store, scenes in SCENES.items():
        place = RetailStore(erp_code=store, **STORES[store])
        for at, (scene, hours) in enumerate(scenes):
            moments = moments_of(scene, store=place, hours=hours, turn=at, now=now)
            number = next(numbers)
            yield DemoOrder(
                document=document(number, at, store=store, scene=scene, placed=moments.placed),
                store=store,
                scene=scene,
                moments=moments,
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
