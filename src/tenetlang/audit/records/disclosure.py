"""Reads a payload back: its JSON with all digits of its numbers, and whether its bodies are those that the record names.

A body shown alone is checked in the same way: hash its salt and the canonical text of its value, and compare with the
digest at its pointer in the record.
"""

from __future__ import annotations

import json
from base64 import b64decode
from decimal import Decimal
from hashlib import sha256

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
    try:
        parsed = read_payload(payload)
    except ValueError as mistake:
        return str(mistake)
    match parsed:
        case {"v": version, "bodies": dict(bodies), "salt": str()} if version == PAYLOAD_VERSION:
            for pointer, body in bodies.items():
                mistake_of_body = _body_mistake(record, pointer, body)
                if mistake_of_body is not None:
                    return mistake_of_body
            return None
    return f"the payload is not of version {PAYLOAD_VERSION}"


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
