"""What can fail and what is answered then: a test for each row of the table in docs/guard.md, which it must be found in.

In each of them the tool must not have run unless it was allowed, and what can still be recorded is.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import apsw
import pytest

from tenetlang.audit.errors import AuditError, LogUnavailable
from tenetlang.audit.log import Log
from tenetlang.audit.payloads.keyring import create_keyring
from tenetlang.audit.stores.tables import Tables
from tenetlang.facts.ledger import open_ledger
from tenetlang.guard import Denied, Guard, GuardError, Withheld, acting
from tenetlang.guard.answers import reason_for_agent
from tenetlang.guard.permits import Permit
from tenetlang.review.desk import Desk
from tenetlang.review.people import Directory, Person
from tests.repository.checkout import ROOT
from tests.unit.bundle.bundles import KEY, MADE, STRANGER, bundle
from tests.unit.guard.guards import POLICY, WHO, Clock, open_guard, outcomes, problems, records, verdicts, write_policy

ROWS: list[str] = []


Test = TypeVar("Test")


def row(name: str) -> Callable[[Test], Test]:
    """Marks the test of a row."""
    ROWS.append(name)
    return lambda test: test


def trouble(guard: Guard) -> str:
    """Why the guard denies calls, or nothing."""
    return guard.trouble or ""


def test_every_row_of_the_table_has_a_test() -> None:
    page = (ROOT / "docs" / "guard.md").read_text()
    table = page.partition("## What fails, and what is answered")[2].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")]
    assert sorted(rows[2:]) == sorted(ROWS)


class Tool:
    """A tool that counts how often it ran."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.ran = 0

    def denied(self, tool: str = "fetch", code: str = "unavailable", **arguments: object) -> Denied:
        """Calls it, and must not get it to run."""
        before = self.ran
        with pytest.raises(Denied) as caught, self.guard.call(tool, arguments or {"page": "x"}, **WHO):
            self.ran += 1
        assert self.ran == before
        assert caught.value.decision.decided_by == (code,)
        assert caught.value.decision.verdict == "deny"
        return caught.value

    def runs(self, tool: str = "fetch", **arguments: object) -> object:
        """Calls it, and must get it to run."""
        with self.guard.call(tool, arguments or {"page": "x"}, **WHO) as permit:
            self.ran += 1
            return permit.result({"number": "4111", "of": "x"})


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[Tool]:
    with open_guard(tmp_path) as guard:
        yield Tool(guard)


# ------------------------------------------------------------------------------------------------------------ the log


@row("the log's file is cut, moved or replaced while it is in use")
def test_a_log_that_is_not_what_it_was(tmp_path: Path) -> None:
    guard = open_guard(tmp_path)
    tool = Tool(guard)
    tool.runs()
    (tmp_path / "log.db").rename(tmp_path / "elsewhere.db")
    denied = tool.denied()
    assert denied.identifier is None
    assert "elsewhere" not in str(denied)
    assert str(denied).endswith("calls can't be decided and recorded at the moment")
    assert denied.retry == "later"
    tool.denied()
    with pytest.raises(AuditError):
        guard.close()
    with pytest.raises(AuditError, match="there is no log"):
        guard.reopen()
    tool.denied()
    (tmp_path / "elsewhere.db").rename(tmp_path / "log.db")
    guard.reopen()
    tool.runs()
    guard.close()


@row("another process holds the log's lock for too long")
def test_a_log_that_is_locked(tmp_path: Path) -> None:
    write_policy(tmp_path)
    log = Log.open(tmp_path / "log.db", busy_seconds=0.05)
    with Guard.open(tmp_path / "shop.tenet", log=log) as guard:
        tool = Tool(guard)
        tool.runs()
        with locked(tmp_path / "log.db"):
            assert tool.denied().identifier is None
        tool.runs()
    assert outcomes(tmp_path) == ["ok", "ok"]
    assert problems(tmp_path) == []


@contextmanager
def locked(path: Path) -> Iterator[None]:
    connection = apsw.Connection(str(path))
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def busy(guard: Guard) -> Iterator[None]:
    """Keeps the log's writer within a job."""
    begun, go_on = threading.Event(), threading.Event()

    def job(_: Tables) -> tuple[None, tuple[()]]:
        begun.set()
        go_on.wait()
        return None, ()

    told = guard._gate.writer.do(job)
    begun.wait()
    try:
        yield
    finally:
        go_on.set()
        told.result()


@row("the log's queue is full")
def test_a_queue_that_is_full(tmp_path: Path) -> None:
    with open_guard(tmp_path, patience=0.05) as guard:
        tool = Tool(guard)
        with busy(guard):
            waiting = filled(guard)
            assert tool.denied().identifier is None
        waiting.result()
        tool.runs()


def filled(guard: Guard) -> Future[None]:
    """Fills the queue of a log whose writer is busy; gives the last job in it."""
    last: Future[None] = Future()
    with suppress(LogUnavailable):  # others may have put something there too
        for _ in range(5000):
            last = guard._gate.writer.do(lambda _: (None, ()))
    return last


@row("the guard is closed")
def test_a_guard_that_is_closed(tmp_path: Path) -> None:
    guard = open_guard(tmp_path)
    tool = Tool(guard)
    guard.close()
    assert tool.denied().identifier is None
    assert trouble(guard) == "the guard is closed"
    guard.close()
    guard.reopen()
    assert trouble(guard) == ""
    tool.runs()
    guard.close()
    assert problems(tmp_path) == []


@row("the process was forked")
def test_a_guard_in_a_forked_process(tmp_path: Path) -> None:
    guard = open_guard(tmp_path)
    tool = Tool(guard)
    tool.runs()
    guard._gate.point.name  # noqa: B018  # what the child inherits
    child = os.fork()
    if child == 0:
        status = 1
        try:
            tool.denied()
            guard.close()
            guard.reopen()
            tool.runs()
            guard.close()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    tool.runs()
    guard.close()
    assert outcomes(tmp_path) == ["ok"] * 3
    assert problems(tmp_path) == []


# ------------------------------------------------------------------------------------------------------------- policy


@row("the policy has errors, or can't be read, when the guard is opened")
def test_a_policy_with_errors(tmp_path: Path) -> None:
    with pytest.raises(GuardError, match="the policy has 1 error"):
        open_guard(tmp_path, "package shop\nallow a if { b }")
    with pytest.raises(GuardError, match="does not exist"):
        Guard.open(tmp_path / "nothing", log=tmp_path / "log.db")


@row("a new bundle is broken, not trusted, older, or fails its own tests")
def test_a_new_bundle_that_is_no_good(tmp_path: Path) -> None:
    file = tmp_path / "shop.bundle"
    file.write_bytes(bundle(2))
    clock = Clock(MADE)
    trusted = str(KEY.verifier)
    with Guard.open(file, log=tmp_path / "log.db", trust=[trusted], clock=clock) as guard:
        tool = Tool(guard)
        tool.runs("refund", customer="c1", amount=50)
        assert guard.active.version == 2
        for number, bad in enumerate((b"no bundle", bundle(3, keys=(STRANGER,)), bundle(1))):
            file.write_bytes(bad)
            until(partial(rejected, tmp_path, number + 1))
            until(lambda: guard.active.kept is not None)
            tool.runs("refund", customer="c1", amount=1)
        file.write_bytes(bundle(3, "60.00"))
        until(lambda: guard.active.version == 3)
        tool.runs("refund", customer="c1", amount=60)
    stale = [record["policy"]["stale"] for record in records(tmp_path, "intent")]  # type: ignore[index]  # a record
    assert stale[0] is stale[-1] is None
    assert all("was refused" in mark for mark in stale[1:-1])
    assert problems(tmp_path, clock.now) == []


def rejected(folder: Path, count: int) -> bool:
    return len(records(folder, "policy.rejected")) == count


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@row("the bundle is past `hard_expires`")
def test_a_bundle_that_may_decide_nothing_any_more(tmp_path: Path) -> None:
    (tmp_path / "shop.bundle").write_bytes(bundle(1, expires=1, hard_expires=2))
    clock = Clock(MADE)
    with Guard.open(tmp_path / "shop.bundle", log=tmp_path / "log.db", trust=[str(KEY.verifier)], clock=clock) as guard:
        tool = Tool(guard)
        tool.runs("refund", customer="c1", amount=50)
        clock.forward(86_400)
        tool.runs("refund", customer="c1", amount=50)
        clock.forward(86_400)
        denied = tool.denied("refund", customer="c1", amount=50)
        assert denied.identifier is not None
        assert "out of date" in denied.decision.reason
        assert trouble(guard)
        assert denied.suggestions() == ()
    stale = [record["policy"]["stale"] for record in records(tmp_path, "intent")]  # type: ignore[index]  # a record
    assert stale[0] is None
    assert str(stale[1]).startswith("expired")


@row("a rule errs")
def test_a_rule_that_errs(tmp_path: Path) -> None:
    policy = """
package shop
tool pay(amount: int, parts: int)
allow even if { tool is pay; floor_div(args.amount, args.parts) == 2 }
"""
    with open_guard(tmp_path, policy) as guard:
        tool = Tool(guard)
        tool.runs("pay", amount=4, parts=2)
        denied = tool.denied("pay", "error", amount=4, parts=0)
        assert denied.identifier is not None
        assert denied.reason == "the policy could not be evaluated for this call"
    assert verdicts(tmp_path) == ["allow by even", "deny by error"]


@row("a counter errs")
def test_a_counter_that_errs(tmp_path: Path) -> None:
    policy = """
package shop
tool pay(amount: int, parts: int)
counter shares = sum(floor_div(args.amount, args.parts)) of pay
allow few if { tool is pay; shares < 100 }
"""
    with open_guard(tmp_path, policy) as guard:
        tool = Tool(guard)
        tool.runs("pay", amount=4, parts=2)
        assert "the counters can't be computed" in tool.denied("pay", amount=4, parts=0).decision.reason
        tool.denied("pay", "invalid_request", amount="x", parts=0)
    assert verdicts(tmp_path) == ["allow by few", "deny by unavailable", "deny by invalid_request"]


@row("the call is no request of the policy")
def test_a_call_that_is_invalid(tmp_path: Path, tool: Tool) -> None:
    assert tool.denied("nothing", "unknown_tool").retry == "never"
    assert tool.denied("fetch", "invalid_request", page=b"x").retry == "changed"
    tool.denied("fetch", "invalid_request", page="a\ud800")
    tool.denied("fetch", "invalid_request", page=object())
    tool.denied("fetch", "invalid_request", page="x", more=float("nan"))
    tool.denied("fetch\x00", "unknown_tool")
    tool.denied("refund", "invalid_request", customer="c1", amount=float("inf"))
    with pytest.raises(Denied, match="session: required"):
        tool.guard.call("refund", {"customer": "c1", "amount": 1}, agent="a1", user="u1")
    for agent in ("a\x00", "a\ud800", "a" * 5000, {"name": "x"}):
        with pytest.raises(Denied):
            tool.guard.call("nothing", {}, agent=agent, user="u1", session="s1")
    assert set(verdicts(tmp_path)) == {"deny by unknown_tool", "deny by invalid_request"}
    assert problems(tmp_path) == []


# -------------------------------------------------------------------------------------------------------------- facts


@row("the ledger can't be reached, or is too busy")
def test_a_ledger_that_is_gone(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "facts.db")
    with open_guard(tmp_path, ledger=ledger) as guard:
        tool = Tool(guard)
        tool.runs()
        ledger.close()
        denied = tool.denied()
        assert denied.identifier is not None
        assert "ledger" in denied.decision.reason
        assert "ledger" not in str(denied)
    assert verdicts(tmp_path) == ["allow by fetching", "deny by unavailable"]


@row("the clock goes back by more than five minutes")
def test_a_clock_that_goes_back(tmp_path: Path) -> None:
    clock = Clock()
    with open_guard(tmp_path, clock=clock) as guard:
        tool = Tool(guard)
        tool.runs()
        clock.forward(-10)
        tool.runs()
        clock.forward(-400)
        assert "clock" in tool.denied().decision.reason
        clock.forward(410)
        tool.runs()
    assert verdicts(tmp_path)[2] == "deny by unavailable"


# ---------------------------------------------------------------------------------------------------- keys and people


@row("the keys that seal what callers sent can't be used")
def test_keys_that_can_not_be_used(tmp_path: Path) -> None:
    create_keyring(tmp_path / "people.keys")
    with open_guard(tmp_path, keyring=tmp_path / "people.keys") as guard:
        tool = Tool(guard)
        tool.runs()
        sealer = guard._gate.sealer
        assert sealer is not None
        sealer.keyring.close()
        assert tool.denied().identifier is None


@row("people have to be asked, and the guard was opened without reviews")
def test_no_reviews(tmp_path: Path) -> None:
    with open_guard(tmp_path, reviews=False) as guard:
        denied = Tool(guard).denied("refund", "review_unavailable", customer="c1", amount=80)
        assert denied.reason == "people would have to approve this call, and nobody can be asked at the moment"
    assert verdicts(tmp_path) == ["deny by review_unavailable"]


@row("people have to be asked, and no channel to them works, or too few may answer")
def test_nobody_can_be_asked(tmp_path: Path) -> None:
    directory = Directory((Person("ada", addresses={"mail": "ada@example.com"}),), personal=frozenset({"mail"}))
    with open_guard(tmp_path, reviews=Desk(directory)) as guard:
        denied = Tool(guard).denied("refund", "review_unavailable", customer="c1", amount=80)
        assert "channel" in denied.decision.reason
    other = tmp_path / "other"
    other.mkdir()
    alone = POLICY.replace('{"ada", "grace"}', '{"a1"}')
    with open_guard(other, alone) as guard:
        Tool(guard).denied("refund", "review_unavailable", customer="c1", amount=80)
    assert verdicts(other) == ["deny by review_unavailable"]
    assert problems(other) == []


@row("the allowance demands what nobody here does")
def test_an_obligation_without_a_handler(tmp_path: Path) -> None:
    policy = POLICY.replace('mask("number")', 'stamp("x")')
    with open_guard(tmp_path, policy) as guard:
        tool = Tool(guard)
        assert "`stamp`" in tool.denied("card", "unmet_obligation", number="4111").reason

        @guard.before("stamp")
        def stamped(permit: Permit, text: str) -> None:
            assert (permit.tool, text) == ("card", "x")

        tool.runs("card", number="4111")
    assert verdicts(tmp_path) == ["deny by unmet_obligation", "allow by cards"]


@row("what the allowance demands beforehand fails")
def test_a_handler_that_fails_before_the_tool(tmp_path: Path) -> None:
    policy = POLICY.replace('mask("number")', 'stamp("x")')
    with open_guard(tmp_path, policy) as guard:
        tool = Tool(guard)

        @guard.before("stamp")
        def stamped(permit: Permit, text: str) -> None:
            raise OSError(text)

        denied = tool.denied("card", "unmet_obligation", number="4111")
        assert denied.identifier is not None

        async def main() -> None:
            with pytest.raises(Denied):
                async with await guard.call_async("card", {"number": "4111"}, **WHO):
                    tool.ran += 1

        asyncio.run(main())
        assert tool.ran == 0
    assert outcomes(tmp_path) == ["refused", "refused"]
    assert records(tmp_path, "outcome")[0]["obligations"] == [{"met": False, "name": "stamp"}]
    assert problems(tmp_path) == []


@row("what the allowance demands of the result fails")
def test_a_handler_that_fails_after_the_tool(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        tool = Tool(guard)
        assert tool.runs("card", number="4111") == {"number": "***", "of": "x"}
        with (
            pytest.raises(Withheld, match="`mask` could not be met"),
            guard.call("card", {"number": "4111"}, **WHO) as permit,
        ):
            permit.result("4111")
    assert outcomes(tmp_path) == ["ok", "ok"]
    assert [record["obligations"] for record in records(tmp_path, "outcome")] == [
        [{"met": True, "name": "mask"}],
        [{"met": False, "name": "mask"}],
    ]


# ------------------------------------------------------------------------------------------------- switches and scopes


@row("an operator stopped all calls, those of the agent or those of the tool")
def test_switches(tmp_path: Path, tool: Tool) -> None:
    for reach in ({}, {"agent": "a1"}, {"tool": "fetch"}):
        assert tool.guard.stop(**reach, because="a secret reason")
        assert not tool.guard.stop(**reach)
        denied = tool.denied(code="stopped")
        assert "secret" not in str(denied)
        assert denied.reason == "calls like this one are stopped"
        assert tool.guard.resume(**reach)
        assert not tool.guard.resume(**reach)
        tool.runs()
    tool.guard.stop(agent="a2")
    tool.guard.stop(tool="wipe")
    tool.guard.stop(agent="a\u202e")
    for agent in ("a\0", "a\ud800", "a" * 5000, "a\u202e"):
        with pytest.raises(Denied) as caught:
            tool.guard.call("wipe", {}, agent=agent)
        assert caught.value.decision.decided_by == ("stopped",)
    with pytest.raises(Denied, match="are stopped"):
        tool.guard.call("fetch", {"page": "x"}, agent="a\u202e")
    tool.runs()
    with pytest.raises(GuardError, match="for an agent or for a tool"):
        tool.guard.stop(agent="a1", tool="wipe")
    assert len(records(tmp_path, "guard.stopped")) == 9
    assert len(records(tmp_path, "guard.resumed")) == 3


@row("the tool is not in the agent's scope")
def test_a_tool_out_of_scope(tmp_path: Path) -> None:
    write_policy(tmp_path)
    (tmp_path / "tenet.toml").write_text('[scopes]\na1 = ["refund", "fetch"]\n')
    with open_guard(tmp_path, scopes={"a1": ["fetch", "card"]}) as guard:
        tool = Tool(guard)
        tool.runs()
        denied = tool.denied("refund", "out_of_scope", customer="c1", amount=1)
        assert denied.reason == "this tool is not among those of the agent"
        tool.denied("card", "out_of_scope", number="1")
        with pytest.raises(Denied, match="not among those"):
            guard.call("fetch", {"page": "x"}, agent="a2", user="u1")
        with pytest.raises(Denied, match="not among those"):
            guard.call("fetch", {"page": "x"})
        assert guard.scope("a1") == {"fetch"}
        assert guard.scope("a1", "refund") == frozenset()
        tool.denied(code="out_of_scope")
    assert verdicts(tmp_path) == ["allow by fetching"] + ["deny by out_of_scope"] * 5
    assert problems(tmp_path) == []


# ------------------------------------------------------------------------------------------- whoever asks goes away


@row("the coroutine is cancelled, or Ctrl-C comes, before the answer")
def test_a_coroutine_that_is_cancelled_before_the_answer(tmp_path: Path) -> None:
    ran: list[str] = []

    async def main() -> None:
        with open_guard(tmp_path) as guard:

            @guard.tool
            async def fetch(page: str) -> None:
                ran.append(page)

            with acting(**WHO):
                with busy(guard):
                    asking = [asyncio.create_task(fetch(page)) for page in ("a", "b")]
                    await asyncio.sleep(0.05)
                    asking[0].cancel()
                    await asyncio.wait(asking, timeout=0.05)
                await asyncio.gather(*asking, return_exceptions=True)

    asyncio.run(main())
    assert ran == ["b"]
    assert problems(tmp_path) == []
    assert sorted(outcomes(tmp_path)) in (["ok"], ["ok", "refused"])


def test_a_call_whose_coroutine_is_cancelled_once_it_was_decided_is_refused(tmp_path: Path) -> None:
    from tenetlang.guard.asking import Question
    from tenetlang.guard.calls import Caller, call_of

    with open_guard(tmp_path) as guard:
        with acting(**WHO):
            call = call_of("fetch", {"page": "x"}, Caller(), None)
        question = Question(guard._gate, guard._front.outcomes, call)
        answer, _ = question.ask()
        assert answer.decision.verdict == "allow"
        question.leave()
        gone = Question(guard._gate, guard._front.outcomes, call)
        gone.leave()
        assert guard._gate.writer.do(gone._job).result() is None

        class Leaving(Question):
            def _is_gone(self) -> bool:
                return self._answer is not None

        leaving = Leaving(guard._gate, guard._front.outcomes, call)
        guard._gate.writer.do(leaving._job).result()
        deadline = time.monotonic() + 10
        while len(outcomes(tmp_path)) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert outcomes(tmp_path) == ["refused", "refused"]
    assert problems(tmp_path) == []


@row("the coroutine is cancelled, or the program ends, while the tool runs")
def test_a_tool_that_is_cancelled(tmp_path: Path) -> None:
    async def main() -> None:
        with open_guard(tmp_path) as guard:
            begun = asyncio.Event()

            @guard.tool
            async def fetch(page: str) -> None:
                begun.set()
                await asyncio.sleep(60)

            with acting(**WHO):
                running = asyncio.create_task(fetch("x"))
                await begun.wait()
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running

    asyncio.run(main())
    with open_guard(tmp_path) as guard, pytest.raises(KeyboardInterrupt), guard.call("fetch", {"page": "x"}, **WHO):
        raise KeyboardInterrupt
    assert outcomes(tmp_path) == ["unknown", "unknown"]
    assert problems(tmp_path) == []


@row("the process is killed, or forgets the permit, after the decision")
def test_a_call_that_nobody_ends(tmp_path: Path) -> None:
    clock = Clock()
    with open_guard(tmp_path, clock=clock, deadline=60) as guard:
        late = guard.call("fetch", {"page": "x"}, **WHO)
        clock.forward(61)
        assert outcomes(tmp_path) == []
    with open_guard(tmp_path, clock=clock, place="other") as guard:
        Tool(guard).runs()
    assert outcomes(tmp_path) == ["unknown", "ok"]
    assert records(tmp_path, "outcome")[0]["of"] == late.identifier
    assert problems(tmp_path, clock.now) == []


@row("the outcome comes after its deadline")
def test_an_outcome_that_comes_late(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with open_guard(tmp_path, clock=clock, deadline=60) as guard:
        with guard.call("fetch", {"page": "x"}, **WHO) as permit:
            clock.forward(61)
            Tool(guard).runs()
            permit.result("late")
        assert "came after its deadline" in caplog.text
    assert outcomes(tmp_path) == ["unknown", "ok"]
    assert problems(tmp_path, clock.now) == []


# ------------------------------------------------------------------------------------------------------------ outcomes


@row("the outcome can't be recorded")
def test_an_outcome_that_can_not_be_recorded(tmp_path: Path) -> None:
    write_policy(tmp_path)
    log = Log.open(tmp_path / "log.db", busy_seconds=0.02)
    with Guard.open(tmp_path / "shop.tenet", log=log) as guard:
        tool = Tool(guard)
        with guard.call("fetch", {"page": "x"}, **WHO) as permit:
            lock = locked(tmp_path / "log.db")
            lock.__enter__()
            assert permit.result("found") == "found"
        assert "can't be recorded" in trouble(guard)
        assert "can't be recorded" in tool.denied().decision.reason

        async def main() -> None:
            with pytest.raises(Denied):
                await guard.call_async("fetch", {"page": "x"}, **WHO)

        asyncio.run(main())
        lock.__exit__(None, None, None)
        deadline = time.monotonic() + 30
        while trouble(guard) and time.monotonic() < deadline:
            time.sleep(0.01)
        tool.runs()
    assert outcomes(tmp_path) == ["ok", "ok"]
    assert problems(tmp_path) == []


def test_an_outcome_that_can_not_be_recorded_is_tried_before_the_next_call_and_when_the_guard_closes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_policy(tmp_path)
    log = Log.open(tmp_path / "log.db", busy_seconds=0.02)
    guard = Guard.open(tmp_path / "shop.tenet", log=log)
    guard._front.outcomes._first_pause = 600

    async def main() -> None:
        async with await guard.call_async("fetch", {"page": "x"}, **WHO):
            lock = locked(tmp_path / "log.db")
            lock.__enter__()
        assert trouble(guard)
        lock.__exit__(None, None, None)
        async with await guard.call_async("fetch", {"page": "y"}, **WHO):
            lock = locked(tmp_path / "log.db")
            lock.__enter__()
        lock.__exit__(None, None, None)

    asyncio.run(main())
    assert trouble(guard)
    guard.close()
    assert outcomes(tmp_path) == ["ok", "ok"]
    assert "is tried again; until then every call is denied" in caplog.text
    assert problems(tmp_path) == []


def test_what_is_for_operators_is_not_told_to_agents(tool: Tool) -> None:
    tool.guard.stop(because="somebody's password is x")
    with pytest.raises(Denied) as caught:
        tool.guard.call("fetch", {"page": "x"}, **WHO)
    assert "password" not in repr(caught.value.for_agent())
    assert "tenet guard resume" not in repr(caught.value.for_agent())
    assert reason_for_agent(caught.value.decision) == caught.value.reason


def test_an_outcome_is_recorded_once_though_the_coroutine_is_cancelled_while_it_waits_for_that(tmp_path: Path) -> None:
    async def main() -> None:
        with open_guard(tmp_path) as guard:
            permit = await guard.call_async("fetch", {"page": "x"}, **WHO)

            async def use() -> None:
                async with permit:
                    await permit.result_async("page")

            with busy(guard):
                using = asyncio.create_task(use())
                await asyncio.sleep(0.05)
                using.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await using

    asyncio.run(main())
    assert outcomes(tmp_path) == ["ok"]
    assert problems(tmp_path) == []


def test_an_outcome_of_somebody_who_is_gone_is_kept_as_any_other(tmp_path: Path) -> None:
    guard = open_guard(tmp_path)
    permit = guard.call("fetch", {"page": "x"}, **WHO)
    guard.close()
    guard._front.outcomes._settle_quietly(permit._settled("refused"))
    assert "can't be recorded" in trouble(guard) or guard._front.outcomes.trouble is not None
