"""The row of hashes beside a checkpoint: what opening a log by it finds, what it leaves to `verify`, and that nobody can lie with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenetlang.audit import Log, LogAltered, LogDamaged, verify_log
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.checkpoints.signing import stored_notes
from tenetlang.audit.merkle import Frontier
from tests.unit.audit.samples import open_sample, sample, small_log, tamper

KEY = signing_key("example.com/log", bytes(range(32)))
OTHER = signing_key("example.com/other", bytes(range(1, 33)))

CHANGED = ("UPDATE records SET record = ? WHERE idx = 2", (b"\x00",))
"""A record out of step with the one after it, so that only who reads all of the log finds it."""


@pytest.fixture
def path(log_name: str) -> str:
    """Nine records, of which seven are signed."""
    path = log_name
    with open_sample(path) as log:
        log.append_all([sample(number) for number in range(1, 7)])
        log.sign(KEY)
        log.append_all([sample(number) for number in range(7, 9)])
    return path


def opens(path: Path | str) -> bool:
    """Whether the log is one that goes on from its newest checkpoint."""
    with Log.open(path) as log:
        try:
            log.check_signed(KEY)
        except LogDamaged:
            return False
    return True


def test_opening_a_signed_log_reads_the_last_record_that_was_signed_and_leaves_the_others_to_verify(path: str) -> None:
    tamper(path, [CHANGED])
    assert opens(path)
    problem = verify_log(path, keys=[KEY.verifier]).problems[0]
    assert (problem.index, problem.what) == (2, "leaf")


def test_what_is_signed_after_opening_contradicts_nothing_that_was_signed(path: str) -> None:
    tamper(path, [CHANGED])
    with Log.open(path) as log:
        log.sign(KEY)
    assert {problem.what for problem in verify_log(path, keys=[KEY.verifier]).problems} >= {"leaf", "rewritten"}


@pytest.mark.parametrize("size", [*range(1, 19), 64, 65])
def test_a_log_of_any_size_goes_on_from_its_row(log_name: str, size: int) -> None:
    path = log_name
    with open_sample(path) as log:
        log.append_all([sample(number) for number in range(1, size)])
        log.sign(KEY)
    with Log.open(path) as log:
        log.check_signed(KEY)
        assert log._frontier.size == size
        assert log._before_last == log_before_last(path)
        log.append(*sample(size))
        log.sign(KEY)
    found = verify_log(path, keys=[KEY.verifier])
    assert (found.ok, found.signed, found.checkpoints) == (True, size + 1, 2)


def log_before_last(path: str) -> tuple[bytes, ...]:
    with Log.open(path) as log:
        frontier = Frontier()
        for stored in list(log.records())[:-1]:
            frontier.append(stored.leaf)
        return frontier.row()


@pytest.mark.parametrize(
    ("change", "values"),
    [
        ("UPDATE frontiers SET hashes = ?", (bytes(64),)),
        ("UPDATE frontiers SET hashes = ?", (bytes(128),)),
        ("UPDATE frontiers SET hashes = substr(hashes, 1, 63)", ()),
        ("UPDATE frontiers SET hashes = ?", (bytes(100_000),)),
        ("UPDATE frontiers SET hashes = ?", (b"",)),
        ("UPDATE frontiers SET size = 6", ()),
        ("DELETE FROM frontiers", ()),
    ],
)
def test_a_row_that_is_wrong_or_missing_costs_time_and_hides_nothing(
    path: str, change: str, values: tuple[bytes, ...]
) -> None:
    tamper(path, [(change, values)])
    assert opens(path)
    tamper(path, [CHANGED])
    assert not opens(path)


def test_a_row_for_a_root_that_another_signed_is_not_believed(path: str) -> None:
    with Log.open(path) as log:
        log.sign(OTHER)
    assert opens(path)
    tamper(path, [CHANGED])
    assert not opens(path)


@pytest.mark.parametrize("index", [6, 5])
def test_a_record_that_was_signed_and_is_gone_or_another_one_is_found(path: str, index: int) -> None:
    tamper(path, [("DELETE FROM records WHERE idx >= ?", (index,)), ("DELETE FROM payloads WHERE idx >= ?", (index,))])
    assert not opens(path)
    with Log.open(path) as log:
        log.append_all([sample(number) for number in range(20, 30)])
    assert not opens(path)


def test_a_log_keeps_the_row_of_its_newest_checkpoint_alone(path: str) -> None:
    with Log.open(path) as log:
        log.sign(KEY)
        log.append(*sample(9))
        log.sign(KEY)
        assert log._database.run("SELECT size FROM frontiers") == [(10,)]


def test_a_log_of_an_earlier_version_gets_its_row_when_it_is_signed(tmp_path: Path) -> None:
    path = small_log(tmp_path / "log.db", 8)
    with Log.open(path) as log:
        log.sign(KEY)
        log.append(*sample(9))
        log.sign(KEY)
    tamper(path, [("DROP TABLE frontiers", ())])
    with Log.open(path) as log:
        log.sign(KEY)
    assert len(list(stored_notes(path))) == 2
    tamper(path, [CHANGED])
    assert opens(path)


def test_a_table_that_is_no_table_of_rows_is_refused(tmp_path: Path) -> None:
    path = small_log(tmp_path / "log.db", 8)
    with Log.open(path) as log:
        log.sign(KEY)
    tamper(path, [("DROP TABLE frontiers", ()), ("CREATE TABLE frontiers (size, hashes)", ())])
    for attempt in (Log.open, verify_log):
        with pytest.raises(LogAltered):
            attempt(path)
