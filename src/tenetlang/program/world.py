"""What the whole stage knows while it works.

A `World` is filled step by step, each step reading what earlier ones wrote: types, then what requests consist of, then
definitions, then rules and tests. A `View` is what one program sees of it: a package that is not part of the entry's
program is checked with the view of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.frozen import frozen
from tenetlang.program.modules import Modules
from tenetlang.program.names import FileScope, PackageScope, Symbol
from tenetlang.program.notes import Notes
from tenetlang.program.program import Data, Obligation, Tool
from tenetlang.program.types import RecordType, Type
from tenetlang.text import Span


@frozen
class DeclaredFact:
    """A part of the request as one package declares it."""

    name: str
    type: Type
    optional: bool
    package: str
    at: Span


@frozen
class Signature:
    """A function's name, parameters in order and result."""

    name: str
    parameters: tuple[tuple[str, Type], ...]
    result: Type
    extern: bool
    at: Span


@attrs.define(eq=False)
class View:
    """What one program is made of: the package that decides in it, all packages it takes in, and their one vocabulary.
    `all_tools` are the names of `tools`."""

    root: str
    deciding: tuple[str, ...]
    reached: tuple[str, ...]
    facts: dict[str, DeclaredFact] = attrs.field(factory=dict)
    tools: dict[str, Tool] = attrs.field(factory=dict)
    all_tools: frozenset[str] = frozenset()
    obligations: dict[str, Obligation] = attrs.field(factory=dict)
    counters: dict[str, Symbol] = attrs.field(factory=dict)
    uses_tools: bool = False
    shared: dict[frozenset[str], RecordType] = attrs.field(factory=dict)
    sensitive: set[tuple[str, str]] = attrs.field(factory=set)


@attrs.define(eq=False)
class World:
    """Everything known so far. `types`, `values` and `signatures` are by full name; `values` are the types of `let`s, sets
    and counters, and `limits` the tools to which a `let` is limited."""

    modules: Modules
    notes: Notes
    views: dict[str, View] = attrs.field(factory=dict)
    types: dict[str, Type] = attrs.field(factory=dict)
    data: dict[str, Data] = attrs.field(factory=dict)
    values: dict[str, Type] = attrs.field(factory=dict)
    limits: dict[str, frozenset[str]] = attrs.field(factory=dict)
    signatures: dict[str, Signature] = attrs.field(factory=dict)
    used: set[str] = attrs.field(factory=set)

    @property
    def packages(self) -> Mapping[str, PackageScope]:
        return self.modules.packages

    def view(self, package: str) -> View:
        """The view of the program with which the package is checked."""
        return self.views[package]

    def file_view(self, file: FileScope) -> View:
        return self.views[file.package.name]


def shown_name(world: World, package: str, name: str) -> str:
    """How decisions name what a package declares: bare for the entry, `baseline.y` for another.

    Where two packages end in the same word it is the full name: one approval must never stand for two reviewers.
    """
    if package == world.view(package).root:
        return name
    last = package.rpartition(".")[2]
    alike = sum(other.rpartition(".")[2] == last for other in world.packages)
    return f"{last}.{name}" if alike == 1 else f"{package}.{name}"
