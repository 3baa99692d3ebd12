"""JSON decoded straight into objects with the fields of a tool's requests, by msgspec (`generate_reading.py` says what for)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
import msgspec

from tenetlang.evaluator.layout import Group, Layout, Part, expected
from tenetlang.evaluator.runtime import ABSENT
from tenetlang.program import types as t
from tenetlang.values.numbers import parse_number

PARSED: Final = frozenset({"time", "duration", "ip", "cidr", "url", "email", "host", "path", "semver"})
"""The types that are made of one text."""

encode: Final = msgspec.json.Encoder().encode
"""Writes such an object again."""


def decoder(layout: Layout, present: frozenset[str] | None) -> Callable[[bytes], object]:
    """Decodes JSON into an object whose fields `f0`, `f1`, … are what is `expected` at the top, and then the tool."""
    fields = expected(layout, present)
    if present is not None:
        fields = [attrs.evolve(field, optional=False) for field in fields]
    shape = _shape(fields, "tool" if layout.arguments is not None else None)
    return msgspec.json.Decoder(shape, float_hook=parse_number).decode


def _shape(fields: list[Part | Group], last: str | None) -> type:
    declared: list[tuple[str, object] | tuple[str, object, object]] = []
    renamed: dict[str, str] = {}
    for number, field in enumerate(fields):
        renamed[f"f{number}"] = field.path[-1]
        kind = _shape(list(field.fields), None) if isinstance(field, Group) else _kind(field.type)
        declared.append((f"f{number}", kind, ABSENT) if field.optional else (f"f{number}", kind))
    if last is not None:
        renamed[f"f{len(fields)}"] = last
        declared.append((f"f{len(fields)}", str))
    return msgspec.defstruct(
        "Shape",
        declared,
        rename=renamed,
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
        gc=False,
        eq=False,
        frozen=True,
    )


def _kind(type_: t.Type) -> object:
    match type_:
        case t.Scalar(name) if name in {"string", "tool"} | PARSED:
            return str
        case t.UnionType():
            return str
        case t.Scalar("bool"):
            return bool
        case t.ListType(t.STRING) | t.SetType(t.STRING):
            return tuple[str, ...]
        case _:
            return object
