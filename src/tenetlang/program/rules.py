"""Rules, and what a package says of all of them: `resolve`, `default`, `on error`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from tenetlang.program import expression as core
from tenetlang.program import infer
from tenetlang.program import types as t
from tenetlang.program.annotations import has, read_annotations
from tenetlang.program.blocks import block
from tenetlang.program.conditions import known_tools, of_tools
from tenetlang.program.definitions import note_unused
from tenetlang.program.errors import Faults, tools_of
from tenetlang.program.names import Declared, PackageScope, Symbol
from tenetlang.program.notes import Notes
from tenetlang.program.program import Annotation, Fallback, ObligationUse, Package, Resolution, Rule, Template
from tenetlang.program.recall import Recall
from tenetlang.program.reviewers import find_reviewers
from tenetlang.program.unit import Scope, Unit, source_text
from tenetlang.program.world import World, shown_name
from tenetlang.report.nearest import nearest
from tenetlang.syntax import tree
from tenetlang.text import Span

RESOLUTIONS: dict[str, Resolution] = {
    "most_restrictive": "most_restrictive", "first": "first", "priority": "priority", "unique": "unique",
}  # fmt: skip
SEVERITY = {"allow": 0, "escalate": 1, "deny": 2}

Setting: TypeAlias = tree.Resolve | tree.Default | tree.OnError


def lower_package(world: World, package: PackageScope, known: Faults, recall: Recall[Rule]) -> Package:
    """The package with its rules, in the written order; overrides are filled in later, when all rules are known."""
    settings = _settings(world.notes, package)
    resolution = _resolution(world.notes, settings.get("resolve"))
    annotated = tuple(
        annotation
        for file in package.files
        for annotation in read_annotations(world.notes, file.file.annotations, "package")
    )
    rules = [_recalled(world, symbol, order, known, recall) for order, symbol in enumerate(package.all("rule"))]
    _check_resolution(world.notes, package, resolution, rules, settings.get("resolve"))
    return Package(
        name=package.name,
        resolve=resolution,
        default=_default(world, settings.get("default")),
        on_error=_on_error(world, settings.get("on error")),
        observe=has(annotated, "observe"),
        rules=tuple(rules),
    )


# -------------------------------------------------------------------------------------------------------- settings


def _settings(notes: Notes, package: PackageScope) -> dict[str, tuple[Setting, Declared]]:
    found: dict[str, tuple[Setting, Declared]] = {}
    for item in package.others:
        match item.declaration:
            case tree.Resolve() as setting:
                name = "resolve"
            case tree.Default() as setting:
                name = "default"
            case tree.OnError() as setting:
                name = "on error"
            case _:
                continue
        if name in found:
            first = found[name][0].at
            notes.add("duplicate-setting", setting.at, also=(("first", first),), name=name)
        else:
            found[name] = (setting, item)
    return found


def _resolution(notes: Notes, found: tuple[Setting, Declared] | None) -> Resolution:
    setting = None if found is None else found[0]
    if not isinstance(setting, tree.Resolve):
        return "most_restrictive"
    if setting.policy not in RESOLUTIONS:
        near = nearest(setting.policy, RESOLUTIONS)
        notes.add("unknown-name", setting.at, kind="way to resolve", name=setting.policy, nearest=near)
    return RESOLUTIONS.get(setting.policy, "most_restrictive")


def _check_resolution(
    notes: Notes,
    package: PackageScope,
    resolution: Resolution,
    rules: Sequence[Rule],
    found: tuple[Setting, Declared] | None,
) -> None:
    at = None if found is None else found[0].at
    if resolution == "first" and at is not None:
        files = {id(symbol.file): symbol for symbol in package.all("rule")}
        if len(files) > 1:
            also = tuple(("rule", symbol.at) for symbol in files.values())
            notes.add("resolve-first-files", at, also=also)
    ranked = [rule for rule in rules if has(rule.annotations, "priority")]
    if resolution == "priority" and at is not None and rules and not ranked:
        notes.add("missing-priority", at)
    if resolution != "priority":
        also = () if at is None else (("resolve", at),)
        for rule in ranked:
            notes.add("missing-priority", rule.at, "useless", also=also, rules=(rule.shown_name,))


def _default(world: World, found: tuple[Setting, Declared] | None) -> Fallback | None:
    if found is None or not isinstance(found[0], tree.Default):
        return None
    setting, item = found[0], found[1]
    unit = Unit(world, item.file)
    reviewers = _to(unit, setting.verdict, setting.to, setting.at)
    because = None if setting.because is None else template(unit, setting.because, Scope())
    return Fallback(setting.verdict, reviewers, because, setting.at)


def _on_error(world: World, found: tuple[Setting, Declared] | None) -> Fallback:
    if found is None or not isinstance(found[0], tree.OnError):
        return Fallback("deny")
    setting, item = found[0], found[1]
    unit = Unit(world, item.file)
    if setting.verdict == "allow":
        world.notes.add("else-allow", setting.at, "error")
        return Fallback("deny")
    reviewers = _to(unit, setting.verdict, setting.to, setting.at)
    return Fallback(setting.verdict, reviewers, None, setting.at)


def _to(unit: Unit, verdict: str, path: tree.Path | None, at: Span, rule: str = "") -> str | None:
    """The reviewers of an escalation; notes where they lack, and where they have no meaning."""
    if verdict == "escalate":
        if path is not None:
            return find_reviewers(unit, path)
        if rule:
            unit.notes.add("escalate-without-reviewers", at, rule=rule)
        else:
            shown, suggestion = f"`{source_text(at)}`", f"{source_text(at)} to REVIEWERS"
            unit.notes.add("missing-setting", at, what=shown, name="to", suggestion=suggestion)
    elif path is not None:
        unit.notes.add("escalate-without-reviewers", path.at, "verdict")
    return None


# ----------------------------------------------------------------------------------------------------------- rules


def _recalled(world: World, symbol: Symbol, order: int, known: Faults, recall: Recall[Rule]) -> Rule:
    rule = recall.lower(symbol.file, symbol.declaration, lambda: _rule(world, symbol, order, known))
    return rule if rule.order == order else attrs.evolve(rule, order=order)


def _rule(world: World, symbol: Symbol, order: int, known: Faults) -> Rule:
    declaration = symbol.declaration
    assert isinstance(declaration, tree.RuleDeclaration)
    annotated = read_annotations(world.notes, declaration.annotations, "rule")
    unit = Unit(world, symbol.file, name=symbol.full_name)
    around, scope = surrounding(unit, symbol.around, Scope())
    inside, scope = block(unit, declaration.body, scope)
    body = (*around, *inside)
    exception: core.Block | None = None
    if declaration.unless is not None:
        exception, _ = block(unit, declaration.unless, scope)
    because = None if declaration.because is None else template(unit, declaration.because, scope)
    then = tuple(_obligation(unit, declaration, use, scope) for use in declaration.then)
    note_unused(unit, (*body, *(exception or ())))
    if scope.flow.impossible:
        exception, because, then = None, None, ()
    return Rule(
        name=symbol.full_name,
        shown_name=shown_name(world, symbol.package, symbol.name),
        package=symbol.package,
        verdict=declaration.verdict,
        body=body,
        exception=exception,
        exception_text=_exception_text(declaration.unless),
        because=because,
        then=tuple(use for use in then if use is not None),
        reviewers=_to(unit, declaration.verdict, declaration.to, declaration.name_at, declaration.name),
        overrides=(),
        priority=_priority(annotated),
        observe=has(annotated, "observe"),
        tools=tools_of(body, known),
        annotations=annotated,
        order=order,
        at=declaration.name_at,
    )


def surrounding(unit: Unit, around: tuple[tree.For, ...], scope: Scope) -> tuple[core.Block, Scope]:
    """The `for`s around a rule as its first conditions."""
    steps: list[core.Step] = []
    for outer in around:
        at = outer.tools[0].at.to(outer.tools[-1].at)
        tools = known_tools(unit, outer.tools)
        shown = " | ".join(name.at.source for name in outer.tools)
        judged = of_tools(unit, core.Read(("tool",), t.TOOL, at), tools, at, scope, False, shown)
        steps.append(core.Condition(judged.expression, f"tool is {shown}", at))
        flow = judged.holds
        if len(tools) < len({name.name for name in outer.tools}):
            flow = attrs.evolve(flow, unknown_tool=True)
        scope = scope.knowing(flow)
    return tuple(steps), scope


def _priority(annotated: tuple[Annotation, ...]) -> int:
    for annotation in annotated:
        if annotation.name == "priority" and annotation.arguments and isinstance(annotation.arguments[0], int):
            return annotation.arguments[0]
    return 0


def _exception_text(unless: tree.Block | None) -> str:
    if unless is None:
        return ""
    inside = "; ".join(source_text(statement.at) for statement in unless)
    return f"not {{ {inside} }}" if inside else "not {}"


def template(unit: Unit, written: tree.Template, scope: Scope) -> Template:
    """A text for people with its holes typed."""
    parts: list[str | core.Expression] = []
    for part in written.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        hole = infer.lower(unit, part, scope)
        if hole.type in (t.ARGUMENTS, t.GLOB, t.REGEX):
            unit.notes.add("bad-operand", part.at, operator="because", found=t.shown(hole.type))
        parts.append(hole)
    return Template(tuple(parts))


def _obligation(
    unit: Unit, declaration: tree.RuleDeclaration, use: tree.ObligationUse, scope: Scope
) -> ObligationUse | None:
    name = use.name.parts[-1]
    obligation = unit.view.obligations.get(name) if _is_in_reach(unit, use.name) else None
    if obligation is None:
        near = unit.notes.nearest(name, unit.view.obligations)
        unit.notes.add("unknown-obligation", use.name.at, name=use.name.text, nearest=near)
        return None
    if declaration.verdict == "deny":
        unit.notes.add(
            "obligation-on-deny", use.at, also=(("declared", obligation.at),), name=name, rules=(declaration.name,)
        )
        return None
    names = [field.name for field in obligation.parameters]
    given: dict[str, core.Expression] = {}
    for position, argument in enumerate(use.arguments):
        target = argument.name or (names[position] if position < len(names) else "")
        field = next((f for f in obligation.parameters if f.name == target), None)
        if field is None or target in given:
            _note_arity(unit, use, name, len(names))
            return None
        wanted = t.OptionalType(field.type) if field.optional else field.type
        given[target] = infer.expect(unit, argument.value, scope, wanted, "argument", target)
    if any(not field.optional and field.name not in given for field in obligation.parameters):
        _note_arity(unit, use, name, len(names))
        return None
    return ObligationUse(name, tuple(given[field] for field in names if field in given), use.at)


def _is_in_reach(unit: Unit, path: tree.Path) -> bool:
    return len(path.parts) == 1 or (len(path.parts) == 2 and unit.file.word(path.parts[0]) is not None)


def _note_arity(unit: Unit, use: tree.ObligationUse, name: str, expected: int) -> None:
    unit.notes.add("wrong-arity", use.at, "count", name=name, expected=str(expected), found=str(len(use.arguments)))
