"""The end of a log: its newest records, those that come, and a log that is not what it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tenetlang.audit import LogDamaged, LogUnavailable, NotALog, export_jsonl, open_log
from tenetlang.audit.following import Wanted, following, last_entry, newest
from tenetlang.audit.source import Entry
from tests.unit.audit.samples import DECISION, sample, small_log, tamper


class Enough(Exception):
    """Ends what would follow for ever."""


@pytest.fixture
def log(log_name: str) -> str:
    return small_log(log_name, 5)


def indexes(found: tuple[dict[str, object], ...]) -> list[object]:
    return [record["index"] for record in found]


def denied(record: Mapping[str, object]) -> bool:
    decided = record.get("decided")
    return isinstance(decided, Mapping) and decided["verdict"] == "deny"


def stop() -> None:
    raise Enough


def steps(*actions: Callable[[], object]) -> Callable[[], object]:
    """Does one of these at each call, and then ends."""
    waiting = iter([*actions, stop])

    def wait() -> None:
        next(waiting)()

    return wait


def followed(
    log: Path | str, last: Entry | None, wait: Callable[[], object], wanted: Wanted = lambda _: True
) -> list[object]:
    """The indexes of what follows, until there is enough."""
    found: list[object] = []
    with suppress(Enough):
        found.extend(record["index"] for record in following(log, last, wait, wanted))
    return found


def test_the_newest_records_come_oldest_first(log: str) -> None:
    assert indexes(newest(log, 3)) == [3, 4, 5]
    assert indexes(newest(log, 100)) == [0, 1, 2, 3, 4, 5]
    assert newest(log, 0) == ()
    assert "payload" not in newest(log, 1)[0]


def test_the_newest_that_are_wanted_are_looked_for_through_the_whole_log(log: str) -> None:
    with open_log(log) as opened:
        opened.append(*sample(6, {**DECISION, "verdict": "deny"}))
        opened.append_all([sample(number) for number in range(7, 300)])
        opened.append(*sample(300, {**DECISION, "verdict": "deny"}))
    assert indexes(newest(log, 10, denied)) == [6, 300]
    assert indexes(newest(log, 1, denied)) == [300]


def test_what_is_appended_is_followed_and_nothing_twice(log: str) -> None:
    def append(*numbers: int) -> None:
        with open_log(log) as opened:
            opened.append_all([sample(number) for number in numbers])

    wait = steps(lambda: append(6), lambda: append(7, 8), lambda: append(*range(9, 300)))
    assert followed(log, last_entry(log), wait) == list(range(6, 300))
    assert followed(log, None, steps()) == list(range(300))


def test_only_what_is_wanted_is_followed(log: str) -> None:
    def append() -> None:
        with open_log(log) as opened:
            opened.append_all([sample(6), sample(7, {**DECISION, "verdict": "deny"})])

    assert followed(log, last_entry(log), steps(append), denied) == [7]


@pytest.mark.parametrize(
    ("change", "values"),
    [("DELETE FROM records WHERE idx = 5", ()), ("UPDATE records SET leaf = ? WHERE idx = 5", (bytes(32),))],
    ids=["cut", "rewritten"],
)
def test_a_log_that_is_not_what_it_was_is_not_taken_for_a_quiet_one(
    log: str, change: str, values: tuple[bytes, ...]
) -> None:
    with pytest.raises(LogDamaged, match="no longer holds the record 5 that was there"):
        list(following(log, last_entry(log), steps(lambda: tamper(log, [(change, values)]))))


def test_a_log_in_whose_place_another_one_stands_is_noticed(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log.db", 5)
    other = small_log(tmp_path / "other.db", 9)
    tamper(other, [("UPDATE records SET leaf = zeroblob(32) WHERE idx = 5", ())])
    with pytest.raises(LogDamaged, match="cut, rewritten or replaced"):
        list(following(log, last_entry(log), steps(lambda: other.replace(log))))


def test_a_record_that_was_changed_is_shown_as_such_whatever_is_wanted(log: str) -> None:
    tamper(
        log,
        [
            ("UPDATE records SET record = ? WHERE idx = 4", (b"{",)),
            ("UPDATE records SET leaf = ? WHERE idx = 5", (b"\x00",)),
        ],
    )
    found = newest(log, 10, denied)
    assert [(record["index"], record["intact"]) for record in found] == [(4, False)]
    assert [record["intact"] for record in newest(log, 2)] == [False, False]


def test_what_is_no_database_has_no_end_to_look_from(log: str, tmp_path: Path) -> None:
    lines = tmp_path / "export.jsonl"
    lines.write_bytes(b"".join(export_jsonl(log)))
    for path, message in ((lines, "is an export"), (tmp_path, "is a folder")):
        with pytest.raises(NotALog, match=message):
            newest(path, 1)
    with pytest.raises(LogUnavailable, match="No such file"):
        last_entry(tmp_path / "nothing.db")


def test_a_log_that_lost_its_records_has_no_last_one(log: str) -> None:
    tamper(log, [("DELETE FROM records", ())])
    assert last_entry(log) is None
    assert newest(log, 5) == ()
