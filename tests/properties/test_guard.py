"""Whatever agents, tools, people, operators and the clock do: nothing runs that was not allowed, budgets hold, and the log tells it all.

The model is a list of what ran and when. It knows the policy as a sentence: at most 500 of what was paid, or may have been, in any 24
hours for each agent; above 50 only after somebody approved exactly that; nothing once the session has read an untrusted page; and
nothing while it is stopped.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypeAlias

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenetlang.audit.records.requests import LostRequest, recorded_request
from tenetlang.audit.source import export_jsonl
from tenetlang.guard import Denied, Escalated, Guard, Permit
from tests.unit.guard.guards import Clock, open_guard, outcomes, problems, records, vote

EXAMPLES = max(6, settings().max_examples // 3)
"""Each is a guard that is opened twice and a disk that is written to dozens of times."""

DAY = 86_400
DEADLINE = 600

End: TypeAlias = Literal["ok", "error", "refused", "unknown", "forgotten"]


@attrs.frozen
class Refund:
    agent: str
    session: str
    customer: str
    amount: Decimal
    end: End


@attrs.frozen
class Fetch:
    agent: str
    session: str


@attrs.frozen
class Answered:
    which: int
    approve: bool


@attrs.frozen
class Resumed:
    which: int
    end: End


@attrs.frozen
class Switched:
    agent: str | None
    stop: bool


@attrs.frozen
class Passed:
    seconds: int


@attrs.frozen
class Reopened:
    pass


Step: TypeAlias = Refund | Fetch | Answered | Resumed | Switched | Passed | Reopened

agents = st.sampled_from(["a1", "a2"])
sessions = st.sampled_from(["s1", "s2", "s3"])
ends: st.SearchStrategy[End] = st.sampled_from(["ok", "ok", "ok", "error", "refused", "unknown", "forgotten"])
amounts = st.sampled_from(
    [Decimal(text) for text in ("0.01", "20", "50", "50.01", "80", "120", "499.99", "500", "501")]
)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Refund, agents, sessions, st.sampled_from(["c1", "c2"]), amounts, ends),
    st.builds(Refund, st.just("a1"), st.just("s1"), st.just("c1"), amounts, st.just("ok")),
    st.builds(Fetch, agents, sessions),
    st.builds(Answered, st.integers(0, 3), st.booleans()),
    st.builds(Resumed, st.integers(0, 3), ends),
    st.builds(Switched, st.sampled_from([None, "a1", "a2"]), st.booleans()),
    st.builds(Passed, st.sampled_from([1, 60, DEADLINE + 1, 3600, DAY // 2, DAY])),
    st.just(Reopened()),
)


@attrs.define
class Model:
    """What ran: when, for whom, how much, and whether it counts; what was seen; what is stopped; what was asked and approved."""

    paid: list[tuple[int, str, Decimal]] = attrs.field(factory=list)
    tainted: set[str] = attrs.field(factory=set)
    stopped: set[str | None] = attrs.field(factory=set)
    ran: list[str] = attrs.field(factory=list)
    asked: list[Escalated[Permit]] = attrs.field(factory=list)
    approved: set[int] = attrs.field(factory=set)
    used: set[int] = attrs.field(factory=set)

    def room(self, agent: str, now: int) -> Decimal:
        """How much may still be paid for the agent."""
        since = now - DAY * 10**9
        return 500 - sum((amount for at, who, amount in self.paid if who == agent and at > since), Decimal(0))


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=4, max_size=18))
def test_nothing_runs_that_was_not_allowed_and_the_log_tells_it_all(story: Sequence[Step]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, clock, model = Path(name), Clock(), Model()
        guard = open_guard(folder, clock=clock, deadline=DEADLINE)
        for step in story:
            take(guard, clock, model, step)
        guard.close()
        clock.forward(DAY)
        guard.reopen()
        for _ in range(len(story)):  # a few of what is overdue at each call
            guard.ask("nothing", {})
        ran = [identifier for identifier, outcome in ended(folder) if outcome in {"ok", "error"}]
        guard.close()
        assert set(ran) <= set(model.ran)
        assert problems(folder, clock.now) == []
        assert all_decisions_are_given_again(guard, folder)


def take(guard: Guard, clock: Clock, model: Model, step: Step) -> None:
    match step:
        case Refund(agent, session, customer, amount, end):
            room = model.room(agent, clock.now)
            try:
                permit = guard.call(
                    "refund", {"customer": customer, "amount": amount}, agent=agent, user="u1", session=session
                )
            except Denied as denied:
                check_denial(model, agent, session, amount, room, denied)
            except Escalated as escalated:
                assert amount > 50
                assert amount <= room
                assert not stopped(model, agent)
                model.asked.append(escalated)
            else:
                assert amount <= room
                assert session not in model.tainted
                assert not stopped(model, agent)
                if amount > 50:
                    using = use(model, agent, customer, amount)
                    assert using is not None
                run(permit, clock, model, agent, amount, end)
        case Fetch(agent, session):
            try:
                with guard.call("fetch", {"page": "x"}, agent=agent, user="u1", session=session) as permit:
                    model.ran.append(permit.identifier)
                    model.tainted.add(session)
                    permit.result("page")
            except Denied as denied:
                check_denial(model, agent, session, Decimal(0), Decimal(0), denied)
        case Answered(which, approve) if which < len(model.asked):
            waiting = model.asked[which]
            if waiting.review.standing() == "waiting":
                vote(guard, waiting, "approve" if approve else "deny")
                if approve:
                    model.approved.add(which)
        case Resumed(which, end) if which < len(model.asked):
            asked = model.asked[which].review.answer.call
            agent, amount = str(asked.agent), Decimal(str(asked.arguments["amount"]))
            room = model.room(agent, clock.now)
            try:
                permit = model.asked[which].resume()
            except Denied:
                return
            except Escalated as again:
                if again.review.tasks != model.asked[which].review.tasks:
                    model.asked.append(again)
                return
            assert amount <= room
            assert not stopped(model, agent)
            assert use(model, agent, str(asked.arguments["customer"]), amount) is not None
            run(permit, clock, model, agent, amount, end)
        case Switched(agent, stop):
            if stop:
                guard.stop(agent=agent)
                model.stopped.add(agent)
            else:
                guard.resume(agent=agent)
                model.stopped.discard(agent)
        case Passed(seconds):
            clock.forward(seconds)
        case Reopened():
            guard.reopen()
            for before in model.asked:
                before.review._gate = guard._gate
        case _:
            pass


def stopped(model: Model, agent: str) -> bool:
    return not model.stopped.isdisjoint({None, agent})


REASONS = [
    ("stopped",),
    ("budget",),
    ("tainted",),
    ("budget", "tainted"),
    ("review_denied",),
    ("review_unavailable",),
]


def check_denial(model: Model, agent: str, session: str, amount: Decimal, room: Decimal, denied: Denied) -> None:
    """A denial has its reason in the model."""
    decided = denied.decision.decided_by
    assert decided in REASONS
    if decided == ("stopped",):
        assert stopped(model, agent)
        return
    assert not stopped(model, agent)
    assert ("budget" in decided) == (amount > room) or decided[0].startswith("review")
    assert ("tainted" in decided) == (session in model.tainted) or decided[0].startswith("review")


def use(model: Model, agent: str, customer: str, amount: Decimal) -> int | None:
    """The approval of exactly this call that was not used yet; the one that is over first, which is the first."""
    for which in sorted(model.approved - model.used):
        call = model.asked[which].review.answer.call
        if (call.agent, call.arguments) == (agent, {"customer": customer, "amount": amount}):
            model.used.add(which)
            return which
    return None


def run(permit: Permit, clock: Clock, model: Model, agent: str, amount: Decimal, end: End) -> None:
    """Makes the call; it counts unless it failed or was not made."""
    if end in {"ok", "unknown", "forgotten"}:
        model.paid.append((clock.now, agent, amount))
    if end == "refused":
        permit.refuse()
        return
    if end == "forgotten":
        return
    model.ran.append(permit.identifier)
    try:
        with permit:
            if end == "error":
                raise OSError("the bank")
            if end == "unknown":
                raise KeyboardInterrupt
            permit.result("paid")
    except (OSError, KeyboardInterrupt):
        pass


def ended(folder: Path) -> list[tuple[str, str]]:
    assert len(outcomes(folder)) == len({record["of"] for record in records(folder, "outcome")})
    return [(str(record["of"]), str(record["outcome"])) for record in records(folder, "outcome")]


def all_decisions_are_given_again(guard: Guard, folder: Path) -> bool:
    """Whether each recorded request brings about the decision that is recorded with it, without any ledger."""
    evaluator = guard.active.evaluator
    lines = [json.loads(line) for line in export_jsonl(folder / "log.db", payloads=True)]
    for line in lines:
        record = json.loads(line["record"])
        if record["kind"] != "intent":
            continue
        decided = record["decided"]
        if decided["decided_by"][0] in {"stopped", "review_denied", "review_unavailable", "unknown_tool"}:
            continue
        found = recorded_request(record, line["payload"].encode())
        assert not isinstance(found, LostRequest)
        again = evaluator.decide(found.request)
        assert (again.verdict, list(again.decided_by)) == (decided["verdict"], decided["decided_by"])
    return True
