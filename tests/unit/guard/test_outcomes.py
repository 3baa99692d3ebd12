"""Outcomes that something stands in the way of, once the tool has run: the result leaves, the outcome is tried again, nothing is decided meanwhile."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from tenetlang.audit.payloads.keyring import create_keyring
from tenetlang.guard import Denied, Guard, Permit, Withheld, acting
from tests.unit.guard.guards import START, WHO, Clock, open_guard, outcomes, problems

Part = Literal["randomness", "clock"]


class Parts:
    """What a record is made with, which can be taken away."""

    def __init__(self) -> None:
        self.gone: Part | None = None

    def randomness(self, size: int) -> bytes:
        if self.gone == "randomness":
            raise OSError("no entropy")
        return os.urandom(size)

    def clock(self) -> int:
        if self.gone == "clock":
            raise OSError("no clock")
        return START


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def guard(tmp_path: Path, parts: Parts) -> Iterator[Guard]:
    create_keyring(tmp_path / "keys.db")
    guard = open_guard(tmp_path, keyring=tmp_path / "keys.db", clock=parts.clock, randomness=parts.randomness)
    guard._front.outcomes._first_pause = 600
    yield guard
    guard.close()


@pytest.mark.parametrize("part", ["randomness", "clock"])
@pytest.mark.parametrize("way", ["call", "coroutine"])
def test_a_result_leaves_although_no_record_of_it_can_be_made(
    tmp_path: Path, guard: Guard, parts: Parts, part: Part, way: str
) -> None:
    runs = []

    def fetch(page: str) -> str:
        runs.append(page)
        parts.gone = part
        return "found"

    async def fetch_async(page: str) -> str:
        return fetch(page)

    with acting(**WHO):
        if way == "call":
            assert guard.tool(fetch)("x") == "found"
        else:
            assert asyncio.run(guard.tool(fetch_async, name="fetch")("x")) == "found"
        assert runs == ["x"]
        assert "can't be recorded" in str(guard.trouble)
        with pytest.raises(Denied):
            guard.tool(fetch)("y")
        assert runs == ["x"]
        parts.gone = None
        with guard.call("fetch", {"page": "z"}):
            pass
    guard.close()
    assert outcomes(tmp_path) == ["ok", "ok"]
    assert problems(tmp_path, START) == []


def test_a_result_leaves_although_its_keys_are_gone_and_the_deadline_ends_the_call_of_a_guard_that_never_gets_them_back(
    tmp_path: Path,
) -> None:
    create_keyring(tmp_path / "keys.db")
    guard = open_guard(tmp_path, keyring=tmp_path / "keys.db")
    guard._front.outcomes._first_pause = 600
    sealer = guard._gate.sealer
    assert sealer is not None
    with guard.call("fetch", {"page": "x"}, **WHO) as permit:
        sealer.keyring.close()
        assert permit.result("found") == "found"
    with pytest.raises(Denied, match="can't be decided and recorded"):
        guard.call("fetch", {"page": "y"}, **WHO)
    with pytest.raises(Exception, match="becomes `unknown` by its deadline"):
        guard.close()
    assert outcomes(tmp_path) == []


def test_a_tool_runs_though_the_clock_can_not_say_when_it_began(tmp_path: Path, guard: Guard, parts: Parts) -> None:
    permit = guard.call("fetch", {"page": "x"}, **WHO)
    parts.gone = "clock"
    with permit:
        parts.gone = None
        permit.result("found")
    assert outcomes(tmp_path) == ["ok"]


# ------------------------------------------------------------------------------------- results that are not what they seem


class Refusing(dict[str, int]):
    """A mapping none of whose methods work."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    def __len__(self) -> int:
        raise RuntimeError("measured")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("walked")

    def items(self) -> object:  # type: ignore[override]  # it lies
        raise RuntimeError("walked")

    __hash__ = None


class Spelling(str):
    """A text that fails when it is written."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        raise RuntimeError("encoded")

    def translate(self, *_: object) -> str:
        raise RuntimeError("translated")


class Nameless(type):
    """A class of classes that have no name."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]  # it lies
        raise RuntimeError("named")


class Unnamed(metaclass=Nameless):
    """A thing whose class does not say what it is called."""


class Pretending:
    """A thing that says of nobody's class that it is its own."""

    @property
    def __class__(self) -> type:
        raise RuntimeError("looked at")

    @__class__.setter
    def __class__(self, _: type) -> None: ...


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


STRANGE: list[Callable[[], object]] = [
    Refusing,
    lambda: [Refusing(a=1)],
    lambda: {Spelling("é"): [Spelling("\ud800")]},
    Unnamed,
    type("x" * 10_000_000, (), {}),
    lambda: deep(60),
    lambda: deep(5_000),
    lambda: 10**100_000,
    lambda: Decimal("1e999999999999"),
    lambda: [Decimal("NaN"), float("inf")],
    lambda: "x" * 20_000_000,
    lambda: {1: object()},
]


@pytest.mark.parametrize("results", ["digest", "whole", "none"])
def test_whatever_a_tool_gives_its_outcome_is_recorded(tmp_path: Path, results: str) -> None:
    with open_guard(tmp_path, results=results) as guard:
        for strange in STRANGE:
            value = strange()
            with guard.call("fetch", {"page": "x"}, **WHO) as permit:
                assert permit.result(value) is value
            assert guard.trouble is None
    assert outcomes(tmp_path) == ["ok"] * len(STRANGE)
    assert problems(tmp_path) == []


def test_a_result_that_can_not_be_looked_at_is_withheld_and_its_call_counts_as_made(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        permit = guard.call("fetch", {"page": "x"}, **WHO)
        with pytest.raises(Withheld, match="can't be looked at"), permit:
            permit.result(Pretending())
    assert outcomes(tmp_path) == ["ok"]


def test_a_failure_after_the_deadline_is_recorded_as_what_it_counts_as(tmp_path: Path) -> None:
    clock = Clock()

    def refund(customer: str, amount: int) -> None:
        clock.forward(61)
        raise OSError("too late")

    with open_guard(tmp_path, clock=clock, deadline=60) as guard, acting(**WHO):
        for _ in range(10):
            with pytest.raises(OSError, match="too late"):
                guard.tool(refund)("c1", 50)
        with pytest.raises(Denied, match="more than 500 a day"):
            guard.tool(refund)("c1", 50)
    assert outcomes(tmp_path) == ["unknown"] * 10
    assert problems(tmp_path, clock.now) == []


def test_a_tool_that_ran_out_of_time_may_have_done_it_and_counts(tmp_path: Path) -> None:
    def refund(customer: str, amount: int) -> None:
        raise TimeoutError("no answer from the bank")

    async def refund_async(customer: str, amount: int) -> None:
        async with asyncio.timeout(0):
            await asyncio.sleep(60)

    with open_guard(tmp_path) as guard, acting(**WHO):
        for _ in range(9):
            with pytest.raises(TimeoutError):
                guard.tool(refund)("c1", 50)
        with pytest.raises(TimeoutError):
            asyncio.run(guard.tool(refund_async, name="refund")("c1", 50))
        with pytest.raises(Denied, match="more than 500 a day"):
            guard.tool(refund)("c1", 50)
    assert outcomes(tmp_path) == ["unknown"] * 10


def test_a_guard_that_was_opened_anew_records_the_ends_that_the_one_before_could_not(tmp_path: Path) -> None:
    log, moved = tmp_path / "log.db", tmp_path / "moved.db"
    with open_guard(tmp_path) as guard, acting(**WHO):
        running = guard.call("fetch", {"page": "y"}, labels=lambda _: ["slow"])
        with running:
            with guard.call("fetch", {"page": "x"}, labels=lambda _: ["secret"]) as permit:
                log.rename(moved)
                permit.result("found")
            assert "can't be recorded" in str(guard.trouble)
            moved.rename(log)
            guard.reopen()
            running.result("late")
        assert guard.trouble is None
        answer = guard.ask("fetch", {"page": "z"})
        assert isinstance(answer, Permit)
        session = answer.answer.request["session"]
        assert isinstance(session, dict)
        assert session["labels"] == ["secret", "slow", "untrusted"]
        answer.refuse()
    assert outcomes(tmp_path) == ["ok", "ok", "refused"]
    assert problems(tmp_path) == []
