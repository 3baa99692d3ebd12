"""Many calls at once: threads, coroutines, processes and forks never pass together under one limit, and the log stays whole."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from tenetlang.facts.ledger import open_ledger
from tenetlang.guard import Denied, Guard, acting
from tests.repository.checkout import ROOT
from tests.unit.guard.guards import WHO, open_guard, outcomes, problems, records, verdicts, write_policy

CALLER = """
import sys
from tenetlang.guard import Denied, Guard

folder, place, calls = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Guard.open(folder + "/shop.tenet", log=folder + "/log.db", place=place) as guard:
    print("open", flush=True)
    sys.stdin.readline()
    paid = 0
    for _ in range(calls):
        try:
            with guard.call("refund", {"customer": "c1", "amount": 50}, agent="a1", user="u1", session=place) as permit:
                permit.result("paid")
                paid += 1
        except Denied as denied:
            assert denied.decision.decided_by == ("budget",), denied
    print(paid, flush=True)
"""


def test_threads_do_not_pass_under_one_limit_together(tmp_path: Path) -> None:
    running = threading.Barrier(16)
    paid: list[int] = []
    with open_guard(tmp_path) as guard:

        @guard.tool
        def refund(customer: str, amount: Decimal) -> None:
            paid.append(1)

        def call(number: int) -> None:
            with acting(agent="a1", user="u1", session=f"s{number}"):
                running.wait()
                with suppress(Denied):
                    refund("c1", Decimal(50))

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(call, range(16)))
    assert len(paid) == 10
    assert sorted(verdicts(tmp_path)) == ["allow by small"] * 10 + ["deny by budget"] * 6
    assert problems(tmp_path) == []


def test_coroutines_do_not_either_and_their_loop_goes_on_meanwhile(tmp_path: Path) -> None:
    paid: list[int] = []
    ticks: list[float] = []

    async def ticking() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.001)

    async def main() -> None:
        async with open_guard(tmp_path) as guard:

            @guard.tool
            async def refund(customer: str, amount: Decimal) -> None:
                paid.append(1)

            clock = asyncio.create_task(ticking())
            with acting(**WHO):
                found = await asyncio.gather(*(refund("c1", Decimal(50)) for _ in range(14)), return_exceptions=True)
            clock.cancel()
            assert sum(isinstance(item, Denied) for item in found) == 4

    asyncio.run(main())
    assert len(paid) == 10
    assert len(ticks) > 2
    assert problems(tmp_path) == []


@pytest.mark.parametrize("kind", ["log", "file", "memory"])
def test_guards_that_share_facts_do_not_either(tmp_path: Path, kind: str) -> None:
    ledger = None if kind == "log" else open_ledger("memory:" if kind == "memory" else tmp_path / "facts.db")
    guards = [open_guard(tmp_path, ledger=ledger, place=f"gate-{number}") for number in range(3)]

    def pay(number: int) -> bool:
        try:
            with guards[number % 3].call("refund", {"customer": "c1", "amount": 50}, **WHO) as permit:
                permit.result(None)
        except Denied:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(pay, range(15))) == 10
    for guard in guards:
        guard.close()
    assert problems(tmp_path) == []
    if ledger is not None:
        ledger.close()


def test_processes_that_share_a_log_do_not_either(tmp_path: Path) -> None:
    write_policy(tmp_path)
    with open_guard(tmp_path, place="parent"):
        pass
    callers = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, str(tmp_path), f"gate-{number}", "7"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(3)
    ]
    for caller in callers:
        assert caller.stdout is not None
        assert caller.stdout.readline() == "open\n"
    paid = [caller.communicate("go\n")[0] for caller in callers]
    assert sum(map(int, paid)) == 10
    assert [caller.returncode for caller in callers] == [0, 0, 0]
    assert problems(tmp_path) == []


def test_a_switch_that_another_process_throws_counts_at_once(tmp_path: Path) -> None:
    with open_guard(tmp_path) as guard:
        stop = [sys.executable, "-m", "tenetlang", "guard", "stop", str(tmp_path / "log.db"), "--because", "x"]
        with guard.call("fetch", {"page": "x"}, **WHO) as permit:
            permit.result(None)
        assert subprocess.run(stop, check=False, cwd=ROOT).returncode == 0
        with pytest.raises(Denied) as denied:
            guard.call("fetch", {"page": "x"}, **WHO)
        assert denied.value.decision.decided_by == ("stopped",)
    assert problems(tmp_path) == []


def test_a_process_that_is_killed_loses_nothing_that_it_was_told(tmp_path: Path) -> None:
    write_policy(tmp_path)
    endless = CALLER.replace("range(calls)", "iter(int, 1)").replace(
        "paid += 1", "print(permit.identifier, flush=True)"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", endless, str(tmp_path), "gate", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert killed.stdin is not None
    assert killed.stdout is not None
    assert killed.stdout.readline() == "open\n"
    killed.stdin.write("go\n")
    killed.stdin.flush()
    told = [killed.stdout.readline().strip() for _ in range(3)]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    told += [line.strip() for line in killed.stdout.read().splitlines() if line.strip()]
    killed.stdout.close()
    killed.stdin.close()
    with open_guard(tmp_path, place="after") as guard:
        refused = 0
        for _ in range(12):
            try:
                with guard.call("refund", {"customer": "c1", "amount": 50}, **WHO) as permit:
                    permit.result(None)
            except Denied:
                refused += 1
    decided = zip(records(tmp_path, "intent"), verdicts(tmp_path), strict=True)
    allowed = [record["id"] for record, verdict in decided if verdict.startswith("allow")]
    assert set(told) <= set(allowed)
    assert len(allowed) == 10
    assert refused >= 5
    kinds = [record["kind"] for record in records(tmp_path)]
    assert "log.recovered" in kinds
    assert [problem for problem in problems(tmp_path) if not problem.startswith("no-outcome")] == []


def test_a_guard_that_nobody_closed_closes_when_the_program_ends(tmp_path: Path) -> None:
    write_policy(tmp_path)
    forgetful = """
import sys
from tenetlang.guard import Guard
guard = Guard.open(sys.argv[1] + "/shop.tenet", log=sys.argv[1] + "/log.db")
with guard.call("fetch", {"page": "x"}, agent="a1", user="u1", session="s1") as permit:
    permit.result(None)
if len(sys.argv) > 2:
    import os
    os.rename(sys.argv[1] + "/log.db", sys.argv[1] + "/gone.db")
"""
    ran = subprocess.run([sys.executable, "-c", forgetful, str(tmp_path)], capture_output=True, check=False, cwd=ROOT)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert [record["kind"] for record in records(tmp_path)][-2:] == ["point.closed", "log.closed"]
    assert problems(tmp_path) == []
    gone = subprocess.run(
        [sys.executable, "-c", forgetful, str(tmp_path), "x"], capture_output=True, check=False, cwd=ROOT
    )
    assert b"could not be closed as it should" in gone.stderr


def test_a_permit_is_of_the_process_that_asked(tmp_path: Path) -> None:
    guard = open_guard(tmp_path)
    permit = guard.call("fetch", {"page": "x"}, **WHO)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with pytest.raises(Exception, match="was asked for before a fork"), permit:
                pass
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    with permit:
        permit.result(None)
    guard.close()
    assert outcomes(tmp_path) == ["ok"]
    assert isinstance(guard, Guard)


def test_importing_the_guard_brings_neither_parser_nor_command_line_nor_asyncio() -> None:
    code = (
        "import sys, tenetlang.guard; tenetlang.guard.Guard; "
        "print([name for name in ('lark', 'click', 'asyncio', 'cryptography', 'apsw') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout == "[]\n"
