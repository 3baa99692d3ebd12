"""Runs the author's tests against the mutants of a policy: which are noticed, and which test is missing.

A mutant is *killed* by a test that fails on it. Only those are asked for that some request can tell from the policy
(`analysis/mutants.py`); one that is proved equivalent counts for nothing. For one that survives there is such a request,
and so the test that is missing: the request made small and readable, with what the policy decides on it. It is only
offered once it has passed on the policy and failed on the mutant. Several survivors often want the same test.

Little work is done for each mutant. Of a row of a test, all rules have been tried once; on a mutant, just the changed rule is
tried again, and only where that comes out differently does the reference evaluator decide the whole request.

No expectation can speak of a quorum, so a mutant that asks one reviewer less counts as killed by a test that expects an
escalation `to` these reviewers and gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import attrs

from tenetlang.analysis.mutants import Mutant, mutants
from tenetlang.analysis.mutations import Kind, Mutation, mutations
from tenetlang.analysis.questions import Analysis, Judge, Undecided
from tenetlang.decision import Decision
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.evaluator.meaning import Fault, Run
from tenetlang.evaluator.reference import Reference, Tried, try_rule
from tenetlang.evaluator.requests import DataError, Invalid, request_reader, request_schema
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.program import Function, Program, Rule, TestCase
from tenetlang.project.project import Project
from tenetlang.testing.naming import distinct, name_for
from tenetlang.testing.requests import Situation, TestError, situation
from tenetlang.testing.run import facts_read, outcome, scope_of, unmet
from tenetlang.testing.tidy import Keeps, tidied
from tenetlang.testing.trial import tried
from tenetlang.testing.walk import nodes
from tenetlang.testing.written import Unwritable, Written, expected, written, written_text
from tenetlang.values.render import string_literal

Status = Literal["killed", "survived", "equivalent", "undecided"]


@frozen
class Difference:
    """A request that program and mutant decide differently, with both decisions."""

    request: Mapping[str, object]
    documents: Mapping[str, object]
    expected: Decision
    got: Decision


@frozen
class Tested:
    """A mutation and what the tests make of it. `by` is the name of a test that fails on it; `missing` the text of one that would."""

    mutation: Mutation
    status: Status
    by: str = ""
    why: str = ""
    difference: Difference | None = None
    missing: str = ""


def seen(decision: Decision) -> tuple[object, ...]:
    """What the caller of a policy sees of a decision."""
    asked = {(item.reviewers, item.quorum) for item in decision.escalations}
    return decision.verdict, frozenset(asked), frozenset(item.name for item in decision.obligations)


@attrs.define(eq=False)
class MutantEvaluators:
    """Decides single requests by the program and by its mutants."""

    program: Program
    judge: BothEvaluators = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.judge = BothEvaluators(self.program)

    def differs(self, mutation: Mutation, request: Mapping[str, object], documents: Mapping[str, object]) -> bool:
        """Whether the caller sees another decision of the mutant."""
        decision = self.judge.decide(request, documents)
        other = self.decide(mutation, request, documents)
        return decision is not None and other is not None and seen(decision) != seen(other)

    def decide(
        self, mutation: Mutation, request: Mapping[str, object], documents: Mapping[str, object]
    ) -> Decision | None:
        """The mutant's decision, by the reference evaluator; None where request or documents are invalid."""
        known = self.judge.reference
        if known is None:
            self.judge.decide(request, documents)
            known = self.judge.reference
        assert known is not None
        try:
            reference = Reference(mutation.program, documents, known.digest, known.reader)
        except DataError:
            return None
        return None if isinstance(reference.reader.read(request), Invalid) else reference.decide(request)

    def judge_of(self, program: Program) -> Judge:
        """The evaluators of a mutant."""
        return BothEvaluators(program)


def against_mutants(
    program: Program,
    wanted: Callable[[TestCase], bool],
    progress: Callable[[], None] = lambda: None,
) -> tuple[Tested, ...]:
    """What the wanted tests make of each mutation of the program, in order. `progress` is called twice for each.

    Tests that don't pass on the program itself take no part.
    """
    changed = list(mutations(program))
    rows = Rows(program, [case for case in program.tests if wanted(case)])
    found: dict[int, Tested] = {}
    for number, mutation in enumerate(changed):
        by = rows.killer(mutation)
        if by is not None:
            found[number] = Tested(mutation, "killed", by)
        progress()
    evaluators = MutantEvaluators(program)
    left = [number for number in range(len(changed)) if number not in found]
    answers = mutants(Analysis(program, evaluators.judge), [changed[number] for number in left], evaluators)
    for number, mutant in zip(left, answers, strict=False):
        found[number] = _unkilled(mutant, evaluators)
        progress()
    return tuple(found[number] for number in sorted(found))


def _unkilled(mutant: Mutant, evaluators: MutantEvaluators) -> Tested:
    mutation = mutant.mutation
    match mutant.answer:
        case None:
            return Tested(mutation, "equivalent")
        case Undecided(reason):
            return Tested(mutation, "undecided", why=reason)
        case witness:
            told = (witness.request, witness.documents)
            request, documents = tidied(evaluators.program, *told, _still(evaluators, mutation, told))
            decision = evaluators.judge.decide(request, documents)
            other = evaluators.decide(mutation, request, documents)
            assert decision is not None, "it was decided before"
            assert other is not None
            return Tested(mutation, "survived", difference=Difference(request, documents, decision, other))


def _still(
    evaluators: MutantEvaluators, mutation: Mutation, told: tuple[Mapping[str, object], Mapping[str, object]]
) -> Keeps:
    """Whether a request tells the mutant as the first one did."""
    first, changed = evaluators.judge.decide(*told), evaluators.decide(mutation, *told)
    assert first is not None, "it was decided before"
    assert changed is not None

    def keeps(request: Mapping[str, object], documents: Mapping[str, object]) -> bool:
        decision = evaluators.judge.decide(request, documents)
        if decision is None or (decision.verdict, decision.decided_by) != (first.verdict, first.decided_by):
            return False
        other = evaluators.decide(mutation, request, documents)
        return other is not None and seen(decision) != seen(other) and other.verdict == changed.verdict

    return keeps


# --------------------------------------------------------------------------------------------------------- missing tests


def missing_tests(program: Program, project: Project, found: Sequence[Tested]) -> tuple[Tested, ...]:
    """The same, where each survivor has the text of a test that kills it, as far as one can be written.

    A test that kills several is that of each.
    """
    evaluators = MutantEvaluators(program)
    shown = _shown_names(program)
    taken = [case.name for case in program.tests] + [claim.name for claim in program.claims]
    texts: list[str] = []
    chosen: list[tuple[Difference, int]] = []
    of_survivor: dict[int, int] = {}
    for number in sorted(range(len(found)), key=lambda number: _wish(found[number])):
        tested = found[number]
        if tested.difference is None:
            continue
        known = next((at for told, at in chosen if _tells(evaluators, tested.mutation, told)), None)
        if known is None:
            name = distinct(name_for(tested.mutation.change, shown.get(tested.mutation.owner, "")), taken)
            try:
                text = written_text(_missing(program, name, tested.difference))
            except Unwritable:
                continue
            known = len(texts)
            texts.append(text)
            taken.append(name)
            chosen.append((tested.difference, known))
        of_survivor[number] = known
    trial = tried(project, program.entry, texts)
    offered: list[Tested] = []
    for number, tested in enumerate(found):
        case = trial.cases.get(of_survivor.get(number, -1))
        kills = case is not None and Rows(program, [case]).killer(tested.mutation) is not None
        offered.append(attrs.evolve(tested, missing=texts[of_survivor[number]]) if kills else tested)
    return tuple(offered)


def _wish(tested: Tested) -> int:
    """Simple tests first: what a rule does at all, before its edges."""
    order: Sequence[Kind] = ("rule-dropped", "verdict", "condition-dropped", "exception-dropped", "override-dropped")
    kind = tested.mutation.change.kind
    return order.index(kind) if kind in order else len(order)


def _tells(evaluators: MutantEvaluators, mutation: Mutation, told: Difference) -> bool:
    """Whether the test of another survivor fails on this one as well: it expects a verdict, and who decides."""
    if mutation.change.kind == "quorum":
        shown = evaluators.program.reviewers[mutation.owner].shown_name
        return {item.reviewers for item in told.expected.escalations} == {shown}
    other = evaluators.decide(mutation, told.request, told.documents)
    return other is not None and (other.verdict, other.decided_by) != (told.expected.verdict, told.expected.decided_by)


def _missing(program: Program, name: str, told: Difference) -> Written:
    right, wrong = told.expected, told.got
    asked = sorted({item.reviewers for item in right.escalations})
    expect = expected(right.verdict, right.decided_by, asked if len(asked) == 1 else ())
    if (right.verdict, right.decided_by) == (wrong.verdict, wrong.decided_by):
        if seen(right)[1] != seen(wrong)[1]:
            others = {item.reviewers for item in wrong.escalations}
            expect = expected(right.verdict, right.decided_by, [item for item in asked if item not in others] or asked)
        else:
            names = sorted({item.name for item in right.obligations})
            expect = f"obligations == {{{', '.join(map(string_literal, names))}}}"
    return written(program, name, told.request, told.documents, expect)


def _shown_names(program: Program) -> dict[str, str]:
    """How people name rules, definitions, functions and reviewers."""
    names = {rule.name: rule.shown_name for package in program.packages for rule in package.rules}
    names |= {reviewers.name: reviewers.shown_name for reviewers in program.reviewers.values()}
    others = (*program.definitions, *program.functions)
    return names | {name: name.removeprefix(f"{program.entry}.") for name in others}


# ------------------------------------------------------------------------------------------------------------------ rows


@attrs.frozen(eq=False)
class Row:
    """One row of a test that passes, and what came of every rule on its request."""

    case: TestCase
    number: int
    described: Situation
    reference: Reference
    inputs: Mapping[str, object]
    decision: Decision | None
    names: frozenset[str]
    tried: dict[str, Tried] = attrs.field(factory=dict)

    @property
    def tool(self) -> str | None:
        return self.case.tool

    def try_rule(self, rule: Rule) -> Tried:
        """What comes of a rule of the program itself; tried once."""
        if rule.name not in self.tried:
            self.tried[rule.name] = try_rule(Run(self.described.program, self.inputs, self.reference.data), rule)
        return self.tried[rule.name]


class Rows:
    """The rows of some tests, ready to be run against mutants."""

    def __init__(self, program: Program, cases: Sequence[TestCase]) -> None:
        self.program = program
        self.rules = {rule.name: rule for package in program.packages for rule in package.rules}
        self.reader = request_reader(request_schema(program))
        self.rows = [
            row for case in cases for number in range(len(case.rows)) if (row := self._row(case, number)) is not None
        ]

    def killer(self, mutation: Mutation) -> str | None:
        """The name of the first test that fails on the mutant."""
        return next((row.case.name for row in self.rows if self._kills(row, mutation)), None)

    def _kills(self, row: Row, mutation: Mutation) -> bool:
        if mutation.change.kind == "quorum":
            asked = () if row.decision is None else row.decision.escalations
            named = {item.to for item in row.case.expectations}
            shown = self.program.reviewers[mutation.owner].shown_name
            return shown in named and any(item.reviewers == shown for item in asked)
        if mutation.rule is None and mutation.owner in _closure(self.program, row.names):
            return not self.passes(mutation.program, row.case, row.number)
        return self._affects(row, mutation) and not self.passes(mutation.program, row.case, row.number)

    def _row(self, case: TestCase, number: int) -> Row | None:
        """The row; None where it does not pass, or can't be run."""
        program = self.program
        if not self.passes(program, case, number):
            return None
        scope = scope_of(program, case, number)
        described = situation(program, case, scope)
        reference = Reference(described.program, described.documents, "", self.reader)
        read = self.reader.read(described.request)
        valid = not isinstance(read, Invalid) and (case.tool is not None or not program.uses_tools)
        decision = reference.decide(described.request) if valid else None
        inputs: Mapping[str, object] = {} if isinstance(read, Invalid) else read
        names = (node.name for node in nodes(_said(case)) if isinstance(node, core.Derived | core.CallFunction))
        return Row(case, number, described, reference, inputs, decision, frozenset(names))

    def passes(self, program: Program, case: TestCase, number: int) -> bool:
        """Whether the row meets all that it expects of a mutant, by the reference evaluator."""
        try:
            scope = scope_of(program, case, number)
            described = situation(program, case, scope)
            reference = Reference(described.program, described.documents, "", self.reader)
            decision = None
            if case.tool is not None or not program.uses_tools:
                decision = reference.decide(described.request)
                read = self.reader.read(described.request)
                inputs = {**({} if isinstance(read, Invalid) else read), **outcome(decision)}
            else:
                read = facts_read(self.reader, described.request)
                inputs = {} if isinstance(read, Invalid) else {**read}
            run = Run(described.program, inputs, reference.data)
            return all(unmet(run, item, decision, scope) is None for item in case.expectations)
        except (TestError, DataError, Fault, KeyError):
            return False

    def _affects(self, row: Row, mutation: Mutation) -> bool:
        """Whether a changed rule does anything else on the row's request."""
        if row.decision is None:
            return False
        for name in mutation.rules:
            rule = self.rules[name]
            if rule.tools is not None and row.tool not in rule.tools:
                continue
            before = row.try_rule(rule)
            changed = _rule_of(mutation.program, name)
            if changed is None or _standing(changed) != _standing(rule):
                if before.holds or before.error is not None:
                    return True
                continue
            program = attrs.evolve(
                row.described.program,
                packages=mutation.program.packages,
                definitions=mutation.program.definitions,
                functions={**mutation.program.functions, **_replaced(row, self.program)},
            )
            after = try_rule(Run(program, row.inputs, row.reference.data), changed)
            if (before.holds, _code(before)) != (after.holds, _code(after)):
                return True
            if rule.shown_name in row.decision.decided_by and any(
                item.because is not None for item in row.case.expectations
            ):
                return True
        return False


def _code(tried: Tried) -> str:
    return "" if tried.error is None else tried.error.code


def _standing(rule: Rule) -> tuple[object, ...]:
    """What a rule says where it matches."""
    return rule.verdict, rule.overrides, rule.reviewers


def _replaced(row: Row, program: Program) -> Mapping[str, Function]:
    functions = row.described.program.functions
    return {name: item for name, item in functions.items() if program.functions[name] is not item}


def _rule_of(program: Program, name: str) -> Rule | None:
    return next((rule for package in program.packages for rule in package.rules if rule.name == name), None)


def _said(case: TestCase) -> tuple[object, ...]:
    """All expressions of a test."""
    expectations = [item.condition for item in case.expectations if item.condition is not None]
    return (
        case.rows,
        tuple(item for _, item in case.assignments),
        tuple(item for _, item in case.arguments),
        tuple(item.value for item in case.replacements),
        tuple(expectations),
    )


def _closure(program: Program, names: frozenset[str]) -> frozenset[str]:
    """The definitions and functions that these use, themselves included."""
    waiting, found = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        below: object = ()
        if name in program.definitions:
            below = program.definitions[name].value
        elif name in program.functions:
            below = program.functions[name].body
        waiting += [node.name for node in nodes(below) if isinstance(node, core.Derived | core.CallFunction)]
    return frozenset(found)
