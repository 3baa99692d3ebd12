"""A ledger in the tables of a log, as a guard has it, with the methods of the others."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from tenetlang.audit.log import Log
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.audit.writer import Writer
from tenetlang.decision import Share
from tenetlang.facts.limits import Limits
from tenetlang.facts.moment import DEFAULT_LIMITS, Begun, Moment, set_clock
from tenetlang.facts.rows import Rows
from tenetlang.facts.tables import TableRows, moment_in, prepare

NOON = 1_800_000_000 * 10**9
SECOND = 10**9

T = TypeVar("T")


class LogLedger:
    """What `Ledger` says, each action a job of the log's writer."""

    def __init__(self, path: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._writer = Writer(Log.open(path, busy_seconds=60), marked=False)
        self._writer.do(_prepared).result()

    def transact(self, now_ns: int, action: Callable[[Moment], T]) -> T:
        return self._writer.do(lambda tables: (action(moment_in(tables, now_ns, self._limits)), ())).result()

    def change(self, action: Callable[[Rows], T]) -> T:
        return self._writer.do(lambda tables: (action(TableRows(tables)), ())).result()

    def set_clock(self, now_ns: int) -> None:
        def job(tables: Tables) -> tuple[None, tuple[Unplaced, ...]]:
            set_clock(TableRows(tables), now_ns)
            return None, ()

        self._writer.do(job).result()

    def close(self) -> None:
        self._writer.close()


def _prepared(tables: Tables) -> tuple[None, tuple[Unplaced, ...]]:
    prepare(tables)
    return None, ()


BUDGET = Share("calls", "count", 3600 * SECOND, "[]", 1)


def spend(name: str, limit: int) -> Callable[[Moment], bool]:
    """What a gate does with a budget: it allows the call only where the limit is not reached yet."""

    def action(moment: Moment) -> bool:
        if int(moment.total(BUDGET)) >= limit:
            return False
        return moment.begin(Begun(name, "refund", "allow", "s1", {}, moment.now + 60 * SECOND, (BUDGET,)))

    return action


def main() -> None:
    """`tests/ledgers.py KIND ADDRESS NAME TIMES LIMIT`: spends so often, and prints the name of each call once it was allowed."""
    from tenetlang.facts.ledger import open_ledger

    kind, address, name, times, limit = sys.argv[1:]
    ledger = LogLedger(address) if kind in {"log", "server_log"} else open_ledger(address)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for number in range(int(times)):
        if ledger.transact(NOON, spend(f"{name}-{number}", int(limit))):
            sys.stdout.write(f"{name}-{number}\n")
            sys.stdout.flush()
    ledger.close()


if __name__ == "__main__":
    main()
