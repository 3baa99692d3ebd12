"""Which records are asked for: each question, all of them together, and what followed from a decision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenetlang.audit import Surroundings, Unplaced, time_text, unplaced
from tenetlang.audit.completeness.check import check_completeness
from tenetlang.audit.exports.selecting import readable, selected
from tenetlang.audit.filters import EVERYTHING, Filter, Related, sortable
from tenetlang.audit.records.events import event_record
from tenetlang.audit.show import show_last
from tenetlang.audit.source import export_jsonl
from tests.unit.audit.samples import DECISION, REQUEST, START, identifier, open_sample, salts, sample, small_log, tamper

SECOND = 1_000_000_000
TASK = identifier(900)
POINT = f"gate-1/{identifier(800)}"


def event(number: int, kind: str, at: int, **members: object) -> Unplaced:
    return unplaced(
        *event_record(kind, members, time_text(START + at), identifier(number), salts(str(number).encode()))
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """0 opened, 1 escalate by u7 at a gate, 2 its escalation, 3 a vote, 4 allow by u8, 5 its outcome, 6 the gate is done."""
    at_gate = Surroundings(point=POINT, point_count=1)
    allowed = {**DECISION, "verdict": "allow", "decided_by": ["small"], "matched": []}
    other = {**REQUEST, "user": {"id": "u8"}, "agent": {"id": "a2"}, "tool": "mail"}
    opening = {"reviewers": "f", "quorum": 1, "deadline": time_text(START), "else": "deny", "binding": "ab" * 32}
    with open_sample(tmp_path / "log.db") as opened:
        opened.append(unplaced(*sample(1, surroundings=at_gate)))
        opened.append(
            event(70, "escalation.opened", SECOND, task=TASK, of=identifier(1), rule="large_refund", **opening)
        )
        vote = {"who": "ada", "how": "inbox", "vote": "deny", "counted": True, "binding": "ab" * 32, "comment": "no"}
        opened.append(event(71, "escalation.decided", 2 * SECOND, task=TASK, **vote))
        opened.append(unplaced(*sample(4, allowed, other)))
        opened.append(event(72, "outcome", 3 * SECOND, of=identifier(4), outcome="ok", point=POINT))
        opened.append(event(73, "point.closed", 4 * SECOND, point=POINT, count=1))
    return tmp_path / "log.db"


def indexes(log: Path, asked: Filter) -> list[object]:
    return [found["index"] for found in show_last(log, None, asked)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (EVERYTHING, [0, 1, 2, 3, 4, 5, 6]),
        (Filter(kinds=["intent", "outcome"]), [1, 4, 5]),
        (Filter(verdicts=["allow"]), [4]),
        (Filter(verdicts=["allow", "escalate"]), [1, 4]),
        (Filter(tools=["refund"]), [1]),
        (Filter(agents=["a2"]), [4]),
        (Filter(users=["u8"]), [4]),
        (Filter(rules=["large_refund"]), [1, 2]),
        (Filter(rules=["small"]), [4]),
        (Filter(points=["gate-1"]), [1, 5, 6]),
        (Filter(points=[POINT]), [1, 5, 6]),
        (Filter(points=["gate"]), []),
        (Filter(since=START + SECOND), [2, 3, 5, 6]),
        (Filter(until=START + SECOND), [0, 1, 4]),
        (Filter(since=START + SECOND, until=START + 2 * SECOND), [2]),
        (Filter(first=2, last=4), [2, 3, 4]),
        (Filter(first=5), [5, 6]),
        (Filter(last=0), [0]),
        (Filter(tools=["refund"], verdicts=["allow"]), []),
        (Filter(kinds=["intent"], since=START + 2_000_000), [4]),
    ],
)
def test_all_questions_must_be_answered_with_yes(log: Path, asked: Filter, expected: list[int]) -> None:
    assert indexes(log, asked) == expected
    lines = selected(export_jsonl(log), asked)
    assert [json.loads(line)["index"] for line in lines] == expected
    assert [found["index"] for found in readable(log, wanted=asked)] == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Filter(tools=["refund"]), {1, 2, 3}),
        (Filter(users=["u8"]), {4, 5}),
        (Filter(agents=["a2"]), {4, 5}),
        (Filter(points=["gate-1"]), {1, 2, 3, 5, 6}),
        (Filter(users=["u8"], kinds=["outcome"]), {5}),
        (Filter(tools=["refund"], since=START + 2 * SECOND), {3}),
        (Filter(rules=["large_refund"]), {1, 2, 3}),
        (Filter(kinds=["outcome"]), {5}),
        (Filter(first=3), {3, 4, 5, 6}),
        (EVERYTHING, set(range(7))),
    ],
)
def test_what_followed_belongs_to_the_decision(log: Path, asked: Filter, expected: set[int]) -> None:
    related = Related(log, asked)
    assert {index for index in range(7) if related(index)} == expected
    assert related(None)
    assert related(1_000)


def test_what_comes_after_the_last_that_is_asked_for_is_not(tmp_path: Path) -> None:
    path = small_log(tmp_path / "log.db", 40)
    related = Related(path, Filter(first=3, last=9))
    assert {index for index in range(41) if related(index)} == set(range(3, 10))
    assert related(41)
    assert not any(Related(path, Filter(tools=["none"]))(index) for index in range(41))


@pytest.mark.parametrize("far", [-5, 2**40, 2**62])
def test_an_index_that_no_log_has_is_asked_for_and_takes_no_room(tmp_path: Path, far: int) -> None:
    path = small_log(tmp_path / "log.db", 9)
    tamper(path, [("UPDATE records SET idx = ? WHERE idx = 5", (far,))])
    related = Related(path, Filter(last=3))
    assert related(far)
    assert {index for index in range(10) if related(index)} == {0, 1, 2, 3}


def test_where_the_decisions_are_too_many_to_follow_nothing_that_followed_is_left_out(log: Path) -> None:
    related = Related(log, Filter(verdicts=["allow", "escalate"]), most=1)
    assert {index for index in range(7) if related(index)} == {0, 1, 2, 3, 4, 5, 6} - {0} | {2, 3, 5, 6}


def test_a_damaged_record_is_asked_for_whatever_it_is(log: Path) -> None:
    tamper(log, [("UPDATE records SET record = ? WHERE idx = 5", (b"[]",))])
    assert indexes(log, Filter(tools=["refund"])) == [1, 5]
    assert Related(log, Filter(tools=["refund"]))(5)
    assert [json.loads(line)["index"] for line in selected(export_jsonl(log), Filter(tools=["refund"]))] == [1, 5]


def test_what_a_record_does_not_say_rules_nothing_out() -> None:
    assert Filter(first=3, last=4)({"index": "5", "at": time_text(START)})
    assert Filter(since=START, until=START)({"index": 5, "at": 7})


def test_a_rule_is_found_where_it_matched_and_did_not_decide() -> None:
    matched = [{"rule": "small"}, 7, {"rule": 7}]
    record = {"kind": "intent", "decided": {"decided_by": ["large"], "matched": matched}}
    assert [Filter(rules=[rule])(record) for rule in ("small", "large", "other")] == [True, True, False]


def test_the_last_ones_are_listed(log: Path) -> None:
    assert [found["index"] for found in show_last(log, 1, Filter(kinds=["intent"]))] == [4]


def test_problems_are_told_of_what_is_asked_for_alone(log: Path) -> None:
    def told(asked: Filter) -> list[int | None]:
        related = Related(log, asked)
        found = check_completeness(log, START + 3600 * SECOND, wanted=related)
        assert found.ok == (not found.problems)
        return [problem.index for problem in found.problems]

    assert told(EVERYTHING) == [2]
    assert told(Filter(tools=["refund"])) == [2]
    assert told(Filter(tools=["mail"])) == []
    assert told(Filter(since=START + 2 * SECOND)) == []


def test_readable_records_have_their_payloads(log: Path) -> None:
    read: list[int] = []
    (found,) = readable(log, wanted=Filter(kinds=["escalation.decided"]), progress=read.append)
    assert found["intact"] is True
    assert "'no'" in str(found["payload"])
    assert read == list(range(7))


@given(st.integers(0, 4_000_000_000_000_000_000), st.integers(0, 4_000_000_000_000_000_000))
def test_times_sort_as_their_texts_do(one: int, other: int) -> None:
    assert (sortable(time_text(one)) < sortable(time_text(other))) == (one < other)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_names = st.sampled_from(["kind", "at", "index", "decided", "what", "who", "of", "task", "rule", "point", "id"])


@given(record=st.dictionaries(_names, _values), intent=st.booleans())
def test_no_record_however_it_is_made_breaks_a_filter(record: dict[str, object], *, intent: bool) -> None:
    if intent:
        record["kind"] = "intent"
    asked = Filter(["intent"], ["allow"], ["refund"], ["a1"], ["u7"], ["r"], ["p"], START, START + SECOND, 1, 9)
    for one in (asked, Filter(rules=["r"]), Filter(points=["p"]), Filter(since=START), Filter(first=3, last=4)):
        assert one(record) in (True, False)
