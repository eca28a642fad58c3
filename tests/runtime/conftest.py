"""What tests of the console share."""

from collections.abc import Iterator

import pytest

from tests.runtime.console_process import Console, console


@pytest.fixture(scope="session")
def program() -> Iterator[Console]:
    """Runs console commands; one for all tests, it keeps nothing of a command."""
    with console() as running:
        yield running
