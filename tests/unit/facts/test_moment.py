"""One moment of a ledger: what is told of earlier calls, what is noted, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import pytest

from tenetlang.decision import Share
from tenetlang.facts.errors import ClockWentBack, LedgerConflict, LedgerDamaged, LedgerFull
from tenetlang.facts.limits import Limits
from tenetlang.facts.memory import MemoryLedger
from tenetlang.facts.moment import Begun, Moment, Overdue

SECOND = 10**9
NOON = 1_800_000_000 * SECOND
MINUTE = 60 * SECOND

T = TypeVar("T")


def spent(adds: int | Decimal | None, key: str | None = '["a1"]', within: int | None = 60 * SECOND) -> Share:
    return Share("spent", "sum", within, key, adds)


def call(
    identifier: str, *shares: Share, at: int = NOON, session: str | None = "s1", labels: tuple[str, ...] = ()
) -> Begun:
    return Begun(identifier, "refund", "allow", session, {"amount": 1}, at + 30 * SECOND, shares, labels)


def at(ledger: MemoryLedger, seconds: float, action: Callable[[Moment], T]) -> T:
    return ledger.transact(NOON + int(seconds * SECOND), action)


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def test_a_call_counts_from_the_moment_it_is_allowed(ledger: MemoryLedger) -> None:
    assert at(ledger, 0, lambda moment: (moment.total(spent(5)), moment.begin(call("c1", spent(5))))) == (0, True)
    assert at(ledger, 1, lambda moment: moment.total(spent(5))) == 5


@pytest.mark.parametrize(("outcome", "counts"), [("ok", 5), ("unknown", 5), ("error", 0), ("refused", 0)])
def test_failure_releases_and_an_unknown_outcome_counts(ledger: MemoryLedger, outcome: str, counts: int) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1", spent(5))))
    assert at(ledger, 1, lambda moment: moment.finish("c1", outcome)) == "settled"  # type: ignore[arg-type]  # one of them
    assert at(ledger, 2, lambda moment: moment.total(spent(None))) == counts


def test_what_nobody_ended_by_its_deadline_is_unknown_and_counts(ledger: MemoryLedger) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1", spent(5))))
    assert at(ledger, 30, lambda moment: moment.overdue) == (Overdue("c1", NOON + 30 * SECOND),)
    assert at(ledger, 31, lambda moment: (moment.overdue, moment.finish("c1", "error"))) == ((), "overdue")
    assert at(ledger, 32, lambda moment: moment.total(spent(None))) == 5
    assert at(ledger, 33, lambda moment: moment.session("s1", arguments=False)["calls"]) == [
        {"tool": "refund", "verdict": "allow", "at": "2027-01-15T08:00:00Z", "outcome": "unknown"}
    ]


def test_the_window_is_open_at_its_old_end_and_closed_at_its_new_one(ledger: MemoryLedger) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1", spent(5))))
    assert at(ledger, 0, lambda moment: moment.total(spent(None))) == 5
    assert at(ledger, 60 - 1e-9, lambda moment: moment.total(spent(None))) == 5
    assert at(ledger, 60, lambda moment: moment.total(spent(None))) == 0


def test_beginning_or_ending_twice_changes_nothing_and_says_so(ledger: MemoryLedger) -> None:
    assert at(ledger, 0, lambda moment: (moment.begin(call("c1", spent(5))), moment.begin(call("c1", spent(5))))) == (
        True,
        False,
    )
    assert [at(ledger, 1, lambda moment: moment.finish("c1", "error")) for _ in "12"] == ["settled", "again"]
    assert at(ledger, 2, lambda moment: moment.total(spent(None))) == 0
    assert at(ledger, 2, lambda moment: moment.finish("nobody", "ok")) == "absent"


def test_another_call_with_the_same_identifier_is_refused(ledger: MemoryLedger) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1", spent(5))))
    with pytest.raises(LedgerConflict, match="c1 was begun before, as another one"):
        at(ledger, 1, lambda moment: moment.begin(call("c1", spent(6))))


def test_a_session_has_its_calls_oldest_first_and_the_labels_of_their_results(ledger: MemoryLedger) -> None:
    at(
        ledger,
        0,
        lambda moment: moment.begin(Begun("c1", "web.fetch", "deny", "s1", {"url": "x", "n": Decimal("1.50")})),
    )
    at(ledger, 1, lambda moment: moment.begin(call("c2", at=moment.now, labels=("untrusted",))))
    assert at(ledger, 2, lambda moment: moment.session("s1")) == {
        "id": "s1",
        "labels": [],
        "calls": [
            {
                "tool": "web.fetch",
                "verdict": "deny",
                "at": "2027-01-15T08:00:00Z",
                "args": {"url": "x", "n": Decimal("1.5")},
            },
            {"tool": "refund", "verdict": "allow", "at": "2027-01-15T08:00:01Z", "args": {"amount": 1}},
        ],
    }
    at(ledger, 3, lambda moment: moment.finish("c2", "ok", ["secret"]))
    assert at(ledger, 4, lambda moment: moment.session("s1", calls=False)) == {
        "id": "s1",
        "labels": ["secret", "untrusted"],
        "calls": [],
    }
    assert at(ledger, 4, lambda moment: moment.session("s2")) == {"id": "s2", "labels": [], "calls": []}


def test_the_labels_of_a_call_whose_end_nobody_saw_are_there_at_its_deadline(ledger: MemoryLedger) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1", labels=("untrusted",))))
    assert at(ledger, 30 - 1e-9, lambda moment: moment.session("s1", calls=False)["labels"]) == []
    assert at(ledger, 30, lambda moment: moment.session("s1", calls=False)["labels"]) == ["untrusted"]


def test_a_call_that_was_not_made_brings_no_labels_and_is_shown_as_an_error(ledger: MemoryLedger) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1", labels=("untrusted",))))
    at(ledger, 1, lambda moment: moment.finish("c1", "refused"))
    found = at(ledger, 2, lambda moment: moment.session("s1"))
    assert found["labels"] == []
    assert found["calls"] == [
        {"tool": "refund", "verdict": "allow", "at": "2027-01-15T08:00:00Z", "outcome": "error", "args": {"amount": 1}}
    ]


def test_only_the_newest_calls_stay(ledger: MemoryLedger) -> None:
    small = MemoryLedger(Limits(calls=3))
    for number in range(7):
        at(small, number, lambda moment, number=number: moment.begin(Begun(f"c{number}", f"t{number}", "deny", "s1")))  # type: ignore[misc]  # a default
    found = at(small, 8, lambda moment: moment.session("s1")["calls"])
    assert [earlier["tool"] for earlier in found] == ["t4", "t5", "t6"]  # type: ignore[attr-defined]  # a list


def test_a_label_that_can_not_be_kept_closes_the_session(ledger: MemoryLedger) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1")))
    at(ledger, 1, lambda moment: moment.finish("c1", "ok", [f"label {number}" for number in range(257)]))
    with pytest.raises(LedgerFull, match="more labels than are kept"):
        at(ledger, 2, lambda moment: moment.session("s1"))


def test_a_clock_that_is_a_little_behind_makes_time_stand_still_and_far_behind_is_an_error(
    ledger: MemoryLedger,
) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1", spent(5))))
    assert at(ledger, -300, lambda moment: (moment.now, moment.total(spent(None)))) == (NOON, 5)
    with pytest.raises(ClockWentBack, match=r"5m1s behind .* `tenet ledger set-clock`"):
        at(ledger, -301, lambda moment: moment.now)
    ledger.set_clock(NOON - 301 * SECOND)
    assert at(ledger, -301, lambda moment: (moment.now, moment.total(spent(None)))) == (NOON - 301 * SECOND, 5)


@pytest.mark.parametrize("identifier", ["", "a b", "é", "x" * 129, "c1\n"])
def test_an_identifier_is_of_a_few_plain_characters(ledger: MemoryLedger, identifier: str) -> None:
    with pytest.raises(LedgerConflict, match="1 to 128 letters"):
        at(ledger, 0, lambda moment: moment.begin(call(identifier)))


@pytest.mark.parametrize("due", [None, NOON, NOON - 1, NOON + 8 * 24 * 3600 * SECOND])
def test_an_allowed_call_has_a_deadline_that_is_to_come(ledger: MemoryLedger, due: int | None) -> None:
    with pytest.raises(LedgerConflict, match="has to be within 7d from now"):
        at(ledger, 0, lambda moment: moment.begin(Begun("c1", "refund", "allow", None, None, due)))


def test_a_call_that_was_not_allowed_reserves_nothing_and_can_not_end(ledger: MemoryLedger) -> None:
    at(ledger, 0, lambda moment: moment.begin(Begun("c1", "refund", "escalate", None, None, None, (spent(5),))))
    assert at(ledger, 0, lambda moment: moment.total(spent(None))) == 0
    with pytest.raises(LedgerConflict, match="was not allowed"):
        at(ledger, 1, lambda moment: moment.finish("c1", "ok"))


def test_a_word_that_is_no_verdict_or_no_outcome_is_refused(ledger: MemoryLedger) -> None:
    with pytest.raises(LedgerConflict, match="a verdict is"):
        at(ledger, 0, lambda moment: moment.begin(Begun("c1", "refund", "permit")))  # type: ignore[arg-type]  # on purpose
    at(ledger, 0, lambda moment: moment.begin(call("c1")))
    with pytest.raises(LedgerConflict, match="an outcome is"):
        at(ledger, 0, lambda moment: moment.finish("c1", "done"))  # type: ignore[arg-type]  # on purpose


def test_the_name_of_a_tool_has_a_bound(ledger: MemoryLedger) -> None:
    with pytest.raises(LedgerConflict, match="1,025 characters"):
        at(ledger, 0, lambda moment: moment.begin(Begun("c1", "x" * 1025, "deny")))


def test_a_call_with_a_text_that_is_none_is_refused(ledger: MemoryLedger) -> None:
    with pytest.raises(LedgerConflict, match="can't be stored"):
        at(ledger, 0, lambda moment: moment.begin(Begun("c1", "\ud800", "deny")))


def test_what_ended_is_known_for_a_day_and_then_forgotten(ledger: MemoryLedger) -> None:
    day = 24 * 3600
    at(ledger, 0, lambda moment: moment.begin(call("c1")))
    at(ledger, 0, lambda moment: moment.begin(Begun("c2", "refund", "deny")))
    at(ledger, 10, lambda moment: moment.finish("c1", "ok"))
    assert at(ledger, day + 9, lambda moment: moment.finish("c1", "ok")) == "again"
    assert at(ledger, day + 10, lambda moment: moment.finish("c1", "ok")) == "absent"
    assert at(ledger, day + 10, lambda moment: moment.finish("c2", "ok")) == "absent"


def test_a_moment_does_a_few_of_the_things_that_are_due_and_the_next_ones_go_on(ledger: MemoryLedger) -> None:
    for number in range(20):
        at(ledger, 0, lambda moment, number=number: moment.begin(call(f"c{number}", spent(1))))  # type: ignore[misc]  # a default
    assert at(ledger, 30, lambda moment: moment.finish("c19", "error")) == "overdue"
    assert [at(ledger, 30, lambda moment: len(moment.overdue)) for _ in "1234"] == [8, 3, 0, 0]
    assert at(ledger, 32, lambda moment: moment.total(spent(None))) == 20


def test_what_is_overdue_and_not_looked_at_yet_is_shown_as_what_it_is(ledger: MemoryLedger) -> None:
    for number in range(20):
        begun = call(f"c{number}", labels=(f"label {number:02}",))
        at(ledger, 0, lambda moment, begun=begun: moment.begin(begun))  # type: ignore[misc]  # a default
    found = at(ledger, 30, lambda moment: moment.session("s1", arguments=False))
    assert found["labels"] == [f"label {number:02}" for number in range(20)]
    shown = {"tool": "refund", "verdict": "allow", "at": "2027-01-15T08:00:00Z", "outcome": "unknown"}
    assert found["calls"] == [shown] * 20


@pytest.mark.parametrize("now", [-1, 2**63])
def test_a_clock_that_shows_no_time_is_an_error(now: int) -> None:
    with pytest.raises(ClockWentBack, match="no log can hold"):
        MemoryLedger().transact(now, lambda moment: None)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("state", "[2,0,0,0]", "of version 2, and this program knows 1"),
        ("state", "nonsense", "of the kind `state`"),
        ("c:c1", '["x"]', "of the kind `c`"),
    ],
)
def test_what_no_ledger_of_this_version_stores_is_damage(ledger: MemoryLedger, name: str, text: str, said: str) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1")))
    ledger._rows[name] = text
    with pytest.raises(LedgerDamaged, match=said):
        at(ledger, 1, lambda moment: moment.finish("c1", "ok"))


def test_a_schedule_with_something_of_no_kind_is_damage(ledger: MemoryLedger) -> None:
    ledger._schedule.append((NOON, "x:1"))
    ledger._scheduled.add((NOON, "x:1"))
    with pytest.raises(LedgerDamaged, match="a name of no kind"):
        at(ledger, 0, lambda moment: None)
