"""The lists of one store by fixed SQL: a page of a tab, and how many packages each state holds (contract section 6).

States are named by plain ids and each is read along an index that has its order, so that a page costs the same at any
depth and however many packages the store has had. Only what a row of a list shows is read.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import states
from clickcollect.oms.columns import moment, selected, take
from clickcollect.oms.configuration import Configuration
from clickcollect.oms.list_sql import fetched
from clickcollect.oms.lists import ALL, MOST_COUNTED, Tab
from clickcollect.oms.models import Package
from clickcollect.oms.package_sql import LISTED_ORDER, LISTED_PACKAGE

IN_STATE: Final = "package.stock_location_id = %(store)s::bigint AND package.state_id IN (%({name})s::bigint)"
PAST_PICKUP: Final = "package.pickup_deadline <= statement_timestamp()"
DUE_LATER: Final = (
    "package.due_at >= %(moment)s::timestamptz"
    " AND (package.due_at, package.id) > (%(moment)s::timestamptz, %(last)s::bigint)"
)
NEVER_DUE: Final = "package.due_at IS NULL"
NEVER_DUE_LATER: Final = f"{NEVER_DUE} AND package.id > %(last)s::bigint"
ENDED_EARLIER: Final = "(package.state_changed_at, package.id) < (%(moment)s::timestamptz, %(last)s::bigint)"
OPEN_PART: Final = """(
    SELECT package.id, 1 AS half, package.due_at AS due, NULL::timestamptz AS ended, package.id AS place
    FROM oms_package package WHERE {condition} ORDER BY package.due_at, package.id LIMIT {limit}
)"""
ENDED_PART: Final = """(
    SELECT package.id, 2 AS half, NULL::timestamptz AS due, package.state_changed_at AS ended, -package.id AS place
    FROM oms_package package WHERE {condition} ORDER BY package.state_changed_at DESC, package.id DESC LIMIT {limit}
)"""
PAGE: Final = f"""
SELECT {LISTED_PACKAGE.sql}, {LISTED_ORDER.sql}, statement_timestamp()::text
FROM (SELECT * FROM ({{parts}}) part ORDER BY half, due, ended DESC, place LIMIT {{limit}}) found
JOIN oms_package package ON package.id = found.id JOIN omnitron_order placed ON placed.id = package.order_id
ORDER BY found.half, found.due, found.ended DESC, found.place
"""  # noqa: S608
OPEN_COUNTS: Final = """
SELECT package.state_id, count(*), count(*) FILTER (WHERE package.pickup_deadline <= statement_timestamp()),
    count(*) FILTER (WHERE package.due_at <= statement_timestamp()),
    count(*) FILTER (WHERE package.due_at > statement_timestamp() AND package.due_at <= %(end_of_day)s::timestamptz)
FROM oms_package package WHERE package.stock_location_id = %(store)s::bigint AND package.state_id IN ({states})
GROUP BY package.state_id
"""
ENDED_COUNT: Final = f"""
SELECT %({{name}})s::bigint, (SELECT count(*) FROM (
    SELECT FROM oms_package package WHERE {IN_STATE} LIMIT {MOST_COUNTED + 1}
) ended), 0, 0, 0
"""  # noqa: S608


class After(NamedTuple):
    """The last row of the page before: whether it had ended, when it ended or is due, and its id."""

    has_ended: bool
    moment: datetime | None
    id: int


class StateCount(NamedTuple):
    """How many packages of one state, and how many of them press."""

    number: str
    packages: int
    past_pickup: int
    overdue: int
    today: int


@dataclass(frozen=True, kw_only=True)
class StoreLists:
    """The lists of a store, read with the configuration of this request."""

    store: RetailStore
    configuration: Configuration

    def page(self, tab: Tab, *, after: After | None, limit: int) -> list[Package]:
        """So many packages of a tab behind that one, each with order, state, store and ``clock``; one statement.

        What is open comes first, the most urgent before others and what has no due time last; then what has ended,
        the last one first.
        """
        in_states = self.ids_of(tab.states)
        parts = list(sql_by_state(tab, in_states, after=after, limit=limit))
        if not parts:
            return []
        values = state_parameters(in_states) | {"store": self.store.pk}
        if after:
            values |= {"moment": after.moment, "last": after.id}
        rows = fetched(PAGE.format(parts=" UNION ALL ".join(parts), limit=limit), values)
        return [self.made(row) for row in rows]

    def made(self, row: tuple[Any, ...]) -> Package:
        values = iter(row)
        package = LISTED_PACKAGE.made(take(values, LISTED_PACKAGE))
        selected(package, "order", LISTED_ORDER.made(take(values, LISTED_ORDER)))
        selected(package, "stock_location", self.store)
        package.clock = moment(next(values))  # type: ignore[assignment]
        if state := self.configuration.states.get(package.state_id):  # else it is newer than this configuration
            selected(package, "state", state)
        return package

    def counts(self, *, end_of_day: datetime) -> list[StateCount]:
        """Every state with packages: those that are open exactly, those that have ended to 1,000; one statement."""
        in_states = self.ids_of(ALL.states)
        is_open = [parameter_of(number) for number in ALL.open_states if number in in_states]
        has_ended = [parameter_of(number) for number in ALL.ended_states if number in in_states]
        states_sql = ", ".join(f"%({name})s::bigint" for name in is_open)
        parts = [OPEN_COUNTS.format(states=states_sql)] if is_open else []
        parts += [ENDED_COUNT.format(name=name) for name in has_ended]
        values = state_parameters(in_states) | {"store": self.store.pk, "end_of_day": end_of_day}
        numbers = {pk: number for number, pk in in_states.items()}
        return [StateCount(numbers[pk], *rest) for pk, *rest in fetched(" UNION ALL ".join(parts), values)]

    def ids_of(self, numbers: Iterable[str]) -> dict[str, int]:
        """The ids of these states."""
        ids = {
            state.enum_value: state.pk
            for state in self.configuration.states.values()
            if state.enum_class == states.ENUM_CLASS
        }
        return {number: ids[number] for number in numbers if number in ids}


def sql_by_state(tab: Tab, numbers: Iterable[str], *, after: After | None, limit: int) -> Iterator[str]:
    """For each state of a page a piece of SQL that finds its first rows along an index."""
    for number in numbers:
        in_state = IN_STATE.format(name=parameter_of(number))
        if number in states.ENDED:
            beyond = [f"{in_state} AND {ENDED_EARLIER}"] if after and after.has_ended else [in_state]
            form = ENDED_PART
        else:
            if after and after.has_ended:
                continue
            past = f" AND {PAST_PICKUP}" if tab.past_pickup else ""
            beyond = [f"{in_state}{past}{condition}" for condition in open_conditions(after)]
            form = OPEN_PART
        yield from (form.format(condition=condition, limit=limit) for condition in beyond)


def open_conditions(after: After | None) -> tuple[str, ...]:
    """What is behind an open package, as ranges of the index; what has no due time stands behind all that has."""
    if after is None:
        return ("",)
    if after.moment is None:
        return (f" AND {NEVER_DUE_LATER}",)
    return (f" AND {DUE_LATER}", f" AND {NEVER_DUE}")


def parameter_of(number: str) -> str:
    """The name of a state's id among the values of a statement."""
    return f"state_{number}"


def state_parameters(in_states: Mapping[str, int]) -> dict[str, Any]:
    return {parameter_of(number): pk for number, pk in in_states.items()}
