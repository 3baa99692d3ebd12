"""The types of Tenet.

Types are structural: a record is its fields, a union its literals; a declared name is only an abbreviation, kept for
messages and left out of equality. `Unknown` is the type of what could not be typed: it goes with everything, so that
one mistake gives one finding. `Never` is the element type of an empty literal.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from tenetlang.frozen import field, frozen

ScalarName: TypeAlias = Literal[
    "bool", "int", "decimal", "string", "time", "duration", "ip", "cidr", "url", "email", "host", "path", "semver",
    "glob", "regex", "json", "verdict", "tool", "arguments",
]  # fmt: skip


@frozen
class Scalar:
    """A type without parts.

    `glob` and `regex` are types of `data` only. `verdict` is for tests and claims. `tool` is the name of a tool (the
    request's or an earlier call's), `arguments` are the arguments of an earlier call: unreadable until its tool is known.
    """

    name: ScalarName


BOOL, INT, DECIMAL, STRING = Scalar("bool"), Scalar("int"), Scalar("decimal"), Scalar("string")
TIME, DURATION, IP, CIDR = Scalar("time"), Scalar("duration"), Scalar("ip"), Scalar("cidr")
URL, EMAIL, HOST, PATH, SEMVER = Scalar("url"), Scalar("email"), Scalar("host"), Scalar("path"), Scalar("semver")
GLOB, REGEX, JSON, VERDICT = Scalar("glob"), Scalar("regex"), Scalar("json"), Scalar("verdict")
TOOL, ARGUMENTS = Scalar("tool"), Scalar("arguments")


@frozen
class ListType:
    of: Type


@frozen
class SetType:
    of: Type


@frozen
class MapType:
    """Keys are strings or a union of string literals."""

    key: Type
    of: Type


@frozen
class Refinement:
    """What annotations on a parameter or field demand beyond its type; None where they say nothing.

    Bounds are inclusive. `pattern` is a regular expression that the whole string matches. `length` counts code points,
    `items` the members of a list, set or map.
    """

    minimum: Decimal | int | None = None
    maximum: Decimal | int | None = None
    pattern: str | None = None
    length: tuple[int, int] | None = None
    items: tuple[int, int] | None = None


@frozen
class Field:
    """A field of a record, or a parameter. `optional`: it may be absent."""

    name: str
    type: Type
    optional: bool = False
    refinement: Refinement | None = None


@frozen
class RecordType:
    """Fields sorted by name. `name` is the declared name, for messages only."""

    fields: tuple[Field, ...]
    name: str = field(default="", eq=False)

    def field(self, name: str) -> Field | None:
        for member in self.fields:
            if member.name == name:
                return member
        return None


@frozen
class UnionType:
    """String literals, sorted and distinct; at least one."""

    literals: tuple[str, ...]
    name: str = field(default="", eq=False)


@frozen
class OptionalType:
    """`T?`: a value that may be absent, as of a `let` or a function's parameter; fields say so by `Field.optional`."""

    of: Type


@frozen
class Never:
    """The element of an empty literal: goes wherever an element is wanted."""


@frozen
class Unknown:
    """What could not be typed; goes with everything and is never reported."""


Type: TypeAlias = (
    Scalar | ListType | SetType | MapType | RecordType | UnionType | OptionalType | Never | Unknown
)  # fmt: skip


def shown(type_: Type) -> str:
    """The type as an author writes it."""
    match type_:
        case Scalar(name):
            return name
        case ListType(of):
            return f"list[{shown(of)}]"
        case SetType(of):
            return f"set[{shown(of)}]"
        case MapType(key, of):
            return f"map[{shown(key)}, {shown(of)}]"
        case RecordType(fields, name):
            if name:
                return name
            inner = ", ".join(f"{f.name}{'?' if f.optional else ''}: {shown(f.type)}" for f in fields)
            return f"{{ {inner} }}" if inner else "{}"
        case UnionType(literals, name):
            return name or " | ".join(f'"{literal}"' for literal in literals)
        case OptionalType(of):
            return f"{shown(of)}?"
        case Never():
            return "nothing"
        case Unknown():
            return "unknown"
