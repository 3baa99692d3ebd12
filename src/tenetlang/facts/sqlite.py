"""A ledger in a SQLite file of its own, for the processes of one machine.

A transaction takes the write lock before it reads, so transactions come one after the other. It is on the disk when it is committed
(write-ahead log, `synchronous=FULL`). After a commit that failed the file is opened anew: what SQLite has not committed it
undoes by itself, and nothing is tried a second time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from tenetlang.facts.errors import LedgerDamaged, LedgerError, LedgerUnavailable
from tenetlang.facts.limits import Limits
from tenetlang.facts.moment import DEFAULT_LIMITS, Moment, set_clock, state_of
from tenetlang.facts.rows import Rows
from tenetlang.facts.tables import TABLES, Cell, TableRows

if TYPE_CHECKING:
    import apsw

APPLICATION_ID: Final = 0x746E7466
"""Says in the file's first page what it is: `tntf`."""

_T = TypeVar("_T")


class SqliteLedger:
    """Tables in a file, which is made if it is not there. `patience` is for how many seconds a transaction waits for others."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        limits: Limits = DEFAULT_LIMITS,
        space: str = "",
        *,
        patience: float = 10.0,
    ) -> None:
        self.path: Final = str(Path(path).absolute())
        self._limits = limits
        self._space = space
        self._patience = patience
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._closed = False
        self._connection: apsw.Connection | None = None
        self.change(state_of)

    def transact(self, now_ns: int, action: Callable[[Moment], _T]) -> _T:
        """As `Ledger.transact`; the action is done once."""
        return self.change(lambda rows: action(Moment.at(rows, now_ns, self._limits, self._space)))

    def set_clock(self, now_ns: int) -> None:
        """Sets the time of the ledger, also back."""
        self.change(lambda rows: set_clock(rows, now_ns))

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._closed = True
            self._drop()

    def run(self, statement: str, values: tuple[Cell, ...] = ()) -> list[tuple[Cell, ...]]:
        """Runs one statement of the open transaction."""
        assert self._connection is not None
        return [tuple(row) for row in self._connection.execute(statement, values)]

    def create(self, table: str, columns: Sequence[str]) -> None:
        """Creates a table unless it is there."""
        self.run(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)})")

    def change(self, action: Callable[[Rows], _T]) -> _T:
        """As `Ledger.change`."""
        import apsw

        if self._process != os.getpid():
            raise LedgerUnavailable("the ledger was opened before a fork; open it again in this process")
        with self._lock:
            if self._closed:
                raise LedgerUnavailable("the ledger is closed; open it again")
            try:
                self._connect()
                self.run("BEGIN IMMEDIATE")
                done = action(TableRows(self))
                self.run("COMMIT")
            except BaseException as mistake:
                self._undo()
                if isinstance(mistake, apsw.Error):
                    raise self._said(mistake) from mistake
                raise
            return done

    def _undo(self) -> None:
        """Rolls back, and where that is not possible has the next transaction open the file anew."""
        import apsw

        if self._connection is not None and self._connection.in_transaction:
            try:
                self.run("ROLLBACK")
            except apsw.Error:
                self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close(True)
            self._connection = None

    def _connect(self) -> None:
        if self._connection is not None:
            return
        import apsw

        self._connection = apsw.Connection(self.path)
        self._connection.set_busy_timeout(int(self._patience * 1000))
        self._connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        self._connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0)
        try:
            self._identify()
        except BaseException:
            self._drop()
            raise

    def _identify(self) -> None:
        """Makes a ledger out of an empty file; a file of somebody else is left as it is."""
        self._is_new()
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA fullfsync=ON"):
            self.run(statement)
        self.run("BEGIN IMMEDIATE")
        if self._is_new():
            self.run(f"PRAGMA application_id={APPLICATION_ID}")
            for table, columns in TABLES:
                self.create(table, columns)
        self.run("COMMIT")

    def _is_new(self) -> bool:
        application, tables = self.run("PRAGMA application_id"), self.run("SELECT count(*) FROM sqlite_schema")
        if (application, tables) == ([(0,)], [(0,)]):
            return True
        if application != [(APPLICATION_ID,)]:
            raise LedgerDamaged(f"{self.path} is no ledger but a database of another program; name another file")
        return False

    def _said(self, mistake: apsw.Error) -> LedgerError:
        import apsw

        if isinstance(mistake, apsw.NotADBError | apsw.CorruptError):
            return LedgerDamaged(f"{self.path} is no ledger, or is damaged ({mistake}); restore it from a copy")
        if isinstance(mistake, apsw.BusyError | apsw.LockedError):
            return LedgerUnavailable(f"{self.path} was locked by another process for {self._patience:g} seconds")
        return LedgerUnavailable(f"{self.path} can't be used: {mistake}; check its folder, permissions and space")
