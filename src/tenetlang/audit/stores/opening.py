"""Opens the database of a log by the log's name: a path, or the address of a server (`addresses.py`)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tenetlang.audit.errors import LogUnavailable, NotALog
from tenetlang.audit.stores.addresses import is_address
from tenetlang.audit.stores.creation import Row
from tenetlang.audit.stores.database import Database
from tenetlang.audit.stores.sqlite import SQLITE_MAGIC, absolute, connect_to_read, connect_to_write, shown
from tenetlang.audit.stores.sqlite_creation import create_file
from tenetlang.audit.stores.sqlite_database import SqliteDatabase


def located(name: str | os.PathLike[str]) -> str:
    """The name of a log as it stays the same when the current folder changes."""
    return os.fspath(name) if is_address(name) else absolute(name)


def open_to_write(name: str, busy_seconds: float, first: Callable[[], Row] | None) -> Database:
    """The database of a log to append to; where there is none it is made with its `first` record, if that is given.

    Raises `NotALog`, `LogDamaged` or `LogUnavailable`.
    """
    if is_address(name):
        from tenetlang.audit.stores.postgres import open_server_to_write

        return open_server_to_write(name, busy_seconds, first)
    if not os.path.lexists(name):
        if first is None:
            raise NotALog(f"there is no log at {shown(name)}")
        create_file(name, first())
    return SqliteDatabase(name, connect_to_write(name, busy_seconds))


def open_to_read(name: str) -> Database:
    """The database of a log to read, and to change nothing in. Raises `NotALog`, `LogDamaged` or `LogUnavailable`."""
    if is_address(name):
        from tenetlang.audit.stores.postgres import open_server_to_read

        return open_server_to_read(name)
    return SqliteDatabase(name, connect_to_read(name))


def is_database(name: str) -> bool:
    """Whether a log of this name is in a database, and not an export. Raises `LogUnavailable` for a file that can't be read."""
    if is_address(name):
        return True
    try:
        with Path(name).open("rb") as opened:
            return opened.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except IsADirectoryError:
        return False
    except OSError as mistake:
        raise LogUnavailable(f"cannot read {shown(name)}: {mistake.strerror}") from mistake
