"""The words of a program: its tools, what a request must say, documents, obligations, counters.

Tools, facts, obligations and counters have one namespace in a program. A fact is declared nearest to the entry: by the
entry itself, then by what it extends, then by what these import, so that `request agent: {…}` replaces what `std.agents` says.
"""

from __future__ import annotations

from collections.abc import Iterator

from tenetlang.program import graph
from tenetlang.program import types as t
from tenetlang.program.annotations import has, read_annotations
from tenetlang.program.names import AGENTS, Declared, PackageScope
from tenetlang.program.program import Data, Obligation, Tool
from tenetlang.program.schema import resolve, resolve_fields
from tenetlang.program.world import DeclaredFact, View, World
from tenetlang.syntax import tree
from tenetlang.text import Span

RESERVED = frozenset(
    {"tool", "args", "origins", "counters", "approvals", "data", "verdict", "decided_by", "obligations"}
)
"""What a request or a test says by itself; no package declares it."""


def make_views(world: World) -> None:
    """Read documents and declarations of every package, and make the view of the entry and of all packages beside it."""
    declarations = {name: _read_package(world, package) for name, package in world.packages.items()}
    extends = {name: package.extends for name, package in world.packages.items()}
    uses = {name: [*package.extends, *package.imports] for name, package in world.packages.items()}
    used = {below for names in uses.values() for below in names}
    roots = [world.modules.entry, *sorted(name for name in world.packages if name not in used), *sorted(world.packages)]
    for root in roots:
        if root in world.views:
            continue
        deciding = graph.reachable([root], extends)
        reached = tuple(dict.fromkeys((*deciding, *graph.reachable(deciding, uses))))
        view = View(root, deciding, reached)
        for name in reached:
            _add(world, view, declarations[name])
            for symbol in world.packages[name].all("value"):
                if isinstance(symbol.declaration, tree.CounterDeclaration):
                    _add_counter(world, view, symbol.name, name)
        view.all_tools = frozenset(view.tools)
        view.uses_tools = AGENTS in reached
        for name in reached:
            world.views.setdefault(name, view)


class _Declarations:
    """What one package declares for the whole program."""

    def __init__(self) -> None:
        self.facts: dict[str, DeclaredFact] = {}
        self.tools: list[tuple[Tool, frozenset[str]]] = []
        self.obligations: list[Obligation] = []


def _read_package(world: World, package: PackageScope) -> _Declarations:
    found = _Declarations()
    for symbol in package.all("data"):
        declaration = symbol.declaration
        assert isinstance(declaration, tree.DataDeclaration)
        read_annotations(world.notes, declaration.annotations, "declaration")
        type_ = resolve(world, symbol.file, declaration.type, data=True)
        world.data[symbol.full_name] = Data(package.name, symbol.name, type_, declaration.name_at)
    for item in package.others:
        match item.declaration:
            case tree.RequestDeclaration():
                _read_fact(world, item, item.declaration, found)
            case tree.ToolDeclaration():
                _read_tool(world, item, item.declaration, found)
            case tree.ObligationDeclaration(written, name, fields):
                resolved = {field.name: field for field in resolve_fields(world, item.file, fields).fields}
                in_order = dict.fromkeys(field.name for field in fields)
                kept = read_annotations(world.notes, written, "obligation")
                parameters = tuple(resolved[field] for field in in_order)
                found.obligations.append(Obligation(name, parameters, has(kept, "single"), item.declaration.name_at))
            case _:
                pass
    return found


def _read_fact(world: World, item: Declared, declaration: tree.RequestDeclaration, found: _Declarations) -> None:
    read_annotations(world.notes, declaration.annotations, "declaration")
    name = declaration.name
    if name in RESERVED:
        world.notes.add("duplicate-name", declaration.name_at, "library", name=name)
        return
    if name in found.facts:
        first = found.facts[name].at
        world.notes.add("duplicate-name", declaration.name_at, also=(("declared", first),), name=name)
        return
    type_ = resolve(world, item.file, declaration.type, top=True)
    optional = declaration.optional or isinstance(type_, t.OptionalType)
    if isinstance(type_, t.OptionalType):
        type_ = type_.of
    found.facts[name] = DeclaredFact(name, type_, optional, item.file.package.name, declaration.name_at)


def _read_tool(world: World, item: Declared, declaration: tree.ToolDeclaration, found: _Declarations) -> None:
    kept = read_annotations(world.notes, declaration.annotations, "tool")
    record = resolve_fields(world, item.file, declaration.parameters)
    sensitive = frozenset(
        field.name for field in declaration.parameters if any(a.name == "sensitive" for a in field.annotations)
    )
    found.tools.append((Tool(declaration.name.name, record, kept, declaration.name.at), sensitive))


def _add(world: World, view: View, declarations: _Declarations) -> None:
    for name, fact in declarations.facts.items():
        view.facts.setdefault(name, fact)
    for tool, sensitive in declarations.tools:
        first = view.tools.setdefault(tool.name, tool)
        if first is not tool and first != tool:
            _note_twice(world, tool.name, tool.at, first.at)
        view.sensitive.update((tool.name, name) for name in sensitive)
    for obligation in declarations.obligations:
        known = view.obligations.setdefault(obligation.name, obligation)
        if known is not obligation and known != obligation:
            _note_twice(world, obligation.name, obligation.at, known.at)


def _add_counter(world: World, view: View, name: str, package: str) -> None:
    symbol = world.packages[package].symbols["value"][name]
    first = view.counters.setdefault(name, symbol)
    if first is not symbol:
        _note_twice(world, name, symbol.at, first.at)


def _note_twice(world: World, name: str, at: Span, nearer: Span) -> None:
    """Note what is declared twice: at the second place in one file, else in the package that is nearer to the entry."""
    if at.text is not nearer.text:
        at, nearer = nearer, at
    world.notes.add("duplicate-name", at, also=(("declared", nearer),), name=name)


def shared_parameters(view: View, tools: frozenset[str]) -> t.RecordType:
    """What `args` is where the tool is one of these: what all of them declare, with one type."""
    found = view.shared.get(tools)
    if found is None:
        records = [view.tools[name].parameters for name in sorted(tools)]
        found = records[0] if len(records) == 1 else t.RecordType(tuple(_shared(records)))
        view.shared[tools] = found
    return found


def _shared(records: list[t.RecordType]) -> Iterator[t.Field]:
    by_name = [{field.name: field for field in record.fields} for record in records]
    for field in records[0].fields:
        others = [fields.get(field.name) for fields in by_name]
        if all(other is not None and other.type == field.type for other in others):
            optional = any(other is not None and other.optional for other in others)
            yield t.Field(field.name, field.type, optional)
