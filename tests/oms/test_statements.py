"""How many statements the counter costs; the same number whatever the history (docs/architecture.md)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clickcollect.accounts.models import Role
from clickcollect.errors import OtpIncorrect
from clickcollect.oms import states
from clickcollect.oms.access import Actor
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import Package
from clickcollect.whisperer.models import Endpoint, Hook
from tests import shop

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
AT_MOST = 20


def statements(package: Package, actor: Actor, otp: str) -> list[str]:
    """What one verify sends to the database; BEGIN and COMMIT apart."""
    with CaptureQueriesContext(connection) as captured:
        run_command(package_id=package.pk, transition=DELIVER, actor=actor, data={"otp": otp})
    return [query["sql"] for query in captured if query["sql"] not in ("BEGIN", "COMMIT")]


def listen(actor: Actor, *types: str) -> None:
    """Somebody subscribes."""
    endpoint = Endpoint.objects.create(target_url="http://127.0.0.1:9/")
    for name in types:
        Hook.objects.create(
            user_id=actor.user_id or 0, event_type=name, target_url=endpoint.target_url, endpoint=endpoint
        )


def test_a_verify_is_at_most_twenty_statements_with_subscribers() -> None:
    actor = shop.make_actor(Role.ASSOCIATE, shop.make_store())
    listen(actor, "package.status.delivered", "package.status.transitioned", "order.updated")
    package = shop.make_package(states.READY)
    sent = statements(package, actor, shop.right_code(package))
    assert len(sent) <= AT_MOST, "\n".join(sent)


def test_a_long_history_costs_no_statement_more() -> None:
    actor = shop.make_actor(Role.ASSOCIATE, shop.make_store())
    fresh, old = shop.make_package(states.READY), shop.make_package(states.READY)
    for _turn in range(2):
        run_command(package_id=old.pk, transition="SEND_NEW_CODE", actor=actor)
    with pytest.raises(OtpIncorrect):
        run_command(package_id=old.pk, transition=DELIVER, actor=actor, data={"otp": shop.wrong_code(old)})
    assert len(statements(old, actor, shop.right_code(old))) == len(statements(fresh, actor, shop.right_code(fresh)))
