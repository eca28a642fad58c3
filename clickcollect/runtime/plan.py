"""Which programs `run` starts, and what each of them is told: no more than it needs."""

import hashlib
import os
import subprocess
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clickcollect.guide.files import FOLDER as GUIDE
from clickcollect.runtime.banner import DEMO_PASSWORD
from clickcollect.runtime.child import spawn_program
from clickcollect.runtime.data_dir import EXTENSION_SECRETS, PASSWORDS, SECRETS, SHOP_SECRETS, DataFolder
from clickcollect.runtime.database import APPLICATION_URL, EXTENSION_URL, OWNER_URL, URLS
from clickcollect.runtime.errors import Problem
from clickcollect.runtime.ports import Ports
from clickcollect.runtime.values import EXTENSION_THREADS, WEB_THREADS, threads, web_processes

Start = Callable[[], "subprocess.Popen[bytes]"]
LOOPBACK = "127.0.0.0/8,::1/128"


@dataclass(frozen=True)
class Plan:
    """Everything that was decided before the first child is started."""

    home: DataFolder
    ports: Ports
    demo: bool
    keys: Mapping[str, str] = field(repr=False)

    def preparations(self, urls: Mapping[str, str]) -> list[tuple[list[str], dict[str, str]]]:
        """The short-lived children that run before anything is served: commands with their environments."""
        demo = ["--demo"] if self.demo else []
        first = ["clickcollect.runtime.prepare", *demo]
        # The demo shop subscribes the Extension, with its secret.
        names = (*SHOP_SECRETS, *(["EXTENSION_WEBHOOK_SECRET"] if self.demo else []))
        return [
            (first, self._environment(urls, names, (APPLICATION_URL, OWNER_URL))),
            (["extension", "migrate"], self._extension(urls)),
        ]

    def starts(self, urls: Mapping[str, str]) -> dict[str, Start]:
        """The children that stay, the web server first."""
        ours = self.shop_environment(urls)
        return {
            "web": self._start("web", web_command(self.ports), ours | {"CLICKCOLLECT_PROCESS": "web"}),
            "worker": self._start("worker", ["clickcollect", "worker"], ours | {"CLICKCOLLECT_PROCESS": "worker"}),
            "extension": self._start("extension", extension_command(self.ports), self._extension(urls)),
        }

    def shop_environment(self, urls: Mapping[str, str]) -> dict[str, str]:
        """What web and worker are told; in a demo, where the Extension's page of wordings is too."""
        environment = self._environment(urls, SHOP_SECRETS, (APPLICATION_URL,))
        if self.demo:
            environment.setdefault("EXTENSION_URL", self.ports.extension_address)
        return environment

    def _start(self, name: str, command: list[str], environment: Mapping[str, str]) -> Start:
        return lambda: spawn_program(command, environment=environment, log=self.home.log(name))

    def _extension(self, urls: Mapping[str, str]) -> dict[str, str]:
        """The Extension is a program of its own: its own database and secrets, none of ours."""
        environment = self._environment(urls, EXTENSION_SECRETS, (EXTENSION_URL,))
        environment.setdefault("EXTENSION_OMS_URL", self.ports.web_address)  # where receipts go
        if self.demo:
            environment.setdefault("EXTENSION_SMS_PROVIDER", "simulator")
            environment.setdefault("EXTENSION_ADMIN_PASSWORD", DEMO_PASSWORD)
        return environment

    def _environment(self, urls: Mapping[str, str], secrets: tuple[str, ...], names: tuple[str, ...]) -> dict[str, str]:
        """Our own environment without any secret, and then those that this child needs."""
        withheld = {*SECRETS, *PASSWORDS.values(), *URLS, "DJANGO_SETTINGS_MODULE"}  # each program knows its own
        environment = {name: value for name, value in os.environ.items() if name not in withheld}
        if self.demo:
            environment.setdefault("WEBHOOK_ALLOWED_NETWORKS", LOOPBACK)
            environment.setdefault("ALLOW_FICTITIOUS_NUMBERS", "on")  # the demo's customers have no other
        return environment | {
            "CLICKCOLLECT_HOME": str(self.home.path),
            "PORT": str(self.ports.web),
            "EXTENSION_PORT": str(self.ports.extension),
            **{name: self.keys[name] for name in secrets},
            **{name: urls[name] for name in names},
        }


def web_command(ports: Ports) -> list[str]:
    """The Python program that serves the pages and the API."""
    numbers = [str(ports.web), str(threads(WEB_THREADS)), str(web_processes())]
    return ["webserver.serve", "clickcollect.wsgi:application", ports.web_bind, *numbers]


def extension_command(ports: Ports) -> list[str]:
    """The one that serves the Extension: exactly one process, the phone simulator keeps its messages in memory."""
    host, port = ports.extension_bind, str(ports.extension)
    return ["webserver.serve", "extension.wsgi:application", host, port, str(threads(EXTENSION_THREADS)), "1"]


def fingerprint(*, demo: bool) -> str:
    """One name for this very program: its files, the packages beside it, and whether it loads the demo shop."""
    seen = hashlib.sha256(f"demo {demo}".encode())
    root = Path(__file__).parent.parent.parent
    for package in (root / "clickcollect", root / "extension", GUIDE):
        for path in sorted(package.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                seen.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    for distribution in sorted(path.name for path in Path(sysconfig.get_path("purelib")).glob("*.dist-info")):
        seen.update(distribution.encode())
    return seen.hexdigest()


def prepare_databases(plan: Plan, urls: dict[str, str]) -> None:
    """Migrations of both programs, side by side. Raises Problem with the last thing a failed one said."""
    begun: list[tuple[subprocess.Popen[bytes], int]] = []
    log = plan.home.log("prepare")
    try:
        for command, environment in plan.preparations(urls):
            size = log.stat().st_size if log.exists() else 0
            begun.append((spawn_program(command, environment=environment, log=log), size))
        for process, size in begun:
            if process.wait():
                said = log.read_bytes()[size:].decode(errors="replace").strip().splitlines()
                raise Problem(f"{said[-1] if said else 'The preparation failed.'} (more in {log})")
    finally:
        for process, _size in begun:
            if process.poll() is None:
                process.kill()
                process.wait()
