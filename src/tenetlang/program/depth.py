"""How far definitions may be built one upon the other.

Definitions form no circle, so each ends; but a function that calls twice what calls twice what … takes longer than anyone
waits after forty lines, and a chain of some hundreds needs more stack than an evaluator has. A definition's *depth* is the
longest chain below it; its *calls* are how many calls of functions it may take, each function unfolded, each `let` and set
counted once, because their values are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tenetlang.program.names import Symbol
from tenetlang.program.notes import Notes
from tenetlang.syntax import tree

DEEPEST = 100
"""Definitions in a chain, each of which reads the next."""

MOST_CALLS = 100_000
"""Calls of functions that one evaluation of a definition may take."""


def note_deep(
    notes: Notes, symbols: Mapping[str, Symbol], order: Sequence[str], reads: Mapping[str, Sequence[str]]
) -> frozenset[str]:
    """Note the first definitions beyond the limits; gives their names, and those of all that read them.

    `order` has what a definition reads before it; `reads` names it as often as it is read.
    """
    depths: dict[str, int] = {}
    calls: dict[str, int] = {}
    beyond: set[str] = set()
    for name in order:
        if any(other in beyond for other in reads[name]):
            beyond.add(name)
            continue
        below = [other for other in reads[name] if other in depths]
        depths[name] = 1 + max((depths[other] for other in below), default=0)
        taken = 1 + sum(calls[other] for other in below)
        calls[name] = taken if isinstance(symbols[name].declaration, tree.FunctionDeclaration) else 1
        for found, limit, variant in ((depths[name], DEEPEST, "deep"), (taken, MOST_CALLS, "calls")):
            if found > limit and name not in beyond:
                notes.add("recursion", symbols[name].at, variant, name=symbols[name].name, limit=f"{limit:,}")
                beyond.add(name)
    return frozenset(beyond)
