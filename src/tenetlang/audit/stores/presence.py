"""Whether others have a log open to write into it, and whether one of them went without a word.

Beside the log lies an empty file for as long as somebody writes. Each of them holds a shared lock (`flock`) on it, which
the system takes away with the process, however it ends, and whoever is the last to leave removes the file. So a file that nobody
has locked was left by a writer that crashed. The lock is not one of those that SQLite takes, and is on another file.

`arrive` and `is_last` are called with the log's own lock held, so that two writers do it one after the other. `leave` is not:
it may be seen that the file is locked for good and about to go, and then it is looked at again.

Where there is no `flock` (Windows, some network file systems) nothing can be told, and nothing is claimed. A child that was
forked holds its parent's lock for as long as it lives.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import attrs

_TRIES = 200
_PAUSE = 0.005


@attrs.define
class Presence:
    """A writer's place among those that have a log open. Without a descriptor it can't be told who else is there."""

    path: str
    descriptor: int | None = None
    crashed: bool = False


def arrive(log: str) -> Presence:
    """Joins those that write into the log; `crashed` says that one was there, is gone, and did not leave."""
    presence = Presence(f"{log}-open")
    try:
        import fcntl
    except ImportError:  # Windows
        return presence
    for _ in range(_TRIES):
        descriptor = None
        try:
            descriptor, there = _opened(presence.path)
            alone = _locked(descriptor, fcntl.LOCK_EX)
            if (alone or _locked(descriptor, fcntl.LOCK_SH)) and os.fstat(descriptor).st_nlink:
                if alone and not _locked(descriptor, fcntl.LOCK_SH):
                    return presence
                presence.descriptor, presence.crashed = descriptor, alone and there
                descriptor = None
                return presence
        except FileExistsError:
            pass
        except OSError:
            return presence
        finally:
            if descriptor is not None:
                os.close(descriptor)
        time.sleep(_PAUSE)  # the last one is leaving just now
    return presence


def is_last(presence: Presence) -> bool:
    """Whether nobody else is there; what follows is `leave`, and until then nobody arrives."""
    if presence.descriptor is None:
        return False
    import fcntl

    return _locked(presence.descriptor, fcntl.LOCK_EX)


def leave(presence: Presence, *, last: bool) -> None:
    """Goes, and takes the file along where nobody else is there. May be called twice."""
    if presence.descriptor is None:
        return
    import fcntl

    try:
        if last:
            Path(presence.path).unlink(missing_ok=True)
        fcntl.flock(presence.descriptor, fcntl.LOCK_UN)
    except OSError:
        pass  # the file stays behind, and says less than it could
    finally:
        os.close(presence.descriptor)
        presence.descriptor = None


def _opened(path: str) -> tuple[int, bool]:
    """The file, and whether it was there. Raises `FileExistsError` where it comes just now."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags), True
    except FileNotFoundError:
        return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600), False


def _locked(descriptor: int, kind: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
