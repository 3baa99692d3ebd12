"""A record of a log on one line, and who signed the log."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tenetlang.cli.output import painter
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.audit import Verification

_LAST = 253_402_300_799
"""The last second of the year 9999."""


def one_line(found: Mapping[str, object]) -> str:
    """Index, time, identifier, kind, verdict, who decided, tool; and whether it was changed."""
    record = found["record"]
    said = record if isinstance(record, Mapping) else {}
    decided = said.get("decided")
    decision = decided if isinstance(decided, Mapping) else {}
    what = said.get("what")
    tool = what.get("tool") if isinstance(what, Mapping) else None
    by = decision.get("decided_by")
    cells = [
        f"{found['index']:>6}",
        _word(said.get("at")),
        _word(said.get("id")),
        _word(said.get("kind")),
        _word(decision.get("verdict")),
        ", ".join(map(_word, by)) if isinstance(by, list) else "",
        _word(tool),
    ]
    changed = [] if found["intact"] else [painter(sys.stdout)("CHANGED", "deny")]
    return "  ".join(cell for cell in (*cells, *changed) if cell)


def _word(value: object) -> str:
    return visible(value)[:80] if isinstance(value, str) else ""


def time_of(seconds: int) -> str:
    """A time since 1970, in RFC 3339."""
    from tenetlang.audit import time_text

    return time_text(min(seconds, _LAST) * 10**9).replace(".000000000", "")


def signing_lines(found: Verification, given: Sequence[str]) -> Iterator[str]:
    """When the newest checkpoint was signed, and by which key if it is none that was given."""
    if found.signed_at is not None:
        yield f"signed at: {time_of(found.signed_at)}"
    for key in found.keys:
        if key not in given:
            yield "its key has changed; from here on, verify with"
            yield from (f"    {visible(line)}" for line in key.split("\n"))
