"""A desk over a real log, with a clock that tests set, for the tests of reviews."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TypeVar

import attrs

from tenetlang.audit import Surroundings, intent
from tenetlang.audit.completeness.check import check_completeness
from tenetlang.audit.log import Log
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.show import log_entries, parsed_record
from tenetlang.audit.stores.tables import Tables
from tenetlang.audit.verify import Problem, verify_log
from tenetlang.audit.writer import Writer
from tenetlang.decision import Decision, Escalation
from tenetlang.review.desk import Answered, Approval, Desk, Rules
from tenetlang.review.openings import Asked, Opening
from tenetlang.review.people import Directory, Person
from tenetlang.review.tasks import Choice, Stage, Task
from tests.unit.review.tasks import BUNDLE, FINANCE, MINUTE, START

_T = TypeVar("_T")

REQUEST: Mapping[str, object] = {
    "agent": {"id": "a1"},
    "user": {"id": "u7"},
    "tool": "refund",
    "args": {"customer": "Zoë", "amount": 120},
    "origins": {"amount": "user"},
    "session": {"id": "s1"},
    "now": "2026-11-22T20:00:00Z",
}

PEOPLE = (
    Person("ada", ("u1", "ada@example.com"), {"email": "ada@example.com", "chat": "#ada"}, ("mary",)),
    Person("grace", (), {"email": "grace@example.com"}),
    Person("lin"),
)


def randomness() -> Callable[[int], bytes]:
    """Bytes that differ from each other and are the same at each run."""
    numbers = count()
    return lambda size: sha256(str(next(numbers)).encode()).digest()[:size]


@attrs.define
class Office:
    """A desk, the writer of its log, and what time it is."""

    writer: Writer
    desk: Desk
    place: str
    now: int = START
    decisions: int = 0
    random: Callable[[int], bytes] = attrs.field(factory=randomness)

    def do(self, job: Callable[[Tables], tuple[_T, Sequence[Unplaced]]]) -> _T:
        return self.writer.do(job).result()

    def read(self, action: Callable[[Tables], _T]) -> _T:
        return self.do(lambda tables: (action(tables), ()))

    def ask(
        self,
        *stages: Stage,
        request: Mapping[str, object] = REQUEST,
        bundle: str = BUNDLE,
        requesters: tuple[str, ...] = (),
    ) -> tuple[Task, ...]:
        """Opens a task, with the intent that it is about, as a guard does."""
        stages = stages or (FINANCE,)
        decision = escalated(stages[0], bundle)

        def job(tables: Tables) -> tuple[tuple[Task, ...], Sequence[Unplaced]]:
            around = Surroundings(point="gate", point_count=self.decisions + 1)
            record = intent(decision, dict(request), self.now, 4200, around, self.random)
            opening = Opening(
                record.identifier,
                bundle,
                request,
                (Asked("large_refund", stages),),
                decision.to_json(),
                requesters,
            )
            opened = self.desk.open(tables, self.now, opening)
            self.decisions += 1
            return opened.tasks, (record, *opened.records)

        return self.do(job)

    def vote(
        self,
        task: Task,
        who: str,
        choice: Choice = "approve",
        *,
        binding: str | None = None,
        comment: str | None = None,
    ) -> Answered:
        return self.answer(
            lambda tables: self.desk.vote(
                tables, self.now, task.identifier, who, "inbox", choice, binding or task.binding, comment
            )
        )

    def answer(self, action: Callable[[Tables], Answered]) -> Answered:
        def job(tables: Tables) -> tuple[Answered, Sequence[Unplaced]]:
            answered = action(tables)
            return answered, answered.records

        return self.do(job)

    def tick(self) -> int:
        def job(tables: Tables) -> tuple[int, Sequence[Unplaced]]:
            records = self.desk.tick(tables, self.now)
            return len(records), records

        return self.do(job)

    def approvals(self, binding: str, bundle: str = BUNDLE) -> tuple[Approval, ...]:
        return self.read(lambda tables: self.desk.approvals(tables, self.now, binding, bundle))

    def use(self, approval: Approval) -> None:
        """Decides again, as a guard does: the intent that relies on the approval, and its use."""
        decision = Decision("shop", BUNDLE, "allow", ("large_refund",), "approved")

        def job(tables: Tables) -> tuple[None, Sequence[Unplaced]]:
            around = Surroundings(point="gate", point_count=self.decisions + 1)
            record = intent(decision, dict(REQUEST), self.now, 4200, around, self.random)
            used = self.desk.use(tables, self.now, approval.task, record.identifier)
            self.decisions += 1
            return None, (record, *used)

        self.do(job)

    def task(self, task: Task) -> Task:
        found = self.read(lambda tables: self.desk.task(tables, task.identifier))
        assert found is not None
        return found

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self.read(lambda tables: tables.run(statement))]

    def records(self, prefix: str = "escalation.") -> list[Mapping[str, object]]:
        """The records of this kind, in order."""
        found: list[Mapping[str, object]] = []
        for entry in log_entries(self.place):
            parsed = parsed_record(entry.record)
            assert isinstance(parsed, dict)
            if str(parsed["kind"]).startswith(prefix):
                found.append(parsed)
        return found

    def kinds(self) -> list[str]:
        return [str(record["kind"]).removeprefix("escalation.") for record in self.records()]

    def problems(self) -> list[Problem]:
        """What is wrong with the log, as `tenet audit verify` and `tenet audit check` say."""
        assert verify_log(self.place).ok
        found = check_completeness(self.place, self.now).problems
        return [problem for problem in found if problem.what != "no-outcome"]


def escalated(stage: Stage = FINANCE, bundle: str = BUNDLE) -> Decision:
    asked = Escalation("large_refund", stage.reviewers, stage.quorum, "30m", "deny")
    return Decision("shop", bundle, "escalate", ("large_refund",), "a refund of 120 is above 50", escalations=(asked,))


@contextmanager
def office(
    place: Path | str,
    directory: Directory | None = None,
    rules: Rules | None = None,
    **named: object,
) -> Iterator[Office]:
    """An office in a new log: a file's path, or the address of a database."""
    random = randomness()
    desk = Desk(directory or Directory(), rules=rules or Rules(), randomness=random, **named)  # type: ignore[arg-type]  # what a desk takes
    log = Log.open(place, clock=lambda: START, randomness=random)
    with Writer(log, marked=False) as writer:
        made = Office(writer, desk, str(place))
        made.do(desk.prepare)
        yield made


__all__ = ["MINUTE", "PEOPLE", "REQUEST", "START", "Office", "escalated", "office", "randomness"]
