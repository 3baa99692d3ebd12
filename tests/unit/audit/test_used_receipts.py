"""Which receipts were used, in a file: used once by whoever comes first, whatever processes, clocks and disks do."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tenetlang.audit.errors import InvalidReceipt
from tenetlang.audit.receipts import SeenReceipts, check_receipt
from tenetlang.audit.used_receipts import UsedReceipts, open_used_receipts
from tests.unit.audit.test_receipts import ARGUMENTS, KEY, NOW, receipt


@pytest.fixture
def used(tmp_path: Path) -> Iterator[UsedReceipts]:
    with open_used_receipts(tmp_path / "used.db") as opened:
        yield opened


def held(used: UsedReceipts) -> int:
    with closing(apsw.Connection(used.path)) as connection:
        ((counted,),) = connection.execute("SELECT count FROM held").fetchall()
        ((there,),) = connection.execute("SELECT count(*) FROM used").fetchall()
    assert counted == there
    assert isinstance(there, int)
    return there


def refused(used: UsedReceipts, what: str, identifier: str = "a", until: int = 100, now: int = 0) -> None:
    with pytest.raises(InvalidReceipt) as caught:
        used(identifier, until, now)
    assert caught.value.what == what


def test_a_receipt_is_used_once_also_when_the_tool_starts_again(tmp_path: Path) -> None:
    path, token = tmp_path / "used.db", receipt()
    with open_used_receipts(path) as used:
        assert check_receipt(token, [KEY.verifier], "refund", ARGUMENTS, NOW, used).tool == "refund"
    with open_used_receipts(path) as used, pytest.raises(InvalidReceipt, match="was used already"):
        check_receipt(token, [KEY.verifier], "refund", ARGUMENTS, NOW + 1, used)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_of_threads_and_connections_with_one_receipt_one_acts(tmp_path: Path) -> None:
    won: list[int] = []

    def use() -> None:
        with open_used_receipts(tmp_path / "used.db") as opened:
            won.extend(number for number in range(20) if opened(str(number), 100, 0))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == list(range(20))


_USE = """
import sys
from tenetlang.audit.used_receipts import open_used_receipts
with open_used_receipts(sys.argv[1]) as used:
    print(*(number for number in range(30) if used(str(number), 100, 0)))
"""


def test_of_processes_with_one_receipt_one_acts(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _USE, str(tmp_path / "used.db")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    won = [int(word) for process in running for word in process.communicate()[0].split()]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert sorted(won) == list(range(30))


def test_outdated_receipts_are_forgotten_and_the_file_stays_small(used: UsedReceipts) -> None:
    for now in range(200):
        assert used(f"r{now}", now + 5, now)
    assert held(used) == 5
    assert used("later", 2000, 1000)
    assert held(used) == 1


def test_much_that_is_outdated_is_forgotten_bit_by_bit(used: UsedReceipts) -> None:
    for number in range(100):
        assert used(f"r{number}", 10, 0)
    assert used("later", 200, 100)
    assert held(used) == 85
    refused(used, "time", "r99", 10, 100)


def test_more_than_are_remembered_are_refused_until_there_is_room(tmp_path: Path) -> None:
    with open_used_receipts(tmp_path / "used.db", most=2) as used:
        assert used("a", 10, 0)
        assert used("b", 20, 0)
        refused(used, "busy", "c", 30)
        assert not used("a", 10, 0)
        assert held(used) == 2
        assert used("c", 30, 10)


@pytest.mark.parametrize("durable", [False, True])
def test_a_clock_that_is_set_back_brings_no_receipt_back(tmp_path: Path, *, durable: bool) -> None:
    seen = open_used_receipts(tmp_path / "used.db") if durable else SeenReceipts()
    assert seen("a", 65, 0)
    assert seen("b", 1065, 1000)  # forgets a
    with pytest.raises(InvalidReceipt, match="the clock was set back") as caught:
        seen("a", 65, 1)
    assert caught.value.what == "time"
    assert seen("c", 66, 1)
    if isinstance(seen, UsedReceipts):
        seen.close()


def test_a_file_that_was_replaced_or_taken_away_is_used_no_more(tmp_path: Path) -> None:
    path = tmp_path / "used.db"
    with open_used_receipts(path) as used:
        assert used("a", 100, 0)
        path.rename(tmp_path / "aside.db")
        refused(used, "unavailable", "b")
        with open_used_receipts(path) as other:
            assert other("b", 100, 0)
            refused(used, "unavailable", "c")


def test_after_a_fork_it_is_opened_anew(used: UsedReceipts, monkeypatch: pytest.MonkeyPatch) -> None:
    own = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: own + 1)
    refused(used, "unavailable")


def test_a_locked_file_a_closed_one_and_one_that_was_changed_are_unavailable(used: UsedReceipts) -> None:
    used._connection.set_busy_timeout(1)
    with closing(apsw.Connection(used.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused(used, "unavailable")
        other.execute("ROLLBACK")
        assert used("a", 100, 0)
        other.execute("DELETE FROM held")
    refused(used, "unavailable", "b")
    used.close()
    used.close()
    refused(used, "unavailable", "b")


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\x00" + bytes(4080)])
def test_a_file_that_is_something_else_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "used.db"
    path.write_bytes(content)
    with pytest.raises(InvalidReceipt) as caught:
        open_used_receipts(path)
    assert caught.value.what == "unavailable"
    assert path.read_bytes() == content


def test_another_database_and_a_place_without_files_are_refused(tmp_path: Path) -> None:
    with closing(apsw.Connection(str(tmp_path / "other.db"))) as connection:
        connection.execute("CREATE TABLE used (receipt TEXT)")
    with pytest.raises(InvalidReceipt, match="is no file of used receipts"):
        open_used_receipts(tmp_path / "other.db")
    for path in (tmp_path, tmp_path / "nowhere" / "used.db", ""):
        with pytest.raises(InvalidReceipt, match="cannot open"):
            open_used_receipts(path)


def test_where_it_cannot_be_written_the_receipt_is_refused_and_not_used(
    used: UsedReceipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenetlang.audit import used_receipts

    run = used_receipts._run

    def failing(connection: apsw.Connection, statement: str, values: tuple[str | int, ...] = ()) -> object:
        if statement == "COMMIT":
            raise apsw.FullError("database or disk is full")
        return run(connection, statement, values)

    with monkeypatch.context() as patch:
        patch.setattr(used_receipts, "_run", failing)
        refused(used, "unavailable")
    assert used("a", 100, 0)


class Comparison(RuleBasedStateMachine):
    """The file, opened and closed at will, says of each receipt what the one in memory says, with any clock."""

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.memory, self.now = SeenReceipts(), 1000
        self.file = open_used_receipts(Path(self.folder.name) / "used.db")
        self.good: set[str] = set()

    @rule(identifier=st.sampled_from("abcdef"), lifetime=st.integers(1, 40), step=st.integers(-30, 60))
    def use(self, identifier: str, lifetime: int, step: int) -> None:
        self.now += step
        until = self.now + lifetime

        def said(seen: SeenReceipts | UsedReceipts) -> object:
            try:
                return seen(identifier, until, self.now)
            except InvalidReceipt as mistake:
                return mistake.what

        assert said(self.file) == said(self.memory)

    @rule()
    def start_again(self) -> None:
        self.file.close()
        self.file = open_used_receipts(Path(self.folder.name) / "used.db")

    @invariant()
    def what_is_counted_is_there(self) -> None:
        if hasattr(self, "file"):
            held(self.file)

    def teardown(self) -> None:
        if hasattr(self, "file"):
            self.file.close()
            self.folder.cleanup()


TestComparison = Comparison.TestCase
TestComparison.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
