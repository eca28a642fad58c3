"""What the children of `run` are told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from clickcollect.runtime.banner import DEMO_PASSWORD, print_banner
from clickcollect.runtime.data_dir import SECRETS, DataFolder
from clickcollect.runtime.database import URLS
from clickcollect.runtime.plan import Plan
from clickcollect.runtime.ports import Ports

NAME = "ALLOW_FICTITIOUS_NUMBERS"


def plan_of(folder: Path, *, demo: bool) -> Plan:
    keys = dict.fromkeys(SECRETS, "secret")
    return Plan(home=DataFolder(folder), ports=Ports(web=8000, extension=8001), demo=demo, keys=keys)


def fictitious_number_values(tmp_path: Path, *, demo: bool) -> list[str | None]:
    """What each child that comes before serving hears of numbers kept for fiction."""
    plan = plan_of(tmp_path, demo=demo)
    return [environment.get(NAME) for _command, environment in plan.preparations(dict.fromkeys(URLS, "postgres://"))]


def test_the_demo_takes_numbers_that_are_kept_for_fiction(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(NAME)
    assert fictitious_number_values(tmp_path, demo=True) == ["on", "on"]
    assert fictitious_number_values(tmp_path, demo=False) == [None, None]
    monkeypatch.setenv(NAME, "off")
    assert fictitious_number_values(tmp_path, demo=True) == ["off", "off"]


@pytest.mark.parametrize(("value", "is_allowed"), [(None, False), ("off", False), ("", False), ("on", True)])
def test_a_shop_refuses_them_unless_it_is_told_otherwise(value: str | None, is_allowed: bool) -> None:  # noqa: FBT001
    environment = {name: text for name, text in os.environ.items() if name != NAME}
    if value is not None:
        environment[NAME] = value
    program = f"from clickcollect import settings; print(settings.{NAME})"
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(is_allowed)


def test_the_demos_back_office_knows_the_page_of_wordings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    urls = dict.fromkeys(URLS, "postgres://")
    name = "EXTENSION_URL"
    assert plan_of(tmp_path, demo=True).shop_environment(urls)[name] == "http://127.0.0.1:8001"
    assert name not in plan_of(tmp_path, demo=False).shop_environment(urls)
    monkeypatch.setenv(name, "https://messages.example.test")
    assert plan_of(tmp_path, demo=True).shop_environment(urls)[name] == "https://messages.example.test"


def test_the_start_of_a_demo_names_the_page_of_wordings_and_its_password(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, demo=True)
    for demo in (True, False):
        console = Console(width=100, record=True)
        print_banner(console, ports=plan.ports, home=plan.home, demo=demo)
        said = console.export_text()
        assert ("http://127.0.0.1:8001/templates/" in said) is demo
        assert (f"{DEMO_PASSWORD}, and of the wording (any username)" in said) is demo
