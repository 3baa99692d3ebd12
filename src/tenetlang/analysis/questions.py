"""Asking about all requests: is there one for which this formula holds?

The answer is a `Witness`, a request that shows it; `None`, which is a proof that there is none; or `Undecided`, with the reason.
A witness has been decided by the evaluators before it is returned, and they agree that it shows what was asked for: an
answer can be trusted without trusting the search. What can't be shown so is undecided, never a guess.

Each tool has its own `Scene`, in which `args` has one type. What is found out in a scene is kept for the next question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

import attrs

from tenetlang.analysis.cases import Truth, Value
from tenetlang.analysis.decisions import Decided, decided, rules_by_tool
from tenetlang.analysis.formulas import TRUE, Formula, Formulas, TooLarge
from tenetlang.analysis.lowering import Lowering
from tenetlang.analysis.making import space_of
from tenetlang.analysis.models import Candidate, NoModel, candidate
from tenetlang.analysis.search import BUDGET, OutOfBudget, Search
from tenetlang.analysis.shape import Shape
from tenetlang.decision import Verdict
from tenetlang.frozen import frozen
from tenetlang.program.errors import Faults
from tenetlang.program.expression import Block, Expression
from tenetlang.program.program import Program, Rule

MOST_LEAVES: Final = 24
MOST_VARIANTS: Final = 8


@frozen
class Judged:
    """What the evaluators say of a candidate. `held` and `erred` are the full names of rules, lifted and watched ones
    included; `claims` says of each block that was asked about whether it holds."""

    verdict: Verdict
    decided_by: tuple[str, ...]
    held: frozenset[str]
    erred: frozenset[str]
    request: Mapping[str, object]
    documents: Mapping[str, object]


class Judge(Protocol):
    """Both evaluators of a program. They stand above this package, so they are handed in."""

    def judge(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Judged | None:
        """The decision on which both agree; None for a request or documents that are invalid."""

    def holds(self, block: Block, request: Mapping[str, object], documents: Mapping[str, object]) -> bool | None:
        """Whether the conditions of a claim hold for the request and the decision on it; None where they err."""

    def constant(self, expression: Expression) -> object:
        """The value of an expression that reads nothing; None where it errs."""


@frozen
class Witness:
    """A request that shows something, as JSON values, and documents by `package.name` that go with it."""

    request: Mapping[str, object]
    documents: Mapping[str, object]
    verdict: Verdict


@frozen
class Undecided:
    """Why it could not be told: `too-many-cases`, `too-large`, or `not-shown` with the terms that stood in the way."""

    reason: str
    terms: tuple[Expression, ...] = ()


Answer = Witness | Undecided | None
Shows = Callable[[Judged], bool]


@attrs.define(eq=False)
class Scene:
    """The requests for one tool (None: the program has no tools), and what the rules say of them."""

    tool: str | None
    lowering: Lowering
    decided: Decided
    search: Search | None = None

    @property
    def formulas(self) -> Formulas:
        return self.lowering.formulas

    def searching(self) -> Search:
        """The search in the space of all rules; made once."""
        if self.search is None:
            formulas = [formula for item in self.decided.rules for formula in (item.holds, item.errs)]
            self.search = Search(space_of(self.lowering.shape, formulas), self.lowering.evaluate)
        return self.search

    def truth(self, block: Block) -> Truth:
        """The conditions of a claim, which may ask for the verdict."""
        return self.lowering.block(block, {})


@attrs.frozen(eq=False)
class Known:
    """What has been taken apart already: when rules match and err, and definitions, by full name."""

    rules: Mapping[str, tuple[Formula, Formula]]
    definitions: Mapping[str, Value]


@attrs.define(eq=False)
class Analysis:
    """What can be asked of one program."""

    program: Program
    judge: Judge
    formulas: Formulas = attrs.field(factory=Formulas)
    scenes: dict[str | None, Scene | Undecided] = attrs.field(factory=dict)
    faults: Faults = attrs.field(init=False)
    rules: Mapping[str | None, Sequence[Rule]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.faults = Faults(self.program)
        self.rules = rules_by_tool(self.program)

    @property
    def tools(self) -> Sequence[str | None]:
        """The tools, each a scene of its own; a single None for a program without tools."""
        return sorted(self.program.tools) if self.program.uses_tools else [None]

    def scene(self, tool: str | None) -> Scene | Undecided:
        """The scene of the tool; undecided where its rules are too large to take apart."""
        if tool not in self.scenes:
            self.scenes[tool] = self.scene_in(Shape(self.program, tool))
        return self.scenes[tool]

    def scene_in(self, shape: Shape, known: Known | None = None) -> Scene | Undecided:
        """The scene of the shape's tool; its requests may be of a wider shape than the program's own.

        `known` is what another program has, in the same formulas and an equal shape.
        """
        lowering = Lowering(self.program, self.formulas, shape, self.faults, self.judge.constant)
        known = Known({}, {}) if known is None else known
        lowering.definitions.update(known.definitions)
        try:
            found = decided(self.program, lowering, self.rules.get(shape.tool, ()), known.rules)
        except (TooLarge, RecursionError):
            return Undecided("too-large")
        if self.program.packages[0].observe:
            lowering.outcome = {"verdict": [(TRUE, "allow")], "decided_by": [(TRUE, "observe")], "obligations": []}
            return Scene(shape.tool, lowering, found)
        lowering.outcome = {
            "verdict": [(formula, verdict) for verdict, formula in found.verdicts.items()],
            "decided_by": [(formula, name) for name, formula in found.deciding.items()],
            "obligations": [
                (found.deciding[item.rule.shown_name], use.obligation.rpartition(".")[2])
                for item in found.rules
                for use in item.rule.then
                if item.rule.verdict == "allow" and item.rule.shown_name in found.deciding
            ],
        }
        return Scene(shape.tool, lowering, found)

    def find(self, scene: Scene, formula: Formula, shows: Shows, budget: int = BUDGET) -> Answer:
        """A request for the scene's tool for which the formula holds, and which `shows` it."""
        search = self.search_for(scene, [formula])
        if isinstance(search, Undecided):
            return search
        return self.found(search, formula, shows, budget)

    def search_for(self, scene: Scene, formulas: Iterable[Formula]) -> Search | Undecided:
        """The search in a space that has these formulas: that of the scene's rules, if they are made of the same atoms."""
        wanted = list(formulas)
        try:
            search = scene.searching()
            for formula in wanted:
                search.space.node(formula)
        except KeyError:
            try:
                search = Search(space_of(scene.lowering.shape, wanted), self.judge.constant)
            except (TooLarge, RecursionError):
                return Undecided("too-large")
        except (TooLarge, RecursionError):
            return Undecided("too-large")
        return search

    def found(self, search: Search, formula: Formula, shows: Shows, budget: int = BUDGET) -> Answer:
        """The answer in the space of this search."""
        search.left = budget
        blocked: dict[Expression, None] = {}
        leaves = 0
        try:
            for leaf in search.leaves([search.space.node(formula)]):
                leaves += 1
                if leaves > MOST_LEAVES:
                    break
                for variant in range(MOST_VARIANTS):
                    made = self._candidate(search, leaf, variant, blocked)
                    judged = None if made is None else self.judge.judge(made.request, made.documents)
                    if judged is not None and shows(judged):
                        return Witness(judged.request, judged.documents, judged.verdict)
        except (OutOfBudget, RecursionError):
            return Undecided("too-many-cases")
        return Undecided("not-shown", tuple(blocked)) if leaves else None

    def _candidate(
        self, search: Search, leaf: list[int], variant: int, blocked: dict[Expression, None]
    ) -> Candidate | None:
        try:
            return candidate(self.program, search, leaf, variant)
        except NoModel as stopped:
            if stopped.what is not None:
                blocked[stopped.what] = None
            return None
