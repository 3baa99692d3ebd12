"""Files that are there whole or not at all, and what tells that one is another than before."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tenetlang.bundle.envelope import MAX_ENVELOPE
from tenetlang.bundle.errors import BundleUnavailable, UnusableMemory


@attrs.frozen
class Identity:
    """What changes when a file is written, replaced, or another one is linked to its name."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


def identity_of(path: Path) -> Identity | None:
    """The identity of the file of this name, None where none can be looked at."""
    try:
        return _identity(path.stat())
    except (OSError, ValueError):
        return None


def read_at_rest(path: Path) -> tuple[Identity, bytes] | None:
    """A file and its identity, None if it was being written. Of one that is too long, as much as shows that.

    Raises `BundleUnavailable`.
    """
    try:
        with path.open("rb") as opened:
            before = _identity(os.fstat(opened.fileno()))
            data = opened.read(MAX_ENVELOPE + 1)
            after = _identity(os.fstat(opened.fileno()))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BundleUnavailable(f"it can't be read: {why}") from error
    return (before, data) if before == after else None


def _identity(status: os.stat_result) -> Identity:
    return Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def read_small(path: Path, most: int) -> bytes | None:
    """A file of our own, None where there is none. Raises `UnusableMemory`, also for one that is longer than `most`."""
    try:
        with path.open("rb") as opened:
            data = opened.read(most + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableMemory(f"`{path}` can't be read: {error.strerror}") from error
    if len(data) > most:
        raise UnusableMemory(f"`{path}` has more than {most:,} bytes, so it is not what was written there")
    return data


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keeps other processes out that lock the same file, which is made and stays. Raises `UnusableMemory`.

    Where there is no `flock` (Windows) it keeps nobody out.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError as error:
        raise UnusableMemory(f"`{path}` can't be made: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_whole(path: Path, data: bytes) -> None:
    """Puts a file in the place of another, for its owner alone: after a crash it is the old one or the new one, whole.

    Raises `UnusableMemory`.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(data)
                opened.flush()
                os.fsync(descriptor)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        _settle(path.parent)
    except OSError as error:
        raise UnusableMemory(f"`{path}` can't be written: {error.strerror}; nothing was put into force") from error


def _settle(folder: Path) -> None:
    """Makes sure that the name is on the disk."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
