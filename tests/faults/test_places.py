"""A log that is not where it was: what an open log would write there is lost, so nothing is, and nobody is told otherwise."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tenetlang.audit import AuditError, Log, LogDamaged, LogPoisoned, verify_log
from tenetlang.audit.stores.sqlite import connect_to_read
from tenetlang.audit.writer import Writer
from tests.unit.audit.samples import open_sample, sample

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="an open file stays where it is")


def deleted(log: Path) -> None:
    log.unlink()


def moved(log: Path) -> None:
    log.rename(log.with_name("rotated.db"))


def replaced_by_a_copy(log: Path) -> None:
    shutil.copy(log, log.with_name("copy.db"))
    log.with_name("copy.db").replace(log)


def replaced_by_another_log(log: Path) -> None:
    Log.open(log.with_name("another.db")).close()
    log.with_name("another.db").replace(log)


def moved_with_its_folder(log: Path) -> None:
    log.parent.rename(log.parent.with_name("elsewhere"))


def without_its_journal(log: Path) -> None:
    Path(f"{log}-wal").unlink()


def with_another_journal(log: Path) -> None:
    shutil.copy(f"{log}-wal", f"{log}-copy")
    Path(f"{log}-copy").replace(f"{log}-wal")


def without_its_index(log: Path) -> None:
    Path(f"{log}-shm").unlink()


CHANGES = [
    deleted, moved, replaced_by_a_copy, replaced_by_another_log, moved_with_its_folder, without_its_journal, with_another_journal,
    without_its_index,
]  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder / "log.db"


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_acknowledged_that_goes_to_a_file_which_nobody_finds(
    log: Path, change: Callable[[Path], None]
) -> None:
    opened = open_sample(log)
    opened.append(*sample(1))
    change(log)
    with pytest.raises(LogDamaged, match="deleted, moved or replaced while it was in use"):
        opened.append(*sample(2))
    with pytest.raises(LogPoisoned, match="deleted, moved or replaced"):
        opened.append(*sample(3))
    opened.close()


@pytest.mark.parametrize("change", CHANGES)
def test_everybody_who_waits_is_told_that_the_log_is_gone(log: Path, change: Callable[[Path], None]) -> None:
    writer = Writer(open_sample(log), marked=False)
    writer.append(*sample(1))
    change(log)
    told = [writer.submit(*sample(number)) for number in range(2, 6)]
    assert all(isinstance(each.exception(), LogDamaged | LogPoisoned) for each in told)
    writer.close()


def test_what_was_put_back_is_the_log_with_all_that_was_acknowledged(log: Path) -> None:
    opened = open_sample(log)
    opened.append(*sample(1))
    moved(log)
    with pytest.raises(LogDamaged):
        opened.append(*sample(2))
    log.with_name("rotated.db").rename(log)
    opened.close()
    with open_sample(log) as again:
        again.append(*sample(2))
    assert verify_log(log).size == 3
    assert verify_log(log).ok


READ = """
import sys
from tenetlang.audit import Log, verify_log
if sys.argv[2] == "read":
    verify_log(sys.argv[1])
else:
    Log.open(sys.argv[1]).close()
"""


@pytest.mark.parametrize("other", ["read", "write"])
def test_reading_a_log_where_it_is_written_opens_no_door_for_other_processes(log: Path, other: str) -> None:
    """A process that closes any descriptor of a file gives up its locks on that file. Another process may then take itself for the last
    one that has the log open, and must not take the journal away."""
    opened = open_sample(log)
    opened.append(*sample(1))
    assert verify_log(log).size == 2
    subprocess.run([sys.executable, "-c", READ, str(log), other], check=True)
    opened.append(*sample(2))
    assert Path(f"{log}-wal").exists()
    counted = "import sys; from tenetlang.audit import verify_log; print(verify_log(sys.argv[1]).size)"
    found = subprocess.run([sys.executable, "-c", counted, str(log)], check=True, capture_output=True, text=True)
    assert found.stdout == "3\n"
    opened.close()


def test_a_link_leads_to_the_log_and_to_what_lies_beside_it(log: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    open_sample(log).close()
    link.symlink_to(log)
    with Writer(Log.open(link)) as writer:
        writer.append(*sample(1))
        assert {file.name for file in log.parent.iterdir()} == {"log.db", "log.db-wal", "log.db-shm", "log.db-open"}
        without_its_journal(log)
        assert isinstance(writer.submit(*sample(2)).exception(), LogDamaged)
    assert verify_log(link).size == verify_log(log).size


def test_what_a_crash_left_in_the_journal_is_settled_through_a_link_as_well(log: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    open_sample(log).close()
    link.symlink_to(log)
    crash = "import os, sys; from tenetlang.audit import Log; from tests.unit.audit.samples import sample\n"
    crash += "log = Log.open(sys.argv[1]); log.append(*sample(1)); os._exit(1)"
    subprocess.run([sys.executable, "-c", crash, str(log)], check=False, cwd=Path(__file__).parents[2])
    journal = Path(f"{log}-wal")
    assert journal.stat().st_size > 0
    with Log.open(link):
        assert journal.stat().st_size == 0


def test_a_link_to_nothing_is_no_log_and_none_is_made(tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "nothing.db")
    for use in (Log.open, verify_log, lambda path: connect_to_read(str(path)).close()):
        with pytest.raises(AuditError):
            use(link)
    assert [file.name for file in tmp_path.iterdir()] == ["link.db"]
