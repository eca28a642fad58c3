"""A list page: filters, search, order and pages over one query, always bounded, the same number of statements."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final

from django import forms
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import OrderBy, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from clickcollect.omsweb.forms import OmsForm
from clickcollect.wire_format import whole_number

PER_PAGE: Final = 50
MOST_COUNTED: Final = 10_000  # contract section 2: a count stops here, and so do pages
LONGEST_TEXT: Final = 500  # more than a label may have: of a cut text no number is read

Rows = QuerySet[Any]
Words = str | Promise
Statement = tuple[str, tuple[Any, ...]]  # SQL and its parameters


@dataclass(frozen=True, kw_only=True)
class Filter:
    """One way to narrow a list.

    ``kind``: choice, tab (a choice outside the form), text or date; ``choices``: value and label; ``is_rare``: shown
    only once it is asked for.
    """

    name: str
    label: Words
    apply: Callable[[Rows, Any], Rows]
    kind: str = "choice"
    choices: Sequence[tuple[str, Words]] = ()
    is_rare: bool = False

    def form_field(self) -> forms.Field:
        """The field that asks for it."""
        label = str(self.label)
        if self.kind == "date":
            widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
            return forms.DateField(label=label, required=False, input_formats=["%Y-%m-%d"], widget=widget)
        if self.kind == "text":
            return forms.CharField(label=label, required=False, max_length=LONGEST_TEXT)
        choices = [("", _("All")), *((value, str(words)) for value, words in self.choices)]
        field = forms.ChoiceField(label=label, required=False, choices=choices)
        if self.kind == "tab":
            field.widget = forms.HiddenInput()
        return field

    def words_for(self, value: Any) -> str:
        """The words for a chosen value."""
        return str(dict(self.choices).get(value, value))


def tally_of(rows: Rows, *columns: str) -> Statement:
    """What counts how many there are of each kind among some rows, where a limit stands before the count.

    ``rows``: a list of values, one for each of ``columns``. Nothing where what is asked for can fit nothing.
    """
    try:
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return "", ()
    names = ", ".join(columns)
    return f"SELECT {names}, count(*) FROM ({sql}) found({names}) GROUP BY {names}", tuple(parameters)  # noqa: S608  our own words


def tally(statement: Statement) -> list[tuple[Any, ...]]:
    """Each kind, and how many there are of it, counted by the database."""
    sql, parameters = statement
    if not sql:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def day_filters(field_name: str) -> list[Filter]:
    """From one day to another, both included, in the active time zone."""
    return [
        Filter(
            name="from",
            label=_("From"),
            kind="date",
            apply=lambda rows, day: rows.filter(**{f"{field_name}__gte": midnight(day)}),
        ),
        Filter(
            name="to",
            label=_("To"),
            kind="date",
            apply=lambda rows, day: rows.filter(**{f"{field_name}__lt": midnight(day) + timedelta(days=1)}),
        ),
    ]


def midnight(day: date) -> datetime:
    """The first moment of a day; the very last day of the calendar is taken a day early."""
    return timezone.make_aware(datetime.combine(min(day, date.max - timedelta(days=1)), time.min))


def clean_text(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """What a database can be asked: no NUL, no novel."""
    return text.replace("\x00", "").strip()[:longest]


class FilterForm(OmsForm):
    """What narrows a list. What makes no sense narrows nothing."""

    def __init__(self, listing: "Listing") -> None:
        asked = listing.request.GET
        super().__init__({name: clean_text(str(value)) for name, value in asked.items()}, auto_id="filter-%s")
        if listing.search:
            box = forms.TextInput(attrs={"type": "search", "spellcheck": "false"})
            if listing.search_hint:
                box.attrs["placeholder"] = listing.search_hint
            label = listing.search_label or _("Search")
            self.fields["q"] = forms.CharField(label=label, required=False, max_length=LONGEST_TEXT, widget=box)
        self.fields |= {item.name: item.form_field() for item in listing.filters}
        if asked.get("order"):
            orders = [(name, name) for name in listing.orders]
            self.fields["order"] = forms.ChoiceField(required=False, choices=orders, widget=forms.HiddenInput)
        self.dress_fields()

    @property
    def filter_fields(self) -> list[forms.BoundField]:
        """The fields beside the search."""
        return [field for field in self.visible_fields() if field.name != "q"]


@dataclass(kw_only=True)
class Listing:
    """One list as one person asked for it.

    ``search``: narrows by free text, with ``search_label`` and ``search_hint`` over and in its box; ``orders``:
    name → columns; the first is the default; ``read``: the rows with these ids, in this order, where the query's own
    way is too slow; ``count_words``: says how many there are, with %(count)s.
    """

    request: HttpRequest
    rows: Rows
    filters: Sequence[Filter] = ()
    search: Callable[[Rows, str], Rows] | None = None
    orders: Mapping[str, Sequence[str | OrderBy]] = field(default_factory=lambda: {"newest": ("-pk",)})
    per_page: int = PER_PAGE
    read: Callable[[list[int]], list[Any]] | None = None
    search_label: str = ""
    search_hint: str = ""
    count_words: Callable[[int], str]

    @cached_property
    def form(self) -> FilterForm:
        """The form over the list, filled in as it was asked for."""
        return FilterForm(self)

    @cached_property
    def asked(self) -> dict[str, Any]:
        """What the form understood."""
        self.form.is_valid()
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    @property
    def query(self) -> str:
        return str(self.asked.get("q", ""))

    @cached_property
    def chosen(self) -> dict[str, Any]:
        """The filters in force, by name."""
        return {item.name: self.asked[item.name] for item in self.filters if item.name in self.asked}

    @cached_property
    def order(self) -> str:
        asked = self.request.GET.get("order", "")
        return asked if asked in self.orders else next(iter(self.orders))

    @cached_property
    def found(self) -> Rows:
        """Everything that fits, in order."""
        return self.found_without("").order_by(*self.orders[self.order])

    def found_without(self, left_out: str) -> Rows:
        """Everything that fits all filters but one, in no order."""
        rows = self.rows
        for item in self.filters:
            if item.name in self.chosen and item.name != left_out:
                rows = item.apply(rows, self.chosen[item.name])
        return self.search(rows, self.query) if self.search and self.query else rows

    @cached_property
    def counted(self) -> int:
        """How many fit, counted to one more than `MOST_COUNTED`."""
        return self.found.order_by().values("pk")[: MOST_COUNTED + 1].count()

    @property
    def count_text(self) -> str:
        return f"{MOST_COUNTED:,}+" if self.counted > MOST_COUNTED else f"{self.counted:,}"

    @property
    def found_words(self) -> str:
        """How many were found, in words."""
        return self.count_words(self.counted) % {"count": self.count_text}

    @cached_property
    def last_page(self) -> int:
        return max(1, math.ceil(min(self.counted, MOST_COUNTED) / self.per_page))

    @cached_property
    def number(self) -> int:
        """The page, kept within what there is."""
        return min(whole_number(self.request.GET.get("page", ""), least=1, most=99_999) or 1, self.last_page)

    @cached_property
    def page_rows(self) -> list[Any]:
        """The rows of this page."""
        start = (self.number - 1) * self.per_page
        # Which rows these are is found first, so that no more than they are joined to anything.
        page = self.found.select_related(None).values("pk")[start : start + self.per_page]
        if self.read:
            return self.read([row["pk"] for row in page])
        return list(self.rows.filter(pk__in=page).order_by(*self.orders[self.order]))

    def link(self, **changes: Any) -> str:
        """The address of this list with some parameters changed; None takes one away, and paging starts again."""
        query = self.request.GET.copy()
        query.pop("page", None)
        for name, value in changes.items():
            query.pop(name, None)
            if value is not None:
                query[name] = str(value)
        return f"?{query.urlencode()}"

    @property
    def previous(self) -> str | None:
        return self.link(page=self.number - 1) if self.number > 1 else None

    @property
    def next(self) -> str | None:
        return self.link(page=self.number + 1) if self.number < self.last_page else None

    @property
    def tucked_away(self) -> set[str]:
        """The rare filters that do nothing now."""
        return {item.name for item in self.filters if item.is_rare and item.name not in self.chosen}

    @property
    def in_force(self) -> int:
        """How many filters narrow the list, apart from search and tabs."""
        return sum(item.kind != "tab" and item.name in self.chosen for item in self.filters)

    @property
    def active(self) -> list[dict[str, str]]:
        """What narrows the list now, each with the address that takes it away."""
        by_name = {item.name: item for item in self.filters}
        narrowing = [
            {
                "label": str(by_name[name].label),
                "value": by_name[name].words_for(value),
                "without": self.link(**{name: None}),
            }
            for name, value in self.chosen.items()
            if by_name[name].kind != "tab"
        ]
        if self.query:
            narrowing.append({"label": _("Search"), "value": self.query, "without": self.link(q=None)})
        return narrowing

    @property
    def narrowed(self) -> bool:
        """Whether anything at all keeps rows away, a tab included."""
        return bool(self.chosen or self.query)

    @cached_property
    def hidden(self) -> int:
        """How many rows the filters hide, where nothing is left (to `MOST_COUNTED`)."""
        return self.rows.order_by().values("pk")[: MOST_COUNTED + 1].count() if self.narrowed else 0
