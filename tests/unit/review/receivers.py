"""Servers on this machine that take messages, or behave badly, for the tests of channels."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@attrs.frozen
class Request:
    target: str
    headers: dict[str, str]
    body: bytes


@attrs.define
class Receiver:
    """What a web server was sent; `status` is what it answers, or a function of how many requests came before."""

    url: str = ""
    status: int | Callable[[int], int] = 204
    headers: dict[str, str] = attrs.field(factory=dict)
    requests: list[Request] = attrs.field(factory=list)

    def next_status(self) -> int:
        before = len(self.requests) - 1
        return self.status if isinstance(self.status, int) else self.status(before)


@contextmanager
def receiver(status: int | Callable[[int], int] = 204, trust: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A web server that takes what is posted."""
    made = Receiver(status=status)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                made.requests.append(Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(made.next_status())
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *values: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if trust is not None:
        server.socket = trust.wrap_socket(server.socket, server_side=True)
    scheme = "http" if trust is None else "https"
    made.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/hooks/reviews?x=1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def listener(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does this with each connection. Gives its port."""
    server = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            behave(connection)

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        ended.set()
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def drip(text: bytes) -> Callable[[socket.socket], None]:
    """Sends a text, and after that a byte now and then for as long as anybody listens."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(text)
        while True:
            time.sleep(0.02)
            connection.sendall(b"x")

    return behave


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@attrs.frozen
class Certificates:
    """Both sides' TLS, with a certificate of 127.0.0.1 that the client trusts."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def certificates(folder: Path) -> Certificates:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    public = folder / "certificate.pem"
    secret = folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(public, secret)
    return Certificates(server, ssl.create_default_context(cafile=str(public)))
