"""A ledger in PostgreSQL, for the programs of many machines. Needs the extra `postgres` (psycopg 3).

A transaction first takes an advisory lock that all ledgers of the database share, then reads: so transactions come one after the other, and each
sees what was committed before it. (Isolation is set to READ COMMITTED for that: a stricter level would fix what is seen before the
lock is held.) A ledger is on the disk when it is committed: `synchronous_commit` is switched on where it is off.

Where the connection is lost while a transaction commits, nobody can tell whether it did. It is not tried again, and whoever waits is
told that the ledger is unavailable; what may have been reserved counts until its deadline, and after it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, LiteralString, TypeVar

from tenetlang.facts.errors import LedgerUnavailable
from tenetlang.facts.limits import Limits
from tenetlang.facts.moment import DEFAULT_LIMITS, Moment, set_clock
from tenetlang.facts.rows import Rows
from tenetlang.facts.tables import Cell, TableRows, prepare

if TYPE_CHECKING:
    import psycopg

LOCK: Final = 0x74656E6574_6661
"""The number of the advisory lock: the letters of `tenetfa`."""

_T = TypeVar("_T")


class PostgresLedger:
    """Two tables in the first schema of the search path, made if they are not there.

    `address` is what libpq takes, a URL or `key=value`. `patience` is for how many seconds a transaction waits for others.
    """

    def __init__(
        self, address: str, limits: Limits = DEFAULT_LIMITS, space: str = "", *, patience: float = 10.0
    ) -> None:
        self._address = address
        self._limits = limits
        self._space = space
        self._patience = patience
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._closed = False
        self._connection: psycopg.Connection | None = None
        self.change(self._prepare)

    def transact(self, now_ns: int, action: Callable[[Moment], _T]) -> _T:
        """As `Ledger.transact`; the action is done once."""
        return self.change(lambda rows: action(Moment.at(rows, now_ns, self._limits, self._space)))

    def set_clock(self, now_ns: int) -> None:
        """Sets the time of the ledger, also back."""
        self.change(lambda rows: set_clock(rows, now_ns))

    def close(self) -> None:
        """Closes the connection."""
        with self._lock:
            self._closed = True
            self._drop()

    def run(self, statement: str, values: tuple[Cell, ...] = ()) -> list[tuple[Cell, ...]]:
        """Runs one statement of the open transaction."""
        assert self._connection is not None
        cursor = self._connection.execute(statement.replace("?", "%s").encode(), values)
        return [] if cursor.description is None else [tuple(row) for row in cursor]

    def _prepare(self, _: Rows) -> None:
        prepare(self)

    def create(self, table: str, columns: Sequence[str]) -> None:
        """Creates a table unless it is there."""
        named = ", ".join(column.replace("INTEGER", "BIGINT") for column in columns)
        self.run(f"CREATE TABLE IF NOT EXISTS {table} ({named})")

    def change(self, action: Callable[[Rows], _T]) -> _T:
        """As `Ledger.change`."""
        if self._process != os.getpid():
            raise LedgerUnavailable("the ledger was opened before a fork; open it again in this process")
        with self._lock:
            if self._closed:
                raise LedgerUnavailable("the ledger is closed; open it again")
            connection = self._connected()
            import psycopg

            try:
                self.run(_LOCKING, (LOCK,))
                done = action(TableRows(self))
                connection.commit()
            except BaseException as mistake:
                self._undo(connection)
                if isinstance(mistake, psycopg.Error):
                    raise self._said(mistake) from None
                raise
            return done

    def _undo(self, connection: psycopg.Connection) -> None:
        import psycopg

        try:
            connection.rollback()
        except psycopg.Error:
            self._drop()
        if connection.closed:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            try:
                import psycopg
            except ModuleNotFoundError:
                raise ModuleNotFoundError(
                    "a ledger in PostgreSQL needs the extra `postgres`: pip install 'tenetlang[postgres]'"
                ) from None
            try:
                connection = psycopg.connect(self._address, connect_timeout=max(2, int(self._patience)))
            except psycopg.OperationalError as mistake:
                raise self._said(mistake) from None
            except psycopg.Error:
                raise LedgerUnavailable("the address of the ledger is none that PostgreSQL knows") from None
            try:
                connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
                connection.execute(f"SET lock_timeout = {int(self._patience * 1000)}".encode())
                if connection.execute("SHOW synchronous_commit").fetchone() == ("off",):
                    connection.execute("SET synchronous_commit = on")
                connection.commit()
            except psycopg.Error as mistake:
                connection.close()
                raise self._said(mistake) from None
            self._connection = connection
        return self._connection

    def _said(self, mistake: psycopg.Error) -> LedgerUnavailable:
        import psycopg

        if isinstance(mistake, psycopg.errors.LockNotAvailable):
            return LedgerUnavailable(f"others kept the ledger busy for {self._patience:g} seconds")
        words = " ".join(str(mistake).split())
        return LedgerUnavailable(f"PostgreSQL can't be used as a ledger: {words}; check the server and the address")


_LOCKING: LiteralString = "SELECT 1 FROM (SELECT pg_advisory_xact_lock(?)) AS locked"
