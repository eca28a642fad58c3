"""What a package is found by, and what it is not."""

from typing import Any

import pytest

from clickcollect.oms import search, states
from clickcollect.oms.models import Package
from tests import shop

pytestmark = pytest.mark.django_db


def found(text: str) -> list[str]:
    return [str(package) for package in search.matching(Package.objects.order_by("id"), text)]


def indexed(**order_fields: Any) -> Package:
    order = shop.make_order(**order_fields)
    package = shop.make_package(states.PACKED, order=order, shelf="B4")
    search.update_index(package)
    return package


@pytest.mark.parametrize(
    "typed",
    [
        "WEB-100093",
        "web 100093",
        "100093",
        "Ayşe",
        "yilmaz ayse",
        "YILMAZ",
        "Yılmaz",
        "yıl",
        "4417",
        "٤٤١٧",
        "b4",
        "B-4",
    ],
)
def test_number_name_phone_and_shelf_are_found_however_they_are_typed(typed: str) -> None:
    package = indexed(number="WEB-100093", first_name="Ayşe", last_name="Yılmaz", phone_number="+905550004417")
    other = indexed(number="SHOP-7", first_name="Noah", last_name="Brown", phone_number="+905550000101")
    Package.objects.filter(pk=other.pk).update(shelf="C1")
    search.update_index(shop.reread(other))
    assert found(typed) == [package.number]


def test_package_number_is_found_with_and_without_its_dash() -> None:
    package = indexed(phone_number="+905550009999")
    for typed in (package.number, package.number.lower(), package.number.replace("-", ""), package.number[3:]):
        assert found(typed) == [package.number]
        assert search.by_label(Package.objects.all(), str(package.number)) == [package]


@pytest.mark.parametrize("typed", ["26-1100-007", "26-1100", "1100-007", "1100/00", "#26-1100-007", "007", "26 007"])
def test_a_number_of_several_parts_is_found_from_any_of_them_on(typed: str) -> None:
    package = indexed(number="26-1100-007")
    indexed(number="26-1101-008")
    assert found(typed) == [package.number]


def test_a_number_typed_with_its_dashes_is_asked_for_as_one_word() -> None:
    assert search.asked_terms("WEB-100093") == ["web100093"]
    assert search.asked_terms("Deniz WEB-100093") == ["deniz", "web100093"]
    assert search.asked_terms("Smith-Jones, Deniz") == ["smith", "jones", "deniz"]


@pytest.mark.parametrize("typed", ["Jürgen Groß", "jurgen gross", "JUERGEN GROSS", "Groß, Jürgen"])
def test_umlauts_are_found_in_every_spelling(typed: str) -> None:
    package = indexed(first_name="Jürgen", last_name="Groß")
    assert found(typed) == [package.number]


@pytest.mark.parametrize(
    "name", ["ليلى الحداد", "Nguyễn Thị Ánh", "山田 太郎", "İpek Işık", "Łukasz Wójcik", "Ñandú 👩‍🚀"]
)
def test_names_of_every_script_are_found(name: str) -> None:
    package = indexed(first_name=name, last_name="")
    assert found(name) == [package.number]


@pytest.mark.parametrize(
    "typed", ["", " ", "-", "'", "&|!", "a' | 'b", "\\", "':*", "\u200f", "<script>", "x" * 5000, "%", "_"]
)
def test_nothing_that_is_typed_breaks_the_search_or_finds_everything(typed: str) -> None:
    indexed()
    assert found(typed) == []


def test_only_the_end_of_the_phone_number_is_kept() -> None:
    package = indexed(phone_number="+905550004417")
    terms = search.index_terms(shop.reread(package))
    assert "4417" in terms
    assert not [term for term in terms if "555000" in term]


def test_a_name_of_any_length_can_be_indexed() -> None:
    package = indexed(first_name="W" * 150, last_name=("a1 " * 50)[:150])
    assert found("W" * 150) == [package.number]
