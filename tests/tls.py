"""Receivers behind HTTPS with certificates of every kind, from an authority of the test's own."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW: Final = datetime.now(UTC)
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)


class Authority:
    """Signs certificates; ``file`` is its own, for those who trust it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        made = builder(
            self.name, self.name, self.key, since=LONG_AGO - timedelta(days=365), until=NOW + timedelta(days=9)
        )
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(
        self,
        *,
        names: tuple[str, ...] = ("localhost",),
        since: datetime = LONG_AGO,
        until: datetime = NOW + timedelta(days=1),
        self_signed: bool = False,
    ) -> ssl.SSLContext:
        """The server's side of a connection, with a certificate for these names and this time."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
        issuer, signer = (subject, key) if self_signed else (self.name, self.key)
        alternatives = x509.SubjectAlternativeName([alternative(name) for name in names])
        unsigned = builder(subject, issuer, key, since=since, until=until)
        made = unsigned.add_extension(alternatives, critical=False).sign(signer, hashes.SHA256())
        file = self.folder / f"{made.serial_number}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Taken(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Quiet."""


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_who: object) -> None:
        """A client that breaks off is what is tested here."""


@contextmanager
def served(context: ssl.SSLContext | None) -> Iterator[int]:
    """The port of a receiver behind HTTPS, or without, until the block ends."""
    server = Quiet(("127.0.0.1", 0), Taken)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
