"""What operators and forms take, and that both evaluators find in them what the language says."""

from __future__ import annotations

import pytest

from tenetlang.decision_tree.build import build
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tests.unit.program.policies import TOOLS, assert_marked, program

DATA = """
type Coin = "EUR" | "USD"
type Point = { x: int, y?: decimal }
data whole: list[int]
data prices: list[decimal]
data numbers: set[int]
data amounts: set[decimal]
data by_name: map[string, int]
data spends: map[string, decimal]
data shapes: list[regex]
data coins: set[Coin]
data free: json
data points: list[Point]
data blocks: list[cidr]
data hosts: list[host]
data mails: list[email]
data moods: list[json]
data when: list[time]
data words: list[string]
"""
DOCUMENTS: dict[str, object] = {
    "whole": [1, 2],
    "prices": [1, 1.5],
    "numbers": [1],
    "amounts": [1],
    "by_name": {"a": 1, "b": 2},
    "spends": {"a": 1, "b": 2},
    "shapes": [],
    "coins": ["EUR"],
    "free": {"a": 1},
    "points": [{"x": 1}, {"x": 1, "y": 2}],
    "blocks": ["10.0.0.0/8"],
    "hosts": ["acme.com"],
    "mails": ["ann@acme.com"],
    "moods": [{"a": 1}],
    "when": ["2025-01-01T00:00:00Z"],
    "words": ["a"],
}
REQUEST: dict[str, object] = {
    "tool": "refund",
    "args": {"customer": "c", "amount": 1, "currency": "EUR", "count": 1},
    "agent": {"id": "a"},
    "session": {"id": "s", "labels": [], "calls": []},
    "now": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    "condition",
    [
        "data.whole[0] == data.prices[0]",
        "data.prices[1] < data.whole[1]",
        "data.whole != data.prices",
        "[1, 2] == [1.0, 2.0]",
        "data.amounts == data.numbers",
        "data.numbers == data.amounts",
        "data.by_name == data.spends",
        "data.spends == data.by_name",
        "data.free != null",
        "data.free == data.moods[0]",
        'data.coins == {"EUR"}',
        '"EUR" in data.coins',
        "data.whole[0] in data.prices",
        "data.prices[0] in data.whole",
        "data.prices[0] in data.numbers",
        "data.blocks[0].network in data.blocks[0]",
        '"10.1.0.0/16" in data.blocks[0]',
        '"10.0.0.1" in data.blocks[0]',
        "data.points[0] == { x: 1 }",
        "data.points[1] == { x: 1, y: 2 }",
        "data.free == { a: 1 }",
        'data.free == { "a": 1 }',
        "{} == data.numbers - {1}",
        "data.by_name != {}",
        'data.spends == { "a": 1, "b": 2 }',
        '{ [agent.id]: 1.0, "b": 2 } == data.by_name',
        "[1, 2.0] == data.whole",
        "count([]) == 0",
        "count([s for s in data.whole if s > 1]) == 1",
        "count({s for s in data.whole}) == 2",
        "{[k]: n for k, n in data.by_name} == data.spends",
        "-data.prices[0] == -1.0",
        "-(5) == -5",
        "2 + 3 * 4 == 14",
        "1.5 / 0.5 == 3",
        "now + 1h > now",
        "now - now == 0s",
        "2 * 1h == 2h",
        "1h * 2 == 2h",
        "-(1h) < 0s",
        'data.by_name["nothing"] ?? 0.5 == 0.5',
        'data.by_name["b"] ?? 0.5 == 2',
        "data.points[0].y ?? 3 == 3",
        'data.coins - {"EUR"} == {}',
        'data.words[0] + "b" == "ab"',
        "data.whole + [3] == [1, 2, 3]",
        "data.numbers | {7} == {1, 7}",
        "data.numbers & {7} == {}",
        "any([false, data.whole[0] == 1])",
        "data.when[0] < 2026-01-01",
        'agent.team ?? "none" == "none"',
    ],
)
def test_what_holds(condition: str) -> None:
    """Five rules share the condition, so that it is a test of their bucket as well as a step of theirs."""
    found = program(TOOLS + DATA + "".join(f"allow r{n} if {{ {condition} }}\n" for n in range(5)))
    evaluator = Evaluator(build(found), DOCUMENTS)
    decision = evaluator.decide(REQUEST)
    assert (decision.verdict, decision.errors) == ("allow", ())
    assert decision.to_json() == Reference(found, DOCUMENTS, evaluator.digest).decide(REQUEST).to_json()


@pytest.mark.parametrize(
    ("condition", "check"),
    [
        ("data.free == 5", "unnarrowed-json"),
        ("data.free < 5", "unnarrowed-json"),
        ("data.free < data.moods[0]", "unnarrowed-json"),
        ("data.shapes == data.shapes", "not-comparable"),
        ('"GBP" in data.coins', "disjoint-equality"),
        ("data.free in data.whole", "unnarrowed-json"),
        ("5 in data.free", "unnarrowed-json"),
        ('"a" in agent.id', "not-a-collection"),
        ('"a" in data.by_name', "map-membership"),
        ("5 in 6", "not-a-collection"),
        ("data.whole in data.whole", "disjoint-equality"),
        ('tool == "refund"', "bad-operand"),
        ('"refund" == tool', "bad-operand"),
        ("tool == agent.id", "bad-operand"),
        ('data.free like "a"', "unnarrowed-json"),
        ('data.whole[0] like "a"', "bad-pattern"),
        ('data.mails[0] like "a@*"', "bad-pattern"),
        ("agent.id like agent.id", "bad-pattern"),
        ('agent.id like "a" + "b"', "bad-pattern"),
        ('data.hosts[0] matches "a"', "bad-pattern"),
        ("true < false", "not-comparable"),
        ("data.coins < data.coins", "not-comparable"),
        ("data.points[0] == { x: 1, x: 2 }", "duplicate-name"),
        ("data.points[0] == { x: 1, z: 2 }", "unknown-field"),
        ("data.points[0] == { y: 1 }", "missing-required"),
        ("data.by_name == { a: 1 }", "type-mismatch"),
        ("count({}) == 1", "cannot-infer"),
        ("data.whole == {}", "disjoint-equality"),
        ('data.by_name == { "a": 1, "a": 2 }', "duplicate-name"),
        ('count([1, "a"]) == 2', "type-mismatch"),
        ("(1, 2) == 3", "bad-operand"),
        ("count({s for s in data.shapes}) == 1", "not-comparable"),
        ("-agent.id == 1", "bad-operand"),
        ("-data.free == 1", "unnarrowed-json"),
        ('agent.id + 5 == "a"', "bad-operand"),
        ('5 + agent.id == "a"', "bad-operand"),
        ("data.numbers + data.numbers == data.numbers", "bad-operand"),
        ("data.whole | data.whole == data.whole", "bad-operand"),
        ("data.prices[0] % 2 == 1", "bad-operand"),
        ("data.whole[0] % 0 == 1", "overflow-constant"),
        ("9223372036854775807 + 1 == 1", "overflow-constant"),
        ("1 / 0 == 1", "overflow-constant"),
        ('data.by_name["a"] ?? "x" == 1', "type-mismatch"),
        ('agent.team ?? 5 == "x"', "type-mismatch"),
        ('args.note == "x"', "outside-tool"),
        ("true and 5", "condition-not-bool"),
        ("not 5", "condition-not-bool"),
        ("data.free and true", "unnarrowed-json"),
        ("data.points[0].z == 1", "unknown-field"),
        ("data.points[0].y == 1", "unguarded-optional"),
        ("agent.id.x == 1", "unknown-field"),
        ('data.whole["a"] == 1', "type-mismatch"),
        ('agent.id[0] == "a"', "not-a-collection"),
        ("data.free[0] == 1", "unnarrowed-json"),
    ],
)
def test_what_is_refused(condition: str, check: str) -> None:
    assert_marked(TOOLS + DATA + f"deny r if {{ {condition} }} ## error[{check}]\n")
