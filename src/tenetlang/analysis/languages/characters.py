"""Which code point out of a set a person would write.

A witness is read by people, so of all texts that show the same thing the one is wanted that looks as if somebody had
typed it. Each code point has a price, and the price of a text is the sum: a text with fewer invisible characters is
cheaper than any text with more, then one with fewer characters outside ASCII, then with less punctuation, fewer
capitals, fewer digits. What is left, lower-case letters, costs nothing.

    a-z   0-9   A-Z   - _ . / and other punctuation   the space   visible Unicode   combining marks   the rest

Within a class the first one in this order is taken, and `é` where it may be. Outside ASCII, a letter, number, sign or
symbol of the Unicode tables that come with tenetlang is visible if `values.faults.is_visible` doesn't object; so the
choice does not depend on the Python that runs.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache, lru_cache
from typing import Final

from tenetlang.values.code_points import LAST, Ranges, normalized, unicode_class
from tenetlang.values.faults import is_visible

_CLASS: Final = 20
"""Bits that one class may count in: a text has fewer code points than 2 to this power."""

_DIGIT, _CAPITAL, _SIGN, _SPACE, _FOREIGN, _MARK, _INVISIBLE = (1 << _CLASS * rank for rank in range(7))

_SIGNS: Final = tuple(map(ord, "-_./:@=+,!#$%&()*;<>?[]^{}|~'\"`\\"))
_PREFERRED: Final = ((0x61, 0x7A, 0), (0x30, 0x39, _DIGIT), (0x41, 0x5A, _CAPITAL))

_FAMILIAR: Final = ord("é")

_FIRST_PLANE_WITHOUT_VISIBLE: Final = 0xE0000


def choose(low: int, high: int) -> tuple[int, int]:
    """The price of the cheapest code point from `low` to `high`, and that code point."""
    if low <= 0x61 <= high:
        return 0, 0x61
    for first, last, price in _PREFERRED:
        if low <= last and high >= first:
            return price, max(low, first)
    return _choose(low, high)


@lru_cache(4_096)
def _choose(low: int, high: int) -> tuple[int, int]:
    if low < 0x80:
        for sign in _SIGNS:
            if low <= sign <= high:
                return _SIGN, sign
        if low <= 0x20 <= high:
            return _SPACE, 0x20
    if low <= _FAMILIAR <= high:
        return _FOREIGN, _FAMILIAR
    for ranges, price in ((_of("Ll"), _FOREIGN), (_of("L", "N", "P", "S"), _FOREIGN), (_of("M"), _MARK)):
        found = _first_visible(ranges, low, high)
        if found is not None:
            return price, found
    found = _first_visible(((low, min(high, _FIRST_PLANE_WITHOUT_VISIBLE - 1)),), low, high)
    return (_MARK, found) if found is not None else (_INVISIBLE, low)


def _first_visible(ranges: Ranges, low: int, high: int) -> int | None:
    """The first code point of the set from `low` to `high` that can be seen."""
    for place in range(max(bisect_right(ranges, (low, LAST)) - 1, 0), len(ranges)):
        first, last = ranges[place]
        if first > high:
            return None
        for code_point in range(max(low, first), min(high, last) + 1):
            if is_visible(chr(code_point)):
                return code_point
    return None


@cache
def _of(*categories: str) -> Ranges:
    """The code points of these categories outside ASCII."""
    ranges = normalized(each for category in categories for each in unicode_class(category) or ())
    return tuple((max(low, 0x80), high) for low, high in ranges if high >= 0x80)
