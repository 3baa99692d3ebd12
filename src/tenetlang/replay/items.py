"""What is decided again: the entries of a log, or lines of JSON. Read as bytes; what is in them is for the workers to see.

A line is a request, or an object of the two members `request` and `decision`, the second as `tenet eval --format json` prints it.
Lines come from anywhere: one that is too long is passed over and named, and reading goes on behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, TypeAlias

import attrs

from tenetlang.audit.errors import InvalidSeal
from tenetlang.audit.payloads.sealing import Keys, SubjectKey, is_sealed, no_keys, read_seal
from tenetlang.audit.source import Damage, Entry, StrayPayload, read_entries
from tenetlang.values.reading import REQUEST_LIMITS

CHUNK_ITEMS: Final = 500
CHUNK_BYTES: Final = 4 * 2**20
"""A chunk ends with the item that fills it, by number or by size."""

LONGEST_LINE: Final = 4 * REQUEST_LIMITS.size
"""A request, and the decision on it beside it."""


@attrs.frozen
class LogEntry:
    """A record as it is stored, with its payload where that is there, and the key of a sealed one where that is at hand."""

    index: int
    record: bytes
    leaf: bytes
    payload: bytes | None
    key: SubjectKey | None = None


@attrs.frozen
class Line:
    """A line without its end, by number from 1."""

    number: int
    text: bytes


@attrs.frozen
class Flaw:
    """Something in the input that is no item; `place` is an index or a line's number where it has one."""

    place: int | None
    detail: str


Item: TypeAlias = LogEntry | Line | Flaw


def log_items(path: str, keys: Keys = no_keys) -> Iterator[Item]:
    """The entries of a log or of an export of one, with what `keys` gives for those that are sealed. Raises `NotALog` and `LogUnavailable`."""
    for entry in read_entries(path):
        match entry:
            case Entry(index, record, leaf, payload, None):
                yield LogEntry(index, record, leaf, payload, sealing_key(payload, keys))
            case Entry(index=index, flaw=flaw):
                yield Flaw(index, str(flaw))
            case Damage(detail=detail):
                yield Flaw(None, detail)
            case StrayPayload(index):
                yield Flaw(index, "there is a payload for a record that is not there")


def sealing_key(payload: bytes | None, keys: Keys) -> SubjectKey | None:
    """The key of a payload that is sealed, where it is at hand."""
    if payload is None or not is_sealed(payload):
        return None
    try:
        return keys(read_seal(payload).kid)
    except InvalidSeal:
        return None  # whoever opens it says what is wrong with it


def line_items(opened: BinaryIO) -> Iterator[Item]:
    """The lines of a file or pipe; empty ones are passed over. Raises `OSError`."""
    number = 0
    while line := opened.readline(LONGEST_LINE + 2):
        number += 1
        text = line.rstrip(b"\r\n")
        if len(text) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = opened.readline(LONGEST_LINE)
            yield Flaw(number, f"the line has more than {LONGEST_LINE:,} bytes")
        elif text.strip():
            yield Line(number, text)


def chunks(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """The items in groups, whose bounds depend on nothing but the items."""
    group: list[Item] = []
    size = 0
    for item in items:
        group.append(item)
        size += _size(item)
        if len(group) == CHUNK_ITEMS or size >= CHUNK_BYTES:
            yield tuple(group)
            group, size = [], 0
    if group:
        yield tuple(group)


def _size(item: Item) -> int:
    match item:
        case LogEntry(record=record, payload=payload):
            return len(record) + len(payload or b"")
        case Line(text=text):
            return len(text)
        case Flaw():
            return 0
