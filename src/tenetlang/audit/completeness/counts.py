"""Finds the intents that an enforcement point numbered and that are not in the log.

Numbers may come in another order (`points`), so a number that is skipped is only missing at the end. The numbers that are
missing are kept as ranges, of which an honest log has few.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from tenetlang.audit.completeness.reports import MOST_FOLLOWED, Report, words

_MOST_RANGES: Final = 1000


@attrs.define
class _Range:
    first: int
    last: int
    before: int
    """The record that is numbered after it."""


@attrs.define
class _Point:
    last: int = 0
    index: int = 0
    missing: list[_Range] = attrs.field(factory=list)
    closed: int | None = None
    unused: int = 0


@attrs.define
class Counts:
    """The enforcement points by name."""

    points: dict[str, _Point] = attrs.field(factory=dict)
    unfollowed: int = 0


def take_number(counts: Counts, index: int, name: str, number: int, report: Report) -> None:
    """Takes the number of an intent."""
    point = _point(counts, name)
    if point is None:
        return
    if point.closed is not None and number > point.closed:
        report(index, "after-close", f"{name} said that it was done after {point.closed:,}, and this is its {number:,}")
    if number > point.last:
        if number > point.last + 1:
            _miss(point, _Range(point.last + 1, number - 1, index), name, report)
        point.last, point.index = number, index
        return
    if not _came(point, number):
        report(index, "repeated", f"{name} has numbered another intent with {number:,} already")


def take_close(counts: Counts, index: int, record: Mapping[str, object], report: Report) -> None:
    """Takes the record in which a point says how far its numbers went."""
    name, count, unused = str(record["point"]), record["count"], record["unused"]
    assert isinstance(count, int)
    point = _point(counts, name)
    if point is None:
        return
    if point.closed is not None:
        report(index, "second-close", f"{name} was closed already")
        return
    point.closed = count
    if point.last > count:
        report(
            index,
            "after-close",
            f"{name} says that it was done after {count:,}, and record {point.index} has its {point.last:,}",
        )
    elif point.last < count:
        _miss(point, _Range(point.last + 1, count, index), name, report)
        point.last = count
    numbers = [number for number in words(unused) if isinstance(number, int) and _came(point, number)]
    if isinstance(unused, Mapping):  # a long list, of which the rest stands in the payload
        said = unused.get("count")
        point.unused = max(0, said - len(numbers)) if isinstance(said, int) else 0


def finish_counts(counts: Counts, report: Report) -> None:
    """Reports the numbers that did not come."""
    for name, point in counts.points.items():
        if point.unused:
            _report_many(point, name, report)
        else:
            for part in point.missing:
                _report(part, name, report)
    if counts.unfollowed:
        report(
            None,
            "unfollowed",
            f"{counts.unfollowed:,} intents are not counted: there are more than {MOST_FOLLOWED:,} enforcement points",
        )


def _point(counts: Counts, name: str) -> _Point | None:
    point = counts.points.get(name)
    if point is None:
        if len(counts.points) >= MOST_FOLLOWED:
            counts.unfollowed += 1
            return None
        point = counts.points[name] = _Point()
    return point


def _came(point: _Point, number: int) -> bool:
    """Takes a number out of those that are missing, if it is one."""
    for place, missing in enumerate(point.missing):
        if missing.first <= number <= missing.last:
            parts = (
                _Range(missing.first, number - 1, missing.before),
                _Range(number + 1, missing.last, missing.before),
            )
            point.missing[place : place + 1] = [part for part in parts if part.first <= part.last]
            return True
    return False


def _miss(point: _Point, missing: _Range, name: str, report: Report) -> None:
    if len(point.missing) >= _MOST_RANGES:
        _report(point.missing.pop(0), name, report)
    point.missing.append(missing)


def _report(missing: _Range, name: str, report: Report) -> None:
    which = f"{missing.first:,}" if missing.first == missing.last else f"{missing.first:,} to {missing.last:,}"
    report(missing.before, "gap", f"{name} has numbered intents that are not in the log: {which}")


def _report_many(point: _Point, name: str, report: Report) -> None:
    """What is missing at a point that has a long list of numbers that it did not use, of which only the first are known."""
    missing = sum(part.last - part.first + 1 for part in point.missing)
    if missing > point.unused:
        report(
            point.missing[0].before,
            "gap",
            f"{name} has numbered {missing - point.unused:,} intents that are not in the log, beside {point.unused:,} numbers "
            "that it did not use",
        )
