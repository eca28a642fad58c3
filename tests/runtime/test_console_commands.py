"""Whatever is missing or wrong around it, every console command says so in a sentence, and never in a traceback."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import typer.main

from clickcollect.cli import app
from clickcollect.runtime.data_dir import PASSWORDS, SECRETS
from clickcollect.runtime.database import URLS
from tests.ports import free_port
from tests.runtime.console_process import Console, console

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "token create": ("lena", "--name", "till"),
    "token revoke": ("1",),
    "keys drop": ("k1",),
    "staff add-admin": ("boss", "--password", "a long good phrase"),
    "staff link": ("boss",),
    "orders import": ("none.jsonl",),
    "backup": ("backups",),
    "restore": ("backups",),
    "drill": ("backups",),
    "init": (
        *("etc", "--public-url", "https://pickup.example.com", "--admin", "boss", "--store", "S-01"),
        *("--store-name", "Shop", "--country", "TR", "--currency", "TRY", "--time-zone", "UTC"),
    ),
}
# They make the tables, need none, or look at the three roles first, which are one here.
WITHOUT_TABLES = (
    *("init", "keys new", "keys rotate", "run", "serve", "extension", "migrate", "worker"),
    *("backup", "restore", "drill"),
)
WITHOUT_ANYTHING = ("keys new",)  # it makes what the others need


def names(command: Any, before: str = "") -> Iterator[str]:
    """Every command, from the program itself: a new one is tried too."""
    if hasattr(command, "commands"):
        if command.invoke_without_command:
            yield before.strip()
        for name, inner in command.commands.items():
            yield from names(inner, f"{before} {name}")
    else:
        yield before.strip()


COMMANDS = sorted(names(typer.main.get_command(app)))


def call(program: Console, command: str, folder: Path, environment: Mapping[str, str]) -> "CompletedProcess[str]":
    ports = {"PORT": str(free_port()), "EXTENSION_PORT": str(free_port())}
    return program.call(
        *command.split(),
        *ARGUMENTS.get(command, ()),
        environment={**clean(), "CLICKCOLLECT_HOME": str(folder / "none"), **ports, **environment},
        folder=folder,
    )


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {*URLS, *SECRETS, *PASSWORDS.values()}}


def own_database(url: str) -> dict[str, str]:
    secrets = {"SECRET_KEY": "x" * 50, "PICKUP_CODE_KEYS": os.environ["PICKUP_CODE_KEYS"]}
    extension = {"EXTENSION_SECRET_KEY": "x", "EXTENSION_WEBHOOK_SECRET": "x"}
    return {**secrets, **extension, **dict.fromkeys(URLS, url)}


SITUATIONS: Mapping[str, Mapping[str, str]] = {
    "nothing": {},
    "unreachable": own_database("postgres://app:a-secret@127.0.0.1:9/shop"),
    "no folder": {"CLICKCOLLECT_HOME": "/dev/null/none"},
    "a path": {"PUBLIC_URL": "https://shop.example.test/pickup"},
    "no number": {"TRUSTED_PROXIES": "one"},
}


def is_fine(command: str, situation: str) -> bool:
    return command in WITHOUT_ANYTHING or (command == "run" and situation == "nothing")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_command_says_what_is_wrong_in_a_sentence(program: Console, situation: str, tmp_path: Path) -> None:
    assert len(COMMANDS) > 15
    for command in COMMANDS:
        if is_fine(command, situation):
            continue
        folder = tmp_path / command.replace(" ", "-")
        folder.mkdir()
        done = call(program, command, folder, SITUATIONS[situation])
        assert done.returncode == 2, (command, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, command
        assert len(done.stderr.splitlines()) == 1, (command, done.stderr)
        assert "a-secret" not in done.stdout + done.stderr, command
        assert command == "run" or not (folder / "none" / "keys.env").exists(), command


def test_without_tables_every_command_that_needs_them_says_migrate(tmp_path: Path) -> None:
    """The cluster of the tests has an application's database that nobody migrated."""
    environment = own_database(os.environ["DATABASE_URL"])
    with console(settings=clean() | environment) as program:
        for command in COMMANDS:
            if command in WITHOUT_TABLES:
                continue
            done = call(program, command, tmp_path, environment)
            assert done.returncode == 2, (command, done.stdout, done.stderr)
            assert "clickcollect migrate" in done.stderr or command == "orders import", (command, done.stderr)
            assert "Traceback" not in done.stderr, command


def test_a_new_key_needs_nothing(program: Console, tmp_path: Path) -> None:
    done = call(program, "keys new", tmp_path, {})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("k2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "https://shop.example.test/pickup"),
        ("PUBLIC_URL", "shop.example.test"),
        ("PUBLIC_URL", "ftp://shop.example.test"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://[::1"),
        ("PUBLIC_URL", "https://a@shop.example.test"),
        ("PUBLIC_URL", "https://shop.example.test?x=1"),
        ("EXTENSION_URL", "https://shop.example.test/extension"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "one"),
        ("WEB_THREADS", "0"),
        ("EXTENSION_THREADS", "x"),
        ("WEBHOOK_ALLOWED_NETWORKS", "10.0.0.1/8"),
        ("METRICS_ALLOWED_NETWORKS", "everybody"),
        ("BIND", "pickup.example.test"),
        ("BIND", "192.0.2.1"),
        ("PORT", "x"),
    ],
)
def test_a_wrong_value_is_named(program: Console, name: str, value: str, tmp_path: Path) -> None:
    done = call(program, "serve", tmp_path, own_database(os.environ["DATABASE_URL"]) | {name: value})
    assert done.returncode == 2, done.stderr
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
