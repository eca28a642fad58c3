"""Several servers on one machine: each looks at its own port only, and listens where it is told."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.extension.running import call, database, running
from tests.ports import free_port
from tests.runtime.test_start import run_command
from tests.webserver.serving import started

pytestmark = pytest.mark.slow
SERVE = ["clickcollect", "serve"]


def test_serve_starts_beside_the_extension_and_beside_another_web(tmp_path: Path) -> None:
    port, other = free_port(), free_port()
    with ExitStack() as stack:
        url = stack.enter_context(database())
        extension = stack.enter_context(running(database_url=url, log=tmp_path / "extension"))
        taken = extension.url.rpartition(":")[2]
        environment = {"PORT": str(port), "EXTENSION_PORT": taken, "ALLOWED_HOSTS": "pickup.example.test"}
        stack.enter_context(started(SERVE, tmp_path / "web", port=port, path="/healthz", **environment))
        elsewhere = {"PORT": str(other), "BIND": "127.0.0.5"}
        second = stack.enter_context(
            started(SERVE, tmp_path / "second", port=other, path="/healthz", host="127.0.0.5", **elsewhere)
        )
        assert call(f"{extension.url}/healthz").status == 200
        assert call(f"http://127.0.0.1:{port}/healthz").status == 200
        assert call(f"http://127.0.0.5:{other}/healthz").status == 200
        with pytest.raises(ConnectionRefusedError):
            second.connect(host="127.0.0.1")
        twice = run_command("serve", environment={"PORT": str(port)})
        assert (twice.returncode, twice.stderr.count("\n")) == (2, 1)
        assert f"Port {port} cannot be used: another program uses it. Choose another: set PORT." in twice.stderr


def test_an_extension_says_that_its_own_port_is_taken(tmp_path: Path) -> None:
    with database() as url, running(database_url=url, log=tmp_path / "extension") as extension:
        port = extension.url.rpartition(":")[2]
        environment = {"EXTENSION_SECRET_KEY": "x", "EXTENSION_WEBHOOK_SECRET": "x", "EXTENSION_PORT": port}
        twice = run_command("extension", environment={**environment, "EXTENSION_DATABASE_URL": url})
    assert twice.returncode == 2
    assert f"Port {port} cannot be used" in twice.stderr
    assert "set EXTENSION_PORT" in twice.stderr
