"""A log whose machine stops at any moment: nothing that somebody was told of is lost, and nothing is there that nobody wrote."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tenetlang.audit import Log, LogDamaged, Tables, verify_log
from tenetlang.audit.checkpoints.note import signing_key
from tenetlang.audit.writer import Writer
from tests.faults.disk import Event, Image, RecordingDisk, Told, images
from tests.unit.audit.samples import connection_of, open_sample, sample

KEY = signing_key("example.com/log", bytes(range(32)))
Doing = Callable[[Log, Callable[[Told], None]], None]
"""Does something with a log, and says what somebody was told of."""


def one_by_one(log: Log, told: Callable[[Told], None]) -> None:
    for number in range(2, 8):
        told(Told(log.append(*sample(number)).index))


def in_batches_and_signed(log: Log, told: Callable[[Told], None]) -> None:
    for signed, start in enumerate((2, 6, 40)):
        last = log.append_all([sample(number) for number in range(start, start * 2)])[-1].index
        told(Told(last, signed))
        log.sign(KEY)
        told(Told(last, signed + 1))


def with_a_row_beside(log: Log, told: Callable[[Told], None]) -> None:
    """From record 3 on each has a row with its number."""

    def row(number: int) -> Callable[[Tables], object]:
        return lambda tables: tables.run("INSERT INTO tasks VALUES (?)", (number,))

    with Writer(log, marked=False) as writer:
        first = writer.append(*sample(2), also=lambda tables: tables.run("CREATE TABLE tasks (number INTEGER) STRICT"))
        told(Told(first.index))
        for number in range(3, 7):
            told(Told(writer.append(*sample(number), also=row(number)).index))


def through_a_checkpoint_of_the_journal(log: Log, told: Callable[[Told], None]) -> None:
    connection_of(log).execute("PRAGMA wal_autocheckpoint=4").fetchall()  # soon, so that it happens in between
    for number in range(2, 14):
        told(Told(log.append(*sample(number)).index))


DOINGS = [one_by_one, in_batches_and_signed, with_a_row_beside, through_a_checkpoint_of_the_journal]


@contextmanager
def recording(events: list[Event]) -> Iterator[None]:
    disk = RecordingDisk(events)
    try:
        yield
    finally:
        disk.unregister()


def recorded(
    folder: Path, doing: Doing, *, careless: bool = False
) -> tuple[dict[str, bytes], list[Event], dict[int, bytes]]:
    """The log's files before, what was done to them, and the leaf of each record that was ever appended."""
    folder.mkdir()
    path = folder / "log.db"
    with open_sample(path) as log:
        log.append(*sample(1))
    before = {"log.db": path.read_bytes()}
    events: list[Event] = []
    with recording(events), Log.open(path) as log:
        if careless:
            connection_of(log).execute("PRAGMA synchronous=NORMAL").fetchall()
        doing(log, events.append)
    with Log.open(path) as log:
        leaves = {stored.index: stored.leaf for stored in log.records()}
    return before, events, leaves


def flaw(image: Image, folder: Path, leaves: dict[int, bytes], ends: Iterable[int]) -> str | None:
    """What is wrong with a log after a crash. `ends` are the last records of all transactions."""
    path = folder / "log.db"
    for old in folder.glob("log.db*"):
        old.unlink()
    for name, content in image.files.items():
        if not name.endswith("-shm"):
            (folder / name).write_bytes(content)
    try:
        with Log.open(path) as log:
            found = {stored.index: stored.leaf for stored in log.records()}
            last = max(found)
            if last < image.told.last:
                return f"record {image.told.last} was told of, and {last} is the last"
            if any(leaves.get(index) != leaf for index, leaf in found.items()):
                return "there is a record that nobody wrote"
            if last not in sorted(end for end in ends if end >= image.told.last)[:2]:
                return "there is a part of a transaction, or more than the one that was under way"
            if _rows(log) not in (None, [index for index in found if index > 2]):
                return "a row is there without its record, or a record without its row"
            if log.append(*sample(99)).index != len(found):
                return "the next record does not come behind the last"
    except LogDamaged as damaged:
        return f"it can't be opened: {damaged}"
    verification = verify_log(path, keys=[KEY.verifier] if image.told.checkpoints else [])
    if verification.checkpoints < image.told.checkpoints:
        return "a checkpoint that was given out is not there"
    return None if verification.ok else f"it does not verify: {verification.problems[0]}"


def _rows(log: Log) -> list[object] | None:
    if not connection_of(log).execute("SELECT 1 FROM sqlite_schema WHERE name = 'tasks'").fetchall():
        return None
    return [number for (number,) in connection_of(log).execute("SELECT number FROM tasks ORDER BY number")]


def flaws(
    folder: Path, doing: Doing, *, careless: bool = False, seed: int = 0, every: int = 1
) -> tuple[int, list[str]]:
    """How many images were made, and what was wrong with those where something was."""
    folder.mkdir()
    before, events, leaves = recorded(folder / "made", doing, careless=careless)
    (folder / "work").mkdir()
    ends = {1, *(event.last for event in events if isinstance(event, Told))}
    made = [image for number, image in enumerate(images(before, Told(1), events, Random(seed))) if number % every == 0]
    found = ((image, flaw(image, folder / "work", leaves, ends)) for image in made)
    return len(made), [
        f"at {image.moment} of {len(events)}, {image.choice}: {said}" for image, said in found if said is not None
    ]


@pytest.mark.parametrize("doing", DOINGS, ids=lambda doing: doing.__name__)
def test_a_crash_at_any_moment_loses_nothing_and_invents_nothing(tmp_path: Path, doing: Doing) -> None:
    count, found = flaws(tmp_path / "log", doing, every=3)
    assert found == []
    assert count >= 15


@pytest.mark.deep
def test_five_thousand_crashes_lose_nothing_and_invent_nothing(tmp_path: Path) -> None:
    total, seed = 0, 0
    while total < 5_000:
        seed += 1
        for doing in DOINGS:
            count, found = flaws(tmp_path / f"{doing.__name__}{seed}", doing, seed=seed)
            assert found == [], seed
            total += count
            shutil.rmtree(tmp_path / f"{doing.__name__}{seed}")


def test_a_log_that_does_not_wait_for_the_disk_would_lose_records(tmp_path: Path) -> None:
    count, found = flaws(tmp_path / "log", one_by_one, careless=True)
    assert 10 * len([said for said in found if "was told of" in said]) > count


@pytest.mark.parametrize("length", [32, 56, 4152, 40_000])
def test_zeros_in_place_of_the_journal_are_no_records(tmp_path: Path, length: int) -> None:
    before, _, leaves = recorded(tmp_path / "made", one_by_one)
    (tmp_path / "work").mkdir()
    image = Image({**before, "log.db-wal": bytes(length)}, Told(1), 0, "zeros")
    assert flaw(image, tmp_path / "work", leaves, [1]) is None


def test_a_new_log_gets_its_name_when_all_of_it_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.db"
    events: list[Event] = []
    linked: list[tuple[int, str, bytes]] = []
    link = os.link

    def noticed(old: str, new: str) -> None:
        linked.append((len(events), Path(old).name, Path(old).read_bytes()))
        link(old, new)

    monkeypatch.setattr(os, "link", noticed)
    with recording(events):
        Log.open(path).close()
    ((moment, name, content),) = linked
    left = [image for image in images({}, Told(0), events[:moment], Random(0)) if image.moment == moment]
    assert {image.files.get(name) for image in left} == {content}
    assert verify_log(path).ok
