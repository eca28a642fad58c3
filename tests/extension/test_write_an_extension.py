"""The receiver of docs/write-an-extension.md, taken from the page and run for real."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.extension.running import ROOT, SECRET, Answer, call, event, signature
from tests.ports import free_port
from tests.whisperer.receivers import BUSY

PAGE = (ROOT / "docs" / "write-an-extension.md").read_text()


def program() -> str:
    (found,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


class OwnExtension:
    """The page's program, running."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}/"
        self.output = folder / "output"
        (folder / "receiver.py").write_text(program())
        environment = {"HOOK_SECRET": SECRET, "PORT": str(port), "PATH": os.environ["PATH"]}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "receiver.py"], cwd=folder, env=environment, stdout=output, stderr=output
            )
        deadline = time.monotonic() + 20 * BUSY
        while True:
            try:
                assert call(self.url, body=b"").status == 401
            except OSError:
                assert time.monotonic() < deadline, self.output.read_text()
                time.sleep(0.05)
            else:
                return

    def post(self, document: object, *, secret: str = SECRET) -> Answer:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return call(self.url, body=body, headers={"X-Whisperer-Signature": signature(body, secret=secret)})

    def sent(self) -> list[str]:
        return [line for line in self.output.read_text().splitlines() if line.startswith("to ")]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnExtension]:
    extension = OwnExtension(tmp_path)
    yield extension
    extension.process.terminate()
    extension.process.wait()


def test_it_is_short_and_needs_nothing_but_python() -> None:
    assert len(program().splitlines()) <= 40
    modules = re.findall(r"^(?:import|from) ([^\n]+?)(?: import .*)?$", program(), re.MULTILINE)
    names = {name.strip().split(".")[0] for line in modules for name in line.split(",")}
    assert names <= sys.stdlib_module_names


def test_a_signed_event_becomes_one_message(own: OwnExtension) -> None:
    document = event()
    assert [own.post(document).status for _copy in range(3)] == [200, 200, 200]
    assert own.sent() == [
        "to +447700900123: Your pickup code is 482913. Tell it only at the counter. Order WEB-100093 is ready."
    ]


def test_without_a_code_it_names_none(own: OwnExtension) -> None:
    assert own.post(event(otp=None)).status == 200
    assert own.sent() == ["to +447700900123: Order WEB-100093 is ready."]


def test_a_wrong_signature_sends_nothing(own: OwnExtension) -> None:
    assert own.post(event(), secret="guessed").status == 401
    assert call(own.url, body=json.dumps(event()).encode()).status == 401
    assert call(own.url, body=b"{}", headers={"X-Whisperer-Signature": "sha256=é"}).status == 401
    assert own.sent() == []


def test_other_types_are_taken_and_ignored(own: OwnExtension) -> None:
    assert own.post(event("package.status.delivered")).status == 200
    assert own.sent() == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"\xff", json.dumps(event(customer=None)).encode()],
    ids=["empty", "no event", "a list", "not UTF-8", "no customer"],
)
def test_what_it_cannot_read_is_not_taken_and_not_told(own: OwnExtension, body: bytes) -> None:
    assert own.post(body).status == 503
    assert own.sent() == []
    assert "482913" not in own.output.read_text()
    assert own.post(event()).status == 200
