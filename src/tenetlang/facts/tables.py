"""A ledger in tables: two of them, in a log's database or in one of their own, in SQLite or PostgreSQL.

    facts_rows       name → value                 what `rows.py` describes
    facts_schedule   (at, name)                   what is to be done, and when

In a log's database a moment is part of the transaction of the decision that it serves: the reservation, the history, and the record of the
decision are there together, or not at all. `prepare(tables)` is called once, in a job, when the log is opened; then each
job that decides has its `moment_in(tables, now)`. Where a job raises, the log undoes what its moment noted.

The statements keep to what both databases have; names are compared by equality, so nothing depends on how a database sorts texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol, TypeAlias

from tenetlang.facts.errors import LedgerDamaged
from tenetlang.facts.limits import Limits
from tenetlang.facts.moment import DEFAULT_LIMITS, Moment, state_of

Cell: TypeAlias = int | str | bytes | None

TABLES: Final = (
    ("facts_rows", ("name TEXT PRIMARY KEY", "value TEXT NOT NULL")),
    ("facts_schedule", ("at INTEGER NOT NULL", "name TEXT NOT NULL", "PRIMARY KEY (at, name)")),
)

_WIDTHS: Final = (128, 16, 1)
_NAMED: Final = {width: f"name IN ({', '.join('?' * width)})" for width in _WIDTHS}
_SELECT: Final = {width: f"SELECT name, value FROM facts_rows WHERE {named}" for width, named in _NAMED.items()}  # noqa: S608  # question marks
_DELETE: Final = {width: f"DELETE FROM facts_rows WHERE {named}" for width, named in _NAMED.items()}  # noqa: S608  # likewise
_PUT: Final = (
    "INSERT INTO facts_rows (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_SCHEDULE: Final = "INSERT INTO facts_schedule (at, name) VALUES (?, ?) ON CONFLICT (at, name) DO NOTHING"
_UNSCHEDULE: Final = "DELETE FROM facts_schedule WHERE at = ? AND name = ?"
_DUE: Final = "SELECT at, name FROM facts_schedule WHERE at <= ? ORDER BY at LIMIT ?"


class Tables(Protocol):
    """Tables within a transaction; those of a log are such (`audit/stores/tables.py`)."""

    def run(self, statement: str, values: tuple[Cell, ...] = ()) -> list[tuple[Cell, ...]]:
        """Runs one statement, `?` for each value, and gives its rows."""

    def create(self, table: str, columns: Sequence[str]) -> None:
        """Creates a table unless it is there."""


class TableRows:
    """Rows in tables."""

    def __init__(self, tables: Tables) -> None:
        self._run = tables.run

    def get(self, names: Sequence[str]) -> list[str | None]:
        found: dict[Cell, str] = {}
        for part in _parts(names):
            for name, value in self._run(_SELECT[len(part)], part):
                if not isinstance(value, str):
                    raise LedgerDamaged("a row of the ledger is no text; restore the ledger from a copy")
                found[name] = value
        return [found.get(name) for name in names]

    def put(self, name: str, value: str) -> None:
        self._run(_PUT, (name, value))

    def remove(self, names: Iterable[str]) -> None:
        for part in _parts(tuple(names)):
            self._run(_DELETE[len(part)], part)

    def schedule(self, at: int, name: str) -> None:
        self._run(_SCHEDULE, (at, name))

    def unschedule(self, at: int, name: str) -> None:
        self._run(_UNSCHEDULE, (at, name))

    def due(self, until: int, most: int) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        for at, name in self._run(_DUE, (until, most)):
            if not isinstance(at, int) or not isinstance(name, str):
                raise LedgerDamaged("the ledger's schedule holds what it never does; restore the ledger from a copy")
            found.append((at, name))
        return found


def prepare(tables: Tables) -> None:
    """Makes the tables of a ledger unless they are there. Raises `LedgerDamaged` for one of a newer version."""
    for table, columns in TABLES:
        tables.create(table, columns)
    state_of(TableRows(tables))


def moment_in(tables: Tables, now_ns: int, limits: Limits = DEFAULT_LIMITS, space: str = "") -> Moment:
    """The moment of that time, in the transaction of these tables. Raises what `Moment.at` raises, and what the tables do."""
    return Moment.at(TableRows(tables), now_ns, limits, space)


def _parts(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The names in parts of three lengths, so that there are three statements; the last name fills up a part."""
    start = 0
    while start < len(names):
        left = len(names) - start
        width = 1 if left == 1 else 16 if left <= 16 else 128
        part = tuple(names[start : start + width])
        yield part + part[-1:] * (width - len(part))
        start += width
