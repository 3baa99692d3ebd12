"""Asking about one call: the job is handed to the log's writer, and whatever happens then, there is an answer.

    answer      decided and recorded                                          the ordinary case
    exception   the job was undone: facts, keys or reviews failed             denied, by a record that needs none of them
    exception   the log failed, its queue is full, it is closed, a fork       denied, and that can't be recorded
    cancelled   whoever asked is gone before the answer came                  nobody makes the call: its outcome is `refused`

Nothing here gives an allowance that is not on the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from tenetlang.audit.errors import LogDamaged, LogPoisoned
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.rows import AppendedRecord
from tenetlang.audit.stores.tables import Tables
from tenetlang.guard.answers import Answer, own_decision
from tenetlang.guard.calls import Call
from tenetlang.guard.deciding import decided, denied
from tenetlang.guard.gate import Gate, Number
from tenetlang.guard.open_calls import end_call
from tenetlang.guard.outcomes import Outcomes, Settlement, logger, settled_record, settlement
from tenetlang.guard.reviews import ReviewUnavailable

_UNCERTAIN: Final = (LogPoisoned, LogDamaged)
"""What leaves open whether a record was written; after any other exception it was not."""


class Question:
    """One call that is asked about, while the answer is on its way."""

    def __init__(self, gate: Gate, outcomes: Outcomes, call: Call, *, placed: bool = False) -> None:
        """`placed`: a coroutine wants to know where the record is as well, which costs a thread."""
        self._gate = gate
        self._outcomes = outcomes
        self._call = call
        self._placed = placed
        self._number = Number(gate.point)
        self._lock = threading.Lock()
        self._gone = False
        self._answer: Answer | None = None
        self._position = 0

    def ask(self) -> tuple[Answer, AppendedRecord | None]:
        """The answer, and where its record is. Never raises but for what ends a program, which leaves nobody to make the call."""
        trouble = self._outcomes.flush() if self._outcomes.trouble is not None else None
        if trouble is not None:
            return self._refused(trouble), None
        try:
            told = self._gate.writer.do(self._job)
            answer = told.result()
        except Exception as problem:  # noqa: BLE001  # whatever it is, the answer is a denial
            return self._denied_instead(problem), None
        except BaseException:
            self.leave()
            raise
        assert answer is not None
        return answer, told.records[self._position]

    async def ask_async(self) -> tuple[Answer, AppendedRecord | None]:
        """The same for a coroutine. One that is cancelled leaves nobody to make the call."""
        import asyncio

        try:
            if self._outcomes.trouble is not None:
                trouble = await asyncio.to_thread(self._outcomes.flush)
                if trouble is not None:
                    return self._refused(trouble), None
            told = await asyncio.to_thread(self._gate.writer.do, self._job) if self._placed else None
            done = self._gate.writer.do_async(self._job) if told is None else asyncio.wrap_future(told)
            answer = await done
        except Exception as problem:  # noqa: BLE001  # as above
            return await asyncio.to_thread(self._denied_instead, problem), None
        except BaseException:
            self.leave()
            raise
        assert answer is not None
        return answer, None if told is None else told.records[self._position]

    def leave(self) -> None:
        """Says that whoever asked does not wait for the answer any more, and will not make the call."""
        with self._lock:
            self._gone = True
            answer = self._answer
        if answer is not None and answer.decision.verdict == "allow" and answer.identifier is not None:
            self._outcomes.submit(self._not_made(answer, answer.identifier))

    def _job(self, tables: Tables) -> tuple[Answer | None, Sequence[Unplaced]]:
        if self._is_gone():
            return None, ()
        answer, records = decided(self._gate, self._call, tables, self._number)
        self._position = next(place for place, record in enumerate(records) if record.identifier == answer.identifier)
        with self._lock:
            self._answer = answer
        if self._is_gone() and answer.decision.verdict == "allow" and answer.identifier is not None:
            end_call(tables, answer.identifier)
            self._gate.facts.finish(tables, answer.at_ns, answer.identifier, "refused")
            records.append(settled_record(self._gate, self._not_made(answer, answer.identifier)))
        return answer, records

    def _is_gone(self) -> bool:
        with self._lock:
            return self._gone

    def _not_made(self, answer: Answer, identifier: str) -> Settlement:
        sealer = self._gate.sealer
        person = None if sealer is None else sealer.person_of(answer.request)
        return settlement(self._gate, identifier, "refused", person=person)

    def _denied_instead(self, problem: Exception) -> Answer:
        """A denial after the job failed: recorded if that is still possible."""
        if not isinstance(problem, _UNCERTAIN):
            self._number.give_back()
        code = "review_unavailable" if isinstance(problem, ReviewUnavailable) else "unavailable"
        reason = str(problem) or type(problem).__name__
        logger.error("a call of %r is denied, %s: %s", self._call.tool, code, reason)
        if isinstance(problem, _UNCERTAIN):
            return self._refused(reason, code)
        number = Number(self._gate.point)

        def job(_: Tables) -> tuple[Answer, Sequence[Unplaced]]:
            now = self._gate.clock()
            return denied(self._gate, self._gate.active(), self._call, code, reason, number=number, now_ns=now)

        try:
            return self._gate.writer.do(job).result()
        except Exception as again:  # noqa: BLE001  # it is denied all the same
            if not isinstance(again, _UNCERTAIN):
                number.give_back()
            return self._refused(reason, code)

    def _refused(self, reason: str, code: str = "unavailable") -> Answer:
        """A denial of which there is no record."""
        active = self._gate.active()
        decision = own_decision(code, reason, active.package, active.digest)
        return Answer(decision, None, self._call, self._call.asked())
