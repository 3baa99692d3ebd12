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

from typing import TYPE_CHECKING

from tenetlang.audit.checkpoints.checkpoint import Checkpoint
from tenetlang.audit.merkle import HASH_SIZE, Frontier, leaf_hash
from tenetlang.audit.stores.sqlite import FRONTIERS, run

if TYPE_CHECKING:
    import apsw

_MOST_BYTES = 64 * HASH_SIZE


def keep_row(connection: apsw.Connection, size: int, row: tuple[bytes, ...]) -> None:
    """Stores the row before the last of so many records, in place of the one that was there, within a transaction of the log."""
    if not _has_table(connection):
        run(connection, FRONTIERS[1])
    run(connection, "DELETE FROM frontiers WHERE size <> ?", (size,))
    run(connection, "INSERT OR REPLACE INTO frontiers (size, hashes) VALUES (?, ?)", (size, b"".join(row)))


def keeps_row(connection: apsw.Connection, size: int) -> bool:
    """Whether there is one of this size."""
    return _has_table(connection) and bool(run(connection, "SELECT 1 FROM frontiers WHERE size = ?", (size,)))


def row_before_last(connection: apsw.Connection, signed: Checkpoint) -> tuple[bytes, ...] | None:
    """The row before the last record of a checkpoint whose signature is right, if it and that record lead to its root."""
    if not _has_table(connection):
        return None
    statement = f"SELECT hashes FROM frontiers WHERE size = ? AND length(hashes) <= {_MOST_BYTES}"  # noqa: S608 (a constant)
    kept = run(connection, statement, (signed.size,))
    last = run(connection, "SELECT record, leaf FROM records WHERE idx = ?", (signed.size - 1,))
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


def _has_table(connection: apsw.Connection) -> bool:
    return bool(run(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'frontiers'"))
