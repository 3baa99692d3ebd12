"""Decision tree → Python: the functions that decide, that explain, and that say why.

Code is made as nodes of Python's syntax tree, never as text. Each node carries the line and column of the policy that it
comes from and is compiled under the policy file's name, so a traceback points into the policy and a fault needs no
bookkeeping to know its place. What is made runs with no builtins and sees only the names that it is given.

One bucket is one function, from inputs to the mask of the rules that match:

    def b1(inputs, run):
        live = 0b1111
        live &= c2(inputs["agent"]["team"], 0b0110)                 Table: `c2` is the `get` of its dict
        if not live: return 0
        live &= c3[bisect_left(c4, v1 := …) + bisect_right(c4, v1)]   Cuts
        if not live: return 0
        if live & 4 and not (inputs["args"]["cc"] …): live ^= 4        what is left of a rule, where it can't fault
        if live & 8: live = settle(live, c5, 8, inputs, run)           and where it can: `runtime.settle`
        return live

Functions are made and compiled when they are first needed: a policy of ten thousand rules loads as quickly as its tree.
"""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final, TypeAlias, assert_never

import attrs

from tenetlang.decision_tree.conditions import Knowledge, knowledge
from tenetlang.decision_tree.tree import Bucket, Candidate, Cuts, Members, Policy, Predicate, Table, Test
from tenetlang.evaluator import runtime
from tenetlang.evaluator.generate_blocks import Block, exists, steps
from tenetlang.evaluator.generate_expressions import (
    INPUTS,
    RUN,
    Module,
    Scope,
    Use,
    add_function,
    call,
    expression,
    finish,
    free_locals,
    input_value,
    method,
    name_of,
    new_module,
    placed,
    returning,
)
from tenetlang.evaluator.runtime import Recording, RuleFunction, Run
from tenetlang.evaluator.texts import FEW, Matcher, matching
from tenetlang.program import expression as core
from tenetlang.program.program import Rule, Template
from tenetlang.text import Span, Text
from tenetlang.values.numbers import whole
from tenetlang.values.patterns import Pattern

Inputs: TypeAlias = Mapping[str, object]
BucketFunction: TypeAlias = Callable[[Inputs, Run], int]
Explanation: TypeAlias = Callable[[Inputs, Recording], bool]
Valuation: TypeAlias = Callable[..., object]  # type: ignore[explicit-any]  # takes one value for each variable

INLINE_RULES: Final = 24
"""In one bucket, no more rules than this have what is left of them written into the bucket's function."""


@attrs.define
class Generated:
    """The functions of one policy, made when they are first asked for. Not safe between threads."""

    policy: Policy
    rules: Sequence[Rule]
    known: Knowledge
    deciding: Module
    explaining: Module
    buckets: dict[int, BucketFunction] = attrs.field(factory=dict)
    running: set[int] = attrs.field(factory=set)
    explanations: dict[int, Explanation] = attrs.field(factory=dict)

    def bucket(self, number: int) -> BucketFunction:
        """The function of a bucket: the mask of the rules that match."""
        if number not in self.buckets:
            name, runs = _bucket(self, self.policy.buckets[number])
            if runs:
                self.running.add(number)
            self.buckets[number] = self._made(self.deciding, name)  # type: ignore[assignment]  # made by `exec`
        return self.buckets[number]

    def explanation(self, position: int) -> Explanation:
        """The function that says to a recording how each step of a rule goes, and whether the rule holds."""
        if position not in self.explanations:
            rule = self.rules[position]
            name = rule_function(self.explaining, rule, range(len(rule.body)))
            self.explanations[position] = self._made(self.explaining, name)  # type: ignore[assignment]  # as above
        return self.explanations[position]

    def attribute(self, read: core.Read) -> Valuation:
        """A function from inputs to the value at a path, or `ABSENT`."""
        name = self.deciding.fresh("a")
        value = input_value(self.deciding, read.path, True, read.at)
        add_function(self.deciding, name, [], [returning(value)], read.at)
        return self._made(self.deciding, name)

    def witness(self, position: int) -> Valuation:
        """A function that gives the values of a rule's variables under the first choice that holds."""
        rule = self.rules[position]
        return self._made(self.deciding, rule_function(self.deciding, rule, range(len(rule.body))))

    def choice(self, body: core.Block, at: Span) -> Valuation:
        """A function that gives the values of a block's variables under the first choice for which it holds, or None."""
        return self._made(self.deciding, block_function(self.deciding, body, None, at))

    def valuation(self, value: core.Expression, variables: Sequence[str]) -> Valuation:
        """A function from inputs, run and the values of some variables to the value of an expression."""
        name = self.deciding.fresh("e")
        scope = {variable: self.deciding.fresh("v") for variable in variables}
        body = [returning(expression(self.deciding, value, scope))]
        add_function(self.deciding, name, list(scope.values()), body, value.at)
        return self._made(self.deciding, name)

    def template(self, template: Template, variables: Sequence[str]) -> tuple[str | Valuation, ...]:
        """The texts of a template, and a function for each of its holes."""
        return tuple(part if isinstance(part, str) else self.valuation(part, variables) for part in template.parts)

    def _made(self, module: Module, name: str) -> Valuation:
        function = finish(module)[name]
        assert callable(function)
        return function


def generate(policy: Policy) -> Generated:
    """The functions of a policy, for any documents."""
    names = {"bisect_left": bisect_left, "bisect_right": bisect_right, "settle": runtime.settle, "either": either}
    deciding = new_module(policy, recording=False)
    explaining = new_module(policy, recording=True)
    deciding.namespace.update(names)
    return Generated(policy, policy.rules, knowledge(policy), deciding, explaining)


def variables_of(body: core.Block) -> tuple[str, ...]:
    """The variables that the body of a rule binds, in order."""
    names: list[str] = []
    for step in body:
        match step:
            case core.Assign(local):
                names.append(local.name)
            case core.Choose(bound):
                names += [local.name for local in (bound.key, bound.value) if local is not None]
            case core.Condition():
                pass
    return tuple(names)


# --------------------------------------------------------------------------------------------------------------- rules


def rule_function(module: Module, rule: Rule, rest: Sequence[int]) -> str:
    """The name of a new function for these steps of a rule, and its exception.

    It gives the values of the rule's variables (True, if there are none) for the first choice that holds, or None.
    """
    return block_function(module, tuple(rule.body[position] for position in rest), rule, rule.at)


def block_function(module: Module, body: core.Block, rule: Rule | None, at: Span) -> str:
    """The name of a new function for these steps, those of a rule or of a counter."""
    name = module.fresh("r")
    recorded = module.recording
    variables = variables_of(body if rule is None else rule.body)

    def at_end(scope: Scope) -> list[ast.stmt]:
        if recorded:
            found = method(RUN, "witness", [], at)
        elif variables:
            found = placed(ast.Tuple([name_of(scope[variable], at) for variable in variables], ast.Load()), at)
        else:
            found = placed(ast.Constant(True), at)
        return [returning(found)]

    block = Block(
        at_end,
        lambda place: placed(ast.Constant(None), place),
        recorded,
        spared=None if rule is None or rule.exception is None else partial(_spared, module, rule),
    )
    statements = steps(module, body, {}, block)
    statements.append(returning(placed(ast.Constant(None), at)))
    add_function(module, name, [], statements, at)
    return name


def _spared(module: Module, rule: Rule, scope: Scope) -> ast.expr:
    """Whether the exception of a rule does not hold: a function that catches its fault, for which it does not hold."""
    at = rule.at
    outer = free_locals(rule.exception, scope)
    inner = {name: module.fresh("v") for name in outer}
    name, fault = module.fresh("x"), module.fresh("v")
    assert rule.exception is not None
    tried = exists(module, rule.exception, inner, at)
    excused = method(RUN, "excuse", [name_of(fault, at)], at)
    handler = ast.ExceptHandler(
        name_of("ValueFault", at),
        fault,
        [ast.copy_location(ast.Expr(excused), excused), returning(placed(ast.Constant(False), at))],
    )
    body: list[ast.stmt] = [ast.copy_location(ast.Try(tried, [ast.copy_location(handler, excused)], [], []), excused)]
    add_function(module, name, list(inner.values()), body, at)
    arguments = [name_of(INPUTS, at), name_of(RUN, at), *(name_of(scope[variable], at) for variable in outer)]
    return _not(call(name, arguments, at), at)


# ------------------------------------------------------------------------------------------------------------- buckets


def _bucket(generated: Generated, bucket: Bucket) -> tuple[str, bool]:
    """The name of the function of a bucket, and whether it makes use of its run."""
    module = generated.deciding
    name = module.fresh("b")
    at = generated.rules[bucket.candidates[0].rule].at if bucket.candidates else _NOWHERE
    body, settling = bucket_body(generated, bucket, leaving=True)
    body.append(returning(_live(at)))
    add_function(module, name, [], body, at)
    settling.found(finish(module))
    return name, uses(body, RUN)


def uses(body: Sequence[ast.stmt], name: str) -> bool:
    """Whether the statements read a variable."""
    return any(isinstance(node, ast.Name) and node.id == name for statement in body for node in ast.walk(statement))


@attrs.define
class Settling:
    """The table that `settle` is given, and the functions that belong into it once they are compiled."""

    table: dict[int, tuple[int, RuleFunction]] = attrs.field(factory=dict)
    named: dict[int, tuple[int, str]] = attrs.field(factory=dict)

    def found(self, namespace: Mapping[str, object]) -> None:
        for bit, (position, function) in self.named.items():
            self.table[bit] = (position, namespace[function])  # type: ignore[assignment]  # made by `exec`


def bucket_body(generated: Generated, bucket: Bucket, *, leaving: bool) -> tuple[list[ast.stmt], Settling]:
    """Statements that leave in `live` the mask of the rules that match. `leaving`: they return where none is left."""
    module = generated.deciding
    at = generated.rules[bucket.candidates[0].rule].at if bucket.candidates else _NOWHERE
    body: list[ast.stmt] = [_set_live(_number((1 << len(bucket.candidates)) - 1, module, at), at)]
    for test in bucket.tests:
        body += _test(module, test, at)
        if leaving:
            body.append(_if(_not(_live(at), at), [returning(_number(0, module, at))]))
    settling = Settling()
    inline = 0
    patterns, candidates = _patterns(generated, bucket)
    body += patterns
    for position, candidate in enumerate(candidates):
        rule = generated.rules[candidate.rule]
        if not candidate.rest and rule.exception is None:
            continue
        if inline < INLINE_RULES and _is_plain(generated.known, rule, candidate):
            inline += 1
            body.append(_inline(module, rule, candidate, 1 << position))
        else:
            with module.elsewhere():
                settling.named[1 << position] = (candidate.rule, rule_function(module, rule, candidate.rest))
    if settling.named:
        mask = _number(sum(settling.named), module, at)
        arguments = [_live(at), module.constant(settling.table, at), mask, name_of(INPUTS, at), name_of(RUN, at)]
        alive = _and_mask(_live(at), _number(sum(settling.named), module, at), at)
        body.append(_if(alive, [_set_live(call("settle", arguments, at), at)]))
    return body, settling


_NOWHERE: Final = Span(Text("", ""), 0, 0)


def _patterns(generated: Generated, bucket: Bucket) -> tuple[list[ast.stmt], list[Candidate]]:
    """Statements that try the patterns which rules of a bucket have for the same part of a request (`texts.py`), and what is
    left of the rules."""
    module = generated.deciding
    reads: dict[tuple[str, ...], core.Read] = {}
    found: dict[tuple[str, ...], dict[int, tuple[int, Matcher]]] = {}
    for position, candidate in enumerate(bucket.candidates):
        rule = generated.rules[candidate.rule]
        for place in candidate.rest if _is_plain(generated.known, rule, candidate) else ():
            match rule.body[place]:
                case core.Condition(core.Matches(core.Read() as read, core.Constant(Pattern() as pattern))):
                    reads[read.path] = read
                    found.setdefault(read.path, {}).setdefault(1 << position, (place, pattern.matches))
                case _:
                    pass
    statements: list[ast.stmt] = []
    taken: dict[int, set[int]] = {}
    for path, matchers in found.items():
        if len(matchers) > FEW:
            at = reads[path].at
            function = matching({bit: matches for bit, (_, matches) in matchers.items()})
            value = _looked_at(module, reads[path], "value")
            statements.append(_set_live(_called(module, function, [_live(at), value], at), at))
            for bit, (place, _) in matchers.items():
                taken.setdefault(bit, set()).add(place)
    candidates = [
        Candidate(candidate.rule, tuple(p for p in candidate.rest if p not in taken.get(1 << position, ())))
        for position, candidate in enumerate(bucket.candidates)
    ]
    return statements, candidates


def _is_plain(known: Knowledge, rule: Rule, candidate: Candidate) -> bool:
    """Whether what is left of a rule is conditions that can't fault."""
    left = tuple(rule.body[position] for position in candidate.rest)
    return (
        rule.exception is None
        and all(isinstance(step, core.Condition) for step in left)
        and not known.faults.block(left)
    )


def _inline(module: Module, rule: Rule, candidate: Candidate, bit: int) -> ast.stmt:
    at = rule.at
    left = [rule.body[position] for position in candidate.rest]
    conditions = [expression(module, step.expression, {}) for step in left if isinstance(step, core.Condition)]
    holds = conditions[0] if len(conditions) == 1 else placed(ast.BoolOp(ast.And(), conditions), at)
    both = placed(ast.BoolOp(ast.And(), [_and_mask(_live(at), _number(bit, module, at), at), _not(holds, at)]), at)
    flipped = placed(ast.BinOp(_live(at), ast.BitXor(), _number(bit, module, at)), at)
    return _if(both, [_set_live(flipped, at)])


def either(collection: object, table: Mapping[object, int], free: int) -> int:
    """The rules alive for a collection: the free ones and those of each member."""
    if collection is runtime.ABSENT:
        return free
    for member in collection:  # type: ignore[attr-defined]  # a tuple or a frozenset
        free |= table.get(member, 0)
    return free


def _test(module: Module, test: Test, at: Span) -> list[ast.stmt]:
    match test:
        case Predicate(condition, mask):
            alive = _and_mask(_live(at), _number(mask, module, at), at)
            fails = placed(ast.BoolOp(ast.And(), [alive, _not(expression(module, condition, {}), at)]), at)
            return [_if(fails, [_set_live(_and_mask(_live(at), _number(~mask, module, at), at), at)])]
        case Table(attribute, entries, otherwise, missing):
            table: dict[object, int] = {runtime.ABSENT: missing, **dict(entries)}
            value = _looked_at(module, attribute, "compared")
            kept = _called(module, table.get, [value, _number(otherwise, module, at)], at)
        case Members(attribute, entries, unaffected, missing):
            value = _looked_at(module, attribute, "members")
            free = _number(unaffected, module, at)
            kept = call("either", [value, module.constant(dict(entries), at), free], at)
        case Cuts():
            return _cuts(module, test, at)
        case _:
            assert_never(test)
    return [_set_live(_and_mask(_live(at), kept, at), at)]


def _looked_at(module: Module, attribute: core.Read, use: Use) -> ast.expr:
    """The value that a test looks at, or `ABSENT`."""
    there = module.parts(attribute, use) if module.parts is not None else None
    return input_value(module, attribute.path, True, attribute.at) if there is None else there


def _cuts(module: Module, test: Cuts, at: Span) -> list[ast.stmt]:
    found = module.fresh("v")
    value = _looked_at(module, test.attribute, "compared")
    points = tuple(whole(point) if isinstance(point, Decimal) else point for point in test.points)
    constants = module.constant(points, at)
    region = placed(
        ast.BinOp(
            call("bisect_left", [constants, name_of(found, at)], at),
            ast.Add(),
            call("bisect_right", [constants, name_of(found, at)], at),
        ),
        at,
    )
    mask = placed(ast.Subscript(module.constant(test.masks, at), region, ast.Load()), at)
    absent = placed(ast.Compare(name_of(found, at), [ast.Is()], [name_of("ABSENT", at)]), at)
    kept = placed(ast.IfExp(absent, _number(test.missing, module, at), mask), at)
    store = placed(ast.Name(found, ast.Store()), at)
    assigned = ast.copy_location(ast.Assign([store], value), value)
    return [assigned, _set_live(_and_mask(_live(at), kept, at), at)]


def _called(module: Module, function: Valuation, arguments: list[ast.expr], at: Span) -> ast.expr:
    name = module.fresh("g")
    module.namespace[name] = function
    return call(name, arguments, at)


def _number(number: int, module: Module, at: Span) -> ast.expr:
    """A mask: written out where it is short, else a global name."""
    return module.constant(number, at)


_LIVE: Final = "live"


def _live(at: Span) -> ast.expr:
    return name_of(_LIVE, at)


def _set_live(value: ast.expr, at: Span) -> ast.stmt:
    return ast.copy_location(ast.Assign([placed(ast.Name(_LIVE, ast.Store()), at)], value), value)


def _and_mask(left: ast.expr, right: ast.expr, at: Span) -> ast.expr:
    return placed(ast.BinOp(left, ast.BitAnd(), right), at)


def _not(value: ast.expr, at: Span) -> ast.expr:
    return placed(ast.UnaryOp(ast.Not(), value), at)


def _if(test: ast.expr, body: list[ast.stmt]) -> ast.stmt:
    return ast.copy_location(ast.If(test, body, []), test)
