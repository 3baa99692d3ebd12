"""The one exception of this layer, and how it quotes what it refuses."""

from __future__ import annotations

from typing import Final

SHOWN_LENGTH: Final = 60
"""No more code points than this of a refused text are repeated in a message."""


class ValueFault(Exception):
    """A value that could not be read, or an operation that has no result.

    `code` is one of `overflow`, `division_by_zero`, `bad_index`, `bad_input` and `too_much_work`, as the trace of a decision
    names errors; `detail` is a short English reason.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


def bad_input(detail: str) -> ValueFault:
    """The fault of text that is not what it should be."""
    return ValueFault("bad_input", detail)


def overflow(detail: str) -> ValueFault:
    """The fault of a result that does not fit its type."""
    return ValueFault("overflow", detail)


def shown(text: str) -> str:
    """The text in double quotes, cut to `SHOWN_LENGTH` code points, with all that is invisible escaped."""
    cut = text[:SHOWN_LENGTH]
    return f'"{escaped(cut)}…"' if len(cut) < len(text) else f'"{escaped(cut)}"'


def escaped(text: str) -> str:
    """The text as it stands between the quotes of a string literal."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(map(_escaped, text))


def is_visible(character: str) -> bool:
    """Whether a code point can be seen and does not change how its neighbours are read.

    The others are controls, spaces except the plain one, direction controls, and what Unicode calls default
    ignorable (UAX 44). They are listed here, not asked of Python, whose tables change with its version.
    """
    point = ord(character)
    return 0x20 <= point < 0x7F or not any(first <= point <= last for first, last in _INVISIBLE)


_INVISIBLE: Final = (
    (0x00, 0x1F),
    (0x7F, 0xA0),
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x1680, 0x1680),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2000, 0x200F),
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xD800, 0xF8FF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFC),
    (0xFFFE, 0xFFFF),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0x10FFFF),
)
_SHORT_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escaped(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return short
    return character if is_visible(character) else f"\\u{{{ord(character):x}}}"
