"""A function as a tool: its name and its signature are what the policy declares, and what a call of it says.

    @guard.tool
    def refund(customer: str, amount: Decimal, note: str | None = None) -> str: ...

    refund("c1", Decimal(20))   →   the tool `refund` with {"customer": "c1", "amount": 20}

Each argument must have a name that a policy can speak of, so `*args` and `**kwargs` are refused when the function is decorated.
So are generators: they do their work after the call has returned, when nobody asks any more. Defaults are applied, because
the tool acts on them. None says that an argument is not there, unless the policy's tool requires it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from tenetlang.frozen import field, frozen
from tenetlang.guard.errors import NoTool


@frozen
class Taken:
    """What a function takes: the tool's name, the names of its parameters and its signature."""

    name: str
    parameters: tuple[str, ...]
    signature: inspect.Signature = field(repr=False)


def taken_by(function: Callable[..., object], name: str | None = None) -> Taken:  # type: ignore[explicit-any]  # any function
    """What the function is as a tool, called `name` or by its own name. Raises `NoTool`."""
    called = getattr(function, "__name__", None) if name is None else name
    if not isinstance(called, str) or not called or called == "<lambda>":
        raise NoTool('a tool needs a name: `guard.tool(function, name="…")`')
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise NoTool(f"`{called}` is a generator, whose work would be done after the call; return a list")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as mistake:
        raise NoTool(f"`{called}` has no signature to read: {mistake}") from mistake
    parameters = tuple(signature.parameters.values())
    for parameter in parameters:
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            raise NoTool(f"`{called}` takes `{parameter}`: give each argument a name that a policy can speak of")
    if parameters and parameters[0].name in {"self", "cls"}:
        raise NoTool(f"`{called}` is a method; guard the bound one: `guard.tool(thing.{called})`")
    return Taken(called, tuple(parameter.name for parameter in parameters), signature)


def arguments_of(
    taken: Taken, given: tuple[object, ...], named: Mapping[str, object]
) -> tuple[dict[str, object], inspect.BoundArguments]:
    """The arguments of one call by name, defaults applied, and how to call the function with them.

    Raises `TypeError` as Python does for a call that the function does not take; then nothing was asked or done.
    """
    bound = taken.signature.bind(*given, **named)
    bound.apply_defaults()
    return dict(bound.arguments), bound
