"""Which records of a log are asked for: the one meaning of `--kind`, `--verdict`, `--tool` and the others, for all that reads logs.

Each part of a filter is a question to a record, and all of them must be answered with yes. Verdict, tool, agent, user and rule are of
decisions, so asking for one of them leaves all other records out; a rule is also found in the escalation that it opened, a point
in the outcomes that it recorded. What *followed* from a decision (its outcome, its escalation) has no tool of its own:
`Related` knows of each record whether it, or the decision that it is of, is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from contextlib import closing
from functools import lru_cache
from typing import Final

from tenetlang.audit.completeness.reports import words
from tenetlang.audit.records.record import time_text
from tenetlang.audit.show import log_entries, parsed_record
from tenetlang.frozen import frozen

MOST_RELATED: Final = 1_000_000
"""The followers of so many decisions are told apart; beyond them all are taken for asked for, so that nothing is left out."""

_SPARSEST: Final = 64


@frozen
class Filter:
    """What is asked for. Empty collections ask for nothing in particular; times are nanoseconds since 1970, `since` included and
    `until` not; `first` and `last` are indexes, both included."""

    kinds: Collection[str] = ()
    verdicts: Collection[str] = ()
    tools: Collection[str] = ()
    agents: Collection[str] = ()
    users: Collection[str] = ()
    rules: Collection[str] = ()
    points: Collection[str] = ()
    since: int | None = None
    until: int | None = None
    first: int | None = None
    last: int | None = None

    def __call__(self, record: Mapping[str, object]) -> bool:
        """Whether this record, as JSON values, is asked for."""
        return self.of_itself(record) and self.of_decision(record)

    def of_itself(self, record: Mapping[str, object]) -> bool:
        """The part that any record can answer: its kind, its time, its place."""
        if self.kinds and not _is_one_of(record.get("kind"), self.kinds):
            return False
        if (self.first is not None or self.last is not None) and not self._in_range(record.get("index")):
            return False
        return (self.since is None and self.until is None) or self._in_time(record.get("at"))

    def of_decision(self, record: Mapping[str, object]) -> bool:
        """The part that is of decisions, and of what names the same itself."""
        asked = (
            (self.verdicts, _at(record, "decided", "verdict")),
            (self.tools, _at(record, "what", "tool")),
            (self.agents, _at(record, "who", "agent")),
            (self.users, _at(record, "who", "user")),
        )
        if any(wanted and not _is_one_of(found, wanted) for wanted, found in asked):
            return False
        if self.rules and not any(rule in self.rules for rule in _rules(record)):
            return False
        point = record.get("point") if record.get("kind") != "intent" else _at(record, "who", "point")
        return not self.points or _is_point(point, self.points)

    def asks_of_decisions(self) -> bool:
        """Whether it asks for something that only decisions have."""
        return bool(self.verdicts or self.tools or self.agents or self.users or self.rules or self.points)

    def _in_range(self, index: object) -> bool:
        if not isinstance(index, int):
            return True
        return (self.first is None or index >= self.first) and (self.last is None or index <= self.last)

    def _in_time(self, at: object) -> bool:
        if not isinstance(at, str):
            return True
        moment = sortable(at)
        return (self.since is None or moment >= _bound(self.since)) and (
            self.until is None or moment < _bound(self.until)
        )


EVERYTHING: Final = Filter()


class Related:
    """Which records of a log are asked for, those included that followed from decisions that are. By index, after one reading of
    it; one bit for each record."""

    def __init__(self, path: str | os.PathLike[str], asked: Filter, most: int = MOST_RELATED) -> None:
        """Raises what `show` raises."""
        self._asked = asked
        self._most = most
        self._wanted = bytearray()
        self._related: set[object] = set()
        self._others = False
        self._size = read = 0
        with closing(log_entries(path)) as entries:
            for entry in entries:
                read += 1
                if not 0 <= entry.index <= _SPARSEST * read:
                    continue  # no log leaves out so many, so it was changed, and is not left out here
                record = parsed_record(entry.record)
                self._size = max(self._size, entry.index + 1)
                if not isinstance(record, dict) or self._take(record):
                    self._set(entry.index)

    def __call__(self, index: int | None) -> bool:
        """Whether the record of this index is asked for; what is of no record always is, and of one that came since."""
        if index is None or not 0 <= index < self._size:
            return True
        byte = index >> 3
        return byte < len(self._wanted) and bool(self._wanted[byte] >> (index & 7) & 1)

    def _take(self, record: Mapping[str, object]) -> bool:
        asked = self._asked
        theirs = asked.of_decision(record)
        if record.get("kind") != "intent" and asked.asks_of_decisions():
            theirs |= self._others or self._is_related(record.get("of")) or self._is_related(record.get("task"))
        if theirs and asked.asks_of_decisions():
            self._relate(record.get("id") if record.get("kind") == "intent" else record.get("task"))
        return theirs and asked.of_itself(record)

    def _is_related(self, name: object) -> bool:
        return isinstance(name, str) and name in self._related

    def _relate(self, name: object) -> None:
        if len(self._related) >= self._most:
            self._others = True
        elif isinstance(name, str):
            self._related.add(name)

    def _set(self, index: int) -> None:
        byte = index >> 3
        if byte >= len(self._wanted):
            self._wanted.extend(bytes(byte + 1 - len(self._wanted)))
        self._wanted[byte] |= 1 << (index & 7)


@lru_cache(8)
def _bound(nanoseconds: int) -> str:
    return sortable(time_text(nanoseconds))


def sortable(at: str) -> str:
    """A record's time with nine digits of its second, so that times sort as texts do."""
    whole, _, fraction = at.removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<9}"


def _at(record: Mapping[str, object], name: str, inner: str) -> object:
    part = record.get(name)
    return part.get(inner) if isinstance(part, Mapping) else None


def _is_one_of(value: object, names: Collection[str]) -> bool:
    return isinstance(value, str) and value in names


def _rules(record: Mapping[str, object]) -> list[object]:
    """The rules that a record names: those that decided or matched, and the one that an escalation is of."""
    matched = [item.get("rule") for item in words(_at(record, "decided", "matched")) if isinstance(item, Mapping)]
    found = [*words(_at(record, "decided", "decided_by")), *matched, record.get("rule")]
    return [rule for rule in found if isinstance(rule, str)]


def _is_point(point: object, wanted: Collection[str]) -> bool:
    """A point by its whole name, or all runs of one by the name of the place."""
    return isinstance(point, str) and (point in wanted or point.partition("/")[0] in wanted)
