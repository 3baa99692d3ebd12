"""ClickHouse on a sample: what its query decides the evaluator decides alike. Needs chdb, which is ClickHouse in a process; skipped
without."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING

import pytest

from tenetlang.decision_tree.build import build as build_tree
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.requests import Invalid
from tenetlang.replay.constants import folding
from tenetlang.replay.rows import request_of, row_of
from tenetlang.targets.sql.columns import Column
from tenetlang.targets.sql.select import build
from tenetlang.testing.sample import Sampler, sampler
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked
from tests.properties.test_sql import plainer

if TYPE_CHECKING:
    from chdb.session import Session  # type: ignore[import-not-found,unused-ignore]

pytestmark = pytest.mark.deep

TYPES = {"BOOLEAN": "Bool", "BIGINT": "Int64", "DECIMAL(30, 12)": "Decimal(30, 12)", "VARCHAR": "String"}


@pytest.fixture(scope="module")
def clickhouse() -> Session:
    return pytest.importorskip("chdb.session").Session()


def clickhouse_type(column: Column) -> str:
    base = TYPES[column.sql_type.removesuffix("[]")]
    return f"Array({base})" if column.listed else f"Nullable({base})"


def cell(column: Column, value: object) -> object:
    if value is None:
        return [] if column.listed else None
    return str(value) if column.form == "decimal" and not column.listed else value


def test_clickhouse_and_the_evaluator_agree_on_a_sample(clickhouse: Session) -> None:
    settled = 0
    clickhouse.query("CREATE DATABASE IF NOT EXISTS tenet")
    for number in range(150):
        made = checked(program(Random(f"clickhouse/{number}").choice))
        if made is None:
            continue
        making = sampler(made, number)
        making = Sampler(making.program, making.constants, making.random, ("t.one", "t.three"))
        documents = making.documents()
        evaluator = Evaluator(build_tree(made), documents)
        built = build(evaluator.policy, "clickhouse", folding(made, documents))
        rows = []
        for request in (plainer(making.request(), making.random) for _ in range(50)):
            inputs = evaluator.reader.read(request)
            assert not isinstance(inputs, Invalid)
            rows.append(row_of(built.table, inputs))
        columns = built.table.columns
        declared = ", ".join(f"`{column.name}` {clickhouse_type(column)}" for column in columns)
        clickhouse.query("DROP TABLE IF EXISTS requests")
        clickhouse.query(f"CREATE TABLE requests (tenet_row Int64, {declared}) ENGINE = Memory")
        lines = [
            json.dumps(
                {"tenet_row": place, **{c.name: cell(c, v) for c, v in zip(columns, row, strict=True)}}, default=str
            )
            for place, row in enumerate(rows)
        ]
        clickhouse.query("INSERT INTO requests FORMAT JSONEachRow\n" + "\n".join(lines))
        found = clickhouse.query(built.query, "JSONEachRow").bytes().decode()
        answers = [json.loads(line) for line in found.splitlines()]
        for row, answer in zip(rows, answers, strict=True):
            if not answer["tenet_needs_evaluator"]:
                settled += 1
                decision = evaluator.decide(request_of(built.table, row))
                assert answer["tenet_verdict"] == decision.verdict, (row, built.query)
                assert not decision.errors
    assert settled > 200  # most programs have lists, which are left to the evaluator
