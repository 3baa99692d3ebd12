"""Counters at their edges: windows that change, sums that are long, values that come back, accounts that nobody needs any more."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pytest

from tenetlang.decision import Amount, Share
from tenetlang.facts.accounts import account_of
from tenetlang.facts.errors import LedgerDamaged, LedgerFull
from tenetlang.facts.limits import Limits
from tenetlang.facts.memory import MemoryLedger
from tenetlang.facts.moment import Begun
from tests.ledgers import NOON, SECOND

HOUR = 3600


def share(
    adds: Amount | str | None = None,
    within: int | None = 10,
    aggregate: Literal["count", "sum", "distinct"] = "sum",
    key: str | None = "[]",
    counter: str = "spent",
) -> Share:
    return Share(counter, aggregate, None if within is None else within * SECOND, key, adds)


def add(ledger: MemoryLedger, seconds: int, *shares: Share, name: str = "") -> None:
    call = Begun(name or f"c{seconds}", "refund", "allow", None, None, NOON + (seconds + 60) * SECOND, shares)
    assert ledger.transact(NOON + seconds * SECOND, lambda moment: moment.begin(call))


def total(ledger: MemoryLedger, seconds: int, wanted: Share) -> Amount:
    return ledger.transact(NOON + seconds * SECOND, lambda moment: moment.total(wanted))


def test_a_sum_of_the_largest_and_the_finest_numbers_is_exact() -> None:
    ledger = MemoryLedger()
    large, fine = Decimal("9" * 64), Decimal("1e-64")
    for place, adds in enumerate((large, fine, fine, Decimal("-" + "9" * 64))):
        add(ledger, 0, share(adds), name=f"c{place}")
    assert total(ledger, 1, share()) == Decimal("2e-64")


def test_a_total_that_is_whole_is_an_int_however_it_came_about() -> None:
    ledger = MemoryLedger()
    for place, adds in enumerate((Decimal("0.5"), Decimal("1.50"))):
        add(ledger, 0, share(adds), name=f"c{place}")
    found = total(ledger, 1, share())
    assert (found, type(found)) == (2, int)


def test_a_longer_window_finds_what_the_shorter_one_has_kept() -> None:
    ledger = MemoryLedger()
    add(ledger, 0, share(1))
    add(ledger, 8, share(2))
    assert total(ledger, 12, share()) == 2
    assert total(ledger, 12, share(within=30)) == 2
    add(ledger, 20, share(4, within=30))
    assert total(ledger, 37, share(within=30)) == 6


def test_a_shorter_window_takes_nothing_from_those_who_still_count_in_the_longer_one() -> None:
    ledger = MemoryLedger()
    add(ledger, 0, share(1, within=30))
    add(ledger, 15, share(2, within=30))
    assert total(ledger, 20, share(within=10)) == 2
    assert total(ledger, 20, share(within=30)) == 3


def test_once_nobody_asks_for_the_longer_window_only_the_shorter_one_is_kept() -> None:
    ledger = MemoryLedger()
    add(ledger, 0, share(1, within=24 * HOUR))
    for seconds in (HOUR // 2, HOUR, HOUR + 1):
        assert total(ledger, seconds, share(within=2 * HOUR)) == 1
    assert total(ledger, 2 * HOUR, share(within=2 * HOUR)) == 0
    assert total(ledger, 2 * HOUR, share(within=24 * HOUR)) == 0


def test_a_window_that_is_asked_for_now_and_then_is_kept() -> None:
    ledger = MemoryLedger()
    add(ledger, 0, share(1, within=24 * HOUR))
    for seconds in range(0, 5 * HOUR, HOUR // 2):
        assert total(ledger, seconds, share(within=24 * HOUR)) == 1
        assert total(ledger, seconds, share(within=1)) == (seconds == 0)


def test_distinct_in_a_shorter_window_counts_each_value_once() -> None:
    ledger = MemoryLedger()
    for seconds, value in ((0, '"x"'), (11, '"y"'), (12, '"y"'), (13, '"z"')):
        add(ledger, seconds, share(value, 30, "distinct"))
    assert total(ledger, 15, share(None, 30, "distinct")) == 3
    assert total(ledger, 15, share(None, 10, "distinct")) == 2


def test_a_value_counts_until_its_last_entry_leaves_the_window() -> None:
    ledger = MemoryLedger()
    add(ledger, 0, share('"x"', 10, "distinct"))
    add(ledger, 5, share('"x"', 10, "distinct"))
    assert [total(ledger, seconds, share(None, 10, "distinct")) for seconds in (9, 10, 14, 15)] == [1, 1, 1, 0]


def test_without_a_window_nothing_is_ever_forgotten_but_what_is_released() -> None:
    ledger = MemoryLedger()
    add(ledger, 0, share(5, None), share('"x"', None, "distinct"))
    add(ledger, 1, share(6, None), share('"x"', None, "distinct"))
    ledger.transact(NOON + 2 * SECOND, lambda moment: moment.finish("c1", "error"))
    year = 365 * 24 * HOUR
    assert total(ledger, year, share(None, None)) == 5
    assert total(ledger, year, share(None, None, "distinct")) == 1


def test_what_left_the_window_before_it_was_released_is_not_taken_off_twice() -> None:
    ledger = MemoryLedger()
    add(ledger, 0, share(5))
    add(ledger, 20, share(1))
    assert total(ledger, 21, share()) == 1
    assert ledger.transact(NOON + 22 * SECOND, lambda moment: moment.finish("c0", "error")) == "settled"
    assert total(ledger, 23, share()) == 1


def test_a_release_leaves_alone_who_has_its_number_since_the_account_began_anew() -> None:
    ledger = MemoryLedger()
    add(ledger, 0, share(5))
    ledger.transact(NOON + 11 * SECOND, lambda moment: None)
    add(ledger, 20, share(1))
    ledger.transact(NOON + 21 * SECOND, lambda moment: moment.finish("c0", "error"))
    assert total(ledger, 21, share()) == 1


def test_a_call_without_a_key_reads_nothing_and_adds_nothing() -> None:
    ledger = MemoryLedger()
    add(ledger, 0, share(5, key=None))
    assert total(ledger, 0, share(key=None)) == 0


def test_counters_and_keys_are_kept_apart() -> None:
    ledger = MemoryLedger()
    add(
        ledger,
        0,
        share(1),
        share(2, key='["a"]'),
        share(3, counter="other"),
        share(4, None),
        share(1, aggregate="count"),
    )
    assert total(ledger, 1, share()) == 1
    assert total(ledger, 1, share(key='["a"]')) == 2
    assert total(ledger, 1, share(counter="other")) == 3
    assert total(ledger, 1, share(within=None)) == 4
    assert account_of("one", share()) != account_of("two", share())


def test_many_entries_leave_at_once() -> None:
    ledger = MemoryLedger()
    for number in range(300):
        add(ledger, 0, share(1), name=f"c{number}")
    add(ledger, 5, share(1), name="last")
    assert total(ledger, 6, share()) == 301
    assert total(ledger, 10, share()) == 1
    assert total(ledger, 15, share()) == 0


def test_an_account_that_nobody_needs_is_removed_with_all_that_belongs_to_it() -> None:
    ledger = MemoryLedger(Limits(remembered=SECOND))
    for number in range(300):
        add(ledger, 0, share(1), share(f'"{number}"', 10, "distinct"), name=f"c{number}")
    for number in range(300):
        ledger.transact(NOON, lambda moment, number=number: moment.finish(f"c{number}", "ok"))  # type: ignore[misc]  # a default
    for seconds in range(100, 200):
        ledger.transact(NOON + seconds * SECOND, lambda moment: None)
    assert set(ledger._rows) == {"state"}
    assert not ledger._scheduled


def test_an_account_that_is_in_use_stays() -> None:
    ledger = MemoryLedger()
    for seconds in range(0, 60, 5):
        add(ledger, seconds, share(1))
        assert total(ledger, seconds, share()) == min(2, seconds // 5 + 1)
    looked_at = [at for at, name in ledger._scheduled if name == account_of("", share())]
    assert looked_at == [NOON + 60 * SECOND]


def test_an_account_that_was_removed_makes_room_for_another() -> None:
    ledger = MemoryLedger(Limits(accounts=1))
    for seconds in (0, 100, 200):
        ledger.transact(NOON + seconds * SECOND, lambda moment: None)
        add(ledger, seconds, share(1, key=f"[{seconds}]"))


def test_a_key_too_many_is_refused_and_leaves_nothing() -> None:
    ledger = MemoryLedger(Limits(accounts=1))
    add(ledger, 0, share(1))
    with pytest.raises(LedgerFull, match="counters have 1 keys already"):
        add(ledger, 1, share(1), share(1, key='["a"]'))
    assert total(ledger, 1, share()) == 1


@pytest.mark.parametrize(
    "text",
    [
        '["sum","x",1,1,1,0,0]',
        '["sum","1",1]',
        "{}",
        '["sum","NaN",10000000000,1,1,0,0]',
        "7",
        '["sum","1e9999",10000000000,1,1,0,0]',
    ],
)
def test_an_account_that_is_none_is_damage(text: str) -> None:
    ledger = MemoryLedger()
    add(ledger, 0, share(1))
    ledger._rows[account_of("", share())] = text
    with pytest.raises(LedgerDamaged, match="restore the ledger from a copy"):
        ledger.transact(
            NOON,
            lambda moment: (
                moment.total(share()),
                moment.begin(Begun("c1", "refund", "allow", None, None, NOON + SECOND, (share(1),))),
            ),
        )
