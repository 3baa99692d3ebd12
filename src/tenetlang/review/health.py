"""Which channels work, from what came of messages and canaries; kept in the tables, so that every process knows it.

A channel is *healthy* if something was sent through it lately, and it did not fail several times in a row since. So one that
nobody has tried is not: where messages are configured and no courier runs, there is nobody to send them, and asking people would
be asking nobody. What a courier does first is to try each channel (`courier.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from tenetlang.audit.stores.tables import Tables
from tenetlang.review.rows import numbers, texts

_MINUTE: Final = 60 * 1_000_000_000

CANARY_EVERY: Final = 60 * _MINUTE
CANARY_AGAIN: Final = 1 * _MINUTE
"""After a failure a channel is tried sooner."""

TRUSTED_FOR: Final = 2 * CANARY_EVERY + 10 * _MINUTE
"""For so long a channel that worked is taken to work: two canaries, and some patience."""

FAILURES: Final = 3
"""So many failures in a row, and it is taken not to work."""

LONGEST_SAID: Final = 200


@attrs.frozen
class ChannelState:
    """How a channel fares. `said` is what the last failure said; `worked_at` is 0 for one that never worked."""

    channel: str
    worked_at: int
    failures: int
    said: str
    healthy: bool


def healthy_channels(tables: Tables, now: int, channels: frozenset[str]) -> frozenset[str]:
    """Those of these channels that are healthy."""
    if not channels:
        return frozenset()
    return frozenset(state.channel for state in channel_states(tables, now) if state.healthy) & channels


def channel_states(tables: Tables, now: int) -> tuple[ChannelState, ...]:
    """How all channels fare that were ever tried, by name."""
    found: list[ChannelState] = []
    for row in tables.run("SELECT channel, said, worked_at, failures FROM review_channels ORDER BY channel"):
        (channel, said), (worked_at, failures) = texts(row, 0, 1), numbers(row, 2, 3)
        healthy = worked_at > 0 and now - worked_at <= TRUSTED_FOR and failures < FAILURES
        found.append(ChannelState(channel, worked_at, failures, said, healthy))
    return tuple(found)


def note(tables: Tables, channel: str, now: int, *, worked: bool, said: str = "") -> None:
    """Notes that a channel worked, or did not."""
    rows = tables.run("SELECT worked_at, failures FROM review_channels WHERE channel = ?", (channel,))
    worked_at, failures = numbers(rows[0], 0, 1) if rows else (0, 0)
    values = (now, 0, "") if worked else (worked_at, failures + 1, said[:LONGEST_SAID])
    tables.run(
        "INSERT INTO review_channels (channel, worked_at, failures, said, next_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (channel) DO UPDATE SET worked_at = excluded.worked_at, failures = excluded.failures, "
        "said = excluded.said, next_at = excluded.next_at",
        (channel, *values, now + (CANARY_EVERY if worked else CANARY_AGAIN)),
    )


def due_canaries(
    tables: Tables, now: int, channels: frozenset[str], lease: int, *, wanted: Callable[[str], bool] = lambda _: True
) -> tuple[str, ...]:
    """The channels to try now, which are left to whoever asked for as long as `lease` says."""
    rows = tables.run("SELECT channel, next_at FROM review_channels")
    known = {texts(row, 0)[0]: numbers(row, 1)[0] for row in rows}
    due = tuple(name for name in sorted(channels) if wanted(name) and _is_due(known.get(name), now))
    for name in due:
        tables.run(
            "INSERT INTO review_channels (channel, worked_at, failures, said, next_at) VALUES (?, 0, 0, '', ?) "
            "ON CONFLICT (channel) DO UPDATE SET next_at = excluded.next_at",
            (name, now + lease),
        )
    return due


def _is_due(next_at: int | None, now: int) -> bool:
    """Whether it is time. A time that is further away than any is set was set by a clock that ran ahead."""
    return next_at is None or next_at <= now or next_at > now + CANARY_EVERY
