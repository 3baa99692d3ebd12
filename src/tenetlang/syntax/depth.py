"""How deep a syntax tree goes, asked without recursion."""

from __future__ import annotations

import attrs

from tenetlang.text import Span


def too_deep(node: object, limit: int) -> Span | None:
    """The place of the first node that lies more than `limit` nodes deep, None where there is none."""
    level: list[object] = [node]
    deeper: list[object] = []
    depth = 0
    last: Span | None = None
    while level:
        depth += 1
        for inner in level:
            at = getattr(inner, "at", None)
            if isinstance(at, Span):
                last = at
                if depth > limit:
                    return last
            for name in _fields(type(inner)):
                _collect(getattr(inner, name), deeper)
        level, deeper = deeper, []
    return None


def _collect(value: object, into: list[object]) -> None:
    if isinstance(value, tuple):
        for item in value:
            _collect(item, into)
    elif attrs.has(type(value)) and not isinstance(value, Span):
        into.append(value)


def _fields(kind: type) -> tuple[str, ...]:
    found = _known.get(kind)
    if found is None:
        found = _known[kind] = tuple(field.name for field in attrs.fields(kind)) if attrs.has(kind) else ()
    return found


_known: dict[type, tuple[str, ...]] = {}
