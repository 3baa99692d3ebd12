"""Erasing what callers sent: which payloads, the record that says so, and the key of the person.

Payloads and the record of their erasure change in one transaction of the log, so there is never one without the other. The
key lies in another file. So the record names it first and it is destroyed afterwards; if the machine stops in between, the record
tells that it must not be there any more, and the next erasure with these keys destroys it before all else.

A person is found by the identifier in `who`, so that what was recorded before there were keys is erased as well; and what
followed from their decisions goes with them: what the calls gave, and what reviewers wrote. The payload of an erasure itself
holds nothing but indexes, and is kept: it may be all that says why others are missing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final, TypeAlias

import attrs
import msgspec

from tenetlang.audit.errors import LogUnavailable, RecordNotFound, UnusableKey
from tenetlang.audit.log import Log
from tenetlang.audit.payloads.keyring import Keyring, Subjects
from tenetlang.audit.payloads.sealing import is_sealed
from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.record import MAX_RECORD, caller_word, time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.stores.database import Database, DatabaseFailed
from tenetlang.audit.stores.opening import located, open_to_read
from tenetlang.audit.stores.rows import AppendedRecord
from tenetlang.audit.stores.sqlite import shown
from tenetlang.frozen import frozen


@frozen
class TheseRecords:
    """Payloads of records by index or identifier."""

    names: tuple[str, ...]


@frozen
class OfSubject:
    """All payloads of whoever has this identifier: of their decisions, and of outcomes and reviews of these; and the key of it."""

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
    they are done and something is erased or written again; or the log is on a server, which keeps it for a while."""

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
    who: _Who | str | None = None
    subject: object = None
    of: object = None
    task: object = None


_UNREADABLE: Final = _Head()
_decode = msgspec.json.Decoder(_Head).decode
_Wanted: TypeAlias = Callable[[int, _Head], bool]
"""Whether the payload of a record is wanted; asked of records in their order."""

_RECORD: Final = f"CASE WHEN length(record) <= {MAX_RECORD} THEN record END"
_WITH_PAYLOAD: Final = f"""
SELECT payloads.idx, {_RECORD}, 1 FROM payloads LEFT JOIN records ON records.idx = payloads.idx
WHERE payloads.idx > ? AND payloads.idx < ? ORDER BY payloads.idx
"""  # noqa: S608  # a constant of this package
_ALL: Final = f"""
SELECT records.idx, {_RECORD}, payloads.idx IS NOT NULL FROM records LEFT JOIN payloads ON payloads.idx = records.idx
WHERE records.idx > ? AND records.idx < ? ORDER BY records.idx
"""  # noqa: S608  # the same
_EVERY: Final = f"SELECT idx, {_RECORD} FROM records ORDER BY idx"  # noqa: S608
_NO_BOUND: Final = 2**53
_SEALED: Final = (
    "what this person sent is sealed, and copies of the log can be opened until the key is destroyed: name the keys with "
    "--payload-keys; nothing was erased"
)


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
        with closing(open_to_read(log.path)) as database, _readable(log.path):
            destroyed, emptied = _finish_interrupted(database, keyring)
            search = _search(database, which, keyring)
            search.read_on(database)
            if keyring is None and isinstance(which, OfSubject) and _any_sealed(database, search.found):
                raise UnusableKey(_SEALED)
        bound = search.bound
        kid = keyring.name_of(caller_word(which.identifier)) if keyring and isinstance(which, OfSubject) else None

        def choose(locked: Database) -> Sequence[int]:
            """Those that were found before the lock was taken, and those that came meanwhile."""
            search.read_on(locked)
            return search.found

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


def would_erase(path: str | os.PathLike[str], which: Which, keyring: Keyring | None = None) -> Erased:
    """What `erase` would do now, and does not do. Raises what that raises, but where it is the writing that fails."""
    name = located(path)
    with closing(open_to_read(name)) as database, _readable(name):
        search = _search(database, which, keyring)
        search.read_on(database)
        if keyring is None and isinstance(which, OfSubject) and _any_sealed(database, search.found):
            raise UnusableKey(_SEALED)
        interrupted = sum(1 for _ in _interrupted(database, keyring)) if keyring is not None else 0
    kid = keyring.name_of(caller_word(which.identifier)) if keyring and isinstance(which, OfSubject) else None
    return Erased(None, len(search.found), interrupted + (kid is not None), traces=False)


def _finish_interrupted(database: Database, keyring: Keyring | None) -> tuple[int, bool]:
    """Destroys the keys of which the log says that they are: how many there were, and whether no trace is left."""
    destroyed, emptied = 0, True
    if keyring is not None:
        for kid in _interrupted(database, keyring):
            emptied &= keyring.destroy(kid)
            destroyed += 1
    return destroyed, emptied


def _interrupted(database: Database, keyring: Keyring) -> Iterator[str]:
    """The names of keys that are there, although the log says that they were destroyed."""
    for _, head in _heads(database, _containing(database), (b'"kind":"erasure"',)):
        if head.kind == "erasure" and isinstance(head.subject, str) and keyring.has(head.subject):
            yield head.subject


def _bound(database: Database, which: Which) -> int | None:
    """The index below which payloads are erased, None where others are."""
    match which:
        case Before(index):
            return index
        case OlderThan(at_ns):
            earliest = time_text(at_ns)
            for index, head in _heads(database, _EVERY):
                if isinstance(head.at, str) and _comparable(head.at) >= _comparable(earliest):
                    return index
            return _count(database)
        case _:
            return None


@attrs.define
class _Search:
    """Finds the payloads to erase, below the bound if there is one: all that are there, and later those that came since."""

    wanted: _Wanted
    statement: str
    bound: int | None
    reached: int = -1
    found: list[int] = attrs.field(factory=list)

    def read_on(self, database: Database) -> None:
        values = (self.reached, _NO_BOUND if self.bound is None else self.bound)
        for row in database.each(self.statement, values):
            index, head = _head(row)
            self.reached = index
            if self.wanted(index, head) and row[2] and head.kind != "erasure":
                self.found.append(index)


def _search(database: Database, which: Which, keyring: Keyring | None) -> _Search:
    match which:
        case TheseRecords(names):
            indexes = {_index_of(database, name) for name in names}
            return _Search(lambda index, _: index in indexes, _WITH_PAYLOAD, None)
        case OfSubject(identifier):
            return _Search(
                _of_person(caller_word(identifier), "user" if keyring is None else keyring.subjects), _ALL, None
            )
        case _:
            return _Search(lambda _, __: True, _WITH_PAYLOAD, _bound(database, which))


def _of_person(word: str, subjects: Subjects) -> _Wanted:
    """Their decisions, and what names one of these or a review of one."""
    decisions: set[object] = set()
    tasks: set[object] = set()

    def wanted(_: int, head: _Head) -> bool:
        if head.kind == "intent":
            theirs = isinstance(head.who, _Who) and getattr(head.who, subjects) == word
            if theirs and isinstance(head.id, str):
                decisions.add(head.id)
            return theirs
        theirs = isinstance(head.of, str) and head.of in decisions
        if theirs and isinstance(head.task, str):
            tasks.add(head.task)
        return theirs or (isinstance(head.task, str) and head.task in tasks)

    return wanted


def _any_sealed(database: Database, indexes: Sequence[int]) -> bool:
    """Whether one of these payloads is sealed: all others begin with a brace."""
    statement = "SELECT substr(payload, 1, 1) FROM payloads WHERE idx = ?"
    beginnings = (database.run(statement, (index,)) for index in indexes)
    return any(is_sealed(cell) for found in beginnings for row in found for cell in row if isinstance(cell, bytes))


def _index_of(database: Database, name: str) -> int:
    if name.isascii() and name.isdigit() and len(name) <= 16:
        if database.run("SELECT 1 FROM records WHERE idx = ?", (int(name),)):
            return int(name)
    else:
        for index, head in _heads(database, _containing(database), (f'"id":"{name}"'.encode(),)):
            if head.id == name:
                return index
    raise RecordNotFound(f"the log holds no record {name:.60}, so nothing was erased")


def _heads(database: Database, statement: str, values: tuple[int | bytes, ...] = ()) -> Iterator[tuple[int, _Head]]:
    for row in database.each(statement, values):
        yield _head(row)


def _containing(database: Database) -> str:
    return f"SELECT idx, {_RECORD} FROM records WHERE {database.holds('record')} ORDER BY idx"  # noqa: S608  # a constant


def _head(row: tuple[object, ...]) -> tuple[int, _Head]:
    match row:
        case (int(index), bytes(record), *_):
            return index, _read(record)
        case (int(index), *_):
            return index, _UNREADABLE
        case _:
            raise LogUnavailable("a record has no index; run `tenet audit verify` on the log")


def _read(record: bytes) -> _Head:
    try:
        return _decode(record)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return _UNREADABLE


def _count(database: Database) -> int:
    match database.run("SELECT max(idx) FROM records"):
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
    try:
        yield
    except DatabaseFailed as mistake:
        raise LogUnavailable(f"cannot read {shown(path)}: {mistake}; verify it") from mistake
