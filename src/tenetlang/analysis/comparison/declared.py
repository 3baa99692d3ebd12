"""What two programs declare differently: tools and their arguments, facts, documents, counters, reviewers, and how rules are
weighed.

These are differences of the text. What they do to decisions is in `diff.py`: an argument that became optional shows there as
requests that were invalid, and so denied, and are no longer. Only what no decision shows has a `direction` here: whether
two people must agree or three, and what a counter counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import attrs

from tenetlang.analysis.comparison.describe import term_text
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Fallback, Package, Program, Reviewers
from tenetlang.values.numbers import decimal_text
from tenetlang.values.render import literal
from tenetlang.values.times import make_duration

Direction: TypeAlias = Literal["weaker", "stricter", "unclear", "none"]


@frozen
class Change:
    """`kind` is what changed (`argument`, `reviewers`), `name` which, `part` what of it; texts of before and after, None where it
    is not there."""

    kind: str
    name: str
    part: str
    before: str | None
    after: str | None
    direction: Direction = "none"


def changes(old: Program, new: Program) -> tuple[Change, ...]:
    """All that is declared differently, in a fixed order."""
    return (
        *_packages(old, new),
        *_tools(old, new),
        *_facts(old, new),
        *_others(old, new),
        *_counters(old, new),
        *_reviewers(old, new),
        *_obligations(old, new),
    )


# ------------------------------------------------------------------------------------------------------------- packages


def _packages(old: Program, new: Program) -> Iterator[Change]:
    before = {_role(package, old): package for package in old.packages}
    after = {_role(package, new): package for package in new.packages}
    for role in sorted(before.keys() | after.keys()):
        one, other = before.get(role), after.get(role)
        if one is None or other is None:
            only = one or other
            assert only is not None
            there = "observing" if only.observe else "deciding"
            yield Change(
                "package", only.name, "taking part", None if one is None else there, None if other is None else there
            )
            continue
        name = other.name
        if one.name != other.name:
            yield Change("package", name, "name", one.name, other.name)
        if one.resolve != other.resolve:
            yield Change("package", name, "resolve", one.resolve, other.resolve)
        if one.observe != other.observe:
            yield Change("package", name, "@observe", _yes(one.observe), _yes(other.observe))
        for part, first, second in (
            ("default", one.default, other.default),
            ("on error", one.on_error, other.on_error),
        ):
            if _fallback(first, old) != _fallback(second, new):
                yield Change("package", name, part, _fallback(first, old), _fallback(second, new))


def _role(package: Package, program: Program) -> str:
    return "" if package.name == program.entry else package.name


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _fallback(fallback: Fallback | None, program: Program) -> str | None:
    if fallback is None:
        return None
    if fallback.reviewers is None:
        return fallback.verdict
    return f"{fallback.verdict} to {program.reviewers[fallback.reviewers].shown_name}"


# ----------------------------------------------------------------------------------------------------------------- tools


def _tools(old: Program, new: Program) -> Iterator[Change]:
    for name in sorted(old.tools.keys() | new.tools.keys()):
        one, other = old.tools.get(name), new.tools.get(name)
        if one is None or other is None:
            only = one or other
            assert only is not None
            shown = t.shown(attrs.evolve(only.parameters, name=""))
            yield Change("tool", name, "", None if one is None else shown, None if other is None else shown)
            continue
        yield from _fields("argument", f"{name}: args", one.parameters, other.parameters)
        marks = tuple(
            " ".join(
                f"@{mark.name}({', '.join(map(_annotated, mark.arguments))})" if mark.arguments else f"@{mark.name}"
                for mark in tool.annotations
            )
            for tool in (one, other)
        )
        if marks[0] != marks[1]:
            yield Change("tool", name, "annotations", marks[0] or None, marks[1] or None)


def _annotated(value: str | int | bool) -> str:
    return literal(value)


def _fields(kind: str, path: str, old: t.RecordType, new: t.RecordType) -> Iterator[Change]:
    for name in sorted({field.name for record in (old, new) for field in record.fields}):
        one, other = old.field(name), new.field(name)
        inner = f"{path}.{name}"
        types = None if one is None else _plain(one.type), None if other is None else _plain(other.type)
        if isinstance(types[0], t.RecordType) and isinstance(types[1], t.RecordType):
            yield from _fields(kind, inner, types[0], types[1])
            assert one is not None
            assert other is not None
            one, other = attrs.evolve(one, type=types[1]), attrs.evolve(other, type=types[1])
        if one != other:
            yield Change(kind, inner, "", _field(one), _field(other))


def _plain(type_: t.Type) -> t.Type:
    return type_.of if isinstance(type_, t.OptionalType) else type_


def _field(field: t.Field | None) -> str | None:
    """`@min(1) int, optional`."""
    if field is None:
        return None
    demands = "" if field.refinement is None else "".join(f"{item} " for item in _refinement(field.refinement))
    type_ = _plain(field.type)
    shown = t.shown(attrs.evolve(type_, name="") if isinstance(type_, t.UnionType | t.RecordType) else type_)
    return f"{demands}{shown}{', optional' if field.optional else ''}"


def _refinement(refinement: t.Refinement) -> Iterator[str]:
    if refinement.minimum is not None:
        yield f"@min({decimal_text(refinement.minimum)})"
    if refinement.maximum is not None:
        yield f"@max({decimal_text(refinement.maximum)})"
    if refinement.pattern is not None:
        yield f"@pattern({literal(refinement.pattern)})"
    for name, limits in (("length", refinement.length), ("items", refinement.items)):
        if limits is not None:
            yield f"@{name}({limits[0]}, {limits[1]})"


# ---------------------------------------------------------------------------------------------- facts, data and counters


def _facts(old: Program, new: Program) -> Iterator[Change]:
    for name in sorted(old.facts.keys() | new.facts.keys()):
        one, other = old.facts.get(name), new.facts.get(name)
        fields = tuple(
            None if fact is None else t.Field(name, fact.type, optional=not fact.required) for fact in (one, other)
        )
        first, second = fields
        if first is not None and second is not None:
            types = _plain(first.type), _plain(second.type)
            if isinstance(types[0], t.RecordType) and isinstance(types[1], t.RecordType):
                yield from _fields("fact", name, types[0], types[1])
                first, second = attrs.evolve(first, type=types[1]), attrs.evolve(second, type=types[1])
        if first != second:
            yield Change("fact", name, "", _fact(first), _fact(second))


def _fact(field: t.Field | None) -> str | None:
    if field is None:
        return None
    needed = "not required" if field.optional else "required"
    return f"{t.shown(field.type)}, {needed}"


def _others(old: Program, new: Program) -> Iterator[Change]:
    before = {f"{data.package}.{data.name}": data for data in old.data}
    after = {f"{data.package}.{data.name}": data for data in new.data}
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one != other:
            yield Change(
                "data", name, "", None if one is None else t.shown(one.type), None if other is None else t.shown(other.type)
            )  # fmt: skip


def _counters(old: Program, new: Program) -> Iterator[Change]:
    before, after = ({counter.name: counter for counter in program.counters} for program in (old, new))
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            yield Change("counter", name, "", None if one is None else "counted", None if other is None else "counted")
            continue
        parts: tuple[tuple[str, str, str], ...] = (
            ("what is counted", _counted(one.aggregate, one.argument), _counted(other.aggregate, other.argument)),
            ("tools", ", ".join(sorted(one.tools)), ", ".join(sorted(other.tools))),
            ("by", _terms(one.by), _terms(other.by)),
            ("within", _span(one.within), _span(other.within)),
            ("conditions", _steps(one.body), _steps(other.body)),
        )
        found = [
            Change("counter", name, part, first, second, "unclear") for part, first, second in parts if first != second
        ]
        yield from found
        if not found and attrs.evolve(one, package=other.package) != other:
            yield Change("counter", name, "what is counted", None, "differently", "unclear")


def _counted(aggregate: str, argument: core.Expression | None) -> str:
    return f"{aggregate}({'' if argument is None else term_text(argument)})"


def _terms(terms: Sequence[core.Expression]) -> str:
    return ", ".join(map(term_text, terms)) or "everybody"


def _span(nanoseconds: int | None) -> str:
    return "all time" if nanoseconds is None else str(make_duration(nanoseconds))


def _steps(body: core.Block) -> str:
    return "; ".join(step.text for step in body) or "none"


# ------------------------------------------------------------------------------------------------------------- reviewers


def _reviewers(old: Program, new: Program) -> Iterator[Change]:
    before, after = ({item.shown_name: item for item in program.reviewers.values()} for program in (old, new))
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            yield Change("reviewers", name, "", None if one is None else "there", None if other is None else "there")
            continue
        if one.who != other.who:
            first, second = _who(one), _who(other)
            if first == second:
                second = f"{second}, which is defined otherwise"
            yield Change("reviewers", name, "who", first, second, "unclear")
        if one.quorum != other.quorum:
            direction: Direction = "weaker" if other.quorum < one.quorum else "stricter"
            yield Change("reviewers", name, "quorum", str(one.quorum), str(other.quorum), direction)
        if one.within != other.within:
            yield Change("reviewers", name, "within", _span(one.within), _span(other.within))
        asked = _otherwise(one, old), _otherwise(other, new)
        if asked[0] != asked[1]:
            softer: Direction = "weaker" if asked[0] == "deny" else "stricter" if asked[1] == "deny" else "unclear"
            yield Change("reviewers", name, "else", asked[0], asked[1], softer)
        if one.notify != other.notify:
            yield Change(
                "reviewers", name, "notify", ", ".join(one.notify) or "nobody", ", ".join(other.notify) or "nobody"
            )


def _who(reviewers: Reviewers) -> str:
    match reviewers.who:
        case core.Default(of, otherwise):
            return f"{term_text(of)} ?? {term_text(otherwise)}"
        case core.MakeSet(items):
            return "{" + ", ".join(map(term_text, items)) + "}"
        case other:
            return term_text(other)


def _otherwise(reviewers: Reviewers, program: Program) -> str:
    if reviewers.otherwise == "deny":
        return "deny"
    return f"escalate to {program.reviewers[reviewers.otherwise].shown_name}"


def _obligations(old: Program, new: Program) -> Iterator[Change]:
    for name in sorted(old.obligations.keys() | new.obligations.keys()):
        shown = tuple(
            None
            if obligation is None
            else ", ".join(f"{field.name}: {_field(field)}" for field in obligation.parameters) or "without arguments"
            for obligation in (old.obligations.get(name), new.obligations.get(name))
        )
        if shown[0] != shown[1]:
            yield Change("obligation", name.rpartition(".")[2], "", shown[0], shown[1])
