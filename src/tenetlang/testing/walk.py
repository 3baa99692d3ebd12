"""Going through core expressions without knowing every node: what a value refers to, and putting values for variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import attrs

from tenetlang.program import expression as core
from tenetlang.program.types import Type
from tenetlang.text import Span

NODES = core.Expression.__args__  # type: ignore[attr-defined]  # a union of classes, which has `__args__`
PARTS = (*NODES, core.Bound, core.Condition, core.Choose, core.Assign)

Node = TypeVar("Node")


def nodes(item: object) -> Iterator[object]:
    """The expression, bound or step itself, and all below it."""
    if isinstance(item, tuple):
        for member in item:
            yield from nodes(member)
    elif isinstance(item, PARTS):
        yield item
        for field in attrs.fields(type(item)):
            below = getattr(item, field.name)
            if isinstance(below, tuple | PARTS):
                yield from nodes(below)


def with_values(item: Node, values: Mapping[str, tuple[object, Type]]) -> Node:
    """The same expression with the named variables as constants."""
    if isinstance(item, core.Local) and item.name in values:
        value, type_ = values[item.name]
        constant: object = core.Constant(value, type_, item.at)
        return constant  # type: ignore[return-value]  # one kind of expression for another
    if isinstance(item, tuple):
        return tuple(with_values(member, values) for member in item)  # type: ignore[return-value]  # as it came
    if not isinstance(item, PARTS):
        return item
    changed: dict[str, object] = {}
    for field in attrs.fields(type(item)):
        below = getattr(item, field.name)
        if isinstance(below, tuple | PARTS) and not isinstance(below, Span):
            other = with_values(below, values)
            if other is not below:
                changed[field.name] = other
    return attrs.evolve(item, **changed) if changed else item  # type: ignore[misc]  # attrs classes all
