"""Functions as tools: the wrapper that asks before it calls, for functions and coroutines.

    @guard.tool
    def refund(customer: str, amount: Decimal) -> str: ...

    refund("c1", Decimal(20))      asks, runs, records, and gives what the function gave; or raises `Denied` or `Escalated`

The wrapper has the function's name, signature, globals and documentation, so what frameworks read off a function they read off the tool. It
has no `__wrapped__`: who unwraps it as decorators are unwrapped has the tool, not the function. That stays reachable only to whoever has it under
another name: guarding is the wrapper, not the function.

Each run of the tool gets copies of its own of lists, dictionaries and sets: what a run changes in them, the next one of the same call, which
was approved anew, does not see.
"""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from types import FunctionType
from typing import ParamSpec, TypeVar

from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.guard.arguments import held
from tenetlang.guard.calls import Caller, call_of
from tenetlang.guard.errors import NoTool
from tenetlang.guard.front import Front, made, made_async
from tenetlang.guard.permits import Labels
from tenetlang.guard.signatures import Taken, arguments_of, taken_by

P = ParamSpec("P")
T = TypeVar("T")

_NOBODY = Caller()


def check_declared(taken: Taken, evaluator: Evaluator) -> None:
    """Raises `NoTool` where the policy declares no such tool, or one with other arguments: every call would be denied."""
    declared = evaluator.policy.tools.get(taken.name)
    if declared is None:
        known = ", ".join(f"`{name}`" for name in sorted(evaluator.policy.tools)) or "none"
        raise NoTool(f"the policy declares no tool `{taken.name}` (declared: {known})")
    fields = {item.name: item for item in declared.parameters.fields}
    for name in taken.parameters:
        if name not in fields:
            raise NoTool(f"`{taken.name}` takes `{name}`, which the policy does not declare of it")
    for name, item in fields.items():
        if name not in taken.parameters and not item.optional:
            raise NoTool(f"the policy requires `{name}` of `{taken.name}`, which the function does not take")


def guarded(
    front: Callable[[], Front],
    function: Callable[P, T],
    name: str | None,
    labels: Labels | None,
    wait: float | None,
) -> Callable[P, T]:
    """The function behind a guard, whose inside `front` gives for each call. Raises `NoTool`."""
    taken = taken_by(function, name)
    check_declared(taken, front().gate.active().evaluator)
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004  # what it is, not whether
        return _guarded_coroutine(front, function, taken, labels, wait)

    def wrapper(*given: P.args, **named: P.kwargs) -> T:
        now = front()
        arguments, bound = _bound(taken, given, named)
        call = call_of(taken.name, _said(now, taken, arguments), _NOBODY, None)
        return made(now, call, lambda: _run(function, bound), labels, _waits(now, wait))

    def tool(*given: P.args, **named: P.kwargs) -> T:
        return wrapper(*given, **named)

    return _shown_as(tool, function, taken.signature)


def _guarded_coroutine(
    front: Callable[[], Front], function: Callable[P, T], taken: Taken, labels: Labels | None, wait: float | None
) -> Callable[P, T]:
    async def wrapper(*given: P.args, **named: P.kwargs) -> object:
        now = front()
        arguments, bound = _bound(taken, given, named)
        call = call_of(taken.name, _said(now, taken, arguments), _NOBODY, None)

        async def action() -> object:
            found = _run(function, bound)
            assert isinstance(found, Awaitable)
            result: object = await found
            return result

        return await made_async(now, call, action, labels, _waits(now, wait))

    async def tool(*given: P.args, **named: P.kwargs) -> object:
        return await wrapper(*given, **named)

    return _shown_as(tool, function, taken.signature)  # type: ignore[arg-type]  # T is the coroutine that both of them give


def _run(function: Callable[P, T], bound: inspect.BoundArguments) -> T:
    own = inspect.BoundArguments(
        bound.signature, OrderedDict((name, held(value)) for name, value in bound.arguments.items())
    )
    return function(*own.args, **own.kwargs)


def _shown_as(tool: Callable[P, T], function: Callable[..., object], signature: inspect.Signature) -> Callable[P, T]:  # type: ignore[explicit-any]  # any function
    """The tool with all that is read off a function: with its globals too, in which frameworks look up what annotations name."""
    assert isinstance(tool, FunctionType)
    known = getattr(inspect.unwrap(function), "__globals__", tool.__globals__)
    shown = FunctionType(tool.__code__, known, tool.__name__, None, tool.__closure__)
    functools.update_wrapper(shown, function)
    del shown.__wrapped__  # type: ignore[attr-defined]  # put there by the line above
    shown.__signature__ = signature  # type: ignore[attr-defined]  # where `inspect` looks first
    return shown


def _waits(front: Front, wait: float | None) -> float:
    return front.wait if wait is None else wait


def _bound(
    taken: Taken, given: tuple[object, ...], named: Mapping[str, object]
) -> tuple[dict[str, object], inspect.BoundArguments]:
    """The arguments, copied, and how to call the function with these copies."""
    arguments, bound = arguments_of(taken, given, named)
    for name, value in arguments.items():
        arguments[name] = bound.arguments[name] = held(value)
    return arguments, bound


def _said(front: Front, taken: Taken, arguments: Mapping[str, object]) -> dict[str, object]:
    """The arguments that the call says: None is no argument where the policy lets it be left out."""
    declared = front.gate.active().evaluator.policy.tools.get(taken.name)
    fields = () if declared is None else declared.parameters.fields
    optional = {item.name for item in fields if item.optional}
    return {name: value for name, value in arguments.items() if value is not None or name not in optional}
