"""Change one thing at a time in the modules that guard the code, and see whether a test notices: `make mutants`.

Cosmic Ray makes the changes, in a copy of the project below `var/mutants`, and runs each module's own tests against
every one of them; one PostgreSQL serves them all. A run that is stopped goes on where it was; a module that has
changed, or whose tests have, begins anew. What no test notices stands in `docs/mutants.md` with its reason, or is
printed here; with more than one in twenty left unexplained, this ends with status 1.

`make mutants MODULES="signing targets"` takes only those.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome

from tests.postgres import Cluster

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "var" / "mutants"
TREE = WORK / "tree"
BIN = Path(sys.executable).parent
REASONS = ROOT / "docs" / "mutants.md"
MOST_UNEXPLAINED = 0.05
TIMEOUT_SECONDS = 300

# Each module, and the tests that are to notice: those that fail soonest come first.
MUTATED = {
    "extension/signature.py": "tests/extension/test_signature.py",
    "clickcollect/whisperer/signing.py": "tests/whisperer/test_signing.py",
    "clickcollect/accounts/tokens.py": "tests/api/test_tokens.py tests/api/test_sign_in.py",
    "clickcollect/oms/access.py": (
        "tests/api/test_scopes.py tests/api/test_rights.py tests/instore/test_doors.py tests/omsweb/test_doors.py"
        " tests/oms/test_road.py"
    ),
    "clickcollect/whisperer/targets.py": "tests/whisperer/test_targets.py",
    "clickcollect/whisperer/records.py": "tests/whisperer/test_claims.py tests/whisperer/test_delivery.py",
    "clickcollect/whisperer/delivery.py": (
        "tests/whisperer/test_delivery.py tests/whisperer/test_stopping.py tests/whisperer/test_codes.py"
        " tests/whisperer/test_hostile_receivers.py"
    ),
    "clickcollect/whisperer/claims.py": "tests/whisperer/test_claims.py tests/whisperer/test_stopping.py",
    "clickcollect/whisperer/dispatcher.py": (
        "tests/whisperer/test_stopping.py tests/whisperer/test_claims.py tests/whisperer/test_delivery.py"
        " tests/whisperer/test_codes.py"
    ),
}
# One other sign for each of arithmetic, and for a comparison its border and its opposite: more of them say no more.
# `|` stands in types, and joins dictionaries and conditions, where any other sign fails at once.
SIGNS = "Add_Sub|Sub_Add|Mul_Div|Div_Mul|Mod_Mul|FloorDiv_Mul|Pow_Mul|BitAnd_BitOr|LShift_RShift|RShift_LShift"
COMPARISONS = "Eq_NotEq|NotEq_Eq|Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE|GtE_Gt|GtE_Lt|Is_IsNot|IsNot_Is"
LEFT_OUT = (
    rf"core/ReplaceBinaryOperator_(?!({SIGNS})$).*",
    rf"core/ReplaceComparisonOperator_(?!({COMPARISONS})$).*",
)
CONFIGURATION = """
[cosmic-ray]
module-path = "{module}"
timeout = {timeout}
excluded-modules = []
test-command = "{command}"

[cosmic-ray.distributor]
name = "local"

[cosmic-ray.filters.operators-filter]
exclude-operators = {left_out}
"""


@dataclass(frozen=True)
class Survivor:
    """A change that no test noticed: the line as it is written, and as it was changed. The same for equal lines."""

    module: str
    written: str
    changed: str


def call(*command: str) -> None:
    subprocess.run(command, cwd=TREE, check=True)


def copy_project() -> None:
    """The project as it lies here, committed or not, in a place where it may be changed."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(git, capture_output=True, check=True, text=True).stdout
    shutil.rmtree(TREE, ignore_errors=True)
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, TREE / name)
    # By the time a file was changed Python tells whether what it compiled is still good: older than any change.
    call(sys.executable, "-m", "compileall", "-q", "clickcollect", "extension", "tests")


def session_of(module: str) -> Path:
    return WORK / f"{module.replace('/', '.').removesuffix('.py')}.sqlite"


def begin(module: str, tests: str) -> Path:
    """The session of a module, begun anew when the module or its tests have changed."""
    session = WORK / f"{module.replace('/', '.')}.sqlite"
    state = hashlib.sha256(b"".join((ROOT / path).read_bytes() for path in [module, *tests.split()])).hexdigest()
    stamp = session.with_suffix(".state")
    if session.exists() and stamp.exists() and stamp.read_text() == state:
        return session
    session.unlink(missing_ok=True)
    command = f"{sys.executable} -m pytest -x -q {tests}"
    call(*command.split())  # unchanged they pass, or nothing of what follows says anything
    configuration = session.with_suffix(".toml")
    values = {"module": module, "timeout": TIMEOUT_SECONDS, "command": command, "left_out": list(LEFT_OUT)}
    configuration.write_text(CONFIGURATION.format(**values))
    call(str(BIN / "cosmic-ray"), "init", str(configuration), str(session))
    call(str(BIN / "cr-filter-operators"), str(session), str(configuration))
    stamp.write_text(state)
    return session


def tested(session: Path) -> tuple[int, list[Survivor]]:
    """How many changes were made, and those that no test noticed."""
    count, survivors = 0, []
    with use_db(str(session), WorkDB.Mode.open) as database:
        for item, result in database.completed_work_items:
            if result.worker_outcome != WorkerOutcome.NORMAL or is_only_of_the_signature(result.diff or ""):
                continue
            count += 1
            if result.test_outcome != TestOutcome.KILLED:
                survivors.append(survivor(str(item.mutations[0].module_path), result.diff or ""))
    return count, survivors


def sides(diff: str) -> tuple[str, str]:
    """What stands in the changed line, before and after."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    written, changed = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return written, changed


def is_only_of_the_signature(diff: str) -> bool:
    """Cosmic Ray takes the star before arguments that have names for a product."""
    written, changed = sides(diff)
    return (
        bool(re.search(r"[(,] ?\*(,|$)", written))
        and re.sub(r"([(,] ?|^)\*(,|$)", r"\1/\2", written, count=1) == changed
    )


def survivor(module: str, diff: str) -> Survivor:
    written, changed = (side.replace("|", "¦") for side in sides(diff))
    return Survivor(module, written, changed)


def explained() -> Counter[Survivor]:
    """The survivors that docs/mutants.md gives a reason for: each row of its table is one."""
    rows = re.findall(r"^\| `([^`]+)` \| `(.+?)` \| `(.*?)` \| \S.* \|$", REASONS.read_text(), re.MULTILINE)
    return Counter(Survivor(*row) for row in rows)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    wanted = os.environ.get("MODULES", "").split()
    chosen = {name: tests for name, tests in MUTATED.items() if not wanted or Path(name).stem in wanted}
    copy_project()
    os.environ["PYTEST_ADDOPTS"] = "-m 'not soak and not alone and not browser'"
    cluster, total, without_reason, known = Cluster(), 0, 0, explained()
    os.environ.update(cluster.environment())
    try:
        for module, tests in chosen.items():
            session = begin(module, tests)
            call(str(BIN / "cosmic-ray"), "exec", str(session.with_suffix(".toml")), str(session))
            count, survivors = tested(session)
            unknown = list((Counter(survivors) - known).elements())
            say(f"{module}: {count} changes, {len(survivors)} not noticed, {len(unknown)} of them unexplained")
            for one in unknown:
                say(f"| `{one.module}` | `{one.written}` | `{one.changed}` | |")
            total, without_reason = total + count, without_reason + len(unknown)
    finally:
        cluster.stop()
    return int(without_reason > MOST_UNEXPLAINED * total)


if __name__ == "__main__":
    sys.exit(main())
