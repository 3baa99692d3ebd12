"""Edges of permits, found by bending their conditions: what a permit refuses to be used for, and that it ends once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from tenetlang.guard import Denied, Guard, GuardError, Permit, Withheld
from tests.unit.guard.guards import POLICY, WHO, open_guard, outcomes, problems

DEMANDING = POLICY.replace("allow fetching if { tool is fetch }", 'allow fetching if { tool is fetch } then stamp("x")')


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    with open_guard(tmp_path) as guard:
        yield guard


class Later:
    """Something that can be awaited and not be closed."""

    def __await__(self) -> Generator[None, None, str]:
        yield
        return "found"


async def pages() -> AsyncIterator[str]:
    yield "found"


def test_work_that_would_be_done_after_the_call_is_no_result_whatever_does_it(tmp_path: Path, guard: Guard) -> None:
    lazy = (page for page in ["found"])
    for later in (Later(), pages(), lazy):
        with (
            pytest.raises(Withheld, match="whose work would be done after the call"),
            guard.call("fetch", {"page": "x"}, **WHO) as permit,
        ):
            permit.result(later)
    assert list(lazy) == [], "what was begun is over"
    guard.close()
    assert outcomes(tmp_path) == ["ok"] * 3


def test_a_permit_ends_once_however_often_it_is_left(tmp_path: Path, guard: Guard) -> None:
    permit = guard.call("fetch", {"page": "x"}, **WHO)
    with permit:
        pass
    permit.__exit__(None, None, None)
    permit.__exit__(ValueError, ValueError("x"), None)

    async def again() -> None:
        await permit.__aexit__(None, None, None)

    asyncio.run(again())
    guard.close()
    assert outcomes(tmp_path) == ["ok"]
    assert problems(tmp_path) == []


def test_a_permit_is_for_the_process_that_asked(guard: Guard) -> None:
    permit = guard.call("fetch", {"page": "x"}, **WHO)
    permit._process += 1
    with pytest.raises(GuardError, match="before a fork"), permit:
        pass
    with pytest.raises(GuardError, match="before a fork"):
        permit.refuse()


@pytest.mark.parametrize("fails", [False, True])
def test_a_coroutine_may_have_handlers_that_are_none(tmp_path: Path, *, fails: bool) -> None:
    met = []

    def stamp(permit: Permit, text: str) -> None:
        met.append(text)
        if fails:
            raise ValueError("no ink")

    async def call(guard: Guard) -> str:
        async with guard.call("fetch", {"page": "x"}, **WHO) as permit:
            return str(permit.result("found"))

    with open_guard(tmp_path, DEMANDING) as guard:
        guard.before("stamp")(stamp)
        if fails:
            with pytest.raises(Denied) as denied:
                asyncio.run(call(guard))
            assert denied.value.decision.decided_by == ("unmet_obligation",)
        else:
            assert asyncio.run(call(guard)) == "found"
    assert met == ["x"]
    assert outcomes(tmp_path) == ["refused" if fails else "ok"]
