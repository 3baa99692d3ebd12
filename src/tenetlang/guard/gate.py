"""What every decision of a guard needs, put together once when it is opened."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from tenetlang.audit.payloads.sealer import Sealer
from tenetlang.audit.points import Point
from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.record import time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.writer import Writer
from tenetlang.bundle.active import Active
from tenetlang.guard.facts import Facts
from tenetlang.guard.obligations import STANDARD, Handlers
from tenetlang.guard.reviews import Reviews
from tenetlang.guard.scopes import Scopes

Randomness = Callable[[int], bytes]


class Number:
    """The number that one decision has at its enforcement point: taken when it is first wanted, and given back where it turns
    out that no record of the decision was written."""

    def __init__(self, point: Point) -> None:
        self._point = point
        self._taken: int | None = None

    def take(self) -> int:
        """The number, always the same one. Raises `PointClosed`."""
        if self._taken is None:
            self._taken = self._point.take()
        return self._taken

    def give_back(self) -> None:
        """Says that no record has it."""
        if self._taken is not None:
            self._point.give_back(self._taken)
            self._taken = None


@attrs.define(eq=False)
class Gate:
    """What decisions are made with. `active` gives the policy that decides now; scopes and handlers are put in place as wholes, so
    that a decision sees either what was before or what is now.

    `within_ns` is how long a call may take until its outcome is unknown. `steady` is a clock that nobody can set back while this
    runs, by which policies get out of date.
    """

    active: Callable[[], Active]
    writer: Writer
    facts: Facts
    reviews: Reviews | None
    sealer: Sealer | None
    point: Point
    within_ns: int
    clock: Callable[[], int]
    steady: Callable[[], int]
    randomness: Randomness
    scopes: Scopes = attrs.field(factory=Scopes)
    handlers: Handlers = STANDARD

    def event(self, kind: str, members: dict[str, object], now_ns: int, person: str | None = None) -> Unplaced:
        """A record of one of the kinds, sealed for the person if there are keys."""
        randomness = self.randomness
        identifier = ulid(now_ns, randomness(16))
        record = unplaced(*event_record(kind, members, time_text(now_ns), identifier, lambda: randomness(16)))
        return record if self.sealer is None else self.sealer(record, person)
