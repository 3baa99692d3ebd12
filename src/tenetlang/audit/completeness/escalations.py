"""Follows each escalation from its opening to its one end.

Approved is what as many different people as its quorum asks for have approved, none of whom asked for the call, in time, and
over nobody's veto; and an approval is used once. When an escalation climbs to the next reviewers, the votes of those before
them count no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from tenetlang.audit.completeness.reports import MOST_FOLLOWED, Report, moment, words

_MOST_VOTES: Final = 1000


@attrs.define
class _Task:
    index: int
    quorum: int
    deadline: str
    binding: str
    requesters: frozenset[object]
    approved_by: set[str] = attrs.field(factory=set)
    denied: int | None = None
    ended: int | None = None
    end: str = ""
    expires: object = None
    used: int | None = None


@attrs.define
class Escalations:
    """The tasks by identifier, open ones and the latest of the others, and the decisions that wait for theirs."""

    open: dict[str, _Task] = attrs.field(factory=dict)
    ended: dict[str, _Task] = attrs.field(factory=dict)
    waiting: dict[str, tuple[int, str]] = attrs.field(factory=dict)
    some: bool = False
    unfollowed: int = 0


def take_escalated(escalations: Escalations, index: int, record: Mapping[str, object]) -> None:
    """Remembers a decision to ask people; its task is to follow at once."""
    if len(escalations.waiting) >= MOST_FOLLOWED:
        escalations.unfollowed += 1
    else:
        escalations.waiting[str(record["id"])] = index, str(record["at"])


def take_step(escalations: Escalations, index: int, record: Mapping[str, object], report: Report) -> None:
    """Takes a record of kind `escalation.…`."""
    identifier, kind = str(record.get("task")), record["kind"]
    task = escalations.open.get(identifier)
    match kind:
        case "escalation.opened":
            _open(escalations, index, identifier, record, report)
        case "escalation.used":
            _use(escalations, index, identifier, record, report)
        case "escalation.ended" if task is not None:
            _end(escalations, index, identifier, task, record, report)
        case _ if task is None:
            ended = escalations.ended.get(identifier)
            late = kind == "escalation.decided" and record["counted"] is False
            if ended is None:
                report(index, "no-escalation", f"no escalation {identifier} is open, and none of late was")
            elif kind == "escalation.ended":
                report(
                    index,
                    "second-end",
                    f"the escalation of record {ended.index} ended already, in record {ended.ended}",
                )
            elif kind in {"escalation.decided", "escalation.climbed"} and not late:
                report(index, "after-end", f"the escalation of record {ended.index} had ended in record {ended.ended}")
        case "escalation.decided":
            _vote(index, task, record, report)
        case "escalation.climbed":
            quorum = record["quorum"]
            assert isinstance(quorum, int)
            task.quorum, task.deadline = quorum, str(record["deadline"])
            task.approved_by.clear()
        case _:
            pass


def finish_escalations(escalations: Escalations, report: Report) -> None:
    """Reports what never ended, and decisions whose task never was."""
    for task in escalations.open.values():
        if report.now - moment(task.deadline) > report.patience:
            report(
                task.index,
                "no-end",
                f"the escalation was to end by {task.deadline}, and {report.waited(task.deadline)} it has not",
            )
    if escalations.some:
        for index, at in escalations.waiting.values():
            if report.overdue(at):
                report(index, "not-opened", "people were to be asked, and no escalation was opened")
    if escalations.unfollowed:
        report(
            None,
            "unfollowed",
            f"{escalations.unfollowed:,} escalations are not followed: more than {MOST_FOLLOWED:,} are open at once",
        )


def _open(escalations: Escalations, index: int, identifier: str, record: Mapping[str, object], report: Report) -> None:
    escalations.some = True
    escalations.waiting.pop(str(record["of"]), None)
    before = escalations.open.get(identifier) or escalations.ended.get(identifier)
    if before is not None:
        report(index, "second-opening", f"the escalation {identifier} was opened already, in record {before.index}")
        return
    if len(escalations.open) >= MOST_FOLLOWED:
        escalations.unfollowed += 1
        return
    quorum = record["quorum"]
    assert isinstance(quorum, int)
    requesters = frozenset(name for name in words(record["requesters"]) if isinstance(name, str))
    escalations.open[identifier] = _Task(index, quorum, str(record["deadline"]), str(record["binding"]), requesters)


def _vote(index: int, task: _Task, record: Mapping[str, object], report: Report) -> None:
    who = str(record["who"])
    if not record["counted"]:
        return
    if record["binding"] != task.binding:
        report(index, "other-call", f"the vote is about another call than the one of record {task.index}")
    elif record["vote"] == "deny":
        task.denied = index
    elif len(task.approved_by) < _MOST_VOTES:
        task.approved_by.add(who)


def _end(
    escalations: Escalations, index: int, identifier: str, task: _Task, record: Mapping[str, object], report: Report
) -> None:
    del escalations.open[identifier]
    task.ended, task.end, task.expires = index, str(record["end"]), record["expires"]
    if len(escalations.ended) >= MOST_FOLLOWED:
        del escalations.ended[next(iter(escalations.ended))]
    escalations.ended[identifier] = task
    if task.end != "approved":
        return
    others = task.approved_by - task.requesters
    if len(others) < len(task.approved_by):
        report(
            index, "own-approval", f"of those who approved, {len(task.approved_by) - len(others)} asked for the call"
        )
    if len(others) < task.quorum:
        report(
            index,
            "too-few",
            f"approved by {len(others)}, and the escalation of record {task.index} asks for {task.quorum} different people",
        )
    if task.denied is not None:
        report(index, "over-veto", f"approved although somebody denied, in record {task.denied}")
    if moment(str(record["at"])) > moment(task.deadline):
        report(index, "too-late", f"approved after its deadline, {task.deadline}")


def _use(escalations: Escalations, index: int, identifier: str, record: Mapping[str, object], report: Report) -> None:
    task = escalations.ended.get(identifier)
    if task is None or task.end != "approved":
        report(index, "not-approved", f"an approval was used, and the escalation {identifier} did not end in one")
        return
    if task.used is not None:
        report(index, "used-twice", f"the approval of record {task.ended} was used already, in record {task.used}")
    task.used = index
    if isinstance(task.expires, str) and moment(str(record["at"])) > moment(task.expires):
        report(index, "outdated-approval", f"the approval of record {task.ended} could be used until {task.expires}")
