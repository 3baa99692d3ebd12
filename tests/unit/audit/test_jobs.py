"""Jobs in a log's transaction: what one of them sees, what its failure takes along, and that none is ever run twice."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

import apsw
import pytest

from tenetlang.audit import InvalidRecord, LogPoisoned, verify_log
from tenetlang.audit.errors import InvalidStatement
from tenetlang.audit.jobs import Job
from tenetlang.audit.log import Log
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.stores.tables import Cell, Tables
from tenetlang.audit.writer import Writer
from tests.unit.audit.samples import open_sample, rows, sample
from tests.unit.audit.test_writer import held

COLUMNS = ("name TEXT PRIMARY KEY", "due INTEGER")


def record(number: int) -> Unplaced:
    return unplaced(*sample(number))


def adding(name: str, *numbers: int) -> Job[str]:
    """A job that adds a task and gives these records."""

    def add(tables: Tables) -> tuple[str, Sequence[Unplaced]]:
        tables.run("INSERT INTO tasks (name) VALUES (?)", (name,))
        return name, [record(number) for number in numbers]

    return add


def make_tasks(tables: Tables) -> tuple[None, Sequence[Unplaced]]:
    tables.create("tasks", COLUMNS)
    return None, ()


def names(tables: Tables) -> tuple[list[Cell], Sequence[Unplaced]]:
    return [name for (name,) in tables.run("SELECT name FROM tasks ORDER BY name")], ()


@pytest.fixture
def writer(log_name: str) -> Iterator[Writer]:
    with Writer(open_sample(log_name), marked=False) as writer:
        writer.do(make_tasks).result()
        yield writer


def test_a_job_gives_a_value_and_its_records_are_in_the_log(writer: Writer, log_name: str) -> None:
    doing = writer.do(adding("one", 1, 2))
    assert doing.result() == "one"
    assert [appended.index for appended in doing.records] == [1, 2]
    writer.close()
    stored = rows(log_name)
    assert [(index, leaf) for index, _, leaf in stored[1:]] == [(each.index, each.leaf) for each in doing.records]
    assert verify_log(log_name).ok


def test_a_job_may_give_no_record_and_its_rows_stay_all_the_same(writer: Writer, log_name: str) -> None:
    doing = writer.do(adding("one"))
    assert (doing.result(), doing.records) == ("one", ())
    writer.close()
    with Log.open(log_name) as log:
        ((_,),) = (log.do_all([lambda tables: [record(9)] if names(tables)[0] == ["one"] else []]),)
        assert [stored.index for stored in log.records()] == [0, 1]


def test_records_and_jobs_of_one_transaction_stand_in_the_order_in_which_they_came(
    writer: Writer, log_name: str
) -> None:
    with held(writer):
        first = writer.submit(*sample(2))
        job = writer.do(adding("one", 3, 4))
        last = writer.submit(*sample(5))
    assert first.result().index == 2
    assert (job.result(), [appended.index for appended in job.records]) == ("one", [3, 4])
    assert last.result().index == 5
    writer.close()
    found = [json.loads(text)["id"] for _, text, _ in rows(log_name)[1:]]
    assert found == [record(number).identifier for number in (1, 2, 3, 4, 5)]
    assert verify_log(log_name).ok


def test_a_job_sees_what_those_before_it_did_and_nothing_of_one_that_failed(writer: Writer) -> None:
    def fail(tables: Tables) -> tuple[None, Sequence[Unplaced]]:
        adding("two")(tables)
        assert names(tables)[0] == ["one", "two"]
        raise KeyError("two")

    with held(writer):
        writer.do(adding("one"))
        failed = writer.do(fail)
        seen = writer.do(names)
    with pytest.raises(KeyError, match="two"):
        failed.result()
    assert seen.result() == ["one"]


class Gone(BaseException):
    """None of the exceptions that one catches."""


@pytest.mark.parametrize("mistake", [KeyError("who"), SystemExit(1), KeyboardInterrupt(), Gone()])
def test_whatever_a_job_raises_it_alone_is_undone_and_nothing_is_run_twice(
    writer: Writer, log_name: str, mistake: BaseException
) -> None:
    times: list[str] = []

    def fail(tables: Tables) -> tuple[None, Sequence[Unplaced]]:
        times.append("failing")
        adding("bad")(tables)
        raise mistake

    def good(tables: Tables) -> tuple[str, Sequence[Unplaced]]:
        times.append("good")
        return adding("good", 2)(tables)

    with held(writer):
        one, bad, other = writer.do(good), writer.do(fail), writer.do(adding("other", 3))
    assert bad.exception() is mistake
    assert (one.result(), other.result()) == ("good", "other")
    assert writer.do(names).result() == ["good", "other"]
    assert times == ["good", "failing"]
    writer.close()
    assert verify_log(log_name).size == 4


def test_a_job_whose_records_a_log_does_not_take_is_undone(writer: Writer, log_name: str) -> None:
    long = record(2)
    long = Unplaced(long.identifier, long.start, long.middle + b" " * 70_000, long.end, long.payload)
    rotated = Unplaced(long.identifier, long.start, b',"kind":"key.rotated"', long.end, None)
    for given in ([record(1), long], [rotated], [sample(1)[0]]):

        def work(tables: Tables, given: Sequence[object] = given) -> tuple[None, Sequence[Unplaced]]:
            adding("bad")(tables)
            return None, given  # type: ignore[return-value]  # as a mistaken caller does

        with pytest.raises(InvalidRecord):
            writer.do(work).result()
    assert writer.do(names).result() == []
    writer.close()
    assert verify_log(log_name).size == 1


def test_a_job_that_gives_no_pair_fails_alone(writer: Writer) -> None:
    with pytest.raises(TypeError):
        writer.do(lambda _: None).result()  # type: ignore[arg-type, return-value]  # likewise
    assert writer.do(adding("one", 1)).result() == "one"


def test_a_statement_that_the_database_refuses_ends_the_job_even_if_it_goes_on(writer: Writer) -> None:
    writer.do(adding("one")).result()

    def stubborn(tables: Tables) -> tuple[str, Sequence[Unplaced]]:
        with pytest.raises(InvalidStatement):
            tables.run("INSERT INTO tasks (name) VALUES (?)", ("one",))
        with pytest.raises(InvalidStatement, match="a statement before this one failed"):
            tables.run("SELECT 1")
        return "all is well", [record(1)]

    with pytest.raises(InvalidStatement):
        writer.do(stubborn).result()
    assert writer.submit(*sample(2)).result().index == 1


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("INSERT INTO tasks (nobody) VALUES (?)", (1,)),
        ("INSERT INTO tasks (name) VALUES (?)", (None,)),
        ("INSERT INTO tasks (name, due) VALUES (?, ?)", ("x", "no number")),
        ("INSERT INTO tasks (name) VALUES (?)", ()),
        ("SELECT (", ()),
        ("SELECT * FROM nowhere", ()),
    ],
)
def test_a_statement_that_is_wrong_harms_nobody_else(writer: Writer, statement: str, values: tuple[Cell, ...]) -> None:
    with held(writer):
        bad = writer.do(lambda tables: (tables.run(statement, values), ()))
        good = writer.do(adding("good", 2))
    with pytest.raises(InvalidStatement):
        bad.result()
    assert good.result() == "good"


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "a\x00b", "\ud800", "ä\x00"])
def test_a_value_that_databases_read_differently_reaches_none(writer: Writer, value: Cell) -> None:
    with pytest.raises(ValueError, match=r"64 bits|can't be stored"):
        writer.do(lambda tables: (tables.run("SELECT ?", (value,)), ())).result()


@pytest.mark.parametrize("value", [1.5, ["x"], bytearray(b"x")])
def test_a_value_that_no_column_holds_is_refused(writer: Writer, value: object) -> None:
    with pytest.raises(ValueError, match="is no value of a column"):
        writer.do(lambda tables: (tables.run("SELECT ?", (value,)), ())).result()  # type: ignore[arg-type]  # as a mistaken caller does


def test_sums_and_truths_are_integers_in_either_database(writer: Writer) -> None:
    def work(tables: Tables) -> tuple[list[tuple[Cell, ...]], Sequence[Unplaced]]:
        for name, due in (("a", 2**40), ("b", True)):
            tables.run("INSERT INTO tasks (name, due) VALUES (?, ?)", (name, due))
        return tables.run("SELECT sum(due), count(*), max(due) > 5, min(due) FROM tasks WHERE name <> '?'"), ()

    ((total, number, truth, least),) = writer.do(work).result()
    assert (total, number, truth, least) == (2**40 + 1, 2, 1, 1)
    assert {type(cell) for cell in (total, number, truth, least)} == {int}


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), "", "ä\U0001f600", b"\x00\xff", None])
def test_a_value_comes_back_as_it_went(writer: Writer, value: Cell) -> None:
    column = {int: "INTEGER", str: "TEXT", bytes: "BLOB"}.get(type(value), "TEXT")

    def work(tables: Tables) -> tuple[list[tuple[Cell, ...]], Sequence[Unplaced]]:
        tables.create("kept", (f"value {column}",))
        tables.run("INSERT INTO kept (value) VALUES (?)", (value,))
        return tables.run("SELECT value FROM kept"), ()

    assert writer.do(work).result() == [(value,)]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("records", ("name TEXT",)),
        ("tenet_log", ("name TEXT",)),
        ("Tasks", ("name TEXT",)),
        ("tasks; DROP TABLE records", ("name TEXT",)),
        ("t", ("name",)),
        ("t", ("name VARCHAR",)),
        ("t", ("name TEXT) STRICT; --",)),
        ("t", ("name TEXT DEFAULT (random())",)),
        ("t", ("name TEXT", "PRIMARY KEY (name), x TEXT")),
    ],
)
def test_only_tables_of_plain_columns_are_created(writer: Writer, table: str, columns: tuple[str, ...]) -> None:
    def create(tables: Tables) -> tuple[None, Sequence[Unplaced]]:
        tables.create(table, columns)
        return None, ()

    with pytest.raises(ValueError, match="beside a log"):
        writer.do(create).result()


def test_a_table_may_have_a_key_of_several_columns_and_is_created_once(writer: Writer) -> None:
    columns = (
        "a TEXT NOT NULL",
        "b INTEGER NOT NULL DEFAULT 7",
        "c TEXT NOT NULL DEFAULT 'open'",
        "PRIMARY KEY (a, b)",
    )

    def work(tables: Tables) -> tuple[list[tuple[Cell, ...]], Sequence[Unplaced]]:
        tables.create("pairs", columns)
        tables.create("pairs", columns)
        tables.run("CREATE INDEX IF NOT EXISTS pairs_by_b ON pairs (b)")
        for _ in range(2):
            tables.run("INSERT INTO pairs (a) VALUES (?) ON CONFLICT (a, b) DO UPDATE SET c = 'again'", ("x",))
        return tables.run("SELECT a, b, c FROM pairs"), ()

    assert writer.do(work).result() == [("x", 7, "again")]


def test_a_job_cannot_use_the_writer_that_does_it_and_whoever_is_told_can(writer: Writer) -> None:
    uses: list[Callable[[], object]] = [
        lambda: writer.do(names),
        lambda: writer.submit(*sample(1)),
        lambda: writer.log.append(*sample(1)),
        lambda: list(writer.log.records()),
        writer.log.close,
        writer.close,
    ]

    def job(use: Callable[[], object]) -> Job[object]:
        return lambda _: (use(), ())

    for use in uses:
        with pytest.raises(LogPoisoned):
            writer.do(job(use)).result()
    told = threading.Event()
    writer.do(names).add_done_callback(lambda _: writer.do(names).add_done_callback(lambda _: told.set()))
    assert told.wait(20)


def test_a_coroutine_gets_the_value_and_the_exception_of_its_job(writer: Writer) -> None:
    async def both() -> str:
        value = await writer.do_async(adding("one", 1))
        with pytest.raises(InvalidStatement):
            await writer.do_async(adding("one", 2))
        return value

    assert asyncio.run(both()) == "one"


def test_a_coroutine_whose_job_finds_no_place_does_not_hold_the_loop(log_name: str) -> None:
    async def fill(writer: Writer) -> list[list[Cell]]:
        with held(writer):
            waiting = [asyncio.ensure_future(writer.do_async(names)) for _ in range(8)]
            await asyncio.sleep(0.05)  # would never come back if one of them held the loop
        return list(await asyncio.gather(*waiting))

    with Writer(open_sample(log_name), most_waiting=1, patience=20) as writer:
        writer.do(make_tasks).result()
        assert asyncio.run(fill(writer)) == [[]] * 8


def test_a_failure_of_the_database_within_a_job_is_the_logs_even_if_the_job_hides_it(writer: Writer) -> None:
    def broken(_: str, __: tuple[Cell, ...]) -> list[tuple[Cell, ...]]:
        raise apsw.IOError("the disk")

    def work(tables: Tables) -> tuple[str, Sequence[Unplaced]]:
        tables.execute = broken
        with pytest.raises(apsw.IOError):
            tables.run("SELECT 1")
        return "all is well", ()

    with pytest.raises(LogPoisoned, match="the disk"):
        writer.do(work).result()
    with pytest.raises(LogPoisoned):
        writer.do(names).result()


ENDING = """
import os, sys
from tenetlang.audit.log import open_log
from tenetlang.audit.writer import Writer
from tests.unit.audit.samples import sample
from tests.unit.audit.test_jobs import adding, make_tasks
writer = Writer(open_log(sys.argv[1]), marked=False)
writer.do(make_tasks).result()
print(writer.do(adding("one", 1)).result(), flush=True)
def end(tables):
    adding("two", 2)(tables)
    os._exit(7)
writer.do(end).result()
"""


def test_a_job_that_ends_the_process_leaves_what_was_acknowledged_and_nothing_of_itself(log_name: str) -> None:
    path = log_name
    ended = subprocess.run(
        [sys.executable, "-c", ENDING, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (7, "one\n")
    assert verify_log(path).size == 2
    with Writer(Log.open(path), marked=False) as writer:
        assert writer.do(names).result() == ["one"]
