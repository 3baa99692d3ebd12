"""The kinds of records besides intents, and the members of each: the one table of them in code.

`docs/audit-format.md` has the same table for readers, and a test holds the two together. What all records share, and the
intent, are in `shape`; `events` makes records of these kinds.

    what became of a decision        outcome
    which policy decides             policy.activated, policy.rejected
    who was asked, and said what     escalation.…, from `opened` to exactly one `ended`
    whether the gate was there       point.closed, guard.stopped, guard.resumed
    what was done to the log         log.closed, log.recovered, key.rotated, erasure
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tenetlang.audit.records.forms import (
    AUTHOR,
    BUNDLE,
    CALLER,
    CALLERS,
    COUNT,
    DIGEST,
    FLAG,
    NUMBERS,
    OBLIGATIONS,
    POSITIVE,
    SALTED,
    TEXT,
    TIME,
    ULID,
    Shape,
    one_of,
    optional,
)

_PERSON: Final[Shape] = {"task": ULID, "who": CALLER, "how": AUTHOR}
"""What somebody did with a task, and by which way: the inbox, a link, the command line."""

_SWITCH: Final[Shape] = {"what": AUTHOR, "by": AUTHOR, "because": optional(SALTED)}

KINDS: Final[Mapping[str, Shape]] = {
    "outcome": {
        "of": ULID,
        "outcome": one_of("ok", "error", "refused", "unknown"),
        "began": optional(TIME),
        "took_ns": optional(COUNT),
        "point": optional(CALLER),
        "result": optional(SALTED),
        "obligations": OBLIGATIONS,
    },
    "policy.activated": {
        "bundle": BUNDLE,
        "package": optional(AUTHOR),
        "version": optional(COUNT),
        "by": AUTHOR,
        "from": optional(BUNDLE),
        "expires": optional(TIME),
    },
    "policy.rejected": {
        "bundle": optional(BUNDLE),
        "package": optional(AUTHOR),
        "version": optional(COUNT),
        "by": optional(AUTHOR),
        "because": AUTHOR,
    },
    "escalation.opened": {
        "task": ULID,
        "of": ULID,
        "rule": AUTHOR,
        "reviewers": AUTHOR,
        "quorum": POSITIVE,
        "deadline": TIME,
        "else": AUTHOR,
        "binding": DIGEST,
        "requesters": CALLERS,
    },
    "escalation.notified": {
        "task": ULID,
        "channel": AUTHOR,
        "to": optional(CALLER),
        "attempt": POSITIVE,
        "result": one_of("sent", "failed", "given_up"),
    },
    "escalation.seen": _PERSON,
    "escalation.claimed": _PERSON,
    "escalation.released": _PERSON,
    "escalation.delegated": {**_PERSON, "to": CALLER},
    "escalation.climbed": {
        "task": ULID,
        "reviewers": AUTHOR,
        "quorum": POSITIVE,
        "deadline": TIME,
        "because": AUTHOR,
    },
    "escalation.decided": {
        **_PERSON,
        "vote": one_of("approve", "deny"),
        "counted": FLAG,
        "binding": DIGEST,
        "comment": optional(SALTED),
    },
    "escalation.ended": {
        "task": ULID,
        "end": one_of("approved", "denied", "expired", "cancelled"),
        "expires": optional(TIME),
    },
    "escalation.used": {"task": ULID, "of": ULID},
    "guard.stopped": _SWITCH,
    "guard.resumed": _SWITCH,
    "point.closed": {"point": CALLER, "count": COUNT, "unused": NUMBERS},
    "erasure": {
        "count": COUNT,
        "records": NUMBERS,
        "before": optional(COUNT),
        "subject": optional(DIGEST),
        "by": AUTHOR,
        "because": AUTHOR,
    },
    "key.rotated": {"old": TEXT, "new": TEXT, "epoch": POSITIVE, "size": COUNT},
    "log.closed": {},
    "log.recovered": {},
}
