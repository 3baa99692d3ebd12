"""Calls that were allowed and of which nobody has said yet what became of them: a table beside the log.

A row is there from the transaction of the allowance to that of the outcome. So each allowance has one outcome and no second one, whoever
says it: the process that made the call, or, where that has ended or forgot, any other that finds the deadline passed and
says `unknown`.
"""

from __future__ import annotations

from typing import Final

from tenetlang.audit.stores.tables import Tables
from tenetlang.frozen import frozen

TABLE: Final = "guard_calls"
COLUMNS: Final = ("id TEXT NOT NULL PRIMARY KEY", "due INTEGER NOT NULL", "person TEXT", "point TEXT NOT NULL")
MOST_AT_ONCE: Final = 4
"""So many that are overdue one call looks after, beside itself."""

_INDEX = f"CREATE INDEX IF NOT EXISTS guard_calls_due ON {TABLE} (due)"
_ADD = f"INSERT INTO {TABLE} (id, due, person, point) VALUES (?, ?, ?, ?)"  # noqa: S608  # a name of ours
_END = f"DELETE FROM {TABLE} WHERE id = ? RETURNING id"  # noqa: S608  # as above
_OVERDUE = f"SELECT id, person, point FROM {TABLE} WHERE due <= ? ORDER BY due, id LIMIT ?"  # noqa: S608  # as above


@frozen
class Overdue:
    """A call whose outcome did not come in time. `person` is for whom its records are sealed, `point` where it was allowed."""

    identifier: str
    person: str | None
    point: str


def create_open_calls(tables: Tables) -> None:
    """Makes the table, unless it is there."""
    tables.create(TABLE, COLUMNS)
    tables.run(_INDEX)


def begin_call(tables: Tables, identifier: str, due: int, person: str | None, point: str) -> None:
    """Notes a call that is allowed; `due` is when its outcome has to be known, in nanoseconds since 1970."""
    tables.run(_ADD, (identifier, due, person, point))


def end_call(tables: Tables, identifier: str) -> bool:
    """Takes it out; false where its outcome is known already."""
    return bool(tables.run(_END, (identifier,)))


def overdue_calls(tables: Tables, now: int, most: int = MOST_AT_ONCE) -> tuple[Overdue, ...]:
    """Those whose time is over, the oldest first."""
    return tuple(
        Overdue(str(identifier), None if person is None else str(person), str(point))
        for identifier, person, point in tables.run(_OVERDUE, (now, most))
    )
