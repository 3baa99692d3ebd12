"""What is shared by those who look for stories that are not whole: where they report to, and what time it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from tenetlang.audit.verify import Problem
from tenetlang.values.faults import ValueFault
from tenetlang.values.times import duration_text, parse_time

MOST_FOLLOWED: Final = 100_000
"""So many stories of each sort are followed at once; what is beyond is said, and not followed."""


@attrs.define
class Report:
    """The problems so far, the first ones of them kept. `now` and `patience` are nanoseconds: the time at which it is looked,
    and how long after its decision an outcome may come. Problems of records that are not `wanted` are left out."""

    now: int
    patience: int
    limit: int
    problems: list[Problem] = attrs.field(factory=list)
    further: int = 0
    wanted: Callable[[int | None], bool] = lambda _: True

    def __call__(self, index: int | None, what: str, detail: str) -> None:
        """Reports a problem at the record of an index."""
        if not self.wanted(index):
            return
        if len(self.problems) < self.limit:
            self.problems.append(Problem(index, what, detail))
        else:
            self.further += 1

    def overdue(self, since: str) -> bool:
        """Whether the patience with what was to follow at once is over. So it is with a time that is not yet, by more than that:
        a clock was wrong, and what it says must not put off the question for years."""
        return abs(self.now - moment(since)) > self.patience

    def waited(self, since: str) -> str:
        """In words, how much later than a time it is looked, or how much earlier where a clock was ahead."""
        seconds = (self.now - moment(since)) // 1_000_000_000
        return f"{duration_text(abs(seconds) * 1_000_000_000)} {'earlier' if seconds < 0 else 'later'}"


def moment(text: str) -> int:
    """A record's time in nanoseconds since 1970. One that no calendar has is long ago, and so everything is overdue."""
    try:
        return int(parse_time(text))
    except ValueFault:
        return 0


def words(listed: object) -> list[object]:
    """The entries of a list of a record, or the first of a long one."""
    if isinstance(listed, Mapping):
        listed = listed.get("first")
    return listed if isinstance(listed, list) else []
