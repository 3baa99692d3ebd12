"""The signed checkpoints that lie in a log beside its records.

A log that signs two checkpoints that contradict each other has told two stories, and whoever holds both can prove it.
So before anything is signed the newest checkpoint in the log is looked at: the log must still begin with its records.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tenetlang.audit.checkpoints.checkpoint import Checkpoint, unchecked_checkpoint
from tenetlang.audit.checkpoints.note import MAX_NOTE, Signature, SigningKey, split_note
from tenetlang.audit.checkpoints.signatures import checkpoint_of, sign_checkpoint, with_lines
from tenetlang.audit.errors import InvalidNote, LogDamaged, LogUnavailable, NoCheckpoint
from tenetlang.audit.exports.tiles import CHECKPOINT, checkpoint_note
from tenetlang.audit.merkle import Frontier
from tenetlang.audit.stores.sqlite import CHECKPOINTS, SQLITE_MAGIC, absolute, connect_to_read, run, shown

if TYPE_CHECKING:
    import apsw

SIGN_EVERY = 256
"""So many records at most are appended before a checkpoint is signed, while a log stays open."""

_LOOKED_AT = 64
"""Among so many of the newest checkpoints one is looked for to which lines are added."""

_NOTES = f"""
SELECT CASE WHEN typeof(note) = 'blob' AND length(note) <= {MAX_NOTE} THEN note END FROM checkpoints ORDER BY number
"""  # noqa: S608 (a constant of this package)


def stored_notes(path: str | os.PathLike[str]) -> Iterator[bytes | None]:
    """The notes of the checkpoints in a log's database, in the order in which they were signed; None for what is none.

    The state of the file is that at the first one asked for. A folder of tiles has one, an export of lines none.
    """
    import apsw

    file = absolute(path)
    if (Path(file) / CHECKPOINT).is_file():
        yield checkpoint_note(file)
        return
    if not is_database(file):
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
        raise LogDamaged(
            f"the newest checkpoint of {shown(path)} is not what this key signed: {mistake}; if the log has another key by "
            "now, sign with that one, else verify it"
        ) from mistake


def put_checkpoint(
    connection: apsw.Connection, newest: bytes | None, frontier: Frontier, key: SigningKey, at: int, *, renew: bool
) -> bytes:
    """The note of the records so far, which is stored unless the newest one is of them already, within a transaction of
    the log. To `renew` it is to sign it again, at this time."""
    checkpoint = Checkpoint(key.verifier.name, frontier.size, frontier.root())
    signed = newest is not None and split_note(newest)[0] == checkpoint.text()
    if newest is None or not signed:
        note = sign_checkpoint(checkpoint, key, at)
        add_note(connection, note)
        return note
    if not renew:
        return newest
    note = with_lines(newest, split_note(sign_checkpoint(checkpoint, key, at))[1])
    run(connection, "UPDATE checkpoints SET note = ? WHERE number = (SELECT max(number) FROM checkpoints)", (note,))
    return note


def put_lines(connection: apsw.Connection, text: str, lines: Sequence[Signature]) -> bytes:
    """Adds lines below the newest checkpoint with this text, and gives its note. Raises `NoCheckpoint` and `InvalidNote`."""
    if _has_table(connection):
        statement = f"SELECT number, note FROM checkpoints ORDER BY number DESC LIMIT {_LOOKED_AT}"  # noqa: S608 (a constant)
        for row in run(connection, statement):
            match row:
                case (int(number), bytes(note)) if split_note(note)[0] == text:
                    longer = with_lines(note, lines)
                    run(connection, "UPDATE checkpoints SET note = ? WHERE number = ?", (longer, number))
                    return longer
                case _:
                    pass
    raise NoCheckpoint("the checkpoint that was witnessed is no longer among the newest of the log; ask again")


def add_note(connection: apsw.Connection, note: bytes) -> None:
    """Stores a checkpoint, within a transaction of the log."""
    if not _has_table(connection):
        run(connection, CHECKPOINTS[1])
    run(connection, "INSERT INTO checkpoints (note) VALUES (?)", (note,))


def _has_table(connection: apsw.Connection) -> bool:
    return bool(run(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'checkpoints'"))


def is_database(file: str) -> bool:
    """Whether a file is one of SQLite. Raises `LogUnavailable` for one that can't be read."""
    try:
        with Path(file).open("rb") as opened:
            return opened.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except IsADirectoryError:
        return False
    except OSError as mistake:
        raise LogUnavailable(f"cannot read {shown(file)}: {mistake.strerror}") from mistake
