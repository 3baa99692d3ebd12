"""Ends calls whose deadline has passed while nobody calls anything.

Each decision looks after a few calls that are overdue, those of other processes included. A gate at which nothing is asked would leave
the last ones open, so a thread looks every now and then as well, once when a guard is opened, and once when it is closed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.guard.deciding import say_unknown
from tenetlang.guard.gate import Gate
from tenetlang.guard.outcomes import logger

LOOK_EVERY: Final = 30.0
"""Seconds between two looks at most; calls with a short deadline are looked at more often."""

MOST: Final = 256
"""So many calls are ended in one transaction."""


class Deadlines:
    """Looks after overdue calls, in a thread; a context manager."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._every = max(1.0, min(LOOK_EVERY, gate.within_ns / 2e9))
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="tenet deadlines", daemon=True)

    def look(self) -> int:
        """Ends what is overdue, and says how much that was. Raises what the log and the ledger raise."""
        ended = 0
        while True:
            count = self._gate.writer.do(self._job).result()
            ended += count
            if count < MOST:
                return ended

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._look_quietly()

    def _work(self) -> None:
        self._look_quietly()
        while not self._ending.wait(self._every):
            self._look_quietly()

    def _look_quietly(self) -> None:
        try:
            self.look()
        except Exception as problem:  # noqa: BLE001  # calls are denied for it anyway; the next look may find it mended
            logger.warning("calls past their deadline can't be looked after: %s", problem)

    def _job(self, tables: Tables) -> tuple[int, Sequence[Unplaced]]:
        records = say_unknown(self._gate, tables, self._gate.clock(), MOST)
        return len(records), records
