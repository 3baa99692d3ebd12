"""Conditions: expressions of type `bool`, and what they tell the rest of their block.

`condition` gives, with the lowered expression, the flow where it holds and the flow where it does not.
"""

from __future__ import annotations

import attrs

from tenetlang.frozen import frozen
from tenetlang.program import comparisons, forms, infer, operators
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.annotations import KNOWN, argument_values
from tenetlang.program.flow import Flow, either, key_of, keys_above
from tenetlang.program.globs import tools_like
from tenetlang.program.names import missing_name
from tenetlang.program.relations import fits, is_unknown
from tenetlang.program.schema import resolve
from tenetlang.program.types import Type
from tenetlang.program.unit import Scope, Unit, note_json, unknown
from tenetlang.syntax import tree
from tenetlang.text import Span
from tenetlang.values.collections import NULL

TRUTH_OPERATORS = frozenset(
    {"and", "or", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "matches", "not matches"}
)
VERDICTS = ("allow", "deny", "escalate")


@frozen
class Judged:
    """A condition, and what is known where it holds and where it does not."""

    expression: core.Expression
    holds: Flow
    fails: Flow

    def negated(self, at: Span) -> Judged:
        return Judged(core.Not(self.expression, t.BOOL, at), self.fails, self.holds)


def condition(unit: Unit, written: tree.Expression, scope: Scope) -> Judged:
    """The expression as a condition; notes one that is no `bool`."""
    return _asked(_condition(unit, written, scope), scope)


def _asked(judged: Judged, scope: Scope) -> Judged:
    """The condition; where no tool is left it is never asked: what `args` would be there has no type, and needs none."""
    if not scope.flow.impossible:
        return judged
    return attrs.evolve(judged, expression=core.Constant(False, t.BOOL, judged.expression.at))


def _condition(unit: Unit, written: tree.Expression, scope: Scope) -> Judged:
    match written:
        case tree.Binary(operator):
            return _binary(unit, written, operator, scope)
        case tree.Unary("not", operand):
            inner = condition(unit, operand, scope)
            return inner.negated(written.at)
        case tree.IsPresent():
            return _is_present(unit, written, scope)
        case tree.IsTool():
            return _is_tool(unit, written, scope)
        case tree.IsType():
            return _is_type(unit, written.of, written.type, written.at, scope, negated=written.negated)
        case tree.Has():
            return _has(unit, written, scope)
        case tree.Quantifier():
            return _plain(forms.quantifier(unit, written, scope), scope)
        case _:
            return _plain(_truth(unit, written, scope), scope)


def _binary(unit: Unit, written: tree.Binary, operator: str, scope: Scope) -> Judged:
    if operator in {"and", "or"}:
        return _joined(unit, written, scope)
    if operator in {"like", "not like", "matches", "not matches"}:
        return _pattern(unit, written, scope)
    if operator in TRUTH_OPERATORS:
        return _plain(comparisons.comparison(unit, written, scope), scope)
    return _plain(_truth(unit, written, scope), scope)


def _plain(expression: core.Expression, scope: Scope) -> Judged:
    return Judged(expression, scope.flow, scope.flow)


def _truth(unit: Unit, written: tree.Expression, scope: Scope, operator: str = "") -> core.Expression:
    expression = infer.lower(unit, written, scope, t.BOOL)
    if expression.type is t.BOOL or is_unknown(expression.type):
        return expression
    if expression.type is t.JSON:
        note_json(unit, expression)
    else:
        variant = "operand" if operator else ""
        found = t.shown(expression.type)
        unit.notes.add("condition-not-bool", written.at, variant, found=found, operator=operator)
    return unknown(written.at)


_TRUTH_FORMS = (tree.IsPresent, tree.IsTool, tree.IsType, tree.Has, tree.Quantifier)


def _operand(unit: Unit, written: tree.Expression, scope: Scope, operator: str) -> Judged:
    truth = isinstance(written, _TRUTH_FORMS) or (
        isinstance(written, tree.Binary | tree.Unary)
        and (written.operator in TRUTH_OPERATORS or written.operator == "not")
    )
    if truth:
        return condition(unit, written, scope)
    return _asked(_plain(_truth(unit, written, scope, operator), scope), scope)


def _joined(unit: Unit, written: tree.Binary, scope: Scope) -> Judged:
    """`a and b and c`, or with `or`: the left spine is walked, because chains may be long."""
    operator = written.operator
    operands = [written.right]
    current = written.left
    while isinstance(current, tree.Binary) and current.operator == operator:
        operands.append(current.right)
        current = current.left
    operands.append(current)
    items: list[core.Expression] = []
    settled: Flow | None = None
    for operand in reversed(operands):
        judged = _operand(unit, operand, scope, operator)
        items.append(judged.expression)
        going, ending = (judged.holds, judged.fails) if operator == "and" else (judged.fails, judged.holds)
        settled = ending if settled is None else either(settled, ending)
        scope = scope.knowing(going)
    assert settled is not None
    if operator == "and":
        return Judged(core.And(tuple(items), t.BOOL, written.at), scope.flow, settled)
    return Judged(core.Or(tuple(items), t.BOOL, written.at), settled, scope.flow)


def _is_present(unit: Unit, written: tree.IsPresent, scope: Scope) -> Judged:
    opened = infer.lower_open(unit, written.of, scope, None, opening=True)
    expression = opened.expression
    if is_unknown(expression.type):
        return _plain(unknown(written.at), scope)
    if opened.absence is None and not opened.picked:
        operators.note_needless(unit, expression, written.of, scope)
    judged = Judged(
        core.Present(expression, t.BOOL, written.at), scope.flow.with_present(keys_above(expression)), scope.flow
    )
    return judged.negated(written.at) if written.negated else judged


# ----------------------------------------------------------------------------------------------------------- tools


def _is_tool(unit: Unit, written: tree.IsTool, scope: Scope) -> Judged:
    """`x is a | b`: tools, verdicts or types, by what `x` is."""
    of = infer.lower(unit, written.of, scope)
    match of.type:
        case t.Unknown():
            return _plain(unknown(written.at), scope)
        case t.Scalar("tool"):
            return _names_tools(unit, written, of, scope)
        case t.Scalar("verdict"):
            return _is_verdict(unit, written, of, scope)
        case _:
            form = _as_type(written)
            return _is_type(unit, written.of, form, written.at, scope, negated=written.negated)


def _as_type(written: tree.IsTool) -> tree.TypeForm:
    members: list[tree.TypeForm] = []
    for name in written.names:
        if name.at.source.startswith('"'):
            members.append(tree.LiteralType(name.name, name.at))
        else:
            members.append(tree.NamedType(tree.Path(tuple(name.name.split(".")), name.at), name.at))
    return members[0] if len(members) == 1 else tree.UnionType(tuple(members), written.at)


def _is_verdict(unit: Unit, written: tree.IsTool, of: core.Expression, scope: Scope) -> Judged:
    items: list[core.Expression] = []
    for name in written.names:
        if name.name not in VERDICTS:
            path = tree.Path((name.name,), name.at)
            missing_name(unit.notes, unit.file, path, "name", VERDICTS)
            return _plain(unknown(written.at), scope)
        items.append(core.Compare("==", of, core.Constant(name.name, t.VERDICT, name.at), t.BOOL, written.at))
    expression = items[0] if len(items) == 1 else core.Or(tuple(items), t.BOOL, written.at)
    judged = _plain(expression, scope)
    return judged.negated(written.at) if written.negated else judged


def known_tools(
    unit: Unit, names: tuple[tree.ToolName, ...], check: str = "unknown-tool", counter: str = ""
) -> frozenset[str]:
    """The tools among the names; notes the names that are none."""
    found: set[str] = set()
    for name in names:
        if name.name in unit.view.tools:
            found.add(name.name)
        else:
            near = unit.notes.nearest(name.name, unit.view.tools)
            unit.notes.add(check, name.at, name=name.name, nearest=near, counter=counter)
    return frozenset(found)


def _names_tools(unit: Unit, written: tree.IsTool, of: core.Expression, scope: Scope) -> Judged:
    tools = known_tools(unit, written.names)
    if len(tools) < len({name.name for name in written.names}):
        poisoned = attrs.evolve(scope.flow, unknown_tool=True)
        return Judged(unknown(written.at), poisoned, poisoned)
    return of_tools(unit, of, tools, written.at, scope, written.negated, " | ".join(n.name for n in written.names))


def of_tools(
    unit: Unit, of: core.Expression, tools: frozenset[str], at: Span, scope: Scope, negated: bool, shown: str
) -> Judged:
    """Whether the tool is among these, and what that tells."""
    flow, everything = scope.flow, unit.view.all_tools
    requested = isinstance(of, core.Read) and of.path == ("tool",)
    key = key_of(of)
    known = flow.tools if requested else (flow.calls.get(key) if key is not None else None)
    inside = tools if known is None else known & tools
    outside = (everything if known is None else known) - tools
    if requested:
        holds, fails = flow.with_tools(inside), flow.with_tools(outside)
    elif key is not None:
        holds = flow.with_call(key, inside) if inside else flow.with_tools(inside)
        fails = flow if known is None else flow.with_call(key, outside)
    else:
        holds = fails = flow
    # Where nothing was known, an empty set of tools is no contradiction: a baseline speaks of tools it never saw.
    remaining = outside if negated else inside
    if known and not remaining and not flow.impossible:
        unit.notes.add("impossible-narrowing", at, "tool", name=shown)
    judged = Judged(core.ToolIs(of, tools, t.BOOL, at), holds, fails)
    return judged.negated(at) if negated else judged


def _has(unit: Unit, written: tree.Has, scope: Scope) -> Judged:
    of = infer.lower(unit, written.of, scope)
    if is_unknown(of.type):
        return _plain(unknown(written.at), scope)
    name = written.annotation.name
    if of.type is not t.TOOL:
        unit.notes.add("bad-operand", of.at, operator="has", found=t.shown(of.type), expected="a tool")
        return _plain(unknown(written.at), scope)
    arguments = argument_values(unit.notes, written.annotation) or ()
    tools = frozenset(
        tool.name
        for tool in unit.view.tools.values()
        if any(a.name == name and (not arguments or a.arguments == arguments) for a in tool.annotations)
    )
    entry = unit.file.package.name == unit.view.root
    known = {annotation.name for tool in unit.view.tools.values() for annotation in tool.annotations}
    if entry and unit.view.tools and name not in known and name not in KNOWN:
        near = unit.notes.nearest(name, sorted({*known, *KNOWN}))
        unit.notes.add("unknown-name", written.annotation.at, "annotation", name=name, nearest=near)
    return of_tools(unit, of, tools, written.at, scope, written.negated, f"one with @{name}")


def _pattern(unit: Unit, written: tree.Binary, scope: Scope) -> Judged:
    """`like` and `matches`; on a tool, `like` names all tools that fit."""
    of = infer.lower(unit, written.left, scope)
    negated = written.operator.startswith("not ")
    operator = written.operator.removeprefix("not ")
    if of.type is t.TOOL and operator == "like" and isinstance(written.right, tree.String):
        tools = tools_like(unit, written.right, sorted(unit.view.tools))
        if tools is None:
            poisoned = attrs.evolve(scope.flow, unknown_tool=True)
            return Judged(unknown(written.at), poisoned, poisoned)
        if not tools and unit.view.tools and unit.file.package.name == unit.view.root:
            near = unit.notes.nearest(written.right.value, unit.view.tools)
            unit.notes.add("unknown-tool", written.right.at, "pattern", name=written.right.value, nearest=near)
        return of_tools(unit, of, tools, written.at, scope, negated, written.right.value)
    judged = _plain(comparisons.pattern(unit, written, of, operator, scope), scope)
    return judged.negated(written.at) if negated else judged


# ----------------------------------------------------------------------------------------------------------- types


def _is_type(unit: Unit, of: tree.Expression, form: tree.TypeForm, at: Span, scope: Scope, *, negated: bool) -> Judged:
    """`x is T`, where `x` is `json`."""
    whole = infer.lower(unit, of, scope)
    if isinstance(whole, core.Narrow) and whole.of.type is t.JSON:
        # What was found to be one type may be asked for another: `x is json`, then `x is { id: string }`.
        whole = whole.of
    if isinstance(form, tree.NamedType) and form.name.parts == ("null",):
        return _is_null(unit, whole, at, scope, negated=negated)
    wanted = resolve(unit.world, unit.file, form)
    if is_unknown(whole.type, wanted):
        return _plain(unknown(at), scope)
    if whole.type is not t.JSON:
        _note_known_type(unit, whole.type, wanted, at)
        return _plain(unknown(at), scope)
    expression = core.IsType(whole, wanted, t.BOOL, at)
    key = key_of(whole)
    holds = scope.flow if key is None else scope.flow.with_type(key, wanted)
    judged = Judged(expression, holds, scope.flow)
    return judged.negated(at) if negated else judged


def _is_null(unit: Unit, whole: core.Expression, at: Span, scope: Scope, *, negated: bool) -> Judged:
    """`x is null`, which is `x == null`: null is a value of `json`, and no type has it alone."""
    if whole.type is not t.JSON:
        if not is_unknown(whole.type):
            unit.notes.add("impossible-narrowing", at, found=t.shown(whole.type), expected="null")
        return _plain(unknown(at), scope)
    judged = _plain(core.Compare("==", whole, core.Constant(NULL, t.JSON, at), t.BOOL, at), scope)
    return judged.negated(at) if negated else judged


def _note_known_type(unit: Unit, given: Type, wanted: Type, at: Span) -> None:
    shown = t.shown(wanted)
    if isinstance(wanted, t.UnionType) and (isinstance(given, t.UnionType) or given is t.STRING):
        unit.notes.add("bad-operand", at, operator="is", found=t.shown(given), expected="tools, verdicts and `json`")
    elif fits(given, wanted):
        unit.notes.add("impossible-narrowing", at, "always", expected=shown)
    else:
        unit.notes.add("impossible-narrowing", at, found=t.shown(given), expected=shown)
