"""Where an expression stands: the unit (one rule, definition or test) that it belongs to, and the scope at its place."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

import attrs

from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.flow import NOTHING_KNOWN, Flow
from tenetlang.program.names import FileScope
from tenetlang.program.notes import Notes
from tenetlang.program.relations import LARGEST_TYPE, fits, is_too_large
from tenetlang.program.world import View, World
from tenetlang.text import Span

Setting: TypeAlias = Literal["policy", "counter", "test", "claim"]


@frozen
class Variable:
    """A bound word: the local that it stands for, and the place that binds it."""

    local: core.Local
    at: Span


_NO_VARIABLES: Mapping[str, Variable] = {}


@frozen
class Scope:
    """The variables that are bound at a place, and what is known there."""

    variables: Mapping[str, Variable] = _NO_VARIABLES
    flow: Flow = NOTHING_KNOWN

    def knowing(self, flow: Flow) -> Scope:
        return self if flow is self.flow else Scope(self.variables, flow)


@attrs.define(eq=False)
class Unit:
    """One rule, definition, test or claim while it is lowered. `bindings` counts how often each word was bound, `read` are
    the locals that were read."""

    world: World
    file: FileScope
    setting: Setting = "policy"
    name: str = ""
    bindings: dict[str, int] = attrs.field(factory=dict)
    read: set[str] = attrs.field(factory=set)
    view: View = attrs.field(init=False)
    notes: Notes = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.view = self.world.file_view(self.file)
        self.notes = self.world.notes

    def bind(self, scope: Scope, name: str, type_: t.Type, at: Span) -> tuple[Scope, core.Local]:
        """The scope with one more variable; notes a name that hides another."""
        if name != "_":
            self._check_shadowing(scope, name, at)
        if is_too_large(type_):
            self.notes.add("recursion", at, "large", name=name, limit=f"{LARGEST_TYPE:,}")
            type_ = t.Unknown()
        count = self.bindings.get(name, 0) + 1
        self.bindings[name] = count
        local = core.Local(name if count == 1 else f"{name}#{count}", type_, at)
        return Scope({**scope.variables, name: Variable(local, at)}, scope.flow), local

    def _check_shadowing(self, scope: Scope, name: str, at: Span) -> None:
        outer = scope.variables.get(name)
        if outer is not None:
            self.notes.add("shadowed-name", at, also=(("declared", outer.at),), name=name)
            return
        symbol = self.file.package.symbols["value"].get(name)
        if symbol is not None:
            self.notes.add("shadowed-name", at, also=(("declared", symbol.at),), name=name)
        elif name in self.view.facts and self.setting != "test":
            self.notes.add("shadowed-name", at, also=(("declared", self.view.facts[name].at),), name=name)
        elif name == "args" and self.view.uses_tools:
            self.notes.add("shadowed-name", at, "library", name=name)


@frozen
class Absence:
    """Why an open expression may be absent: the path and the optional part of it, and where that is declared."""

    path: str
    part: str
    declared: Span | None = None


@frozen
class Open:
    """An expression that may be absent; `absence` is None where it may not. `picked`: it ends in `[ ]`, open."""

    expression: core.Expression
    absence: Absence | None = None
    picked: bool = False


def unknown(at: Span) -> core.Expression:
    """What stands for an expression that could not be typed."""
    return core.Constant(None, t.Unknown(), at)


def fit(unit: Unit, expression: core.Expression, wanted: t.Type, variant: str = "", name: str = "") -> core.Expression:
    """The expression where a value of `wanted` is needed: as it is, widened, or unknown with a finding."""
    given = expression.type
    if fits(given, wanted):
        return expression
    widened = _widened(unit, expression, wanted)
    if widened is not None:
        return widened
    if wanted is t.JSON and unit.setting == "test" and (fits(given, t.STRING) or given in (t.INT, t.DECIMAL)):
        return expression
    if given is t.JSON:
        note_json(unit, expression)
    else:
        _note_mismatch(unit, expression, wanted, variant, name)
    return unknown(expression.at)


def note_json(unit: Unit, expression: core.Expression) -> None:
    """Note that a value of unknown type is used."""
    path = isinstance(expression, core.Read | core.Local | core.Field | core.Index)
    shown = source_text(expression.at) if path else ""
    unit.notes.add("unnarrowed-json", expression.at, "" if path else "value", name=shown)


def _note_mismatch(unit: Unit, expression: core.Expression, wanted: t.Type, variant: str, name: str) -> None:
    given = expression.type
    union = wanted.of if isinstance(wanted, t.OptionalType) else wanted
    constant = expression.value if isinstance(expression, core.Constant) else None
    if isinstance(union, t.UnionType) and isinstance(constant, str):
        near = unit.notes.nearest(constant, union.literals)
        unit.notes.add(
            "type-mismatch",
            expression.at,
            "union",
            expected=union.name or t.shown(union),
            found=quoted(constant),
            values=t.shown(t.UnionType(union.literals)),
            nearest=None if near is None else quoted(near),
        )
        return
    expected, found = t.shown(wanted), t.shown(given)
    if expected == found:
        expected, found = _unfolded(wanted), _unfolded(given)
    unit.notes.add("type-mismatch", expression.at, variant, expected=expected, found=found, name=name)


def _unfolded(type_: t.Type) -> str:
    match type_:
        case t.RecordType(fields):
            return t.shown(t.RecordType(fields))
        case t.UnionType(literals):
            return t.shown(t.UnionType(literals))
        case _:
            return t.shown(type_)


def quoted(text: str) -> str:
    """A string literal as an author writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _widened(unit: Unit, expression: core.Expression, wanted: t.Type) -> core.Expression | None:
    """The expression with its `int` as `decimal`, also inside a list, set or map; None where that is not the difference."""
    at = expression.at
    match expression.type, wanted:
        case given, t.OptionalType(of) if not isinstance(given, t.OptionalType):
            return _widened(unit, expression, of)
        case t.Scalar("int"), t.Scalar("decimal"):
            if isinstance(expression, core.Constant) and isinstance(expression.value, int):
                return core.Constant(Decimal(expression.value), t.DECIMAL, at)
            return core.Widen(expression, t.DECIMAL, at)
        case (t.ListType(inner), t.ListType(outer)) | (t.SetType(inner), t.SetType(outer)):
            local = _fresh(unit, inner, at)
            element = _widened(unit, local, outer)
            if element is None:
                return None
            kind: Literal["list", "set"] = "list" if isinstance(wanted, t.ListType) else "set"
            choose = core.Choose(core.Bound(None, local, expression), "", at)
            return core.Build(kind, None, element, (choose,), wanted, at)
        case t.MapType(key_type, inner), t.MapType(wanted_key, outer) if fits(key_type, wanted_key):
            key, local = _fresh(unit, key_type, at), _fresh(unit, inner, at)
            element = _widened(unit, local, outer)
            if element is None:
                return None
            choose = core.Choose(core.Bound(key, local, expression), "", at)
            return core.Build("map", key, element, (choose,), wanted, at)
        case _:
            return None


def _fresh(unit: Unit, type_: t.Type, at: Span) -> core.Local:
    count = unit.bindings.get("_", 0) + 1
    unit.bindings["_"] = count
    return core.Local("_" if count == 1 else f"_#{count}", type_, at)


def source_text(at: Span) -> str:
    """The source of a condition on one line: runs of blanks and line breaks as one blank, comments left out."""
    source = at.source
    if "#" in source and "\n" in source:
        source = _without_comments(source)
    return " ".join(source.split())


def _without_comments(source: str) -> str:
    kept: list[str] = []
    position, in_string = 0, False
    while position < len(source):
        character = source[position]
        if in_string and character == "\\":
            kept.append(source[position : position + 2])
            position += 2
            continue
        if character == '"':
            in_string = not in_string
        elif character == "#" and not in_string:
            end = source.find("\n", position)
            position = len(source) if end == -1 else end
            continue
        kept.append(character)
        position += 1
    return "".join(kept)
