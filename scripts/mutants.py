"""Change one thing at a time in the modules that guard the code, and see whether a test notices: `make mutants`.

Cosmic Ray makes the changes, in two copies of the project below `var/mutants` (or `MUTANTS_DIR`), and
`scripts/mutants_trial.py` runs each module's own tests against every one of them; one PostgreSQL serves them all.
Modules with the same tests share a process, which knows from the first run which test comes to which function.
A run that is stopped goes on where it was; a module that has changed begins anew; when its tests have changed, what
they did not notice is tried again, unless it has its reason: what no test notices stands in `docs/mutants.md` with one,
or is printed here. With more than one in twenty left unexplained, this ends with status 1.

`make mutants MODULES="signing oms"` takes only those modules, or those of that package.
"""

import hashlib
import os
import queue
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome

from scripts.mutants_trial import TOO_LONG, say, sides
from tests.postgres import Cluster

ROOT = Path(__file__).resolve().parent.parent
WORK = Path(os.environ.get("MUTANTS_DIR") or ROOT / "var" / "mutants").resolve()
AT_ONCE = 2
BIN = Path(sys.executable).parent
REASONS = ROOT / "docs" / "mutants.md"
MOST_UNEXPLAINED = 0.05

running: set[subprocess.Popen[bytes]] = set()
stopped = threading.Event()

COMMANDS = (
    "tests/oms/commands/test_*.py tests/oms/codes/test_*.py tests/oms/test_road.py tests/oms/test_statements.py"
    " tests/oms/test_races.py tests/oms/test_otp_switch.py tests/oms/test_after_restore.py tests/oms/test_events.py"
    " tests/oms/test_held_back.py tests/oms/test_phone_changed.py"
    " tests/oms/test_deadlines.py tests/oms/test_reminders.py"
    " tests/oms/test_reviews.py tests/oms/orders/test_amending_packed.py tests/oms/orders/test_cancellation.py"
    " tests/api/test_packages.py tests/api/test_problems.py tests/api/test_idempotency.py"
)
# Each module, and the tests that are to notice: few and quick ones. What takes longest begins first.
MUTATED = {
    "clickcollect/whisperer/delivery.py": ("tests/whisperer/test_attempt.py tests/whisperer/test_adding_codes.py"),
    "clickcollect/whisperer/dispatcher.py": (
        "tests/whisperer/test_dispatcher.py tests/whisperer/test_outcomes.py tests/whisperer/test_stopping.py"
    ),
    "clickcollect/oms/commands/[!_]*.py": COMMANDS,
    "clickcollect/oms/codes/[!_]*.py": COMMANDS,
    "clickcollect/oms/codes/keys.py": "tests/runtime/test_key_commands.py tests/oms/codes/test_keys.py",
    "clickcollect/oms/access.py": "tests/oms/test_access.py",
    "clickcollect/whisperer/targets.py": "tests/whisperer/test_targets.py",
    "clickcollect/whisperer/claims.py": "tests/whisperer/test_claims.py tests/whisperer/test_attempt.py",
    "clickcollect/whisperer/signing.py": "tests/whisperer/test_signing.py",
    "clickcollect/whisperer/outcomes.py": "tests/whisperer/test_outcomes.py tests/whisperer/test_claims.py",
    "clickcollect/accounts/tokens.py": (
        "tests/accounts/test_tokens.py tests/api/test_tokens.py tests/api/test_sign_in.py"
    ),
    "extension/signature.py": "tests/extension/test_signature.py",
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
timeout = 1
excluded-modules = []
test-command = "see scripts/mutants_trial.py"

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


@dataclass(frozen=True)
class Tested:
    """How many changes were made to a module, how many of them made its tests take too long, what no test noticed."""

    count: int
    too_long: int
    survivors: list[Survivor]


def copy_project(tree: Path) -> Path:
    """The project as it lies here, committed or not, in a place where it may be changed."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(git, capture_output=True, check=True, text=True).stdout
    shutil.rmtree(tree, ignore_errors=True)
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    # By the time a file was changed Python tells whether what it compiled is still good: older than any change.
    call(sys.executable, "-m", "compileall", "-q", "clickcollect", "extension", "tests", cwd=tree)
    return tree


def call(*command: str, cwd: Path, **environment: str) -> None:
    """Run it to its end, which comes with ours at the latest; after a signal nothing more begins."""
    if stopped.is_set():
        sys.exit(1)
    with subprocess.Popen(command, cwd=cwd, env=os.environ | environment) as process:
        running.add(process)
        try:
            if process.wait():
                raise subprocess.CalledProcessError(process.returncode, command)
        finally:
            running.discard(process)


def digest(tree: Path, *paths: str) -> str:
    return hashlib.sha256(b"".join((tree / path).read_bytes() for path in paths)).hexdigest()


def begin(module: str, tests: list[str], tree: Path) -> Path:
    """The session of a module: anew when the module has changed, once more its survivors when the tests have."""
    session = WORK / f"{module.replace('/', '.')}.sqlite"
    stamp, state = session.with_suffix(".state"), [digest(tree, module), digest(tree, *tests)]
    known = stamp.read_text().split() if session.exists() and stamp.exists() else ["", ""]
    if known[0] != state[0]:
        session.unlink(missing_ok=True)
        configuration = session.with_suffix(".toml")
        configuration.write_text(CONFIGURATION.format(module=module, left_out=list(LEFT_OUT)))
        call(str(BIN / "cosmic-ray"), "init", str(configuration), str(session), cwd=tree)
        call(str(BIN / "cr-filter-operators"), str(session), str(configuration), cwd=tree)
    elif known[1] != state[1]:
        forget_unexplained(session)
    stamp.write_text(" ".join(state))
    return session


def forget_unexplained(session: Path) -> None:
    """What no test noticed is tried again, since the tests have changed; what has its reason stands."""
    reasons = explained()
    with use_db(str(session), WorkDB.Mode.open) as database:
        again = [
            (item.job_id,)
            for item, result in database.completed_work_items
            if result.test_outcome == TestOutcome.SURVIVED
            and survivor(str(item.mutations[0].module_path), result.diff or "") not in reasons
        ]
    with sqlite3.connect(session) as results:
        results.executemany("DELETE FROM work_results WHERE job_id = ?", again)


def tested(session: Path) -> Tested:
    count, too_long, survivors = 0, 0, []
    with use_db(str(session), WorkDB.Mode.open) as database:
        for item, result in database.completed_work_items:
            if result.worker_outcome != WorkerOutcome.NORMAL:
                continue
            count += 1
            too_long += str(result.output).startswith(TOO_LONG)
            if result.test_outcome != TestOutcome.KILLED:
                survivors.append(survivor(str(item.mutations[0].module_path), result.diff or ""))
    return Tested(count, too_long, survivors)


def survivor(module: str, diff: str) -> Survivor:
    written, changed = (side.replace("|", "¦") for side in sides(diff))
    return Survivor(module, written, changed)


def explained() -> Counter[Survivor]:
    """The survivors that docs/mutants.md gives a reason for: each row of its table is one."""
    rows = re.findall(r"^\| `([^`]+)` \| `(.+?)` \| `(.*?)` \| \S.* \|$", REASONS.read_text(), re.MULTILINE)
    return Counter(Survivor(*row) for row in rows)


def expanded(patterns: str) -> list[str]:
    return [str(path.relative_to(ROOT)) for pattern in patterns.split() for path in sorted(ROOT.glob(pattern))]


def chosen(wanted: set[str]) -> dict[str, list[str]]:
    """The modules of these names or packages, all of them when none is named, each with its tests."""
    modules = {module: expanded(tests) for pattern, tests in MUTATED.items() for module in expanded(pattern)}
    return {
        module: tests
        for module, tests in modules.items()
        if not wanted or wanted & {Path(module).stem, *Path(module).parent.parts}
    }


def shared_out(modules: dict[str, list[str]]) -> list[tuple[list[str], list[str]]]:
    """Modules with the same tests, dealt to as many processes as run at once: what one has learnt serves the next."""
    together: dict[tuple[str, ...], list[str]] = {}
    for module, tests in modules.items():
        together.setdefault(tuple(tests), []).append(module)
    parts = []
    for tests, names in together.items():
        largest_first = sorted(names, key=lambda name: -(ROOT / name).stat().st_size)
        parts += [(largest_first[number::AT_ONCE], list(tests)) for number in range(min(AT_ONCE, len(names)))]
    return parts


def try_modules(names: list[str], tests: list[str], trees: "queue.Queue[Path]") -> dict[str, Tested]:
    """All changes of some modules, in a copy of the project and on a database that nobody else uses meanwhile."""
    tree = trees.get()
    try:
        sessions = {module: begin(module, tests, tree) for module in names}
        command = [sys.executable, "-m", "scripts.mutants_trial", *map(str, sessions.values()), "--", *tests]
        call(*command, cwd=tree, PYTHONDONTWRITEBYTECODE="1", PYTEST_XDIST_WORKER=tree.parent.name)
        return {module: tested(session) for module, session in sessions.items()}
    finally:
        trees.put(tree)


def stop(*_: object) -> None:
    """At a signal: end what runs; it goes on here the next time."""
    stopped.set()
    for process in set(running):
        process.terminate()
    sys.exit(1)


def main() -> int:
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, stop)
    modules = chosen(set(os.environ.get("MODULES", "").split()))
    trees: queue.Queue[Path] = queue.Queue()
    for number in range(AT_ONCE):
        trees.put(copy_project(WORK / f"copy{number}" / "tree"))
    cluster, total, without_reason, known = Cluster(), 0, 0, explained()
    os.environ.update(cluster.environment())
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            trials = [pool.submit(try_modules, names, tests, trees) for names, tests in shared_out(modules)]
            for module, found in (found for trial in trials for found in trial.result().items()):
                unknown = list((Counter(found.survivors) - known).elements())
                say(
                    f"{module}: {found.count} changes, {found.too_long} made the tests take too long,"
                    f" {len(found.survivors)} not noticed, {len(unknown)} of them unexplained"
                )
                for one in unknown:
                    say(f"| `{one.module}` | `{one.written}` | `{one.changed}` | |")
                total, without_reason = total + found.count, without_reason + len(unknown)
    finally:
        cluster.stop()
    return int(without_reason > MOST_UNEXPLAINED * total)


if __name__ == "__main__":
    sys.exit(main())
