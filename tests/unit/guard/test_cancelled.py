"""A coroutine that is cancelled, wherever it waits: either nobody made the call, and the log says so, or it counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tenetlang.audit.stores.tables import Tables
from tenetlang.guard import Guard, Permit, acting
from tests.unit.guard.guards import POLICY, WHO, open_guard, outcomes, problems, verdicts

DEMANDING = POLICY.replace(
    "allow fetching if { tool is fetch }", 'allow fetching if { tool is fetch } then stamp("x"), mask("card")'
)


class Trace:
    """How far one call came."""

    def __init__(self) -> None:
        self.began = False
        self.ended = False


def by_decorator(guard: Guard, trace: Trace) -> Awaitable[object]:
    async def fetch(page: str) -> dict[str, str]:
        trace.began = True
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        trace.ended = True
        return {"card": page}

    return guard.tool(fetch)("x")


async def by_name(guard: Guard, trace: Trace) -> object:
    async with await guard.call_async("fetch", {"page": "x"}) as permit:
        trace.began = True
        await asyncio.sleep(0)
        trace.ended = True
        return await permit.result_async({"card": "x"})


def open_calls(tables: Tables) -> tuple[int, tuple[()]]:
    return len(tables.run("SELECT id FROM guard_calls")), ()


async def settled(guard: Guard) -> None:
    """Waits until every call that was allowed has its outcome."""
    until = time.monotonic() + 30
    while await guard._gate.writer.do_async(open_calls):
        assert time.monotonic() < until
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("way", [by_decorator, by_name])
def test_a_call_that_is_cancelled_anywhere_was_not_made_or_counts(
    tmp_path: Path, way: Callable[[Guard, Trace], Awaitable[object]]
) -> None:
    async def cancelled_after(guard: Guard, steps: int) -> None:
        trace = Trace()

        async def body() -> object:
            async with acting(**WHO):
                return await way(guard, trace)

        before = len(outcomes(tmp_path))
        task = asyncio.ensure_future(body())
        for step in range(steps):
            await asyncio.sleep(0.0005 if step % 2 else 0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await settled(guard)
        found = outcomes(tmp_path)[before:]
        if trace.ended:
            assert found in (["ok"], ["unknown"])
        elif trace.began:
            assert found == ["unknown"]
        else:
            assert found in ([], ["refused"])

    async def main() -> None:
        async with open_guard(tmp_path, DEMANDING) as guard:

            @guard.before("stamp")
            async def stamp(_: Permit, __: str) -> None:
                await asyncio.sleep(0)
                await asyncio.sleep(0)

            for steps in range(30):
                await cancelled_after(guard, steps)

    asyncio.run(main())
    assert len(outcomes(tmp_path)) == len(verdicts(tmp_path))
    assert problems(tmp_path) == []
