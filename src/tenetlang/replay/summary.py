"""What a replay found: counts, the first of what is wrong, and what changed, in groups.

Summaries of chunks are merged in the order of the input, so the first of anything is the first of the whole. Everything is
bounded but the counts: groups, examples and the records that are named. What goes beyond is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.decision import Verdict

MOST_NAMED: Final = 100
"""Mismatches and problems that are named; further ones are counted."""

MOST_GROUPS: Final = 1000
LONGEST_EXAMPLE: Final = 16_384
"""Bytes of a request that is shown as an example, as JSON."""

Kind: TypeAlias = Literal[
    "newly-allowed", "newly-escalated", "fewer-obligations", "fewer-reviewers",
    "newly-denied", "no-longer-allowed", "more-obligations", "more-reviewers", "other-rules", "decided",
]  # fmt: skip
"""What became of a request: the names are those of `tenet diff`, and two more. `other-rules`: the same verdict by others;
`decided`: there is no decision to compare with."""

WEAKER: Final[frozenset[Kind]] = frozenset(
    {"newly-allowed", "newly-escalated", "fewer-obligations", "fewer-reviewers"}
)  # fmt: skip

_RANKS: Final[Mapping[tuple[str, str], int]] = {
    ("deny", "allow"): 0,
    ("deny", "escalate"): 1,
    ("escalate", "allow"): 2,
}
_KIND_RANKS: Final[Mapping[Kind, int]] = {
    "fewer-obligations": 3,
    "fewer-reviewers": 4,
    "newly-denied": 5,
    "no-longer-allowed": 6,
    "more-obligations": 7,
    "more-reviewers": 8,
    "other-rules": 9,
    "decided": 10,
}


@attrs.frozen
class Place:
    """Where something stands: the index of a record with its identifier, or the number of a line; None for what has no place."""

    number: int | None
    identifier: str | None = None


@attrs.frozen
class Problem:
    """Something of the input that can't be decided again because it is not what was written."""

    place: Place
    detail: str


@attrs.frozen
class Mismatch:
    """A record that its own policy decides otherwise: the members that differ, with what was recorded and what came out."""

    place: Place
    differs: tuple[str, ...]
    recorded: str
    decided: str


@attrs.frozen
class Change:
    """What requests of a group have in common. The rules are what `decided_by` says."""

    kind: Kind
    before: Verdict | None
    after: Verdict
    rules_before: tuple[str, ...]
    rules_after: tuple[str, ...]
    lost: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[int, str, str]:
        """The most dangerous first."""
        rank = _RANKS.get((self.before or "", self.after))
        return (_KIND_RANKS[self.kind] if rank is None else rank, self.before or "", self.after)


@attrs.frozen
class Example:
    """The first request of a group; `request` is None where it is too long to be shown."""

    place: Place
    request: object | None


@attrs.define
class Group:
    """How many requests changed in one way, and the first of them."""

    count: int
    example: Example


@attrs.define
class Summary:
    """All that a replay says. `counts` are by the words of `compare.py`, `verdicts` by (recorded, decided)."""

    counts: Counter[str] = attrs.field(factory=Counter)
    verdicts: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    changes: dict[Change, Group] = attrs.field(factory=dict)
    further_changes: int = 0
    mismatches: list[Mismatch] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)
    documents: Counter[str] = attrs.field(factory=Counter)

    @property
    def weaker(self) -> bool:
        """Whether something became less restrictive."""
        return any(change.kind in WEAKER for change in self.changes) or any(
            self.counts[f"beyond {kind}"] for kind in WEAKER
        )

    @property
    def changed(self) -> bool:
        """Whether anything is decided in another way than before."""
        return any(change.kind != "decided" for change in self.changes) or self.further_changes > 0

    def ordered(self) -> list[tuple[Change, Group]]:
        """The groups, the most dangerous first, of these the largest."""
        return sorted(
            self.changes.items(),
            key=lambda item: (item[0].order, -item[1].count, attrs.astuple(item[0])),
        )


def note_change(summary: Summary, change: Change, count: int, example: Example) -> None:
    """So many more requests that changed like this, of which the example is the first."""
    group = summary.changes.get(change)
    if group is not None:
        group.count += count
    elif len(summary.changes) < MOST_GROUPS:
        summary.changes[change] = Group(count, example)
    else:
        if change.kind != "decided":
            summary.further_changes += count
        summary.counts[f"beyond {change.kind}"] += count


def merge(summary: Summary, further: Summary) -> None:
    """Adds what comes later in the input."""
    summary.counts.update(further.counts)
    summary.verdicts.update(further.verdicts)
    summary.documents.update(further.documents)
    summary.further_changes += further.further_changes
    summary.mismatches += further.mismatches[: MOST_NAMED - len(summary.mismatches)]
    summary.problems += further.problems[: MOST_NAMED - len(summary.problems)]
    for change, group in further.changes.items():
        note_change(summary, change, group.count, group.example)
