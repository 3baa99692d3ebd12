"""Runs the author's tests against the mutants of a policy: which are noticed, and which test is missing.

A mutant is *killed* by a test that fails on it. Only those are asked for that some request can tell from the policy
(`analysis/mutation/mutants.py`); one that is proved equivalent counts for nothing. For one that survives there is such a request,
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

from tenetlang.analysis.mutation.mutants import Mutant, mutants
from tenetlang.analysis.mutation.mutations import Mutation, mutations
from tenetlang.analysis.questions import Analysis, Undecided, Witness
from tenetlang.evaluator.meaning import Fault, Run
from tenetlang.evaluator.reference import Reference
from tenetlang.evaluator.requests import DataError, Invalid, request_reader, request_schema
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.program import Program, TestCase
from tenetlang.testing.replays import Asked, MutantEvaluators, rules_of
from tenetlang.testing.requests import TestError, situation
from tenetlang.testing.run import facts_read, outcome, scope_of, unmet
from tenetlang.testing.walk import nodes

Status = Literal["killed", "survived", "equivalent", "undecided"]


@frozen
class MutantResult:
    """A mutation and what the tests make of it. `by` is the name of a test that fails on it. One that survived has a request that
    tells it from the program, and `missing` is the text of a test that would fail on it."""

    mutation: Mutation
    status: Status
    by: str = ""
    why: str = ""
    request: Mapping[str, object] | None = None
    documents: Mapping[str, object] | None = None
    missing: str = ""


def against_mutants(
    program: Program,
    wanted: Callable[[TestCase], bool],
    progress: Callable[[], None] = lambda: None,
) -> tuple[MutantResult, ...]:
    """What the wanted tests make of each mutation of the program, in order. `progress` is called twice for each.

    Tests that don't pass on the program itself take no part.
    """
    changed = list(mutations(program))
    rows = Rows(program, [case for case in program.tests if wanted(case)])
    found: dict[int, MutantResult] = {}
    for number, mutation in enumerate(changed):
        by = rows.killer(mutation)
        if by is not None:
            found[number] = MutantResult(mutation, "killed", by)
        progress()
    evaluators = MutantEvaluators(program)
    left = [number for number in range(len(changed)) if number not in found]
    answers = mutants(Analysis(program, evaluators.judge), [changed[number] for number in left], evaluators)
    for number, mutant in zip(left, answers, strict=False):
        found[number] = _unkilled(mutant)
        progress()
    return tuple(found[number] for number in sorted(found))


def _unkilled(mutant: Mutant) -> MutantResult:
    mutation = mutant.mutation
    match mutant.answer:
        case None:
            return MutantResult(mutation, "equivalent")
        case Undecided(reason):
            return MutantResult(mutation, "undecided", why=reason)
        case Witness(request, documents):
            return MutantResult(mutation, "survived", request=request, documents=documents)


# ------------------------------------------------------------------------------------------------------------------ rows


@attrs.frozen(eq=False)
class Row:
    """One row of a test that passes. `asked` is None where it asks for no decision, or for one on an invalid request; `names` are
    the definitions and functions that the test itself uses."""

    case: TestCase
    number: int
    asked: Asked | None
    names: frozenset[str]


class Rows:
    """The rows of some tests, ready to be run against mutants."""

    def __init__(self, program: Program, cases: Sequence[TestCase]) -> None:
        self.program = program
        self.rules = rules_of(program)
        self.reader = request_reader(request_schema(program))
        found = (self._row(case, number) for case in cases for number in range(len(case.rows)))
        self.rows = [row for row in found if row is not None]

    def killer(self, mutation: Mutation) -> str | None:
        """The name of the first test that fails on the mutant."""
        return next((row.case.name for row in self.rows if self._kills(row, mutation)), None)

    def _kills(self, row: Row, mutation: Mutation) -> bool:
        if mutation.change.kind == "quorum":
            escalations = () if row.asked is None else row.asked.decision.escalations
            named = {item.to for item in row.case.expectations}
            shown = self.program.reviewers[mutation.owner].shown_name
            return shown in named and any(item.reviewers == shown for item in escalations)
        if mutation.rule is None and mutation.owner in row.names:
            return not self.passes(mutation.program, row.case, row.number)
        return self._affected(row, mutation) and not self.passes(mutation.program, row.case, row.number)

    def _affected(self, row: Row, mutation: Mutation) -> bool:
        """Whether the mutant may do anything else on the row's request."""
        if row.asked is None:
            return False
        if any(item.because is not None for item in row.case.expectations):  # its words may show what a condition bound
            deciding = {name for name, rule in self.rules.items() if rule.shown_name in row.asked.decision.decided_by}
            if deciding & mutation.rules:
                return True
        return row.asked.affected(mutation, self.rules, self.program.functions)

    def _row(self, case: TestCase, number: int) -> Row | None:
        """The row; None where it does not pass, or can't be run."""
        program = self.program
        if not self.passes(program, case, number):
            return None
        described = situation(program, case, scope_of(program, case, number))
        read = self.reader.read(described.request)
        asked: Asked | None = None
        if not isinstance(read, Invalid) and (case.tool is not None or not program.uses_tools):
            reference = Reference(described.program, described.documents, "", self.reader)
            decision = reference.decide(described.request)
            asked = Asked(described.request, described.documents, described.program, reference, read, decision)
        used = {node.name for node in nodes(_said(case)) if isinstance(node, core.Derived | core.CallFunction)}
        return Row(case, number, asked, _closure(program, used))

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


def _closure(program: Program, names: set[str]) -> frozenset[str]:
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
