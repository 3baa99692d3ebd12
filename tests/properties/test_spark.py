"""Spark in local mode on a sample: what its query decides the evaluator decides alike. Needs pyspark and Java; skipped without."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
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
    from pyspark.sql import SparkSession  # type: ignore[import-not-found,unused-ignore]

pytestmark = pytest.mark.deep

TYPES = {"BOOLEAN": "boolean", "BIGINT": "bigint", "DECIMAL(30, 12)": "decimal(30,12)", "VARCHAR": "string"}


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    session = pytest.importorskip("pyspark.sql").SparkSession
    made = (
        session.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
    )
    opened = made.getOrCreate()
    yield opened
    opened.stop()


def spark_type(column: Column) -> str:
    base = TYPES[column.sql_type.removesuffix("[]")]
    return f"array<{base}>" if column.listed else base


def cell(column: Column, value: object) -> object:
    return Decimal(str(value)) if column.form == "decimal" and value is not None and not column.listed else value


@pytest.mark.filterwarnings("default")
def test_spark_and_the_evaluator_agree_on_a_sample(spark: SparkSession) -> None:
    settled = total = 0
    for number in range(30):
        made = checked(program(Random(f"spark/{number}").choice))
        if made is None:
            continue
        making = sampler(made, number)
        making = Sampler(making.program, making.constants, making.random, ("t.one", "t.three"))
        documents = making.documents()
        policy = build_tree(made)
        evaluator = Evaluator(policy, documents)
        built = build(policy, "spark", folding(made, documents))
        rows = []
        for request in (plainer(making.request(), making.random) for _ in range(50)):
            inputs = evaluator.reader.read(request)
            assert not isinstance(inputs, Invalid)
            rows.append(
                tuple(cell(c, v) for c, v in zip(built.table.columns, row_of(built.table, inputs), strict=True))
            )
        schema = ", ".join(f"`{column.name}` {spark_type(column)}" for column in built.table.columns)
        spark.createDataFrame(rows, schema).createOrReplaceTempView("requests")
        answers = spark.sql(built.query).collect()
        for row, answer in zip(rows, answers, strict=True):
            total += 1
            if not answer["tenet_needs_evaluator"]:
                settled += 1
                decision = evaluator.decide(request_of(built.table, row))
                assert answer["tenet_verdict"] == decision.verdict, (row, built.query)
                assert not decision.errors
    assert settled > total / 10
