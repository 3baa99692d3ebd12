"""Policies can be checked in several threads of one process."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from tests.sources import program_of

POLICY = "package p\ndefault deny\ntool pay(n: int)\n" + "\n".join(
    f"deny d{number} if {{ tool is pay; args.n > {number} }}" for number in range(50)
)


def test_threads_that_check_at_one_time_leave_the_limit_of_recursion_as_it_was() -> None:
    before = sys.getrecursionlimit()
    with ThreadPoolExecutor(4) as pool:
        programs = list(pool.map(program_of, [POLICY] * 12))
    assert {len(program.packages[0].rules) for program in programs} == {50}
    assert sys.getrecursionlimit() == before
