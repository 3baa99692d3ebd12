"""Whether an open log still lies where it was opened.

A file that is deleted, moved or replaced while it is open goes on to take what is written, and nobody ever sees it there: every
record would be acknowledged and lost. The same goes for the journal beside it, which holds the newest records. So before
anything is written it is looked whether the names still lead to the files that are open. SQLite says so of the log
itself (`SQLITE_FCNTL_HAS_MOVED`); the two files beside it are those that were there at the first look, since they stay as long as
somebody has the log open.
"""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from tenetlang.audit.errors import LogDamaged
from tenetlang.audit.stores.sqlite import shown

if TYPE_CHECKING:
    import apsw

_Identity: TypeAlias = tuple[int, int] | None

_BESIDE: Final = ("-wal", "-shm")


@attrs.define
class Place:
    """The names of an open log, and the files beside it to which they led at the first look."""

    path: str
    beside: dict[str, _Identity] = attrs.field(factory=dict)

    def check(self, connection: apsw.Connection) -> None:
        """Raises `LogDamaged` where one of them is gone or another file. Within a transaction, so that all of them are there."""
        moved = [self.path] if _has_moved(connection) else []
        for suffix in _BESIDE:
            found = _identity(self.path + suffix)
            known = self.beside.setdefault(suffix, found)
            if known is not None and found != known:
                moved.append(self.path + suffix)
        if moved:
            raise LogDamaged(
                f"{shown(moved[0])} was deleted, moved or replaced while it was in use, and what is written now would be lost: "
                "nothing more is; put it back or restore it from a copy, run `tenet audit verify` on it, and open it again"
            )


def _has_moved(connection: apsw.Connection) -> bool:
    import apsw

    moved = ctypes.c_int(0)
    told = connection.file_control("main", apsw.SQLITE_FCNTL_HAS_MOVED, ctypes.addressof(moved))
    return told and moved.value != 0


def _identity(path: str) -> _Identity:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
