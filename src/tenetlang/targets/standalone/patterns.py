"""The patterns of `like` and `matches` as one small syntax: which strings, as a whole, belong.

    ("empty",)                         the empty string
    ("literal", text)                  these code points
    ("any_of", ranges)                 one code point out of a set
    ("sequence", parts)                one after the other
    ("choice", options)                any of them
    ("repeat", of, least, most)        so many times in a row; `most` None is without end

Python's own `re` backtracks and is used for none of this; `matching.py` has the matcher.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from tenetlang.targets.standalone.code_points import ALL, Ranges, complement, normalized
from tenetlang.targets.standalone.faults import PatternError

MAXIMUM_LENGTH = 4_096
MAXIMUM_NESTING = 50
MAXIMUM_COUNT = 1_000
MAXIMUM_STEPS = 5_000
MAXIMUM_SIZE = 100_000
TOO_LARGE = "the pattern is too large: its counts and classes multiply"

EMPTY = ("empty",)
ANY = ("any_of", ALL)
ANYTHING = ("repeat", ANY, 0, None)


def sequence(parts: Iterable[tuple]) -> tuple:
    """The parts one after the other, in their simplest form."""
    flat: list[tuple] = []
    for part in parts:
        for piece in part[1] if part[0] == "sequence" else (part,):
            if piece[0] == "literal" and flat and flat[-1][0] == "literal":
                flat[-1] = ("literal", flat[-1][1] + piece[1])
            elif piece[0] != "empty":
                flat.append(piece)
    if not flat:
        return EMPTY
    return flat[0] if len(flat) == 1 else ("sequence", tuple(flat))


def choice(options: Iterable[tuple]) -> tuple:
    """Any of the options, in their simplest form: each once, and single code points together as one set."""
    ranges: list[tuple[int, int]] = []
    others: dict[tuple, None] = {}
    for option in options:
        for piece in option[1] if option[0] == "choice" else (option,):
            if piece[0] == "any_of":
                ranges.extend(piece[1])
            elif piece[0] == "literal" and len(piece[1]) == 1:
                ranges.append((ord(piece[1]), ord(piece[1])))
            else:
                others[piece] = None
    flat = list(others)
    if ranges or not flat:
        flat.insert(0, any_of(normalized(ranges)))
    return flat[0] if len(flat) == 1 else ("choice", tuple(flat))


def any_of(ranges: Ranges) -> tuple:
    """One code point out of the set."""
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return ("literal", chr(ranges[0][0]))
    return ("any_of", ranges)


def repeat(of: tuple, least: int, most: int | None) -> tuple:
    """`of` so many times in a row, in its simplest form."""
    if most == 0 or of[0] == "empty":
        return EMPTY
    if (least, most) == (1, 1):
        return of
    return ("repeat", of, least, most)


def steps_of(syntax: tuple) -> int:
    """How many code points, repeated ones counted each time, a matcher may be waiting for at once."""
    kind = syntax[0]
    if kind == "literal":
        return len(syntax[1])
    if kind in {"sequence", "choice"}:
        return sum(map(steps_of, syntax[1]))
    if kind == "repeat":
        _, of, least, most = syntax
        return steps_of(of) * (max(least, 1) if most is None else most)
    return 1


def size_of_pattern(syntax: tuple) -> int:
    """How large a matcher over the bytes of UTF-8 would be, about: it bounds which patterns there are, for every target alike."""
    kind = syntax[0]
    if kind == "literal":
        return len(syntax[1].encode())
    if kind == "any_of":
        return _size_of_set(syntax[1])
    if kind == "sequence":
        return sum(map(size_of_pattern, syntax[1]))
    if kind == "choice":
        return sum(map(size_of_pattern, syntax[1])) + len(syntax[1])
    if kind == "repeat":
        _, of, least, most = syntax
        return (size_of_pattern(of) + 1) * (max(least, 1) if most is None else most)
    return 1


@lru_cache(256)
def _size_of_set(ranges: Ranges) -> int:
    if ranges == ALL:
        return 7
    shared: set[tuple] = set()
    pending = list(ranges)
    while pending:
        low, high = pending.pop()
        cut = _cut(low, high)
        if cut is None:
            spelled = tuple(zip(chr(low).encode(), chr(high).encode()))
            shared.update(spelled[start:] for start in range(len(spelled)))
        else:
            pending += [(low, cut), (cut + 1, high)]
    return len(shared) + 1


def _cut(low: int, high: int) -> int | None:
    """Where to cut a range in two, if one sequence of byte ranges can't spell it."""
    for last in (0x7F, 0x7FF, 0xFFFF):
        if low <= last < high:
            return last
    if high < 0x80:
        return None
    for continuations in (1, 2, 3):
        mask = (1 << (6 * continuations)) - 1
        if low & ~mask != high & ~mask:
            if low & mask:
                return low | mask
            if high & mask != mask:
                return (high & ~mask) - 1
    return None


def check_pattern_text(text: str) -> None:
    """Raises `PatternError` for a text that is too long or no Unicode text to be a pattern."""
    if len(text) > MAXIMUM_LENGTH:
        raise PatternError(f"a pattern has at most {MAXIMUM_LENGTH:,} characters, this one {len(text):,}")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise PatternError("a pattern can't hold half of a surrogate pair")


def bounded(syntax: tuple) -> tuple:
    """The syntax, if a matcher for it is of a size to be used on hostile text; else raises `PatternError`."""
    if steps_of(syntax) > MAXIMUM_STEPS or size_of_pattern(syntax) > MAXIMUM_SIZE:
        raise PatternError(TOO_LARGE)
    return syntax


def parse_glob(text: str, separator: str | None) -> tuple:
    """The syntax of a glob whose segments end at `separator`, or that has none. Raises `PatternError`."""
    check_pattern_text(text)
    within = ALL if separator is None else complement(((ord(separator), ord(separator)),))
    parts: list[tuple] = []
    offset = 0
    while offset < len(text):
        character = text[offset]
        offset += 1
        if character == "*":
            stars_from = offset - 1
            while text[offset : offset + 1] == "*":
                offset += 1
            parts.append(("repeat", ("any_of", within), 0, None) if offset - stars_from == 1 else ANYTHING)
        elif character == "?":
            parts.append(("any_of", within))
        elif character == "\\":
            parts.append(("literal", _escaped_in_glob(text[offset : offset + 1])))
            offset += 1
        else:
            parts.append(("literal", character))
    return bounded(sequence(parts))


def _escaped_in_glob(character: str) -> str:
    if not character:
        raise PatternError("the glob ends in a `\\` that escapes nothing; write `\\\\` for a backslash")
    if character.isascii() and character.isalnum():
        raise PatternError(f"`\\{character}` means nothing in a glob; write `\\\\` for a backslash")
    return character
