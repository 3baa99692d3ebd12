"""Proofs of claims, of refinement and of equivalence, for all requests.

A claim is turned around: is there a request that breaks it? `never` asks for one that meets its conditions, `always` for one that
meets the first block and not the second, an error in which counts as not meeting it. The question is asked for each tool,
since tools have arguments of different types. No request is a proof. A request that is found has been decided by both
evaluators, and the reference has found that it breaks the claim; it is the smallest that `models.py` makes.

What is said of all requests is said of those that are well-typed, bring no approvals, and keep the quantifiers of a rule within
their 200,000 members; of any session, counters, origins, time and documents of their types, unless the claim says (`given.py`).

Refinement and equivalence ask the same of two programs (`compare.py`): is there a request for which POLICY is weaker than BASE;
one for which the two differ? Refinement is about the requests that are valid for BASE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, Literal, Protocol, TypeAlias, runtime_checkable

import attrs

from tenetlang.analysis.cases import Truth
from tenetlang.analysis.comparison.compare import Compared, Difference, TwoScenes
from tenetlang.analysis.comparison.describe import term_text
from tenetlang.analysis.formulas import FALSE, Among, Below, Equal, Fits, Formula, Linear, Some, There, TooLarge
from tenetlang.analysis.lowering import Lowering, Scope
from tenetlang.analysis.proofs.given import Given, NotGiven, given_by, known_program, needed_facts, with_functions
from tenetlang.analysis.proofs.opinion import SecondOpinion
from tenetlang.analysis.proofs.shrinking import shrunk
from tenetlang.analysis.questions import Analysis, Answer, Judge, Judged, Undecided, Witness
from tenetlang.analysis.search import BUDGET
from tenetlang.decision import SEVERITY, Decision, Verdict
from tenetlang.frozen import frozen
from tenetlang.program.expression import Block, Builtin, Contains, Expression, Matches, Operate
from tenetlang.program.program import Claim, Program
from tenetlang.program.types import JSON
from tenetlang.report.finding import Finding


@runtime_checkable
class ClaimJudge(Judge, Protocol):
    """A judge that knows claims."""

    def breaks(self, claim: Claim, request: Mapping[str, object], documents: Mapping[str, object]) -> bool | None:
        """Whether the request breaks the claim; None where the request or the documents are invalid."""

    def of(self, program: Program) -> ClaimJudge:
        """The judge of another program."""


@frozen
class Proved:
    """No request breaks the claim."""


@frozen
class Counterexample:
    """A request, as JSON values, that breaks the claim, with its documents and the verdict on it."""

    tool: str | None
    request: Mapping[str, object]
    documents: Mapping[str, object]
    verdict: Verdict


@frozen
class Unproved:
    """Neither: for these tools it could not be told, for these reasons."""

    tools: tuple[tuple[str | None, Undecided], ...]


Proof: TypeAlias = Proved | Counterexample | Unproved


def prove(
    analysis: Analysis,
    claim: Claim,
    budget: int = BUDGET,
    step: Callable[[], None] = lambda: None,
    second: SecondOpinion | None = None,
) -> Proof:
    """Whether the claim holds of all requests. `step` is called after each tool. `second` is asked about what is left open."""
    judge = analysis.judge
    assert isinstance(judge, ClaimJudge), "claims are shown to the evaluators"
    program = with_functions(analysis.program, claim.replacements)
    if program is not analysis.program:
        judge = judge.of(program)
        analysis = Analysis(program, judge, formulas=analysis.formulas)
    try:
        given = given_by(claim, judge)
    except NotGiven:
        return Unproved(((None, Undecided("bad-with")),))
    left: list[tuple[str | None, Undecided]] = []
    for tool in analysis.tools:
        found = _broken_for(analysis, judge, claim, given, tool, _Effort(budget, second))
        step()
        if isinstance(found, Witness):
            return _smallest(judge, claim, given, tool, found)
        if isinstance(found, Undecided):
            left.append((tool, found))
    return Unproved(tuple(left)) if left else Proved()


@attrs.frozen(eq=False)
class _Effort:
    budget: int
    second: SecondOpinion | None


def _smallest(judge: ClaimJudge, claim: Claim, given: Given, tool: str | None, found: Witness) -> Counterexample:
    """The witness without what does not matter, as long as it is a request for the tool and what the claim says stays said."""
    fixed = {path[0] for path, _ in given.values}
    verdict = found.verdict

    def still(request: Mapping[str, object], documents: Mapping[str, object]) -> bool:
        nonlocal verdict
        if any(request.get(name) != found.request.get(name) for name in fixed - {"data"}):
            return False
        judged = judge.judge(request, documents)
        if judged is None or judge.breaks(claim, request, documents) is not True:
            return False
        verdict = judged.verdict
        return True

    if "data" in fixed:
        request, _ = shrunk(found.request, {}, lambda tried, _: still(tried, found.documents))
        documents = found.documents
    else:
        request, documents = shrunk(found.request, found.documents, still)
    return Counterexample(tool, request, documents, verdict)


def counterexample(
    analysis: Analysis, claim: Claim, request: Mapping[str, object], documents: Mapping[str, object]
) -> Counterexample:
    """A request that breaks the claim, however it was found, without what does not matter."""
    judge = analysis.judge
    assert isinstance(judge, ClaimJudge), "claims are shown to the evaluators"
    program = with_functions(analysis.program, claim.replacements)
    judge = judge if program is analysis.program else judge.of(program)
    assert judge.breaks(claim, request, documents) is True, "it breaks the claim"
    judged = judge.judge(request, documents)
    assert judged is not None, "it is valid"
    tool = request.get("tool")
    shown = Witness(request, documents, judged.verdict)
    return _smallest(judge, claim, given_by(claim, judge), None if tool is None else str(tool), shown)


def _broken_for(
    analysis: Analysis, judge: ClaimJudge, claim: Claim, given: Given, tool: str | None, effort: _Effort
) -> Answer:
    """A request for the tool that breaks the claim."""
    written = claim
    if given.values:
        known, written = known_program(analysis.program, claim, tool, given, judge)
        analysis = Analysis(known, _Giving(judge, analysis.program, given), formulas=analysis.formulas)
    scene = analysis.scene(tool)
    if isinstance(scene, Undecided):
        return scene
    try:
        broken = broken_formula(scene.lowering, written)
    except (TooLarge, RecursionError):
        return Undecided("too-large")
    if broken is FALSE:
        return None
    facts = [There(scene.lowering.shape.read((name,), JSON)) for name in needed_facts(analysis.program, claim)]
    broken = scene.formulas.all_of([broken, *map(scene.formulas.literal, facts)])

    def ask(formula: Formula) -> Answer:
        return analysis.find(
            scene, formula, lambda judged: judge.breaks(claim, judged.request, judged.documents) is True, effort.budget
        )

    found = ask(broken)
    if effort.second is not None:
        found = effort.second.of(scene.lowering.shape, scene.formulas, broken, found, ask)
    if isinstance(found, Undecided) and found.reason == "not-shown" and not found.terms:
        return attrs.evolve(found, terms=tuple(dict.fromkeys(_computed([broken]))))
    return found


def broken_formula(lowering: Lowering, claim: Claim) -> Formula:
    """The requests that break the claim, and where it can't be told others beside them. Raises `TooLarge`."""
    if claim.kind == "never":
        return lowering.block(claim.body, {}).holds

    def unmet(scope: Scope) -> Truth:
        return Truth(lowering.formulas.negation(lowering.block(claim.body, scope).holds))

    return lowering.block(claim.condition, {}, unmet).holds


def _computed(formulas: Iterable[Formula]) -> Iterator[Expression]:
    """The terms that only an evaluator understands."""
    seen: set[Formula] = set()
    waiting = list(formulas)
    while waiting:
        formula = waiting.pop()
        if formula in seen:
            continue
        seen.add(formula)
        waiting += formula.items
        match formula.atom:
            case Some(body=body):
                waiting.append(body)
            case Among(term) | Below(term) | Fits(term) | There(term):
                yield from _as_computed(term)
            case Equal(left, right):
                yield from _as_computed(left)
                yield from _as_computed(right)
            case Linear(terms):
                for term, _ in terms:
                    yield from _as_computed(term)
            case None:
                pass


def _as_computed(term: Expression) -> Iterator[Expression]:
    match term:
        case Builtin("count"):
            pass
        case Builtin() | Operate() | Contains() | Matches():
            yield term
        case _:
            pass


@attrs.frozen(eq=False)
class _Giving:
    """A judge that puts into each candidate what the claim says of all requests."""

    judged: Judge
    program: Program
    given: Given

    def judge(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Judged | None:
        return self.judged.judge(*self.given.put(self.program, request, documents))

    def holds(self, block: Block, request: Mapping[str, object], documents: Mapping[str, object]) -> bool | None:
        return self.judged.holds(block, *self.given.put(self.program, request, documents))

    def constant(self, expression: Expression) -> object:
        return self.judged.constant(expression)


# ---------------------------------------------------------------------------------------------------------------- findings


def claim_findings(analysis: Analysis, budget: int = BUDGET) -> list[Finding]:
    """What is wrong with the claims of the program, in the order written: those that a request breaks, and those of which
    it could not be told."""
    found: list[Finding] = []
    for claim in analysis.program.claims:
        name = f'"{claim.name}"'
        match prove(analysis, claim, budget):
            case Proved():
                continue
            case Counterexample(_, request, documents, verdict):
                details = {"name": name, "verdict": verdict}
                found.append(Finding("broken-claim", claim.at, details, witness=request, documents=documents))
            case Unproved() as unproved:
                found.append(_undecided(claim, name, unproved))
    return found


def _undecided(claim: Claim, name: str, unproved: Unproved) -> Finding:
    tool, why = unproved.tools[0]
    details = {"what": f"the claim {name} holds"}
    if tool is not None:
        details["tool"] = tool
    if why.terms:
        details["terms"] = ", ".join(terms_in_the_way(why))
    variant = why.reason if why.reason in {"too-large", "too-many-cases"} else ""
    return Finding("undecided", claim.at, details, variant)


def terms_in_the_way(why: Undecided) -> Sequence[str]:
    """The terms of which nobody could say what they are, as an author would write them."""
    return sorted({term_text(term) for term in why.terms})


# ------------------------------------------------------------------------------------------------------------ two programs


Relation: TypeAlias = Literal["refines", "equivalent"]


@frozen
class Compatible:
    """For this tool no request is decided otherwise than it may be. `only_second`: BASE does not have the tool, so that
    there is nothing to refine."""

    tool: str | None
    only_second: bool = False


@frozen
class Differs:
    """A request for the tool that is decided otherwise than it may be."""

    tool: str | None
    difference: Difference


@frozen
class Untold:
    """For this tool it could not be told."""

    tool: str | None
    why: Undecided


Comparison: TypeAlias = Compatible | Differs | Untold

_WEAKER: Final[tuple[tuple[Verdict, Verdict], ...]] = (("deny", "allow"), ("deny", "escalate"), ("escalate", "allow"))
_STRICTER: Final = tuple((second, first) for first, second in _WEAKER)
_FORBIDDEN: Final[Mapping[Relation, tuple[tuple[Verdict, Verdict], ...]]] = {
    "refines": _WEAKER,
    "equivalent": (*_WEAKER, *_STRICTER),
}


def compare_programs(
    compared: Compared, relation: Relation, budget: int = BUDGET, second: SecondOpinion | None = None
) -> Iterator[Comparison]:
    """For each tool of either program whether the second refines the first, or is equivalent to it. `second` is asked about
    what is left open."""
    for tool in compared.tools:
        scene = compared.scene(tool)
        if isinstance(scene, Undecided):
            yield Untold(tool, scene)
        elif relation == "refines" and scene.first.scene is None:
            yield Compatible(tool, only_second=True)
        else:
            yield _compared_for(compared, scene, relation, _Effort(budget, second))


def _compared_for(compared: Compared, scene: TwoScenes, relation: Relation, effort: _Effort) -> Comparison:
    """The gravest difference first: what was denied and is allowed."""
    left: Undecided | None = None
    within = (
        scene.first.valid if relation == "refines" else scene.formulas.either(scene.first.valid, scene.second.valid)
    )
    for pair in _FORBIDDEN[relation]:
        formula = scene.formulas.all_of([within, scene.first.verdicts[pair[0]], scene.second.verdicts[pair[1]]])
        ask = partial(compared.find, scene, shows=partial(_shows, pair, relation), budget=effort.budget)
        found = ask(formula)
        if effort.second is not None:
            whole = scene.formulas.both(scene.common, formula)
            found = effort.second.of(scene.shape, scene.formulas, whole, found, ask)
        if isinstance(found, Difference):
            return Differs(scene.tool, found)
        left = left or found
    return Compatible(scene.tool) if left is None else Untold(scene.tool, left)


def _shows(pair: tuple[Verdict, Verdict], relation: Relation, first: Decision, second: Decision) -> bool:
    if relation == "refines" and first.decided_by[0] in {"invalid_request", "unknown_tool"}:
        return False
    return (first.verdict, second.verdict) == pair


def is_weaker(difference: Difference) -> bool:
    """Whether the second program is the weaker one."""
    return SEVERITY[difference.second.verdict] < SEVERITY[difference.first.verdict]
