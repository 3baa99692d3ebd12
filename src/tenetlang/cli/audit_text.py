"""A record of a log on one line, and who signed the log."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from tenetlang.cli.output import painter
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.audit import Verification

_LAST = 253_402_300_799
"""The last second of the year 9999."""


def one_line(found: Mapping[str, object]) -> str:
    """Index, time, identifier, kind, and in a few words what is in it; and whether it was changed."""
    record = found["record"]
    said = record if isinstance(record, Mapping) else {}
    cells = [f"{found['index']:>6}", *(_word(said.get(name)) for name in ("at", "id", "kind")), *_told(said)]
    changed = [] if found["intact"] else [painter(sys.stdout)("CHANGED", "deny")]
    return "  ".join(cell for cell in (*cells, *changed) if cell)


def _told(said: Mapping[str, object]) -> Iterator[str]:
    """Of a decision the verdict, who decided, the tool and for whom; of others what `_TOLD` has."""
    if said.get("kind") == "intent":
        decided, what, who = (
            part if isinstance(part := said.get(name), Mapping) else {} for name in ("decided", "what", "who")
        )
        by = decided.get("decided_by")
        yield _word(decided.get("verdict"))
        yield ", ".join(map(_word, by)) if isinstance(by, list) else ""
        yield _word(what.get("tool"))
        yield f"for {_word(who['agent'])}" if isinstance(who.get("agent"), str) else ""
        return
    for name, before in _TOLD.get(str(said.get("kind")), ()):
        value = said.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value:
            yield f"{before}{_word(value)}"


_TASK: Final = ("task", "task ")
_TOLD: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "outcome": (("outcome", ""), ("of", "of ")),
    "policy.activated": (("package", ""), ("version", "version "), ("by", "by "), ("bundle", "")),
    "policy.rejected": (("package", ""), ("version", "version "), ("because", "")),
    "escalation.opened": (("reviewers", ""), ("deadline", "until "), ("of", "of "), _TASK),
    "escalation.notified": (("result", ""), ("channel", "by "), ("to", "to "), _TASK),
    "escalation.seen": (("who", "by "), _TASK),
    "escalation.claimed": (("who", "by "), _TASK),
    "escalation.released": (("who", "by "), _TASK),
    "escalation.delegated": (("who", "by "), ("to", "to "), _TASK),
    "escalation.climbed": (("reviewers", "to "), ("because", ""), _TASK),
    "escalation.decided": (("vote", ""), ("who", "by "), _TASK),
    "escalation.ended": (("end", ""), _TASK),
    "escalation.used": (("of", "by "), _TASK),
    "guard.stopped": (("what", ""), ("by", "by ")),
    "guard.resumed": (("what", ""), ("by", "by ")),
    "point.closed": (("point", ""), ("count", "count ")),
    "erasure": (("count", ""), ("by", "by "), ("because", "")),
    "key.rotated": (("epoch", "epoch "),),
}
"""By kind, which members tell most on a line, and what stands before each."""


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
