"""Orders and circles in a graph of names, without recursion: policies are hostile, and chains may be long.

`order` is Tarjan's algorithm for strongly connected components (SIAM J. Comput. 1, 1972) with its stack kept in a list. It gives
the names such that what a name depends on comes before it, and with them the circles, each once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from tenetlang.frozen import frozen


@frozen
class Order:
    """`names` with dependencies first; `circles` are closed walks, each beginning with its least name, none with a part of
    another; `circular` holds every name that lies in a circle."""

    names: tuple[str, ...]
    circles: tuple[tuple[str, ...], ...]
    circular: frozenset[str]


@attrs.define
class _Search:
    edges: Mapping[str, Sequence[str]]
    index: dict[str, int] = attrs.field(factory=dict)
    low: dict[str, int] = attrs.field(factory=dict)
    stack: list[str] = attrs.field(factory=list)
    on_stack: set[str] = attrs.field(factory=set)
    components: list[list[str]] = attrs.field(factory=list)

    def enter(self, name: str) -> Iterator[str]:
        self.index[name] = self.low[name] = len(self.index)
        self.stack.append(name)
        self.on_stack.add(name)
        return iter(self.edges.get(name, ()))

    def leave(self, name: str) -> None:
        if self.low[name] != self.index[name]:
            return
        component: list[str] = []
        while True:
            member = self.stack.pop()
            self.on_stack.discard(member)
            component.append(member)
            if member == name:
                break
        self.components.append(component)


def order(edges: Mapping[str, Sequence[str]]) -> Order:
    """The names of `edges` in an order of dependence. Names that are only pointed at are left out."""
    search = _Search(edges)
    for root in edges:
        if root in search.index:
            continue
        work = [(root, search.enter(root))]
        while work:
            name, following = work[-1]
            for below in following:
                if below not in edges:
                    continue
                if below not in search.index:
                    work.append((below, search.enter(below)))
                    break
                if below in search.on_stack:
                    search.low[name] = min(search.low[name], search.index[below])
            else:
                work.pop()
                search.leave(name)
                if work:
                    above = work[-1][0]
                    search.low[above] = min(search.low[above], search.low[name])
    return _ordered(edges, search.components)


def _ordered(edges: Mapping[str, Sequence[str]], components: list[list[str]]) -> Order:
    names = tuple(name for component in components for name in sorted(component))
    circular = [c for c in components if len(c) > 1 or c[0] in edges[c[0]]]
    circles = tuple(sorted(_circle(edges, frozenset(component)) for component in circular))
    return Order(names, circles, frozenset(name for component in circular for name in component))


def _circle(edges: Mapping[str, Sequence[str]], component: frozenset[str]) -> tuple[str, ...]:
    """A shortest circle through the least name of the component."""
    start = min(component)
    before: dict[str, str] = {}
    frontier = [start]
    while frontier:
        reached: list[str] = []
        for name in frontier:
            for below in edges[name]:
                if below == start:
                    return _walk(before, start, name)
                if below in component and below not in before:
                    before[below] = name
                    reached.append(below)
        frontier = reached
    raise AssertionError("a component of one name has an edge to itself")


def _walk(before: Mapping[str, str], start: str, end: str) -> tuple[str, ...]:
    walk = [end]
    while walk[-1] != start:
        walk.append(before[walk[-1]])
    return tuple(reversed(walk))


def reachable(start: Iterable[str], edges: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """All names that can be reached, breadth first: nearest first, in the order of the edges."""
    found = dict.fromkeys(start)
    frontier = list(found)
    while frontier:
        below = [name for above in frontier for name in edges.get(above, ()) if name not in found]
        frontier = list(dict.fromkeys(below))
        found.update(dict.fromkeys(frontier))
    return tuple(found)
