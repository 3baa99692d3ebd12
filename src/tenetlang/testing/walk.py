"""Going through core expressions without knowing every node: what a value refers to, and putting values for variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import attrs

from tenetlang.program import expression as core
from tenetlang.program.types import Type

Part: TypeAlias = core.Expression | core.Bound | core.Step


def nodes(item: object) -> Iterator[object]:
    """The expression, bound or step itself, and all below it."""
    if isinstance(item, tuple):
        for member in item:
            yield from nodes(member)
    elif isinstance(item, Part):
        yield item
        for field in attrs.fields(type(item)):
            below = getattr(item, field.name)
            if isinstance(below, tuple | Part):
                yield from nodes(below)


def with_values(expression: core.Expression, values: Mapping[str, tuple[object, Type]]) -> core.Expression:
    """The same expression with the named variables as constants; names that it binds itself stand for what it binds."""
    bound: set[str] = set()
    for node in nodes(expression):
        match node:
            case core.Bound(key, local):
                bound |= {local.name} if key is None else {key.name, local.name}
            case core.Assign(local):
                bound.add(local.name)
            case _:
                pass
    put = _put(expression, {name: value for name, value in values.items() if name not in bound})
    assert isinstance(put, core.Expression)
    return put


def _put(item: object, values: Mapping[str, tuple[object, Type]]) -> object:
    if isinstance(item, core.Local) and item.name in values:
        value, type_ = values[item.name]
        return core.Constant(value, type_, item.at)
    if isinstance(item, tuple):
        return tuple(_put(member, values) for member in item)
    if not isinstance(item, Part):
        return item
    make: Callable[..., object] = type(item)  # type: ignore[explicit-any]  # each kind has its own fields
    return make(**{field.name: _put(getattr(item, field.name), values) for field in attrs.fields(type(item))})
