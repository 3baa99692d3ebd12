"""Many callers, one log: what goes into one transaction, who is told what, and that nobody waits for ever."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tenetlang.audit import AuditError, InvalidRecord, LogPoisoned, LogUnavailable, verify_log
from tenetlang.audit.checkpoints.note import SigningKey, signing_key
from tenetlang.audit.checkpoints.signing import stored_notes
from tenetlang.audit.errors import InvalidStatement
from tenetlang.audit.jobs import Outcome, Step
from tenetlang.audit.log import Log
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.rows import AppendedRecord
from tenetlang.audit.stores.tables import Tables
from tenetlang.audit.writer import Writer
from tests.unit.audit.samples import START, open_sample, rows, sample

ADD = "INSERT INTO tasks (name) VALUES (?)"


@pytest.fixture
def key() -> SigningKey:
    return signing_key("example.com/log", bytes(range(32)))


def transactions(log: Log, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records and jobs each transaction of the log tries, as they come."""
    sizes: list[int] = []
    do_all = log.do_all

    def counted(steps: Sequence[Step]) -> tuple[Outcome, ...]:
        sizes.append(len(steps))
        return do_all(steps)

    monkeypatch.setattr(log, "do_all", counted)
    return sizes


def kinds(path: Path | str) -> list[str]:
    return [json.loads(record)["kind"] for _, record, _ in rows(path)]


@contextmanager
def held(writer: Writer) -> Iterator[Future[AppendedRecord]]:
    """Keeps the writer within the transaction of a first record, so that others have to wait."""
    begun, go_on = threading.Event(), threading.Event()

    def wait(_: Tables) -> None:
        begun.set()
        assert go_on.wait(20)

    told = writer.submit(*sample(1), also=wait)
    assert begun.wait(20)
    try:
        yield told
    finally:
        go_on.set()


def test_what_waits_while_a_transaction_is_under_way_goes_into_the_next_one_together(
    log_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_sample(log_name)
    sizes = transactions(log, monkeypatch)
    with Writer(log) as writer:
        with held(writer):
            waiting = [writer.submit(*sample(number)) for number in range(2, 42)]
        assert [told.result().index for told in waiting] == list(range(2, 42))
    assert sizes == [1, 40]


def test_records_of_many_threads_are_all_there_and_each_caller_knows_its_own(log_name: str) -> None:
    path = log_name
    with Writer(open_sample(path)) as writer, ThreadPoolExecutor(16) as threads:
        told = list(threads.map(lambda number: writer.append(*sample(number)), range(1, 201)))
    stored = {index: leaf for index, _, leaf in rows(path)}
    assert {record.index: record.leaf for record in told} == {index: stored[index] for index in range(1, 201)}
    assert verify_log(path).ok


def test_a_record_is_on_the_disk_before_its_caller_is_told(log_name: str) -> None:
    path = log_name
    with Writer(open_sample(path)) as writer:
        appended = writer.append(*sample(1))
        with Log.open(path) as other:
            assert [stored.index for stored in other.records()] == [0, appended.index]


def test_a_record_that_is_refused_fails_alone(log_name: str) -> None:
    path = log_name
    with Writer(open_sample(path)) as writer:
        with held(writer):
            good = writer.submit(*sample(2))
            bad = writer.submit({**sample(3)[0], "kind": "no kind"}, sample(3)[1])
            after = writer.submit(*sample(4))
        assert (good.result().index, after.result().index) == (2, 3)
        with pytest.raises(InvalidRecord):
            bad.result()
    assert verify_log(path).ok


def test_a_row_beside_a_record_is_there_with_it(log_name: str) -> None:
    path = log_name
    seen: list[object] = []

    def open_task(tables: Tables) -> None:
        tables.create("tasks", ("name TEXT PRIMARY KEY",))
        tables.run(ADD, ("review",))

    with Writer(open_sample(path)) as writer:
        writer.append(*sample(1), also=open_task)
        writer.append(*sample(2), also=lambda tables: seen.extend(tables.run("SELECT name FROM tasks")))
    assert seen == [("review",)]
    assert verify_log(path).ok


def test_a_row_that_cannot_be_written_takes_its_record_along_and_no_other(log_name: str) -> None:
    path = log_name
    with Writer(open_sample(path), marked=False) as writer:
        writer.append(*sample(1), also=lambda tables: tables.create("tasks", ("name TEXT PRIMARY KEY",)))
        writer.append(*sample(2), also=lambda tables: tables.run(ADD, ("one",)))
        with held(writer):
            twice = writer.submit(*sample(3), also=lambda tables: tables.run(ADD, ("one",)))
            other = writer.submit(*sample(4), also=lambda tables: tables.run(ADD, ("two",)))
        with pytest.raises(InvalidStatement, match=r"(?i)unique constraint"):
            twice.result()
        assert other.result().index == 4
    assert len(rows(path)) == 5
    assert verify_log(path).ok


def test_what_is_raised_beside_a_record_is_what_its_caller_gets(log_name: str) -> None:
    path = log_name

    def fail(_: Tables) -> None:
        raise KeyError("who")

    with Writer(open_sample(path)) as writer:
        with pytest.raises(KeyError, match="who"):
            writer.append(*sample(1), also=fail)
        assert writer.append(*sample(2)).index == 1


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM records",
        "UPDATE main.Payloads SET payload = x'00'",
        "INSERT INTO checkpoints (note) VALUES (x'00')",
        "COMMIT",
        "END",
        " end transaction",
        "INSERT INTO tasks VALUES ('x'); END",
        "/**/END",
        "PRAGMA synchronous=OFF",
        "ATTACH 'other.db' AS other",
        "CREATE TRIGGER t AFTER INSERT ON tasks BEGIN SELECT 1; END",
        "SELECT * FROM sqlite_schema",
    ],
)
def test_the_tables_of_the_log_and_the_transaction_are_nobody_elses(log_name: str, statement: str) -> None:
    path = log_name
    with Writer(open_sample(path)) as writer:
        with pytest.raises(ValueError, match="is not for the tables beside a log"):
            writer.append(*sample(1), also=lambda tables: tables.run(statement))
        assert writer.append(*sample(2)).index == 1
    assert verify_log(path).ok


def test_tables_are_closed_with_their_transaction(log_name: str) -> None:
    kept: list[Tables] = []
    with Writer(open_sample(log_name)) as writer:
        writer.append(*sample(1), also=kept.append)
        with pytest.raises(ValueError, match="the transaction is over"):
            kept[0].run("SELECT 1")


def test_who_finds_the_queue_full_is_told_so_and_nothing_is_dropped(log_name: str) -> None:
    path = log_name
    with Writer(open_sample(path), marked=False, most_waiting=2, patience=0) as writer:
        with held(writer):
            waiting = [writer.submit(*sample(number)) for number in (2, 3)]
            with pytest.raises(LogUnavailable, match="2 records wait to be written already"):
                writer.append(*sample(4))
        assert [told.result().index for told in waiting] == [2, 3]
    assert len(rows(path)) == 4


def test_who_is_patient_gets_a_place(log_name: str) -> None:
    with Writer(open_sample(log_name), most_waiting=1) as writer, ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda number: writer.append(*sample(number)).index, range(1, 51))
        assert sorted(found) == list(range(1, 51))


def test_coroutines_append_side_by_side_and_one_that_is_cancelled_harms_nobody(log_name: str) -> None:
    path = log_name

    async def many(writer: Writer) -> list[int]:
        with held(writer):
            cancelled = asyncio.ensure_future(writer.append_async(*sample(2)))
            await asyncio.sleep(0)
            others = [asyncio.ensure_future(writer.append_async(*sample(number))) for number in range(3, 30)]
            await asyncio.sleep(0)
            cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        return [record.index for record in await asyncio.gather(*others)]

    with Writer(open_sample(path), marked=False, most_waiting=8) as writer:
        found = asyncio.run(many(writer))
    assert sorted(found) == sorted(set(found))
    assert len(rows(path)) == 30
    assert verify_log(path).ok


def test_a_checkpoint_is_signed_after_so_many_records_and_at_the_end(log_name: str, key: SigningKey) -> None:
    path = log_name
    with Writer(open_sample(path), key=key, sign_every=3) as writer:
        for number in range(1, 6):
            writer.append(*sample(number))
    sizes = [int(note.split(b"\n")[1]) for note in stored_notes(path) if note is not None]
    assert sizes == [4, 7]
    assert kinds(path)[-1] == "log.closed"
    assert verify_log(path, keys=[key.verifier]).ok


def test_where_no_checkpoint_can_be_signed_nothing_more_is_written(
    log_name: str, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_sample(log_name)

    def sign(_: SigningKey, *, renew: bool) -> bytes:  # as it is called
        raise LogUnavailable("the key is gone")

    monkeypatch.setattr(log, "sign", sign)
    writer = Writer(log, key=key, sign_every=1)
    assert writer.append(*sample(1)).index == 1
    with pytest.raises(AuditError, match="no checkpoint can be signed: the key is gone"):
        writer.append(*sample(2))
    with pytest.raises(LogUnavailable, match="the key is gone"):
        writer.close()


def test_a_log_that_is_beyond_use_is_told_to_all_that_wait_and_to_all_that_come(
    log_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_sample(log_name)
    tried = transactions(log, monkeypatch)
    ran: list[Tables] = []

    def job(tables: Tables) -> tuple[str, Sequence[Unplaced]]:
        ran.append(tables)
        return "done", ()

    with Writer(log) as writer:
        with held(writer) as first:
            waiting: list[Future[AppendedRecord] | Future[str]] = [writer.submit(*sample(2)), writer.do(job)]
            log._refusal = "a write failed"  # as after one
        assert first.result().index == 1
        for told in waiting:
            with pytest.raises(LogPoisoned, match="a write failed"):
                told.result()
        with pytest.raises(LogPoisoned, match="a write failed"):
            writer.append(*sample(4))
    assert tried == [1, 2, 1]
    assert ran == []


def test_nobody_waits_for_a_writer_that_ended(log_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_sample(log_name)

    def broken(*_: object) -> object:
        raise SystemExit("gone")

    monkeypatch.setattr(log, "do_all", broken)
    writer = Writer(log)
    with pytest.raises(LogPoisoned, match="the log's writer ended: SystemExit: gone"):
        writer.append(*sample(1))
    with pytest.raises(LogPoisoned, match="the log's writer ended"):
        writer.append(*sample(2))
    with pytest.raises(LogUnavailable, match="the log's writer ended"):
        writer.close()
    writer.close()


def test_a_writer_that_is_closed_has_written_what_waited_and_takes_nothing_more(log_name: str) -> None:
    path = log_name
    writer = Writer(open_sample(path))
    told = [writer.submit(*sample(number)) for number in range(1, 20)]
    writer.close()
    writer.close()
    assert [waiting.result().index for waiting in told] == list(range(1, 20))
    with pytest.raises(LogPoisoned, match="the log is closed"):
        writer.append(*sample(20))


def test_what_is_done_beside_a_record_cannot_close_the_writer(log_name: str) -> None:
    path = log_name
    with Writer(open_sample(path)) as writer, pytest.raises(LogPoisoned, match="can't be closed by what it does"):
        writer.append(*sample(1), also=lambda _: writer.close())
    assert verify_log(path).ok


def test_what_is_done_beside_a_record_is_done_once_whatever_becomes_of_the_others(log_name: str) -> None:
    times: list[int] = []
    with Writer(open_sample(log_name)) as writer:
        with held(writer):
            good = writer.submit(*sample(2), also=lambda _: times.append(2))
            bad = writer.submit({**sample(3)[0], "kind": "no kind"}, sample(3)[1])
            refused = writer.submit(*sample(4), also=lambda tables: tables.run("COMMIT"))
        assert good.result().index == 2
        for told in (bad, refused):
            with pytest.raises((InvalidRecord, ValueError)):
                told.result()
    assert times == [2]


def test_a_coroutine_that_finds_the_queue_full_does_not_hold_the_loop(log_name: str) -> None:
    async def fill(writer: Writer) -> list[int]:
        with held(writer):
            waiting = [asyncio.ensure_future(writer.append_async(*sample(number))) for number in range(2, 12)]
            await asyncio.sleep(0.05)  # would never come back if one of them held the loop
        return [record.index for record in await asyncio.gather(*waiting)]

    with Writer(open_sample(log_name), most_waiting=1, patience=20) as writer:
        assert sorted(asyncio.run(fill(writer))) == list(range(2, 12))


def test_what_is_done_beside_a_record_cannot_wait_for_another_one(log_name: str) -> None:
    with Writer(open_sample(log_name)) as writer, pytest.raises(LogPoisoned, match="can't wait"):
        writer.append(*sample(1), also=lambda _: writer.append(*sample(2)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_after_a_fork_the_child_writes_nothing_and_the_parent_goes_on(log_name: str) -> None:
    path = log_name
    with Writer(open_sample(path)) as writer:
        child = os.fork()
        if child == 0:
            try:
                writer.append(*sample(1))
            except LogPoisoned:
                writer.close()
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert writer.append(*sample(2)).index == 1


PROGRAM = """
import sys
from itertools import count
from pathlib import Path
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.writer import Writer
from tests.unit.audit.samples import open_sample, sample
writer = Writer(open_sample(sys.argv[1]), key=signing_key("example.com/log", bytes(range(32))))
for number in range(1, 30):
    writer.submit(*sample(number))
"""


def test_a_program_that_ends_without_closing_leaves_a_whole_and_signed_log(log_name: str, key: SigningKey) -> None:
    path = log_name
    subprocess.run([sys.executable, "-c", PROGRAM, str(path)], check=True, cwd=Path(__file__).parents[3])
    assert len(rows(path)) == 31
    found = verify_log(path, keys=[key.verifier])
    assert (found.ok, found.signed) == (True, 31)


def test_a_record_does_not_wait_longer_for_a_checkpoint_than_it_should(
    log_name: str, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = log_name
    signed = threading.Event()
    log = open_sample(path)
    sign = log.sign

    def noted(used: SigningKey, *, renew: bool) -> bytes:
        note = sign(used, renew=renew)
        if note.split(b"\n")[1] == b"3":
            signed.set()
        return note

    monkeypatch.setattr(log, "sign", noted)
    with Writer(log, key=key, sign_within=0.01) as writer:
        writer.append(*sample(1))
        writer.append(*sample(2))
        assert signed.wait(20)
        assert len(rows(path)) == 3


def test_a_checkpoint_is_due_by_the_oldest_record_without_one(log_name: str, key: SigningKey) -> None:
    path = log_name
    now = [0.0]
    with Writer(open_sample(path), key=key, sign_within=60, marked=False, seconds=lambda: now[0]) as writer:
        for at in (10.0, 30.0, 59.0, 61.0, 70.0, 90.0, 119.0, 130.0):
            now[0] = at
            writer.append(*sample(int(at)))
    sizes = [int(note.split(b"\n")[1]) for note in stored_notes(path) if note is not None]
    assert sizes == [5, 9]


def test_a_log_that_does_not_grow_is_signed_anew_with_the_time(
    log_name: str, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = log_name
    seconds = count(START, 10**9)
    renewed = threading.Event()
    log = Log.open(path, clock=lambda: next(seconds))
    sign = log.sign
    notes: list[bytes] = []

    def noted(used: SigningKey, *, renew: bool) -> bytes:
        notes.append(sign(used, renew=renew))
        if len(notes) == 4:
            renewed.set()
        return notes[-1]

    monkeypatch.setattr(log, "sign", noted)
    with Writer(log, key=key, sign_within=0.01, heartbeat=0.01, marked=False) as writer:
        writer.append(*sample(1))
        assert renewed.wait(20)
    assert {note.split(b"\n")[1] for note in notes[1:]} == {b"2"}
    assert len(set(notes)) == len(notes)
    assert verify_log(path, keys=[key.verifier]).ok


def test_without_a_heartbeat_nothing_is_signed_twice(log_name: str, key: SigningKey) -> None:
    path = log_name
    with Writer(open_sample(path), key=key, sign_within=0.01, marked=False) as writer:
        writer.append(*sample(1))
        time.sleep(0.1)
    assert len(list(stored_notes(path))) <= 2


def test_what_a_writer_before_left_unsigned_is_signed_once(log_name: str, key: SigningKey) -> None:
    path = log_name
    for _ in range(2):
        with Writer(open_sample(path), key=key, marked=False):
            pass
    assert len(list(stored_notes(path))) == 1


def test_a_log_says_when_it_was_closed_by_the_last_one_that_wrote_into_it(log_name: str) -> None:
    path = log_name
    one, other = Writer(open_sample(path)), Writer(open_sample(path))
    one.append(*sample(1))
    one.close()
    other.append(*sample(2))
    assert kinds(path) == ["log.opened", "intent", "intent"]
    other.close()
    assert kinds(path)[-1] == "log.closed"
    with Writer(open_sample(path)) as again:
        again.append(*sample(3))
    assert kinds(path)[3:] == ["log.closed", "intent", "log.closed"]
    assert verify_log(path).ok


CRASH = """
import os, sys
from itertools import count
from pathlib import Path
from tenetlang.audit.writer import Writer
from tests.unit.audit.samples import open_sample, sample
writer = Writer(open_sample(sys.argv[1]))
writer.append(*sample(int(sys.argv[2])))
print("written", flush=True)
sys.stdin.read()
os._exit(1)
"""


@contextmanager
def another(path: Path | str, number: int) -> Iterator[subprocess.Popen[str]]:
    """A process that has written, and crashes at the end."""
    command = [sys.executable, "-c", CRASH, str(path), str(number)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[3], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        yield process


@pytest.mark.skipif(sys.platform == "win32", reason="there is no flock")
def test_who_comes_after_a_crash_says_so_and_who_comes_beside_others_does_not(log_name: str) -> None:
    path = log_name
    with another(path, 1):
        with Writer(open_sample(path)) as beside:
            beside.append(*sample(2))
        assert kinds(path) == ["log.opened", "intent", "intent"]
    with Writer(open_sample(path)) as after:
        after.append(*sample(3))
    assert kinds(path)[3:] == ["log.recovered", "intent", "log.closed"]
    assert verify_log(path).ok


@pytest.mark.skipif(sys.platform == "win32", reason="there is no flock")
def test_a_writer_that_stays_does_not_hide_that_another_one_crashed_from_the_one_after_it(log_name: str) -> None:
    path = log_name
    with another(path, 1), Writer(open_sample(path)):
        pass
    with Writer(open_sample(path)):
        pass
    assert kinds(path) == ["log.opened", "intent", "log.recovered", "log.closed"]


def test_a_log_that_could_not_be_closed_in_good_order_is_recovered(
    log_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = log_name
    writer = Writer(open_sample(path))
    writer.append(*sample(1))
    writer.log._refusal = "a write failed"
    writer.close()
    with Writer(open_sample(path)):
        pass
    assert kinds(path) == ["log.opened", "intent", "log.recovered", "log.closed"]


@pytest.mark.parametrize("obstacle", ["folder", "link"])
def test_where_it_cannot_be_told_who_else_writes_nothing_is_claimed(tmp_path: Path, obstacle: str) -> None:
    path = tmp_path / "log.db"
    target = tmp_path / "elsewhere"
    if obstacle == "folder":
        (tmp_path / "log.db-open").mkdir()
    else:
        (tmp_path / "log.db-open").symlink_to(target)
    with Writer(open_sample(path)) as writer:
        writer.append(*sample(1))
    assert kinds(path) == ["log.opened", "intent"]
    assert not target.exists()


def test_a_file_alone_is_left_where_its_last_writer_has_gone(tmp_path: Path) -> None:
    with Writer(open_sample(tmp_path / "log.db")) as writer:
        writer.append(*sample(1))
        assert (tmp_path / "log.db-open").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["log.db"]


def test_a_log_without_marks_says_nothing_of_its_writers(log_name: str) -> None:
    path = log_name
    with Writer(open_sample(path), marked=False) as writer:
        writer.append(*sample(1))
    assert kinds(path) == ["log.opened", "intent"]
