"""The signed checkpoints that lie in a log beside its records.

A log that signs two checkpoints that contradict each other has told two stories, and whoever holds both can prove it.
So before anything is signed the newest checkpoint in the log is looked at: the log must still begin with its records.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from tenetlang.audit.checkpoints.checkpoint import Checkpoint, unchecked_checkpoint
from tenetlang.audit.checkpoints.note import MAX_NOTE, Signature, SigningKey, split_note
from tenetlang.audit.checkpoints.signatures import checkpoint_of, sign_checkpoint, with_lines
from tenetlang.audit.errors import InvalidNote, LogDamaged, NoCheckpoint
from tenetlang.audit.exports.tiles import CHECKPOINT, checkpoint_note
from tenetlang.audit.merkle import Frontier
from tenetlang.audit.stores.database import Database, DatabaseFailed
from tenetlang.audit.stores.opening import is_database, located, open_to_read
from tenetlang.audit.stores.sqlite import shown

SIGN_EVERY = 256
"""So many records at most are appended before a checkpoint is signed, while a log stays open."""

_LOOKED_AT = 64
"""Among so many of the newest checkpoints one is looked for to which lines are added."""

_ADD = "INSERT INTO checkpoints (number, note) VALUES ((SELECT coalesce(max(number), 0) + 1 FROM checkpoints), ?)"


def stored_notes(path: str | os.PathLike[str]) -> Iterator[bytes | None]:
    """The notes of the checkpoints in a log's database, in the order in which they were signed; None for what is none.

    The state of the file is that at the first one asked for. A folder of tiles has one, an export of lines none.
    """
    file = located(path)
    if (Path(file) / CHECKPOINT).is_file():
        yield checkpoint_note(file)
        return
    if not is_database(file):
        return
    try:
        opened = open_to_read(file)
    except LogDamaged:
        return  # whoever reads the records meets it again
    with closing(opened) as database:
        try:
            database.look()
            if not database.has("checkpoints"):
                return
            notes = f"SELECT {database.cell('note', MAX_NOTE)} FROM checkpoints ORDER BY number"  # noqa: S608 (a constant)
            for row in database.each(notes):
                match row:
                    case (bytes(note),):
                        yield note
                    case _:
                        yield None
        except DatabaseFailed as mistake:
            raise LogDamaged(f"the checkpoints of {shown(file)} cannot be read: {mistake}") from mistake


def newest_checkpoint(path: str | os.PathLike[str]) -> bytes:
    """The note of the newest checkpoint in a log. Raises `NoCheckpoint`."""
    newest = None
    for note in stored_notes(path):
        newest = note
    if newest is None:
        raise NoCheckpoint(f"{shown(located(path))} holds no signed checkpoint; `--log-key` signs")
    return newest


def newest_note(database: Database) -> bytes | None:
    """The newest checkpoint's note, if there is one."""
    if not database.has("checkpoints"):
        return None
    match database.run("SELECT note FROM checkpoints ORDER BY number DESC LIMIT 1"):
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
    database: Database, newest: bytes | None, frontier: Frontier, key: SigningKey, at: int, *, renew: bool
) -> bytes:
    """The note of the records so far, which is stored unless the newest one is of them already, within a transaction of
    the log. To `renew` it is to sign it again, at this time."""
    checkpoint = Checkpoint(key.verifier.name, frontier.size, frontier.root())
    signed = newest is not None and split_note(newest)[0] == checkpoint.text()
    if newest is None or not signed:
        note = sign_checkpoint(checkpoint, key, at)
        add_note(database, note)
        return note
    if not renew:
        return newest
    note = with_lines(newest, split_note(sign_checkpoint(checkpoint, key, at))[1])
    database.run("UPDATE checkpoints SET note = ? WHERE number = (SELECT max(number) FROM checkpoints)", (note,))
    return note


def put_lines(database: Database, text: str, lines: Sequence[Signature]) -> bytes:
    """Adds lines below the newest checkpoint with this text, and gives its note. Raises `NoCheckpoint` and `InvalidNote`."""
    if database.has("checkpoints"):
        statement = f"SELECT number, note FROM checkpoints ORDER BY number DESC LIMIT {_LOOKED_AT}"  # noqa: S608 (a constant)
        for row in database.run(statement):
            match row:
                case (int(number), bytes(note)) if split_note(note)[0] == text:
                    longer = with_lines(note, lines)
                    database.run("UPDATE checkpoints SET note = ? WHERE number = ?", (longer, number))
                    return longer
                case _:
                    pass
    raise NoCheckpoint("the checkpoint that was witnessed is no longer among the newest of the log; ask again")


def add_note(database: Database, note: bytes) -> None:
    """Stores a checkpoint, within a transaction of the log."""
    if not database.has("checkpoints"):
        database.make("checkpoints")
    database.run(_ADD, (note,))
