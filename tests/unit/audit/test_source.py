"""Entries of logs that are damaged, and what is no log: what cannot be an entry is told of in its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tenetlang.audit import LogUnavailable, NotALog
from tenetlang.audit.records.bodies import MAX_PAYLOAD
from tenetlang.audit.records.record import MAX_RECORD
from tenetlang.audit.source import Damage, Entry, StrayPayload, count_records, export_jsonl, read_entries
from tests.unit.audit.samples import small_log, tamper


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return small_log(tmp_path / "log.db", 3)


def flaws(log: Path) -> dict[int, str]:
    return {each.index: each.flaw for each in read_entries(log) if isinstance(each, Entry) and each.flaw is not None}


@pytest.mark.parametrize(("length", "said"), [(MAX_RECORD, None), (MAX_RECORD + 1, "at most")])
def test_a_record_that_is_longer_than_one_can_be_is_not_read(log: Path, length: int, said: str | None) -> None:
    tamper(log, [("UPDATE records SET record = zeroblob(?) WHERE idx = 2", (length,))])
    found = flaws(log)
    assert (list(found), said is None or said in found[2]) == ([] if said is None else [2], True)
    assert said is None or f"{length:,} bytes" in found[2]


@pytest.mark.parametrize(("length", "flawed"), [(MAX_PAYLOAD, False), (MAX_PAYLOAD + 1, True)])
def test_a_payload_that_is_longer_than_one_can_be_is_not_read(log: Path, length: int, *, flawed: bool) -> None:
    tamper(log, [("UPDATE payloads SET payload = zeroblob(?) WHERE idx = 2", (length,))])
    assert list(flaws(log)) == ([2] if flawed else [])


def test_a_payload_without_its_record_is_told_of_and_not_exported(log: Path) -> None:
    tamper(log, [("DELETE FROM records WHERE idx = 3", ())])
    assert [each for each in read_entries(log) if not isinstance(each, Entry)] == [StrayPayload(3)]
    assert [json.loads(line)["index"] for line in export_jsonl(log, payloads=True)] == [0, 1, 2]


def test_an_export_ends_with_an_error_at_what_can_not_be_exported(log: Path) -> None:
    tamper(log, [("UPDATE records SET record = zeroblob(?) WHERE idx = 2", (MAX_RECORD + 1,))])
    lines = export_jsonl(log)
    assert [json.loads(next(lines))["index"] for _ in "12"] == [0, 1]
    with pytest.raises(LogUnavailable, match="record 2 cannot be exported: the record has"):
        next(lines)


def test_a_line_that_is_none_is_damage_and_ends_another_export(log: Path, tmp_path: Path) -> None:
    lines = list(export_jsonl(log))
    (tmp_path / "log.jsonl").write_bytes(lines[0] + b"{}\n" + lines[1])
    found = list(read_entries(tmp_path / "log.jsonl"))
    assert [type(each) for each in found] == [Entry, Damage, Entry]
    exported = export_jsonl(tmp_path / "log.jsonl")
    assert next(exported) == lines[0]
    with pytest.raises(LogUnavailable, match="cannot be exported further"):
        next(exported)


def test_how_many_records_there_are_is_said_of_a_database_and_of_nothing_else(log: Path, tmp_path: Path) -> None:
    assert count_records(log) == 4
    (tmp_path / "log.jsonl").write_bytes(b"".join(export_jsonl(log)))
    (tmp_path / "empty").write_bytes(b"")
    for other in ("log.jsonl", "empty", "nothing"):
        assert count_records(tmp_path / other) is None
    tamper(log, [("DELETE FROM records", ())])
    assert count_records(log) is None


def test_a_file_without_anything_in_it_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(NotALog, match="is empty"):
        list(read_entries(tmp_path / "empty"))


def line(**members: object) -> bytes:
    whole: dict[str, object] = {"index": 1, "leaf": "ab" * 32, "record": "{}", **members}
    return json.dumps(whole, separators=(",", ":"), sort_keys=True).encode() + b"\n"


@pytest.mark.parametrize(
    "members",
    [
        {"leaf": "ab" * 31},
        {"leaf": "ab" * 33},
        {"leaf": ""},
        {"leaf": "AB" * 32},
        {"leaf": "xy" * 32},
        {"leaf": 7},
        {"payload": 7},
        {"payload": ["{}"]},
        {"record": {}},
        {"index": True},
        {"index": "1"},
        {"more": 1},
    ],
)
def test_a_line_with_other_members_is_damage(tmp_path: Path, members: dict[str, object]) -> None:
    (tmp_path / "log.jsonl").write_bytes(line() + line(**members) + line(payload="{}"))
    found = list(read_entries(tmp_path / "log.jsonl"))
    assert [type(each) for each in found] == [Entry, Damage, Entry]


def test_the_last_line_is_cut_where_it_has_no_end(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(line() + line()[:-1])
    (damage,) = (each for each in read_entries(tmp_path / "log.jsonl") if isinstance(each, Damage))
    assert damage == Damage("line", "line 2, the last, is cut: it does not end in a newline", final=True)
