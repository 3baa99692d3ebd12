"""A disk that fails at any one call, or at all from one call on: nobody is told what is not so, and what was told stays.

Each scenario is run with the fault at its first call, at its second, and so on until it gets through without one. The caller sees
`AuditError` and nothing else. Afterwards the log is opened twice, as it is and as it would be if the machine stopped there as well:
with all that a failed sync left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import apsw
import attrs
import pytest

from tenetlang.audit import AuditError, Log, LogPoisoned, verify_log
from tenetlang.audit.checkpoints.note import signing_key
from tests.faults.disk import Event, Failing, RecordingDisk, Told, images
from tests.unit.audit.samples import connection_of, identifier, open_sample, sample

KEY = signing_key("example.com/log", bytes(range(32)))
MOST_CALLS = 2_000


@attrs.define
class Story:
    """What was tried, and what the caller was told of."""

    tried: list[str] = attrs.field(factory=list)
    told: list[tuple[int, bytes]] = attrs.field(factory=list)
    notes: int = 0
    refused: list[str] = attrs.field(factory=list)
    poisoned: bool = False


def append(log: Log, story: Story, *numbers: int) -> None:
    story.tried += [identifier(number) for number in numbers]
    story.told += [(each.index, each.leaf) for each in log.append_all([sample(number) for number in numbers])]


def sign(log: Log, story: Story) -> None:
    log.sign(KEY)
    story.notes += 1


def use(path: Path, story: Story) -> None:
    """Opens a log twice, appends, signs, and goes on after each failure as somebody would who does not read errors."""
    for first in (10, 20):
        try:
            log = Log.open(path, busy_seconds=0.01)
        except AuditError as mistake:
            story.refused.append(type(mistake).__name__)
            continue
        except apsw.Error as mistake:  # SQLite lets pass what fails when it closes, but not if the disk is in Python
            if not isinstance(mistake.__context__, AuditError):
                raise
            continue
        with suppress(apsw.Error):
            connection_of(log).execute("PRAGMA wal_autocheckpoint=4").fetchall()
        attempt(story, lambda: append(log, story, first))  # noqa: B023  # called in this round
        attempt(story, lambda: append(log, story, first + 1, first + 2, first + 3))  # noqa: B023
        attempt(story, lambda: sign(log, story))  # noqa: B023
        attempt(story, lambda: append(log, story, first + 4))  # noqa: B023
        with suppress(apsw.Error):
            log.close()
        story.poisoned = False


def attempt(story: Story, action: Callable[[], None]) -> None:
    before = len(story.told), story.notes
    try:
        action()
    except AuditError as mistake:
        story.refused.append(type(mistake).__name__)
        story.poisoned = story.poisoned or isinstance(mistake, LogPoisoned)
        assert (len(story.told), story.notes) == before
    else:
        assert not story.poisoned, "a poisoned log did something"


def runs(
    tmp_path: Path, *, full: bool, for_good: bool, every: int
) -> Iterator[tuple[Failing, Story, Path, list[Event]]]:
    """The scenario with the fault at each of its calls."""
    made = tmp_path / "made.db"
    with open_sample(made) as log:
        log.append(*sample(1))
    for after in range(0, MOST_CALLS, every):
        path = tmp_path / f"at{after}" / "log.db"
        path.parent.mkdir()
        path.write_bytes(made.read_bytes())
        failing, story, events = Failing(after, full=full, for_good=for_good), Story(), list[Event]()
        disk = RecordingDisk(events, failing)
        try:
            use(path, story)
        finally:
            disk.unregister()
        if failing.failed is None:
            assert after > 0
            return
        yield failing, story, path, events
    pytest.fail(f"the scenario has more than {MOST_CALLS} calls")


def check(path: Path, story: Story, where: str) -> None:
    with Log.open(path) as log:
        found = list(log.records())
        log.append(*sample(99))
    leaves = {stored.index: stored.leaf for stored in found}
    assert all(leaves.get(index) == leaf for index, leaf in story.told), f"{where}: a record that was told of is gone"
    identifiers = [json.loads(stored.record)["id"] for stored in found[2:]]
    remaining = iter(story.tried)
    assert all(each in remaining for each in identifiers), f"{where}: a record that nobody wrote, or in another order"
    verification = verify_log(path, keys=[KEY.verifier] if story.notes else [])
    assert verification.ok, (where, verification.problems)
    assert verification.checkpoints >= story.notes, where


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("full", [False, True], ids=["failing", "full"])
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.deep)])
def test_an_error_at_any_call_loses_nothing_and_nothing_wrong_is_told(
    tmp_path: Path, full: bool, for_good: bool, every: int
) -> None:
    kinds: set[str] = set()
    for failing, story, path, events in runs(tmp_path, full=full, for_good=for_good, every=every):
        where = f"{failing.failed} at {path.parent.name}"
        kinds.add(str(failing.failed))
        check(path, story, where)
        before = {"log.db": (tmp_path / "made.db").read_bytes()}
        last = [image for image in images(before, Told(1), events, Random(0)) if image.moment == len(events)]
        for number, image in enumerate(last):
            crashed = path.parent / f"crashed{number}" / "log.db"
            crashed.parent.mkdir()
            for name, content in image.files.items():
                if not name.endswith("-shm"):
                    (crashed.parent / name).write_bytes(content)
            check(crashed, story, f"{where}, and a crash ({image.choice})")
    assert kinds >= ({"write", "open"} if full else {"read", "write", "sync", "size"}), kinds


def test_a_record_is_safe_that_comes_after_one_whose_sync_failed_in_a_process_that_ended(tmp_path: Path) -> None:
    """The file reads as if the failed record were there, for the operating system has it in memory and will not write it. Whoever
    opens the log takes it for good, and what is appended behind it is lost with it unless it is written again."""
    path, after = tmp_path / "log.db", tmp_path / "after" / "log.db"
    with open_sample(path) as log:
        log.append(*sample(1))
    durable = {"log.db": path.read_bytes()}
    events: list[Event] = []
    failing = Failing(1 << 60)
    disk = RecordingDisk(events, failing)
    after.parent.mkdir()
    story = Story()
    try:
        log = Log.open(path)
        append(log, story, 2)
        failing.only, failing.after = "sync", 0
        with pytest.raises(LogPoisoned):
            append(log, story, 3)
        failing.only = None
        for name in ("log.db", "log.db-wal"):  # the process ends without closing
            (after.parent / name).write_bytes((tmp_path / name).read_bytes())
        with Log.open(after) as again:
            assert [stored.index for stored in again.records()] == [0, 1, 2, 3]
            append(again, story, 4)
            moment = len(events)
        log.close()
    finally:
        disk.unregister()
    for number, image in enumerate(images(durable, Told(1), events[:moment], Random(0))):
        if image.moment == moment:
            crashed = tmp_path / f"crashed{number}" / "log.db"
            crashed.parent.mkdir()
            for name, content in image.files.items():
                (crashed.parent / name).write_bytes(content)
            check(crashed, story, image.choice)
