"""As much of HTTP/1.1 (RFC 9112) as our small servers need: a head, a body whose length is said before it comes, an answer.

Everything about a request is bounded: its head, its body, how long it may take, how long a connection may be idle, and how
many connections there are. What could be understood in two ways (two lengths, a length and chunks, a folded line, spaces
before a colon) is refused, for in front of such a server there is usually another one, for TLS. One task reads all
connections, so who sends slowly costs no thread; what a request leads to happens in a thread of its own.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import TypeAlias

import attrs

_MAX_HEAD = 16 * 1024
_LINGER = 1.0
_request = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,4096}) HTTP/1\.([01])")
_field = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
_length = re.compile(rb"[0-9]{1,9}")
_once = frozenset({b"content-length", b"transfer-encoding", b"host"})


@attrs.frozen
class Request:
    """A request that was read. `fields` are those of its head, in lower case; of one that came twice the last; `peer` is the
    address that it came from."""

    method: str
    target: str
    fields: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""
    peer: str = ""


@attrs.frozen
class Response:
    """What is answered. `fields` are beside those of the body's type and length."""

    status: int
    body: bytes
    kind: str = "text/plain; charset=utf-8"
    fields: Sequence[tuple[str, str]] = ()


@attrs.frozen
class Limits:
    """For how many seconds a connection may be silent, a request may take to arrive; how many connections there are, and how
    many bytes a body may have."""

    idle: float = 30.0
    request: float = 10.0
    connections: int = 64
    body: int = 64 * 1024


Respond: TypeAlias = Callable[[Request], Response]
"""Answers a request, in a thread. It raises nothing: whoever gives it knows what a failure is to be told."""


@attrs.define
class _Door:
    """Who is inside."""

    respond: Respond
    limits: Limits
    open: int = 0


@attrs.frozen
class _Head:
    method: str
    target: str
    fields: Mapping[bytes, bytes]
    length: int | None
    keep: bool
    expects: bool


class _Refused(Exception):
    """The request can't be read on; the connection ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def serve(
    respond: Respond,
    host: str,
    port: int,
    *,
    ready: Callable[[int], None] = lambda _: None,
    limits: Limits = Limits(),
    tls: ssl.SSLContext | None = None,
) -> None:
    """Answers requests until it is cancelled; `ready` is told the port. Raises `OSError` where it can't listen there."""
    door = _Door(respond, limits)
    shaking = {} if tls is None else {"ssl_handshake_timeout": limits.request}
    server = await asyncio.start_server(
        lambda r, w: _connected(door, r, w), host, port, limit=_MAX_HEAD, ssl=tls, **shaking
    )
    ready(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


async def _connected(door: _Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    door.open += 1
    try:
        if door.open > 2 * door.limits.connections:
            writer.transport.abort()
        elif door.open > door.limits.connections:
            await _refuse(door, reader, writer, 503)
        else:
            await _conversation(door, reader, writer)
    except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
        writer.transport.abort()  # what it was not told, nobody waits for
    finally:
        door.open -= 1
        writer.close()


async def _conversation(door: _Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    address: object = writer.get_extra_info("peername")
    peer = str(address[0]) if isinstance(address, tuple) and address else ""
    keep = True
    while keep:
        async with asyncio.timeout(door.limits.idle):
            first = await reader.read(1)
        if not first:
            return
        try:
            async with asyncio.timeout(door.limits.request):
                head = await _head(first, reader)
                body = await _body(head, reader, writer, door.limits.body)
        except _Refused as refused:
            await _refuse(door, reader, writer, refused.status)
            return
        except TimeoutError:
            await _refuse(door, reader, writer, 408)
            return
        fields = {name.decode("ascii"): value.decode("latin-1") for name, value in head.fields.items()}
        response = await asyncio.to_thread(door.respond, Request(head.method, head.target, fields, body, peer))
        keep = head.keep
        async with asyncio.timeout(door.limits.request):
            await _answer(writer, response, keep=keep, body=head.method != "HEAD")


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
        if name in fields and name in _once:
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
    counted = None if length is None else int(length)
    return _Head(request[1].decode(), request[2].decode(), fields, counted, keep=keep, expects=expects)


async def _body(head: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int) -> bytes:
    if head.length is None:
        if head.method == "POST":
            raise _Refused(411)
        return b""
    if head.length > most:
        raise _Refused(413)
    if head.expects:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return await reader.readexactly(head.length)


async def _answer(writer: asyncio.StreamWriter, response: Response, *, keep: bool, body: bool = True) -> None:
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        f"Content-Type: {response.kind}",
        f"Content-Length: {len(response.body)}",
        *(f"{name}: {value}" for name, value in response.fields),
        *([] if keep else ["Connection: close"]),
    ]
    head = "\r\n".join(lines)
    assert head.count("\n") == len(lines) - 1, "a field with a line break in it"
    writer.write(head.encode("latin-1") + b"\r\n\r\n" + (response.body if body else b""))
    await writer.drain()


async def _refuse(door: _Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: int) -> None:
    """Answers what was not read to its end. Some of it is read now: who closes before that takes the answer back."""
    await _answer(writer, plain(status), keep=False)
    if writer.can_write_eof():
        writer.write_eof()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            for _ in range(max(1, door.limits.body // _MAX_HEAD)):
                if not await reader.read(_MAX_HEAD):
                    return


def plain(status: int, *fields: tuple[str, str]) -> Response:
    """An answer that says its status in words."""
    return Response(status, f"{HTTPStatus(status).phrase}\n".encode(), fields=fields)
