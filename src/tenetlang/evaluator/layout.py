"""How the parts of a request for one tool are numbered, and how inputs are made from their values.

Inputs are records in records (`requests.py`). To make them takes longer than to decide, and most rules look at single
parts: so requests are read into a tuple of the parts (`generate_reading.py`), which rules read by position, and inputs are
made from it where somebody wants a whole record, or the trace.

    request agent: { id: string, team?: string }         0  agent.id     text
    tool email(to: list[email], amount: decimal)         1  agent.team   text, or ABSENT
                                                         2  origins      record
                                                         3  tool         text
                                                         4  args.amount  number
                                                         5  args.to      tuple

In the tuple a decimal that is whole is an int, which is quicker to make and to compare, and equal; and a set of strings is
a tuple, which has the same members and is not equal. `typing_of` says what makes of them what inputs have.

The tuple holds nothing that can change. A caller who changes the request later does not change the trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.evaluator.requests import RequestSchema
from tenetlang.evaluator.runtime import ABSENT, NOTHING
from tenetlang.frozen import frozen
from tenetlang.program import types as t
from tenetlang.values.collections import Record
from tenetlang.values.numbers import to_decimal

Path: TypeAlias = tuple[str, ...]
Values: TypeAlias = tuple[object, ...]

MOST_PARTS: Final = 200
"""Parts of a request that is read by position; with more it is read in the general way."""


@frozen
class Part:
    """A part that is read as one: what its type is, and where its value stands."""

    path: Path
    type: t.Type
    optional: bool
    refinement: t.Refinement | None
    position: int


@frozen
class Group:
    """A record whose fields are parts of their own, in the order of their names. `strict`: it has no other fields.

    Where it is `optional`, True or `ABSENT` stands at the position.
    """

    path: Path
    optional: bool
    strict: bool
    fields: tuple[Part | Group, ...]
    position: int


@frozen
class Layout:
    """The parts of the requests for one tool. Facts, counters, origins and tool stand at the same positions for every tool
    of a policy, arguments behind them. Without tools there are facts alone, and the last two positions are -1."""

    facts: tuple[Part | Group, ...]
    counters: Group | None
    origins: int
    tool: int
    arguments: Group | None
    size: int
    parts: Mapping[Path, Part]

    @property
    def top(self) -> tuple[Part | Group, ...]:
        """What stands at the top of a request, but for the tool and the origins."""
        found = (*self.facts, self.counters, self.arguments)
        return tuple(item for item in found if item is not None)


@attrs.define
class _Numbering:
    next: int = 0
    parts: dict[Path, Part] = attrs.field(factory=dict)

    def take(self) -> int:
        self.next += 1
        return self.next - 1


def layout_of(schema: RequestSchema, tool: str) -> Layout | None:
    """The layout of requests for a tool (`""` where there are no tools); None where they have too many parts."""
    numbering = _Numbering()
    facts = tuple(
        _placed(numbering, (name,), fact.type, None, optional=not fact.required, strict=False)
        for name, fact in sorted(schema.facts.items())
    )
    counters = arguments = None
    origins = position = -1
    if schema.uses_tools:
        if schema.counters:
            declared = {counter.name: counter for counter in schema.counters}
            fields = tuple(
                t.Field(name, counter.type, refinement=counter.refinement) for name, counter in declared.items()
            )
            counters = _group(numbering, ("counters",), t.RecordType(fields), optional=False, strict=True)
        origins, position = numbering.take(), numbering.take()
        arguments = _group(numbering, ("args",), schema.tools[tool].parameters, optional=False, strict=True)
    if numbering.next > MOST_PARTS:
        return None
    return Layout(facts, counters, origins, position, arguments, numbering.next, numbering.parts)


def _placed(
    numbering: _Numbering,
    path: Path,
    type_: t.Type,
    refinement: t.Refinement | None,
    *,
    optional: bool,
    strict: bool,
) -> Part | Group:
    match type_:
        case t.OptionalType(of):
            return _placed(numbering, path, of, refinement, optional=optional, strict=strict)
        case t.RecordType(fields) if refinement is None and all(field.type != t.ARGUMENTS for field in fields):
            return _group(numbering, path, type_, optional=optional, strict=strict)
        case _:
            part = numbering.parts[path] = Part(path, type_, optional, refinement, numbering.take())
            return part


def _group(numbering: _Numbering, path: Path, type_: t.RecordType, *, optional: bool, strict: bool) -> Group:
    fields = tuple(
        _placed(
            numbering,
            (*path, field.name),
            field.type,
            field.refinement,
            optional=field.optional,
            strict=strict,
        )
        for field in sorted(type_.fields, key=lambda field: field.name)
    )
    return Group(path, optional, strict, fields, numbering.take() if optional else -1)


def groups(layout: Layout) -> Iterator[Group]:
    """All records of the layout, outer ones first."""
    waiting = [item for item in layout.top if isinstance(item, Group)]
    while waiting:
        group = waiting.pop(0)
        yield group
        waiting += [item for item in group.fields if isinstance(item, Group)]


def expected(layout: Layout, present: frozenset[str] | None) -> list[Part | Group]:
    """What stands at the top of requests that have these optional facts; of all, where that is None."""
    return [field for field in layout.top if present is None or not field.optional or field.path[0] in present]


# ------------------------------------------------------------------------------------------------------------- values


def typing_of(
    type_: t.Type, use: Literal["value", "compared", "members"] = "value"
) -> Callable[[object], object] | None:
    """What makes a value of the type from what stands in the tuple; None where that is the same, or as good for this use."""
    match type_:
        case t.Scalar("decimal") if use != "compared":
            return _decimal
        case t.SetType(t.Scalar()) if use != "members":
            return _set
        case _:
            return None


def _decimal(raw: object) -> object:
    return to_decimal(raw) if raw is not ABSENT else raw  # type: ignore[arg-type]  # a number


def _set(raw: object) -> object:
    return frozenset(raw) if raw is not ABSENT else raw  # type: ignore[call-overload]  # a tuple or a set


def inputs_of(layout: Layout, values: Values) -> dict[str, object]:
    """The inputs with these values, but for documents; equal to what the general way of reading gives."""
    inputs: dict[str, object] = {}
    if layout.arguments is not None:
        inputs["tool"] = values[layout.tool]
        inputs["args"] = _made(layout.arguments, values)
    for item in layout.facts:
        found = _made(item, values)
        if found is not ABSENT:
            inputs[item.path[0]] = found
    if layout.arguments is not None:
        inputs["origins"] = values[layout.origins]
        inputs["counters"] = NOTHING if layout.counters is None else _made(layout.counters, values)
    inputs["approvals"] = ()
    return inputs


def _made(item: Part | Group, values: Values) -> object:
    if isinstance(item, Part):
        value = values[item.position]
        typing = typing_of(item.type)
        return value if typing is None else typing(value)
    if item.optional and values[item.position] is ABSENT:
        return ABSENT
    fields: dict[str, object] = {}
    for inner in item.fields:
        value = _made(inner, values)
        if value is not ABSENT:
            fields[inner.path[-1]] = value
    return Record(fields)
