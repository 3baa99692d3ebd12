r"""What stands inside a token: escapes, holes, and characters that a reader would not see.

A string is written `"…"`, with the escapes `\n`, `\r`, `\t`, `\"`, `\\` and `\u{1F600}`, or `` `…` `` without any, which
suits regular expressions. Neither goes beyond its line.

Characters that are invisible, or that change the order in which others are shown, stand nowhere in a policy: what a
reader approves has to be what the compiler reads (Trojan Source, CVE-2021-42574; UTS #39). In a string they are
written as an escape. The set is spelled out here and not asked of `unicodedata`, whose answer depends on the version
of Python: control characters, line and paragraph separators, surrogates, all that Unicode calls default ignorable
(bidi controls, joiners, variation selectors, tags, Hangul fillers), and the blank Braille pattern.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from tenetlang.report.finding import Finding
from tenetlang.text import Span

_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u(?:\{[^}\"]*\}?)?|(.))", re.DOTALL)
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_UNSEEN_IN_STRINGS = re.compile(f"[\t\n\r]|{INVISIBLE.pattern}")
_FRACTION = re.compile(r"\.[0-9]+")


class Mistake(Exception):
    """What ends the reading of a declaration; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.check)
        self.finding = finding


def string(raw: str, at: Span) -> str:
    """The value of a string as written, quotes included, which stands at `at`. Raises Mistake."""
    if raw[0] == "`":
        return plain(raw[1:-1], at.start + 1, at)
    return unescape(raw[1:-1], at.start + 1, at)


def unescape(piece: str, offset: int, at: Span) -> str:
    """The value of a part of a string, without quotes, that begins at `offset`. Raises Mistake."""
    plain(piece, offset, at)
    if "\\" not in piece:
        return piece

    def value(found: re.Match[str]) -> str:
        if found[2] in _SIMPLE:
            return _SIMPLE[found[2]]
        place = Span(at.text, offset + found.start(), offset + found.end())
        if found[1] is None:
            raise Mistake(Finding("bad-escape", place, {"escape": found[0]}))
        code = int(found[1], 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise Mistake(Finding("bad-escape", place, {"escape": found[0]}, "codepoint"))
        return chr(code)

    return _ESCAPE.sub(value, piece)


def plain(piece: str, offset: int, at: Span) -> str:
    """The same text, which holds nothing that a reader would not see. Raises Mistake."""
    if not _plainly_seen(piece):
        found = _UNSEEN_IN_STRINGS.search(piece)
        if found is not None:
            start = offset + found.start()
            raise Mistake(unseen(Span(at.text, start, start + 1), in_string=True))
    return piece


def _plainly_seen(text: str) -> bool:
    """A quick question, with the answer yes for most texts; `isprintable` alone lets variation selectors pass."""
    return text.isascii() and text.isprintable()


def unseen(at: Span, *, in_string: bool = False) -> Finding:
    """The finding for one character that has no place, or none unescaped."""
    character = at.source
    details = {"character": _described(character)}
    if in_string:
        details["escape"] = escape(character)
    return Finding("bad-character", at, details, _variant(character))


def escape(character: str) -> str:
    """The character as a string has to write it."""
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, f"\\u{{{ord(character):x}}}")


def _variant(character: str) -> str:
    if _BIDI.match(character):
        return "bidi"
    if character < " " or "\x7f" <= character <= "\x9f":
        return "control"
    return "invisible" if INVISIBLE.match(character) else ""


def _described(character: str) -> str:
    shown = "" if _variant(character) or not character.isprintable() else f"`{character}`, "
    name = unicodedata.name(character, "").lower()
    return f"{shown}U+{ord(character):04X}" + (f" ({name})" if name and not shown else "")


def quote(value: str) -> str:
    """The string literal that has this value."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    if not _plainly_seen(escaped):
        escaped = _UNSEEN_IN_STRINGS.sub(lambda found: escape(found[0]), escaped)
    return f'"{escaped}"'


def needs_escape(value: str) -> bool:
    """Whether a string with this value can't be written in backticks."""
    return "`" in value or (not _plainly_seen(value) and _UNSEEN_IN_STRINGS.search(value) is not None)


def unquote(literal: str) -> str:
    """The value of a string literal that `quote` made."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _SIMPLE[found[2]], literal[1:-1])


def date_exists(text: str) -> bool:
    """Whether a date or time of the right shape names a moment: no month 13, no second 60."""
    try:
        dt.datetime.fromisoformat(_FRACTION.sub("", text))
    except ValueError:
        return False
    return True
