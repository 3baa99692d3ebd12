"""Patterns for decoded paths of URLs, as patterns for the URL's text.

`url.path` and `url.segments` are decoded, the text of a URL is not. What a policy says of `/Füße/*` is said of
`/F%C3%BC%C3%9Fe/*`. Since each code point is spelled in one way in the normal form of `values/urls.py`, a pattern is
rewritten set by set: letters that stand for themselves stay, each other one becomes the escapes of its bytes in UTF-8,
and what no path can hold (controls, the backslash) is left out. The ranges of bytes of a range of code points are
found as RE2 and Rust's `utf8-ranges` find them: cut where the number of bytes changes, then where a continuation byte overflows.

Only texts that are URLs count, so escapes that no URL holds may match: all code points that take three bytes are
`%E?%??%??` here, with the overlong and surrogate ones. And `*` needs no spelling at all: a run of code points in which all
that must be escaped may occur is a run of letters, `%` and hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from tenetlang.analysis.languages.derivatives import NOTHING, common, joined, repeated
from tenetlang.values.code_points import LAST, Ranges, contains, normalized
from tenetlang.values.pattern_syntax import (
    AnyOf,
    Choice,
    Empty,
    Literal,
    PatternSyntax,
    Repeat,
    Sequence,
    any_of,
    choice,
    repeat,
    sequence,
    steps,
)

MAXIMUM_STEPS: Final = 5_000
"""A pattern that becomes larger than this is not worth a search."""


def _set(characters: str) -> Ranges:
    return normalized((ord(character), ord(character)) for character in characters)


PLAIN: Final = normalized([(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A), *_set("-._~!$&'()*+,;=:@")])
"""What stands for itself in a segment."""

_PLAIN_OR_SLASH: Final = normalized([*PLAIN, (0x2F, 0x2F)])
_ESCAPED_ASCII: Final = _set(' "#%<>?[]^`{|}')
_HEXADECIMAL: Final = ((0x30, 0x39), (0x41, 0x46))
_FOREIGN: Final = ((0x80, 0xD7FF), (0xE000, LAST))
_ESCAPED: Final = normalized([*_ESCAPED_ASCII, *_FOREIGN])


def escaped(syntax: PatternSyntax) -> PatternSyntax | None:
    """The pattern for the spelling of what the pattern matches, slashes as they are; None if it would be too large."""
    if _too_wide(syntax):
        return None
    found = _escaped(syntax)
    return None if steps(found) > MAXIMUM_STEPS else found


def _too_wide(syntax: PatternSyntax) -> bool:
    """Whether a set has too many ranges to spell them all."""
    match syntax:
        case Empty() | Literal():
            return False
        case AnyOf(ranges):
            return len(ranges) > MAXIMUM_STEPS // 10 and common(ranges, _FOREIGN) != _FOREIGN
        case Sequence(parts):
            return any(map(_too_wide, parts))
        case Choice(options):
            return any(map(_too_wide, options))
        case Repeat(of, _, _):
            return _too_wide(of)


def _escaped(syntax: PatternSyntax) -> PatternSyntax:
    match syntax:
        case Empty():
            return syntax
        case Literal(text):
            return joined(*(_set_escaped(_set(character)) for character in text))
        case AnyOf(ranges):
            return _set_escaped(ranges)
        case Sequence(parts):
            return joined(*map(_escaped, parts))
        case Choice(options):
            return choice(map(_escaped, options))
        case Repeat(AnyOf(ranges), least, None) if common(ranges, _ESCAPED) == _ESCAPED:
            return joined(repeated(_set_escaped(ranges), least, least), _run(ranges))
        case Repeat(of, least, most):
            return repeated(_escaped(of), least, most)


def _run(ranges: Ranges) -> PatternSyntax:
    """Any number of code points of a set that holds all that must be escaped."""
    plain = common(ranges, _PLAIN_OR_SLASH)
    if common(ranges, _HEXADECIMAL) == _HEXADECIMAL:
        return repeat(AnyOf(normalized([*plain, *_set("%")])), 0, None)
    digit = AnyOf(_HEXADECIMAL)
    return repeat(choice([any_of(plain), sequence([Literal("%"), digit, digit])]), 0, None)


@lru_cache(256)
def _set_escaped(ranges: Ranges) -> PatternSyntax:
    """The spellings of the code points of a set."""
    options: list[PatternSyntax] = [any_of(common(ranges, _PLAIN_OR_SLASH))]
    if common(ranges, _ESCAPED_ASCII) == _ESCAPED_ASCII:
        options.append(_bytes_escaped(((0x20, 0x7F),)))
    else:
        options += [
            Literal(f"%{byte:02X}")
            for low, high in _ESCAPED_ASCII
            for byte in range(low, high + 1)
            if contains(ranges, byte)
        ]
    if common(ranges, _FOREIGN) == _FOREIGN:
        more = (0x80, 0xBF)
        options.append(_bytes_escaped(((0xC0, 0xDF), more)))
        options.append(_bytes_escaped(((0xE0, 0xEF), more, more)))
        options.append(_bytes_escaped(((0xF0, 0xFF), more, more, more)))
    else:
        options += [
            _bytes_escaped(spelled) for low, high in common(ranges, _FOREIGN) for spelled in utf8_ranges(low, high)
        ]
    return choice(option for option in options if option != NOTHING)


def utf8_ranges(low: int, high: int) -> Iterator[Ranges]:
    """The range of code points as ranges of bytes, one for each byte of a spelling."""
    for last in (0x7F, 0x7FF, 0xFFFF):
        if low <= last < high:
            yield from utf8_ranges(low, last)
            yield from utf8_ranges(last + 1, high)
            return
    for continuations in (1, 2, 3):
        mask = (1 << (6 * continuations)) - 1
        if high >= 0x80 and low & ~mask != high & ~mask:
            cut = low | mask if low & mask else (high & ~mask) - 1
            if low & mask or high & mask != mask:
                yield from utf8_ranges(low, cut)
                yield from utf8_ranges(cut + 1, high)
                return
    yield tuple(zip(chr(low).encode(), chr(high).encode(), strict=True))


def _bytes_escaped(ranges: Ranges) -> PatternSyntax:
    return sequence(part for low, high in ranges for part in (Literal("%"), _byte(low, high)))


def _byte(low: int, high: int) -> PatternSyntax:
    """Two hexadecimal digits from one number to another."""
    digits = "0123456789ABCDEF"
    by_seconds: dict[str, str] = {}
    for first in range(low >> 4, (high >> 4) + 1):
        seconds = digits[low & 15 if first == low >> 4 else 0 : (high & 15 if first == high >> 4 else 15) + 1]
        by_seconds[seconds] = by_seconds.get(seconds, "") + digits[first]
    return choice(sequence([any_of(_set(firsts)), any_of(_set(seconds))]) for seconds, firsts in by_seconds.items())
