"""Is there a text that matches these patterns and none of those?

That one question is behind all that is said about conditions on strings: whether two rules can meet (a text that matches
both), whether one condition implies another (no text that matches the first and not the second), whether a rule is
reachable, and which text to show for it. A language here is a set of texts over Unicode code points, without
surrogates, given as a `PatternSyntax` (values/pattern_syntax.py), so `like`, `matches`, `==`, `starts_with` and the
texts of a parsed type all come as the same six nodes.

    find_text(positive, negative)  ->  a text | NO_TEXT | Undecided
    is_disjoint(a, b)              ->  bool | Undecided
    contains(a, b)                 ->  bool | Undecided        each text of a is one of b

How it is found, why `NO_TEXT` is a proof and when the answer is `Undecided` is told in product.py. Here is what comes
before a search: the questions whose answer can be read off the patterns. Most patterns of policies begin or end in letters
that are given, so two of them can mostly be told apart, or one be seen to hold the other, without a single state.

Excluded texts are asked for with what was found before, to get another; they take part in a search only if the text
that is found without them is one of them.

What is prepared of a pattern, and the answers about pairs, are remembered in bounded memory.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, TypeAlias

import attrs

from tenetlang.analysis.languages.automata import Automaton, TooLarge
from tenetlang.analysis.languages.product import NO_TEXT, NoText, Search, Undecided, excluded_texts
from tenetlang.values.pattern_syntax import ANYTHING, PatternSyntax

__all__ = ["BUDGET", "NO_TEXT", "NoText", "Undecided", "contains", "find_text", "is_disjoint"]

BUDGET: Final = 20_000
"""States of the product that one search may visit; a tenth of a second for patterns of a usual size."""

_PREPARED: Final = 200_000
"""Positions of all patterns that are kept ready."""

_WORK: Final = 200_000
"""Work after which the states of all automata are given back."""

_OBJECTS: Final = 20_000
_ANSWERS: Final = 50_000


_TOO_LARGE: Final = Undecided("a pattern is too large")


def find_text(
    positive: Sequence[PatternSyntax],
    negative: Sequence[PatternSyntax] = (),
    *,
    excluding: Collection[str] = (),
    shortest: int = 0,
    longest: int | None = None,
    budget: int = BUDGET,
) -> str | NoText | Undecided:
    """The shortest text that matches all of `positive`, as a whole, none of `negative` and is not in `excluding`.

    Its length, in code points, is from `shortest` to `longest`. Of several, one that a person would write.
    """
    try:
        required = _distinct(positive) or _distinct((ANYTHING,))
        forbidden = _distinct(negative)
    except TooLarge:
        return _TOO_LARGE
    if longest is not None and longest < shortest:
        return NO_TEXT
    for automaton in required:
        if automaton.is_literal:
            return _literal(automaton.prefix, required, forbidden, excluding, (shortest, longest))
    reduced = _reduced(required, forbidden)
    if reduced is None:
        return NO_TEXT
    serials = tuple(each.serial for each in required), tuple(each.serial for each in reduced)
    key = (*serials, shortest, longest, budget)
    found = _texts.get(key)
    if found is None:
        search = Search(required, reduced, budget)
        found = search.text(shortest, longest)
        _account(search.work)
        if len(_texts) >= _ANSWERS:
            _texts.clear()
        _texts[key] = found
    if excluding and isinstance(found, str) and found in excluding:
        search = Search(required, reduced, budget, excluded_texts(excluding))
        found = search.text(shortest, longest)
        _account(search.work)
    return found


def is_disjoint(a: PatternSyntax, b: PatternSyntax, budget: int = BUDGET) -> bool | Undecided:
    """Whether no text matches both."""
    try:
        left, right = _prepared(a), _prepared(b)
    except TooLarge:
        return _TOO_LARGE
    if left.is_literal:
        return not right.accepts(left.prefix)
    if right.is_literal:
        return not left.accepts(right.prefix)
    if _apart(left, right):
        return True
    if left.is_spread and right.is_spread:
        return False
    return _is_empty(left, right, budget, meet=True)


def contains(a: PatternSyntax, b: PatternSyntax, budget: int = BUDGET) -> bool | Undecided:
    """Whether every text that matches `a` matches `b`."""
    try:
        inner, outer = _prepared(a), _prepared(b)
    except TooLarge:
        return _TOO_LARGE
    if inner.is_literal:
        return outer.accepts(inner.prefix)
    if not inner.start_mask or _surely_within(inner, outer):
        return True
    if _apart(inner, outer):
        return False
    return _is_empty(inner, outer, budget, meet=False)


# What is known without a search


def _apart(left: Automaton, right: Automaton) -> bool:
    """Whether the two begin or end differently."""
    return not (
        (left.prefix.startswith(right.prefix) or right.prefix.startswith(left.prefix))
        and (left.suffix.endswith(right.suffix) or right.suffix.endswith(left.suffix))
    )


def _surely_within(inner: Automaton, outer: Automaton) -> bool:
    """Whether the inner language is in the outer one because of how its texts begin and end, or is the same."""
    return inner is outer or (
        outer.is_spread
        and not inner.is_literal
        and inner.prefix.startswith(outer.prefix)
        and inner.suffix.endswith(outer.suffix)
    )


def _literal(
    text: str,
    required: Sequence[Automaton],
    forbidden: Sequence[Automaton],
    excluding: Collection[str],
    lengths: tuple[int, int | None],
) -> str | NoText:
    """The one text that may do, if it does."""
    shortest, longest = lengths
    does = (
        shortest <= len(text)
        and (longest is None or len(text) <= longest)
        and text not in excluding
        and all(automaton.accepts(text) for automaton in required)
        and not any(automaton.accepts(text) for automaton in forbidden)
    )
    return text if does else NO_TEXT


def _reduced(required: Sequence[Automaton], forbidden: Sequence[Automaton]) -> list[Automaton] | None:
    """What of `forbidden` can matter; None if there is certainly no text."""
    for place, automaton in enumerate(required):
        if not automaton.start_mask or any(_apart(automaton, other) for other in required[:place]):
            return None
    reduced: list[Automaton] = []
    for other in forbidden:
        if any(_surely_within(automaton, other) for automaton in required):
            return None
        if not any(_apart(automaton, other) for automaton in required):
            reduced.append(other)
    return reduced


def _is_empty(one: Automaton, other: Automaton, budget: int, *, meet: bool) -> bool | Undecided:
    """Whether no text is in one language and, as `meet` says, in the other too or not."""
    key = (one.serial, other.serial, meet, budget)
    found = _answers.get(key)
    if found is None:
        search = Search((one, other), (), budget) if meet else Search((one,), (other,), budget)
        found = search.is_empty()
        _account(search.work)
        if len(_answers) >= _ANSWERS:
            _answers.clear()
        _answers[key] = found
    return found


# What is remembered

_Question: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], int, int | None, int]

_by_identity: Final[dict[int, tuple[PatternSyntax, Automaton]]] = {}
_by_syntax: Final[dict[PatternSyntax, Automaton]] = {}
_texts: Final[dict[_Question, str | NoText | Undecided]] = {}
_answers: Final[dict[tuple[int, int, bool, int], bool | Undecided]] = {}


@attrs.define
class _Totals:
    """How much is kept."""

    positions: int = 0
    work: int = 0


_totals: Final = _Totals()


def _distinct(syntaxes: Sequence[PatternSyntax]) -> list[Automaton]:
    return list(dict.fromkeys(map(_prepared, syntaxes)))


def _prepared(syntax: PatternSyntax) -> Automaton:
    """The automaton of the syntax. Raises `TooLarge`."""
    # A large syntax takes longer to hash than to search, and mostly the same object is asked about again.
    seen = _by_identity.get(id(syntax))
    if seen is not None and seen[0] is syntax:
        return seen[1]
    known = _by_syntax.get(syntax)
    if known is None:
        known = Automaton(syntax)
        _totals.positions += len(known.follows)
        if _totals.positions > _PREPARED:
            _by_identity.clear()
            _by_syntax.clear()
            _totals.positions = len(known.follows)
        _by_syntax[syntax] = known
    if len(_by_identity) >= _OBJECTS:
        _by_identity.clear()
    _by_identity[id(syntax)] = syntax, known
    return known


def _account(work: int) -> None:
    """Keeps the memory of the states bounded by the work that went into them."""
    _totals.work += work
    if _totals.work > _WORK:
        _totals.work = 0
        for automaton in _by_syntax.values():
            automaton.forget()
