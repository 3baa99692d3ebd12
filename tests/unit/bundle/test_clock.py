"""A clock that is set back does not go back, and one that is set forth comes back with it."""

from __future__ import annotations

import time

from tenetlang.bundle.clock import SteadyClock
from tests.unit.bundle.bundles import Clock


def test_time_goes_on_while_the_system_clock_is_set_back() -> None:
    wall, steady = Clock(1_000), Clock(50)
    clock = SteadyClock(wall, steady)
    wall.now, steady.now = 10, 70
    assert clock() == 1_020


def test_time_follows_the_system_clock_forward_and_back_again() -> None:
    wall, steady = Clock(1_000), Clock(50)
    clock = SteadyClock(wall, steady)
    wall.now, steady.now = 9_000, 60
    assert clock() == 9_000
    wall.now, steady.now = 1_030, 80
    assert clock() == 1_030


def test_it_is_the_clock_of_the_system_if_nothing_else_is_said() -> None:
    before = time.time_ns()
    assert before <= SteadyClock()() <= time.time_ns() + 10**9
