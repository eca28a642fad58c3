"""What the Extension is told by its environment (docs/extension.md lists every name)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from urllib.parse import urlsplit

SIMULATOR = "simulator"
SEND_SMS = "send-sms"
APPRISE_MISSING = (
    "EXTENSION_SMS_PROVIDER is an address for Apprise, which is not installed. Install the Python package apprise, or "
    "set EXTENSION_SMS_PROVIDER to send-sms."
)


class NotConfigured(Exception):
    """The environment lacks something, or has something wrong; the message says what to set."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """One reading of the environment. Secrets stay out of its ``repr``."""

    database_url: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    admin_password: str = field(default="", repr=False)
    oms_url: str = ""
    provider: str = field(default="", repr=False)  # an Apprise URL holds a password
    sms_url: str = ""
    sms_user: str = field(default="", repr=False)
    sms_password: str = field(default="", repr=False)
    sms_sender: str = "Pickup"
    allowed_hosts: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8001
    threads: int = 8

    @property
    def simulated(self) -> bool:
        """True when the phone simulator takes the messages."""
        return self.provider == SIMULATOR

    @property
    def needs_apprise(self) -> bool:
        """True when a provider's URL is given."""
        return "://" in self.provider

    def check_complete(self) -> None:
        """Refuse to start without the things that nothing works without. Raises NotConfigured."""
        if not self.database_url.startswith(("postgres://", "postgresql://")):
            raise NotConfigured("Set EXTENSION_DATABASE_URL to a PostgreSQL database of the Extension's own.")
        if not self.secret_key:
            raise NotConfigured("Set EXTENSION_SECRET_KEY to a long random text.")
        if not self.webhook_secrets:
            raise NotConfigured("Set EXTENSION_WEBHOOK_SECRET to the secret key of the hooks that post here.")
        for name, url in (("EXTENSION_OMS_URL", self.oms_url), ("EXTENSION_SMS_URL", self.sms_url)):
            if url and not _is_http(url):
                raise NotConfigured(f"{name} must begin with http:// or https:// and name a host.")
        if self.needs_apprise and find_spec("apprise") is None:
            raise NotConfigured(APPRISE_MISSING)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (piece.strip() for piece in text.split(","))))


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise NotConfigured(f"{name} must be a whole number from 1 to 65535.")
    return int(text)


def read_config(environment: Mapping[str, str]) -> Config:
    """Read an environment. Raises NotConfigured where a number is none."""
    get = environment.get
    return Config(
        database_url=get("EXTENSION_DATABASE_URL", ""),
        secret_key=get("EXTENSION_SECRET_KEY") or get("SECRET_KEY", ""),
        webhook_secrets=_list(get("EXTENSION_WEBHOOK_SECRET", "")),
        admin_password=get("EXTENSION_ADMIN_PASSWORD", ""),
        oms_url=get("EXTENSION_OMS_URL", "").rstrip("/"),
        provider=get("EXTENSION_SMS_PROVIDER", "").strip(),
        sms_url=get("EXTENSION_SMS_URL", "").rstrip("/"),
        sms_user=get("EXTENSION_SMS_USER", ""),
        sms_password=get("EXTENSION_SMS_PASSWORD", ""),
        sms_sender=get("EXTENSION_SMS_SENDER") or "Pickup",
        allowed_hosts=(*_list(get("ALLOWED_HOSTS", "")), "localhost", "127.0.0.1", "[::1]"),
        host=get("EXTENSION_HOST") or "127.0.0.1",
        port=_number(environment, "EXTENSION_PORT", _number(environment, "PORT", 8000) + 1),
        threads=_number(environment, "EXTENSION_THREADS", 8),
    )


@cache
def config() -> Config:
    """This process's own."""
    return read_config(os.environ)
