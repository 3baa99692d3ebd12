"""The requests of two programs together: one shape wide enough for both, and for each program what it demands beyond that.

Two versions of a policy mostly declare the same, and then the joint shape is theirs. Where they differ, a part of the request
is as wide as either has it: a union has the literals of both, a refinement that only one has is left out, what one does not
know is optional. Which of these requests a program takes is then a formula (`demands`): the part is there, the literal is one
of its own, the number keeps to its bounds. So a request that is valid for one and denied by the other as invalid is a
request like any other.

What is left is said by nobody: that a decimal is whole, that two lists have members of different types. Then the formula has
an atom of which nothing is known, which is sound in both directions, and the evaluators say what is true of a candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

import attrs

from tenetlang.analysis.arithmetic import compared_with_zero
from tenetlang.analysis.formulas import TRUE, Among, Fits, Formula, There
from tenetlang.analysis.linear import Sum
from tenetlang.analysis.lowering import Lowering
from tenetlang.analysis.shape import NOWHERE, Path, Shape, plain
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Counter, Data, Fact, Program, Tool
from tenetlang.values.order import sorted_values
from tenetlang.values.regular_expressions import parse_regex

_ONE: Final = Fraction(1)
_NO_TEXTS: Final = frozenset({"bool", "int", "decimal", "json", "arguments"})


def joint_program(first: Program, second: Program) -> Program:
    """`first` with the declarations of both, as wide as either has them; where two types have nothing in common, with its own.

    Only what it says of requests and documents means anything.
    """
    tools = {
        name: _joint_tool(first.tools.get(name), second.tools.get(name))
        for name in sorted({*first.tools, *second.tools})
    }
    facts = {
        name: _joint_fact(first.facts.get(name), second.facts.get(name))
        for name in sorted({*first.facts, *second.facts})
    }
    return attrs.evolve(
        first,
        tools=tools,
        facts=facts,
        uses_tools=first.uses_tools or second.uses_tools,
        counters=_joint_counters(first, second),
        data=_joint_data(first, second),
    )


def _joint_counters(first: Program, second: Program) -> tuple[Counter, ...]:
    others = {item.name: item for item in second.counters}
    found: list[Counter] = []
    for item in first.counters:
        other = others.pop(item.name, item)
        found.append(attrs.evolve(item, type=joint_type(item.type, other.type, closed=True)))
    return (*found, *others.values())


def _joint_data(first: Program, second: Program) -> tuple[Data, ...]:
    others = {(item.package, item.name): item for item in second.data}
    found: list[Data] = []
    for item in first.data:
        other = others.pop((item.package, item.name), item)
        found.append(attrs.evolve(item, type=joint_type(item.type, other.type, closed=True)))
    return (*found, *others.values())


def _joint_tool(first: Tool | None, second: Tool | None) -> Tool:
    if first is None or second is None:
        found = first or second
        assert found is not None
        return found
    return attrs.evolve(first, parameters=_joint_record(first.parameters, second.parameters, closed=True))


def _joint_fact(first: Fact | None, second: Fact | None) -> Fact:
    """Facts that either needs are there: whoever asks for a decision brings what the policy in force needs."""
    if first is None or second is None:
        found = first or second
        assert found is not None
        return found
    type_ = joint_type(first.type, second.type, closed=False)
    return attrs.evolve(first, type=type_, required=first.required or second.required)


def joint_type(first: t.Type, second: t.Type, *, closed: bool) -> t.Type:
    """A type that has all values of both; the first where there is none to be said. `closed`: records refuse what they
    don't declare."""
    if first == second:
        return first
    match plain(first), plain(second):
        case t.UnionType(ours), t.UnionType(theirs):
            return t.UnionType(tuple(sorted({*ours, *theirs})))
        case (t.UnionType(), t.Scalar("string")) | (t.Scalar("string"), t.UnionType()):
            return t.STRING
        case (t.Scalar("int"), t.Scalar("decimal")) | (t.Scalar("decimal"), t.Scalar("int")):
            return t.DECIMAL
        case t.RecordType() as ours, t.RecordType() as theirs:
            return _joint_record(ours, theirs, closed=closed)
        case _:
            return first


def _joint_record(first: t.RecordType, second: t.RecordType, *, closed: bool) -> t.RecordType:
    fields: list[t.Field] = []
    for name in sorted({field.name for field in (*first.fields, *second.fields)}):
        ours, theirs = first.field(name), second.field(name)
        if ours is None or theirs is None:
            found = ours or theirs
            assert found is not None
            fields.append(attrs.evolve(found, optional=True) if closed else found)
            continue
        optional = (ours.optional or theirs.optional) if closed else (ours.optional and theirs.optional)
        refinement = ours.refinement if ours.refinement == theirs.refinement else None
        type_ = joint_type(ours.type, theirs.type, closed=closed)
        fields.append(t.Field(name, type_, optional=optional, refinement=refinement))
    return t.RecordType(tuple(fields), first.name)


# ----------------------------------------------------------------------------------------------------------------- demands


@attrs.frozen(eq=False)
class _Demands:
    """What one program demands, in the lowering of its own side. `across` is the joint shape as the other side has it:
    where the two are not the same, the types have nothing in common."""

    lowering: Lowering
    across: Shape

    def there(self, path: Path) -> Formula:
        return self.lowering.formulas.literal(There(self.lowering.shape.read(path, t.JSON)))

    def where(self, there: Formula, needs: Iterable[Formula]) -> Iterator[Formula]:
        """The demands where the part is there."""
        absent = self.lowering.formulas.negation(there)
        yield from (self.lowering.formulas.either(absent, need) for need in needs if need is not TRUE)

    def part(self, path: Path, own: t.Type, *, closed: bool) -> Iterator[Formula]:
        """What it takes for the part at the path to read as the type `own`."""
        here, across = self.lowering.shape.field(path), self.across.field(path)
        assert here is not None, "the joint shape has the declarations of both"
        assert across is not None
        wide, narrow = plain(here.type), plain(own)
        if isinstance(wide, t.RecordType) and isinstance(narrow, t.RecordType):
            yield from self.record(path, wide, narrow, closed=closed)
        elif narrow == t.STRING and _is_text(plain(across.type)):
            return
        elif wide != plain(across.type) or (wide != narrow and not isinstance(narrow, t.UnionType)):
            unknown = self.lowering.formulas.unknown(("reads as", path, own), t.BOOL)
            yield self.lowering.formulas.literal(Among(unknown, (True,)))
        elif wide != narrow and isinstance(narrow, t.UnionType):
            term = self.lowering.shape.read(path, wide)
            yield self.lowering.formulas.literal(Among(term, tuple(sorted_values(narrow.literals))))

    def record(self, path: Path, joint: t.RecordType, own: t.RecordType, *, closed: bool) -> Iterator[Formula]:
        for field in joint.fields:
            inner = (*path, field.name)
            there = self.there(inner) if field.optional else TRUE
            declared = own.field(field.name)
            if declared is None:
                if closed:
                    yield self.lowering.formulas.negation(there)
                continue
            if field.optional and not declared.optional:
                yield there
            needs = list(self.part(inner, declared.type, closed=closed))
            if declared.refinement is not None and declared.refinement != field.refinement:
                needs += self.refinement(inner, declared.refinement)
            yield from self.where(there, needs)

    def refinement(self, path: Path, demanded: t.Refinement) -> Iterator[Formula]:
        lowering, negation = self.lowering, self.lowering.formulas.negation
        term = lowering.shape.read(path, t.JSON)
        if demanded.minimum is not None:
            yield negation(compared_with_zero(lowering, Sum({term: _ONE}, -Fraction(demanded.minimum)), "<"))
        if demanded.maximum is not None:
            yield compared_with_zero(lowering, Sum({term: _ONE}, -Fraction(demanded.maximum)), "<=")
        if demanded.pattern is not None:
            yield lowering.formulas.literal(Fits(term, parse_regex(demanded.pattern)))
        for limits in (demanded.length, demanded.items):
            if limits is not None:
                count = core.Builtin("count", (term,), t.INT, NOWHERE)
                yield negation(compared_with_zero(lowering, Sum({count: _ONE}, -Fraction(limits[0])), "<"))
                yield compared_with_zero(lowering, Sum({count: _ONE}, -Fraction(limits[1])), "<=")


def _is_text(type_: t.Type) -> bool:
    """Whether JSON texts, and nothing else, read as values of the type."""
    return isinstance(type_, t.UnionType) or (isinstance(type_, t.Scalar) and type_.name not in _NO_TEXTS)


def demands(own: Program, lowering: Lowering, across: Shape) -> Formula:
    """For which requests of the joint shape, for the lowering's tool, the program `own` finds nothing invalid."""
    tool, shape = lowering.shape.tool, lowering.shape
    found: list[Formula] = []
    demand = _Demands(lowering, across)
    if tool is not None:
        joint = shape.program.tools[tool].parameters
        found += demand.record(("args",), joint, own.tools[tool].parameters, closed=True)
        for counter in own.counters:
            found += demand.part(("counters", counter.name), counter.type, closed=True)
    for name, fact in own.facts.items():
        there = TRUE if shape.program.facts[name].required else demand.there((name,))
        found += demand.where(there, demand.part((name,), fact.type, closed=False))
    return lowering.formulas.all_of(found)


def document_demands(own: Program, lowering: Lowering, across: Shape) -> Formula:
    """For which documents of the joint shape all those that `own` declares have their types."""
    demand = _Demands(lowering, across)
    found: list[Formula] = []
    for data in own.data:
        found += demand.part(("data", data.package, data.name), data.type, closed=True)
    return lowering.formulas.all_of(found)


def recounted(first: Program, second: Program) -> tuple[str, ...]:
    """The counters of one name that the programs count differently; requests have one value for both."""
    others = {counter.name: counter for counter in second.counters}
    return tuple(
        sorted(
            counter.name
            for counter in first.counters
            if counter.name in others and attrs.evolve(others[counter.name], package=counter.package) != counter
        )
    )
