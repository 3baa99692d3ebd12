"""Any value of the compiler's stages, spelled out: for people as indented lines, for programs as JSON.

    Rule                                                                          support.tenet:12:1
      verdict  "allow"
      name     "small_refund"
      body
        - Condition                                                               support.tenet:13:5
          …

A value of an attrs class is its name and its fields; fields that are empty are left out of the lines. A place in the
source is shown on the line of what stands there. Depth is bounded, because a policy may nest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum

import attrs

from tenetlang.cli.shown import value_text
from tenetlang.report.visible import visible
from tenetlang.text import Span, Text

DEEPEST = 200
"""What lies deeper is shown as `…`."""


def dump_lines(value: object) -> list[str]:
    """The value as indented lines."""
    return [line.rstrip() for line in _lines(value, "", 0)]


def dump_json(value: object, depth: int = 0) -> object:
    """The value as JSON values: nodes are objects with `is` (their class) and `at` (file, line and column, start and end)."""
    if depth > DEEPEST:
        return "…"
    match value:
        case None | True | False | int() | str():
            return value
        case Enum():
            return value.name
        case Span():
            return _place_json(value)
        case Mapping():
            return {str(key): dump_json(inner, depth + 1) for key, inner in value.items()}
        case tuple() | list():
            return [dump_json(inner, depth + 1) for inner in value]
        case frozenset() | set():
            return sorted((dump_json(inner, depth + 1) for inner in value), key=str)
        case _ if attrs.has(type(value)):
            fields = {
                name: dump_json(inner, depth + 1) for name, inner in _fields(value) if not isinstance(inner, Span)
            }
            place = _span(value)
            return {"is": type(value).__name__, **({"at": _place_json(place)} if place else {}), **fields}
        case _:
            return scalar(value)


def scalar(value: object) -> str:
    """A value without parts, such as a decimal or a time, in its usual spelling."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _lines(value: object, head: str, indent: int) -> Iterator[str]:
    """The value behind `head`, on one line where it is short, else with its parts below, indented by `indent`."""
    if indent > 2 * DEEPEST:
        yield f"{head}…"
        return
    match value:
        case str():
            yield head + value_text(value, None)
        case Mapping() if value:
            yield head.rstrip()
            for key, inner in value.items():
                yield from _lines(inner, f"{' ' * indent}{visible(str(key))}: ", indent + 2)
        case tuple() | list() if value and all(isinstance(inner, str | int) for inner in value):
            yield f"{head}[{', '.join(map(_short, value))}]"
        case tuple() | list() if value:
            yield head.rstrip()
            for inner in value:
                yield from _lines(inner, f"{' ' * indent}- ", indent + 2)
        case frozenset() | set():
            yield head + "{" + ", ".join(sorted(_short(inner) for inner in value)) + "}"
        case Mapping() | tuple() | list():
            yield f"{head}(none)"
        case Enum() | Span():
            yield head + _short(value)
        case _ if attrs.has(type(value)):
            yield from _node(value, head, indent)
        case _:
            yield head + _short(value)


def _node(value: object, head: str, indent: int) -> Iterator[str]:
    place = _span(value)
    named = head + type(value).__name__
    yield (
        f"{named}{' ' * max(2, 88 - len(named))}{visible(place.text.name)}:{place.line}:{place.column}"
        if place
        else named
    )
    for name, inner in _fields(value):
        if isinstance(inner, Span) or inner is None or inner in ((), {}, frozenset(), False):
            continue
        yield from _lines(inner, f"{' ' * indent}{name}: ", indent + 2)


def _short(value: object) -> str:
    match value:
        case Enum():
            return value.name
        case Span():
            return f"{visible(value.text.name)}:{value.line}:{value.column}"
        case str():
            return value_text(value, None)
        case bool():
            return "true" if value else "false"
        case _:
            return visible(scalar(value))


def _fields(value: object) -> Iterator[tuple[str, object]]:
    kind = type(value)
    for field in attrs.fields(kind) if attrs.has(kind) else ():
        inner: object = getattr(value, field.name)
        if not isinstance(inner, Text):
            yield field.name, inner


def _span(value: object) -> Span | None:
    """Where the node stands: its first field that is a place."""
    return next((inner for _, inner in _fields(value) if isinstance(inner, Span)), None)


def _place_json(place: Span) -> dict[str, object]:
    text = place.text
    return {"file": text.name, "start": list(text.position(place.start)), "end": list(text.position(place.end))}
