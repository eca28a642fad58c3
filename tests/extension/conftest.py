"""Extensions to talk to: one with the phone simulator for most tests, others made as a test needs them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.extension.running import Receiver, Running, database, receiver, running

Start = Callable[..., Running]


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo's Extension: messages go to the phone simulator."""
    log = tmp_path_factory.mktemp("extension") / "extension.log"
    with database() as url, running(database_url=url, log=log, EXTENSION_ADMIN_PASSWORD="a wording password") as one:
        yield one


@dataclass(frozen=True)
class Carried:
    """An Extension with a real provider and a real OMS, both ours."""

    extension: Running
    provider: Receiver
    oms: Receiver


@pytest.fixture(scope="session")
def carried_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    """Starting one takes seconds: it is shared."""
    log = tmp_path_factory.mktemp("carried") / "extension.log"
    environment = {
        "EXTENSION_SMS_PROVIDER": "send-sms",
        "EXTENSION_SMS_USER": "shöp",
        "EXTENSION_SMS_PASSWORD": "pa:ss",
        "EXTENSION_SMS_SENDER": "Galata",
    }
    with database() as url, receiver() as provider, receiver() as oms:
        addresses = {"EXTENSION_SMS_URL": f"{provider.url}/gateway/", "EXTENSION_OMS_URL": oms.url}
        with running(database_url=url, log=log, **environment, **addresses) as extension:
            yield Carried(extension=extension, provider=provider, oms=oms)


@pytest.fixture
def carried(carried_once: Carried) -> Carried:
    """The provider takes every message, the OMS every receipt, and both have forgotten the last test."""
    carried_once.extension.rows("DELETE FROM extension_receipt RETURNING 1")
    carried_once.provider.forget(status=201)
    carried_once.oms.forget()
    return carried_once


@pytest.fixture
def start_extension(tmp_path: Path) -> Iterator[Start]:
    """Start another Extension with an environment of the test's own; `database_url` to go on with a database."""
    with ExitStack() as stack:

        def start(*, database_url: str = "", **environment: str) -> Running:
            url = database_url or stack.enter_context(database())
            one = running(database_url=url, log=tmp_path / "extension.log", **environment)
            return stack.enter_context(one)

        yield start
