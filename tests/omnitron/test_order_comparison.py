"""The same order is one order, in any order of its lines, any Unicode form and any case; a changed one is not."""

import copy
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clickcollect.omnitron.models import Order
from clickcollect.omnitron.order_comparison import differing_fields
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.orders.intake import receive_order
from tests.shop import make_store, order_document

TEXTS = (
    "Yıldız",
    "Müller",
    "d'Aubigné",
    "Ångström",
    "Nguyễn Văn",
    "สมชาย",
    "王小明",
    "Straße",
    "İpek",
    "O’Neil 3",
    "مریم",
)


def kept(document: dict[str, Any]) -> Order:
    return receive_order(order=read_order(document), actor=SYSTEM).order


def differences(order: Order, document: dict[str, Any]) -> list[str]:
    return differing_fields(order=order, sent=read_order(document))


def line(sku: str, **fields: Any) -> dict[str, Any]:
    return {"sku": sku, "name": f"Article {sku}", "quantity": 1, "price": "10.00"} | fields


@pytest.fixture
def _store() -> None:
    make_store()


@pytest.mark.django_db
@pytest.mark.usefixtures("_store")
class TestLines:
    def test_order_of_the_lines_says_nothing(self) -> None:
        lines = [line("A"), line("B"), line("C"), line("A", quantity=2)]
        order = kept(order_document(order_item=lines))

        assert differences(order, order_document(order.number, order_item=lines[::-1])) == []

    def test_equal_lines_are_counted(self) -> None:
        order = kept(order_document(order_item=[line("A"), line("A"), line("B")]))

        assert differences(order, order_document(order.number, order_item=[line("B"), line("A"), line("A")])) == []
        assert differences(order, order_document(order.number, order_item=[line("A"), line("B"), line("B")])) == [
            "order_item.2.sku",
            "order_item.2.name",
        ]

    def test_line_of_quantity_zero_makes_no_other_order(self) -> None:
        order = kept(order_document(order_item=[line("A"), line("B")]))
        again = [line("Z", quantity=0), line("B"), line("A")]

        assert differences(order, order_document(order.number, order_item=again)) == []

    def test_changed_line_is_named_where_its_sender_counts_it(self) -> None:
        order = kept(order_document(order_item=[line("A"), line("B"), line("C")]))
        again = [line("C"), line("Z", quantity=0), line("B", quantity=3), line("A")]

        assert differences(order, order_document(order.number, order_item=again)) == ["order_item.2.quantity"]

    def test_line_more_or_less_is_another_order(self) -> None:
        order = kept(order_document(order_item=[line("A")]))

        assert differences(order, order_document(order.number, order_item=[line("A"), line("A")])) == ["order_item"]

    def test_price_that_was_rounded_is_the_same_again(self) -> None:
        document = order_document(order_item=[line("A", price=16.666666666667, quantity=3)], amount=None)
        order = kept(document)

        assert differences(order, document) == []
        assert differences(order, document | {"amount": "50.00"}) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_store")
class TestNames:
    def test_names_left_out_say_nothing(self) -> None:
        order = kept(order_document())

        assert differences(order, order_document(order.number, customer=person("", ""))) == []

    def test_name_that_comes_later_differs(self) -> None:
        order = kept(order_document(customer=person("", "")))
        assert order.first_name == order.number

        assert differences(order, order_document(order.number, customer=person("", ""))) == []
        assert differences(order, order_document(order.number, customer=person("Mina", ""))) == ["customer.first_name"]

    def test_name_parted_elsewhere_is_the_same_name(self) -> None:
        order = kept(order_document(customer=person("Ana Maria", "Silva")))

        assert differences(order, order_document(order.number, customer=person("Ana", "Maria Silva"))) == []
        assert differences(order, order_document(order.number, customer=person("Ana Maria Silva", ""))) == []

    def test_another_accent_is_another_name(self) -> None:
        order = kept(order_document(customer=person("Deniz", "Muller")))

        changed = order_document(order.number, customer=person("Deniz", "Müller"))
        assert differences(order, changed) == ["customer.last_name"]


def person(first_name: str, last_name: str) -> dict[str, str]:
    return {
        "first_name": first_name,
        "last_name": last_name,
        "email": "deniz@example.com",
        "phone_number": "+905550000101",
    }


# Ways in which the same text is written.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "upper": str.upper,
    "lower": str.lower,
    "swapped": str.swapcase,
    "invisible": "\u200b".join,
    "marked": lambda text: f"\u202a{text}\u202c ",
}
WHOLE: dict[str, Callable[[int], Any]] = {
    "number": int,
    "float": float,
    "text": str,
    "point": lambda value: f"{value}.0",
    "comma": lambda value: f"{value},00",
}
MONEY: dict[str, Callable[[str], Any]] = {
    "text": str,
    "comma": lambda text: text.replace(".", ","),
    "zeros": lambda text: f"{text}00",
    "float": float,
}


class SameOrderIsOneOrder(TestCase):
    def spelled(self, data: st.DataObject, text: str) -> str:
        return SPELLINGS[data.draw(st.sampled_from(list(SPELLINGS)))](text)

    def again(self, data: st.DataObject, document: dict[str, Any]) -> dict[str, Any]:
        """The same order, shuffled, re-encoded and re-cased."""
        sent = copy.deepcopy(document)
        for part, names in (
            (sent, ("currency", "language_code")),
            (sent["customer"], ("first_name", "last_name", "email")),
            *((item, ("sku", "name")) for item in sent["order_item"]),
        ):
            for name in names:
                part[name] = self.spelled(data, part[name])
        for item in sent["order_item"]:
            item["quantity"] = WHOLE[data.draw(st.sampled_from(list(WHOLE)))](item["quantity"])
            item["price"] = MONEY[data.draw(st.sampled_from(list(MONEY)))](item["price"])
        sent["amount"] = MONEY[data.draw(st.sampled_from(list(MONEY)))](sent["amount"])
        sent["order_item"] = data.draw(st.permutations(sent["order_item"]))
        for _more in range(data.draw(st.integers(0, 2))):
            at = data.draw(st.integers(0, len(sent["order_item"])))
            sent["order_item"] = [*sent["order_item"][:at], line("gone", quantity="0.0"), *sent["order_item"][at:]]
        return sent

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_shuffled_re_encoded_and_re_cased_it_is_the_same(self, data: st.DataObject) -> None:
        make_store()
        texts = st.sampled_from(TEXTS)
        lines = st.builds(
            line,
            st.sampled_from("ABCÇı"),
            name=texts,
            quantity=st.integers(1, 9),
            price=st.sampled_from(("1.50", "20.00")),
        )
        document = order_document(
            customer=person(data.draw(texts), data.draw(texts)),
            order_item=data.draw(st.lists(lines, min_size=1, max_size=6)),
        )
        order = kept(self.again(data, document))

        received = receive_order(order=read_order(self.again(data, document)), actor=SYSTEM)

        assert (received.created, received.order.pk) == (False, order.pk)
        assert Order.objects.count() == 1

    @settings(max_examples=40, deadline=None)
    @given(st.data())
    def test_one_change_however_spelled_is_named(self, data: st.DataObject) -> None:
        make_store()
        lines = [line(sku, name=name) for sku, name in zip("ABCD", TEXTS, strict=False)]
        document = order_document(customer=person("Deniz", "Yıldız"), order_item=lines)
        order = kept(document)
        changed = copy.deepcopy(document)
        at = data.draw(st.integers(0, 3))
        what = data.draw(st.sampled_from(("quantity", "price", "sku", "first_name")))
        if what == "first_name":
            changed["customer"]["first_name"] = "Deniza"
        else:
            changed["order_item"][at][what] = {"quantity": 7, "price": "3.33", "sku": "E"}[what]

        (found,) = differences(order, self.again(data, changed))

        assert found.split(".")[-1] == what
