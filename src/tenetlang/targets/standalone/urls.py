"""URLs: scheme and host always, split once and for all, in one normal form (see `values/urls.py`)."""

from __future__ import annotations

from tenetlang.targets.standalone.faults import ValueFault, bad_input, shown
from tenetlang.targets.standalone.network import Host, parse_ip

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
"""The ports of schemes that have one in the WHATWG URL standard."""

_URL_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_URL_DIGITS = frozenset("0123456789")
_URL_SCHEME = _URL_LETTERS | _URL_DIGITS | frozenset("+-.")
_URL_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
_URL_UNRESERVED = _URL_LETTERS | _URL_DIGITS | frozenset("-._~")
_URL_PATH = _URL_UNRESERVED | frozenset("!$&'()*+,;=:@")
# Brackets, braces, `|`, `^` and the grave accent are no part of RFC 3986's query, but all parsers keep them.
_URL_QUERY = _URL_PATH | frozenset("/?[]{}|^`")

_PATH_BYTES = frozenset(map(ord, _URL_PATH))
_FORBIDDEN_BYTES = frozenset({*range(0x20), 0x7F, *b"/\\."})


class Url(str):
    """A URL in its normal form, read from text by the constructor; compares and hashes as that form.

    `port` is the port that a connection uses, written or not; `None` if the scheme has none of its own.
    `segments` are the decoded segments of the path, with an empty one last where the path ends in a slash;
    `path` is those with a slash before each, `/` if there are none. `query` and `fragment` are the text after
    `?` and `#`, empty if there is none.
    """

    __slots__ = ("fragment", "host", "path", "port", "query", "scheme", "segments")

    scheme: str
    host: Host
    port: int | None
    path: str
    query: str
    fragment: str
    segments: tuple[str, ...]

    def __new__(cls, text: str) -> Url:
        if not text.isascii():
            raise bad_input(f"{shown(text)} is not a URL: what is outside ASCII must be escaped as UTF-8")
        scheme, rest = _split_scheme(text)
        rest, _, fragment = rest.partition("#")
        rest, _, query = rest.partition("?")
        authority, slash, path = rest.partition("/")
        host, written_port = _read_authority(text, authority)
        default_port = DEFAULT_PORTS.get(scheme)
        segments = _read_url_path(text, path) if slash else ()
        query = _normal_escapes(text, query)
        fragment = _normal_escapes(text, fragment)
        url = super().__new__(
            cls,
            f"{scheme}://{host}"
            + (f":{written_port}" if written_port not in (None, default_port) else "")
            + "/"
            + "/".join(map(_escaped_segment, segments))
            + (f"?{query}" if query else "")
            + (f"#{fragment}" if fragment else ""),
        )
        url.scheme = scheme
        url.host = host
        url.port = default_port if written_port is None else written_port
        url.path = "/" + "/".join(segments)
        url.query = query
        url.fragment = fragment
        url.segments = segments
        return url


def parse_url(text: str) -> Url:
    """The URL that the text spells; `bad_input` if it spells none, or none that all programs agree on."""
    return Url(text)


def _split_scheme(text: str) -> tuple[str, str]:
    scheme, mark, rest = text.partition("://")
    if not mark or not scheme or scheme[0] not in _URL_LETTERS or not _URL_SCHEME.issuperset(scheme):
        raise _no_url(text, "it must begin with a scheme and `://`")
    return scheme.lower(), rest


def _read_authority(text: str, authority: str) -> tuple[Host, int | None]:
    if "@" in authority:
        raise _no_url(text, "user information before the host is not allowed")
    if authority[:1] == "[":
        address, bracket, rest = authority[1:].partition("]")
        if not bracket or ":" not in address:
            raise _no_url(text, "its host is not an IPv6 address in brackets")
        return Host.of_ip(parse_ip(address)), _read_port(text, rest)
    name, colon, digits = authority.partition(":")
    try:
        host = Host(name)
    except ValueFault as fault:
        raise _no_url(text, fault.detail) from None
    return host, _read_port(text, colon + digits)


def _read_port(text: str, rest: str) -> int | None:
    if not rest:
        return None
    digits = rest[1:]
    if rest[0] == ":" and 1 <= len(digits) <= 5 and _URL_DIGITS.issuperset(digits) and digits[0] != "0":
        port = int(digits)
        if port <= 65_535:
            return port
    raise _no_url(text, "its port is not a number from 1 to 65535 without zeros in front")


def _read_url_path(text: str, path: str) -> tuple[str, ...]:
    """The decoded segments of a path without its first slash, dot segments resolved (RFC 3986, 5.2.4)."""
    segments: list[str] = []
    written = path.split("/")
    for position, raw in enumerate(written):
        segment = _url_decoded(text, raw)
        stem, semicolon, _ = segment.partition(";")
        if stem not in (".", ".."):
            segments.append(segment)
            continue
        if semicolon:
            raise _no_url(text, "some programs would read the parameters of a dot segment, some the name")
        if stem == "..":
            if not segments:
                raise _no_url(text, "its path climbs above the root")
            segments.pop()
        if position == len(written) - 1:
            segments.append("")
    return () if segments == [""] else tuple(segments)


def _url_decoded(text: str, raw: str) -> str:
    if _URL_PATH.issuperset(raw):
        return raw
    pieces = raw.split("%")
    decoded = bytearray(_url_plain(text, pieces[0], _URL_PATH), "ascii")
    for piece in pieces[1:]:
        value = _url_escape(text, piece)
        if value in _FORBIDDEN_BYTES:
            raise _no_url(text, "its path has an encoded slash, backslash, dot or control character")
        decoded.append(value)
        decoded += _url_plain(text, piece[2:], _URL_PATH).encode("ascii")
    try:
        return decoded.decode("utf-8")
    except UnicodeDecodeError:
        raise _no_url(text, "its path is not UTF-8") from None


def _normal_escapes(text: str, raw: str) -> str:
    if _URL_QUERY.issuperset(raw):
        return raw
    pieces = raw.split("%")
    normal = [_url_plain(text, pieces[0], _URL_QUERY)]
    for piece in pieces[1:]:
        value = _url_escape(text, piece)
        if value == 0:
            raise _no_url(text, "it has an encoded NUL")
        character = chr(value)
        normal.append(character if character in _URL_UNRESERVED else f"%{value:02X}")
        normal.append(_url_plain(text, piece[2:], _URL_QUERY))
    return "".join(normal)


def _url_plain(text: str, piece: str, allowed: frozenset[str]) -> str:
    if allowed.issuperset(piece):
        return piece
    raise _no_url(text, "it has a character that must be escaped")


def _url_escape(text: str, piece: str) -> int:
    digits = piece[:2]
    if len(digits) == 2 and _URL_HEXADECIMAL.issuperset(digits):
        return int(digits, 16)
    raise _no_url(text, "it has a % that begins no escape")


def _escaped_segment(segment: str) -> str:
    if _URL_PATH.issuperset(segment):
        return segment
    return "".join(chr(byte) if byte in _PATH_BYTES else f"%{byte:02X}" for byte in segment.encode("utf-8"))


def _no_url(text: str, why: str) -> ValueFault:
    return bad_input(f"{shown(text)} is not a URL: {why}")
