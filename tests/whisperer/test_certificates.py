"""A delivery that could not go out because of the receiver's certificate says so, and says what is wrong with it."""

import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp.connector
import pytest
import uvloop
from django.test import Client

from clickcollect.accounts.models import Role, User
from clickcollect.whisperer import delivery
from clickcollect.whisperer.models import Attempt, Delivery, Reason
from tests import shop
from tests.tls import LONG_AGO, NOW, Authority, served
from tests.whisperer.dispatch import make_hook, publish
from tests.whisperer.receivers import wait_until, working
from tests.whisperer.test_targets import LOOPBACK

DAY: Final = timedelta(days=1)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Authority:
    """An authority that this process trusts, as the worker trusts what SSL_CERT_FILE names."""
    settings.WEBHOOK_ALLOWED_NETWORKS = LOOPBACK
    made = Authority(tmp_path, "trusted")
    trusting = ssl.create_default_context(cafile=str(made.file))
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
    return made


async def knock(url: str) -> delivery.Answer:
    async with delivery.new_session() as session:
        return await delivery.send_request(session, url=url, body=b"{}", headers={})


def answer(context: ssl.SSLContext | None, *, host: str = "localhost") -> delivery.Answer:
    with served(context) as port:
        return uvloop.run(knock(f"https://{host}:{port}/"))


CASES: Final[list[tuple[dict[str, Any], str, Reason]]] = [
    ({"until": LONG_AGO + DAY}, "localhost", Reason.CERTIFICATE_EXPIRED),
    ({"until": NOW - timedelta(minutes=1)}, "localhost", Reason.CERTIFICATE_EXPIRED),
    ({"since": NOW + timedelta(hours=1)}, "localhost", Reason.CERTIFICATE_NOT_YET_VALID),
    ({"names": ("elsewhere.example",)}, "localhost", Reason.CERTIFICATE_OF_ANOTHER_NAME),
    ({"names": ("localhost",)}, "127.0.0.1", Reason.CERTIFICATE_OF_ANOTHER_NAME),
    ({"names": ("127.0.0.2",)}, "127.0.0.1", Reason.CERTIFICATE_OF_ANOTHER_NAME),
    ({"self_signed": True}, "localhost", Reason.CERTIFICATE_UNTRUSTED),
    # Expired as well: renewed by the same hand it would still not be trusted, so that is what is told.
    ({"self_signed": True, "until": LONG_AGO + DAY}, "localhost", Reason.CERTIFICATE_UNTRUSTED),
]


@pytest.mark.parametrize(("certificate", "host", "reason"), CASES)
def test_each_fault_of_a_certificate_is_named(
    authority: Authority, certificate: dict[str, Any], host: str, reason: Reason
) -> None:
    assert answer(authority.server(**certificate), host=host) == delivery.Answer(reason=reason)


def test_an_issuer_that_is_not_known_here(authority: Authority, tmp_path: Path) -> None:
    assert answer(Authority(tmp_path, "stranger").server()).reason == Reason.CERTIFICATE_UNTRUSTED
    assert authority.file.exists()


def test_an_issuer_whose_signature_is_refused(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that has no reason of its own is the certificate's all the same."""
    strict = ssl.create_default_context(cafile=str(authority.file))
    strict.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF  # and there is no list of what was revoked
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", strict)
    assert answer(authority.server()).reason == Reason.CERTIFICATE_REFUSED


@pytest.mark.usefixtures("authority")
def test_a_receiver_that_speaks_no_tls_is_told_apart_from_none() -> None:
    assert answer(None).reason == Reason.NO_SECURE_CONNECTION
    with served(None) as port:
        pass
    assert uvloop.run(knock(f"https://localhost:{port}/")).reason == Reason.NO_CONNECTION


def test_a_protocol_that_is_too_old_is_no_fault_of_the_certificate(authority: Authority) -> None:
    context = authority.server()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert answer(context).reason == Reason.NO_SECURE_CONNECTION


def test_control_a_good_certificate_is_taken(authority: Authority) -> None:
    assert answer(authority.server()).status == 201
    assert answer(authority.server(names=("127.0.0.1",)), host="127.0.0.1").status == 201


def test_a_banned_address_is_still_called_that(authority: Authority, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    assert answer(authority.server(until=LONG_AGO + DAY)).reason == Reason.ADDRESS_REFUSED


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("filler")
def test_the_attempt_says_that_the_certificate_has_expired(authority: Authority, user: User, client: Client) -> None:
    with served(authority.server(until=LONG_AGO + DAY)) as port, working():
        make_hook(user, url=f"https://localhost:{port}/")
        publish()
        wait_until(Attempt.objects.exists)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("retrying", "certificate_expired")
    client.force_login(shop.make_user(Role.ADMIN))
    page = client.get(f"/oms/deliveries/{delivery.pk}/").content.decode()
    assert "certificate has expired" in page
