"""As much of HTTP/1.1 (RFC 9112) as a witness needs: one path, one method, a body whose length is said before it comes.

Everything about a request is bounded: its head, its body, how long it may take, how long a connection may be idle, and how
many connections there are. What could be understood in two ways (two lengths, a length and chunks, a folded line, spaces
before a colon) is refused, for in front of a witness there is usually another server, for TLS. One task reads
all connections, so who sends slowly costs no thread; what a request leads to happens in a thread of its own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

import attrs

from tenetlang.audit.errors import AuditError
from tenetlang.audit.witness.answers import MAX_REQUEST, Answer

PATH = "/add-checkpoint"
_MAX_HEAD = 16 * 1024
_LINGER = 1.0
_request = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,1024}) HTTP/1\.([01])")
_field = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
_length = re.compile(rb"[0-9]{1,9}")


@attrs.frozen
class Limits:
    """For how many seconds a connection may be silent, a request may take to arrive; and how many connections there are."""

    idle: float = 30.0
    request: float = 10.0
    connections: int = 64


@attrs.define
class _Door:
    """Who is inside."""

    judge: Callable[[bytes], Answer]
    say: Callable[[str], None]
    limits: Limits
    open: int = 0


@attrs.frozen
class _Head:
    method: str
    path: str
    length: int | None
    keep: bool
    expects: bool


class _Refused(Exception):
    """The request can't be read on; the connection ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def serve(
    judge: Callable[[bytes], Answer],
    host: str,
    port: int,
    *,
    ready: Callable[[int], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    limits: Limits = Limits(),
) -> None:
    """Answers requests by `judge` until it is cancelled. `ready` is told the port, `say` a line for each request."""
    door = _Door(judge, say, limits)
    server = await asyncio.start_server(lambda r, w: _connected(door, r, w), host, port, limit=_MAX_HEAD)
    ready(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


async def _connected(door: _Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    door.open += 1
    try:
        if door.open > 2 * door.limits.connections:
            writer.transport.abort()
        elif door.open > door.limits.connections:
            await _refuse(reader, writer, 503)
        else:
            await _conversation(door, reader, writer)
    except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
        writer.transport.abort()  # what it was not told, nobody waits for
    finally:
        door.open -= 1
        writer.close()


async def _conversation(door: _Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    keep = True
    while keep:
        async with asyncio.timeout(door.limits.idle):
            first = await reader.read(1)
        if not first:
            return
        try:
            async with asyncio.timeout(door.limits.request):
                head = await _head(first, reader)
                body = await _body(head, reader, writer)
        except _Refused as refused:
            await _refuse(reader, writer, refused.status)
            return
        except TimeoutError:
            await _refuse(reader, writer, 408)
            return
        answer = await _judged(door, head, body)
        door.say(f"{answer.status} {answer.said}")
        keep = head.keep
        async with asyncio.timeout(door.limits.request):
            await _answer(writer, answer, keep=keep)


async def _judged(door: _Door, head: _Head, body: bytes) -> Answer:
    if head.path.partition("?")[0] != PATH:
        return _plain(404)
    if head.method != "POST":
        return _plain(405)
    try:
        return await asyncio.to_thread(door.judge, body)
    except AuditError as mistake:
        return Answer(503, b"the witness can't answer now\n", str(mistake))
    except Exception as mistake:  # noqa: BLE001  # the edge: nothing is signed, and the next request is answered
        return Answer(500, b"the witness failed\n", f"{type(mistake).__name__}: {mistake}")


async def _head(first: bytes, reader: asyncio.StreamReader) -> _Head:
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as mistake:
        raise _Refused(431) from mistake
    line, *lines = head[:-4].split(b"\r\n")
    request = _request.fullmatch(line)
    if request is None:
        raise _Refused(400)
    fields: dict[bytes, bytes] = {}
    for each in lines:
        field = _field.fullmatch(each)
        if field is None:
            raise _Refused(400)
        name = field[1].lower()
        if name in fields and name in {b"content-length", b"transfer-encoding", b"host"}:
            raise _Refused(400)
        fields[name] = field[2].strip()
    if b"transfer-encoding" in fields:
        raise _Refused(411)
    length = fields.get(b"content-length")
    if length is not None and not _length.fullmatch(length):
        raise _Refused(400)
    newer = request[3] == b"1"
    if newer and b"host" not in fields:
        raise _Refused(400)
    keep = newer and b"close" not in fields.get(b"connection", b"").lower()
    expects = newer and fields.get(b"expect", b"").lower() == b"100-continue"
    return _Head(
        request[1].decode(), request[2].decode(), None if length is None else int(length), keep=keep, expects=expects
    )


async def _body(head: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    if head.length is None:
        if head.method == "POST":
            raise _Refused(411)
        return b""
    if head.length > MAX_REQUEST:
        raise _Refused(413)
    if head.expects:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return await reader.readexactly(head.length)


async def _answer(writer: asyncio.StreamWriter, answer: Answer, *, keep: bool) -> None:
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.kind}",
        f"Content-Length: {len(answer.body)}",
        *(["Allow: POST"] if answer.status == HTTPStatus.METHOD_NOT_ALLOWED else []),
        *([] if keep else ["Connection: close"]),
    ]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body)
    await writer.drain()


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: int) -> None:
    """Answers what was not read to its end. Some of it is read now: who closes before that takes the answer back."""
    await _answer(writer, _plain(status), keep=False)
    writer.write_eof()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            for _ in range(MAX_REQUEST // _MAX_HEAD):
                if not await reader.read(_MAX_HEAD):
                    return


def _plain(status: int) -> Answer:
    phrase = HTTPStatus(status).phrase
    return Answer(status, f"{phrase}\n".encode(), phrase)
