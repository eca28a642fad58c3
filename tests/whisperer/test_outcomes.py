"""What is recorded of many outcomes at once, and how an endpoint that fails is held back."""

import json
import logging
from typing import Any

import pytest
from django.db.models import F

from clickcollect.accounts.models import User
from clickcollect.whisperer import claims, dispatcher, outcomes
from clickcollect.whisperer.models import DeliveryState, Endpoint, Hook, Reason
from clickcollect.whisperer.outcomes import Outcome
from tests.whisperer.claimed import CLOCK, claimed
from tests.whisperer.conftest import Filler
from tests.whisperer.dispatch import make_hook, publish

TAKEN: dict[str, Any] = {"state": DeliveryState.DELIVERED, "answered": True}
FAILED: dict[str, Any] = {"state": DeliveryState.RETRYING, "answered": False, "reason": Reason.TIMEOUT, "wait": 0.0}
UNSENT: dict[str, Any] = {"state": DeliveryState.QUEUED, "attempted": False, "wait": 0.0}


def outcomes_at(endpoint: int, *many: dict[str, Any]) -> list[Outcome]:
    return [Outcome(delivery=claimed(endpoint_id=endpoint), started_at=CLOCK, **one) for one in many]


@pytest.mark.parametrize(
    ("many", "health"),
    [
        ([TAKEN], (0, True, "")),
        ([FAILED], (1, False, "timeout")),
        ([FAILED, FAILED, FAILED], (3, False, "timeout")),
        ([FAILED, TAKEN], (0, True, "")),
        ([TAKEN, FAILED, FAILED], (2, True, "timeout")),
        ([FAILED, UNSENT], (1, False, "timeout")),
    ],
)
def test_failures_are_counted_since_the_last_delivery_that_was_taken(
    many: list[dict[str, Any]], health: tuple[int, bool, str]
) -> None:
    found = json.loads(outcomes.health_of(outcomes_at(7, *many)))
    assert [(one["id"], one["failures"], one["answered"], one["reason"]) for one in found] == [(7, *health)]


def test_endpoints_are_counted_each_for_itself_and_what_was_not_sent_not_at_all() -> None:
    found = json.loads(
        outcomes.health_of(
            [*outcomes_at(9, FAILED), *outcomes_at(8, UNSENT), *outcomes_at(7, TAKEN), *outcomes_at(9, FAILED)]
        )
    )
    assert [(one["id"], one["failures"]) for one in found] == [(7, 0), (9, 2)]


def test_a_reason_is_cut_to_the_forty_characters_that_are_kept() -> None:
    rows = json.loads(outcomes.rows_of(outcomes_at(1, TAKEN | {"reason": "x" * 50})))
    assert [row["reason"] for row in rows] == ["x" * 40]


def test_what_was_cut_off_is_sent_again_at_once_and_counts_as_an_attempt_that_nobody_timed() -> None:
    (row,) = json.loads(outcomes.rows_of([dispatcher.interrupted(claimed())]))
    assert {name: row[name] for name in ("state", "reason", "wait", "attempted", "duration_ms")} == {
        "state": "retrying",
        "reason": "interrupted",
        "wait": 0.0,
        "attempted": True,
        "duration_ms": 0,
    }
    assert dispatcher.interrupted(claimed()).answered is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(9, None), (10, 2), (11, 4), (12, 8), (13, 16), (14, 30), (15, 30), (18, 30), (19, 30), (10**6, 30)],
)
def test_pauses_double_from_two_seconds_to_thirty(
    hook: Hook, failures: int, seconds: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """docs/hooks.md says so. Both times are those of one statement."""
    publish()
    Endpoint.objects.update(failures=failures - 1)
    (delivery,) = claims.claim(1)
    with caplog.at_level(logging.WARNING):
        assert outcomes.record_outcomes([Outcome(delivery=delivery, started_at=delivery.clock, **FAILED)]) == 1
    endpoint = Endpoint.objects.annotate(pause=F("paused_until") - F("failing_since")).get()
    assert (endpoint.failures, endpoint.last_reason) == (failures, Reason.TIMEOUT)
    assert (endpoint.pause.total_seconds() if endpoint.pause else None) == seconds
    assert "were refused" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_one_delivery_that_is_taken_ends_the_count(user: User, filler: Filler) -> None:
    make_hook(user)
    publish()
    Endpoint.objects.update(failures=12)
    (delivery,) = claims.claim(1)
    outcomes.record_outcomes([Outcome(delivery=delivery, started_at=delivery.clock, **TAKEN)])
    endpoint = Endpoint.objects.get()
    assert (endpoint.failures, endpoint.failing_since, endpoint.paused_until, endpoint.last_reason) == (
        0,
        None,
        None,
        "",
    )
    assert Hook.objects.get().is_active


@pytest.mark.django_db(transaction=True)
def test_outcomes_that_come_after_their_lease_are_counted_in_the_log(
    hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    for subject in ("package:1", "package:2", "package:3"):
        publish(subject=subject)
    found = claims.claim(10)
    late = [delivery._replace(fencing_token=delivery.fencing_token - 1) for delivery in found[:2]]
    with caplog.at_level(logging.WARNING):
        many = [Outcome(delivery=one, started_at=one.clock, **TAKEN) for one in (*late, found[2])]
        assert outcomes.record_outcomes(many) == 1
    assert "2 outcomes came after their lease" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_is_gone_stops_its_own_hook_and_no_other(user: User, filler: Filler) -> None:
    hook, other = make_hook(user), make_hook(user, url="http://127.0.0.1:10/hook")
    publish()
    dead: dict[str, Any] = {"state": DeliveryState.DEAD, "answered": False, "reason": Reason.GONE}
    many = [
        Outcome(delivery=one, started_at=one.clock, stops_hook=one.hook == hook, **dead) for one in claims.claim(10)
    ]
    assert outcomes.record_outcomes(many) == 2
    stopped = {one.pk: (one.is_active, one.stopped_reason) for one in Hook.objects.all()}
    assert stopped == {hook.pk: (False, "gone"), other.pk: (True, "")}
