"""The SQLite file behind a log: its identity, how it is opened, and how it is read without trusting it.

    records      idx INTEGER PRIMARY KEY, record BLOB, leaf BLOB
    payloads     idx INTEGER PRIMARY KEY, payload BLOB      absent for a record whose payload was erased
    checkpoints  number INTEGER PRIMARY KEY, note BLOB      in the order in which they were signed; made with the first
    frontiers    size INTEGER PRIMARY KEY, hashes BLOB      of the newest checkpoint alone; made with the first

The journal is a write-ahead log and `synchronous` is FULL: a commit returns when the record is on the disk, not when
it is on its way (with NORMAL, acknowledged records are lost with the power). A file is recognised by SQLite's
application id and user version, and by the exact text of the two tables, because a table that is in truth a view, or
has a trigger, would let the file decide what is read from it and written to it.

apsw is imported when a file is opened, not with the package.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tenetlang.audit.errors import LogAltered, LogDamaged, LogUnavailable, NotALog
from tenetlang.audit.records.bodies import MAX_PAYLOAD
from tenetlang.audit.stores.addresses import is_address, shown_address

if TYPE_CHECKING:
    import apsw

APPLICATION_ID = 0x54_4E_45_54
"""`TNET`, at byte 68 of the file."""

STORAGE_VERSION = 1
SQLITE_MAGIC = b"SQLite format 3\x00"

TABLES: tuple[tuple[str, str], ...] = (
    ("payloads", "CREATE TABLE payloads (idx INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT"),
    ("records", "CREATE TABLE records (idx INTEGER PRIMARY KEY, record BLOB NOT NULL, leaf BLOB NOT NULL) STRICT"),
)

CHECKPOINTS = ("checkpoints", "CREATE TABLE checkpoints (number INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT")
"""The table of a log that was signed."""

FRONTIERS = ("frontiers", "CREATE TABLE frontiers (size INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT")
"""Beside it: what spares reading all of the log when it is opened (checkpoints/frontiers.py)."""

_HEADER = 100
_NEEDED_SQLITE = (3, 51, 3)
_MAX_VALUE = 4 * MAX_PAYLOAD
_MAX_STATEMENT = 100_000


def absolute(path: str | os.PathLike[str]) -> str:
    """The path as SQLite gets it: absolute, so that none of SQLite's special names is meant, and without a link at its end, since
    the journal lies beside the file and not beside the link."""
    text = os.fspath(path)
    if "\x00" in text or not text:
        raise NotALog(f"{text!r} is not the name of a file")
    try:
        name = Path(text).absolute()
        return os.path.realpath(name) if name.is_symlink() and name.exists() else str(name)
    except OSError as mistake:
        raise LogUnavailable(f"`{text}` can't be found: the current folder is gone; name its whole path") from mistake


def shown(path: str) -> str:
    """The name of a log as messages show it: a path from the current folder, where it lies in it; an address without its secrets."""
    if is_address(path):
        return shown_address(path)
    try:
        return f"`{Path(path).relative_to(Path.cwd()).as_posix()}`"
    except (OSError, ValueError):  # the current folder may be gone
        return f"`{path}`"


def empty(path: str) -> NotALog:
    """What is said of an empty file: it may be what is left of a log."""
    return NotALog(f"{shown(path)} is empty: whatever it held is gone; restore it from a copy")


def connect_to_write(path: str, busy_seconds: float) -> apsw.Connection:
    """A connection that appends to an existing log; raises `NotALog`, `LogDamaged` or `LogUnavailable`."""
    import apsw

    if tuple(map(int, apsw.sqlite_lib_version().split("."))) < _NEEDED_SQLITE:
        raise LogUnavailable(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt a write-ahead log; install apsw 3.51.3 or later"
        )
    _check_length(path)
    connection = _opened(path, path, apsw.SQLITE_OPEN_READWRITE, busy_seconds)
    try:
        if Path(path).stat().st_size == 0:
            raise empty(path)
        _check_identity(connection, path)
        if connection.readonly("main"):
            raise LogUnavailable(f"{shown(path)} may be read but not written; check its permissions")
        # What is erased is overwritten, and so is what SQLite moves from page to page while it inserts.
        for statement in (
            "PRAGMA synchronous=FULL",
            "PRAGMA fullfsync=ON",
            "PRAGMA checkpoint_fullfsync=ON",
            "PRAGMA secure_delete=ON",
        ):
            run(connection, statement)
        if Path(path + "-wal").exists():
            _settle(connection, path, busy_seconds)
    except BaseException:
        connection.close(True)
        raise
    return connection


def _settle(connection: apsw.Connection, path: str, busy_seconds: float) -> None:
    """Brings what a crash left in the journal into the file, and empties the journal.

    What is read from there may be in the memory of the operating system alone, which after a failed flush keeps it and never
    writes it. Records appended behind it would be lost with it, so it is written once more, elsewhere. Nobody is waited for:
    where another process writes, it did this when it opened the log. (One that reads just then keeps the journal from being
    emptied; what it holds is written to the file all the same.)
    """
    import apsw

    connection.set_busy_timeout(0)
    try:
        run(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    except apsw.BusyError:
        pass
    except apsw.Error as mistake:
        raise LogUnavailable(f"cannot write {shown(path)}: {mistake}; nothing was appended") from mistake
    finally:
        connection.set_busy_timeout(int(busy_seconds * 1000))


def connect_to_read(path: str) -> apsw.Connection:
    """A connection that reads a log and changes nothing; raises `NotALog`, `LogDamaged` or `LogUnavailable`."""
    import apsw

    # Whoever closes a log last takes away the files beside it, which a read-only connection cannot do. But if there are
    # changes in them that a crash left behind, the file stays as it was found.
    pending = Path(path + "-wal").exists()
    _check_length(path)
    connection = _opened(path, path, apsw.SQLITE_OPEN_READONLY if pending else apsw.SQLITE_OPEN_READWRITE)
    try:
        run(connection, "PRAGMA query_only=ON")
        try:
            run(connection, "SELECT 1 FROM sqlite_schema LIMIT 1")
        except (apsw.CantOpenError, apsw.ReadOnlyError) as mistake:
            if pending:
                raise LogUnavailable(
                    f"cannot read {shown(path)}: {mistake}; check the folder's permissions"
                ) from mistake
            # A read-only medium has no room for the files beside it. Nobody writes there, so they are not needed.
            connection.close(True)
            flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            connection = _opened(path, Path(path).as_uri() + "?immutable=1", flags)
        except apsw.Error:
            pass  # whatever it is, the check of the identity meets it again and says it
        _check_identity(connection, path)
    except BaseException:
        connection.close(True)
        raise
    return connection


def _check_length(path: str) -> None:
    """Raises `LogDamaged` for a file that is shorter than its own first page says.

    SQLite fills up the page that a cut went through with zeros, and may then find rows missing where it should find damage.
    While there are changes beside the file, its pages may come later than the first page's count of them.
    """
    try:
        with Path(path).open("rb") as file:
            header = file.read(_HEADER)
        size = Path(path).stat().st_size
    except OSError:
        return  # whoever opens it says why it can't be
    ours = header.startswith(SQLITE_MAGIC) and header[68:72] == APPLICATION_ID.to_bytes(4)
    if not ours or len(header) < _HEADER or Path(path + "-wal").exists():
        return
    width = int.from_bytes(header[16:18])
    pages = int.from_bytes(header[28:32])
    if header[24:28] == header[92:96] and size < pages * (65_536 if width == 1 else width):
        raise LogDamaged(
            f"{shown(path)} is damaged: it has {size:,} bytes and should have {pages:,} pages; restore it from a copy"
        )


def _opened(path: str, name: str, flags: int, busy_seconds: float = 10.0) -> apsw.Connection:
    import apsw

    try:
        connection = apsw.Connection(name, flags=flags)
    except apsw.Error as mistake:
        raise LogUnavailable(
            f"cannot open {shown(path)}: {mistake}; check that it exists and its permissions"
        ) from mistake
    try:
        _harden(connection, busy_seconds)
    except BaseException:
        connection.close(True)
        raise
    return connection


def create_tables(path: str) -> apsw.Connection:
    """Makes a database with the tables of a log out of an empty file."""
    import apsw

    connection = _opened(path, path, apsw.SQLITE_OPEN_READWRITE)
    if run(connection, "PRAGMA journal_mode=WAL") != [("wal",)]:
        connection.close(True)
        raise LogUnavailable(
            f"{shown(path)} lies on a file system that cannot hold a write-ahead log; choose another folder"
        )
    run(connection, "PRAGMA synchronous=FULL")
    run(connection, f"PRAGMA application_id={APPLICATION_ID}")
    run(connection, f"PRAGMA user_version={STORAGE_VERSION}")
    for _, statement in TABLES:
        run(connection, statement)
    return connection


def created_table(table: str, columns: Sequence[str]) -> str:
    """The statement that creates a table beside those of a log (`stores/tables.py`)."""
    return f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)}) STRICT"


def run(connection: apsw.Connection, statement: str, values: tuple[int | bytes, ...] = ()) -> list[tuple[object, ...]]:
    """Runs one statement to its end and gives its rows. A text that is not UTF-8 is damage as any other."""
    import apsw

    try:
        return [tuple(row) for row in connection.execute(statement, values)]
    except UnicodeDecodeError as mistake:
        raise apsw.CorruptError("a text in it is not UTF-8") from mistake


def _harden(connection: apsw.Connection, busy_seconds: float) -> None:
    import apsw

    connection.set_busy_timeout(int(busy_seconds * 1000))
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
    connection.limit(apsw.SQLITE_LIMIT_SQL_LENGTH, _MAX_STATEMENT)
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0)
    for statement in ("PRAGMA cell_size_check=ON", "PRAGMA mmap_size=0"):
        run(connection, statement)


def _check_identity(connection: apsw.Connection, path: str) -> None:
    import apsw

    try:
        application = run(connection, "PRAGMA application_id")
        version = run(connection, "PRAGMA user_version")
        found = run(
            connection,
            "SELECT name, sql FROM sqlite_schema "
            "WHERE type IN ('trigger', 'view') OR lower(tbl_name) IN ('records', 'payloads', 'checkpoints', 'frontiers') "
            "ORDER BY name LIMIT 8",
        )
    except apsw.NotADBError as mistake:
        raise _not_a_log(path, "it is no SQLite database, or its first page is damaged") from mistake
    except apsw.CorruptError as mistake:
        raise LogDamaged(f"{shown(path)} is damaged: {mistake}; restore it from a copy") from mistake
    except apsw.Error as mistake:
        raise LogUnavailable(f"cannot read {shown(path)}: {mistake}") from mistake
    if application != [(APPLICATION_ID,)]:
        raise _not_a_log(path, "it is a database of another program")
    if version != [(STORAGE_VERSION,)]:
        ((found_version,),) = version
        raise _not_a_log(path, f"its storage version is {found_version}, and this program reads {STORAGE_VERSION}")
    if [row for row in found if row not in {CHECKPOINTS, FRONTIERS}] != list(TABLES):
        raise LogAltered(
            f"{shown(path)} is no decision log any more: its tables are not those of a log, so somebody changed the "
            "database's own definition; restore it from a copy"
        )


def _not_a_log(path: str, why: str) -> NotALog:
    return NotALog(
        f"{shown(path)} is not a decision log: {why}; name the file that was written, or restore it from a copy"
    )
