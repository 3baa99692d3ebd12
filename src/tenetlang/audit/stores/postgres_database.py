"""A log's database that is a schema of a PostgreSQL server (`postgres.py` says how it is opened and recognised).

One writer at a time holds an advisory lock until its transaction ends, so that the next record is always one that it has seen, and
no index is left out. The transaction reads what is committed when it has the lock, not when it began.

    BEGIN; wait for the lock; the last record; the new ones; COMMIT      the server answers COMMIT when its disk has it

Three ways in which a server says "done" and it is not: it ends an aborted transaction by `ROLLBACK` when it is told to commit;
it stops waiting for a standby when somebody cancels that, with a warning; and a pool between may hand the transaction to
another session. The first two are failures here, which poison the log; whoever stands between is found by the number of
the session, which must stay the same.

A connection that breaks before anything was begun is made once more, since nothing can have been written. Any later, and what
is on the disk is unknown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs
import psycopg
from psycopg.pq import TransactionStatus

from tenetlang.audit.errors import InvalidStatement
from tenetlang.audit.stores.database import Cells, DatabaseFailed, DatabaseLost, NotBegun
from tenetlang.audit.stores.tables import Cell

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

Connection: TypeAlias = "psycopg.Connection[TupleRow]"

_ROWS_AT_ONCE: Final = 16
"""A row of a hostile log may have a payload of eight megabytes."""
_QUOTED_OR_PLACE: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\?")
_TYPES: Final = {"INTEGER": "BIGINT", "BLOB": "BYTEA", "TEXT": 'TEXT COLLATE "C"'}
_THEIRS: Final = ("0A", "21", "22", "23", "42", "44", "54")
"""Classes of SQLSTATE that say that the statement, or what it says, is wrong."""
_THEIRS_TOO: Final = ("57014", "40P01", "55P03")
"""Cancelled, a deadlock, a lock not available: undone with the job alone."""


@attrs.define(eq=False)
class PostgresDatabase:
    """An open connection, as `stores/database.py` says."""

    connection: Connection
    connect: Callable[[], Connection]
    """Makes the connection once more, with all that is looked at when one is made."""
    schema: int
    """The number that the server gives the log's schema."""
    busy_seconds: float
    session: int | None = None
    writer: int | None = None
    process: int = attrs.field(factory=os.getpid)
    cursors: Iterator[int] = attrs.field(factory=count)
    deleted: bool = False
    marked: bool = False
    warnings: list[str] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.connection.add_notice_handler(self._note)

    def begin(self) -> None:
        self.marked = False
        try:
            self._begin()
        except psycopg.Error as mistake:
            if not self.connection.closed:
                raise self._not_begun(mistake) from mistake
            self._connect_again()
            self._begin_again()

    def check(self) -> None:
        """A server's tables can't be moved away from a connection."""

    def look(self) -> None:
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def commit(self) -> None:
        self.warnings.clear()
        try:
            ended = self.connection.execute("COMMIT", prepare=False).statusmessage
        except psycopg.Error as mistake:
            raise self._failed(mistake) from mistake
        if ended != "COMMIT":
            raise DatabaseFailed(f"the server ended the transaction by {ended}")
        if self.warnings:
            raise DatabaseFailed(f"the server committed with a warning: {self.warnings[0]}")

    def roll_back(self) -> None:
        if not self.connection.closed and self.connection.info.transaction_status != TransactionStatus.IDLE:
            self.run("ROLLBACK")

    def run(self, statement: str, values: Cells = ()) -> list[tuple[object, ...]]:
        return list(self._run(statement, values))

    def each(self, statement: str, values: Cells = ()) -> Iterator[tuple[object, ...]]:
        own = self.connection.info.transaction_status == TransactionStatus.IDLE
        if own:
            self.look()
        name = f"tenet_{next(self.cursors)}"
        try:
            self._run(f"DECLARE {name} NO SCROLL CURSOR FOR {statement}", values)
            while rows := self._run(f"FETCH {_ROWS_AT_ONCE} FROM {name}"):
                yield from rows
        finally:
            with suppress(DatabaseFailed):  # whoever leaves in between is told nothing any more
                if own:
                    self.roll_back()
                elif self.connection.info.transaction_status == TransactionStatus.INTRANS:
                    self._run(f"CLOSE {name}")

    def run_many(self, statement: str, rows: Sequence[Cells]) -> None:
        text, _ = _numbered(statement)
        self.deleted = self.deleted or (statement.startswith("DELETE") and bool(rows))
        try:
            with psycopg.RawCursor(self.connection) as cursor:
                cursor.executemany(text, rows)
        except psycopg.Error as mistake:
            raise self._failed(mistake) from mistake

    def run_for_job(self, statement: str, values: Cells) -> list[Cells]:
        if _numbered(statement)[1] != len(values):
            raise InvalidStatement(f"the statement has another number of `?` than the {len(values)} values")
        try:
            return [tuple(map(_cell, row)) for row in self.run(statement, values)]
        except DatabaseFailed as mistake:
            cause = mistake.__cause__
            state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
            refused = state is not None and (state[:2] in _THEIRS or state in _THEIRS_TOO)
            if refused or isinstance(cause, psycopg.ProgrammingError):
                raise InvalidStatement(str(mistake)) from mistake
            raise

    def mark(self) -> None:
        self._send("RELEASE job; SAVEPOINT job" if self.marked else "SAVEPOINT job")
        self.marked = True

    def undo(self) -> None:
        self._send("ROLLBACK TO job; RELEASE job")
        self.marked = False

    def release(self) -> None:
        """Is sent with the next mark, or is a part of the commit."""

    def has(self, table: str) -> bool:  # another database makes its own later
        return table in {"checkpoints", "frontiers"} or self.run("SELECT to_regclass(?)::text", (table,)) != [(None,)]

    def make(self, table: str) -> None:
        """All tables of a log are there from the beginning."""

    def created(self, table: str, columns: Sequence[str]) -> str:  # another database says it otherwise
        typed = [re.sub(r"\b(?:INTEGER|BLOB|TEXT)\b", lambda found: _TYPES[found[0]], column) for column in columns]
        return f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(typed)})"

    def cell(self, column: str, most: int) -> str:
        return f"CASE WHEN octet_length({column}) <= {most} THEN {column} END"

    def kind(self, column: str) -> str:
        return f"CASE WHEN {column} IS NOT NULL THEN 'blob' END"

    def holds(self, column: str) -> str:
        return f"position(? IN {column}) > 0"

    def forget(self) -> bool:
        """What was deleted stays in the server's files until they are rewritten, and in its journal and copies while these are kept."""
        return not self.deleted

    def arrive(self) -> bool:
        crashed = False
        newest = 0
        for row in self._run("SELECT number FROM tenet_writers ORDER BY number"):
            match row:
                case (int(number),):
                    newest = number
                    if self._lock(number):
                        self._run("SELECT pg_advisory_unlock(?)", (self._key("writer", number),))
                        self._run("DELETE FROM tenet_writers WHERE number = ?", (number,))
                        crashed = True
                case _:
                    raise DatabaseFailed("the table of writers holds something else")
        self.writer = newest + 1
        self._run("INSERT INTO tenet_writers (number) VALUES (?)", (self.writer,))
        if not self._lock(self.writer):
            raise DatabaseFailed("somebody holds the lock of a writer that is not there yet")
        return crashed

    def is_last(self) -> bool:
        """Says so, and takes this writer away in the same transaction."""
        found = self._run("SELECT number FROM tenet_writers LIMIT 2")
        self._run("DELETE FROM tenet_writers WHERE number = ?", (self.writer,))
        return found == [(self.writer,)]

    def leave(self, *, last: bool) -> None:  # noqa: ARG002  # `is_last` took the row away already
        """The lock goes with the session. One that did not depart before leaves its number behind, which says that it crashed."""
        if self.writer is not None and not self.connection.closed:
            with suppress(DatabaseFailed):
                self._run("SELECT pg_advisory_unlock(?)", (self._key("writer", self.writer),))
        self.writer = None

    def close(self) -> None:
        if self.process == os.getpid():  # a child would end its parent's session
            self.connection.close()

    # ------------------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """In one message, since each takes a way there and back."""
        milliseconds = max(1, int(self.busy_seconds * 1000))
        cursor = self.connection.execute(
            f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout TO {milliseconds}; "
            f"SELECT pg_advisory_xact_lock({self._key('log', 0)}); SET LOCAL lock_timeout TO 0; "
            "SELECT pg_backend_pid(), current_setting('synchronous_commit'), pg_is_in_recovery()",
            prepare=False,
        )
        while cursor.nextset():
            pass
        session, synchronous, standby = cursor.fetchone() or (None, None, None)
        if self.session is None:
            self.session = session
        if session != self.session:
            raise DatabaseFailed("something between here and the server changes sessions; connect to the server itself")
        if synchronous not in {"on", "remote_apply"} or standby is not False:
            raise DatabaseFailed(f"the server would not wait for its disk: synchronous_commit is {synchronous}")

    def _begin_again(self) -> None:
        try:
            self._begin()
        except psycopg.Error as mistake:
            raise self._not_begun(mistake) from mistake

    def _connect_again(self) -> None:
        self.connection = self.connect()
        self.connection.add_notice_handler(self._note)
        self.session = None
        if self.writer is not None:
            self._lock(self.writer)

    def _send(self, statements: str) -> None:
        """Several statements without values in one message."""
        try:
            self.connection.execute(statements, prepare=False)
        except psycopg.Error as mistake:
            raise self._failed(mistake) from mistake

    def _run(self, statement: str, values: Cells = ()) -> list[Cells]:
        text, _ = _numbered(statement)
        try:
            with psycopg.RawCursor(self.connection) as cursor:
                cursor.execute(text, values or None, binary=True)
                return [] if cursor.description is None else [tuple(row) for row in cursor.fetchall()]
        except UnicodeDecodeError as mistake:
            raise DatabaseFailed("a text in it is not UTF-8") from mistake
        except psycopg.Error as mistake:
            raise self._failed(mistake) from mistake

    def _lock(self, writer: int) -> bool:
        return bool(self._run("SELECT pg_try_advisory_lock(?)", (self._key("writer", writer),))[0][0])

    def _key(self, what: str, number: int) -> int:
        digest = sha256(f"tenet {what} {self.schema} {number}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)

    def _note(self, notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            self.warnings.append(notice.message_primary or "")

    def _failed(self, mistake: psycopg.Error) -> DatabaseFailed:
        return (DatabaseLost if self.connection.closed else DatabaseFailed)(said(mistake))

    def _not_begun(self, mistake: psycopg.Error) -> DatabaseFailed:
        with suppress(DatabaseFailed):
            self.roll_back()
        if mistake.sqlstate == "55P03":
            return NotBegun("it is locked by another process")
        if self.connection.closed:
            return NotBegun(f"the server can't be reached: {said(mistake)}")
        return DatabaseFailed(said(mistake))


def said(mistake: psycopg.Error) -> str:
    """What the server said in one line, without the values in it that it says elsewhere."""
    primary = mistake.diag.message_primary
    return primary or " ".join(str(mistake).split()) or type(mistake).__name__


def _cell(cell: object) -> Cell:
    """What SQLite would give: a sum of integers is none of 64 bits here, and a truth is none of the numbers 0 and 1."""
    match cell:
        case bool():
            return int(cell)
        case int() | str() | bytes() | None:
            return cell
        case Decimal() if cell == cell.to_integral_value():
            return int(cell)
        case _:
            raise InvalidStatement(f"the statement gives a {type(cell).__name__}, which is no value of a column")


@lru_cache(1024)
def _numbered(statement: str) -> tuple[str, int]:
    """A statement with `$1`, `$2` and so on in place of each `?`, and how many these are."""
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] != "?":
            return found[0]
        count += 1
        return f"${count}"

    return _QUOTED_OR_PLACE.sub(number, statement), count
