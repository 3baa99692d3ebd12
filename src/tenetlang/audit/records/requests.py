"""Puts the request of an intent together again, out of its record and the bodies of its payload.

A record names the tool and the arguments and holds their values by salted digest; the values are in the payload. Here they
are put back where they came from:

    record   {"what": {"tool": "refund", "arguments": [{"name": "amount", "digest": "9f2c…"}], "rest": "51ab…"}}
    payload  {"bodies": {"/what/arguments/0/digest": {"value": 20, …}, "/what/rest": {"value": {"agent": …}, …}}}
    request  {"tool": "refund", "args": {"amount": 20}, "agent": …}

What has been erased can't be put back, and neither can a value that was left out for its size or had no JSON form. Then
it is said which, and nothing is made up in its place.

One thing a record does not tell: whether a request without arguments said `"args": {}` or nothing at all. Both are decided
alike but for the denial that says `args` is missing, and that reason is recorded; so it is looked at.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Final, Literal, TypeAlias

import attrs
import msgspec

from tenetlang.audit.errors import InvalidSeal
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.payloads.sealing import Keys, Seal, no_keys, open_payload
from tenetlang.audit.records.bodies import MIN_SALT
from tenetlang.audit.records.disclosure import read_payload

Loss: TypeAlias = Literal["erased", "sealed", "omitted", "unreadable", "damaged"]

WITHOUT_ARGUMENTS: Final = "invalid request: args: required, and missing"
"""The reason of the one denial that tells a request without `args` from one whose `args` are empty."""


@attrs.frozen
class RecordedRequest:
    """What was asked: JSON values, or the bytes that could not be read. `documents` are the digests of the data that were
    loaded, by name; `bodies` those of the payload, by pointer."""

    request: dict[str, object] | bytes
    documents: Mapping[str, str]
    bodies: Mapping[str, Mapping[str, object]]

    def salt(self, pointer: str) -> bytes:
        """The recorded salt of a body; another one where there is no such body, so that nothing equals its digest."""
        body = self.bodies.get(pointer)
        return _NO_SALT if body is None else bytes.fromhex(str(body["salt"]))

    def value(self, pointer: str) -> object:
        """The value of a body, None where it is not there."""
        return self.bodies.get(pointer, {}).get("value")


_NO_SALT: Final = bytes(MIN_SALT)


@attrs.frozen
class LostRequest:
    """Why the request can't be put together: `erased` (the payload is gone), `sealed` (it is there, and its key is not at
    hand or was destroyed), `omitted` (a value was too long to be kept),
    `unreadable` (a value had no JSON form), `damaged` (record or payload is not what was written)."""

    loss: Loss
    detail: str


class _Lost(Exception):
    def __init__(self, loss: Loss, detail: str) -> None:
        super().__init__(detail)
        self.lost = LostRequest(loss, detail)


def read_record(record: bytes, leaf: bytes) -> dict[str, object] | LostRequest:
    """The JSON of a record whose hash is its leaf. Neither its place nor the chain is looked at: `verify_log` does that."""
    if leaf_hash(record) != leaf:
        return LostRequest("damaged", "the record's hash is not its leaf: it was changed")
    try:
        parsed: object = msgspec.json.decode(record)
    except (ValueError, msgspec.DecodeError, RecursionError) as mistake:
        return LostRequest("damaged", f"the record is no JSON: {mistake}")
    if isinstance(parsed, dict) and isinstance(parsed.get("kind"), str):
        return parsed
    return LostRequest("damaged", "the record is not of the format: it has no `kind`")


def read_payload_bodies(payload: bytes) -> Mapping[str, Mapping[str, object]]:
    """The bodies of a payload by pointer; none where it is damaged."""
    try:
        return _bodies(payload)
    except (_Lost, ValueError, LookupError, TypeError, AttributeError):
        return {}


def recorded_request(
    record: Mapping[str, object], payload: bytes | None, keys: Keys = no_keys
) -> RecordedRequest | LostRequest:
    """The request of an intent; never raises for a record, however it was changed. `keys` open what is sealed."""
    named = record.get("payload")
    if payload is None:
        if named is None:
            return LostRequest("damaged", "the record names no payload, so it says nothing of the request")
        return LostRequest("erased", "what the caller sent was erased")
    if sha256(payload).hexdigest() != named:
        return LostRequest("damaged", "the payload is not the one that the record names: it was changed")
    try:
        opened = open_payload(payload, record.get("id"), keys)
        if isinstance(opened, Seal):
            return LostRequest("sealed", f"what the caller sent is sealed with the key {opened.kid[:16]}…")
        bodies = _bodies(opened)
        return RecordedRequest(_request(record, bodies), _documents(record, bodies), bodies)
    except _Lost as lost:
        return lost.lost
    except InvalidSeal as mistake:
        return LostRequest("damaged", f"the sealed payload is damaged: {mistake}")
    except (ValueError, LookupError, TypeError, AttributeError):
        return LostRequest("damaged", "record and payload do not have the format of an intent")


# ------------------------------------------------------------------------------------------------------ the payload

_NINETEEN_DIGITS: Final = b"0" * 19
_DIGITS_TO_ZERO: Final = bytes.maketrans(b"123456789", b"000000000")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def _bodies(payload: bytes) -> Mapping[str, Mapping[str, object]]:
    """The bodies by pointer. Numbers keep all their digits: where one may have more than 64 bits, the slower reader reads."""
    quick = _NINETEEN_DIGITS not in payload.translate(_DIGITS_TO_ZERO)
    try:
        parsed: object = _decode(payload) if quick else read_payload(payload)
    except (ArithmeticError, msgspec.MsgspecError, RecursionError):
        parsed = read_payload(payload)
    match parsed:
        case {"bodies": dict(bodies), "v": 1}:
            if any(len(bytes.fromhex(body["salt"])) < MIN_SALT for body in bodies.values()):
                raise _Lost("damaged", "a salt is too short")
            return bodies
        case _:
            raise _Lost("damaged", "the payload has not the form of one")


def _value(bodies: Mapping[str, Mapping[str, object]], pointer: str) -> object:
    match bodies.get(pointer):
        case {"value": value}:
            return value
        case {"omitted": _}:
            raise _Lost("omitted", f"the value of {pointer} was too long to be kept")
        case {"unreadable": _}:
            raise _Lost("unreadable", f"the value of {pointer} had no JSON form")
        case _:
            raise _Lost("damaged", f"the payload lacks the value of {pointer}")


# ------------------------------------------------------------------------------------------------------ the request


def _request(record: Mapping[str, object], bodies: Mapping[str, Mapping[str, object]]) -> dict[str, object] | bytes:
    what = _object(record["what"])
    if what["raw"] is not None:
        body = bodies.get("/what/raw", {})
        if "base64" not in body:
            raise _Lost("omitted", "the text of the request was too long to be kept")
        return b64decode(str(body["base64"]), validate=True)
    request: dict[str, object] = {}
    if what["rest"] is not None:
        request.update(_object(_value(bodies, "/what/rest")))
    if what["tool"] is not None and "tool" not in request:
        request["tool"] = what["tool"]
    if "args" not in request:
        arguments = _arguments(what["arguments"], bodies)
        if arguments or ("tool" in request and _said(bodies) != WITHOUT_ARGUMENTS):
            request["args"] = arguments
    return request


def _arguments(listed: object, bodies: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    if isinstance(listed, dict):
        return _object(_value(bodies, "/what/arguments/digest"))
    if not isinstance(listed, list):
        raise _Lost("damaged", "the arguments are no list")
    found: dict[str, object] = {}
    for place, entry in enumerate(listed):
        pointer = f"/what/arguments/{place}"
        name = _value(bodies, f"{pointer}/name_digest") if "name_digest" in entry else entry["name"]
        found[str(name)] = _value(bodies, f"{pointer}/digest")
    return found


def _object(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise _Lost("damaged", "something stands where the format has an object")


def _said(bodies: Mapping[str, Mapping[str, object]]) -> object:
    return bodies.get("/decided/reason", {}).get("value")


def _documents(record: Mapping[str, object], bodies: Mapping[str, Mapping[str, object]]) -> Mapping[str, str]:
    listed = _object(record["facts"])["data"]
    if isinstance(listed, dict):
        whole = _object(_value(bodies, "/facts/data/digest"))
        return {str(name): str(digest) for name, digest in whole.items()}
    if not isinstance(listed, list):
        raise _Lost("damaged", "the documents are no list")
    return {str(entry["name"]): str(entry["digest"]) for entry in listed}
