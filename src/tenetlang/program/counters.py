"""Counters: aggregates over earlier allowed calls, which the runtime keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from tenetlang.program import expression as core
from tenetlang.program import infer
from tenetlang.program import types as t
from tenetlang.program.annotations import read_annotations
from tenetlang.program.blocks import block
from tenetlang.program.conditions import known_tools
from tenetlang.program.flow import Flow
from tenetlang.program.names import Symbol
from tenetlang.program.program import Counter
from tenetlang.program.reads import Reads, nodes
from tenetlang.program.relations import has_equality, is_unknown
from tenetlang.program.types import Type
from tenetlang.program.unit import Open, Scope, Unit, source_text
from tenetlang.program.world import World
from tenetlang.syntax import tree
from tenetlang.values.times import Duration


def counter(world: World, symbol: Symbol, declaration: tree.CounterDeclaration) -> Counter:
    """The counter, its expressions typed as for a call of one of its tools."""
    read_annotations(world.notes, declaration.annotations, "declaration")
    unit = Unit(world, symbol.file, "counter", symbol.full_name)
    tools = known_tools(unit, declaration.tools, "counter-unknown-tool", symbol.name)
    named = tools
    for outer in symbol.around:
        tools &= known_tools(unit, outer.tools)
    if named and not tools:
        unit.notes.add("impossible-narrowing", declaration.tools[0].at, "tool", name=" | ".join(sorted(named)))
    known = len({name.name for name in declaration.tools}) == len(named)
    scope = Scope(flow=Flow(tools=tools) if tools and known else Flow(tools=tools, unknown_tool=True))
    body: core.Block = ()
    if declaration.body is not None:
        body, scope = block(unit, declaration.body, scope)
    type_, argument = _aggregate(unit, declaration, scope)
    by = tuple(_by(unit, item, scope) for item in declaration.by)
    return Counter(
        package=symbol.package,
        name=symbol.name,
        aggregate=_NAMES.get(declaration.aggregate, "count"),
        argument=argument,
        tools=tools,
        by=by,
        within=_window(unit, declaration, symbol.name),
        body=body,
        type=type_,
        at=symbol.at,
    )


_Aggregate: TypeAlias = Literal["count", "sum", "distinct"]
_NAMES: Mapping[str, _Aggregate] = {"count": "count", "sum": "sum", "distinct": "distinct"}


def _aggregate(unit: Unit, declaration: tree.CounterDeclaration, scope: Scope) -> tuple[Type, core.Expression | None]:
    name, written = declaration.aggregate, declaration.argument
    if name not in _NAMES:
        unit.notes.add("bad-counter", declaration.name_at, "aggregate", name=name)
        return t.Unknown(), None
    if (written is None) != (name == "count"):
        problem = "takes no argument in `count()`" if name == "count" else f"lacks what `{name}(...)` takes"
        at = declaration.name_at if written is None else written.at
        unit.notes.add("bad-counter", at, counter=declaration.name, problem=problem)
        return t.INT if name == "count" else t.Unknown(), None
    if written is None:
        return t.INT, None
    argument = infer.lower(unit, written, scope)
    if is_unknown(argument.type):
        return (t.INT if name == "distinct" else t.Unknown()), argument
    if name == "distinct":
        if not has_equality(argument.type):
            shown = t.shown(argument.type)
            unit.notes.add("not-comparable", written.at, "types", left=shown, right=shown)
        return t.INT, argument
    if argument.type not in (t.INT, t.DECIMAL):
        unit.notes.add("bad-counter", written.at, "sum", found=t.shown(argument.type))
        return t.Unknown(), argument
    return argument.type, argument


def _by(unit: Unit, written: tree.Expression, scope: Scope) -> core.Expression:
    opened: Open = infer.lower_open(unit, written, scope, None, opening=False)
    if opened.absence is not None:
        unit.notes.add("bad-counter", written.at, "by", name=source_text(written.at))
    return opened.expression


def _window(unit: Unit, declaration: tree.CounterDeclaration, name: str) -> int | None:
    written = declaration.within
    if written is None:
        return None
    lowered = infer.lower(unit, written, Scope(), t.DURATION)
    if isinstance(lowered, core.Constant) and isinstance(lowered.value, Duration) and lowered.value > 0:
        return int(lowered.value)
    if not is_unknown(lowered.type):
        constant = isinstance(lowered, core.Constant)
        found = source_text(written.at) if constant else "not a fixed duration"
        unit.notes.add("bad-counter", written.at, "within", counter=name, found=found)
    return 1


def note_counted_counters(world: World, counters: Iterable[Counter], reads: Reads) -> None:
    """Note each counter that reads another one through a definition or a function; read directly, it has been noted."""
    for counter in counters:
        parts = (counter.argument or (), counter.by, counter.body)
        direct = {node.path for node in nodes(parts) if isinstance(node, core.Read)}
        through = sorted(path[1] for path in reads.of(parts) - direct if path[0] == "counters")
        if through and not any(path[0] == "counters" for path in direct):
            world.notes.add("bad-counter", counter.at, "reads", name=through[0])
