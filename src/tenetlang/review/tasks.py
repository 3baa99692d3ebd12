"""What is known of one escalation: who is asked, until when, who said what, and how it ended. Values only; `state` has the rules.

    Task    one question to people, about one call. It is opened by a decision and ends exactly once
    Stage   reviewers, as they were when the task was opened: who they are, how many must agree, how long they have
    Event   what happens to a task: somebody acts, or time passes
    Effect  what follows from it: something to record, somebody to tell

Times are nanoseconds since 1970. People are named as the configuration names them (`people.People`), and two names that differ in
nothing but letter case, Unicode form or characters that nobody sees are one person (`person`): who would count as two, or ask and approve, by spelling a name
in another way, does not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import attrs

Status: TypeAlias = Literal["waiting", "approved", "denied", "expired", "cancelled"]
End: TypeAlias = Literal["approved", "denied", "expired", "cancelled"]
Choice: TypeAlias = Literal["approve", "deny"]

DENY = "deny"
"""What stands for the next reviewers where there are none."""


_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What Unicode calls default ignorable (DerivedCoreProperties.txt): shown as nothing."""


def person(name: str) -> str:
    """What two spellings of one person's name have in common."""
    seen = _UNSEEN.sub("", unicodedata.normalize("NFKC", name))
    return unicodedata.normalize("NFKC", seen.casefold()).strip()


@attrs.frozen
class Stage:
    """Reviewers as they are asked. `reviewers` is how decisions name them, `within` is in nanoseconds, `notify` what the policy
    says of how they are told (names of channels, `KIND:NAME` or `NAME`)."""

    reviewers: str
    people: tuple[str, ...]
    quorum: int
    within: int
    notify: tuple[str, ...] = ()


@attrs.frozen
class Vote:
    """One vote that counts. `at` is when it came."""

    who: str
    choice: Choice
    at: int


@attrs.frozen
class Delegation:
    """Somebody handed the task to somebody else."""

    giver: str
    taker: str


@attrs.frozen
class Task:
    """One escalation. Changed by `state.step` alone.

    `decision` is the identifier of the intent; `asked` the reviewers whom the policy asks, for whom an approval counts,
    however far the task has climbed. `stage` is who is asked now, since `since`, and `chain` who is asked next, in order. After
    `unseen_percent` of its time a stage that nobody has seen gives way to the next; None where it keeps all of it.
    `requesters` can't approve. `good_for` is how long an approval can be used, and `expires` until when. `used` is the
    decision that used it. `latest` is the latest time that the task has met, so that a clock that is set back gives nobody
    more time.
    """

    identifier: str
    decision: str
    rule: str
    asked: str
    stage: Stage
    chain: tuple[Stage, ...]
    deadline: int
    unseen_percent: int | None
    binding: str
    bundle: str
    requesters: tuple[str, ...]
    good_for: int
    opened: int
    since: int
    latest: int
    votes: tuple[Vote, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    seen: tuple[str, ...] = ()
    claimed: str | None = None
    claimed_until: int | None = None
    climbs: int = 0
    status: Status = "waiting"
    expires: int | None = None
    used: str | None = None

    @property
    def next_reviewers(self) -> str:
        """Who is asked next, or `deny`."""
        return self.chain[0].reviewers if self.chain else DENY

    @property
    def due(self) -> int:
        """When time alone changes something."""
        if self.unseen_percent is None or self.seen or not self.chain:
            return self.deadline
        return min(self.deadline, self.since + self.stage.within * self.unseen_percent // 100)


# ------------------------------------------------------------------------------------------------------------ events


@attrs.frozen
class Tick:
    """Time passed."""


@attrs.frozen
class Voted:
    """A person votes. `how` says by which way: `inbox`, `link`, `command`; `binding` is of the call as it was shown."""

    who: str
    how: str
    choice: Choice
    binding: str
    comment: str | None = None


@attrs.frozen
class Seen:
    """A person has opened the task."""

    who: str
    how: str


@attrs.frozen
class Claimed:
    """A person says to look after it."""

    who: str
    how: str


@attrs.frozen
class Released:
    """A person no longer looks after it, or takes back what was handed to others."""

    who: str
    how: str


@attrs.frozen
class Delegated:
    """A person hands it to another. `allowed` says that the configuration lets it go to somebody who is not asked already."""

    who: str
    how: str
    to: str
    allowed: bool = False


@attrs.frozen
class Cancelled:
    """Nobody needs an answer any more."""


@attrs.frozen
class Unreached:
    """Every way to tell those who are asked has been given up."""


@attrs.frozen
class Used:
    """The approval is used up by a decision."""

    decision: str


Event: TypeAlias = Tick | Voted | Seen | Claimed | Released | Delegated | Cancelled | Unreached | Used


# ----------------------------------------------------------------------------------------------------------- effects


@attrs.frozen
class Noted:
    """A record to append: its kind, and its members as `event_record` takes them."""

    kind: str
    members: Mapping[str, object]


@attrs.frozen
class Tell:
    """These are to be told that they are asked."""

    people: tuple[str, ...]


@attrs.frozen
class Ended:
    """The task is over."""

    end: End


Effect: TypeAlias = Noted | Tell | Ended

Refusal: TypeAlias = Literal[
    "over", "not-asked", "requester", "delegated", "voted", "seen", "claimed", "not-claimed", "other-call",
    "not-allowed", "loop", "not-approved", "used", "outdated",
]  # fmt: skip
"""Why an event changed nothing:

    over          the task has ended
    not-asked     the person is none of those who are asked
    requester     the person asked for the call
    delegated     the person has handed the task to another
    voted, seen   the person has done so already
    claimed       another person looks after it
    not-claimed   the person did not look after it, and handed it to nobody who could give it back
    other-call    the vote is about another call
    not-allowed   it may not be handed to that person
    loop          that person has handed it on already
    not-approved, used, outdated   there is no approval that could be used
"""


@attrs.frozen
class Stepped:
    """The task after an event, and what follows from it; `refused` where the event itself changed nothing (time may have)."""

    task: Task
    effects: tuple[Effect, ...] = ()
    refused: Refusal | None = None
