"""The paths of a program's requests, by the kind of value that they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from tenetlang.program.program import Counter, Data, Fact, Tool
from tenetlang.program.types import OptionalType, RecordType, Scalar, Type

_UNQUOTED = frozenset({"decimal", "time", "duration"})


class Declaring(Protocol):
    """What declares the parts of requests: a program, or the policy that it was compiled to."""

    @property
    def tools(self) -> Mapping[str, Tool]: ...
    @property
    def facts(self) -> Mapping[str, Fact]: ...
    @property
    def counters(self) -> tuple[Counter, ...]: ...
    @property
    def data(self) -> tuple[Data, ...]: ...


def unquoted_paths(program: Declaring) -> frozenset[str]:
    """The paths whose values a trace writes as strings though they are none (`args.amount`, `now`): decimals, times and
    durations, which people read without quotes.

    A path that is such a value for one tool and a string for another is left out.
    """
    roots: list[tuple[str, Type]] = [("args", tool.parameters) for tool in program.tools.values()]
    roots += [(fact.name, fact.type) for fact in program.facts.values()]
    roots += [(f"counters.{counter.name}", counter.type) for counter in program.counters]
    roots += [(f"data.{data.name}", data.type) for data in program.data]
    found: dict[str, set[bool]] = {}
    for name, type_ in roots:
        for path, unquoted in _leaves(name, type_):
            found.setdefault(path, set()).add(unquoted)
    return frozenset(path for path, said in found.items() if said == {True})


def _leaves(path: str, type_: Type) -> Iterator[tuple[str, bool]]:
    """The paths that end at no record, and whether values there are shown without quotes."""
    match type_:
        case OptionalType(of):
            yield from _leaves(path, of)
        case RecordType(fields):
            for field in fields:
                yield from _leaves(f"{path}.{field.name}", field.type)
        case Scalar(name):
            yield path, name in _UNQUOTED
        case _:
            yield path, False
