"""From a request that was decided to what is true of it: formulas that pin each of its parts to the value that it has.

A part of the request is pinned by the comparisons that a policy could make with it: a scalar equals its value, an optional part
is there or is not, a collection has each of its members (at their places, or under their keys), no others, and as many. All of
this is said in the atoms and terms of the analysis, so pins and the formulas of rules can be asked about together: a request
that was decided is possible, so the space in which requests are looked for must have room for it.

Not everything is pinned: of JSON, of patterns and of the arguments of earlier calls nothing is said. Saying less is never
wrong, since the conjunction of fewer true formulas is true as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from tenetlang.analysis import comparing
from tenetlang.analysis.cases import Truth, Value, always
from tenetlang.analysis.formulas import TRUE, Formula, There
from tenetlang.analysis.lowering import Lowering
from tenetlang.analysis.shape import NOWHERE, plain
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.values.collections import Map, Record

Pins = dict[str, Formula]
"""By the name of a part of the request."""

_UNSAID = frozenset({"json", "arguments", "glob", "regex"})


def pins(lowering: Lowering, inputs: Mapping[str, object], data: Mapping[tuple[str, str], object]) -> Pins:
    """True formulas about the request whose values, as the evaluators read them, are `inputs`, with these documents.

    The steps that the lowering has taken are forgotten. Raises `TooLarge`.
    """
    lowering.steps = 0
    program = lowering.program
    found: Pins = {}
    tool = lowering.shape.tool
    if tool is not None:
        arguments = _mapping(inputs["args"])
        for field in program.tools[tool].parameters.fields:
            found[f"args.{field.name}"] = _part(lowering, ("args", field.name), field, arguments.get(field.name))
        counters = _mapping(inputs.get("counters", {}))
        for counter in program.counters:
            if counter.name in counters:
                term = lowering.shape.read(("counters", counter.name), counter.type)
                found[f"counters.{counter.name}"] = pinned(lowering, term, counters[counter.name], counter.type)
    for name, fact in program.facts.items():
        field = t.Field(name, fact.type, optional=not fact.required)
        found[name] = _part(lowering, (name,), field, inputs.get(name))
    for item in program.data:
        term = lowering.shape.read(("data", item.package, item.name), item.type)
        found[f"data.{item.package}.{item.name}"] = pinned(lowering, term, data[item.package, item.name], item.type)
    return found


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping | Record | Map)
    return value


def _part(lowering: Lowering, path: tuple[str, ...], field: t.Field, value: object) -> Formula:
    """A part of the request that may be absent, which None stands for."""
    return _perhaps(lowering, lowering.shape.read(path, field.type), field, value)


def _perhaps(lowering: Lowering, term: Expression, field: t.Field, value: object) -> Formula:
    formulas = lowering.formulas
    if value is None:
        return formulas.negation(formulas.literal(There(term))) if field.optional else TRUE
    same = pinned(lowering, term, value, field.type)
    return formulas.both(formulas.literal(There(term)), same) if field.optional else same


def pinned(lowering: Lowering, term: Expression, value: object, type_: t.Type) -> Formula:
    """That the term has this value, of the type."""
    match plain(type_):
        case t.Scalar(name) if name in _UNSAID:
            return TRUE
        case t.Scalar("tool"):
            return comparing.with_constant(lowering, "==", term, str(value))
        case t.Scalar() | t.UnionType() as of:
            return comparing.compared(lowering, "==", term, core.Constant(value, of, NOWHERE))
        case t.RecordType(fields):
            known = _mapping(value)
            return lowering.formulas.all_of(
                _perhaps(lowering, _field(term, field), field, known.get(field.name))
                for field in fields
                if field.type != t.ARGUMENTS
            )
        case t.ListType(of):
            assert isinstance(value, Sequence)
            return _collection(lowering, term, list(enumerate(value)), of, t.INT)
        case t.SetType(of):
            assert isinstance(value, AbstractSet)
            return _collection(lowering, term, [(None, item) for item in value], of, t.INT)
        case t.MapType(key, of):
            items = list(_mapping(value).items())
            return lowering.formulas.all_of(
                [
                    _collection(lowering, term, items, of, key),
                    *(_entry(lowering, term, core.Constant(name, key, NOWHERE), item, of) for name, item in items),
                ]
            )
        case _:
            return TRUE


def _field(term: Expression, field: t.Field) -> Expression:
    of = plain(field.type)
    match term:
        case core.Read(path):
            return core.Read((*path, field.name), of, NOWHERE)
        case _:
            return core.Field(term, field.name, of, NOWHERE)


def _entry(lowering: Lowering, term: Expression, key: core.Constant, value: object, of: t.Type) -> Formula:
    """That a map has this value under the key."""
    entry = core.Index(term, key, plain(of), NOWHERE)
    return lowering.formulas.both(lowering.formulas.literal(There(entry)), pinned(lowering, entry, value, of))


def _collection(
    lowering: Lowering, term: Expression, items: Sequence[tuple[object, object]], of: t.Type, key_type: t.Type
) -> Formula:
    """That the collection has these members, each under its key where it has one, no others, and as many."""
    formulas = lowering.formulas
    tests = [_member(lowering, key, item, of, key_type) for key, item in items]

    def is_another(key: Value | None, member: Value) -> Truth:
        return Truth(formulas.negation(formulas.any_of(test(key, member).holds for test in tests)))

    count = core.Builtin("count", (term,), t.INT, NOWHERE)
    return formulas.all_of(
        [
            formulas.negation(lowering.some(always(term), is_another).holds),
            *(lowering.some(always(term), test).holds for test in tests),
            comparing.compared(lowering, "==", count, core.Constant(len(items), t.INT, NOWHERE)),
        ]
    )


def _member(
    lowering: Lowering, key: object, item: object, of: t.Type, key_type: t.Type
) -> Callable[[Value | None, Value], Truth]:
    """Whether a member is this item, under this key; the key is None where none is known."""

    def test(place: Value | None, member: Value) -> Truth:
        parts = [pinned(lowering, _term(member), item, of)]
        if key is not None and place is not None:
            constant = core.Constant(key, plain(key_type), NOWHERE)
            parts.append(comparing.compared(lowering, "==", _term(place), constant))
        return Truth(lowering.formulas.all_of(parts))

    return test


def _term(value: Value) -> Expression:
    """The only case of a value."""
    ((_, term),) = value.cases
    assert isinstance(term, core.Expression)
    return term
