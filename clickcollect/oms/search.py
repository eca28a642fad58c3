"""Search packages by order number, package number, customer name, last 4 digits of the phone, and shelf. Never by code.

What is indexed and what is asked are split and folded by one rule: "gross", "Groß" and "GROSS" are the same name.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import connection
from django.db.models import Func, QuerySet, TextField, Value
from django.db.models.sql.compiler import SQLCompiler

from clickcollect.oms import labels
from clickcollect.oms.models import Package, ids_of_numbers

LONGEST_TERM: Final = 64
MOST_TERMS: Final = 60
MOST_ASKED: Final = 8
MOST_READ: Final = 20
SHORTEST_PREFIX: Final = 2  # a single character is a shelf, not the beginning of half of all names

WORD: Final = re.compile(r"[^\W_]+")
NUMBER: Final = re.compile(r"[\w#./:-]+")  # one number as it is typed, `WEB-100093`, if it has a digit
MOST_BEGINNINGS: Final = 6
LETTERS_OR_DIGITS: Final = re.compile(r"[^\W\d_]+|\d+")
UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})
# Letters that Unicode does not take apart.
FOLDED: Final = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})


def fold(text: str) -> str:
    """Lower case, without accents and vowel marks, with Latin digits; the Turkish dotless i counts as i."""
    if text.isascii():
        return text.lower()  # nothing else is left to do
    parts = unicodedata.normalize("NFKD", text.casefold())
    kept = (char for char in parts if not unicodedata.combining(char) and unicodedata.category(char) != "Cf")
    return "".join(_latin_digit(char) for char in kept).translate(FOLDED)


def _latin_digit(char: str) -> str:
    return str(unicodedata.decimal(char, char))


def folded_words(text: str) -> list[str]:
    """The folded words of a text, each once, in its order."""
    return list(dict.fromkeys(word[:LONGEST_TERM] for word in WORD.findall(fold(text))))


def number_terms(number: str) -> list[str]:
    """`PK-20481` is found as it stands, without its dash, and by its digits; `A-26-7` also as `26-7`."""
    joined = [joined_parts(number, start) for start in range(MOST_BEGINNINGS)]
    return list(dict.fromkeys(filter(None, [*folded_words(number), *joined])))


def joined_parts(number: str, start: int = 0) -> str:
    """`WEB-100093` as one word, `web100093`; without its first ``start`` parts."""
    return "".join(WORD.findall(fold(number))[start:])[:LONGEST_TERM]


def shelf_terms(shelf: str) -> list[str]:
    """`B4` is found as b4, and as b-4."""
    return [*number_terms(shelf), *LETTERS_OR_DIGITS.findall(fold(shelf))]


def name_terms(name: str) -> list[str]:
    """A name is found with and without umlauts: Jürgen, Jurgen, Juergen."""
    return [*folded_words(name), *folded_words(spelled_out(name))]


def spelled_out(name: str) -> str:
    """A name whose umlauts are two letters: Jürgen is juergen."""
    return unicodedata.normalize("NFC", name).casefold().translate(UMLAUTS)


def index_terms(package: Package) -> list[str]:
    """Everything a package can be found by: at most 60 short words, none of them a phone number or a code."""
    order = package.order
    digits = "".join(char for char in fold(order.phone_number) if char.isdigit())
    found = [
        *number_terms(str(package.number)),
        *number_terms(order.number),
        *name_terms(order.customer_name),
        *folded_words(digits[-4:]),
        *shelf_terms(package.shelf),
    ]
    return list(dict.fromkeys(filter(None, found)))[:MOST_TERMS]


def search_vector(terms: Iterable[str]) -> Func:
    """The value of `Package.search` for these terms."""
    array = Value(list(terms), output_field=ArrayField(TextField()))
    return Func(array, function="array_to_tsvector", output_field=SearchVectorField())


def vector_text(terms: Iterable[str]) -> str:
    """The same as text, for whoever inserts it himself."""
    return " ".join(f"'{escaped(term)}'" for term in terms)


def update_index(package: Package) -> None:
    """Bring a package's index up to date: after it was made, and when name, phone or shelf changed."""
    Package.objects.filter(pk=package.pk).update(search=search_vector(index_terms(package)))


def update_indexes(packages: Iterable[Package]) -> None:
    """The same for many, in one statement."""
    vectors = {package.pk: vector_text(index_terms(package)) for package in packages}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE oms_package SET search = made.search::tsvector "
            "FROM unnest(%s::bigint[], %s::text[]) made (id, search) WHERE oms_package.id = made.id",
            [list(vectors), list(vectors.values())],
        )


class LexemeQuery(SearchQuery):
    """A tsquery of ready lexemes, quoted: what a person types is never parsed as an expression."""

    def __init__(self, lexemes: Iterable[str], *, whole: bool = False, **extra: Any) -> None:
        super().__init__(Value(tsquery(lexemes, whole=whole)), **extra)

    def as_sql(self, compiler: SQLCompiler, connection: Any, **_: Any) -> tuple[str, Any]:  # type: ignore[override]
        return super(SearchQuery, self).as_sql(compiler, connection, template="(%(expressions)s)::text::tsquery")


def tsquery(lexemes: Iterable[str], *, whole: bool = False) -> str:
    """All of these lexemes as the text of a tsquery."""
    return " & ".join(quoted(lexeme, whole=whole) for lexeme in lexemes)


def quoted(lexeme: str, *, whole: bool = False) -> str:
    """A lexeme as tsquery text; it matches as the beginning of a word unless it is very short, or ``whole``."""
    safe = escaped(lexeme)
    return f"'{safe}':*" if len(lexeme) >= SHORTEST_PREFIX and not whole else f"'{safe}'"


def escaped(lexeme: str) -> str:
    return lexeme.replace("\\", "\\\\").replace("'", "''")


def asked_terms(text: str) -> list[str]:
    """The lexemes to look for. A number with its dashes is one lexeme, as it is indexed.

    Asked for in parts, the `WEB` of `WEB-100093` would read every package there ever was.
    """
    found: list[str] = []
    for word in re.split(r"[\s,;]+", text):
        found += [joined_parts(word)] if is_split_number(word) else folded_words(word)
    return list(dict.fromkeys(found))[:MOST_ASKED]


def is_split_number(word: str) -> bool:
    has_digit = any(char.isdecimal() for char in word)
    return has_digit and bool(NUMBER.fullmatch(word)) and len(WORD.findall(word)) > 1


def matching(packages: QuerySet[Package], text: str) -> QuerySet[Package]:
    """The packages in which every word of the text begins some word; none if the text has no word at all."""
    asked = asked_terms(text)
    return packages.filter(search=LexemeQuery(asked)) if asked else packages.none()


def by_label(packages: QuerySet[Package], text: str) -> list[Package]:
    """The packages that a label can mean, as a rule one; none if the text is no label, or no package bears its number.

    Several: two numbers can be read in it, or an order or a shelf is called just so. Then a person chooses.
    """
    bearing = list(packages.filter(pk__in=ids_of_numbers(labels.package_numbers(text)[:MOST_READ])))
    if not bearing:
        return []
    name = "".join(folded_words(text))
    is_name = any(map(str.isdigit, name))  # "pk" alone is a part of every package's number
    called = packages.filter(search=LexemeQuery([name], whole=True))[:MOST_READ] if is_name else ()
    return list({package.pk: package for package in (*bearing, *called)}.values())
