"""The log cannot be changed unnoticed, nor by the application at all."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, connections, transaction

from clickcollect.oms.access import SYSTEM
from clickcollect.oms.log import audit
from clickcollect.oms.log.write import APPEND_ONLY_TABLES, record_note
from clickcollect.oms.log_models import CommandLog, NoteKind, Seal
from tests import shop
from tests.concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def write(rows: int) -> list[int]:
    """So many rows; their ids, which begin wherever the tests before have left the count."""
    return [
        record_note(kind=NoteKind.STORE_CHANGED, actor=SYSTEM, attributes={"n": number}).pk for number in range(rows)
    ]


def as_owner(sql: str, *values: int) -> None:
    """What somebody with the owner's password might do."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, values)


def test_an_untouched_chain_is_whole() -> None:
    write(25)
    assert audit.seal() == 25
    write(5)
    assert audit.seal() == 5
    verdict = audit.verify_chain()
    assert verdict.is_whole
    assert verdict.checked == 30


def test_a_low_id_that_commits_late_is_sealed_too() -> None:
    write(1)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT nextval('oms_commandlog_id_seq')")
        (low,) = cursor.fetchone()
    write(3)
    audit.seal()
    CommandLog.objects.create(id=low, kind="note", note_kind=NoteKind.STORE_CHANGED)
    assert audit.seal() == 1
    assert audit.verify_chain().is_whole


def change(row: int) -> None:
    as_owner("UPDATE oms_commandlog SET actor_id = 99 WHERE id = %s", row)


def delete(row: int) -> None:
    as_owner("DELETE FROM oms_commandlog WHERE id = %s", row)


def insert(row: int) -> None:
    as_owner(
        "INSERT INTO oms_commandlog (at, kind, channel, old_state, new_state, command_code, slug, code, note_kind,"
        " attributes) SELECT at - interval '1 hour', kind, channel, '', '', '', '', '', 'shelved', '{}'"
        " FROM oms_commandlog WHERE id = %s",
        row,
    )


def reorder(row: int) -> None:
    as_owner("UPDATE oms_commandlog SET id = -1 WHERE id = %s", row)
    as_owner("UPDATE oms_commandlog SET id = %s WHERE id = %s", row, row + 1)
    as_owner("UPDATE oms_commandlog SET id = %s WHERE id = -1", row + 1)


def reseal(row: int) -> None:
    change(row)
    as_owner("UPDATE oms_seal SET hash = sha256(hash) WHERE log_id = %s", row)


@pytest.mark.parametrize("tamper", [change, delete, reorder, reseal])
@pytest.mark.parametrize("nth", [1, 7, 19])
def test_t55_the_verifier_names_the_first_bad_row(tamper: Callable[[int], None], nth: int) -> None:
    row = write(20)[nth - 1]
    audit.seal()
    tamper(row)
    verdict = audit.verify_chain()
    assert not verdict.is_whole
    assert verdict.bad_log_id == row
    assert verdict.reason


def test_t55_an_inserted_row_is_named() -> None:
    ids = write(20)
    audit.seal()
    insert(ids[6])
    verdict = audit.verify_chain()
    assert verdict.bad_log_id == CommandLog.objects.get(note_kind="shelved").pk


def test_t55_a_kept_head_shows_that_the_end_was_cut_off() -> None:
    ids = write(20)
    audit.seal()
    kept = audit.head()
    as_owner("DELETE FROM oms_seal WHERE log_id > %s", ids[14])
    as_owner("DELETE FROM oms_commandlog WHERE id > %s", ids[14])
    assert audit.verify_chain().is_whole, "without a kept head the cut does not show"
    assert audit.verify_chain(kept_head=kept).bad_log_id == ids[-1]


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
@pytest.mark.parametrize("deed", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"])
def test_t57_the_application_cannot_change_or_empty_the_log(table: str, deed: str) -> None:
    write(1)
    audit.seal()
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(deed.format(table))
    assert CommandLog.objects.count() == Seal.objects.count() == 1


def test_two_sealers_at_once_make_one_chain() -> None:
    write(300)
    at_once([audit.seal] * 8)
    audit.seal()
    assert Seal.objects.count() == 300
    assert audit.verify_chain().is_whole


def test_the_head_can_be_exported() -> None:
    assert audit.head() is None
    shop.make_package()
    write(3)
    audit.seal()
    head = audit.head()
    assert head is not None
    assert head.links == 3
    assert head.hash in head.text()
