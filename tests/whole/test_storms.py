"""Storms over a running shop: everybody at once. Real HTTP, a PostgreSQL that waits for the disk, real workers.

The budgets themselves, with their controls, are proved in `tests/oms`; here the whole of it holds.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.whisperer.receivers import receiving
from tests.whole.load import Load
from tests.whole.storm import DELIVER, POSTGRES, Call, Shop, outcome, wrong

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
PEOPLE = 40
FEW = 12
DELIVERED = "SELECT count(*) FROM oms_commandlog WHERE kind = 'move' AND new_state = '700' AND package_id = ANY(%s)"
TOLD = "SELECT count(*) FROM whisperer_event WHERE type = 'package.status.delivered' AND subject = ANY(%s)"
IN_STATE_700 = (
    "SELECT count(*) FROM oms_package JOIN oms_packagestate state ON state.id = state_id"
    " WHERE enum_value = '700' AND oms_package.id = ANY(%s)"
)


@pytest.fixture(scope="module")
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("storm"))
    with receiving(made.ears):
        try:
            made.start(people=PEOPLE if any("soak" in item.keywords for item in request.session.items) else FEW)
            yield made
        finally:
            made.stop()


@pytest.mark.parametrize("guesses", [150, pytest.param(2_000, marks=pytest.mark.soak)])
def test_of_many_guesses_at_once_five_are_compared_and_only_the_right_one_delivers(shop: Shop, guesses: int) -> None:
    """The right code is the first of them, one of the first, in their middle, and the last."""
    for place in (0, 3, guesses // 2, guesses - 1):
        (package,) = shop.ready_packages(1)
        code, people = shop.ears.codes[package], len(shop.tokens)
        codes = [wrong(code, number + 1) for number in range(guesses - 1)]
        codes.insert(place, code)
        calls = [Call((number + place) % people, package, DELIVER, {"otp": otp}) for number, otp in enumerate(codes)]
        answers = [outcome(answer) for answer in shop.at_once(calls)]
        told = Counter(answers)
        print(f"\n{guesses} guesses, the right one at {place}: {dict(told)}")  # noqa: T201
        assert set(told) <= {"done", "otp_incorrect", "otp_locked", "state_conflict"}
        assert told["otp_incorrect"] <= 5
        assert told["done"] == (answers[place] == "done")
        counted = "SELECT issue_attempts, total_attempts FROM oms_package WHERE id = %s"
        assert shop.ask(counted, package) == [(told["otp_incorrect"],) * 2]
        assert shop.number(IN_STATE_700, [package]) == shop.number(DELIVERED, [package]) == told["done"]
        assert told["done"] or told["otp_incorrect"] == 5


@pytest.mark.parametrize("packages", [6, pytest.param(500, marks=pytest.mark.soak)])
def test_of_eight_right_codes_at_once_for_each_package_one_delivers(shop: Shop, packages: int) -> None:
    waiting, people = shop.ready_packages(packages), len(shop.tokens)
    calls = [
        Call((number * 8 + one) % people, package, DELIVER, {"otp": shop.ears.codes[package]})
        for number, package in enumerate(waiting)
        for one in range(8)
    ]
    answers = list(zip(calls, map(outcome, shop.at_once(calls)), strict=True))
    told = Counter(answer for _call, answer in answers)
    print(f"\n{packages} packages × 8 right codes: {dict(told)}")  # noqa: T201
    assert set(told) <= {"done", "state_conflict", "otp_locked"}
    assert sorted(call.package for call, answer in answers if answer == "done") == sorted(waiting)
    assert shop.number(IN_STATE_700, waiting) == shop.number(DELIVERED, waiting) == packages
    assert shop.number(TOLD, [f"package:{package}" for package in waiting]) == packages
    raised = "SELECT count(*) FROM oms_package WHERE id = ANY(%s) AND issue_attempts + total_attempts > 0"
    assert shop.number(raised, waiting) == 0
    assert shop.lost_events(seconds=120) == set()


@pytest.mark.parametrize(
    ("kills", "between"),
    [(1, 10), pytest.param(20, 25, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])],
)
def test_kills_of_worker_web_and_postgresql_under_load_leave_the_truth(shop: Shop, kills: int, between: int) -> None:
    """Orders come in, packages are made ready, codes are verified and events delivered, and meanwhile all three die."""
    load = Load(shop)
    with load.running(threads=6):
        for number in range(3 * kills):
            load.wait_for_done(between)
            victim = ("worker", "web", POSTGRES)[number % 3]
            shop.kill(victim, whole=number % 2 == 0)
    load.hand_over_the_rest()
    print(f"\n{3 * kills} kills: {dict(load.tally)}")  # noqa: T201
    assert shop.lost_events(seconds=300) == set()
    assert load.contradictions() == []
    assert shop.codes_at_rest() == []
    plant_and_find(shop, load)


def plant_and_find(shop: Shop, load: Load) -> None:
    """Controls: a handover that nobody was told of, an event that never came, and a code that is kept are found."""
    parcel = next(parcel for parcel in load.parcels if DELIVER in parcel.moves)
    parcel.moves.remove(DELIVER)
    assert len(load.contradictions()) == 1
    shop.ears.uuids.pop(uuid := next(reversed(shop.ears.uuids)))
    assert shop.lost_events(seconds=60) == {uuid}
    code = shop.ears.codes[parcel.package]
    with shop.home.log("planted").open("w") as log:
        log.write(f"{code}\n")
    assert code in shop.codes_at_rest()
