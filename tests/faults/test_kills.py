"""Processes that record are killed at any moment: what they were told of is in the log, which is sound, and what is missing in its
stories is what they had no time for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from tenetlang.audit import verify_log
from tenetlang.audit.completeness.check import check_completeness
from tests.faults.killing import KEY
from tests.unit.audit.samples import START, rows

HOUR = 3_600_000_000_000


def told_before_they_died(log: Path, rounds: int, seed: int) -> list[str]:
    command = [sys.executable, "-m", "tests.faults.killing", str(log), str(rounds), str(seed)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return done.stdout.decode().split()


def missing_in(records: list[dict[str, object]]) -> list[tuple[int, str]]:
    """By the definition: allowances without an outcome, and numbers that were skipped, at the record after them."""
    answered = {record["of"] for record in records if record["kind"] == "outcome"}
    found: list[tuple[int, str]] = []
    numbers: dict[str, list[tuple[int, int]]] = {}
    for place, record in enumerate(records):
        match record:
            case {"kind": "intent", "id": str(of), "who": {"point": str(point), "point_count": int(number)}}:
                numbers.setdefault(point, []).append((number, place))
                if of not in answered:
                    found.append((place, "no-outcome"))
            case _:
                pass
    for counted in numbers.values():
        first_after = dict(counted)
        known = [0, *sorted(first_after)]
        found += [(first_after[after], "gap") for before, after in pairwise(known) if after > before + 1]
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize(
    ("rounds", "seed"), [(15, 1), *(pytest.param(100, seed, marks=pytest.mark.deep) for seed in (2, 3, 4))]
)
def test_nothing_that_was_acknowledged_is_lost_however_many_are_killed(tmp_path: Path, rounds: int, seed: int) -> None:
    log = tmp_path / "log.db"
    told = told_before_they_died(log, rounds, seed)
    found = verify_log(log, keys=[KEY.verifier])
    assert found.problems == ()
    records = [json.loads(record) for _, record, _ in rows(log)]
    there = Counter(record["id"] for record in records)
    assert set(told) <= set(there)
    assert len(told) == len(set(told)) > rounds
    assert max(there[identifier] for identifier in told) == 1
    assert sum(record["kind"] == "log.recovered" for record in records) > rounds // 2

    checked = check_completeness(log, START + 10_000 * HOUR, limit=100_000)
    seen = [(problem.index, problem.what) for problem in checked.problems]
    assert Counter(seen) == Counter(missing_in(records))
    assert checked.open_points == checked.points > 0
