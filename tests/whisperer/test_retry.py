"""T30: when a delivery is tried again, as a table and on a virtual clock."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clickcollect.whisperer import retry
from clickcollect.whisperer.models import Reason
from clickcollect.whisperer.retry import Failure

NOW = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
FIXED = {"choice": "fixed", "kwargs": {"seconds": 7}}
LINEAR = {"choice": "linear", "kwargs": {"base": 5}}
LINEAR_LIMITED = {"choice": "linear", "kwargs": {"base": 5, "limit": 12}}
EXPONENTIAL = {"choice": "exponential", "kwargs": {"base": 3}}
EXPONENTIAL_LIMITED = {"choice": "exponential", "kwargs": {"base": 2, "factor": 10, "limit": 100}}
RANDOM = {"choice": "random", "kwargs": {"min_value": 10, "max_value": 20}}


def decide(config: dict[str, Any], attempts: int, *, chance: float = 0.5, **fields: Any) -> retry.Decision:
    failure = Failure(attempts=attempts, age=fields.pop("age", 0.0), **fields)
    return retry.next_attempt(failure, config=config, now=NOW, chance=lambda: chance)


@pytest.mark.parametrize(
    ("config", "waits"),
    [
        (FIXED, [7, 7, 7, 7]),
        (LINEAR, [5, 10, 15, 20]),
        (LINEAR_LIMITED, [5, 10, 12, 12]),
        (EXPONENTIAL, [3, 9, 27, 81]),
        (EXPONENTIAL_LIMITED, [20, 40, 80, 100]),
        (RANDOM, [15, 15, 15, 15]),
        ({}, [1.5, 3, 6, 12]),
        ({"choice": "fixed", "kwargs": {"seconds": 0}}, [1, 1, 1, 1]),
        ({"choice": "exponential", "kwargs": {"base": 10, "limit": None}}, [10, 100, 1000, 10_000]),
    ],
)
def test_t30_the_nth_retry_waits_as_the_hook_says(config: dict[str, Any], waits: list[float]) -> None:
    assert [decide(config, attempts).wait for attempts in (1, 2, 3, 4)] == waits


@pytest.mark.parametrize(("code_bearing", "longest"), [(False, 3_600), (True, 300)])
def test_the_default_has_jitter_and_a_limit(code_bearing: bool, longest: float) -> None:  # noqa: FBT001
    waits = [decide({}, 50, chance=chance, code_bearing=code_bearing).wait for chance in (0.0, 0.999_999)]
    assert waits == pytest.approx([longest / 2, longest], rel=1e-3)


def test_no_number_of_attempts_makes_a_number_too_large() -> None:
    assert decide(EXPONENTIAL, 600_000, code_bearing=True).wait == retry.LONGEST_WAIT


@pytest.mark.parametrize(
    ("status", "retry_after", "wait"),
    [
        (503, "60", 60),
        (429, "60", 60),
        (429, "3", 7),
        (500, "60", 7),
        (429, "99999999", 3_600),
        (429, "Tue, 17 Nov 2026 12:02:00 GMT", 120),
        (503, "Tue, 17 Nov 2026 11:00:00 GMT", 7),
        (503, "soon", 7),
        (503, "", 7),
        (503, "-5", 7),
        (503, "١٢", 7),
        (503, "9" * 10_000, 3_600),
    ],
)
def test_a_receiver_that_asks_for_a_pause_gets_it(status: int, retry_after: str, wait: float) -> None:
    assert decide(FIXED, 1, status=status, retry_after=retry_after).wait == wait


def test_a_delivery_is_given_up_after_100_attempts_or_three_days() -> None:
    assert decide(FIXED, 100) == retry.Decision(wait=None, reason=Reason.TOO_MANY_ATTEMPTS)
    assert decide(FIXED, 5, age=3 * 86_400 - 1) == retry.Decision(wait=None, reason=Reason.TOO_OLD)
    assert decide(FIXED, 99, age=3 * 86_400 - 100).wait == 7


def test_a_delivery_with_a_code_is_not_given_up_but_slows_down() -> None:
    assert decide(FIXED, 99, age=6 * 86_400, code_bearing=True).wait == 7
    assert decide(FIXED, 100, age=6 * 86_400, code_bearing=True).wait == 300


def test_t30_on_a_virtual_clock_the_default_ends_after_three_days() -> None:
    clock, attempts = 0.0, 1
    while (decision := decide({}, attempts, chance=1.0, age=clock)).wait is not None:
        clock += decision.wait
        attempts += 1
    assert (attempts, decision.reason) == (82, Reason.TOO_OLD)
    assert 3 * 86_400 - 3_600 < clock <= 3 * 86_400


@pytest.mark.parametrize(
    "config",
    [
        [],
        "fixed",
        {"choice": "sometimes", "kwargs": {}},
        {"choice": "fixed"},
        {"choice": "fixed", "kwargs": {"seconds": -1}},
        {"choice": "fixed", "kwargs": {"seconds": True}},
        {"choice": "fixed", "kwargs": {"seconds": "7"}},
        {"choice": "fixed", "kwargs": {"seconds": 1.5}},
        {"choice": "fixed", "kwargs": {"seconds": 86_401}},
        {"choice": "fixed", "kwargs": {"seconds": None}},
        {"choice": "fixed", "kwargs": {"seconds": 1, "more": 2}},
        {"choice": "random", "kwargs": {"min_value": 5, "max_value": 5}},
        {"choice": "fixed", "kwargs": {"seconds": 1}, "more": 1},
    ],
)
def test_a_configuration_that_makes_no_sense_is_found(config: Any) -> None:
    assert retry.config_fault(config) is not None


@pytest.mark.parametrize("config", [None, {}, FIXED, LINEAR_LIMITED, EXPONENTIAL, EXPONENTIAL_LIMITED, RANDOM])
def test_every_documented_configuration_is_accepted(config: Any) -> None:
    assert retry.config_fault(config) is None
