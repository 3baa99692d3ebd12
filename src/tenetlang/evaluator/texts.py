"""Many patterns on one text: which of the rules that ask for them it leaves alive.

A policy may have hundreds of globs and expressions for one path or one address, each in a rule of its own. No table holds
them. But the same few texts come in most requests, so for each text it is kept which of the patterns have been tried and
which of those match. Only the patterns of rules that are still alive are tried, so a text that nobody has seen costs no more than
it would without. Short texts are kept, and no more than `KEPT_TEXTS`: whoever sends ever new ones fills the table and empties it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tenetlang.evaluator.runtime import ABSENT

KEPT_TEXTS: Final = 1024
LONGEST_KEPT: Final = 256
FEW: Final = 4
"""So few patterns are written into the rules themselves."""

Matcher: TypeAlias = Callable[[str], bool]
Known: TypeAlias = tuple[int, int]
"""The rules whose patterns have been tried on a text, and those of them whose patterns match."""


def matching(patterns: dict[int, Matcher]) -> Callable[[int, object], int]:
    """The function from rules that are alive and the value at hand to those that it leaves alive. `patterns` by the rule's bit.

    A value that is not there leaves none of them alive: their rules read it behind a guard, which is false then.
    """
    everyone = sum(patterns)
    listed = tuple(patterns.items())
    seen: dict[str, Known] = {}

    def left(live: int, value: object) -> int:
        asking = live & everyone
        if not asking:
            return live
        if value is ABSENT:
            return live ^ asking
        text = str(value)
        tried, matched = seen.get(text, _NOTHING_KNOWN)
        missing = asking & ~tried
        if missing:
            found = 0
            if 4 * missing.bit_count() > len(listed):
                for bit, matches in listed:
                    if missing & bit and matches(text):
                        found |= bit
            else:
                waiting = missing
                while waiting:
                    bit = waiting & -waiting
                    waiting ^= bit
                    if patterns[bit](text):
                        found |= bit
            tried, matched = tried | missing, matched | found
            if len(text) <= LONGEST_KEPT:
                if len(seen) >= KEPT_TEXTS:
                    seen.clear()
                seen[text] = (tried, matched)
        return live ^ (asking & ~matched)

    return left


_NOTHING_KNOWN: Final = (0, 0)
