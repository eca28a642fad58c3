"""Which programs `run` starts, and what each of them is told: no more than it needs."""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

from clickcollect.processes.child import spawn
from clickcollect.processes.database import APPLICATION_URL, EXTENSION_URL, OWNER_URL, URLS
from clickcollect.processes.home import PASSWORDS, SECRETS, Home
from clickcollect.processes.ports import Ports
from clickcollect.processes.problem import Problem

Start = Callable[[], "subprocess.Popen[bytes]"]
LOOPBACK = "127.0.0.0/8,::1/128"
THREADS = 8


@dataclass(frozen=True)
class Plan:
    """Everything that was decided before the first child is started."""

    home: Home
    ports: Ports
    demo: bool
    keys: Mapping[str, str] = field(repr=False)

    def preparations(self, urls: Mapping[str, str]) -> list[tuple[list[str], dict[str, str]]]:
        """The short-lived children that run before anything is served: commands with their environments."""
        demo = ["--demo"] if self.demo else []
        first = ["clickcollect.processes.prepare", *demo]
        names = ("SECRET_KEY", "PICKUP_CODE_KEYS", "EXTENSION_HOOK_SECRET")
        preparations = [(first, self._environment(urls, names, (APPLICATION_URL, OWNER_URL)))]
        if find_spec("extension.settings"):
            second = ["django", "migrate", "--noinput", "--verbosity=0", "--settings=extension.settings"]
            preparations.append((second, self._extension(urls)))
        return preparations

    def starts(self, urls: Mapping[str, str]) -> dict[str, Start]:
        """The children that stay, the web server first."""
        ours = self._environment(urls, ("SECRET_KEY", "PICKUP_CODE_KEYS"), (APPLICATION_URL,))
        served = ["clickcollect.processes.serve", "clickcollect.wsgi:application", str(self.ports.web), str(THREADS)]
        starts = {
            "web": self._start("web", served, ours | {"CLICKCOLLECT_PROCESS": "web"}),
            "worker": self._start("worker", ["clickcollect", "worker"], ours | {"CLICKCOLLECT_PROCESS": "worker"}),
        }
        if find_spec("extension.settings"):
            # Exactly one process: the phone simulator keeps its messages in memory.
            apart = ["clickcollect.processes.serve", "extension.wsgi:application", str(self.ports.extension), "4"]
            starts["extension"] = self._start("extension", apart, self._extension(urls))
        return starts

    def _start(self, name: str, command: list[str], environment: Mapping[str, str]) -> Start:
        return lambda: spawn(command, environment=environment, log=self.home.log(name))

    def _extension(self, urls: Mapping[str, str]) -> dict[str, str]:
        """The Extension lives across the street: its own database and secrets, none of ours."""
        return self._environment(urls, ("EXTENSION_SECRET_KEY", "EXTENSION_HOOK_SECRET"), (EXTENSION_URL,))

    def _environment(self, urls: Mapping[str, str], secrets: tuple[str, ...], names: tuple[str, ...]) -> dict[str, str]:
        """Our own environment without any secret, and then those that this child needs."""
        withheld = {*SECRETS, *PASSWORDS.values(), *URLS}
        environment = {name: value for name, value in os.environ.items() if name not in withheld}
        if self.demo:
            environment.setdefault("WEBHOOK_ALLOWED_NETWORKS", LOOPBACK)
        return environment | {
            "CLICKCOLLECT_HOME": str(self.home.path),
            "PORT": str(self.ports.web),
            "EXTENSION_PORT": str(self.ports.extension),
            **{name: self.keys[name] for name in secrets},
            **{name: urls[name] for name in names},
        }


def prepare(plan: Plan, urls: dict[str, str]) -> None:
    """Migrations of both programs, side by side. Raises Problem with the last thing a failed one said."""
    begun: list[tuple[subprocess.Popen[bytes], int]] = []
    log = plan.home.log("prepare")
    try:
        for command, environment in plan.preparations(urls):
            size = log.stat().st_size if log.exists() else 0
            begun.append((spawn(command, environment=environment, log=log), size))
        for process, size in begun:
            if process.wait():
                said = log.read_bytes()[size:].decode(errors="replace").strip().splitlines()
                raise Problem(f"{said[-1] if said else 'The preparation failed.'} (more in {log})")
    finally:
        for process, _size in begun:
            if process.poll() is None:
                process.kill()
                process.wait()
