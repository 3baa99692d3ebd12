"""The records of an open log as its table has them: where one went, one as it stands, the last one, and those behind an index."""

from __future__ import annotations

import attrs

from tenetlang.audit.errors import LogDamaged, LogUnavailable
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.stores.database import Database, DatabaseFailed, DatabaseLost
from tenetlang.audit.stores.sqlite import shown


@attrs.frozen
class AppendedRecord:
    """Where a record went: its index from 0, and its leaf hash (32 bytes)."""

    index: int
    leaf: bytes


@attrs.frozen
class StoredRecord:
    """One record as it is stored: its index, its canonical bytes, its leaf hash."""

    index: int
    record: bytes = attrs.field(repr=False)
    leaf: bytes


def last_record(database: Database, path: str) -> AppendedRecord:
    """The last record of a log; raises `LogDamaged` where it contradicts itself or there is none."""
    try:
        rows = database.run("SELECT idx, record, leaf FROM records ORDER BY idx DESC LIMIT 1")
    except DatabaseLost as mistake:
        raise LogUnavailable(f"cannot read {shown(path)}: {mistake}; try again") from mistake
    except DatabaseFailed as mistake:
        raise LogDamaged(
            f"the last record of {shown(path)} cannot be read ({mistake}); run `tenet audit verify` on it"
        ) from mistake
    if not rows:
        raise LogDamaged(f"{shown(path)} holds no record, not even that of its opening; restore it from a copy")
    stored = _stored(rows[0], path)
    if stored.index < 0 or leaf_hash(stored.record) != stored.leaf:
        raise LogDamaged(
            f"the last record of {shown(path)}, {stored.index}, was changed; run `tenet audit verify` on it"
        )
    return AppendedRecord(stored.index, stored.leaf)


def rows_after(database: Database, path: str, after: int, count: int) -> list[StoredRecord]:
    """The records behind this index, at most so many, as they stand; raises `LogUnavailable` and `LogDamaged`."""
    try:
        rows = database.run("SELECT idx, record, leaf FROM records WHERE idx > ? ORDER BY idx LIMIT ?", (after, count))
    except DatabaseFailed as mistake:
        raise LogUnavailable(f"cannot read {shown(path)}: {mistake}; verify it") from mistake
    return [_stored(row, path) for row in rows]


def _stored(row: tuple[object, ...], path: str) -> StoredRecord:
    match row:
        case (int(index), bytes(record), bytes(leaf)):
            return StoredRecord(index, record, leaf)
        case _:
            raise LogDamaged(f"{shown(path)} holds values of a wrong type; run `tenet audit verify` on it")
