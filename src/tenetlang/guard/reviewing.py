"""A call that waits for people, and going on once they have answered.

    try:
        refund("c1", Decimal(400))
    except Escalated as escalated:
        if escalated.review.wait(timeout=600) == "approved":
            escalated.resume()

What people approve is a fact in a new decision, not a permission. So `resume` asks the policy again: about exactly the same call, with the
time, the counters and the switches as they are then. If it allows, the approval is used up in the same transaction, and the tool
runs. Nothing of the first decision is kept for that but the call itself; a process that was started anew asks for the same call, and
finds the approval as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, NoReturn, TypeVar

from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.guard.answers import Answer, reason_for_agent
from tenetlang.guard.gate import Gate
from tenetlang.guard.reviews import Standing
from tenetlang.report.visible import visible

T = TypeVar("T")

FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 1.0
"""Seconds between two looks at what people have said: the answer may come from another process."""


class Review:
    """The tasks that one call waits for."""

    def __init__(self, gate: Gate, answer: Answer) -> None:
        assert gate.reviews is not None
        self._gate = gate
        self._reviews = gate.reviews
        self.answer = answer

    @property
    def tasks(self) -> tuple[str, ...]:
        """Their identifiers: `tenet review show LOG TASK`."""
        return self.answer.tasks

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Who is asked, by the policy's names."""
        return tuple(dict.fromkeys(item.reviewers for item in self.answer.decision.escalations))

    def standing(self) -> Standing:
        """How the tasks stand: `approved` where all are, else the worst of them. Raises `AuditError` where the log can't be asked."""
        return self._gate.writer.do(self._look).result()

    def wait(self, timeout: float | None = None) -> Standing:
        """Waits until all is said, for so many seconds at most; `waiting` where it is not. Raises what `standing` raises."""
        until = None if timeout is None else time.monotonic() + timeout
        pause = FIRST_PAUSE
        while (standing := self.standing()) == "waiting":
            left = LONGEST_PAUSE if until is None else until - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)
        return standing

    async def wait_async(self, timeout: float | None = None) -> Standing:  # noqa: ASYNC109  # as `wait` has it
        """The same for a coroutine."""
        import asyncio

        until = None if timeout is None else time.monotonic() + timeout
        pause = FIRST_PAUSE
        while (standing := await self._gate.writer.do_async(self._look)) == "waiting":
            left = LONGEST_PAUSE if until is None else until - time.monotonic()
            if left <= 0:
                break
            await asyncio.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)
        return standing

    def cancel(self) -> None:
        """Says that nobody needs an answer any more. Raises `AuditError`."""
        identifier = self.answer.identifier
        assert identifier is not None

        def job(tables: Tables) -> tuple[None, Sequence[Unplaced]]:
            return None, self._reviews.desk.cancel(tables, self._gate.clock(), identifier)

        self._gate.writer.do(job).result()

    def _look(self, tables: Tables) -> tuple[Standing, Sequence[Unplaced]]:
        return self._reviews.standing(tables, self._gate.clock(), self.tasks)


class Escalated(Exception, Generic[T]):
    """People are asked about the call; it was not made. `review` waits for them, `resume` goes on."""

    def __init__(self, review: Review, again: Callable[[], T]) -> None:
        self.review = review
        self._again = again
        answer = review.answer
        super().__init__(
            f"`{visible(answer.call.tool)}` waits for {', '.join(review.reviewers)}: {reason_for_agent(answer.decision)}"
        )

    def __reduce__(self) -> NoReturn:
        """It can't be pickled: only the process that asked can go on with the call."""
        raise TypeError(f"{self} (an escalated call is resumed by the process that asked for it)")

    @property
    def identifier(self) -> str | None:
        """That of the decision's record."""
        return self.review.answer.identifier

    def resume(self) -> T:
        """Makes the call if people approved it and the policy allows it now; gives what the tool gives, or a permit.

        Of a tool that is a coroutine it gives a coroutine. Raises `Denied` where people said no, or did not answer in time, or the
        policy denies now; and `Escalated` where it waits still, or others are to be asked as well.
        """
        return self._again()

    def for_agent(self) -> dict[str, object]:
        """What may be sent to the agent, as JSON values."""
        answer = self.review.answer
        return {
            "verdict": "escalate",
            "id": answer.identifier,
            "decided_by": list(answer.decision.decided_by),
            "reason": reason_for_agent(answer.decision),
            "reviewers": list(self.review.reviewers),
            "tasks": list(self.review.tasks),
            "retry": "approved",
        }
