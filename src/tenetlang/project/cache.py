"""Compiled policies that are kept between processes: a folder that may be shared, copied and tampered with.

A command that decides compiles the same policy that the command before it compiled, and that is nearly all that it does. So
what was compiled is kept, under a key that names all it came from, and opened the next time without being looked through
(`decision_tree/opening.py`). What is opened so has to be authentic. An entry therefore is

    HMAC-SHA256(secret, "tenetlang compiled policy 1" NUL ‖ key ‖ SHA-256(IR)) ‖ IR

IR being the canonical bytes, whose SHA-256 is also the policy's digest, so it is computed once for both. The **secret** is 32
random bytes in a file that only its owner can read, in the folder for state, not in that for the cache: whoever may write into
the cache (a restored CI cache, a volume that is shared between jobs, a backup) still can't make an entry that is believed. The
key is in the MAC because else the entry of a lenient policy could be put under the name of a strict one.

*Any doubt, and there is no entry*: a wrong MAC, a folder or file of somebody else's or that others may write to, a link where a
file should be, a process with borrowed rights, a system without these notions. Then the policy is compiled, as it would be
without a cache. A cache never makes a command fail, and what can't be written is not kept. Who has the rights of the user can
read the secret: such a person could as well replace tenetlang.

Entries are written to a file of their own and renamed, so that no reader sees half of one. What was not used for longest goes
when there is more than `MOST_BYTES`. A lost or torn entry costs one compilation, so nothing is flushed to the disk.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from tenetlang.frozen import field, frozen

MOST_BYTES: Final = 512 * 2**20
"""All entries together; and no entry is larger than half of it."""

MOST_ENTRIES: Final = 1000

ABANDONED: Final = 3600
"""After so many seconds a file that was never renamed belongs to no process that is still at work."""

_LABEL: Final = b"tenetlang compiled policy 1\0"
_MAC: Final = 32
_SECRET_FILE: Final = "cache-secret"  # noqa: S105  # the name of its file
_UNFINISHED: Final = ".unfinished-"


@frozen
class Kept:
    """An entry that is authentic: the canonical bytes of a policy, and its digest."""

    data: bytes
    digest: str


@frozen
class Cache:
    """A cache in a folder, with the secret that its entries are authenticated by; made by `open_cache`."""

    folder: Path
    secret: bytes = field(repr=False)

    def find(self, key: bytes) -> Kept | None:
        """The entry of a key of 32 bytes; None where there is none that is beyond doubt."""
        with suppress(OSError):
            folder = _opened_folder(self.folder)
            try:
                return self._authentic(key, _entry(folder, key.hex()))
            finally:
                os.close(folder)
        return None

    def keep(self, key: bytes, data: bytes) -> None:
        """Keep the canonical bytes of a policy. They have to be those of `encode` for a policy that was compiled or verified."""
        from hashlib import sha256

        if len(data) + _MAC > MOST_BYTES // 2:
            return
        with suppress(OSError):
            folder = _opened_folder(self.folder)
            try:
                _replace(folder, key.hex(), self._mac(key, sha256(data).digest()) + data)
                _make_room(folder)
            finally:
                os.close(folder)

    def _authentic(self, key: bytes, entry: bytes) -> Kept | None:
        from hashlib import sha256
        from hmac import compare_digest

        data = entry[_MAC:]
        digest = sha256(data)
        if len(entry) <= _MAC or not compare_digest(entry[:_MAC], self._mac(key, digest.digest())):
            return None
        return Kept(data, f"sha256:{digest.hexdigest()}")

    def _mac(self, key: bytes, digest: bytes) -> bytes:
        import hmac

        return hmac.digest(self.secret, _LABEL + key + digest, "sha256")


# -------------------------------------------------------------------------------------------------------- folders


def open_cache(variables: Mapping[str, str]) -> Cache | None:
    """The cache of this user, made where there is none; None where there can't be one, or none is wanted.

    `TENET_CACHE` names its folder, or is `off`; else it is `tenet` in that of `XDG_CACHE_HOME`. The secret lies in `tenet` in the
    folder of `XDG_STATE_HOME`.
    """
    wanted = variables.get("TENET_CACHE", "")
    if wanted == "off" or not _has_owners() or os.geteuid() != os.getuid():
        return None
    cache = _folder(variables, "XDG_CACHE_HOME", ".cache") if not wanted else Path(wanted)
    state = _folder(variables, "XDG_STATE_HOME", ".local/state")
    if cache is None or state is None or not cache.is_absolute():
        return None
    try:
        if Path(os.path.realpath(state)).is_relative_to(os.path.realpath(cache)):
            return None
        secret = _secret(state)
        os.close(_opened_folder(cache))
    except (OSError, ValueError):
        return None
    return Cache(cache, secret)


def _has_owners() -> bool:
    """Whether files have owners and modes here, and can be opened without following links."""
    wanted = {os.link, os.open, os.rename, os.stat, os.unlink}
    return os.name == "posix" and hasattr(os, "O_NOFOLLOW") and wanted <= os.supports_dir_fd


def _folder(variables: Mapping[str, str], name: str, usual: str) -> Path | None:
    """`tenet` in the folder that a variable names. The standard wants relative ones to be ignored."""
    named = variables.get(name, "")
    if named and Path(named).is_absolute():
        return Path(named, "tenet")
    home = variables.get("HOME", "")
    return Path(home, usual, "tenet") if Path(home).is_absolute() else None


def _opened_folder(path: Path) -> int:
    """The folder, opened, made where it is missing. Raises `OSError`, also where it is not this user's alone to write to."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        _make_folder(path)
        opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not _is_ours(os.fstat(opened)):
        os.close(opened)
        raise PermissionError(f"{path} may be written to by others")
    return opened


def _make_folder(path: Path) -> None:
    """Make the folder, and those above it; never in a folder of another user, such as one's own home under `sudo`."""
    above = path.parent
    if not above.exists():
        _make_folder(above)
    if above.stat().st_uid != os.geteuid():
        raise PermissionError(f"{above} is somebody else's")
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


# ---------------------------------------------------------------------------------------------------------- files


def _secret(state: Path) -> bytes:
    """The secret, made where there is none. Raises `OSError`, also where others could have read it."""
    folder = _opened_folder(state)
    try:
        try:
            return _read_secret(folder)
        except FileNotFoundError:
            _write_secret(folder)
            return _read_secret(folder)
    finally:
        os.close(folder)


def _read_secret(folder: int) -> bytes:
    file = os.open(_SECRET_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        found = os.fstat(file)
        private = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
        secret = os.read(file, _MAC + 1) if private else b""
    finally:
        os.close(file)
    if len(secret) != _MAC:
        raise PermissionError("the secret of the cache is not private, or not whole")
    return secret


def _write_secret(folder: int) -> None:
    """Of several processes that do this at once, one makes the secret of them all."""
    unfinished = _written(folder, os.urandom(_MAC))
    try:
        with suppress(FileExistsError):
            os.link(unfinished, _SECRET_FILE, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        os.unlink(unfinished, dir_fd=folder)


def _entry(folder: int, name: str) -> bytes:
    """All of a file that is this user's alone; raises `OSError` for any other. That it was used is noted in its time."""
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with open(file, "rb") as opened:  # noqa: PTH123  # it is opened already
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or not _is_ours(found) or found.st_size > MOST_BYTES:
            raise PermissionError(f"{name} is not a file of this user's alone")
        entry = opened.read(found.st_size)
        with suppress(OSError):
            os.utime(file)
        return entry


def _replace(folder: int, name: str, content: bytes) -> None:
    unfinished = _written(folder, content)
    try:
        os.rename(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(unfinished, dir_fd=folder)
        raise


def _written(folder: int, content: bytes) -> str:
    """The name of a new file with the content. Raises `OSError`, and leaves nothing then."""
    name = f"{_UNFINISHED}{os.urandom(16).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        with open(file, "wb") as opened:  # noqa: PTH123  # it is opened already
            opened.write(content)
    except OSError:
        os.unlink(name, dir_fd=folder)
        raise
    return name


def _make_room(folder: int) -> None:
    """Remove what was not used for longest, as far as there is too much, and what nobody finished. Nothing else is touched."""
    import time

    entries: list[tuple[float, int, str]] = []
    for name in os.listdir(folder):
        unfinished = name.startswith(_UNFINISHED)
        if unfinished or (len(name) == 64 and all(digit in "0123456789abcdef" for digit in name)):
            with suppress(OSError):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if not unfinished:
                    entries.append((found.st_mtime, found.st_size, name))
                elif found.st_mtime < time.time() - ABANDONED:
                    os.unlink(name, dir_fd=folder)
    size = 0
    for number, (_, bytes_, name) in enumerate(sorted(entries, reverse=True)):
        size += bytes_
        if size > MOST_BYTES or number >= MOST_ENTRIES:
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)
