"""The Extension keeps no code: not in a table, not in a log, whatever goes wrong (T39, T40)."""

import base64
import re
from collections.abc import Iterable
from contextlib import suppress

import psycopg
import pytest

from tests.extension.conftest import Carried, Start
from tests.extension.running import Running, event, receiver

CODES = [f"{number:08}" for number in range(71_828_182, 71_828_182 + 37 * 20, 37)]


def spellings(code: str) -> set[bytes]:
    """A code in every form that might be lying about."""
    raw = code.encode()
    shifted = {base64.b64encode(b"x" * pad + raw)[4:-4] for pad in (3, 4, 5)}
    return {raw, code[::-1].encode(), raw.hex().encode(), code.encode("utf-16-le"), *shifted}


def dump(extension: Running) -> bytes:
    """Every row of every table, and the log."""
    pieces = [extension.log.read_bytes()]
    with psycopg.connect(extension.database_url) as connection:
        tables = connection.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            with connection.cursor().copy(f"COPY {table} TO STDOUT".encode()) as rows:
                pieces += [bytes(row) for row in rows]
    return b"\n".join(pieces)


def found(text: bytes, codes: Iterable[str]) -> list[bytes]:
    return [spelling for code in codes for spelling in spellings(code) if re.search(re.escape(spelling), text)]


def test_no_code_is_left_behind_whatever_happened_to_its_message(carried: Carried) -> None:
    extension, provider = carried.extension, carried.provider
    carried.oms.status = 503  # receipts stay where they are
    for place, code in enumerate(CODES):
        provider.status = (201, 400, 503, 401)[place % 4]
        extension.post(event(otp={"code": code, "issue": 1}))
    extension.post(event(otp={"code": CODES[0], "issue": "one"}))
    extension.post(event(otp={"code": CODES[1], "issue": 1}, customer={"phone_number": "x"}))
    extension.post(event(otp={"code": CODES[2], "issue": 1}), secret="wrong")
    carried.oms.wait_for(1)
    assert len(provider.received) == len(CODES), "the codes were really there"
    assert extension.rows("SELECT count(*) FROM extension_receipt") != [(0,)]
    assert found(dump(extension), CODES) == []


def test_control_the_search_finds_a_planted_code(start_extension: Start) -> None:
    extension = start_extension()
    for spelling in (CODES[0], CODES[0][::-1], CODES[0].encode().hex(), base64.b64encode(CODES[0].encode()).decode()):
        extension.rows("DELETE FROM extension_receipt RETURNING 1")
        assert found(dump(extension), CODES) == []
        extension.rows(
            "INSERT INTO extension_receipt (event_uuid, status, reason, attempts) "
            f"VALUES ('a', 'b', '{spelling}', 0) RETURNING 1"
        )
        assert found(dump(extension), CODES) != []
    extension.rows("DELETE FROM extension_receipt RETURNING 1")
    with extension.log.open("a") as log:
        log.write(f"planted {CODES[3]}\n")
    assert found(dump(extension), CODES) != []


def test_a_provider_that_quotes_the_message_teaches_us_nothing(carried: Carried) -> None:
    carried.oms.status = 503
    carried.provider.status = 400
    carried.provider.headers.update({"X-Echo": CODES[4], "Retry-After": CODES[4]})
    answer = carried.extension.post(event(otp={"code": CODES[4], "issue": 1}))
    assert CODES[4].encode() not in answer.body
    carried.oms.wait_for(1)
    assert found(dump(carried.extension), CODES) == []


@pytest.mark.parametrize("table", ["extension_message", "extension_template"])
def test_a_broken_table_does_not_make_the_log_talk(start_extension: Start, table: str) -> None:
    with receiver() as oms:
        extension = start_extension(EXTENSION_OMS_URL=oms.url)
        with suppress(psycopg.ProgrammingError):
            extension.rows(f"DROP TABLE {table}")
        answer = extension.post(event(otp={"code": CODES[5], "issue": 1}))
        assert answer.status == 503
        assert found(extension.log.read_bytes() + answer.body, CODES) == []
        assert b"ProgrammingError" in extension.log.read_bytes(), "it says what failed"
