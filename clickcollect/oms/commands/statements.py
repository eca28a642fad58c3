"""The fixed SQL of the one road: lock and read in one round trip, write and COMMIT in another (docs/safety.md).

Locks are taken first and by statements of their own, in this order: the package's row, its order's row, who tries.
What a decision needs is read by a later statement: a SELECT that locks and joins at once returns, after it had to
wait, the new row and the old rows of what it joins.

Lists travel as text: psycopg takes longer to make an array of a Python list than all the rest of a statement.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

from django.db import DataError, connection, models
from psycopg import errors

from clickcollect.accounts.idempotency import Once
from clickcollect.database import Execute, pipeline
from clickcollect.errors import StateConflict
from clickcollect.omnitron.models import Order, RetailStore
from clickcollect.oms.access import Actor
from clickcollect.oms.codes.attempt_limits import Counted
from clickcollect.oms.columns import Columns, listed, moments, prefetched, take
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CodeIssue, Package
from clickcollect.whisperer import outbox

Row = TypeVar("Row", bound=models.Model)
LOCK_TIMEOUT: Final = "3s"  # then the caller hears 503
PERSON_LOCK: Final = 0x9CC  # apart from every other advisory lock


PACKAGE: Final = Columns(Package, "package", without=("search",))
ORDER: Final = Columns(Order, "placed")
STORE: Final = Columns(RetailStore, "store")
ISSUE: Final = Columns(CodeIssue, "issue")

# Who may not see the package locks nothing.
VISIBLE: Final = """id = %(package)s::bigint
    AND (%(stores)s::bigint[] IS NULL OR stock_location_id = ANY (%(stores)s::bigint[]))"""
# Every statement finds its rows by their keys, whatever the values: each session plans it once (docs/decisions/0004
# says why others are planned for their values).
SET_UP: Final = """
SELECT set_config('lock_timeout', %s, true), set_config('plan_cache_mode', 'force_generic_plan', true)
"""
LOCK_PACKAGE: Final = f"SELECT FROM oms_package WHERE {VISIBLE} FOR NO KEY UPDATE"
LOCK_ORDER: Final = f"""
SELECT FROM omnitron_order WHERE id = (SELECT order_id FROM oms_package WHERE {VISIBLE}) FOR NO KEY UPDATE
"""  # noqa: S608
LOCK_PERSON: Final = f"""
SELECT pg_advisory_xact_lock(%(lock)s::int, hashtext(%(person)s::text))
WHERE EXISTS (SELECT FROM oms_package WHERE {VISIBLE})
"""  # noqa: S608
READ: Final = f"""
SELECT {PACKAGE.sql}, {ORDER.sql}, {STORE.sql}, {ISSUE.sql},
    clock_timestamp(), pg_current_xact_id()::text, (SELECT version::text FROM oms_configurationversion),
    (SELECT to_json(tried_at)::text FROM oms_employeebudget WHERE user_id = %(user)s::bigint),
    (SELECT to_json(tried_at)::text FROM oms_programbudget WHERE user_id = %(user)s::bigint AND store_id = store.id),
    (SELECT to_json(tried_at)::text FROM oms_programbudget WHERE user_id = %(user)s::bigint AND store_id = 0),
    (SELECT json_agg(json_build_array(id, state_id, issue_number))::text FROM oms_package
        WHERE order_id = placed.id),
    (SELECT json_agg(json_build_array(sku, name, quantity) ORDER BY id)::text FROM oms_packageitem
        WHERE package_id = package.id),
    (SELECT json_agg(json_build_array(sku, name, quantity, price::text, image_url) ORDER BY id)::text
        FROM omnitron_orderitem WHERE order_id = placed.id)
FROM oms_package package
JOIN omnitron_order placed ON placed.id = package.order_id
JOIN omnitron_retailstore store ON store.id = package.stock_location_id
LEFT JOIN oms_codeissue issue ON issue.package_id = package.id AND issue.closed_at IS NULL
WHERE package.id = %(package)s::bigint
    AND (%(stores)s::bigint[] IS NULL OR package.stock_location_id = ANY (%(stores)s::bigint[]))
"""  # noqa: S608

# What a decision writes is one statement, put together of these; each is a WITH of its own.
CLOSE_ISSUE: Final = """closed AS (
    UPDATE oms_codeissue SET closed_at = %(now)s::timestamptz, closed_reason = %(closed_reason)s::text, nonce = NULL
    WHERE package_id = %(package)s::bigint AND number = %(closed)s::smallint AND closed_at IS NULL RETURNING number
)"""
OPEN_ISSUE: Final = """opened AS (
    INSERT INTO oms_codeissue (package_id, number, nonce, key_id, digits, issued_at, closed_reason)
    VALUES (%(package)s::bigint, %(number)s::smallint, %(nonce)s::bytea, %(key_id)s::text, %(digits)s::smallint,
        %(now)s::timestamptz, '')
)"""
UPDATE_PACKAGE: Final = """moved AS (
    UPDATE oms_package SET {columns} WHERE id = %(package)s::bigint AND version = %(seen)s::int RETURNING id
)"""
UPDATE_ORDER: Final = """placed AS (
    UPDATE omnitron_order SET {columns} WHERE id = %(order)s::bigint
)"""
LOG_COLUMNS: Final = [field.attname for field in CommandLog._meta.concrete_fields if not field.primary_key]  # noqa: SLF001
LOG_VALUES: Final = {name: f"%(log_{name})s" for name in LOG_COLUMNS} | {
    "at": "coalesce(%(log_at)s::timestamptz, clock_timestamp())"
}
LOG: Final = f"""entry AS (
    INSERT INTO oms_commandlog ({", ".join(LOG_COLUMNS)})
    VALUES ({", ".join(LOG_VALUES[name] for name in LOG_COLUMNS)}) RETURNING id, package_id
)"""  # noqa: S608
NOTES: Final = """noted AS (
    INSERT INTO oms_lognote (log_id, package_id, kind, text)
    SELECT entry.id, entry.package_id, note.kind, note.text
    FROM entry, json_each_text(%(notes)s::json) AS note(kind, text)
)"""
# The count of what was changed is checked where it happens: 1 / 0 ends the transaction before COMMIT is reached.
EXACTLY_ONE: Final = "1 / (SELECT count(*) FROM {name})"


class Goods(NamedTuple):
    """What is told of a package's item."""

    sku: str
    name: str
    quantity: int


class Line(NamedTuple):
    """What is told of an order's line."""

    sku: str
    name: str
    quantity: int
    price: Decimal | None
    image_url: str

    @classmethod
    def from_row(cls, sku: str, name: str, quantity: int, price: str | None, image_url: str) -> "Line":
        return cls(sku, name, quantity, Decimal(price) if price else None, image_url)


@dataclass(frozen=True, kw_only=True)
class FoundPackage:
    """What was read after the locks; nothing where there is no package.

    ``version``: the configuration's; ``siblings``: id, state id and issue number of each package of the order.
    """

    version: str | None = None
    package: Package | None = None
    issue: CodeIssue | None = None
    now: datetime | None = None
    transaction: str = ""
    employee: Sequence[datetime] = ()
    here: Sequence[datetime] = ()
    everywhere: Sequence[datetime] = ()
    siblings: Sequence[tuple[int, int, int]] = ()

    def at(self, moment: datetime) -> "FoundPackage":
        """The same, as if it were that moment."""
        if self.package is not None:
            self.package.clock = moment
        return replace(self, now=moment)


def lock_and_read(*, package_id: int, actor: Actor, is_trying: bool, once: Once | None = None) -> FoundPackage:
    """Lock the package, its order and, with ``is_trying`` a code, who tries; then read all of it. One round trip.

    The package is None where there is none that this caller can see; nothing is locked then.
    Raises what ``once`` says of a request that was sent before or runs already.
    """
    stores = None if actor.store_ids is None else f"{{{','.join(map(str, sorted(actor.store_ids)))}}}"
    seen = {"package": package_id, "stores": stores}
    with once.claimed() if once else nullcontext(), first_round_trip() as execute:
        execute(SET_UP, [LOCK_TIMEOUT])
        claim = [execute.reading(*statement) for statement in once.claiming()] if once else []
        execute(LOCK_PACKAGE, seen)
        execute(LOCK_ORDER, seen)
        if is_trying and actor.user_id is not None:
            execute(LOCK_PERSON, seen | {"lock": PERSON_LOCK, "person": f"{actor.user_id} {actor.is_program}"})
        read = execute.reading_last(READ, seen | {"user": actor.user_id})
    if once:
        once.judge(claim[-1].fetchone())
    return found_package(read.fetchone())


def found_package(row: Sequence[Any] | None) -> FoundPackage:
    """The objects that a row of READ makes."""
    if row is None:
        return FoundPackage()
    values = iter(row)
    package, order = PACKAGE.made(take(values, PACKAGE)), ORDER.made(take(values, ORDER))
    store, issue = STORE.made(take(values, STORE)), take(values, ISSUE)
    now, transaction, version, employee, here, everywhere, siblings, items, order_items = values
    package.order, package.stock_location, package.clock = order, store, now
    prefetched(package, "items", [Goods(*item) for item in listed(items)])
    prefetched(order, "items", [Line.from_row(*line) for line in listed(order_items)])
    return FoundPackage(
        version=version,
        package=package,
        issue=ISSUE.made(issue) if issue[0] is not None else None,
        now=now,
        transaction=transaction,
        employee=moments(employee),
        here=moments(here),
        everywhere=moments(everywhere),
        siblings=[tuple(sibling) for sibling in listed(siblings)],
    )


@contextmanager
def first_round_trip() -> Iterator[Execute]:
    """The same for a transaction's first statements: BEGIN travels along.

    psycopg would send it in a round trip of its own; in its autocommit mode it leaves it to us, and Django, which has
    opened the transaction, ends it as ever. A test that rolls back all has begun long before.
    """
    if is_outermost():
        connection.connection.autocommit = True
    with pipeline() as execute:
        if is_outermost():
            execute("BEGIN")
        yield execute


def is_outermost() -> bool:
    return not connection.savepoint_ids


class Written:
    """What a transaction writes, in its last round trip, as few statements as can be.

    Each statement costs sender and server a fixed sum. Parts of one see the rows as they were before any of them; what
    others might change meanwhile is held by the road's locks.
    """

    def __init__(self, execute: Execute) -> None:
        self.execute = execute
        self.parts: dict[str, str] = {}
        self.answers: list[str] = []
        self.values: dict[str, Any] = {}

    def add(self, part: str, values: Mapping[str, Any], *, answer: str = "", after: str = "") -> None:
        """One more part, which begins with its name; ``after`` the one whose rows must have been changed before it."""
        name = part[: part.index(" ")]
        if name in self.parts or after in self.parts:
            self.send()
        self.parts[name] = part
        self.values |= values
        if answer:
            self.answers.append(answer)

    def send(self) -> Execute:
        """Send what was added since the last time; what is executed after it comes later."""
        if self.parts:
            parts, answers = ",\n".join(self.parts.values()), ", ".join(self.answers)
            self.execute(f"WITH {parts}\nSELECT {answers or 1}", self.values)
        self.parts, self.answers, self.values = {}, [], {}
        return self.execute


@contextmanager
def last_round_trip() -> Iterator[Execute]:
    """The same for a transaction's last statements, COMMIT among them: none follows, and what fails commits nothing.

    Raises StateConflict when a row is not what it was when it was read, locks or no locks.
    """
    try:
        with pipeline() as execute:
            yield execute
            commit(execute)
    except DataError as error:
        if isinstance(error.__cause__, errors.DivisionByZero):
            raise StateConflict from None
        raise


@contextmanager
def written_last() -> Iterator[Written]:
    """The same for what a decision writes."""
    with last_round_trip() as execute:
        written = Written(execute)
        yield written
        written.send()


def commit(execute: Execute) -> None:
    """Let COMMIT travel along; Django's own then finds nothing to do. A test that rolls back all has its own."""
    if is_outermost():
        execute("COMMIT")


def update_package(written: Written, package: Package, changes: Mapping[str, Any], *, seen: int) -> None:
    """Set these columns, if the version is still the one that was read."""
    columns, values = assignments(changes, of="package")
    values |= {"package": package.pk, "seen": seen}
    written.add(UPDATE_PACKAGE.format(columns=columns), values, answer=EXACTLY_ONE.format(name="moved"))


def update_order(written: Written, order: Order, changes: Mapping[str, Any]) -> None:
    columns, values = assignments(changes, of="order")
    written.add(UPDATE_ORDER.format(columns=columns), values | {"order": order.pk})


def assignments(changes: Mapping[str, Any], *, of: str) -> tuple[str, dict[str, Any]]:
    """A row's changes as SET has them, and their values by names that no other row's have."""
    columns = ", ".join(f"{name} = %({of}_{name})s" for name in changes)
    return columns, {f"{of}_{name}": value for name, value in changes.items()}


def insert_issue(written: Written, issue: CodeIssue, *, now: datetime) -> None:
    """Open an issue, after the last one was closed: a package has one at a time."""
    values = {name: getattr(issue, name) for name in ("number", "nonce", "key_id", "digits")}
    written.add(OPEN_ISSUE, values | {"package": issue.package_id, "now": now}, after="closed")


def close_issue(written: Written, issue: CodeIssue, *, reason: str, now: datetime) -> None:
    """End exactly this issue, which must be open, and erase its nonce: the code can never be derived again."""
    values = {"closed": issue.number, "package": issue.package_id, "closed_reason": reason, "now": now}
    written.add(CLOSE_ISSUE, values, answer=EXACTLY_ONE.format(name="closed"))


def write_events(written: Written, values: Mapping[str, Any]) -> None:
    """Put events into the outbox, where Whisperer finds them once they are committed."""
    written.add(outbox.PUBLISHED, values)
    written.add(outbox.QUEUED, {}, answer=f"({outbox.WAKE})")


def write_count(written: Written, counted: Counted) -> None:
    """Count a wrong code."""
    for place, (statement, values) in enumerate(counted.statements()):
        written.add(f"counted_{place} AS ({statement})", values)


def write_log(
    written: Written, entry: CommandLog, notes: Mapping[str, str] | None = None, *, at: datetime | None
) -> None:
    """Append a row to the log, and its free text beside it; ``at``, left out = now by the database's clock."""
    values = {f"log_{name}": getattr(entry, name) for name in LOG_COLUMNS}
    written.add(LOG, values | {"log_at": at, "log_attributes": json.dumps(entry.attributes)})
    if texts := {kind: text[:500] for kind, text in (notes or {}).items()}:
        written.add(NOTES, {"notes": json.dumps(texts)})
