"""What the stage has noticed so far: findings, each mistake once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import attrs

from tenetlang.report.finding import Finding
from tenetlang.report.nearest import MOST_NAMES, nearest
from tenetlang.text import Span

_MOST_COMPARISONS = 200_000
"""A policy with thousands of unknown names and thousands of known ones gets suggestions for the first, and its findings soon."""


@attrs.define
class Notes:
    """Collects findings. A second finding of one check at one place is dropped, whatever it says, unless it is told apart by
    `each`. `comparisons` says how many names may still be looked at for suggestions, and `said` how often something was to be
    said or suggested so far."""

    found: dict[tuple[str, int, str, str], Finding] = attrs.field(factory=dict)
    comparisons: int = _MOST_COMPARISONS
    said: int = 0

    def add(
        self,
        check: str,
        at: Span,
        variant: str = "",
        also: tuple[tuple[str, Span], ...] = (),
        rules: tuple[str, ...] = (),
        each: str = "",
        **details: str | None,
    ) -> None:
        """Note a finding. A detail that is None is left out, so that optional wordings are silent."""
        self.said += 1
        key = (at.text.name, at.start, check, each)
        if key not in self.found:
            given = {name: detail for name, detail in details.items() if detail is not None}
            self.found[key] = Finding(check, at, given, variant, also, rules)

    def nearest(self, name: str, names: Iterable[str]) -> str | None:
        """The one of `names` that is nearest to an unknown one, to be suggested instead; None where none is near."""
        self.said += 1
        known = tuple(islice(names, min(self.comparisons, MOST_NAMES)))
        self.comparisons -= len(known)
        return nearest(name, known)

    def has(self, *checks: str) -> bool:
        """Whether there is a finding of one of these checks."""
        return any(finding.check in checks for finding in self.found.values())

    def ordered(self) -> tuple[Finding, ...]:
        """All of them, by file, place and check."""
        return tuple(sorted(self.found.values(), key=_place))


def _place(finding: Finding) -> tuple[str, int, int, str, str, tuple[tuple[str, str], ...]]:
    details = tuple(sorted(finding.details.items()))
    return (finding.at.text.name, finding.at.start, finding.at.end, finding.check, finding.variant, details)


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names as a finding shows them: in backticks, with commas, cut where there are very many."""
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
