"""Where the entries of a log come from: its database, or an export of it, which is a folder of tiles (exports/tiles.py) or a file
with one JSON object on each line.

An export is for those who have no SQLite and no tenetlang. Each line is the canonical text of

    {"index": 7, "leaf": "<64 hex>", "record": "<the record's bytes as a string>", "payload": "<likewise>"}

The record is a string and not an object, so that the bytes that were hashed survive every JSON library. `payload` is
left out unless asked for.

All of them are hostile. What cannot be an entry comes out as `Damage`, in its place; nothing is read that is longer than
a log may hold; and only one entry is in memory at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import attrs
import msgspec

from tenetlang.audit.canonical import profile_bytes
from tenetlang.audit.errors import AuditError, LogDamaged, LogUnavailable
from tenetlang.audit.exports.tiles import CHECKPOINT, read_tiles
from tenetlang.audit.records.bodies import MAX_PAYLOAD
from tenetlang.audit.records.record import MAX_RECORD
from tenetlang.audit.stores.addresses import is_address
from tenetlang.audit.stores.database import Database, DatabaseFailed, DatabaseLost
from tenetlang.audit.stores.opening import is_database, located, open_to_read
from tenetlang.audit.stores.sqlite import SQLITE_MAGIC, empty, shown

MAX_LINE = 6 * (MAX_RECORD + MAX_PAYLOAD) + 1024
"""The longest line of an export, in bytes: each byte escaped as `\\u00XX`, and the rest of the line."""


@attrs.frozen
class Entry:
    """One entry as it was found. `flaw` says what makes it unusable; `record` is empty then."""

    index: int
    record: bytes
    leaf: bytes
    payload: bytes | None = None
    flaw: str | None = None


@attrs.frozen
class Damage:
    """Something that is no entry. `what` is the kind of problem; after a `final` one nothing more can be read."""

    what: str
    detail: str
    final: bool = False


@attrs.frozen
class StrayPayload:
    """A payload whose record is not there."""

    index: int


def read_entries(path: str | os.PathLike[str]) -> Iterator[Entry | Damage | StrayPayload]:
    """The entries of a database, a file of JSON lines or a folder of tiles, in the order in which they stand.

    Raises `NotALog` for any other file, `LogUnavailable` for one that cannot be read.
    """
    name = located(path)
    if is_address(name):
        yield from _rows(name)
        return
    if (Path(name) / CHECKPOINT).is_file():
        yield from _tile_entries(name)
        return
    try:
        with Path(name).open("rb") as file:
            beginning = file.read(len(SQLITE_MAGIC))
            if not beginning:
                raise empty(name)
            if beginning[:1] == b"{":
                file.seek(0)
                yield from _lines(file)
                return
    except OSError as mistake:
        raise LogUnavailable(f"cannot read {shown(name)}: {mistake.strerror}") from mistake
    yield from _rows(name)


def count_records(path: str | os.PathLike[str]) -> int | None:
    """How many records a database holds if none is missing, to say how far a reader is; None for an export, and for a file
    that can't be read like this."""
    name = located(path)
    try:
        if not is_database(name):
            return None
        with closing(open_to_read(name)) as database:
            match database.run("SELECT max(idx) FROM records"):
                case [(int(last),)]:
                    return last + 1
                case _:
                    return None
    except (AuditError, DatabaseFailed):
        return None


def export_jsonl(path: str | os.PathLike[str], *, payloads: bool = False) -> Iterator[bytes]:
    """The lines of an export, each with its newline.

    Nothing is verified on the way, so a log with something wrong is exported with what is wrong in it, and `verify_log`
    says the same of both. Raises `LogUnavailable` where the file is too damaged to go on.
    """
    for entry in read_entries(path):
        match entry:
            case Entry(index=index, record=record, leaf=leaf, payload=payload, flaw=None):
                try:
                    line: dict[str, object] = {"index": index, "leaf": leaf.hex(), "record": record.decode()}
                    if payloads and payload is not None:
                        line["payload"] = payload.decode()
                    yield profile_bytes(line) + b"\n"
                except ValueError as mistake:
                    raise LogUnavailable(f"record {index} cannot be exported: {mistake}; verify the log") from mistake
            case Entry(index=index, flaw=flaw):
                raise LogUnavailable(f"record {index} cannot be exported: {flaw}; verify the log")
            case Damage(detail=detail):
                raise LogUnavailable(f"the log cannot be exported further: {detail}; verify it")
            case StrayPayload():
                pass


_STRAYS = "SELECT idx FROM payloads WHERE NOT EXISTS (SELECT 1 FROM records WHERE records.idx = payloads.idx)"


def _rows(path: str) -> Iterator[Entry | Damage | StrayPayload]:
    try:
        opened = open_to_read(path)
    except LogDamaged as mistake:
        yield Damage("storage", str(mistake), final=True)
        return
    with closing(opened) as database:
        try:
            database.look()  # one state of the file, whatever others append meanwhile
            payloads = 0
            for row in database.each(_all_rows(database)):
                payloads += row[5] is not None
                yield _row_entry(row)
            for row in database.each(_STRAYS):
                payloads += 1
                match row:
                    case (int(index),):
                        yield StrayPayload(index)
                    case _:
                        yield Damage("storage", "a payload has no index")
            if database.run("SELECT count(*) FROM payloads") != [(payloads,)]:  # not in order, so some are not found
                yield Damage("storage", "there are payloads that can't be reached by their index: the file is damaged")
        except DatabaseLost as mistake:
            raise LogUnavailable(f"cannot read {shown(path)}: {mistake}; try again") from mistake
        except DatabaseFailed as mistake:
            yield Damage("storage", f"the database cannot be read any further: {mistake}", final=True)


def _all_rows(database: Database) -> str:
    return (
        f"SELECT records.idx, {database.kind('record')}, length(record), {database.cell('record', MAX_RECORD)}, "  # noqa: S608 (constants)
        f"{database.cell('leaf', 32)}, length(payload), {database.cell('payload', MAX_PAYLOAD)} "
        "FROM records LEFT JOIN payloads ON payloads.idx = records.idx ORDER BY records.idx"
    )


def _row_entry(row: tuple[object, ...]) -> Entry | Damage:
    match row:
        case (int(index), _, _, bytes(record), bytes(leaf), None, None):
            return Entry(index, record, leaf)
        case (int(index), _, _, bytes(record), bytes(leaf), _, bytes(payload)):
            return Entry(index, record, leaf, payload)
        case (int(index), "blob", int(length), None, _, _, _) if length > MAX_RECORD:
            return Entry(index, b"", b"", flaw=f"the record has {length:,} bytes; a log holds at most {MAX_RECORD:,}")
        case (int(index), _, _, bytes(), bytes(), _, None):
            return Entry(index, b"", b"", flaw=f"its payload is no blob of at most {MAX_PAYLOAD:,} bytes")
        case (int(index), _, _, _, _, _, _):
            return Entry(index, b"", b"", flaw="the record or its leaf is not stored as a blob")
        case _:
            return Damage("storage", "a row has no index")


def _tile_entries(folder: str) -> Iterator[Entry | Damage]:
    for index, found in enumerate(read_tiles(folder)):
        match found:
            case str():
                yield Damage("storage", found, final=True)
            case (record, leaf):
                yield Entry(index, record, leaf)


def _lines(file: BinaryIO) -> Iterator[Entry | Damage]:
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if not line.endswith(b"\n"):
            if len(line) == MAX_LINE:
                yield Damage("line", f"line {number} is longer than a line can be", final=True)
            else:
                yield Damage("line", f"line {number}, the last, is cut: it does not end in a newline", final=True)
            return
        yield _line_entry(line[:-1], number)


def _line_entry(line: bytes, number: int) -> Entry | Damage:
    try:
        parsed: object = msgspec.json.decode(line)
        canonical = profile_bytes(parsed) == line
    except (ValueError, msgspec.DecodeError, RecursionError) as mistake:
        return Damage("line", f"line {number} is no line of an export: {mistake}")
    if not canonical:
        return Damage("line", f"line {number} is not written canonically, so it was changed")
    match parsed:
        case {"index": bool()}:
            pass
        case {"index": int(index), "leaf": str(leaf), "record": str(record), **rest}:
            payload = rest.pop("payload", None)
            if not rest and len(leaf) == 64 and (payload is None or isinstance(payload, str)):
                try:
                    leaf_bytes = bytes.fromhex(leaf)
                except ValueError:
                    return Damage("line", f"the leaf on line {number} is not hexadecimal")
                if leaf_bytes.hex() != leaf:
                    return Damage("line", f"the leaf on line {number} is not lower-case hexadecimal")
                return Entry(index, record.encode(), leaf_bytes, None if payload is None else payload.encode())
        case _:
            pass
    return Damage("line", f"line {number} has not the members of an export's line")
