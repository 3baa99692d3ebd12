"""Sets of code points, and letter case, by tables that come with the policy and not with the running Python (Unicode 15.1)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import Tuple

from tenetlang.targets.standalone.document import UNICODE

Ranges = Tuple[Tuple[int, int], ...]

LAST = 0x10FFFF
ALL = ((0, 0xD7FF), (0xE000, LAST))

DIGIT = ((0x30, 0x39),)
SPACE = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))

POSIX = {
    "alnum": ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": ((0x41, 0x5A),),
    "word": WORD,
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}
"""The classes that are written `[[:alpha:]]`; all of them are ASCII."""


def normalized(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The set of all code points in any of the ranges, without surrogates."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            if high > merged[-1][1]:
                merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    if any(low <= 0xDFFF and high >= 0xD800 for low, high in merged):
        return tuple(_without_surrogates(merged))
    return tuple(merged)


def _without_surrogates(ranges: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    for low, high in ranges:
        if low < 0xD800:
            yield low, min(high, 0xD7FF)
        if high > 0xDFFF:
            yield max(low, 0xE000), high
        # What lies in between is dropped.


def complement(ranges: Ranges) -> Ranges:
    """All code points that a string can hold and the set does not."""
    gaps: list[tuple[int, int]] = []
    following = 0
    for low, high in ranges:
        if low > following:
            gaps.append((following, low - 1))
        following = high + 1
    if following <= LAST:
        gaps.append((following, LAST))
    return normalized(gaps)


def folded(ranges: Ranges) -> Ranges:
    """The set and all letters that differ from one of its own only in case."""
    following = next_in_orbit()
    letters = _letters()
    added: list[tuple[int, int]] = []
    for low, high in ranges:
        for letter in letters[bisect_left(letters, low) : bisect_right(letters, high)]:
            other = following[letter]
            while other != letter:
                added.append((other, other))
                other = following[other]
    return normalized((*ranges, *added)) if added else ranges


@lru_cache(256)
def unicode_class(name: str) -> Ranges | None:
    r"""The code points of `\p{NAME}`, a general category or a script of Unicode 15.1, or None if there is no such name.

    Names are written as Unicode writes them (`Lu`, `L`, `Greek`). `C` leaves out unassigned code points, as in RE2.
    """
    if name == "Any":
        return ALL
    if len(name) == 1:
        members = [text for category, text in UNICODE["categories"].items() if category[0] == name]
        return normalized(each for text in members for each in _decoded_ranges(text)) or None
    text = UNICODE["categories"].get(name, UNICODE["scripts"].get(name))
    return None if text is None else normalized(_decoded_ranges(text))


def _decoded_ranges(text: str) -> Iterable[tuple[int, int]]:
    end = 0
    for entry in text.split():
        gap, _, more = entry.partition("+")
        start = end + int(gap, 16)
        end = start + int(more or "0", 16)
        yield start, end


def case_mapping(table: str) -> dict[int, int]:
    """A table of letter case: where it leads from each letter that it has."""
    mapping: dict[int, int] = {}
    start = 0
    for entry in table.split():
        sign = 1 if "^" in entry else -1
        run, _, distance = entry.partition("^" if sign > 0 else "_")
        stride = 2 if "/" in run else 1
        gap, _, more = run.partition("/" if stride == 2 else "+")
        start += int(gap, 16)
        for letter in range(start, start + stride * int(more or "0", 16) + 1, stride):
            mapping[letter] = letter + sign * int(distance, 16)
    return mapping


@lru_cache(None)
def next_in_orbit() -> dict[int, int]:
    """For each letter with case the next of those that differ from it only in case; the last leads to the first."""
    return case_mapping(UNICODE["folding"])


@lru_cache(None)
def _letters() -> tuple[int, ...]:
    return tuple(sorted(next_in_orbit()))


def lower_case(text: str) -> str:
    """The text with every upper-case letter in lower case."""
    return text.lower() if text.isascii() else text.translate(_lower_mapping())


def upper_case(text: str) -> str:
    """The text with every lower-case letter in upper case, where it has one."""
    return text.upper() if text.isascii() else text.translate(_upper_mapping())


def without_case(text: str) -> str:
    """The text with each letter replaced by one that stands for all that differ from it only in case, as for `(?i)`."""
    return text.translate(_first_of_orbit())


@lru_cache(None)
def _lower_mapping() -> dict[int, int]:
    return case_mapping(UNICODE["lower"])


@lru_cache(None)
def _upper_mapping() -> dict[int, int]:
    return case_mapping(UNICODE["upper"])


@lru_cache(None)
def _first_of_orbit() -> dict[int, int]:
    following = next_in_orbit()
    first: dict[int, int] = {}
    for letter in sorted(following):
        other = following[letter]
        while letter not in first and other not in first and other != letter:
            other = following[other]
        first[letter] = first.get(other, letter)
    return first
