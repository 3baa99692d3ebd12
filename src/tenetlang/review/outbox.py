"""Messages that are still to be sent: rows beside the task, written in the transaction in which people come to be asked.

    waiting ── leased ── sent ──→ waiting, for a reminder ──→ … until the task is over or the person has answered
                   ├──── failed → waiting, for another attempt: later each time, and with chance in it
                   └──── failed for the last time ──→ given_up

A message is *leased* before it is sent: for a while nobody else takes it. Who crashes with it loses the lease, and it is sent again,
as the same message: its identifier (`webhook-id`, `Message-ID`) is that of the row and of how often it was sent before. So it arrives at least
once, and whoever receives it can tell that it is the same.

That a server took a message is no proof that somebody read it. So sending goes on until a person has seen the task, and
less often from then on until it is decided.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.audit.records.record import ulid
from tenetlang.audit.stores.tables import Cell, Tables
from tenetlang.review.people import Route
from tenetlang.review.rows import numbers, texts
from tenetlang.review.state import asked_people
from tenetlang.review.tasks import Task, person

_SECOND: Final = 1_000_000_000

LEASE: Final = 60 * _SECOND
"""For how long whoever took a message is left alone with it. Longer than the longest attempt (`courier.LONGEST_ATTEMPT`)."""

MOST_FAILURES: Final = 12
"""After so many failures in a row a message is given up."""

FIRST_WAIT: Final = 2 * _SECOND
LONGEST_WAIT: Final = 10 * 60 * _SECOND

REMIND: Final = 5 * 60 * _SECOND
"""So long after it was sent a message is sent again if nobody has seen the task; twice as long after each further time."""

LONGEST_REMIND: Final = 60 * 60 * _SECOND

Result: TypeAlias = Literal["sent", "failed", "given_up"]


@attrs.frozen
class Waiting:
    """A message that waits. `attempts` counts all, `failures` those since it was last sent, `sent` how often it was."""

    identifier: str
    task: str
    channel: str
    who: str
    address: str
    attempts: int
    failures: int
    sent: int

    @property
    def message(self) -> str:
        """The identifier of the message, the same for each attempt at it."""
        return f"{self.identifier}.{self.sent}"


def put(
    tables: Tables, task: str, routes: Sequence[Route], now: int, randomness: Callable[[int], bytes]
) -> tuple[str, ...]:
    """Puts a message for each route there. Gives their identifiers."""
    identifiers = tuple(ulid(now, randomness(16)) for _ in routes)
    for identifier, route in zip(identifiers, routes, strict=True):
        tables.run(
            "INSERT INTO review_outbox (id, task, channel, who, address, status, next_at, leased_until, attempts, failures, sent) "
            "VALUES (?, ?, ?, ?, ?, 'waiting', ?, 0, 0, 0, 0)",
            (identifier, task, route.channel, route.who, route.address, now),
        )
    return identifiers


def take(tables: Tables, now: int, most: int, channels: Sequence[str]) -> tuple[Waiting, ...]:
    """Leases what is due on these channels, the longest waiting first. A lease that ends later than any does is of a clock that
    ran ahead."""
    if not channels:
        return ()
    rows = tables.run(
        "SELECT id, task, channel, who, address, attempts, failures, sent FROM review_outbox "  # noqa: S608  # what is put in are question marks
        "WHERE status = 'waiting' AND next_at <= ? AND (leased_until <= ? OR leased_until > ?) "
        f"AND channel IN ({_places(channels)}) ORDER BY next_at, id LIMIT ?",
        (now, now, now + LEASE, *channels, most),
    )
    found = tuple(map(_waiting, rows))
    for waiting in found:
        tables.run(
            "UPDATE review_outbox SET leased_until = ?, attempts = ? WHERE id = ?",
            (now + LEASE, waiting.attempts + 1, waiting.identifier),
        )
    return tuple(attrs.evolve(waiting, attempts=waiting.attempts + 1) for waiting in found)


def _waiting(row: Sequence[Cell]) -> Waiting:
    identifier, task, channel, who, address = texts(row, 0, 1, 2, 3, 4)
    attempts, failures, sent = numbers(row, 5, 6, 7)
    return Waiting(identifier, task, channel, who, address, attempts, failures, sent)


def put_off(tables: Tables, waiting: Waiting, until: int) -> None:
    """Gives a lease back: it is not time yet. The attempt was none."""
    tables.run(
        "UPDATE review_outbox SET next_at = ?, leased_until = 0, attempts = ? WHERE id = ?",
        (until, waiting.attempts - 1, waiting.identifier),
    )


def drop(tables: Tables, identifier: str) -> None:
    """Takes a message away."""
    tables.run("DELETE FROM review_outbox WHERE id = ?", (identifier,))


def drop_all(tables: Tables, task: str) -> None:
    """Takes the messages about a task away."""
    tables.run("DELETE FROM review_outbox WHERE task = ?", (task,))


def settle(
    tables: Tables,
    waiting: Waiting,
    now: int,
    *,
    worked: bool,
    for_good: bool = False,
    chance: Callable[[], float] = random.random,
    remind_at: int | None = None,
) -> Result | None:
    """Notes what came of an attempt; None where the message is gone by now, or somebody else has settled this attempt.

    `for_good` says that another attempt can't end otherwise. `remind_at` is when a message that was sent is sent again; None
    where it is not.
    """
    rows = tables.run("SELECT attempts, status FROM review_outbox WHERE id = ?", (waiting.identifier,))
    if rows != [(waiting.attempts, "waiting")]:
        return None
    if worked and remind_at is None:
        drop(tables, waiting.identifier)
        return "sent"
    failures = 0 if worked else waiting.failures + 1
    lost = not worked and (for_good or failures >= MOST_FAILURES)
    next_at = remind_at if worked and remind_at is not None else now + backoff(failures, chance())
    tables.run(
        "UPDATE review_outbox SET status = ?, next_at = ?, leased_until = 0, failures = ?, sent = ? WHERE id = ?",
        (
            "given_up" if lost else "waiting",
            next_at,
            failures,
            waiting.sent + worked,
            waiting.identifier,
        ),
    )
    return "sent" if worked else "given_up" if lost else "failed"


def all_given_up(tables: Tables, task: str) -> bool:
    """Whether there were messages about a task, and none of them will be tried again."""
    rows = tables.run("SELECT DISTINCT status FROM review_outbox WHERE task = ?", (task,))
    return rows == [("given_up",)]


def next_time(tables: Tables, channels: Sequence[str]) -> int | None:
    """When the next message on one of these channels is due, or a lease ends."""
    if not channels:
        return None
    rows = tables.run(
        "SELECT next_at, leased_until FROM review_outbox WHERE status = 'waiting' "  # noqa: S608  # as above
        f"AND channel IN ({_places(channels)}) ORDER BY next_at LIMIT 32",
        tuple(channels),
    )
    return min((max(numbers(row, 0, 1)) for row in rows), default=None)


def _places(channels: Sequence[str]) -> str:
    return ", ".join("?" * len(channels))


def backoff(failures: int, chance: float) -> int:
    """How long to wait after so many failures in a row: exponential, with full jitter, never less than a tenth of a second.

    `chance` is from 0 up to 1. All of the time is left to chance, so that those who failed together don't come back together.
    """
    most = min(LONGEST_WAIT, FIRST_WAIT << min(failures - 1, 30)) if failures > 0 else FIRST_WAIT
    return max(_SECOND // 10, int(most * chance))


def wanted(task: Task | None, waiting: Waiting, now: int) -> int | None:
    """When a message is to be sent, as things are: `now`, or later; None where it isn't any more."""
    if task is None or task.status != "waiting":
        return None
    if waiting.who:
        key = person(waiting.who)
        if key not in map(person, asked_people(task)) or any(person(vote.who) == key for vote in task.votes):
            return None
        claimed = task.claimed is not None and task.claimed_until is not None and now < task.claimed_until
        if waiting.sent and claimed and task.claimed is not None and person(task.claimed) != key:
            return task.claimed_until
    return now


def remind_at(task: Task, waiting: Waiting, now: int) -> int:
    """When a message that was just sent is sent again: soon where nobody has seen the task, else half-way to its deadline."""
    wait = min(LONGEST_REMIND, REMIND << min(waiting.sent, 30))
    return now + (max(wait, (task.deadline - now) // 2) if task.seen else wait)
