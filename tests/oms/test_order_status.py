"""The order follows its packages."""

import pytest

from clickcollect.oms import states
from clickcollect.oms.order_status import status_of

W, P, R, D, C = states.WAITING, states.PACKED, states.READY, states.DELIVERED, states.CANCELLED


@pytest.mark.parametrize(
    ("packages", "status"),
    [
        ([W], 400), ([W, W], 400), ([P], 450), ([W, P], 450), ([R], 520), ([R, P], 450), ([R, D], 520), ([R, W], 450),
        ([D], 550), ([D, C], 550), ([C, C], 100), ([states.RETURNED], 100), ([states.OUT_OF_STOCK, R], 520),
        ([states.PREPARING], 450),
    ],
)  # fmt: skip
def test_an_order_is_ready_or_delivered_when_its_last_open_package_is(packages: list[str], status: int) -> None:
    assert status_of(packages, cancelling=False) == status


@pytest.mark.parametrize(("packages", "status"), [([W, C], 50), ([R], 50), ([C], 100), ([D, C], 550)])
def test_a_cancelled_order_waits_for_its_last_package(packages: list[str], status: int) -> None:
    assert status_of(packages, cancelling=True) == status
