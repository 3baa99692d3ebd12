"""Forms that build values: lists, sets, records, maps, comprehensions, `match`; and quantifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tenetlang.program import blocks, conditions, infer
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.coverage import uncovered
from tenetlang.program.flow import Flow
from tenetlang.program.notes import listed
from tenetlang.program.relations import element_of, has_equality, is_unknown, join, required
from tenetlang.program.types import Type
from tenetlang.program.unit import Scope, Unit, fit, source_text, unknown
from tenetlang.syntax import tree
from tenetlang.text import Span


def collection(unit: Unit, written: tree.ListForm | tree.SetForm, scope: Scope, hint: Type | None) -> core.Expression:
    """`[a, b]` and `{a, b}`."""
    at = written.at
    wanted = None if hint is None else required(hint)
    if wanted is t.JSON and isinstance(written, tree.ListForm):
        items = tuple(infer.expect(unit, item, scope, t.JSON) for item in written.items)
        return core.MakeList(items, t.JSON, at)
    element = element_of(wanted) if isinstance(wanted, t.ListType | t.SetType) else None
    lowered = [infer.lower(unit, item, scope, element) for item in written.items]
    type_ = common_type(unit, lowered, element)
    if isinstance(type_, t.Unknown):
        return unknown(at)
    items = tuple(fit(unit, item, type_) for item in lowered)
    if isinstance(written, tree.ListForm):
        return core.MakeList(items, t.ListType(type_), at)
    if not has_equality(type_):
        unit.notes.add("not-comparable", at, "types", left=t.shown(type_), right=t.shown(type_))
        return unknown(at)
    return core.MakeSet(items, t.SetType(type_), at)


def common_type(unit: Unit, items: Sequence[core.Expression], wanted: Type | None) -> Type:
    """The one type of several values; unknown, with a finding at the first that does not go with those before it.

    Where a union is wanted, a literal that it lacks is left to whoever wants it.
    """
    type_: Type = t.Never()
    for item in items:
        if isinstance(item.type, t.Unknown):
            return item.type
        joined = join(type_, item.type)
        if joined is None:
            first = items[0]
            unit.notes.add(
                "type-mismatch", item.at, "branches", also=(("first", first.at),),
                expected=t.shown(type_), found=t.shown(item.type),
            )  # fmt: skip
            return t.Unknown()
        type_ = joined
    if wanted is not None and not isinstance(type_, t.Never) and join(type_, wanted) == wanted:
        return wanted
    return type_


def empty_braces(unit: Unit, written: tree.EmptyBraces, hint: Type | None) -> core.Expression:
    """`{}`: what the place wants."""
    at = written.at
    match None if hint is None else required(hint):
        case t.SetType() as wanted:
            return core.MakeSet((), wanted, at)
        case t.ListType(of):
            return core.MakeSet((), t.SetType(of), at)
        case t.MapType() as wanted:
            return core.MakeMap((), wanted, at)
        case t.RecordType():
            return _record_of(unit, (), (), Scope(), None, at)
        case t.Scalar("json"):
            return core.MakeMap((), t.JSON, at)
        case t.Unknown():
            return unknown(at)
        case _:
            unit.notes.add("cannot-infer", at, "empty", literal="{}")
            return unknown(at)


def record(unit: Unit, written: tree.RecordForm, scope: Scope, hint: Type | None) -> core.Expression:
    """`{a: 1}`: a record; where `json` stands, an object."""
    wanted = None if hint is None else required(hint)
    if wanted is t.JSON:
        entries = tuple(
            (core.Constant(name, t.STRING, at), infer.expect(unit, value, scope, t.JSON))
            for (name, value), at in zip(written.fields, written.name_spans, strict=True)
        )
        return core.MakeMap(entries, t.JSON, written.at)
    if isinstance(wanted, t.MapType):
        quoted = ", ".join(f'"{name}": ...' for name, _ in written.fields)
        unit.notes.add(
            "type-mismatch", written.at, expected=t.shown(wanted), found="a record", suggestion=f"{{{quoted}}}"
        )
        return unknown(written.at)
    record_type = wanted if isinstance(wanted, t.RecordType) else None
    return _record_of(unit, written.fields, written.name_spans, scope, record_type, written.at)


def _record_of(
    unit: Unit,
    fields: tuple[tuple[str, tree.Expression], ...],
    spans: tuple[Span, ...],
    scope: Scope,
    wanted: t.RecordType | None,
    at: Span,
) -> core.Expression:
    made: dict[str, core.Expression] = {}
    meant: set[str | None] = set()
    for (name, value), span in zip(fields, spans, strict=True):
        field = None if wanted is None else wanted.field(name)
        if name in made:
            unit.notes.add("duplicate-name", span, "field", name=name)
            continue
        if wanted is not None and field is None:
            known = [f.name for f in wanted.fields]
            near = unit.notes.nearest(name, known)
            meant.add(near)
            unit.notes.add(
                "unknown-field",
                span,
                type=t.shown(wanted),
                name=name,
                known=listed(known),
                nearest=near,
            )
            infer.lower(unit, value, scope)
        elif field is None:
            made[name] = infer.lower(unit, value, scope)
        elif field.type == t.ARGUMENTS and unit.setting in {"test", "claim"}:
            made[name] = _earlier_arguments(unit, dict(fields), value, scope)
        else:
            made[name] = infer.expect(unit, value, scope, field.type, "field", name)
    if wanted is None:
        types = (t.Field(name, made[name].type) for name in sorted(made))
        return core.MakeRecord(tuple(made.items()), t.RecordType(tuple(types)), at)
    written = {name for name, _ in fields} | meant  # a mistyped field is one mistake, and not a missing one as well
    for field in wanted.fields:
        if not field.optional and field.name not in written:
            unit.notes.add("missing-required", at, name=field.name, type=t.shown(field.type))
    return core.MakeRecord(tuple(made.items()), wanted, at)


def _earlier_arguments(
    unit: Unit, call: Mapping[str, tree.Expression], written: tree.Expression, scope: Scope
) -> core.Expression:
    """The arguments of an earlier call that a test makes up: those of the tool that stands beside them."""
    tool = call.get("tool")
    declared = unit.view.tools.get(tool.value) if isinstance(tool, tree.String) else None
    if declared is None:
        return infer.expect(unit, written, scope, t.ARGUMENTS, "field", "args")
    return infer.expect(unit, written, scope, declared.parameters, "field", "args")


def map_form(unit: Unit, written: tree.MapForm, scope: Scope, hint: Type | None) -> core.Expression:
    """`{"k": v}`, `{[e]: v}`."""
    wanted = None if hint is None else required(hint)
    _note_twice(unit, written)
    if wanted is t.JSON:
        objects = tuple(
            (infer.expect(unit, key, scope, t.STRING), infer.expect(unit, value, scope, t.JSON))
            for key, value in written.entries
        )
        return core.MakeMap(objects, t.JSON, written.at)
    key_hint, value_hint = (wanted.key, wanted.of) if isinstance(wanted, t.MapType) else (None, None)
    keys = [infer.expect(unit, key, scope, key_hint or t.STRING) for key, _ in written.entries]
    values = [infer.lower(unit, value, scope, value_hint) for _, value in written.entries]
    of = common_type(unit, values, value_hint)
    if isinstance(of, t.Unknown):
        return unknown(written.at)
    entries = tuple((key, fit(unit, value, of)) for key, value in zip(keys, values, strict=True))
    key_type = key_hint or common_type(unit, keys, None)
    return core.MakeMap(entries, t.MapType(key_type, of), written.at)


def _note_twice(unit: Unit, written: tree.MapForm) -> None:
    seen: dict[str, Span] = {}
    for key, _ in written.entries:
        if isinstance(key, tree.String):
            if key.value in seen:
                also = (("first", seen[key.value]),)
                unit.notes.add("duplicate-name", key.at, "key", also=also, name=key.value)
            seen.setdefault(key.value, key.at)


def misplaced_row(unit: Unit, written: tree.Tuple) -> core.Expression:
    """A row outside of a table."""
    unit.notes.add("bad-operand", written.at, operator="( , )", found="a row", expected="rows of a test's table")
    return unknown(written.at)


# -------------------------------------------------------------------------------------------------- comprehensions


def comprehension(unit: Unit, written: tree.Comprehension, scope: Scope, hint: Type | None) -> core.Expression:
    """`[e for x in xs if c]`, with `{}` a set or map."""
    wanted = None if hint is None else required(hint)
    steps: list[core.Step] = []
    for generator in written.generators:
        bound, scope = blocks.bind_members(unit, generator.variables, generator.source, scope)
        steps.append(core.Choose(bound, source_text(generator.at), generator.at))
    for written_condition in written.conditions:
        judged = conditions.condition(unit, written_condition, scope)
        at = written_condition.at
        steps.append(core.Condition(judged.expression, source_text(at), at))
        scope = scope.knowing(judged.holds)
    element = infer.lower(unit, written.element, scope, element_of(wanted))
    body = tuple(steps)
    if scope.flow.impossible:
        return _empty(unit, written, scope, wanted, element)
    match written.kind:
        case "list":
            return core.Build("list", None, element, body, t.ListType(element.type), written.at)
        case "set":
            if not has_equality(element.type):
                shown = t.shown(element.type)
                unit.notes.add("not-comparable", written.element.at, "types", left=shown, right=shown)
            return core.Build("set", None, element, body, t.SetType(element.type), written.at)
        case "map":
            assert written.key is not None
            key_type = wanted.key if isinstance(wanted, t.MapType) else t.STRING
            key = infer.expect(unit, written.key, scope, key_type)
            return core.Build("map", key, element, body, t.MapType(key_type, element.type), written.at)


def _empty(
    unit: Unit, written: tree.Comprehension, scope: Scope, wanted: Type | None, lowered: core.Expression
) -> core.Expression:
    """A comprehension whose conditions leave no tool over; `lowered` is what it would have taken."""
    element = element_of(wanted) or lowered.type
    match written.kind:
        case "list":
            return core.MakeList((), t.ListType(element), written.at)
        case "set":
            return core.MakeSet((), t.SetType(element), written.at)
        case "map":
            assert written.key is not None
            key = wanted.key if isinstance(wanted, t.MapType) else t.STRING
            infer.lower(unit, written.key, scope)
            return core.MakeMap((), t.MapType(key, element), written.at)


def quantifier(unit: Unit, written: tree.Quantifier, scope: Scope) -> core.Expression:
    """`some x in xs { … }` and `every x in xs { … }`."""
    bound, inner = blocks.bind_members(unit, written.variables, written.source, scope)
    body, _ = blocks.block(unit, written.body, inner)
    if written.kind == "every":
        return core.Every(bound, body, t.BOOL, written.at)
    text = f"some {written.variables.at.source} in {source_text(written.source.at)}"
    choose = core.Choose(bound, " ".join(text.split()), written.variables.at)
    return core.Exists((choose, *body), t.BOOL, written.at)


# ----------------------------------------------------------------------------------------------------------- match


def match_form(unit: Unit, written: tree.Match, scope: Scope, hint: Type | None) -> core.Expression:
    """`match { a => b, else => c }`: each arm knows that those before it did not hold."""
    arms: list[tuple[core.Expression, core.Expression]] = []
    for arm in written.arms:
        judged = conditions.condition(unit, arm.condition, scope)
        inside = scope.knowing(judged.holds)
        value = infer.lower(unit, arm.value, inside, hint)
        if not inside.flow.impossible:
            arms.append((judged.expression, _as_union(value, hint)))
        scope = scope.knowing(judged.fails)
    otherwise = None
    if written.otherwise is not None:
        lowered = infer.lower(unit, written.otherwise, scope, hint)
        # Where the arms take every tool, nothing gets to `else`.
        if not (scope.flow.impossible and arms):
            otherwise = _as_union(lowered, hint)
    else:
        _note_uncovered(unit, written, arms, scope.flow)
    values = [value for _, value in arms] + ([] if otherwise is None else [otherwise])
    type_ = common_type(unit, values, hint)
    if isinstance(type_, t.Unknown):
        return unknown(written.at)
    if not arms:
        return unknown(written.at) if otherwise is None else fit(unit, otherwise, type_)
    fitted = tuple((when, fit(unit, value, type_)) for when, value in arms)
    return core.Match(fitted, None if otherwise is None else fit(unit, otherwise, type_), type_, written.at)


def _as_union(value: core.Expression, hint: Type | None) -> core.Expression:
    """A string literal as the union of itself, so that the `match` is the union of its arms."""
    if hint is None and isinstance(value, core.Constant) and value.type is t.STRING and isinstance(value.value, str):
        return core.Constant(value.value, t.UnionType((value.value,)), value.at)
    return value


def _note_uncovered(
    unit: Unit, written: tree.Match, arms: Sequence[tuple[core.Expression, core.Expression]], left: Flow
) -> None:
    if left.impossible or left.unknown_tool or any(is_unknown(when.type) for when, _ in arms):
        return
    missing = uncovered([when for when, _ in arms])
    if missing is None or missing:
        tools = sorted(left.tools) if left.tools is not None else []
        shown = ", ".join(missing) if missing else listed(tools)
        unit.notes.add("uncovered-match", written.at, missing=shown)
