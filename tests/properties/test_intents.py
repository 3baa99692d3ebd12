"""Records that are written at once are those that are built and then written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenetlang.audit import AuditError, Surroundings, decision_record, time_text, ulid
from tenetlang.audit.records import intents
from tenetlang.audit.records.intents import intent
from tenetlang.audit.records.record import MAX_RECORD
from tenetlang.audit.records.unplaced import Unplaced, placed, unplaced
from tenetlang.decision import Decision, Escalation, Matched, Obligation, Overridden, RuleError, Verdict, changed

Thing = TypeVar("Thing")

AT = 1_795_377_600_123_456_789

short = st.sampled_from(["a1", "refund", "", 'say "x\\', "x" * 128, "amount"])
words = st.one_of(
    short,
    st.sampled_from(["sha256:", "é", "x" * 129, "\x00", "\ud800"]),
    st.text(st.characters(exclude_categories=()), max_size=5),
)
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**54), 2**54),
        st.floats(),
        st.decimals(),
        st.binary(max_size=2),
        words,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(st.one_of(words, st.integers()), inner, max_size=3),
    ),
    max_leaves=6,
)
identities = st.one_of(values, st.fixed_dictionaries({"id": words}, optional={"roles": values}))
requests = st.one_of(
    st.fixed_dictionaries(
        {"tool": short, "args": st.one_of(st.dictionaries(short, values, max_size=4), st.dictionaries(words, values))},
        optional={
            "origins": st.one_of(st.dictionaries(words, values, max_size=3), values),
            "agent": identities,
            "user": identities,
            "session": identities,
            "counters": st.one_of(st.dictionaries(words, values, max_size=3), values),
            "now": st.one_of(words, values),
            "else": values,
        },
    ),
    st.fixed_dictionaries(
        {"tool": words, "args": st.dictionaries(st.text("abcd", min_size=1), st.integers(), min_size=9, max_size=34)}
    ),
    st.dictionaries(words, values, max_size=3),
)
surroundings = st.builds(
    Surroundings,
    point=st.one_of(st.none(), words),
    point_count=st.one_of(st.none(), st.integers(0, 2**53 - 1)),
    intermediate=st.one_of(st.none(), st.integers(0, 3)),
    stale=st.one_of(st.none(), words),
    data=st.one_of(
        st.dictionaries(words, words, max_size=3), st.dictionaries(st.text("ab"), words, min_size=31, max_size=34)
    ),
)


def some(made: st.SearchStrategy[Thing]) -> st.SearchStrategy[tuple[Thing, ...]]:
    return st.one_of(st.just(()), st.lists(made, max_size=3).map(tuple))


verdicts: st.SearchStrategy[Verdict] = st.sampled_from(["allow", "deny", "escalate"])
owners = st.one_of(st.none(), words)
matches = st.tuples(words, verdicts, owners, words).map(lambda fields: Matched(*fields))
lifted = st.tuples(words, words).map(lambda fields: Overridden(*fields))
errors = st.tuples(words, words, words).map(lambda fields: RuleError(*fields))
asked = st.tuples(words, words, st.integers(1, 2**54), words, words).map(lambda fields: Escalation(*fields))
obliged = st.tuples(words, st.lists(values, max_size=2)).map(lambda fields: Obligation(fields[0], tuple(fields[1])))


traces = st.one_of(
    st.fixed_dictionaries(
        {"leaf": short, "matched": st.lists(short, max_size=3), "erred": st.lists(short, max_size=1)}
    ),
    st.dictionaries(st.sampled_from(["leaf", "values", "ä"]), values, max_size=3),
)


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    return Decision(
        policy=draw(words),
        bundle=draw(st.sampled_from(["sha256:" + "ab" * 32, "", "sha256:"])),
        verdict=draw(verdicts),
        decided_by=draw(some(words)),
        reason=draw(words),
        matched=draw(some(matches)),
        overridden=draw(some(lifted)),
        errors=draw(some(errors)),
        obligations=tuple(draw(st.lists(obliged, max_size=12))),
        escalations=draw(some(asked)),
        observed=draw(some(matches)),
        observed_verdict=draw(st.one_of(st.none(), verdicts)),
        compact_trace=draw(traces),
    )


REFUND: dict[str, object] = {"tool": "refund", "args": {"amount": Decimal("20.50"), "to": "Zoë"}, "agent": {"id": "a1"}}
ALLOWED = Decision("acme", "sha256:" + "ab" * 32, "allow", ("small",), "below 50", compact_trace={"leaf": "leaf 1"})


def drawn() -> Callable[[int], bytes]:
    """Random bytes that are the same at each call of this, however they are asked for."""
    place = 0

    def randomness(size: int) -> bytes:
        nonlocal place
        place += size
        return bytes(number * 7 % 256 for number in range(place - size, place))

    return randomness


def at_once(decision: Decision, request: dict[str, object], took_ns: int, around: Surroundings) -> Unplaced | None:
    try:
        return intents._written(decision, request, AT, took_ns, around, drawn())
    except intents.UNUSUAL:
        return None


def built(
    decision: Decision, request: Mapping[str, object], took_ns: int, around: Surroundings
) -> tuple[bytes, bytes | None]:
    """The record in its place and the payload, by way of the envelope."""
    randomness = drawn()
    identifier = ulid(AT, randomness(16))
    shown, trace = decision.to_json(trace=False), decision.compact_trace
    envelope, payload = decision_record(
        shown, request, trace, time_text(AT), identifier, took_ns, lambda: randomness(16), around
    )
    return placed(unplaced(envelope, payload), 7, "ab" * 32), payload


@settings(max_examples=500, deadline=None)
@given(decisions(), requests, st.one_of(st.just(4200), st.integers(-1, 2**53)), surroundings)
@example(ALLOWED, REFUND, 4200, Surroundings())
@example(ALLOWED, {**REFUND, "args": {"amount": 2**53, "more": -(2**53)}}, 4200, Surroundings())
@example(ALLOWED, {**REFUND, "args": {}}, 4200, Surroundings(point="gateway", point_count=3))
@example(ALLOWED, {**REFUND, "args": {f"a{n}": n for n in range(32)}}, 4200, Surroundings())
@example(ALLOWED, {**REFUND, "origins": {"to": "user", "amount": ["é"]}, "counters": {"n": 2}}, 4200, Surroundings())
def test_a_record_that_is_written_at_once_is_the_one_that_is_built(
    decision: Decision, request: dict[str, object], took_ns: int, around: Surroundings
) -> None:
    for _ in range(2):  # the second time, it is known how it ends
        found = at_once(decision, request, took_ns, around)
        if found is not None:
            assert (placed(found, 7, "ab" * 32), found.payload) == built(decision, request, took_ns, around)


@settings(max_examples=100, deadline=None)
@given(decisions(), requests, st.integers(0, 2**53 - 1), surroundings)
def test_there_is_a_record_of_every_decision(
    decision: Decision, request: dict[str, object], took_ns: int, around: Surroundings
) -> None:
    record = intent(decision, request, AT, took_ns, around)
    assert record.payload is not None
    assert len(placed(record, 2**53 - 1, "ab" * 32)) <= MAX_RECORD


def test_decisions_on_ordinary_requests_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intents, "decision_record", None)
    for request in (REFUND, {**REFUND, "origins": {"to": "user"}, "now": "2026-11-22T20:00:00Z", "counters": {"a": 1}}):
        assert intent(ALLOWED, request, AT, 4200).payload is not None
    most = {**REFUND, "args": {f"a{n}": n for n in range(32)}}
    assert (
        intent(changed(ALLOWED, obligations=(Obligation("mask", ("body",)),) * 32), most, AT, 4200).payload is not None
    )
    with pytest.raises(TypeError):
        intent(ALLOWED, {**REFUND, "args": {f"a{n}": n for n in range(33)}}, AT, 4200)


def test_decisions_that_share_their_trace_and_no_more_are_told_apart() -> None:
    around = Surroundings()
    for other in (
        changed(ALLOWED, reason="another"),
        changed(ALLOWED, matched=(Matched("small", "allow", None, "a.tenet:1"),)),
        changed(ALLOWED, verdict="deny"),
        changed(ALLOWED, errors=(RuleError("small", "overflow", "a.tenet:1"),)),
        changed(ALLOWED, bundle="sha256:" + "cd" * 32),
        changed(ALLOWED, policy="other"),
        changed(ALLOWED, decided_by=("default",)),
        changed(ALLOWED, overridden=(Overridden("small", "large"),)),
        changed(ALLOWED, escalations=(Escalation("small", "finance", 1, "1h", "deny"),)),
        changed(ALLOWED, observed=(Matched("small", "allow", None, "a.tenet:1"),)),
        changed(ALLOWED, observed_verdict="deny"),
        ALLOWED,
    ):
        found = at_once(other, REFUND, 4200, around)
        assert found is not None
        assert (placed(found, 7, "ab" * 32), found.payload) == built(other, REFUND, 4200, around)


def test_what_is_known_of_ends_is_bounded() -> None:
    for number in range(intents._KNOWN_ENDS + 2):
        assert at_once(changed(ALLOWED, compact_trace={"leaf": str(number)}), REFUND, 4200, Surroundings())
    assert len(intents._ends) <= intents._KNOWN_ENDS


def test_salts_come_from_the_system_and_no_two_are_the_same() -> None:
    records = [intent(ALLOWED, REFUND, AT, 4200) for _ in range(2)]
    salts = {salt for record in records for salt in re.findall(rb'"salt":"([0-9a-f]{32})"', record.payload or b"")}
    assert len(salts) == 10
    assert records[0].identifier != records[1].identifier


@pytest.mark.parametrize("at_ns", [-1, 10**21])
def test_a_clock_out_of_reach_of_the_format_is_refused(at_ns: int) -> None:
    with pytest.raises((AuditError, ValueError, OverflowError)):
        intent(ALLOWED, REFUND, at_ns, 4200)
