"""A record of a log on one line."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tenetlang.cli.output import painter
from tenetlang.report.visible import visible


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
