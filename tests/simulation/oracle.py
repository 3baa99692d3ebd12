"""What must hold in the world, said in another way than the runtime does it: a list of what was seen, and sums over it.

Nothing here asks the runtime whether it was right. What reviewers attempted, when and about what is known here because the world made
them do it; who may approve is worked out from their names alone. Of the runtime's own state it takes the stage that a task
was in when somebody voted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Self

import attrs

from tenetlang.guard.answers import Answer
from tenetlang.review.binding import binding
from tenetlang.review.tasks import Task

DAY = 24 * 60 * 60 * 1_000_000_000
GOOD_FOR = 60 * 60 * 1_000_000_000
LIMIT = Decimal(500)

ALIASES = {"u1": "ada", "ada@example.com": "ada"}
"""Other names of people, as the configuration of the world has them."""


def somebody(name: str) -> str:
    """Who is meant by a name, however it is spelled."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
    return ALIASES.get(folded, folded)


@attrs.frozen
class Call:
    """A call of a tool, by somebody."""

    agent: str
    user: str
    tool: str
    arguments: tuple[tuple[str, object], ...]

    def changed(self) -> Self:
        """Nearly the same: a cent more."""
        arguments = {**dict(self.arguments)}
        amount = arguments["amount"]
        assert isinstance(amount, Decimal)
        arguments["amount"] = amount + Decimal("0.01")
        return attrs.evolve(self, arguments=tuple(arguments.items()))

    @property
    def amount(self) -> Decimal:
        found = dict(self.arguments)["amount"]
        assert isinstance(found, Decimal)
        return found

    @property
    def binding(self) -> str:
        return binding(
            {"agent": {"id": self.agent}, "user": {"id": self.user}, "tool": self.tool, "args": dict(self.arguments)}
        )

    def __str__(self) -> str:
        return f"{self.agent}/{self.user} {self.tool}({', '.join(f'{name}={value}' for name, value in self.arguments)})"


@attrs.define
class Seen:
    """One task, as those outside saw it. `approved` are, for each stage, those who have approved while it was asked."""

    reviewers: str
    decision: str
    bound: str
    bundle: str
    requesters: frozenset[str]
    status: str = "waiting"
    ended_at: int = 0
    vetoed: bool = False
    approved: dict[int, set[str]] = attrs.field(factory=dict)
    quorums: dict[int, int] = attrs.field(factory=dict)
    takers: set[str] = attrs.field(factory=set)
    used: str | None = None

    @property
    def is_approved(self) -> bool:
        return not self.vetoed and any(len(people) >= self.quorums[stage] for stage, people in self.approved.items())


@attrs.define
class Spent:
    """A call that was allowed, and what it takes of a budget."""

    call: Call
    at: int
    counts: bool = True


@attrs.define
class Oracle:
    """Everything that was seen. `check` is called after each step."""

    needed: Mapping[str, int]
    bundle: str = ""
    tasks: dict[str, Seen] = attrs.field(factory=dict)
    answers: dict[str, str] = attrs.field(factory=dict)
    spent: dict[str, Spent] = attrs.field(factory=dict)
    executions: list[str] = attrs.field(factory=list)
    latest: int = 0

    # ------------------------------------------------------------------------------------------------- what is seen

    def escalated(self, call: Call, answer: Answer, tasks: Sequence[Task], now: int) -> None:
        """People are asked about a call."""
        identifier = self._acknowledged(answer)
        assert tasks, "people are asked, and there is nobody who is"
        names = {somebody(call.agent), somebody(call.user)}
        for task in tasks:
            assert task.identifier not in self.tasks, "one task for two decisions"
            assert task.binding == call.binding
            assert task.decision == identifier
            assert names <= {somebody(name) for name in task.requesters}
            self.tasks[task.identifier] = Seen(task.asked, identifier, call.binding, self.bundle, frozenset(names))
            self.saw(task)

    def denied(self, answer: Answer) -> None:
        """A call was denied. A denial that can't be recorded has no identifier."""
        if answer.identifier is not None and answer.identifier not in self.answers:
            self._acknowledged(answer)

    def permitted(self, call: Call, answer: Answer, now: int, *, stopped: bool) -> None:
        """A call was allowed: it must be one that may be."""
        identifier = self._acknowledged(answer)
        self.latest = max(self.latest, now)
        assert not stopped, f"{call} was allowed while it was stopped"
        assert dict(call.arguments).get("customer") != "c13", f"{call} was allowed, and is denied by a rule"
        for reviewers in _reviewers(call):
            fitting = [
                task
                for task in self.tasks.values()
                if task.reviewers == reviewers and task.bound == call.binding and task.used is None
            ]
            good = [task for task in fitting if task.is_approved and task.bundle == self.bundle]
            assert good, f"{call} was allowed, and nobody of {reviewers} approved it: {fitting}"
            usable = [task for task in good if now <= task.ended_at + GOOD_FOR]
            assert usable, f"{call} was allowed by an approval that is over: {good}"
            min(usable, key=lambda task: task.ended_at).used = identifier
        self.spent[identifier] = Spent(call, self.latest)
        self._check_budget(call.agent)

    def executed(self, identifier: str) -> None:
        """A tool runs."""
        assert self.answers.get(identifier) == "allow", "a tool runs without an allowance"
        assert identifier not in self.executions, "one allowance, two executions"
        self.executions.append(identifier)

    def ended(self, identifier: str, outcome: str, now: int) -> None:
        """A tool is done. What failed in time is given back to the budget."""
        self.latest = max(self.latest, now)
        spent = self.spent[identifier]
        if outcome == "error" and self.latest <= spent.at + 600 * 1_000_000_000:
            spent.counts = False

    def voted(self, before: Task, after: Task, who: str, choice: str, bound: str, now: int) -> None:
        """Somebody tried to vote."""
        task, key = self.tasks[before.identifier], somebody(who)
        in_time = before.status == "waiting" and (
            after.climbs > before.climbs or max(now, before.latest) < after.deadline
        )
        asked = {somebody(name) for name in after.stage.people} | task.takers
        if bound == task.bound and in_time and key not in task.requesters and key in asked:
            if choice == "deny":
                task.vetoed = True
            else:
                task.approved.setdefault(after.climbs, set()).add(key)
        self.saw(after)

    def delegated(self, identifier: str, who: str, to: str) -> None:
        """Somebody handed a task on, and it was taken."""
        self.tasks[identifier].takers.add(somebody(to))

    def saw(self, task: Task) -> None:
        """How a task stands."""
        seen = self.tasks[task.identifier]
        seen.quorums[task.climbs] = task.stage.quorum
        if seen.status == "waiting" and task.status != "waiting":
            seen.status, seen.ended_at = task.status, task.latest
        assert seen.status == task.status, f"{task.identifier} ended as {seen.status}, and is {task.status}"
        if task.status == "approved":
            assert seen.is_approved, f"{task.identifier} is approved, and not by as many as it takes: {seen}"

    # ------------------------------------------------------------------------------------------------ what must hold

    def check(self) -> None:
        """What can be said without looking into the log."""
        assert set(self.executions) <= set(self.spent)

    def _check_budget(self, agent: str) -> None:
        """Nothing is ever over the limit, with all that is reserved."""
        total = sum(
            (
                item.call.amount
                for item in self.spent.values()
                if item.counts
                and item.call.tool == "refund"
                and item.call.agent == agent
                and self.latest - item.at < DAY - 10**9
            ),
            Decimal(0),
        )
        assert total <= LIMIT, f"{agent} has {total} of {LIMIT}"

    def open_tasks(self) -> list[str]:
        return [identifier for identifier, task in self.tasks.items() if task.status == "waiting"]

    def all_tasks(self) -> list[str]:
        return list(self.tasks)

    def _acknowledged(self, answer: Answer) -> str:
        assert answer.identifier is not None
        assert answer.identifier not in self.answers, "two answers with one identifier"
        self.answers[answer.identifier] = answer.decision.verdict
        return answer.identifier


def _reviewers(call: Call) -> Sequence[str]:
    """Whom the policy asks about a call: the same rules, written a second time."""
    if call.tool == "pay":
        return ("directors",)
    asked = ["finance"] if call.amount > 50 else []
    return [*asked, "legal"] if call.amount > 200 else asked
