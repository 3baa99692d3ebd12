"""A log's database that is a file of SQLite (`sqlite.py` says how it is opened and recognised)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from tenetlang.audit.errors import InvalidStatement
from tenetlang.audit.stores.database import Cells, DatabaseFailed, NotBegun
from tenetlang.audit.stores.place import Place
from tenetlang.audit.stores.presence import Presence, arrive, is_last, leave
from tenetlang.audit.stores.sqlite import CHECKPOINTS, FRONTIERS

if TYPE_CHECKING:
    import apsw

_LATER: Final = dict((CHECKPOINTS, FRONTIERS))


@attrs.define(eq=False)
class SqliteDatabase:
    """An open file, as `stores/database.py` says."""

    path: str
    connection: apsw.Connection
    place: Place = attrs.field(init=False)
    presence: Presence | None = None

    def __attrs_post_init__(self) -> None:
        self.place = Place(self.path)

    def begin(self) -> None:
        import apsw

        try:
            self.run("BEGIN IMMEDIATE")
        except DatabaseFailed as mistake:
            if isinstance(mistake.__cause__, apsw.BusyError):
                raise NotBegun("it is locked by another process") from mistake.__cause__
            raise

    def check(self) -> None:
        self.place.check(self.connection)

    def look(self) -> None:
        self.run("BEGIN")

    def commit(self) -> None:
        self.run("COMMIT")

    def roll_back(self) -> None:
        if self.connection.in_transaction:
            self.run("ROLLBACK")

    def run(self, statement: str, values: Cells = ()) -> list[tuple[object, ...]]:
        import apsw

        try:
            return [tuple(row) for row in self.connection.execute(statement, values)]
        except UnicodeDecodeError as mistake:
            raise DatabaseFailed("a text in it is not UTF-8") from mistake
        except apsw.Error as mistake:
            raise DatabaseFailed(str(mistake)) from mistake

    def each(self, statement: str, values: Cells = ()) -> Iterator[tuple[object, ...]]:
        import apsw

        try:
            for row in self.connection.execute(statement, values):
                yield tuple(row)
        except UnicodeDecodeError as mistake:
            raise DatabaseFailed("a text in it is not UTF-8") from mistake
        except apsw.Error as mistake:
            raise DatabaseFailed(str(mistake)) from mistake

    def run_many(self, statement: str, rows: Sequence[Cells]) -> None:
        import apsw

        try:
            self.connection.executemany(statement, rows)
        except apsw.Error as mistake:
            raise DatabaseFailed(str(mistake)) from mistake

    def run_for_job(self, statement: str, values: Cells) -> list[Cells]:
        import apsw

        try:
            return [tuple(row) for row in self.connection.execute(statement, values)]
        except (apsw.ConstraintError, apsw.SQLError, apsw.TooBigError, apsw.BindingsError) as mistake:
            raise InvalidStatement(str(mistake)) from mistake
        except UnicodeDecodeError as mistake:
            raise DatabaseFailed("a text in it is not UTF-8") from mistake
        except apsw.Error as mistake:
            raise DatabaseFailed(str(mistake)) from mistake

    def mark(self) -> None:
        self.run("SAVEPOINT job")

    def undo(self) -> None:
        self.run("ROLLBACK TO job")
        self.run("RELEASE job")

    def release(self) -> None:
        self.run("RELEASE job")

    def has(self, table: str) -> bool:
        return bool(self.run("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)))

    def make(self, table: str) -> None:
        self.run(_LATER[table])

    def created(self, table: str, columns: Sequence[str]) -> str:  # another database says it otherwise
        return f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)}) STRICT"

    def cell(self, column: str, most: int) -> str:  # likewise
        return f"CASE WHEN typeof({column}) = 'blob' AND length({column}) <= {most} THEN {column} END"

    def kind(self, column: str) -> str:  # likewise
        return f"typeof({column})"

    def holds(self, column: str) -> str:  # likewise
        return f"instr({column}, ?) > 0"

    def forget(self) -> bool:
        """Empties the journal, which can't be while somebody reads; what was deleted in the file is overwritten."""
        try:
            return self.run("PRAGMA wal_checkpoint(TRUNCATE)")[0][0] == 0
        except DatabaseFailed:  # what was committed stays so; it is only not moved into the file yet
            return False

    def arrive(self) -> bool:
        self.presence = arrive(self.path)
        return self.presence.crashed

    def is_last(self) -> bool:
        return self.presence is not None and is_last(self.presence)

    def leave(self, *, last: bool) -> None:
        if self.presence is not None:
            leave(self.presence, last=last)

    def close(self) -> None:
        self.connection.close(True)
