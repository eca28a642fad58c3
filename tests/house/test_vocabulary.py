"""One name for each state, at every place that the contract leaves open (sections 1 and 6)."""

import ast
import re
from pathlib import Path
from typing import Final

from clickcollect.omnitron.models import OrderStatus
from clickcollect.oms import lists, states

ROOT: Final = Path(__file__).parents[2] / "clickcollect"
SCREENS: Final = ("instore", "omsweb", "oms", "omnitron")
IN_TEMPLATES: Final = re.compile(r"""{%\s*translate\s+(?:"([^"]*)"|'([^']*)')""")
NAMES: Final = {*states.NAMES.values(), *states.LIST_NAMES.values()}
# Command names and the labels of buttons have their own spelling in the contract.
COMMANDS: Final = {
    "Ready For Customer Pickup", "Ready for customer pickup", "Mark Out Of Stock", "Return To Stock", "Back to Packed",
}  # fmt: skip
SYNONYMS: Final = re.compile(
    r"(ready|ready for (pickup|collection|pick-up)|made ready.*|canceled|picked up|collected|packing|all packed|"
    r"packed items|in stock again|sold out|to be packed|handed over to customer)",
    re.IGNORECASE,
)


def words_on_screen() -> dict[str, str]:
    """Every text that is translated for a screen, and a file where it stands."""
    found = {}
    for folder in SCREENS:
        for path in (ROOT / folder).rglob("*.html"):
            for one, other in IN_TEMPLATES.findall(path.read_text()):
                found[one or other] = path.name
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    if name in ("_", "gettext", "gettext_lazy", "gettext_noop"):
                        found[str(node.args[0].value)] = path.name
    return found


def strangers(words: dict[str, str]) -> dict[str, str]:
    """Texts that name a state in another spelling or by another word."""
    known = {name.casefold() for name in NAMES}
    return {
        text: where
        for text, where in words.items()
        if text not in NAMES | COMMANDS and (text.casefold() in known or SYNONYMS.fullmatch(text))
    }


def test_no_screen_calls_a_state_by_another_name() -> None:
    words = words_on_screen()
    assert {"Packages", "Ready for customer", "Delivered"} <= words.keys()
    assert strangers(words) == {}


def test_control_another_name_is_noticed() -> None:
    assert strangers({"Canceled": "a", "Out of stock": "b", "Made ready for customers": "c", "Packed": "d"}) == {
        "Canceled": "a", "Out of stock": "b", "Made ready for customers": "c",
    }  # fmt: skip


def test_an_order_says_what_its_packages_say() -> None:
    same = {
        OrderStatus.WAITING: states.WAITING,
        OrderStatus.PREPARING: states.PREPARING,
        OrderStatus.READY_FOR_PICKUP: states.READY,
        OrderStatus.DELIVERED: states.DELIVERED,
        OrderStatus.CANCELED: states.CANCELLED,
    }
    assert {status: str(status.label) for status in same} == {
        status: states.NAMES[number] for status, number in same.items()
    }


def test_tabs_take_their_names_from_the_one_table() -> None:
    by_state = {tab.states[-1]: str(tab.label) for tab in lists.TABS if len(tab.states) == 1 and not tab.past_pickup}
    assert by_state == {number: name for number, name in states.LIST_NAMES.items() if number != states.WAITING}
    assert str(lists.TABS_BY_KEY["to-pack"].label) == states.LIST_NAMES[states.WAITING]
