"""Sentences about ledgers: whatever happens in whatever order, they give what going through all calls would give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Literal, TypeVar

import apsw
import attrs
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tenetlang.decision import Amount, Share
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.meaning import Run, choices, value
from tenetlang.evaluator.requests import Invalid, request_reader, request_schema
from tenetlang.facts.limits import Limits
from tenetlang.facts.memory import MemoryLedger
from tenetlang.facts.moment import Begun, Moment
from tenetlang.facts.rows import Outcome
from tenetlang.facts.tables import Cell, moment_in, prepare
from tenetlang.program.program import Counter, Program
from tenetlang.values.times import time_text
from tests.ledgers import NOON, SECOND
from tests.sources import both, program_of

T = TypeVar("T")
LIMITS = Limits(calls=5)
WINDOWS: Mapping[str, int | None] = {"spent": 10 * SECOND, "made": 25 * SECOND, "seen": 10 * SECOND, "ever": None}
AGGREGATES: Mapping[str, Literal["count", "sum", "distinct"]] = {
    "spent": "sum",
    "made": "count",
    "seen": "distinct",
    "ever": "distinct",
}


class TablesLedger:
    """A ledger in tables of a database in memory."""

    def __init__(self) -> None:
        self.connection = apsw.Connection(":memory:")
        prepare(self)

    def run(self, statement: str, values: tuple[Cell, ...] = ()) -> list[tuple[Cell, ...]]:
        return [tuple(row) for row in self.connection.execute(statement, values)]

    def create(self, table: str, columns: Sequence[str]) -> None:
        self.run(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)})")

    def transact(self, now_ns: int, action: Callable[[Moment], T]) -> T:
        self.run("BEGIN")
        done = action(moment_in(self, now_ns, LIMITS))
        self.run("COMMIT")
        return done


@attrs.define
class Made:
    """A call as the model has it."""

    begun: Begun
    at: int
    outcome: Outcome | None = None
    late: bool = False


@attrs.define
class Model:
    """All calls in a list, and the definitions of docs/language.md over it."""

    calls: list[Made] = attrs.field(factory=list)
    labels: set[str] = attrs.field(factory=set)

    def at(self, now: int) -> None:
        """Whatever nobody ended by its deadline is unknown from there on."""
        for call in self.calls:
            if call.begun.due is not None and call.outcome is None and call.begun.due <= now:
                call.outcome, call.late = "unknown", True
                self.labels |= set(call.begun.labels)

    def total(self, share: Share, now: int) -> Amount:
        counted = [
            other.adds
            for call in self.calls
            for other in call.begun.shares
            if (other.counter, other.key) == (share.counter, share.key)
            and call.begun.verdict == "allow"
            and call.outcome not in {"error", "refused"}
            and other.adds is not None
            and (share.within is None or now - share.within < call.at <= now)
        ]
        if share.aggregate == "distinct":
            return len(set(counted))
        return sum(adds for adds in counted if not isinstance(adds, str))

    def finish(self, identifier: str, outcome: Outcome) -> str:
        for call in self.calls:
            if call.begun.identifier == identifier:
                if call.outcome is not None:
                    return "overdue" if call.late else "again"
                call.outcome = outcome
                if outcome != "refused":
                    self.labels |= set(call.begun.labels)
                return "settled"
        return "absent"

    def session(self) -> dict[str, object]:
        calls: list[dict[str, object]] = []
        for call in self.calls[-5:]:
            shown: dict[str, object] = {
                "tool": call.begun.tool,
                "verdict": call.begun.verdict,
                "at": time_text(call.at),
            }
            if call.outcome is not None:
                shown["outcome"] = "error" if call.outcome == "refused" else call.outcome
            if call.begun.arguments is not None:
                shown["args"] = dict(call.begun.arguments)
            calls.append(shown)
        return {"id": "s1", "labels": sorted(self.labels), "calls": calls}


amounts = some.one_of(some.integers(-5, 5), some.sampled_from([Decimal("0.1"), Decimal("-2.55"), Decimal("1e-12")]))
adding = some.fixed_dictionaries(
    {
        "spent": amounts | some.none(),
        "made": some.just(1) | some.none(),
        "seen": some.sampled_from(["1", '"x"', '"é"']) | some.none(),
        "ever": some.sampled_from(["1", "2"]) | some.none(),
    }
)


class Ledgers(RuleBasedStateMachine):
    """Two stores and the model, under the same calls."""

    @initialize()
    def begin_all(self) -> None:
        self.ledgers = (MemoryLedger(LIMITS), TablesLedger())
        self.model = Model()
        self.clock = self.now = NOON
        self.overdue: list[str] = []

    def both(self, action: Callable[[Moment], T]) -> T:
        """What both stores say, which is the same."""
        self.now = max(self.now, self.clock)
        self.model.at(self.now)
        found = [
            ledger.transact(self.clock, lambda moment: (moment.now, moment.overdue, action(moment)))
            for ledger in self.ledgers
        ]
        assert found[0] == found[1]
        moment_now, overdue, answer = found[0]
        assert moment_now == self.now
        self.overdue += [call.identifier for call in overdue]
        return answer

    @rule(seconds=some.sampled_from([0, 1, 3, 5, 5, 9, 20, 60, -2, -200]))
    def time_passes(self, seconds: int) -> None:
        self.clock = max(self.clock + seconds * SECOND, self.now - 290 * SECOND)

    @rule(
        key=some.sampled_from(['["a"]', '["b"]']),
        adds=adding,
        verdict=some.sampled_from(["allow", "allow", "allow", "deny", "escalate"]),
        within=some.sampled_from([2, 10, 30]),
        arguments=some.sampled_from([None, {}, {"x": 1}, {"x": [Decimal("1.5"), None, "é"]}]),
        labels=some.sampled_from([(), ("untrusted",), ("secret", "untrusted")]),
    )
    def begins(
        self,
        key: str,
        adds: Mapping[str, Amount | str | None],
        verdict: Literal["allow", "deny", "escalate"],
        within: int,
        arguments: Mapping[str, object] | None,
        labels: tuple[str, ...],
    ) -> None:
        shares = tuple(Share(name, AGGREGATES[name], WINDOWS[name], key, adds[name]) for name in sorted(adds))
        name = f"c{len(self.model.calls)}"
        due = max(self.now, self.clock) + within * SECOND if verdict == "allow" else None
        call = Begun(name, "refund", verdict, "s1", arguments, due, shares, labels)
        assert self.both(lambda moment: moment.begin(call))
        self.model.calls.append(Made(call, self.now))
        assert not self.both(lambda moment: moment.begin(call))

    @rule(number=some.integers(0, 12), outcome=some.sampled_from(["ok", "error", "refused", "unknown"]))
    def ends(self, number: int, outcome: Outcome) -> None:
        name = f"c{number}"
        if number < len(self.model.calls) and self.model.calls[number].begun.verdict != "allow":
            return
        found = self.both(lambda moment: moment.finish(name, outcome))
        assert found == self.model.finish(name, outcome)

    @invariant()
    def totals_are_those_of_all_calls(self) -> None:
        for name, within in WINDOWS.items():
            for key in ('["a"]', '["b"]'):
                share = Share(name, AGGREGATES[name], within, key, None)
                found = self.both(lambda moment, share=share: moment.total(share))  # type: ignore[misc]  # a default
                assert found == self.model.total(share, self.now)

    @invariant()
    def the_session_is_that_of_the_last_calls(self) -> None:
        assert self.both(lambda moment: moment.session("s1")) == self.model.session()

    @invariant()
    def what_is_overdue_is_said_once(self) -> None:
        late = [call.begun.identifier for call in self.model.calls if call.late]
        assert sorted(self.overdue) == sorted(late)


TestLedgers = Ledgers.TestCase
TestLedgers.settings = settings(stateful_step_count=20)


# ------------------------------------------------------------------------------- the counters of a policy, by its meaning

POLICY = """\
package acme.shop
tool refund(customer: string, amount: decimal, note?: string)
tool credit(customer: string, amount: decimal)
tool ping()
default deny

counter changes = count() of refund | credit
counter spent = sum(args.amount) of refund by agent.id within 10s
counter spent_on = sum(args.amount * 2.00) of refund | credit by args.customer within 20s
counter customers = distinct(args.customer) of refund | credit by agent.id within 10s
counter large = count() of refund by agent.id within 15s if { args.amount > 5.00 }
counter notes = distinct(text) of refund by text if { args.note is present; let text = args.note + "!" }
counter after_untrusted = count() of credit within 30s if { "untrusted" in session.labels }

deny too_much if {
    changes > 4 and spent > 10.00 and spent_on > 1.00 and customers > 1 and large > 1 and notes > 1 and after_untrusted > 1
    agent.id != ""
}
"""

_agents = some.sampled_from(["a1", "a2"])
_customers = some.sampled_from(["c1", "c2"])
_amounts = some.sampled_from([1, 6, Decimal("2.5"), Decimal("-3.25")])
_bodies: some.SearchStrategy[tuple[str, Mapping[str, object]]] = some.one_of(
    some.tuples(
        some.just("refund"),
        some.fixed_dictionaries(
            {"customer": _customers, "amount": _amounts}, optional={"note": some.sampled_from(["x", "y"])}
        ),
    ),
    some.tuples(some.just("credit"), some.fixed_dictionaries({"customer": _customers, "amount": _amounts})),
    some.tuples(some.just("ping"), some.just({})),
)
_steps = some.tuples(
    _agents,
    _bodies,
    some.sampled_from([0, 1, 4, 9]),
    some.booleans(),
    some.sampled_from(["ok", "error", "unknown"]),
)


@cache
def compiled() -> tuple[Program, Evaluator]:
    return program_of(POLICY), both(POLICY)[0]


def counted_by_meaning(
    program: Program,
    counter: Counter,
    earlier: Sequence[tuple[int, Mapping[str, object]]],
    inputs: Mapping[str, object],
    now: int,
) -> Amount:
    """The value of a counter for a request, straight from what docs/language.md says of counters."""
    own = _keyed(program, counter, inputs)
    added: list[object] = []
    for at, before in earlier:
        inside = counter.within is None or now - counter.within < at <= now
        if before["tool"] not in counter.tools or not inside:
            continue
        run = Run(program, before, {})
        scope = next(choices(run, counter.body, {}), None)
        if scope is None:
            continue
        key = [value(run, item, scope) for item in counter.by]
        if own is not None and key == own:
            added.append(1 if counter.argument is None else value(run, counter.argument, scope))
    if counter.aggregate == "distinct":
        return len(set(added))
    return sum(number for number in added if isinstance(number, int | Decimal))


def _keyed(program: Program, counter: Counter, inputs: Mapping[str, object]) -> list[object] | None:
    """The key of a request; None where it belongs to no total."""
    run = Run(program, inputs, {})
    scope: Mapping[str, object] = {}
    if inputs["tool"] in counter.tools:
        scope = next(choices(run, counter.body, {}), {})
    try:
        return [value(run, item, scope) for item in counter.by]
    except KeyError:
        return None


@given(some.lists(_steps, max_size=12))
def test_the_counters_of_a_policy_are_what_going_through_the_calls_gives(
    steps: Sequence[tuple[str, tuple[str, Mapping[str, object]], int, bool, Outcome]],
) -> None:
    program, evaluator = compiled()
    reader = request_reader(request_schema(program))
    ledgers = (MemoryLedger(), TablesLedger())
    earlier: list[tuple[int, Mapping[str, object]]] = []
    now = NOON
    for place, (agent, (tool, arguments), seconds, labelled, outcome) in enumerate(steps):
        now += seconds * SECOND
        session = {"id": "s", "labels": ["untrusted"] if labelled else [], "calls": []}
        request = {"tool": tool, "args": arguments, "agent": {"id": agent}, "session": session}
        inputs = reader.read({**request, "counters": {counter.name: 0 for counter in program.counters}})
        assert not isinstance(inputs, Invalid)
        wanted = {item.name: counted_by_meaning(program, item, earlier, inputs, now) for item in program.counters}
        for ledger in ledgers:
            counted = ledger.transact(now, lambda moment, request=request: evaluator.counted(request, moment.total))  # type: ignore[misc]  # a default
            assert counted.values == wanted
            call = Begun(f"c{place}", tool, "allow", "s", arguments, now + SECOND, counted.shares)
            ledger.transact(now, lambda moment, call=call: moment.begin(call))  # type: ignore[misc]  # a default
            ledger.transact(now, lambda moment, place=place, outcome=outcome: moment.finish(f"c{place}", outcome))  # type: ignore[misc]  # defaults
        if outcome != "error":
            earlier.append((now, inputs))
