"""What each expression of the core language means: the reference, slow and obvious.

One function, `value`, with one case for each node, written from `docs/language.md`. Nothing is prepared, nothing is
compiled, no result is reused but that of a definition, which the language says is evaluated once. The generated evaluator
is tested against this one, so nothing here may be clever.

Three things travel along in a `Run`: the typed inputs of the request, what was read (for the trace), and how much work
quantifiers have done (for the bound on it). A fault is the exception `Fault`; it carries the code and the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import TypeAlias

import attrs

from tenetlang.evaluator.builtin_limits import Function
from tenetlang.evaluator.builtins import BUILTINS
from tenetlang.evaluator.lengthy import goes_through
from tenetlang.evaluator.operations import OPERATIONS
from tenetlang.evaluator.readers import narrowed
from tenetlang.evaluator.work import WORK_LIMIT, work
from tenetlang.program import expression as core
from tenetlang.program.program import Program
from tenetlang.program.types import Scalar
from tenetlang.text import Span
from tenetlang.values.collections import Map, Record
from tenetlang.values.faults import ValueFault
from tenetlang.values.hashing import set_of
from tenetlang.values.network import Cidr, Ip
from tenetlang.values.numbers import to_decimal
from tenetlang.values.order import sort_key, sorted_values
from tenetlang.values.patterns import SEPARATORS, Pattern

Scope: TypeAlias = Mapping[str, object]


class Fault(Exception):
    """An error inside a rule: its code, and the place of the expression that erred."""

    def __init__(self, code: str, at: Span) -> None:
        super().__init__(code)
        self.code = code
        self.at = at


class _Absent:
    """The value of an optional path where nothing is there."""


ABSENT = _Absent()


@attrs.define
class Remembered:
    """A definition's value or fault, with what its evaluation read."""

    value: object
    fault: Fault | None
    reads: Mapping[str, object]


@attrs.define
class Run:
    """One evaluation of one request: what it may read, and what it has read so far. `within`: a member is being tried."""

    program: Program
    inputs: Mapping[str, object]
    data: Mapping[tuple[str, str], object]
    reads: dict[str, object] = attrs.field(factory=dict)
    work: int = 0
    within: bool = False
    definitions: dict[str, Remembered] = attrs.field(factory=dict)

    def tried(self, at: Span) -> None:
        """One more member of a quantifier is tried; faults beyond the limit."""
        self.work += 1
        if self.work > WORK_LIMIT:
            raise Fault("too_much_work", at)

    def went_through(self, expression: core.Expression, *values: object) -> None:
        """The expression has gone through these values; while a member is tried, that is work."""
        if self.within and goes_through(expression):
            self.work += work(*values)


def value(run: Run, expression: core.Expression, scope: Scope) -> object:
    """The value of the expression; `ABSENT` only for optional paths; raises `Fault`."""
    try:
        return _value(run, expression, scope)
    except ValueFault as fault:
        raise Fault(fault.code, expression.at) from None


def _value(run: Run, expression: core.Expression, scope: Scope) -> object:
    match expression:
        case core.Constant(constant):
            return constant
        case core.Local(name):
            return scope[name]
        case core.Read(path, optional=optional):
            return _read(run, path, optional)
        case core.Derived(name):
            return _derived(run, name)
        case core.Present(of):
            return value(run, of, scope) is not ABSENT
        case core.Default(of, otherwise):
            found = value(run, of, scope)
            return value(run, otherwise, scope) if found is ABSENT else found
        case core.Not(of):
            return not value(run, of, scope)
        case core.And(items):
            return all(value(run, item, scope) for item in items)
        case core.Or(items):
            return any(value(run, item, scope) for item in items)
        case core.Match(arms, otherwise):
            return _match(run, arms, otherwise, scope)
        case core.Exists() | core.Every() | core.Build():
            return _quantified(run, expression, scope)
        case core.CallFunction(name, arguments):
            function = run.program.functions[name]
            given = [value(run, argument, scope) for argument in arguments]
            return value(run, function.body, dict(zip((p.name for p in function.parameters), given, strict=True)))
        case core.MakeList() | core.MakeSet() | core.MakeMap() | core.MakeRecord():
            return _make(run, expression, scope)
        case _:
            return _applied(run, expression, scope)


def _applied(run: Run, expression: core.Expression, scope: Scope) -> object:
    """Nodes that evaluate their operands, from the left, and combine the values."""
    match expression:
        case core.Field(of, name, optional=optional):
            record = value(run, of, scope)
            if record is ABSENT:
                return ABSENT
            assert isinstance(record, Record)
            return record.get(name, ABSENT) if optional else record[name]
        case core.Part(of, name):
            whole = value(run, of, scope)
            part = ABSENT if whole is ABSENT else getattr(whole, name)
            return ABSENT if part is None else part
        case core.Index():
            return _index(run, expression, scope)
        case core.Compare(operator, left, right):
            return _through(run, expression, partial(_compare, operator), (left, right), scope)
        case core.Contains(item, collection):
            return _through(run, expression, _contains, (item, collection), scope)
        case core.Matches(of, pattern):
            subject, compiled = value(run, of, scope), value(run, pattern, scope)
            assert isinstance(compiled, Pattern)
            if not isinstance(pattern, core.Constant):
                # A glob of a document gets its segments from what it is used on.
                compiled = compiled.within(SEPARATORS[of.type.name] if isinstance(of.type, Scalar) else None)
            run.went_through(expression, str(subject))
            return compiled.matches(str(subject))
        case core.ToolIs(of, tools):
            return value(run, of, scope) in tools
        case core.IsType(of, wanted):
            whole = value(run, of, scope)
            read = narrowed(run.program.tools, whole, wanted)
            run.went_through(expression, whole)
            return read is not None
        case core.Narrow(of, type_):
            whole = value(run, of, scope)
            if whole is ABSENT:
                return ABSENT
            read = narrowed(run.program.tools, whole, type_)
            if read is None:
                raise Fault("bad_input", expression.at)
            run.went_through(expression, whole, read)
            return read
        case core.Widen(of):
            number = value(run, of, scope)
            assert isinstance(number, int | Decimal)
            return to_decimal(number)
        case core.Operate(operator, operands):
            return _through(run, expression, OPERATIONS[operator], operands, scope)
        case core.Builtin(name, arguments):
            result = _through(run, expression, BUILTINS[name], arguments, scope)
            return ABSENT if result is None else result
        case _:
            raise AssertionError(f"no meaning for {type(expression).__name__}")


def _through(
    run: Run,
    expression: core.Expression,
    function: Function,
    operands: tuple[core.Expression, ...],
    scope: Scope,
) -> object:
    """The function of the operands' values, and the work of going through them."""
    values = [value(run, operand, scope) for operand in operands]
    result = function(*values)
    run.went_through(expression, result, *values)
    return result


def read_name(path: tuple[str, ...]) -> str:
    """A path of the request as the trace names it: `args.amount`, `data.vendors`."""
    return f"data.{path[2]}" if path[0] == "data" else ".".join(path)


def _read(run: Run, path: tuple[str, ...], optional: bool) -> object:
    if path[0] == "data":
        found: object = run.data[path[1], path[2]]
        rest = path[3:]
    else:
        found, rest = run.inputs, path
    for name in rest:
        assert isinstance(found, Mapping)
        if name not in found:
            if optional:
                return ABSENT
            raise KeyError(path)
        found = found[name]
    run.reads[read_name(path) + ("." + ".".join(rest) if path[0] == "data" and rest else "")] = found
    return found


def _derived(run: Run, name: str) -> object:
    remembered = run.definitions.get(name)
    if remembered is None:
        remembered = _define(run, name)
        run.definitions[name] = remembered
    run.reads.update(remembered.reads)
    if remembered.fault is not None:
        raise remembered.fault
    return remembered.value


def _define(run: Run, name: str) -> Remembered:
    """Evaluate a definition once, with its own account of reads and of work."""
    outer_reads, outer_work, outer_within = run.reads, run.work, run.within
    run.reads, run.work, run.within = {}, 0, False
    try:
        return Remembered(value(run, run.program.definitions[name].value, {}), None, run.reads)
    except Fault as fault:
        return Remembered(None, fault, run.reads)
    finally:
        run.reads, run.work, run.within = outer_reads, outer_work, outer_within


def _index(run: Run, expression: core.Index, scope: Scope) -> object:
    whole = value(run, expression.of, scope)
    if whole is ABSENT:
        return ABSENT
    key = value(run, expression.key, scope)
    if isinstance(whole, tuple):
        assert isinstance(key, int)
        if 0 <= key < len(whole):
            return whole[key]
    else:
        assert isinstance(whole, Map)
        assert isinstance(key, str)
        if key in whole:
            return whole[key]
    if expression.optional:
        return ABSENT
    raise Fault("bad_index", expression.at)


def _compare(operator: str, left: object, right: object) -> bool:
    match operator:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return sort_key(left) < sort_key(right)
        case "<=":
            return not sort_key(right) < sort_key(left)
        case ">":
            return sort_key(right) < sort_key(left)
        case ">=":
            return not sort_key(left) < sort_key(right)
        case _:
            raise AssertionError(operator)


def _contains(item: object, collection: object) -> bool:
    if isinstance(collection, Cidr):
        if isinstance(item, Ip):
            return collection.contains(item)
        assert isinstance(item, Cidr)
        return collection.contains_cidr(item)
    assert isinstance(collection, frozenset | tuple)
    return any(item == member for member in collection)


def _match(
    run: Run,
    arms: tuple[tuple[core.Expression, core.Expression], ...],
    otherwise: core.Expression | None,
    scope: Scope,
) -> object:
    for condition, result in arms:
        if value(run, condition, scope):
            return value(run, result, scope)
    assert otherwise is not None, "the checker has proved that some arm holds"
    return value(run, otherwise, scope)


def _make(run: Run, expression: core.Expression, scope: Scope) -> object:
    match expression:
        case core.MakeList(items):
            return tuple(value(run, item, scope) for item in items)
        case core.MakeSet(items):
            return frozenset(value(run, item, scope) for item in items)
        case core.MakeMap(entries):
            return Map({str(value(run, key, scope)): value(run, item, scope) for key, item in entries})
        case core.MakeRecord(fields):
            return Record({name: value(run, item, scope) for name, item in fields})
        case _:
            raise AssertionError(type(expression).__name__)


def _quantified(run: Run, expression: core.Exists | core.Every | core.Build, scope: Scope) -> object:
    """A quantifier or a comprehension. After its last member, the evaluation is where it was before the first."""
    outer = run.within
    try:
        match expression:
            case core.Exists(body):
                return next(choices(run, body, scope), None) is not None
            case core.Every(bound, body):
                inner = (extended for extended in chosen(run, bound, scope))
                return all(next(choices(run, body, extended), None) is not None for extended in inner)
            case core.Build():
                return _build(run, expression, scope)
    finally:
        run.within = outer


def _build(run: Run, expression: core.Build, scope: Scope) -> object:
    found = choices(run, expression.body, scope)
    if expression.kind == "map":
        assert expression.key is not None
        key = expression.key
        return Map({str(value(run, key, inner)): value(run, expression.element, inner) for inner in found})
    elements = [value(run, expression.element, inner) for inner in found]
    return tuple(elements) if expression.kind == "list" else set_of(elements)


def members(collection: object) -> Iterator[tuple[object, object]]:
    """What a quantifier tries, as (key, value): lists in order with positions, maps and sets in canonical order."""
    if isinstance(collection, tuple):
        yield from enumerate(collection)
    elif isinstance(collection, Map):
        for key in sorted_values(collection):
            yield key, collection[key]
    else:
        assert isinstance(collection, frozenset)
        for member in sorted_values(collection):
            yield member, member


def chosen(run: Run, bound: core.Bound, scope: Scope) -> Iterator[Scope]:
    """The scope extended by each member of the source in turn."""
    source = value(run, bound.source, scope)
    if run.within and not isinstance(source, tuple):
        run.work += work(source)  # it is put into order
    for key, member in members(source):
        run.tried(bound.source.at)
        run.within = True
        names = {bound.value.name: member} if bound.key is None else {bound.key.name: key, bound.value.name: member}
        yield {**scope, **names}


def choices(run: Run, block: core.Block, scope: Scope) -> Iterator[Scope]:
    """Each choice for the block's `some` steps under which all its conditions hold, in order."""
    for position, step in enumerate(block):
        match step:
            case core.Condition(expression):
                if not value(run, expression, scope):
                    return
            case core.Assign(local, expression):
                scope = {**scope, local.name: value(run, expression, scope)}
            case core.Choose(bound):
                for extended in chosen(run, bound, scope):
                    yield from choices(run, block[position + 1 :], extended)
                return
    yield scope
