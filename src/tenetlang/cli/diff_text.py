"""What changed between two policies, in words: for people, and the phrases that all formats share.

    newly allowed
      refund: args.amount above 50 and up to 100
        escalate → allow (large → small)
        {"tool": "refund", "args": {"amount": 51}}

The dangerous comes first: what is newly allowed, then what is newly escalated instead of denied, then other conditions, then
what became stricter. Whatever comes from a policy passes through `visible`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tenetlang.analysis.comparison.declared import Change
from tenetlang.analysis.comparison.diff import Diff, Region, Untold
from tenetlang.cli.output import Paint, plain
from tenetlang.decision import SEVERITY, Verdict
from tenetlang.report.json import write
from tenetlang.report.regions import region_words
from tenetlang.report.visible import visible

HEADINGS: Mapping[str, str] = {
    "newly-allowed": "newly allowed",
    "newly-escalated": "escalated instead of denied",
    "fewer-obligations": "allowed with fewer or other obligations",
    "fewer-reviewers": "escalated to fewer or other reviewers",
    "no-longer-allowed": "escalated instead of allowed",
    "newly-denied": "newly denied",
    "more-obligations": "allowed with more obligations",
    "more-reviewers": "escalated to more reviewers",
}
"""The kinds of regions, the most dangerous first."""

_LONGEST = 400


def kind_of(region: Region) -> str:
    """Which of the kinds a region is."""
    match region.old.verdict, region.new.verdict:
        case _ if region.conditions is not None:
            return f"{'fewer' if region.conditions.lost else 'more'}-{region.conditions.kind}"
        case _, "allow":
            return "newly-allowed"
        case "deny", _:
            return "newly-escalated"
        case _, "escalate":
            return "no-longer-allowed"
        case _:
            return "newly-denied"


def ordered(regions: Sequence[Region]) -> list[Region]:
    """By kind, then by tool, those that were denied first; else in the order in which they were found."""
    ranks = {kind: rank for rank, kind in enumerate(HEADINGS)}
    return sorted(
        regions, key=lambda item: (ranks[kind_of(item)], item.tool or "", -SEVERITY[item.old.verdict])
    )  # fmt: skip


def is_weaker(found: Diff) -> bool:
    """Whether something became less restrictive, or that can't be ruled out."""
    return (
        bool(found.untold)
        or any(region.weaker for region in found.regions)
        or any(change.direction in {"weaker", "unclear"} for change in found.changes)
    )


def where_words(region: Region | Untold) -> str:
    """`refund: args.amount above 50`."""
    words = visible(region_words(region.where))
    words = words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
    return words if region.tool is None else f"{visible(region.tool)}: {words}"


def rules_words(region: Region) -> str:
    """The deciding rules, of the request that shows the region."""
    return f"{_names(region.old.decided_by)} → {_names(region.new.decided_by)}"


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(visible, names))


def condition_words(region: Region) -> str:
    """What changed where the verdict did not; empty where it did."""
    match None if region.conditions is None else region.conditions.kind:
        case "reviewers":
            return f"{_names(region.old.reviewers) or 'nobody'} → {_names(region.new.reviewers) or 'nobody'}"
        case "obligations":
            return f"{_names(region.old.obligations) or 'none'} → {_names(region.new.obligations) or 'none'}"
        case None:
            return ""


def change_words(change: Change) -> str:
    """`reviewers desk, quorum: 2 → 1`."""
    name = f"{change.kind} {change.name}" + (f", {change.part}" if change.part else "")
    before, after = change.before, change.after
    if before is not None and after is not None:
        return visible(f"{name}: {before} → {after}")
    word, shown = ("added", after) if before is None else ("removed", before)
    said = f"{name}: {word}" if shown in {"there", "counted", None} else f"{name}: {word}, {shown}"
    return visible(said)


def untold_words(item: Untold) -> str:
    """What could not be told, and why."""
    between = "" if item.old is None else f" ({item.old} → {item.new})"
    match item.reason:
        case "more":
            return f"{_tool(item)}{between}: there are more regions than these"
        case "too-many-cases":
            return f"{_tool(item)}{between}: there are too many cases to go through; there may be more regions"
        case "too-large":
            return f"{_tool(item)}: its rules are too large to take apart, so nothing is known of it"
        case _:
            of = f", because of {', '.join(map(visible, item.terms))}" if item.terms else ""
            return f"{where_words(item)}{between}: whether there is such a request could not be told{of}"


def _tool(item: Untold) -> str:
    return "requests" if item.tool is None else visible(item.tool)


def example(region: Region) -> str:
    """The request, and the documents that have to go with it."""
    documents = {name: value for name, value in region.documents.items() if value not in ([], {}, None)}
    with_documents = f" with the documents {write(documents)}" if documents else ""
    return f"{write(region.request)}{with_documents}"


def summary(found: Diff) -> str:
    """`2 regions, 1 of them weaker; 3 tools of 40 looked at`."""
    count = len(found.regions)
    weaker = sum(region.weaker for region in found.regions)
    if not (count or found.changes or found.untold):
        return "no difference: every request is decided alike"
    if not count:
        said = "no region found" if found.untold else "no request is decided differently"
    else:
        said = f"{count} region{'' if count == 1 else 's'} of requests, {weaker} less restricted"
    others = len(found.changes)
    return f"{said}, {others} declaration{'' if others == 1 else 's'} changed" if others else said


def lines(found: Diff, paint: Paint = plain) -> Iterator[str]:
    """All of it for people."""
    before = ""
    for region in ordered(found.regions):
        kind = kind_of(region)
        if kind != before:
            if before:
                yield ""
            yield paint(HEADINGS[kind], "bad" if region.weaker else "heading")
            before = kind
        yield f"  {where_words(region)}"
        yield f"    {_verdicts(region, paint)} ({rules_words(region)})"
        if region.conditions is not None:
            yield f"    {condition_words(region)}"
        yield paint(f"    {example(region)}", "quiet")
    yield from _section("declared differently", map(_change_line, found.changes), paint, first=not before)
    yield from _section("not told", map(untold_words, found.untold), paint, first=not (before or found.changes))
    if found.regions or found.changes or found.untold:
        yield ""
    yield summary(found)


def _change_line(change: Change) -> str:
    noted = {"weaker": " (weaker)", "stricter": " (stricter)", "unclear": " (may be weaker)", "none": ""}
    return f"{change_words(change)}{noted[change.direction]}"


def _section(heading: str, items: Iterator[str], paint: Paint, *, first: bool) -> Iterator[str]:
    listed = list(items)
    if listed:
        if not first:
            yield ""
        yield paint(heading, "heading")
        yield from (f"  {item}" for item in listed)


def _verdicts(region: Region, paint: Paint) -> str:
    old: Verdict = region.old.verdict
    new: Verdict = region.new.verdict
    return f"{paint(old, old)} → {paint(new, new)}"
