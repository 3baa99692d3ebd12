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
from typing import Final, Protocol, TypeAlias

import attrs

from tenetlang.analysis.decisions import Decided, decided, rule_truth
from tenetlang.analysis.formulas import FALSE, TRUE, Formula, Formulas, TooLarge
from tenetlang.analysis.lowering import Lowering
from tenetlang.analysis.making import space_of
from tenetlang.analysis.mutation.differing import apart, asked_by, differing, simplified
from tenetlang.analysis.mutation.mutations import Mutation
from tenetlang.analysis.questions import Analysis, Answer, Judge, Judged, Scene, Undecided, Witness
from tenetlang.analysis.search import Search
from tenetlang.frozen import frozen
from tenetlang.program.errors import Faults
from tenetlang.program.program import Program, Rule

BUDGET: Final = 3_000
"""Times that a question about one mutant and one tool may narrow a state."""
WHOLE_BUDGET: Final = 200_000
"""The same for all mutants of a program together, large formulas counted more; those for which nothing is left are undecided."""
MOST_ATTEMPTS: Final = 30
"""Requests that are shown to the evaluators for one question."""


class _Enough(Exception):
    """Enough requests were shown that did not tell the mutant."""


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

    def differs(self, mutation: Mutation, judged: Judged) -> bool:
        """Whether the mutant decides the request differently than the program, which was asked before."""

    def told(self, mutation: Mutation) -> Witness | None:
        """A request that has told another mutant, and tells this one as well."""

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
    mattering: dict[tuple[str | None, str], tuple[Formula, ...]] = attrs.field(factory=dict)
    """Where it matters at all whether a rule matches."""

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
        """The tools that a changed rule can have to do with; reviewers may be asked by default, whatever the tool."""
        if any(mutation.change.kind == "quorum" for mutation in self.mutations):
            return self.analysis.tools
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
        if self.left <= 0:
            for place in places:
                yield place, self.replays.told(self.mutations[place]) or Undecided("too-many-cases")
            return
        asked: dict[int, tuple[Formula, ...]] = {}
        for place in places:
            try:
                asked[place] = tuple(
                    dict.fromkeys(item for item in self._differences(scene, self.mutations[place]) if item is not FALSE)
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
            told = self.replays.told(self.mutations[place]) if formulas else None
            yield place, told or self._answer(search, formulas, self.mutations[place])

    def _answer(self, search: Search, formulas: tuple[Formula, ...], mutation: Mutation) -> Answer:
        """The first difference that there is; none where each is ruled out."""
        attempts = 0

        def shows(judged: Judged) -> bool:
            nonlocal attempts
            attempts += 1
            if attempts > MOST_ATTEMPTS:
                raise _Enough
            return self.replays.differs(mutation, judged)

        undecided: Answer = None
        for formula in formulas:
            if self.left <= 0:
                return Undecided("too-many-cases")
            weight = 1 + len(formula.items) // 16
            budget = max(1, min(BUDGET, self.left) // weight)
            attempts = 0
            answer: Answer
            try:
                answer = self.analysis.found(search, formula, shows, budget)
            except _Enough:
                answer = Undecided("not-shown")
            finally:
                self.left -= weight * (1 + budget - max(search.left, 0))
            if isinstance(answer, Witness):
                return answer
            undecided = undecided or answer
        return undecided

    # ------------------------------------------------------------------------------------------------------- differences

    def _differences(self, scene: Scene, mutation: Mutation) -> Sequence[Formula]:
        """Where the verdicts differ, then the reviewers, then the obligations."""
        formulas, program = scene.formulas, self.analysis.program
        if mutation.change.kind == "quorum":
            asked = asked_by(program, scene.decided, formulas)
            return [asked.get(mutation.owner, FALSE)]
        known = {item.rule.name: (item.holds, item.errs) for item in scene.decided.rules}
        changed = self._changed_rules(scene, mutation, known)
        if len(changed) == 1 and not any(
            pair[1] is not FALSE for name in changed for pair in (known[name], changed[name])
        ):
            return list(self._of_one(scene, mutation, known, changed))
        rules = rules_for(mutation.program, scene.tool)
        new = decided(mutation.program, scene.lowering, rules, {**known, **changed})
        parts = [part for name in changed for part in self._touched(formulas, mutation, known[name], changed[name])]
        one, two = (program, scene.decided), (mutation.program, new)
        return [found for part in parts for found in differing(formulas, part, one, two)]

    def _touched(self, formulas: Formulas, mutation: Mutation, before: Pair, after: Pair) -> Sequence[Formula]:
        """Where the rule does something else, or does anything where it was not its conditions that changed."""
        if mutation.change.kind in {"verdict", "rule-dropped", "override-dropped"}:
            return [part for part in dict.fromkeys((*before, *after)) if part is not FALSE]
        return [*apart(formulas, before[0], after[0]), *apart(formulas, before[1], after[1])]

    def _of_one(
        self, scene: Scene, mutation: Mutation, known: Mapping[str, Pair], changed: Mapping[str, Pair]
    ) -> Iterator[Formula]:
        """The differences where one rule was changed that never errs."""
        formulas, program = scene.formulas, self.analysis.program
        ((name, (holds, _)),) = changed.items()
        before = known[name][0]
        if holds is before:
            held = program, self._with(scene, program, {**known, name: (TRUE, FALSE)})
            other = mutation.program, self._with(scene, mutation.program, {**known, name: (TRUE, FALSE)})
            yield from differing(formulas, before, held, other)
            return
        key = scene.tool, name
        if key not in self.mattering:
            held = program, self._with(scene, program, {**known, name: (TRUE, FALSE)})
            gone = program, self._with(scene, program, {**known, name: (FALSE, FALSE)})
            self.mattering[key] = tuple(differing(formulas, TRUE, held, gone))
        regions = [simplified(formulas, part) for part in apart(formulas, before, holds)]
        for part in self.mattering[key]:
            yield from (formulas.both(region, part) for region in regions)

    def _with(self, scene: Scene, program: Program, known: Mapping[str, Pair]) -> Decided:
        """The decisions where rules match as it is said."""
        return decided(program, scene.lowering, rules_for(program, scene.tool), known)

    def _changed_rules(self, scene: Scene, mutation: Mutation, known: Mapping[str, Pair]) -> dict[str, Pair]:
        """When each rule that was changed matches and errs now. Rules that are watched are not mutated."""
        if mutation.rule is not None:
            rule, own = mutation.changed, scene.decided.rule(mutation.rule)
            assert own is not None, "the rule has to do with the tool"
            # What goes with an allowance can err, and goes away with it.
            if rule is None or (rule.body, rule.exception, rule.then) == (
                own.rule.body,
                own.rule.exception,
                own.rule.then,
            ):
                return {mutation.rule: known[mutation.rule]}
            scene.lowering.steps = 0
            return {rule.name: rule_truth(scene.lowering, rule, owes=True)}
        program = mutation.program
        judge = self.replays.judge_of(program)
        lowering = Lowering(program, scene.formulas, scene.lowering.shape, Faults(program), judge.constant)
        rules = [item.rule for item in scene.decided.rules if item.rule.name in mutation.rules]
        found = {rule.name: rule_truth(lowering, rule, owes=True) for rule in rules}
        return {name: pair for name, pair in found.items() if pair != known[name]}


Pair: TypeAlias = "tuple[Formula, Formula]"
"""When a rule matches, and when it errs."""


def rules_for(program: Program, tool: str | None) -> list[Rule]:
    """The rules that can have to do with the tool."""
    rules = (rule for package in program.packages for rule in package.rules)
    return [rule for rule in rules if rule.tools is None or tool in rule.tools]
