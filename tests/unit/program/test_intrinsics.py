"""What the functions that need no import take, and what type their result has."""

from __future__ import annotations

import pytest

from tenetlang.program import types as t
from tests.unit.program.policies import TOOLS, assert_marked, program

DATA = """
data texts: map[string, string]
data lists: list[list[int]]
data sets: set[set[int]]
data mixed: list[set[int]]
data shapes: list[regex]
data flags: list[bool]
data spans: list[duration]
data prices: list[decimal]
data whole: list[int]
data words: set[string]
data currencies: list[Currency]
data facts: json
"""


@pytest.mark.parametrize(
    ("call", "type_"),
    [
        ("count(data.words) + count(data.texts) + count(data.lists) + count(agent.id)", t.INT),
        ("sum([])", t.INT),
        ("sum(data.whole)", t.INT),
        ("sum(data.prices)", t.DECIMAL),
        ("sum(data.spans)", t.DURATION),
        ("max(data.prices) ?? 0.5", t.DECIMAL),
        ("min(data.words) ?? agent.id", t.STRING),
        ("any(data.flags)", t.BOOL),
        ("all([])", t.BOOL),
        ("keys(data.texts)", t.SetType(t.STRING)),
        ("values(data.texts)", t.ListType(t.STRING)),
        ("sort(data.words)", t.ListType(t.STRING)),
        ("first(data.spans) ?? 1h", t.DURATION),
        ("last(data.flags) ?? true", t.BOOL),
        ("reverse(data.flags)", t.ListType(t.BOOL)),
        ("distinct(data.words)", t.ListType(t.STRING)),
        ("flatten(data.lists)", t.ListType(t.INT)),
        ("flatten(data.mixed)", t.ListType(t.INT)),
        ("flatten(data.sets)", t.SetType(t.INT)),
        ('contains(agent.id, "a") and contains(data.words, agent.id)', t.BOOL),
        ("round(data.prices[0], 2)", t.DECIMAL),
        ('round(data.whole[0], 2, "half_up")', t.DECIMAL),
        ("floor_div(data.whole[0], 2)", t.INT),
        ("abs(data.spans[0])", t.DURATION),
        ("to_string(data.prices[0])", t.STRING),
        ("to_string(data.currencies[0])", t.STRING),
        ('to_int("12") + to_int(data.prices[0])', t.INT),
        ('to_decimal("12") + to_decimal(data.whole[0])', t.DECIMAL),
        ("to_set(data.whole)", t.SetType(t.INT)),
        ("to_list(data.words)", t.ListType(t.STRING)),
    ],
)
def test_the_type_of_a_call_follows_from_the_types_of_its_arguments(call: str, type_: t.Type) -> None:
    found = program(TOOLS + DATA + f"let made = {call}\n")
    assert found.definitions["acme.made"].type == type_


@pytest.mark.parametrize(
    "call",
    [
        "count(5)",
        "sum(data.words)",
        "sum(5)",
        "max(data.flags)",
        "max(5)",
        "any(data.words)",
        "keys(data.words)",
        "values(data.words)",
        "sort(data.shapes)",
        "sort(5)",
        "first(data.words)",
        "reverse(data.words)",
        "distinct(data.shapes)",
        "flatten(data.words)",
        "contains(5, 6)",
        'round("a", 2)',
        "round(1.5, 0.5)",
        "round(1.5, 2, 3)",
        "floor_div(1.5, 2)",
        "abs(agent.id)",
        "to_string(data.words)",
        "to_string(data.shapes[0])",
        "to_int(data.flags[0])",
        "to_decimal(data.flags[0])",
        "to_set(data.shapes)",
        "to_list(data.texts)",
    ],
)
def test_a_function_refuses_what_it_does_not_take(call: str) -> None:
    assert_marked(TOOLS + DATA + f"let made = {call} ## error[bad-operand]\n")


def test_a_mistake_in_an_argument_is_reported_once_and_not_by_the_function_as_well() -> None:
    assert_marked(TOOLS + "let made = count(nothing) ## error[unknown-name]\n")


@pytest.mark.parametrize("call", ["count()", "count(data.words, data.words)", "round(1.5)"])
def test_a_function_takes_so_many_arguments(call: str) -> None:
    assert_marked(TOOLS + DATA + f"let made = {call} ## error[wrong-arity]\n")
