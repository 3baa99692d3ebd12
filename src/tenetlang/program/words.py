"""The dotted words that stand in a piece of syntax: which definitions it can mean, before anything has a type."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from tenetlang.syntax import tree
from tenetlang.text import Span


def words_read(root: object) -> Iterator[tree.Path]:
    """Every name, call and `word.name` anywhere inside, as paths."""
    pending: list[object] = [root]
    while pending:
        node = pending.pop()
        match node:
            case tree.Name(name):
                yield tree.Path((name,), node.at)
            case tree.Member(tree.Name(head), name):
                yield tree.Path((head,), node.at)
                yield tree.Path((head, name), node.at)
            case tree.Call(function):
                yield function
                pending.extend(argument.value for argument in node.arguments)
            case tuple():
                pending.extend(node)
            case str() | bool() | None | Span():
                pass
            case _ if attrs.has(type(node)):
                pending.extend(getattr(node, name) for name in _children(type(node)))
            case _:
                pass


_CHILDREN: dict[type, tuple[str, ...]] = {}


def _children(kind: type) -> tuple[str, ...]:
    names = _CHILDREN.get(kind)
    if names is None:
        names = tuple(name for name in kind.__annotations__ if name not in {"at", "name_at", "operator_at"})
        _CHILDREN[kind] = names
    return names
