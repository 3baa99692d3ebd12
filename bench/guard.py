"""What it costs to have a call guarded: asked, recorded on a disk, run, and its outcome recorded on the disk.

    python bench/guard.py [--calls 300] [--folder FOLDER]

A guarded call commits twice, once before the tool and once after it. So what it is held against is a call of the bare function, and
two commits of one row each to a SQLite file of the same kind (write-ahead log, `synchronous=FULL`), which is what the disk
takes. "Memory" is a file system without a disk: what is left there is the guard's own work, all threads of it.

- One call at a time: on the disk, in memory, and for coroutines.
- A session with a history: earlier calls that a policy reads, with and without their arguments, or does not read.
- Counters: how many a policy has.
- Threads that call at once: group commit.

Each figure is the median of the calls, with the 99th percentile beside it, in microseconds; CPU is that of the process with all its
threads. FOLDER should be on the disk that is to be measured.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypedDict

import apsw
import attrs

sys.path.insert(0, str(Path(__file__).parents[1]))

from tenetlang.guard import Guard, acting

MEMORY = Path("/dev/shm")


class Acting(TypedDict):
    agent: str
    user: str


WHO: Acting = {"agent": "a1", "user": "u1"}

POLICY = """
package bench
tool refund(customer: string, amount: decimal)
COUNTERS
allow small if { tool is refund; args.amount <= 50.00 CONDITION }
"""
READS = {
    "nothing": "",
    "labels": '; "untrusted" not in session.labels',
    "calls": '; count(session.calls) < 2000; every call in session.calls { call.verdict != "escalate" }',
    "arguments": "; count(session.calls) < 2000; every call in session.calls { call.args is present }",
}


@attrs.frozen
class Cost:
    """Microseconds of calls, and CPU of the process for each."""

    times: tuple[float, ...]
    cpu: float

    def __str__(self) -> str:
        ordered = sorted(self.times)
        worst = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
        return f"{statistics.median(ordered):>9,.0f} {worst:>9,.0f} {self.cpu:>9,.0f}"


def measured(action: Callable[[], object], calls: int) -> Cost:
    for _ in range(20):
        action()
    gc.collect()
    times = []
    before = time.process_time()
    for _ in range(calls):
        began = time.perf_counter()
        action()
        times.append((time.perf_counter() - began) * 1e6)
    return Cost(tuple(times), (time.process_time() - before) / calls * 1e6)


def policy(folder: Path, reads: str = "nothing", counters: int = 0) -> Path:
    declared = "\n".join(
        f"counter total{number} = sum(args.amount) of refund by agent.id within {number + 1}h"
        for number in range(counters)
    )
    limits = "".join(f"; total{number} < 1000000.00" for number in range(counters))
    path = folder / "bench.tenet"
    path.write_text(POLICY.replace("COUNTERS", declared).replace("CONDITION", READS[reads] + limits))
    return path


def commits(folder: Path) -> Callable[[], object]:
    """Two commits of one row."""
    connection = apsw.Connection(str(folder / "bare.db"))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, record BLOB)")
    row = os.urandom(1200)

    def action() -> None:
        for _ in range(2):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t (record) VALUES (?)", (row,))
            connection.execute("COMMIT")

    return action


def pay(customer: str, amount: float) -> str:
    return f"{amount} to {customer}"


def one_at_a_time(place: str, folder: Path, calls: int) -> None:
    print(f"{place + ': bare function':44}{measured(partial(pay, 'c1', 20), calls)}")
    print(f"{place + ': two commits of SQLite':44}{measured(commits(folder), calls)}")
    with Guard.open(policy(folder), log=folder / "log.db", reviews=False) as guard:
        refund = guard.tool(pay, name="refund")
        with acting(**WHO):
            print(f"{place + ': guarded call':44}{measured(partial(refund, 'c1', 20), calls)}")
            loop = asyncio.new_event_loop()

            async def later() -> None:
                async with await guard.call_async("refund", {"customer": "c1", "amount": 20}) as permit:
                    permit.result(None)

            print(f"{place + ': guarded coroutine':44}{measured(lambda: loop.run_until_complete(later()), calls)}")
            loop.close()


def histories(calls: int) -> None:
    for reads in READS:
        for length in (0, 100, 1000):
            with (
                tempfile.TemporaryDirectory(dir=MEMORY) as name,
                Guard.open(policy(Path(name), reads), log=Path(name, "log.db"), reviews=False) as guard,
            ):
                refund = guard.tool(pay, name="refund")
                with acting(**WHO, session="s1"):
                    for _ in range(max(0, length - 20)):
                        refund("c1", 20)
                    cost = measured(partial(refund, "c1", 20), min(calls, 50))
                print(f"{f'reads {reads}, {length:,} earlier calls':44}{cost}")
                if reads == "nothing":
                    break


def counting(calls: int) -> None:
    for counters in (0, 1, 5, 20):
        with (
            tempfile.TemporaryDirectory(dir=MEMORY) as name,
            Guard.open(policy(Path(name), counters=counters), log=Path(name, "log.db"), reviews=False) as guard,
        ):
            refund = guard.tool(pay, name="refund")
            with acting(**WHO):
                print(f"{f'{counters} counters':44}{measured(partial(refund, 'c1', 20), calls)}")


def calling(refund: Callable[[str, float], str], calls: int, ready: threading.Barrier, times: list[float]) -> None:
    with acting(**WHO):
        ready.wait()
        for _ in range(calls):
            began = time.perf_counter()
            refund("c1", 20)
            times.append((time.perf_counter() - began) * 1e6)


def at_once(folder: Path, calls: int) -> None:
    for threads in (1, 4, 16, 64):
        with (
            tempfile.TemporaryDirectory(dir=folder) as name,
            Guard.open(policy(Path(name)), log=Path(name, "log.db"), reviews=False) as guard,
        ):
            refund = guard.tool(pay, name="refund")
            times: list[float] = []
            ready = threading.Barrier(threads + 1)
            work = partial(calling, refund, max(5, calls // threads), ready, times)
            working = [threading.Thread(target=work) for _ in range(threads)]
            for thread in working:
                thread.start()
            ready.wait()
            began, before = time.perf_counter(), time.process_time()
            for thread in working:
                thread.join()
            seconds, cpu = time.perf_counter() - began, (time.process_time() - before) / len(times) * 1e6
            print(f"{f'{threads} threads':44}{Cost(tuple(times), cpu)} {len(times) / seconds:>9,.0f}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=300)
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    given = options.parse_args()
    print(f"{'µs':44}{'median':>9} {'99 %':>9} {'CPU':>9}")
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        one_at_a_time("disk", Path(name), given.calls)
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        one_at_a_time("memory", Path(name), given.calls)
    print(f"\n{'in memory: history':44}{'median':>9} {'99 %':>9} {'CPU':>9}")
    histories(given.calls)
    print(f"\n{'in memory: counters':44}{'median':>9} {'99 %':>9} {'CPU':>9}")
    counting(given.calls)
    print(f"\n{'on the disk: threads':44}{'median':>9} {'99 %':>9} {'CPU':>9} {'calls/s':>9}")
    at_once(given.folder, given.calls)


if __name__ == "__main__":
    main()
