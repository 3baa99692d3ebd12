"""Makes a new log, and puts records into it.

A new log is made under another name, with its first record in it, and then linked to its own name. Nobody ever sees
a log without a beginning, two processes that create the same log end up with one, and an empty file is never taken for
a new log: it may be what is left of an old one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from tenetlang.audit.errors import LogUnavailable, NotALog
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.record import FIRST_PREVIOUS, opened_record, time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, placed, unplaced
from tenetlang.audit.stores.sqlite import create_tables, run, shown

if TYPE_CHECKING:
    import apsw


@attrs.frozen
class Row:
    """A record at its place, with its payload, as the tables take it."""

    index: int
    record: bytes = attrs.field(repr=False)
    leaf: bytes
    payload: bytes | None = attrs.field(repr=False)


def rows_of(index: int, previous: bytes, records: Sequence[Unplaced]) -> list[Row]:
    """Puts records at their places, from this index on and after this leaf. Raises `InvalidRecord` for one too long."""
    rows: list[Row] = []
    before = previous.hex()
    for place, record in enumerate(records, index):
        text = placed(record, place, before)
        leaf = leaf_hash(text)
        rows.append(Row(place, text, leaf, record.payload))
        before = leaf.hex()
    return rows


def insert_rows(connection: apsw.Connection, rows: Sequence[Row]) -> None:
    """Writes records into the tables, within a transaction."""
    records = [(row.index, row.record, row.leaf) for row in rows]
    payloads = [(row.index, row.payload) for row in rows if row.payload is not None]
    connection.executemany("INSERT INTO records (idx, record, leaf) VALUES (?, ?, ?)", records)
    connection.executemany("INSERT INTO payloads (idx, payload) VALUES (?, ?)", payloads)


def create_log(path: str, now_ns: int, randomness: Callable[[int], bytes]) -> None:
    """Makes a log where there is none, with its first record in it. Raises `NotALog` and `LogUnavailable`."""
    import apsw

    for suffix in ("-wal", "-journal"):
        if os.path.lexists(path + suffix):
            if os.path.lexists(path):  # another process made the log just now, and is already writing to it
                return
            raise NotALog(
                f"there is no log at {shown(path)}, but {shown(path + suffix)} holds changes of one that was there; "
                "put the log back, or move that file away"
            )
    unfinished = f"{path}.{randomness(8).hex()}.new"
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as mistake:
        raise LogUnavailable(f"cannot create {shown(path)}: {mistake.strerror}") from mistake
    try:
        connection = create_tables(unfinished)
        try:
            run(connection, "BEGIN IMMEDIATE")
            first = opened_record(time_text(now_ns), ulid(now_ns, randomness(16)))
            insert_rows(connection, rows_of(0, bytes.fromhex(FIRST_PREVIOUS), [unplaced(first)]))
            run(connection, "COMMIT")
        finally:
            connection.close(True)
        _publish(unfinished, path)
    except (OSError, apsw.Error) as mistake:
        raise LogUnavailable(f"cannot create {shown(path)}: {mistake}") from mistake
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(unfinished + suffix).unlink(missing_ok=True)


def _publish(unfinished: str, path: str) -> None:
    """Gives a finished file its name, unless another process was quicker; the name is on the disk afterwards."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if os.path.lexists(path):
            return
        Path(unfinished).rename(path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
