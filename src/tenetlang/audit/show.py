"""One record of a log, for people and scripts to look at."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import closing

import msgspec

from tenetlang.audit.errors import InvalidSeal, LogDamaged, RecordNotFound
from tenetlang.audit.merkle import leaf_hash
from tenetlang.audit.payloads.sealing import Keys, Seal, no_keys, open_payload
from tenetlang.audit.records.disclosure import read_payload, showable
from tenetlang.audit.source import Damage, Entry, StrayPayload, read_entries
from tenetlang.audit.stores.addresses import told


def show(path: str | os.PathLike[str], index_or_identifier: int | str, keys: Keys = no_keys) -> dict[str, object]:
    """The record of an index (a number, or its digits) or of an identifier, from a database or an export.

    Gives `index`, `leaf`, `intact` (whether the record's hash is that leaf; the chain is not looked at), `record` as
    parsed JSON, or as text where it is none, and `payload` where there is one: one that is sealed is opened with `keys`,
    or its key is named. The first record of an identifier is
    taken. Reads the log up to that record. Raises `RecordNotFound`, `NotALog`, `LogUnavailable`, and `LogDamaged` where
    nothing of it can be read.
    """
    index = int(index_or_identifier) if _is_index(index_or_identifier) else None
    with closing(log_entries(path)) as entries:
        for entry in entries:
            if entry.index == index or (index is None and _identifier(entry.record) == index_or_identifier):
                return shown_record(entry, keys)
    raise RecordNotFound(f"{told(path)} holds no record {index_or_identifier}")


def show_last(
    path: str | os.PathLike[str],
    limit: int | None,
    wanted: Callable[[Mapping[str, object]], bool] = lambda _: True,
) -> tuple[dict[str, object], ...]:
    """The last records of a log that are `wanted`, at most `limit` if there is one, oldest first, each as `show` gives it but
    without its payload. A record that can't be read any more is wanted.

    Reads the whole log, since an export has no index. Raises `NotALog`, `LogUnavailable`, `LogDamaged`.
    """
    last: deque[Entry] = deque(maxlen=limit)
    with closing(log_entries(path)) as entries:
        for entry in entries:
            record = parsed_record(entry.record)
            if not isinstance(record, dict) or wanted(record):
                last.append(Entry(entry.index, entry.record, entry.leaf, flaw=entry.flaw))
    return tuple(shown_record(entry) for entry in last)


def _is_index(index_or_identifier: int | str) -> bool:
    if isinstance(index_or_identifier, int):
        return True
    return index_or_identifier.isascii() and index_or_identifier.isdigit() and len(index_or_identifier) <= 16


def log_entries(path: str | os.PathLike[str]) -> Generator[Entry]:
    """The records of a log or an export; damage is left out, unless nothing can be read."""
    some = False
    for entry in read_entries(path):
        match entry:
            case Entry():
                some = True
                yield entry
            case Damage(detail=detail, final=True) if not some:
                raise LogDamaged(detail)
            case Damage() | StrayPayload():
                pass


def _identifier(record: bytes) -> object:
    match parsed_record(record):
        case {"id": identifier}:
            return identifier
        case _:
            return None


def parsed_record(content: bytes) -> object:
    """A record as JSON values, or as a text where it is no JSON."""
    try:
        value: object = msgspec.json.decode(content)
    except (ValueError, msgspec.DecodeError, RecursionError):
        return content.decode("utf-8", "replace")
    return value


def shown_record(entry: Entry, keys: Keys = no_keys) -> dict[str, object]:
    record = parsed_record(entry.record)
    shown: dict[str, object] = {
        "index": entry.index,
        "leaf": entry.leaf.hex(),
        "intact": entry.flaw is None and leaf_hash(entry.record) == entry.leaf,
        "record": record,
    }
    if entry.payload is not None:
        try:
            identifier = record.get("id") if isinstance(record, dict) else None
            opened = open_payload(entry.payload, identifier, keys)
            shown["payload"] = {"sealed": opened.kid} if isinstance(opened, Seal) else showable(read_payload(opened))
        except (ValueError, RecursionError, InvalidSeal):
            shown["payload"] = entry.payload.decode("utf-8", "replace")
    return shown
