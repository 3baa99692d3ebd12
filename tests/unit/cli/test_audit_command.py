from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tenetlang.audit import Surroundings
from tenetlang.cli.answer import Answer
from tenetlang.cli.recording import open_recorder
from tenetlang.decision import Decision
from tests.unit.cli.conftest import Tenet


@pytest.fixture
def log(tmp_path: Path) -> Path:
    recorder = open_recorder(tmp_path / "log.db", Surroundings())
    for number in range(4):
        decision = Decision("shop", "sha256:" + "0" * 64, "deny", ("blocked",), "v7\x1b[2J is blocked")
        recorder.record([Answer(decision, {"tool": f"refund{number}", "args": {"amount": number}}, 1000)])
    recorder.close()
    return tmp_path / "log.db"


def tamper(log: Path) -> None:
    with closing(sqlite3.connect(log)) as connection, connection:
        connection.execute(
            "UPDATE records SET record = CAST(replace(CAST(record AS TEXT), 'deny', 'allow') AS BLOB) WHERE idx = 2"
        )


def test_a_sound_log_is_sound_and_says_what_to_remember(tenet: Tenet, log: Path) -> None:
    answer = tenet("audit", "verify", "log.db")
    assert (answer.status, answer.error) == (0, "")
    sound, remember = answer.out.splitlines()
    assert sound == "sound: 5 records"
    size_and_root = remember.removeprefix("remember: ")
    assert tenet("audit", "verify", "log.db", "--remembered", size_and_root).status == 0


def test_a_changed_record_is_named(tenet: Tenet, log: Path) -> None:
    tamper(log)
    answer = tenet("audit", "verify", "log.db")
    assert (answer.status, answer.error) == (1, "")
    assert answer.out.startswith("record 2  leaf: the record's hash is ")
    assert "\nchanged: 5 records\n" in answer.out
    shape = json.loads(tenet("audit", "verify", "log.db", "--format", "json").out)
    assert (shape["schema_version"], shape["ok"], shape["problems"][0]["index"]) == (1, False, 2)


def test_a_log_that_was_cut_is_found_by_what_was_remembered(tenet: Tenet, log: Path) -> None:
    remembered = tenet("audit", "verify", "log.db").out.splitlines()[1].removeprefix("remember: ")
    with closing(sqlite3.connect(log)) as connection, connection:
        connection.execute("DELETE FROM records WHERE idx = 4")
        connection.execute("DELETE FROM payloads WHERE idx = 4")
    assert tenet("audit", "verify", "log.db").status == 0
    answer = tenet("audit", "verify", "log.db", "--remembered", remembered)
    assert answer.status == 1
    assert "cut" in answer.out


@pytest.mark.parametrize(
    "words",
    [["verify", "none.db"], ["verify", "log.db", "--remembered", "7"], ["show", "none.db"], ["export", "none.db"]],
)
def test_what_is_no_log_is_a_usage_error(tenet: Tenet, log: Path, words: list[str]) -> None:
    answer = tenet("audit", *words)
    assert (answer.status, answer.out) == (2, "")
    assert answer.error.startswith("error: ")


def test_a_log_that_can_no_longer_be_read_counts_as_tampered_with(tenet: Tenet, log: Path) -> None:
    whole = log.read_bytes()
    with closing(sqlite3.connect(log)) as connection, connection:
        connection.execute("CREATE VIEW v AS SELECT 1")
    for words in ("verify", "show", "export"):
        answer = tenet("audit", words, "log.db")
        assert (answer.status, answer.out) == (1, "")
        assert answer.error.startswith("error: `log.db` is no decision log any more: its tables")
    log.write_bytes(whole[:100])
    answer = tenet("audit", "verify", "log.db")
    assert (answer.status, answer.out.splitlines()[0][:17]) == (1, "record 0  storage")
    assert tenet("audit", "show", "log.db").status == 1


def test_the_last_records_are_listed(tenet: Tenet, log: Path) -> None:
    lines = tenet("audit", "show", "log.db").out.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("     0  2")
    assert lines[0].endswith("  log.opened")
    assert lines[4].endswith("  intent  deny  blocked  refund3")
    assert tenet("audit", "show", "log.db", "--limit", "2").out.splitlines() == lines[3:]
    shape = json.loads(tenet("audit", "show", "log.db", "--limit", "2", "--format", "json").out)
    assert [record["index"] for record in shape["records"]] == [3, 4]


def test_a_record_is_shown_by_index_and_by_identifier(tenet: Tenet, log: Path) -> None:
    by_index = tenet("audit", "show", "log.db", "3")
    assert (by_index.status, by_index.error) == (0, "")
    assert by_index.out.startswith("record 3, intact\nleaf ")
    assert '  tool       "refund2"\n' in by_index.out
    assert 'value  "v7\\u001b[2J is blocked"\n' in by_index.out
    shape = json.loads(tenet("audit", "show", "log.db", "3", "--format", "json").out)
    assert tenet("audit", "show", "log.db", shape["record"]["id"]).out == by_index.out


def test_a_record_that_is_not_there_has_a_status_of_its_own(tenet: Tenet, log: Path) -> None:
    answer = tenet("audit", "show", "log.db", "99")
    assert (answer.status, answer.out) == (5, "")
    assert "holds no record 99" in answer.error


def test_a_changed_record_is_shown_as_changed(tenet: Tenet, log: Path) -> None:
    tamper(log)
    answer = tenet("audit", "show", "log.db", "2")
    assert answer.status == 1
    assert answer.out.startswith("record 2, changed: its hash is not its leaf\n")
    listed = tenet("audit", "show", "log.db")
    assert listed.status == 1
    assert listed.out.splitlines()[2].endswith("  CHANGED")


def test_an_export_can_be_verified_like_the_log(tenet: Tenet, log: Path) -> None:
    exported = tenet("audit", "export", "log.db")
    assert exported.status == 0
    assert len(exported.out.splitlines()) == 5
    assert tenet("audit", "export", "log.db", "--payloads", "-o", "log.jsonl").out == ""
    log_root = tenet("audit", "verify", "log.db").out.splitlines()[1]
    assert tenet("audit", "verify", "log.jsonl").out == f"sound: 5 records\n{log_root}\n"
    (log.parent / "bare.jsonl").write_text(exported.out, encoding="utf-8")
    assert tenet("audit", "verify", "bare.jsonl").out.startswith("sound: 5 records, 4 without what the callers sent\n")


def test_a_log_written_by_a_stranger_cannot_act_on_the_terminal(tenet: Tenet, log: Path) -> None:
    evil = log.parent / "evil.db"
    shutil.copy(log, evil)
    with closing(sqlite3.connect(evil)) as connection, connection:
        for index, record in enumerate(
            (
                b'{"id": "\x1b[2J", "kind": "\xe2\x80\xae", "x\\u001b[2J": 1}',
                b"\x1b[2J",
                b'[["\\u001b"]]',
                b"[" * 900,
                b"\xff\x1b",
            )
        ):
            connection.execute("UPDATE records SET record = ? WHERE idx = ?", (record, index))
            connection.execute("UPDATE payloads SET payload = ? WHERE idx = ?", (record, index))
    for words in (["verify"], ["show"], *(["show", str(index)] for index in range(5))):
        for style in ("pretty", "json"):
            answer = tenet("audit", words[0], "evil.db", *words[1:], "--format", style)
            assert answer.status == 1
            assert not {"\x1b", "\u202e"} & set(answer.out + answer.error)


def test_the_newest_records_are_listed_by_tail_and_filtered(tenet: Tenet, log: Path) -> None:
    answer = tenet("audit", "tail", "log.db", "-n", "2")
    assert (answer.status, answer.error) == (0, "")
    assert [line.split()[0] for line in answer.out.splitlines()] == ["3", "4"]
    assert tenet("audit", "tail", "log.db", "--verdict", "allow").out == ""
    assert tenet("audit", "tail", "log.db", "--tool", "refund1").out.split()[0] == "2"
    assert tenet("audit", "tail", "log.db", "--agent", "nobody").out == ""
    shape = json.loads(tenet("audit", "tail", "log.db", "--kind", "log.opened", "--format", "json").out)
    assert (shape["schema_version"], shape["index"], shape["intact"]) == (1, 0, True)


def test_tail_says_where_a_record_was_changed(tenet: Tenet, log: Path) -> None:
    tamper(log)
    answer = tenet("audit", "tail", "log.db")
    assert answer.status == 1
    assert "CHANGED" in answer.out.splitlines()[2]


def test_tail_follows_what_is_appended(tenet: Tenet, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def append(_: float) -> None:
        monkeypatch.setattr("time.sleep", interrupt)
        recorder = open_recorder(log, Surroundings())
        recorder.record([Answer(Decision("shop", "sha256:" + "0" * 64, "allow", ("late",), "ok"), {"tool": "late"}, 1)])
        recorder.close()

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", append)
    answer = tenet("audit", "tail", "log.db", "-n", "1", "-f")
    assert [line.split()[0] for line in answer.out.splitlines()] == ["4", "5"]
    assert answer.status != 0


def test_a_log_is_exported_as_events_for_other_systems(tenet: Tenet, log: Path) -> None:
    for style, count in (("ocsf", 4), ("cloudevents", 5), ("otel", 5)):
        answer = tenet("audit", "export", "log.db", "--format", style)
        assert (answer.status, answer.error) == (0, "")
        assert len([json.loads(line) for line in answer.out.splitlines()]) == count
    assert (
        "--payloads goes with JSON lines" in tenet("audit", "export", "log.db", "--format", "otel", "--payloads").error
    )


def test_an_export_never_writes_over_its_log(tenet: Tenet, log: Path) -> None:
    before = log.read_bytes()
    answer = tenet("audit", "export", "log.db", "-o", "./log.db")
    assert answer.status == 2
    assert "-o names the log itself" in answer.error
    assert log.read_bytes() == before
