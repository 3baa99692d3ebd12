"""`--watch`: doing something again whenever a policy file or the configuration changes, until Ctrl-C.

Files are looked at five times a second. That finds what editors do (writing in place, putting another file in its
place, leaving it out for a moment) on every system and network disk, and a thousand files take a few milliseconds. After
a change it waits until two looks in a row see the same, so that saving many files is one change.

A round that is overtaken by a change ends where it next reports its progress, and the next one begins. What can't be
read, or is not there, is said, and waited for. The exit status is that of the last round that came to its end.

On a terminal each round begins with an empty screen. Elsewhere nothing is cleared: what a round says to standard output
follows what the last one said, and between them stands a line on standard error.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from tenetlang.cli import statuses
from tenetlang.cli.output import complain, flush, painter, remark
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.session import Session

PAUSE: Final = 0.2
"""Seconds between two looks."""
SETTLING: Final = 0.05
"""Seconds between two looks after a change."""

Looks: TypeAlias = Mapping[str, tuple[int, int, int, int]]
"""Of each file what changes when it is written or replaced."""


class Overtaken(Exception):
    """Something changed while a round was running."""


@attrs.define(eq=False)
class Watch:
    """What is watched, and what the rounds have in common: the session that makes them quick."""

    paths: Sequence[Path]
    session: Session
    pause: Callable[[float], None] = time.sleep
    seen: Looks = attrs.field(factory=dict)
    looked: float = 0.0

    def step(self) -> None:
        """To be called while a round runs. Raises `Overtaken`."""
        now = time.monotonic()
        if now - self.looked >= PAUSE:
            self.looked = now
            if look(self.paths) != self.seen:
                raise Overtaken


def watching(paths: Sequence[Path], round_: Callable[[Watch], int], pause: Callable[[float], None] = time.sleep) -> int:
    """The status of the last round, after Ctrl-C; `INTERRUPTED` if none came to its end."""
    from tenetlang.project.project import new_session

    watch = Watch(paths, new_session(), pause)
    status = statuses.INTERRUPTED
    try:
        while True:
            watch.seen = look(paths)
            try:
                status = _result(round_, watch)
            except Overtaken:
                pass
            else:
                flush()
                _say_waiting(watch.seen)
            changed = _wait(watch)
            _begin_again(changed)
    except KeyboardInterrupt:
        remark("\n" if sys.stderr.isatty() else "")
        return status


def _result(round_: Callable[[Watch], int], watch: Watch) -> int:
    from tenetlang.project.project import ProjectError

    try:
        return round_(watch)
    except ProjectError as error:
        complain(str(error))
        return statuses.USAGE


def _wait(watch: Watch) -> list[str]:
    """The names of the files that changed since the round began, once nothing changes any more."""
    before = now = look(watch.paths)
    while now == watch.seen or now != before:
        watch.pause(PAUSE if now == watch.seen else SETTLING)
        before, now = now, look(watch.paths)
    return sorted(name for name in {*watch.seen, *now} if watch.seen.get(name) != now.get(name))


def _say_waiting(seen: Looks) -> None:
    count = sum(name.endswith(".tenet") for name in seen)
    paint = painter(sys.stderr)
    remark(paint(f"watching {count} file{'' if count == 1 else 's'}; Ctrl-C ends", "quiet") + "\n")


def _begin_again(changed: Sequence[str]) -> None:
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        sys.stdout.write("\x1b[2J\x1b[H")
        sys.stdout.flush()
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    remark(painter(sys.stderr)(f"changed: {visible(changed[0])}{more}", "quiet") + "\n")


# --------------------------------------------------------------------------------------------------------- looking


def look(paths: Sequence[Path]) -> Looks:
    """The policy files under the paths and the files that may configure them, as far as they are there."""
    from tenetlang.project.configuration import shown_path

    found: dict[str, tuple[int, int, int, int]] = {}
    for file in _files(paths):
        try:
            seen = file.stat()
        except (OSError, ValueError):
            continue
        found[shown_path(file)] = (seen.st_mtime_ns, seen.st_size, seen.st_ino, seen.st_ctime_ns)
    return found


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    from tenetlang.project.configuration import FILE_NAME
    from tenetlang.project.project import ProjectError, policy_files

    for path in paths:
        try:
            yield from policy_files(path)
        except ProjectError:
            yield path
    try:
        first = paths[0].absolute()
    except OSError:  # the current folder is gone, and may come back
        return
    for folder in (first, *first.parents):
        yield folder / FILE_NAME
        yield folder / "pyproject.toml"
