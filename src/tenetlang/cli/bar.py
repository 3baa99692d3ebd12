"""How far something long has come, as a bar: on standard error, on a terminal only, and only after a second."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Self

import attrs


@attrs.define
class Bar:
    """`what` is being done; `total` is how much there is, None where that is not known. Used in a `with`, which takes the
    line away again at the end."""

    what: str
    total: int | None
    done: int = 0
    items: int = 0
    began: float = attrs.field(factory=time.monotonic)
    shown: float = 0.0

    def reached(self, done: int, items: int) -> None:
        """So much of the total is done, with so many more items."""
        self.done = done
        self.items += items
        now = time.monotonic()
        if now - self.began < 1 or now - self.shown < 0.1 or not sys.stderr.isatty():
            return
        self.shown = now
        sys.stderr.write(f"\r\x1b[K{self.line(now, shutil.get_terminal_size().columns)}")
        sys.stderr.flush()

    def line(self, now: float, columns: int) -> str:
        """The line as it is shown at this time, within so many columns."""
        speed = f"{self.items:,}, {self.items / max(now - self.began, 0.001):,.0f}/s"
        if not self.total:
            return f"{self.what}: {speed}"[: columns - 1]
        part = min(self.done / self.total, 1.0)
        rest = f" {part:4.0%}  {speed}{_left(now - self.began, part)}"
        width = min(30, columns - len(self.what) - len(rest) - 4)
        if width < 5:
            return f"{self.what}:{rest}"[: columns - 1]
        full = int(part * width)
        return f"{self.what} [{'#' * full}{'-' * (width - full)}]{rest}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _left(seconds: float, part: float) -> str:
    """How long the rest takes if it goes on like this."""
    if part <= 0.01:
        return ""
    left = seconds / part - seconds
    return f", {left / 60:.0f} min left" if left >= 90 else f", {left:.0f} s left"
