"""A permit: one call that was allowed and recorded, to be made once, and what becomes of it.

    with guard.call("refund", {"customer": "c1", "amount": 20}, agent="a1") as permit:
        receipt = permit.result(pay(**permit.arguments))

On entering, what the allowance demands beforehand is done; `result` does what it demands afterwards, and gives what may leave. On leaving, the
outcome is recorded: `ok`; `error` where an exception passes; `unknown` where it is `TimeoutError`, or what stops a program or
cancels a coroutine, since then nobody can tell how far the tool came. A permit that is never entered becomes `unknown` by its deadline.

Both ways, `with` and `async with`, are the same; handlers that are coroutines can only be awaited in the second.
"""

from __future__ import annotations

import inspect
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Literal, NoReturn, Self

from tenetlang.audit.records.record import time_text
from tenetlang.decision import Decision, Obligation, changed
from tenetlang.guard.answers import Answer, Denied
from tenetlang.guard.arguments import held
from tenetlang.guard.errors import GuardError
from tenetlang.guard.gate import Gate
from tenetlang.guard.obligations import Handlers
from tenetlang.guard.outcomes import NOTHING, Outcome, Outcomes, Results, Settlement, settlement

Labels = Callable[[object], Iterable[str]]


class Withheld(Exception):
    """The tool ran, and what it gave may not leave: an obligation could not be met, or its labels are not known."""


class Permit:
    """One allowance. Used once, by one thread or coroutine; `receipt` is what a tool elsewhere can demand (docs/guard.md)."""

    def __init__(
        self,
        gate: Gate,
        outcomes: Outcomes,
        answer: Answer,
        *,
        person: str | None = None,
        receipt: str | None = None,
        results: Results = "digest",
        labels: Labels | None = None,
    ) -> None:
        assert answer.decision.verdict == "allow"
        assert answer.identifier is not None
        self.identifier: str = answer.identifier
        self.receipt = receipt
        self._answer = answer
        self._gate = gate
        self._outcomes = outcomes
        self._person = person
        self._results: Results = results
        self._labels_of = labels
        self._handlers: Handlers = gate.handlers
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._state: Literal["new", "used", "ended"] = "new"
        self._began: tuple[str | None, int] | None = None
        self._met: list[tuple[str, bool]] = []
        self._labels: tuple[str, ...] = ()
        self._result: object = NOTHING

    @property
    def tool(self) -> str:
        """The name of the tool."""
        return self._answer.call.tool

    @property
    def arguments(self) -> Mapping[str, object]:
        """The arguments as JSON values, as they were decided on: a copy each time, so that nobody changes them for the next who looks."""
        return {name: held(value) for name, value in self._answer.call.arguments.items()}

    @property
    def decision(self) -> Decision:
        """The decision."""
        return self._answer.decision

    @property
    def answer(self) -> Answer:
        """All that the guard said."""
        return self._answer

    # ---------------------------------------------------------------------------------------------------- with, async with

    def __enter__(self) -> Self:
        self._take()
        for item, handler in self._demanded("before"):
            try:
                _not_awaitable(handler(self, *item.args))
            except BaseException as problem:
                self._outcomes.settle(self._unmet(item))
                if isinstance(problem, Exception):
                    raise self._denied(item) from problem
                raise
            self._met.append((item.name, True))
        self._begin()
        return self

    async def __aenter__(self) -> Self:
        self._take()
        for item, handler in self._demanded("before"):
            try:
                found = handler(self, *item.args)
                if isinstance(found, Awaitable):
                    await found
            except BaseException as problem:
                await self._outcomes.settle_async(self._unmet(item))
                if isinstance(problem, Exception):
                    raise self._denied(item) from problem
                raise
            self._met.append((item.name, True))
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        untaken = self._untaken(value)
        ended = self._ended(_outcome(value))
        if ended is not None:
            self._outcomes.settle(ended)
        if untaken is not None:
            raise untaken

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        untaken = self._untaken(value)
        ended = self._ended(_outcome(value))
        if ended is not None:
            await self._outcomes.settle_async(ended)
        if untaken is not None:
            raise untaken

    def result(self, value: object) -> object:
        """What the tool gave, as it may leave. Raises `Withheld` where it may not, and `GuardError` outside of the permit's `with`."""
        self._check_done(value)
        self._label(value)
        for item, handler in self._demanded("after"):
            try:
                value = _not_awaitable(handler(self, value, *item.args))
            except Exception as problem:
                self._met.append((item.name, False))
                raise Withheld(f"the result of `{self.tool}` is withheld: `{item.name}` could not be met") from problem
            self._met.append((item.name, True))
        self._result = value
        return value

    async def result_async(self, value: object) -> object:
        """The same, where handlers may be coroutines."""
        self._check_done(value)
        self._label(value)
        for item, handler in self._demanded("after"):
            try:
                found = handler(self, value, *item.args)
                value = await found if isinstance(found, Awaitable) else found
            except Exception as problem:
                self._met.append((item.name, False))
                raise Withheld(f"the result of `{self.tool}` is withheld: `{item.name}` could not be met") from problem
            self._met.append((item.name, True))
        self._result = value
        return value

    def refuse(self) -> None:
        """Says that the call is not made after all, in place of making it. Raises `GuardError` where it was made."""
        self._take()
        self._outcomes.settle(self._settled("refused"))

    def __reduce__(self) -> NoReturn:
        """A call is made once, so there are no two of its permit, and none in another process."""
        raise TypeError(f"the permit {self.identifier} can't be copied or pickled: it is for one call, by who asked")

    # ------------------------------------------------------------------------------------------------------------- parts

    def _take(self) -> None:
        if self._process != os.getpid():
            raise GuardError(f"the permit {self.identifier} was asked for before a fork; ask again in this process")
        with self._lock:
            if self._state != "new":
                raise GuardError(f"the permit {self.identifier} was used already; each call is asked for anew")
            self._state = "used"

    def _begin(self) -> None:
        """Notes when the tool begins. Where the clock can't say, nobody says it: the decision has its time, and stands."""
        began: str | None = None
        with suppress(Exception):
            began = time_text(self._gate.clock())
        self._began = began, time.perf_counter_ns()

    def _demanded(self, when: Literal["before", "after"]) -> list[tuple[Obligation, Callable[..., object]]]:  # type: ignore[explicit-any]
        table = self._handlers.before if when == "before" else self._handlers.after
        return [(item, table[item.name]) for item in self.decision.obligations if item.name in table]

    def _check_done(self, value: object) -> None:
        """What a tool gives must be a result, and be given while the call lasts: its labels are recorded with its end. A coroutine or a generator does its work later, when nobody asks any more."""
        if self._state != "used":
            raise GuardError(
                f"the result of `{self.tool}` is given to `permit.result` within `with`, before the call has ended"
            )
        try:
            later = inspect.isawaitable(value) or inspect.isgenerator(value) or inspect.isasyncgen(value)
        except Exception as problem:
            raise Withheld(f"`{self.tool}` gave what can't be looked at, and it is withheld") from problem
        if later:
            if inspect.iscoroutine(value) or inspect.isgenerator(value):
                value.close()
            raise Withheld(
                f"`{self.tool}` gave a {type(value).__name__}, whose work would be done after the call; guard the coroutine itself, "
                "or return what it gives"
            )

    def _untaken(self, passing: BaseException | None) -> GuardError | None:
        """What is wrong with a program that leaves the permit without `result`, though something is demanded of the result."""
        left = [item.name for item, _ in self._demanded("after")]
        if passing is not None or self._result is not NOTHING or not (left or self._labels_of):
            return None
        self._met += [(name, False) for name in left]
        wanted = f"does what the allowance demands of it: {', '.join(left)}" if left else "finds out its labels"
        return GuardError(f"`{self.tool}` was called, and its result not given to `permit.result`, which {wanted}")

    def _label(self, value: object) -> None:
        if self._labels_of is None:
            return
        try:
            self._labels = _labels(self._labels_of(value))
        except Exception as problem:
            raise Withheld(f"the result of `{self.tool}` is withheld: its labels are not known") from problem

    def _unmet(self, item: Obligation) -> Settlement:
        self._met.append((item.name, False))
        self._state = "ended"
        return self._settled("refused")

    def _denied(self, item: Obligation) -> Denied:
        reason = f"the allowance demands `{item.name}`, which could not be done; the call was not made"
        decision = changed(
            self.decision, verdict="deny", decided_by=("unmet_obligation",), reason=reason, obligations=()
        )
        answer = Answer(decision, self.identifier, self._answer.call, self._answer.request, self._answer.at_ns)
        return Denied(answer)

    def _ended(self, outcome: Outcome) -> Settlement | None:
        with self._lock:
            if self._state != "used":
                return None
            self._state = "ended"
        return self._settled(outcome)

    def _settled(self, outcome: Outcome) -> Settlement:
        began, took = None, None
        if self._began is not None:
            began, took = self._began[0], time.perf_counter_ns() - self._began[1]
        return settlement(
            self._gate,
            self.identifier,
            outcome,
            person=self._person,
            began=began,
            took_ns=took,
            result=self._result,
            results=self._results,
            met=self._met,
            labels=self._labels,
        )


def _outcome(passing: BaseException | None) -> Outcome:
    """What an exception says of the tool that it comes from; one that is withheld comes from a tool that ran, and of one that ran out of
    time nobody knows how far it came."""
    if passing is None or isinstance(passing, Withheld):
        return "ok"
    return "error" if isinstance(passing, Exception) and not isinstance(passing, TimeoutError) else "unknown"


def _not_awaitable(found: object) -> object:
    if inspect.isawaitable(found):
        if inspect.iscoroutine(found):
            found.close()
        raise TypeError("the handler is a coroutine, which only `async with` and tools that are coroutines can await")
    return found


def _labels(given: object) -> tuple[str, ...]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise TypeError("labels are a list of texts")
    found = tuple(given)
    if not all(type(label) is str for label in found):
        raise TypeError("a label is a text")
    return found
