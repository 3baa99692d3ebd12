"""Strings that a pattern matches, made up: what a sampled request holds where a parameter says `@pattern`."""

from __future__ import annotations

from functools import lru_cache
from random import Random

from tenetlang.values.code_points import Ranges
from tenetlang.values.pattern_syntax import AnyOf, Choice, Empty, Literal, PatternSyntax, Repeat, Sequence
from tenetlang.values.patterns import Pattern, compile_regex

MOST_MORE = 3
"""Repetitions beyond those that the pattern demands."""

_PRINTABLE = (0x21, 0x7E)


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Pattern:
    """The regular expression of a refinement, compiled once."""
    return compile_regex(pattern)


def matching(syntax: PatternSyntax, choose: Random) -> str:
    """A string that the pattern matches as a whole, mostly of printable ASCII; any string if it matches none."""
    match syntax:
        case Empty():
            return ""
        case Literal(text):
            return text
        case AnyOf(ranges):
            return _one_of(ranges, choose)
        case Sequence(parts):
            return "".join(matching(part, choose) for part in parts)
        case Choice(options):
            return matching(choose.choice(options), choose)
        case Repeat(of, least, most):
            more = MOST_MORE if most is None else min(most - least, MOST_MORE)
            return "".join(matching(of, choose) for _ in range(least + choose.randint(0, more)))


def _one_of(ranges: Ranges, choose: Random) -> str:
    low, high = _PRINTABLE
    printable = [(max(first, low), min(last, high)) for first, last in ranges if first <= high and last >= low]
    if not ranges:
        return ""
    first, last = choose.choice(printable or ranges)
    return chr(choose.randint(first, last))
