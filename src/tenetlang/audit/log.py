"""A durable log of decisions: appended to by many, and never changed.

One append is one transaction. Inside it the last record is read back, the new one gets the next index and names the
leaf before it, and the commit returns when the disk has it. Several processes may append to one file: SQLite's write
lock puts them in a row, and each reads back what the one before it wrote.

A failed write leaves the question open what is on the disk, and a second attempt may answer it wrongly: after a failed
flush the operating system may drop the dirty pages and report success. So nothing is ever tried again. The object is
*poisoned* and refuses all further appends, until somebody verified the file and opened it anew.

A new log is made under another name, with its first record in it, and then linked to its own name. Nobody ever sees
a log without a beginning, two processes that create the same log end up with one, and an empty file is never taken for
a new log: it may be what is left of an old one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import attrs

from tenetlang.audit.checkpoints.note import SigningKey
from tenetlang.audit.checkpoints.signing import add_note, newest_note, next_note, signed_before
from tenetlang.audit.errors import (
    AuditError,
    InvalidRecord,
    LogDamaged,
    LogPoisoned,
    LogUnavailable,
    NoSignatures,
    NotALog,
)
from tenetlang.audit.merkle import Frontier, leaf_hash
from tenetlang.audit.records.record import FIRST_PREVIOUS, opened_record, time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, placed, unplaced
from tenetlang.audit.stores.sqlite import absolute, connect_to_write, create_tables, run, shown
from tenetlang.audit.stores.tables import Also, Tables

if TYPE_CHECKING:
    import apsw

_BATCH = 64

_T = TypeVar("_T")


@attrs.frozen
class AppendedRecord:
    """Where a record went: its index from 0, and its leaf hash (32 bytes)."""

    index: int
    leaf: bytes


@attrs.frozen
class StoredRecord:
    """One record as it is stored: its index, its canonical bytes, its leaf hash."""

    index: int
    record: bytes = attrs.field(repr=False)
    leaf: bytes


class _Refused(Exception):
    """What was to be done beside the records failed, and nothing is wrong with the log."""

    def __init__(self, mistake: Exception) -> None:
        super().__init__(str(mistake))
        self.mistake = mistake


class Log:
    """An open log. May be shared between threads, not across a fork; a context manager that closes it."""

    def __init__(self, path: str, connection: apsw.Connection) -> None:
        """Use `Log.open`."""
        self.path = path
        self._connection = connection
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._refusal: str | None = None
        self._frontier = Frontier()
        self._allowed: set[str] = set()
        self._last = _last_record(connection, path)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        create: bool = True,
        busy_seconds: float = 10.0,
        clock: Callable[[], int] = time.time_ns,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> Self:
        """Opens a log to append to it, and creates it where there is no file and `create` is true.

        `clock` gives nanoseconds since 1970, `randomness` that many random bytes; both are only used for the first
        record of a new log. Raises `NotALog`, `LogUnavailable`, or `LogDamaged` where its last record contradicts
        itself. The rest of the log is not verified here: that is `verify_log`.
        """
        name = absolute(path)
        if not os.path.lexists(name):
            if not create:
                raise NotALog(f"there is no log at {shown(name)}")
            _create(name, clock(), randomness)
        connection = connect_to_write(name, busy_seconds)
        try:
            return cls(name, connection)
        except BaseException:
            connection.close(True)
            raise

    def append(self, envelope: Mapping[str, object] | Unplaced, payload: bytes | None = None) -> AppendedRecord:
        """Appends one record and returns when it is on the disk.

        `envelope` is a record without `index` and `previous`, `payload` the bytes whose SHA-256 it names; or a record that
        waits for its place (`records/unplaced.py`) and brings its payload. Raises `InvalidRecord` and `LogUnavailable` (another process holds the lock) with nothing written and the log usable;
        `LogDamaged` and `LogPoisoned` for good.
        """
        return self.append_all([(envelope, payload)])[0]

    def append_all(
        self, entries: Sequence[tuple[Mapping[str, object] | Unplaced, bytes | None]], also: Sequence[Also] = ()
    ) -> tuple[AppendedRecord, ...]:
        """Appends several records in one transaction: all of them or none.

        `also` is done in it, after them (`stores/tables.py`). If one of these raises, nothing is written, and the log stays
        usable unless it was the database that failed.
        """
        records = [unplaced(envelope, payload) for envelope, payload in entries]
        with self._lock:
            appended = self._in_transaction(lambda: self._append_in_transaction(records, also))
            if appended:
                self._last = appended[-1]
            return appended

    def erase(
        self,
        choose: Callable[[apsw.Connection], Sequence[int]],
        record: Callable[[Sequence[int]], Unplaced | None],
    ) -> tuple[AppendedRecord | None, int, bool]:
        """Deletes the payloads of the records that are chosen and appends the record of it, in one transaction.

        Both are called with the lock held; without a record nothing is deleted. Gives the record, how many were chosen, and
        whether nothing is left of them: what was deleted is overwritten in the file and the write-ahead log emptied, which
        can't be while somebody reads the log. Raises what `append` raises.
        """
        with self._lock:
            self._check_usable()
            appended, count = self._in_transaction(lambda: self._erase_in_transaction(choose, record))
            if appended is not None:
                self._last = appended
            return appended, count, self._empty_write_ahead_log()

    def sign(self, key: SigningKey) -> bytes:
        """Signs a checkpoint of the log as it is now, stores it and gives its note; one that is there already is not
        signed again.

        All records are read and hashed for the first, later on those that were added. Raises `LogDamaged` for a log that
        is not what the newest checkpoint in it says, which would sign two stories, and otherwise what `append` raises.
        """
        with self._lock:
            return self._in_transaction(lambda: self._sign_in_transaction(key))

    def check_signed(self, key: SigningKey) -> None:
        """Raises `LogDamaged` for a log that is shorter than its newest checkpoint or does not begin with its records."""
        with self._lock:
            self._check_usable()
            self._reach(newest_note(self._connection), key)

    def records(self) -> Iterator[StoredRecord]:
        """All records in order, read in batches; those appended meanwhile are included."""
        after = -1
        while batch := self._batch(after):
            yield from batch
            after = batch[-1].index

    def size_and_root(self) -> tuple[int, bytes]:
        """The number of records and the Merkle root over their leaves, as `tenet audit verify` prints them.

        The first call reads every leaf, later ones those that were added.
        """
        with self._lock:
            self._check_usable()
            self._advance(None)
            return self._frontier.size, self._frontier.root()

    def close(self) -> None:
        """Closes the file. May be called twice."""
        with self._lock:
            self._refusal = self._refusal or f"{shown(self.path)} is closed; open it again"
            self._connection.close(True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _in_transaction(self, action: Callable[[], _T]) -> _T:
        """Does it with the write lock held, and commits; after what may have been written by half, nothing is done again."""
        import apsw

        self._check_usable()
        try:
            run(self._connection, "BEGIN IMMEDIATE")
        except apsw.BusyError as mistake:
            raise LogUnavailable(
                f"{shown(self.path)} is locked by another process; nothing was written, try again"
            ) from mistake
        except BaseException as mistake:
            raise self._poisoned(mistake) from mistake
        try:
            done = action()
            run(self._connection, "COMMIT")
        except (InvalidRecord, NoSignatures):
            self._roll_back()
            raise
        except _Refused as refused:
            self._roll_back()
            raise refused.mistake from refused.mistake.__cause__
        except LogDamaged as mistake:
            self._roll_back()
            self._refusal = str(mistake)
            raise
        except BaseException as mistake:
            poisoned = self._poisoned(mistake)
            self._roll_back()
            if isinstance(mistake, Exception):
                raise poisoned from mistake
            raise
        return done

    def _sign_in_transaction(self, key: SigningKey) -> bytes:
        newest = newest_note(self._connection)
        self._reach(newest, key)
        self._advance(None)
        note = next_note(self._frontier, key)
        if note != newest:
            add_note(self._connection, note)
        return note

    def _reach(self, newest: bytes | None, key: SigningKey) -> None:
        """Reads on to the newest checkpoint, and compares."""
        if newest is None:
            return
        before = signed_before(newest, key, self.path)
        if self._frontier.size > before.size:
            self._frontier = Frontier()
        self._advance(before.size)
        if (self._frontier.size, self._frontier.root()) != (before.size, before.root):
            shorter = self._frontier.size < before.size
            raise LogDamaged(
                f"{shown(self.path)} {'is shorter than' if shorter else 'does not begin with the records of'} its newest "
                f"checkpoint, which is of {before.size:,} records: it was {'cut' if shorter else 'rewritten'}; run `tenet "
                "audit verify` on it and restore it from a copy"
            )

    def _advance(self, size: int | None) -> None:
        """Hashes the records up to this size, or all, into the frontier."""
        while size is None or self._frontier.size < size:
            wanted = _BATCH if size is None else min(_BATCH, size - self._frontier.size)
            batch = self._rows_after(self._frontier.size - 1, wanted)
            if not batch:
                return
            for stored in batch:
                if stored.index != self._frontier.size or leaf_hash(stored.record) != stored.leaf:
                    raise LogDamaged(
                        f"record {self._frontier.size} of {shown(self.path)} was changed or is missing; run `tenet audit "
                        "verify` on it"
                    )
                self._frontier.append(stored.leaf)

    def _append_in_transaction(self, records: Sequence[Unplaced], also: Sequence[Also]) -> tuple[AppendedRecord, ...]:
        last = self._last_unmoved()
        appended = _insert(self._connection, last.index + 1, last.leaf.hex(), records)
        if also:
            self._do(also)
        return appended

    def _erase_in_transaction(
        self,
        choose: Callable[[apsw.Connection], Sequence[int]],
        record: Callable[[Sequence[int]], Unplaced | None],
    ) -> tuple[AppendedRecord | None, int]:
        indexes = choose(self._connection)
        said = record(indexes)
        if said is None:
            return None, 0
        self._connection.executemany("DELETE FROM payloads WHERE idx = ?", [(index,) for index in indexes])
        return self._append_in_transaction([said], ())[0], len(indexes)

    def _empty_write_ahead_log(self) -> bool:
        import apsw

        try:
            return run(self._connection, "PRAGMA wal_checkpoint(TRUNCATE)")[0][0] == 0
        except apsw.Error:  # what was committed stays so; it is only not moved into the file yet
            return False

    def _do(self, also: Sequence[Also]) -> None:
        """Does what others do in the transaction. A failure of the database is the log's, any other is theirs."""
        import apsw

        tables = Tables(self._connection, self._allowed)
        try:
            for action in also:
                action(tables)
        except (apsw.ConstraintError, apsw.SQLError) as mistake:  # theirs: the statement is wrong, or what it says is
            raise _Refused(mistake) from mistake
        except apsw.Error:
            raise
        except Exception as mistake:
            raise _Refused(mistake) from mistake
        finally:
            tables.open = False

    def _last_unmoved(self) -> AppendedRecord:
        """The last record on the disk, once it is certain that those this object knew of are still there."""
        last = _last_record(self._connection, self.path)
        known = self._last
        if last != known:
            row = run(self._connection, "SELECT leaf FROM records WHERE idx = ?", (known.index,))
            if row != [(known.leaf,)]:
                raise LogDamaged(
                    f"{shown(self.path)} no longer holds the record {known.index} that was there before: the file was cut or "
                    "replaced while it was in use; verify it and compare it with a copy"
                )
        return last

    def _batch(self, after: int) -> list[StoredRecord]:
        with self._lock:
            self._check_usable()
            return self._rows_after(after, _BATCH)

    def _rows_after(self, after: int, count: int) -> list[StoredRecord]:
        import apsw

        try:
            rows = run(
                self._connection,
                "SELECT idx, record, leaf FROM records WHERE idx > ? ORDER BY idx LIMIT ?",
                (after, count),
            )
        except apsw.Error as mistake:
            raise LogUnavailable(f"cannot read {shown(self.path)}: {mistake}; verify it") from mistake
        return [_stored(row, self.path) for row in rows]

    def _check_usable(self) -> None:
        if self._refusal is not None:
            raise LogPoisoned(self._refusal)
        if self._process != os.getpid():
            raise LogPoisoned(f"{shown(self.path)} was opened before a fork; open it again in this process")

    def _poisoned(self, mistake: BaseException) -> AuditError:
        self._refusal = (
            f"a write to {shown(self.path)} failed ({type(mistake).__name__}: {mistake}), so what is on the disk is unknown; "
            "close the log, run `tenet audit verify` on it, and open it again"
        )
        return LogPoisoned(self._refusal)

    def _roll_back(self) -> None:
        import apsw

        try:
            if self._connection.in_transaction:
                run(self._connection, "ROLLBACK")
        except apsw.Error as mistake:
            self._poisoned(mistake)


def open_log(path: str | os.PathLike[str]) -> Log:
    """Opens a log to append to it; creates it where there is no file. See `Log.open`."""
    return Log.open(path)


def _insert(
    connection: apsw.Connection, index: int, previous: str, records: Sequence[Unplaced]
) -> tuple[AppendedRecord, ...]:
    """Puts records at their places, from this index on."""
    rows: list[tuple[int, bytes, bytes]] = []
    for place, record in enumerate(records, index):
        text = placed(record, place, previous)
        leaf = leaf_hash(text)
        rows.append((place, text, leaf))
        previous = leaf.hex()
    payloads = [(place, record.payload) for place, record in enumerate(records, index) if record.payload is not None]
    connection.executemany("INSERT INTO records (idx, record, leaf) VALUES (?, ?, ?)", rows)
    connection.executemany("INSERT INTO payloads (idx, payload) VALUES (?, ?)", payloads)
    return tuple(AppendedRecord(place, leaf) for place, _, leaf in rows)


def _last_record(connection: apsw.Connection, path: str) -> AppendedRecord:
    import apsw

    try:
        rows = run(connection, "SELECT idx, record, leaf FROM records ORDER BY idx DESC LIMIT 1")
    except apsw.BusyError as mistake:
        raise LogUnavailable(f"{shown(path)} is locked by another process; try again") from mistake
    except apsw.Error as mistake:
        raise LogDamaged(
            f"the last record of {shown(path)} cannot be read ({mistake}); run `tenet audit verify` on it"
        ) from mistake
    if not rows:
        raise LogDamaged(f"{shown(path)} holds no record, not even that of its opening; restore it from a copy")
    stored = _stored(rows[0], path)
    if stored.index < 0 or leaf_hash(stored.record) != stored.leaf:
        raise LogDamaged(
            f"the last record of {shown(path)}, {stored.index}, was changed; run `tenet audit verify` on it"
        )
    return AppendedRecord(stored.index, stored.leaf)


def _stored(row: tuple[object, ...], path: str) -> StoredRecord:
    match row:
        case (int(index), bytes(record), bytes(leaf)):
            return StoredRecord(index, record, leaf)
        case _:
            raise LogDamaged(f"{shown(path)} holds values of a wrong type; run `tenet audit verify` on it")


def _create(path: str, now_ns: int, randomness: Callable[[int], bytes]) -> None:
    import apsw

    for suffix in ("-wal", "-journal"):
        if os.path.lexists(path + suffix):
            if os.path.lexists(path):  # another process made the log just now, and is already writing to it
                return
            raise NotALog(
                f"there is no log at {shown(path)}, but {shown(path + suffix)} holds changes of one that was there; "
                "put the log back, or move that file away"
            )
    unfinished = f"{path}.{randomness(8).hex()}.new"
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as mistake:
        raise LogUnavailable(f"cannot create {shown(path)}: {mistake.strerror}") from mistake
    try:
        connection = create_tables(unfinished)
        try:
            run(connection, "BEGIN IMMEDIATE")
            first = opened_record(time_text(now_ns), ulid(now_ns, randomness(16)))
            _insert(connection, 0, FIRST_PREVIOUS, [unplaced(first)])
            run(connection, "COMMIT")
        finally:
            connection.close(True)
        _publish(unfinished, path)
    except (OSError, apsw.Error) as mistake:
        raise LogUnavailable(f"cannot create {shown(path)}: {mistake}") from mistake
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(unfinished + suffix).unlink(missing_ok=True)


def _publish(unfinished: str, path: str) -> None:
    """Gives a finished file its name, unless another process was quicker; the name is on the disk afterwards."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if os.path.lexists(path):
            return
        Path(unfinished).rename(path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
