"""Automata of patterns: the states that a text can lead to, made when they are first asked for.

A pattern's *positions* are the places in it where one code point is read (Glushkov, "The abstract theory of automata",
1961; McNaughton and Yamada, 1960). Position 0 reads nothing and stands for the end. For each other position there is
the set of code points that it reads and, as bits of one number, the positions that may come next. They are numbered
from the end of the pattern to its beginning, because a part is made knowing what comes after it:

    ab*      position 1 reads b, then 1 or the end; position 2 reads a, then 1 or the end; the start is {2}

So a repetition `{n,m}` is m copies that each lead to the one before in number, and nothing is quadratic. A *state* is a
set of positions, again as one number, and reading a code point leads from a state to exactly one other (Rabin and
Scott's subsets). Where it leads depends on the code point only through the few sets of the state's positions, so a
state's *row* is a list of ranges of code points, each with its successor; what is in none of the ranges leads nowhere (D'Antoni
and Veanes, "The power of symbolic automata and transducers", CAV 2017, call these minterms, and ours are those of one
state, never of the whole pattern: a set of seven hundred ranges costs only where it is read).

Rows are made when a search comes by. A pattern such as `.*a.{20}` has a million states, of which most questions need
a handful; how many they may need is for the search to bound (`languages.py`).

Two shortcuts keep large patterns cheap. Equal positions, which read the same and go on the same, are one, so
alternatives with the same ending share it. And if many positions of a state are active at once, those of a counted
repetition move together, by a shift of the bits (Navarro and Raffinot, "Flexible Pattern Matching in Strings", 2002, 5.4):
a step costs as much as there are kinds of position.

Two states are the same for all automata: `DEAD`, from which no text is accepted, and `UNIVERSAL`, from which every text
is. A search stops at them.
"""

from __future__ import annotations

from itertools import count
from typing import Final, TypeAlias

import attrs

from tenetlang.values.code_points import ALL, Ranges
from tenetlang.values.pattern_syntax import AnyOf, Choice, Empty, Literal, PatternSyntax, Repeat, Sequence, steps

MAXIMUM_POSITIONS: Final = 20_000
"""Patterns of policies have at most 5,000; languages that are made of several patterns may have more."""

_FEW: Final = 8
"""Up to so many positions are stepped one by one."""


@attrs.define(eq=False, repr=False)
class State:
    """Where a text has led to."""

    mask: int
    accepting: bool
    row: Row | None = None
    """Where each code point leads from here: ascending ranges; the code points in none of them lead to `DEAD`."""


Row: TypeAlias = list[tuple[int, int, State]]

DEAD: Final = State(0, accepting=False, row=[])
UNIVERSAL: Final = State(0, accepting=True)
UNIVERSAL.row = [(low, high, UNIVERSAL) for low, high in ALL]


class TooLarge(Exception):
    """The pattern has more than `MAXIMUM_POSITIONS` positions."""


_serials = count()


@attrs.define(eq=False, repr=False)
class Automaton:
    """A pattern's positions, and the states found so far."""

    syntax: PatternSyntax
    serial: int = attrs.field(init=False, factory=lambda: next(_serials))
    """No other automaton has it, whenever it was made."""
    sets: list[Ranges] = attrs.field(init=False, factory=list)
    """The different sets that positions read."""
    reads: list[int] = attrs.field(init=False, factory=lambda: [0])
    """For each position the place of its set in `sets`."""
    follows: list[int] = attrs.field(init=False, factory=lambda: [0])
    """For each position those that may come next, as bits."""
    universal: int = attrs.field(init=False, default=0)
    """The positions that read anything, any number of times, up to the end."""
    states: dict[int, State] = attrs.field(init=False, factory=dict)
    start_mask: int = attrs.field(init=False)
    prefix: str = attrs.field(init=False)
    """Every text of the language begins with this."""
    suffix: str = attrs.field(init=False)
    """Every text of the language ends in this."""
    is_literal: bool = attrs.field(init=False)
    """Whether `prefix` is the one text of the language."""
    is_spread: bool = attrs.field(init=False)
    """Whether the language is all that begins with `prefix` and, after it, ends in `suffix`."""
    _kinds: list[tuple[int, int, bool, int]] | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        if steps(self.syntax) > MAXIMUM_POSITIONS:
            raise TooLarge
        builder = _Builder(self.sets, self.reads, self.follows)
        self.start_mask = builder.build(self.syntax, 1)
        if ALL in builder.places:
            everything = builder.places[ALL]
            for position, follow in enumerate(self.follows):
                if position and self.reads[position] == everything and follow & 1 and follow >> position & 1:
                    self.universal |= 1 << position
        parts = self.syntax.parts if isinstance(self.syntax, Sequence) else (self.syntax,)
        first, last = parts[0], parts[-1]
        self.prefix = first.text if isinstance(first, Literal) else ""
        self.suffix = last.text if isinstance(last, Literal) else ""
        self.is_literal = isinstance(self.syntax, Literal | Empty)
        middle = [part for part in parts if not isinstance(part, Literal)]
        self.is_spread = (
            len(middle) == 1 == len(parts) - bool(self.prefix) - bool(self.suffix)
            and isinstance(middle[0], Repeat)
            and middle[0] == Repeat(AnyOf(ALL), 0, None)
        )

    @property
    def start(self) -> State:
        """Where the empty text leads."""
        return self.state(self.start_mask)

    def state(self, mask: int) -> State:
        """The one state of these positions."""
        found = self.states.get(mask)
        if found is None:
            if not mask:
                found = DEAD
            elif mask & 1 and mask & self.universal:
                found = UNIVERSAL
            else:
                found = State(mask, accepting=bool(mask & 1))
            self.states[mask] = found
        return found

    def row(self, state: State) -> Row:
        """Where each code point leads from a state of this automaton."""
        row = state.row
        if row is None:
            row = state.row = self._row(state.mask)
        return row

    def accepts(self, text: str) -> bool:
        """Whether the text is in the language."""
        state = self.start
        for character in text:
            code_point = ord(character)
            for low, high, target in self.row(state):
                if code_point <= high:
                    state = target if code_point >= low else DEAD
                    break
            else:
                return False
        return state.accepting

    def single(self, state: State) -> list[State]:
        """The states of one position each that together are this one; `UNIVERSAL` stays whole."""
        mask = state.mask
        if not mask & (mask - 1):
            return [state]
        singles: list[State] = []
        while mask:
            lowest = mask & -mask
            singles.append(self.state(lowest))
            mask ^= lowest
        return singles

    def forget(self) -> None:
        """Gives back the memory of the states. Those that are still in use stay as they are."""
        self.states.clear()

    def _row(self, mask: int) -> Row:
        by_set = self._step(mask & ~1)
        if len(by_set) == 1:
            ((place, target_mask),) = by_set.items()
            target = self.state(target_mask)
            return [] if target is DEAD else [(low, high, target) for low, high in self.sets[place]]
        toggles: dict[int, int] = {}
        for bit, place in enumerate(by_set):
            for low, high in self.sets[place]:
                toggles[low] = toggles.get(low, 0) ^ 1 << bit
                toggles[high + 1] = toggles.get(high + 1, 0) ^ 1 << bit
        masks = list(by_set.values())
        targets: dict[int, State] = {0: DEAD}
        row: Row = []
        active, start = 0, 0
        for point in sorted(toggles):
            target = targets[active]
            if target is not DEAD:
                if row and row[-1][1] == start - 1 and row[-1][2] is target:
                    start = row.pop()[0]
                row.append((start, point - 1, target))
            active, start = active ^ toggles[point], point
            if active not in targets:
                joined = 0
                for bit, target_mask in enumerate(masks):
                    if active >> bit & 1:
                        joined |= target_mask
                targets[active] = self.state(joined)
        return row

    def _step(self, mask: int) -> dict[int, int]:
        """For each set that is read there, by its place, the positions that may come next."""
        by_set: dict[int, int] = {}
        if mask.bit_count() > _FEW:
            for members, place, shifts, after in self.kinds():
                active = mask & members
                if active:
                    by_set[place] = by_set.get(place, 0) | after | (active >> 1 if shifts else 0)
            return by_set
        while mask:
            position = mask.bit_length() - 1
            mask ^= 1 << position
            place = self.reads[position]
            by_set[place] = by_set.get(place, 0) | self.follows[position]
        return by_set

    def kinds(self) -> list[tuple[int, int, bool, int]]:
        """The positions by kind: which ones, the set they read, whether they lead to the next lower one, what else follows."""
        if self._kinds is None:
            kinds: dict[tuple[int, bool, int], list[int]] = {}
            for position in range(1, len(self.follows)):
                follow, below = self.follows[position], 1 << (position - 1)
                key = (self.reads[position], bool(follow & below), follow & ~below)
                kinds.setdefault(key, []).append(position)
            self._kinds = [(_bits(members), *kind) for kind, members in kinds.items()]
        return self._kinds


def _bits(positions: list[int]) -> int:
    """The positions, ascending, as bits of one number."""
    flags = bytearray(positions[-1] // 8 + 1)
    for position in positions:
        flags[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(flags, "little")


@attrs.define(eq=False)
class _Builder:
    """Makes the positions of a pattern, from its end to its beginning."""

    sets: list[Ranges]
    reads: list[int]
    follows: list[int]
    places: dict[Ranges, int] = attrs.field(factory=dict)
    made: dict[tuple[int, int], int] = attrs.field(factory=dict)
    loops: dict[tuple[int, int], int] = attrs.field(factory=dict)

    def build(self, syntax: PatternSyntax, after: int) -> int:
        """Where a text of the syntax begins that is followed by `after`; nowhere, if nothing may follow it."""
        if not after:
            return 0
        match syntax:
            case Empty():
                return after
            case Literal(text):
                for character in reversed(text):
                    code_point = ord(character)
                    after = self._position(((code_point, code_point),), after)
                return after
            case AnyOf(ranges):
                return self._position(ranges, after) if ranges else 0
            case Sequence(parts):
                for part in reversed(parts):
                    after = self.build(part, after)
                return after
            case Choice(options):
                start = 0
                for option in options:
                    start |= self.build(option, after)
                return start
            case Repeat(of, least, most):
                if most is None:
                    return self._endless(of, least, after)
                start = after
                for _ in range(most - least):
                    start = self.build(of, start) | after
                for _ in range(least):
                    start = self.build(of, start)
                return start

    def _endless(self, of: PatternSyntax, least: int, after: int) -> int:
        if isinstance(of, AnyOf) and of.ranges:
            key = self._place(of.ranges), after
            position = self.loops.get(key)
            if position is None:
                position = self.loops[key] = self._new(key[0], after | 1 << len(self.follows))
            again = 1 << position
        else:
            # A number that no position has stands for the beginning of the loop until that is known.
            mark = len(self.follows)
            self._new(0, 0)
            again = self.build(of, after | 1 << mark) & ~(1 << mark)
            for position in range(mark + 1, len(self.follows)):
                if self.follows[position] >> mark & 1:
                    self.follows[position] = self.follows[position] & ~(1 << mark) | again
        if not least:
            return again | after
        for _ in range(least - 1):
            again = self.build(of, again)
        return again

    def _position(self, ranges: Ranges, after: int) -> int:
        key = self._place(ranges), after
        position = self.made.get(key)
        if position is None:
            position = self.made[key] = self._new(*key)
        return 1 << position

    def _new(self, place: int, after: int) -> int:
        self.reads.append(place)
        self.follows.append(after)
        return len(self.follows) - 1

    def _place(self, ranges: Ranges) -> int:
        place = self.places.get(ranges)
        if place is None:
            place = self.places[ranges] = len(self.sets)
            self.sets.append(ranges)
        return place
