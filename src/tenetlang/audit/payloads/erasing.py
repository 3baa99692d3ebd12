"""Erasing what callers sent: which payloads, the record that says so, and the key of the person.

Payloads and the record of their erasure change in one transaction of the log, so there is never one without the other. The
key lies in another file. So the record names it first and it is destroyed afterwards; if the machine stops in between, the record
tells that it must not be there any more, and the next erasure with these keys destroys it before all else.

A person is found by the identifier in `who`, so that what was recorded before there were keys is erased as well. The payload of
an erasure itself holds nothing but indexes, and is kept: it may be all that says why others are missing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from tenetlang.audit.errors import LogUnavailable, RecordNotFound, UnusableKey
from tenetlang.audit.log import Log
from tenetlang.audit.payloads.keyring import Keyring, Subjects
from tenetlang.audit.payloads.sealing import is_sealed
from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.record import MAX_RECORD, caller_word, time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.stores.rows import AppendedRecord
from tenetlang.audit.stores.sqlite import connect_to_read, run, shown
from tenetlang.frozen import frozen

if TYPE_CHECKING:
    import apsw


@frozen
class TheseRecords:
    """Payloads of records by index or identifier."""

    names: tuple[str, ...]


@frozen
class OfSubject:
    """All payloads of whoever has this identifier, and the key of it."""

    identifier: str


@frozen
class Before:
    """All payloads of records below an index."""

    index: int


@frozen
class OlderThan:
    """All payloads below the first record that was not written before this time, in nanoseconds since 1970."""

    at_ns: int


Which: TypeAlias = TheseRecords | OfSubject | Before | OlderThan


@frozen
class Erased:
    """What an erasure did. `record` says so in the log, None if there was nothing to erase; `destroyed` counts keys, those of
    interrupted erasures included; with `traces` somebody reads one of the files, and what was erased stays beside it until
    they are done and something is erased or written again."""

    record: AppendedRecord | None
    payloads: int
    destroyed: int
    traces: bool


class _Who(msgspec.Struct, gc=False):
    user: object = None
    session: object = None


class _Head(msgspec.Struct, gc=False):
    """What must be known of a record."""

    kind: object = None
    id: object = None
    at: object = None
    who: _Who | None = None
    subject: object = None


_UNREADABLE: Final = _Head()
_decode = msgspec.json.Decoder(_Head).decode
_Wanted: TypeAlias = Callable[[int, _Head], bool]

_RECORD: Final = f"CASE WHEN length(record) <= {MAX_RECORD} THEN record END"
_WITH_PAYLOAD: Final = f"""
SELECT payloads.idx, {_RECORD} FROM payloads LEFT JOIN records ON records.idx = payloads.idx
WHERE payloads.idx > ? AND payloads.idx < ? ORDER BY payloads.idx
"""  # noqa: S608  # a constant of this package
_CONTAINING: Final = f"SELECT idx, {_RECORD} FROM records WHERE instr(record, ?) ORDER BY idx"  # noqa: S608
_EVERY: Final = f"SELECT idx, {_RECORD} FROM records ORDER BY idx"  # noqa: S608
_NO_BOUND: Final = 2**53


def erase(
    path: str | os.PathLike[str],
    which: Which,
    *,
    by: str,
    because: str,
    keyring: Keyring | None = None,
    clock: Callable[[], int] = time.time_ns,
    randomness: Callable[[int], bytes] = os.urandom,
) -> Erased:
    """Erases payloads of a log's database, and appends the record of who did it and why.

    Raises `RecordNotFound` for a record that is not there, `UnusableKey` where a person's payloads are sealed and there is no
    `keyring` from which the key could be destroyed, and what opening a log and appending to it raises.
    """
    with Log.open(path, create=False) as log:
        with closing(connect_to_read(log.path)) as connection, _readable(log.path):
            destroyed, emptied = _finish_interrupted(connection, keyring)
            bound = _bound(connection, which)
            wanted = _wanted(connection, which, "user" if keyring is None else keyring.subjects)
            chosen = _matching(connection, wanted, -1, bound)
            if keyring is None and isinstance(which, OfSubject) and _any_sealed(connection, chosen):
                raise UnusableKey(
                    "what this person sent is sealed, and copies of the log can be opened until the key is destroyed: name "
                    "the keys with --payload-keys; nothing was erased"
                )
        kid = keyring.name_of(caller_word(which.identifier)) if keyring and isinstance(which, OfSubject) else None

        def choose(locked: apsw.Connection) -> Sequence[int]:
            """Those that were found before the lock was taken, and those that came meanwhile."""
            later = _matching(locked, wanted, chosen[-1], bound) if chosen else _matching(locked, wanted, -1, bound)
            return [*chosen, *later]

        def record(indexes: Sequence[int]) -> Unplaced | None:
            if not indexes and kid is None:
                return None
            members = {
                "count": len(indexes),
                "records": list(indexes) if bound is None else [],
                "before": bound,
                "subject": kid,
                "by": by,
                "because": because,
            }
            now = clock()
            identifier = ulid(now, randomness(16))
            return unplaced(*event_record("erasure", members, time_text(now), identifier, lambda: randomness(16)))

        appended, count, emptied_log = log.erase(choose, record)
        emptied &= emptied_log
        if keyring is not None and kid is not None:
            emptied &= keyring.destroy(kid)
            destroyed += 1
        return Erased(appended, count, destroyed, traces=not emptied)


def _finish_interrupted(connection: apsw.Connection, keyring: Keyring | None) -> tuple[int, bool]:
    """Destroys the keys of which the log says that they are: how many there were, and whether no trace is left."""
    destroyed, emptied = 0, True
    if keyring is None:
        return destroyed, emptied
    for _, head in _heads(connection, _CONTAINING, (b'"kind":"erasure"',)):
        if head.kind == "erasure" and isinstance(head.subject, str) and keyring.has(head.subject):
            emptied &= keyring.destroy(head.subject)
            destroyed += 1
    return destroyed, emptied


def _bound(connection: apsw.Connection, which: Which) -> int | None:
    """The index below which payloads are erased, None where others are."""
    match which:
        case Before(index):
            return index
        case OlderThan(at_ns):
            earliest = time_text(at_ns)
            for index, head in _heads(connection, _EVERY):
                if isinstance(head.at, str) and _comparable(head.at) >= _comparable(earliest):
                    return index
            return _count(connection)
        case _:
            return None


def _wanted(connection: apsw.Connection, which: Which, subjects: Subjects) -> _Wanted:
    match which:
        case TheseRecords(names):
            indexes = {_index_of(connection, name) for name in names}
            return lambda index, _: index in indexes
        case OfSubject(identifier):
            word = caller_word(identifier)
            return lambda _, head: head.who is not None and getattr(head.who, subjects) == word
        case _:
            return lambda _, __: True


def _matching(connection: apsw.Connection, wanted: _Wanted, after: int, bound: int | None) -> list[int]:
    heads = _heads(connection, _WITH_PAYLOAD, (after, _NO_BOUND if bound is None else bound))
    return [index for index, head in heads if head.kind != "erasure" and wanted(index, head)]


def _any_sealed(connection: apsw.Connection, indexes: Sequence[int]) -> bool:
    """Whether one of these payloads is sealed: all others begin with a brace."""
    statement = "SELECT substr(payload, 1, 1) FROM payloads WHERE idx = ?"
    beginnings = (run(connection, statement, (index,)) for index in indexes)
    return any(is_sealed(cell) for found in beginnings for row in found for cell in row if isinstance(cell, bytes))


def _index_of(connection: apsw.Connection, name: str) -> int:
    if name.isascii() and name.isdigit() and len(name) <= 16:
        if run(connection, "SELECT 1 FROM records WHERE idx = ?", (int(name),)):
            return int(name)
    else:
        for index, head in _heads(connection, _CONTAINING, (f'"id":"{name}"'.encode(),)):
            if head.id == name:
                return index
    raise RecordNotFound(f"the log holds no record {name:.60}, so nothing was erased")


def _heads(
    connection: apsw.Connection, statement: str, values: tuple[int | bytes, ...] = ()
) -> Iterator[tuple[int, _Head]]:
    for row in connection.execute(statement, values):
        match tuple(row):
            case (int(index), bytes(record)):
                yield index, _read(record)
            case (int(index), *_):
                yield index, _UNREADABLE
            case _:
                pass


def _read(record: bytes) -> _Head:
    try:
        return _decode(record)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return _UNREADABLE


def _count(connection: apsw.Connection) -> int:
    match run(connection, "SELECT max(idx) FROM records"):
        case [(int(last),)]:
            return last + 1
        case _:
            return 0


def _comparable(at: str) -> str:
    """A time in RFC 3339 with nine digits of its second, so that times sort as texts do."""
    whole, _, fraction = at.removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<9}"


@contextmanager
def _readable(path: str) -> Iterator[None]:
    import apsw

    try:
        yield
    except apsw.Error as mistake:
        raise LogUnavailable(f"cannot read {shown(path)}: {mistake}; verify it") from mistake
