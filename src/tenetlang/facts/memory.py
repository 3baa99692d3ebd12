"""A ledger in the memory of a process, for tests and for programs that need no more: it is gone when they end."""

from __future__ import annotations

import heapq
import os
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from tenetlang.facts.errors import LedgerUnavailable
from tenetlang.facts.limits import Limits
from tenetlang.facts.moment import DEFAULT_LIMITS, Moment, set_clock
from tenetlang.facts.overlay import Overlay
from tenetlang.facts.rows import Rows

_T = TypeVar("_T")


class MemoryLedger:
    """Rows in a dictionary, and a heap as the schedule."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, space: str = "") -> None:
        self._limits = limits
        self._space = space
        self._rows: dict[str, str] = {}
        self._schedule: list[tuple[int, str]] = []
        self._scheduled: set[tuple[int, str]] = set()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def transact(self, now_ns: int, action: Callable[[Moment], _T]) -> _T:
        """As `Ledger.transact`; the action is done once."""
        return self.change(lambda rows: action(Moment.at(rows, now_ns, self._limits, self._space)))

    def set_clock(self, now_ns: int) -> None:
        """Sets the time of the ledger, also back."""
        self.change(lambda rows: set_clock(rows, now_ns))

    def close(self) -> None:
        """Does nothing: what was noted is there for as long as this object."""

    def change(self, action: Callable[[Rows], _T]) -> _T:
        """As `Ledger.change`."""
        if self._process != os.getpid():
            raise LedgerUnavailable(
                "the ledger was made before a fork, and two copies of it would spend one budget twice"
            )
        with self._lock:
            overlay = Overlay(self._fetch, self._first)
            try:
                done = action(overlay)
            finally:
                overlay.open = False
            for name, value in overlay.changed.items():
                if value is None:
                    self._rows.pop(name, None)
                else:
                    self._rows[name] = value
            for item, there in overlay.scheduled.items():
                if not there:
                    self._scheduled.discard(item)
                elif item not in self._scheduled:
                    self._scheduled.add(item)
                    heapq.heappush(self._schedule, item)
            return done

    def _fetch(self, names: Sequence[str]) -> list[str | None]:
        return [self._rows.get(name) for name in names]

    def _first(self, until: int, most: int) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        while self._schedule and len(found) < most and self._schedule[0][0] <= until:
            item = heapq.heappop(self._schedule)
            if item in self._scheduled and item not in found:
                found.append(item)
        for item in found:
            heapq.heappush(self._schedule, item)
        return found
