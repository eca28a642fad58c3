"""Real proxies before a real server: Debian's nginx and Caddy, with TLS, as the documentation sets them up."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.house.files import ROOT
from tests.ports import free_port

HOST = "pickup.example.test"

SAMPLES = ROOT / "deploy" / "proxy"  # what an installation begins with is what is tried
FORWARDED = (
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "proxy_set_header X-Forwarded-Proto $scheme;",
)
NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/log; worker_processes 1; {user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {site}
}}
"""
CADDY = """
{{
    admin off
    auto_https off
    skip_install_trust
    servers {{
        protocols h1 h2
    }}
    storage file_system {folder}
}}
https://localhost:{port}, {site}
"""


def nginx_config(folder: Path, port: int, plain: int, upstreams: Sequence[int], *, forwards: bool) -> str:
    """The sample for nginx with this test's address, ports and certificate in it; ``plain``, the one without TLS."""
    site = (SAMPLES / "nginx.conf").read_text()
    own = {
        "server 127.0.0.1:8000;": " ".join(f"server 127.0.0.1:{upstream};" for upstream in upstreams),
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "https://pickup.example.com$": f"https://{HOST}:{port}$",
        "/etc/ssl/certs/pickup.example.com.pem": f"{folder}/cert.pem",
        "/etc/ssl/private/pickup.example.com.key": f"{folder}/key.pem",
        "pickup.example.com;": f"{HOST};",
    } | {header: header if forwards else "" for header in FORWARDED}
    for sample, value in own.items():
        assert sample in site, sample
        site = site.replace(sample, value)
    user = "user root;" if os.geteuid() == 0 else ""
    return NGINX.format(folder=folder, user=user, site=site)


def caddy_config(folder: Path, port: int) -> str:
    """The sample for Caddy, which makes no certificate of its own here."""
    site = "".join(
        line for line in (SAMPLES / "Caddyfile").read_text().splitlines(keepends=True) if not line.startswith("#")
    )
    first = "{$PUBLIC_URL} {"
    assert site.startswith(first)
    own = f"{first}\n    bind 127.0.0.1\n    tls {folder}/cert.pem {folder}/key.pem\n"
    return CADDY.format(folder=folder, port=port, site=site.replace(first, own, 1))


class Proxy:
    """A proxy that runs, and how a browser reaches it: by its name, over TLS."""

    def __init__(self, name: str, port: int, plain: int, certificate: Path) -> None:
        self.name, self.port, self.plain = name, port, plain
        self.context = ssl.create_default_context(cafile=str(certificate))

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def connect(self, source: str = "127.0.0.1") -> ssl.SSLSocket:
        """A connection from an address of this machine."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=100, source_address=(source, 0))
        return self.context.wrap_socket(plain, server_hostname=HOST)


@contextmanager
def proxy(
    name: str, folder: Path, *, upstream: int, others: Sequence[int] = (), forwards: bool = True
) -> Iterator[Proxy]:
    """nginx or Caddy in front of a port of this machine (nginx: and ``others``), until the block ends."""
    program = program_of(name)
    certificate = make_certificate(folder)
    port, plain = free_port(), free_port()
    config = folder / name
    texts = {
        "nginx": nginx_config(folder, port, plain, (upstream, *others), forwards=forwards),
        "caddy": caddy_config(folder, port),
    }
    config.write_text(texts[name])
    own = {"HOME": str(folder), "PUBLIC_URL": f"https://{HOST}:{port}", "UPSTREAM": f"127.0.0.1:{upstream}"}
    command = {
        "nginx": [program, "-c", str(config), "-p", str(folder), "-e", str(folder / "log")],
        "caddy": [program, "run", "--adapter", "caddyfile", "--config", str(config)],
    }[name]
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, env=os.environ | own)
    try:
        made = Proxy(name, port, plain, certificate)
        wait_until_it_listens(made, process, folder)
        yield made
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def program_of(name: str) -> str:
    """Where it is. `.ci/run` installs it; a machine of somebody's own may do without, and is told what is not tried."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is not None:
        return found
    words = f"{name} is not installed, and this test needs it: apt install {name}"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


def wait_until_it_listens(made: Proxy, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + 150
    while True:
        assert process.poll() is None, (folder / "output").read_text()
        try:
            made.connect().close()
        except OSError:
            assert time.monotonic() < deadline, (folder / "output").read_text()
            time.sleep(0.05)
        else:
            return


def make_certificate(folder: Path) -> Path:
    """A certificate of our own for the host, and its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST), x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder / "cert.pem"
