"""Secrets handed over as files, as containers and systemd do it: `NAME_FILE` names the file."""

import os
from pathlib import Path

import pytest

from clickcollect.runtime.errors import Problem
from clickcollect.runtime.values import SECRETS_IN_FILES, read_secret_files
from tests.house.files import ROOT


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS_IN_FILES:
        monkeypatch.setenv(name, "")
        monkeypatch.setenv(f"{name}_FILE", "")


@pytest.mark.parametrize("name", SECRETS_IN_FILES)
def test_a_secret_is_read_from_its_file_without_the_line_s_end(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("k1:abc=\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    read_secret_files()
    assert os.environ[name] == "k1:abc="
    assert f"`{name}`" in (ROOT / "docs" / "running.md").read_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: No such file or directory"), (b"\n", "is empty"), (b"\xff\xfe\x00", "it is not text")],
)
def test_a_file_that_gives_no_secret_stops_the_start_with_a_sentence(
    content: bytes | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "secret"))
    with pytest.raises(Problem, match=said):
        read_secret_files()


def test_a_secret_that_is_given_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from the file")
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "secret"))
    with pytest.raises(Problem, match="SECRET_KEY and SECRET_KEY_FILE are both set"):
        read_secret_files()
