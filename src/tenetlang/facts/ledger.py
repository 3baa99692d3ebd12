"""A ledger that is not in a log: what one is, and which there are.

    Ledger.transact(now, action)    action(moment) in a transaction of its own; its value once that is committed

    open_ledger("memory:")                    in this process, gone with it
    open_ledger("facts.db")                   a SQLite file, for the processes of one machine
    open_ledger("postgresql://…")             with the extra `postgres`
    open_ledger("redis://…")                  with the extra `redis`, and what Redis promises

A ledger of its own is for programs on several machines that share limits. Its transaction is not that of the log: what it has
reserved for a decision whose record could not be written counts until its deadline, and as `unknown` after it, unless the
guard says that the call was `refused`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol, TypeVar

from tenetlang.facts.limits import Limits
from tenetlang.facts.moment import DEFAULT_LIMITS, Moment
from tenetlang.facts.rows import Rows

_T = TypeVar("_T")


class Ledger(Protocol):
    """Keeps history, labels and counters. Safe between threads; not across a fork."""

    def transact(self, now_ns: int, action: Callable[[Moment], _T]) -> _T:
        """Does something at a moment, all of it or nothing, and gives its value once it is committed.

        The action is done once, with nobody else at the ledger meanwhile, so it should be quick. Raises what it raises, with nothing
        noted; `LedgerError`s for what is wrong with the ledger.
        """

    def change(self, action: Callable[[Rows], _T]) -> _T:
        """Does something with the rows themselves, whatever time it is: for whoever puts a ledger right. Otherwise as `transact`."""

    def set_clock(self, now_ns: int) -> None:
        """Sets the time of the ledger, also back, after a clock was wrong."""

    def close(self) -> None:
        """Closes it. May be called twice."""


def open_ledger(address: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS, space: str = "") -> Ledger:
    """The ledger at an address. Raises `LedgerUnavailable` and `LedgerDamaged`, and `ModuleNotFoundError`, which names the extra."""
    name = os.fspath(address)
    scheme = name.partition(":")[0] if ":" in name else ""
    if name == "memory:":
        from tenetlang.facts.memory import MemoryLedger

        return MemoryLedger(limits, space)
    if scheme in {"postgresql", "postgres"}:
        from tenetlang.facts.postgresql import PostgresLedger

        return PostgresLedger(name, limits, space)
    if scheme in {"redis", "rediss", "unix"}:
        from tenetlang.facts.redis import RedisLedger

        return RedisLedger(name, limits, space)
    from tenetlang.facts.sqlite import SqliteLedger

    return SqliteLedger(name, limits, space)
