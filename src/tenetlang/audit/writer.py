"""Appends records for many callers at once, with as few flushes of the disk as can be: a group commit.

    threads, coroutines ──→ queue ──→ one thread ──→ one transaction for all that waited ──→ one flush ──→ everybody is told

A flush takes as long for a hundred records as for one. So what arrives while one is under way waits, and goes into the
next transaction together. Nobody waits for company: a record that arrives alone is written alone. A caller is told that its
record is there once it is on the disk, and not before.

A record that is refused fails alone: the others of its transaction are written without it, one by one. What concerns the log
itself (it is poisoned, locked by another process, out of space) is told to all that wait, and to whoever comes later
if the log can't be used any more. Nothing is tried twice.

The queue is bounded. Whoever finds it full waits a while and is then told that the log is not available, which a
gate answers with a denial; nothing is dropped in silence.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeAlias

import attrs

from tenetlang.audit.checkpoints.note import SigningKey
from tenetlang.audit.checkpoints.signing import SIGN_EVERY
from tenetlang.audit.errors import AuditError, InvalidRecord, LogPoisoned, LogUnavailable
from tenetlang.audit.log import AppendedRecord, Log
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Also

MOST_WAITING = 4096
"""So many records wait at most."""

LARGEST_BATCH = 512
"""So many records go into one transaction at most."""

Envelope: TypeAlias = Mapping[str, object] | Unplaced


@attrs.frozen(eq=False)
class _Waiting:
    """A record that somebody waits for."""

    envelope: Envelope
    payload: bytes | None
    also: Also | None
    told: Future[AppendedRecord]


class Writer:
    """The one who writes into a log, for any number of threads and coroutines of this process. A context manager.

    With a `key` a checkpoint is signed after every `sign_every` records, and at the end. `patience` is for how many seconds
    a caller waits for a place in the queue. The log is the writer's from here on: nobody else appends to this object, and
    closing the writer closes it.
    """

    def __init__(
        self,
        log: Log,
        *,
        key: SigningKey | None = None,
        sign_every: int = SIGN_EVERY,
        most_waiting: int = MOST_WAITING,
        patience: float = 10.0,
    ) -> None:
        self.log = log
        self._key = key
        self._sign_every = sign_every
        self._unsigned = 0
        self._most_waiting = most_waiting
        self._patience = patience
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._failure: str | None = None
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._work, name=f"tenet log {log.path}", daemon=True)
        self._thread.start()
        # A daemon does not keep the interpreter from ending, and this lets it finish its work before that.
        atexit.register(self.close)

    def submit(
        self, envelope: Envelope, payload: bytes | None = None, also: Also | None = None
    ) -> Future[AppendedRecord]:
        """Hands a record over. The future has its place once it is on the disk, or the `AuditError` of why it is not there.

        `also` is done in the same transaction, after the record was inserted (`stores/tables.py`): the two are there
        together, or neither, and the future then holds what it raised. It must not wait for this writer. The future can't be
        cancelled: the record is as good as written.
        Raises `LogUnavailable` where the queue stays full, and `LogPoisoned` for a writer that is closed or beyond use.
        """
        if self._process != os.getpid():
            raise LogPoisoned("the log was opened before a fork; open it again in this process")
        waiting = _Waiting(envelope, payload, also, Future())
        waiting.told.set_running_or_notify_cancel()
        with self._changed:
            if len(self._queue) >= self._most_waiting and threading.current_thread() is not self._thread:
                self._changed.wait_for(lambda: len(self._queue) < self._most_waiting or self._closing, self._patience)
            if self._closing:
                raise LogPoisoned(self._failure or "the log is closed; open it again")
            if len(self._queue) >= self._most_waiting:
                raise LogUnavailable(
                    f"{len(self._queue):,} records wait to be written already, and none was within {self._patience:g} seconds"
                )
            self._queue.append(waiting)
            if len(self._queue) == 1:
                self._changed.notify_all()
        return waiting.told

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

        if len(self._queue) < self._most_waiting:
            told = self.submit(envelope, payload, also)
        else:  # the loop does not wait for a place
            told = await asyncio.to_thread(self.submit, envelope, payload, also)
        return await asyncio.wrap_future(told)

    def close(self) -> None:
        """Writes what waits, signs what is not signed yet, and closes the log. May be called twice, and by several.

        Raises the `AuditError` of a checkpoint that could not be signed; all records are on the disk then.
        """
        if self._process != os.getpid():
            return
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        atexit.unregister(self.close)
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
            while batch := self._next():
                self._write(batch)
                self._sign(self._sign_every)
            self._sign(1)
        except BaseException as problem:  # noqa: BLE001  # whatever it is, nobody may wait for ever
            self._give_up(batch, LogPoisoned(f"the log's writer ended: {type(problem).__name__}: {problem}"))

    def _next(self) -> list[_Waiting]:
        """What waits, as soon as something does; empty once the writer is closing and nothing is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), LARGEST_BATCH))]
            self._changed.notify_all()
        return batch

    def _write(self, batch: Sequence[_Waiting]) -> None:
        """Writes these records in one transaction; where that is refused, each in one of its own."""
        try:
            appended = self.log.append_all(
                [(waiting.envelope, waiting.payload) for waiting in batch],
                [waiting.also for waiting in batch if waiting.also is not None],
            )
        except Exception as mistake:  # noqa: BLE001  # it is told to those who wait
            of_the_log = isinstance(mistake, AuditError) and not isinstance(mistake, InvalidRecord)
            if len(batch) == 1 or of_the_log:
                for waiting in batch:
                    _tell(waiting, mistake)
            else:
                for waiting in batch:
                    self._write([waiting])
            return
        self._unsigned += len(batch)
        for waiting, record in zip(batch, appended, strict=True):
            waiting.told.set_result(record)

    def _sign(self, least: int) -> None:
        if self._key is None or self._unsigned < least:
            return
        try:
            self.log.sign(self._key)
            self._unsigned = 0
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
            _tell(waiting, mistake)


def _tell(waiting: _Waiting, mistake: Exception) -> None:
    if not waiting.told.done():
        waiting.told.set_exception(mistake)
