"""The figures of the last `make coverage`, by package, as a table for docs/figures.md."""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).resolve().parent.parent
COUNTS = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def package_of(path: str) -> str:
    """`clickcollect/oms/commands/run.py` is in `oms/commands`; the modules of a program itself are in its name."""
    folders = Path(path).parts[:-1]
    return "/".join(folders[1:] if folders[0] == "clickcollect" and len(folders) > 1 else folders)


def main() -> None:
    """Print the table. Files that no test loads count as not covered."""
    coverage = Coverage(data_file=str(ROOT / ".coverage"))
    coverage.load()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        coverage.json_report(outfile=file.name)
        files = json.loads(Path(file.name).read_text())["files"]
    packages: dict[str, Counter[str]] = {}
    for path, found in files.items():
        counts = {name: found["summary"][name] for name in COUNTS}
        for package in (package_of(path), "all"):
            packages.setdefault(package, Counter()).update(counts)
    rows = [(name, packages[name]) for name in sorted(packages) if name != "all"] + [("all", packages["all"])]
    sys.stdout.write("| Package | Statements | covered | Branches | covered |\n|---|---:|---:|---:|---:|\n")
    for name, counts in rows:
        lines = share(counts, "num_statements", "covered_lines")
        branches = share(counts, "num_branches", "covered_branches")
        cells = (f"`{name}`", counts["num_statements"], lines, counts["num_branches"], branches)
        sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")


def share(counts: Counter[str], whole: str, part: str) -> str:
    return f"{100 * counts[part] / counts[whole]:.1f} %" if counts[whole] else "–"


if __name__ == "__main__":
    main()
