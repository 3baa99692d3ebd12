"""Tables of others in a log's database, changed in the same transaction as the records.

A review that an escalation asks for must exist exactly if the decision does. So it is written where the decision is: a job
(`audit/jobs.py`) gets the `Tables` of the transaction, and all that it does is committed with the records that it gives, or not
at all.

The same statements run in SQLite and in PostgreSQL if they keep to what both have: `?` for a value, integers of 64 bits, texts that are
compared by their bytes, `INSERT … ON CONFLICT … DO UPDATE` and `DO NOTHING`, no functions of one of them. What the two
would read differently (an integer beyond 64 bits, a text with a NUL or a lone surrogate) is refused before either sees it.

The tables of the log itself are not for that. A statement that names one of them, or that could end the transaction or change
how the database works, is refused. This finds mistakes; who writes such statements is trusted as the log's own code is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from tenetlang.audit.errors import InvalidStatement

Cell: TypeAlias = int | str | bytes | None
Also: TypeAlias = Callable[["Tables"], object]
"""What is done in the transaction of a record. What it gives is of no use; what it raises, the caller gets, and nothing is written."""

Execute: TypeAlias = Callable[[str, tuple[Cell, ...]], list[tuple[Cell, ...]]]
"""Runs one statement in the transaction. Raises `InvalidStatement` for what is wrong with the statement, all else is the database's."""

_FORBIDDEN = re.compile(
    r"\b(records|payloads|checkpoints|frontiers|tenet_\w*|sqlite_\w*|pg_\w*|pragma|attach|detach|vacuum|begin|commit|rollback|"
    r"savepoint|release|trigger|view)\b|^\s*end\b|;|/\*|--",
    re.IGNORECASE,
)
_ALLOWED = re.compile(
    r"\s*(?:select|insert|update|delete|with|create\s+table|create\s+(?:unique\s+)?index|alter\s+table|drop\s+(?:table|index))\b",
    re.IGNORECASE,
)
_NAME = r"[a-z][a-z0-9_]{0,62}"
_COLUMN = re.compile(
    rf"{_NAME} (?:INTEGER|TEXT|BLOB)(?: NOT NULL)?(?: DEFAULT (?:-?\d+|'[a-z_]*'))?(?: PRIMARY KEY| UNIQUE)?"
)
_CONSTRAINT = re.compile(rf"(?:PRIMARY KEY|UNIQUE) \({_NAME}(?:, {_NAME})*\)")
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


@attrs.define(eq=False)
class Tables:
    """The tables beside those of the log, while a transaction is open."""

    execute: Execute
    created: Callable[[str, Sequence[str]], str]
    """The statement that creates a table in this database."""
    allowed: set[str]
    """Statements that were looked at before."""
    open: bool = True
    failure: Exception | None = None
    """What the database raised. A job is undone for it, even if it went on."""

    def run(self, statement: str, values: tuple[Cell, ...] = ()) -> list[tuple[Cell, ...]]:
        """Runs one statement (`?` stands for each of the values) and gives its rows.

        Raises `ValueError` for one that is not for such tables, or comes once the transaction is over; `InvalidStatement` where
        the database refuses it: a constraint, or a mistake in it. After that the job can only end: it is undone whatever it does.
        """
        self._check(values)
        if statement not in self.allowed:
            found = _FORBIDDEN.search(statement)
            if found is not None:
                raise ValueError(f"`{found[0]}` is not for the tables beside a log")
            if not _ALLOWED.match(statement):
                raise ValueError(f"`{statement[:40]}` is not for the tables beside a log")
            self.allowed.add(statement)
        return self._run(statement, tuple(int(value) if value is True or value is False else value for value in values))

    def create(self, table: str, columns: Sequence[str]) -> None:
        """Creates a table unless it is there: `create("tasks", ("id TEXT PRIMARY KEY", "due INTEGER NOT NULL"))`.

        A column is its name, `INTEGER` (64 bits), `TEXT` or `BLOB`, and after that, in this order, `NOT NULL`, `DEFAULT` with a
        number or a word in quotes, and `PRIMARY KEY` or `UNIQUE`, which may also come last with several columns: `PRIMARY KEY
        (a, b)`. Nothing is numbered by itself. Call it once when you begin, not in every job. Raises `ValueError` for anything else.
        """
        self._check(())
        if not re.fullmatch(_NAME, table) or _FORBIDDEN.search(table):
            raise ValueError(f"{table!r} is no name for a table beside a log")
        for column in columns:
            if not _COLUMN.fullmatch(column) and not _CONSTRAINT.fullmatch(column):
                raise ValueError(f"{column!r} is no column of a table beside a log")
        self._run(self.created(table, [_without_null(column) for column in columns]), ())

    def _check(self, values: tuple[Cell, ...]) -> None:
        if not self.open:
            raise ValueError("the transaction is over")
        if self.failure is not None:
            raise InvalidStatement("a statement before this one failed, so the job is undone") from self.failure
        for value in values:
            match value:
                case int() if not _SMALLEST <= value <= _LARGEST:
                    raise ValueError(f"{value} is beyond 64 bits")
                case str() if not _is_storable(value):
                    raise ValueError("a text with a NUL or a lone surrogate can't be stored")
                case int() | str() | bytes() | None:
                    pass
                case _:
                    raise ValueError(f"a {type(value).__name__} is no value of a column")

    def _run(self, statement: str, values: tuple[Cell, ...]) -> list[tuple[Cell, ...]]:
        try:
            return self.execute(statement, values)
        except Exception as mistake:
            self.failure = mistake
            raise


def _is_storable(text: str) -> bool:
    if text.isascii():
        return "\x00" not in text
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False


def _without_null(column: str) -> str:
    """SQLite lets a key be NULL, PostgreSQL does not."""
    if " PRIMARY KEY" not in column or " NOT NULL" in column:
        return column
    name, of_type, rest = column.split(" ", 2)
    return f"{name} {of_type} NOT NULL {rest}"
