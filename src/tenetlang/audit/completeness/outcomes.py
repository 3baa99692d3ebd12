"""Pairs intents with their outcomes.

An allowance at an enforcement point is *open* until its outcome comes, and has one at most. The outcome of a denial can only be
that the call was not made. Memory holds what is open, and the latest of what is not. So an outcome that comes very late, or
belongs to nothing, can't be told apart while the log is read once; such outcomes are kept, and looked up when the log is
read a second time, which is only done for their sake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from tenetlang.audit.completeness.reports import MOST_FOLLOWED, Report

_LATEST: Final = 65_536
_MADE: Final = frozenset({"ok", "error"})


@attrs.define
class _Intent:
    index: int
    at: str
    verdict: str
    outcome: int | None = None


@attrs.define
class Outcomes:
    """The intents that are open, the latest that are not, and the outcomes to look up, by the intents' identifiers."""

    open: dict[str, _Intent] = attrs.field(factory=dict)
    latest: dict[str, _Intent] = attrs.field(factory=dict)
    to_look_up: dict[str, list[tuple[int, str]]] = attrs.field(factory=dict)
    kept: int = 0
    unfollowed: int = 0


def take_intent(
    outcomes: Outcomes, index: int, record: Mapping[str, object], verdict: str, point: object, report: Report
) -> None:
    """Remembers an intent; an outcome is due if it allows and somebody enforces. One of the same identifier would hide another: one
    outcome would do for both."""
    identifier = str(record["id"])
    intent = _Intent(index, str(record["at"]), verdict)
    before = outcomes.open.get(identifier) or outcomes.latest.get(identifier)
    if before is not None:
        report(index, "second-intent", f"record {before.index} is a decision of the same identifier")
        return
    if verdict == "allow" and point is not None and identifier not in outcomes.to_look_up:
        if len(outcomes.open) >= MOST_FOLLOWED:
            del outcomes.open[next(iter(outcomes.open))]
            outcomes.unfollowed += 1
        outcomes.open[identifier] = intent
    else:
        _remember(outcomes, identifier, intent)


def take_outcome(outcomes: Outcomes, index: int, record: Mapping[str, object], report: Report) -> None:
    """Closes an intent, or says what is wrong with the outcome."""
    identifier, said = str(record["of"]), str(record["outcome"])
    intent = outcomes.open.pop(identifier, None) or outcomes.latest.get(identifier)
    if intent is None:
        if outcomes.kept < MOST_FOLLOWED:
            outcomes.kept += 1
            outcomes.to_look_up.setdefault(identifier, []).append((index, said))
        else:
            outcomes.unfollowed += 1
        return
    _check(intent, index, said, report)
    intent.outcome = index if intent.outcome is None else intent.outcome
    _remember(outcomes, identifier, intent)


def finish_outcomes(outcomes: Outcomes, report: Report) -> None:
    """Reports what stayed open for too long."""
    for intent in outcomes.open.values():
        if report.overdue(intent.at):
            report(
                intent.index,
                "no-outcome",
                f"the call was allowed, and {report.waited(intent.at)} nobody has said what became of it",
            )
    if outcomes.unfollowed:
        report(
            None,
            "unfollowed",
            f"{outcomes.unfollowed:,} intents or outcomes are not followed: more than {MOST_FOLLOWED:,} are open at once",
        )


def look_up(outcomes: Outcomes, records: Iterator[tuple[int, Mapping[str, object]]], report: Report) -> None:
    """Reads the log again for the outcomes that were kept."""
    found: dict[str, _Intent] = {}
    firsts: dict[str, int] = {}
    for index, record in records:
        match record:
            case {"kind": "intent", "id": str(identifier), "at": str(at), "decided": {"verdict": str(verdict)}}:
                if identifier in outcomes.to_look_up:
                    found.setdefault(identifier, _Intent(index, at, verdict))
            case {"kind": "outcome", "of": str(identifier)} if identifier in outcomes.to_look_up:
                firsts.setdefault(identifier, index)
            case _:
                pass
    for identifier, said in outcomes.to_look_up.items():
        intent = found.get(identifier)
        for index, outcome in said:
            if intent is None:
                report(
                    index, "outcome-of-none", f"there is no decision {identifier} of which this could be the outcome"
                )
                continue
            if index < intent.index:
                report(index, "outcome-early", f"the outcome comes before its decision, which is record {intent.index}")
            first = firsts.get(identifier, index)
            intent.outcome = first if first < index else None
            _check(intent, index, outcome, report)


def _check(intent: _Intent, index: int, said: str, report: Report) -> None:
    if intent.outcome is not None:
        report(
            index,
            "second-outcome",
            f"the decision of record {intent.index} has an outcome already, in record {intent.outcome}",
        )
    if intent.verdict != "allow" and said in _MADE:
        report(
            index,
            "not-respected",
            f"the call was made although record {intent.index} says {intent.verdict}: its outcome is `{said}`",
        )


def _remember(outcomes: Outcomes, identifier: str, intent: _Intent) -> None:
    outcomes.latest.pop(identifier, None)
    if len(outcomes.latest) >= _LATEST:
        del outcomes.latest[next(iter(outcomes.latest))]
    outcomes.latest[identifier] = intent
