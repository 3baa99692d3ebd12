"""Upper and lower case, code point by code point.

Python's own `str.lower` follows the Unicode of the Python that runs, makes two code points of some letters (`İ`) and
looks around each sigma. Here every code point has at most one other, from the tables that come with tenetlang: the simple
mappings of Unicode 15.1. So a text keeps its length, the same policy gives the same text on every machine, and what
holds of a text in lower case can be reasoned about one code point at a time.
"""

from __future__ import annotations

from functools import cache

from tenetlang.values.code_points import case_mapping, next_in_orbit
from tenetlang.values.unicode_tables import LOWER, UPPER


def lower(text: str) -> str:
    """The text with every upper-case letter in lower case."""
    return text.lower() if text.isascii() else text.translate(_lower())


def upper(text: str) -> str:
    """The text with every lower-case letter in upper case, where it has one; `ß` has none of one code point."""
    return text.upper() if text.isascii() else text.translate(_upper())


def without_case(text: str) -> str:
    """The text with each letter replaced by one that stands for all that differ from it only in case, as for `(?i)`."""
    return text.translate(_first_of_orbit())


@cache
def _lower() -> dict[int, int]:
    return case_mapping(LOWER)


@cache
def _upper() -> dict[int, int]:
    return case_mapping(UPPER)


@cache
def _first_of_orbit() -> dict[int, int]:
    following = next_in_orbit()
    first: dict[int, int] = {}
    for letter in sorted(following):
        other = following[letter]
        while letter not in first and other not in first and other != letter:
            other = following[other]
        first[letter] = first.get(other, letter)
    return first
