"""Killed at any step, people are still asked, told at least once, and the task ends once: what was said to be there is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tenetlang.audit.completeness.check import check_completeness
from tenetlang.audit.verify import verify_log
from tests.unit.review.desks import office
from tests.unit.review.killed import DIRECTORY
from tests.unit.review.receivers import receiver
from tests.unit.review.tasks import MINUTE, START

ROOT = Path(__file__).parents[3]
STEPS = 11
QUICK = {3, 5, 9}
"""Asked and not told, told and not noted, voted and not committed; `make deep` tries the others."""


def run(place: Path, url: str, step: int, now: int) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.review.killed", str(place), url, str(step), str(now)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in {0, -9}, done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    "step",
    [pytest.param(step, marks=() if step in QUICK else pytest.mark.deep) for step in range(1, STEPS + 1)],
)
def test_killed_at_a_step_it_goes_on_where_it_was(tmp_path: Path, step: int) -> None:
    place = tmp_path / "log.db"
    with receiver() as server:
        status, before = run(place, server.url, step, START)
        assert status == -9, "the last step is beyond the end: adapt STEPS"
        later = START + 2 * MINUTE
        status, after = run(place, server.url, 0, later)
        assert status == 0
        messages = [request.headers["webhook-id"] for request in server.requests if b"review.asked" in request.body]
    said = [*before, *after]
    assert said.count("asked") == 1 or "asked" not in before, "what was acknowledged is not asked anew"
    assert len(set(messages)) == 1, "told at least once, and each time with the same identifier"
    assert verify_log(place).ok
    problems = [problem for problem in check_completeness(place, later).problems if problem.what != "no-outcome"]
    assert problems == []
    with office(place, DIRECTORY) as here:
        kinds = here.kinds()
        (task,) = here.read(here.desk.finished)
    assert task.status == "approved"
    assert task.used is not None
    assert [kinds.count(kind) for kind in ("opened", "decided", "ended", "used")] == [1, 2, 1, 1]
    assert "notified" in kinds


@pytest.mark.deep
def test_the_steps_are_all_there_are(tmp_path: Path) -> None:
    with receiver() as server:
        status, said = run(tmp_path / "log.db", server.url, 0, START)
    assert (status, said[-1]) == (0, f"done {STEPS}")
