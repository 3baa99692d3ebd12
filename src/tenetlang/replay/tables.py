"""Replays a table of requests: DuckDB decides what the query can decide, and the evaluator what it marks.

The table is a Parquet file (or several, by a pattern) with the columns that `targets/sql/columns.py` describes; one that is not
there is NULL in every row. Rows are numbered in the order of the file, so examples are the same in every run. A column of another type
is refused, above all a DOUBLE for a decimal: what it would have been as a decimal nobody can say any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.outcome import Ranking, combine
from tenetlang.evaluator.ranking import ranking_of
from tenetlang.program import expression as core
from tenetlang.replay.compare import Before, change_between, example, obligation_text
from tenetlang.replay.items import Item, Line
from tenetlang.replay.rows import request_of
from tenetlang.replay.run import Version, replay
from tenetlang.replay.summary import MOST_GROUPS, Change, Place, Summary, merge, note_change
from tenetlang.report.json import write
from tenetlang.targets.sql.columns import Column, Table, table_of
from tenetlang.targets.sql.conditions import Fold
from tenetlang.targets.sql.dialects import DIALECTS
from tenetlang.targets.sql.select import BITS, Built, Fallback, build
from tenetlang.values.render import to_plain

if TYPE_CHECKING:
    import duckdb

ROW: Final = "tenet_row"
_FITTING: Final = {
    "BOOLEAN": ("BOOLEAN",),
    "BIGINT": ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "USMALLINT", "UTINYINT"),
    "VARCHAR": ("VARCHAR", "JSON", "ENUM"),
}
"""Types that hold no value which the column's own could not."""


class TableError(ValueError):
    """A table that can't be replayed, with a sentence that says why."""


@attrs.frozen
class Compared:
    """What came of a table: the summary, how many rows the query decided, and the rules that it leaves to the evaluator."""

    summary: Summary
    by_query: int
    fallbacks: tuple[Fallback, ...]


@attrs.frozen
class _Side:
    """One policy as a query, and how its bits are combined."""

    version: Version
    evaluator: Evaluator
    ranking: Ranking
    built: Built


def replay_table(
    version: Version,
    fold: Fold,
    files: str,
    *,
    jobs: int,
    against: tuple[Version, Fold] | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Compared:
    """Decides the rows of the Parquet files. `fold` knows the values of documents (`constants.folding`).

    Raises `TableError`, and `DataError` for documents that do not fit.
    """
    import duckdb

    with duckdb.connect() as connection:
        try:
            connection.execute(f"SET threads = {jobs}")
            connection.execute("SET preserve_insertion_order = true")
            columns = _columns(connection, files)
            new = _side(version, fold, obligations=against is not None)
            old = None if against is None else _side(*against, obligations=True)
            sides = [new] if old is None else [new, old]
            _view(connection, files, columns, [side.built.table for side in sides])
            found = Summary()
            by_query = _decided(connection, new, old, found)
            marked = _marked(connection, sides)
            rest = replay(
                version, marked, jobs=jobs, against=None if against is None else against[0], progress=progress
            )
        except duckdb.Error as mistake:
            raise TableError(f"`{files}` can't be read: {str(mistake).splitlines()[0]}") from mistake
    merge(found, rest)
    return Compared(found, by_query, new.built.fallbacks)


def _side(version: Version, fold: Fold, *, obligations: bool) -> _Side:
    built = build(version.policy, "duckdb", fold, kept=(ROW,), obligations=obligations)
    return _Side(
        version, Evaluator(version.policy, version.documents, digest=version.digest), ranking_of(version.policy), built
    )


def columns_of(version: Version) -> Table:
    """The table of the policy's requests."""
    return table_of(version.policy, DIALECTS["duckdb"])


# ------------------------------------------------------------------------------------------------------- the table


def _columns(connection: duckdb.DuckDBPyConnection, files: str) -> dict[str, str]:
    """The columns of the files by lower-case name, with their types."""
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [files]).fetchall()
    return {str(name).lower(): str(kind) for name, kind, *_ in described}


def _view(connection: duckdb.DuckDBPyConnection, files: str, columns: dict[str, str], tables: Sequence[Table]) -> None:
    """The view `requests`: the files' columns that some policy knows, and NULL for those that are missing."""
    wanted: dict[str, Column] = {}
    for column in (column for table in tables for column in table.columns):
        name = column.name.lower()
        if name in wanted and wanted[name].sql_type != column.sql_type:
            raise TableError(
                f"the policies take the column `{column.name}` as different types, so they can't be compared"
            )
        wanted[name] = column
    for name, column in wanted.items():
        if name in columns and not _fits(column, columns[name]):
            raise TableError(
                f"the column `{column.name}` is {columns[name]} and has to be {column.sql_type}; convert it in the query that "
                "writes the file, where it can be said how"
            )
    unknown = sorted(columns.keys() - wanted.keys() - {ROW})
    if unknown:
        raise TableError(f"the policy knows no column `{unknown[0]}`; write the file without it")
    selected = ", ".join(
        _quoted(column.name) if name in columns else f"CAST(NULL AS {column.sql_type}) AS {_quoted(column.name)}"
        for name, column in wanted.items()
    )
    quoted = files.replace("'", "''")
    number = f"row_number() OVER () AS {ROW}"
    connection.execute(f"CREATE VIEW requests AS SELECT {selected}, {number} FROM read_parquet('{quoted}')")  # noqa: S608  # quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _fits(column: Column, kind: str) -> bool:
    if column.listed != kind.endswith("[]"):
        return kind == "NULL"
    kind = kind.removesuffix("[]")
    if column.form == "decimal":
        return kind.startswith("DECIMAL") or kind in _FITTING["BIGINT"]
    base = column.sql_type.removesuffix("[]")
    return any(kind == fitting or kind.startswith(f"{fitting}(") for fitting in _FITTING[base])


# -------------------------------------------------------------------------------------------------------- deciding


def _decided(connection: duckdb.DuckDBPyConnection, new: _Side, old: _Side | None, summary: Summary) -> int:
    """Groups what the queries decide; gives how many rows that were."""
    count = 0
    groups = _groups(connection, new, old)
    examples = _requests(connection, new, [first for _, first, _ in groups[:MOST_GROUPS]])
    for size, first, answers in groups:
        count += size
        after = _outcome(new, answers[: new.built.masks + 1])
        if old is None:
            change: Change | None = Change("decided", None, after.verdict, (), after.decided_by)
        else:
            before = _outcome(old, answers[new.built.masks + 1 :])
            summary.verdicts[before.verdict, after.verdict] += size
            change = change_between(before, after)
            summary.counts["same" if change is None else "changed"] += size
        if change is not None:
            note_change(summary, change, size, example(examples.get(first, b""), Place(first)))
    summary.counts["items"] += count
    summary.counts["replayed"] += count
    return count


def _groups(
    connection: duckdb.DuckDBPyConnection, new: _Side, old: _Side | None
) -> list[tuple[int, int, list[object]]]:
    """How many rows get each answer, the first of them, and the answer; in the order of the first."""
    queries = [side.built.query for side in (new, old) if side is not None]
    sides = [f"q{number}" for number in range(len(queries))]
    keys = [f"{side}.{name}" for side, one in zip(sides, (new, old), strict=False) if one for name in _names(one.built)]
    joined = f"({queries[0]}) AS q0"
    if len(queries) > 1:
        joined += f" JOIN ({queries[1]}) AS q1 ON q0.{ROW} = q1.{ROW}"
    clear = " AND ".join(f"NOT {side}.tenet_needs_evaluator" for side in sides)
    text = f"SELECT count(*), min(q0.{ROW}), {', '.join(keys)} FROM {joined} WHERE {clear} GROUP BY {', '.join(keys)} ORDER BY 2"  # noqa: S608  # of our own
    return [(int(size), int(first), answer) for size, first, *answer in connection.execute(text).fetchall()]


def _names(built: Built) -> list[str]:
    return ["tenet_refused", *(f"tenet_matched_{number}" for number in range(built.masks))]


def _outcome(side: _Side, answer: Sequence[object]) -> Before:
    """What the policy decides on a row that it refuses for a reason, or on which these rules hold."""
    refused, *masks = answer
    policy = side.version.policy
    if refused is not None:
        if policy.packages[0].observe:
            return Before("allow", ("observe",), frozenset(), frozenset())
        return Before("deny", (str(refused),), frozenset(), frozenset())
    bits = sum(int(str(mask)) << (BITS * number) for number, mask in enumerate(masks))
    holding = [number for number in range(bits.bit_length()) if bits >> number & 1]
    found = combine(side.ranking, holding, {}, (), lambda _: ())
    wanted = frozenset(
        obligation_text(use.obligation, [_constant(argument) for argument in use.arguments])
        for number in found.granting
        for use in policy.rules[number].then
    )
    asked = frozenset(
        f"{item.reviewers}: {item.quorum} within {item.within}, else {item.otherwise}" for item in found.escalations
    )
    return Before(found.verdict, found.decided_by, wanted, asked)


def _constant(argument: core.Expression) -> object:
    """The argument of an obligation. Where it matters (`_Side.built` has been built for `obligations`) it is a constant."""
    return to_plain(argument.value) if isinstance(argument, core.Constant) else None


def _requests(connection: duckdb.DuckDBPyConnection, side: _Side, numbers: Sequence[int]) -> dict[int, object]:
    """The requests of these rows."""
    columns = ", ".join(_quoted(column.name) for column in side.built.table.columns)
    listed = ", ".join(f"{number:d}" for number in numbers) or "0"
    text = f"SELECT {columns}, {ROW} FROM requests WHERE {ROW} IN ({listed})"  # noqa: S608  # quoted
    rows = connection.execute(text).fetchall()
    return {number: request_of(side.built.table, row) for *row, number in rows}


def _marked(connection: duckdb.DuckDBPyConnection, sides: Sequence[_Side]) -> Iterator[Item]:
    """The rows that some query leaves to the evaluator, as requests."""
    table = sides[0].built.table
    columns = ", ".join(f"requests.{_quoted(column.name)}" for column in table.columns)
    marked = " UNION ".join(
        f"SELECT {ROW} FROM ({side.built.query}) WHERE tenet_needs_evaluator"  # noqa: S608  # of our own
        for side in sides
    )
    text = f"SELECT {columns}, {ROW} FROM requests WHERE {ROW} IN ({marked}) ORDER BY {ROW}"  # noqa: S608  # quoted
    cursor = connection.execute(text)
    while rows := cursor.fetchmany(1000):
        for *row, number in rows:
            yield Line(number, write(request_of(table, row)).encode())
