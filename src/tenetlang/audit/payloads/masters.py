"""The master key of a keyring: its file, what is derived from it, and how another one takes its place.

    MASTER              the master key, one line, for its owner alone
    MASTER.<16 hex>     a new one that waits: it was made, and perhaps KEYS is wrapped under it already

Two files can't change at once, so a change is ordered such that at each moment one of the two opens KEYS: the new key is on the
disk first, then KEYS changes in one transaction, then the new file is renamed over the old one. KEYS tells which master key is
its own, by a digest of it that is no key; the first 16 digits of that are the name of the file that waits. Whoever opens KEYS
after a crash, or in the middle of somebody else's change, looks for it there and ends the change. No two changes have one name,
so nobody renames the key of another.

The old master key is overwritten once the new one stands in its place. With it go all copies of KEYS from before: whoever finds
one finds nothing to open it with.
"""

from __future__ import annotations

import hmac
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from tenetlang.audit.errors import NoSignatures, UnusableKey
from tenetlang.audit.stores.sqlite import shown

_master = re.compile(r"tenet-payload-master ([A-Za-z0-9+/]{43}=)\n?")
_WAITING_DIGITS: Final = 16


def derived(master: bytes, use: str) -> bytes:
    """A key for one use."""
    return hmac.digest(master, f"tenet-payloads {use}".encode(), sha256)


def check_of(master: bytes) -> bytes:
    """By which a master key is recognised."""
    return derived(master, "check")


def wrap(master: bytes, secret: bytes) -> bytes:
    """A key under a master key (RFC 3394). Raises `NoSignatures` where the package is not installed."""
    try:
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap
    except ImportError as missing:
        raise NoSignatures("keyrings need the package `cryptography`: tenetlang[audit]") from missing
    return aes_key_wrap(derived(master, "wrap"), secret)


def unwrap(master: bytes, wrapped: bytes, path: str) -> bytes:
    """The key again. Raises `UnusableKey` for what was changed or wrapped under another, and `NoSignatures`."""
    try:
        from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
    except ImportError as missing:
        raise NoSignatures("keyrings need the package `cryptography`: tenetlang[audit]") from missing
    try:
        return aes_key_unwrap(derived(master, "wrap"), wrapped)
    except InvalidUnwrap:
        raise UnusableKey(f"a key in {shown(path)} was changed; restore the file from a copy") from None


def write_master(file: str, secret: bytes) -> None:
    """Makes the file of a master key, for its owner alone; it is on the disk then. Raises `OSError` where something is there."""
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as writing:
        writing.write(f"tenet-payload-master {b64encode(secret).decode()}\n")
        writing.flush()
        os.fsync(writing.fileno())
    _flush_folder(file)


def master_of(file: str, check: bytes, keys: str) -> bytes:
    """The master key that a keyring says is its own: the one in the file, or the one that waits beside it, which then takes its place.

    Raises `UnusableKey` where neither is, or a file is none or may be read by others.
    """
    waiting = waiting_file(file, check)
    if os.path.lexists(waiting):
        try:
            secret = _read_master(waiting)
        except UnusableKey:
            if os.path.lexists(waiting):
                raise
            secret = _read_master(file)  # it took its place just now
        else:
            with suppress(OSError):  # one who may not write here uses the key all the same
                take_place(waiting, file)
    else:
        secret = _read_master(file)
    if not hmac.compare_digest(check_of(secret), check):
        raise UnusableKey(f"the master key is not the one of {shown(keys)}")
    return secret


def waiting_file(file: str, check: bytes) -> str:
    """Where the new master key with this digest waits."""
    return f"{file}.{check.hex()[:_WAITING_DIGITS]}"


def make_waiting(file: str, randomness: Callable[[int], bytes], size: int) -> tuple[bytes, str]:
    """A new master key on the disk, and the file in which it waits. Raises `UnusableKey`."""
    secret = randomness(size)
    waiting = waiting_file(file, check_of(secret))
    try:
        write_master(waiting, secret)
    except OSError as mistake:
        raise UnusableKey(f"cannot make {shown(waiting)}: {mistake.strerror}; nothing was changed") from mistake
    return secret, waiting


def take_place(waiting: str, file: str) -> None:
    """Has a master key take the place of the old one, which is overwritten. Raises `OSError`; does nothing where another did it."""
    old = _to_overwrite(file)
    try:
        try:
            Path(waiting).replace(file)
        except FileNotFoundError:
            return
        _flush_folder(file)
        if old is not None:
            os.pwrite(old, bytes(os.fstat(old).st_size), 0)
            os.fsync(old)
    finally:
        if old is not None:
            os.close(old)


def _to_overwrite(file: str) -> int | None:
    """The old file, opened before it has no name any more; None where it is not there or that can't be done (Windows)."""
    if os.name != "posix":
        return None
    with suppress(OSError):
        Path(file).chmod(0o600)  # it may be read-only
        return os.open(file, os.O_WRONLY | os.O_NOFOLLOW)
    return None


def check_private(file: str) -> None:
    """Raises `UnusableKey` for a file that others may read, or that is not there."""
    try:
        mode = Path(file).stat().st_mode
    except OSError as mistake:
        raise UnusableKey(f"cannot read {shown(file)}: {mistake.strerror}") from mistake
    if os.name == "posix" and mode & 0o077:
        raise UnusableKey(f"{shown(file)} may be read by others, so the keys may be known: `chmod 600` or new ones")


def _read_master(file: str) -> bytes:
    check_private(file)
    try:
        with Path(file).open("rb") as opened:
            text = opened.read(256).decode()
    except (OSError, UnicodeDecodeError) as mistake:
        raise UnusableKey(f"cannot read {shown(file)}: {mistake}") from mistake
    found = _master.fullmatch(text)
    if found is None:
        raise UnusableKey(f"{shown(file)} holds no master key; `tenet audit keyring` makes one")
    return b64decode(found[1])


def _flush_folder(file: str) -> None:
    """Has the name of a file on the disk as well; where folders can't be flushed (Windows) the name is as durable as it gets."""
    if os.name != "posix":
        return
    folder = os.open(Path(file).parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
