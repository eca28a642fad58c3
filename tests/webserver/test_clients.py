"""Who asks: the address that the outermost proxy of ours saw, whatever a client claims."""

import pytest

from webserver.clients import Clients, TooMany, as_one_client, client_address, read_address

PEER = "10.0.0.7"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "client"),
    [
        (None, 0, PEER),
        (None, 2, PEER),
        ("203.0.113.5", 0, None),  # a proxy that nobody announced
        ("203.0.113.5", 1, "203.0.113.5"),
        ("1.1.1.1, 203.0.113.5", 1, "203.0.113.5"),
        ("203.0.113.5, 198.51.100.2", 2, "203.0.113.5"),
        ("203.0.113.5", 2, None),
        ("", 1, None),
        ("unknown", 1, None),
        ("203.0.113.5:4711", 1, "203.0.113.5"),
        ("[2001:db8::5]:4711", 1, "2001:db8::5"),
        ("2001:db8::5", 1, "2001:db8::5"),
        ("::ffff:203.0.113.5", 1, "203.0.113.5"),
    ],
)
def test_only_what_our_own_proxies_add_counts(forwarded: str | None, proxies: int, client: str | None) -> None:
    found = client_address(peer=PEER, forwarded=forwarded, proxies=proxies)
    assert (None if found is None else str(found)) == client


def test_an_ipv6_network_of_one_customer_is_one_client() -> None:
    one, same, other = ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", "2001:db8:0:2::1")
    assert as_one_client(read_address(one)) == as_one_client(read_address(same)) != as_one_client(read_address(other))
    assert as_one_client(read_address("203.0.113.5")) != as_one_client(read_address("203.0.113.6"))


def test_requests_are_counted_and_forgotten() -> None:
    clients = Clients(most_requests=2, most_threads=1)
    with clients.share("a"), clients.share("a"):
        with pytest.raises(TooMany), clients.share("a"):
            pass
        with clients.share("b"):
            assert set(clients.shares) == {"a", "b"}
    assert not clients.shares
