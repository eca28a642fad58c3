"""A label is read however a scanner delivers it; and nothing that is no label is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickcollect.oms import labels, search, states
from clickcollect.oms.keyboard_layouts import LAYOUTS
from clickcollect.oms.models import Package
from tests import shop

READ = {
    # typed
    "PK-10059": "PK-10059",
    "pk-10059": "PK-10059",
    "pk 10059": "PK-10059",
    "PK10059": "PK-10059",
    "  PK-10059\r\n": "PK-10059",
    "PK–10059": "PK-10059",
    "PK\u200b-10059\u200f": "PK-10059",
    "PK-00010059": "PK-00010059",
    "PK-١٠٠٥٩": "PK-10059",
    "ＰＫ－１００５９": "PK-10059",
    # what kind of symbol it is, and separators
    "]C0PK-10059": "PK-10059",
    "]C1PK-10059": "PK-10059",
    "]Q3PK-10059": "PK-10059",
    "]d2\x1dPK-10059": "PK-10059",
    "]e0PK-10059": "PK-10059",
    "]C1\u241dPK-10059": "PK-10059",
    "]C1<GS>PK-10059": "PK-10059",
    "{FNC1}PK-10059": "PK-10059",
    "\x02PK-10059\x03": "PK-10059",
    "\x1dPK-10059\x1d\x04": "PK-10059",
    "jPK-10059": "PK-10059",
    "P01PK-10059": "PK-10059",
    # a scanner of the United States at another country's machine
    "PKß10059": "PK-10059",
    "PK'10059": "PK-10059",
    "PK)&àà(ç": "PK-10059",
    "PK)&éà(!": "PK-12058",
    "PK*10059": "PK-10059",
    "PM/10059": "PK-10059",
    "PK+10059": "PK-10059",
    "PK/10059": "PK-10059",
    "PK=+ééří": "PK-10059",
    "PKü1öö59": "PK-10059",
    "ΠΚ-10059": "PK-10059",
    "ЗЛ-10059": "PK-10059",
    "؛،-10059": "PK-10059",
    "حن-10059": "PK-10059",
    "حن-١٠٠٥٩": "PK-10059",
    "פל-10059": "PK-10059",
    "ญษขๅจจถต": "PK-10059",
    "+C1PKß10059": "PK-10059",
    "$C&PK)&àà(ç": "PK-10059",
    # Caps Lock, which is a Shift Lock on many machines
    "pk?!==%)": "PK-10059",
    "pk°10059": "PK-10059",
    "pK-10059": "PK-10059",
    # an address that ends in the number
    "https://shop.example/pickup/PK-10059": "PK-10059",
    "HTTPS://SHOP.EXAMPLE/PICKUP/PK-10059/": "PK-10059",
    "https://shop.example/?package=pk-10059": "PK-10059",
    "https://shop.example/p#PK10059": "PK-10059",
    "https://shop.example/p/PK%2D10059": "PK-10059",
    "]Q1https://shop.example/p/PK-10059": "PK-10059",
    "clickcollect://package/PK-10059": "PK-10059",
    "httpsÖ--shop.example-p-PKß10059": "PK-10059",
    "httpsM!!shop:exq,ple!p!PK)&àà(ç": "PK-10059",
}
NO_LABEL = (
    "", " ", "-", "PK", "PK-", "10059", "482913", "4006381333931", "yilmaz", "WEB-10059", "PK-10059-2", "PK-10059 PK-2",
    "PK-1\x1d0059", "PK-1\r\nPK-2", "https://shop.example/PK-1/PK-2", "https://shop.example/PK-1x", "LT 100", "PM 10",
    "i PK-10059", "https://shop.example/?a=PK-1&b=2", "shop.example PK-10059",
    "SPAKPK-10059", "PK-" + "1" * 19, "PK-0x10",
    "https://shop.example/" + "a" * 400 + "/PK-1", "PK-1" + " " * 500, "\x00", "\ud800PK-1",
)  # fmt: skip


@pytest.mark.parametrize(("delivered", "number"), READ.items())
def test_a_label_is_read_however_it_is_delivered(delivered: str, number: str) -> None:
    assert labels.package_numbers(delivered) == [number]


@pytest.mark.parametrize("text", NO_LABEL)
def test_what_is_no_label_is_none(text: str) -> None:
    assert labels.package_numbers(text) == []


HOME = "".join(LAYOUTS["United States"])
# What it takes to print a label; a layout that cannot type it sends none.
PRINTS = [name for name, rows in LAYOUTS.items() if set("PK-0123456789") <= set("".join(rows))]


@pytest.mark.parametrize("machine", LAYOUTS)
def test_every_layout_of_scanner_and_machine_delivers_the_number(machine: str) -> None:
    label = "PK-1203456789"
    for scanner in PRINTS:
        pressed = label.translate(str.maketrans("".join(LAYOUTS[scanner]), HOME))
        delivered = pressed.translate(str.maketrans(HOME, "".join(LAYOUTS[machine])))
        if " " not in delivered:  # a key that types nothing
            assert label in labels.package_numbers(delivered), (scanner, delivered)


@given(st.integers(min_value=1, max_value=10**18 - 1))
def test_a_printed_label_has_one_reading(number: int) -> None:
    assert labels.package_numbers(f"PK-{number}") == [f"PK-{number}"]


@given(st.text(max_size=60))
def test_nothing_that_is_delivered_breaks_the_reading(text: str) -> None:
    assert all(number.startswith("PK-") and number[3:].isdigit() for number in labels.package_numbers(text))


def packages(*numbers: int, order: str = "ORD-77") -> None:
    """Packages of these numbers, the first of an order that is called so."""
    for number in numbers:
        made = shop.make_order(order if number == numbers[0] else None)
        search.update_index(shop.make_package(states.PACKED, order=made, id=number - 10_000))


def meant(text: str) -> list[str]:
    return sorted(str(package.number) for package in search.by_label(Package.objects.all(), text))


@pytest.mark.django_db
@pytest.mark.parametrize("delivered", ["PK-10059", "PKß10059", "PK*10059", "https://a.example/PK-10059", "]C1PK-10059"])
def test_a_label_is_its_package_alone(delivered: str) -> None:
    packages(10059, 100590, 10001)
    assert meant(delivered) == ["PK-10059"]


@pytest.mark.django_db
def test_two_readings_that_are_both_packages_leave_the_choice_to_a_person() -> None:
    packages(10059, 10001)
    assert meant("PK6!))%(") == ["PK-10059"]
    assert meant("pk_!))%(") == ["PK-10059"]
    packages(49958, order="ORD-78")
    assert meant("PK6!))%(") == ["PK-10059", "PK-49958"]


@pytest.mark.django_db
@pytest.mark.parametrize("order", ["PK-10059", "SPK-10059", "ЗЛ-10059"])
def test_an_order_that_is_called_like_a_label_is_not_passed_over(order: str) -> None:
    packages(10002, order=order)
    packages(10059, order="ORD-78")
    assert meant(order) == ["PK-10002", "PK-10059"]


@pytest.mark.django_db
def test_a_label_whose_package_is_not_there_means_none() -> None:
    packages(10059)
    assert meant("PK-10058") == []
    assert meant("PKß10058") == []
