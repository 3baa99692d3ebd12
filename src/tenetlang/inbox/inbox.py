"""What a person can do about escalations: see what waits, look at one, answer it, claim it, hand it on.

Each of these is one job of the log's writer, in which time passes first (`Desk.tick`): so a list never shows what has ended, and what
a deadline has decided is in the log before anybody is told of it, whether or not a courier runs. What a person does is in the
log before this returns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import attrs

from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.audit.writer import Writer
from tenetlang.review import tokens
from tenetlang.review.desk import Answered, Desk
from tenetlang.review.tasks import Choice, Task
from tenetlang.review.tokens import Token

_T = TypeVar("_T")

MOST_SHOWN = 200
"""So many tasks are in a list at most."""


@attrs.frozen
class Kept:
    """A task with what is kept of the call it is about: None where nothing is, or nobody has the key to it."""

    task: Task
    request: Mapping[str, object] | None
    decision: Mapping[str, object] | None
    now: int


class Inbox:
    """Answers for anybody whose name it is told: who that is, callers have made sure of (`who_has`). Thread-safe.

    The writer stays the caller's to close. `clock` gives nanoseconds since 1970. Every method raises `AuditError` where the
    log can't be written, and `ReviewsDamaged` for tables that somebody else wrote into.
    """

    def __init__(self, writer: Writer, desk: Desk, clock: Callable[[], int] = time.time_ns) -> None:
        self.desk = desk
        self.clock = clock
        self._writer = writer
        writer.do(desk.prepare).result()

    # --------------------------------------------------------------------------------------------------- who it is

    def who_has(self, token: str) -> Token | None:
        """Whose token it is; None for one that is none, or was revoked."""
        found = self._read(lambda tables, _: tokens.check_token(tables, token))
        return None if found is None else attrs.evolve(found, who=self.desk.directory.named(found.who))

    def is_good(self, identifier: str) -> bool:
        """Whether a token was not revoked since it was looked at."""
        return self._read(lambda tables, _: tokens.is_good(tables, identifier))

    def add_token(self, who: str) -> tuple[Token, str]:
        """A new token for a person, and its text. Raises `ValueError` for a name that is none."""
        return self._read(lambda tables, now: tokens.add_token(tables, self.desk.directory.named(who), now))

    def revoke_token(self, identifier: str) -> bool:
        """Revokes a token; whether there was one to revoke."""
        return self._read(lambda tables, now: tokens.revoke_token(tables, identifier, now))

    def tokens(self) -> tuple[Token, ...]:
        """All tokens, the oldest first."""
        return self._read(lambda tables, _: tokens.all_tokens(tables))

    # ------------------------------------------------------------------------------------------------ what there is

    def waiting(self, who: str | None = None) -> tuple[Kept, ...]:
        """What waits, the most urgent first; with `who` what waits for this person."""
        return self._listed(lambda tables: self.desk.waiting(tables, who=who, most=MOST_SHOWN))

    def finished(self) -> tuple[Kept, ...]:
        """What is over, the latest first."""
        return self._listed(lambda tables: self.desk.finished(tables, most=MOST_SHOWN))

    def look(self, task: str) -> Kept | None:
        """One task."""

        def looked(tables: Tables, now: int) -> Kept | None:
            found = self.desk.task(tables, task)
            return None if found is None else self._kept(tables, found, now)

        return self._read(looked)

    # ---------------------------------------------------------------------------------------------- what people do

    def seen(self, task: str, who: str, how: str) -> Answered:
        """The person has the task before them."""
        return self._answered(lambda tables, now: self.desk.seen(tables, now, task, who, how))

    def vote(self, task: str, who: str, how: str, choice: Choice, binding: str, comment: str | None = None) -> Answered:
        """The person answers, about the call of this binding."""
        return self._answered(lambda tables, now: self.desk.vote(tables, now, task, who, how, choice, binding, comment))

    def claim(self, task: str, who: str, how: str) -> Answered:
        """The person says to look after it."""
        return self._answered(lambda tables, now: self.desk.claim(tables, now, task, who, how))

    def release(self, task: str, who: str, how: str) -> Answered:
        """The person no longer does, or takes back what they handed on."""
        return self._answered(lambda tables, now: self.desk.release(tables, now, task, who, how))

    def delegate(self, task: str, who: str, how: str, to: str) -> Answered:
        """The person hands it to another."""
        return self._answered(lambda tables, now: self.desk.delegate(tables, now, task, who, how, to))

    # ------------------------------------------------------------------------------------------------------ inside

    def _kept(self, tables: Tables, task: Task, now: int) -> Kept:
        kept = self.desk.request(tables, task.decision) or {}
        request, decision = kept.get("request"), kept.get("decision")
        return Kept(
            task,
            request if isinstance(request, dict) else None,
            decision if isinstance(decision, dict) else None,
            now,
        )

    def _listed(self, wanted: Callable[[Tables], tuple[Task, ...]]) -> tuple[Kept, ...]:
        return self._read(lambda tables, now: tuple(self._kept(tables, task, now) for task in wanted(tables)))

    def _answered(self, action: Callable[[Tables, int], Answered]) -> Answered:
        def done(tables: Tables, now: int) -> tuple[Answered, Sequence[Unplaced]]:
            answered = action(tables, now)
            return answered, answered.records

        return self._done(done)

    def _read(self, action: Callable[[Tables, int], _T]) -> _T:
        return self._done(lambda tables, now: (action(tables, now), ()))

    def _done(self, action: Callable[[Tables, int], tuple[_T, Sequence[Unplaced]]]) -> _T:
        def job(tables: Tables) -> tuple[_T, Sequence[Unplaced]]:
            now = self.clock()
            passed = self.desk.tick(tables, now)
            value, records = action(tables, now)
            return value, (*passed, *records)

        return self._writer.do(job).result()
