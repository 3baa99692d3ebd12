"""Parts of a log for other programs and for people: lines of an export that are asked for, and records with their payloads opened.

A part of a log is not the log: the records between are missing, so nobody can tell from it whether it is whole. Each line still has
the record as it was hashed, and its leaf, so that `tenet audit prove` can show of each that it stands in the log.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

import msgspec

from tenetlang.audit.payloads.sealing import Keys, no_keys
from tenetlang.audit.show import log_entries, parsed_record, shown_record

Wanted = Callable[[Mapping[str, object]], bool]
"""Whether a record, as JSON values, is asked for."""


class _Line(msgspec.Struct, gc=False):
    record: str


_decode = msgspec.json.Decoder(_Line).decode


def selected(
    lines: Iterator[bytes], wanted: Wanted | None, progress: Callable[[int], None] = lambda _: None
) -> Iterator[bytes]:
    """Those of an export's lines whose records are wanted, all if that is None. `progress` is told of each line, from 0."""
    for place, line in enumerate(lines):
        progress(place)
        if wanted is not None:
            record = parsed_record(_decode(line).record.encode())
            if isinstance(record, dict) and not wanted(record):
                continue
        yield line


def readable(
    path: str | os.PathLike[str],
    keys: Keys = no_keys,
    wanted: Wanted | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[dict[str, object]]:
    """The records that are wanted as `show` gives them: parsed, and with what callers sent where that is there and can be opened.
    Raises what `show` raises."""
    with closing(log_entries(path)) as entries:
        for entry in entries:
            record = parsed_record(entry.record)
            progress(entry.index)
            if wanted is None or not isinstance(record, dict) or wanted(record):
                yield shown_record(entry, keys)
