"""HTTP as a witness speaks it: what it understands, what it refuses, and that nobody keeps it from answering others."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from tenetlang.audit.errors import WitnessUnavailable
from tenetlang.audit.witness.answers import MAX_REQUEST, Answer
from tenetlang.serving import Limits
from tests.unit.audit.witness.servers import served


def judge(body: bytes) -> Answer:
    if body == b"unavailable":
        raise WitnessUnavailable("the disk is full")
    if body == b"broken":
        raise ZeroDivisionError
    return Answer(200, b"<" + body + b">", "said")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(judge, Limits(idle=5, request=1, connections=8)) as port:
        yield port


def exchange(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        read = b""
        while more := connection.recv(65_536):
            read += more
        return read


def post(body: bytes, *lines: bytes, path: bytes = b"/add-checkpoint", method: bytes = b"POST") -> bytes:
    fields = lines or (b"Host: a", b"Content-Length: %d" % len(body))
    return b"%b %b HTTP/1.1\r\n" % (method, path) + b"\r\n".join(fields) + b"\r\n\r\n" + body


def test_it_answers_a_post(port: int) -> None:
    answered = exchange(port, post(b"abc"))
    assert answered.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n")
    assert answered.endswith(b"\r\n\r\n<abc>")


def test_a_connection_is_kept_for_the_next_request(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for body in (b"one", b"two", b""):
        connection.request("POST", "/add-checkpoint", body)
        assert connection.getresponse().read() == b"<" + body + b">"
    connection.close()
    assert exchange(port, post(b"one") + post(b"two")).count(b"200 OK") == 2


def test_one_that_asks_before_it_sends_is_told_to(port: int) -> None:
    answered = exchange(port, post(b"abc", b"Host: a", b"Content-Length: 3", b"Expect: 100-continue"))
    assert answered.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (post(b"", path=b"/"), 404),
        (post(b"", path=b"/add-checkpoint/more"), 404),
        (post(b"", b"Host: a", method=b"GET"), 405),
        (post(b"", b"Host: a"), 411),
        (post(b"abc", b"Host: a", b"Content-Length: 3", b"Transfer-Encoding: chunked"), 411),
        (post(b"abc", b"Host: a", b"Content-Length: 3", b"Content-Length: 3"), 400),
        (post(b"abc", b"Host: a", b"Content-Length: +3"), 400),
        (post(b"abc", b"Host: a", b"Content-Length: 3, 3"), 400),
        (post(b"abc", b"Content-Length: 3"), 400),
        (post(b"abc", b"Host: a", b"Host: b", b"Content-Length: 3"), 400),
        (post(b"abc", b"Host: a", b"Content-Length : 3"), 400),
        (post(b"abc", b"Host: a", b"More: 1", b" folded", b"Content-Length: 3"), 400),
        (post(b"abc", b"Host: a", b"Bare: a\nb", b"Content-Length: 3"), 400),
        (post(b"", b"Host: a", b"Content-Length: %d" % (MAX_REQUEST + 1)), 413),
        (post(b"", b"Host: a", b"Long: " + b"a" * 20_000), 431),
        (b"POST /add-checkpoint\r\n\r\n", 400),
        (b"POST  /add-checkpoint HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"POST http://a/add-checkpoint HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (post(b"unavailable"), 503),
        (post(b"broken"), 500),
    ],
)
def test_what_it_can_not_or_must_not_read_is_refused(port: int, sent: bytes, status: int) -> None:
    assert exchange(port, sent).startswith(b"HTTP/1.1 %d " % status)


def test_an_older_client_is_answered_and_let_go(port: int) -> None:
    answered = exchange(port, b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc" + post(b"more"))
    assert answered.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answered


def test_a_body_that_ends_early_is_no_request(port: int) -> None:
    assert exchange(port, post(b"abc", b"Host: a", b"Content-Length: 4")) == b""


@pytest.mark.parametrize("sent", [b"POST /add-ch", post(b"ab", b"Host: a", b"Content-Length: 900")])
def test_one_that_sends_slowly_is_not_waited_for_and_keeps_nobody_else_waiting(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        slow.sendall(sent)
        assert exchange(port, post(b"quick")).endswith(b"<quick>")
        assert slow.recv(65_536).startswith(b"HTTP/1.1 408 ")


def test_too_many_at_a_time_are_told_so(port: int) -> None:
    waiting = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(8)]
    try:
        for connection in waiting:
            connection.sendall(b"P")
        assert exchange(port, post(b"abc")).startswith(b"HTTP/1.1 503 ")
    finally:
        for connection in waiting:
            connection.close()


def test_a_silent_connection_is_ended() -> None:
    with (
        served(judge, Limits(idle=0.1)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as silent,
        contextlib.suppress(ConnectionResetError),
    ):
        assert silent.recv(10) == b""


def test_many_are_answered_at_once() -> None:
    answers: list[bytes] = []
    with served(judge) as port:
        threads = [threading.Thread(target=lambda: answers.append(exchange(port, post(b"abc")))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert [answered[-5:] for answered in answers] == [b"<abc>"] * 20
