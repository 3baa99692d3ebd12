"""Puts records at their places, and into the tables of a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.records.record import FIRST_PREVIOUS, opened_record, time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, placed, unplaced
from tenetlang.audit.stores.database import Database


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


def first_row(now_ns: int, randomness: Callable[[int], bytes]) -> Row:
    """The record with which a log begins."""
    first = opened_record(time_text(now_ns), ulid(now_ns, randomness(16)))
    return rows_of(0, bytes.fromhex(FIRST_PREVIOUS), [unplaced(first)])[0]


def insert_rows(database: Database, rows: Sequence[Row]) -> None:
    """Writes records into the tables, within a transaction."""
    records = [(row.index, row.record, row.leaf) for row in rows]
    payloads = [(row.index, row.payload) for row in rows if row.payload is not None]
    if records:
        database.run_many("INSERT INTO records (idx, record, leaf) VALUES (?, ?, ?)", records)
    if payloads:
        database.run_many("INSERT INTO payloads (idx, payload) VALUES (?, ?)", payloads)
