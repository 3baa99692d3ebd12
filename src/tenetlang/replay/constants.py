"""What an expression is worth that depends on nothing but constants and documents, so that a query can hold its value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from tenetlang.evaluator.meaning import ABSENT, Fault, Run, value
from tenetlang.evaluator.requests import read_data
from tenetlang.program import expression as core
from tenetlang.program.program import Program


def folding(program: Program, documents: Mapping[str, object]) -> Callable[[core.Expression], object | None]:
    """Gives the values of closed expressions, and None for all others. Raises `DataError` for documents that do not fit."""
    data = read_data(program.data, documents)
    closed: dict[str, bool] = {}

    def is_closed(expression: core.Expression) -> bool:
        bound = {node.name for node in _nodes(expression) if isinstance(node, _Binds)}
        for node in _nodes(expression):
            match node:
                case core.Read(path) if path[0] != "data":
                    return False
                case core.Local(name) if name not in bound:
                    return False
                case core.Derived(name) if not whole(name, program.definitions[name].value):
                    return False
                case core.CallFunction():
                    return False
                case _:
                    pass
        return True

    def whole(name: str, definition: core.Expression) -> bool:
        if name not in closed:
            closed[name] = False  # until it is known
            closed[name] = is_closed(definition)
        return closed[name]

    def fold(expression: core.Expression) -> object | None:
        if not is_closed(expression):
            return None
        try:
            found = value(Run(program, {}, data), expression, {})
        except (Fault, RecursionError):
            return None
        return None if found is ABSENT else found

    return fold


@attrs.frozen
class _Binds:
    """A variable that is bound within an expression."""

    name: str


def _nodes(expression: object) -> Iterator[object]:
    """The nodes of an expression, and what binds variables in it."""
    waiting: list[object] = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend(node)
        if isinstance(node, tuple | core.Constant):
            continue
        kind = type(node)
        if attrs.has(kind):
            yield node
            if isinstance(node, core.Bound):
                yield from (_Binds(local.name) for local in (node.key, node.value) if local is not None)
            elif isinstance(node, core.Assign):
                yield _Binds(node.local.name)
            if kind.__module__ == core.__name__:
                names = [field.name for field in attrs.fields(kind) if field.name not in {"at", "type"}]
                waiting.extend(getattr(node, name) for name in names)
