"""`make bench` still measures: short, and with no word on how fast; that is for a quiet machine and docs/figures.md."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.soak
@pytest.mark.timeout(500)
def test_a_short_bench_counts_what_each_program_spends(tmp_path: Path) -> None:
    short = ["--only", "ready,wrong", "--rounds", "1", "--requests", "40", "--clients", "2"]
    command = [sys.executable, "-m", "scripts.bench", *short, "--json", str(tmp_path / "figures.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    ((ready,), (wrong,)) = figures["rounds"].values()
    assert ready["rate"] > 0
    assert wrong["p50"] <= wrong["p99"]
    assert all(ready["cpu"][program] > 0 for program in ("web", "PostgreSQL", "worker", "Extension"))
    assert "Ready For Customer Pickup, to the SMS and its receipts" in done.stdout
    assert not list((ROOT / "var").glob("bench-*/shop/postgres/postmaster.pid")), "it left its shop behind"


def test_a_line_that_does_not_exist_is_named() -> None:
    command = [sys.executable, "-m", "scripts.bench", "--only", "verify,speed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unknown: speed; choose from: order, pack" in done.stderr
