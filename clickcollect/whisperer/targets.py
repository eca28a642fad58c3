"""Protection against SSRF: the target URLs that may be called. Checked as written, and again as connected to.

A name may resolve to anything, and to something else a moment later. So the check that counts is made on the
socket address, in the connector's socket factory, and nothing is resolved again behind it.
"""

import errno
import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL: Final = 255
BANNED_MARKER: Final = "clickcollect: banned address"  # found again in the text of whatever the HTTP client raises
LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
PLAIN: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+", re.IGNORECASE)  # ASCII that is printable and means nothing else
NUMERIC: Final = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)

# Where IPv6 is routed on the Internet (RFC 4291), without the parts of it that are special (IANA's registry): protocol
# assignments such as Teredo and ORCHID, documentation, 6to4. What lies outside can hide others: NAT63, SIIT.
ROUTED: Final = ipaddress.IPv6Network("2000::/3")
SPECIAL: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        "192.0.0.0/24",  # protocol assignments, of which `is_global` knows some
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # the metadata of Azure's machines, at a public address
    )
)


class BannedTarget(OSError):
    """Deliveries go to public addresses only; WEBHOOK_ALLOWED_NETWORKS names the exceptions."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, BANNED_MARKER)


def is_banned(address: Address, *, allowed: Sequence[Network]) -> bool:
    """Whether an address is none of the public Internet's: private, local, reserved, or a disguise of such a one.

    The metadata of a cloud's machines is among them. Source: IANA's registries of special-purpose addresses.
    """
    plain = getattr(address, "ipv4_mapped", None) or address
    if any(plain.version == network.version and plain in network for network in allowed):
        return False
    if any(plain.version == network.version and plain in network for network in SPECIAL):
        return True
    return not plain.is_global or plain.is_multicast or (plain.version == ROUTED.version and plain not in ROUTED)


def open_socket(info: tuple[Any, ...]) -> socket.socket:
    """The connector's socket factory: no socket for a banned address. Raises BannedTarget."""
    family, kind, proto, _name, (host, *_rest) = info
    if is_banned(ipaddress.ip_address(str(host).partition("%")[0]), allowed=settings.WEBHOOK_ALLOWED_NETWORKS):
        raise BannedTarget
    return socket.socket(family, kind, proto)


def url_fault(url: str, *, allowed: Sequence[Network]) -> str | None:
    """What is wrong with a target URL as it is written, as a sentence; None when nothing is. Nothing is resolved."""
    if not url or len(url) > LONGEST_URL:
        return _("Enter an http or https address of at most 255 characters.")
    if not PLAIN.fullmatch(url):
        return _("Write the address in plain ASCII without spaces; use the xn-- form for a name in another script.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return _("This is not an address. Enter one such as https://example.com/hook.")
    bracketed = parts.netloc.startswith("[")
    return url_parts_fault(parts, port=port) or host_fault(parts.hostname or "", bracketed=bracketed, allowed=allowed)


def url_parts_fault(parts: SplitResult, *, port: int | None) -> str | None:
    if parts.scheme not in ("http", "https"):
        return _("Only http and https addresses can be called.")
    if "@" in parts.netloc:
        return _("Leave the username and password out of the address. Put them in “config.auth”.")
    if port == 0 or parts.netloc.endswith(":"):
        return _("The port of the address is not valid.")
    return None


def host_fault(host: str, *, bracketed: bool, allowed: Sequence[Network]) -> str | None:
    """A host is a plain IP literal that is not banned, or a DNS name. `127.1` and `0x7f.1` are neither."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None if is_dns_name(host) and not bracketed else _("The host is neither a DNS name nor an IP address.")
    if (address.version == 6) != bracketed or "%" in host:
        return _("The host is neither a DNS name nor an IP address.")
    if is_banned(address, allowed=allowed):
        return _("This address is private, local or reserved. Only public addresses can be called.")
    return None


def is_dns_name(host: str) -> bool:
    """Labels of a-z, digits and dashes; the last one no number, or resolvers would read an IP address."""
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or NUMERIC.fullmatch(labels[-1]):
        return False
    return all(LABEL.fullmatch(label) for label in labels)
