"""Every sentence on screen is translated: Turkish, German and Arabic all of it; a further one: the counter first."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

import django
import pytest
from babel.messages import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings

from tests.house.files import ROOT

PROGRAM: Final = ROOT / "clickcollect"
LANGUAGES: Final = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
# OMS WEB, the demo shop and the start of the processes: welcome in a further language, not asked.
BACK_OFFICE: Final = ("omsweb/", "demo/", "runtime/")
ALL_OF_IT: Final = frozenset({"tr", "de", "ar"})
TOOLS: Final = ("xgettext", "msgmerge", "msguniq", "msgattrib")
PLACEHOLDER: Final = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|</?\w+[^>]*>")
ARABIC_QUESTION: Final = "؟"
ABBREVIATED: Final = ("Std.", "Min.")

Key = tuple[str | None, str]


def key(message: Message) -> Key:
    """What makes a message itself: its context and its (singular) source."""
    context = message.context.decode() if isinstance(message.context, bytes) else message.context  # bytes from a .mo
    return context, message.id if isinstance(message.id, str) else message.id[0]


def messages(catalogue: Catalog) -> dict[Key, Message]:
    return {key(message): message for message in catalogue if message.id}


def folder(language: str) -> Path:
    return PROGRAM / "locale" / language / "LC_MESSAGES"


@cache
def written(language: str) -> Catalog:
    with (folder(language) / "django.po").open("rb") as file:
        return read_po(file)


def forms(message: Message) -> tuple[str, ...]:
    """The translation, one for each plural form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def files(message: Message) -> set[str]:
    return {name for name, _line in message.locations}


def placeholders(words: str) -> list[str]:
    return sorted(set(PLACEHOLDER.findall(words)))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> dict[Key, Message]:
    """What the source says today, as ``make messages`` would collect it, from a copy."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.fail(f"Install gettext (apt install gettext); without {', '.join(missing)} nobody can collect messages.")
    copy = tmp_path_factory.mktemp("messages") / "clickcollect"
    shutil.copytree(PROGRAM, copy, ignore=shutil.ignore_patterns("__pycache__", "locale"))
    (copy / "locale" / "tr").mkdir(parents=True)
    collect = [sys.executable, "-m", "django", "makemessages", "-l", "tr", "--add-location", "file", "--no-wrap"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(collect, cwd=copy, env=environment, check=True, capture_output=True)
    with (copy / "locale" / "tr" / "LC_MESSAGES" / "django.po").open("rb") as file:
        return messages(read_po(file))


def needed(source: dict[Key, Message], language: str) -> dict[Key, Message]:
    """The messages this language must have: all, or all but those of the back office alone."""
    if language in ALL_OF_IT:
        return source
    return {one: found for one, found in source.items() if not all(map(in_back_office, files(found)))}


def in_back_office(name: str) -> bool:
    return name.startswith(BACK_OFFICE)


def test_the_languages_of_the_contract_are_there() -> None:
    assert set(LANGUAGES) >= {"tr", "de", "ar"}
    assert sorted(path.name for path in (PROGRAM / "locale").iterdir() if path.is_dir()) == sorted(LANGUAGES)


def test_the_source_is_found(source: dict[Key, Message]) -> None:
    assert len(source) > 800
    assert (None, "Verify and deliver") in source
    assert ("time", "since %(time)s") in source


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_source_string_is_in_the_catalogue(source: dict[Key, Message], language: str) -> None:
    kept = messages(written(language))
    absent = sorted(str(one) for one in source if one not in kept)
    assert absent == [], "Run make messages, then translate what is new."


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_untranslated_or_guessed(source: dict[Key, Message], language: str) -> None:
    kept = messages(written(language))
    asked = [kept[one] for one in needed(source, language) if one in kept]
    assert [key(found) for found in asked if not all(forms(found))] == [], "Translate these; see docs/translating.md."
    assert [key(found) for found in asked if found.fuzzy] == [], "Check these guesses and take off their mark, fuzzy."


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_complete(language: str) -> None:
    catalogue = written(language)
    with (Path(django.__file__).parent / "conf" / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        assert catalogue.num_plurals == read_po(file).num_plurals
    many = [message for message in catalogue if isinstance(message.id, tuple)]
    assert many
    assert [key(found) for found in many if len(forms(found)) != catalogue.num_plurals] == []


def test_what_is_counted_at_the_counter_has_a_plural(source: dict[Key, Message]) -> None:
    """One package, two packages: one sentence for both is wrong in English, and worse in Arabic."""
    counted = re.compile(r"%\((?:count|counter|minutes|seconds)\)[ds] [a-z]+s\b")
    counter = {one: found for one, found in source.items() if not all(map(in_back_office, files(found)))}
    asked = [one for one, found in counter.items() if isinstance(found.id, str)]
    assert [one for one in asked if counted.search(one[1])] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_and_tags_are_those_of_the_source(language: str) -> None:
    """A plural form for one number (Arabic: none, one, two) may say it in words; the general form never does."""
    wrong = []
    for found in messages(written(language)).values():
        translated = [words for words in forms(found) if words]
        if not translated or found.fuzzy:
            continue
        asked = placeholders(found.id if isinstance(found.id, str) else found.id[-1])
        wrong += [key(found)] if placeholders(translated[-1]) != asked else []
        wrong += [key(found) for words in translated[:-1] if not set(placeholders(words)) <= set(asked)]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_stays_a_sentence(language: str) -> None:
    """What ends with a full stop in English does so in every language, and no button gets one."""
    wrong = []
    for found in [found for found in messages(written(language)).values() if not found.fuzzy]:
        asked = ends_a_sentence(key(found)[1])
        wrong += [words for words in forms(found) if words and ends_a_sentence(words) is not asked]
    assert wrong == []


def ends_a_sentence(words: str) -> bool:
    return words.endswith((".", "?", ARABIC_QUESTION)) and not words.endswith(ABBREVIATED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    with (folder(language) / "django.mo").open("rb") as file:
        compiled = {one: forms(found) for one, found in messages(read_mo(file)).items()}
    kept = messages(written(language)).items()
    told = {one: forms(found) for one, found in kept if all(forms(found)) and not found.fuzzy}
    assert compiled == told, "Compile it again: make messages"


def test_compiled_catalogues_travel_with_the_source() -> None:
    """`make run` works on a machine without gettext, so git must keep them."""
    names = [str(folder(language) / "django.mo") for language in LANGUAGES]
    ignored = subprocess.run(["git", "-C", str(ROOT), "check-ignore", *names], capture_output=True, check=False)
    assert ignored.stdout == b""
    assert "gettext" in (ROOT / ".ci" / "run").read_text()


SPOKEN: Final = re.compile(r"""\s(?:aria-label|title|placeholder|alt|label)\s*=\s*("[^"]*"|'[^']*')""")
CODE: Final = re.compile(
    r"""(?sx) {\#.*?\#} | {%\s*comment.*?endcomment\s*%} | {%\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%}
    | {%\s*block\ (?:body_attributes|page_class)\s*%}.*?endblock\s*%}
    | <(?:button|a|option|input)\b[^>]*\slang=[^>]*>[^<]*   # a language says its own name
    | <(?:span|i)\b[^<]*material-symbols[^<]*   # the name of an icon
    | <script\b.*?</script> | <style\b.*?</style> | <!--.*?-->"""
)
TAG: Final = re.compile(r"(?s){%.*?%}|{{.*?}}")
ATTRIBUTE: Final = re.compile(r"""[\w-]+=(?:"[^"]*"|'[^']*')""")
LETTERS: Final = re.compile(r"[^\W\d_]{2,}")
ENTITY: Final = re.compile(r"&\w+;")
NAMES: Final = frozenset(  # the same in every language
    {"Instore", "OMS", "WEB", "QR", "Code", "UTC", "HTTP", "Authorization", "Token", "Ctrl", "ms"}
)


def spoken(path: Path) -> list[str]:
    """The words that a template says without gettext, in its text and in what is read out."""
    text = TAG.sub(" ", CODE.sub(" ", path.read_text()))
    said = [value[1:-1] for value in SPOKEN.findall(text)]
    said += re.sub(r"""(?s)<(?:"[^"]*"|'[^']*'|[^>"'])*>""", "\n", text).splitlines()
    said = [ATTRIBUTE.sub(" ", line) for line in said]
    return [word for line in said for word in LETTERS.findall(ENTITY.sub(" ", line)) if word not in NAMES]


@pytest.mark.parametrize("door", ["instore", "omsweb"])
def test_no_template_speaks_without_gettext(door: str) -> None:
    templates = sorted((PROGRAM / door / "templates").rglob("*.html"))
    assert len(templates) > 15
    found = {str(path.relative_to(PROGRAM)): spoken(path) for path in templates}
    assert {name: words for name, words in found.items() if words} == {}
