"""Appends records for many callers at once, with as few flushes of the disk as can be: a group commit.

    threads, coroutines ──→ queue ──→ one thread ──→ one transaction for all that waited ──→ one flush ──→ everybody is told

A flush takes as long for a hundred records as for one. So what arrives while one is under way waits, and goes into the
next transaction together. Nobody waits for company: a record that arrives alone is written alone. A caller is told that its
record is there once it is on the disk, and not before.

What is handed over is a record, or a job (`jobs.py`): something to do in the transaction, in this thread, which gives a value
and the records that say what was done. Records are checked and written out by whoever brings them, so that nothing is left to
refuse when the transaction is open but a job, or a record that is too long, and either fails alone, without touching the others.
What concerns the log itself (it is poisoned, locked by another process, out of space) is told to all that wait, and to whoever
comes later if the log can't be used any more. Nothing is ever tried or run a second time.

The queue is bounded. Whoever finds it full waits a while and is then told that the log is not available, which a
gate answers with a denial; nothing is dropped in silence.

A writer says in the log that it closed it, `log.closed`, unless others still write there. One that finds that another was there
and crashed begins with `log.recovered` (`stores/presence.py`).
"""

from __future__ import annotations

import atexit
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

import attrs

from tenetlang.audit.checkpoints.note import SigningKey
from tenetlang.audit.checkpoints.signing import SIGN_EVERY
from tenetlang.audit.errors import AuditError, InvalidRecord, LogPoisoned, LogUnavailable
from tenetlang.audit.jobs import Job, Step
from tenetlang.audit.log import Log
from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.record import time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.stores.rows import AppendedRecord
from tenetlang.audit.stores.tables import Also, Tables

MOST_WAITING = 4096
"""So many records wait at most."""

LARGEST_BATCH = 512
"""So many records go into one transaction at most."""

SIGN_WITHIN = 60.0
"""So many seconds at most a record waits for a checkpoint."""

Envelope: TypeAlias = Mapping[str, object] | Unplaced

_T = TypeVar("_T")


class Doing(Future[_T]):
    """The future of a job, which holds what the job gave once that is on the disk; `records` is where its records went then."""

    records: tuple[AppendedRecord, ...] = ()


@attrs.frozen(eq=False)
class _Waiting:
    """What somebody waits for, and how they are told."""

    step: Step
    succeed: Callable[[tuple[AppendedRecord, ...]], None]
    fail: Callable[[BaseException], None]


class Writer:
    """The one who writes into a log, for any number of threads and coroutines of this process. A context manager.

    With a `key` a checkpoint is signed after every `sign_every` records, once a record has waited `sign_within` seconds for
    one, and at the end; and with a `heartbeat` a log that did not grow is signed anew, with the time, after so many seconds
    (`verify --max-age` asks how old the newest is). `patience` is for how many seconds a caller waits for a place in the queue. Unless `marked`, the
    log does not say when the writer closed it, nor that one before it did not. `clock` and `randomness` are as for
    `Log.open`, and `seconds` is a clock that only goes forward. The log is the writer's from here on: nobody
    else appends to this object, and closing the writer closes it.
    """

    def __init__(
        self,
        log: Log,
        *,
        key: SigningKey | None = None,
        sign_every: int = SIGN_EVERY,
        sign_within: float = SIGN_WITHIN,
        heartbeat: float | None = None,
        marked: bool = True,
        most_waiting: int = MOST_WAITING,
        patience: float = 10.0,
        clock: Callable[[], int] = time.time_ns,
        randomness: Callable[[int], bytes] = os.urandom,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.log = log
        self._key = key
        self._sign_every = sign_every
        self._sign_within = sign_within
        self._clock = clock
        self._randomness = randomness
        self._seconds = seconds
        self._unsigned = 0
        # What waits for a checkpoint since when; at first whatever a writer before this one left without.
        self._waits_since: float | None = seconds()
        self._signed_at = math.inf
        self._heartbeat = math.inf if heartbeat is None else heartbeat
        self._most_waiting = most_waiting
        self._patience = patience
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._failure: str | None = None
        self._within = False  # whether a transaction with jobs is open, for the writer's own thread
        self._process = os.getpid()
        self._present = False
        if marked:
            self._arrive()
        self._thread = threading.Thread(target=self._work, name="tenet log", daemon=True)
        self._thread.start()
        # A daemon does not keep the interpreter from ending, and this lets it finish its work before that.
        atexit.register(self.close)

    def do(self, job: Job[_T]) -> Doing[_T]:
        """Hands over a job, which is done in the writer's thread within a transaction of the log, once and never again.

        The future has the job's value once all that it did is on the disk. Where the job raises, nothing of it is there, and the
        future holds what it raised; what the others did in the same transaction stays. `InvalidRecord` is for records that a
        log does not take, `InvalidStatement` for a statement that the database refuses, other `AuditError`s are of the log.

        All others wait while it runs, so it should be quick: no network, no sleep. It must wait for nothing that needs this
        writer, and can't use it. The future can't be cancelled: the job is as good as done. Raises `LogUnavailable` where
        the queue stays full, and `LogPoisoned` for a writer that is closed or beyond use.
        """
        return self._do(job, self._patience)

    async def do_async(self, job: Job[_T]) -> _T:
        """The same for a coroutine, which gets the value. One that is cancelled meanwhile is not told; the job is done all the same."""
        import asyncio

        try:
            told = self._do(job, 0)
        except LogUnavailable:  # the queue is full, and the loop does not wait for a place
            told = await asyncio.to_thread(self.do, job)
        return await asyncio.wrap_future(told)

    def submit(
        self, envelope: Envelope, payload: bytes | None = None, also: Also | None = None
    ) -> Future[AppendedRecord]:
        """Hands a record over. The future has its place once it is on the disk, or the `AuditError` of why it is not there.

        `also` is done in the same transaction, as a job is: the two are there together, or neither, and the future then holds what
        it raised. Raises what `do` raises.
        """
        return self._submit(envelope, payload, also, self._patience)

    def append(self, envelope: Envelope, payload: bytes | None = None, also: Also | None = None) -> AppendedRecord:
        """Appends one record and returns when it is on the disk. Raises what `submit` raises, and what its future holds."""
        if threading.current_thread() is self._thread:
            raise LogPoisoned("a record can't wait for another one of the same transaction")
        return self.submit(envelope, payload, also).result()

    async def append_async(
        self, envelope: Envelope, payload: bytes | None = None, also: Also | None = None
    ) -> AppendedRecord:
        """The same for a coroutine. One that is cancelled meanwhile is not told; its record is written all the same."""
        import asyncio

        try:
            told = self._submit(envelope, payload, also, 0)
        except LogUnavailable:  # the queue is full, and the loop does not wait for a place
            told = await asyncio.to_thread(self.submit, envelope, payload, also)
        return await asyncio.wrap_future(told)

    def _do(self, job: Job[_T], patience: float) -> Doing[_T]:
        told: Doing[_T] = Doing()
        given: list[_T] = []

        def work(tables: Tables) -> Sequence[Unplaced]:
            value, records = job(tables)
            given.append(value)
            return records

        def succeed(records: tuple[AppendedRecord, ...]) -> None:
            told.records = records
            told.set_result(given[0])

        self._hand_over(_Waiting(work, succeed, told.set_exception), told, patience)
        return told

    def _submit(
        self, envelope: Envelope, payload: bytes | None, also: Also | None, patience: float
    ) -> Future[AppendedRecord]:
        told: Future[AppendedRecord] = Future()
        try:
            record = unplaced(envelope, payload)
        except InvalidRecord as mistake:
            self._check_usable()
            told.set_exception(mistake)
            return told

        def work(tables: Tables) -> Sequence[Unplaced]:
            assert also is not None
            also(tables)
            return (record,)

        step = record if also is None else work
        self._hand_over(_Waiting(step, lambda records: told.set_result(records[0]), told.set_exception), told, patience)
        return told

    def _check_usable(self) -> None:
        if self._process != os.getpid():
            raise LogPoisoned("the log was opened before a fork; open it again in this process")
        if self._closing:
            raise LogPoisoned(self._failure or "the log is closed; open it again")

    def _hand_over(self, waiting: _Waiting, told: Future[_T], patience: float) -> None:
        self._check_usable()
        inside = threading.current_thread() is self._thread
        if inside and self._within:
            raise LogPoisoned("a job can't use the writer that does it; it gives its records instead")
        told.set_running_or_notify_cancel()
        with self._changed:
            if len(self._queue) >= self._most_waiting and not inside:
                self._changed.wait_for(lambda: len(self._queue) < self._most_waiting or self._closing, patience)
            self._check_usable()
            if len(self._queue) >= self._most_waiting:
                raise LogUnavailable(
                    f"{len(self._queue):,} records wait to be written already, and none was within {patience:g} seconds"
                )
            self._queue.append(waiting)
            if len(self._queue) == 1:
                self._changed.notify_all()

    def close(self) -> None:
        """Writes what waits, signs what is not signed yet, and closes the log. May be called twice, and by several.

        Raises the `AuditError` of a checkpoint that could not be signed; all records are on the disk then.
        """
        if self._process != os.getpid():
            return
        if threading.current_thread() is self._thread:
            raise LogPoisoned("a writer can't be closed by what it does beside a record")
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        atexit.unregister(self.close)
        self._leave(last=False)
        self.log.close()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise LogUnavailable(failure)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------------------------------------- the one thread

    def _work(self) -> None:
        batch: list[_Waiting] = []
        try:
            while (next_ones := self._next()) is not None:
                batch = next_ones
                self._write(batch)
                if self._unsigned >= self._sign_every or self._seconds() >= self._due():
                    self._sign(renew=True)
            self._depart()
            self._sign()
        except BaseException as problem:  # noqa: BLE001  # whatever it is, nobody may wait for ever
            self._give_up(batch, LogPoisoned(f"the log's writer ended: {type(problem).__name__}: {problem}"))

    def _next(self) -> list[_Waiting] | None:
        """What waits, as soon as something does; empty where it is time to sign, None once the writer closes and all is written."""
        due = math.inf if self._key is None else self._due()
        within = None if due == math.inf else max(0.0, due - self._seconds())
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing, within)
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), LARGEST_BATCH))]
            self._changed.notify_all()
            return batch or (None if self._closing else [])

    def _write(self, batch: Sequence[_Waiting]) -> None:
        """Does all this in one transaction, and tells everybody what came of it."""
        if not batch:
            return
        self._within = True
        try:
            outcomes = self.log.do_all([waiting.step for waiting in batch])
        except AuditError as mistake:
            for waiting in batch:
                waiting.fail(mistake)
            return
        finally:
            self._within = False
        self._count(sum(len(outcome) for outcome in outcomes if isinstance(outcome, tuple)))
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, tuple):
                waiting.succeed(outcome)
            else:
                waiting.fail(outcome)

    def _count(self, records: int) -> None:
        if records and self._waits_since is None:
            self._waits_since = self._seconds()
        self._unsigned += records

    def _due(self) -> float:
        """When the next checkpoint has to be signed."""
        if self._waits_since is None:
            return self._signed_at + self._heartbeat
        return self._waits_since + self._sign_within

    def _arrive(self) -> None:
        """Joins those that write into the log, and says so where one of them crashed."""

        def recovered() -> Unplaced | None:
            crashed = self.log.arrive()
            self._present = True
            return self._mark("log.recovered") if crashed else None

        try:
            self.log.append_if(recovered)
        except BaseException:
            self._leave(last=False)
            raise

    def _depart(self) -> None:
        """Leaves them, and says so where nobody else is there. What a log is left with that can't be written speaks for itself."""
        last = False

        def closed() -> Unplaced | None:
            nonlocal last
            last = self.log.is_last()
            return self._mark("log.closed") if last else None

        if not self._present or self._failure is not None:
            return
        try:
            if self.log.append_if(closed) is not None:
                self._count(1)
        except AuditError:
            self._leave(last=False)
        else:
            self._leave(last=last)

    def _leave(self, *, last: bool) -> None:
        if self._present:
            self.log.leave(last=last)

    def _mark(self, kind: str) -> Unplaced:
        now = self._clock()
        envelope, payload = event_record(
            kind, {}, time_text(now), ulid(now, self._randomness(16)), lambda: self._randomness(16)
        )
        return unplaced(envelope, payload)

    def _sign(self, *, renew: bool = False) -> None:
        """Signs what waits for it; where nothing does, the time is signed anew if it is to be."""
        idle = self._waits_since is None
        if self._key is None or self._failure is not None or (idle and not renew):
            return
        try:
            self.log.sign(self._key, renew=idle)
            self._unsigned, self._waits_since, self._signed_at = 0, None, self._seconds()
        except AuditError as mistake:
            self._give_up((), LogUnavailable(f"no checkpoint can be signed: {mistake}"))

    def _give_up(self, batch: Sequence[_Waiting], mistake: AuditError) -> None:
        """Ends with this; whoever waits is told."""
        with self._changed:
            self._closing = True
            self._failure = str(mistake)
            left = [*batch, *self._queue]
            self._queue.clear()
            self._changed.notify_all()
        for waiting in left:
            with suppress(InvalidStateError):  # who was told before
                waiting.fail(mistake)
