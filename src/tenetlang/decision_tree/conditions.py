"""What can be known of a condition without a request: whether it can fault, and which values make it true.

`early` is the question on which factoring rests: may this condition be evaluated before those written before it? It may
if it can't fault and depends on nothing that they establish: no variable, no path that may be absent, no narrowed value.

`constraint_of` reads a condition as a set of values of one attribute, where it is one:

    agent.team == "x", in {…}, a bool, like negations and unions of such     → Among, or Among with `complement`
    args.amount <= 50 and the other orders                                   → Between
    "support" in agent.roles                                                 → Holds
    args.cc is present                                                       → Exists
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from tenetlang.decision_tree.tree import Policy
from tenetlang.frozen import frozen
from tenetlang.late import LateMapping
from tenetlang.program import expression as core
from tenetlang.program.errors import Faults
from tenetlang.program.intrinsics import INTRINSICS, result_type
from tenetlang.program.parts import PARTS
from tenetlang.program.program import Definition, Function, Program
from tenetlang.program.types import ListType, OptionalType, RecordType, Scalar, SetType, Type, UnionType
from tenetlang.text import Span
from tenetlang.values.order import sorted_values

HASHED: Final = frozenset(
    {"bool", "int", "decimal", "string", "time", "duration", "ip", "cidr", "url", "email", "host", "path", "semver",
     "tool", "verdict"}
)  # fmt: skip
"""Scalars whose values can key a table: equal values hash alike, and no value of another type is among them."""

ORDERED: Final = frozenset({"int", "decimal", "string", "time", "duration", "semver"})
"""Scalars that Tenet orders and Python compares alike."""


# ------------------------------------------------------------------------------------------------------------ walking


def parts(item: object) -> Iterator[object]:
    """The expressions, bounds and steps directly below a node, in the order in which they are evaluated."""
    if isinstance(item, tuple):
        for member in item:
            if isinstance(member, tuple):
                yield from parts(member)
            elif attrs.has(type(member)) and not isinstance(member, Span):
                yield member
    elif not isinstance(item, core.Constant):
        for name in _fields(type(item)):
            below = getattr(item, name)
            if isinstance(below, tuple):
                yield from parts(below)
            elif type(below) in NODES:
                yield below


_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(kind: type) -> tuple[str, ...]:
    if kind not in _FIELDS:
        left_out = {"type", "at", "path", "wanted", "tools"}
        _FIELDS[kind] = tuple(name for name in kind.__annotations__ if name not in left_out)
    return _FIELDS[kind]


NODES: Final = frozenset(
    {core.Constant, core.Read, core.Local, core.Derived, core.Field, core.Part, core.Index, core.Present, core.Default,
     core.Not, core.And, core.Or, core.Compare, core.Contains, core.Matches, core.ToolIs, core.IsType, core.Narrow,
     core.Widen, core.Operate, core.Builtin, core.CallFunction, core.Exists, core.Every, core.MakeList, core.MakeSet,
     core.MakeMap, core.MakeRecord, core.Build, core.Match, core.Bound, core.Condition, core.Choose, core.Assign}
)  # fmt: skip


def nodes(item: object) -> Iterator[object]:
    """The node itself and all below it; of a tuple, all in it."""
    waiting = list(parts(item))[::-1] if isinstance(item, tuple) else [item]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += list(parts(node))[::-1]


# ---------------------------------------------------------------------------------------------------------- knowledge


@attrs.define
class Knowledge:
    """What the analysis of one program looks up."""

    facts: Mapping[str, Type]
    optional_facts: frozenset[str]
    parameters: Mapping[str, RecordType]
    definitions: Mapping[str, Definition]
    functions: Mapping[str, Function]
    faults: Faults


def knowledge(program: Program | Policy) -> Knowledge:
    """What the analysis needs of a program."""
    return Knowledge(
        facts={name: fact.type for name, fact in program.facts.items()},
        optional_facts=frozenset(name for name, fact in program.facts.items() if not fact.required),
        parameters=LateMapping(program.tools, lambda name: program.tools[name].parameters),
        definitions=program.definitions,
        functions=program.functions,
        faults=Faults(program),
    )


# ------------------------------------------------------------------------------------------------------ early evaluation


def early(known: Knowledge, condition: core.Expression, tools: frozenset[str]) -> bool:
    """Whether the condition may be evaluated before those written before it, on a request for any of `tools`."""
    for node in nodes(condition):
        match node:
            case core.Local() | core.IsType() | core.Narrow() | core.Exists() | core.Match():
                return False
            case core.Field(optional=False) | core.Index(optional=False):
                return False
            case core.Part(of, name, type_):
                if isinstance(_part_type(of, name), OptionalType) and not isinstance(type_, OptionalType):
                    return False  # an earlier condition has proved that it is there
            case core.Derived(name):
                definition = known.definitions[name]
                if definition.tools is not None and not tools <= definition.tools:
                    return False
                if _may_be_absent(known, definition.value):
                    return False
            case core.Read(path, optional=optional):
                if path[0] == "args" and not same_everywhere(known, path, tools):
                    return False
                if not optional and not always_there(known, path, tools):
                    return False
            case _:
                pass
    return not known.faults.expression(condition)


def _part_type(of: core.Expression, name: str) -> Type | None:
    return PARTS.get(of.type, {}).get(name) if isinstance(of.type, Scalar) else None


def _may_be_absent(known: Knowledge, expression: core.Expression) -> bool:
    """Whether there are requests for which the expression has no value."""
    match expression:
        case core.Read(optional=True) | core.Field(optional=True) | core.Index(optional=True):
            return True
        case core.Builtin(name, arguments):
            intrinsic = INTRINSICS.get(name.partition(".")[0])
            types = [argument.type for argument in arguments]
            return intrinsic is None or isinstance(result_type(intrinsic, types), OptionalType)
        case core.CallFunction(name):
            return isinstance(known.functions[name].result, OptionalType)
        case core.Part(of, name):
            return isinstance(_part_type(of, name), OptionalType) or _may_be_absent(known, of)
        case core.Field(of) | core.Index(of) | core.Narrow(of) | core.Widen(of):
            return _may_be_absent(known, of)
        case core.Derived(name):
            return _may_be_absent(known, known.definitions[name].value)
        case core.Default(_, otherwise):
            return _may_be_absent(known, otherwise)
        case core.Match(arms, otherwise):
            values = [value for _, value in arms] + ([] if otherwise is None else [otherwise])
            return any(_may_be_absent(known, value) for value in values)
        case _:
            return False


def always_there(known: Knowledge, path: tuple[str, ...], tools: frozenset[str]) -> bool:
    """Whether each request for one of `tools` has something at the path."""
    top = path[0]
    if top in {"tool", "approvals", "counters", "data"}:
        return len(path) <= (3 if top == "data" else 2)
    if top == "args":
        return all(_is_there(known.parameters[tool], path[1:]) for tool in tools)
    return top not in known.optional_facts and top in known.facts and _is_there(known.facts[top], path[1:])


def same_everywhere(known: Knowledge, path: tuple[str, ...], tools: frozenset[str]) -> bool:
    """Whether the argument at the path has one and the same type for all of `tools`."""
    found = {_type_at(known.parameters[tool], path[1:]) for tool in tools}
    return len(found) == 1 and None not in found


def _is_there(type_: Type, names: tuple[str, ...]) -> bool:
    for name in names:
        field = type_.field(name) if isinstance(type_, RecordType) else None
        if field is None or field.optional:
            return False
        type_ = field.type
    return True


def _type_at(type_: Type, names: tuple[str, ...]) -> Type | None:
    for name in names:
        field = type_.field(name) if isinstance(type_, RecordType) else None
        if field is None:
            return None
        type_ = field.type
    return type_


# -------------------------------------------------------------------------------------------------------- constraints


@frozen
class Among:
    """The attribute is one of `values`; where `complement`, it is there and is none of them."""

    attribute: core.Read
    values: tuple[object, ...]
    complement: bool = False


@frozen
class Between:
    """`attribute operator constant`."""

    attribute: core.Read
    operator: core.ComparisonOperator
    constant: object


@frozen
class Holds:
    """`value` is a member of the attribute."""

    attribute: core.Read
    value: object


@frozen
class Presence:
    """The attribute is there (or, where not `wanted`, is absent)."""

    attribute: core.Read
    wanted: bool


Constraint: TypeAlias = Among | Between | Holds | Presence

_MIRRORED: Final[Mapping[str, core.ComparisonOperator]] = {
    "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip
_OPPOSITE: Final[Mapping[str, core.ComparisonOperator]] = {
    "==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<",
}  # fmt: skip


def constraint_of(known: Knowledge, condition: core.Expression) -> Constraint | None:
    """The condition as a set of values of one attribute, None where it is none."""
    match condition:
        case core.Not(of):
            return _negated(constraint_of(known, of))
        case core.Or(items):
            return _united([constraint_of(known, item) for item in items])
        case core.Read(path, Scalar("bool"), optional=False):
            return None if path[0] == "data" else Among(condition, (True,))
        case core.ToolIs(core.Read() as attribute, tools):
            return Among(attribute, tuple(sorted(tools)))
        case core.Present(core.Read(path) as attribute) if path[0] != "data":
            return Presence(attrs.evolve(attribute, optional=False), wanted=True)
        case core.Compare(operator, core.Read() as attribute, other):
            return _compared(attribute, operator, constant_of(known, other))
        case core.Compare(operator, other, core.Read() as attribute):
            return _compared(attribute, _MIRRORED[operator], constant_of(known, other))
        case core.Contains(core.Read() as attribute, collection) if _keys_table(attribute):
            members = _constants(known, collection)
            return None if members is None else Among(attribute, members)
        case core.Contains(item, core.Read() as attribute) if _is_request(attribute):
            value = constant_of(known, item)
            holds = isinstance(attribute.type, SetType | ListType) and _is_hashed(attribute.type.of)
            return Holds(attribute, value) if holds and value is not None else None
    return None


def constant_of(known: Knowledge, expression: core.Expression) -> object | None:
    """The value of a constant or of a `let` that is one; None, which is no value of the language, for all else."""
    match expression:
        case core.Constant(value):
            return value
        case core.Derived(name):
            definition = known.definitions[name]
            return constant_of(known, definition.value) if definition.tools is None else None
        case core.Widen(of):
            whole = constant_of(known, of)
            return Decimal(whole) if isinstance(whole, int) and abs(whole) < 10**18 else None
        case _:
            pass
    return None


def _compared(attribute: core.Read, operator: core.ComparisonOperator, constant: object | None) -> Constraint | None:
    if constant is None or not _keys_table(attribute):
        return None
    if operator in {"==", "!="}:
        return Among(attribute, (constant,), complement=operator == "!=")
    ordered = isinstance(attribute.type, UnionType) or (
        isinstance(attribute.type, Scalar) and attribute.type.name in ORDERED
    )
    return Between(attribute, operator, constant) if ordered else None


def _negated(inner: Constraint | None) -> Constraint | None:
    match inner:
        case Among(attribute, values, complement):
            return Among(attribute, values, not complement)
        case Between(attribute, operator, constant):
            return Between(attribute, _OPPOSITE[operator], constant)
        case Presence(attribute, wanted):
            return Presence(attribute, not wanted)
        case _:
            pass
    return None


def _united(found: list[Constraint | None]) -> Constraint | None:
    values: list[object] = []
    attribute: core.Read | None = None
    for item in found:
        if not isinstance(item, Among) or item.complement or attribute not in {None, item.attribute}:
            return None
        attribute = item.attribute
        values += [value for value in item.values if value not in values]
    return None if attribute is None else Among(attribute, tuple(values))


def _constants(known: Knowledge, collection: core.Expression) -> tuple[object, ...] | None:
    match collection:
        case core.MakeSet(items) | core.MakeList(items):
            values = [constant_of(known, item) for item in items]
            return None if None in values else tuple(values)
        case _:
            pass
    constant = constant_of(known, collection)
    return tuple(sorted_values(constant)) if isinstance(constant, frozenset | tuple) else None


def _is_hashed(type_: Type) -> bool:
    return isinstance(type_, UnionType) or (isinstance(type_, Scalar) and type_.name in HASHED)


def _is_request(attribute: core.Read) -> bool:
    return attribute.path[0] != "data" and not attribute.optional


def _keys_table(attribute: core.Read) -> bool:
    type_ = attribute.type.of if isinstance(attribute.type, OptionalType) else attribute.type
    return _is_request(attribute) and _is_hashed(type_)


# --------------------------------------------------------------------------------------------------------- known tools


def for_tool(condition: core.Expression, tool: str) -> bool | None:
    """What the condition is for every request for `tool`, if that alone settles it; else None."""
    match condition:
        case core.ToolIs(core.Read(("tool",)), tools):
            return tool in tools
        case core.Constant(bool() as value):
            return value
        case core.Not(of):
            inner = for_tool(of, tool)
            return None if inner is None else not inner
        case core.And(items) | core.Or(items):
            settles = isinstance(condition, core.Or)
            for item in items:
                inner = for_tool(item, tool)
                if inner is None or inner is settles:
                    return inner
            return not settles
        case _:
            pass
    return None
