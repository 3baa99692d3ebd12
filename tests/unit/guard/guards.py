"""Guards for tests: a small policy, a clock that stands still until it is moved, and what the log says in the end."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TypedDict, TypeVar

from tenetlang.audit.completeness.check import check_completeness
from tenetlang.audit.source import export_jsonl
from tenetlang.audit.stores.tables import Tables
from tenetlang.audit.verify import verify_log
from tenetlang.guard import Escalated, Guard
from tenetlang.review.binding import binding
from tenetlang.review.tasks import Choice

T = TypeVar("T")

START = 1_795_377_600_000_000_000  # 2026-11-22T20:00:00Z
SECOND = 1_000_000_000

POLICY = """
package shop

tool refund(customer: string, amount: decimal, note?: string)
@returns("untrusted")
tool fetch(page: string)
tool card(number: string)
tool wipe()
obligation stamp(text: string)

reviewers finance { who {"ada", "grace"}; within 30m; quorum 1; else deny }
default deny because "no rule allows this call"

counter refunded = sum(args.amount) of refund by agent.id within 24h

@owner("payments")
allow small if { tool is refund; args.amount <= 50.00 }
allow fetching if { tool is fetch }
allow cards if { tool is card } then mask("number")
deny budget if { tool is refund; refunded + args.amount > 500.00 } because "that would be more than 500 a day"
deny tainted if { tool is refund; "untrusted" in session.labels } because "the session has read untrusted pages"
escalate large to finance if { tool is refund; args.amount > 50.00 } because "a refund of {args.amount} is above 50"
"""


class Acting(TypedDict):
    """Who acts, as `guard.call` takes it."""

    agent: str
    user: str
    session: str


WHO: Acting = {"agent": "a1", "user": "u1", "session": "s1"}


class Clock:
    """A clock that stands still."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


def write_policy(folder: Path, text: str = POLICY) -> Path:
    path = folder / "shop.tenet"
    path.write_text(text)
    return path


def open_guard(folder: Path, text: str = POLICY, **options: object) -> Guard:
    """A guard over the policy, whose log is `log.db` in the folder."""
    return Guard.open(write_policy(folder, text), log=folder / "log.db", **options)  # type: ignore[arg-type]  # as they are given


def records(folder: Path, *kinds: str) -> list[dict[str, object]]:
    """The records of these kinds in the log, or all of them."""
    found = [json.loads(json.loads(line)["record"]) for line in export_jsonl(folder / "log.db")]
    return [record for record in found if not kinds or record["kind"] in kinds]


def verdicts(folder: Path) -> list[str]:
    """The verdicts of the log's decisions, in order, each with what gave it."""
    shown = []
    for record in records(folder, "intent"):
        decided = record["decided"]
        assert isinstance(decided, dict)
        shown.append(f"{decided['verdict']} by {', '.join(decided['decided_by'])}")
    return shown


def outcomes(folder: Path) -> list[str]:
    """The outcomes in the log, in order."""
    return [str(record["outcome"]) for record in records(folder, "outcome")]


def problems(folder: Path, now: int | None = None) -> list[str]:
    """What `tenet audit verify` and `check` find."""
    log = folder / "log.db"
    verified = verify_log(log)
    assert verified.ok, verified.problems
    found = check_completeness(log, time.time_ns() if now is None else now)
    return [f"{problem.what}: {problem.detail}" for problem in found.problems]


def vote(guard: Guard, escalated: Escalated[T], choice: Choice = "approve", who: str = "ada") -> None:
    """A reviewer answers all tasks of a call."""
    gate = guard._gate
    assert gate.reviews is not None
    desk = gate.reviews.desk
    bound = binding(escalated.review.answer.request)
    for task in escalated.review.tasks:

        def job(tables: Tables, task: str = task) -> tuple[None, tuple[object, ...]]:
            answered = desk.vote(tables, gate.clock(), task, who, "command", choice, bound)
            assert answered.refused is None, answered.refused
            return None, answered.records

        gate.writer.do(job).result()  # type: ignore[arg-type]  # records
