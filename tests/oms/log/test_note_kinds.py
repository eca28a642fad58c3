"""What is noted is one of a registered list, each kind in words wherever the log is read; no seal changes by it."""

import hashlib
import json
from typing import Any

import pytest
from django.db import connections, models
from django.test import Client
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.translation import gettext_lazy

from clickcollect.instore import timeline as instore_timeline
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.events import documents
from clickcollect.oms.log import audit
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import CommandLog, NoteKind, Seal
from clickcollect.omsweb import timeline as omsweb_timeline
from tests import database_reset, shop


def without_words(kinds: type[models.TextChoices]) -> list[str]:
    """The kinds for which Django made up a label of their name."""
    return [kind.value for kind in kinds if not isinstance(kind._label_, Promise)]


def test_every_kind_has_words_that_can_be_translated() -> None:
    assert without_words(NoteKind) == []


def test_control_a_kind_without_words_is_found() -> None:
    class Kinds(models.TextChoices):
        TOLD = "told", gettext_lazy("Told")
        UNTOLD = "untold"

    assert without_words(Kinds) == ["untold"]


@pytest.mark.django_db
def test_every_kind_is_shown_in_words_in_instore_oms_web_and_the_log() -> None:
    package = shop.make_package()
    for kind in NoteKind:
        record_note(kind=kind, actor=SYSTEM, package=package, attributes={"shelf": "B4"})
    words = {kind: str(kind.label) for kind in NoteKind} | {NoteKind.SHELVED: "Shelf B4"}
    seen = [line.entry.title for line in omsweb_timeline.timeline_of_package(package)]
    assert sorted(seen) == sorted(words.values())
    rows = instore_timeline.newest_rows(package)
    lines = instore_timeline.timeline_of_package(package, rows, state_names={})
    at_the_counter = {line.words for line in lines}
    arrival = "Order received from Webshop"  # the order's arrival stands there once, in words of its own
    assert at_the_counter - {arrival} == set(words.values()) - {words[NoteKind.CREATED]}
    client = Client()
    client.force_login(shop.make_user("admin"))
    page = client.get("/oms/log/").content.decode()
    assert [text for text in words.values() if escape(text) not in page] == []


def hash_of_before(previous: bytes, row: dict[str, Any]) -> bytes:
    """A link as it was made before note kinds had a column."""
    fields = {**row, "at": documents.utc(row["at"]), "attributes": json.loads(row["attributes"])}
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def seal_as_before() -> None:
    """A note and a refusal, written and sealed as they were before the migration."""
    with connections["owner"].cursor() as cursor:
        for kind, code in (("note", "locked_out"), ("refused", "otp_incorrect"), ("note", "")):
            cursor.execute(
                "INSERT INTO oms_commandlog"
                " (kind, code, old_state, new_state, channel, command_code, slug, attributes)"
                " VALUES (%s, %s, '', '', 'INSTORE', '', '', '{\"n\": 1}')",
                [kind, code],
            )
        cursor.execute("SELECT * FROM oms_commandlog ORDER BY id")
        columns = [column.name for column in cursor.description or ()]
        previous = bytes(32)
        for values in cursor.fetchall():
            previous = hash_of_before(previous, dict(zip(columns, values, strict=True)))
            cursor.execute("INSERT INTO oms_seal (log_id, hash) VALUES (%s, %s)", [values[0], previous])


@pytest.mark.django_db(transaction=True)
def test_rows_of_before_get_their_kind_and_their_seals_stay_good() -> None:
    database_reset.migrate_there_and_back("oms", "0006", seal_as_before)
    kept = CommandLog.objects.order_by("pk").values_list("kind", "code", "note_kind")
    assert list(kept) == [("note", "", "locked_out"), ("refused", "otp_incorrect", ""), ("note", "", "")]
    last = Seal.objects.latest("pk")
    verdict = audit.verify_chain(kept_head=audit.Head(links=3, log_id=last.log_id, hash=bytes(last.hash).hex()))
    assert (verdict.is_whole, verdict.checked) == (True, 3)


@pytest.mark.django_db(transaction=True)
def test_control_another_note_kind_breaks_the_chain() -> None:
    row = record_note(kind=NoteKind.LOCKED_OUT, actor=SYSTEM)
    audit.seal()
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE oms_commandlog SET note_kind = 'shelved' WHERE id = %s", [row.pk])
    assert audit.verify_chain().bad_log_id == row.pk
