"""Is there a text that matches these patterns and none of those?

That one question is behind all that is said about conditions on strings: whether two rules can meet (a text that matches
both), whether one condition implies another (no text that matches the first and not the second), whether a rule is
reachable, and which text to show for it. A language here is a set of texts over Unicode code points, without
surrogates, given as a `PatternSyntax` (values/pattern_syntax.py), so `like`, `matches`, `==`, `starts_with` and the
texts of a parsed type all come as the same six nodes.

    find_text(positive, negative)  ->  a text | NO_TEXT | Undecided
    is_disjoint(a, b)              ->  bool | Undecided
    contains(a, b)                 ->  bool | Undecided        each text of a is one of b

**How.** The automata of the patterns (automata.py) run side by side over the same text. A state of that product is one state
of each; from there the code points fall into cells, such that all of a cell lead to the same place, and one of each is
tried. No automaton is ever made in full, neither for a pattern nor for a complement: a negative pattern is one that must not accept
at the end, and leads to `DEAD`, where it is content, for each code point that it can't read. The search goes breadth
first, one length of text after the other. A part of the product is left as soon as a positive pattern is `DEAD` or a
negative one `UNIVERSAL`.

**Why the answers can be relied on.** If the search runs dry, every state that any text leads to has been visited and none was
accepting: `NO_TEXT` is a proof. A text that is found is one of the least length, since all shorter ones
were considered, and among those of that length and these states it is the cheapest in the sense of characters.py: each state keeps
the cheapest text that leads to it, as in Dijkstra's algorithm (1959) on a graph that is layered by length. A negative pattern may
be large to decide, as the product of n automata is exponential in n (Kozen, "Lower bounds for natural proof systems",
1977), so a search has a budget. When it is spent, a second search follows the positions of the positive patterns one by one,
for which a guess of the right way is enough: that may visit more states, but never exponentially many. When
that has spent as much, the answer is `Undecided`, and never a guess.

**Lengths.** Up to the least length that is wanted, a layer holds all states that *some* text of exactly that length
leads to, visited before or not. From there on a state is of interest only the first time. Beyond the greatest length nothing is.

**Excluded texts** are asked for with what was found before, to get another. They form a tree of letters that runs along as one
more negative automaton, but only if the cheapest text without it is one of them.

What is prepared of a pattern, and the answers about pairs, are remembered in bounded memory.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product as combinations
from typing import Final, TypeAlias

import attrs

from tenetlang.analysis.automata import DEAD, UNIVERSAL, Automaton, Row, State, TooLarge
from tenetlang.analysis.characters import choose
from tenetlang.frozen import frozen
from tenetlang.values.pattern_syntax import ANYTHING, PatternSyntax

BUDGET: Final = 20_000
"""States of the product that one search may visit; a tenth of a second for patterns of a usual size."""

_PREPARED: Final = 200_000
"""Positions of all patterns that are kept ready."""

_WORK: Final = 200_000
"""Work after which the states of all automata are given back."""

_OBJECTS: Final = 20_000
_ANSWERS: Final = 50_000


@frozen
class NoText:
    """There is no such text, and this is certain."""


@frozen
class Undecided:
    """It can't be said, or not at that price."""

    reason: str


NO_TEXT: Final = NoText()

_TOO_LARGE: Final = Undecided("a pattern is too large")
_SPENT: Final = Undecided("the patterns have too many states together")


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
        found = _Search(required, reduced, budget).text(shortest, longest)
        if len(_texts) >= _ANSWERS:
            _texts.clear()
        _texts[key] = found
    if excluding and isinstance(found, str) and found in excluding:
        found = _Search(required, reduced, budget, _tree(excluding)).text(shortest, longest)
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
        found = (_Search((one, other), (), budget) if meet else _Search((one,), (other,), budget)).is_empty()
        if len(_answers) >= _ANSWERS:
            _answers.clear()
        _answers[key] = found
    return found


# The search

_Product: TypeAlias = tuple[State, ...]
_Cells: TypeAlias = list[tuple[int, int, _Product]]
_Found: TypeAlias = "tuple[int, _Found | None, str]"
"""A text that leads to a state: its price, the text before its last code point, and that code point."""


@attrs.define(eq=False)
class _Search:
    """One search: automata that must accept, automata that must not, and at most one tree of excluded texts."""

    required: Sequence[Automaton]
    forbidden: Sequence[Automaton]
    budget: int
    excluded: State | None = None
    work: int = 0
    apart: bool = False
    """Whether the positions of the automata that must accept are followed one by one."""
    wanted: list[bool] = attrs.field(init=False)
    """Which automata have to accept a text for it to be one."""

    def __attrs_post_init__(self) -> None:
        count = len(self.forbidden) + (self.excluded is not None)
        self.wanted = [True] * len(self.required) + [False] * count

    def is_empty(self) -> bool | Undecided:
        """Whether there is no text at all."""
        found = self._is_empty()
        if isinstance(found, Undecided):
            self._take_apart()
            found = self._is_empty()
        _account(self.work)
        return found

    def text(self, shortest: int, longest: int | None) -> str | NoText | Undecided:
        """The shortest text of such a length, and of those the cheapest."""
        found = self._text(shortest, longest)
        if isinstance(found, Undecided):
            self._take_apart()
            found = self._text(shortest, longest)
        _account(self.work)
        return found

    def _take_apart(self) -> None:
        self.apart = True
        self.budget += self.work

    def start(self) -> list[_Product]:
        """Where the empty text leads; nowhere, if it is known already that no text can be accepted."""
        required = tuple(each.start for each in self.required)
        forbidden = tuple(each.start for each in self.forbidden)
        if DEAD in required or UNIVERSAL in forbidden:
            return []
        excluded = () if self.excluded is None else (self.excluded,)
        start = (*required, *forbidden, *excluded)
        return self._singles(start) if self.apart else [start]

    def accepts(self, product: _Product) -> bool:
        return [state.accepting for state in product] == self.wanted

    def leads_to_text(self, product: _Product) -> bool:
        """Whether it is already certain that some text is accepted from here."""
        count = len(self.required)
        # Any state but `DEAD` leads one automaton to accept; it may go there if no other has a say.
        if product.count(DEAD) == len(product) - count and product.count(UNIVERSAL) >= count - 1:
            return True
        return self.accepts(product)

    def _is_empty(self) -> bool | Undecided:
        pending = self.start()
        if any(map(self.leads_to_text, pending)):
            return False
        seen = set(pending)
        for product in pending:
            if self.work > self.budget:
                return _SPENT
            for _, _, target in self.cells(product):
                if target not in seen:
                    if self.leads_to_text(target):
                        return False
                    seen.add(target)
                    pending.append(target)
        return True

    def _text(self, shortest: int, longest: int | None) -> str | NoText | Undecided:
        layer: dict[_Product, _Found] = dict.fromkeys(self.start(), (0, None, ""))
        seen: set[_Product] = set()
        length = 0
        while layer:
            if length >= shortest:
                accepted = [found for product, found in layer.items() if self.accepts(product)]
                if accepted:
                    return _spelled(min(accepted, key=_price))
                seen.update(layer)
            if length == longest:
                break
            following: dict[_Product, _Found] = {}
            for product, found in layer.items():
                if self.work > self.budget:
                    accepted = [found for product, found in following.items() if self.accepts(product)]
                    # A text of this length is as short as any, even if there may be a cheaper one.
                    long_enough = length + 1 >= shortest and accepted
                    return _spelled(min(accepted, key=_price)) if long_enough else _SPENT
                self._extend(product, found, following, seen)
            layer = following
            length += 1
        return NO_TEXT

    def _extend(self, product: _Product, found: _Found, following: dict[_Product, _Found], seen: set[_Product]) -> None:
        """Adds to the following layer what one more code point leads to."""
        for low, high, target in self.cells(product):
            if target not in seen:
                price, code_point = choose(low, high)
                price += found[0]
                known = following.get(target)
                if known is None or price < known[0]:
                    following[target] = (price, found, chr(code_point))

    def cells(self, product: _Product) -> _Cells:
        """The code points in ranges, each with the state that all of it leads to, without those that lead nowhere."""
        state, automaton = product[0], self.required[0]
        cells: _Cells = [(low, high, (target,)) for low, high, target in self._row(state, automaton)]
        place = 1
        for automaton in self.required[1:]:
            state = product[place]
            place += 1
            if state is UNIVERSAL:
                cells = [(low, high, (*targets, UNIVERSAL)) for low, high, targets in cells]
            else:
                cells = _met(cells, self._row(state, automaton))
        for automaton in self.forbidden:
            cells = _parted(cells, self._row(product[place], automaton))
            place += 1
        if self.excluded is not None:
            cells = _parted(cells, product[place].row or [])
        if self.apart:
            cells = [(low, high, single) for low, high, target in cells for single in self._singles(target)]
        self.work += 1 + (len(cells) >> 5)
        return cells

    def _singles(self, target: _Product) -> list[_Product]:
        count = len(self.required)
        choices = [automaton.single(state) for automaton, state in zip(self.required, target[:count], strict=True)]
        return [(*states, *target[count:]) for states in combinations(*choices)]

    def _row(self, state: State, automaton: Automaton) -> Row:
        row = state.row
        if row is None:
            row = automaton.row(state)
            self.work += (state.mask.bit_count() + len(row)) >> 5
        return row


def _met(cells: _Cells, row: Row) -> _Cells:
    """The cells, as far as they are in the row."""
    met: _Cells = []
    place = 0
    count = len(row)
    for low, high, targets in cells:
        while place < count and row[place][1] < low:
            place += 1
        at = place
        while at < count:
            row_low, row_high, target = row[at]
            if row_low > high:
                break
            met.append((max(low, row_low), min(high, row_high), (*targets, target)))
            at += 1
    return met


def _parted(cells: _Cells, row: Row) -> _Cells:
    """The cells, parted by the row of a negative automaton: what is not in it leads that one to `DEAD`."""
    if not row:
        return [(low, high, (*targets, DEAD)) for low, high, targets in cells]
    parted: _Cells = []
    place = 0
    count = len(row)
    for low, high, targets in cells:
        while place < count and row[place][1] < low:
            place += 1
        at, start = place, low
        while at < count:
            row_low, row_high, target = row[at]
            if row_low > high:
                break
            if row_low > start:
                parted.append((start, row_low - 1, (*targets, DEAD)))
            if target is not UNIVERSAL:
                parted.append((max(start, row_low), min(high, row_high), (*targets, target)))
            start = row_high + 1
            at += 1
        if start <= high:
            parted.append((start, high, (*targets, DEAD)))
    return parted


def _price(found: _Found) -> int:
    return found[0]


def _spelled(found: _Found) -> str:
    characters: list[str] = []
    place: _Found | None = found
    while place is not None:
        characters.append(place[2])
        place = place[1]
    return "".join(reversed(characters))


def _tree(texts: Collection[str]) -> State:
    """The root of a tree of letters, whose states accept these texts."""
    root = State(0, accepting=False)
    children: dict[State, dict[str, State]] = {root: {}}
    for text in texts:
        state = root
        for character in text:
            following = children[state].get(character)
            if following is None:
                following = children[state][character] = State(0, accepting=False)
                children[following] = {}
            state = following
        state.accepting = True
    for state, branches in children.items():
        state.row = [(ord(character), ord(character), branches[character]) for character in sorted(branches)]
    return root


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
