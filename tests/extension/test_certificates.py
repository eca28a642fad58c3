"""An SMS provider whose certificate is no good gets no message, and staff read what is wrong with it."""

import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp.connector
import pytest

from extension import sms
from extension.config import Config
from extension.sms import Accepted, Answer, RetryLater, Sms
from tests.tls import LONG_AGO, NOW, Authority, served


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this process trusts."""
    made = Authority(tmp_path, "trusted")
    trusting = ssl.create_default_context(cafile=str(made.file))
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
    return made


def sent(context: ssl.SSLContext | None, *, host: str = "localhost") -> Answer:
    with served(context) as port:
        config = Config(provider="send-sms", sms_url=f"https://{host}:{port}")
        return sms.send(Sms(event_uuid="a", to="+447700900123", body="482913"), config=config)


@pytest.mark.parametrize(
    ("certificate", "host", "words"),
    [
        ({"until": LONG_AGO + timedelta(days=1)}, "localhost", "has expired"),
        ({"since": NOW + timedelta(hours=1)}, "localhost", "is not valid yet"),
        ({"names": ("elsewhere.example",)}, "localhost", "is for another name"),
        ({"names": ("127.0.0.2",)}, "127.0.0.1", "is for another address"),
        ({"self_signed": True}, "localhost", "self-signed"),
    ],
)
def test_each_fault_is_said_and_tried_again(
    authority: Authority, certificate: dict[str, Any], host: str, words: str
) -> None:
    answer = sent(authority.server(**certificate), host=host)
    assert isinstance(answer, RetryLater)
    assert f"certificate {words}" in answer.reason or words in answer.reason
    assert (answer.seconds, "localhost" in answer.reason) == (60, False)


def test_an_issuer_that_is_not_known_here(tmp_path: Path) -> None:
    answer = sent(Authority(tmp_path, "stranger").server())
    assert isinstance(answer, RetryLater)
    assert "its issuer is not known" in answer.reason


@pytest.mark.usefixtures("authority")
def test_a_provider_that_speaks_no_tls() -> None:
    answer = sent(None)
    assert isinstance(answer, RetryLater)
    assert "No secure connection" in answer.reason


def test_control_a_good_certificate_is_taken(authority: Authority) -> None:
    assert sent(authority.server()) == Accepted()
