"""What a call may be told of those before it, and what is noted of it: one moment of a ledger, within one transaction.

    total, session                 what the request is told: counters, labels, history
    begin                          an allowed call reserves what it adds to counters; every call becomes history
    finish                         how it ended: `error` and `refused` release what was reserved, `ok` and `unknown` keep it

A call is counted from the moment it is allowed, before its tool runs, and within the transaction that read the totals. So of any number of
calls at once, in whatever processes, each sees those that were allowed before it, and they can't all pass under one limit.

*Deadline.* An allowed call of which nobody said by its deadline how it ended becomes `unknown` then, and an unknown outcome counts. What is said
later brings labels, and changes nothing else: a call ends once. (docs/decisions/0018-what-a-deadline-means.md says why.) `overdue` has the calls
whose deadline was found to have passed, for the records of it.

*Time.* A ledger has one time, the newest that it was given. Where the clock is behind it, by no more than a little, the ledger's time stands still, and
`now` says what it is: whoever decides uses that one. Further behind is an error, since either time may be wrong, and only a person can say
which (`tenet ledger set-clock`).

*Once.* Beginning a call again with the same contents changes nothing, and so does ending it again; both say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, Self, TypeAlias

from tenetlang.decision import SEVERITY, Amount, Share, Verdict
from tenetlang.facts import accounts, sessions
from tenetlang.facts.errors import ClockWentBack, LedgerConflict, LedgerDamaged, LedgerFull
from tenetlang.facts.limits import Limits
from tenetlang.facts.rows import (
    CALLS,
    STATE,
    STATES,
    VERSION,
    Call,
    Held,
    Outcome,
    Rows,
    State,
    Waiting,
    digest,
    read,
    written,
)
from tenetlang.facts.sessions import Arguments
from tenetlang.frozen import field, frozen
from tenetlang.values.numbers import INT_MAX
from tenetlang.values.times import duration_text

DEFAULT_LIMITS: Final = Limits()
_AT_ONCE: Final = 8
_LONGEST_TOOL: Final = 1024
_OUTCOMES: Final = frozenset({"ok", "error", "refused", "unknown"})
_IDENTIFIER = re.compile(r"[0-9A-Za-z._-]{1,128}", re.ASCII).fullmatch

Finished: TypeAlias = Literal["settled", "again", "overdue", "absent"]
"""What `finish` found: the call ended now; it had ended; its deadline had ended it as `unknown`; nobody knows it (any more)."""


@frozen
class Begun:
    """A call that was decided. `identifier` is its own and never used again: 1 to 128 letters, digits, `.`, `_` and `-`.

    `arguments` are for the history of its session: None where they are not JSON, do not fit the tool (the requests after it would be invalid), or no policy
    reads them. `due` is the deadline of an allowed call, in nanoseconds since 1970; `shares` are what `Evaluator.counted` gives; `labels` are
    those that the result may bring (`@returns`).
    """

    identifier: str
    tool: str
    verdict: Verdict
    session: str | None = None
    arguments: Mapping[str, object] | None = None
    due: int | None = None
    shares: tuple[Share, ...] = ()
    labels: tuple[str, ...] = field(default=())


@frozen
class Overdue:
    """An allowed call that its deadline ended as `unknown`."""

    identifier: str
    due: int


class Moment:
    """A ledger within one transaction. `now` is its time, in nanoseconds since 1970."""

    def __init__(self, rows: Rows, state: State, limits: Limits, space: str) -> None:
        """Use `Moment.at`, or what a ledger hands over."""
        self._rows = rows
        self._state = state
        self._limits = limits
        self._space = space
        self._overdue: list[Overdue] = []
        self.now: Final = state.clock

    @classmethod
    def at(cls, rows: Rows, now_ns: int, limits: Limits = DEFAULT_LIMITS, space: str = "") -> Self:
        """The moment of that time. Does what is due: calls past their deadline end, what nobody needs is removed, a little each time.

        `space` keeps counters of the same name apart, where several policies have one ledger. Raises `ClockWentBack` and `LedgerDamaged`.
        """
        state = state_of(rows)
        behind = state.clock - now_ns
        if behind > limits.clock_steps_back:
            raise ClockWentBack(
                f"the clock is {duration_text(behind)} behind the newest time that the ledger has seen; set it right, or if it is and the "
                "ledger's time was wrong, set that back: `tenet ledger set-clock`"
            )
        if not 0 <= now_ns < INT_MAX:
            raise ClockWentBack("the clock shows a time that no log can hold; set it right")
        if behind < 0:
            state.clock = now_ns
            rows.put(STATE, written(state))
        moment = cls(rows, state, limits, space)
        for at, name in rows.due(moment.now, _AT_ONCE):
            rows.unschedule(at, name)
            moment._look_at(name)
        return moment

    @property
    def overdue(self) -> tuple[Overdue, ...]:
        """The calls that this moment found past their deadline, each in one moment only."""
        return tuple(self._overdue)

    def session(self, identifier: str, *, calls: bool = True, arguments: bool = True) -> dict[str, object]:
        """The request's member `session`: `id`, `labels`, and `calls`, oldest first, empty unless wanted, with their `args` if wanted.

        Raises `LedgerFull` for a session that has more labels than are kept, and `LedgerDamaged`.
        """
        return sessions.facts(self._rows, self.now, identifier, calls=calls, arguments=arguments)

    def total(self, share: Share) -> Amount:
        """At what the counter stands for the share's key, in its window. Raises `LedgerDamaged`."""
        return 0 if share.key is None else accounts.total(self._rows, self.now, self._space, share)

    def begin(self, begun: Begun) -> bool:
        """Notes a call that was decided, and reserves what it adds where it is allowed; False where it was noted before.

        Raises `LedgerFull` where a bound is reached and `LedgerConflict` for what can't be (another call with this identifier, a deadline in the
        past): then nothing may be noted, so the transaction must not be committed, and the call not be made.
        """
        if not _IDENTIFIER(begun.identifier):
            raise LedgerConflict("the identifier of a call has 1 to 128 letters, digits, `.`, `_` and `-`")
        if begun.verdict not in SEVERITY:
            raise LedgerConflict("a verdict is `allow`, `deny` or `escalate`")
        if len(begun.tool) > _LONGEST_TOOL:
            raise LedgerConflict(f"the name of a tool has {len(begun.tool):,} characters; none is that long")
        name = f"c:{begun.identifier}"
        arguments = None if begun.arguments is None else sessions.arguments_of(begun.arguments, self._limits)
        contents = _digest(begun, arguments)
        known = self._call(name)
        if known is not None:
            if known.digest != contents:
                raise LedgerConflict(f"the call {begun.identifier} was begun before, as another one")
            return False
        due = self._deadline(begun)
        held = self._reserve(begun) if begun.verdict == "allow" else ()
        session = None if begun.session is None else sessions.session_of(begun.session)
        number = None if session is None else self._note(session, begun, due, arguments)
        scheduled = self.now + self._limits.remembered if due is None else due
        self._rows.schedule(scheduled, name)
        self._rows.put(name, written(Call(contents, session, number, due, scheduled, held)))
        return True

    def finish(self, identifier: str, outcome: Outcome, labels: Iterable[str] = ()) -> Finished:
        """Notes how an allowed call ended, and the labels that its result brought beside those that it was begun with.

        A call ends once; labels are taken in whenever they come. Raises `LedgerConflict` for a call that was not allowed,
        and for what is no outcome.
        """
        if outcome not in _OUTCOMES:
            raise LedgerConflict("an outcome is `ok`, `error`, `refused` or `unknown`")
        name = f"c:{identifier}"
        call = self._call(name)
        if call is None:
            return "absent"
        if call.due is None:
            raise LedgerConflict(f"the call {identifier} was not allowed, so it can't end")
        found: Finished = "settled"
        if call.outcome is not None:
            found = "overdue" if call.late else "again"
        elif call.due <= self.now:
            self._settle_late(name, call)
            found = "overdue"
        else:
            self._settle(name, call, outcome)
        brought = tuple(labels)
        if brought and call.session is not None:
            assert call.outcome is not None
            sessions.end(self._rows, call.session, call.number, identifier, call.outcome, brought, self._limits)
        return found

    def forget_arguments(self, identifier: str) -> int:
        """Forgets what people wrote in a session, for whoever has it erased; gives how many calls had arguments.

        That there were calls, their tools and how they ended stays, and so do labels and counters.
        """
        return sessions.forget_arguments(self._rows, sessions.session_of(identifier))

    # -------------------------------------------------------------------------------------------------------- its parts

    def _deadline(self, begun: Begun) -> int | None:
        if begun.verdict != "allow":
            return None
        if begun.due is None or not self.now < begun.due <= self.now + self._limits.longest:
            raise LedgerConflict(
                f"the deadline of an allowed call has to be within {duration_text(self._limits.longest)} from now"
            )
        return begun.due

    def _reserve(self, begun: Begun) -> tuple[Held, ...]:
        held: list[Held] = []
        for share in begun.shares:
            if share.key is None or share.adds is None:
                continue
            added, new = accounts.add(
                self._rows, self.now, self._space, share, begun.identifier, self._state.accounts, self._limits.accounts
            )
            held.append(added)
            if new:
                self._state.accounts += 1
                self._rows.put(STATE, written(self._state))
                if share.within is not None:
                    self._rows.schedule(self.now + share.within, added.account)
        return tuple(held)

    def _note(self, session: str, begun: Begun, due: int | None, arguments: Arguments | None) -> int:
        number, new = sessions.note(
            self._rows, self.now, session, self._limits, begun.identifier, begun.tool, begun.verdict, due, arguments
        )
        if new:
            if self._state.sessions >= self._limits.sessions:
                raise LedgerFull(
                    f"there are {self._state.sessions:,} sessions already; raise `sessions` in the ledger's limits, or wait until some are idle"
                )
            self._state.sessions += 1
            self._rows.put(STATE, written(self._state))
            self._rows.schedule(self.now + self._limits.session_idle, session)
        if due is not None and begun.labels:
            waiting = Waiting(begun.identifier, due, begun.labels)
            sessions.await_labels(self._rows, session, self._limits, waiting)
        return number

    def _look_at(self, name: str) -> None:
        """Does what is due with a name."""
        kind = name[:2]
        again: int | None = None
        if kind == "c:":
            call = self._call(name)
            if call is not None and call.due is not None and call.outcome is None:
                self._settle_late(name, call)
            else:
                self._rows.remove([name])
        elif kind == "s:":
            again = sessions.expire(self._rows, name, self.now, self._limits.session_idle)
            self._state.sessions -= again is None
        elif kind == "a:":
            again = accounts.expire(self._rows, name, self.now)
            self._state.accounts -= again is None
        else:
            raise LedgerDamaged("the ledger's schedule has a name of no kind; restore the ledger from a copy")
        if again is not None:
            self._rows.schedule(again, name)
        elif kind != "c:":
            self._rows.put(STATE, written(self._state))

    def _settle_late(self, name: str, call: Call) -> None:
        assert call.due is not None
        call.late = True
        self._settle(name, call, "unknown")
        self._overdue.append(Overdue(name[2:], call.due))

    def _settle(self, name: str, call: Call, outcome: Outcome) -> None:
        if outcome in {"error", "refused"}:
            for held in call.held:
                accounts.release(self._rows, held, name[2:])
        if call.session is not None:
            sessions.end(self._rows, call.session, call.number, name[2:], outcome, (), self._limits)
        self._rows.unschedule(call.scheduled, name)
        call.outcome, call.held, call.scheduled = outcome, (), self.now + self._limits.remembered
        self._rows.schedule(call.scheduled, name)
        self._rows.put(name, written(call))

    def _call(self, name: str) -> Call | None:
        (text,) = self._rows.get([name])
        return None if text is None else read(name, text, CALLS)


def set_clock(rows: Rows, now_ns: int) -> None:
    """Sets the time of a ledger, also back. What was counted at a later time stays counted for the longer."""
    state = state_of(rows)
    state.clock = now_ns
    rows.put(STATE, written(state))


def state_of(rows: Rows) -> State:
    """The state of a ledger; a new one where nothing is stored. Raises `LedgerDamaged` for another version."""
    (text,) = rows.get([STATE])
    if text is None:
        return State()
    state = read(STATE, text, STATES)
    if state.version != VERSION:
        raise LedgerDamaged(
            f"the ledger is of version {state.version}, and this program knows {VERSION}; use the program that wrote it, or a newer one"
        )
    return state


def _digest(begun: Begun, arguments: Arguments | None) -> str:
    """What tells a call from another one with its identifier: all but the deadline, which whoever repeats it may set anew."""
    shares = [(share.counter, share.key, str(share.adds)) for share in begun.shares]
    text = None if arguments is None else arguments.text
    try:
        return digest(begun.session, begun.tool, begun.verdict, text, shares, begun.labels)
    except ValueError:
        raise LedgerConflict("a call has a text that can't be stored") from None
