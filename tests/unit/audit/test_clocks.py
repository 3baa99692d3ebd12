"""Clocks that jump by years, back and forth: a log says what its clocks said, in the order in which it was written; and what waits
for a time waits by a clock that only goes forward."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenetlang.audit import AuditError, Log, Surroundings, time_text, verify_log
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.checkpoints.signed import Demands
from tenetlang.audit.checkpoints.signing import stored_notes
from tenetlang.audit.completeness.check import check_completeness
from tenetlang.audit.records.events import event_record
from tenetlang.audit.writer import Writer
from tests.unit.audit.samples import DECISION, START, identifier, salts, sample

KEY = signing_key("example.com/log", bytes(range(32)))
SECOND = 1_000_000_000
YEAR = 365 * 24 * 3600 * SECOND
ALLOWED: dict[str, object] = {**DECISION, "verdict": "allow", "escalations": []}
JUMPS = [0, -20 * YEAR, 30 * YEAR, 5 * YEAR, -1 * YEAR, 0]


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


def at_time(number: int, now: int) -> tuple[dict[str, object], bytes | None]:
    envelope, payload = sample(number, ALLOWED, surroundings=Surroundings(point=f"gate/{identifier(0)}"))
    return {**envelope, "at": time_text(now)}, payload


def test_a_log_takes_the_times_of_a_clock_that_jumps_and_keeps_its_order(tmp_path: Path) -> None:
    path, clock = tmp_path / "log.db", Clock()
    with Writer(Log.open(path, clock=clock), key=KEY, sign_every=1, clock=clock) as writer:
        for number, jump in enumerate(JUMPS, 1):
            clock.now = START + jump
            assert writer.append(*at_time(number, clock.now)).index == number
    found = verify_log(path, keys=[KEY.verifier])
    assert found.ok
    assert found.signed == found.size
    assert found.checkpoints == len(JUMPS) + 1


@pytest.mark.parametrize("now", [-1, 253_402_300_800 * SECOND, 1 << 70])
def test_a_time_that_no_calendar_has_is_refused_and_nothing_is_half_made(tmp_path: Path, now: int) -> None:
    path = tmp_path / "log.db"
    with pytest.raises((AuditError, ValueError, OverflowError, OSError)):
        Log.open(path, clock=lambda: now)
    assert list(tmp_path.iterdir()) == []


def test_the_age_of_a_log_is_that_of_its_newest_checkpoint_whatever_older_ones_say(tmp_path: Path) -> None:
    path, clock = tmp_path / "log.db", Clock()
    with Log.open(path, clock=clock) as log:
        log.append(*sample(1))
        log.sign(KEY)
        clock.now = START - YEAR
        log.append(*sample(2))
        log.sign(KEY)
    recently = Demands(max_age=3600, now=START // SECOND)
    found = verify_log(path, keys=[KEY.verifier], demands=recently)
    assert [problem.what for problem in found.problems] == ["stale"]
    assert found.signed_at == (START - YEAR) // SECOND
    with Log.open(path, clock=clock) as log:
        clock.now = START
        log.sign(KEY, renew=True)
    assert verify_log(path, keys=[KEY.verifier], demands=recently).ok


@pytest.mark.parametrize(("ahead", "fine"), [(0, True), (299, True), (301, False), (10 * YEAR // SECOND, False)])
def test_a_checkpoint_of_a_time_that_is_not_yet_does_not_make_a_log_fresh(
    tmp_path: Path, ahead: int, fine: bool
) -> None:
    path = tmp_path / "log.db"
    with Log.open(path, clock=lambda: START + ahead * SECOND) as log:
        log.sign(KEY)
    found = verify_log(path, keys=[KEY.verifier], demands=Demands(max_age=3600, now=START // SECOND))
    assert found.ok == fine


def test_a_clock_that_jumps_makes_no_checkpoint_due_and_keeps_none_from_being(tmp_path: Path) -> None:
    path, clock, seconds = tmp_path / "log.db", Clock(), [0.0]
    with Writer(
        Log.open(path, clock=clock),
        key=KEY,
        sign_within=60,
        heartbeat=600,
        clock=clock,
        seconds=lambda: seconds[0],
        marked=False,
    ) as writer:
        for number, jump in enumerate(JUMPS, 1):
            clock.now = START + jump
            writer.append(*sample(number))
        assert list(stored_notes(path)) == []
        clock.now, seconds[0] = START - 40 * YEAR, 61.0
        writer.append(*sample(9))  # it is looked after each transaction
        writer.append(*sample(10))
        assert len(list(stored_notes(path))) == 1


@pytest.mark.parametrize("ahead", [16 * 60 * SECOND, YEAR, 200 * YEAR])
def test_an_allowance_of_a_time_that_is_not_yet_does_not_wait_for_its_outcome_till_then(
    tmp_path: Path, ahead: int
) -> None:
    path = tmp_path / "log.db"
    with Log.open(path) as log:
        log.append(*at_time(1, START + ahead))
        log.append(*at_time(2, START + 60 * SECOND))
    problems = check_completeness(path, START).problems
    assert [(problem.index, problem.what) for problem in problems] == [(1, "no-outcome")]
    assert "earlier nobody has said" in problems[0].detail


def test_an_outcome_is_one_whatever_the_clock_said_when_it_came(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with Log.open(path) as log:
        for number, jump in enumerate(JUMPS, 1):
            log.append(*at_time(number, START + jump))
            members = {"of": identifier(number), "outcome": "ok"}
            log.append(*event_record("outcome", members, time_text(START - jump), identifier(500 + number), salts()))
    assert check_completeness(path, START).ok
