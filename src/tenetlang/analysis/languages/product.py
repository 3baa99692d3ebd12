"""The search for a text through automata that run side by side.

A state of the product is one state of each automaton. From there the code points fall into cells, such that all of a cell lead
to the same place, and one of each is tried. No automaton is ever made in full, neither for a pattern nor for a complement: a
negative pattern is one that must not accept at the end, and leads to `DEAD`, where it is content, for each code point that it
can't read. The search goes breadth first, one length of text after the other. A part of the product is left as soon as
a positive pattern is `DEAD` or a negative one `UNIVERSAL`.

**Why the answers can be relied on.** If the search runs dry, every state that any text leads to has been visited and none was
accepting: `NO_TEXT` is a proof. A text that is found is one of the least length, since all shorter ones
were considered, and among those of that length it is the cheapest in the sense of characters.py: each state keeps
the cheapest text that leads to it, as in Dijkstra's algorithm (1959) on a graph that is layered by length.

**Why it may give up.** The product of n automata has exponentially many states in n (Kozen, "Lower bounds for natural proof
systems", 1977), and so has one automaton in the length of its pattern. So a search has a budget. When it is spent, a second
search follows the positions of the positive patterns one by one, for which a guess of the right way is enough: that may visit
more states, but never exponentially many. When that has spent as much, the answer is `Undecided`, and never a guess.

**Lengths.** Up to the least length that is wanted, a layer holds all states that *some* text of exactly that length
leads to, visited before or not. From there on a state is of interest only the first time. Beyond the greatest length nothing is.

**Excluded texts** are a tree of letters that runs along as one more negative automaton.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product as combinations
from typing import Final, TypeAlias

import attrs

from tenetlang.analysis.languages.automata import DEAD, UNIVERSAL, Automaton, Row, State
from tenetlang.analysis.languages.characters import choose
from tenetlang.frozen import frozen


@frozen
class NoText:
    """There is no such text, and this is certain."""


@frozen
class Undecided:
    """It can't be said, or not at that price."""

    reason: str


NO_TEXT: Final = NoText()

_SPENT: Final = Undecided("the patterns have too many states together")

_Product: TypeAlias = tuple[State, ...]
_Cells: TypeAlias = list[tuple[int, int, _Product]]
_Found: TypeAlias = "tuple[int, _Found | None, str]"
"""A text that leads to a state: its price, the text before its last code point, and that code point."""


@attrs.define(eq=False)
class Search:
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
        return found

    def text(self, shortest: int, longest: int | None) -> str | NoText | Undecided:
        """The shortest text of such a length, and of those the cheapest."""
        found = self._text(shortest, longest)
        if isinstance(found, Undecided):
            self._take_apart()
            found = self._text(shortest, longest)
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


def excluded_texts(texts: Collection[str]) -> State:
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
