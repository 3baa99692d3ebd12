"""What became of each call that was allowed, recorded without fail.

    the tool returned        ok           it raised an exception              error     releases what was reserved
    it was not called        refused      nobody can tell: cancelled, ended   unknown   counts, as `ok` does

The outcome is on the disk before the result leaves, because the next call is decided on it: labels that the result brought, what
the counters stand at. Where it can't be recorded, the tool has run all the same, and whoever called must learn what it gave; an agent
that gets an exception for a payment that was made pays twice. So the result leaves, the outcome is kept in memory and tried
again, and *until it is on the disk every call of this guard is denied* (`unavailable`): nothing is decided on facts that lack it.
What the process takes with it when it ends, the deadline makes `unknown`; labels that the tool's declaration promises were in the
session since the call was allowed.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, Literal, TypeAlias

from tenetlang.audit.canonical import CanonicalError, canonical_bytes
from tenetlang.audit.errors import LogPoisoned
from tenetlang.audit.jobs import Job
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.frozen import frozen
from tenetlang.guard.arguments import is_plain, plain
from tenetlang.guard.gate import Gate
from tenetlang.guard.open_calls import end_call

Outcome: TypeAlias = Literal["ok", "error", "refused", "unknown"]
Results: TypeAlias = Literal["digest", "whole", "none"]
"""What a record keeps of a result: the digest of its canonical JSON, all of it (sealed where there are keys), or nothing."""

LONGEST_PAUSE: Final = 30.0
"""Seconds between two tries at most."""

logger: Final = logging.getLogger("tenetlang.guard")


@frozen
class Settlement:
    """What became of one call. Its record is made when it is written: whatever that takes (keys, randomness, a clock) may be away
    when a tool has just run, and then the end of the call waits, and the result leaves. `members` are those of the record."""

    identifier: str
    outcome: Outcome
    labels: tuple[str, ...]
    members: Mapping[str, object]
    person: str | None


class Nothing:
    """Stands for no result at all; None is one."""


NOTHING: Final = Nothing()


def settlement(
    gate: Gate,
    identifier: str,
    outcome: Outcome,
    *,
    person: str | None = None,
    began: str | None = None,
    took_ns: int | None = None,
    result: object = NOTHING,
    results: Results = "digest",
    met: Sequence[tuple[str, bool]] = (),
    labels: tuple[str, ...] = (),
) -> Settlement:
    """What is recorded of a call's end: when the tool began and how long it took, what it gave, which obligations were met.

    Never raises, whatever the tool gave.
    """
    members: dict[str, object] = {
        "of": identifier,
        "outcome": outcome,
        "began": began,
        "took_ns": took_ns,
        "point": gate.point.name,
        "result": None if result is NOTHING else _kept(result, results),
        "obligations": [{"name": name, "met": done} for name, done in met],
    }
    return Settlement(identifier, outcome, labels, members, person)


def settled_record(gate: Gate, ended: Settlement, outcome: Outcome | None = None) -> Unplaced:
    """The record of an end, as of now; with another `outcome` where it came too late. Raises what keys, clock and randomness raise."""
    return gate.event("outcome", {**ended.members, "outcome": outcome or ended.outcome}, gate.clock(), ended.person)


def settling(gate: Gate, ended: Settlement) -> Job[bool]:
    """The job that records an end, exactly once; it gives false where the call was over: its end is recorded, or its deadline has passed.

    What counts is what the facts say: a call that is past its deadline counts as `unknown`, so the log must not say `error`.
    """

    def job(tables: Tables) -> tuple[bool, Sequence[Unplaced]]:
        if not end_call(tables, ended.identifier):
            return False, ()
        found = gate.facts.finish(tables, gate.clock(), ended.identifier, ended.outcome, ended.labels)
        if found == "overdue":
            return False, (settled_record(gate, ended, "unknown"),)
        return True, (settled_record(gate, ended),)

    return job


def _kept(result: object, results: Results) -> object:
    """What a record keeps of a result. One that is no JSON, or a class of the tool's that only pretends to be, is kept as its type."""
    if results == "none":
        return None
    try:
        value = plain(result)
        if is_plain(value):
            text = canonical_bytes(value)
            return value if results == "whole" else {"sha256": sha256(text).hexdigest()}
    except CanonicalError:
        pass
    return {"type": _NAME.__get__(type(result))}


_NAME: Final = type.__dict__["__name__"]
"""What a class is called, whatever its own class says."""


class Outcomes:
    """Records the ends of calls, and keeps those that can't be recorded until they can. Safe to share between threads."""

    def __init__(self, gate: Gate, first_pause: float = 0.2) -> None:
        self._gate = gate
        self._first_pause = first_pause
        self._lock = threading.Lock()
        self._kept: deque[Settlement] = deque()
        self._trouble = ""
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._next: Outcomes | None = None

    @property
    def trouble(self) -> str | None:
        """Why ends of calls wait to be recorded; None where none does."""
        return self._trouble or "they are being recorded" if self._kept else None

    def settle(self, ended: Settlement) -> bool:
        """Records the end of a call, and returns once it is on the disk. Never raises; false where it is kept for later."""
        try:
            told = self._gate.writer.do(settling(self._gate, ended)).result()
        except Exception as problem:  # noqa: BLE001  # whatever it is, the end of a call is not forgotten for it
            self._keep(ended, problem)
            return False
        return _noted(ended, in_time=told)

    async def settle_async(self, ended: Settlement) -> bool:
        """The same for a coroutine. One that is cancelled meanwhile is not told; the end is recorded or kept all the same."""
        try:
            told = await self._gate.writer.do_async(settling(self._gate, ended))
        except Exception as problem:  # noqa: BLE001  # as above
            self._keep(ended, problem)
            return False
        except BaseException:
            self.submit(ended)  # whether it was handed over is not known; it is recorded once all the same
            raise
        return _noted(ended, in_time=told)

    def submit(self, ended: Settlement) -> None:
        """Has it recorded unless it was, and waits for nothing; for whoever is being cancelled."""
        threading.Thread(target=self._settle_quietly, args=(ended,), name="tenet outcome", daemon=False).start()

    def _settle_quietly(self, ended: Settlement) -> None:
        try:
            self._gate.writer.do(settling(self._gate, ended)).result()
        except Exception as problem:  # noqa: BLE001  # as above
            self._keep(ended, problem)

    def flush(self) -> str | None:
        """Tries to record what is kept, in order. Gives why something is still kept, None where nothing is."""
        with self._lock:
            while self._kept:
                ended = self._kept[0]
                try:
                    told = self._gate.writer.do(settling(self._gate, ended)).result()
                except Exception as problem:  # noqa: BLE001  # as above
                    self._trouble = f"the outcome of {ended.identifier} can't be recorded: {problem}"
                    return self._trouble
                self._kept.popleft()
                _noted(ended, in_time=told)
            self._trouble = ""
        return None

    def close(self) -> str | None:
        """Ends the thread that tries again, after one last try. Gives why something was not recorded."""
        self._ending.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        return self.flush()

    def hand_over(self, following: Outcomes) -> None:
        """Gives what is kept, and what is still to end, to those of a guard that was opened anew on the same log."""
        with self._lock:
            self._next, kept = following, tuple(self._kept)
            self._kept.clear()
        for ended in kept:
            following.settle(ended)

    def _keep(self, ended: Settlement, problem: Exception) -> None:
        if self._next is not None:
            self._next.settle(ended)
            return
        logger.error(
            "the outcome `%s` of %s can't be recorded and is tried again; until then every call is denied: %s",
            ended.outcome,
            ended.identifier,
            problem,
        )
        with self._lock:
            self._kept.append(ended)
            self._trouble = f"the outcome of {ended.identifier} can't be recorded: {problem}"
            if isinstance(problem, LogPoisoned) or self._ending.is_set():
                return  # nothing can be written by this process any more: the deadline makes it unknown
            if self._thread is None:
                self._thread = threading.Thread(target=self._try_again, name="tenet outcomes", daemon=True)
                self._thread.start()

    def _try_again(self) -> None:
        pause = self._first_pause
        while not self._ending.wait(pause):
            self.flush()
            with self._lock:
                if not self._kept:
                    self._thread = None
                    return
            pause = min(2 * pause, LONGEST_PAUSE)


def _noted(ended: Settlement, *, in_time: bool) -> bool:
    if not in_time:
        logger.warning(
            "the outcome `%s` of %s came after its deadline, which had made it `unknown`",
            ended.outcome,
            ended.identifier,
        )
    return in_time
