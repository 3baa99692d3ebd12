"""Rows that are changed only once a transaction is over: what stores without transactions of their own are used through.

Everything that is read is remembered, so a row is asked for once; what is written stays here until it is taken over, all of it in one
step. Where the action of a transaction raises, there is nothing to undo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs


@attrs.define(eq=False)
class Overlay:
    """Changes over a store. `fetch` gives its rows, `first` what is due in it: (until, most) → (at, name)."""

    fetch: Callable[[Sequence[str]], Sequence[str | None]]
    first: Callable[[int, int], list[tuple[int, str]]]
    known: dict[str, str | None] = attrs.field(factory=dict)
    changed: dict[str, str | None] = attrs.field(factory=dict)
    """Rows with their new contents, None for those that are gone."""
    scheduled: dict[tuple[int, str], bool] = attrs.field(factory=dict)
    """What was put into the schedule, or (False) taken out."""
    open: bool = True

    def get(self, names: Sequence[str]) -> list[str | None]:
        self._check()
        missing = [name for name in names if name not in self.known]
        if missing:
            self.known.update(zip(missing, self.fetch(missing), strict=True))
        return [self.known[name] for name in names]

    def put(self, name: str, value: str) -> None:
        self._check()
        self.known[name] = self.changed[name] = value

    def remove(self, names: Iterable[str]) -> None:
        self._check()
        for name in names:
            self.known[name] = self.changed[name] = None

    def schedule(self, at: int, name: str) -> None:
        self._check()
        self.scheduled[at, name] = True

    def unschedule(self, at: int, name: str) -> None:
        self._check()
        self.scheduled[at, name] = False

    def due(self, until: int, most: int) -> list[tuple[int, str]]:
        self._check()
        return self.first(until, most)

    def _check(self) -> None:
        if not self.open:
            raise ValueError("the transaction is over")
