"""What a replay found, for people and for programs.

    1,204 of 1,210 requests decided again by acme.support (6 erased)

    newly allowed: 14
      deny → allow (default → small): 12
        record 17  {"tool": "refund", "args": {"amount": 51}}

The dangerous comes first. Whatever comes from a log, a request or a policy passes through `visible`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from tenetlang.audit.records.disclosure import showable
from tenetlang.cli.output import Paint, plain
from tenetlang.cli.shown import value_text
from tenetlang.replay.summary import WEAKER, Change, Example, Group, Kind, Mismatch, Place, Summary
from tenetlang.report.visible import visible

HEADINGS: Mapping[Kind, str] = {
    "newly-allowed": "newly allowed",
    "newly-escalated": "escalated instead of denied",
    "fewer-obligations": "allowed with fewer or other obligations",
    "fewer-reviewers": "escalated to fewer or other reviewers",
    "newly-denied": "newly denied",
    "no-longer-allowed": "escalated instead of allowed",
    "more-obligations": "allowed with more obligations",
    "more-reviewers": "escalated to more reviewers",
    "other-rules": "the same verdict by other rules",
    "decided": "decided",
}
_LONGEST = 300
_MOST_SHOWN = 20


def lines(summary: Summary, policy: str, noun: str, paint: Paint = plain, *, everything: bool = False) -> Iterator[str]:
    """All lines. `noun` is what a place is called: `record` or `line`."""
    yield from _head(summary, policy)
    for mismatch in summary.mismatches:
        yield from _mismatch(mismatch, noun, paint)
    beyond = summary.counts["mismatches"] - len(summary.mismatches)
    if beyond:
        yield f"and {beyond:,} more that are decided otherwise than recorded"
    for problem in summary.problems:
        yield f"{paint(_place(problem.place, noun), 'deny')}  {visible(problem.detail)}"
    beyond = summary.counts["problems"] - len(summary.problems)
    if beyond:
        yield f"and {beyond:,} more that can't be read"
    yield from _changes(summary, noun, paint, everything=everything)


def _head(summary: Summary, policy: str) -> Iterator[str]:
    counts = summary.counts
    lost = [
        f"{counts[name]:,} {words}"
        for name, words in (
            ("erased", "erased"),
            ("sealed", "sealed"),
            ("omitted", "too long to have been kept"),
            ("unreadable", "without a JSON form"),
            ("elsewhere", "decided by no policy"),
            ("problems", "that can't be read"),
        )
        if counts[name]
    ]
    total = counts["items"] - counts["other"]
    noun = "request" if total == 1 else "requests"
    left = f" ({', '.join(lost)})" if lost else ""
    yield f"{counts['replayed']:,} of {total:,} {noun} decided again by {visible(policy)}{left}"
    if counts["checked"]:
        other = f", {counts['mismatches']:,} not" if counts["mismatches"] else ""
        yield f"{counts['checked']:,} recorded by this policy: {counts['identical']:,} exactly as recorded{other}"
    compared = counts["same"] + counts["changed"]
    if compared:
        yield f"{compared:,} decided before by another policy: {counts['same']:,} the same, {counts['changed']:,} changed"
    if summary.documents:
        names = ", ".join(f"`{visible(name)}`" for name in sorted(summary.documents))
        yield f"other documents than recorded, so compared only: {names}"


def _mismatch(mismatch: Mismatch, noun: str, paint: Paint) -> Iterator[str]:
    differs = ", ".join(map(visible, mismatch.differs[:6]))
    yield f"{paint(_place(mismatch.place, noun), 'deny')}  not decided as recorded ({differs})"
    yield f"  recorded  {visible(mismatch.recorded)}"
    yield f"  decided   {visible(mismatch.decided)}"


def _place(place: Place, noun: str) -> str:
    where = "the input" if place.number is None else f"{noun} {place.number}"
    return where if place.identifier is None else f"{where} ({visible(place.identifier)[:40]})"


def _changes(summary: Summary, noun: str, paint: Paint, *, everything: bool) -> Iterator[str]:
    for kind, found in groupby(summary.ordered(), key=lambda item: item[0].kind):
        groups = list(found)
        count = sum(group.count for _, group in groups) + summary.counts[f"beyond {kind}"]
        yield ""
        yield f"{paint(HEADINGS[kind], 'deny' if kind in WEAKER else 'heading')}: {count:,}"
        shown = groups if everything else groups[:_MOST_SHOWN]
        for change, group in shown:
            yield f"  {_transition(change, paint)}: {group.count:,}"
            yield f"    {_example(group.example, noun)}"
        if len(shown) < len(groups) or summary.counts[f"beyond {kind}"]:
            rest = count - sum(group.count for _, group in shown)
            yield f"  and {rest:,} more in other ways"


def _transition(change: Change, paint: Paint) -> str:
    after = paint(change.after, change.after)
    if change.before is None:
        return f"{after} by {_names(change.rules_after)}"
    lost = f", without {', '.join(map(visible, change.lost))}" if change.lost else ""
    rules = f"{_names(change.rules_before)} → {_names(change.rules_after)}"
    return f"{paint(change.before, change.before)} → {after} ({rules}){lost}"


def _names(rules: Sequence[str]) -> str:
    shown = ", ".join(map(visible, rules[:4]))
    return f"{shown} and {len(rules) - 4} more" if len(rules) > 4 else shown


def _example(example: Example, noun: str) -> str:
    request = "" if example.request is None else f"  {value_text(showable(example.request), _LONGEST)}"
    return f"{_place(example.place, noun)}{request}"


# --------------------------------------------------------------------------------------------------------- for programs


def as_json(summary: Summary, noun: str) -> dict[str, object]:
    """The same for programs. Everything that is named is bounded; what is beyond is counted."""
    counts = summary.counts
    numbers = {
        name: counts[name]
        for name in (
            "replayed",
            "erased",
            "sealed",
            "omitted",
            "unreadable",
            "elsewhere",
            "checked",
            "identical",
            "same",
            "changed",
        )
    }
    return {
        "decisions": counts["items"] - counts["other"],
        **numbers,
        "verdicts": [
            {"before": before, "after": after, "count": count}
            for (before, after), count in sorted(summary.verdicts.items())
        ],
        "other_documents": sorted(summary.documents),
        "mismatches": [
            {
                **_place_json(item.place, noun),
                "differs": list(item.differs),
                "recorded": item.recorded,
                "decided": item.decided,
            }
            for item in summary.mismatches
        ],
        "further_mismatches": counts["mismatches"] - len(summary.mismatches),
        "problems": [{**_place_json(item.place, noun), "detail": item.detail} for item in summary.problems],
        "further_problems": counts["problems"] - len(summary.problems),
        "changes": [_change_json(change, group, noun) for change, group in summary.ordered()],
        "further_changes": summary.further_changes,
    }


def _place_json(place: Place, noun: str) -> dict[str, object]:
    name = "index" if noun == "record" else noun
    return {name: place.number, **({} if place.identifier is None else {"id": place.identifier})}


def _change_json(change: Change, group: Group, noun: str) -> dict[str, object]:
    return {
        "kind": change.kind,
        "weaker": change.kind in WEAKER,
        "before": change.before,
        "after": change.after,
        "rules_before": list(change.rules_before),
        "rules_after": list(change.rules_after),
        "lost": list(change.lost),
        "count": group.count,
        "example": {**_place_json(group.example.place, noun), "request": group.example.request},
    }
