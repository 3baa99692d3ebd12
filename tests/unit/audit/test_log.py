from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from tenetlang.audit import (
    AuditError,
    InvalidRecord,
    Log,
    LogDamaged,
    LogPoisoned,
    LogUnavailable,
    NotALog,
    open_log,
    show_last,
    verify_log,
)
from tenetlang.audit.records.record import opened_record
from tests.unit.audit.samples import DECISION, connection_of, open_sample, rows, sample, small_log, tamper

SOURCES = Path(__file__).parents[3] / "src"

APPENDER = """
import sys
from tenetlang.audit import open_log
from tests.unit.audit.samples import sample
with open_log(sys.argv[1]) as log:
    for number in range(int(sys.argv[2])):
        print(log.append(*sample(number)).index, flush=True)
"""


def start_appender(path: Path | str, number: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCES), str(SOURCES.parent)])}
    return subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(path), str(number)], env=environment, stdout=subprocess.PIPE, text=True
    )


def test_importing_the_package_does_not_import_sqlite() -> None:
    code = "import sys, tenetlang.audit; sys.exit('apsw' in sys.modules or 'lark' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_a_new_log_begins_with_the_record_of_its_opening(log_name: str) -> None:
    with open_sample(log_name) as log:
        records = list(log.records())
    assert [stored.index for stored in records] == [0]
    assert b'"kind":"log.opened"' in records[0].record
    assert f'"previous":"{"0" * 64}"'.encode() in records[0].record


def test_records_are_numbered_and_read_back_in_order(log_name: str) -> None:
    with open_log(log_name) as log:
        appended = [log.append(*sample(number)) for number in range(150)]
        assert [entry.index for entry in appended] == list(range(1, 151))
        assert [(stored.index, stored.leaf) for stored in log.records()][1:] == [
            (entry.index, entry.leaf) for entry in appended
        ]
        size, root = log.size_and_root()
        log.append(*sample(151))
        assert log.size_and_root()[0] == 152
    found = verify_log(log_name, f"{size} {root.hex()}")
    assert found.ok
    assert (found.size, found.payloads) == (152, 151)


def test_reopening_continues_the_chain_and_adds_nothing_by_itself(log_name: str) -> None:
    path = small_log(log_name, 2)
    with open_log(path) as log:
        assert log.append(*sample(3)).index == 3
    assert verify_log(path).ok


def test_several_records_are_appended_together_or_not_at_all(log_name: str) -> None:
    with open_log(log_name) as log:
        assert log.append_all([]) == ()
        with pytest.raises(InvalidRecord, match="took_ns"):
            log.append_all([sample(1), ({**sample(2)[0], "took_ns": -1}, sample(2)[1])])
        assert [entry.index for entry in log.append_all([sample(1), sample(2)])] == [1, 2]


def test_other_kinds_of_records_find_their_place_in_the_same_log(log_name: str) -> None:
    outcome = {**opened_record("2026-11-22T20:00:00Z", "0" * 26), "kind": "note.taken", "of": 1, "result": "ok"}
    with open_log(log_name) as log:
        log.append(outcome)
    assert verify_log(log_name).ok


@pytest.mark.parametrize(
    "changes, complaint",
    [
        ({"index": 1}, "for the log to say"),
        ({"previous": "0" * 64}, "for the log to say"),
        ({"v": 2}, "`v` is not 1"),
        ({"kind": "Intent!"}, "`kind`"),
        ({"at": "yesterday"}, "`at`"),
        ({"at": "2026-11-22T20:00:00+01:00"}, "`at`"),
        ({"id": "1"}, "`id`"),
        ({"who": None}, "`who` is not an object"),
        ({"decided": {"verdict": "maybe"}}, "`decided.verdict`"),
        ({"payload": "0" * 64}, "not the SHA-256"),
        ({"extra": 0.5}, "cannot be written"),
        ({"extra": "\ud800"}, "cannot be written"),
        ({"extra": "x" * 65_535}, "at most 65,535"),
    ],
)
def test_a_record_out_of_shape_is_refused_and_the_log_stays_usable(
    log_name: str, changes: dict[str, object], complaint: str
) -> None:
    envelope, payload = sample(1)
    with open_log(log_name) as log:
        with pytest.raises(InvalidRecord, match=complaint):
            log.append({**envelope, **changes}, payload)
        assert log.append(envelope, payload).index == 1
    assert verify_log(log_name).ok


def test_only_the_owner_may_read_a_new_log(tmp_path: Path) -> None:
    path = small_log(tmp_path / "log.db", 1)
    assert path.stat().st_mode & 0o077 == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["log.db"]


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="No such file"):
        open_log(tmp_path / "missing" / "log.db")
    with pytest.raises(NotALog, match="no log at"):
        Log.open(tmp_path / "log.db", create=False)


def foreign_database(path: Path) -> None:
    tamper(path, [("CREATE TABLE records (idx INTEGER PRIMARY KEY, record BLOB, leaf BLOB)", ())])


def future_log(path: Path) -> None:
    small_log(path, 1)
    tamper(path, [("PRAGMA user_version = 2", ())])


def log_with_trigger(path: Path) -> None:
    small_log(path, 1)
    tamper(path, [("CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records WHERE idx = 1; END", ())])


def log_with_view(path: Path) -> None:
    small_log(path, 1)
    tamper(path, [("ALTER TABLE records RENAME TO r", ()), ("CREATE VIEW records AS SELECT * FROM r", ())])


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"not a database at all" * 100),
        lambda path: path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000),
        lambda path: path.write_bytes(b"SQLite format 3\x00"),
        foreign_database,
        future_log,
        log_with_trigger,
        log_with_view,
    ],
)
def test_a_file_that_is_no_log_is_refused_and_left_alone(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "log.db"
    make(path)
    before = path.read_bytes()
    for attempt in (open_log, verify_log):
        with pytest.raises(NotALog):
            attempt(path)
    assert path.read_bytes() == before


def test_what_is_said_of_a_file_that_is_no_log_is_the_same_for_whoever_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    made: tuple[tuple[Callable[[Path], object], str], ...] = (
        (lambda path: path.write_bytes(b""), "is empty"),
        (future_log, "its storage version is 2, and this program reads 1"),
        (log_with_trigger, "somebody changed the database's own definition"),
    )
    for make, problem in made:
        make(path)
        for attempt in (open_log, verify_log):
            with pytest.raises(NotALog, match=problem):
                attempt(path)
        path.unlink()


def test_a_log_that_was_cut_off_in_the_middle_is_damaged_and_not_another_file(tmp_path: Path) -> None:
    path = small_log(tmp_path / "log.db", 3)
    os.truncate(path, 100)
    with pytest.raises(LogDamaged, match="restore it from a copy"):
        open_log(path)
    found = verify_log(path)
    assert [(problem.index, problem.what) for problem in found.problems] == [(0, "storage")]
    with pytest.raises(LogDamaged):
        show_last(path, 3)


def test_messages_name_a_log_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.db").write_bytes(b"x")
    for attempt in (open_log, verify_log):
        with pytest.raises(NotALog, match=r"^`log\.db` is not a decision log"):
            attempt("log.db")
        with pytest.raises(AuditError, match=r"`/none/log\.db`"):
            attempt("/none/log.db")


def test_a_current_folder_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def gone() -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "getcwd", gone)
    for attempt in (open_log, verify_log):
        with pytest.raises(LogUnavailable, match="the current folder is gone"):
            attempt("log.db")
    (tmp_path / "log.db").write_bytes(b"")
    with pytest.raises(NotALog, match=f"`{tmp_path}/log.db` is empty"):
        verify_log(tmp_path / "log.db")


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    for attempt in (open_log, verify_log):
        with pytest.raises(AuditError):
            attempt(tmp_path)
    with pytest.raises(NotALog):
        open_log("")


def test_sqlites_special_names_are_names_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (":memory:", "file:log.db?mode=memory"):
        open_log(name).close()
        assert (tmp_path / name).exists()


def test_no_new_log_is_begun_beside_the_changes_of_a_lost_one(tmp_path: Path) -> None:
    (tmp_path / "log.db-wal").write_bytes(b"x")
    with pytest.raises(NotALog, match="put the log back"):
        open_log(tmp_path / "log.db")


def test_a_log_that_another_process_makes_and_opens_meanwhile_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.db"
    answers = iter([False])  # there is no log at first; by the time that this is looked at again, there is
    real = os.path.lexists
    with open_log(path) as first:
        first.append(*sample(1))
        assert real(f"{path}-wal")
        monkeypatch.setattr(os.path, "lexists", lambda asked: next(answers, None) is None and real(asked))
        with open_log(path) as second:
            assert second.append(*sample(2)).index == 2


def test_a_log_whose_end_was_changed_is_not_continued(log_name: str) -> None:
    path = small_log(log_name, 2)
    tamper(path, [("UPDATE records SET leaf = ? WHERE idx = 2", (b"\x00" * 32,))])
    with pytest.raises(LogDamaged, match="2, was changed"):
        open_log(path)
    tamper(path, [("DELETE FROM records", ())])
    with pytest.raises(LogDamaged, match="no record"):
        open_log(path)


def test_a_log_that_is_cut_while_it_is_open_is_noticed_at_the_next_append(log_name: str) -> None:
    path = small_log(log_name, 3)
    with open_log(path) as log:
        tamper(path, [("DELETE FROM records WHERE idx = 3", ()), ("DELETE FROM payloads WHERE idx = 3", ())])
        with pytest.raises(LogDamaged, match="record 3"):
            log.append(*sample(4))
        with pytest.raises(LogPoisoned):
            log.append(*sample(4))
    assert len(rows(path)) == 3


def test_a_full_disk_poisons_the_log_until_it_is_opened_again(tmp_path: Path) -> None:
    path = small_log(tmp_path / "log.db", 1)
    with open_log(path) as log:
        (pages,) = connection_of(log).execute("PRAGMA page_count").fetchall()[0]
        connection_of(log).execute(f"PRAGMA max_page_count={pages}").fetchall()
        acknowledged = [1]
        with pytest.raises(LogPoisoned, match="tenet audit verify"):
            acknowledged.extend(log.append(*sample(number)).index for number in range(2, 200))
        connection_of(log).execute("PRAGMA max_page_count=1000000").fetchall()
        with pytest.raises(LogPoisoned):
            log.append(*sample(200))
        with pytest.raises(LogPoisoned):
            list(log.records())
    found = verify_log(path)
    assert found.ok
    assert found.size == acknowledged[-1] + 1
    with open_log(path) as log:
        assert log.append(*sample(201)).index == acknowledged[-1] + 1


def test_an_interrupted_write_poisons_the_log(log_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_log(log_name) as log:

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("tenetlang.audit.log.insert_rows", interrupted)
            with pytest.raises(KeyboardInterrupt):
                log.append(*sample(1))
        with pytest.raises(LogPoisoned):
            log.append(*sample(1))
    assert verify_log(log_name).size == 1


def test_a_busy_log_refuses_and_can_be_tried_again(tmp_path: Path) -> None:
    path = small_log(tmp_path / "log.db", 1)
    with Log.open(path, busy_seconds=0.05) as log:
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE").fetchall()
        with pytest.raises(LogUnavailable, match="try again"):
            log.append(*sample(2))
        other.execute("ROLLBACK").fetchall()
        other.close()
        assert log.append(*sample(2)).index == 2


def test_a_closed_log_refuses(log_name: str) -> None:
    log = open_log(log_name)
    log.close()
    log.close()
    with pytest.raises(LogPoisoned, match="is closed"):
        log.append(*sample(1))


def test_a_log_does_not_survive_a_fork(log_name: str) -> None:
    with open_log(log_name) as log:
        log._process = -1
        with pytest.raises(LogPoisoned, match="fork"):
            log.append(*sample(1))


def test_threads_may_share_a_log(log_name: str) -> None:
    with open_log(log_name) as log:
        threads = [
            threading.Thread(target=lambda: [log.append(*sample(number)) for number in range(10)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = verify_log(log_name)
    assert found.ok
    assert found.size == 41


def test_processes_append_to_one_log_at_once_and_create_it_once(log_name: str) -> None:
    path = log_name
    processes = [start_appender(path, 30) for _ in range(3)]
    indexes = [int(line) for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert all(process.returncode == 0 for process in processes)
    assert sorted(indexes) == list(range(1, 91))
    found = verify_log(path)
    assert found.ok, found.problems
    assert found.size == 91


def test_every_acknowledged_record_survives_a_kill(log_name: str) -> None:
    path = log_name
    acknowledged: list[int] = []
    for round_number in range(10):
        process = start_appender(path, 1_000_000)
        assert process.stdout is not None
        for _ in range(3 + 5 * round_number):
            acknowledged.append(int(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        process.wait()
        process.stdout.close()
        found = verify_log(path)
        assert found.ok, found.problems
        stored = {index for index, _, _ in rows(path)}
        assert stored.issuperset(acknowledged)
        assert max(acknowledged) < found.size <= max(acknowledged) + 2 + round_number
    assert len(set(acknowledged)) == len(acknowledged)


def test_writes_wait_for_the_disk(tmp_path: Path) -> None:
    with open_log(tmp_path / "log.db") as log:
        pragma = {
            name: connection_of(log).execute(f"PRAGMA {name}").fetchall()[0][0]
            for name in ("journal_mode", "synchronous", "trusted_schema", "application_id", "user_version")
        }
    assert pragma == {
        "journal_mode": "wal",
        "synchronous": 2,
        "trusted_schema": 0,
        "application_id": int.from_bytes(b"TNET"),
        "user_version": 1,
    }


def test_an_sqlite_that_can_corrupt_a_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_log(tmp_path / "log.db", 1)
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.50.4")
    with pytest.raises(LogUnavailable, match=r"3\.51\.3"):
        open_log(tmp_path / "log.db")


def test_the_decision_of_a_sample_is_not_changed_by_recording_it(log_name: str) -> None:
    before = repr(DECISION)
    small_log(log_name, 1)
    assert repr(DECISION) == before
