"""Edges of permits, found by bending their conditions: what a permit refuses to be used for, and that it ends once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from tenetlang.guard import Denied, Guard, GuardError, Permit, Withheld
from tests.unit.guard.guards import POLICY, WHO, open_guard, outcomes, problems, records

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


@pytest.mark.parametrize(
    ("passing", "outcome"),
    [
        (ValueError, "error"),
        (KeyboardInterrupt, "unknown"),
        (SystemExit, "unknown"),
        (GeneratorExit, "unknown"),
        (asyncio.CancelledError, "unknown"),
        (TimeoutError, "unknown"),
        (Withheld, "ok"),
    ],
)
def test_only_an_error_of_the_tool_gives_back_what_the_call_has_used(
    tmp_path: Path, guard: Guard, passing: type[BaseException], outcome: str
) -> None:
    with pytest.raises(passing), guard.call("fetch", {"page": "x"}, **WHO):
        raise passing("x")
    guard.close()
    assert outcomes(tmp_path) == [outcome]


def test_an_outcome_says_when_the_tool_began_and_one_of_a_call_that_was_not_made_does_not(
    tmp_path: Path, guard: Guard
) -> None:
    with guard.call("fetch", {"page": "x"}, **WHO):
        pass
    guard.call("fetch", {"page": "x"}, **WHO).refuse()
    guard.close()
    made, refused = records(tmp_path, "outcome")
    assert isinstance(made["took_ns"], int)
    assert isinstance(made["began"], str)
    assert (refused["outcome"], refused["began"], refused["took_ns"]) == ("refused", None, None)
