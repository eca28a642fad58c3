"""The demo shop's stores and staff (contract section 7). Everybody is invented."""

from typing import Any, Final

from clickcollect.accounts.models import Role

LONG_DAYS: Final = {day: [["10:00", "22:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
WORK_DAYS: Final = {
    **{day: [["10:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "sat": [["10:00", "18:00"]],
}
WITH_SUNDAY: Final = {**WORK_DAYS, "sun": [["11:00", "17:00"]]}

STORES: Final[dict[str, dict[str, Any]]] = {
    "IST-01": {
        "name": "Galata",
        "email": "galata@example.com",
        "phone_number": "+902125550101",
        "address_line": "Bankalar Caddesi 12",
        "postcode": "34421",
        "city": "Istanbul",
        "country": "TR",
        "currency": "TRY",
        "language_code": "tr",
        "time_zone": "Europe/Istanbul",
        "store_hours": LONG_DAYS,
    },
    "IST-02": {
        "name": "Kadıköy",
        "email": "kadikoy@example.com",
        "phone_number": "+902165550102",
        "address_line": "Moda Caddesi 88",
        "postcode": "34710",
        "city": "Istanbul",
        "country": "TR",
        "currency": "TRY",
        "language_code": "tr",
        "time_zone": "Europe/Istanbul",
        "store_hours": LONG_DAYS,
    },
    "BER-01": {
        "name": "Kreuzberg",
        "email": "kreuzberg@example.com",
        "phone_number": "+493023125001",
        "address_line": "Oranienstraße 40",
        "postcode": "10999",
        "city": "Berlin",
        "country": "DE",
        "currency": "EUR",
        "language_code": "de",
        "time_zone": "Europe/Berlin",
        "store_hours": WORK_DAYS,
    },
    "LON-01": {
        "name": "Camden",
        "email": "camden@example.com",
        "phone_number": "+442079460101",
        "address_line": "120 Camden High Street",
        "postcode": "NW1 0LU",
        "city": "London",
        "country": "GB",
        "currency": "GBP",
        "language_code": "en",
        "time_zone": "Europe/London",
        "store_hours": WITH_SUNDAY,
    },
}

# Username, role, first and last name, stores.
STAFF: Final[tuple[tuple[str, Role, str, str, tuple[str, ...]], ...]] = (
    ("associate", Role.ASSOCIATE, "Ayla", "Demir", ("IST-01",)),
    ("manager", Role.MANAGER, "Mehmet", "Kaya", ("IST-01",)),
    ("associate2", Role.ASSOCIATE, "Lena", "Fischer", ("BER-01",)),
    ("operator", Role.OPERATOR, "Sam", "Taylor", ()),
    ("admin", Role.ADMIN, "Alex", "Morgan", ()),
)
PASSWORD: Final = "demo-pickup"  # noqa: S105
PIN: Final = "407193"  # the manager's
WHO_WORKS: Final = {"IST-01": "associate", "IST-02": "operator", "BER-01": "associate2", "LON-01": "operator"}
