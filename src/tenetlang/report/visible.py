r"""Text that can be shown: on a terminal nothing acts, nothing hides, and columns line up.

A policy under check may come from anyone, and so may the names and values in a finding. Before any of it is written
to a terminal or a log, what a terminal would obey (control characters, escape sequences), what reorders or hides text
(direction controls, zero-width characters, lone surrogates) and what starts a new line is spelled out as in a Tenet
string, `\u{1b}`. What is left is measured in terminal cells after Unicode's East Asian Width (UAX #11): two for wide
characters, none for combining marks; a pile of marks higher than four is spelled out as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

TAB = 4
"""Tab stops stand this many cells apart."""

_MARKS = 4
_PLAIN = re.compile(r"[ -~]*\Z")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SPELLED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}

# Characters of other categories that are by default not drawn (Default_Ignorable_Code_Point of Unicode).
_HIDDEN_RANGES = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0000, 0xE0FFF),
)


def visible(text: str) -> str:
    """The text on one line, with everything spelled out that would act or hide."""
    if _PLAIN.match(text):
        return text
    return "".join(shown for shown, _ in _cells(text, None))


def cells(line: str) -> tuple[tuple[str, int], ...]:
    """For each code point of a source line: what is shown for it, and how many terminal cells that takes.

    A tab is shown as spaces up to the next tab stop, counted from the beginning of the line.
    """
    return tuple(_cells(line, TAB))


def width(text: str) -> int:
    """How many terminal cells a text takes that is already visible."""
    return len(text) if _PLAIN.match(text) else sum(taken for _, taken in _cells(text, None))


def _cells(text: str, tab: int | None) -> Iterator[tuple[str, int]]:
    column = marks = 0
    for character in text:
        shown, taken = character, 1
        if character == "\t" and tab is not None:
            taken = tab - column % tab
            shown = " " * taken
        elif not " " <= character <= "~":
            taken = _width(character)
            if _hidden(character) or (taken == 0 and marks == _MARKS):
                shown = _SPELLED.get(character) or f"\\u{{{ord(character):x}}}"
                taken = len(shown)
        marks = marks + 1 if taken == 0 else 0
        column += taken
        yield shown, taken


def _hidden(character: str) -> bool:
    if unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return True
    number = ord(character)
    return any(first <= number <= last for first, last in _HIDDEN_RANGES)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me") or 0x1160 <= ord(character) <= 0x11FF:
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
