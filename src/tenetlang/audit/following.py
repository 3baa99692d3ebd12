"""The newest records of a log, and those that come while somebody looks.

The database is read from its end, so that the last ten of a million cost as much as the last ten of twenty. Following is
asking again: a reader that holds nothing open between two looks never keeps a writer waiting. Each look makes sure that the last
record that was shown is still there, for a log that was cut or replaced meanwhile must not be taken for a quiet one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from tenetlang.audit.errors import LogDamaged, LogUnavailable, NotALog
from tenetlang.audit.records.record import MAX_RECORD
from tenetlang.audit.show import parsed_record, shown_record
from tenetlang.audit.source import Entry
from tenetlang.audit.stores.addresses import is_address
from tenetlang.audit.stores.database import Database, DatabaseFailed
from tenetlang.audit.stores.opening import located, open_to_read
from tenetlang.audit.stores.sqlite import SQLITE_MAGIC, shown

Wanted: TypeAlias = Callable[[Mapping[str, object]], bool]
"""Whether a record, as JSON values, is to be shown."""

_BATCH = 256


def newest(path: str | os.PathLike[str], limit: int, wanted: Wanted = lambda _: True) -> tuple[dict[str, object], ...]:
    """The last records that are wanted, at most `limit`, oldest first, each as `show` gives it but without its payload.

    Raises `NotALog` for an export as well, which has no end to look from, `LogUnavailable` and `LogDamaged`.
    """
    found: list[dict[str, object]] = []
    name = _database(path)
    with closing(open_to_read(name)) as database:
        before: int | None = None
        while len(found) < limit:
            later = "" if before is None else f"WHERE idx < {before:d}"
            batch = _entries(database, f"{later} ORDER BY idx DESC LIMIT {_BATCH}", name)
            if not batch:
                break
            found += [shown_record(entry) for entry in batch if _is_wanted(entry, wanted)]
            before = batch[-1].index
    return tuple(reversed(found[:limit]))


def last_entry(path: str | os.PathLike[str]) -> Entry | None:
    """The last record of a log, from which it can be followed. Raises what `newest` raises."""
    name = _database(path)
    with closing(open_to_read(name)) as database:
        found = _entries(database, "ORDER BY idx DESC LIMIT 1", name)
    return found[0] if found else None


def following(
    path: str | os.PathLike[str], last: Entry | None, wait: Callable[[], object], wanted: Wanted = lambda _: True
) -> Iterator[dict[str, object]]:
    """The records after this one, and those that are appended, without an end; `wait` is called where there is none for now.

    Raises `LogDamaged` once the last record that was there is gone or another one: the log was cut, rewritten or replaced.
    """
    name = _database(path)
    while True:
        with closing(open_to_read(name)) as database:
            database.look()
            if last is not None and _entries(database, f"WHERE idx = {last.index:d}", name) != [last]:
                raise LogDamaged(
                    f"{shown(name)} no longer holds the record {last.index} that was there: it was cut, rewritten or "
                    "replaced; run `tenet audit verify` on it"
                )
            after = -1 if last is None else last.index
            batch = _entries(database, f"WHERE idx > {after:d} ORDER BY idx LIMIT {_BATCH}", name)
        for entry in batch:
            last = entry
            if _is_wanted(entry, wanted):
                yield shown_record(entry)
        if not batch:
            wait()


def _database(path: str | os.PathLike[str]) -> str:
    name = located(path)
    if is_address(name):
        return name
    try:
        with Path(name).open("rb") as file:
            beginning = file.read(len(SQLITE_MAGIC))
    except IsADirectoryError as mistake:
        raise NotALog(f"{shown(name)} is a folder; only a log's database can be read from its end") from mistake
    except OSError as mistake:
        raise LogUnavailable(f"cannot read {shown(name)}: {mistake.strerror}") from mistake
    if beginning[:1] == b"{":
        raise NotALog(f"{shown(name)} is an export; only a log's database can be read from its end: `tenet audit show`")
    return name


def _entries(database: Database, which: str, name: str) -> list[Entry]:
    columns = f"idx, {database.cell('record', MAX_RECORD)}, {database.cell('leaf', 32)}"
    try:
        rows = database.run(f"SELECT {columns} FROM records {which}")  # noqa: S608  # written here, with numbers
    except DatabaseFailed as mistake:
        raise LogUnavailable(f"cannot read {shown(name)}: {mistake}; verify it") from mistake
    return [_entry(row) for row in rows]


def _entry(row: tuple[object, ...]) -> Entry:
    match row:
        case (int(index), bytes(record), bytes(leaf)):
            return Entry(index, record, leaf)
        case (int(index), *_):
            return Entry(index, b"", b"", flaw="the record or its leaf is not stored as a blob of its size")
        case _:
            raise LogDamaged("a record has no index; run `tenet audit verify` on the log")


def _is_wanted(entry: Entry, wanted: Wanted) -> bool:
    """A record that can't be read any more is shown whatever is wanted."""
    record = parsed_record(entry.record)
    return wanted(record) if isinstance(record, dict) else True
