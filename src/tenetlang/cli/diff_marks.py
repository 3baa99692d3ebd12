"""What changed between two policies, for programs: JSON, annotations of GitHub, and a comment in Markdown.

In Markdown all that comes from a policy or a request stands between backticks, more of them than it holds itself, and in one line:
it can close neither the code nor the cell, mention nobody and load no picture. The comment is cut before GitHub's limit of 65,536
characters, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tenetlang.analysis.comparison.declared import Change
from tenetlang.analysis.comparison.diff import Diff, Outcome, Region, Untold
from tenetlang.cli.diff_text import (
    HEADINGS,
    change_words,
    condition_words,
    example,
    is_weaker,
    kind_of,
    ordered,
    rules_words,
    summary,
    untold_words,
    where_words,
)
from tenetlang.program.program import Program
from tenetlang.report.regions import region_words
from tenetlang.report.visible import visible

_MOST_TEXT = 60_000


def as_json(found: Diff) -> dict[str, object]:
    """All of it as JSON values."""
    return {
        "equal": not (found.changes or found.regions or found.untold),
        "weaker": is_weaker(found),
        "regions": [_region(region) for region in ordered(found.regions)],
        "changes": [_change(change) for change in found.changes],
        "undecided": [_untold(item) for item in found.untold],
        "tools": found.tools,
        "searched": found.searched,
    }


def _region(region: Region) -> dict[str, object]:
    return {
        "kind": kind_of(region),
        "tool": region.tool,
        "where": region_words(region.where),
        "old": _outcome(region.old),
        "new": _outcome(region.new),
        "weaker": region.weaker,
        "witness": region.request,
        "documents": region.documents,
    }


def _outcome(outcome: Outcome) -> dict[str, object]:
    return {
        "verdict": outcome.verdict,
        "decided_by": list(outcome.decided_by),
        "reviewers": list(outcome.reviewers),
        "obligations": list(outcome.obligations),
    }


def _change(change: Change) -> dict[str, object]:
    return {
        "kind": change.kind,
        "name": change.name,
        "part": change.part or None,
        "before": change.before,
        "after": change.after,
        "direction": change.direction,
    }


def _untold(item: Untold) -> dict[str, object]:
    return {
        "tool": item.tool,
        "old": item.old,
        "new": item.new,
        "reason": item.reason,
        "where": region_words(item.where) if item.where else None,
        "terms": list(item.terms),
    }


# ---------------------------------------------------------------------------------------------------------------- github


def github(found: Diff, new: Program, prefix: str) -> str:
    """One annotation for each region, at the rule that now decides, and one for whatever else is to be looked at."""
    places = {rule.shown_name: rule.at for package in new.packages for rule in package.rules}
    lines: list[str] = []
    for region in ordered(found.regions):
        at = next((places[name] for name in region.new.decided_by if name in places), None)
        where = ""
        if at is not None:
            file = at.text.name.removeprefix(prefix)
            where = f"file={_property(file)},line={at.line},"
        level = "warning" if region.weaker else "notice"
        verdicts = f"{region.old.verdict} → {region.new.verdict} ({rules_words(region)})"
        conditions = f"%0A{_data(condition_words(region))}" if region.conditions is not None else ""
        message = f"{_data(where_words(region))}%0A{_data(verdicts)}{conditions}%0A{_data(example(region))}"
        lines.append(f"::{level} {where}title={HEADINGS[kind_of(region)]}::{message}")
    for change in found.changes:
        level = "warning" if change.direction in {"weaker", "unclear"} else "notice"
        lines.append(f"::{level} title=declared differently::{_data(change_words(change))}")
    lines += [f"::warning title=not told::{_data(untold_words(item))}" for item in found.untold]
    return "".join(f"{line}\n" for line in lines)


def _data(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# -------------------------------------------------------------------------------------------------------------- markdown


def markdown(found: Diff, old: str, new: str) -> str:
    """A comment for a pull request."""
    head = [f"### What {_code(old)} → {_code(new)} changes", "", f"{summary(found)}."]
    taken = sum(map(len, head))
    lines, left = list(head), 0
    for line in _markdown_lines(found):
        taken += len(line) + 1
        if taken > _MOST_TEXT:
            left += line != ""
        else:
            lines.append(line)
    if left:
        lines += ["", f"This is too long for a comment: {left} more lines are left out. `tenet diff` shows them."]
    return "\n".join(lines) + "\n"


_MARKS: Mapping[str, str] = {
    "newly-allowed": "🔴",
    "newly-escalated": "🟠",
    "fewer-obligations": "🟡",
    "fewer-reviewers": "🟡",
    "no-longer-allowed": "🟢",
    "newly-denied": "🟢",
    "more-obligations": "🟢",
    "more-reviewers": "🟢",
}


def _markdown_lines(found: Diff) -> Iterator[str]:
    if found.regions:
        yield from ("", "| | tool | requests | verdict | decided by | for example |", "|---|---|---|---|---|---|")
    for region in ordered(found.regions):
        kind = kind_of(region)
        where = region_words(region.where)
        verdicts = f"{region.old.verdict} → {region.new.verdict}"
        if region.conditions is not None:
            verdicts += f": {_code(condition_words(region))}"
        tool = "" if region.tool is None else _code(region.tool)
        cells = (
            f"{_MARKS[kind]} {HEADINGS[kind]}", tool, _code(where), verdicts, _code(rules_words(region)), _code(example(region))
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |"
    for heading, items in (
        ("Declared differently", list(map(_marked, found.changes))),
        ("Not told", [_code(untold_words(item)) for item in found.untold]),
    ):
        if items:
            yield from ("", f"**{heading}**", "")
            yield from (f"- {item}" for item in items)


def _marked(change: Change) -> str:
    noted = {"weaker": "🔴 ", "unclear": "🟡 ", "stricter": "🟢 ", "none": ""}
    return f"{noted[change.direction]}{_code(change_words(change))}"


def _code(text: str) -> str:
    """The text between backticks; within a table a bar needs its backslash even there."""
    shown = visible(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
