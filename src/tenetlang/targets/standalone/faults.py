"""The ways in which something can be wrong, and how messages quote what they refuse."""

from __future__ import annotations

SHOWN_LENGTH = 60
"""No more code points than this of a refused text are repeated in a message."""


class ValueFault(Exception):
    """A value that could not be read, or an operation that has no result; `code` is what a decision calls the error."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class Fault(Exception):
    """An error inside a rule: its code and its place, `file:line`."""

    def __init__(self, code: str, at: str) -> None:
        super().__init__(code, at)
        self.code = code
        self.at = at


class Refused(Exception):
    """A value that does not fit: what is wrong, and the steps to it from the inside out."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps: list[str | int] = []

    def within(self, *steps: str | int) -> Refused:
        """The same, found further in."""
        self.steps += steps
        return self

    @property
    def path(self) -> str:
        """The place, as in `args.to[2]`."""
        return path_text(self.steps[::-1])


class PatternError(Exception):
    """Why a text is no pattern, and the code point where it shows."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset


class DataError(ValueError):
    """A document that does not have its declared type, or that nobody declared."""


def bad_input(detail: str) -> ValueFault:
    """The fault of text that is not what it should be."""
    return ValueFault("bad_input", detail)


def overflow(detail: str) -> ValueFault:
    """The fault of a result that does not fit its type."""
    return ValueFault("overflow", detail)


_INVISIBLE = (
    (0x00, 0x1F), (0x7F, 0xA0), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x1680, 0x1680),
    (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x2800, 0x2800),
    (0x3000, 0x3000), (0x3164, 0x3164), (0xD800, 0xF8FF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFC), (0xFFFE, 0xFFFF), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0x10FFFF),
)  # fmt: skip
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def is_visible(character: str) -> bool:
    """Whether a code point can be seen and does not change how its neighbours are read."""
    point = ord(character)
    return 0x20 <= point < 0x7F or not any(first <= point <= last for first, last in _INVISIBLE)


def shown(text: str) -> str:
    """The text in double quotes, cut to 60 code points, with all that is invisible escaped."""
    quoted = "".join(map(_escaped, text[:SHOWN_LENGTH]))
    return f'"{quoted}\u2026"' if len(text) > SHOWN_LENGTH else f'"{quoted}"'


def _escaped(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return short
    return character if is_visible(character) else f"\\u{{{ord(character):x}}}"


def path_text(steps: list[str | int]) -> str:
    """The place that keys and positions lead to, from the outside in: `args.to[2]`, `data["two words"]`."""
    text = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if _is_word(step) else f"[{shown(step)}]" for step in steps
    )
    return text[1:] if text[:1] == "." else text


def _is_word(key: str) -> bool:
    return len(key) <= 60 and key.isascii() and key.isidentifier()


def is_text(text: str) -> bool:
    """Whether a Python string is made of code points without half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
