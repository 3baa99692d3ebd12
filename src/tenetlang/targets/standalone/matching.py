"""The matcher: an automaton that is in all its states at once, never one that tries and goes back.

A pattern becomes a nondeterministic automaton over code points (Thompson, 1968). Matching goes through the text once and keeps
the set of states that are possible; each such set, once met, is remembered with where each class of code points leads from it (a
deterministic automaton, made as far as it is needed, as in RE2). What is remembered is bounded. Time is at most the length of the
text times the size of the pattern, which `bounded` limits, whatever the text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from threading import RLock

from tenetlang.targets.standalone.code_points import Ranges
from tenetlang.targets.standalone.patterns import parse_glob
from tenetlang.targets.standalone.regular_expressions import parse_regex

KEPT_SETS = 1_000


class States:
    """A set of states that is possible at once: whether the text may end there, and where each class of code points leads."""

    __slots__ = ("leads", "matches", "states")

    def __init__(self, states: tuple[int, ...], matches: bool) -> None:
        self.states = states
        self.matches = matches
        self.leads: dict[int, States] = {}


class Matcher:
    """The automaton of one pattern."""

    def __init__(self, syntax: tuple) -> None:
        self.ranges: list[Ranges | None] = []
        self.nexts: list[list[int]] = []
        self.final = self.state(None, [])
        self.start = self.build(syntax, self.final)
        cuts = {0}
        for ranges in self.ranges:
            for low, high in ranges or ():
                cuts |= {low, high + 1}
        self.cuts = sorted(cuts)
        self.lock = RLock()
        self.sets: dict[tuple[int, ...], States] = {}
        self.first = self.closed([self.start])

    def state(self, ranges: Ranges | None, following: list[int]) -> int:
        self.ranges.append(ranges)
        self.nexts.append(following)
        return len(self.ranges) - 1

    def build(self, syntax: tuple, following: int) -> int:
        """The state from which the syntax, and then `following`, is matched."""
        kind = syntax[0]
        if kind == "literal":
            for character in reversed(syntax[1]):
                following = self.state(((ord(character), ord(character)),), [following])
            return following
        if kind == "any_of":
            return self.state(syntax[1], [following])
        if kind == "sequence":
            for part in reversed(syntax[1]):
                following = self.build(part, following)
            return following
        if kind == "choice":
            return self.state(None, [self.build(option, following) for option in syntax[1]])
        if kind == "repeat":
            return self.build_repeat(syntax, following)
        return following

    def build_repeat(self, syntax: tuple, following: int) -> int:
        _, of, least, most = syntax
        after = following
        if most is None:
            after = self.state(None, [])
            self.nexts[after] = [self.build(of, after), following]
        else:
            for _ in range(most - least):
                after = self.state(None, [self.build(of, after), following])
        for _ in range(least):
            after = self.build(of, after)
        return after

    def closed(self, states: Iterable[int]) -> States:
        """The set of these states and all that are reached without a code point; the same object for the same states."""
        found: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state not in found:
                found.add(state)
                if self.ranges[state] is None:
                    waiting += self.nexts[state]
        kept = tuple(sorted(state for state in found if self.ranges[state] is not None or state == self.final))
        return self.sets.setdefault(kept, States(kept, self.final in found))

    def step(self, states: States, number: int) -> States:
        """Where a class of code points leads from a set of states."""
        point = self.cuts[number]
        following: list[int] = []
        for state in states.states:
            if any(low <= point <= high for low, high in self.ranges[state] or ()):
                following += self.nexts[state]
        with self.lock:
            if len(self.sets) > KEPT_SETS:
                self.sets = {}
                self.first = self.closed([self.start])
            reached = self.closed(following)
            states.leads[number] = reached
        return reached

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        cuts, states = self.cuts, self.first
        for character in text:
            number = bisect_right(cuts, ord(character)) - 1
            known = states.leads.get(number)
            states = self.step(states, number) if known is None else known
            if not states.states:
                return False
        return states.matches


class Pattern:
    """A glob or a regular expression, made of text of the policy or its documents, never of a request."""

    def __init__(self, kind: str, source: str, separator: str | None) -> None:
        self.kind = kind
        self.source = source
        self.separator = separator
        self.syntax = parse_glob(source, separator) if kind == "glob" else parse_regex(source)
        self.matcher: Matcher | None = None

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        if self.matcher is None:
            self.matcher = Matcher(self.syntax)
        return self.matcher.matches(text)

    def within(self, separator: str | None) -> Pattern:
        """The same glob where segments end at `separator`; a regular expression is itself."""
        if self.kind == "regex" or self.separator == separator:
            return self
        return _glob_within(self.source, separator)


@lru_cache(4_096)
def _glob_within(source: str, separator: str | None) -> Pattern:
    return Pattern("glob", source, separator)
