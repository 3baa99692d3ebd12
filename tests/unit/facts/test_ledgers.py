"""What every ledger promises, whatever it is stored in: memory, a log's tables, a SQLite file, PostgreSQL, Redis."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tenetlang.facts.errors import LedgerUnavailable
from tenetlang.facts.ledger import Ledger
from tenetlang.facts.moment import Begun, Moment
from tests.ledgers import BUDGET, NOON, SECOND, spend
from tests.unit.facts.conftest import Store

SCRIPT = Path(__file__).parents[2] / "ledgers.py"
REPOSITORY = Path(__file__).parents[3]


def test_a_call_is_counted_and_remembered(ledger: Ledger) -> None:
    call = Begun("c1", "refund", "allow", "s1", {"to": "é\0"}, NOON + 30 * SECOND, (BUDGET,), ("untrusted",))
    assert ledger.transact(NOON, lambda moment: moment.begin(call))
    assert not ledger.transact(NOON, lambda moment: moment.begin(call))
    assert ledger.transact(NOON + 1, lambda moment: moment.total(BUDGET)) == 1
    assert ledger.transact(NOON + 2, lambda moment: moment.finish("c1", "ok", ["secret"])) == "settled"
    assert ledger.transact(NOON + 3, lambda moment: moment.session("s1")) == {
        "id": "s1",
        "labels": ["secret", "untrusted"],
        "calls": [
            {
                "tool": "refund",
                "verdict": "allow",
                "at": "2027-01-15T08:00:00Z",
                "outcome": "ok",
                "args": {"to": "é\0"},
            }
        ],
    }


def test_what_another_client_noted_is_there(store: Store) -> None:
    one, other = store.client(), store.client()
    one.transact(NOON, spend("c1", 5))
    assert other.transact(NOON, lambda moment: moment.total(BUDGET)) == 1
    assert other.transact(NOON, lambda moment: moment.finish("c1", "error")) == "settled"
    assert one.transact(NOON, lambda moment: moment.total(BUDGET)) == 0


def test_an_action_that_raises_leaves_nothing(ledger: Ledger) -> None:
    def fails(moment: Moment) -> None:
        spend("c1", 5)(moment)
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        ledger.transact(NOON, fails)
    assert ledger.transact(NOON, lambda moment: (moment.total(BUDGET), moment.finish("c1", "ok"))) == (0, "absent")
    assert ledger.transact(NOON, lambda moment: moment.session("s1")["calls"]) == []


def test_a_moment_is_of_no_use_once_its_transaction_is_over(ledger: Ledger) -> None:
    moment = ledger.transact(NOON, lambda moment: moment)
    if not hasattr(ledger, "run"):
        with pytest.raises(ValueError, match="the transaction is over"):
            moment.total(BUDGET)


def test_deadlines_are_found_in_their_order(ledger: Ledger) -> None:
    for name, seconds in (("late", 50), ("early", 20), ("ended", 30)):
        call = Begun(name, "refund", "allow", None, None, NOON + seconds * SECOND, (BUDGET,))
        ledger.transact(NOON, lambda moment, call=call: moment.begin(call))  # type: ignore[misc]  # a default
    ledger.transact(NOON, lambda moment: moment.finish("ended", "ok"))

    def overdue(seconds: int) -> list[str]:
        return [call.identifier for call in ledger.transact(NOON + seconds * SECOND, lambda moment: moment.overdue)]

    assert [overdue(19), overdue(20), overdue(49), overdue(60)] == [[], ["early"], [], ["late"]]


def test_a_long_history_is_read_in_order(ledger: Ledger) -> None:
    def many(moment: Moment) -> None:
        for number in range(300):
            moment.begin(Begun(f"c{number}", f"t{number}", "deny", "s1"))

    ledger.transact(NOON, many)
    calls = ledger.transact(NOON, lambda moment: moment.session("s1")["calls"])
    assert isinstance(calls, list)
    assert [call["tool"] for call in calls] == [f"t{number}" for number in range(300)]


def test_the_time_of_a_ledger_can_be_set_back(ledger: Ledger) -> None:
    ledger.transact(NOON, lambda moment: None)
    ledger.set_clock(NOON - 1000 * SECOND)
    assert ledger.transact(NOON - 1000 * SECOND, lambda moment: moment.now) == NOON - 1000 * SECOND


def test_many_threads_at_once_never_pass_under_one_limit(store: Store) -> None:
    clients = [store.client() for _ in range(3)]
    allowed: list[str] = []

    def work(name: str, ledger: Ledger) -> None:
        for number in range(4):
            if ledger.transact(NOON, spend(f"{name}-{number}", 10)):
                allowed.append(name)

    threads = [
        threading.Thread(target=work, args=(f"{place}-{copy}", ledger))
        for place, ledger in enumerate(clients)
        for copy in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(allowed) == 10
    assert clients[0].transact(NOON, lambda moment: moment.total(BUDGET)) == 10


def started(store: Store, name: str, times: int, limit: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), store.kind, store.address, name, str(times), str(limit)]
    paths = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")])
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        cwd=REPOSITORY,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_many_processes_at_once_never_pass_under_one_limit(shared: Store) -> None:
    shared.client()
    processes = [started(shared, f"p{number}", 10, 15) for number in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    names = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum(map(len, names)) == 15
    assert shared.client().transact(NOON, lambda moment: moment.total(BUDGET)) == 15


def test_what_was_acknowledged_before_a_process_is_killed_is_there(shared: Store) -> None:
    shared.client()
    process = started(shared, "p", 100_000, 100_000)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    acknowledged = [process.stdout.readline().strip() for _ in range(12)]
    process.kill()
    acknowledged += process.stdout.read().split("\n")[:-1]
    process.wait()
    process.stdin.close()
    process.stdout.close()
    ledger = shared.client()
    total = ledger.transact(NOON, lambda moment: moment.total(BUDGET))
    calls = ledger.transact(NOON, lambda moment: moment.session("s1")["calls"])
    assert isinstance(calls, list)
    assert len(acknowledged) <= total <= len(acknowledged) + 1
    assert len(calls) == min(1000, int(total))
    for name in acknowledged[:20]:
        assert ledger.transact(NOON, lambda moment, name=name: moment.finish(name, "error")) == "settled"  # type: ignore[misc]  # a default
    assert ledger.transact(NOON, lambda moment: moment.total(BUDGET)) == int(total) - len(acknowledged[:20])


def test_a_closed_ledger_gives_no_answer(connected: Store) -> None:
    ledger = connected.client()
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerUnavailable, match="closed"):
        ledger.transact(NOON, lambda moment: moment.now)


def test_a_ledger_is_not_taken_over_a_fork(apart: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = apart.client()
    own = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: own + 1)
    with pytest.raises(LedgerUnavailable, match="before a fork"):
        ledger.transact(NOON, lambda moment: moment.now)
