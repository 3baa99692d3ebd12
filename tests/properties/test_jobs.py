"""Whatever jobs do and however they fail, a log and the tables beside it hold what those did that succeeded, in their order, once."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs
from hypothesis import given
from hypothesis import strategies as st

from tenetlang.audit import Log, verify_log
from tenetlang.audit.jobs import Step
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.stores.tables import Tables
from tests.unit.audit.samples import sample

LONG = 70_000


@attrs.frozen
class Done:
    """What one step is to do: rows to insert, of which one that is there already fails; records to give, of which one may be too
    long; and whether it raises in the end. One without rows or an exception may be a plain record."""

    names: tuple[str, ...]
    records: int
    too_long: bool
    raises: bool
    plain: bool


steps = st.builds(
    Done,
    names=st.lists(st.sampled_from("abcdef"), max_size=3).map(tuple),
    records=st.integers(0, 3),
    too_long=st.integers(0, 5).map(lambda number: number == 0),
    raises=st.integers(0, 5).map(lambda number: number == 0),
    plain=st.booleans(),
)


def record(number: int, *, too_long: bool = False) -> Unplaced:
    made = unplaced(*sample(number))
    return Unplaced(made.identifier, made.start, made.middle + b" " * LONG, made.end, None) if too_long else made


@given(st.lists(st.lists(steps, max_size=6), max_size=4))
def test_what_jobs_did_that_succeeded_is_there_once_and_in_order(batches: list[list[Done]]) -> None:
    rows: set[str] = set()
    identifiers: list[str] = []
    runs: list[int] = []
    number = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        with Log.open(path) as log:
            log.do_all([create])
            for batch in batches:
                made: list[Step] = []
                expected: list[list[str] | None] = []
                for done in batch:
                    number += 4
                    given_records = [record(number + place) for place in range(done.records)]
                    if done.too_long:
                        given_records.append(record(number + 3, too_long=True))
                    plain = done.plain and len(given_records) == 1
                    made.append(given_records[0] if plain else work(done, given_records, number, runs))
                    names = () if plain else done.names
                    fails = done.too_long or (not plain and (done.raises or repeats(names, rows)))
                    expected.append(None if fails else [each.identifier for each in given_records])
                    if not fails:
                        rows |= set(names)
                        identifiers += [each.identifier for each in given_records]
                outcomes = log.do_all(made)
                assert [len(outcome) if isinstance(outcome, tuple) else None for outcome in outcomes] == [
                    None if wanted is None else len(wanted) for wanted in expected
                ]
            kept: list[str] = []

            def look(tables: Tables) -> Sequence[Unplaced]:
                kept.extend(str(name) for (name,) in tables.run("SELECT name FROM tasks"))
                return ()

            log.do_all([look])
            found = [json.loads(stored.record)["id"] for stored in log.records()][1:]
        assert (set(kept), len(kept)) == (rows, len(rows))
        assert found == identifiers
        assert len(runs) == len(set(runs))
        assert verify_log(path).ok


def create(tables: Tables) -> Sequence[Unplaced]:
    tables.create("tasks", ("name TEXT PRIMARY KEY",))
    return ()


def repeats(names: Sequence[str], there: set[str]) -> bool:
    return len(set(names)) < len(names) or bool(set(names) & there)


def work(done: Done, records: Sequence[Unplaced], number: int, runs: list[int]) -> Step:
    def job(tables: Tables) -> Sequence[Unplaced]:
        runs.append(number)
        for name in done.names:
            tables.run("INSERT INTO tasks (name) VALUES (?)", (name,))
        if done.raises:
            raise KeyError(number)
        return records

    return job
