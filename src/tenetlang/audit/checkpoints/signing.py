"""Keys in files, and the signed checkpoints that lie in a log beside its records.

A log that signs two checkpoints that contradict each other has told two stories, and whoever holds both can prove it.
So before anything is signed the newest checkpoint in the log is looked at: the log must still begin with its records.
The key's file may be read by its owner alone, and is refused otherwise, as `ssh` refuses one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tenetlang.audit.checkpoints.checkpoint import Checkpoint, checkpoint_of, unchecked_checkpoint
from tenetlang.audit.checkpoints.note import (
    MAX_NOTE,
    SigningKey,
    VerifierKey,
    read_signing_key,
    read_verifier_key,
    sign_note,
)
from tenetlang.audit.checkpoints.note import signing_key as make_key
from tenetlang.audit.errors import InvalidNote, LogDamaged, LogUnavailable, NoCheckpoint, UnusableKey
from tenetlang.audit.exports.tiles import CHECKPOINT, checkpoint_note
from tenetlang.audit.merkle import Frontier
from tenetlang.audit.stores.sqlite import CHECKPOINTS, SQLITE_MAGIC, absolute, connect_to_read, run, shown

if TYPE_CHECKING:
    import apsw

SIGN_EVERY = 256
"""So many records at most are appended before a checkpoint is signed, while a log stays open."""

_MAX_KEY = 4096
_NOTES = f"""
SELECT CASE WHEN typeof(note) = 'blob' AND length(note) <= {MAX_NOTE} THEN note END FROM checkpoints ORDER BY number
"""  # noqa: S608 (a constant of this package)


def create_key(path: str | os.PathLike[str], name: str, randomness: Callable[[int], bytes] = os.urandom) -> VerifierKey:
    """Makes a key, its file (for the owner alone) and `PATH.pub` with the half that verifies. Nothing is overwritten.

    Raises `UnusableKey` and `NoSignatures`.
    """
    key = make_key(name, randomness(32))
    file = absolute(path)
    public = f"{file}.pub"
    if os.path.lexists(public):
        raise UnusableKey(f"{shown(public)} is there already; a key is never overwritten")
    for name_of_file, text, mode in ((file, key.text(), 0o600), (public, str(key.verifier), 0o644)):
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
    return key.verifier


def load_signing_key(path: str | os.PathLike[str]) -> SigningKey:
    """The private key in a file that only its owner may read. Raises `UnusableKey` and `NoSignatures`."""
    file = absolute(path)
    text = _key_text(file)
    try:
        if os.name == "posix" and Path(file).stat().st_mode & 0o077:
            raise UnusableKey(f"{shown(file)} may be read by others, so the key may be known: `chmod 600` or a new one")
    except OSError as mistake:
        raise UnusableKey(f"cannot read {shown(file)}: {mistake.strerror}") from mistake
    try:
        return read_signing_key(text)
    except UnusableKey as mistake:
        raise UnusableKey(f"{shown(file)} can't sign: {mistake}") from mistake


def load_verifier_key(text_or_path: str) -> VerifierKey:
    """The public key that this text is, or that stands in the file of this name. Raises `UnusableKey`."""
    try:
        return read_verifier_key(text_or_path)
    except UnusableKey:
        file = absolute(text_or_path)
        if not Path(file).exists():
            raise
    try:
        return read_verifier_key(_key_text(file))
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


# What lies in the log.


def stored_notes(path: str | os.PathLike[str]) -> Iterator[bytes | None]:
    """The notes of the checkpoints in a log's database, in the order in which they were signed; None for what is none.

    The state of the file is that at the first one asked for. A folder of tiles has one, an export of lines none.
    """
    import apsw

    file = absolute(path)
    if (Path(file) / CHECKPOINT).is_file():
        yield checkpoint_note(file)
        return
    if not _is_database(file):
        return
    try:
        opened = connect_to_read(file)
    except LogDamaged:
        return  # whoever reads the records meets it again
    with closing(opened) as connection:
        try:
            run(connection, "BEGIN")
            if not _has_table(connection):
                return
            for row in connection.execute(_NOTES):
                match tuple(row):
                    case (bytes(note),):
                        yield note
                    case _:
                        yield None
        except apsw.Error as mistake:
            raise LogDamaged(f"the checkpoints of {shown(file)} cannot be read: {mistake}") from mistake


def newest_checkpoint(path: str | os.PathLike[str]) -> bytes:
    """The note of the newest checkpoint in a log. Raises `NoCheckpoint`."""
    newest = None
    for note in stored_notes(path):
        newest = note
    if newest is None:
        raise NoCheckpoint(f"{shown(absolute(path))} holds no signed checkpoint; `--log-key` signs")
    return newest


def newest_note(connection: apsw.Connection) -> bytes | None:
    """The newest checkpoint's note, if there is one."""
    if not _has_table(connection):
        return None
    match run(connection, "SELECT note FROM checkpoints ORDER BY number DESC LIMIT 1"):
        case []:
            return None
        case [(bytes(note),)]:
            return note
        case _:
            raise LogDamaged("the newest checkpoint of the log is none; run `tenet audit verify` on it")


def signed_before(note: bytes, key: SigningKey, path: str) -> Checkpoint:
    """The checkpoint of a note in a log; the signature is checked if the key is the one that made it."""
    try:
        checkpoint = unchecked_checkpoint(note)
        return checkpoint_of(note, [key.verifier]) if checkpoint.origin == key.verifier.name else checkpoint
    except InvalidNote as mistake:
        raise LogDamaged(f"the newest checkpoint of {shown(path)} is not what this key signed: {mistake}") from mistake


def next_note(frontier: Frontier, key: SigningKey) -> bytes:
    """The signed checkpoint of the records so far."""
    return sign_note(Checkpoint(key.verifier.name, frontier.size, frontier.root()).text(), key)


def add_note(connection: apsw.Connection, note: bytes) -> None:
    """Stores a checkpoint, within a transaction of the log."""
    if not _has_table(connection):
        run(connection, CHECKPOINTS[1])
    run(connection, "INSERT INTO checkpoints (note) VALUES (?)", (note,))


def _has_table(connection: apsw.Connection) -> bool:
    return bool(run(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'checkpoints'"))


def _is_database(file: str) -> bool:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except IsADirectoryError:
        return False
    except OSError as mistake:
        raise LogUnavailable(f"cannot read {shown(file)}: {mistake.strerror}") from mistake
