"""What a rule goes through counts, in both evaluators alike, and bounds the time of a decision."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import pytest

from tenetlang import pipeline
from tenetlang.evaluator import meaning, work
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tenetlang.project.project import standard_library
from tenetlang.text import Text
from tenetlang.values.collections import Map, Record
from tests.sources import both, lists_with_one_hash

POLICY = """package p
import std.numbers
request xs: list[int]
request us: set[string]
request m: map[string, int]
request j: json
request s: string
data shapes: glob
default allow
fn total(ys: list[int]) -> int = sum(ys)
let least = [x for x in xs if x == min(xs) ?? 0]
deny d if {{ {} }}
"""
THROUGH = [
    "every x in xs { sum(xs) != x }",
    "every x in xs { total(xs) != x }",
    "total(xs) != 1; every x in xs { x + 1 in xs or total(xs) != x }",
    "every x in xs { sort(xs) != [x] }",
    "every x in xs { xs + xs != [x] }",
    "every x in xs { xs == xs and x == x }",
    "every x in xs { us | us != {to_string(x)} }",
    "every x in xs { count(keys(m)) != x }",
    "every x in xs { count(numbers.range(1, 50000)) != x }",
    "every x in xs { x >= 0 and some u in us { u != s } }",
    "every x in xs { x >= 0 and some k, v in m { k != s and v >= 0 } }",
    "every x in xs { j is list[int] and x >= 0 }",
    "j is list[int]; every x in xs { j[0] + x >= 0 and j != j }",
    "every x in xs { x >= 0 and not (s matches `(a|b)*x`) }",
    "every x in xs { x >= 0 and not (s like data.shapes) }",
    "some x in xs; sum(xs) == x; sum(xs) == -1",
    "some x in xs; x in xs } unless { sum(xs) != x",
    "count([sum(xs) for x in xs if x in xs]) == 0",
    "some x in least; sum(xs) != x; x in least",
]


def evaluators(condition: str) -> tuple[Evaluator, Reference]:
    made = pipeline.compile_texts([Text("p.tenet", POLICY.format(condition))], standard_library())
    assert made.program is not None, made.findings
    documents = {"shapes": "*b*"}
    evaluator = Evaluator(pipeline.decision_tree(made.program), documents)
    return evaluator, Reference(made.program, documents, evaluator.digest)


def request(members: int, characters: int) -> Mapping[str, object]:
    numbers = list(range(members))
    texts = [str(number) for number in numbers]
    return {
        "xs": numbers,
        "us": texts,
        "m": dict(zip(texts, numbers, strict=True)),
        "j": numbers,
        "s": "a" * characters,
    }


@pytest.mark.parametrize("condition", THROUGH)
def test_both_evaluators_count_what_is_gone_through_alike(condition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MEMBERS_FOR_ONE", 1)
    evaluator, reference = evaluators(condition)
    asked = request(7, 64)
    answers = set()
    for limit in [*range(130), 500, 1_000, 100_000, 10**9]:
        monkeypatch.setattr(meaning, "WORK_LIMIT", limit)
        for module in (evaluator._generated.deciding, evaluator._generated.explaining):
            monkeypatch.setitem(module.namespace, "WORK_LIMIT", limit)
        decision = evaluator.decide(asked)
        assert decision.to_json() == reference.decide(asked).to_json(), limit
        answers.add(decision.decided_by)
    assert ("error",) in answers
    assert answers != {("error",)}


@pytest.mark.parametrize("condition", THROUGH[:2] + THROUGH[3:6] + THROUGH[8:10])
def test_a_request_of_the_largest_size_does_not_keep_a_rule_busy(condition: str) -> None:
    evaluator, _ = evaluators(condition)
    decision = evaluator.decide({**request(9_000, 10), "m": {}, "j": None})
    assert [item.error for item in decision.errors] == ["too_much_work"]


def test_what_stands_outside_of_a_quantifier_cannot_err_for_its_size() -> None:
    evaluator, _ = evaluators(" and ".join(["sum(xs) >= 0"] * 100))
    assert evaluator.decide(request(9_000, 10)).decided_by == ("d",)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 0),
        ("a" * 33, 2),
        ((1, 2, 3), 3),
        (frozenset({"a" * 16}), 2),
        (((1, 2), (3,)), 5),
        (Map({"a": (1, 2)}), 3),
        (Record({"a": "b"}), 1),
        (None, 0),
    ],
)
def test_the_size_of_a_value_is_that_of_all_its_members(value: Sequence[object], expected: int) -> None:
    assert work.size(value) == expected


CHOSEN = """package p
request xs: list[list[int]]
request groups: list[set[list[int]]]
default allow
deny d if {{ {} }}
"""


@pytest.mark.parametrize(
    "condition",
    [
        "count(to_set(xs)) > 1",
        "count(distinct(xs)) > 1",
        "count({x for x in xs}) > 1",
        "count({x for some_group in groups for x in some_group}) > 1",
        "count(flatten(to_set(groups))) > 1",
    ],
)
def test_a_set_of_members_that_were_chosen_to_have_one_hash_errs_soon(condition: str) -> None:
    evaluator, reference = both(CHOSEN.format(condition))
    chosen = lists_with_one_hash(15_000)
    groups = [chosen[start : start + 100] for start in range(0, 15_000, 100)]
    request = {"xs": [] if "groups" in condition else chosen, "groups": groups if "groups" in condition else []}
    before = time.process_time()
    decision = evaluator.decide(request)
    assert time.process_time() - before < 2
    assert [(error.rule, error.error) for error in decision.errors] == [("d", "too_much_work")]
    assert decision.to_json() == reference.decide(request).to_json()
    assert evaluator.decide({"xs": [[n, n] for n in range(9_000)] * 2, "groups": [[[1, 2]]] * 900}).errors == ()
