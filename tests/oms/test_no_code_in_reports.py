"""T40: whatever line of issuing, verifying or delivering fails, no report of it holds the code."""

import base64
import hashlib
import logging
import pprint
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from clickcollect.accounts.idempotency import Answer, Once, Request
from clickcollect.errors import DomainError
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.codes import pickup_code
from clickcollect.oms.codes.pickup_code import Comparison
from clickcollect.oms.commands.run import Run, run_command
from clickcollect.oms.models import CodeIssue, Package
from tests import shop

pytestmark = pytest.mark.django_db(transaction=True)
OURS = (
    "oms/codes/pickup_code.py",
    "oms/codes/attempt_limits.py",
    "oms/commands/run.py",
    "oms/commands/base.py",
    "oms/commands/statements.py",
    "oms/commands/write.py",
    "oms/events/types.py",
    "oms/log/write.py",
    "accounts/idempotency.py",
    "whisperer/outbox.py",
    "oms/commands/self_service_package_delivery.py",
    "oms/commands/ready_for_pickup.py",
    "oms/commands/send_new_code.py",
)


class Broken(RuntimeError):
    """A fault at an arbitrary line."""


@contextmanager
def failing_at(line: int) -> Iterator[None]:
    """Raise at the nth line of ours that runs."""
    left = line

    def trace(frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.endswith(OURS):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                sys.settrace(None)
                raise Broken
        return trace

    before = sys.gettrace()  # that of coverage, where it measures
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def encodings(code: str) -> list[str]:
    """The spellings of a code that a report might hold."""
    raw = code.encode()
    digests = [hashlib.new(name, raw).hexdigest() for name in ("md5", "sha1", "sha256")]
    return [
        code,
        code[::-1],
        base64.b64encode(raw).decode(),
        raw.hex(),
        " ".join(code),
        f"{code[:3]} {code[3:]}",
        *digests,
    ]


def reports_of(deed: Callable[[], object], code: str, caplog: pytest.LogCaptureFixture, *, step: int = 1) -> int:
    """Fail at every ``step``th line in turn; how many there were. No report holds the code in any spelling."""
    for line in range(1, 2000, step):
        caplog.clear()
        try:
            with failing_at(line):
                deed()
        except (Broken, DomainError) as error:
            kind, value, tb = sys.exc_info()
            while tb and tb.tb_next and "/tests/" in tb.tb_frame.f_code.co_filename:
                tb = tb.tb_next  # the frames of this test know the code; those of the house must not show it
            error.__traceback__ = tb
            request = RequestFactory().post("/instore/", {"number": "1"})
            reporter = ExceptionReporter(request, kind, value, tb)
            told = reporter.get_traceback_data()
            text = str([frame["vars"] for frame in told["frames"]]) + str(told.get("exception_value"))
            text += "".join(traceback.format_exception(error)) + repr(error) + caplog.text
            for spelling in encodings(code):
                assert spelling not in text, f"line {line} betrays the code"
            if not isinstance(error, Broken):
                return line
        else:
            return line
    raise AssertionError


@pytest.fixture
def ready(caplog: pytest.LogCaptureFixture) -> Package:
    caplog.set_level(logging.DEBUG)
    return shop.make_package(states.READY)


def repeatable(package: Package, deed: Callable[[], object]) -> Callable[[], object]:
    """Run it on the same package as the first time, over a line that the last failure has not left in a knot."""
    row: dict[str, Any] = {**Package.objects.filter(pk=package.pk).values().get()}
    issue: dict[str, Any] = {**CodeIssue.objects.filter(package=package).values().get()}
    for generated in ("id", "number", "search"):
        row.pop(generated)

    def run() -> object:
        connection.close()
        connection.connect()
        CodeIssue.objects.filter(package=package).exclude(number=issue["number"]).delete()
        CodeIssue.objects.filter(package=package, number=issue["number"]).update(**issue)
        Package.objects.filter(pk=package.pk).update(**row)
        return deed()

    return run


EVERY_LINE = pytest.param(1, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])


@pytest.mark.parametrize("step", [7, EVERY_LINE])
@pytest.mark.parametrize("which", ["right", "wrong"])
def test_t40_no_line_of_verify_and_deliver_betrays_a_code(
    ready: Package,
    caplog: pytest.LogCaptureFixture,
    which: str,
    step: int,
) -> None:
    code = shop.right_code(ready)
    typed = code if which == "right" else shop.wrong_code(ready)

    def deliver() -> object:
        data = {"otp": typed}
        return run_command(
            package_id=ready.pk,
            transition="self-service-package-delivery",
            actor=SYSTEM,
            data=data,
        )

    lines = reports_of(repeatable(ready, deliver), code, caplog, step=step)
    assert lines > 60


@pytest.mark.parametrize("step", [7, EVERY_LINE])
def test_t40_no_line_of_issuing_betrays_a_code(ready: Package, caplog: pytest.LogCaptureFixture, step: int) -> None:
    code = shop.right_code(ready)
    send = {"package_id": ready.pk, "transition": "SEND_NEW_CODE", "actor": SYSTEM}
    send_again = repeatable(ready, lambda: run_command(**send))  # type: ignore[arg-type]
    assert reports_of(send_again, code, caplog, step=step) > 40


def test_t40_control_a_careless_function_is_found_out(ready: Package, caplog: pytest.LogCaptureFixture) -> None:
    def careless() -> None:
        code = shop.right_code(ready)
        raise Broken(f"no luck with {code}")

    with pytest.raises(AssertionError, match="betrays"):
        reports_of(careless, shop.right_code(ready), caplog)


def test_what_carries_a_typed_code_does_not_show_it() -> None:
    typed = {"otp": "794188"}
    asked = Request(caller="user:7", key="k", subject={"body": typed})
    once = Once(request=asked, render=lambda _led_to: Answer(status=204))
    run = Run(package_id=1, asked=1, actor=SYSTEM, data=typed, once=once, comparison=Comparison())
    for carrier in (asked, once, run):
        assert "794188" not in repr(carrier)
        assert "794188" not in pprint.pformat(carrier)


def test_deriving_hides_its_frames(ready: Package) -> None:
    assert hasattr(pickup_code.derive, "__wrapped__")
    assert hasattr(pickup_code.verify, "__wrapped__")
