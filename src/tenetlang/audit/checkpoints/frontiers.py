"""What spares whoever opens a signed log hashing all of it once more.

A tree that grows is a row of hashes (`merkle`), and the root that was signed is made of that row. So the row lies in the log beside
the newest checkpoint, and the signature vouches for it: another row has another root. It is kept as it was before the last
record, and that record is read when the row is taken up. So one look tells that the log goes as far as was signed, and
that the last record is the one that was signed; and that one names the leaf of the record before it, as each does, down to
the first. A log that was cut, or written anew from some record on, is found without reading the rest of it.

What this does not find is a record that was changed and left out of step with the one that follows. `verify` does.

A row that is missing, of another size or wrong is no damage: the log is then hashed from its beginning.
"""

from __future__ import annotations

from tenetlang.audit.checkpoints.checkpoint import Checkpoint
from tenetlang.audit.merkle import HASH_SIZE, Frontier, leaf_hash
from tenetlang.audit.stores.database import Database

_MOST_BYTES = 64 * HASH_SIZE


def keep_row(database: Database, size: int, row: tuple[bytes, ...]) -> None:
    """Stores the row before the last of so many records, in place of the one that was there, within a transaction of the log."""
    if not database.has("frontiers"):
        database.make("frontiers")
    database.run("DELETE FROM frontiers WHERE size <> ?", (size,))
    database.run(
        "INSERT INTO frontiers (size, hashes) VALUES (?, ?) ON CONFLICT (size) DO UPDATE SET hashes = excluded.hashes",
        (size, b"".join(row)),
    )


def keeps_row(database: Database, size: int) -> bool:
    """Whether there is one of this size."""
    return database.has("frontiers") and bool(database.run("SELECT 1 FROM frontiers WHERE size = ?", (size,)))


def row_before_last(database: Database, signed: Checkpoint) -> tuple[bytes, ...] | None:
    """The row before the last record of a checkpoint whose signature is right, if it and that record lead to its root."""
    if not database.has("frontiers"):
        return None
    statement = f"SELECT hashes FROM frontiers WHERE size = ? AND length(hashes) <= {_MOST_BYTES}"  # noqa: S608 (a constant)
    kept = database.run(statement, (signed.size,))
    last = database.run("SELECT record, leaf FROM records WHERE idx = ?", (signed.size - 1,))
    match kept, last:
        case [(bytes(hashes),)], [(bytes(record), bytes(leaf))] if leaf_hash(record) == leaf:
            row = tuple(hashes[place : place + HASH_SIZE] for place in range(0, len(hashes), HASH_SIZE))
            try:
                frontier = Frontier.of(signed.size - 1, row)
            except ValueError:
                return None
            frontier.append(leaf)
            return row if frontier.root() == signed.root else None
        case _:
            return None
