"""Tables of others in a log's database, changed in the same transaction as the records.

A review that an escalation asks for must exist exactly if the decision does. So it may be written where the decision is:
`Log.append_all(entries, also)` calls `also(tables)` once the records are inserted, and commits all of it, or nothing.

The tables of the log itself are not for that. A statement that names one of them, or that could end the transaction or change
how the database works, is refused. This finds mistakes; who writes such statements is trusted as the log's own code is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    import apsw

Cell: TypeAlias = int | str | bytes | None
Also: TypeAlias = Callable[["Tables"], object]
"""What is done in the transaction of a record. What it gives is of no use; what it raises, the caller gets, and nothing is written."""

_FORBIDDEN = re.compile(
    r"\b(records|payloads|checkpoints|frontiers|sqlite_\w*|pragma|attach|detach|vacuum|begin|commit|rollback|"
    r"savepoint|release|trigger|view)\b|^\s*end\b|;|/\*|--",
    re.IGNORECASE,
)


@attrs.define(eq=False)
class Tables:
    """The tables beside those of the log, while a transaction is open."""

    connection: apsw.Connection
    allowed: set[str]
    open: bool = True

    def run(self, statement: str, values: tuple[Cell, ...] = ()) -> list[tuple[Cell, ...]]:
        """Runs one statement (`?` stands for each of the values) and gives its rows.

        Raises `ValueError` for one that is not for such tables, or comes once the transaction is over.
        """
        if not self.open:
            raise ValueError("the transaction is over")
        if statement not in self.allowed:
            found = _FORBIDDEN.search(statement)
            if found is not None:
                raise ValueError(f"`{found[0]}` is not for the tables beside a log")
            self.allowed.add(statement)
        return [tuple(row) for row in self.connection.execute(statement, values)]
