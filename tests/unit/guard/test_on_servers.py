"""A guard whose log is in PostgreSQL, and guards that share facts in PostgreSQL and Redis."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from tenetlang.audit.completeness.check import check_completeness
from tenetlang.audit.verify import verify_log
from tenetlang.cli.main import main
from tenetlang.facts.ledger import Ledger, open_ledger
from tenetlang.guard import Denied, Escalated, Guard
from tests.servers import postgres, postgres_log, redis_server
from tests.unit.guard.guards import START, WHO, open_guard, problems, vote, write_policy

__all__ = ["postgres", "postgres_log", "redis_server"]

pytestmark = pytest.mark.xdist_group("postgres")


def pay(guard: Guard, number: int) -> bool:
    try:
        with guard.call(
            "refund", {"customer": "c1", "amount": 50}, agent="a1", user="u1", session=f"s{number}"
        ) as permit:
            permit.result(None)
    except Denied as denied:
        return denied.decision.decided_by != ("budget",)
    return True


def test_a_log_on_a_server_is_guarded_as_one_in_a_file(tmp_path: Path, postgres_log: str) -> None:
    policy = write_policy(tmp_path)
    with (
        Guard.open(policy, log=postgres_log, place="one") as guard,
        Guard.open(policy, log=postgres_log, place="two") as other,
    ):
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(lambda number: pay((guard, other)[number % 2], number), range(14))) == 10
        with pytest.raises(Escalated) as caught:
            guard.call("refund", {"customer": "c1", "amount": 60}, agent="a2", user="u1", session="s1")
        vote(guard, caught.value)
        caught.value.resume().refuse()
        other.stop(because="x")
        with pytest.raises(Denied, match="are stopped"):
            guard.call("fetch", {"page": "x"}, **WHO)
        assert main(["guard", "status", postgres_log]) == 1
        assert main(["guard", "resume", postgres_log]) == 0
        with guard.call("fetch", {"page": "x"}, **WHO) as permit:
            permit.result(None)
    assert verify_log(postgres_log).ok
    assert check_completeness(postgres_log, START).problems == ()


@pytest.fixture(params=["postgres", "redis"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    if request.param == "postgres":
        address: str = request.getfixturevalue("postgres")
    else:
        address = request.getfixturevalue("redis_server")
    opened = open_ledger(address, space=uuid4().hex)
    yield opened
    opened.close()


def test_guards_with_logs_of_their_own_share_facts_on_a_server(tmp_path: Path, ledger: Ledger) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    guards = [open_guard(folder, ledger=ledger, place=folder.name) for folder in folders]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda number: pay(guards[number % 2], number), range(14))) == 10
    for guard, folder in zip(guards, folders, strict=True):
        guard.close()
        assert problems(folder) == []
