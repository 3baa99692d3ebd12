"""A whole gate whose log is on a server: decisions, reviews, counters and switches in one transaction of PostgreSQL."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path

import pytest

from tenetlang.audit import export_jsonl, verify_log
from tenetlang.audit.completeness.check import check_completeness
from tenetlang.guard import Denied, Escalated, Guard, acting
from tests.servers import postgres, postgres_log
from tests.unit.guard.guards import WHO, vote, write_policy

__all__ = ["postgres", "postgres_log"]

pytestmark = pytest.mark.xdist_group("postgres")


def test_a_gate_decides_counts_asks_people_and_goes_on_with_its_log_on_a_server(
    tmp_path: Path, postgres_log: str
) -> None:
    with Guard.open(write_policy(tmp_path), log=postgres_log) as guard:

        @guard.tool
        def refund(customer: str, amount: Decimal, note: str | None = None) -> str:
            return f"paid {amount} to {customer}"

        with acting(**WHO):
            assert refund("c1", Decimal(20)) == "paid 20 to c1"
            with pytest.raises(Escalated) as asked:
                refund("c1", Decimal(450))
            vote(guard, asked.value)
            assert asked.value.resume() == "paid 450 to c1"
            with pytest.raises(Denied, match="more than 500 a day"):
                refund("c1", Decimal(50))
    kinds = [json.loads(json.loads(line)["record"])["kind"] for line in export_jsonl(postgres_log)]
    assert kinds.count("intent") == 4
    assert kinds.count("outcome") == 2
    assert {"escalation.opened", "escalation.decided", "escalation.ended", "escalation.used"} <= set(kinds)
    assert verify_log(postgres_log).ok
    assert check_completeness(postgres_log, time.time_ns()).problems == ()
