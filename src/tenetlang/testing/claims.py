"""Decides `never` and `always`: proves them for all requests, or looks for a request that breaks them.

The analysis proves most claims, or breaks them with a request (`analysis/proofs/prove.py`). What it leaves undecided is sampled. A
sampled claim is never called proved. What is said is how many requests were tried, how many of these the claim is
about, and the first that breaks it. A claim is *about* a request

- of an `always`: if the request meets its `if`;
- of a `never`: if it meets all that the claim says of the request itself, that is, all conditions but those that look at
  the decision (`verdict is allow`). Where none looks at the decision, all conditions but the last.

So `never { verdict is allow; tool is refund; args.amount > 50.00 }` is about large refunds, whatever was decided on them,
and a claim that no sample is about has not been tested at all.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Literal

import attrs

from tenetlang.analysis.proofs.opinion import SecondOpinion
from tenetlang.analysis.proofs.prove import Counterexample, Proof, Proved, Unproved, counterexample, prove
from tenetlang.analysis.questions import Analysis, Undecided
from tenetlang.evaluator.claims import breaks, meets
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.evaluator.meaning import Fault, Run
from tenetlang.evaluator.requests import DataError, Invalid
from tenetlang.program import expression as core
from tenetlang.program.program import Claim, Program
from tenetlang.testing.evaluators import Evaluators, Pair
from tenetlang.testing.requests import TestError, as_request, replace, said, with_functions
from tenetlang.testing.run import outcome
from tenetlang.testing.sample import samples
from tenetlang.testing.walk import nodes

SAMPLES = 500
"""Requests tried for each claim."""

_OUTCOME = frozenset({"verdict", "decided_by", "obligations"})

Status = Literal["unbroken", "broken", "error"]


@attrs.frozen
class ClaimResult:
    """What became of a claim. `proved`: no request breaks it; `vacuous`: because it is about none. `about` counts the requests tried that the claim is about, where
    any had to be; `left` says for which tools and why it could not be proved. `counterexample` is a request that breaks
    it, with its documents."""

    name: str
    package: str
    kind: Literal["never", "always"]
    status: Status
    at: str
    tried: int
    about: int
    counterexample: Mapping[str, object] | None = None
    documents: Mapping[str, object] | None = None
    verdict: str = ""
    error: str = ""
    proved: bool = False
    vacuous: bool = False
    left: tuple[tuple[str | None, Undecided], ...] = ()


def decide_claims(
    program: Program,
    wanted: Callable[[Claim], bool],
    count: int = SAMPLES,
    progress: Callable[[], None] = lambda: None,
) -> Iterator[ClaimResult]:
    """The result of each wanted claim, in the order written: proved or broken where that can be told, else sampled with
    `count` requests. `progress` is called after each."""
    analysis = Analysis(program, BothEvaluators(program))
    for claim in program.claims:
        if wanted(claim):
            proof, sampled = decide_claim(analysis, claim, count)
            yield _result(analysis, claim, proof, sampled)
            progress()


def decide_claim(
    analysis: Analysis,
    claim: Claim,
    count: int = SAMPLES,
    step: Callable[[], None] = lambda: None,
    second: SecondOpinion | None = None,
) -> tuple[Proof, ClaimResult | None]:
    """Whether the claim holds of all requests; where the analysis could not tell, nor `second`, also what sampling came to. A
    sample that breaks the claim is a counterexample as any other. `step` is called as the proof goes on."""
    proof = prove(analysis, claim, step=step, second=second)
    if not isinstance(proof, Unproved):
        return proof, None
    (sampled,) = sample_claims(analysis.program, partial(operator.is_, claim), count)
    if sampled.counterexample is not None and sampled.documents is not None:
        proof = counterexample(analysis, claim, sampled.counterexample, sampled.documents)
    return proof, sampled


def is_vacuous(analysis: Analysis, claim: Claim) -> bool:
    """Whether no request is one that the claim is about, so that it holds whatever the rules are."""
    nobody = attrs.evolve(claim, kind="never", condition=(), body=subject_of(claim))
    return prove(analysis, nobody) == Proved()


def _result(analysis: Analysis, claim: Claim, proof: Proof, sampled: ClaimResult | None) -> ClaimResult:
    result = _nothing(claim) if sampled is None else sampled
    match proof:
        case Proved():
            return attrs.evolve(result, status="unbroken", proved=True, vacuous=is_vacuous(analysis, claim))
        case Counterexample(_, request, documents, verdict):
            broken = attrs.evolve(result, status="broken", verdict=verdict)
            return attrs.evolve(broken, counterexample=request, documents=documents)
        case Unproved(left):
            return attrs.evolve(result, left=left)


def sample_claims(
    program: Program,
    wanted: Callable[[Claim], bool],
    count: int = SAMPLES,
    progress: Callable[[], None] = lambda: None,
) -> Iterator[ClaimResult]:
    """The result of each wanted claim, in the order written. `progress` is called after each."""
    evaluators = Evaluators(program)
    for claim in program.claims:
        if wanted(claim):
            try:
                yield _sampled(evaluators, claim, count)
            except (TestError, DataError) as error:
                yield attrs.evolve(_nothing(claim), error=str(error))
            except Fault as fault:
                yield attrs.evolve(_nothing(claim), error=f"the error {fault.code} in the claim, at {fault.at.place}")
            progress()


def _nothing(claim: Claim) -> ClaimResult:
    return ClaimResult(claim.name, claim.package, claim.kind, "error", claim.at.place, 0, 0)


def _sampled(evaluators: Evaluators, claim: Claim, count: int) -> ClaimResult:
    program = with_functions(evaluators.program, claim.replacements, {})
    fixed = _Fixed(program, claim)
    subject = subject_of(claim)
    tried = about = 0
    known: Mapping[str, object] | None = None
    pair: Pair | None = None
    for request, documents in samples(program, claim, count):
        fixed.put(request, documents)
        if pair is None or documents is not known:
            known, pair = documents, evaluators.pair(program, documents)
        inputs = pair.reference.reader.read(request)
        if isinstance(inputs, Invalid):
            continue
        tried += 1
        decision = pair.evaluator.decide(request)
        run = Run(program, {**inputs, **outcome(decision)}, pair.reference.data)
        broken = breaks(run, claim)
        about += broken or meets(run, subject)
        if broken:
            found = attrs.evolve(_nothing(claim), status="broken", tried=tried, about=about, verdict=decision.verdict)
            return attrs.evolve(found, counterexample=request, documents=documents)
    return attrs.evolve(_nothing(claim), status="unbroken", tried=tried, about=about)


class _Fixed:
    """What a claim's `with` lines say of every request."""

    def __init__(self, program: Program, claim: Claim) -> None:
        self.program = program
        self.values = [
            (replacement, as_request(said(program, replacement.value, {})))
            for replacement in claim.replacements
            if replacement.target[0] != "function"
        ]

    def put(self, request: dict[str, object], documents: dict[str, object]) -> None:
        for replacement, given in self.values:
            replace(request, documents, replacement, given)
        origins, tool = request.get("origins"), self.program.tools.get(str(request.get("tool")))
        if isinstance(origins, dict) and tool is not None:
            # Other tools than the claim has in mind may have no such argument.
            request["origins"] = {name: given for name, given in origins.items() if tool.parameters.field(name)}


def subject_of(claim: Claim) -> core.Block:
    """The conditions by which a claim is about a request, as the top of this file has it."""
    if claim.kind == "always":
        return claim.condition
    decided: set[str] = set()
    subject: list[core.Step] = []
    for step in claim.body:
        if not any(_looks_at_decision(node, decided) for node in nodes(step)):
            subject.append(step)
            continue
        match step:
            case core.Assign(local):
                decided.add(local.name)
            case core.Choose(core.Bound(key, local)):
                decided |= {local.name} if key is None else {key.name, local.name}
            case core.Condition():
                pass
    return tuple(subject) if len(subject) < len(claim.body) else claim.body[:-1]


def _looks_at_decision(node: object, decided: set[str]) -> bool:
    match node:
        case core.Read(path):
            return path[0] in _OUTCOME
        case core.Local(name):
            return name in decided
        case _:
            return False
