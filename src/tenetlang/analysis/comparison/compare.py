"""Two programs side by side: for which requests do they decide differently?

Both are taken apart into formulas of one `Formulas`, in one joint shape (`joint.py`): a condition that both have is then one
object, so what did not change costs nothing and a change is small. A `Side` says for each verdict when its program gives
it, the denial of invalid requests and unknown tools included.

Both get the same request and the same documents, each without what it does not declare of facts, counters and documents,
as those who ask for decisions leave out what the policy in force does not ask for. Arguments are left as they are: one
that a program does not declare makes the request invalid for it. Facts that either needs are there. Requests bring no
approvals. A counter of one name has one value for both, even where they count differently (`recounted`).

    compared = compared_programs(old, BothEvaluators(old), new, BothEvaluators(new))
    for tool in compared.tools:                  # of both; None for programs without tools
        scene = compared.scene(tool)             # a `TwoScenes`, or Undecided where too large
        weaker = scene.formulas.both(scene.first.verdicts["deny"], scene.second.verdicts["allow"])
        compared.find(scene, weaker, lambda first, second: (first.verdict, second.verdict) == ("deny", "allow"))

`find` answers with a `Difference`, which the evaluators of both programs have decided; None, which is a proof; or `Undecided`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import attrs

from tenetlang.analysis.comparison.concerned import Same, same
from tenetlang.analysis.comparison.joint import demands, document_demands, joint_program, recounted
from tenetlang.analysis.formulas import FALSE, TRUE, Formula, Formulas, TooLarge
from tenetlang.analysis.making import space_of
from tenetlang.analysis.proofs.shrinking import shrunk
from tenetlang.analysis.questions import Analysis, Judge, Judged, Known, Scene, Undecided, Witness
from tenetlang.analysis.search import BUDGET, Search
from tenetlang.analysis.shape import Shape
from tenetlang.decision import Decision, Verdict
from tenetlang.frozen import frozen
from tenetlang.program.expression import Block, Expression
from tenetlang.program.program import Program


class Decider(Judge, Protocol):
    """A judge that decides invalid requests as well."""

    def decide(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Decision | None:
        """The decision on which both evaluators agree; None where the documents are invalid."""


@frozen
class Difference:
    """A request and documents that show a difference, and what each program decides."""

    request: Mapping[str, object]
    documents: Mapping[str, object]
    first: Decision
    second: Decision


Found = Difference | Undecided | None
ShowsBoth = Callable[[Decision, Decision], bool]


@attrs.define(eq=False)
class Side:
    """One program in the joint shape. `valid` are the requests that it takes, `verdicts` where it gives each: of all
    requests, so that those that are invalid for it are denied. `scene` is None for a tool that it does not have."""

    program: Program
    scene: Scene | None
    valid: Formula
    verdicts: Mapping[Verdict, Formula]


@attrs.define(eq=False)
class TwoScenes:
    """The requests for one tool that either may take. `common` holds of all documents that both can be given."""

    tool: str | None
    shape: Shape
    formulas: Formulas
    first: Side
    second: Side
    common: Formula
    search: Search | None = None

    def searching(self) -> Search:
        """The search in the space of the rules of both; made once. Raises `TooLarge`."""
        if self.search is None:
            formulas = [self.common, self.first.valid, self.second.valid]
            scenes = [side.scene for side in (self.first, self.second) if side.scene is not None]
            for scene in scenes:
                formulas += [formula for item in scene.decided.rules for formula in (item.holds, item.errs)]
            self.search = Search(space_of(self.shape, formulas), scenes[0].lowering.evaluate)
        return self.search


@attrs.define(eq=False)
class Compared:
    """What can be asked of two programs; the second is taken apart in the formulas of the first."""

    first: Analysis
    second: Analysis
    first_judge: Decider
    second_judge: Decider
    joint: Program = attrs.field(init=False)
    same: Same = attrs.field(init=False)
    candidates: Analysis = attrs.field(init=False)
    scenes: dict[str | None, TwoScenes | Undecided] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        assert self.first.formulas is self.second.formulas, "two programs are compared in the formulas of one"
        self.joint = joint_program(self.first.program, self.second.program)
        self.same = same(self.first.program, self.second.program)
        self.candidates = Analysis(self.joint, _Unjudged())

    @property
    def tools(self) -> Sequence[str | None]:
        """The tools of either, by name; None for a program without tools."""
        return sorted({*self.first.tools, *self.second.tools}, key=lambda tool: tool or "")

    @property
    def recounted(self) -> Sequence[str]:
        """Counters of one name that the two programs count differently."""
        return recounted(self.first.program, self.second.program)

    def scene(self, tool: str | None) -> TwoScenes | Undecided:
        """The scene of the tool; undecided where the rules of one are too large to take apart."""
        if tool not in self.scenes:
            try:
                self.scenes[tool] = self._made(tool)
            except (TooLarge, RecursionError):
                self.scenes[tool] = Undecided("too-large")
        return self.scenes[tool]

    def _made(self, tool: str | None) -> TwoScenes | Undecided:
        # Where two types have nothing in common, each program reads the part by its own.
        ours = Shape(self.joint, tool)
        theirs = Shape(joint_program(self.second.program, self.first.program), tool)
        sides: list[Side] = []
        common: list[Formula] = []
        known: Known | None = None
        for analysis, shape, across in ((self.first, ours, theirs), (self.second, theirs, ours)):
            found = analysis.scene_in(shape, known) if tool in analysis.tools else None
            if isinstance(found, Undecided):
                return found
            if found is not None and known is None:
                known = self._known(found)
            sides.append(_side(analysis, found, across))
            if found is not None:
                common.append(document_demands(analysis.program, found.lowering, across))
        formulas = self.first.formulas
        return TwoScenes(tool, ours, formulas, sides[0], sides[1], formulas.all_of(common))

    def _known(self, scene: Scene) -> Known:
        """What the second program need not take apart again: of what nobody understands, it then has the same unknown."""
        rules = {
            item.rule.name: (item.holds, item.errs) for item in scene.decided.rules if item.rule.name in self.same.rules
        }
        definitions = {
            name: value for name, value in scene.lowering.definitions.items() if name in self.same.definitions
        }
        return Known(rules, definitions)

    def find(self, scene: TwoScenes, formula: Formula, shows: ShowsBoth, budget: int = BUDGET) -> Found:
        """A request for the scene's tool for which the formula holds, and of which the decisions show it."""
        if formula is FALSE:
            return None
        wanted = scene.formulas.both(scene.common, formula)
        try:
            search = scene.searching()
            search.space.node(wanted)
        except KeyError:
            try:
                search = Search(space_of(scene.shape, [wanted]), self.first_judge.constant)
            except (TooLarge, RecursionError):
                return Undecided("too-large")
        except (TooLarge, RecursionError):
            return Undecided("too-large")
        shown: list[tuple[Decision, Decision]] = []

        def both_show(judged: Judged) -> bool:
            decisions = self.decide(judged.request, judged.documents)
            if decisions is None or not shows(*decisions):
                return False
            shown.append(decisions)
            return True

        found = self.candidates.found(search, wanted, both_show, budget)
        if not isinstance(found, Witness):
            return found

        def still(request: Mapping[str, object], documents: Mapping[str, object]) -> bool:
            decisions = self.decide(request, documents)
            if decisions is None or not shows(*decisions) or request.get("tool") != scene.tool:
                return False
            if any(one.decided_by != other.decided_by for one, other in zip(decisions, shown[0], strict=True)):
                return False  # a part that one of them needs is no part that does not matter
            shown.append(decisions)
            return True

        del shown[:-1]
        request, documents = shrunk(found.request, found.documents, still)
        return Difference(request, documents, *shown[-1])

    def decide(
        self, request: Mapping[str, object], documents: Mapping[str, object]
    ) -> tuple[Decision, Decision] | None:
        """What both decide, each without what it does not declare; None where a document is invalid."""
        decisions: list[Decision] = []
        for program, judge in ((self.first.program, self.first_judge), (self.second.program, self.second_judge)):
            found = judge.decide(part_for(program, request), documents_for(program, documents))
            if found is None:
                return None
            decisions.append(found)
        return decisions[0], decisions[1]


def compared_programs(first: Program, first_judge: Decider, second: Program, second_judge: Decider) -> Compared:
    """Two programs to be compared, with formulas of their own."""
    made = Analysis(first, first_judge)
    return Compared(made, Analysis(second, second_judge, formulas=made.formulas), first_judge, second_judge)


def _side(analysis: Analysis, scene: Scene | None, across: Shape) -> Side:
    formulas = analysis.formulas
    program = analysis.program
    valid = FALSE if scene is None else demands(program, scene.lowering, across)
    if program.packages[0].observe:
        return Side(program, scene, valid, {"allow": TRUE, "deny": FALSE, "escalate": FALSE})
    if scene is None:
        return Side(program, scene, valid, {"allow": FALSE, "deny": TRUE, "escalate": FALSE})
    verdicts = {verdict: formulas.both(valid, formula) for verdict, formula in scene.decided.verdicts.items()}
    verdicts["deny"] = formulas.either(formulas.negation(valid), verdicts["deny"])
    return Side(program, scene, valid, verdicts)


def part_for(program: Program, request: Mapping[str, object]) -> dict[str, object]:
    """The request without facts and counters that the program does not declare, and origins of arguments that it has not."""
    known = {*program.facts, "approvals", "tool", "args"} | ({"origins"} if program.uses_tools else set())
    found: dict[str, object] = {name: value for name, value in request.items() if name in known}
    tool = program.tools.get(str(request.get("tool")))
    origins = found.get("origins")
    if tool is not None and isinstance(origins, Mapping):
        found["origins"] = {name: value for name, value in origins.items() if tool.parameters.field(name)}
    counters = request.get("counters")
    if program.uses_tools and isinstance(counters, Mapping):
        names = {counter.name for counter in program.counters}
        found["counters"] = {name: value for name, value in counters.items() if name in names}
    return found


def documents_for(program: Program, documents: Mapping[str, object]) -> dict[str, object]:
    """The documents that the program declares."""
    names = {f"{data.package}.{data.name}" for data in program.data}
    return {name: value for name, value in documents.items() if name in names}


class _Unjudged:
    """Takes each candidate as it is: the judges of the two programs are asked by whoever looks for a difference."""

    def judge(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Judged | None:
        return Judged("deny", (), frozenset(), frozenset(), request, documents)

    def holds(self, block: Block, request: Mapping[str, object], documents: Mapping[str, object]) -> bool | None:
        """Nothing is asked of it."""
        raise AssertionError(block, request, documents)

    def constant(self, expression: Expression) -> object:
        """Nothing is asked of it."""
        raise AssertionError(expression)
