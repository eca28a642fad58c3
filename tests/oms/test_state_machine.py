"""T24: whatever staff, customers and the clock do, in whatever order, the rules of the counter hold after each step."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils.timezone import now
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clickcollect.accounts.models import Role
from clickcollect.errors import DomainError
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog
from clickcollect.oms.models import CodeIssue, EmployeeBudget, Package
from clickcollect.oms.orders.cancellation import cancel_order
from tests import shop

DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"
COMMANDS = (
    "COMPLETE_PACKAGING_WITHOUT_SHIPMENT", "READY_FOR_PICKUP", "RESEND_CODE", "SEND_NEW_CODE", "UNLOCK_CODE",
    "EXTEND_PICKUP", "RETURN_TO_STOCK", "CANCEL_PACKAGE", "MARK_OUT_OF_STOCK",
)  # fmt: skip


class Counter(RuleBasedStateMachine):
    """One package, an associate, a manager, a customer, a clock, and a switch."""

    @initialize(otp=st.booleans())
    def open_shop(self, *, otp: bool) -> None:
        shop.put_setting("IS_OTP_ENABLED", value=otp)
        store = shop.make_store()
        self.staff: dict[str, Actor] = {role: shop.make_actor(role, store) for role in (Role.ASSOCIATE, Role.MANAGER)}
        self.package: Package = shop.make_package(states.WAITING, store=store)
        self.wrong_compared = 0
        self.unlocks = 0
        self.handed_over_by: str | None = None
        self.seen: Package | None = None
        self.held_in: str | None = None

    def attempt(self, command: str, role: str, **data: Any) -> str:
        """Run a command; `ok` or the code of the refusal, and the state must not have moved on a refusal."""
        before, self.seen = self.package_now(), None
        try:
            run_command(package_id=self.package.pk, transition=command, actor=self.staff[role], data=data)
        except DomainError as refusal:
            after = self.package_now()
            assert (after.state_id, after.version) == (before.state_id, before.version)
            return refusal.code
        assert self.package_now().version == before.version + 1
        return "ok"

    roles = st.sampled_from([Role.ASSOCIATE, Role.MANAGER])

    @rule(command=st.sampled_from(COMMANDS), role=roles)
    def somebody_presses_a_button(self, command: str, role: str) -> None:
        answer = self.attempt(command, role, reason="because")
        if command == "UNLOCK_CODE" and answer == "ok":
            assert role == Role.MANAGER
            self.unlocks += 1

    @rule(role=roles, offset=st.integers(1, 9999))
    def a_wrong_code_is_typed(self, role: str, offset: int) -> None:
        issue = pickup_code.open_issue(self.package)
        typed = shop.wrong_code(self.package, offset) if issue else "000000"
        protected = self.package_now().issue_number > 0 or self.otp_is_on()
        answer = self.attempt(DELIVER, role, otp=typed)
        if answer == "otp_incorrect":
            self.wrong_compared += 1
        if answer == "ok":  # whatever is typed, a package that needs no code is handed over
            assert not protected
            self.handed_over_by = "no code needed"

    @rule(role=roles)
    def the_right_code_is_typed(self, role: str) -> None:
        if pickup_code.open_issue(self.package):
            answer = self.attempt(DELIVER, role, otp=shop.right_code(self.package))
            if answer == "ok":
                self.handed_over_by = "code"

    @rule(role=roles)
    def delivered_is_pressed_without_a_code(self, role: str) -> None:
        if self.attempt(DELIVER, role) == "ok":
            self.handed_over_by = "no code needed"

    @rule(role=roles)
    def the_manager_answers_for_it(self, role: str) -> None:
        if self.attempt("DELIVER_WITHOUT_CODE", role, reason="no phone", evidence="id_document") == "ok":
            assert role == Role.MANAGER
            self.handed_over_by = "override"

    @rule()
    @precondition(lambda self: self.package_now().total_attempts >= 2)  # not so early that little else happens
    def the_order_is_cancelled(self) -> None:
        with suppress(DomainError):  # delivered already
            cancel_order(order_id=self.package.order_id, actor=SYSTEM)
            self.held_in = self.package_now().state.enum_value

    @rule()
    def the_pickup_time_runs_out(self) -> None:
        self.seen = None
        Package.objects.filter(pk=self.package.pk, pickup_deadline__gt=Now()).update(
            pickup_deadline=now() - timedelta(seconds=1),
        )

    @rule()
    def a_day_passes_for_resends_and_tries(self) -> None:
        self.seen = None
        Package.objects.filter(pk=self.package.pk).update(code_sent_at=[])
        EmployeeBudget.objects.all().delete()

    @rule()
    @precondition(lambda self: self.package_now().state.enum_value in (states.WAITING, states.PACKED))
    def the_switch_is_turned(self) -> None:
        shop.put_setting("IS_OTP_ENABLED", value=not self.otp_is_on())

    def otp_is_on(self) -> bool:
        from clickcollect.oms import app_settings as oms_settings

        return oms_settings.settings_in_force().is_otp_enabled

    def package_now(self) -> Package:
        """The package as it stands in the database; read once after each step."""
        self.seen = self.seen or shop.reread(self.package)
        return self.seen

    @invariant()
    def one_working_code_at_most_and_only_while_ready(self) -> None:
        issues = list(CodeIssue.objects.filter(package=self.package))
        still_open = [issue for issue in issues if issue.closed_at is None]
        assert len(still_open) <= (1 if self.package_now().state.enum_value == states.READY else 0)
        assert all(issue.nonce is None for issue in issues if issue.closed_at)
        assert all(issue.number == self.package_now().issue_number for issue in still_open)

    @invariant()
    def only_compared_codes_are_counted_and_never_too_many(self) -> None:
        package = self.package_now()
        assert package.total_attempts == self.wrong_compared
        assert package.total_attempts <= 10 + 5 * self.unlocks
        assert package.issue_attempts <= 5

    @invariant()
    def a_protected_package_left_by_code_or_override_only(self) -> None:
        package = self.package_now()
        if package.state.enum_value == states.DELIVERED:
            assert self.handed_over_by is not None
            assert self.handed_over_by != "no code needed" or package.issue_number == 0

    @invariant()
    def a_cancelled_order_s_package_goes_nowhere_but_to_an_end_in_the_store(self) -> None:
        if self.held_in is not None:
            stays = {self.held_in, states.CANCELLED, states.OUT_OF_STOCK, states.RETURNED}
            assert self.package_now().state.enum_value in stays

    @invariant()
    def the_log_tells_the_same_story(self) -> None:
        last = CommandLog.objects.filter(package_id=self.package.pk, kind="move").first()
        assert self.package_now().state.enum_value == (last.new_state if last else states.WAITING)

    @invariant()
    def new_codes_stay_within_their_limit(self) -> None:
        assert self.package_now().new_codes <= 3


def play(*, runs: int, steps: int) -> None:
    class Fresh(TestCase):
        """Each run in its own transaction, rolled back."""

    case = Fresh()

    class Rolled(Counter):
        def __init__(self) -> None:
            case.setup_example()  # type: ignore[no-untyped-call]
            super().__init__()

        def teardown(self) -> None:
            case.teardown_example(None)  # type: ignore[no-untyped-call]

    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Rolled,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=quiet,
            database=None,
        ),
    )


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_t24_the_rules_hold_after_each_step() -> None:
    play(runs=50, steps=30)


@pytest.mark.django_db
@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_t24_the_rules_hold_for_a_long_time() -> None:
    play(runs=5000, steps=50)


def test_the_house_itself_is_an_actor_with_no_budget() -> None:
    assert SYSTEM.user_id is None
