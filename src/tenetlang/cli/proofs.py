"""Proofs of claims and comparisons of two policies, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from tenetlang.analysis.proofs.opinion import SecondOpinion
from tenetlang.analysis.proofs.prove import (
    Comparison,
    Compatible,
    Counterexample,
    Differs,
    Proof,
    Proved,
    Relation,
    Unproved,
    Untold,
    is_weaker,
    terms_in_the_way,
)
from tenetlang.analysis.questions import Undecided
from tenetlang.cli.output import Paint, plain
from tenetlang.decision import Decision
from tenetlang.program.program import Claim
from tenetlang.report.json import write
from tenetlang.report.visible import visible

Status: TypeAlias = Literal["proved", "broken", "undecided", "skipped"]

_MOST_TERMS = 3
_REASONS: Mapping[str, str] = {
    "not-shown": "no request was found that shows it, and no proof that there is none",
    "too-large": "the conditions are too large to be taken apart",
    "too-many-cases": "there are too many cases",
    "bad-with": "what a `with` line says errs, or can't be computed",
}


@attrs.frozen
class ProofResult:
    """A claim with what came of it. `shown` is how people know it; `ad_hoc` says that it stands in no file. `tried` counts the
    requests that were made up, where it could not be told otherwise; `vacuous`: it holds because it is about no request."""

    claim: Claim
    shown: str
    ad_hoc: bool
    proof: Proof
    tried: int = 0
    vacuous: bool = False

    @property
    def place(self) -> str:
        """Where it is written, as the beginning of a line."""
        return "" if self.ad_hoc else f"{visible(self.claim.at.place)}: "


@attrs.frozen
class ComparisonResult:
    """What came of comparing the policy with the one at `base`, tool by tool; `recounted` are counters that they count
    differently."""

    relation: Relation
    base: str
    tools: tuple[Comparison, ...]
    recounted: tuple[str, ...] = ()


def status(proof: Proof | Comparison) -> Status:
    """What it came to, in one word."""
    match proof:
        case Compatible(only_second=True):
            return "skipped"
        case Proved() | Compatible():
            return "proved"
        case Counterexample() | Differs():
            return "broken"
        case Unproved() | Untold():
            return "undecided"


def statuses_of(claims: Sequence[ProofResult], comparisons: Sequence[ComparisonResult]) -> list[Status]:
    """The words for all claims and all tools; what there was nothing to compare for is left out."""
    found = [status(item.proof) for item in claims] + [status(tool) for item in comparisons for tool in item.tools]
    return [word for word in found if word != "skipped"]


def summary(found: Sequence[Status]) -> str:
    """`3 proved, 1 broken`; none of what there is none."""
    words: tuple[Status, ...] = ("proved", "broken", "undecided")
    return ", ".join(f"{found.count(word)} {word}" for word in words if found.count(word) or word == "proved")


def proved_words(*, vacuous: bool) -> str:
    """What is said of a claim that is proved."""
    return "proved, but only because it is about no request at all" if vacuous else "proved for all requests"


def reason(why: Undecided) -> str:
    """Why it could not be told, in a few words."""
    terms = [f"`{visible(term)}`" for term in terms_in_the_way(why)]
    if len(terms) > _MOST_TERMS:
        terms = [*terms[:_MOST_TERMS], f"{len(terms) - _MOST_TERMS} more"]
    because = f", because of {', '.join(terms)}" if terms else ""
    return _REASONS.get(why.reason, why.reason) + because


# ------------------------------------------------------------------------------------------------------------ for people

_MARKS: Mapping[Status, str] = {"proved": "✓", "broken": "✗", "undecided": "?", "skipped": "·"}


def _mark(word: Status, paint: Paint) -> str:
    return paint(_MARKS[word], "good" if word == "proved" else "quiet" if word == "skipped" else "bad")


def proof_lines(result: ProofResult, paint: Paint = plain) -> Iterator[str]:
    """One line for a claim that is proved; more for one that is not."""
    word = status(result.proof)
    told = proved_words(vacuous=result.vacuous) if word == "proved" else word
    yield f"{_mark(word, paint)} {visible(result.shown)}: {told}"
    match result.proof:
        case Counterexample(_, request, documents, verdict):
            yield f"    {result.place}this request breaks it; the verdict is {verdict}"
            yield from _request_lines(request, documents)
        case Unproved(tools):
            for tool, why in tools:
                about = "" if tool is None else f"for the tool {visible(tool)}, "
                yield f"    {result.place}{about}{reason(why)}"
            if result.tried:
                yield f"    none of {result.tried:,} requests that were made up breaks it"
        case Proved():
            pass


def _request_lines(request: Mapping[str, object], documents: Mapping[str, object]) -> Iterator[str]:
    yield f"      {write(request)}"
    if documents:
        yield f"      with the documents {write(documents)}"


_HEADINGS: Mapping[Relation, str] = {
    "refines": "nothing that {base} denies or escalates becomes weaker",
    "equivalent": "the verdicts are those of {base}",
}


def comparison_lines(result: ComparisonResult, paint: Paint = plain) -> Iterator[str]:
    """A heading, and a line for each tool, or more for one that differs."""
    base = visible(result.base)
    yield paint(_HEADINGS[result.relation].format(base=base), "heading")
    for name in result.recounted:
        yield f"  {visible(name)} counts otherwise in {base}; a request has one value for both"
    for item in result.tools:
        word = status(item)
        name = "all requests" if item.tool is None else visible(item.tool)
        head = f"{_mark(word, paint)} {name}: "
        match item:
            case Compatible(only_second=True):
                yield f"{head}not in {base}, which denies it as unknown; nothing to compare"
            case Compatible():
                yield f"{head}proved for all requests"
            case Untold(_, why):
                yield f"{head}undecided; {reason(why)}"
            case Differs(_, difference):
                first, second = difference.first, difference.second
                step = f"{paint(first.verdict, first.verdict)} → {paint(second.verdict, second.verdict)}"
                yield f"{head}{step}{', weaker' if is_weaker(difference) else ', stricter'}"
                yield from _request_lines(difference.request, difference.documents)
                yield f"      there {_decided(first)}; here {_decided(second)}"


def _decided(decision: Decision) -> str:
    return f"{decision.verdict} by {visible(', '.join(decision.decided_by))}"


# ----------------------------------------------------------------------------------------------------------- for programs


def proof_json(result: ProofResult) -> dict[str, object]:
    """A claim and what came of it."""
    claim, proof = result.claim, result.proof
    shape: dict[str, object] = {
        "name": result.shown if result.ad_hoc else claim.name,
        "package": claim.package,
        "kind": claim.kind,
        "at": None if result.ad_hoc else claim.at.place,
        "status": status(proof),
        "tool": None,
        "counterexample": None,
        "documents": None,
        "verdict": None,
        "undecided": [],
        "sampled": result.tried,
        "vacuous": result.vacuous,
    }
    match proof:
        case Counterexample(tool, request, documents, verdict):
            shape |= {"tool": tool, "counterexample": request, "documents": documents, "verdict": verdict}
        case Unproved(tools):
            shape["undecided"] = [{"tool": tool, **_why_json(why)} for tool, why in tools]
        case Proved():
            pass
    return shape


def _why_json(why: Undecided) -> dict[str, object]:
    return {"reason": why.reason, "terms": list(terms_in_the_way(why))}


def comparison_json(result: ComparisonResult) -> dict[str, object]:
    """A comparison with all its tools."""
    return {
        "relation": result.relation,
        "base": result.base,
        "recounted": list(result.recounted),
        "tools": [_tool_json(item) for item in result.tools],
    }


def _tool_json(item: Comparison) -> dict[str, object]:
    shape: dict[str, object] = {"tool": item.tool, "status": status(item), "only_here": False}
    match item:
        case Compatible(only_second=only):
            return {**shape, "only_here": only}
        case Untold(_, why):
            return {**shape, **_why_json(why)}
        case Differs(_, difference):
            return {
                **shape,
                "counterexample": difference.request,
                "documents": difference.documents,
                "base": _side_json(difference.first),
                "policy": _side_json(difference.second),
                "weaker": is_weaker(difference),
            }


def _side_json(decision: Decision) -> dict[str, object]:
    return {"verdict": decision.verdict, "decided_by": list(decision.decided_by)}


def solver_json(second: SecondOpinion) -> dict[str, object]:
    """How many questions were put to the solver, and what came of them."""
    return {"asked": second.asked, "settled": second.settled, "confirmed": second.confirmed}
