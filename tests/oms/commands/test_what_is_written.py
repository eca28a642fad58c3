"""What a command writes beside the new state, and what it leaves as it was."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from clickcollect.accounts.models import Role
from clickcollect.errors import OtpIncorrect
from clickcollect.omnitron.models import Order
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.run import available_commands, run_command
from clickcollect.oms.log_models import CommandLog, LogNote, NoteKind
from clickcollect.oms.models import EmployeeBudget, Package
from clickcollect.whisperer.models import Event
from tests import shop
from tests.reports import variables_shown

pytestmark = pytest.mark.django_db(transaction=True)
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
MOST_WRONG = 10  # of a package, over all its codes


def run(package: Package, command: str, actor: Actor = SYSTEM, **data: Any) -> Package:
    run_command(package_id=package.pk, transition=command, actor=actor, data=data)
    return shop.reread(package)


def columns(package: Package, **changes: Any) -> Package:
    Package.objects.filter(pk=package.pk).update(**changes)
    return shop.reread(package)


def guess_wrong(package: Package, actor: Actor = SYSTEM) -> None:
    with pytest.raises(OtpIncorrect):
        run(package, DELIVER, actor, otp=shop.wrong_code(package))


def test_each_move_is_one_version_further_whatever_it_changes() -> None:
    package = shop.make_package(states.PACKED)
    versions = [package.version]
    package = run(package, "READY_FOR_PICKUP")
    versions.append(package.version)
    package = run(package, "EXTEND_PICKUP")
    versions.append(package.version)
    guess_wrong(package)  # no move
    versions.append(run(package, DELIVER, otp=shop.right_code(package)).version)
    assert versions == list(range(versions[0], versions[0] + 4))


@pytest.mark.parametrize(
    ("start", "command", "data", "is_due"),
    [
        (states.READY, "BACK_TO_PACKED", {}, True),
        (states.PACKED, "READY_FOR_PICKUP", {}, True),
        (states.READY, "DELIVER_WITHOUT_CODE", {"reason": "no phone", "evidence": "id_document"}, False),
        (states.READY, "CANCEL_PACKAGE", {"reason": "late"}, False),
        (states.WAITING, "MARK_OUT_OF_STOCK", {"reason": "one short"}, False),
    ],
)
def test_only_what_has_ended_is_never_due(*, start: str, command: str, data: dict[str, Any], is_due: bool) -> None:
    package = columns(shop.make_package(start), due_at=shop.PAST)
    assert (run(package, command, **data).due_at is not None) is is_due


@pytest.mark.parametrize(("left", "locks"), [(2, False), (1, True)])
def test_the_last_wrong_code_of_a_package_locks_it_though_its_code_had_tries_left(*, left: int, locks: bool) -> None:
    package = columns(shop.make_package(states.READY), total_attempts=MOST_WRONG - left, issue_attempts=0)
    guess_wrong(package)
    assert shop.reread(package).total_attempts == MOST_WRONG - left + 1
    assert CommandLog.objects.filter(note_kind=NoteKind.LOCKED_OUT).exists() is locks
    assert Event.objects.filter(type="package.pickup.locked").exists() is locks


def test_of_a_changed_phone_number_only_the_handover_makes_a_note() -> None:
    packed = shop.make_package(states.PACKED)
    run(packed, "CORRECT_PHONE", phone_number="+905550000177", reason="typing error")
    Order.objects.filter(pk=packed.order_id).update(phone_changed_at=shop.PAST)
    package = run(packed, "READY_FOR_PICKUP")
    assert not CommandLog.objects.filter(note_kind=NoteKind.AFTER_PHONE_CHANGE).exists()
    run(package, DELIVER, otp=shop.right_code(package))
    assert CommandLog.objects.filter(note_kind=NoteKind.AFTER_PHONE_CHANGE).count() == 1


@pytest.mark.parametrize(("typed", "kept"), [(499, 499), (500, 500), (501, 500), (20_000, 500)])
def test_a_free_text_is_kept_to_its_500th_character(typed: int, kept: int) -> None:
    run(shop.make_package(states.WAITING), "MARK_OUT_OF_STOCK", reason="x" * typed)
    assert len(LogNote.objects.get(kind="reason").text) == kept


def failing(_code: object, _typed: object) -> bool:
    raise RuntimeError


def end_its_session(_code: object, _typed: object) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    return False


@pytest.mark.parametrize("compare", [failing, end_its_session])
def test_what_fails_in_the_comparison_itself_is_counted_as_a_wrong_code(
    compare: Callable[[object, object], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shop.make_package(states.READY)
    actor = shop.make_actor(Role.ASSOCIATE, package.stock_location)
    with monkeypatch.context() as patched:
        patched.setattr(pickup_code.Code, "matches", compare)
        code = shop.right_code(package)
        with pytest.raises(Exception, match=r".*") as caught:
            run_command(package_id=package.pk, transition=DELIVER, actor=actor, data={"otp": code})
    shown = {name: repr(variables) for name, variables in variables_shown(caught.value).items()}
    assert [name for name in ("run_command", "walk", "decide", "verify") if code in shown[name]] == []
    tried = EmployeeBudget.objects.get(user_id=actor.user_id or 0).tried_at
    assert (shop.reread(package).issue_attempts, shop.reread(package).total_attempts, len(tried)) == (1, 1, 1)


def test_a_package_that_awaits_its_confirmation_is_offered_everything_but_its_handover() -> None:
    package = shop.make_package(states.READY)
    actor = shop.make_actor(Role.ADMIN)
    whole = {one.transition.command_code: one.command for one in available_commands(package=package, actor=actor)}
    package = columns(package, shelf_unconfirmed_since=shop.PAST)
    found = {one.transition.command_code for one in available_commands(package=package, actor=actor)}
    handing_over = {code for code, command in whole.items() if command.hands_over}
    assert handing_over
    assert found == set(whole) - handing_over | {"CONFIRM_ON_SHELF"}
