"""What an installation begins with: units for systemd and a compose file. Each says only what the program knows."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from clickcollect.runtime.values import SECRETS_IN_FILES
from tests.house.files import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
TIMERS = sorted((ROOT / "deploy" / "systemd").glob("*.timer"))
COMPOSE = [ROOT / "deploy" / name for name in ("compose.yaml", "compose.override.sample.yaml")]
RUNNING = (ROOT / "docs" / "running.md").read_text()
EXPOSURE: float = 2.0  # of 10; systemd calls it "OK" up to about 4


def program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed, and this test needs it: apt install systemd"
    return found


def assert_is_documented(name: str) -> None:
    plain = name.removesuffix("_FILE")
    assert plain == name or plain in SECRETS_IN_FILES, f"{name}: the program reads no such file"
    assert f"`{plain}`" in RUNNING, f"docs/running.md does not know {plain}"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_valid_and_shut_in(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text()
    copy = tmp_path / unit.name
    copy.write_text(text.replace("/opt/clickcollect/bin/clickcollect", sys.executable))
    verified = subprocess.run([program("systemd-analyze"), "verify", copy], capture_output=True, text=True, check=False)
    ours = [line for line in verified.stderr.splitlines() if unit.name in line]
    assert (verified.returncode, ours) == (0, []), verified.stderr
    analysed = subprocess.run(
        [program("systemd-analyze"), "security", "--offline=yes", copy], capture_output=True, text=True, check=False
    )
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", analysed.stdout)
    assert exposure, analysed.stdout + analysed.stderr
    assert float(exposure[1]) <= EXPOSURE
    for name in re.findall(r"^Environment=(\w+)=", text, flags=re.MULTILINE):
        assert_is_documented(name)
    secrets = set(re.findall(r"^LoadCredential=(\w+):", text, flags=re.MULTILINE))
    assert secrets == set(re.findall(r"^Environment=\w+_FILE=%d/(\w+)$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("timer", TIMERS, ids=lambda timer: timer.name)
def test_a_timer_starts_a_unit_that_there_is_at_a_time_that_there_is(timer: Path) -> None:
    assert timer.with_suffix(".service") in UNITS
    when = re.search(r"^OnCalendar=(.+)$", timer.read_text(), flags=re.MULTILINE)
    assert when
    looked = subprocess.run(
        [program("systemd-analyze"), "calendar", when[1]], capture_output=True, text=True, check=False
    )
    assert "Next elapse" in looked.stdout, looked.stderr


def test_what_a_command_needs_is_in_its_unit() -> None:
    """A backup reads both databases as their owners do, a drill what the shop itself reads."""
    given = {
        unit.name: set(re.findall(r"^LoadCredential=(\w+):", unit.read_text(), flags=re.MULTILINE)) for unit in UNITS
    }
    shop = {"secret_key", "pickup_code_keys", "database_url"}
    assert given["clickcollect-backup.service"] == shop | {"database_owner_url", "extension_database_url"}
    assert given["clickcollect-drill.service"] == given["clickcollect-web.service"] == shop


def test_a_unit_that_nobody_shut_in_is_noticed(tmp_path: Path) -> None:
    bare = tmp_path / "bare.service"
    bare.write_text(f"[Service]\nExecStart={sys.executable}\n")
    analysed = subprocess.run(
        [program("systemd-analyze"), "security", "--offline=yes", bare], capture_output=True, text=True, check=False
    )
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", analysed.stdout)
    assert exposure, analysed.stdout + analysed.stderr
    assert float(exposure[1]) > EXPOSURE


def services(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["services"]
    return found


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_a_compose_file_names_settings_and_secrets_that_there_are(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    for name, service in document["services"].items():
        environment, secrets = service.get("environment", {}), service.get("secrets", [])
        assert set(secrets) <= document["secrets"].keys(), name
        for setting, value in environment.items():
            if name not in {"postgres", "proxy"}:
                assert_is_documented(setting)
            if setting.endswith("_FILE"):
                assert Path(value).name in secrets, f"{name}: {setting}"


def test_the_owner_of_the_tables_and_the_programs_that_people_reach_are_kept_apart() -> None:
    made = services(COMPOSE[0])
    for name in ("web", "worker", "extension"):
        service = made[name]
        assert "database_owner_url" not in service["secrets"]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert "ports" not in service, "only the proxy is reached from outside"
    assert made["extension"].get("deploy", {}).get("replicas", 1) == 1
    assert not {"secret_key", "pickup_code_keys", "database_url"} & set(made["extension"]["secrets"])
