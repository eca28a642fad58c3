"""A log line holds what the list allows, and nothing that somebody typed."""

import io
import json
import logging
import logging.config

import pytest

from clickcollect import logs


@pytest.fixture
def written() -> io.StringIO:
    """A logger of its own that writes as the processes do."""
    stream = io.StringIO()
    config = logs.logging_config()
    config["handlers"]["stderr"]["stream"] = stream
    config |= {"root": {}, "loggers": {"proof": {"handlers": ["stderr"], "level": "DEBUG", "propagate": False}}}
    logging.config.dictConfig(config | {"incremental": False})
    return stream


def test_only_values_on_the_list_are_written(written: io.StringIO) -> None:
    logging.getLogger("proof").info("Refused", extra={"code": "otp_incorrect", "package_id": 7, "otp": "482913"})
    line = json.loads(written.getvalue())
    assert line["event"] == "Refused"
    assert (line["code"], line["package_id"], line["level"]) == ("otp_incorrect", 7, "info")
    assert "482913" not in written.getvalue()


def test_an_exception_is_its_kind_and_its_lines_not_its_text(written: io.StringIO) -> None:
    try:
        int("x482913")
    except ValueError:
        logging.getLogger("proof").exception("It broke")
    line = json.loads(written.getvalue())
    assert line["exception"][-1] == "ValueError"
    assert "test_logs.py" in line["exception"][0]
    assert "482913" not in written.getvalue()


def test_no_name_on_the_list_invites_a_secret() -> None:
    assert not {"otp", "password", "body", "data", "payload", "token", "args", "locals"} & logs.ALLOWED
