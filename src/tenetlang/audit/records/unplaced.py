"""A record that waits for its place in a log: its text is written, but for two gaps.

Nearly all of a record is known before it is known where it will stand. Names are sorted, so what is missing has fixed places:

    {"at":…,"decided":…,"facts":…,"id":…,"index": █ ,"kind":…,"payload":…,"policy":…,"previous":" █ ","took_ns":…,…}
    ╰──────────── start ───────────────────────╯   ╰──────────────── middle ───────────────╯   ╰─────── end ───────╯

So all that can be refused is refused before the log's lock is taken, and under it a record costs one join and one hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from tenetlang.audit.canonical import CanonicalError, profile_bytes
from tenetlang.audit.errors import InvalidRecord
from tenetlang.audit.records.bodies import MAX_PAYLOAD
from tenetlang.audit.records.record import FIRST_PREVIOUS, MAX_RECORD
from tenetlang.audit.records.shape import shape_mistake
from tenetlang.frozen import field, frozen


@frozen
class Unplaced:
    """The text around `index` and `previous`, and the payload whose SHA-256 stands in it; `identifier` is the record's `id`.

    Whoever makes one vouches that it is a record of the format (`unplaced` checks it).
    """

    identifier: str
    start: bytes = field(repr=False)
    middle: bytes = field(repr=False)
    end: bytes = field(repr=False)
    payload: bytes | None = field(repr=False)


def unplaced(envelope: Mapping[str, object] | Unplaced, payload: bytes | None = None) -> Unplaced:
    """An envelope and its payload, checked and written; what is so already is given back.

    Raises `InvalidRecord` for what a log does not take.
    """
    if isinstance(envelope, Unplaced):
        if payload is not None:
            raise InvalidRecord("the record brings its payload with it; none can be handed in beside it")
        return envelope
    if payload is not None and len(payload) > MAX_PAYLOAD:
        raise InvalidRecord(f"the payload has {len(payload):,} bytes; at most {MAX_PAYLOAD:,} are stored")
    if envelope.get("payload") != (None if payload is None else sha256(payload).hexdigest()):
        raise InvalidRecord("the record's `payload` is not the SHA-256 of the payload handed in with it")
    if "index" in envelope or "previous" in envelope:
        raise InvalidRecord("`index` and `previous` are for the log to say")
    mistake = shape_mistake({**envelope, "index": 0, "previous": FIRST_PREVIOUS})
    if mistake is not None:
        raise InvalidRecord(f"the record is not of the format: {mistake}")
    try:
        first, second, last = encoded_around(envelope, ("index", "previous"))
    except CanonicalError as unwritable:
        raise InvalidRecord(f"the record cannot be written: {unwritable}") from unwritable
    start, middle, end = b"{" + first + b',"index":', b"," + second + b',"previous":"', b'",' + last + b"}"
    return Unplaced(str(envelope["id"]), start, middle, end, payload)


def placed(record: Unplaced, index: int, previous: str) -> bytes:
    """The record at its place; `previous` is the leaf before it in hexadecimal. Raises `InvalidRecord` for one too long."""
    text = b"%b%d%b%b%b" % (record.start, index, record.middle, previous.encode(), record.end)
    if len(text) > MAX_RECORD:
        raise InvalidRecord(f"the record has {len(text):,} bytes; at most {MAX_RECORD:,} are allowed")
    return text


def encoded_around(members: Mapping[str, object], gaps: tuple[str, ...]) -> tuple[bytes, ...]:
    """The members of an object in their order, in pieces that end where a name of `gaps` would come.

    Raises `CanonicalError` for what is outside the profile.
    """
    pieces: list[dict[str, object]] = [{} for _ in range(len(gaps) + 1)]
    for name, value in members.items():
        if type(name) is not str:
            raise CanonicalError("a name is not ASCII text")
        pieces[sum(name > gap for gap in gaps)][name] = value
    return tuple(profile_bytes(piece)[1:-1] for piece in pieces)
