"""From an event to the text on the customer's phone. Pure: no database, no network, no settings."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from extension.catalogue import FALLBACK, LANGUAGES, Kind
from extension.pickup_event import OVERRIDDEN, PACKED, PHONE_CHANGED, REMINDER, RESENT, PickupEvent
from extension.segments import measure_text

PLACEHOLDERS: Final = ("code", "order", "store", "deadline", "phone", "first_name")
LONGEST: Final = {"code": 8, "order": 32, "store": 32, "deadline": 40, "phone": 20, "first_name": 24}
LONGEST_TEXT: Final = 480
WITHOUT_CODE: Final = {
    REMINDER: Kind.REMINDER,
    OVERRIDDEN: Kind.OVERRIDDEN,
    PHONE_CHANGED: Kind.PHONE_CHANGED,
    PACKED: Kind.NOT_READY,
}
PLAIN_SIGNS: Final = str.maketrans("‘’‚‹›“”„«»–—−…\u00a0", "'''''\"\"\"\"\"---. ")

FindTemplate = Callable[[str, str, Kind], str | None]
"""(language, the store's code, kind) → the shop's own wording, when it has one."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text ready to send. It may hold the code, so it does not show itself."""

    body: str = field(repr=False)
    code: str = field(repr=False)
    language: str


class BadTemplate(Exception):
    """A wording that could not be sent safely; ``problems`` are stable words for the page to translate."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__(*problems)


def compose(notice: PickupEvent, *, find_template: FindTemplate) -> Text:
    """The customer's language, else the store's, else English; the shop's own wording, else the catalogue's."""
    kind = kind_of(notice)
    language, template = _choose(notice, kind, find_template)
    code = notice.code.digits if notice.code and kind.has_code else ""
    body = fill_placeholders(template, values(notice, language=language, code=code))
    if code and code not in measure_text(body).parts[0]:
        body = f"{code} {body}"  # better said twice than cut in two
    return Text(body=body, code=code, language=language)


def kind_of(notice: PickupEvent) -> Kind:
    """Which message an event asks for. Without a code there is nothing to resend: the order is simply ready."""
    if notice.type in WITHOUT_CODE:
        return WITHOUT_CODE[notice.type]
    if notice.code is None:
        return Kind.READY_WITHOUT_CODE
    return Kind.RESENT if notice.type == RESENT else Kind.READY


def _choose(notice: PickupEvent, kind: Kind, find_template: FindTemplate) -> tuple[str, str]:
    for language in (*notice.languages, FALLBACK):
        template = find_template(language, notice.store_code, kind)
        if template is not None:
            return language, template
        if language in LANGUAGES:
            return language, LANGUAGES[language].texts[kind]
    raise AssertionError("English is always there")


def values(notice: PickupEvent, *, language: str, code: str) -> dict[str, str]:
    """What the placeholders stand for, made safe for an SMS."""
    return {
        "code": code,
        "order": clean_text(re.sub(r"[^\w./#-]", "", notice.order), most=LONGEST["order"]),
        "store": clean_text(notice.store, most=LONGEST["store"]) or notice.store_code,
        "deadline": say_deadline(notice.deadline, zone=notice.zone, language=language),
        "phone": clean_text(notice.store_phone, most=LONGEST["phone"]),
        "first_name": clean_name(notice.first_name),
    }


def fill_placeholders(template: str, given: Mapping[str, str]) -> str:
    """Put the values in. A bracketed part without all of its values goes away; values are never filled again."""

    def placeholder(found: re.Match[str]) -> str:
        return given.get(found[1], "")

    def part(found: re.Match[str]) -> str:
        names = re.findall(r"\{(\w+)\}", found[1])
        return found[1] if all(given.get(name) for name in names) else ""

    return re.sub(r"\{(\w+)\}", placeholder, re.sub(r"\[([^\[\]]*)\]", part, template)).strip()


def check_template(template: str, *, kind: Kind) -> None:
    """Refuse a wording that would lose or split a code. Raises BadTemplate with every problem at once."""
    names = re.findall(r"\{(\w+)\}", template)
    rest = re.sub(r"\{\w+\}", "", re.sub(r"\[[^\[\]]*\]", "", template))
    problems = []
    if not template.strip() or len(template) > LONGEST_TEXT:
        problems.append("length")
    if set(names) - set(PLACEHOLDERS) or "{" in rest or "}" in rest:
        problems.append("unknown_placeholder")
    if "[" in rest or "]" in rest:
        problems.append("brackets")
    if names.count("code") != (1 if kind.has_code else 0):
        problems.append("code_once" if kind.has_code else "code_none")
    elif kind.has_code and not _code_stays_whole(template):
        problems.append("code_late")
    if re.search(r"\[[^\[\]]*\{code\}", template):
        problems.append("code_optional")
    if any(_is_hidden(sign) and sign != "\n" for sign in template):
        problems.append("hidden_signs")
    if problems:
        raise BadTemplate(*problems)


def _code_stays_whole(template: str) -> bool:
    """Even with the longest values, in the encoding that has the least room."""
    worst = {name: "\u0416" * most for name, most in LONGEST.items()} | {"code": "0" * LONGEST["code"]}
    return worst["code"] in measure_text(fill_placeholders(template, worst)).parts[0]


def clean_text(value: str, *, most: int) -> str:
    """A name as an SMS can carry it: no marks of direction, no emoji, no line breaks, no ends cut inside a letter."""
    plain = unicodedata.normalize("NFC", value).translate(PLAIN_SIGNS)
    kept = "".join(" " if sign.isspace() else sign for sign in plain if sign.isspace() or not _is_hidden(sign))
    kept = " ".join(kept.split())
    if len(kept) <= most:
        return kept
    short = kept[: most - 1]
    while short and unicodedata.category(kept[len(short)])[0] == "M":
        short = short[:-1]
    return short.rstrip() + "."


def clean_name(value: str) -> str:
    """A person's name: letters only. Somebody else chose it; it must not look like a code or an address."""
    letters = (sign for sign in value if sign.isspace() or sign in "'’-" or unicodedata.category(sign)[0] in "LM")
    return clean_text("".join(letters), most=LONGEST["first_name"]).strip("'- ")


def _is_hidden(sign: str) -> bool:
    """Controls, marks of direction, emoji and what belongs to them, private and unknown signs."""
    return (
        unicodedata.category(sign) in {"Cc", "Cf", "Co", "Cn", "Cs", "So", "Zl", "Zp"}
        or "\ufe00" <= sign <= "\ufe0f"
        or "\U0001f3fb" <= sign <= "\U0001f3ff"
        or sign == "\u20e3"
    )


def say_deadline(moment: datetime | None, *, zone: ZoneInfo | None, language: str) -> str:
    """In the store's own time; where that is unknown it says so."""
    if moment is None:
        return ""
    said = LANGUAGES.get(language, LANGUAGES[FALLBACK]).say(moment.astimezone(zone or UTC))
    return said if zone else f"{said} UTC"
