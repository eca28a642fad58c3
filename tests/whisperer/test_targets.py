"""T52: deliveries never reach a private address, however it is written, resolved or redirected to."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import uvloop
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from clickcollect.whisperer import delivery, targets
from clickcollect.whisperer.models import Reason
from tests.whisperer.receivers import Receiver, receiving

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
NEITHER_NAME_NOR_LITERAL = [
    "http://2130706433/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.1./",
    "http://127.0.0.01/",
    "http://1.2.3.4.5/",
    "http://[127.0.0.1]/",
    "http://[::1%25lo]/",
    "http://[::1/",
    "http://::1/",
    "http:///path",
    "http://a..b/",
    "http://-a.example/",
    "http://%31%32%37.0.0.1/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://exa mple.com/",
    "http://example.com\\@127.0.0.1/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://example.com:/",
    "http://user@example.com/",
    "http://user:password@example.com/",
    "http://@example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "//example.com/",
    "example.com",
    "",
    "http://example.com/" + "x" * 240,
    "http://example.com/\x00",
    "http://example.com/\r\nHost: x",
]
BANNED = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2001::1]",
    "[fc00::1]",
    "[fe80::1]",
    "[ff02::1]",
]
# By what they are: IANA's registries of special addresses, clouds' metadata, and every way to write an IPv4 in IPv6.
SPECIAL = {
    "site-local": ["fec0::1", "feff:ffff::1"],
    "unique local": ["fc00::", "fdff:ffff::1"],
    "link-local": ["fe80::", "febf::1"],
    "SIIT": ["::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8", "::ffff:0:a9fe:a9fe"],
    "IPv4-mapped": ["::ffff:169.254.169.254", "::ffff:a00:1", "::ffff:168.63.129.16", "::ffff:192.88.99.1"],
    "IPv4-compatible": ["::8.8.8.8", "::10.0.0.1"],
    "NAT63": ["64:ff9b::8.8.8.8", "64:ff9b::a9fe:a9fe", "64:ff9b:1:ffff::1"],
    "6to4": ["2002::", "2002:808:808::1", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    "relays of 6to4": ["192.88.99.0", "192.88.99.1", "192.88.99.255"],
    "Teredo": ["2001::", "2001:0:808:808::1", "2001:0:ffff:ffff::1"],
    "benchmarks": ["2001:2::1", "198.19.255.255"],
    "ORCHID": ["2001:10::1", "2001:1f::1", "2001:20::1", "2001:2f:ffff::1"],
    "DRIP": ["2001:30::1"],
    "protocol assignments": ["2001:1::1", "2001:1ff:ffff::1", "192.0.0.9", "192.0.0.10", "192.0.0.170"],
    "documentation": ["2001:db8::1", "3fff::1", "3fff:fff:ffff::1", "192.0.2.1", "198.51.100.1", "203.0.113.1"],
    "segment routing": ["5f00::1", "5f00:ffff::1"],
    "discard": ["100::1", "100:0:0:1::1"],
    "not routed": ["1::1", "1fff:ffff::1", "4000::1", "8000::1", "e000::1", "fbff::1"],
    "metadata of clouds": [
        *("169.254.169.254", "169.254.170.2", "169.254.0.23", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200"),
        *("168.63.129.16", "192.0.0.192"),
    ],
}
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "93.184.215.14", "168.63.129.15", "168.63.129.17", "192.0.1.1", "192.88.98.1"),
    *("192.88.100.1", "100.128.0.1", "172.32.0.1", "198.20.0.1", "223.255.255.254", "::ffff:8.8.8.8"),
    *("2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7::1", "2001:db9::1", "2003::1", "2400:cb00::1"),
    *("2606:4700:4700::1111", "2620:fe::fe", "2a00:1450:4001::1", "2c0f:f248::1", "3fff:1000::1"),
]


@pytest.mark.parametrize("url", NEITHER_NAME_NOR_LITERAL)
@pytest.mark.parametrize("allowed", [[], LOOPBACK], ids=["nothing exempt", "loopback exempt"])
def test_t52_a_target_that_is_no_plain_address_is_refused_on_creation(url: str, allowed: list[targets.Network]) -> None:
    assert targets.url_fault(url, allowed=allowed) is not None


@pytest.mark.parametrize("host", BANNED)
def test_t52_a_banned_address_is_refused_on_creation(host: str) -> None:
    assert targets.url_fault(f"http://{host}:8080/hook", allowed=[]) is not None


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def spelled(address: str) -> list[str]:
    """The ways to write one address that Python can read."""
    read = ipaddress.ip_address(address)
    return [str(read), str(read).upper(), read.exploded, read.compressed, address]


@pytest.mark.parametrize(("kind", "addresses"), SPECIAL.items(), ids=SPECIAL)
def test_t52_whatever_is_not_the_public_internet_is_banned_in_every_spelling(kind: str, addresses: list[str]) -> None:
    for address in (spelling for written in addresses for spelling in spelled(written)):
        assert targets.url_fault(f"https://{bracketed(address)}/hook", allowed=[]), address
        assert targets.is_banned(ipaddress.ip_address(address), allowed=LOOPBACK), address


@pytest.mark.parametrize("address", PUBLIC)
def test_t52_what_is_the_public_internet_is_not_banned(address: str) -> None:
    assert targets.url_fault(f"https://{bracketed(address)}/hook", allowed=[]) is None


def test_t52_a_socket_is_refused_for_every_banned_address(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    for address in (address for addresses in SPECIAL.values() for address in addresses):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with pytest.raises(targets.BannedTarget):
            targets.open_socket((family, socket.SOCK_STREAM, 0, "", (address, 443)))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "http://hooks.example.com:8080/a?b=c",
        "https://xn--bcher-kva.example/",
        "http://localhost/",
        "https://93.184.215.14/",
        "http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/hook",
        "https://a_b.example.com/",
        "https://7.example/",
        "https://example.7.com./",
        f"https://{'a.' * 100}com/",
    ],
)
def test_an_ordinary_target_is_accepted(url: str) -> None:
    assert targets.url_fault(url, allowed=[]) is None


@pytest.mark.parametrize("host", ["example.7", "a.b.0x7f", "7.example.0x"])
def test_a_name_that_ends_in_a_number_is_refused(host: str) -> None:
    """Resolvers read an IP address there."""
    assert targets.url_fault(f"https://{host}/", allowed=[]) is not None


def test_an_address_has_at_most_255_characters_and_a_name_253() -> None:
    longest = "https://example.com/".ljust(255, "x")
    assert targets.url_fault(longest, allowed=[]) is None
    assert targets.url_fault(f"{longest}x", allowed=[]) is not None
    name = "a." * 125 + "com"
    assert (len(name), targets.is_dns_name(name), targets.is_dns_name(f"a{name}")) == (253, True, False)


def test_an_exempt_network_is_exempt_in_any_spelling_of_its_addresses() -> None:
    assert targets.url_fault("http://127.0.0.1:9/", allowed=LOOPBACK) is None
    assert targets.url_fault("http://[::ffff:127.0.0.1]:9/", allowed=LOOPBACK) is None
    assert targets.url_fault("http://10.0.0.1/", allowed=LOOPBACK) is not None


class Canary:
    """Listens on loopback and counts who comes."""

    def __init__(self) -> None:
        self.listeners = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.listeners[0].getsockname()[1]
        self.listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for listener in self.listeners:
            listener.setblocking(False)

    def hits(self) -> int:
        count = 0
        for listener in self.listeners:
            while True:
                try:
                    listener.accept()[0].close()
                except BlockingIOError:
                    break
                count += 1
        return count

    def close(self) -> None:
        for listener in self.listeners:
            listener.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    canary.close()


class Rebinding(AbstractResolver):
    """A name server that points wherever its owner likes."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:  # noqa: ARG002
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self.addresses
        ]

    async def close(self) -> None:
        pass


async def knock(url: str, *, resolver: Rebinding | None = None) -> delivery.Answer:
    async with delivery.new_session() as session:
        if resolver:
            session.connector._resolver = resolver  # type: ignore[union-attr]
        return await asyncio.wait_for(delivery.send_request(session, url=url, body=b"{}", headers={}), 20)


HOSTS = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "0.0.0.0", "127.1", "2130706433"]
HOSTS += ["0x7f.1", "0177.0.0.1", "127.0.0.1.", "127.255.255.254", "[::]", "017700000001", "0x7f000001", "LOCALHOST"]
HOSTS += ["127.0.1", "0x7f.0.0.1", "0177.1", "127.0.0.01", "0x7F000001", "00000177.0.0.1", "127.1.", "0", "0.0.0.0."]
HOSTS += [
    "[::ffff:0:127.0.0.1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::7f00:1]",
    "[::1%25lo]",
    "[::1%lo]",
    "%31%32%37.0.0.1",
]
HOSTS += ["１２７.０.０.１", "127。0。0。1", "user@127.0.0.1", "example.com@127.0.0.1", "127.0.0.1\\.example.com"]
HOSTS += ["localhost.", "[0:0:0:0:0:0:0:1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"]
REBOUND = [["127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["0.0.0.0"], ["::"], ["127.0.0.1", "::1"], ["::127.0.0.1"]]


@pytest.mark.parametrize("host", HOSTS)
def test_t52_no_spelling_of_loopback_is_connected_to(host: str, canary: Canary, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    answer = uvloop.run(knock(f"http://{host}:{canary.port}/"))
    assert answer.status is None
    assert canary.hits() == 0


def test_t52_there_are_at_least_forty_of_them() -> None:
    assert len(set(HOSTS)) >= 40


def test_t52_a_redirect_to_a_canary_is_not_followed(canary: Canary, settings: Any) -> None:
    """Loopback is exempt here, so that only the refusal to follow stands between. Control: one post does reach it."""
    settings.WEBHOOK_ALLOWED_NETWORKS = LOOPBACK
    target = f"http://127.0.0.1:{canary.port}/"
    for status in (301, 302, 303, 307, 308):
        answer = web.Response(status=status, headers={"Location": target})
        elsewhere = Receiver(partial(_same, answer))
        with receiving(elsewhere):
            assert uvloop.run(knock(elsewhere.url)).status == status
    assert canary.hits() == 0
    uvloop.run(asyncio.wait_for(give_up_soon(target), 20))
    assert canary.hits() == 1


def _same(answer: web.Response, _got: object) -> web.Response:
    return answer


async def give_up_soon(url: str) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(knock(url), 0.5)


@pytest.mark.parametrize("addresses", REBOUND)
def test_t52_a_name_that_points_inside_is_not_connected_to(addresses: list[str], canary: Canary, settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    answer = uvloop.run(knock(f"http://rebound.example:{canary.port}/", resolver=Rebinding(*addresses)))
    assert answer.reason == Reason.ADDRESS_REFUSED
    assert canary.hits() == 0


def test_t52_control_with_the_guard_off_the_canary_is_hit(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    monkeypatch.setattr(targets, "is_banned", lambda _address, **_: False)
    monkeypatch.setattr(delivery, "TOTAL_SECONDS", 0.3)
    hits = []
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"):
        uvloop.run(knock(f"http://{host}:{canary.port}/"))
        hits.append(canary.hits())
    uvloop.run(knock(f"http://rebound.example:{canary.port}/", resolver=Rebinding("127.0.0.1")))
    hits.append(canary.hits())
    assert all(hits), hits


def test_proxies_of_the_environment_are_not_used(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = LOOPBACK
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    uvloop.run(knock("http://127.0.0.1:9/"))
    assert canary.hits() == 0
