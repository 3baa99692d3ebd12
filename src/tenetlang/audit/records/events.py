"""What happens besides decisions: what a caller did with one, and which policy was put into force by whom.

    outcome            of an intent, by its identifier: the call was made (`ok`), it failed (`error`), it was not made (`refused`),
                       or nobody knows (`unknown`)
    policy.activated   from here on, decisions are made by this bundle

An intent is on the disk before its decision leaves, and the outcome comes after it; a decision to allow without an outcome is
one of which nobody said what became. What a call gave is in no record: its salted digest is, as with what callers send.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Final, Literal, TypeAlias

from tenetlang.audit.records.bodies import Bodies
from tenetlang.audit.records.record import FORMAT_VERSION, author_word, caller_word

Outcome: TypeAlias = Literal["ok", "error", "refused", "unknown"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("ok", "error", "refused", "unknown")


def outcome_record(
    decision: str,
    outcome: Outcome,
    at: str,
    identifier: str,
    salts: Callable[[], bytes],
    *,
    took_ns: int | None = None,
    point: str | None = None,
    result: object = None,
) -> tuple[dict[str, object], bytes | None]:
    """The envelope of an outcome, and its payload.

    `decision` is the identifier of the intent, `at` RFC 3339 (`time_text`), `identifier` a ULID (`ulid`), `took_ns` how long
    the call took. `point` is the enforcement point that made it. `result` is what it gave, or its error, as JSON values; it is
    in the payload, and the record has its salted digest.
    """
    bodies = Bodies(lambda _: salts())
    envelope: dict[str, object] = {
        "v": FORMAT_VERSION,
        "kind": "outcome",
        "at": at,
        "id": identifier,
        "of": decision,
        "outcome": outcome,
        "took_ns": took_ns,
        "point": None if point is None else caller_word(point),
        "result": None if result is None else bodies.digest("/result", result),
    }
    payload = None if result is None else bodies.payload()
    envelope["payload"] = None if payload is None else sha256(payload).hexdigest()
    return envelope, payload


def activation_record(
    bundle: str, by: str, at: str, identifier: str, *, package: str | None = None, version: int | None = None
) -> dict[str, object]:
    """The envelope of a policy's activation: its digest (`sha256:…`), who put it into force, and which version it is."""
    return {
        "v": FORMAT_VERSION,
        "kind": "policy.activated",
        "at": at,
        "id": identifier,
        "bundle": bundle,
        "package": None if package is None else author_word(package),
        "version": version,
        "by": author_word(by),
        "payload": None,
    }
