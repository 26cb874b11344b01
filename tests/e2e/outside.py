"""An HTTPS server on this machine, with a certificate that only those who are told trust."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Outside:
    """What it says to every GET, where it is, and the file with which it is trusted."""

    url: str
    ca: Path
    says: str = ""


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of its own making for this machine, and the file that also has its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "outside")])
    now = dt.datetime.fromtimestamp(time.time(), tz=dt.UTC)  # noqa: TID251 - certificates live in real time
    where = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(where, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ca, both = folder / "outside.pem", folder / "outside-key.pem"
    ca.write_bytes(public)
    both.write_bytes(private + public)
    return ca, both


@contextmanager
def https_server(folder: Path) -> Iterator[Outside]:
    """Serve until the block ends; its address has a token in the query."""
    ca, both = _certificate(folder)
    outside = Outside(url="", ca=ca)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = outside.says.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that does not trust us hangs up; that is its right."""

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(both)
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        outside.url = f"https://127.0.0.1:{server.server_port}/balance?token=hunter2-hunter2"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield outside
        finally:
            server.shutdown()
            thread.join(timeout=10)
