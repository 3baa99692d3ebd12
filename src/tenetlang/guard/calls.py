"""A call, and who makes it.

    guard.call("refund", {"customer": "c1", "amount": 20}, agent="a1", user="u7", session="s1")

    with acting(agent="a1", user="u7", session="s1"):      # for all calls within, in threads of control and coroutines alike
        refund("c1", Decimal(20))

Who acts is said by the program that runs the agent, never by the agent. `acting` puts it into a context variable: a coroutine or a
task that is begun within has it too, another thread begins with nothing. An inner `acting` says only what differs.

Of the parts of a request, the caller says the tool, the arguments, their origins, agent, user, context, and what else the
policy declares as `request …`. History, counters, approvals and the time are the guard's to say; whoever could say them could say that
a budget is not used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Self, TypeAlias

from tenetlang.frozen import field, frozen
from tenetlang.guard.arguments import bounded, held, plain
from tenetlang.guard.errors import GuardError

Who: TypeAlias = str | Mapping[str, object]
"""An agent or a user: its identifier, or all that the policy wants to know of it (`{"id": …, "team": …}`)."""

OURS: Final = frozenset(
    {"tool", "args", "origins", "session", "counters", "approvals", "now", "agent", "user", "context"}
)
"""Parts of a request that have a parameter of their own, or are the guard's."""


@frozen
class Caller:
    """Who acts, as far as it was said."""

    agent: Mapping[str, object] | None = None
    user: Mapping[str, object] | None = None
    session: str | None = None
    context: Mapping[str, object] | None = None
    facts: Mapping[str, object] = field(factory=dict)
    origins: Mapping[str, object] = field(factory=dict)


@frozen
class Call:
    """One call of a tool by somebody; arguments, origins and facts as JSON values that nobody else holds."""

    tool: str
    arguments: Mapping[str, object]
    caller: Caller
    origins: Mapping[str, object] | None = None

    @property
    def agent(self) -> str | None:
        """The agent's identifier, where it has one."""
        identifier = None if self.caller.agent is None else self.caller.agent.get("id")
        return identifier if type(identifier) is str else None

    def asked(self) -> dict[str, object]:
        """The request as far as the caller says it."""
        request: dict[str, object] = {"tool": self.tool, "args": dict(self.arguments)}
        caller = self.caller
        said = (("agent", caller.agent), ("user", caller.user), ("context", caller.context))
        request.update((name, part) for name, part in said if part is not None)
        if self.origins:
            request["origins"] = self.origins
        request.update(caller.facts)
        return request


_NOBODY: Final = Caller()


@frozen
class _Scope:
    """Who acts, since which `acting` says so, and what was so around it."""

    caller: Caller
    by: object
    outside: _Scope | None


_acting: Final[ContextVar[_Scope | None]] = ContextVar("tenetlang_acting", default=None)


class acting:  # noqa: N801  # read as a word: `with acting(agent="a1"):`
    """Says for all calls within who makes them; a context manager, also with `async with`.

    One object may be used again, within itself, and by several threads and tasks at once: what was around it is in its context, not in it.
    """

    def __init__(
        self,
        *,
        agent: Who | None = None,
        user: Who | None = None,
        session: str | None = None,
        context: Mapping[str, object] | None = None,
        facts: Mapping[str, object] | None = None,
        origins: Mapping[str, object] | None = None,
    ) -> None:
        """`origins` are by the name of an argument, for every call within that has one of this name and says no origins itself.

        Raises `GuardError` for what is no identifier, and for facts that are not the caller's to say.
        """
        self._said = caller_of(agent, user, session, context, facts, origins)

    def __enter__(self) -> Self:
        around = _acting.get()
        _acting.set(_Scope(merged(_who_acts(), self._said), self, around))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        scope = _acting.get()
        while scope is not None and scope.by is not self:  # one within was left open: a generator that nobody finished
            scope = scope.outside
        if scope is not None:
            _acting.set(scope.outside)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, value, traceback)


def _who_acts() -> Caller:
    scope = _acting.get()
    return _NOBODY if scope is None else scope.caller


def caller_of(
    agent: Who | None,
    user: Who | None,
    session: str | None,
    context: Mapping[str, object] | None,
    facts: Mapping[str, object] | None,
    origins: Mapping[str, object] | None = None,
) -> Caller:
    """Who acts, from what a program says. Raises `GuardError`."""
    if session is not None and (type(session) is not str or not session):
        raise GuardError(f"a session is the text that identifies it, not a {type(session).__name__}")
    for name in facts or ():
        if name in OURS:
            raise GuardError(f"`{name}` is no fact: it has a parameter of its own, or is the guard's to say")
    if all(part is None for part in (agent, user, session, context, facts, origins)):
        return _NOBODY
    return Caller(
        _who("an agent", agent),
        _who("a user", user),
        session,
        None if context is None else _object("the context", context),
        {} if facts is None else _object("what else is said of a call", facts),
        {} if origins is None else _object("the origins", origins),
    )


def merged(outer: Caller, inner: Caller) -> Caller:
    """The caller of an inner scope: what it says itself, else what is said outside."""
    if inner is _NOBODY:
        return outer
    if outer is _NOBODY:
        return inner
    return Caller(
        outer.agent if inner.agent is None else inner.agent,
        outer.user if inner.user is None else inner.user,
        outer.session if inner.session is None else inner.session,
        outer.context if inner.context is None else inner.context,
        {**outer.facts, **inner.facts},
        {**outer.origins, **inner.origins},
    )


def call_of(tool: str, arguments: Mapping[str, object], caller: Caller, origins: Mapping[str, object] | None) -> Call:
    """The call, its values converted (`arguments`). Raises `GuardError` for what is no name of a tool or no arguments."""
    if type(tool) is not str:
        raise GuardError(f"a tool is named by text, not by a {type(tool).__name__}")
    given, who = _object("the arguments", arguments), merged(_who_acts(), caller)
    if origins is not None:
        said = _object("the origins", origins)
    else:
        said = {name: origin for name, origin in who.origins.items() if name in given}
    return Call(tool, given, who, said)


def _who(what: str, said: Who | None) -> Mapping[str, object] | None:
    if said is None:
        return None
    if type(said) is str:
        return {"id": said}
    return _object(what, said)


def _object(what: str, said: object) -> dict[str, object]:
    found = bounded(plain(held(said)))
    if type(found) is not dict:
        raise GuardError(f"{what} can't be a {type(said).__name__}: an object is needed, with text as keys")
    return found
