"""Which mutants a test could tell from the program, with a request that does, and which nobody can.

Mutation testing is mostly a matter of chance: tests are run against mutants, and of one that survives nobody knows whether a
test is missing or whether the mutant means the same as the program (it is *equivalent*, which can't be decided in
general; Budd and Angluin 1982). A policy can be compared with a changed policy for all requests at once, so here each
mutant gets an answer: a request on which the two decide differently, or a proof that there is none, or `Undecided`.

Both programs have one shape, so their formulas live in one space: what they have in common is one object, and most of it
is. A mutant is compared only where the changed rule matches and the original did not, or the other way round, which leaves
little of the space; and only for the tools that the rule can have to do with. The mutants of one rule share a search, in a
space that has all their constants.

What counts as a difference is what the caller of a policy sees: first the verdict; where that is proved to be the same,
the reviewers of an escalation; then the names of obligations. Which rule decides is no difference: two rules that say
the same may stand in for each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, Protocol

import attrs

from tenetlang.analysis.decisions import Decided, decided, rule_truth
from tenetlang.analysis.formulas import FALSE, Formula, Formulas, TooLarge
from tenetlang.analysis.making import space_of
from tenetlang.analysis.mutations import Mutation
from tenetlang.analysis.questions import Analysis, Answer, Judge, Judged, Scene, Undecided, Witness
from tenetlang.analysis.search import Search
from tenetlang.frozen import frozen
from tenetlang.program.program import Program, Rule

BUDGET: Final = 3_000
"""Times that a question about one mutant and one tool may narrow a state."""
WHOLE_BUDGET: Final = 1_500_000
"""Times for all mutants of a program together; those for which nothing is left are undecided."""


@frozen
class Mutant:
    """A mutation and what is known of it: `answer` is a request that the mutant decides differently, None where there is
    none, or `Undecided`."""

    mutation: Mutation
    answer: Answer

    @property
    def equivalent(self) -> bool:
        """Whether it is proved to decide every request as the program does."""
        return self.answer is None


class Replays(Protocol):
    """What stands above this package: the evaluators of mutants."""

    def differs(self, mutation: Mutation, request: Mapping[str, object], documents: Mapping[str, object]) -> bool:
        """Whether program and mutant decide the request differently."""

    def judge_of(self, program: Program) -> Judge:
        """The evaluators of a mutant whose definitions are other ones."""


def mutants(analysis: Analysis, found: Sequence[Mutation], replays: Replays) -> Iterator[Mutant]:
    """Each mutation with its answer, in the order given. A policy that only observes has none."""
    if analysis.program.packages[0].observe:
        return
    left = WHOLE_BUDGET
    for _, group in groupby(found, lambda mutation: (mutation.rule, mutation.owner)):
        comparing = _Comparing(analysis, replays, tuple(group), left)
        yield from comparing.answers()
        left = comparing.left


@attrs.define(eq=False)
class _Comparing:
    """Compares the mutants of one rule, or of one definition, with the program."""

    analysis: Analysis
    replays: Replays
    mutations: tuple[Mutation, ...]
    left: int

    def answers(self) -> Iterator[Mutant]:
        open_mutations = dict.fromkeys(range(len(self.mutations)), FALSE)
        answers: dict[int, Answer] = {}
        for tool in self._tools():
            if not open_mutations:
                break
            for place, answer in self._in_scene(tool, list(open_mutations)):
                if isinstance(answer, Witness):
                    answers[place] = answer
                    del open_mutations[place]
                elif isinstance(answer, Undecided):
                    answers[place] = answer
        for place, mutation in enumerate(self.mutations):
            yield Mutant(mutation, answers.get(place))

    def _tools(self) -> Sequence[str | None]:
        """The tools that a changed rule can have to do with."""
        names = {name for mutation in self.mutations for name in mutation.rules}
        return [
            tool
            for tool in self.analysis.tools
            if any(rule.name in names for rule in self.analysis.rules.get(tool, ()))
        ]

    def _in_scene(self, tool: str | None, places: Sequence[int]) -> Iterator[tuple[int, Answer]]:
        scene = self.analysis.scene(tool)
        if isinstance(scene, Undecided):
            yield from ((place, scene) for place in places)
            return
        asked: dict[int, tuple[Formula, ...]] = {}
        for place in places:
            try:
                asked[place] = tuple(
                    item for item in self._differences(scene, self.mutations[place]) if item is not FALSE
                )
            except (TooLarge, RecursionError):
                yield place, Undecided("too-large")
        try:
            everything = [formula for formulas in asked.values() for formula in formulas]
            search = Search(space_of(scene.lowering.shape, everything), self.analysis.judge.constant)
        except (TooLarge, RecursionError):
            yield from ((place, Undecided("too-large")) for place in asked)
            return
        for place, formulas in asked.items():
            yield place, self._answer(search, formulas, self.mutations[place])

    def _answer(self, search: Search, formulas: tuple[Formula, ...], mutation: Mutation) -> Answer:
        """The first difference that there is; none where each is ruled out."""

        def shows(judged: Judged) -> bool:
            return self.replays.differs(mutation, judged.request, judged.documents)

        undecided: Answer = None
        for formula in formulas:
            if self.left <= 0:
                return Undecided("too-many-cases")
            budget = min(BUDGET, self.left)
            answer = self.analysis.found(search, formula, shows, budget)
            self.left -= budget - max(search.left, 0)
            if isinstance(answer, Witness):
                return answer
            undecided = undecided or answer
        return undecided

    # ------------------------------------------------------------------------------------------------------- differences

    def _differences(self, scene: Scene, mutation: Mutation) -> Sequence[Formula]:
        """Where the verdicts differ, then the reviewers, then the obligations."""
        old, formulas = scene.decided, scene.formulas
        if mutation.change.kind == "quorum":
            asked = asked_by(mutation.program, old, formulas)
            return [asked.get(mutation.owner, FALSE)]
        new, changed = self._changed(scene, mutation)
        if changed is FALSE:
            return []
        verdicts = formulas.any_of(
            formulas.both(old.verdicts[verdict], formulas.negation(new.verdicts[verdict])) for verdict in old.verdicts
        )
        program = self.analysis.program
        reviewers = _unlike(formulas, asked_by(program, old, formulas), asked_by(mutation.program, new, formulas))
        obliged = _unlike(formulas, obliged_by(old, formulas), obliged_by(new, formulas))
        return [formulas.both(changed, item) for item in (verdicts, reviewers, obliged)]

    def _changed(self, scene: Scene, mutation: Mutation) -> tuple[Decided, Formula]:
        """The decisions of the mutant, and where one of its rules does what that of the program does not."""
        formulas, tool = scene.formulas, scene.tool
        if mutation.rule is None:
            judge = self.replays.judge_of(mutation.program)
            other = Analysis(mutation.program, judge, formulas=formulas).scene(tool)
            if isinstance(other, Undecided):
                raise TooLarge
            pairs = [(scene.decided.rule(name), other.decided.rule(name)) for name in sorted(mutation.rules)]
            parts = [
                part
                for one, two in pairs
                if one is not None and two is not None
                for part in (*_apart(formulas, one.holds, two.holds), *_apart(formulas, one.errs, two.errs))
            ]
            return other.decided, formulas.any_of(parts)
        rules = rules_for(mutation.program, tool)
        own = scene.decided.rule(mutation.rule)
        assert own is not None, "the rule has to do with the tool"
        known = {item.rule.name: (item.holds, item.errs) for item in scene.decided.rules}
        changed = formulas.either(own.holds, own.errs)
        rule = next((item for item in rules if item.name == mutation.rule), None)
        if rule is not None and (rule.body, rule.exception) != (own.rule.body, own.rule.exception):
            scene.lowering.steps = 0
            holds, errs = known[rule.name] = rule_truth(scene.lowering, rule)
            changed = formulas.either(*_apart(formulas, own.holds, holds), *_apart(formulas, own.errs, errs))
        return decided(mutation.program, scene.lowering, rules, known), changed


def rules_for(program: Program, tool: str | None) -> list[Rule]:
    """The rules that can have to do with the tool."""
    rules = (rule for package in program.packages for rule in package.rules)
    return [rule for rule in rules if rule.tools is None or tool in rule.tools]


def _apart(formulas: Formulas, one: Formula, two: Formula) -> tuple[Formula, ...]:
    """Where one holds and the other does not."""
    if one is two:
        return ()
    return formulas.both(one, formulas.negation(two)), formulas.both(two, formulas.negation(one))


def _unlike(formulas: Formulas, one: Mapping[str, Formula], two: Mapping[str, Formula]) -> Formula:
    return formulas.any_of(
        part for name in sorted({*one, *two}) for part in _apart(formulas, one.get(name, FALSE), two.get(name, FALSE))
    )


def asked_by(program: Program, found: Decided, formulas: Formulas) -> dict[str, Formula]:
    """Where each of the reviewers is asked, by full name, by a rule that decides or by default."""
    asked: dict[str, Formula] = {}
    for item in found.rules:
        deciding = found.deciding.get(item.rule.shown_name)
        if item.rule.reviewers is not None and deciding is not None and not item.watched:
            asked[item.rule.reviewers] = formulas.either(asked.get(item.rule.reviewers, FALSE), deciding)
    for package in program.packages:
        if package.default is not None and package.default.reviewers is not None:
            name = package.default.reviewers
            escalated = formulas.both(found.by_default, found.verdicts["escalate"])
            asked[name] = formulas.either(asked.get(name, FALSE), escalated)
    return asked


def obliged_by(found: Decided, formulas: Formulas) -> dict[str, Formula]:
    """Where each obligation goes with an allowance, by name."""
    obliged: dict[str, Formula] = {}
    for item in found.rules:
        deciding = found.deciding.get(item.rule.shown_name)
        if item.rule.verdict == "allow" and deciding is not None and not item.watched:
            for use in item.rule.then:
                obliged[use.obligation] = formulas.either(obliged.get(use.obligation, FALSE), deciding)
    return obliged


__all__ = ["BUDGET", "Mutant", "Replays", "asked_by", "mutants", "obliged_by", "rules_for"]
