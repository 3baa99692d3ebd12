"""A clock that nobody can set back while it runs.

A bundle that has expired would be fresh again if the clock of its machine went back. So time is the later of two: what the
system's clock says now, and what it said when this began plus what has passed since then by a clock that is never set. A
clock that is *ahead* is followed, there and back again: were the latest time that was ever seen remembered, one bad answer of a
time server would end every bundle for good.

What this can't see is a clock that was set back before the process began. Whoever can do both is master of the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs


@attrs.frozen
class SteadyClock:
    """Gives nanoseconds since 1970 when called. Both clocks may be others, for tests."""

    wall: Callable[[], int] = time.time_ns
    steady: Callable[[], int] = time.monotonic_ns
    begun: tuple[int, int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "begun", (self.wall(), self.steady()))

    def __call__(self) -> int:
        wall, steady = self.begun
        return max(self.wall(), wall + self.steady() - steady)
