"""Checks whether a log tells whole stories: every allowance has its outcome, every escalation its one end, no number of an
enforcement point is missing, every bundle that decided was put into force.

This is not part of `verify_log`, for three reasons. That finds what was changed, and the records found here are as they were
written. It gives the same answer at any time and place, while an outcome is missing only after a while. And a log can be sound
that is written by somebody who reports no outcomes. So here is a second question with its own answer, to be asked of a log that
is verified: who has the key to a log can still leave things out of it, and this finds what that leaves behind.

The log is read once, and a second time where an outcome comes too late to remember its decision. Memory holds what is open.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

import attrs

from tenetlang.audit.completeness.counts import Counts, finish_counts, take_close, take_number
from tenetlang.audit.completeness.escalations import Escalations, finish_escalations, take_escalated, take_step
from tenetlang.audit.completeness.outcomes import (
    Outcomes,
    finish_outcomes,
    look_up,
    take_intent,
    take_outcome,
)
from tenetlang.audit.completeness.reports import MOST_FOLLOWED, Report
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.kinds import KINDS
from tenetlang.audit.records.shape import shape_mistake
from tenetlang.audit.show import log_entries, parsed_record
from tenetlang.audit.verify import PROBLEM_LIMIT, Problem

PATIENCE = 15 * 60 * 1_000_000_000
"""How long after its decision an outcome may come if nothing else is said, in nanoseconds."""


@attrs.frozen
class Completeness:
    """What was found. `problems` are the first ones, by the records at which they are seen; `further` counts those beyond.

    `intents` counts all, `enforced` those of an enforcement point, and `points` these points; of these `open_points` never
    said that they were done, so that it is not known whether their last intents are there. `uncounted` are enforced and have no
    number. `unreadable` counts records that are damaged: what depends on them can't be told.
    """

    ok: bool
    intents: int
    enforced: int
    points: int
    open_points: int
    uncounted: int
    unreadable: int
    problems: tuple[Problem, ...]
    further: int


@attrs.define
class _Walk:
    report: Report
    outcomes: Outcomes = attrs.field(factory=Outcomes)
    escalations: Escalations = attrs.field(factory=Escalations)
    counts: Counts = attrs.field(factory=Counts)
    bundles: set[object] = attrs.field(factory=set)
    never_activated: set[object] = attrs.field(factory=set)
    intents: int = 0
    enforced: int = 0
    uncounted: int = 0
    unreadable: int = 0


def check_completeness(
    path: str | os.PathLike[str],
    now: int,
    *,
    patience: int = PATIENCE,
    limit: int = PROBLEM_LIMIT,
    wanted: Callable[[int | None], bool] = lambda _: True,
    progress: Callable[[], None] = lambda: None,
) -> Completeness:
    """Checks a log's database or an export of it, as of `now` (nanoseconds since 1970).

    `patience` is how many nanoseconds after its decision an outcome may come, and after its deadline an escalation's end.
    Only problems of the records that are `wanted` by their index are reported (`filters.Related`); None stands for no record.
    Raises what `show` raises; it is for a log that `verify_log` finds sound.
    """
    walk = _Walk(Report(now, patience, limit, wanted=wanted))
    for index, record in _records(path):
        progress()
        if shape_mistake(record) is not None:
            walk.unreadable += 1
        else:
            _take(walk, index, record)
    if walk.outcomes.to_look_up:
        look_up(walk.outcomes, _records(path), walk.report)
    finish_outcomes(walk.outcomes, walk.report)
    finish_escalations(walk.escalations, walk.report)
    finish_counts(walk.counts, walk.report)
    if walk.unreadable:
        walk.report(
            None,
            "unreadable",
            f"{walk.unreadable:,} records are damaged, and left out here; `tenet audit verify` names them",
        )
    report = walk.report
    problems = sorted(report.problems, key=lambda problem: (problem.index is None, problem.index or 0))
    open_points = sum(point.closed is None for point in walk.counts.points.values())
    return Completeness(
        ok=not problems and not report.further,
        intents=walk.intents,
        enforced=walk.enforced,
        points=len(walk.counts.points),
        open_points=open_points,
        uncounted=walk.uncounted,
        unreadable=walk.unreadable,
        problems=tuple(problems),
        further=report.further,
    )


def _records(path: str | os.PathLike[str]) -> Iterator[tuple[int, Mapping[str, object]]]:
    """The records; one that is damaged is an empty one."""
    with closing(log_entries(path)) as entries:
        for entry in entries:
            parsed = parsed_record(entry.record) if leaf_hash(entry.record) == entry.leaf else None
            yield entry.index, parsed if isinstance(parsed, dict) else {}


def _take(walk: _Walk, index: int, record: Mapping[str, object]) -> None:
    kind = record["kind"]
    assert isinstance(kind, str)
    match kind:
        case "intent":
            _take_intent(walk, index, record)
        case "outcome":
            take_outcome(walk.outcomes, index, record, walk.report)
        case "policy.activated" if len(walk.bundles) < MOST_FOLLOWED:
            walk.bundles.add(record["bundle"])
        case "point.closed":
            take_close(walk.counts, index, record, walk.report)
        case _ if kind.startswith("escalation.") and kind in KINDS:
            take_step(walk.escalations, index, record, walk.report)
        case _:
            pass


def _take_intent(walk: _Walk, index: int, record: Mapping[str, object]) -> None:
    who, policy, decided = record["who"], record["policy"], record["decided"]
    assert isinstance(who, dict)
    assert isinstance(policy, dict)
    assert isinstance(decided, dict)
    verdict, point, number, bundle = decided["verdict"], who["point"], who["point_count"], policy["bundle"]
    walk.intents += 1
    take_intent(walk.outcomes, index, record, verdict, point, walk.report)
    if point is None:
        return
    walk.enforced += 1
    if verdict == "escalate":
        take_escalated(walk.escalations, index, record)
    if number is None:
        walk.uncounted += 1
    else:
        take_number(walk.counts, index, point, number, walk.report)
    if walk.bundles and bundle not in walk.bundles and bundle not in walk.never_activated:
        if len(walk.never_activated) < MOST_FOLLOWED:
            walk.never_activated.add(bundle)
        walk.report(index, "never-activated", f"{bundle} decides, from here on, and was never put into force")
