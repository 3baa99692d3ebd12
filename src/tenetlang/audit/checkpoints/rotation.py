"""Changing the key of a log (`epochs` says what the change is), and finding the changes that were made.

All that belongs to a change is one transaction of the log: the record, the last checkpoint of the old key, and the first of the
new one. A crash so leaves a log that has changed its key or one that has not. The old key's file is destroyed after
that, and until it is, doing it again goes on where it was left:

    the new key is there, the log has the old one       the key that is there is taken
    the log has the new key, the old file is there      the file is destroyed
    the log has the new key, the old file is not there  it is done

Nobody signs a change that they did not make: else whoever can write to the file of a log could add such a record, with a key of
theirs, and have the next checkpoint confirm it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from tenetlang.audit.checkpoints.epochs import ROTATED, Rotation, rotation_of
from tenetlang.audit.checkpoints.note import SigningKey
from tenetlang.audit.errors import AuditError, LogDamaged, UnusableKey
from tenetlang.audit.exports.tiles import CHECKPOINT
from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.record import MAX_RECORD, time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.source import Entry, read_entries
from tenetlang.audit.stores.database import Database, DatabaseFailed
from tenetlang.audit.stores.opening import is_database, located, open_to_read
from tenetlang.audit.stores.sqlite import shown

MOST_ROTATIONS = 1000
"""So many changes are followed at most."""


def rotations_within(database: Database, first: int) -> Iterator[tuple[int, Rotation | str]]:
    """The changes of key in a log's database, from this record on."""
    statement = (
        f"SELECT idx, record FROM records WHERE idx >= ? AND {database.kind('record')} = 'blob' "  # noqa: S608 (a constant)
        f"AND length(record) <= {MAX_RECORD} AND {database.holds('record')} ORDER BY idx"
    )
    for row in database.each(statement, (first, b'"kind":"key.rotated"')):
        match row:
            case (int(index), bytes(record)):
                rotation = rotation_of(index, record)
                if rotation is not None:
                    yield index, rotation
            case _:
                pass


def stored_rotations(path: str | os.PathLike[str]) -> tuple[tuple[int, Rotation | str], ...]:
    """The changes of key in a log or an export of it. What can't be read is left out: whoever verifies meets it again."""
    file = located(path)
    found: list[tuple[int, Rotation | str]] = []
    try:
        if (Path(file) / CHECKPOINT).is_file() or not is_database(file):
            found.extend(islice(_exported(path), MOST_ROTATIONS + 1))
        else:
            with closing(open_to_read(file)) as database:
                found.extend(islice(rotations_within(database, 0), MOST_ROTATIONS + 1))
    except (AuditError, DatabaseFailed):
        pass
    if len(found) > MOST_ROTATIONS:
        found[-1] = (found[-1][0], f"more than {MOST_ROTATIONS:,} changes are not followed")
    return tuple(found)


def check_unrotated(database: Database, first: int, path: str) -> None:
    """Raises `LogDamaged` for a log in which somebody wrote a change of key, from this record on, that was not made here."""
    for index, _ in rotations_within(database, first):
        raise LogDamaged(
            f"record {index} of {shown(path)} says that the log's key changes, and nobody who has the key wrote it; nothing "
            "more is signed: verify the log and restore it from a copy"
        )


def rotation_record(
    old: SigningKey, new: SigningKey, epoch: int, size: int, now_ns: int, randomness: Callable[[int], bytes]
) -> Unplaced:
    """The record of a change, for the place after so many records. Raises `UnusableKey` for keys that can't follow each other."""
    if old.verifier.name != new.verifier.name:
        raise UnusableKey(
            f"the new key is called {new.verifier.name}, and the log {old.verifier.name}; a log keeps its name: make the key "
            f"with `--name {old.verifier.name}`"
        )
    if old.verifier == new.verifier:
        raise UnusableKey("the new key is the old one")
    members = {"old": str(old.verifier), "new": str(new.verifier), "epoch": epoch, "size": size}
    identifier = ulid(now_ns, randomness(16))
    envelope, payload = event_record(ROTATED, members, time_text(now_ns), identifier, lambda: randomness(16))
    return unplaced(envelope, payload)


def epoch_of(database: Database, key: SigningKey) -> int:
    """Which key of the log this is, from 1 on."""
    for _, rotation in reversed(list(rotations_within(database, 0))):
        if isinstance(rotation, Rotation) and rotation.new == key.verifier:
            return rotation.epoch
    return 1


def _exported(path: str | os.PathLike[str]) -> Iterator[tuple[int, Rotation | str]]:
    for entry in read_entries(path):
        if isinstance(entry, Entry) and entry.flaw is None:
            rotation = rotation_of(entry.index, entry.record)
            if rotation is not None:
                yield entry.index, rotation
