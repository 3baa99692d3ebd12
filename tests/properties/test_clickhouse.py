"""ClickHouse on a sample, and on the corners in which databases differ: what its query decides the evaluator decides alike. Needs
chdb, which is ClickHouse in a process (560 MB, so it's no part of the pinned packages); skipped without."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import pytest
from sqlglot import exp

from tenetlang.decision_tree.build import build as build_tree
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.requests import Invalid
from tenetlang.replay.constants import folding
from tenetlang.replay.rows import request_of, row_of
from tenetlang.targets.sql.columns import Column
from tenetlang.targets.sql.select import Built, build
from tenetlang.testing.sample import Sampler, sampler
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked
from tests.properties.test_sql import plainer
from tests.unit.targets.sql.test_select import DECIMALS, NUMBERS, TEXTS, made, request

if TYPE_CHECKING:
    from chdb.session import Session  # type: ignore[import-not-found,unused-ignore]

pytestmark = pytest.mark.deep


@pytest.fixture(scope="module")
def clickhouse() -> Session:
    session = pytest.importorskip("chdb.session").Session()
    session.query("CREATE DATABASE IF NOT EXISTS tenet")
    return session


def clickhouse_type(column: Column) -> str:
    """As the head of a built file says it."""
    return exp.DataType.build(column.sql_type, dialect="duckdb").sql("clickhouse")


def agree(session: Session, evaluator: Evaluator, built: Built, requests: Sequence[dict[str, object]]) -> int:
    """How many of the requests the query decides, all of them as the evaluator does."""
    columns = built.table.columns
    rows = []
    for asked in requests:
        inputs = evaluator.reader.read(asked)
        assert not isinstance(inputs, Invalid), inputs
        rows.append(row_of(built.table, inputs))
    declared = ", ".join(f"`{column.name}` {clickhouse_type(column)}" for column in columns)
    session.query("DROP TABLE IF EXISTS requests")
    session.query(f"CREATE TABLE requests (tenet_row Int64, {declared}) ENGINE = Memory")
    lines = [
        json.dumps({"tenet_row": place, **{c.name: v for c, v in zip(columns, row, strict=True)}}, default=str)
        for place, row in enumerate(rows)
    ]
    session.query("INSERT INTO requests FORMAT JSONEachRow\n" + "\n".join(lines))
    found = session.query(f"SELECT * FROM ({built.query}) ORDER BY tenet_row", "JSONEachRow").bytes().decode()
    answers = [json.loads(line) for line in found.splitlines()]
    settled = 0
    for row, answer in zip(rows, answers, strict=True):
        if not answer["tenet_needs_evaluator"]:
            settled += 1
            decision = evaluator.decide(request_of(built.table, row))
            assert (answer["tenet_verdict"], decision.errors) == (decision.verdict, ()), (row, built.query)
    return settled


def test_clickhouse_and_the_evaluator_agree_on_a_sample(clickhouse: Session) -> None:
    settled = 0
    for number in range(150):
        found = checked(program(Random(f"clickhouse/{number}").choice))
        if found is None:
            continue
        making = sampler(found, number)
        making = Sampler(making.program, making.constants, making.random, ("t.one", "t.three"))
        documents = making.documents()
        evaluator = Evaluator(build_tree(found), documents)
        built = build(evaluator.policy, "clickhouse", folding(found, documents), kept=("tenet_row",))
        requests = [plainer(making.request(), making.random) for _ in range(50)]
        settled += agree(clickhouse, evaluator, built, requests)
    assert settled > 200  # most programs have lists, which are left to the evaluator


CORNERS: list[tuple[str, Sequence[Mapping[str, object]]]] = [
    ("args.s < args.z", [{"s": left, "z": right} for left in TEXTS for right in TEXTS]),
    ("args.s == args.z", [{"s": left, "z": right} for left in TEXTS for right in TEXTS]),
    *(
        (f"args.s {pattern}", [{"s": text} for text in TEXTS])
        for pattern in (
            'like "a*"', 'like "*b"', 'like "?"', 'like "a*b*"', 'like "*\\n*"', 'like "*%"', 'like "a\'b"', 'matches ".*"',
            'matches "a.b"', 'matches "[^a]*"', 'matches "(?i)A|É"', 'matches "(ab?)*"', 'matches "\\\\w+"',
            'matches "[\\\\p{Lu}]"', 'matches ""', 'matches "a\\\\\\\\b"',
        )
    ),
    *(
        (condition, [{"n": left, "m": right} for left in NUMBERS for right in NUMBERS])
        for condition in ("args.n + args.m > 3", "args.n - args.m == 0", "-args.n > args.m", "args.n + 1 >= 10")
    ),
    *(
        (condition, [{"d": Decimal(left), "e": Decimal(right), "n": 7} for left in DECIMALS for right in DECIMALS])
        for condition in (
            "args.d + args.e > 0.3", "args.d - args.e == 0.0", "args.d * 0.5 < args.e", "args.d == args.e", "-args.d > 0.1",
            "args.n + args.d > 2.5",
        )
    ),
    (
        "args.when + args.span > 2027-01-01",
        [
            {"when": when, "span": span}
            for when in ("1678-01-01T00:00:00Z", "2027-01-01T00:00:00.000000001Z", "2261-12-31T23:59:59.999999999Z")
            for span in ("0s", "1ns", "1h", "1000w")
        ],
    ),
    ("args.o is present", [{}, {"o": 0}]),
    ("args.o ?? 3 > 2", [{}, {"o": 0}, {"o": 3}]),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "changes"), CORNERS, ids=[condition for condition, _ in CORNERS])
def test_clickhouse_and_the_evaluator_agree_in_the_corners(
    clickhouse: Session, condition: str, changes: Sequence[Mapping[str, object]]
) -> None:
    evaluator, built = made(
        f"allow matching if {{ tool is t; {condition} }}", dialect="clickhouse", kept=("tenet_row",)
    )
    assert built.fallbacks == ()
    requests = [request(**change) for change in changes]
    erring = sum(bool(evaluator.decide(asked).errors) for asked in requests)
    assert agree(clickhouse, evaluator, built, requests) == len(requests) - erring
