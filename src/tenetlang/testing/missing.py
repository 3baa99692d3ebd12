"""The tests that are missing: for each mutant that survived, one that fails on it, as text.

It is only offered once it has passed on the policy and failed on the mutant. Several survivors often want the same test: what
a rule does at all is asked for before its edges, and a survivor that an earlier test tells gets no test of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from tenetlang.analysis.mutation.mutations import Kind, Mutation
from tenetlang.decision import Decision
from tenetlang.program.program import Program
from tenetlang.project.project import Project
from tenetlang.testing.mutants import MutantResult, Rows
from tenetlang.testing.naming import distinct, name_for
from tenetlang.testing.replays import Asked, MutantEvaluators, seen
from tenetlang.testing.tidy import tidied
from tenetlang.testing.trial import tried
from tenetlang.testing.written import Forms, Unwritable, expected, forms_of, written, written_text
from tenetlang.values.render import string_literal


def missing_tests(
    program: Program, project: Project, found: Sequence[MutantResult], most: int | None = None
) -> tuple[MutantResult, ...]:
    """The same, where each survivor has the text of a test that kills it, as far as one can be written.

    A test that kills several is that of each. No more than `most` tests are written, where that is said.
    """
    writing = _Writing(program)
    of_survivor: dict[int, int] = {}
    for number in sorted(range(len(found)), key=lambda number: _wish(found[number])):
        place = writing.place(found[number], most)
        if place is not None:
            of_survivor[number] = place
    trial = tried(project, program.entry, writing.texts)
    offered: list[MutantResult] = []
    for number, tested in enumerate(found):
        place = of_survivor.get(number, -1)
        case = trial.cases.get(place)
        kills = case is not None and Rows(program, [case]).killer(tested.mutation) is not None
        offered.append(attrs.evolve(tested, missing=writing.texts[place]) if kills else tested)
    return tuple(offered)


@attrs.define(eq=False)
class _Writing:
    """The tests written so far, with their requests by tool."""

    program: Program
    texts: list[str] = attrs.field(factory=list)
    asked: dict[str | None, list[tuple[Asked, int]]] = attrs.field(factory=dict)
    taken: list[str] = attrs.field(init=False)
    evaluators: MutantEvaluators = attrs.field(init=False)
    forms: Forms = attrs.field(init=False)
    names: Mapping[str, str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.taken = [test.name for test in self.program.tests] + [claim.name for claim in self.program.claims]
        self.evaluators = MutantEvaluators(self.program)
        self.forms = forms_of(self.program)
        self.names = shown_names(self.program)

    def place(self, tested: MutantResult, most: int | None) -> int | None:
        """The number of the test that tells the mutant, written now where there is none yet; None where none can be."""
        if tested.request is None or tested.documents is None:
            return None
        asked = self.evaluators.asked(tested.request, tested.documents)
        assert asked is not None, "it was decided before"
        others = self.asked.setdefault(asked.tool, [])
        known = next((at for other, at in reversed(others) if _tells(self.evaluators, tested.mutation, other)), None)
        if known is not None or len(self.texts) == most:
            return known
        tidy = self._tidied(tested.mutation, asked)
        name = distinct(name_for(tested.mutation.change, self.names[tested.mutation.owner]), self.taken)
        expect = expectation_of(tidy, tidy.decide(tested.mutation.program))
        try:
            text = written_text(written(self.program, name, tidy.request, tidy.documents, expect, self.forms))
        except Unwritable:
            return None
        self.texts.append(text)
        self.taken.append(name)
        others.append((tidy, len(self.texts) - 1))
        return len(self.texts) - 1

    def _tidied(self, mutation: Mutation, asked: Asked) -> Asked:
        """The request made readable, still decided as before by program and mutant."""
        first, changed = asked.decision, asked.decide(mutation.program)

        def keeps(request: Mapping[str, object], documents: Mapping[str, object]) -> bool:
            found = self.evaluators.asked(request, documents)
            if found is None or (found.decision.verdict, found.decision.decided_by) != (
                first.verdict,
                first.decided_by,
            ):
                return False
            other = found.decide(mutation.program)
            return seen(found.decision) != seen(other) and other.verdict == changed.verdict

        request, documents = tidied(self.program, asked.request, asked.documents, keeps)
        found = self.evaluators.asked(request, documents)
        assert found is not None, "what is tidied is valid"
        return found


def _wish(tested: MutantResult) -> int:
    """Simple tests first: what a rule does at all, before its edges."""
    order: Sequence[Kind] = ("rule-dropped", "verdict", "condition-dropped", "exception-dropped", "override-dropped")
    kind = tested.mutation.change.kind
    return order.index(kind) if kind in order else len(order)


def _tells(evaluators: MutantEvaluators, mutation: Mutation, asked: Asked) -> bool:
    """Whether the test of another survivor fails on this one as well: it expects a verdict, and who decides."""
    if mutation.change.kind == "quorum":
        shown = evaluators.program.reviewers[mutation.owner].shown_name
        return {item.reviewers for item in asked.decision.escalations} == {shown}
    if not asked.affected(mutation, evaluators.rules, evaluators.program.functions):
        return False
    other = asked.decide(mutation.program)
    return (other.verdict, other.decided_by) != (asked.decision.verdict, asked.decision.decided_by)


def expectation_of(right: Asked, wrong: Decision) -> str:
    """What a test expects that is met by the one decision and not by the other."""
    decision = right.decision
    asked = sorted({item.reviewers for item in decision.escalations})
    if (decision.verdict, decision.decided_by) != (wrong.verdict, wrong.decided_by):
        return expected(decision.verdict, decision.decided_by, asked if len(asked) == 1 else ())
    if seen(decision)[1] != seen(wrong)[1]:
        others = {item.reviewers for item in wrong.escalations}
        return expected(decision.verdict, decision.decided_by, [item for item in asked if item not in others] or asked)
    names = sorted({item.name for item in decision.obligations})
    return f"obligations == {{{', '.join(map(string_literal, names))}}}"


def shown_names(program: Program) -> dict[str, str]:
    """How people name rules, definitions, functions and reviewers."""
    names = {rule.name: rule.shown_name for package in program.packages for rule in package.rules}
    names |= {reviewers.name: reviewers.shown_name for reviewers in program.reviewers.values()}
    for name in (*program.definitions, *program.functions):
        package, _, own = name.rpartition(".")
        names[name] = own if package == program.entry else f"{package.rpartition('.')[2]}.{own}"
    return names
