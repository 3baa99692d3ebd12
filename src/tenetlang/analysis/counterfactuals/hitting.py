"""The cheapest sets that do: of some parts, which are enough to be changed for something to become possible?

This is the search of Reiter's *A theory of diagnosis from first principles* (1987). Whether a set is enough is a question
that costs something, and it is monotone: what is enough stays enough with more. So a set that is *not* enough is grown until
nothing more can be added, and from what is then missing (a *conflict*) each set that is enough must have a member. Sets are
tried from the cheapest on; one that misses a known conflict is not asked about, but extended by each member of that
conflict. What is found is minimal, since every smaller set has been tried or ruled out before; and where the tree comes
to its end, nothing else is enough.

A question may also stay open (`None`). Then the set counts as not found, and it rules nothing out.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import attrs

Parts: TypeAlias = frozenset[int]

MOST_TRIED: Final = 400
MOST_TOGETHER: Final = 4
"""Parts of one set."""


@attrs.define(eq=False)
class Hitting:
    """The tree. `enough` answers for a set of parts; `weights` are what changing each part costs, at least 1.

    `whole` is set when all has been looked at, so that no other set is enough; `opened` are the sets of which that is not
    known, and `cut` is set when larger sets have not been looked at.
    """

    weights: Sequence[int]
    enough: Callable[[Parts], bool | None]
    conflicts: list[Parts] = attrs.field(factory=list)
    found: list[Parts] = attrs.field(factory=list)
    whole: bool = False
    opened: list[Parts] = attrs.field(factory=list)
    cut: bool = False
    ended: bool = False
    refuted: set[Parts] = attrs.field(factory=set)
    left: int = MOST_TRIED

    def weight(self, parts: Parts) -> int:
        return sum(self.weights[part] for part in parts)

    def ask(self, parts: Parts) -> bool | None:
        """Whether the parts are enough; None also where too much has been asked."""
        self.left -= 1
        return None if self.left < 0 else self.enough(parts)

    def sets(self) -> Iterator[Parts]:
        """Sets that are enough or may be, from the cheapest on. Whoever takes one says with `accept` that it is one."""
        waiting: list[tuple[int, tuple[int, ...]]] = [(0, ())]
        seen: set[Parts] = set()
        while waiting:
            _, members = heapq.heappop(waiting)
            parts = frozenset(members)
            if parts in seen or any(known <= parts for known in self.found):
                continue
            seen.add(parts)
            conflict = next((item for item in self.conflicts if not item & parts), None)
            if conflict is None:
                answer = self.ask(parts)
                if self.left < 0:
                    return
                if answer is False:
                    conflict = self._conflict(parts)
                elif parts:
                    yield parts
                    if parts in self.found:
                        continue
                    if parts not in self.refuted:
                        self.opened.append(parts)
            if len(parts) >= MOST_TOGETHER:
                self.cut = True
                continue
            # Where there is no conflict, the set may be enough but came to nothing: any other part may be what it lacks.
            options = frozenset(range(len(self.weights))) - parts if conflict is None else conflict
            for part in sorted(options):
                extended = parts | {part}
                heapq.heappush(waiting, (self.weight(extended), tuple(sorted(extended))))
        self.whole = not self.cut and not self.opened
        self.ended = True

    def accept(self, parts: Parts) -> None:
        """The parts are enough; nothing around them is looked at any more."""
        self.found.append(parts)

    def refute(self, parts: Parts) -> None:
        """These parts, at least, are not enough: something else has proved it."""
        self.refuted.add(parts)

    def is_minimal(self, parts: Parts) -> bool:
        """Whether it is known that fewer of these parts are not enough."""
        return not any(opened < parts for opened in self.opened)

    def _conflict(self, parts: Parts) -> Parts:
        """What is missing from the largest set around these parts that is not enough: one of it is needed."""
        grown = parts
        everything = frozenset(range(len(self.weights)))
        for part in sorted(everything - parts, key=lambda part: (-self.weights[part], part)):
            if self.ask(grown | {part}) is False:
                grown |= {part}
        conflict = everything - grown
        self.conflicts.append(conflict)
        return conflict
