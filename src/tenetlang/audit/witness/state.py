"""What a witness remembers: for each log the newest checkpoint that it cosigned, and nothing may make it forget.

A witness is worth as much as this file. It says of a log how long it was and what its root was, and a checkpoint is cosigned
only if it is of that log grown. Comparing and writing are one transaction that holds SQLite's write lock from its
beginning, so that of two requests at a time, be it in two threads or in two processes, the second sees what the first left.
What is cosigned is on the disk before anybody hears of it.

A file that is missing is not made by itself: a witness that begins anew would sign a second story. Its owner says so once.
What a log signed and can't have grown into is kept, for it may be the proof that the log told two stories.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from tenetlang.audit.checkpoints.checkpoint import Checkpoint
from tenetlang.audit.checkpoints.paths import consistency_holds
from tenetlang.audit.errors import WitnessUnavailable
from tenetlang.audit.merkle import EMPTY_ROOT
from tenetlang.audit.stores.sqlite import absolute, run, shown

if TYPE_CHECKING:
    import apsw

APPLICATION_ID = 0x54_4E_57_54
"""`TNWT`, at byte 68 of the file."""

MOST_KEPT = 100
"""So many requests that contradict it are kept of a log."""

_TABLES = (
    "CREATE TABLE logs (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL) STRICT",
    "CREATE TABLE contradictions (number INTEGER PRIMARY KEY, origin TEXT NOT NULL, request BLOB NOT NULL) STRICT",
)

Verdict: TypeAlias = Literal["cosigned", "size", "root", "proof"]
"""What came of a checkpoint: it may be cosigned; the old size is not the one that is remembered; it is another log of the same
size; or the path does not prove that it is the same log, grown."""


@attrs.define(eq=False)
class State:
    """The open file of a witness. For any number of threads."""

    path: str
    connection: apsw.Connection
    lock: threading.Lock = attrs.field(factory=threading.Lock)


def open_state(path: str | os.PathLike[str], *, create: bool = False) -> State:
    """Opens the state of a witness, and makes it if that is asked for. Raises `WitnessUnavailable`."""
    import apsw

    file = absolute(path)
    there = os.path.lexists(file)
    if not there and not create:
        raise WitnessUnavailable(
            f"there is no state at {shown(file)}; a witness that forgot what it cosigned could cosign a second story, so a new "
            "one is only made with `--create`, for a key that has cosigned nothing"
        )
    if there and create:
        raise WitnessUnavailable(f"{shown(file)} is there already; without `--create` it is gone on with")
    try:
        if create:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = apsw.Connection(file, flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            _prepare(connection, create=create)
        except BaseException:
            connection.close(True)
            raise
    except (OSError, apsw.Error) as mistake:
        raise WitnessUnavailable(f"the state {shown(file)} can't be opened: {mistake}") from mistake
    return State(file, connection)


def close_state(state: State) -> None:
    """Closes the file."""
    with state.lock:
        state.connection.close(True)


def advance(
    state: State, old: int, path: tuple[bytes, ...], checkpoint: Checkpoint, request: bytes
) -> tuple[Verdict, int]:
    """Goes over to a checkpoint if it is of the same log, grown; the size that is remembered now comes with the verdict.

    The request is kept where it contradicts what is remembered. Raises `WitnessUnavailable`, with nothing changed.
    """
    import apsw

    with state.lock:
        try:
            run(state.connection, "BEGIN IMMEDIATE")
            try:
                verdict, size = _advanced(state.connection, old, path, checkpoint)
                if verdict in {"root", "proof"}:
                    _keep(state.connection, checkpoint.origin, request)
                run(state.connection, "COMMIT")
            except BaseException:
                if state.connection.in_transaction:
                    run(state.connection, "ROLLBACK")
                raise
        except apsw.Error as mistake:
            raise WitnessUnavailable(f"the state {shown(state.path)} can't be written: {mistake}") from mistake
        return verdict, size


def contradictions(state: State, origin: str) -> tuple[bytes, ...]:
    """The requests of a log that contradicted what was remembered of it."""
    with state.lock:
        statement = "SELECT request FROM contradictions WHERE origin = ? ORDER BY number"
        return tuple(bytes(row[0]) for row in state.connection.execute(statement, (origin,)))


def _advanced(
    connection: apsw.Connection, old: int, path: tuple[bytes, ...], checkpoint: Checkpoint
) -> tuple[Verdict, int]:
    row = connection.execute("SELECT size, root FROM logs WHERE origin = ?", (checkpoint.origin,)).fetchone()
    size, root = (0, EMPTY_ROOT) if row is None else (int(row[0]), bytes(row[1]))
    if old != size:
        return "size", size
    if size == checkpoint.size and root != checkpoint.root:
        return "root", size
    grown = not path if size == 0 else consistency_holds(size, checkpoint.size, root, checkpoint.root, path)
    if not grown:
        return "proof", size
    connection.execute(
        "INSERT INTO logs VALUES (?, ?, ?) ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root",
        (checkpoint.origin, checkpoint.size, checkpoint.root),
    )
    return "cosigned", checkpoint.size


def _keep(connection: apsw.Connection, origin: str, request: bytes) -> None:
    connection.execute(
        "INSERT INTO contradictions (origin, request) SELECT ?1, ?2 "
        "WHERE (SELECT count(*) FROM contradictions WHERE origin = ?1) < ?3",
        (origin, request, MOST_KEPT),
    )


def _prepare(connection: apsw.Connection, *, create: bool) -> None:
    import apsw

    connection.set_busy_timeout(10_000)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    if create:
        run(connection, "PRAGMA journal_mode=WAL")
        run(connection, f"PRAGMA application_id={APPLICATION_ID}")
        for statement in _TABLES:
            run(connection, statement)
    for setting in ("PRAGMA synchronous=FULL", "PRAGMA fullfsync=ON", "PRAGMA checkpoint_fullfsync=ON"):
        run(connection, setting)
    found = run(connection, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name DESC")
    if run(connection, "PRAGMA application_id") != [(APPLICATION_ID,)] or found != [(text,) for text in _TABLES]:
        raise apsw.NotADBError("it is no state of a witness")
    if os.name == "posix" and Path(connection.filename).stat().st_mode & 0o077:
        raise apsw.PermissionsError("others may read or write it: `chmod 600`")
