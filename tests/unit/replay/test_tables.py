from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tenetlang import pipeline
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.requests import Invalid
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.replay.constants import folding
from tenetlang.replay.rows import request_of, row_of
from tenetlang.replay.run import Version
from tenetlang.replay.tables import TableError, columns_of, replay_table
from tenetlang.targets.sql.conditions import Fold
from tenetlang.text import Text

POLICY = """package p
data blocked: set[string]
tool pay(amount: decimal, @length(1, 8) to: string, tags?: set[string], at?: time, link?: url)
tool ping()
allow small if { tool is pay; args.amount <= LIMIT } then mask("to")
deny blocked if { tool is pay; args.to in data.blocked }
deny tagged if { tool is pay; some tag in args.tags ?? {}; tag like "no-*" }
deny linked if { tool is pay; args.link is present; args.link.port == 80 }
"""
DOCUMENTS = {"blocked": ["eve"]}
ROWS = [
    ("pay", "20.5", "bob", None, None, None),
    ("pay", "60", "bob", None, None, None),
    ("pay", "1", "eve", ["no-refund"], 5, None),
    ("pay", "1", "bob", ["x", "no-x"], None, None),
    ("pay", "1", "bob", [], None, "http://a.b/"),
    ("ping", None, None, None, None, None),
    ("ping", "1", None, None, None, None),
    ("pay", "1", "far too long", None, None, None),
    ("pong", None, None, None, None, None),
    (None, None, None, None, None, None),
]


def compiled(limit: str) -> Program:
    program = pipeline.compile_texts([Text("p.tenet", POLICY.replace("LIMIT", limit))], standard_library()).program
    assert program is not None
    return program


def version(limit: str = "50.00") -> tuple[Version, Fold]:
    program = compiled(limit)
    return Version(pipeline.decision_tree(program), DOCUMENTS), folding(program, DOCUMENTS)


def write(file: Path, columns: str, rows: list[tuple[object, ...]]) -> str:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE made ({columns})")
        connection.executemany(f"INSERT INTO made VALUES ({', '.join('?' for _ in rows[0])})", rows)
        connection.execute(f"COPY made TO '{file}' (FORMAT parquet)")
    return str(file)


@pytest.fixture
def table(tmp_path: Path) -> str:
    columns = '"tool" VARCHAR, "args__amount" DECIMAL(20, 4), "args__to" VARCHAR, "args__tags" VARCHAR[], "args__at" BIGINT, "ARGS__LINK" VARCHAR'
    return write(tmp_path / "requests.parquet", columns, [*ROWS])


def test_the_query_decides_what_it_can_and_the_evaluator_the_rest(table: str) -> None:
    found = replay_table(*version(), table, jobs=2)
    assert [(item.rule, item.reason) for item in found.fallbacks] == [("linked", "a part of a parsed value")]
    assert (found.by_query, found.summary.counts["items"]) == (9, 10)
    groups = {(change.after, change.rules_after): group for change, group in found.summary.changes.items()}
    assert {key: (group.count, group.example.place.number) for key, group in groups.items()} == {
        ("allow", ("small",)): (1, 1),
        ("deny", ("default",)): (2, 2),
        ("deny", ("blocked", "tagged")): (1, 3),
        ("deny", ("tagged",)): (1, 4),
        ("deny", ("linked",)): (1, 5),
        ("deny", ("invalid_request",)): (3, 7),
        ("deny", ("unknown_tool",)): (1, 9),
    }
    assert groups["allow", ("small",)].example.request == {
        "tool": "pay",
        "args": {"amount": Decimal("20.5"), "to": "bob"},
    }


def test_two_policies_are_compared_over_a_table(table: str) -> None:
    found = replay_table(*version("70.00"), table, jobs=1, against=version())
    ((change, group),) = found.summary.ordered()
    assert (change.kind, change.rules_before, change.rules_after) == ("newly-allowed", ("default",), ("small",))
    assert (group.count, group.example.place.number, found.summary.counts["same"]) == (1, 2, 9)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ('"tool" VARCHAR, "args__amount" DOUBLE', "`args__amount` is DOUBLE and has to be DECIMAL"),
        ('"tool" VARCHAR, "args__to" VARCHAR[]', r"`args__to` is VARCHAR\[\] and has to be VARCHAR"),
        ('"tool" VARCHAR, "args__other" VARCHAR', "knows no column `args__other`"),
    ],
)
def test_a_table_of_another_kind_is_refused(tmp_path: Path, columns: str, sentence: str) -> None:
    file = write(tmp_path / "other.parquet", columns, [("ping", None)])
    with pytest.raises(TableError, match=sentence):
        replay_table(*version(), file, jobs=1)


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="can't be read"):
        replay_table(*version(), str(tmp_path / "it's missing.parquet"), jobs=1)


def test_a_request_survives_the_way_into_a_row_and_back() -> None:
    made, _ = version()
    evaluator = Evaluator(made.policy, DOCUMENTS)
    request = {
        "tool": "pay",
        "args": {"amount": 20.25, "to": "bob", "tags": ["b", "a"], "at": "2027-01-01T00:00:00.5Z"},
    }
    inputs = evaluator.reader.read(request)
    assert not isinstance(inputs, Invalid)
    table = columns_of(made)
    again = request_of(table, row_of(table, inputs))
    assert evaluator.reader.read({**again, "approvals": []}) == inputs
