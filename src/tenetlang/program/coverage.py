"""Whether the arms of a `match` leave a value over: exact for one path over the literals of a union, or over `bool`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.flow import key_of


def uncovered(conditions: Sequence[core.Expression]) -> tuple[str, ...] | None:
    """The values, as written, that no arm takes; empty if all are taken, None where the arms are of another kind."""
    taken: dict[str, set[object]] = {}
    types: dict[str, t.Type] = {}
    for condition in conditions:
        for path, value in _cases(condition):
            key = key_of(path)
            if key is not None:
                taken.setdefault(key, set()).add(value)
                types[key] = path.type
    left: tuple[str, ...] | None = None
    for key, values in taken.items():
        match types[key]:
            case t.UnionType(literals):
                rest = tuple(f'"{literal}"' for literal in literals if literal not in values)
            case t.Scalar("bool"):
                rest = tuple(word for word, value in (("true", True), ("false", False)) if value not in values)
            case _:
                continue
        if not rest:
            return ()
        left = rest if left is None else left
    return left


def _cases(condition: core.Expression) -> Iterator[tuple[core.Expression, object]]:
    """The values of paths for which the condition surely holds."""
    match condition:
        case core.Compare("==", path, core.Constant(value)) | core.Compare("==", core.Constant(value), path):
            yield path, value
        case core.Compare("!=", path, core.Constant(value)):
            yield from _others(path, {value})
        case core.Contains(path, core.MakeSet(items) | core.MakeList(items)):
            for item in items:
                if isinstance(item, core.Constant):
                    yield path, item.value
        case core.Or(items):
            for item in items:
                yield from _cases(item)
        case core.Not(core.Compare("==", path, core.Constant(value))):
            yield from _others(path, {value})
        case core.Not(path) if key_of(path) is not None:
            yield path, False
        case path if key_of(path) is not None and path.type is t.BOOL:
            yield path, True
        case _:
            pass


def _others(path: core.Expression, values: set[object]) -> Iterator[tuple[core.Expression, object]]:
    if isinstance(path.type, t.UnionType):
        for literal in path.type.literals:
            if literal not in values:
                yield path, literal
