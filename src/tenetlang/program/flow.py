"""What is known at a place in the policy: flow typing.

Conditions are read in the written order, and each tells the rest of its block something: which tools the call may still
be of, which optional paths are there, what a `json` value is. A `Flow` is that knowledge, and a condition has two of
them, for where it holds and where it does not. `and` chains them, `or` keeps what both sides know.

Paths are known by their *key*: a text that is equal for two expressions exactly if they read the same thing. Expressions are
pure, so a path read twice has one value.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.types import Type

_NONE: Mapping[str, Type] = {}
_NO_CALLS: Mapping[str, frozenset[str]] = {}


@frozen
class Flow:
    """What holds at a place.

    `tools`: those that the request's tool may still be, None where nothing is known; empty where the place can't be
    reached. `unknown_tool`: a condition named a tool that does not exist, so nothing is said of `args`. `present` are the
    keys of optional paths that are there, `types` what `json` paths are, `calls` the tools of earlier calls by key.
    """

    tools: frozenset[str] | None = None
    unknown_tool: bool = False
    present: frozenset[str] = frozenset()
    types: Mapping[str, Type] = _NONE
    calls: Mapping[str, frozenset[str]] = _NO_CALLS

    @property
    def impossible(self) -> bool:
        return self.tools is not None and not self.tools

    def with_tools(self, tools: frozenset[str]) -> Flow:
        return attrs.evolve(self, tools=tools)

    def with_present(self, keys: frozenset[str]) -> Flow:
        return attrs.evolve(self, present=self.present | keys) if keys else self

    def with_type(self, key: str, type_: Type) -> Flow:
        return attrs.evolve(self, types={**self.types, key: type_})

    def with_call(self, key: str, tools: frozenset[str]) -> Flow:
        return attrs.evolve(self, calls={**self.calls, key: tools})


NOTHING_KNOWN = Flow()


def either(left: Flow, right: Flow) -> Flow:
    """What is known where one of two flows arrived, and which is not said."""
    if left is right or right.impossible:
        return left
    if left.impossible:
        return right
    return Flow(
        tools=None if left.tools is None or right.tools is None else left.tools | right.tools,
        unknown_tool=left.unknown_tool or right.unknown_tool,
        present=left.present & right.present,
        types={key: type_ for key, type_ in left.types.items() if right.types.get(key) == type_},
        calls={key: tools | right.calls[key] for key, tools in left.calls.items() if key in right.calls},
    )


def key_of(expression: core.Expression) -> str | None:
    """The key of a path, None for what is no path."""
    match expression:
        case core.Read(path):
            return ".".join(path)
        case core.Local(name):
            return f"%{name}"
        case core.Derived(name):
            return f"={name}"
        case core.Field(of, name) | core.Part(of, name):
            above = key_of(of)
            return None if above is None else f"{above}.{name}"
        case core.Narrow(of) | core.Widen(of):
            return key_of(of)
        case core.Index(of, key):
            above, within = key_of(of), key_of(key)
            return None if above is None or within is None else f"{above}[{within}]"
        case core.Constant(value):
            return f"{type(value).__name__}:{value!r}" if isinstance(value, str | int) else None
        case _:
            return None


def keys_above(expression: core.Expression) -> frozenset[str]:
    """The keys of the path and of all that it goes through: where the path is there, so are they."""
    keys: set[str] = set()
    current: core.Expression | None = expression
    while current is not None:
        match current:
            case core.Read(path):
                keys.update(".".join(path[:end]) for end in range(1, len(path) + 1))
                current = None
            case core.Field(of) | core.Part(of) | core.Narrow(of) | core.Index(of) | core.Widen(of):
                key = key_of(current)
                if key is not None:
                    keys.add(key)
                current = of
            case _:
                key = key_of(current)
                if key is not None:
                    keys.add(key)
                current = None
    return frozenset(keys)
