"""Reads a payload back: its JSON with all digits of its numbers, and whether its bodies are those that the record names.

A body shown alone is checked in the same way: hash its salt and the canonical text of its value, and compare with the
digest at its pointer in the record.

Nearly all payloads are canonical as they stand: a value's text in the payload is the text that was digested. Of such a payload
(`_texts` says which they are, and lets no other pass) the text of each value is hashed as it was cut out, in a fifth of
the time. For every other one, and whenever a digest does not fit, the values are read, written again and compared, and only
that way says what is wrong.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from decimal import Decimal
from hashlib import sha256

import msgspec

from tenetlang.audit.canonical import CanonicalError, canonical_bytes, number_text
from tenetlang.audit.records.bodies import PAYLOAD_VERSION

_LONG_INTEGER = 1000


def read_payload(payload: bytes) -> object:
    """The JSON of a payload; a number with a fraction or an exponent, or beyond a thousand digits, is a `Decimal`.

    Raises `ValueError` where it is none.
    """
    try:
        value: object = json.loads(payload.decode(), parse_float=_decimal, parse_int=_integer, parse_constant=_constant)
    except (ValueError, RecursionError) as mistake:
        raise ValueError(f"the payload is no JSON: {mistake}") from None
    return value


def showable(value: object) -> object:
    """The same value with plain JSON types: a number that a float would round is its digits as a string."""
    match value:
        case Decimal():
            nearest = float(value)
            try:
                exact = number_text(nearest) == number_text(value)
            except CanonicalError:
                exact = False
            return nearest if exact else number_text(value)
        case dict():
            return {name: showable(item) for name, item in value.items()}
        case list():
            return [showable(item) for item in value]
        case _:
            return value


def bodies_mistake(record: object, payload: bytes) -> str | None:
    """Why the bodies of a payload are not what the record's digests say, or None.

    A body that was left out for its size cannot be compared, and is passed over.
    """
    texts = _texts(payload)
    if texts is not None and all(
        sha256(salt + text).hexdigest() == _at(record, pointer) for pointer, salt, text in texts
    ):
        return None
    try:
        parsed = read_payload(payload)
    except ValueError as mistake:
        return str(mistake)
    match parsed:
        case {"v": int(version), "bodies": dict(bodies), "salt": str()} if (
            version == PAYLOAD_VERSION and version is not True
        ):
            for pointer, body in bodies.items():
                mistake_of_body = _body_mistake(record, pointer, body)
                if mistake_of_body is not None:
                    return mistake_of_body
            return None
    return f"the payload is not of version {PAYLOAD_VERSION}"


class _Body(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    salt: str
    value: msgspec.Raw


class _Payload(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    bodies: dict[str, _Body]
    salt: str
    v: int


_SIXTEEN_DIGITS = b"0" * 16
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_BEYOND_PLANE_0 = bytes(range(0xF0, 0x100))
_OPENINGS = 64
_plain_fraction = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]*[1-9]", re.ASCII)


def _fraction(text: str) -> float:
    """A number in plain digits. Where it is written like this again, no shorter text names the same double."""
    if _plain_fraction.fullmatch(text) is None:
        raise ValueError(text)
    return float(text)


_decode = msgspec.json.Decoder(float_hook=_fraction).decode
_decode_texts = msgspec.json.Decoder(_Payload).decode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


def _texts(payload: bytes) -> list[tuple[str, bytes, msgspec.Raw]] | None:
    """The pointer, salt and text of each body, if all are values and the payload is certainly canonical; else None.

    Three things make a serializer that sorts names by code points write canonical text, and all are looked at in the bytes:
    no integer is beyond 2^53, no name has characters that UTF-16 sorts elsewhere, and fractions have no exponents. It is not nested
    too deep where there are fewer brackets than that.
    """
    if (
        _SIXTEEN_DIGITS in payload.translate(_DIGITS_TO_ZERO)
        or len(payload.translate(None, _BEYOND_PLANE_0)) != len(payload)
        or payload.count(b"{") + payload.count(b"[") > _OPENINGS
    ):
        return None
    try:
        if _encode_sorted(_decode(payload)) != payload:
            return None
        read = _decode_texts(payload)
        if read.v != PAYLOAD_VERSION:
            return None
        return [(pointer, bytes.fromhex(body.salt), body.value) for pointer, body in read.bodies.items()]
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def _body_mistake(record: object, pointer: str, body: object) -> str | None:
    try:
        match body:
            case {"salt": str(salt), "value": value}:
                digested = canonical_bytes(value, "quote")
            case {"salt": str(salt), "unreadable": str(why)}:
                digested = canonical_bytes(why)
            case {"salt": str(salt), "base64": str(encoded)}:
                digested = b64decode(encoded, validate=True)
            case {"salt": str(salt), "omitted": int()}:
                return None
            case _:
                return f"the payload's body of {pointer:.100} has an unknown form"
        digest = sha256(bytes.fromhex(salt) + digested).hexdigest()
    except ValueError as mistake:
        return f"the payload's body of {pointer:.100} cannot be read: {mistake}"
    if _at(record, pointer) != digest:
        return f"the payload's body of {pointer:.100} is not the one whose digest stands in the record"
    return None


def _at(record: object, pointer: str) -> object:
    """What stands at a JSON Pointer (RFC 6901) whose names need no escapes, or None."""
    value = record
    for step in pointer.split("/")[1:]:
        match value:
            case dict():
                value = value.get(step)
            case list() if step.isascii() and step.isdigit() and len(step) < 6 and int(step) < len(value):
                value = value[int(step)]
            case _:
                return None
    return value


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError("a number is out of all bounds") from None


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONG_INTEGER else _decimal(text)


def _constant(text: str) -> object:
    raise ValueError(f"{text} is no JSON number")
