"""`Guard`: opened once, asked for every call.

    guard = Guard.open("policies/", log="decisions.db")

    @guard.tool                                  # the function's name and signature are the tool
    def refund(customer: str, amount: Decimal) -> str: ...

    with acting(agent="support-1", user="u7", session="s1"):
        refund("c1", Decimal(20))                # asks, runs, records; Denied and Escalated are exceptions

A guard is the whole of enforcement in one object: it has the log, the facts, the policy and the people. It may be shared between
threads and coroutines. It is of one process: after a fork the child's calls are denied until it opens one of its own (`reopen`).

Everything fails closed. What can fail, and what is answered then, is a table in docs/guard.md with a test for each row.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, ParamSpec, Self, TypeVar, overload

import attrs

from tenetlang.audit.checkpoints.note import SigningKey
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.bundle.active import Active
from tenetlang.guard.answers import Answer
from tenetlang.guard.building import Built, Wanted, build
from tenetlang.guard.calls import Who, call_of, caller_of
from tenetlang.guard.errors import GuardError
from tenetlang.guard.front import approved, asked, asked_async, permitted, permitted_async
from tenetlang.guard.obligations import After, Before, with_handler
from tenetlang.guard.outcomes import Results, logger
from tenetlang.guard.permits import Labels, Permit
from tenetlang.guard.reviewing import Review
from tenetlang.guard.scopes import narrowed
from tenetlang.guard.switches import resume, stop, switch_name
from tenetlang.guard.tools import guarded

if TYPE_CHECKING:
    from tenetlang.audit.log import Log
    from tenetlang.audit.payloads.keyring import Keyring
    from tenetlang.facts.ledger import Ledger
    from tenetlang.review.desk import Desk

P = ParamSpec("P")
T = TypeVar("T")
_Before = TypeVar("_Before", bound=Before)
_After = TypeVar("_After", bound=After)

DEADLINE: Final = 300.0
"""Seconds that a call may take until its outcome is unknown, if nothing else is said."""


class Guard:
    """The front door. A context manager, also with `async with`; made by `Guard.open`."""

    def __init__(self, built: Built) -> None:
        """Use `Guard.open`."""
        self._built = built
        self._front = built.front
        self._gate = built.front.gate
        self._closed = False
        self._declaring = threading.Lock()
        atexit.register(self._end)

    @classmethod
    def open(
        cls,
        policy: str | os.PathLike[str],
        *,
        log: Log | str | os.PathLike[str],
        key: SigningKey | str | os.PathLike[str] | None = None,
        trust: Sequence[str] = (),
        threshold: int = 1,
        keyring: Keyring | str | os.PathLike[str] | None = None,
        ledger: Ledger | str | None = None,
        reviews: Desk | bool = True,
        scopes: Mapping[str, Iterable[str]] | None = None,
        place: str = "gate",
        entry: str | None = None,
        wait: float = 0.0,
        deadline: float = DEADLINE,
        results: Results = "digest",
        receipts: bool = False,
        heartbeat: float | None = None,
        patience: float = 10.0,
        clock: Callable[[], int] = time.time_ns,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> Self:
        """A guard over the policy in a file, a folder or a bundle, which records in the log at this path or address, or in one
        that is open and the guard's from here on.

        - `key` signs the log's checkpoints: a key or its file. With `receipts` each permit has one, signed by it; after `heartbeat`
          seconds a log that did not grow is signed anew.
        - `trust` are the public keys of those who may sign bundles, of whom `threshold` must have; policy files need none.
        - `keyring` seals what callers sent with keys of the people whom it is about: its file, or one that is open and stays yours.
        - `ledger` keeps facts elsewhere than in the log's database: a ledger, or its address.
        - `reviews` asks people as `[review]` of `tenet.toml` says; or through a desk; or false: what escalates is denied.
        - `scopes` are the tools of each agent, beside those in `tenet.toml`, which they can only narrow.
        - `place` names this gate in records; `entry` is the package that decides, where that is not clear.
        - `wait` is for how many seconds calls wait for people; without it they raise `Escalated` at once.
        - `deadline` is after how many seconds the outcome of a call is unknown, `patience` how many it waits for a place in the
          log's queue, `results` what records keep of what tools give.

        Raises `GuardError`, `AuditError`, `BundleError` and `LedgerError`. Nothing is guarded then, so don't go on.
        """
        wanted = Wanted(
            policy=Path(policy),
            log=log,
            key=key,
            trust=tuple(trust),
            threshold=threshold,
            keyring=keyring,
            ledger=ledger,
            reviews=reviews,
            scopes={agent: tuple(tools) for agent, tools in (scopes or {}).items()},
            place=place,
            entry=entry,
            wait=wait,
            deadline=deadline,
            results=results,
            receipts=receipts,
            heartbeat=heartbeat,
            patience=patience,
            clock=clock,
            randomness=randomness,
        )
        return cls(build(wanted))

    # ------------------------------------------------------------------------------------------------------------ calls

    def ask(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        agent: Who | None = None,
        user: Who | None = None,
        session: str | None = None,
        origins: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> Answer | Permit:
        """A permit where the call is allowed, else the answer: for servers and gates that have their own way to say no.

        Who acts may be said here or around it (`acting`). `origins` says of arguments where they come from, `facts` what else the
        policy declares as `request …`. Raises nothing for a call, whatever is in it, but `GuardError` for what is none.
        """
        return asked(self._front, call_of(tool, arguments, caller_of(agent, user, session, context, facts), origins))

    async def ask_async(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        agent: Who | None = None,
        user: Who | None = None,
        session: str | None = None,
        origins: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> Answer | Permit:
        """The same for a coroutine."""
        call = call_of(tool, arguments, caller_of(agent, user, session, context, facts), origins)
        return await asked_async(self._front, call)

    def call(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        agent: Who | None = None,
        user: Who | None = None,
        session: str | None = None,
        origins: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        facts: Mapping[str, object] | None = None,
        labels: Labels | None = None,
        wait: float | None = None,
    ) -> Permit:
        """A permit for the call; `with` it the call is made. Raises `Denied` and `Escalated`, whose `resume` gives a permit.

        `labels` gives the labels of a result, beside those of the tool's declaration. All else is as in `ask`.
        """
        call = call_of(tool, arguments, caller_of(agent, user, session, context, facts), origins)

        def again(review: Review) -> Permit:
            approved(review, again)
            return permitted(self._front, call, labels, 0, again)

        return permitted(self._front, call, labels, self._waits(wait), again)

    async def call_async(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        agent: Who | None = None,
        user: Who | None = None,
        session: str | None = None,
        origins: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        facts: Mapping[str, object] | None = None,
        labels: Labels | None = None,
        wait: float | None = None,
    ) -> Permit:
        """The same for a coroutine; `Escalated.resume` still blocks, so a coroutine calls it by `asyncio.to_thread`."""
        call = call_of(tool, arguments, caller_of(agent, user, session, context, facts), origins)

        def again(review: Review) -> Permit:
            approved(review, again)
            return permitted(self._front, call, labels, 0, again)

        return await permitted_async(self._front, call, labels, self._waits(wait), again)

    @overload
    def tool(
        self,
        function: Callable[P, T],
        /,
        *,
        name: str | None = None,
        labels: Labels | None = None,
        wait: float | None = None,
    ) -> Callable[P, T]: ...

    @overload
    def tool(
        self, *, name: str | None = None, labels: Labels | None = None, wait: float | None = None
    ) -> Callable[[Callable[P, T]], Callable[P, T]]: ...

    def tool(
        self,
        function: Callable[P, T] | None = None,
        *,
        name: str | None = None,
        labels: Labels | None = None,
        wait: float | None = None,
    ) -> Callable[P, T] | Callable[[Callable[P, T]], Callable[P, T]]:
        """A function or coroutine as a tool: `@guard.tool`, or `@guard.tool(name="email.send")` where its own name won't do.

        `labels` gives those of a result, `wait` for how many seconds a call waits for people.

        Raises `NoTool` for what can't be one, or is not what the policy declares.
        """
        if function is not None:
            return guarded(lambda: self._front, function, name, labels, wait)
        return lambda found: guarded(lambda: self._front, found, name, labels, wait)

    def review(self, answer: Answer) -> Review:
        """The review of a call that `ask` escalated: to wait for it, and ask again. Raises `GuardError` for any other answer."""
        if answer.decision.verdict != "escalate" or self._gate.reviews is None:
            raise GuardError(f"the call was decided: {answer.decision.verdict}; there is nobody to wait for")
        return Review(self._gate, answer)

    # ------------------------------------------------------------------------------------------------- scopes, obligations

    def scope(self, agent: str, *tools: str) -> frozenset[str]:
        """The declared tools that an agent may ever call; `"*"` stands for agents that have no scope.

        With tools or globs its scope is narrowed to them, from the next call on: a scope never widens. Raises `GuardError`.
        """
        if tools:
            with self._declaring:
                self._gate.scopes = narrowed(self._gate.scopes, agent, tools)
        return frozenset(name for name in self.active.evaluator.policy.tools if self._gate.scopes.allows(agent, name))

    def before(self, obligation: str) -> Callable[[_Before], _Before]:
        """Decorates the function that does what an obligation demands before the tool runs: `f(permit, *arguments)`."""

        def put(handler: _Before) -> _Before:
            with self._declaring:
                self._gate.handlers = with_handler(self._gate.handlers, "before", obligation, handler)
            return handler

        return put

    def after(self, obligation: str) -> Callable[[_After], _After]:
        """Decorates the one that does so afterwards, `f(permit, result, *arguments)`, and gives the result that leaves."""

        def put(handler: _After) -> _After:
            with self._declaring:
                self._gate.handlers = with_handler(self._gate.handlers, "after", obligation, handler)
            return handler

        return put

    # -------------------------------------------------------------------------------------------------------- the switch

    def stop(
        self, *, agent: str | None = None, tool: str | None = None, because: str | None = None, by: str = "program"
    ) -> bool:
        """Stops all calls, or those of an agent or a tool, in all processes that use the log; false if that was so before."""
        return self._switch(stop, agent, tool, because, by)

    def resume(
        self, *, agent: str | None = None, tool: str | None = None, because: str | None = None, by: str = "program"
    ) -> bool:
        """Lets them go on; false if they were not stopped by just that."""
        return self._switch(resume, agent, tool, because, by)

    def _switch(
        self,
        change: Callable[[Tables, str, str, str | None, int], tuple[bool, list[Unplaced]]],
        agent: str | None,
        tool: str | None,
        because: str | None,
        by: str,
    ) -> bool:
        if agent is not None and tool is not None:
            raise GuardError("a switch is for an agent or for a tool; throw two for both")
        if agent is not None:
            what = switch_name("agent", agent)
        else:
            what = switch_name("all") if tool is None else switch_name("tool", tool)
        return self._gate.writer.do(lambda tables: change(tables, what, by, because, self._gate.clock())).result()

    # ------------------------------------------------------------------------------------------------------------- state

    @property
    def active(self) -> Active:
        """The policy that decides now."""
        return self._gate.active()

    @property
    def trouble(self) -> str | None:
        """Why calls are denied at the moment although the policy may allow them; None where nothing is known to be wrong."""
        if self._closed:
            return "the guard is closed"
        return self._front.outcomes.trouble or self.active.refusal(self._gate.steady())

    def reopen(self) -> None:
        """Opens everything anew with what the guard was opened with: after a fork in the child, or once a log was mended.

        A log that is not there any more is not made anew. Raises what `open` raises; then calls are denied as before.
        """
        before = self._built
        if not isinstance(before.wanted.log, str | os.PathLike):
            raise GuardError("the guard was opened with a log that somebody else opened; open that and another guard")
        if before.process == os.getpid():
            self._end()
        self._built = build(attrs.evolve(before.wanted, again=True))
        if before.process == os.getpid():
            before.front.outcomes.hand_over(self._built.front.outcomes)
        self._front = self._built.front
        scopes, handlers = self._gate.scopes, self._gate.handlers
        self._gate = self._front.gate
        self._gate.scopes, self._gate.handlers = scopes, handlers
        self._closed = False
        atexit.register(self._end)

    def close(self) -> None:
        """Records what is left to record, says in the log that this gate is done, and closes all of it. May be called twice.

        Raises `AuditError` where something could not be recorded or signed.
        """
        if not self._closed:
            self._closed = True
            atexit.unregister(self._end)
            self._built.close()

    def _end(self) -> None:
        """Closes the guard when the program ends, or before it is opened anew: whatever can't be recorded any more is only said."""
        try:
            self.close()
        except Exception as problem:  # noqa: BLE001  # there is nobody to tell but the log of the program
            logger.error("a guard could not be closed as it should: %s", problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        import asyncio

        await asyncio.to_thread(self.close)

    def _waits(self, wait: float | None) -> float:
        return self._front.wait if wait is None else wait
