"""Exactly once: two tills, a lost answer, everything at the same time."""

import os
import socket
from collections.abc import Callable
from functools import partial
from threading import Barrier

import pytest
from django.db import OperationalError, connection
from django.db.models import Q
from django.db.models.functions import Now

from clickcollect.errors import DomainError
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.commands import statements
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CodeIssue, Package, PackageState
from clickcollect.whisperer.models import Event
from tests import shop
from tests.concurrency import THREADS, at_once, codes

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"


@pytest.mark.parametrize(
    ("packages", "tries"),
    [(5, 40), pytest.param(500, 100, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])],
)
def test_t18_many_right_codes_at_once_deliver_once(packages: int, tries: int) -> None:
    for _round in range(packages):
        package = shop.make_package(states.READY)
        run = partial(
            run_command,
            package_id=package.pk,
            transition=DELIVER,
            actor=SYSTEM,
            data={"otp": shop.right_code(package)},
        )
        counted = codes(at_once([run] * tries))
        assert counted["ok"] == 1
        assert set(counted) == {"ok", "state_conflict"}
        package = shop.reread(package)
        assert package.issue_attempts == package.total_attempts == 0
        assert CommandLog.objects.filter(package_id=package.pk, kind="move", new_state=states.DELIVERED).count() == 1
        told = Event.objects.filter(subject=f"package:{package.pk}", type="package.status.delivered")
        assert told.count() == 1


def test_t18_control_without_the_lock_many_deliver() -> None:
    package = shop.make_package(states.READY)
    delivered = PackageState.objects.get(enum_value=states.DELIVERED)
    everybody_has_looked = Barrier(THREADS)

    def careless() -> bool:
        seen = shop.reread(package)
        if seen.state.enum_value != states.READY:
            return False
        everybody_has_looked.wait(timeout=30)  # the work of a request between its look and its deed
        Package.objects.filter(pk=seen.pk).update(state=delivered)
        return True

    assert at_once([careless] * 40).count(True) > 1


@pytest.mark.parametrize(
    "rounds",
    [10, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])],
)
def test_t20_everything_at_once_has_one_legal_end(rounds: int) -> None:
    ends = {states.READY, states.DELIVERED, states.CANCELLED, states.RETURNED}
    for round_number in range(rounds):
        package = shop.make_package(states.READY)
        run = partial(run_command, package_id=package.pk, actor=SYSTEM)
        override = {"evidence": "id_document", "reason": "no phone"}
        deeds: list[Callable[[], object]] = [
            partial(run, transition=DELIVER, data={"otp": shop.right_code(package)}),
            partial(run, transition="CANCEL_PACKAGE", data={"reason": "late"}),
            partial(run, transition="DELIVER_WITHOUT_CODE", data=override),
            partial(run, transition="SEND_NEW_CODE"),
            partial(run, transition="EXTEND_PICKUP"),
            partial(expire, package),
            partial(run, transition="RETURN_TO_STOCK"),
        ]
        turn = round_number % len(deeds)
        answers = codes(at_once([*deeds[turn:], *deeds[:turn]]))
        assert_legal(package, ends, compared=answers.get("otp_incorrect", 0))


def expire(package: Package) -> None:
    """The pickup time runs out."""
    Package.objects.filter(pk=package.pk).update(pickup_deadline=Now())


def assert_legal(package: Package, ends: set[str], *, compared: int) -> None:
    """``compared``: the code was right until a new one took its place; typed after that, it counts as wrong."""
    package = shop.reread(package)
    state = package.state.enum_value
    assert state in ends
    moves = CommandLog.objects.filter(package_id=package.pk, kind="move", old_state=states.READY)
    assert moves.count() == (0 if state == states.READY else 1)
    still_open = CodeIssue.objects.filter(package=package, closed_at=None)
    assert still_open.count() == (1 if state == states.READY else 0)
    assert CodeIssue.objects.filter(~Q(closed_at=None) & ~Q(nonce=None)).count() == 0
    assert package.total_attempts == compared


@pytest.mark.parametrize("rounds", [20, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
def test_t21_a_connection_cut_around_commit_leaves_a_truth_that_the_next_try_tells(rounds: int) -> None:
    for round_number in range(rounds):
        package = shop.make_package(states.READY)
        code = shop.right_code(package)
        run = partial(run_command, package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": code})
        cut_at_commit(run, after=round_number % 2 == 1)
        happened = shop.state_of(package) == states.DELIVERED
        (answer,) = at_once([run])
        if happened:
            assert isinstance(answer, DomainError)
            assert (answer.code, answer.extra["state"]) == ("state_conflict", "Delivered")
        else:
            assert not isinstance(answer, DomainError)
        assert shop.state_of(package) == states.DELIVERED
        assert CommandLog.objects.filter(package_id=package.pk, kind="move", new_state=states.DELIVERED).count() == 1
        assert shop.reread(package).total_attempts == 0


def cut_at_commit(run: Callable[[], object], *, after: bool) -> None:
    """Cut the connection to PostgreSQL just before COMMIT is sent, or when it was carried out."""
    connection.ensure_connection()

    def cut(*_given: object) -> None:
        cut_the_line()
        raise OperationalError("the line is down")

    with pytest.MonkeyPatch.context() as patch:
        if after:
            patch.setattr(connection, "_commit", cut)  # Django's own, which comes after ours
        else:
            patch.setattr(statements, "commit", cut)
        with pytest.raises(OperationalError):
            run()
    connection.close()


def cut_the_line() -> None:
    """Shut our socket to PostgreSQL, as a cut line would."""
    assert connection.connection is not None
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
