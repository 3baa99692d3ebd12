"""The numbers that an enforcement point gives its intents: 1, 2, 3 and so on, without a gap.

A record can't show that another one is missing, but a gap in such numbers does. A *point* is one run of one place that
enforces: its name in the log is that of the place and a ULID of its start, so that the next run counts from 1 again.

    gate-eu/01KB0K4QWRD3V0Q2W0V4R0Y0ZC   1  2  3  …  812   point.closed: 812

What was cut off the end shows no gap; `point.closed` says how far the numbers went. Numbers are taken before the record is
on the disk, since many records wait for one flush together. So they may come to the log in another order, and one whose record
is known not to be written is given back, and taken again by the next intent.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import heappop, heappush

from tenetlang.audit.errors import InvalidRecord, InvalidStatement, LogUnavailable, PointClosed

_name = re.compile(r"[!-.0-~]{1,100}")
_ulid = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


class Point:
    """Numbers the intents of one run of an enforcement point. May be shared between threads, not between processes."""

    def __init__(self, place: str, started: str) -> None:
        """`place` is printable ASCII without spaces and `/`, at most 100 characters; `started` a ULID (`ulid`)."""
        if not _name.fullmatch(place) or place.startswith("sha256:") or not _ulid.fullmatch(started):
            raise ValueError(
                f"{place!r} at {started!r} is no point: a name of printable ASCII without spaces and `/`, and a ULID"
            )
        self.name = f"{place}/{started}"
        self._lock = threading.Lock()
        self._last = 0
        self._given_back: list[int] = []
        self._closed = False

    def take(self) -> int:
        """The next number. Whoever takes one records an intent with it, or gives it back. Raises `PointClosed`."""
        with self._lock:
            if self._closed:
                raise PointClosed(f"the enforcement point {self.name} is closed; begin another one")
            if self._given_back:
                return heappop(self._given_back)
            self._last += 1
            return self._last

    def give_back(self, number: int) -> None:
        """A number whose record is known not to be in the log. Where that is not known, it must stay taken."""
        with self._lock:
            if not 1 <= number <= self._last or number in self._given_back:
                raise ValueError(f"{number} was not taken")
            heappush(self._given_back, number)

    @contextmanager
    def numbered(self) -> Iterator[int]:
        """A number for the intent that is recorded within; given back where the log says that it wrote nothing."""
        number = self.take()
        try:
            yield number
        except (InvalidRecord, InvalidStatement, LogUnavailable):
            self.give_back(number)
            raise

    def close(self) -> dict[str, object]:
        """The members of the record `point.closed`: how far the numbers went, and those that were not used in the end.

        Call it when all that was taken is recorded or given back. A second call gives the same.
        """
        with self._lock:
            self._closed = True
            while self._last in self._given_back:
                self._given_back.remove(self._last)
                self._last -= 1
            return {"point": self.name, "count": self._last, "unused": sorted(self._given_back)}
