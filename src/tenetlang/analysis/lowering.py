"""From the expressions of the core language to formulas.

A condition becomes a `Truth`: the formula of the requests for which it holds, and that of those for which it errs. A value
becomes a `Value`: cases, each with the formula under which the value is that one. The cases are what `??`, `match`,
functions and optional parts come to: `args.cc ?? []` is `args.cc` where it is there, and `[]` where it is not. Where no case
holds the value is absent.

The value of a case is a constant, a *term* (an expression with nothing left to inline, closed but for the elements of
collections), or one of two things that the policy itself builds: a `MadeRecord`, and a `Members`, which is a collection
known by what can be asked of it: whether some member satisfies a condition.

Quantifiers are bounded to 200,000 members in one rule. Nothing here reckons with that bound: what is said of all requests
is said of those that keep within it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from tenetlang.analysis import applying, built, comparing
from tenetlang.analysis.cases import NO, YES, Case, MadeRecord, Member, Members, Truth, Value, always, constant
from tenetlang.analysis.formulas import FALSE, TRUE, Among, Formula, Formulas, Some, There, TooLarge
from tenetlang.analysis.shape import NOWHERE, Shape, element_type, key_type, plain
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.errors import Faults
from tenetlang.program.expression import Expression
from tenetlang.program.parts import PARTS
from tenetlang.program.program import Program
from tenetlang.values.collections import Map, Record
from tenetlang.values.order import sorted_values

MOST_CASES = 256
MOST_MEMBERS = 1_000
"""Members of a constant collection that are gone through one by one."""
MOST_STEPS = 100_000
_STEPS_OF_MEMBERS = 5


Scope: TypeAlias = Mapping[str, Value]

Evaluate: TypeAlias = Callable[[Expression], object]
"""The value of an expression that reads nothing; None where it errs. The evaluators stand above this package, so one is
handed in."""


@attrs.define(eq=False)
class Lowering:
    """Turns the expressions of one program into formulas about the requests for one tool.

    `outcome` is what claims read of the decision: the values of `verdict`, `decided_by` and `obligations`, each with the
    formula of the requests for which it is the value, or one of them.
    """

    program: Program
    formulas: Formulas
    shape: Shape
    faults: Faults
    evaluate: Evaluate
    outcome: Mapping[str, Sequence[tuple[Formula, str]]] = attrs.field(factory=dict)
    definitions: dict[str, Value] = attrs.field(factory=dict)
    within: list[Expression] = attrs.field(factory=list)
    members: list[core.Local] = attrs.field(factory=list)
    """The members of collections of which something is being said just now."""
    steps: int = 0
    sizes: dict[int, tuple[Expression, int]] = attrs.field(factory=dict)
    """By identity, how large terms are, written out."""

    def step(self, size: int = 1) -> None:
        self.steps += size
        if self.steps > MOST_STEPS:
            raise TooLarge

    # ------------------------------------------------------------------------------------------------------ conditions

    def truth(self, expression: Expression, scope: Scope) -> Truth:
        """Where the expression, of type `bool`, holds and errs. Raises `TooLarge`."""
        self.step()
        both, either, negation = self.formulas.both, self.formulas.either, self.formulas.negation
        match expression:
            case core.Constant(value):
                return Truth(TRUE if value else FALSE)
            case core.Not(of):
                inner = self.truth(of, scope)
                return Truth(both(negation(inner.holds), negation(inner.errs)), inner.errs)
            case core.And(items):
                holds, errs = TRUE, FALSE
                for item in items:
                    found = self.truth(item, scope)
                    errs = either(errs, both(holds, found.errs))
                    holds = both(holds, found.holds)
                return Truth(holds, errs)
            case core.Or(items):
                holds, errs = FALSE, FALSE
                for item in items:
                    found = self.truth(item, scope)
                    holds = either(holds, both(negation(errs), found.holds))
                    errs = either(errs, both(negation(holds), found.errs))
                return Truth(both(holds, negation(errs)), errs)
            case core.Exists(body):
                return self.block(body, scope)
            case core.Every(bound, body):
                return self._every(bound, body, scope)
            case core.Present(of):
                found_value = self.value(of, scope)
                return Truth(both(self.there(found_value), negation(found_value.errs)), found_value.errs)
            case core.Compare():
                return comparing.compare(self, expression, scope)
            case core.Contains(item, collection):
                return comparing.contains(self, self.value(item, scope), self.value(collection, scope))
            case core.Matches(of, pattern):
                return comparing.matches(self, self.value(of, scope), self.value(pattern, scope), expression)
            case core.ToolIs(core.Read(("tool",)), tools) if self.shape.tool is not None:
                return Truth(TRUE if self.shape.tool in tools else FALSE)
            case core.ToolIs(of, tools):
                return comparing.among(self, self.value(of, scope), tuple(sorted(tools)))
            case core.Builtin("any" | "all" as name, (of,)):
                return self._any_all(name, self.value(of, scope))
            case _:
                return self.is_true(self.value(expression, scope))

    def is_true(self, value: Value) -> Truth:
        """Whether a value of type `bool` is true."""
        return comparing.among(self, value, (True,))

    def _every(self, bound: core.Bound, body: core.Block, scope: Scope) -> Truth:
        def fails(inner: Scope) -> Truth:
            return self.opposite(self.block(body, inner))

        return self.opposite(self._choose(bound, scope, fails))

    def opposite(self, truth: Truth) -> Truth:
        return Truth(self.formulas.negation(self.formulas.either(truth.holds, truth.errs)), truth.errs)

    def _any_all(self, name: str, of: Value) -> Truth:
        def test(_: Value | None, value: Value) -> Truth:
            return self.is_true(value) if name == "any" else self.opposite(self.is_true(value))

        found = self.some(of, test)
        return found if name == "any" else self.opposite(found)

    def block(self, block: core.Block, scope: Scope, then: Callable[[Scope], Truth] | None = None) -> Truth:
        """Whether there is a choice under which all steps hold, and `then` holds after them."""
        if not block:
            return Truth(TRUE) if then is None else then(scope)
        step, rest = block[0], block[1:]
        match step:
            case core.Condition(expression):
                first = self.truth(expression, scope)
                if first.holds is FALSE:
                    return first
                after = self.block(rest, scope, then)
                return self.in_order(first, after)
            case core.Assign(local, expression):
                value = self.value(expression, scope)
                after = self.block(rest, {**scope, local.name: value}, then)
                return self.in_order(Truth(self.formulas.negation(value.errs), value.errs), after)
            case core.Choose(bound):
                return self._choose(bound, scope, lambda inner: self.block(rest, inner, then))

    def in_order(self, first: Truth, after: Truth) -> Truth:
        """One condition and then, where it holds, another."""
        both = self.formulas.both
        return Truth(both(first.holds, after.holds), self.formulas.either(first.errs, both(first.holds, after.errs)))

    def _choose(self, bound: core.Bound, scope: Scope, then: Callable[[Scope], Truth]) -> Truth:
        def test(key: Value | None, value: Value) -> Truth:
            inner = {**scope, bound.value.name: value}
            if bound.key is not None:
                inner[bound.key.name] = always(self.fresh(t.INT)) if key is None else key
            return then(inner)

        return self.some(self.value(bound.source, scope), test)

    # -------------------------------------------------------------------------------------------------------- collections

    def some(self, collection: Value, test: Member) -> Truth:
        """Whether the collection has a member that passes the test."""
        found = [
            self.in_order(Truth(when), self._some_of(case, test))
            for when, case in collection.cases
            if when is not FALSE
        ]
        holds = self.formulas.any_of(item.holds for item in found)
        errs = self.formulas.any_of([collection.errs, *(item.errs for item in found)])
        return Truth(self.formulas.both(holds, self.formulas.negation(collection.errs)), errs)

    def _some_of(self, collection: Expression | MadeRecord | Members, test: Member) -> Truth:
        self.step(_STEPS_OF_MEMBERS)
        match collection:
            case Members(some):
                return some(test)
            case core.Constant(value, type_):
                return self._some_constant(value, type_, test)
            case MadeRecord():
                raise AssertionError("a record has no members")
            case _:
                return self._some_member(collection, test)

    def _some_constant(self, value: object, type_: t.Type, test: Member) -> Truth:
        assert isinstance(value, tuple | frozenset | Map)
        of = element_type(type_)
        if len(value) > MOST_MEMBERS:
            raise TooLarge
        pairs: list[tuple[Value | None, Value]] = []
        if isinstance(value, Map):
            pairs = [(constant(key, t.STRING), constant(value[key], of)) for key in sorted_values(value)]
        elif isinstance(value, frozenset):
            pairs = [(constant(item, of), constant(item, of)) for item in sorted_values(value)]
        else:
            pairs = [(constant(place, t.INT), constant(item, of)) for place, item in enumerate(value)]
        return self.any_in_order([test(key, item) for key, item in pairs])

    def any_in_order(self, found: Sequence[Truth]) -> Truth:
        """Whether one of the conditions holds; those after it are not reached, nor those after one that errs."""
        holds, errs = FALSE, FALSE
        for item in found:
            before = self.formulas.negation(self.formulas.either(holds, errs)) if item.errs is not FALSE else TRUE
            reached = self.formulas.negation(errs)
            holds = self.formulas.either(holds, self.formulas.both(reached, item.holds))
            errs = self.formulas.either(errs, self.formulas.both(before, item.errs))
        return Truth(holds, errs)

    def _some_member(self, collection: Expression, test: Member) -> Truth:
        type_ = plain(collection.type)
        name = self.formulas.member_of(collection, self.within.count(collection))
        value = core.Local(name, element_type(type_), NOWHERE)
        of_key = t.INT if isinstance(type_, t.ListType) else key_type(type_)
        key = core.Local(f"{name}.key", of_key, NOWHERE)
        self.within.append(collection)
        self.members.append(value)
        found = test(always(key) if not isinstance(type_, t.SetType) else always(value), always(value))
        self.within.pop()
        self.members.pop()
        holds = self._some_atom(collection, key, value, found.holds)
        errs = self._some_atom(collection, key, value, found.errs)
        if errs is FALSE:
            return Truth(holds)
        return self._either_first(holds, errs, self.formulas.unknown((holds, errs), t.BOOL))

    def in_any_order(self, some: Callable[[Member], Truth], test: Member) -> Truth:
        """`some(test)`, where the members may come in another order than the one in which `some` goes through them."""
        may_err = False

        def watched(key: Value | None, value: Value) -> Truth:
            nonlocal may_err
            found = test(key, value)
            may_err = may_err or found.errs is not FALSE
            return found

        found = some(watched)
        if not may_err:
            return found
        holds = some(lambda key, value: Truth(test(key, value).holds)).holds
        errs = some(lambda key, value: Truth(test(key, value).errs)).holds
        # No two collections are known to have their members in the same order, so the unknown is of this one alone.
        return self._either_first(holds, errs, self.fresh(t.BOOL))

    def _either_first(self, holds: Formula, errs: Formula, first: core.Local) -> Truth:
        """Which comes first, a member that passes or one that errs, depends on the order of the members."""
        passes = self.formulas.literal(Among(first, (True,)))
        both, either, negation = self.formulas.both, self.formulas.either, self.formulas.negation
        return Truth(both(holds, either(negation(errs), passes)), both(errs, either(negation(holds), negation(passes))))

    def _some_atom(self, collection: Expression, key: core.Local, value: core.Local, body: Formula) -> Formula:
        """There is a member of which the body holds. What the body says of other things is said outside, where it can meet
        what else is said of them."""
        if body is FALSE:
            return FALSE
        if body.kind == "or":  # a member that passes one of several tests: one of the tests has a member that passes
            return self.formulas.any_of(self._some_atom(collection, key, value, item) for item in body.items)
        items = body.items if body.kind == "and" else (body,)
        inside = [item for item in items if value.name in self.formulas.speaks_of(item)]
        outside = [item for item in items if value.name not in self.formulas.speaks_of(item)]
        member = comparing.some_segment(self, collection, value, inside)
        if member is None:
            member = self.formulas.literal(Some(collection, key, value, self.formulas.all_of(inside)))
        return self.formulas.all_of([member, *outside])

    def fresh(self, type_: t.Type, *, positive: bool = False) -> core.Local:
        """A term of which nothing is known: it may depend on every member that we speak of."""
        return self.formulas.fresh(type_, tuple(self.members), positive=positive)

    def there(self, value: Value) -> Formula:
        return self.formulas.any_of(when for when, _ in value.cases)

    # ------------------------------------------------------------------------------------------------------------ values

    def value(self, expression: Expression, scope: Scope) -> Value:
        """The cases of the expression's value. Raises `TooLarge`."""
        self.step()
        match expression:
            case core.Constant():
                return always(expression)
            case core.Local(name):
                return scope[name] if name in scope else always(expression)
            case core.Read((name,), type_) if name in self.outcome:
                return self._outcome(name, type_)
            case core.Read(path, type_, optional=optional):
                guards = self.shape.optional_parts(path) if optional else ()
                when = self.formulas.all_of(self.formulas.literal(There(part)) for part in guards)
                return Value(((when, self.shape.read(path, type_)),))
            case core.Derived(name):
                return self._definition(name)
            case core.CallFunction(name, arguments):
                return self._call(name, [self.value(argument, scope) for argument in arguments])
            case core.Default(of, otherwise):
                first = self.value(of, scope)
                absent = self.formulas.negation(self.formulas.either(self.there(first), first.errs))
                return self.joined(
                    [(self.formulas.negation(first.errs), first), (absent, self.value(otherwise, scope))]
                )
            case core.Match(arms, otherwise):
                return self._match(arms, otherwise, scope)
            case core.Field(of, name, type_, optional=optional):
                return self.field_of(self.value(of, scope), name, type_, optional=optional)
            case core.Part(of, name, type_):
                return self._parts(self.value(of, scope), name, type_)
            case core.Index():
                return applying.indexed(
                    self, expression, self.value(expression.of, scope), self.value(expression.key, scope)
                )
            case _:
                return self._built(expression, scope)

    def _built(self, expression: Expression, scope: Scope) -> Value:
        match expression:
            case core.MakeList(items) | core.MakeSet(items):
                return built.literal(self, expression, [self.value(item, scope) for item in items])
            case core.MakeRecord(fields):
                made = {name: self.value(item, scope) for name, item in fields}
                return Value(((TRUE, MadeRecord(made)),), self.formulas.any_of(item.errs for item in made.values()))
            case core.MakeMap(entries):
                return built.made_map(
                    self, [(self.value(key, scope), self.value(item, scope)) for key, item in entries]
                )
            case core.Build():
                return built.comprehension(self, expression, scope)
            case core.Operate("list.concatenate" | "set.union", (left, right)):
                return built.joined_members(self, self.value(left, scope), self.value(right, scope), expression)
            case core.Operate("set.intersection" | "set.difference" as name, (left, right)):
                return built.restricted(
                    self, self.value(left, scope), self.value(right, scope), keep=name != "set.difference"
                )
            case core.Builtin(name, arguments):
                return applying.builtin(self, expression, name, [self.value(argument, scope) for argument in arguments])
            case core.Narrow(of, type_):
                return applying.applied(
                    self, [self.value(of, scope)], lambda terms: core.Narrow(terms[0], type_, NOWHERE), type_
                )
            case core.IsType(of, wanted):
                return applying.applied(
                    self, [self.value(of, scope)], lambda terms: core.IsType(terms[0], wanted, t.BOOL, NOWHERE), t.BOOL
                )
            case core.Widen(of, type_):
                return applying.applied(
                    self, [self.value(of, scope)], lambda terms: core.Widen(terms[0], type_, NOWHERE), type_
                )
            case core.Operate(operator, operands, type_):
                return applying.operated(
                    self, expression, operator, [self.value(operand, scope) for operand in operands], type_
                )
            case _:  # all else is a condition
                truth = self.truth(expression, scope)
                negative = self.formulas.negation(self.formulas.either(truth.holds, truth.errs))
                return Value(((truth.holds, YES), (negative, NO)), truth.errs)

    def _outcome(self, name: str, type_: t.Type) -> Value:
        if not isinstance(type_, t.SetType):
            return Value(tuple((when, core.Constant(value, type_, NOWHERE)) for when, value in self.outcome[name]))

        def some(test: Member) -> Truth:
            parts = [
                self.in_order(Truth(when), test(constant(item, t.STRING), constant(item, t.STRING)))
                for when, item in self.outcome[name]
            ]
            return self.any_in_order(parts)

        return always(Members(some))

    def joined(self, found: Sequence[tuple[Formula, Value]]) -> Value:
        """One value under each formula; the formulas exclude each other."""
        cases = [(self.formulas.both(when, inner), case) for when, value in found for inner, case in value.cases]
        cases = [(when, case) for when, case in cases if when is not FALSE]
        if len(cases) > MOST_CASES:
            raise TooLarge
        errs = self.formulas.any_of(
            [*(self.formulas.both(when, value.errs) for when, value in found), *self._hidden_errors(found)]
        )
        return Value(tuple(cases), errs)

    def _hidden_errors(self, found: Sequence[tuple[Formula, Value]]) -> Iterator[Formula]:
        """Errors of what is evaluated first count wherever they are: the first formula excludes them."""
        for when, value in found[:1]:
            if value.errs is not FALSE and when is self.formulas.negation(value.errs):
                yield value.errs

    def _definition(self, name: str) -> Value:
        if name not in self.definitions:
            definition = self.program.definitions[name]
            outside = definition.tools is not None and self.shape.tool not in definition.tools
            within, self.within = self.within, []
            members, self.members = self.members, []
            self.definitions[name] = Value(()) if outside else self.value(definition.value, {})
            self.within, self.members = within, members
        found = self.definitions[name]
        if self.within and found.cases:
            # It may speak of a member of the collection that we are within: take it apart again, with a name of its own.
            found = self.value(self.program.definitions[name].value, {})
        return found

    def _call(self, name: str, arguments: Sequence[Value]) -> Value:
        function = self.program.functions[name]
        scope = {parameter.name: argument for parameter, argument in zip(function.parameters, arguments, strict=True)}
        scope = {n: argument.without_errors() for n, argument in scope.items()}
        errs = self.formulas.any_of(argument.errs for argument in arguments)
        found = self.value(function.body, scope)
        if errs is FALSE:
            return found
        return Value(
            tuple((self.formulas.both(self.formulas.negation(errs), when), case) for when, case in found.cases),
            self.formulas.either(errs, found.errs),
        )

    def _match(
        self, arms: Sequence[tuple[Expression, Expression]], otherwise: Expression | None, scope: Scope
    ) -> Value:
        reached, errs = TRUE, FALSE
        found: list[tuple[Formula, Value]] = []
        for condition, result in arms:
            truth = self.truth(condition, scope)
            errs = self.formulas.either(errs, self.formulas.both(reached, truth.errs))
            if truth.holds is not FALSE:
                found.append((self.formulas.both(reached, truth.holds), self.value(result, scope)))
            reached = self.formulas.all_of(
                [reached, self.formulas.negation(truth.holds), self.formulas.negation(truth.errs)]
            )
        if otherwise is not None and reached is not FALSE:
            found.append((reached, self.value(otherwise, scope)))
        joined = self.joined(found)
        return Value(joined.cases, self.formulas.either(errs, joined.errs))

    def field_of(self, of: Value, name: str, type_: t.Type, *, optional: bool) -> Value:
        found: list[tuple[Formula, Value]] = []
        for when, case in of.cases:
            match case:
                case MadeRecord(fields):
                    found.append((when, fields.get(name, Value(()))))
                case core.Constant(Record() as record, t.RecordType() as record_type):
                    declared = record_type.field(name)
                    if name in record and declared is not None:
                        found.append((when, constant(record[name], plain(declared.type))))
                case Members():
                    raise AssertionError("a collection has no fields")
                case _:
                    found.append((when, self._field(case, name, type_, optional=optional)))
        joined = self.joined(found)
        return Value(joined.cases, self.formulas.either(of.errs, joined.errs))

    def _field(self, of: Expression, name: str, type_: t.Type, *, optional: bool) -> Value:
        record = plain(of.type)
        declared = record.field(name) if isinstance(record, t.RecordType) else None
        plain_type = plain(type_ if declared is None else declared.type)
        made = (
            core.Read((*of.path, name), plain_type, NOWHERE)
            if isinstance(of, core.Read)
            else core.Field(of, name, plain_type, NOWHERE)
        )
        may_miss = optional and (declared is None or declared.optional)
        return Value(((self.formulas.literal(There(made)) if may_miss else TRUE, made),))

    def _parts(self, of: Value, name: str, type_: t.Type) -> Value:
        found: list[Case] = []
        for when, case in of.cases:
            match case:
                case core.Constant(value):
                    part = getattr(value, name)
                    if part is not None:
                        found.append((when, core.Constant(part, plain(type_), NOWHERE)))
                case MadeRecord() | Members():
                    raise AssertionError("only parsed values have parts")
                case _:
                    declared = PARTS.get(case.type, {}).get(name) if isinstance(case.type, t.Scalar) else None
                    made = core.Part(case, name, plain(type_), NOWHERE)
                    optional = isinstance(declared, t.OptionalType)
                    there = self.formulas.literal(There(made)) if optional else TRUE
                    found.append((self.formulas.both(when, there), made))
        return Value(tuple(found), of.errs)
