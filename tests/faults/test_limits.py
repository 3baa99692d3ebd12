"""Disks that are full and places that can't be written, by the operating system's own means: what was acknowledged is there, what
was not is told as that, and the log goes on once there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tenetlang.audit import Log, LogUnavailable, verify_log
from tenetlang.audit.checkpoints.note import signing_key
from tests.unit.audit.samples import sample, small_log

ROOT = Path(__file__).parents[2]
KEY = signing_key("example.com/log", bytes(range(32)))
NOBODY = 65_534

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")

FILL = """
import os, sys
from tenetlang.audit import AuditError, Log, LogPoisoned
from tenetlang.audit.checkpoints.note import signing_key
from tests.unit.audit.samples import sample
LIMIT
path, how = sys.argv[1:]
key = signing_key("example.com/log", bytes(range(32)))
log = Log.open(path)
print("told", log._last.index, flush=True)
try:
    for number in range(log._last.index + 1, 5000):
        entries = [sample(number)] if how == "one" else [sample(each) for each in range(number * 5, number * 5 + 5)]
        print("told", log.append_all(entries)[-1].index, flush=True)
        if how == "signed":
            log.sign(key)
except AuditError as mistake:
    print("failed", type(mistake).__name__, mistake, flush=True)
    try:
        log.append(*sample(1))
    except LogPoisoned:
        print("poisoned", flush=True)
os._exit(0)
"""


def filled(log: Path, how: str, limit: str = "") -> tuple[int, str]:
    """Appends until nothing goes any more; what was told last, and what was said then."""
    command = [sys.executable, "-c", FILL.replace("LIMIT", limit), str(log), how]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == "poisoned"
    assert lines[-2].startswith("failed ")
    return max(int(line.split()[1]) for line in lines if line.startswith("told ")), lines[-2]


def check_all_there(log: Path, last: int) -> None:
    """What was told is there, nothing is wrong, and the log goes on."""
    found = verify_log(log)
    assert found.problems == ()
    assert found.size > last
    with Log.open(log) as opened:
        opened.append(*sample(1))
        opened.sign(KEY)
    assert verify_log(log, keys=[KEY.verifier]).ok
    assert verify_log(log).size == found.size + 1


@pytest.mark.parametrize("how", ["one", "many", "signed"])
@pytest.mark.parametrize("size", [90_000, 300_001])
def test_a_file_that_may_not_grow_any_more_loses_nothing(tmp_path: Path, how: str, size: int) -> None:
    log = tmp_path / "log.db"
    Log.open(log).close()
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    last, said = filled(log, how, limit)
    assert last > 0
    assert "unknown" in said
    check_all_there(log, last)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root of a machine may mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("how", ["one", "many", "signed"])
def test_a_full_disk_loses_nothing_and_the_log_goes_on_when_there_is_room(small_disk: Path, how: str) -> None:
    log = small_disk / "log.db"
    Log.open(log).close()
    last, said = filled(log, how)
    assert "full" in said
    assert verify_log(log).size > last
    with pytest.raises(LogUnavailable, match="full"):  # what is in the journal has no room in the file
        Log.open(log)
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    check_all_there(log, last)


def test_no_log_is_made_on_a_full_disk_and_none_is_left_half_made(small_disk: Path) -> None:
    with suppress(OSError):
        (small_disk / "other").write_bytes(bytes(1 << 20))
    with pytest.raises(LogUnavailable, match="cannot create"):
        Log.open(small_disk / "log.db")
    assert [file.name for file in small_disk.iterdir()] == ["other"]


def test_a_disk_that_may_only_be_read_is_read_and_not_written(small_disk: Path) -> None:
    log = small_log(small_disk / "log.db", 2)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert verify_log(log).size == 3
    with pytest.raises(LogUnavailable):
        Log.open(log)
    with pytest.raises(LogUnavailable, match="cannot create"):
        Log.open(small_disk / "new.db")


TRY = """
import os, sys
from tenetlang.audit import AuditError, Log, verify_log
verify_log(sys.argv[1])  # imports what somebody else may not be able to read
os.setgroups([])
os.setegid(NOBODY)
os.seteuid(NOBODY)
try:
    Log.open(sys.argv[1]).close()
    print("opened")
except AuditError as mistake:
    print(type(mistake).__name__, mistake)
try:
    print(verify_log(sys.argv[1]).size)
except AuditError as mistake:
    print(type(mistake).__name__)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize(
    ("folder", "file", "expected", "read"),
    [
        (0o777, 0o666, "opened", "3"),
        (0o777, 0o444, "LogUnavailable", "3"),
        (0o555, 0o666, "LogUnavailable", "3"),
        (0o555, 0o444, "LogUnavailable", "3"),
        (0o777, 0o000, "LogUnavailable", "LogUnavailable"),
        (0o000, 0o666, "LogUnavailable", "LogUnavailable"),
    ],
)
def test_who_may_not_write_is_told_so_and_reads_what_may_be_read(
    folder: int, file: int, expected: str, read: str
) -> None:
    with TemporaryDirectory() as above:
        Path(above).chmod(0o711)
        place = Path(above) / "place"
        place.mkdir()
        log = small_log(place / "log.db", 2)
        log.chmod(file)
        place.chmod(folder)
        command = [sys.executable, "-c", TRY.replace("NOBODY", str(NOBODY)), str(log)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        opened, counted = done.stdout.splitlines()
        assert opened.split()[0] == expected
        assert counted == read
        assert verify_log(log).size == 3
