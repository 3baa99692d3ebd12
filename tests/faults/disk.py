"""A disk that can be stopped at any moment: what SQLite does to its files is noted down, and images are made of what may be left.

A write is durable once its file was synced after it. What was written since then may be on the disk or not, each write for itself
and in any order, whole or in sectors: that is what a disk promises when the power fails. So an image at a moment is, for each
file, what was durable, and a choice among the writes that were not:

    none, all, a beginning of them, any of them in any order and torn, a beginning whose last one is cut between two
    sectors, or goes on there with zeros, or with noise

`RecordingDisk` is a VFS of SQLite that passes everything on to the real one and notes it. The model is that of SQLite's own crash tests
(test6.c), which assume as SQLite does that a write which fails changes nothing beyond the bytes that it was to write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Literal, TypeAlias

import apsw
import attrs

SECTOR = 512


@attrs.frozen
class Write:
    file: str
    offset: int
    data: bytes


@attrs.frozen
class Truncate:
    file: str
    size: int


@attrs.frozen
class Sync:
    file: str


@attrs.frozen
class Delete:
    file: str


@attrs.frozen
class Told:
    """A caller was told that the records up to this index are on the disk, and so many checkpoints."""

    last: int
    checkpoints: int = 0


@attrs.frozen
class Lost:
    """A sync that failed. What was to be written may be gone, and no later sync brings it back: Linux marks the pages as clean."""

    file: str


Event: TypeAlias = Write | Truncate | Sync | Delete | Lost | Told
Change: TypeAlias = Write | Truncate | Delete
Choice: TypeAlias = Literal["none", "all", "beginning", "some", "torn", "zeros", "noise"]
CHOICES: tuple[Choice, ...] = ("none", "all", "beginning", "some", "torn", "zeros", "noise")


@attrs.define
class Failing:
    """Lets one call of the disk fail, and says which it was: the one after so many others, and with `for_good` all after it.

    `full` fails with an error of space, where only calls that need some are counted; otherwise it is one of input or output.
    `only` counts calls of that name.
    """

    after: int
    full: bool = False
    for_good: bool = False
    only: str | None = None
    failed: str | None = None

    def meet(self, call: str) -> bool:
        if (self.full and call not in {"write", "open"}) or self.only not in {None, call}:
            return False
        self.after -= 1
        failing = self.after < 0 if self.for_good else self.after == -1
        if failing and self.failed is None:
            self.failed = call
        return failing

    def error(self) -> apsw.Error:
        return apsw.FullError("no space left") if self.full else apsw.IOError("the disk failed")


def _never() -> Failing:
    return Failing(1 << 60)


class RecordingDisk(apsw.VFS):
    """The VFS that notes down what is done, lets fail what shall fail, and is the default while it is there."""

    def __init__(self, events: list[Event], failing: Failing | None = None) -> None:
        self.events = events
        self.failing = failing or _never()
        super().__init__("recording", "unix", makedefault=True)

    def excepthook(
        self, etype: type[BaseException] | None, evalue: BaseException | None, etraceback: TracebackType | None
    ) -> bool:
        """What nobody catches in C is one of our faults."""
        return True

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802  # apsw's
        if self.failing.meet("open"):
            raise apsw.CantOpenError("the disk failed")
        file = name.filename() if isinstance(name, apsw.URIFilename) else name
        return _RecordingFile(self.events, self.failing, file, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802  # apsw's
        if self.failing.meet("delete"):
            raise self.failing.error()
        self.events.append(Delete(Path(filename).name))
        super().xDelete(filename, syncdir)

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802  # apsw's
        if self.failing.meet("access"):
            raise self.failing.error()
        return super().xAccess(pathname, flags)


class _RecordingFile(apsw.VFSFile):
    def __init__(self, events: list[Event], failing: Failing, filename: str | None, flags: list[int]) -> None:
        self.events = events
        self.failing = failing
        self.name = Path(filename or "").name
        super().__init__("unix", filename, flags)

    def excepthook(
        self, etype: type[BaseException] | None, evalue: BaseException | None, etraceback: TracebackType | None
    ) -> bool:
        return True

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802  # apsw's
        if self.failing.meet("read"):
            raise self.failing.error()
        return super().xRead(amount, offset)

    def xFileSize(self) -> int:  # noqa: N802  # apsw's
        if self.failing.meet("size"):
            raise self.failing.error()
        return super().xFileSize()

    def xLock(self, level: int) -> None:  # noqa: N802  # apsw's
        if self.failing.meet("lock"):
            raise self.failing.error()
        super().xLock(level)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802  # apsw's
        failing = self.failing.meet("write")
        if failing:
            data = data[: len(data) // 2]
        self.events.append(Write(self.name, offset, bytes(data)))
        super().xWrite(data, offset)
        if failing:
            raise self.failing.error()

    def xTruncate(self, newsize: int) -> None:  # noqa: N802  # apsw's
        if self.failing.meet("truncate"):
            raise self.failing.error()
        self.events.append(Truncate(self.name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802  # apsw's
        if self.failing.meet("sync"):
            self.events.append(Lost(self.name))
            raise self.failing.error()
        self.events.append(Sync(self.name))  # the real disk need not wait: nobody stops this machine


@attrs.frozen
class Image:
    """What the disk holds after a crash, and what somebody was told of before it."""

    files: dict[str, bytes]
    told: Told
    moment: int
    choice: Choice


def images(before: dict[str, bytes], told: Told, events: Sequence[Event], random: Random) -> Iterator[Image]:
    """For each moment, before the first event and after each, the images of all choices (those that are the same, once)."""
    durable: dict[str, bytes | None] = dict(before)
    waiting: dict[str, list[Change]] = {}
    yield Image(dict(before), told, 0, "none")
    for moment, event in enumerate(events, start=1):
        match event:
            case Told():
                told = event
            case Sync(file):
                durable[file] = _applied(durable.get(file), waiting.pop(file, []))
            case Lost(file):
                waiting.pop(file, None)
            case Write() | Truncate() | Delete():
                waiting.setdefault(event.file, []).append(event)
        seen: list[dict[str, bytes]] = []
        for choice in CHOICES:
            files = {
                name: content
                for name in sorted({*durable, *waiting})
                if (content := _left(durable.get(name), waiting.get(name, []), choice, random)) is not None
            }
            if files not in seen:
                seen.append(files)
                yield Image(files, told, moment, choice)


def _left(content: bytes | None, changes: Sequence[Change], choice: Choice, random: Random) -> bytes | None:
    """What is left of a file of which these changes are not durable."""
    match choice:
        case "none":
            return content
        case "all":
            return _applied(content, changes)
        case "beginning":
            return _applied(content, changes[: random.randint(0, len(changes))])
        case "some":
            chosen = [_torn(change, "torn", random) for change in changes if random.random() < 0.5]
            random.shuffle(chosen)
            return _applied(content, chosen)
        case "torn" | "zeros" | "noise":
            kept = list(changes[: random.randint(0, len(changes))])
            return _applied(content, [*kept[:-1], *(_torn(last, choice, random) for last in kept[-1:])])


def _torn(change: Change, choice: Literal["torn", "zeros", "noise"], random: Random) -> Change:
    """A write of which some sectors came to the disk, and nothing, zeros or noise in place of the rest."""
    if not isinstance(change, Write):
        return change
    length = SECTOR * random.randint(0, -(-len(change.data) // SECTOR))
    rest = len(change.data[length:])
    tails = {"torn": b"", "zeros": bytes(rest), "noise": random.randbytes(rest)}
    return Write(change.file, change.offset, change.data[:length] + tails[choice])


def _applied(content: bytes | None, changes: Sequence[Change]) -> bytes | None:
    for change in changes:
        match change:
            case Write(_, offset, data):
                old = content or b""
                content = old[:offset].ljust(offset, b"\0") + data + old[offset + len(data) :]
            case Truncate(_, size):
                content = (content or b"")[:size].ljust(size, b"\0")
            case Delete():
                content = None
    return content
