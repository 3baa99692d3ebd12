"""What a log needs of a database, whether that is a file of SQLite or a schema of PostgreSQL.

All of the log's logic is above this: which record is next, what a leaf is, what is signed. A database keeps rows, does
several things as one or not at all, lets one writer in at a time, and says for certain that something is on the disk, or fails. How
it failed is all that the log has to know of it, so whatever a library raises comes as one of the exceptions below.

Statements are those that both read alike, with `?` for a value. Where they differ, the database gives the words (`cell`, `holds`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

from tenetlang.audit.stores.tables import Cell

Cells: TypeAlias = tuple[Cell, ...]


class DatabaseFailed(Exception):
    """What a database raised, in its words and without anything that is secret. What was to be written may be there or not."""


class NotBegun(DatabaseFailed):
    """No transaction could be begun: another one writes, or the server can't be reached. Nothing was written."""


class DatabaseLost(DatabaseFailed):
    """The connection to the database broke."""


class Database(Protocol):
    """The open database of a log. Used by one thread at a time."""

    def begin(self) -> None:
        """Begins a transaction that writes, once nobody else writes. Raises `NotBegun`."""

    def check(self) -> None:
        """Raises `LogDamaged` where what is open is no longer what the log's name leads to; called within a transaction."""

    def look(self) -> None:
        """Begins one that reads, and from here on sees one state of the log."""

    def commit(self) -> None:
        """Ends it; when this returns, all that was written is on the disk."""

    def roll_back(self) -> None:
        """Undoes what was not committed, if there is anything."""

    def run(self, statement: str, values: Cells = ()) -> list[tuple[object, ...]]:
        """Runs one statement to its end and gives its rows."""

    def each(self, statement: str, values: Cells = ()) -> Iterator[tuple[object, ...]]:
        """The rows of a statement, of which only a few are in memory at a time."""

    def run_many(self, statement: str, rows: Sequence[Cells]) -> None:
        """Runs a statement once for each of the rows of values."""

    def run_for_job(self, statement: str, values: Cells) -> list[Cells]:
        """Runs a statement of a job. Raises `InvalidStatement` where the database refuses it and goes on."""

    def mark(self) -> None:
        """Remembers the state for `undo`."""

    def undo(self) -> None:
        """Goes back to what was marked, and forgets the mark."""

    def release(self) -> None:
        """Forgets the mark."""

    def has(self, table: str) -> bool:
        """Whether the log has that table, of its own or beside those."""

    def make(self, table: str) -> None:
        """Creates a table of the log that comes later than the others."""

    def created(self, table: str, columns: Sequence[str]) -> str:
        """The statement that creates a table beside those of the log (`stores/tables.py`)."""

    def cell(self, column: str, most: int) -> str:
        """SQL: the bytes of a column, or NULL where there are none, or more than `most`, or something else in their place."""

    def kind(self, column: str) -> str:
        """SQL: `'blob'` where a column holds bytes."""

    def holds(self, column: str) -> str:
        """SQL: whether the bytes of a column hold those of the value `?`."""

    def forget(self) -> bool:
        """Does what can be done so that nothing is left of what was deleted; whether that is certain."""

    def arrive(self) -> bool:
        """Joins those that write into the log, within a transaction; whether one of them was there, is gone, and did not leave."""

    def is_last(self) -> bool:
        """Whether nobody else is there, within a transaction that is followed by `leave`."""

    def leave(self, *, last: bool) -> None:
        """Goes. May be called twice, and never raises."""

    def close(self) -> None:
        """Closes it. May be called twice."""
