"""Which expressions take time by the size of what they are used on: both evaluators count them as work (`work.py`)."""

from __future__ import annotations

from typing import Final

from tenetlang.program import expression as core
from tenetlang.program import types as t

_AT_ONCE: Final = frozenset({"count", "first", "last"})
_LONG: Final = frozenset({"string", "url", "path", "json", "arguments"})


def goes_through(expression: core.Expression) -> bool:
    """Whether the time that the expression itself takes depends on the size of what it is used on."""
    match expression:
        case core.Builtin(name, arguments):
            return name not in _AT_ONCE and (_is_large(expression.type) or _any_large(arguments))
        case core.Operate(_, operands):
            return _any_large(operands)
        case core.Contains(_, collection):
            return isinstance(collection.type, t.ListType)
        case core.Compare(_, left, right):
            return left.type != t.STRING and (_is_large(left.type) or _is_large(right.type))
        case core.Matches(of):
            return _is_large(of.type)
        case core.IsType() | core.Narrow():
            return True
        case _:
            return False


def _any_large(expressions: tuple[core.Expression, ...]) -> bool:
    return any(_is_large(item.type) for item in expressions)


def _is_large(type_: t.Type) -> bool:
    match type_:
        case t.OptionalType(of):
            return _is_large(of)
        case t.Scalar(name):
            return name in _LONG
        case t.ListType() | t.SetType() | t.MapType() | t.RecordType():
            return True
        case _:
            return False
