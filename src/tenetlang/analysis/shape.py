"""What a well-typed request for one tool looks like: the type, the presence and the refinement of each of its paths."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from tenetlang.program import types as t
from tenetlang.program.expression import Read
from tenetlang.program.paths import ORIGIN
from tenetlang.program.program import Program
from tenetlang.text import Span, Text

NOWHERE = Span(Text("", ""), 0, 0)

Path = tuple[str, ...]


@attrs.define(eq=False)
class Shape:
    """The parts of the requests for `tool` (None: the program has no tools), by path."""

    program: Program
    tool: str | None
    known: dict[Path, t.Field | None] = attrs.field(factory=dict)

    def field(self, path: Path) -> t.Field | None:
        """The declaration of the part at the path; None where requests have nothing there."""
        if path not in self.known:
            self.known[path] = self._find(path)
        return self.known[path]

    def _find(self, path: Path) -> t.Field | None:
        if len(path) == (3 if path[0] == "data" else 2 if path[0] in {"args", "origins", "counters"} else 1):
            return self._first(path)
        above = self.field(path[:-1])
        of = None if above is None else plain(above.type)
        return of.field(path[-1]) if isinstance(of, t.RecordType) else None

    def _first(self, path: Path) -> t.Field | None:
        match path:
            case ("args", name) if self.tool is not None:
                return self.program.tools[self.tool].parameters.field(name)
            case ("origins", name) if self.tool is not None:
                declared = self.program.tools[self.tool].parameters.field(name)
                return None if declared is None else t.Field(name, ORIGIN, optional=True)
            case ("counters", name):
                counters = [counter for counter in self.program.counters if counter.name == name]
                return t.Field(name, counters[0].type, refinement=counters[0].refinement) if counters else None
            case ("data", package, name):
                found = [data.type for data in self.program.data if (data.package, data.name) == (package, name)]
                return t.Field(name, found[0]) if found else None
            case ("tool",):
                return t.Field("tool", t.TOOL)
            case (name,) if name in self.program.facts:
                fact = self.program.facts[name]
                return t.Field(name, fact.type, optional=not fact.required)
            case _:
                return None

    def optional_parts(self, path: Path) -> Iterator[Read]:
        """The parts on the way to the path, itself included, that a request may leave out; the outermost first."""
        for length in range(1, len(path) + 1):
            if path[:length] in {("args",), ("origins",), ("counters",), ("data",)} or (
                path[0] == "data" and length < 3
            ):
                continue
            declared = self.field(path[:length])
            if declared is not None and declared.optional:
                yield Read(path[:length], declared.type, NOWHERE)

    def read(self, path: Path, otherwise: t.Type) -> Read:
        """The path as a term; `otherwise` is its type where the request is not known to have it."""
        declared = self.field(path)
        return Read(path, plain(otherwise if declared is None else declared.type), NOWHERE)


def plain(type_: t.Type) -> t.Type:
    """The type without its `?`."""
    return type_.of if isinstance(type_, t.OptionalType) else type_


def element_type(type_: t.Type) -> t.Type:
    """The type of the members of a collection."""
    match plain(type_):
        case t.ListType(of) | t.SetType(of) | t.MapType(_, of):
            return plain(of)
        case _:
            return t.JSON


def key_type(type_: t.Type) -> t.Type:
    """The type of the keys of a map, or of what stands for them in other collections."""
    return type_.key if isinstance(type_, t.MapType) else t.STRING
