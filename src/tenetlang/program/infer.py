"""Expressions: from the syntax tree to the core language, with types both ways.

The type of an expression is found from its parts (inference), and the place where it stands gives a *hint*, which literals
adopt: `address == "a@b.c"` reads the text as an email. A hint demands nothing; `expect` does. Every expression gets a
type; one that has none is `unknown`, with a finding, and what contains it is not reported again.

This file only chooses; each family of forms has a file of its own: `paths`, `operators`, `conditions`, `forms`, `calls`.
"""

from __future__ import annotations

import attrs

from tenetlang.program import calls, conditions, forms, operators, paths
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.literals import literal
from tenetlang.program.types import Type
from tenetlang.program.unit import Absence, Open, Scope, Unit, fit, source_text
from tenetlang.syntax import tree


def lower(unit: Unit, written: tree.Expression, scope: Scope, hint: Type | None = None) -> core.Expression:
    """The expression, which is there: what may be absent is a finding."""
    return present(unit, lower_open(unit, written, scope, hint, opening=False), written)


def expect(
    unit: Unit, written: tree.Expression, scope: Scope, wanted: Type, variant: str = "", name: str = ""
) -> core.Expression:
    """The expression as a value of `wanted`; it may be absent exactly if `wanted` is optional."""
    if isinstance(wanted, t.OptionalType):
        opened = lower_open(unit, written, scope, wanted, opening=True)
        return fit(unit, opened.expression, wanted, variant, name)
    return fit(unit, lower(unit, written, scope, wanted), wanted, variant, name)


def present(unit: Unit, opened: Open, written: tree.Expression) -> core.Expression:
    """What must be there; notes that it may be absent."""
    expression, absence = opened.expression, opened.absence
    if absence is None:
        return expression
    note_absence(unit, absence, expression, written)
    if isinstance(expression.type, t.OptionalType):
        return attrs.evolve(expression, type=expression.type.of)
    return expression


def note_absence(unit: Unit, absence: Absence, expression: core.Expression, written: tree.Expression) -> None:
    """Note that a path is read where it may be absent."""
    also = () if absence.declared is None else (("declared", absence.declared),)
    if not absence.path:
        found = t.shown(expression.type)
        unit.notes.add("unguarded-optional", written.at, "value", also=also, found=found)
    elif absence.path == absence.part:
        unit.notes.add("unguarded-optional", written.at, also=also, name=absence.path)
    else:
        unit.notes.add("unguarded-optional", written.at, "path", also=also, name=absence.path, optional=absence.part)


def lower_open(unit: Unit, written: tree.Expression, scope: Scope, hint: Type | None, *, opening: bool) -> Open:
    """The expression, which may be absent where `opening` asks for it."""
    match written:
        case tree.Name() | tree.Member() | tree.Index():
            return paths.lower_path(unit, written, scope, opening=opening)
        case tree.Binary("??"):
            return operators.fallback(unit, written, scope, hint, opening=opening)
        case tree.Call():
            if written.function.parts == ("origin",):
                return paths.origin(unit, written, scope)
            called = calls.call(unit, written, scope)
            if isinstance(called.type, t.OptionalType):
                text = source_text(written.at)
                return Open(called, Absence(text, text))
            return Open(called)
        case _:
            return Open(_lower(unit, written, scope, hint))


def _lower(unit: Unit, written: tree.Expression, scope: Scope, hint: Type | None) -> core.Expression:
    match written:
        case (
            tree.Number()
            | tree.String()
            | tree.Boolean()
            | tree.Null()
            | tree.DurationLiteral()
            | tree.TimeLiteral()
            | tree.VerdictLiteral()
        ):
            return literal(unit, written, hint)
        case tree.Binary():
            if written.operator in conditions.TRUTH_OPERATORS:
                return conditions.condition(unit, written, scope).expression
            return operators.arithmetic(unit, written, scope, hint)
        case tree.Unary():
            if written.operator == "not":
                return conditions.condition(unit, written, scope).expression
            return operators.negate(unit, written, scope, hint)
        case tree.IsPresent() | tree.IsTool() | tree.IsType() | tree.Has() | tree.Quantifier():
            return conditions.condition(unit, written, scope).expression
        case tree.ListForm() | tree.SetForm():
            return forms.collection(unit, written, scope, hint)
        case tree.EmptyBraces():
            return forms.empty_braces(unit, written, hint)
        case tree.RecordForm():
            return forms.record(unit, written, scope, hint)
        case tree.MapForm():
            return forms.map_form(unit, written, scope, hint)
        case tree.Comprehension():
            return forms.comprehension(unit, written, scope, hint)
        case tree.Match():
            return forms.match_form(unit, written, scope, hint)
        case tree.Tuple():
            return forms.misplaced_row(unit, written)
        case tree.Name() | tree.Member() | tree.Index() | tree.Call():
            return lower(unit, written, scope, hint)
