"""A row that SQL decides has the evaluator's verdict and rules, and a row that it does not decide is marked."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TypeVar

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenetlang.decision_tree.build import build as build_tree
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.outcome import combine
from tenetlang.evaluator.ranking import ranking_of
from tenetlang.evaluator.requests import Invalid
from tenetlang.replay.constants import folding
from tenetlang.replay.rows import request_of, row_of
from tenetlang.targets.sql.columns import Table
from tenetlang.targets.sql.select import BITS, Built, build
from tenetlang.testing.sample import Sampler, sampler
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked

T = TypeVar("T")

EXAMPLES = 500 if os.environ.get("TENET_TEST_PROFILE") == "deep" else 15
"""Policies; there are many rows for each."""


def plainer(request: dict[str, object], random: Random) -> dict[str, object]:
    """The request without what SQL always leaves to the evaluator, mostly."""
    changed = dict(request)
    if random.random() < 0.9:  # mostly
        changed.pop("origins", None)
        arguments = dict(changed["args"]) if isinstance(changed["args"], dict) else {}
        changed["args"] = {name: {} if name == "counts" else value for name, value in arguments.items()}
        for name in ("session", "context"):
            value = changed.get(name)
            if isinstance(value, dict):
                changed[name] = {key: [] if key == "calls" else inner for key, inner in value.items()}
        if "context" in changed:
            changed["context"] = {}
    return changed


def made_rows(
    table: Table, evaluator: Evaluator, requests: Sequence[Mapping[str, object]], random: Random
) -> list[tuple[object, ...]]:
    """Rows of the requests; some with a cell that is taken away or comes from another row."""
    rows: list[tuple[object, ...]] = []
    for request in requests:
        inputs = evaluator.reader.read(request)
        assert not isinstance(inputs, Invalid), inputs
        row = list(row_of(table, inputs))
        if rows and random.random() < 0.1:  # now and then
            place = random.randrange(len(row))
            row[place] = random.choice([None, rows[-1][place]])
        rows.append(tuple(row))
    return rows


def decided(built: Built, rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    names = [*(column.name for column in built.table.columns), "tenet_row"]
    types = [*(column.sql_type for column in built.table.columns), "BIGINT"]
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        file = Path(folder, "rows.json")
        lines = (
            json.dumps(dict(zip(names, [*row, number], strict=True)), default=str) for number, row in enumerate(rows)
        )
        file.write_text("\n".join(lines), encoding="utf-8")
        columns = ", ".join(f"{name}: '{kind}'" for name, kind in zip(names, types, strict=True))
        connection.execute("SET threads = 1")
        connection.execute(
            f"CREATE TABLE requests AS SELECT * FROM read_json('{file}', format='newline_delimited', columns={{{columns}}})"
        )
        return connection.execute(f"SELECT * FROM ({built.query}) ORDER BY tenet_row").fetchall()


def compared(files: Sequence[tuple[str, str]], seed: int, count: int) -> tuple[int, int]:
    """How many rows SQL decided, and of how many."""
    made = checked(files)
    if made is None:
        return 0, 0
    making = sampler(made, seed)
    making = Sampler(making.program, making.constants, making.random, ("t.one", "t.three"))
    documents = making.documents()
    policy = build_tree(made)
    evaluator = Evaluator(policy, documents)
    ranking = ranking_of(policy)
    built = build(policy, "duckdb", folding(made, documents), kept=("tenet_row",))
    requests = [plainer(making.request(), making.random) for _ in range(count)]
    rows = made_rows(built.table, evaluator, requests, making.random)
    width = len(built.table.columns) + 1
    settled = 0
    for row, found in zip(rows, decided(built, rows), strict=True):
        request = request_of(built.table, row)
        decision = evaluator.decide(request)
        where = f"{request}\n" + "\n".join(content for _, content in files) + built.query
        marked, refused, *masks, verdict = found[width:]
        if marked:
            assert (refused, verdict, set(masks)) == (None, None, {0}), where
            continue
        settled += 1
        assert verdict == decision.verdict, where
        bits = sum(int(str(mask)) << (BITS * number) for number, mask in enumerate(masks))
        if refused is not None:
            assert decision.compact_trace["leaf"] == refused, where
            assert bits == 0
            continue
        holding = [number for number in range(bits.bit_length()) if bits >> number & 1]
        outcome = combine(ranking, holding, {}, (), lambda _: ())
        assert [item.rule for item in outcome.matched] == [item.rule for item in decision.matched], where
        assert (outcome.verdict, outcome.decided_by) == (decision.verdict, decision.decided_by), where
        assert not decision.errors, where
    return settled, len(rows)


@given(st.data(), st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck), max_examples=EXAMPLES)
def test_what_duckdb_decides_the_evaluator_decides_alike(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    compared(program(choose), seed, 200)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(8))
def test_duckdb_and_the_evaluator_agree_on_a_million_rows(part: int) -> None:
    programs = int(os.environ.get("TENET_DEEP_SQL_PROGRAMS", "125"))
    settled = 0
    for number in range(programs):
        random = Random(f"sql/{part}/{number}")
        found, _ = compared(program(random.choice), number, 1000)
        settled += found
    assert settled > programs * 100
