"""Labels and pick lists: the package number as Code 128 and QR, and never a code."""

import pytest
from django.test import Client

from clickcollect.instore import barcode
from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests import shop


def bits(text: str) -> str:
    """The modules of a barcode, 1 for dark."""
    drawn = barcode.code128(text)
    modules = ["0"] * drawn.width
    for x, width in drawn.bars:
        modules[x : x + width] = ["1"] * width
    return "".join(modules)


def test_code_128_has_the_check_symbol_of_the_standard() -> None:
    # ISO/IEC 15417: the weighted sum of start and data, modulo 103.
    assert (
        barcode.values("PK-10001")[-2]
        == (104 + sum(place * (ord(char) - 32) for place, char in enumerate("PK-10001", start=1))) % 103
    )


def test_code_128_begins_with_start_b_and_ends_with_stop_between_quiet_zones() -> None:
    drawn = bits("A")
    assert drawn.startswith("0" * 10 + "11010010000")
    assert drawn.endswith("1100011101011" + "0" * 10)
    assert len(drawn) == 10 + 11 * 3 + 13 + 10


@pytest.mark.parametrize("value", range(106))
def test_every_symbol_is_eleven_modules_wide(value: int) -> None:
    assert sum(map(int, barcode.widths(value))) == 11


def test_every_symbol_is_another_one() -> None:
    assert len({barcode.widths(value) for value in range(107)}) == 107


@pytest.mark.parametrize("text", ["", "ü", "\n"])
def test_what_code_128_b_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        barcode.code128(text)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["labels", "pick-lists"])
def test_print_pages_hold_the_packages_asked_for_of_this_store_and_no_code(kind: str) -> None:
    mine, ready = shop.make_package(states.PACKED), shop.make_package(states.READY)
    other = shop.make_package(states.PACKED, store=shop.make_store("BER-01"))
    client = Client()
    client.force_login(shop.make_user("associate", mine.stock_location))
    numbers = ",".join(str(package.number) for package in (ready, mine, other))
    html = client.get(f"/instore/{kind}/?numbers={numbers}").content.decode()
    assert html.index(f'aria-label="{ready.number}"') < html.index(f'aria-label="{mine.number}"')
    assert str(other.number) not in html
    assert shop.right_code(ready) not in html
    assert client.get(f"/instore/{kind}/?numbers={other.number}").status_code == 404
    assert client.get(f"/instore/{kind}/").status_code == 404


@pytest.mark.django_db
def test_bulk_offers_the_next_step_of_each_state_and_only_of_own_packages() -> None:
    packages = [shop.make_package(state) for state in (states.WAITING, states.WAITING, states.PACKED, states.READY)]
    other = shop.make_package(states.WAITING, store=shop.make_store("BER-01"))
    client = Client()
    client.force_login(shop.make_user("associate", packages[0].stock_location))
    numbers = ",".join(str(package.number) for package in [*packages, other])
    html = client.get(f"/instore/bulk/?numbers={numbers}").content.decode()
    assert "Complete packaging (2)" in html
    assert "Ready for customer pickup (1)" in html
    assert "Delivered (" not in html
    assert str(Package.objects.get(pk=other.pk).number) not in html
