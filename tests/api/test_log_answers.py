"""What the API says of the log is validated here, not when it is said: by its schema and by the rows of the ORM."""

import json
from typing import Any

import pytest

from clickcollect.api.schemas import LogOut, Page
from clickcollect.oms import configuration, states
from clickcollect.oms.events.documents import state_document
from clickcollect.oms.log_models import CommandLog
from clickcollect.wire_format import utc
from tests import shop
from tests.api.caller import LOGS, Caller, document_of, make_caller
from tests.wire import watched

pytestmark = pytest.mark.django_db


def document(entry: CommandLog) -> dict[str, Any]:
    """As contract section 2 has it."""
    known = {state.enum_value: state_document(state) for state in configuration.current().states.values()}
    refusal = {"error.code": entry.code} if entry.kind == "refused" else {}
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "old_state": known.get(entry.old_state),
        "new_state": known.get(entry.new_state),
        "user": entry.actor_id,
        "attributes": {**entry.attributes, **refusal},
        "created_date": utc(entry.at),
        "object_id": entry.package_id,
    }


@pytest.mark.parametrize("role", ["operator", "manager"])
def test_every_entry_is_told_as_it_stands(role: str) -> None:
    store = shop.make_store()
    caller = make_caller(role, store)
    package = shop.make_package(states.READY, store=store)
    shop.make_package(states.READY, store=shop.make_store("BER-01"))
    body = {"slug": "self-service-package-delivery"}
    assert caller.command(package.pk, body | {"otp": shop.wrong_code(package)}).status_code == 422
    assert caller.command(package.pk, {"slug": "no-such-command"}).status_code == 400
    assert caller.command(package.pk, body | {"otp": shop.right_code(package)}).status_code in (204, 400)
    strange = {"text": '\\u00e9"\n', "number": 2**60, "no": False, "nothing": None}
    CommandLog.objects.create(kind="move", store_id=store.pk, new_state="999", attributes=strange)
    CommandLog.objects.create(kind="refused", store_id=store.pk, code="x", attributes={"error.code": "older"})
    for kind in ("move", "refused"):
        mine = CommandLog.objects.filter(kind=kind)
        expected = list(mine if role == "operator" else mine.filter(store_id=store.pk).order_by("-at", "-id"))
        page = document_of(caller.get(f"{LOGS}?kind={kind}&limit=100"))
        assert Page[LogOut].model_validate(page, strict=True).model_dump() == page
        assert page["results"] == [json.loads(json.dumps(document(entry))) for entry in expected]
        assert len(expected) >= 2
        for row in page["results"]:
            assert document_of(caller.get(f"{LOGS}{row['id']}/")) == row


@pytest.mark.parametrize(("role", "query"), [("operator", ""), ("manager", "?kind=refused&old_state=600&object_id=1")])
def test_a_page_takes_four_statements_in_three_round_trips(role: str, query: str) -> None:
    """Who calls, the configuration's version, how many there are, and the page."""
    store = shop.make_store()
    shop.make_package(states.READY, store=store)
    assert cost(make_caller(role, store), f"{LOGS}{query}") == (4, 3)


def cost(caller: Caller, address: str) -> tuple[int, int]:
    for _ in range(6):
        document_of(caller.get(address))
    with watched() as sent:
        document_of(caller.get(address))
    return sent.statements, sent.round_trips
