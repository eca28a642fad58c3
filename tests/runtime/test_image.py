"""The image as it is built: on a read-only root, without a capability, as an ordinary user, it walks the road.

Twice: all in one for a trial, and as the services of `deploy/compose.yaml` on a PostgreSQL of its own.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import psutil
import pytest
import yaml

from clickcollect.runtime import postgres
from tests.house.files import ROOT
from tests.postgres import FAST
from tests.runtime.test_run import wait_until
from tests.whole.test_whole_road import DemoShop

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
USER = 10001  # of deploy/Containerfile
BARE = [
    f"--reuid={USER}",
    f"--regid={USER}",
    "--clear-groups",
    "--bounding-set=-all",
    "--inh-caps=-all",
    "--no-new-privs",
]


def call(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """The image's files, as a container has them."""
    missing = [name for name in ("buildah", "mmdebstrap", "bwrap") if shutil.which(name) is None]
    assert not missing, f"apt install buildah mmdebstrap bubblewrap: {missing} not found"
    if "clickcollect-base" not in call("buildah", "images", "--format", "{{.Name}}"):
        call("make", "image-base")
    call("make", "image")
    size = call("buildah", "images", "--format", "{{.Name}} {{.Size}}")
    print(f"\n{size}")  # noqa: T201
    container = call("buildah", "from", "localhost/clickcollect")
    yield Path(call("buildah", "mount", container))
    call("buildah", "rm", container)


class ImageShop(DemoShop):
    """`clickcollect run --demo` in the image."""

    def __init__(self, folder: Path, root: Path) -> None:
        super().__init__(folder)
        self.root = root
        self.home.mkdir()
        os.chown(self.home, USER, USER)

    def inside(self, *command: str) -> list[str]:
        """A command in the image: read-only but for /data and /tmp, with this machine's loopback."""
        mounts = [
            "--ro-bind",
            str(self.root),
            "/",
            "--dev",
            "/dev",
            "--proc",
            "/proc",
            "--perms",
            "1777",
            "--tmpfs",
            "/tmp",
        ]
        given = {
            "PATH": "/opt/clickcollect/bin:/usr/bin:/bin",
            "CLICKCOLLECT_HOME": "/data",
            "PORT": str(self.port),
            "EXTENSION_PORT": str(self.extension_port),
        }
        environment = [word for name, value in given.items() for word in ("--setenv", name, value)]
        bubble = ["bwrap", *mounts, "--bind", str(self.home), "/data", "--unshare-pid", "--die-with-parent"]
        return [*bubble, "--clearenv", *environment, "setpriv", *BARE, *command]

    def command(self, *arguments: str) -> list[str]:
        _python, _module, _name, *rest = super().command(*arguments)
        return self.inside("clickcollect", *rest)


def test_the_image_walks_the_road(root: Path, tmp_path: Path) -> None:
    shop = ImageShop(tmp_path, root)
    try:
        shop.start()
        package, phone = shop.packed_package()
        assert shop.run_command(package, "ready-for-customer-pickup")[0] == 204
        assert shop.run_command(package, "self-service-package-delivery", otp=shop.code(phone))[0] == 204
        assert shop.answers(shop.port, "/accounts/login/")
    finally:
        shop.clean_up()


def test_it_is_as_bare_as_is_said(root: Path, tmp_path: Path) -> None:
    shop = ImageShop(tmp_path, root)
    looked = call(
        *shop.inside("sh", "-c", "touch /x 2>&1; id -u; grep CapBnd /proc/self/status; command -v cc gcc make; true")
    )
    assert "Read-only file system" in looked
    assert str(USER) in looked.splitlines()
    assert "CapBnd:\t0000000000000000" in looked
    assert "/cc" not in looked
    assert "gcc" not in looked


SERVICES: Final[dict[str, Any]] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
ENVIRONMENT: Final = {"PUBLIC_URL": "https://pickup.example.test", "EXTENSION_SMS_PROVIDER": "simulator"}  # of compose
ANSWERS: Final = {
    "--public-url": "https://pickup.example.test", "--admin": "boss", "--store": "IST-01", "--store-name": "Galata",
    "--country": "TR", "--currency": "TRY", "--time-zone": "Europe/Istanbul",
}  # fmt: skip
INSTALLATION: Final = "/tmp/installation"  # of a container
PHRASE: Final = "a long good phrase"


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[postgres.Server]:
    """A PostgreSQL in which nothing was made, as the `postgres` service is at its first start."""
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o711)  # root's PostgreSQL runs as another user, who must get in
    passwords = {postgres.SUPERUSER: "once-only"}
    server = postgres.Server(data=tmp_path / "data", passwords=passwords, log=tmp_path / "log", settings=FAST)
    server.create()
    process = server.start()
    server.socket_folder.chmod(0o711)
    yield server
    postgres.stop_server(process, server)


class ComposedShop(DemoShop):
    """The image's services with the environment, secrets and limits of `deploy/compose.yaml`."""

    def __init__(self, folder: Path, root: Path, server: postgres.Server, stack: ExitStack) -> None:
        super().__init__(folder)
        self.root, self.own_server, self.stack = root, server, stack
        self.image = json.loads(call("buildah", "inspect", "--type", "image", "localhost/clickcollect"))["Docker"][
            "config"
        ]
        self.installation = folder / "deploy"
        self.installation.mkdir()
        os.chown(self.installation, USER, USER)
        # There is one loopback here, and no network of containers.
        self.local = {
            "PORT": str(self.port),
            "EXTENSION_PORT": str(self.extension_port),
            "BIND": "127.0.0.1",
            "EXTENSION_HOST": "127.0.0.1",
            "EXTENSION_OMS_URL": f"http://127.0.0.1:{self.port}",
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "ALLOW_FICTITIOUS_NUMBERS": "on",
        }

    def container(
        self, service: str, command: list[str], environment: Mapping[str, str], *, secrets: bool = True
    ) -> list[str]:
        """A command in a container of this service: what compose.yaml says of it, and nothing more.

        ``secrets``: its own; without, there are none yet, and the folder that they will be in can be written to.
        """
        about = SERVICES[service]
        assert (about["read_only"], about["cap_drop"]) == (True, ["ALL"])
        assert "no-new-privileges:true" in about["security_opt"]
        words = ["bwrap", "--ro-bind", str(self.root), "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run"]
        words += ["--perms", "0755", "--dir", "/run/secrets"]
        for line in about["tmpfs"]:
            path, _colon, options = line.partition(":")
            words += ["--bind", str(self.tmpfs(options)), path]
        for secret in about["secrets"] if secrets else ():
            words += ["--ro-bind", str(self.installation / "secrets" / secret), f"/run/secrets/{secret}"]
        if not secrets:
            words += ["--bind", str(self.installation), INSTALLATION]
        socket = str(self.own_server.socket_folder)
        words += ["--bind", socket, socket, "--unshare-pid", "--die-with-parent", "--clearenv"]
        given = dict(line.split("=", 1) for line in self.image["Env"]) | dict(environment) | self.local
        words += [word for name, value in given.items() for word in ("--setenv", name, value)]
        return [*words, "setpriv", *BARE, *command]

    def tmpfs(self, options: str) -> Path:
        """A file system in memory, as large as is allowed, that is gone afterwards."""
        folder = self.installation.parent / f"tmpfs-{time.monotonic_ns()}"
        folder.mkdir()
        call("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
        self.stack.callback(call, "umount", "--lazy", str(folder))
        return folder

    def environment_of(self, service: str) -> dict[str, str]:
        """As compose reads it, with its variables."""

        def value(found: re.Match[str]) -> str:
            return ENVIRONMENT.get(found[1], "")

        given = SERVICES[service]["environment"]
        return {name: re.sub(r"\$\{(\w+)[^}]*\}", value, str(text)) for name, text in given.items()}

    def program(self, service: str, *arguments: str) -> list[str]:
        """The image's program in a container of this service."""
        return self.container(service, [*self.image["Entrypoint"], *arguments], self.environment_of(service))

    def begin(self, service: str) -> "subprocess.Popen[bytes]":
        with self.output.open("ab") as output:
            words = self.program(service, *SERVICES[service]["command"])
            return subprocess.Popen(words, stdout=output, stderr=output)

    def init(self) -> None:
        """As docs/deploy/container.md gives it."""
        admin = self.own_server.url(role=postgres.SUPERUSER, database="postgres")
        answers = [word for pair in ANSWERS.items() for word in pair]
        answers += ["--extension-url", f"http://127.0.0.1:{self.extension_port}"]
        words = [*self.image["Entrypoint"], "init", INSTALLATION, *answers]
        said = call(*self.container("web", words, {"DATABASE_ADMIN_URL": admin}, secrets=False))
        assert "The store IST-01 is open." in said

    def start(self) -> psutil.Process:
        """`init`, then `up`: migrate to its end, and the three that stay; the last one is told."""
        self.init()
        assert self.begin("migrate").wait(timeout=300) == 0, self.output.read_text()
        began = time.monotonic()
        for service in ("web", "worker", "extension"):
            self.processes.append(psutil.Process(self.begin(service).pid))
        wait_until(lambda: self.answers(self.port, "/readyz"), seconds=60)
        wait_until(lambda: self.answers(self.extension_port, "/healthz"), seconds=60)
        self.started = time.monotonic() - began
        call(*self.program("web", "staff", "add-admin", "chief", "--password", PHRASE))
        return self.processes[-1]

    def token(self, user: str) -> str:
        """There are no demo accounts: one administrator does everything."""
        if user not in self.tokens:
            body = {"username": "chief", "password": PHRASE}
            self.tokens[user] = self.api("", "POST", "/api/v1/auth/login/", body)[1]["key"]
        return self.tokens[user]

    def is_healthy(self, service: str) -> bool:
        """What the container's own health check says."""
        test = SERVICES[service].get("healthcheck", {}).get("test") or self.image["Healthcheck"]["Test"]
        port = {"8000": self.port, "8001": self.extension_port}
        command = [re.sub(r"(?<=:)800[01]", lambda found: str(port[found[0]]), word) for word in test[1:]]
        assert command != test[1:]
        done = subprocess.run(self.container(service, command, {}), capture_output=True, check=False, timeout=60)
        return done.returncode == 0


@contextmanager
def composed(folder: Path, root: Path, server: postgres.Server) -> Iterator[ComposedShop]:
    with ExitStack() as stack:
        shop = ComposedShop(folder, root, server, stack)
        stack.callback(shop.clean_up)
        yield shop


def test_it_walks_the_road_as_the_services_of_the_compose_file(
    root: Path, tmp_path: Path, empty_server: postgres.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    with composed(tmp_path, root, empty_server) as shop:
        assert not shop.is_healthy("web")  # the control: nothing runs yet
        shop.start()
        assert shop.is_healthy("web")
        assert shop.is_healthy("extension")
        package, phone = shop.packed_package()
        assert shop.run_command(package, "ready-for-customer-pickup")[0] == 204
        code = shop.code(phone)
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        assert shop.run_command(package, "self-service-package-delivery", otp=wrong)[1]["code"] == "otp_incorrect"
        assert shop.run_command(package, "self-service-package-delivery", otp=code)[0] == 204
    with capsys.disabled():
        sys.stdout.write(f"\nweb, worker and Extension ready {shop.started:.1f} s after their start\n")
