"""Escalations in words for a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tenetlang.audit.records.record import time_text
from tenetlang.cli.output import painter
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.inbox.inbox import Kept

_MOST_CALLS = 10

REFUSED: Mapping[str, str] = {
    "over": "it had ended before, so the answer was recorded and not counted",
    "not-asked": "this person is not asked",
    "requester": "this person asked for the call, so others have to decide",
    "delegated": "this person handed it on; `tenet review release` takes it back",
    "voted": "this person has answered already",
    "seen": "this person has seen it already",
    "claimed": "somebody else looks after it",
    "not-claimed": "this person did not look after it",
    "other-call": "it is about another call than the one that was shown",
    "not-allowed": "it can't be handed to that person: they are not asked, and the configuration lets them stand in for others",
    "loop": "that person has handed it on already",
    "not-approved": "it was not approved",
    "used": "its approval was used already",
    "outdated": "its approval could be used until a while ago",
}


def listed(tasks: Sequence[Kept]) -> Iterator[str]:
    """Two lines about each: what waits for how long, and why."""
    from tenetlang.inbox.call import reason_of, summary
    from tenetlang.inbox.pages import duration
    from tenetlang.inbox.shown import claimed_by, seconds_left
    from tenetlang.review.state import approvers

    paint = painter(sys.stdout)
    for kept in tasks:
        task = kept.task
        waiting = task.status == "waiting"
        seconds = seconds_left(kept)
        left = f"{duration(seconds)} left" if waiting else task.status
        word = paint(left, "bad" if waiting and seconds < 300 else "heading")
        yield f"{task.identifier}  {word}  {visible(summary(kept))}"
        claimed = claimed_by(task, kept.now)
        parts = [
            f"asks {visible(task.stage.reviewers)}",
            f"{len(approvers(task))} of {task.stage.quorum} approved",
            f"{visible(claimed)} looks after it" if claimed else "",
            visible(reason_of(kept)),
        ]
        yield paint(f"    {'; '.join(filter(None, parts))}", "quiet")


def described(kept: Kept) -> Iterator[str]:
    """All that there is to know of one."""
    from tenetlang.inbox.call import reason_of, summary
    from tenetlang.inbox.pages import STATUS, duration
    from tenetlang.inbox.shown import seconds_left
    from tenetlang.review.state import asked_people

    paint, task = painter(sys.stdout), kept.task
    yield paint(visible(summary(kept)), "heading")
    yield f"  {visible(reason_of(kept))}"
    yield ""
    yield f"task        {task.identifier}"
    if task.status == "waiting":
        then = "it is denied" if task.next_reviewers == "deny" else f"{visible(task.next_reviewers)} are asked"
        yield f"left        {duration(seconds_left(kept))}, until {_time(task.deadline)}; then {then}"
    else:
        yield f"status      {STATUS[task.status]}"
    yield f"asked       {visible(task.stage.reviewers)}: {_names(asked_people(task))}; {task.stage.quorum} must approve"
    for vote in task.votes:
        yield f"answer      {visible(vote.who)}: {vote.choice}, {_time(vote.at)}"
    for item in task.delegations:
        yield f"handed on   {visible(item.giver)} to {visible(item.taker)}"
    yield from (
        f"{name:<11} {_names(names)}"
        for name, names in (("seen by", task.seen), ("asked for by", task.requesters))
        if names
    )
    yield f"rule        {visible(task.rule)}"
    yield f"decision    {task.decision}"
    yield f"call        {task.binding}"
    request = kept.request
    if request is None:
        yield ""
        yield "What the call was is not kept any more, or sealed with a key that is not there (--payload-keys)."
        return
    yield from _call(request)
    yield from _rules(kept.decision or {})
    yield from _history(kept)


def now_it_is(kept: Kept) -> str:
    """What an answer led to, in a line."""
    from tenetlang.inbox.call import summary
    from tenetlang.inbox.pages import STATUS
    from tenetlang.review.state import approvers

    task = kept.task
    paint = painter(sys.stdout)
    if task.status == "waiting":
        state = f"{len(approvers(task))} of {task.stage.quorum} approved"
        return f"{paint(state, 'escalate')}: {visible(summary(kept))}"
    style = {"approved": "allow", "denied": "deny"}.get(task.status, "quiet")
    word = paint(STATUS[task.status], "allow" if style == "allow" else "deny" if style == "deny" else "quiet")
    return f"{word}: {visible(summary(kept))}"


def _call(request: Mapping[str, object]) -> Iterator[str]:
    from tenetlang.inbox.call import value_text as text_of

    yield ""
    yield painter(sys.stdout)(f"The call: {visible(str(request.get('tool')))}", "heading")
    arguments, origins = request.get("args"), request.get("origins")
    for name, value in arguments.items() if isinstance(arguments, dict) else ():
        origin = origins.get(name) if isinstance(origins, dict) else None
        first, *more = text_of(value).split("\n")
        said = f"   (from {visible(str(origin))})" if origin is not None else ""
        yield f"  {visible(str(name))} = {visible(first)}{said if not more else ''}"
        yield from (f"    {visible(line)}" for line in more)
        if more and said:
            yield f"   {said.strip()}"
    for name in ("agent", "user"):
        if name in request:
            yield f"  {name}: {visible(' '.join(text_of(request[name]).split()))}"


def _rules(decision: Mapping[str, object]) -> Iterator[str]:
    matched = decision.get("matched")
    rows = [item for item in matched if isinstance(item, dict)] if isinstance(matched, list) else []
    if not rows:
        return
    yield ""
    yield painter(sys.stdout)("Why", "heading")
    for item in rows:
        owner = f", owner {visible(str(item['owner']))}" if item.get("owner") else ""
        yield f"  {visible(str(item.get('rule')))} {item.get('verdict')}s it ({visible(str(item.get('at')))}{owner})"


def _history(kept: Kept) -> Iterator[str]:
    from tenetlang.inbox.shown import calls_before

    calls = calls_before(kept.request)
    if not calls:
        return
    yield ""
    yield painter(sys.stdout)("What the agent did before, the latest first", "heading")
    for call in calls[:_MOST_CALLS]:
        words = (call.get("at"), call.get("tool"), call.get("verdict"), call.get("outcome"))
        yield f"  {'  '.join(visible(str(word)) for word in words if word is not None)}"
    if len(calls) > _MOST_CALLS:
        yield f"  … and {len(calls) - _MOST_CALLS:,} more"


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(visible, names))


def _time(nanoseconds: int) -> str:
    return f"{time_text(nanoseconds)[:19]}Z"
