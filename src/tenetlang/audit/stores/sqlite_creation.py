"""Makes a new log in a file.

It is made under another name, with its first record in it, and then linked to its own name. Nobody ever sees
a log without a beginning, two processes that create the same log end up with one, and an empty file is never taken for
a new log: it may be what is left of an old one.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from tenetlang.audit.errors import LogUnavailable, NotALog
from tenetlang.audit.stores.creation import Row, insert_rows
from tenetlang.audit.stores.database import DatabaseFailed
from tenetlang.audit.stores.sqlite import create_tables, shown
from tenetlang.audit.stores.sqlite_database import SqliteDatabase


def create_file(path: str, first: Row) -> None:
    """Makes a log where there is none, with its first record in it. Raises `NotALog` and `LogUnavailable`."""
    import apsw

    for suffix in ("-wal", "-journal"):
        if os.path.lexists(path + suffix):
            if os.path.lexists(path):  # another process made the log just now, and is already writing to it
                return
            raise NotALog(
                f"there is no log at {shown(path)}, but {shown(path + suffix)} holds changes of one that was there; "
                "put the log back, or move that file away"
            )
    unfinished = f"{path}.{secrets.token_hex(8)}.new"
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as mistake:
        raise LogUnavailable(f"cannot create {shown(path)}: {mistake.strerror}") from mistake
    try:
        database = SqliteDatabase(unfinished, create_tables(unfinished))
        try:
            database.begin()
            insert_rows(database, [first])
            database.commit()
        finally:
            database.close()
        _publish(unfinished, path)
    except (OSError, apsw.Error, DatabaseFailed) as mistake:
        raise LogUnavailable(f"cannot create {shown(path)}: {mistake}") from mistake
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(unfinished + suffix).unlink(missing_ok=True)


def _publish(unfinished: str, path: str) -> None:
    """Gives a finished file its name, unless another process was quicker; the name is on the disk afterwards."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if os.path.lexists(path):
            return
        Path(unfinished).rename(path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
