"""From the ready click to the provider, in a running shop: web, worker and Extension, each a process of its own."""

import json
import os
import statistics
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from tests.runtime.test_run import wait_until
from tests.whole.test_whole_road import DemoShop

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
A_SECOND = 20
CLICKS = 180  # the phone keeps its last 200 messages
ROUNDS = 3


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoShop]:
    made = DemoShop(tmp_path_factory.mktemp("clicks"))
    try:
        made.start()
        yield made
    finally:
        made.clean_up()


def test_p95_from_the_ready_click_to_the_provider_is_under_a_second_at_20_a_second(shop: DemoShop) -> None:
    found = [one_round(shop) for _round in range(ROUNDS)]
    answered, accepted = ([f"{one[place] * 1000:.0f}" for one in found] for place in (0, 1))
    load = os.getloadavg()[0]
    print(f"\np95 of the click's answer {answered} ms, of the provider {accepted} ms, load {load:.1f}")  # noqa: T201
    assert statistics.median(one[1] for one in found) < 1


def one_round(shop: DemoShop) -> tuple[float, float]:
    """So many clicks, twenty a second; the p95 of the seconds until the answer, and until the provider's yes."""
    packages = [shop.packed_package() for _click in range(CLICKS)]
    start = time.time() + 1
    with ThreadPoolExecutor(8) as pool:
        clicks = list(pool.map(lambda pair: click(shop, *pair[1], at=start + pair[0] / A_SECOND), enumerate(packages)))
    wait_until(lambda: {phone for phone, _pressed, _answered in clicks} <= set(acceptances(shop)), seconds=60)
    arrived = acceptances(shop)
    return (
        p95([answered - pressed for _phone, pressed, answered in clicks]),
        p95([arrived[phone] - pressed for phone, pressed, _answered in clicks]),
    )


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]


def click(shop: DemoShop, package: int, phone: str, *, at: float) -> tuple[str, float, float]:
    """Press the button at that moment; whose message it makes, when it was pressed, and when that was answered."""
    time.sleep(max(0.0, at - time.time()))
    pressed = time.time()
    assert shop.run_command(package, "ready-for-customer-pickup")[0] == 204
    return phone, pressed, time.time()


def acceptances(shop: DemoShop) -> dict[str, float]:
    """When the provider accepted the message to each phone."""
    return {message["to"]: datetime.fromisoformat(message["sent_at"]).timestamp() for message in messages(shop)}


def messages(shop: DemoShop) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{shop.extension_port}/phone/messages.json", timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found
