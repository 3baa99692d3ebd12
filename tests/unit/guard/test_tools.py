"""Functions as tools: what is read off them is the function's, and what can be called is guarded however one gets at it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import get_type_hints

import pytest

from tenetlang.audit.log import Log
from tenetlang.guard import Denied, Escalated, Guard, acting
from tenetlang.guard.arguments import held
from tests.unit.guard.guards import WHO, open_guard, outcomes, problems, verdicts, vote, write_policy
from tests.unit.guard.test_failures import locked

LISTS = """
package lists

tool mail(to: list[string], text?: string)
reviewers owners { who {"ada"}; within 30m; quorum 1; else deny }
default deny
escalate writing to owners if { tool is mail; "evil" not in args.to }
deny evil if { tool is mail; "evil" in args.to }
"""


class Text(str):
    """A class of this module, which a framework looks up by its name."""

    __slots__ = ()


def test_a_tool_that_is_unwrapped_is_still_a_tool(tmp_path: Path) -> None:
    def shown(function: Callable[[], str]) -> Callable[[], str]:
        @functools.wraps(function)
        def inner() -> str:
            return function()

        return inner

    async def fetch(page: Text) -> str:
        """Fetches."""
        return page

    def wipe() -> str:
        return "wiped"

    with open_guard(tmp_path) as guard, acting(**WHO):
        plain, coroutine = guard.tool(wipe), guard.tool(fetch)
        assert inspect.unwrap(shown(plain)) is plain
        assert inspect.unwrap(coroutine) is coroutine
        assert inspect.iscoroutinefunction(coroutine)
        with pytest.raises(Denied):
            inspect.unwrap(shown(plain))()
        assert asyncio.run(inspect.unwrap(coroutine)(Text("x"))) == "x"
        assert inspect.signature(coroutine) == inspect.signature(fetch)
        assert get_type_hints(coroutine) == {"page": Text, "return": str}
        assert (coroutine.__name__, coroutine.__doc__, coroutine.__module__) == ("fetch", "Fetches.", __name__)
        with pytest.raises(Denied):
            guard.tool(functools.partial(wipe), name="wipe")()
    assert verdicts(tmp_path) == ["deny by default", "allow by fetching", "deny by default"]


def test_what_one_run_changes_in_its_arguments_the_next_one_does_not_see(tmp_path: Path) -> None:
    sent: list[list[str]] = []

    def mail(to: list[str], text: str | None = None) -> None:
        sent.append(list(to))
        to.append("evil")

    with open_guard(tmp_path, LISTS) as guard, acting(**WHO):
        with pytest.raises(Escalated) as escalated:
            guard.tool(mail)(["bob"])
        vote(guard, escalated.value)
        escalated.value.resume()
        with pytest.raises(Escalated) as again:
            escalated.value.resume()
        vote(guard, again.value)
        again.value.resume()
    assert sent == [["bob"], ["bob"]]
    assert outcomes(tmp_path) == ["ok", "ok"]
    assert problems(tmp_path) == []


def test_an_approval_is_used_by_one_of_those_who_resume_at_once(tmp_path: Path) -> None:
    runs: list[object] = []
    ends: list[str] = []

    def refund(customer: str, amount: int) -> None:
        runs.append((customer, amount))

    with open_guard(tmp_path) as guard, acting(**WHO):
        with pytest.raises(Escalated) as escalated:
            guard.tool(refund)("c1", 100)
        vote(guard, escalated.value)
        begin = threading.Barrier(6)

        def resume() -> None:
            begin.wait()
            try:
                escalated.value.resume()
            except (Escalated, Denied) as answer:
                ends.append(type(answer).__name__)

        threads = [threading.Thread(target=resume) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(runs) == 1
    assert len(ends) == 5
    assert outcomes(tmp_path) == ["ok"]


class Key(Enum):
    """Keys that are written as texts are."""

    TO = "to"


def test_an_object_with_two_members_of_one_name_is_no_argument(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        answer = guard.ask("fetch", {"page": {Key.TO: "bob", "to": "ada"}}, **WHO)
        assert answer.decision.decided_by == ("invalid_request",)
        assert "a key is not a string" in answer.decision.reason


def test_pythons_own_kinds_of_dictionaries_and_lists_are_copied_as_what_they_are() -> None:
    inner = [1]
    for value in (OrderedDict(a=inner), defaultdict(list, a=inner), deque([inner], 3)):
        copied = held(value)
        assert copied == value
        assert type(copied) is type(value)
    rows, kept = held(deque([inner], 3)), held(defaultdict(list, a=inner))
    inner.append(2)
    assert isinstance(rows, deque)
    assert isinstance(kept, defaultdict)
    assert (rows.maxlen, rows[0], kept["a"], kept["b"]) == (3, [1], [1], [])


def test_who_resumes_while_the_log_can_not_be_asked_is_denied_and_may_try_again(tmp_path: Path) -> None:
    write_policy(tmp_path)
    log = Log.open(tmp_path / "log.db", busy_seconds=0.02)
    runs: list[str] = []

    def refund(customer: str, amount: int) -> None:
        runs.append(customer)

    async def refund_async(customer: str, amount: int) -> None:
        runs.append(customer)

    with Guard.open(tmp_path / "shop.tenet", log=log) as guard, acting(**WHO):
        with pytest.raises(Escalated) as escalated:
            guard.tool(refund)("c1", 100)
        with pytest.raises(Escalated) as later:
            asyncio.run(guard.tool(refund_async, name="refund")("c2", 100))
        with locked(tmp_path / "log.db"):
            with pytest.raises(Denied) as denied:
                escalated.value.resume()
            with pytest.raises(Denied):
                asyncio.run(later.value.resume())
        assert (denied.value.retry, denied.value.decision.decided_by) == ("later", ("unavailable",))
        vote(guard, escalated.value)
        escalated.value.resume()
    assert runs == ["c1"]
