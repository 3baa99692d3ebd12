"""What a ledger costs: one call by the number of counters, by how much was counted before, and by the length of a history.

Time of the processor, the best of many rounds for a history and the median for a call. Tables are those of a SQLite database in
memory, which is what a moment costs inside a log's transaction; what the disk takes is in bench/audit.py.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import apsw

from tenetlang.decision import Share
from tenetlang.facts.memory import MemoryLedger
from tenetlang.facts.moment import Begun, Moment
from tenetlang.facts.tables import Cell, moment_in, prepare

SECOND = 10**9
NOON = 1_800_000_000 * SECOND

T = TypeVar("T")


class TablesLedger:
    def __init__(self) -> None:
        self.connection = apsw.Connection(":memory:")
        prepare(self)

    def run(self, statement: str, values: tuple[Cell, ...] = ()) -> list[tuple[Cell, ...]]:
        return [tuple(row) for row in self.connection.execute(statement, values)]

    def create(self, table: str, columns: Sequence[str]) -> None:
        self.run(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)})")

    def transact(self, now_ns: int, action: Callable[[Moment], T]) -> T:
        self.run("BEGIN")
        done = action(moment_in(self, now_ns))
        self.run("COMMIT")
        return done


Ledger = MemoryLedger | TablesLedger


def timed(action: Callable[[int], object], rounds: int) -> list[float]:
    found: list[float] = []
    for number in range(rounds):
        began = time.process_time_ns()
        action(number)
        found.append((time.process_time_ns() - began) / 1000)
    return found


def spends(ledger: Ledger, name: str, counters: int, window: int = 86_400) -> Callable[[int], None]:
    """One call from its question to its end: totals, labels, begin, finish."""
    shares = tuple(Share(f"n{number}", "sum", window * SECOND, '["a1"]', 5) for number in range(counters))

    def call(number: int) -> None:
        def begin(moment: Moment) -> None:
            for share in shares:
                moment.total(share)
            moment.session(name, calls=False)
            due = moment.now + 30 * SECOND
            moment.begin(Begun(f"{name}-{number}", "refund", "allow", name, None, due, shares, ("seen",)))

        ledger.transact(NOON + number, begin)
        ledger.transact(NOON + number, lambda moment: moment.finish(f"{name}-{number}", "ok"))

    return call


def main() -> None:
    kinds: tuple[tuple[str, Callable[[], Ledger]], ...] = (("memory", MemoryLedger), ("tables", TablesLedger))
    print("a call, in µs: median by the number of counters")
    for kind, make in kinds:
        ledger = make()
        figures = [statistics.median(timed(spends(ledger, f"s{many}", many), 400)) for many in (0, 1, 5, 20)]
        print(
            f"  {kind:8}",
            "  ".join(f"{many}: {figure:.0f}" for many, figure in zip((0, 1, 5, 20), figures, strict=True)),
        )
    print("a call with one counter, in µs: median by how many calls are in its window")
    for kind, make in kinds:
        ledger, before, figures = make(), 0, []
        for many in (0, 1_000, 10_000, 100_000):
            call = spends(ledger, "s", 1)
            for number in range(before, many):
                call(number)
            figures.append(statistics.median(timed(lambda number, call=call, many=many: call(many + number), 400)))  # type: ignore[misc]  # defaults
            before = many + 400
        shown = zip((0, 1_000, 10_000, 100_000), figures, strict=True)
        print(f"  {kind:8}", "  ".join(f"{many:,}: {figure:.0f}" for many, figure in shown))
    print("a session, in µs: best, by its earlier calls, without and with their arguments")
    for kind, make in kinds:
        ledger = make()
        for many in (10, 100, 1000):

            def fill(moment: Moment, many: int = many) -> None:
                for number in range(many):
                    arguments = {"customer": "c1", "amount": number}
                    moment.begin(Begun(f"h{many}-{number}", "refund", "deny", f"h{many}", arguments))

            ledger.transact(NOON, fill)
            found = [
                min(timed(lambda _, ledger=ledger, many=many, wanted=wanted: _history(ledger, many, wanted), 30))  # type: ignore[misc]  # defaults
                for wanted in (False, True)
            ]
            print(f"  {kind:8} {many:5}: {found[0]:.0f}, {found[1]:.0f}")


def _history(ledger: Ledger, many: int, wanted: bool) -> None:
    ledger.transact(NOON, lambda moment: moment.session(f"h{many}", arguments=wanted))


if __name__ == "__main__":
    main()
