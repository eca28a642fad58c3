"""The data folder: its secrets are made once and never guessed at, and one process uses it at a time."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from clickcollect.runtime import data_dir as home_module
from clickcollect.runtime.data_dir import PASSWORDS, SECRETS, DataFolder, DataFolderInUse, Holder, shorten_log
from clickcollect.runtime.errors import Problem
from clickcollect.settings import parse_code_keys

EVERYTHING = (*SECRETS, *PASSWORDS.values())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    for name in EVERYTHING:
        monkeypatch.delenv(name, raising=False)
    made = DataFolder(tmp_path / "data")
    made.make()
    return made


def test_an_empty_folder_gets_keys_that_only_its_owner_can_read(home: DataFolder) -> None:
    home.make_keys()
    keys = home.keys(needed=EVERYTHING)
    assert stat.S_IMODE(home.keys_file.stat().st_mode) == 0o600
    assert len(parse_code_keys(keys["PICKUP_CODE_KEYS"])) == 1
    assert len(keys["SECRET_KEY"]) >= 50
    assert len(set(keys.values())) == len(EVERYTHING)


def test_keys_are_made_once(home: DataFolder) -> None:
    home.make_keys()
    first = home.keys_file.read_bytes()
    home.make_keys()
    assert home.keys_file.read_bytes() == first


@pytest.mark.parametrize("left", ["postgres", "static", "logs"])
def test_a_folder_that_was_used_gets_no_new_keys(home: DataFolder, left: str) -> None:
    (home.path / left).mkdir()
    home.make_keys()
    with pytest.raises(Problem, match="SECRET_KEY and PICKUP_CODE_KEYS must be set"):
        home.keys(needed=("SECRET_KEY", "PICKUP_CODE_KEYS"))
    assert not home.keys_file.exists()


def test_the_environment_comes_before_the_file_and_is_not_stored(
    home: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    home.make_keys()
    assert home.keys(needed=EVERYTHING)["SECRET_KEY"] == "from the environment"
    assert "SECRET_KEY=" not in home.keys_file.read_text().replace("EXTENSION_SECRET_KEY=", "")
    monkeypatch.delenv("SECRET_KEY")
    with pytest.raises(Problem, match="SECRET_KEY must be set"):
        home.keys(needed=EVERYTHING)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="Set CLICKCOLLECT_HOME"):
        DataFolder(tmp_path / "file" / "data").make()


def test_the_second_user_of_a_folder_is_told_who_is_the_first(home: DataFolder) -> None:
    first = Holder(os.getpid(), "run", "http://127.0.0.1:8000")
    with home.hold(first), pytest.raises(DataFolderInUse) as held, home.hold(Holder(1, "check")):
        pass
    assert held.value.holder == first


def test_the_folder_is_free_again_however_its_user_ended(home: DataFolder) -> None:
    program = (
        "import os, pathlib, sys; from clickcollect.runtime.data_dir import DataFolder, Holder\n"
        "with DataFolder(pathlib.Path(sys.argv[1])).hold(Holder(os.getpid(), 'run')): os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(home.path)], check=False).returncode == 9
    with home.hold(Holder(os.getpid(), "run")):
        pass


def test_logs_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module, "LOG_BYTES", 10)
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as child:
        child.write(b"a long first part")
        shorten_log(log)
        child.write(b"next")
    assert log.read_bytes() == b"next"
    assert (tmp_path / "web.old.log").read_bytes() == b"a long first part"
