"""What a call says, and who makes it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator

import pytest

from tenetlang.guard import GuardError, acting
from tenetlang.guard.calls import Caller, call_of, caller_of

NOBODY = Caller()


def asked() -> dict[str, object]:
    return call_of("refund", {"amount": 1}, NOBODY, None).asked()


def test_a_call_says_who_makes_it() -> None:
    caller = caller_of("a1", {"id": "u1", "team": "x"}, "s1", {"channel": "mail"}, {"tenant": "t1"})
    call = call_of("refund", {"amount": 1}, caller, {"amount": "user"})
    assert call.asked() == {
        "tool": "refund",
        "args": {"amount": 1},
        "agent": {"id": "a1"},
        "user": {"id": "u1", "team": "x"},
        "context": {"channel": "mail"},
        "origins": {"amount": "user"},
        "tenant": "t1",
    }
    assert call.agent == "a1"


def test_who_acts_is_said_around_calls_and_inside_what_differs() -> None:
    with acting(agent="a1", user="u1", context={"a": 1}, facts={"tenant": "t1"}):
        with acting(agent="a2", facts={"region": "eu"}):
            assert asked() == {
                "tool": "refund",
                "args": {"amount": 1},
                "agent": {"id": "a2"},
                "user": {"id": "u1"},
                "context": {"a": 1},
                "tenant": "t1",
                "region": "eu",
            }
        assert asked()["agent"] == {"id": "a1"}
    assert asked() == {"tool": "refund", "args": {"amount": 1}}


def test_origins_around_calls_are_for_arguments_that_are_there() -> None:
    with acting(origins={"amount": "user", "customer": "tool:crm.find"}):
        assert asked()["origins"] == {"amount": "user"}
        assert "origins" not in call_of("wipe", {}, NOBODY, None).asked()
        assert call_of("refund", {"amount": 1}, NOBODY, {"amount": "agent"}).origins == {"amount": "agent"}


def test_another_thread_begins_with_nobody_and_a_task_with_those_around_it() -> None:
    found: list[object] = []

    async def look() -> None:
        async with acting(user="u1"):
            found.append(await asyncio.create_task(asyncio.to_thread(asked)))

    with acting(agent="a1"):
        thread = threading.Thread(target=lambda: found.append(asked()))
        thread.start()
        thread.join()
        asyncio.run(look())
    assert [sorted(item) for item in found if isinstance(item, dict)] == [
        ["args", "tool"],
        ["agent", "args", "tool", "user"],
    ]


def test_what_is_the_guards_to_say_can_not_be_said_as_a_fact() -> None:
    for name in ("session", "counters", "approvals", "now", "args"):
        with pytest.raises(GuardError, match=f"`{name}` is no fact"):
            acting(facts={name: 1})


@pytest.mark.parametrize("session", ["", 3, {"id": "s1"}])
def test_a_session_is_a_text(session: str) -> None:
    with pytest.raises(GuardError, match="a session is the text"):
        acting(session=session)


def test_what_is_no_call_is_refused() -> None:
    with pytest.raises(GuardError, match="a tool is named by text"):
        call_of(3, {}, NOBODY, None)  # type: ignore[arg-type]  # what a caller may get wrong
    with pytest.raises(GuardError, match="the arguments can't be a list"):
        call_of("refund", [1], NOBODY, None)  # type: ignore[arg-type]  # as above
    with pytest.raises(GuardError, match="an agent can't be a int"):
        acting(agent=3)  # type: ignore[arg-type]  # as above


def test_an_agent_without_an_identifier_has_no_name() -> None:
    assert call_of("refund", {}, caller_of({"team": "x"}, None, None, None, None), None).agent is None
    assert call_of("refund", {}, caller_of({"id": 3}, None, None, None, None), None).agent is None


def test_one_acting_may_be_used_again_within_itself_and_by_threads_at_once() -> None:
    support = acting(agent="support")
    with support:
        with support, acting(agent="other"):
            assert asked()["agent"] == {"id": "other"}
        assert asked()["agent"] == {"id": "support"}
    assert "agent" not in asked()

    inside, outside = threading.Barrier(8), list[object]()

    def work(number: int) -> None:
        with acting(user=f"u{number}"):
            with support:
                inside.wait()
            outside.append(asked()["user"] == {"id": f"u{number}"} and "agent" not in asked())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outside == [True] * 8


def test_who_acts_ends_with_its_block_though_a_generator_within_is_left_open() -> None:
    def pages() -> Generator[int, None, None]:
        with acting(agent="inner"):
            yield 1

    with acting(agent="outer"):
        opened = pages()
        next(opened)
    assert "agent" not in asked()
    with acting(agent="later"):
        opened.close()
        assert asked()["agent"] == {"id": "later"}
