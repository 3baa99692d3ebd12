"""The kill switch: rows beside the log that stop all calls, those of an agent or those of a tool, from the next one on.

    tenet guard stop decisions.db --agent a1 --because "sends too much"
    tenet guard resume decisions.db --agent a1

A switch and its record (`guard.stopped`, `guard.resumed`) are there together. Every call looks at the switches within the
transaction in which it is decided, and so does what resumes after an approval. So a switch takes effect at once, in all processes
that use the log: there is no cache that could be late. What was allowed before runs on; it is not the switch's to stop.

A switch that stops what is stopped already keeps the first one, with its reason; both are recorded.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from tenetlang.audit.records.events import event_record
from tenetlang.audit.records.record import time_text, ulid
from tenetlang.audit.records.unplaced import Unplaced, unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.frozen import frozen

Reach: TypeAlias = Literal["all", "agent", "tool"]

TABLE: Final = "guard_switches"
COLUMNS: Final = ("what TEXT PRIMARY KEY", "since INTEGER NOT NULL", "by_whom TEXT NOT NULL", "because TEXT")
ALL: Final = "all"

_FIND = f"SELECT what FROM {TABLE} WHERE what IN (?, ?, ?) ORDER BY what"  # noqa: S608  # a name of ours
_LIST = f"SELECT what, since, by_whom, because FROM {TABLE} ORDER BY what"  # noqa: S608  # as above
_STOP = f"INSERT INTO {TABLE} (what, since, by_whom, because) VALUES (?, ?, ?, ?) ON CONFLICT (what) DO NOTHING"  # noqa: S608
_RESUME = f"DELETE FROM {TABLE} WHERE what = ? RETURNING what"  # noqa: S608  # as above


@frozen
class Switch:
    """What is stopped: `all`, `agent:NAME` or `tool:NAME`; since when (nanoseconds since 1970), by whom and why."""

    what: str
    since: int
    by: str
    because: str | None


def switch_name(reach: Reach, name: str | None = None) -> str:
    """How a switch is named. Raises `ValueError`."""
    if (reach == "all") != (name is None) or name == "":
        raise ValueError("a switch stops all, or an agent or a tool by its name")
    return ALL if name is None else f"{reach}:{name}"


def create_switches(tables: Tables) -> None:
    """Makes the table, unless it is there."""
    tables.create(TABLE, COLUMNS)


def stopped(tables: Tables, agent: str | None, tool: str) -> str | None:
    """What stops a call, if something does."""
    rows = tables.run(_FIND, (ALL, "" if agent is None else f"agent:{agent}", f"tool:{tool}"))
    return str(rows[0][0]) if rows else None


def switches(tables: Tables) -> tuple[Switch, ...]:
    """All that is stopped, by name."""
    return tuple(
        Switch(str(what), since if isinstance(since, int) else 0, str(by), None if because is None else str(because))
        for what, since, by, because in tables.run(_LIST)
    )


def stop(tables: Tables, what: str, by: str, because: str | None, now_ns: int) -> tuple[bool, list[Unplaced]]:
    """Stops it; gives whether it was not stopped before, and the record."""
    create_switches(tables)
    new = not any(switch.what == what for switch in switches(tables))
    tables.run(_STOP, (what, now_ns, by, because))
    return new, [_record("guard.stopped", what, by, because, now_ns)]


def resume(tables: Tables, what: str, by: str, because: str | None, now_ns: int) -> tuple[bool, list[Unplaced]]:
    """Lets it go on; gives whether it was stopped, and the record if it was."""
    create_switches(tables)
    if not tables.run(_RESUME, (what,)):
        return False, []
    return True, [_record("guard.resumed", what, by, because, now_ns)]


def _record(
    kind: str, what: str, by: str, because: str | None, now_ns: int, randomness: Callable[[int], bytes] = os.urandom
) -> Unplaced:
    members = {"what": what, "by": by, "because": because}
    identifier = ulid(now_ns, randomness(16))
    return unplaced(*event_record(kind, members, time_text(now_ns), identifier, lambda: randomness(16)))
