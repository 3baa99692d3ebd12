"""Keys in files: one that signs, for its owner alone, and one beside it that verifies.

The file of a private key may be read by nobody but its owner, and is refused otherwise, as `ssh` refuses one. It is never
overwritten but to be destroyed, when another key has taken its place (`rotation`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tenetlang.audit.checkpoints.cosignature import (
    CosignerKey,
    CosigningKey,
    cosigning_key,
    read_cosigner_key,
    read_cosigning_key,
)
from tenetlang.audit.checkpoints.keys import COSIGNATURE, ML_DSA
from tenetlang.audit.checkpoints.note import SigningKey, VerifierKey, read_signing_key, read_verifier_key, signing_key
from tenetlang.audit.errors import UnusableKey
from tenetlang.audit.stores.sqlite import absolute, shown

_MAX_KEY = 8192
_MAX_PATH = 1024

_Key = TypeVar("_Key")


def create_key(
    path: str | os.PathLike[str],
    name: str,
    randomness: Callable[[int], bytes] = os.urandom,
    *,
    post_quantum: bool = False,
) -> VerifierKey:
    """Makes a key, its file (for the owner alone) and `PATH.pub` with the half that verifies. Nothing is overwritten.

    With `post_quantum` it signs by ML-DSA-44 as well. Raises `UnusableKey` and `NoSignatures`.
    """
    key = signing_key(name, randomness(32), randomness(32) if post_quantum else b"")
    _write(path, key.text(), str(key.verifier))
    return key.verifier


def create_witness_key(
    path: str | os.PathLike[str],
    name: str,
    randomness: Callable[[int], bytes] = os.urandom,
    *,
    post_quantum: bool = False,
) -> CosignerKey:
    """The same for the key of a witness, which is either for Ed25519 or for ML-DSA-44."""
    key = cosigning_key(name, randomness(32), ML_DSA if post_quantum else COSIGNATURE)
    _write(path, key.text(), str(key.verifier))
    return key.verifier


def _write(path: str | os.PathLike[str], private: str, verifier: str) -> None:
    file = absolute(path)
    public = f"{file}.pub"
    if os.path.lexists(public):
        raise UnusableKey(f"{shown(public)} is there already; a key is never overwritten")
    for name_of_file, text, mode in ((file, private, 0o600), (public, verifier, 0o644)):
        try:
            opened = os.open(name_of_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        except FileExistsError as mistake:
            raise UnusableKey(f"{shown(name_of_file)} is there already; a key is never overwritten") from mistake
        except OSError as mistake:
            raise UnusableKey(f"cannot write {shown(name_of_file)}: {mistake.strerror}") from mistake
        with os.fdopen(opened, "w", encoding="utf-8") as writing:
            writing.write(text + "\n")
            writing.flush()
            os.fsync(opened)


def load_signing_key(path: str | os.PathLike[str]) -> SigningKey:
    """The private key in a file that only its owner may read. Raises `UnusableKey` and `NoSignatures`."""
    return _private(path, read_signing_key)


def load_witness_key(path: str | os.PathLike[str]) -> CosigningKey:
    """The same for a witness."""
    return _private(path, read_cosigning_key)


def load_verifier_key(text_or_path: str) -> VerifierKey:
    """The public key that this text is, or that stands in the file of this name. Raises `UnusableKey`."""
    return _public(text_or_path, read_verifier_key)


def load_cosigner_key(text_or_path: str) -> CosignerKey:
    """The same for a witness."""
    return _public(text_or_path, read_cosigner_key)


def destroy_key(path: str | os.PathLike[str]) -> None:
    """Overwrites the file of a private key with random bytes and removes it. Raises `UnusableKey`.

    That is all that can be done from here: a file system with a journal or snapshots, and every SSD, may keep the old
    bytes, and so do backups.
    """
    file = absolute(path)
    try:
        opened = os.open(file, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0))
        try:
            length = os.fstat(opened).st_size
            os.write(opened, os.urandom(min(length, _MAX_KEY)))
            os.fsync(opened)
        finally:
            os.close(opened)
        Path(file).unlink()
    except OSError as mistake:
        raise UnusableKey(
            f"the old key {shown(file)} can't be destroyed, do it by hand: {mistake.strerror}"
        ) from mistake


def _private(path: str | os.PathLike[str], read: Callable[[str], _Key]) -> _Key:
    file = absolute(path)
    text = _key_text(file)
    try:
        if os.name == "posix" and Path(file).stat().st_mode & 0o077:
            raise UnusableKey(f"{shown(file)} may be read by others, so the key may be known: `chmod 600` or a new one")
    except OSError as mistake:
        raise UnusableKey(f"cannot read {shown(file)}: {mistake.strerror}") from mistake
    try:
        return read(text)
    except UnusableKey as mistake:
        raise UnusableKey(f"{shown(file)} can't sign: {mistake}") from mistake


def _public(text_or_path: str, read: Callable[[str], _Key]) -> _Key:
    try:
        return read(text_or_path)
    except UnusableKey:
        if len(text_or_path) > _MAX_PATH or not Path(file := absolute(text_or_path)).exists():
            raise
    try:
        return read(_key_text(file))
    except UnusableKey as mistake:
        raise UnusableKey(f"{shown(file)} can't verify: {mistake}") from mistake


def _key_text(file: str) -> str:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(_MAX_KEY).decode()
    except OSError as mistake:
        raise UnusableKey(f"cannot read {shown(file)}: {mistake.strerror}") from mistake
    except UnicodeDecodeError as mistake:
        raise UnusableKey(f"{shown(file)} holds no key") from mistake
