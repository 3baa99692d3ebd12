"""What a person gets to see of a task, as JSON: the same for the command line and the page.

    {"task": "01J…", "status": "waiting", "rule": "large_refund", "reviewers": "finance_oncall",
     "asked": ["ada", "grace"], "quorum": 2, "approved_by": ["ada"], "seen_by": ["ada"], "claimed_by": null,
     "deadline": "…", "seconds_left": 812, "else": "deny", …,
     "intent": "01J…", "request": {…}, "decision": {…}, "may": ["approve", "deny", "claim", "delegate"]}

`request` and `decision` are null where they are not kept any more, or sealed with a key that is not there. A number that a
double would round stands as text of all its digits.
"""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang.audit.records.disclosure import showable
from tenetlang.audit.records.record import time_text
from tenetlang.inbox.inbox import Kept
from tenetlang.review.people import Directory
from tenetlang.review.state import approvers, asked_people
from tenetlang.review.tasks import Task, person

_SECOND = 1_000_000_000


def shown(kept: Kept, who: str | None = None, directory: Directory | None = None) -> dict[str, object]:
    """A task as JSON; `may` is what this person can do about it."""
    task = kept.task
    waiting = task.status == "waiting"
    return {
        "task": task.identifier,
        "status": task.status,
        "rule": task.rule,
        "reviewers": task.stage.reviewers,
        "asked": list(asked_people(task)),
        "quorum": task.stage.quorum,
        "approved_by": list(approvers(task)),
        "denied_by": [vote.who for vote in task.votes if vote.choice == "deny"],
        "seen_by": list(task.seen),
        "claimed_by": claimed_by(task, kept.now),
        "delegations": [{"from": item.giver, "to": item.taker} for item in task.delegations],
        "requesters": list(task.requesters),
        "opened": time_text(task.opened),
        "deadline": time_text(task.deadline),
        "seconds_left": seconds_left(kept) if waiting else None,
        "else": task.next_reviewers,
        "climbs": task.climbs,
        "usable_until": None if task.expires is None else time_text(task.expires),
        "used_by": task.used,
        "binding": task.binding,
        "bundle": task.bundle,
        "intent": task.decision,
        "request": showable(kept.request),
        "decision": showable(kept.decision),
        "may": list(possible(kept, who, directory)),
    }


def seconds_left(kept: Kept) -> int:
    """Until the deadline, never below 0."""
    return max(0, (kept.task.deadline - kept.now) // _SECOND)


def claimed_by(task: Task, now: int) -> str | None:
    """Who looks after it now."""
    held = task.status == "waiting" and task.claimed_until is not None and now < task.claimed_until
    return task.claimed if held else None


def possible(kept: Kept, who: str | None, directory: Directory | None = None) -> tuple[str, ...]:
    """What a person can do: `approve`, `deny`, `claim`, `release`, `delegate`."""
    task = kept.task
    if who is None or task.status != "waiting":
        return ()
    key = person(who)
    asked = key in map(person, asked_people(task))
    handed_on = any(person(item.giver) == key for item in task.delegations)
    was_asked = asked or handed_on or key in map(person, task.stage.people)
    if key in map(person, task.requesters):
        return ()
    claimed = claimed_by(task, kept.now)
    mine = claimed is not None and person(claimed) == key
    voted = any(person(vote.who) == key for vote in task.votes)
    found = [
        ("approve", asked and not voted),
        ("deny", was_asked),
        ("claim", asked and claimed is None),
        ("release", mine or handed_on),
        ("delegate", asked and not voted and bool(takers(task, who, directory))),
    ]
    return tuple(name for name, can in found if can)


def takers(task: Task, who: str, directory: Directory | None) -> tuple[str, ...]:
    """The people to whom this person may hand the task."""
    people = () if directory is None else directory.people
    allowed = [name for known in people if person(known.name) == person(who) for name in known.may_hand_to]
    others = dict.fromkeys((*asked_people(task), *task.stage.people, *allowed))
    excluded = {person(who), *map(person, task.requesters), *(person(item.giver) for item in task.delegations)}
    return tuple(sorted(name for name in others if person(name) not in excluded))


def calls_before(request: Mapping[str, object] | None) -> tuple[Mapping[str, object], ...]:
    """The calls of the session that came before, the latest first, as the request has them."""
    session = None if request is None else request.get("session")
    calls = session.get("calls") if isinstance(session, Mapping) else None
    found = [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    return tuple(reversed(found))


def concerns(task: Task, who: str) -> bool:
    """Whether a person is or was asked about a task: only such people see it."""
    key = person(who)
    return key in {
        person(name)
        for name in (
            *task.stage.people,
            *(item.taker for item in task.delegations),
            *(vote.who for vote in task.votes),
        )
    }
