"""The texts of IPv6 addresses in the one form of RFC 5952, exactly, as a pattern.

The form is a finite language: eight groups of 16 bits in lower-case hexadecimal without zeros in front, where the first of the
longest runs of two or more zero groups is `::`. So, for each place and length of that run, what stands before it ends in a
group that isn't zero and has only shorter runs, and what stands behind it begins with one that isn't zero and has none that
is longer. Written out that is some two thousand letters, but nearly all endings are shared, and the automaton
(automata.py) shares them.

Left out is `::ffff:0:0/96`, the addresses of IPv4 in the form of IPv6, which `values/network.py` refuses.
"""

from __future__ import annotations

from functools import cache

from tenetlang.values.pattern_syntax import Empty, Literal, PatternSyntax, choice, repeat, sequence
from tenetlang.values.regular_expressions import parse_regex


@cache
def ipv6_texts() -> PatternSyntax:
    """The canonical texts of all addresses that `parse_ip` reads as IPv6."""
    options = [_groups(8, 1, 1)]
    for run in range(2, 9):
        for leading in range(9 - run):
            options.append(sequence([_leading(leading, run - 1), Literal("::"), _trailing(8 - run - leading, run)]))
    return choice(options)


def _leading(count: int, longest: int) -> PatternSyntax:
    """That many groups, the last not zero, with no longer run of zeros."""
    if not count:
        return Empty()
    if count - 1 <= longest:
        return sequence([repeat(sequence([_any_group(), Literal(":")]), count - 1, count - 1), _group()])
    return _groups(count, longest, longest, ends_in_zero=False)


def _trailing(count: int, longest: int) -> PatternSyntax:
    """That many groups, the first not zero, with no longer run of zeros."""
    if not count:
        return Empty()
    first = _group_but_mapped() if count == 3 and longest == 5 else _group()
    if count == 1:
        return first
    if count - 1 <= longest:
        return sequence([first, repeat(sequence([Literal(":"), _any_group()]), count - 1, count - 1)])
    return sequence([first, Literal(":"), _groups(count - 1, longest, longest)])


def _groups(count: int, longest: int, zeros: int, *, ends_in_zero: bool = True) -> PatternSyntax:
    """That many groups with no longer run of zeros, and at most `zeros` of them at the beginning."""
    if count == 1:
        return _any_group() if zeros and ends_in_zero else _group()
    following = sequence([_group(), Literal(":"), _groups(count - 1, longest, longest, ends_in_zero=ends_in_zero)])
    if not zeros:
        return following
    zero = sequence([Literal("0:"), _groups(count - 1, longest, zeros - 1, ends_in_zero=ends_in_zero)])
    return choice([following, zero])


@cache
def _group() -> PatternSyntax:
    return parse_regex("[1-9a-f][0-9a-f]{0,3}")


@cache
def _any_group() -> PatternSyntax:
    return parse_regex("0|[1-9a-f][0-9a-f]{0,3}")


@cache
def _group_but_mapped() -> PatternSyntax:
    """Any group but `0` and `ffff`."""
    return parse_regex("[1-9a-e][0-9a-f]{0,3}|f[0-9a-f]{0,2}|f(?:[0-9a-e][0-9a-f]|f[0-9a-e])[0-9a-f]|fff[0-9a-e]")
