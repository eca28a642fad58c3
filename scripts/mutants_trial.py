"""Make each change of some modules in turn and run their tests: `python -m scripts.mutants_trial SESSION… -- TESTS…`.

Loading Python's, Django's and pytest's modules takes longer than most tests do. So they are loaded once; for every
change a process forks off, loads what is ours, and runs the tests that reach the changed function: first those that
noticed other changes fastest. A test that takes too long has noticed too. Before and after, the tests must pass on the
modules as they are written.
"""

import ast
import contextlib
import gc
import importlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from difflib import unified_diff
from functools import cache
from pathlib import Path

import pytest
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkResult
from coverage import Coverage, CoverageData

OUR_OWN = ("clickcollect", "extension", "tests", "scripts", "webserver", "__main__", "_pytest")
TEST_SECONDS = 20  # far more than any of them takes
LONGEST_SECONDS = 3.0  # what takes longer on the module as it is written, storms and spreads of codes, is left out
TOO_LONG = "took too long"
QUICK = "not soak and not alone and not slow and not browser"
PASSED = 0


class Ranking:
    """A pytest plugin: who noticed how often, and how long each takes; the best chance per second goes first.

    What takes long is left out.
    """

    def __init__(self, notes: Path) -> None:
        self.notes = notes
        self.noticed: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.wanted: set[str] = set()  # all of them where there is none

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self.seconds.get(item.nodeid, 0.0) <= LONGEST_SECONDS]
        if chosen := [item for item in items if item.nodeid in self.wanted]:
            items[:] = chosen
        items.sort(key=lambda item: self.place(item.nodeid))

    def place(self, test: str) -> float:
        return -(self.noticed.get(test, 0) + 0.1) / (self.seconds.get(test, 1.0) + 0.02)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        seconds = report.duration if report.when == "call" else 0.0  # the first one's setup makes the database
        note = {"test": report.nodeid, "seconds": seconds, "failed": report.failed}
        with self.notes.open("a") as file:
            file.write(json.dumps(note) + "\n")

    def learn(self, *, unchanged: bool) -> str:
        """Read what a run has noted; the test that failed."""
        found = ""
        with contextlib.suppress(FileNotFoundError):
            for note in map(json.loads, self.notes.read_text().splitlines()):
                if unchanged:
                    self.seconds[note["test"]] = self.seconds.get(note["test"], 0.0) + note["seconds"]
                if note["failed"]:
                    found = note["test"]
                    self.noticed[found] = self.noticed.get(found, 0) + 1
            self.notes.unlink()
        return found


class Reach:
    """A pytest plugin: which tests come to which function, noted while the modules are as they are written."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes
        self.coverage: Coverage | None = None
        self.data = CoverageData(str(notes))

    def pytest_sessionstart(self) -> None:
        self.coverage = Coverage(
            data_file=str(self.notes), config_file=False, include=["clickcollect/*", "extension/*"]
        )
        self.coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self.coverage:
            self.coverage.switch_context(nodeid)

    def pytest_sessionfinish(self) -> None:
        if self.coverage:
            self.coverage.stop()
            self.coverage.save()

    def learn(self) -> None:
        """Read what a run has noted."""
        self.data = CoverageData(str(self.notes))
        self.data.read()

    def find_tests(self, mutation: MutationSpec) -> set[str]:
        """The tests that run any line of the changed function.

        None stands for all: outside a function, in one that runs while modules load, and in one with a decorator,
        which may keep its results for tests that come later.
        """
        module = str(Path(mutation.module_path).resolve())
        lines = lines_of_function(module, mutation.start_pos[0])
        contexts = self.data.contexts_by_lineno(module)
        tests = {test for line in lines for test in contexts.get(line, ())}
        return set() if "" in tests else tests


@cache
def lines_of_function(module: str, line: int) -> range:
    """The lines below the head of the innermost function around a line; none where a decorator may keep its results."""
    around = [
        node
        for node in ast.walk(ast.parse(Path(module).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    if not around:
        return range(0)
    innermost = max(around, key=lambda node: node.lineno)
    harmless = {"property", "classmethod", "staticmethod"}
    if any(not (isinstance(one, ast.Name) and one.id in harmless) for one in innermost.decorator_list):
        return range(0)
    return range(innermost.body[0].lineno, (innermost.end_lineno or 0) + 1)


class Tests:
    """The tests of some modules, each run in a process of its own."""

    def __init__(self, chosen: list[str], *, work: Path) -> None:
        self.chosen = chosen
        self.output = work / "output"
        self.ranking = Ranking(work / "notes")
        self.reach = Reach(work / "reach")
        self.seconds: float | None = None

    def run(self) -> bool | None:
        """Whether they pass; None when they took too long."""
        child = forked(self.pytest)
        deadline = time.monotonic() + (self.seconds or 3600.0)
        try:
            while time.monotonic() < deadline:
                pid, status = os.waitpid(child, os.WNOHANG)
                if pid:
                    return os.waitstatus_to_exitcode(status) == PASSED
                time.sleep(0.01)
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)

    def pytest(self, *more: str) -> int:
        os.setsid()
        output = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        options = [
            "-x",
            "-q",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
            "-m",
            "not soak and not alone and not slow",
        ]
        longest = TEST_SECONDS if self.seconds else 10 * TEST_SECONDS
        times = [f"--timeout={longest}", "--timeout-method=thread"]
        plugins = [self.ranking, *([] if self.seconds else [self.reach])]
        return pytest.main([*options, *times, *more, *self.chosen], plugins=plugins)

    def must_pass(self) -> None:
        """Unchanged they do, or nothing that they say of a change means anything."""
        self.ranking.wanted = set()
        start = time.monotonic()
        if not self.run():
            sys.exit(f"The tests fail on the modules as they are written:\n{self.output.read_text()}")
        self.ranking.learn(unchanged=True)
        self.reach.learn()
        self.seconds = max(3 * (time.monotonic() - start), 3 * TEST_SECONDS)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def forked(deed: Callable[[], int]) -> int:
    """A process that does this and ends."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 70
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        code = int(deed())
    finally:
        os._exit(code)


def load_what_is_not_ours(listing: Path, tests: Tests) -> None:
    """Everything that the tests load and that needs no settings."""

    def list_modules() -> int:
        code = tests.pytest("--collect-only")
        listing.write_text("\n".join(name for name in sys.modules if name.partition(".")[0] not in OUR_OWN))
        return code

    os.waitpid(forked(list_modules), 0)
    with contextlib.redirect_stderr(None):
        for name in listing.read_text().splitlines():
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    gc.freeze()  # nobody who forks off need look through it again


def tried(mutation: MutationSpec, tests: Tests) -> WorkResult:
    tests.ranking.wanted = tests.reach.find_tests(mutation)
    operator = get_operator(mutation.operator_name)(**mutation.operator_args)
    try:
        with use_mutation(mutation.module_path, operator, mutation.occurrence) as (before, after):
            diff = "\n".join(unified_diff(before.splitlines(), (after or before).splitlines(), lineterm=""))
            if not diff or is_only_of_the_signature(diff) or is_an_option_of_a_dataclass(diff):
                return WorkResult(WorkerOutcome.NO_TEST)
            passed = tests.run()
    except AttributeError:  # Cosmic Ray cannot write an exception whose name has a dot
        return WorkResult(WorkerOutcome.NO_TEST)
    noticed_by = tests.ranking.learn(unchanged=False)
    output = tests.output.read_text(errors="replace")[-4000:]
    late = passed is None or "+++ Timeout +++" in output
    return WorkResult(
        WorkerOutcome.NORMAL,
        output=f"{TOO_LONG if late else noticed_by or 'does not load'}\n{output}",
        test_outcome=TestOutcome.SURVIVED if passed else TestOutcome.KILLED,
        diff=diff,
    )


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


def is_an_option_of_a_dataclass(diff: str) -> bool:
    """They say how a class may be written and used, and change nothing that it does."""
    return all(side.startswith("@dataclass(") for side in sides(diff))


def try_all(session: str, tests: Tests) -> None:
    """Every change of one module that has no result yet."""
    with use_db(session, WorkDB.Mode.open) as database:
        pending = database.pending_work_items
        for number, item in enumerate(pending):
            start = time.monotonic()
            result = tried(item.mutations[0], tests)
            database.set_result(item.job_id, result)
            noticed = (result.output or "no change").partition("\n")[0]
            found = "NOT NOTICED" if result.test_outcome == TestOutcome.SURVIVED else noticed
            place = f"{item.mutations[0].module_path}:{item.mutations[0].start_pos[0]}"
            say(f"{number + 1}/{len(pending)} {place} {time.monotonic() - start:.1f} s: {found}")


def main(sessions: list[str], chosen: list[str]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is under way is put back
    tests = Tests(chosen, work=Path.cwd().parent)
    load_what_is_not_ours(Path.cwd().parent / "modules", tests)
    tests.must_pass()
    for session in sessions:
        try_all(session, tests)
    tests.must_pass()


if __name__ == "__main__":
    end = sys.argv.index("--")
    main(sys.argv[1:end], sys.argv[end + 1 :])
