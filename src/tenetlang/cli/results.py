"""Results of tests and claims, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from tenetlang.analysis.proofs.prove import terms_in_the_way
from tenetlang.cli.output import Paint, plain
from tenetlang.cli.proofs import proved_words, reason
from tenetlang.report.json import write
from tenetlang.report.visible import visible
from tenetlang.testing.claims import ClaimResult
from tenetlang.testing.run import TestResult

AnyResult: TypeAlias = TestResult | ClaimResult
Outcome: TypeAlias = Literal["passed", "failed"]


def outcome(result: AnyResult) -> Outcome:
    """Whether the result is good; an error is a failure."""
    return "passed" if result.status in ("passed", "unbroken") else "failed"


def title(result: AnyResult) -> str:
    """The name of the test with its row, or the claim's with its kind; may hold anything that a policy may say."""
    if isinstance(result, ClaimResult):
        return f'{result.kind} "{result.name}"'
    return f"{result.name} [{result.row}]" if result.row else result.name


def result_lines(result: AnyResult, paint: Paint = plain) -> Iterator[str]:
    """One line for a result that is good; more for one that is not, which say what is wrong."""
    good = outcome(result) == "passed"
    mark = paint("✓", "good") if good else paint("✗", "bad")
    yield f"{mark} {visible(title(result))}{_note(result)}"
    yield from (f"    {line}" for line in (_hints(result) if good else details(result)))


def details(result: AnyResult) -> Iterator[str]:
    """What is wrong with a result that is not good, and where."""
    if isinstance(result, ClaimResult):
        yield from _claim_details(result)
        return
    if result.error:
        yield f"{visible(result.at)}: {visible(result.error)}"
    for failure in result.failures:
        yield visible(failure.at)
        yield f"  expected  {visible(failure.expected)}"
        yield f"  got       {visible(failure.got)}"
        yield from (f"  {visible(line)}" for line in failure.stopped)


def summary(results: Sequence[AnyResult]) -> str:
    """`12 passed, 1 failed`."""
    failed = sum(outcome(result) == "failed" for result in results)
    return f"{len(results) - failed} passed, {failed} failed"


def _note(result: AnyResult) -> str:
    if isinstance(result, TestResult) or result.status == "error":
        return ""
    if result.status == "broken":
        return ": broken"
    if result.proved:
        return f": {proved_words(vacuous=result.vacuous)}"
    sampled = f"sampled {result.tried:,} request{'' if result.tried == 1 else 's'}"
    if result.about == 0:
        return f": {sampled}, none of them about this claim (not tested, not proved)"
    about = "all" if result.about == result.tried else f"{result.about:,}"
    return f": {sampled}, {about} of them about this claim, no counterexample (not proved)"


def _hints(result: AnyResult) -> Iterator[str]:
    if not isinstance(result, ClaimResult) or result.proved:
        return
    for tool, why in result.left:
        about = "" if tool is None else f"for the tool {visible(tool)}, "
        yield f"{visible(result.at)}: {about}{reason(why)}"
    if result.about == 0:
        conditions = "what it says of the request" if result.kind == "never" else "its `if`"
        yield f"{visible(result.at)}: no request that was made up met {conditions}; a `test` may reach it"


def _claim_details(result: ClaimResult) -> Iterator[str]:
    if result.status == "error":
        yield f"{visible(result.at)}: {visible(result.error)}"
        return
    yield f"{visible(result.at)}: this request gets {visible(result.verdict)}, which the claim rules out"
    if result.counterexample is not None:
        yield f"  {write(result.counterexample)}"
    if result.documents:
        yield f"  with the documents {write(result.documents)}"


def as_json(results: Sequence[AnyResult]) -> dict[str, object]:
    """All results, and how many there are of each kind."""
    failed = sum(outcome(result) == "failed" for result in results)
    return {
        "passed": len(results) - failed,
        "failed": failed,
        "tests": [_test_json(result) for result in results if isinstance(result, TestResult)],
        "claims": [_claim_json(result) for result in results if isinstance(result, ClaimResult)],
    }


def _test_json(result: TestResult) -> dict[str, object]:
    return {
        "name": result.name,
        "package": result.package,
        "row": result.row or None,
        "status": result.status,
        "at": result.at,
        "failures": [
            {"expected": failure.expected, "got": failure.got, "at": failure.at, "stopped": list(failure.stopped)}
            for failure in result.failures
        ],
        "error": result.error or None,
        "decision": None if result.decision is None else result.decision.to_json(),
    }


def _claim_json(result: ClaimResult) -> dict[str, object]:
    return {
        "name": result.name,
        "package": result.package,
        "kind": result.kind,
        "status": result.status,
        "proved": result.proved,
        "vacuous": result.vacuous,
        "undecided": [
            {"tool": tool, "reason": why.reason, "terms": list(terms_in_the_way(why))} for tool, why in result.left
        ],
        "at": result.at,
        "sampled": result.tried,
        "about": result.about,
        "counterexample": result.counterexample,
        "documents": result.documents,
        "verdict": result.verdict or None,
        "error": result.error or None,
    }
