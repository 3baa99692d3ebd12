"""What becomes of a task when something happens: a total function of the task, the event and the time, and nothing else.

                 ┌────────── climbed: nobody decided in time, nobody saw it, nobody could be reached ─┐
                 ▼                                                                                    │
    opened → waiting ── k different people approve ──→ approved ── used, once, before it expires      │
                 ├───── anybody denies ─────────────→ denied                                         │
                 ├───── nobody asked for an answer ─→ cancelled                                      │
                 └───── deadline ── others are to be asked? ── yes ───────────────────────────────────┘
                                          └─ no ─→ expired

The rules, each of which a property holds (`tests/properties/test_review_state.py`):

- A task ends exactly once. What comes later changes nothing; a late vote is recorded as one that does not count.
- Approved means: as many different people as the quorum says approved, in time, each of them asked, or handed the task by
  somebody who was; none of them asked for the call; nobody vetoed.
- Each of those who are asked has one *seat*. Handing the task on hands on all seats that one has, so that nobody is
  counted twice, and who has handed on a seat can't vote with it. Seats never come back to whoever gave them by being handed
  on, only by being taken back; so there is no loop. A person with three seats is still one of the different people.
- Who asked for the call has no seat, is handed none, and does not vote under another name (`tasks.person`).
- When it climbs, the votes, seats and eyes of those before count no longer.
- Time only goes forward: an event that comes with an earlier time than the one before it is taken as coming at that time.

Denying is open to all who were asked, those included who have handed the task on: there is no harm in one veto more.
"""

from __future__ import annotations

from typing import Final, assert_never

import attrs

from tenetlang.audit.records.forms import is_digest
from tenetlang.audit.records.record import time_text
from tenetlang.review.tasks import (
    Cancelled,
    Claimed,
    Delegated,
    Delegation,
    End,
    Ended,
    Event,
    Noted,
    Refusal,
    Released,
    Seen,
    Stage,
    Stepped,
    Task,
    Tell,
    Tick,
    Unreached,
    Used,
    Vote,
    Voted,
    person,
)

CLAIM_FOR: Final = 10 * 60 * 1_000_000_000
"""For how long somebody who claims a task is left alone with it."""

MOST_DELEGATIONS: Final = 64
"""So often a task is handed on at most, in one stage."""

LONGEST_COMMENT: Final = 4000
"""So many characters of a comment are kept."""


def open_task(task: Task) -> Stepped:
    """A task at its beginning: what is recorded of it, and who is told. It climbs at once past reviewers who can't decide."""
    opened = Noted(
        "escalation.opened",
        {
            "task": task.identifier,
            "of": task.decision,
            "rule": task.rule,
            "reviewers": task.stage.reviewers,
            "quorum": task.stage.quorum,
            "deadline": time_text(task.deadline),
            "else": task.next_reviewers,
            "binding": task.binding,
            "requesters": list(task.requesters),
        },
    )
    if can_decide(task.stage, task.requesters):
        return Stepped(task, (opened, Tell(asked_people(task))))
    climbed = _climb(task, task.opened, "too few people")
    return Stepped(climbed.task, (opened, *climbed.effects))


def step(task: Task, event: Event, now: int) -> Stepped:
    """The task after an event at a time. Never raises; what can't be is refused, with the reason."""
    now = max(now, task.latest)
    if task.status != "waiting":
        return _after_end(task, event, now)
    passed = _time_passes(attrs.evolve(task, latest=now), now)
    if isinstance(event, Tick):
        return passed
    if passed.task.status != "waiting":
        after = _after_end(passed.task, event, now)
    else:
        after = _happens(passed.task, event, now)
    return Stepped(after.task, (*passed.effects, *after.effects), after.refused)


def can_decide(stage: Stage, requesters: tuple[str, ...]) -> bool:
    """Whether those who are asked can reach their quorum without those who asked for the call."""
    return len(_people(stage) - set(map(person, requesters))) >= stage.quorum


def asked_people(task: Task) -> tuple[str, ...]:
    """Who can approve now: those who have a seat, their own or one that was handed to them."""
    names = {person(name): name for name in (*(item.taker for item in task.delegations), *task.stage.people)}
    requesters = set(map(person, task.requesters))
    holders = {_holder(task, seat) for seat in _people(task.stage) - requesters}
    return tuple(sorted(names[key] for key in holders - requesters))


def approvers(task: Task) -> tuple[str, ...]:
    """The different people who have approved, so far."""
    return tuple(vote.who for vote in task.votes if vote.choice == "approve")


def _happens(task: Task, event: Event, now: int) -> Stepped:
    match event:
        case Voted():
            return _vote(task, event, now)
        case Seen(who, how):
            if not _is_asked(task, who):
                return Stepped(task, refused=_why_not_asked(task, who))
            if person(who) in map(person, task.seen):
                return Stepped(task, refused="seen")
            return Stepped(attrs.evolve(task, seen=(*task.seen, who)), (_did(task, "seen", who, how),))
        case Claimed(who, how):
            return _claim(task, who, how, now)
        case Released(who, how):
            return _release(task, who, how)
        case Delegated():
            return _delegate(task, event)
        case Cancelled():
            return _end(task, "cancelled")
        case Unreached():
            return _climb(task, now, "nobody could be reached") if task.chain and not task.seen else Stepped(task)
        case Used():
            return Stepped(task, refused="not-approved")
        case Tick():
            return Stepped(task)
    assert_never(event)


def _after_end(task: Task, event: Event, now: int) -> Stepped:
    match event:
        case Tick() | Unreached():
            return Stepped(task)
        case Voted():
            return Stepped(task, (_voted(task, event, counted=False),), "over")
        case Used(decision):
            if task.status != "approved":
                return Stepped(task, refused="not-approved")
            if task.used is not None:
                return Stepped(task, refused="used")
            if task.expires is None or now > task.expires:
                return Stepped(task, refused="outdated")
            used = Noted("escalation.used", {"task": task.identifier, "of": decision})
            return Stepped(attrs.evolve(task, used=decision, latest=now), (used,))
        case _:
            return Stepped(task, refused="over")


def _time_passes(task: Task, now: int) -> Stepped:
    if now < task.due:
        return Stepped(task)
    if now < task.deadline:
        return _climb(task, now, "nobody saw it")
    return _climb(task, now, "nobody decided in time") if task.chain else _end(task, "expired")


def _climb(task: Task, now: int, because: str) -> Stepped:
    """Asks the next reviewers who can decide; the last ones where none can, who then let it expire."""
    chain = task.chain
    while len(chain) > 1 and not can_decide(chain[0], task.requesters):
        chain = chain[1:]
    if not chain:
        return _end(task, "expired")
    stage, *rest = chain
    climbed = attrs.evolve(
        task,
        stage=stage,
        chain=tuple(rest),
        deadline=now + stage.within,
        since=now,
        latest=now,
        votes=(),
        delegations=(),
        seen=(),
        claimed=None,
        claimed_until=None,
        climbs=task.climbs + 1,
    )
    noted = Noted(
        "escalation.climbed",
        {
            "task": task.identifier,
            "reviewers": stage.reviewers,
            "quorum": stage.quorum,
            "deadline": time_text(climbed.deadline),
            "because": because,
        },
    )
    return Stepped(climbed, (noted, Tell(asked_people(climbed))))


def _end(task: Task, end: End) -> Stepped:
    expires = task.latest + task.good_for if end == "approved" else None
    members: dict[str, object] = {"task": task.identifier, "end": end}
    if expires is not None:
        members["expires"] = time_text(expires)
    ended = attrs.evolve(task, status=end, expires=expires)
    return Stepped(ended, (Noted("escalation.ended", members), Ended(end)))


# ------------------------------------------------------------------------------------------------------------- votes


def _vote(task: Task, event: Voted, now: int) -> Stepped:
    refused = _vote_refused(task, event)
    if refused == "voted":
        return Stepped(task, refused=refused)
    if refused is not None:
        return Stepped(task, (_voted(task, event, counted=False),), refused)
    noted = _voted(task, event, counted=True)
    voted = attrs.evolve(task, votes=(*task.votes, Vote(event.who, event.choice, now)))
    if event.choice == "deny":
        ended = _end(voted, "denied")
    elif len(set(map(person, approvers(voted)))) >= task.stage.quorum:
        ended = _end(voted, "approved")
    else:
        return Stepped(voted, (noted,))
    return Stepped(ended.task, (noted, *ended.effects))


def _vote_refused(task: Task, event: Voted) -> Refusal | None:
    who = person(event.who)
    if event.binding != task.binding:
        return "other-call"
    if who in map(person, task.requesters):
        return "requester"
    if event.choice == "deny":
        was_asked = who in _people(task.stage) or any(person(item.taker) == who for item in task.delegations)
        return None if was_asked else "not-asked"
    if not _is_asked(task, event.who):
        return _why_not_asked(task, event.who)
    return "voted" if any(person(vote.who) == who for vote in task.votes) else None


def _voted(task: Task, event: Voted, *, counted: bool) -> Noted:
    members: dict[str, object] = {
        "task": task.identifier,
        "who": event.who,
        "how": event.how,
        "vote": event.choice,
        "counted": counted,
        "binding": event.binding if is_digest(event.binding) else task.binding,
    }
    if event.comment:
        members["comment"] = event.comment[:LONGEST_COMMENT]
    return Noted("escalation.decided", members)


# ------------------------------------------------------------------------------------- claims, and handing tasks on


def _claim(task: Task, who: str, how: str, now: int) -> Stepped:
    if not _is_asked(task, who):
        return Stepped(task, refused=_why_not_asked(task, who))
    held = task.claimed is not None and task.claimed_until is not None and now < task.claimed_until
    if held and task.claimed is not None and person(task.claimed) != person(who):
        return Stepped(task, refused="claimed")
    claimed = attrs.evolve(task, claimed=who, claimed_until=now + CLAIM_FOR)
    return Stepped(claimed, (_did(task, "claimed", who, how),))


def _release(task: Task, who: str, how: str) -> Stepped:
    """Gives a claim back, and takes back what was handed on unless whoever has it now has voted."""
    key = person(who)
    claims = task.claimed is not None and person(task.claimed) == key
    given = any(person(item.giver) == key for item in task.delegations)
    voted = {person(vote.who) for vote in task.votes}
    back = given and not any(_holder(task, seat) in voted for seat in _seats_through(task, key))
    if not claims and not back:
        return Stepped(task, refused="not-claimed")
    released = attrs.evolve(
        task,
        claimed=None if claims else task.claimed,
        claimed_until=None if claims else task.claimed_until,
        delegations=tuple(item for item in task.delegations if not (back and person(item.giver) == key)),
    )
    return Stepped(released, (_did(task, "released", who, how),))


def _delegate(task: Task, event: Delegated) -> Stepped:
    giver, taker = person(event.who), person(event.to)
    if not _is_asked(task, event.who):
        return Stepped(task, refused=_why_not_asked(task, event.who))
    if any(person(vote.who) == giver for vote in task.votes):
        return Stepped(task, refused="voted")
    if taker in map(person, task.requesters):
        return Stepped(task, refused="requester")
    if giver == taker or any(person(item.giver) == taker for item in task.delegations):
        return Stepped(task, refused="loop")
    known = taker in _people(task.stage) or _is_asked(task, event.to)
    if not (known or event.allowed) or len(task.delegations) >= MOST_DELEGATIONS:
        return Stepped(task, refused="not-allowed")
    claims = task.claimed is not None and person(task.claimed) == giver
    delegated = attrs.evolve(
        task,
        delegations=(*task.delegations, Delegation(event.who, event.to)),
        claimed=None if claims else task.claimed,
        claimed_until=None if claims else task.claimed_until,
    )
    noted = Noted("escalation.delegated", {"task": task.identifier, "who": event.who, "how": event.how, "to": event.to})
    return Stepped(delegated, (noted, Tell((event.to,))))


def _is_asked(task: Task, who: str) -> bool:
    return person(who) in map(person, asked_people(task))


def _why_not_asked(task: Task, who: str) -> Refusal:
    if person(who) in map(person, task.requesters):
        return "requester"
    return "delegated" if any(person(item.giver) == person(who) for item in task.delegations) else "not-asked"


def _holder(task: Task, seat: str) -> str:
    """Who has the seat of one of those who are asked."""
    given = {person(item.giver): person(item.taker) for item in task.delegations}
    while seat in given:
        seat = given[seat]
    return seat


def _seats_through(task: Task, key: str) -> tuple[str, ...]:
    """The seats that somebody had, before they were handed on."""
    given = {person(item.giver): person(item.taker) for item in task.delegations}
    found: list[str] = []
    for seat in _people(task.stage):
        holder = seat
        while holder in given and holder != key:
            holder = given[holder]
        if holder == key:
            found.append(seat)
    return tuple(found)


def _people(stage: Stage) -> set[str]:
    return set(map(person, stage.people))


def _did(task: Task, what: str, who: str, how: str) -> Noted:
    return Noted(f"escalation.{what}", {"task": task.identifier, "who": who, "how": how})
