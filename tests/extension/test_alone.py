"""The Extension is a program of its own that says what it needs."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from extension.config import NotConfigured, read_config
from tests.extension.running import ROOT, SECRET, database, receiver

EXTENSION = ROOT / "extension"
COMPLETE = {
    "EXTENSION_DATABASE_URL": "postgres:///extension",
    "EXTENSION_SECRET_KEY": "a secret",
    "EXTENSION_WEBHOOK_SECRET": SECRET,
}


def test_it_knows_nothing_of_the_shop() -> None:
    for path in EXTENSION.rglob("*.py"):
        assert "clickcollect" not in path.read_text(), path


def test_a_complete_environment_is_enough() -> None:
    read_config(COMPLETE).check_complete()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"EXTENSION_DATABASE_URL": ""}, "EXTENSION_DATABASE_URL"),
        ({"EXTENSION_DATABASE_URL": "mysql://x"}, "EXTENSION_DATABASE_URL"),
        ({"EXTENSION_SECRET_KEY": ""}, "EXTENSION_SECRET_KEY"),
        ({"EXTENSION_WEBHOOK_SECRET": " , "}, "EXTENSION_WEBHOOK_SECRET"),
        ({"EXTENSION_OMS_URL": "shop.example"}, "EXTENSION_OMS_URL"),
        ({"EXTENSION_SMS_URL": "ftp://sms.example"}, "EXTENSION_SMS_URL"),
        ({"EXTENSION_PORT": "many"}, "EXTENSION_PORT"),
        ({"EXTENSION_THREADS": "0"}, "EXTENSION_THREADS"),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, str], name: str) -> None:
    with pytest.raises(NotConfigured, match=name):
        read_config(COMPLETE | changes).check_complete()


def test_a_provider_that_needs_apprise_says_so_at_the_start_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    address = COMPLETE | {"EXTENSION_SMS_PROVIDER": "twilio://SID:TOKEN@+15551234567/{to}"}
    read_config(address).check_complete()
    monkeypatch.setitem(sys.modules, "apprise", None)  # as if it were not installed
    with pytest.raises(NotConfigured, match="Install the Python package apprise") as refused:
        read_config(address).check_complete()
    assert "TOKEN" not in str(refused.value)
    for provider in ("", "send-sms", "simulator"):
        read_config(COMPLETE | {"EXTENSION_SMS_PROVIDER": provider}).check_complete()


def test_the_process_ends_with_that_sentence_and_the_rest_runs_without_apprise() -> None:
    program = (
        "import runpy, sys; sys.modules['apprise'] = None; sys.argv[1:] = ['migrate']; "
        "runpy.run_module('extension', run_name='__main__')"
    )
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | COMPLETE
    own["EXTENSION_DATABASE_URL"] = "postgres://nobody@127.0.0.1:9/extension"
    for provider, words in (
        ("json://127.0.0.1/", "Install the Python package apprise"),
        ("send-sms", "cannot be reached"),
    ):
        command, environment = [sys.executable, "-c", program], own | {"EXTENSION_SMS_PROVIDER": provider}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, words in done.stderr, done.stderr.count("\n")) == (1, True, 1), done.stderr


def test_apprise_is_an_extra_that_the_locks_hold() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not [line for line in project["dependencies"] if line.startswith("apprise")]
    assert [line.split(">")[0] for line in project["optional-dependencies"]["apprise"]] == ["apprise"]
    for lock in ("requirements.lock", "requirements-dev.lock"):
        assert re.search(r"^apprise==", (ROOT / lock).read_text(), re.MULTILINE)


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | environment
    command = [sys.executable, "-m", "extension", *arguments]
    return subprocess.run(command, env=own, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "Set EXTENSION_DATABASE_URL"),
        (COMPLETE | {"EXTENSION_DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}, "cannot be reached"),
        (COMPLETE | {"EXTENSION_PORT": "http"}, "EXTENSION_PORT"),
    ],
)
def test_it_does_not_start_without_them_and_says_so_in_a_sentence(environment: dict[str, str], words: str) -> None:
    ended = run("migrate", **environment)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with database() as url, receiver() as other:
        ended = run(**COMPLETE | {"EXTENSION_DATABASE_URL": url, "EXTENSION_PORT": str(other.port)})
    assert ended.returncode == 1
    assert f"Port {other.port}" in ended.stderr


def test_tables_are_what_the_models_say(tmp_path: Path) -> None:
    with database() as url:
        environment = COMPLETE | {"EXTENSION_DATABASE_URL": url, "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "django", "makemigrations", "--check", "--settings", "extension.settings"]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_environment_name_is_documented() -> None:
    documented = (ROOT / "docs" / "extension.md").read_text()
    source = (EXTENSION / "config.py").read_text()
    names = set(re.findall(r'"((?:EXTENSION_|SECRET_|ALLOWED_)[A-Z_]+)"', source))
    assert len(names) > 10
    assert {name for name in names if f"`{name}`" not in documented} == set()


@pytest.mark.parametrize("language", ["ar", "de", "tr"])
def test_every_word_of_the_pages_is_translated(language: str) -> None:
    folder = EXTENSION / "locale" / language / "LC_MESSAGES"
    with (folder / "django.po").open("rb") as text, (folder / "django.mo").open("rb") as compiled:
        catalogue, used = read_po(text), read_mo(compiled)
    words = set()
    for page in (EXTENSION / "templates").rglob("*.html"):
        words |= set(re.findall(r'{% translate "([^"]+)"', page.read_text()))
    for module in EXTENSION.glob("*.py"):
        words |= set(re.findall(r'\b_\(\s*"([^"]+)"', module.read_text()))
    assert len(words) > 40
    assert {word for word in words if not catalogue.get(word) or not catalogue[word].string} == set()
    written, compiled_words = (
        {message.id if isinstance(message.id, str) else message.id[0] for message in one if message.id}
        for one in (catalogue, used)
    )
    assert written == compiled_words, "compile it again: msgfmt -o django.mo django.po"
