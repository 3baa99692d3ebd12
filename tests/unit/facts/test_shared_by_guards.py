"""Guards with a log each, as on several machines, that share one ledger: one budget for all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tenetlang.guard import Denied
from tests.unit.facts.conftest import Store
from tests.unit.guard.guards import WHO, open_guard, problems


def test_guards_with_a_log_each_do_not_pass_under_one_limit(apart: Store, tmp_path: Path) -> None:
    folders = [tmp_path / f"machine-{number}" for number in range(3)]
    for folder in folders:
        folder.mkdir()
    guards = [open_guard(folder, ledger=apart.client()) for folder in folders]

    def pay(number: int) -> tuple[str, ...]:
        try:
            with guards[number % 3].call("refund", {"customer": "c1", "amount": 50}, **WHO) as permit:
                permit.result(None)
        except Denied as denied:
            return denied.decision.decided_by
        return ("small",)

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(pay, range(18)))
    assert found == [("budget",)] * 8 + [("small",)] * 10
    for guard in guards:
        guard.close()
    assert [problems(folder) for folder in folders] == [[], [], []]
