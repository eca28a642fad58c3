"""What the environment says, looked at before anything is started: a wrong value is a sentence. Knows no Django."""

import ipaddress
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from clickcollect.runtime.errors import Problem

WEB_PROCESSES, WEB_THREADS, EXTENSION_THREADS = "WEB_PROCESSES", "WEB_THREADS", "EXTENSION_THREADS"
THREADS = 8
MOST_PROCESSES = 4  # unless more are asked for

Check = Callable[[str, str], None]


def read_secret_files() -> None:
    """Set `NAME` to what the file named in `NAME_FILE` holds, for every secret. Raises Problem.

    So containers and systemd hand secrets over: an environment is seen by whoever may look at a process.
    """
    for name in SECRETS_IN_FILES:
        path = os.environ.get(f"{name}_FILE")
        if not path:
            continue
        if os.environ.get(name):
            raise Problem(f"{name} and {name}_FILE are both set. Keep one of them.")
        try:
            text = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise Problem(f"{name}_FILE names {path}, which cannot be read: {why}.") from error
        if not text:
            raise Problem(f"{name}_FILE names {path}, which is empty.")
        os.environ[name] = text
        del os.environ[f"{name}_FILE"]  # the programs that we start are told once


def check_values() -> None:
    """Every setting that is given can be understood; secrets in files are read. Raises Problem for the first fault."""
    read_secret_files()
    for name, check in CHECKS.items():
        if text := os.environ.get(name):
            check(name, text)


def is_address(name: str, text: str) -> None:
    """`https://host` or `http://host:port`: the pages stand at the top of a host of their own."""
    wanted = f"{name} must read https://host or http://host:port"
    try:
        parts = urlsplit(text)
        bad = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        bad = True
    if bad or parts.username is not None or parts.query or parts.fragment:
        raise Problem(f"{wanted}, as people type it, not {text!r}.")
    if parts.path.strip("/"):
        raise Problem(
            f"{wanted}, without the path {parts.path}: the pages are served at the root of a host. Use a host name "
            f"of their own, such as {parts.scheme}://pickup.{parts.hostname}.",
        )


def is_number(least: int, most: int) -> Check:
    """A whole number within bounds."""

    def check_number(name: str, text: str) -> None:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise Problem(f"{name} must be a whole number from {least} to {most}, not {text!r}.")

    return check_number


def is_switch(name: str, text: str) -> None:
    """`on` or `off`."""
    if text not in ("on", "off"):
        raise Problem(f"{name} must be on or off, not {text!r}.")


def are_networks(name: str, text: str) -> None:
    """Networks with commas between them."""
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        try:
            ipaddress.ip_network(part)
        except ValueError:
            raise Problem(f"{name} must list networks such as 10.0.0.0/8 or ::1/128, not {part!r}.") from None


def web_processes() -> int:
    """`WEB_PROCESSES`, or one for each core that this process may use, at most 4."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(os.environ.get(WEB_PROCESSES) or min(cores, MOST_PROCESSES))


def threads(name: str) -> int:
    """Requests that one process works on at once, by its setting."""
    return int(os.environ.get(name) or THREADS)


SECRETS_IN_FILES = (
    "SECRET_KEY",
    "PICKUP_CODE_KEYS",
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "EXTENSION_DATABASE_URL",
    "EMAIL_URL",
    "SHOPIFY_WEBHOOK_SECRET",
    "EXTENSION_SECRET_KEY",
    "EXTENSION_WEBHOOK_SECRET",
    "EXTENSION_SMS_PROVIDER",
    "EXTENSION_SMS_PASSWORD",
    "EXTENSION_ADMIN_PASSWORD",
)

CHECKS: dict[str, Check] = {
    "PUBLIC_URL": is_address,
    "EXTENSION_URL": is_address,
    "PORT": is_number(1, 65535),
    "EXTENSION_PORT": is_number(1, 65535),
    "TRUSTED_PROXIES": is_number(0, 10),
    "DATABASE_PREPARED_STATEMENTS": is_switch,
    WEB_PROCESSES: is_number(1, 64),
    WEB_THREADS: is_number(2, 200),
    EXTENSION_THREADS: is_number(2, 200),
    "WEBHOOK_IN_FLIGHT_PER_ENDPOINT": is_number(1, 10_000),
    "METRICS_ALLOWED_NETWORKS": are_networks,
    "WEBHOOK_ALLOWED_NETWORKS": are_networks,
}
