"""Counters: at what one stands for a key, exactly, in a window that moves on with every question.

    account of (refunds_today, ["a1"])     first            next
                                             ↓                ↓
    entries                            …  [41] [42]  -  [44] [45]      total = what these add up to
                                          older ←——————→ newer

The window is `now - within < at <= now`, as docs/language.md says. An account keeps a running total, and one entry for each
counted call in the order of time, which is the order of numbers since a ledger's time never goes backwards. A question first takes
entries off the old end until one lies in the window. Each entry is put there once and taken off once, so a call costs the same
however many were counted (amortised: after a quiet spell one question may take off many). A call that is released takes its
entry out, and leaves a gap.

Totals are exact: numbers are added as decimals with room for 2^63 of the largest and finest that the language computes, and
a signal for every digit lost. `distinct` counts, for each value, the entries that have it, and its total is the number of values that have any.
A counter without `within` never forgets, so it needs no entries.

*When a policy changes its window.* A counter is known by its name and by what it aggregates. A longer window finds what the shorter one
has kept, and no more. A shorter one must not throw away what another process, which has not loaded the new policy yet, still
counts; so entries are kept for the longest window that was asked for within the last hour, and until then a shorter
one adds up those of its own, one by one.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from tenetlang.decision import Amount, Share
from tenetlang.facts.errors import LedgerDamaged, LedgerFull
from tenetlang.facts.rows import ACCOUNTS, COUNTS, ENTRIES, Account, Aggregate, Entry, Held, Rows, digest, read, written
from tenetlang.values.numbers import decimal_text, whole

CHANGING: Final = 3_600_000_000_000
"""For how long, in nanoseconds, a longer window is still kept once only a shorter one is asked for."""

_BATCH: Final = 128
_WIDE: Final = decimal.Context(
    prec=256,
    Emax=256,
    Emin=-256,
    traps=[
        decimal.Inexact,
        decimal.Overflow,
        decimal.Underflow,
        decimal.InvalidOperation,
        decimal.FloatOperation,
    ],
)


def account_of(space: str, share: Share) -> str:
    """The name of the account that a call reads and adds to; the share has a key."""
    return f"a:{digest(space, share.counter, share.aggregate, share.within is not None, share.key)}"


def total(rows: Rows, now: int, space: str, share: Share) -> Amount:
    """At what the counter stands for the key, before the call that asks. Raises `LedgerDamaged`."""
    name = account_of(space, share)
    account = _account(rows, name)
    if account is None:
        return 0
    within = share.within
    if within is None or account.kept is None:
        return _amount(account.total)
    before = written(account)
    _fit_window(account, now, within)
    _forget(rows, name, account, now - account.kept)
    if written(account) != before:
        rows.put(name, written(account))
    if within == account.kept:
        return _amount(account.total)
    return _sum_of([entry.adds for entry in _entries(rows, name, account) if entry.at > now - within], share.aggregate)


def add(rows: Rows, now: int, space: str, share: Share, call: str, accounts: int, most: int) -> tuple[Held, bool]:
    """Counts a call, which has a key and adds something; says what it added, and whether the account is new.

    There are `accounts` so far and may be `most`. Raises `LedgerFull` and `LedgerDamaged`.
    """
    assert share.adds is not None
    name = account_of(space, share)
    account = _account(rows, name)
    new = account is None
    if account is None:
        if accounts >= most:
            raise LedgerFull(
                f"counters have {accounts:,} keys already; raise `accounts` in the ledger's limits, or count by what has fewer values"
            )
        account = Account(share.aggregate, "0", share.within, now, now)
    adds = digest(share.adds) if share.aggregate == "distinct" else decimal_text(_number(share.adds))
    number = None
    if account.kept is not None:
        number, account.next = account.next, account.next + 1
        rows.put(_entry(name, number), written(Entry(now, adds, call)))
    _count(rows, name, account, adds)
    account.seen = now
    rows.put(name, written(account))
    return Held(name, number, adds), new


def release(rows: Rows, held: Held, call: str) -> None:
    """Takes back what a call added, unless it has left the window already."""
    account = _account(rows, held.account)
    if account is None:
        return
    if held.number is not None:
        (text,) = rows.get([_entry(held.account, held.number)])
        if text is None or read("e", text, ENTRIES).call != call:
            return
        rows.remove([_entry(held.account, held.number)])
    _uncount(rows, held.account, account, [held.adds])
    rows.put(held.account, written(account))


def expire(rows: Rows, name: str, now: int) -> int | None:
    """Removes an account that nothing was counted in for the time that it is kept; else says when to look again."""
    account = _account(rows, name)
    if account is None or account.kept is None:
        return None
    if account.seen + account.kept > now:
        return account.seen + account.kept
    _forget(rows, name, account, now - account.kept, _BATCH)
    if account.first < account.next:
        rows.put(name, written(account))
        return now
    rows.remove([name])
    return None


def _fit_window(account: Account, now: int, within: int) -> None:
    """Has the account keep its entries for as long as this window needs them, or needed them lately."""
    assert account.kept is not None
    stale = now - account.kept_at
    if within > account.kept or (within < account.kept and stale > CHANGING):
        account.kept, account.kept_at = within, now
    elif within == account.kept and stale > CHANGING // 4:
        account.kept_at = now


def _forget(rows: Rows, name: str, account: Account, until: int, most: int | None = None) -> None:
    """Takes off the entries that are not younger than that, so many at most."""
    end = account.next if most is None else min(account.next, account.first + most)
    width = 1
    while account.first < end:
        numbers = range(account.first, min(account.first + width, end))
        gone: list[str] = []
        for number, text in zip(numbers, rows.get([_entry(name, number) for number in numbers]), strict=True):
            if text is not None:
                entry = read("e", text, ENTRIES)
                if entry.at > until:
                    break
                gone.append(entry.adds)
            account.first = number + 1
        _uncount(rows, name, account, gone)
        rows.remove([_entry(name, number) for number in range(numbers.start, account.first)])
        if account.first < numbers.stop:
            return
        width = _BATCH


def _entries(rows: Rows, name: str, account: Account) -> Iterator[Entry]:
    for start in range(account.first, account.next, _BATCH):
        numbers = range(start, min(start + _BATCH, account.next))
        for text in rows.get([_entry(name, number) for number in numbers]):
            if text is not None:
                yield read("e", text, ENTRIES)


def _count(rows: Rows, name: str, account: Account, adds: str) -> None:
    if account.aggregate == "distinct":
        row = _value(name, adds)
        (text,) = rows.get([row])
        count = 0 if text is None else read("v", text, COUNTS)
        rows.put(row, written(count + 1))
        if count:
            return
        adds = "1"
    account.total = _plus(account.total, adds)


def _uncount(rows: Rows, name: str, account: Account, gone: list[str]) -> None:
    for adds in gone:
        if account.aggregate == "distinct":
            row = _value(name, adds)
            (text,) = rows.get([row])
            count = 0 if text is None else read("v", text, COUNTS)
            if count > 1:
                rows.put(row, written(count - 1))
                continue
            rows.remove([row])
            account.total = _plus(account.total, "-1")
        else:
            account.total = _plus(account.total, f"-{adds}".removeprefix("--"))


def _sum_of(found: list[str], aggregate: Aggregate) -> Amount:
    if aggregate == "distinct":
        return len(set(found))
    amount = "0"
    for adds in found:
        amount = _plus(amount, adds)
    return _amount(amount)


def _account(rows: Rows, name: str) -> Account | None:
    (text,) = rows.get([name])
    return None if text is None else read(name, text, ACCOUNTS)


def _plus(left: str, right: str) -> str:
    try:
        return decimal_text(_WIDE.add(Decimal(left), Decimal(right)))
    except decimal.DecimalException as mistake:
        raise LedgerDamaged(
            f"a total of the ledger is no number that can be ({type(mistake).__name__}); restore the ledger from a copy"
        ) from None


def _amount(text: str) -> Amount:
    try:
        number = Decimal(text)
    except decimal.DecimalException:
        raise LedgerDamaged("a total of the ledger is no number; restore the ledger from a copy") from None
    if not number.is_finite():
        raise LedgerDamaged("a total of the ledger is no number; restore the ledger from a copy")
    return whole(number)


def _number(adds: Amount | str) -> Amount:
    assert not isinstance(adds, str)
    return adds


def _entry(account: str, number: int) -> str:
    return f"e{account[1:]}:{number}"


def _value(account: str, value: str) -> str:
    return f"v{account[1:]}:{value}"
