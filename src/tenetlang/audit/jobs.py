"""Jobs: what is done inside a transaction of a log, and gives the records that go into it.

    job(tables) → a value, and the records that say what was done

The jobs of a transaction run one after the other. Each sees in the tables what those before it did, and stands under a savepoint of
its own: one that raises, or gives a record that a log does not take, is undone alone, and the others go on. None is ever run
twice. The records are placed in the order of the jobs and written at the end, in one go: a job needs to know nothing of indexes,
and the tables of the log are not for it to look into.

What goes wrong with the database is not the job's: it ends the transaction for all of them, and poisons the log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from tenetlang.audit.errors import InvalidRecord, InvalidStatement
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.creation import Row, insert_rows, rows_of
from tenetlang.audit.stores.database import Database
from tenetlang.audit.stores.rows import AppendedRecord
from tenetlang.audit.stores.tables import Cell, Tables

_T = TypeVar("_T")

Job: TypeAlias = Callable[[Tables], tuple[_T, Sequence[Unplaced]]]
"""Something to do in the transaction: a value for whoever asked, and the records to append, in their order."""

Work: TypeAlias = Callable[[Tables], Sequence[Unplaced]]
"""A job whose value somebody else keeps."""

Step: TypeAlias = Unplaced | Work
"""One thing of a transaction: a record, or a job that gives some."""

Outcome: TypeAlias = tuple[AppendedRecord, ...] | BaseException
"""Where the records of a step went, or what it raised: then nothing of it is there."""

_ROTATED = b',"kind":"key.rotated"'


def check_appendable(record: Unplaced) -> None:
    """Raises `InvalidRecord` for what is no record, and for one that the log makes itself."""
    if not isinstance(record, Unplaced):
        raise InvalidRecord(f"what was given as a record is a {type(record).__name__}")
    if record.middle.startswith(_ROTATED):
        raise InvalidRecord("a change of the log's key is made by `rotate`, which signs it, and not appended")


def done_in_transaction(
    database: Database, last: AppendedRecord, steps: Sequence[Step], allowed: set[str]
) -> tuple[tuple[Outcome, ...], AppendedRecord]:
    """Does all of it after the last record of the log; gives what came of each, and the record that is the last one then.

    Raises what the database raises.
    """
    rows: list[Row] = []
    outcomes: list[Outcome] = []
    for step in steps:
        placed: list[Row] | BaseException
        if isinstance(step, Unplaced):
            placed = _placed(last, [step])
        else:
            placed = _done(database, last, step, allowed)
        if isinstance(placed, BaseException):
            outcomes.append(placed)
            continue
        rows += placed
        outcomes.append(tuple(AppendedRecord(row.index, row.leaf) for row in placed))
        if placed:
            last = AppendedRecord(placed[-1].index, placed[-1].leaf)
    insert_rows(database, rows)
    return tuple(outcomes), last


def _placed(last: AppendedRecord, records: Sequence[Unplaced]) -> list[Row] | InvalidRecord:
    try:
        for record in records:
            check_appendable(record)
        return rows_of(last.index + 1, last.leaf, records)
    except InvalidRecord as mistake:
        return mistake


def _done(database: Database, last: AppendedRecord, work: Work, allowed: set[str]) -> list[Row] | BaseException:
    """Does one job under a savepoint, which is made when it first looks at a table."""
    marked = False

    def execute(statement: str, values: tuple[Cell, ...]) -> list[tuple[Cell, ...]]:
        nonlocal marked
        if not marked:
            database.mark()
            marked = True
        return database.run_for_job(statement, values)

    tables = Tables(execute, database.created, allowed)
    placed: list[Row] | BaseException
    try:
        placed = _placed(last, tuple(work(tables)))
    except BaseException as mistake:  # noqa: BLE001  # whatever a job raises, it is for the one who waits for it
        placed = mistake
    finally:
        tables.open = False
    if tables.failure is not None:
        if not isinstance(tables.failure, InvalidStatement):
            raise tables.failure
        placed = placed if isinstance(placed, BaseException) else tables.failure
    if marked:
        if isinstance(placed, BaseException):
            database.undo()
        else:
            database.release()
    return placed
