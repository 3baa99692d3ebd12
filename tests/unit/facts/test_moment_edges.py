"""What `test_moment` leaves open: the edges of each condition of a moment, found by bending them one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import attrs
import pytest

from tenetlang.decision import Share
from tenetlang.facts.errors import ClockWentBack, LedgerConflict
from tenetlang.facts.memory import MemoryLedger
from tenetlang.facts.moment import DEFAULT_LIMITS, Begun, Moment

SECOND = 10**9
NOON = 1_800_000_000 * SECOND

T = TypeVar("T")


def call(identifier: str, *shares: Share, session: str | None = "s1", amount: int | None = 1) -> Begun:
    arguments = None if amount is None else {"amount": amount}
    return Begun(identifier, "refund", "allow", session, arguments, NOON + 30 * SECOND, shares)


def at(ledger: MemoryLedger, seconds: int, action: Callable[[Moment], T]) -> T:
    return ledger.transact(NOON + seconds * SECOND, action)


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def test_the_first_time_that_there_is_is_one_and_the_greatest_number_is_none() -> None:
    assert MemoryLedger().transact(0, lambda moment: moment.now) == 0
    assert MemoryLedger().transact(2**63 - 2, lambda moment: moment.now) == 2**63 - 2
    with pytest.raises(ClockWentBack, match="no log can hold"):
        MemoryLedger().transact(2**63 - 1, lambda moment: moment.now)


@pytest.mark.parametrize(
    "share", [Share("spent", "sum", 60 * SECOND, None, 5), Share("spent", "sum", 60 * SECOND, '["a1"]', None)]
)
def test_a_share_without_a_key_or_an_amount_reserves_nothing(ledger: MemoryLedger, share: Share) -> None:
    assert at(ledger, 0, lambda moment: moment.begin(call("c1", share)))
    assert not any(name.startswith("a:") for name in ledger._rows)
    assert at(ledger, 1, lambda moment: moment.total(share)) == 0


def test_of_a_counter_without_a_key_the_total_is_nothing_whatever_is_stored(ledger: MemoryLedger) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1", Share("spent", "sum", None, "null", 5))))
    assert at(ledger, 1, lambda moment: moment.total(Share("spent", "sum", None, None, 5))) == 0


def test_the_longest_name_of_a_tool_is_noted(ledger: MemoryLedger) -> None:
    assert at(ledger, 0, lambda moment: moment.begin(Begun("c1", "x" * 1024, "deny")))


def test_the_latest_deadline_is_a_deadline_and_a_nanosecond_more_is_none(ledger: MemoryLedger) -> None:
    latest = NOON + DEFAULT_LIMITS.longest
    with pytest.raises(LedgerConflict, match="has to be within"):
        at(ledger, 0, lambda moment: moment.begin(Begun("c1", "refund", "allow", due=latest + 1)))
    assert at(ledger, 0, lambda moment: moment.begin(Begun("c2", "refund", "allow", due=latest)))


def test_labels_of_a_call_without_a_session_are_of_no_session(ledger: MemoryLedger) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1", session=None)))
    assert at(ledger, 1, lambda moment: moment.finish("c1", "ok", ["secret"])) == "settled"
    assert not any(name.startswith("s:") for name in ledger._rows)


@pytest.mark.parametrize("verdict", ["deny", "escalate"])
def test_a_call_that_was_not_allowed_brings_no_labels_ever(ledger: MemoryLedger, verdict: str) -> None:
    begun = Begun("c1", "refund", verdict, "s1", labels=("untrusted",))  # type: ignore[arg-type]  # one of them
    at(ledger, 0, lambda moment: moment.begin(begun))
    for seconds in (1, 31, 7200):
        assert at(ledger, seconds, lambda moment: moment.session("s1"))["labels"] == []


def test_a_name_in_the_schedule_of_which_nothing_is_left_is_passed_over(ledger: MemoryLedger) -> None:
    ledger._schedule.append((NOON, "c:gone"))
    ledger._scheduled.add((NOON, "c:gone"))
    assert at(ledger, 0, lambda moment: moment.overdue) == ()
    assert at(ledger, 1, lambda moment: moment.begin(call("gone")))


@pytest.mark.parametrize("other", [2, None])
def test_a_call_with_other_arguments_is_another_call(ledger: MemoryLedger, other: int | None) -> None:
    at(ledger, 0, lambda moment: moment.begin(call("c1")))
    with pytest.raises(LedgerConflict, match="c1 was begun before, as another one"):
        at(ledger, 1, lambda moment: moment.begin(call("c1", amount=other)))
    assert not at(ledger, 1, lambda moment: moment.begin(attrs.evolve(call("c1"), due=NOON + 60 * SECOND)))
