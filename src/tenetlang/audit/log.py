"""A durable log of decisions: appended to by many, and never changed.

One append is one transaction. Inside it the last record is read back, the new one gets the next index and names the
leaf before it, and the commit returns when the disk has it. Several processes may append to one log: the write lock of SQLite, or
an advisory lock of PostgreSQL, puts them in a row, and each reads back what the one before it wrote.

A failed write leaves the question open what is on the disk, and a second attempt may answer it wrongly: after a failed
flush the operating system may drop the dirty pages and report success. So nothing is ever tried again. The object is
*poisoned* and refuses all further appends, until somebody verified the file and opened it anew.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

from tenetlang.audit.checkpoints.checkpoint import Checkpoint
from tenetlang.audit.checkpoints.frontiers import keep_row, keeps_row, row_before_last
from tenetlang.audit.checkpoints.note import Signature, SigningKey
from tenetlang.audit.checkpoints.rotation import check_unrotated, epoch_of, rotation_record
from tenetlang.audit.checkpoints.signatures import checkpoint_of, sign_checkpoint
from tenetlang.audit.checkpoints.signing import add_note, newest_note, put_checkpoint, put_lines, signed_before
from tenetlang.audit.errors import (
    AuditError,
    InvalidNote,
    InvalidRecord,
    LogDamaged,
    LogPoisoned,
    LogUnavailable,
    NoCheckpoint,
    NoSignatures,
    UnusableKey,
)
from tenetlang.audit.jobs import Outcome, Step, check_appendable, done_in_transaction
from tenetlang.audit.merkle import Frontier, leaf_hash
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.stores.creation import first_row, insert_rows, rows_of
from tenetlang.audit.stores.database import Database, DatabaseFailed, NotBegun
from tenetlang.audit.stores.opening import located, open_to_write
from tenetlang.audit.stores.rows import AppendedRecord, StoredRecord, last_record, rows_after
from tenetlang.audit.stores.sqlite import shown

_BATCH = 64

_T = TypeVar("_T")


class _Refused(Exception):
    """What was to be done failed, and nothing is wrong with the log."""

    def __init__(self, mistake: Exception) -> None:
        super().__init__(str(mistake))
        self.mistake = mistake


class _OneAtATime:
    """The lock of a log. Who has it already, and asks again, is a job that uses its own log, and would wait for ever."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder = 0

    def __enter__(self) -> None:
        if self._holder == threading.get_ident():
            raise LogPoisoned(
                "what is done in a transaction of a log can't use the log; a job gives its records instead"
            )
        self._lock.acquire()
        self._holder = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._holder = 0
        self._lock.release()


class Log:
    """An open log. May be shared between threads, not across a fork; a context manager that closes it."""

    def __init__(
        self,
        path: str,
        database: Database,
        clock: Callable[[], int] = time.time_ns,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Use `Log.open`. `path` may be an address with a password in it, so it is shown to nobody as it is."""
        self.path = path
        self._clock = clock
        self._randomness = randomness
        self._database = database
        self._lock = _OneAtATime()
        self._process = os.getpid()
        self._refusal: str | None = None
        self._frontier = Frontier()
        self._before_last: tuple[bytes, ...] = ()
        self._allowed: set[str] = set()
        self._last = last_record(database, path)

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
        """Opens a log to append to it, and creates it where there is none and `create` is true.

        `path` is a file, or the address of a log on a server (`stores/addresses.py`). `busy_seconds` is for how long an append
        waits for others. `clock` gives nanoseconds since 1970, `randomness` that many random bytes; both are only used for the
        first record of a new log, and where a checkpoint is signed or the key changed. Raises `NotALog`, `LogUnavailable`, or
        `LogDamaged` where its last record contradicts itself. The rest of the log is not verified here: that is `verify_log`.
        """
        name = located(path)
        database = open_to_write(name, busy_seconds, (lambda: first_row(clock(), randomness)) if create else None)
        try:
            return cls(name, database, clock, randomness)
        except BaseException:
            database.close()
            raise

    def append(self, envelope: Mapping[str, object] | Unplaced, payload: bytes | None = None) -> AppendedRecord:
        """Appends one record and returns when it is on the disk.

        `envelope` is a record without `index` and `previous`, `payload` the bytes whose SHA-256 it names; or a record that
        waits for its place (`records/unplaced.py`) and brings its payload. Raises `InvalidRecord` and `LogUnavailable` (another process holds the lock) with nothing written and the log usable;
        `LogDamaged` and `LogPoisoned` for good.
        """
        return self.append_all([(envelope, payload)])[0]

    def append_all(
        self, entries: Sequence[tuple[Mapping[str, object] | Unplaced, bytes | None]]
    ) -> tuple[AppendedRecord, ...]:
        """Appends several records in one transaction: all of them or none."""
        records = [unplaced(envelope, payload) for envelope, payload in entries]
        for record in records:
            check_appendable(record)
        with self._lock:
            appended = self._in_transaction(lambda: self._append_in_transaction(records))
            if appended:
                self._last = appended[-1]
            return appended

    def do_all(self, steps: Sequence[Step]) -> tuple[Outcome, ...]:
        """Does all this in one transaction (`jobs.py`), and returns when it is on the disk: records to append, and jobs that
        change tables and give records.

        Gives what came of each. One that fails is undone alone, and its outcome is what was raised. Raises `LogUnavailable` with
        nothing run; `LogDamaged` and `LogPoisoned` with nothing told to anybody.
        """
        with self._lock:
            outcomes, self._last = self._in_transaction(
                lambda: done_in_transaction(self._database, self._last_unmoved(), steps, self._allowed)
            )
            return outcomes

    def append_if(self, wanted: Callable[[], Unplaced | None]) -> AppendedRecord | None:
        """Appends the record that is wanted once nobody else can append, if one is. Raises what `append` raises."""
        with self._lock:
            appended = self._in_transaction(lambda: self._append_wanted(wanted))
            self._last = appended or self._last
            return appended

    def erase(
        self,
        choose: Callable[[Database], Sequence[int]],
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
            return appended, count, self._database.forget()

    def sign(self, key: SigningKey, *, renew: bool = False) -> bytes:
        """Signs a checkpoint of the log as it is now, stores it and gives its note; one that is there already is not
        signed again, unless it is to `renew` its time: a heartbeat of a log that did not grow.

        All records are read and hashed for the first, later on those that were added since (`checkpoints/frontiers.py`).
        Raises `LogDamaged` for a log that is not what the newest checkpoint in it says, which would sign two stories, and
        otherwise what `append` raises.
        """
        with self._lock:
            return self._in_transaction(lambda: self._sign_in_transaction(key, renew=renew))

    def rotate(self, old: SigningKey, new: SigningKey) -> AppendedRecord | None:
        """Has another key sign the log from here on: a record that says so, the last checkpoint of the old key and the
        first of the new one, all of it or nothing. None where the new key signs the log already.

        Raises `UnusableKey` where the new one can't follow the old one, and otherwise what `sign` raises.
        """
        with self._lock:
            try:
                appended = self._in_transaction(lambda: self._rotate_in_transaction(old, new))
            except BaseException:
                self._frontier = Frontier()  # it may hold the record that is not there
                raise
            self._last = appended or self._last
            return appended

    def add_lines(self, text: str, lines: Sequence[Signature]) -> bytes:
        """Stores what witnesses signed below the checkpoint with this text, and gives its note.

        Raises `NoCheckpoint` where it is none of the newest ones, `InvalidNote` where there would be too many lines, and
        otherwise what `append` raises.
        """
        with self._lock:
            return self._in_transaction(lambda: self._add_lines_in_transaction(text, lines))

    def check_signed(self, key: SigningKey) -> None:
        """Raises `LogDamaged` for a log that is shorter than its newest checkpoint, or whose last record there is another one.

        Reads one record where the log keeps the row of that checkpoint (`checkpoints/frontiers.py`), else all up to it.
        """
        with self._lock:
            self._check_usable()
            self._reach(newest_note(self._database), key)

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

    def arrive(self) -> bool:
        """Joins those that write into the log, within `append_if`; whether one of them was there, is gone, and did not leave."""
        return self._database.arrive()

    def is_last(self) -> bool:
        """Whether no other writer is there, within `append_if`; what follows is `leave`."""
        return self._database.is_last()

    def leave(self, *, last: bool) -> None:
        """Goes; `last` is what `is_last` said. May be called twice."""
        with self._lock:
            self._database.leave(last=last)

    def close(self) -> None:
        """Closes the database. May be called twice."""
        with self._lock:
            self._refusal = self._refusal or f"{shown(self.path)} is closed; open it again"
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _in_transaction(self, action: Callable[[], _T]) -> _T:
        """Does it with the write lock held, and commits; after what may have been written by half, nothing is done again."""
        self._check_usable()
        try:
            self._database.begin()
        except NotBegun as mistake:
            raise LogUnavailable(
                f"{shown(self.path)} can't be written now: {mistake}; nothing was written, try again"
            ) from mistake
        except BaseException as mistake:
            raise self._poisoned(mistake) from mistake
        try:
            self._database.check()
            done = action()
            self._database.commit()
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

    def _sign_in_transaction(self, key: SigningKey, *, renew: bool) -> bytes:
        newest = newest_note(self._database)
        self._advance_to_sign(newest, key)
        note = put_checkpoint(self._database, newest, self._frontier, key, self._clock() // 10**9, renew=renew)
        self._keep_row()
        return note

    def _rotate_in_transaction(self, old: SigningKey, new: SigningKey) -> AppendedRecord | None:
        newest = newest_note(self._database)
        if newest is not None and _is_signed(newest, new):
            return None
        if newest is None or not _is_signed(newest, old):
            raise _Refused(UnusableKey(f"the newest checkpoint of {shown(self.path)} is not by {old.verifier.short}"))
        self._advance_to_sign(newest, old)
        now = self._clock()
        last = self._last_unmoved()
        epoch = epoch_of(self._database, old) + 1
        try:
            record = rotation_record(old, new, epoch, last.index + 1, now, self._randomness)
        except UnusableKey as mistake:
            raise _Refused(mistake) from mistake
        rows = rows_of(last.index + 1, last.leaf, [record])
        insert_rows(self._database, rows)
        self._advance(None)
        for key in (old, new):
            checkpoint = Checkpoint(key.verifier.name, self._frontier.size, self._frontier.root())
            add_note(self._database, sign_checkpoint(checkpoint, key, now // 10**9))
        self._keep_row()
        return AppendedRecord(rows[0].index, rows[0].leaf)

    def _add_lines_in_transaction(self, text: str, lines: Sequence[Signature]) -> bytes:
        try:
            return put_lines(self._database, text, lines)
        except (NoCheckpoint, InvalidNote) as mistake:
            raise _Refused(mistake) from mistake

    def _keep_row(self) -> None:
        if not keeps_row(self._database, self._frontier.size):
            keep_row(self._database, self._frontier.size, self._before_last)

    def _advance_to_sign(self, newest: bytes | None, key: SigningKey) -> None:
        """Reads on to the end of a log that may be signed."""
        signed = self._reach(newest, key)
        check_unrotated(self._database, signed, self.path)
        self._advance(None)

    def _reach(self, newest: bytes | None, key: SigningKey) -> int:
        """Reads on to the newest checkpoint, and compares; gives its size."""
        if newest is None:
            return 0
        before = signed_before(newest, key, self.path)
        if self._frontier.size > before.size:
            self._frontier = Frontier()
        if self._frontier.size == 0 and before.origin == key.verifier.name:
            self._take_up(before)
        self._advance(before.size)
        if (self._frontier.size, self._frontier.root()) != (before.size, before.root):
            shorter = self._frontier.size < before.size
            raise LogDamaged(
                f"{shown(self.path)} {'is shorter than' if shorter else 'does not begin with the records of'} its newest "
                f"checkpoint, which is of {before.size:,} records: it was {'cut' if shorter else 'rewritten'}; run `tenet "
                "audit verify` on it and restore it from a copy"
            )
        return before.size

    def _take_up(self, signed: Checkpoint) -> None:
        """Begins with what the signature vouches for, where it is there, in place of the first record."""
        row = row_before_last(self._database, signed)
        if row is not None:
            self._frontier = Frontier.of(signed.size - 1, row)

    def _advance(self, size: int | None) -> None:
        """Hashes the records up to this size, or all, into the frontier."""
        while size is None or self._frontier.size < size:
            wanted = _BATCH if size is None else min(_BATCH, size - self._frontier.size)
            batch = rows_after(self._database, self.path, self._frontier.size - 1, wanted)
            if not batch:
                return
            for stored in batch:
                if stored.index != self._frontier.size or leaf_hash(stored.record) != stored.leaf:
                    raise LogDamaged(
                        f"record {self._frontier.size} of {shown(self.path)} was changed or is missing; run `tenet audit "
                        "verify` on it"
                    )
                if stored is batch[-1]:
                    self._before_last = self._frontier.row()
                self._frontier.append(stored.leaf)

    def _append_in_transaction(self, records: Sequence[Unplaced]) -> tuple[AppendedRecord, ...]:
        last = self._last_unmoved()
        rows = rows_of(last.index + 1, last.leaf, records)
        insert_rows(self._database, rows)
        return tuple(AppendedRecord(row.index, row.leaf) for row in rows)

    def _append_wanted(self, wanted: Callable[[], Unplaced | None]) -> AppendedRecord | None:
        record = wanted()
        return None if record is None else self._append_in_transaction([record])[0]

    def _erase_in_transaction(
        self,
        choose: Callable[[Database], Sequence[int]],
        record: Callable[[Sequence[int]], Unplaced | None],
    ) -> tuple[AppendedRecord | None, int]:
        indexes = choose(self._database)
        said = record(indexes)
        if said is None:
            return None, 0
        self._database.run_many("DELETE FROM payloads WHERE idx = ?", [(index,) for index in indexes])
        return self._append_in_transaction([said])[0], len(indexes)

    def _last_unmoved(self) -> AppendedRecord:
        """The last record on the disk, once it is certain that those this object knew of are still there."""
        last = last_record(self._database, self.path)
        known = self._last
        if last != known:
            row = self._database.run("SELECT leaf FROM records WHERE idx = ?", (known.index,))
            if row != [(known.leaf,)]:
                raise LogDamaged(
                    f"{shown(self.path)} no longer holds the record {known.index} that was there before: the file was cut or "
                    "replaced while it was in use; verify it and compare it with a copy"
                )
        return last

    def _batch(self, after: int) -> list[StoredRecord]:
        with self._lock:
            self._check_usable()
            return rows_after(self._database, self.path, after, _BATCH)

    def _check_usable(self) -> None:
        if self._refusal is not None:
            raise LogPoisoned(self._refusal)
        if self._process != os.getpid():
            raise LogPoisoned(f"{shown(self.path)} was opened before a fork; open it again in this process")

    def _poisoned(self, mistake: BaseException) -> AuditError:
        cause = mistake.__cause__ if isinstance(mistake, DatabaseFailed) and mistake.__cause__ else mistake
        self._refusal = (
            f"a write to {shown(self.path)} failed ({type(cause).__name__}: {mistake}), so what is on the disk is unknown; "
            "close the log, run `tenet audit verify` on it, and open it again"
        )
        return LogPoisoned(self._refusal)

    def _roll_back(self) -> None:
        try:
            self._database.roll_back()
        except DatabaseFailed as mistake:
            self._poisoned(mistake)


def open_log(path: str | os.PathLike[str]) -> Log:
    """Opens a log to append to it, by its file or its address on a server; creates it where there is none. See `Log.open`."""
    return Log.open(path)


def _is_signed(note: bytes, key: SigningKey) -> bool:
    try:
        checkpoint_of(note, [key.verifier])
    except InvalidNote:
        return False
    return True
