"""What the classes of a policy say of their fields. The JSON form follows from it: coders are made from annotations.

A compiled policy has some fifty classes, and a process that decides one request meets thirty. `attrs.fields` and
`typing.get_type_hints` would take longer for these than all the rest of reading a small policy, so annotations are evaluated here:
each text once for each module, in the names of that module, which is where it was written.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import Final, TypeGuard, get_args

from tenetlang.frozen import defaults_of
from tenetlang.program import types as t

__all__ = ["defaults_of", "hints_of", "is_node", "is_numbered", "is_type", "members"]


def hints_of(kind: type) -> Mapping[str, object]:
    """The annotations of a class's fields, in their order."""
    known = _HINTS.get(kind)
    if known is None:
        known = {name: _evaluated(kind.__module__, text) for name, text in kind.__annotations__.items()}
        _HINTS[kind] = known
    return known


_HINTS: Final[dict[type, Mapping[str, object]]] = {}


@cache
def _evaluated(module: str, text: str) -> object:
    # The text is an annotation in our own source.
    return eval(text, vars(sys.modules[module]))  # noqa: S307


def is_node(hint: object) -> TypeGuard[type]:
    """Whether it is one of the classes of a policy: one of attrs, which is written as an object with `is`."""
    return isinstance(hint, type) and "__attrs_attrs__" in vars(hint)


def members(union: object) -> tuple[type, ...]:
    """The classes of a union."""
    return tuple(kind for kind in get_args(union) if isinstance(kind, type))


_TYPES: Final = frozenset(members(t.Type))


def is_type(hint: object) -> bool:
    """Whether an annotation is `Type`, or one of its members alone, as `Tool.parameters`."""
    return (isinstance(hint, type) and hint in _TYPES) or frozenset(get_args(hint)) == _TYPES


def is_numbered(kind: type, hint: object) -> bool:
    """Whether a field of the class stands for a type by its number; types inside of types are written out."""
    return is_type(hint) and kind not in _TYPES and kind is not t.Field
