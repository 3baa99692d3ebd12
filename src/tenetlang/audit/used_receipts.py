"""Which receipts were used, in a file: for a tool that several processes serve, or that must not forget when it starts again.

    with open_used_receipts("used.db") as used:
        check_receipt(token, keys, "refund", arguments, int(time.time()), used)

One use is one durable transaction, so of two processes that are shown the same receipt one acts. Each use forgets some that are
outdated, and costs the same however many there were; the file holds what is good at the moment, and no more than it is told to.

Whatever goes wrong with the file is an `InvalidReceipt`, upon which the tool must not act. So is a clock that was set back: what
was forgotten at the later time could be good again at the earlier one, so the file knows until when what it forgot was good, and takes
nothing that would have been forgotten as well. What it can't know is that it was taken away: whoever can do that, or put back an
older copy, can use the receipts of the last minute again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from tenetlang.audit.errors import AuditError, InvalidReceipt
from tenetlang.audit.stores.sqlite import absolute, shown

if TYPE_CHECKING:
    import apsw

APPLICATION_ID: Final = 0x54_4E_55_52
"""`TNUR`, at byte 68 of the file."""

MOST_USED: Final = 1_000_000
"""So many receipts are remembered at once if nothing else is said."""

_USED: Final = "CREATE TABLE used (receipt TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID"
_HELD: Final = "CREATE TABLE held (count INTEGER NOT NULL, forgotten INTEGER NOT NULL) STRICT"
_BY_TIME: Final = "CREATE INDEX used_until ON used (until)"
_TABLES: Final = (_USED, _HELD, _BY_TIME)
_FORGET: Final = """
DELETE FROM used WHERE receipt IN (SELECT receipt FROM used WHERE until <= ? ORDER BY until LIMIT 16) RETURNING until
"""
_BUSY_SECONDS: Final = 5.0


class UsedReceipts:
    """Remembers which receipts were used, durably; what `check_receipt` takes as `seen`.

    May be shared between threads; each process opens its own. A context manager that closes it.
    """

    def __init__(self, path: str, connection: apsw.Connection, most: int) -> None:
        """Use `open_used_receipts`."""
        self.path = path
        self._connection = connection
        self._most = most
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._file = _identity(path)

    def __call__(self, identifier: str, until: int, now: int) -> bool:
        """Whether the receipt is new; from now on, and on the disk, it is not. `until` is the first second at which it may be
        forgotten, `now` what the clock says, in seconds since 1970.

        Raises `InvalidReceipt`: `busy` where more are in use than are remembered, `time` where the clock was set back, and
        `unavailable` where the file can't be used, upon which nothing is remembered.
        """
        with self._lock, _failing(self.path):
            if self._process != os.getpid():
                raise InvalidReceipt("unavailable", f"{shown(self.path)} was opened before a fork; open it again here")
            if _identity(self.path) != self._file:
                raise InvalidReceipt("unavailable", f"{shown(self.path)} was replaced or taken away; open it again")
            _run(self._connection, "BEGIN IMMEDIATE")
            try:
                new = self._use(identifier, until, now)
                _run(self._connection, "COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    _run(self._connection, "ROLLBACK")
                raise
            return new

    def close(self) -> None:
        """Closes the file. May be called twice."""
        with self._lock:
            self._connection.close(True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _use(self, identifier: str, until: int, now: int) -> bool:
        match _run(self._connection, "SELECT count, forgotten FROM held LIMIT 2"):
            case [(int(count), int(forgotten))]:
                pass
            case _:
                raise InvalidReceipt("unavailable", f"{shown(self.path)} was changed; make a new one")
        if until <= forgotten:
            raise InvalidReceipt(
                "time", "the receipt is good no longer than some that are forgotten already: the clock was set back"
            )
        outdated = [row[0] for row in _run(self._connection, _FORGET, (now,))]
        insertion = "INSERT INTO used (receipt, until) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1"
        new = bool(_run(self._connection, insertion, (identifier, until)))
        count += new - len(outdated)
        if new and count > self._most:
            raise InvalidReceipt(
                "busy", f"{self._most:,} receipts are in use at once; try again when they are outdated"
            )
        forgotten = max([forgotten, *(until for until in outdated if isinstance(until, int))])
        _run(self._connection, "UPDATE held SET count = ?, forgotten = ?", (count, forgotten))
        return new


def open_used_receipts(path: str | os.PathLike[str], most: int = MOST_USED) -> UsedReceipts:
    """Opens the file, and makes it, for its owner alone, where there is none. At most `most` receipts are remembered at once.

    Raises `InvalidReceipt`, `unavailable`, for a file that is none of these or can't be used.
    """
    import apsw

    try:
        name = absolute(path)
        os.close(os.open(name, os.O_CREAT | os.O_RDWR, 0o600))
    except (OSError, AuditError) as mistake:
        raise InvalidReceipt("unavailable", f"cannot open {os.fspath(path)!r}: {mistake}") from mistake
    with _failing(name):
        connection = apsw.Connection(name, flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            _prepare(connection, name)
            return UsedReceipts(name, connection, most)
        except BaseException:
            connection.close(True)
            raise


def _prepare(connection: apsw.Connection, name: str) -> None:
    import apsw

    connection.set_busy_timeout(int(_BUSY_SECONDS * 1000))
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA fullfsync=ON"):
        _run(connection, statement)
    _run(connection, "BEGIN IMMEDIATE")
    if _run(connection, "SELECT count(*) FROM sqlite_schema") == [(0,)]:
        for statement in _TABLES:
            _run(connection, statement)
        _run(connection, "INSERT INTO held (count, forgotten) VALUES (0, 0)")
        _run(connection, f"PRAGMA application_id={APPLICATION_ID}")
    found = {row[0] for row in _run(connection, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL LIMIT 8")}
    if found != set(_TABLES) or _run(connection, "PRAGMA application_id") != [(APPLICATION_ID,)]:
        raise InvalidReceipt("unavailable", f"{shown(name)} is no file of used receipts, or was changed; name another")
    _run(connection, "COMMIT")


def _identity(path: str) -> tuple[int, int]:
    try:
        found = Path(path).stat()
    except OSError:
        return (-1, -1)
    return found.st_dev, found.st_ino


@contextmanager
def _failing(path: str) -> Iterator[None]:
    """What goes wrong with the file, as an `InvalidReceipt`."""
    import apsw

    try:
        yield
    except apsw.Error as mistake:
        raise InvalidReceipt("unavailable", f"cannot use {shown(path)}: {mistake}") from mistake


def _run(connection: apsw.Connection, statement: str, values: tuple[str | int, ...] = ()) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(statement, values)]
