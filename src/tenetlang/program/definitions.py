"""Definitions: `let`, `fn`, `set`, counters and reviewers, lowered in an order in which each finds what it reads.

Which definition reads which is seen from the words alone, before anything has a type; a circle is a finding, and what
lies in it is unknown. So no definition is ever lowered while another waits for it, however long the chains are.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from tenetlang.program import expression as core
from tenetlang.program import graph, infer
from tenetlang.program import types as t
from tenetlang.program.annotations import read_annotations
from tenetlang.program.blocks import block
from tenetlang.program.conditions import known_tools
from tenetlang.program.counters import counter
from tenetlang.program.depth import note_deep
from tenetlang.program.flow import Flow
from tenetlang.program.intrinsics import INTRINSICS
from tenetlang.program.names import Declared, Symbol, symbol_at
from tenetlang.program.program import Counter, Definition, Function
from tenetlang.program.relations import LARGEST_TYPE, has_equality, is_too_large, join
from tenetlang.program.schema import parameters, resolve
from tenetlang.program.unit import Scope, Unit, fit, source_text
from tenetlang.program.words import words_read
from tenetlang.program.world import Signature, World
from tenetlang.syntax import tree


@attrs.define(eq=False)
class Definitions:
    """All definitions of all packages, lowered, by full name."""

    definitions: dict[str, Definition] = attrs.field(factory=dict)
    functions: dict[str, Function] = attrs.field(factory=dict)
    counters: dict[str, Counter] = attrs.field(factory=dict)


def define(world: World) -> Definitions:
    """Lower every definition of every package."""
    symbols = {symbol.full_name: symbol for package in world.packages.values() for symbol in package.all("value")}
    for symbol in symbols.values():
        _prepare(world, symbol)
    reads = {name: tuple(_reads(world, symbol)) for name, symbol in symbols.items()}
    order = graph.order({name: tuple(dict.fromkeys(read)) for name, read in reads.items()})
    for circle in order.circles:
        _note_circle(world, [symbols[name] for name in circle])
    straight = [name for name in order.names if name not in order.circular]
    broken = order.circular | note_deep(world.notes, symbols, straight, reads)
    found = Definitions()
    for name in order.names:
        symbol = symbols[name]
        if name in broken:
            world.values[name] = t.Unknown()
            continue
        match symbol.declaration:
            case tree.LetDeclaration():
                _let(world, symbol, symbol.declaration, found)
            case tree.FunctionDeclaration():
                _function(world, symbol, symbol.declaration, found)
            case tree.SetDeclaration():
                _set(world, symbol, found)
            case tree.CounterDeclaration():
                lowered = counter(world, symbol, symbol.declaration)
                world.values[name] = lowered.type
                found.counters[name] = lowered
            case _:
                pass
    return found


def _note_circle(world: World, circle: list[Symbol]) -> None:
    shown = " → ".join(symbol.name for symbol in (*circle, circle[0]))
    also = tuple(("next", symbol.at) for symbol in circle[1:])
    world.notes.add("recursion", circle[0].at, also=also, name=circle[0].name, cycle=shown if also else None)


def _prepare(world: World, symbol: Symbol) -> None:
    """What others must know before it is lowered: a function's signature, the tools to which a `let` is limited."""
    declaration = symbol.declaration
    if symbol.name in INTRINSICS or symbol.name == "origin":
        world.notes.add("duplicate-name", symbol.at, "library", name=symbol.name)
    match declaration:
        case tree.FunctionDeclaration():
            taken = parameters(world, symbol.file, declaration.parameters)
            result = resolve(world, symbol.file, declaration.result, top=True)
            extern = declaration.body is None
            if extern and not symbol.file.package.standard:
                world.notes.add("misplaced-extern", symbol.at, name=symbol.name)
            world.signatures[symbol.full_name] = Signature(symbol.full_name, taken, result, extern, symbol.at)
        case tree.LetDeclaration():
            limit = _limit(world, symbol, declaration.tools)
            if limit is not None:
                world.limits[symbol.full_name] = limit
        case _:
            pass


def _limit(world: World, symbol: Symbol, tools: tuple[tree.ToolName, ...]) -> frozenset[str] | None:
    """The tools for which a `let` has a value: those of its `of`, within those of the `for` around it."""
    unit = Unit(world, symbol.file)
    limits = [known_tools(unit, names) for names in (tools, *(outer.tools for outer in symbol.around)) if names]
    return frozenset.intersection(*limits) if limits else None


def _reads(world: World, symbol: Symbol) -> Iterator[str]:
    """The definitions that the words of this one may mean."""
    for part in symbol.parts:
        for path in words_read(part.declaration):
            found = symbol_at(world.packages, symbol.file, path, "value")
            if isinstance(found, Symbol):
                yield found.full_name


def scope_of_tools(tools: frozenset[str] | None) -> Scope:
    """The scope in which nothing is known but the tools."""
    return Scope() if tools is None else Scope(flow=Flow(tools=tools))


def _let(world: World, symbol: Symbol, declaration: tree.LetDeclaration, found: Definitions) -> None:
    read_annotations(world.notes, declaration.annotations, "declaration")
    unit = Unit(world, symbol.file, name=symbol.full_name)
    limit = world.limits.get(symbol.full_name)
    scope = scope_of_tools(limit)
    if limit is not None and not limit:
        scope = Scope(flow=Flow(unknown_tool=True))
    if declaration.type is None:
        value = infer.lower(unit, declaration.value, scope)
        type_ = value.type
    else:
        type_ = resolve(world, symbol.file, declaration.type, top=True)
        value = infer.expect(unit, declaration.value, scope, type_)
    if is_too_large(type_):
        world.notes.add("recursion", symbol.at, "large", name=symbol.name, limit=f"{LARGEST_TYPE:,}")
        type_ = t.Unknown()
    if isinstance(type_, t.ListType) and isinstance(type_.of, t.Never):
        world.notes.add("cannot-infer", declaration.value.at, "empty", literal="[]", suggestion="list[string]")
    world.values[symbol.full_name] = type_
    found.definitions[symbol.full_name] = Definition(
        symbol.full_name, type_, value, limit, not symbol.private, symbol.at
    )


def _function(world: World, symbol: Symbol, declaration: tree.FunctionDeclaration, found: Definitions) -> None:
    read_annotations(world.notes, declaration.annotations, "declaration")
    signature = world.signatures[symbol.full_name]
    if declaration.body is None:
        return
    unit = Unit(world, symbol.file, name=symbol.full_name)
    scope = Scope()
    locals_: list[core.Local] = []
    spans = {field.name: field.at for field in declaration.parameters}
    for name, type_ in signature.parameters:
        scope, local = unit.bind(scope, name, type_, spans[name])
        locals_.append(local)
    body = infer.expect(unit, declaration.body, scope, signature.result)
    for local in locals_:
        if local.name not in unit.read and not local.name.startswith("_"):
            world.notes.add("unused-definition", local.at, "parameter", name=local.name)
    found.functions[symbol.full_name] = Function(symbol.full_name, tuple(locals_), signature.result, body, symbol.at)


def _set(world: World, symbol: Symbol, found: Definitions) -> None:
    """A partial set: the union of what its rules contain."""
    unit = Unit(world, symbol.file, name=symbol.full_name)
    builds: list[core.Build] = []
    type_: t.Type = t.Never()
    for part in symbol.parts:
        build = _part(world, unit, part)
        if build is None:
            continue
        joined = join(type_, build.element.type)
        if joined is None:
            world.notes.add(
                "type-mismatch", build.element.at, "branches", also=(("first", builds[0].element.at),),
                expected=t.shown(type_), found=t.shown(build.element.type),
            )  # fmt: skip
            continue
        type_ = joined
        builds.append(build)
    if not has_equality(type_):
        world.notes.add("not-comparable", symbol.at, "types", left=t.shown(type_), right=t.shown(type_))
    value: core.Expression | None = None
    whole = t.SetType(type_)
    for build in builds:
        element = fit(unit, build.element, type_)
        one = attrs.evolve(build, element=element, type=whole)
        value = one if value is None else core.Operate("set.union", (value, one), whole, one.at)
    world.values[symbol.full_name] = whole
    found.definitions[symbol.full_name] = Definition(
        symbol.full_name, whole, value or core.MakeSet((), whole, symbol.at), None, not symbol.private, symbol.at
    )


def _part(world: World, first: Unit, part: Declared) -> core.Build | None:
    """One rule of a partial set; None where no tool fits its conditions."""
    declaration = part.declaration
    assert isinstance(declaration, tree.SetDeclaration)
    read_annotations(world.notes, declaration.annotations, "declaration")
    unit = Unit(world, part.file, name=first.name, bindings=first.bindings)
    steps, scope = block(unit, declaration.body, Scope())
    element = infer.lower(unit, declaration.element, scope)
    note_unused(unit, steps)
    if scope.flow.impossible:
        return None
    return core.Build("set", None, element, steps, t.SetType(element.type), declaration.at)


def note_unused(unit: Unit, steps: core.Block) -> None:
    """Note each `let` of a block that nothing reads."""
    for step in steps:
        if isinstance(step, core.Assign) and step.local.name not in unit.read and not step.local.name.startswith("_"):
            name = step.local.name.partition("#")[0]
            unit.notes.add("unused-definition", step.at, "local", name=name, suggestion=source_text(step.value.at))
