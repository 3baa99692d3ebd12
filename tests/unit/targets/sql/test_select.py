"""The corners in which databases and the language could differ, one by one, on DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot.errors import ErrorLevel

from tenetlang import pipeline
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.requests import Invalid
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.replay.constants import folding
from tenetlang.replay.rows import request_of, row_of
from tenetlang.targets.sql.columns import PLAIN, PLAIN_LENGTH
from tenetlang.targets.sql.dialects import DIALECTS
from tenetlang.targets.sql.select import Built, build
from tenetlang.targets.sql.text import sql_text
from tenetlang.text import Text
from tenetlang.values.network import parse_email, parse_host
from tenetlang.values.paths import parse_path

TOOL = "tool t(n: int, m: int, d: decimal, e: decimal, s: string, z: string, xs: list[int], ts: set[string], o?: int, when: time, span: duration)"


def made(*rules: str, header: str = "", dialect: str = "duckdb", kept: Sequence[str] = ()) -> tuple[Evaluator, Built]:
    text = f"package p\n{header}\n{TOOL}\n" + "\n".join(rules)
    compiled = pipeline.compile_texts([Text("p.tenet", text)], standard_library())
    assert compiled.program is not None, compiled.findings
    policy = pipeline.decision_tree(compiled.program)
    return Evaluator(policy), build(policy, dialect, folding(compiled.program, {}), kept=kept)


def answers(built: Built, rows: Sequence[tuple[object, ...]]) -> list[tuple[bool, str | None]]:
    """For each row whether it is marked, and the verdict."""
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{column.name}" {column.sql_type}' for column in built.table.columns)
        connection.execute(f"CREATE TABLE requests ({columns})")
        marks = ", ".join("?" for _ in built.table.columns)
        connection.executemany(f"INSERT INTO requests VALUES ({marks})", list(rows))
        return connection.execute(f"SELECT tenet_needs_evaluator, tenet_verdict FROM ({built.query})").fetchall()


def agree(evaluator: Evaluator, built: Built, requests: Sequence[dict[str, object]]) -> int:
    """How many of the requests the query decides, all of them as the evaluator does."""
    rows = []
    for request in requests:
        inputs = evaluator.reader.read(request)
        assert not isinstance(inputs, Invalid), inputs
        rows.append(row_of(built.table, inputs))
    settled = 0
    for row, (marked, verdict) in zip(rows, answers(built, rows), strict=True):
        decision = evaluator.decide(request_of(built.table, row))
        if not marked:
            settled += 1
            assert (verdict, decision.errors) == (decision.verdict, ()), (row, decision.decided_by)
    return settled


def request(**changes: object) -> dict[str, object]:
    arguments: dict[str, object] = {
        "n": 0, "m": 0, "d": 0, "e": 0, "s": "", "z": "", "xs": [], "ts": [], "when": "2027-01-01T00:00:00Z", "span": "0s"
    }  # fmt: skip
    return {"tool": "t", "args": {**arguments, **changes}}


TEXTS = [
    "",
    "a",
    "A",
    "b",
    "ä",
    "é",
    "z",
    "\n",
    "a\nb",
    "ab\n",
    "\uffff",
    "\U0001f600",
    "\U0010ffff",
    "a'b",
    'a"b',
    "a\\b",
    "%",
    "_",
    "a%",
    " a",
    "a ",
]


def test_strings_are_equal_and_ordered_by_code_point() -> None:
    evaluator, built = made(
        "allow less if { tool is t; args.s < args.z }",
        "escalate same to desk if { tool is t; args.s == args.z }",
        header='reviewers desk { who {"p"}; quorum 1; within 30m; else deny }',
    )
    assert built.fallbacks == ()
    requests = [request(s=left, z=right) for left in TEXTS for right in TEXTS]
    assert agree(evaluator, built, requests) == len(requests)


@pytest.mark.parametrize(
    "pattern",
    ['like "a*"', 'like "*b"', 'like "?"', 'like "a*b*"', 'like "*\\n*"', 'like "*%"', 'matches ".*"', 'matches "a.b"', 'matches "[^a]*"',
     'matches "(?i)A|É"', 'matches "(ab?)*"', 'matches "\\\\w+"', 'matches "[\\\\p{Lu}]"', 'matches ""', 'like "a\'b"', 'matches "a\\\\\\\\b"'],
)  # fmt: skip
def test_patterns_match_the_whole_text_and_nothing_else(pattern: str) -> None:
    evaluator, built = made(f"allow matching if {{ tool is t; args.s {pattern} }}")
    assert built.fallbacks == ()
    assert agree(evaluator, built, [request(s=text) for text in TEXTS]) == len(TEXTS)


NUMBERS = [0, 1, -1, 2, 3, 10**9, -(10**9), 2**31, 2**62, 2**63 - 1, -(2**63), -(2**63) + 1]
DECIMALS = [
    "0",
    "1",
    "-1",
    "0.000000000001",
    "-0.000000000001",
    "999999999999999999.999999999999",
    "-999999999999999999",
    "0.1",
    "2.5",
]


def test_whole_numbers_that_overflow_are_marked_and_others_are_exact() -> None:
    conditions = [
        "args.n + args.m > 3",
        "args.n - args.m == 0",
        "args.n * args.m < 0",
        "-args.n > args.m",
        "(args.n + 1) * args.m >= 10",
    ]
    rules = [f"allow r{number} if {{ tool is t; {condition} }}" for number, condition in enumerate(conditions)]
    evaluator, built = made(*rules)
    assert built.fallbacks == ()
    requests = [request(n=left, m=right) for left in NUMBERS for right in NUMBERS]
    settled = agree(evaluator, built, requests)
    erring = sum(bool(evaluator.decide(item).errors) for item in requests)
    assert settled == len(requests) - erring


def test_decimals_are_exact_to_the_last_place() -> None:
    from decimal import Decimal

    conditions = [
        "args.d + args.e > 0.3",
        "args.d - args.e == 0.0",
        "args.d * 0.5 < args.e",
        "args.d == args.e",
        "-args.d > 0.1",
        "args.n + args.d > 2.5",
    ]
    rules = [f"allow r{number} if {{ tool is t; {condition} }}" for number, condition in enumerate(conditions)]
    evaluator, built = made(*rules)
    assert built.fallbacks == ()
    requests = [request(d=Decimal(left), e=Decimal(right), n=7) for left in DECIMALS for right in DECIMALS]
    assert agree(evaluator, built, requests) == len(requests)


def test_times_and_durations_are_whole_nanoseconds() -> None:
    evaluator, built = made(
        "allow late if { tool is t; args.when + args.span > 2027-01-01 }",
        "deny far if { tool is t; args.when - 2027-01-01T00:00:00Z > args.span }",
    )
    assert built.fallbacks == ()
    times = [
        "1678-01-01T00:00:00Z",
        "2027-01-01T00:00:00Z",
        "2027-01-01T00:00:00.000000001Z",
        "2261-12-31T23:59:59.999999999Z",
    ]
    spans = ["0s", "1ns", "1h", "1000w"]
    requests = [request(when=when, span=span) for when in times for span in spans]
    settled = agree(evaluator, built, requests)
    assert settled == sum(not evaluator.decide(item).errors for item in requests) < len(requests)


def test_quantifiers_over_lists_with_nothing_something_and_too_much() -> None:
    evaluator, built = made(
        "allow every_one if { tool is t; every x in args.xs { x > args.n } }",
        "deny some_two if { tool is t; some x in args.xs; some y in args.xs; x < y } unless { args.o ?? 0 == 7 }",
        "deny inside if { tool is t; 5 in args.xs; count(args.ts) > 1 }",
    )
    assert built.fallbacks == ()
    random = Random(7)
    requests = [
        request(xs=[random.randint(0, 6) for _ in range(random.randint(0, 4))], ts=["a", "a", "b"][: random.randint(0, 3)], o=random.choice([6, 7]))
        for _ in range(200)
    ]  # fmt: skip
    assert agree(evaluator, built, requests) == len(requests)
    assert agree(evaluator, built, [request(xs=[1] * 101)]) == 0


def test_a_rule_that_is_left_marks_the_rows_on_which_it_could_hold() -> None:
    evaluator, built = made(
        "deny next if { tool is t; args.n > 3; some x in args.xs; x + 1 == args.m; args.m < 9 }",
        'deny json if { tool is t; args.s == "a"; args.xs[0] > 1; args.z == "b" }',
    )
    reasons = [(item.rule, item.reason) for item in built.fallbacks]
    assert reasons == [
        ("next", "a quantifier whose condition can err"),
        ("json", "an element by its key or position"),
    ]
    requests = [request(n=n, m=10, s=s, z=z, xs=[1, 2]) for n in (3, 4) for s in ("a", "b") for z in ("a", "b")]
    # What comes behind the step that can err can't save a row, and what comes before it does.
    assert agree(evaluator, built, requests) == len(
        [item for item in requests if _argument(item, "n", "s") == [3, "b"]]
    )


def _argument(item: dict[str, object], *names: str) -> list[object]:
    arguments = item["args"]
    assert isinstance(arguments, dict)
    return [arguments[name] for name in names]


def test_a_policy_without_tools_has_a_table_too() -> None:
    text = 'package p\nrequest method: "GET" | "PUT"\nrequest size?: int\nallow small if { method == "GET" }\ndeny large if { size is present; size > 5 }'
    program = pipeline.compile_texts([Text("p.tenet", text)], standard_library()).program
    assert program is not None
    built = build(pipeline.decision_tree(program), "duckdb", folding(program, {}))
    assert [column.name for column in built.table.columns] == ["method", "size", "approvals"]
    rows = [
        ("GET", None, None),
        ("GET", 6, None),
        ("PUT", None, "[]"),
        ("POST", None, None),
        (None, 1, None),
        ("GET", 1, '[{"reviewers": "x"}]'),
    ]
    assert answers(built, rows) == [
        (False, "allow"),
        (False, "deny"),
        (False, "deny"),
        (False, "deny"),
        (False, "deny"),
        (True, None),
    ]


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_every_dialect_writes_the_query_and_says_what_it_leaves(dialect: str) -> None:
    evaluator, built = made(
        'allow small if { tool is t; args.n + 1 < 5; args.s like "a*"; args.d <= 50.00 }',
        "deny patterned if { tool is t; args.s matches `(ab|c)*d` }",
        "deny listed if { tool is t; some x in args.xs; x > 3 }",
        dialect=dialect,
    )
    left = {item.rule for item in built.fallbacks}
    assert left == {"duckdb": set(), "spark": {"patterned"}}.get(dialect, {"listed"})
    text = sql_text(evaluator.policy, evaluator.digest, built, dialect)
    assert text.startswith(f"-- p, {evaluator.digest}, for {dialect}\n")
    assert all(f"--   {rule}: " in text for rule in left)


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_the_query_is_of_the_dialects_grammar_and_reads_as_what_was_written(dialect: str) -> None:
    _, built = made(
        "allow counted if { tool is t; args.n + args.m < 5; -args.n > args.m; args.o ?? 3 > 2 }",
        "allow priced if { tool is t; args.d * 0.5 < args.e; args.n + args.d > 2.5 }",
        'deny named if { tool is t; args.s like "a*%_\'\\\\*"; args.z matches "[^a]b\\\\\\\\" }',
        "deny late if { tool is t; args.when + args.span > 2027-01-01 }",
        dialect=dialect,
    )
    assert built.fallbacks == ()
    (read,) = sqlglot.parse(built.query, read=dialect, error_level=ErrorLevel.RAISE)
    assert read is not None
    assert read.sql(dialect, unsupported_level=ErrorLevel.RAISE) == built.query


def test_a_name_of_two_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="args__a__b"):
        build(
            pipeline.decision_tree(_program("package p\ntool t(a: { b: int }, a__b: int)\nallow x if { tool is t }")),
            "duckdb",
            lambda _: None,
        )


def _program(text: str) -> Program:
    program = pipeline.compile_texts([Text("p.tenet", text)], standard_library()).program
    assert program is not None
    return program


@pytest.mark.parametrize(("name", "parse"), [("email", parse_email), ("host", parse_host), ("path", parse_path)])
@given(data=st.data())
def test_what_is_taken_as_plain_is_its_own_spelling(name: str, parse: object, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(PLAIN[name], fullmatch=True).filter(lambda text: len(text) <= PLAIN_LENGTH))
    assert callable(parse)
    assert str(parse(text)) == text
