"""Extensions to talk to: one with the phone simulator for most tests, others made as a test needs them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.extension.running import Running, database, running

Start = Callable[..., Running]


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo's Extension: messages go to the phone simulator."""
    log = tmp_path_factory.mktemp("extension") / "extension.log"
    with database() as url, running(database_url=url, log=log, EXTENSION_ADMIN_PASSWORD="a wording password") as one:
        yield one


@pytest.fixture
def start_extension(tmp_path: Path) -> Iterator[Start]:
    """Start another Extension with an environment of the test's own; `database_url` to go on with a database."""
    with ExitStack() as stack:

        def start(*, database_url: str = "", **environment: str) -> Running:
            url = database_url or stack.enter_context(database())
            one = running(database_url=url, log=tmp_path / "extension.log", **environment)
            return stack.enter_context(one)

        yield start
