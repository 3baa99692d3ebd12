"""The query as a file: what it is of, which table it wants and what its answers mean stand above it, as comments."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from tenetlang.decision_tree.tree import Policy
from tenetlang.report.visible import visible
from tenetlang.targets.sql.dialects import DIALECTS
from tenetlang.targets.sql.select import BITS, Built


def sql_text(policy: Policy, digest: str, built: Built, dialect: str) -> str:
    """The file's text."""
    return "".join(f"{line}\n" for line in (*_comments(policy, digest, built, dialect), f"{built.query};"))


def _comments(policy: Policy, digest: str, built: Built, dialect: str) -> Iterator[str]:
    yield f"-- {visible(policy.entry)}, {digest}, for {dialect}"
    if not DIALECTS[dialect].tested:
        yield "-- not compared with the evaluator on this database: compare a sample before you rely on it"
    yield "-- documents are written into the query: build it anew when one changes"
    yield "--"
    yield "-- The table `requests`, one row for each request; NULL where the request lacks that part:"
    width = max(len(column.name) for column in built.table.columns)
    for column in built.table.columns:
        kind = exp.DataType.build(column.sql_type, dialect="duckdb").sql(dialect)
        note = {"time": "  nanoseconds since 1970", "duration": "  nanoseconds", "json": "  JSON text"}.get(
            column.form, ""
        )
        yield f"--   {visible(column.name):<{width}}  {kind}{note}"
    yield "--"
    yield "-- tenet_needs_evaluator: the evaluator has to decide this row, and the query gives no verdict"
    yield "-- tenet_refused: unknown_tool or invalid_request, else NULL"
    yield "-- tenet_matched_k: the rules that hold, overridden ones included, as bits"
    for number, rule in enumerate(policy.rules):
        yield f"--   tenet_matched_{number // BITS}, bit {number % BITS}: {visible(rule.shown_name)} ({rule.verdict})"
    if built.fallbacks:
        yield "--"
        yield "-- Rules that the query leaves to the evaluator, with each row on which they could hold:"
        for fallback in built.fallbacks:
            yield f"--   {visible(fallback.rule)}: {visible(fallback.reason)}"
