"""The patterns of `like` and `matches` as one small syntax.

Globs and regular expressions say the same kind of thing: which strings, as a whole, belong. So both become the same
six nodes, in which nothing is left of either notation:

    Empty                    the empty string
    Literal("abc")           these code points
    AnyOf(ranges)            one code point out of a set (values/code_points.py)
    Sequence(parts)          one after the other
    Choice(options)          any of them
    Repeat(of, least, most)  so many times in a row; `most` None is without end

From here a matcher, an automaton or a pattern for another engine is made; nobody reads the author's text again. There
are no groups to number and no order of preference, because a match of the whole string is a yes or a no. Case folding
is gone too: `(?i)` is spelled out in the sets.

**Bounds.** A pattern is at most 4,096 characters long, its groups nest at most 50 deep, nested counts multiply to at
most 1,000, and it waits for at most 5,000 code points at once. All of that is decided here, from the syntax and before
any engine sees it, so `((a{1000}){1000}){1000}` costs microseconds; and since a matcher's work is at most its steps
times the length of the string, it bounds what a request can make a pattern cost.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from tenetlang.frozen import frozen
from tenetlang.values.code_points import ALL, Ranges, normalized

MAXIMUM_LENGTH: Final = 4_096
MAXIMUM_NESTING: Final = 50
MAXIMUM_COUNT: Final = 1_000
MAXIMUM_STEPS: Final = 5_000
MAXIMUM_SIZE: Final = 100_000


class PatternError(ValueError):
    """Why a text is no pattern: `reason` for its author, `offset` the code point in the text where it shows."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset

    def __str__(self) -> str:
        return self.reason


@frozen
class Empty:
    """The empty string."""


@frozen
class Literal:
    """These code points; at least one."""

    text: str


@frozen
class AnyOf:
    """One code point out of a set; out of the empty set there is none, and nothing matches."""

    ranges: Ranges


@frozen
class Sequence:
    """One part after the other; at least two, none of them a `Sequence` or `Empty`, no two `Literal` in a row."""

    parts: tuple[PatternSyntax, ...]


@frozen
class Choice:
    """Any of the options; at least two."""

    options: tuple[PatternSyntax, ...]


@frozen
class Repeat:
    """`of` at least `least` and at most `most` times in a row; `most` None is without end."""

    of: PatternSyntax
    least: int
    most: int | None


PatternSyntax: TypeAlias = Empty | Literal | AnyOf | Sequence | Choice | Repeat

ANY: Final = AnyOf(ALL)
ANYTHING: Final = Repeat(ANY, 0, None)


def sequence(parts: Iterable[PatternSyntax]) -> PatternSyntax:
    """The parts one after the other, in their simplest form."""
    flat: list[PatternSyntax] = []
    text: list[str] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Sequence) else (part,):
            if isinstance(piece, Literal):
                text.append(piece.text)
            elif not isinstance(piece, Empty):
                if text:
                    flat.append(Literal("".join(text)))
                    text.clear()
                flat.append(piece)
    if text:
        flat.append(Literal("".join(text)))
    if not flat:
        return Empty()
    return flat[0] if len(flat) == 1 else Sequence(tuple(flat))


def choice(options: Iterable[PatternSyntax]) -> PatternSyntax:
    """Any of the options, in their simplest form: each once, and single code points together as one set."""
    ranges: list[tuple[int, int]] = []
    others: dict[PatternSyntax, None] = {}
    for option in options:
        for piece in option.options if isinstance(option, Choice) else (option,):
            if isinstance(piece, AnyOf):
                ranges.extend(piece.ranges)
            elif isinstance(piece, Literal) and len(piece.text) == 1:
                ranges.append((ord(piece.text), ord(piece.text)))
            else:
                others[piece] = None
    flat: list[PatternSyntax] = list(others)
    if ranges or not flat:
        flat.insert(0, any_of(normalized(ranges)))
    return flat[0] if len(flat) == 1 else Choice(tuple(flat))


def any_of(ranges: Ranges) -> PatternSyntax:
    """One code point out of the set."""
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return Literal(chr(ranges[0][0]))
    return AnyOf(ranges)


def repeat(of: PatternSyntax, least: int, most: int | None) -> PatternSyntax:
    """`of` so many times in a row, in its simplest form."""
    if most == 0 or isinstance(of, Empty):
        return Empty()
    if (least, most) == (1, 1):
        return of
    return Repeat(of, least, most)


def steps(syntax: PatternSyntax) -> int:
    """How many code points, repeated ones counted each time, a matcher may be waiting for at once."""
    match syntax:
        case Empty() | AnyOf():
            return 1
        case Literal(text):
            return len(text)
        case Sequence(parts) | Choice(parts):
            return sum(map(steps, parts))
        case Repeat(of, least, most):
            return steps(of) * (max(least, 1) if most is None else most)


def size(syntax: PatternSyntax) -> int:
    """How large a matcher over the bytes of UTF-8 is, about: an entry for each range of bytes and for each branch."""
    match syntax:
        case Empty():
            return 1
        case Literal(text):
            return len(text.encode())
        case AnyOf(ranges):
            return _size_of_set(ranges)
        case Sequence(parts):
            return sum(map(size, parts))
        case Choice(options):
            return sum(map(size, options)) + len(options)
        case Repeat(of, least, most):
            return (size(of) + 1) * (max(least, 1) if most is None else most)


@lru_cache(256)
def _size_of_set(ranges: Ranges) -> int:
    """The ranges of bytes that spell the set in UTF-8; those with the same bytes after them are shared, as in RE2."""
    if ranges == ALL:
        return 7
    shared: set[tuple[tuple[int, int], ...]] = set()
    pending = list(ranges)
    while pending:
        low, high = pending.pop()
        cut = _cut(low, high)
        if cut is None:
            spelled = tuple(zip(chr(low).encode(), chr(high).encode(), strict=True))
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


def check_text(text: str) -> None:
    """Raises `PatternError` for a text that is too long or no Unicode text to be a pattern."""
    if len(text) > MAXIMUM_LENGTH:
        raise PatternError(f"a pattern has at most {MAXIMUM_LENGTH:,} characters, this one {len(text):,}", 0)
    for offset, character in enumerate(text):
        if "\ud800" <= character <= "\udfff":
            raise PatternError("a pattern can't hold half of a surrogate pair", offset)


def bounded(syntax: PatternSyntax) -> PatternSyntax:
    """The syntax, if a matcher for it is of a size to be used on hostile text; else raises `PatternError`."""
    if steps(syntax) > MAXIMUM_STEPS or size(syntax) > MAXIMUM_SIZE:
        raise PatternError("the pattern is too large: its counts and classes multiply", 0)
    return syntax
