"""What it costs to record decisions, from the text of a record to a disk that holds it.

    python bench/audit.py [--rounds 5] [--lengths 1000,100000] [--threads 1,8,64] [--folder FOLDER]

The policy and the requests are those of `decide.py` with ten rules. Five tables:

- A record, without a log: deciding alone; with the record that a log holds (salted digests, payload, canonical text at a place)
  and its leaf hash; the same with the payload sealed for one of ten people; the same by way of the envelope; and without any salts, decision and request as one canonical text, hashed.
- A log, by the number of records in a transaction. The file beside it gets the bytes of the same records and payloads with one
  `write` and one `fdatasync` for each batch. NORMAL may lose acknowledged records with the power, and is there to compare;
  so is a log in memory, a file on a file system without a disk. Records are made beforehand.
- Jobs, 64 in a transaction: one that gives a record and looks at no table, and one that inserts a row as well.
- Threads that decide, record through the group-commit writer and wait until the record is on the disk.
- Logs that are longer: appending to them, opening and verifying them.

CPU is that of the process with all its threads, and of the kernel for it; contestants take turns in each round, and each is
shown by its median round. The files lie in FOLDER, which should be on the disk that is to be measured. Where the programs of PostgreSQL are
installed, a server of its own is started, with its data in the folder for temporary files, and a log on it is shown beside
the file; its CPU is that of this process alone.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path

import attrs
import pytest

from tenetlang.audit import (
    Log,
    Surroundings,
    Unplaced,
    decision_record,
    intent,
    open_log,
    time_text,
    ulid,
    unplaced,
    verify_log,
)
from tenetlang.audit.canonical import canonical_bytes
from tenetlang.audit.jobs import Step
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.payloads.keyring import create_keyring, open_keyring
from tenetlang.audit.payloads.sealer import Sealer
from tenetlang.audit.records.record import FIRST_PREVIOUS
from tenetlang.audit.records.unplaced import placed
from tenetlang.audit.stores.tables import Tables
from tenetlang.audit.writer import Writer
from tenetlang.evaluator.evaluator import Evaluator

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.decide import compiled, requests, rules  # found by the line above
from tests.servers import Postgres, own_server
from tests.unit.audit.samples import connection_of

AROUND = Surroundings(point="bench", intermediate=1)
BATCHES = (1, 8, 64, 512)
MEMORY = Path("/dev/shm")
Request = dict[str, object]


@attrs.frozen
class Cost:
    """Seconds and CPU seconds for so many records."""

    records: int
    seconds: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.records / self.seconds:>10,.0f} {self.cpu / self.records * 1e6:>8.1f}"


def cost(action: Callable[[], object], records: int) -> Cost:
    gc.collect()
    cpu, start = time.process_time(), time.perf_counter()
    action()
    return Cost(records, time.perf_counter() - start, time.process_time() - cpu)


def middle(costs: Sequence[Cost]) -> Cost:
    """The median round, by its seconds."""
    return sorted(costs, key=lambda one: one.seconds)[len(costs) // 2]


# -------------------------------------------------------------------------------------------------------------- records


def record_table(evaluator: Evaluator, asked: Sequence[Request], rounds: int, sealer: Sealer) -> Iterator[str]:
    people = cycle([f"u{number}" for number in range(10)])

    def at_once(request: Request) -> bytes:
        decision = evaluator.decide(request)
        return leaf_hash(placed(intent(decision, request, time.time_ns(), 4200, AROUND), 7, FIRST_PREVIOUS))

    def at_once_and_sealed(request: Request) -> bytes:
        decision = evaluator.decide(request)
        record = sealer(intent(decision, request, time.time_ns(), 4200, AROUND), next(people))
        return leaf_hash(placed(record, 7, FIRST_PREVIOUS))

    def by_envelope(request: Request) -> bytes:
        decision, at = evaluator.decide(request), time.time_ns()
        shown, identifier = decision.to_json(trace=False), ulid(at, os.urandom(16))
        salts = lambda: os.urandom(16)  # noqa: E731  # shorter than a function
        built = decision_record(shown, request, decision.compact_trace, time_text(at), identifier, 4200, salts, AROUND)
        return leaf_hash(placed(unplaced(*built), 7, FIRST_PREVIOUS))

    def unsalted(request: Request) -> bytes:
        decision = evaluator.decide(request)
        return sha256(canonical_bytes({"decision": decision.to_json(trace=False), "request": request})).digest()

    ways: dict[str, Callable[[Request], object]] = {
        "the decision alone": evaluator.decide,
        "with its record and leaf hash": at_once,
        "the same, sealed": at_once_and_sealed,
        "the same by way of the envelope": by_envelope,
        "decision and request as canonical JSON, hashed": unsalted,
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):  # the first is not counted: caches fill
        for name, way in ways.items():
            for request in asked:
                start = time.perf_counter_ns()
                way(request)
                found[name].append((time.perf_counter_ns() - start) / 1000)
    yield f"{'a record':50}{'µs, median':>12}{'beside the decision':>22}"
    alone = statistics.median(found["the decision alone"][len(asked) :])
    for name, times in found.items():
        median = statistics.median(times[len(asked) :])
        yield f"{name:50}{median:>12.2f}{median / alone:>21.1f}×"
    added = statistics.median(found["with its record and leaf hash"][len(asked) :]) - alone
    yield f"a record adds {added:.1f} µs to the decision"


def records_of(evaluator: Evaluator, asked: Sequence[Request], count: int) -> list[Unplaced]:
    return [
        intent(evaluator.decide(request), request, time.time_ns(), 4200, AROUND)
        for request in islice(cycle(asked), count)
    ]


# ------------------------------------------------------------------------------------------------------------------ logs


def in_batches(records: Sequence[Unplaced], size: int) -> list[list[tuple[Unplaced, None]]]:
    return [[(record, None) for record in records[place : place + size]] for place in range(0, len(records), size)]


def all_appended(log: Log, batches: Sequence[Sequence[tuple[Unplaced, None]]]) -> None:
    for batch in batches:
        log.append_all(batch)


def logged(folder: Path, records: Sequence[Unplaced], size: int, synchronous: str = "FULL") -> Cost:
    batches = in_batches(records, size)
    with tempfile.TemporaryDirectory(dir=folder) as inside, open_log(Path(inside) / "log.db") as log:
        connection_of(log).execute(f"PRAGMA synchronous={synchronous}").fetchall()
        return cost(partial(all_appended, log, batches), len(records))


def served(server: Postgres, records: Sequence[Unplaced], size: int) -> Cost:
    batches = in_batches(records, size)
    with open_log(fresh(server)) as log:
        return cost(partial(all_appended, log, batches), len(records))


def fresh(server: Postgres) -> str:
    """The address of a log that is not there yet."""
    return f"{server.address()}#log_{os.urandom(6).hex()}"


def bare(folder: Path, records: Sequence[Unplaced], size: int) -> Cost:
    texts = [placed(record, 7, FIRST_PREVIOUS) + (record.payload or b"") for record in records]
    batches = [b"".join(texts[place : place + size]) for place in range(0, len(texts), size)]
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        file = os.open(Path(inside) / "file", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

        def write() -> None:
            for batch in batches:
                os.write(file, batch)
                os.fdatasync(file)

        try:
            return cost(write, len(records))
        finally:
            os.close(file)


def log_table(folder: Path, records: Sequence[Unplaced], rounds: int, server: Postgres | None) -> Iterator[str]:
    ways: dict[str, Callable[[Sequence[Unplaced], int], Cost]] = {
        "log": lambda some, size: logged(folder, some, size),
        "log, NORMAL": lambda some, size: logged(folder, some, size, "NORMAL"),
        "bare append": lambda some, size: bare(folder, some, size),
    }
    if MEMORY.is_dir():
        ways["log in memory"] = lambda some, size: logged(MEMORY, some, size)
    if server is not None:
        ways["log on a server"] = lambda some, size: served(server, some, size)
    yield "records per second, and µs of CPU for each, by records in a transaction"
    yield f"{'':16}" + "".join(f"{size:>20}" for size in BATCHES)
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for size in BATCHES:
        some = records[: min(len(records), 1024 * size)]
        costs: dict[str, list[Cost]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                costs[name].append(way(some, size))
        for name in ways:
            found[name].append(middle(costs[name]))
    for name, row in found.items():
        yield f"{name:16}" + "".join(f"{one!s:>20}" for one in row)
    ratios = [ours.seconds / theirs.seconds for ours, theirs in zip(found["log"], found["bare append"], strict=True)]
    yield f"{'log / bare':16}" + "".join(f"{ratio:>19.2f}×" for ratio in ratios)
    yield f"size of a record with its payload: {records_size(records):,.0f} bytes"


def records_size(records: Sequence[Unplaced]) -> float:
    return statistics.mean(len(placed(one, 7, FIRST_PREVIOUS)) + len(one.payload or b"") for one in records)


# ------------------------------------------------------------------------------------------------------------------ jobs


def job_table(folder: Path, records: Sequence[Unplaced], rounds: int, server: Postgres | None) -> Iterator[str]:
    def giving(record: Unplaced) -> Step:
        return lambda _: (record,)

    def inserting(record: Unplaced) -> Step:
        def work(tables: Tables) -> Sequence[Unplaced]:
            tables.run("INSERT INTO tasks (id) VALUES (?)", (record.identifier,))
            return (record,)

        return work

    def create(tables: Tables) -> Sequence[Unplaced]:
        tables.create("tasks", ("id TEXT PRIMARY KEY",))
        return ()

    def done(name: str, steps: Sequence[Step]) -> Cost:
        with open_log(name) as log:
            log.do_all([create])
            batches = [steps[place : place + 64] for place in range(0, len(steps), 64)]

            def do() -> None:
                for batch in batches:
                    if any(isinstance(outcome, BaseException) for outcome in log.do_all(batch)):
                        sys.exit("a job failed")

            return cost(do, len(steps))

    ways: dict[str, Sequence[Step]] = {
        "a record": records,
        "a job that gives it": [giving(record) for record in records],
        "a job that inserts a row": [inserting(record) for record in records],
    }
    yield f"{'per second, µs of CPU':28}{'in a file':>20}{'on a server':>20}"
    for name, steps in ways.items():
        costs: list[Cost] = []
        on_server: list[Cost] = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(dir=folder) as inside:
                costs.append(done(str(Path(inside) / "log.db"), steps))
            if server is not None:
                on_server.append(done(fresh(server), steps))
        yield f"{name:28}{middle(costs)!s:>20}" + (f"{middle(on_server)!s:>20}" if on_server else "")


# --------------------------------------------------------------------------------------------------------------- threads


def threaded(folder: Path, evaluator: Evaluator, asked: Sequence[Request], number: int, each: int) -> tuple[Cost, int]:
    """So many threads that each decide and record so many times; and in how many transactions it was."""
    commits = 0

    def committed() -> bool:
        nonlocal commits
        commits += 1
        return False

    def work(writer: Writer, first: int) -> None:
        for request in islice(cycle(asked), first, first + each):
            start = time.perf_counter_ns()
            decision = evaluator.decide(request)
            took = time.perf_counter_ns() - start
            writer.append(intent(decision, request, time.time_ns(), took, AROUND))

    with tempfile.TemporaryDirectory(dir=folder) as inside:
        log = open_log(Path(inside) / "log.db")
        connection_of(log).set_commit_hook(committed)  # counts, and changes nothing
        with Writer(log, marked=False) as writer:
            threads = [threading.Thread(target=work, args=(writer, place)) for place in range(number)]

            def run() -> None:
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

            spent = cost(run, number * each)
        if verify_log(Path(inside) / "log.db").size != number * each + 1:
            sys.exit("records are missing")
    return spent, commits


def thread_table(
    folder: Path, evaluator: Evaluator, asked: Sequence[Request], numbers: Sequence[int], rounds: int
) -> Iterator[str]:
    found: dict[int, list[tuple[Cost, int]]] = {number: [] for number in numbers}
    for _ in range(rounds):
        for number in numbers:
            found[number].append(threaded(folder, evaluator, asked, number, max(100, 4000 // number)))
    yield f"{'threads, decide and record':28}{'per second, µs of CPU':>24}{'in a transaction':>20}"
    for number, costs in found.items():
        spent, commits = sorted(costs, key=lambda one: one[0].seconds)[len(costs) // 2]
        yield f"{number:<28}{spent!s:>24}{spent.records / commits:>20.1f}"


# --------------------------------------------------------------------------------------------------------------- lengths


def length_table(folder: Path, evaluator: Evaluator, asked: Sequence[Request], lengths: Sequence[int]) -> Iterator[str]:
    yield f"{'records':>12}{'appended, 64 at once':>24}{'opened, ms':>14}{'verified, s':>14}{'per second':>14}{'MB':>8}"
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        path = Path(inside) / "log.db"
        there = 0
        for length in sorted(lengths):
            last = min(length - there, 8192)
            with open_log(path) as log:
                while there < length - last:
                    some = min(4096, length - last - there)
                    log.append_all([(record, None) for record in records_of(evaluator, asked, some)])
                    there += some
                batches = in_batches(records_of(evaluator, asked, last), 64)
                appending = cost(partial(all_appended, log, batches), last)
                there += last
            opening = cost(lambda: Log.open(path).close(), 1)
            verifying = cost(lambda: verify_log(path).ok or sys.exit("the log is damaged"), length)
            yield (
                f"{length:>12,}{appending!s:>24}{opening.seconds * 1000:>14.1f}{verifying.seconds:>14.1f}"
                f"{length / verifying.seconds:>14,.0f}{path.stat().st_size / 1e6:>8,.0f}"
            )


@contextmanager
def any_server() -> Iterator[Postgres | None]:
    """A PostgreSQL that waits for its disk, where one is installed."""
    with ExitStack() as stack:
        server = None
        with suppress(pytest.skip.Exception):
            server = stack.enter_context(own_server())
        yield server


@contextmanager
def any_sealer() -> Iterator[Sealer]:
    with tempfile.TemporaryDirectory() as inside:
        create_keyring(Path(inside) / "keys")
        with open_keyring(Path(inside) / "keys") as keyring:
            yield Sealer(keyring)


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lengths", type=numbers, default=[1_000, 100_000], help="lengths of logs, with commas")
    parser.add_argument("--threads", type=numbers, default=[1, 8, 64], help="numbers of threads, with commas")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="where the logs are made and taken away again")
    options = parser.parse_args()
    made = rules(10)
    evaluator = Evaluator(compiled(made))
    evaluator.prepare()
    asked = requests(made)
    print(f"{' '.join(['python', *sys.argv])}")
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}")
    records = records_of(evaluator, asked, 8192)
    with any_server() as server, any_sealer() as sealer:
        for table in (
            record_table(evaluator, asked, options.rounds, sealer),
            log_table(options.folder, records, options.rounds, server),
            job_table(options.folder, records[:4096], options.rounds, server),
            thread_table(options.folder, evaluator, asked, options.threads, options.rounds),
            length_table(options.folder, evaluator, asked, options.lengths),
        ):
            print()
            for line in table:
                print(line, flush=True)


if __name__ == "__main__":
    main()
