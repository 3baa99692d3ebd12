"""From a call to a permit, or to the exception that says why there is none; and from a permit to what the tool gave.

    permitted   ask ─→ allow: a permit    deny: Denied    escalate: wait a while if that is wanted, ask again; else Escalated
    made        permitted, then the tool within the permit

Each is there twice, for threads and for coroutines. There is one way to a tool, and it leads through a permit, which exists only for an
answer that allows.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import attrs

from tenetlang.audit.checkpoints.note import SigningKey
from tenetlang.audit.stores.rows import AppendedRecord
from tenetlang.decision import changed
from tenetlang.guard.answers import Answer, Denied, Suggestion
from tenetlang.guard.asking import Question
from tenetlang.guard.calls import Call
from tenetlang.guard.gate import Gate
from tenetlang.guard.outcomes import Outcomes, Results, logger
from tenetlang.guard.permits import Labels, Permit
from tenetlang.guard.reviewing import Escalated, Review
from tenetlang.guard.reviews import Standing
from tenetlang.guard.suggesting import Knowledge, suggestions

T = TypeVar("T")


@attrs.frozen(eq=False)
class Front:
    """What stands behind a guard: the gate, the outcomes, and in what manner it answers. `wait` is for how many seconds calls wait for
    people, `receipts` the key that signs receipts, `known` what suggestions are found with."""

    gate: Gate
    outcomes: Outcomes
    wait: float = 0.0
    results: Results = "digest"
    receipts: SigningKey | None = None
    known: Knowledge | None = None

    def suggest(self, answer: Answer) -> tuple[Suggestion, ...]:
        """Which other arguments would be allowed."""
        return suggestions(self.known, answer)


def asked(front: Front, call: Call, labels: Labels | None = None) -> Answer | Permit:
    """The permit where the call is allowed, else the answer."""
    answer, place = Question(front.gate, front.outcomes, call).ask()
    return _permit(front, answer, place, labels) if answer.decision.verdict == "allow" else answer


async def asked_async(front: Front, call: Call, labels: Labels | None = None) -> Answer | Permit:
    """The same for a coroutine."""
    question = Question(front.gate, front.outcomes, call, placed=front.receipts is not None)
    answer, place = await question.ask_async()
    return _permit(front, answer, place, labels) if answer.decision.verdict == "allow" else answer


def permitted(front: Front, call: Call, labels: Labels | None, wait: float, again: Callable[[Review], T]) -> Permit:
    """The permit for a call. Raises `Denied`, and `Escalated`, with which `again` goes on."""
    answer = asked(front, call, labels)
    if isinstance(answer, Permit):
        return answer
    review = _review(front, answer)
    if wait > 0:
        until = time.monotonic() + wait
        if _heard(review, lambda: review.wait(wait)) != "waiting":
            approved(review, again)
            return permitted(front, call, labels, until - time.monotonic(), again)
    raise Escalated(review, partial(again, review))


async def permitted_async(
    front: Front, call: Call, labels: Labels | None, wait: float, again: Callable[[Review], T]
) -> Permit:
    """The same for a coroutine."""
    answer = await asked_async(front, call, labels)
    if isinstance(answer, Permit):
        return answer
    review = _review(front, answer)
    if wait > 0:
        until = time.monotonic() + wait
        standing = await _heard_async(review, wait)
        if standing != "waiting":
            _check(review, standing, again)
            return await permitted_async(front, call, labels, until - time.monotonic(), again)
    raise Escalated(review, partial(again, review))


def made(front: Front, call: Call, action: Callable[[], T], labels: Labels | None, wait: float) -> T:
    """What the tool gives, called once the call is allowed and recorded. Raises what `permitted` raises, and what the tool raises."""

    def again(review: Review) -> T:
        approved(review, again)
        return made(front, call, action, labels, 0)

    with permitted(front, call, labels, wait, again) as permit:
        return permit.result(action())  # type: ignore[return-value]  # what is demanded may have made another value of it


async def made_async(
    front: Front, call: Call, action: Callable[[], Awaitable[T]], labels: Labels | None, wait: float
) -> T:
    """The same for a coroutine."""

    async def again(review: Review) -> T:
        _check(review, await _heard_async(review, 0), again)
        return await made_async(front, call, action, labels, 0)

    async with await permitted_async(front, call, labels, wait, again) as permit:
        return await permit.result_async(await action())  # type: ignore[return-value]  # as above


def approved(review: Review, again: Callable[[Review], T]) -> None:
    """Returns where all people asked have approved. Raises `Escalated` where they were not heard yet, and `Denied` where it is over."""
    _check(review, _heard(review, review.standing), again)


def _heard(review: Review, look: Callable[[], Standing]) -> Standing:
    """How it stands. Raises `Denied` where the log can't say: whoever resumes a call gets an answer as whoever makes one does."""
    try:
        return look()
    except Exception as problem:
        raise _unheard(review, problem) from problem


async def _heard_async(review: Review, wait: float) -> Standing:
    try:
        return await review.wait_async(wait)
    except Exception as problem:
        raise _unheard(review, problem) from problem


def _unheard(review: Review, problem: Exception) -> Denied:
    before = review.answer.decision
    logger.error("it is not known what people said of %s: %s", review.answer.identifier, problem)
    reason = f"what people said can't be looked up: {problem}"
    decision = changed(
        before, verdict="deny", decided_by=("unavailable",), reason=reason, obligations=(), escalations=()
    )
    return Denied(attrs.evolve(review.answer, decision=decision))


def _check(review: Review, standing: Standing, again: Callable[[Review], T]) -> None:
    words = {
        "denied": "people said no",
        "expired": "nobody approved it in time",
        "cancelled": "nobody was waiting for an answer any more",
    }
    if standing == "waiting":
        raise Escalated(review, partial(again, review))
    if standing != "approved":
        before = review.answer
        decision = changed(
            before.decision,
            verdict="deny",
            decided_by=("review_denied",),
            reason=words[standing],
            obligations=(),
            escalations=(),
        )
        raise Denied(attrs.evolve(before, decision=decision))


def _review(front: Front, answer: Answer) -> Review:
    if answer.decision.verdict != "escalate":
        raise Denied(answer, front.suggest)
    return Review(front.gate, answer)


def _permit(front: Front, answer: Answer, place: AppendedRecord | None, labels: Labels | None) -> Permit:
    sealer = front.gate.sealer
    return Permit(
        front.gate,
        front.outcomes,
        answer,
        person=None if sealer is None else sealer.person_of(answer.request),
        receipt=_receipt(front, answer, place),
        results=front.results,
        labels=labels,
    )


def _receipt(front: Front, answer: Answer, place: AppendedRecord | None) -> str | None:
    if front.receipts is None or place is None or answer.identifier is None:
        return None
    from tenetlang.audit.receipts import make_receipt

    return make_receipt(
        answer.decision, answer.identifier, place, answer.request, front.receipts, answer.at_ns // 1_000_000_000
    )
