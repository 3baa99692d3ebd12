"""A witness that runs in this process, on a port of its own, for the length of a test; and servers that are none."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from tenetlang.audit.checkpoints.cosignature import CosigningKey
from tenetlang.audit.checkpoints.note import VerifierKey
from tenetlang.audit.witness.answers import Answer, add_checkpoint, logs_of
from tenetlang.audit.witness.serving import LIMITS, responding
from tenetlang.audit.witness.state import close_state, open_state
from tenetlang.serving import Limits
from tests.unit.serving import serving

AT = 1_795_377_600


@contextmanager
def served(judge: Callable[[bytes], Answer], limits: Limits | None = None) -> Iterator[int]:
    """A server that answers by `judge`; gives its port."""
    with serving(responding(judge), attrs.evolve(limits or LIMITS, body=LIMITS.body)) as port:
        yield port


@contextmanager
def witness(state: Path, key: CosigningKey, logs: Sequence[VerifierKey]) -> Iterator[str]:
    """A witness of these logs, with its state in the file; gives its address."""
    opened = open_state(state, create=not state.exists())
    try:
        with served(lambda request: add_checkpoint(request, logs_of(logs), key, opened, lambda: AT)) as port:
            yield f"http://127.0.0.1:{port}/"
    finally:
        close_state(opened)


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does to each connection whatever it wants to; gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def work() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                answer(connection)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def read_request(connection: socket.socket) -> bytes:
    """The body of a request."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(65_536)
    head, _, body = read.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return body


def response(status: int, body: bytes, kind: str = "text/plain") -> bytes:
    """The bytes of an answer."""
    return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
