"""Samples `never` and `always`: looks for a request that breaks the claim.

A sampled claim is never called proved. What is said is how many requests were tried, how many of them the claim speaks
of at all, and the first request that breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import attrs

from tenetlang.decision_tree.build import build
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.meaning import Fault, Run, choices, value
from tenetlang.evaluator.reference import Reference
from tenetlang.evaluator.requests import DataError, Invalid
from tenetlang.program.program import Claim, Program
from tenetlang.testing.requests import TestError, as_request, replace
from tenetlang.testing.run import outcome
from tenetlang.testing.sample import samples

SAMPLES = 500
"""Requests tried for each claim."""


@attrs.frozen
class ClaimResult:
    """What sampling a claim came to. `spoken_of` counts the requests that meet the claim's own condition (of an `always`);
    `counterexample` is the first request that breaks it, with its documents."""

    name: str
    package: str
    kind: Literal["never", "always"]
    status: Literal["unbroken", "broken", "error"]
    at: str
    tried: int
    spoken_of: int
    counterexample: Mapping[str, object] | None = None
    documents: Mapping[str, object] | None = None
    verdict: str = ""
    error: str = ""


def sample_claims(
    program: Program,
    wanted: Callable[[Claim], bool],
    count: int = SAMPLES,
    progress: Callable[[], None] = lambda: None,
) -> Iterator[ClaimResult]:
    """The result of each wanted claim, in the order written. `progress` is called after each."""
    claims = [claim for claim in program.claims if wanted(claim)]
    if not claims:
        return
    evaluator: Evaluator | None = None
    for claim in claims:
        try:
            if evaluator is None:
                evaluator = Evaluator(build(program), next(samples(program, claim, 1))[1])
            yield _sampled(program, evaluator, claim, count)
        except (TestError, DataError) as error:
            yield _result(claim, "error", 0, 0, error=str(error))
        except Fault as fault:
            yield _result(claim, "error", 0, 0, error=f"the error {fault.code} in the claim, at {fault.at.place}")
        progress()


def _sampled(program: Program, evaluator: Evaluator, claim: Claim, count: int) -> ClaimResult:
    tried = spoken_of = 0
    known: Mapping[str, object] | None = None
    reference: Reference | None = None
    for request, documents in samples(program, claim, count):
        _fix(program, claim, request, documents)
        if reference is None or documents is not known:
            known = documents
            reference = Reference(program, documents, evaluator.digest)
            evaluator = evaluator.with_documents(documents)
        inputs = reference.reader.read(request)
        if isinstance(inputs, Invalid):
            continue
        tried += 1
        decision = evaluator.decide(request)
        run = Run(program, {**inputs, **outcome(decision)}, reference.data)
        speaks, broken = _breaks(run, claim)
        spoken_of += speaks
        if broken:
            return _result(claim, "broken", tried, spoken_of, request, documents, decision.verdict)
    return _result(claim, "unbroken", tried, spoken_of)


def _breaks(run: Run, claim: Claim) -> tuple[bool, bool]:
    """Whether the claim speaks of this request, and whether the request breaks it.

    A claim that errs says nothing, but for the consequence of an `always`: that must hold, and did not.
    """
    try:
        if claim.kind == "never":
            return True, next(choices(run, claim.body, {}), None) is not None
        scope = next(choices(run, claim.condition, {}), None)
    except Fault:
        return False, False
    if scope is None:
        return False, False
    try:
        return True, next(choices(run, claim.body, scope), None) is None
    except Fault:
        return True, True


def _fix(program: Program, claim: Claim, request: dict[str, object], documents: dict[str, object]) -> None:
    for replacement in claim.replacements:
        replace(request, documents, replacement, as_request(value(Run(program, {}, {}), replacement.value, {})))


def _result(
    claim: Claim,
    status: Literal["unbroken", "broken", "error"],
    tried: int,
    spoken_of: int,
    counterexample: Mapping[str, object] | None = None,
    documents: Mapping[str, object] | None = None,
    verdict: str = "",
    error: str = "",
) -> ClaimResult:
    return ClaimResult(
        claim.name,
        claim.package,
        claim.kind,
        status,
        claim.at.place,
        tried,
        spoken_of,
        counterexample,
        documents,
        verdict,
        error,
    )
