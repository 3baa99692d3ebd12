"""Policies that someone makes to keep the analysis busy: it ends, with an answer or with a reason."""

from __future__ import annotations

import pytest

from tenetlang.analysis.questions import Analysis, Scene, Undecided, Witness
from tenetlang.analysis.search import OutOfBudget
from tenetlang.evaluator.judge import BothEvaluators
from tests.unit.analysis.held import asked, policy
from tests.unit.analysis.programs import checked


def chain(first: str, step: str, length: int) -> str:
    """`let`s each of which is made of the one before, `X`."""
    lines = [f"let a0 of t = {first}"]
    lines += [f"let a{place} of t = {step.replace('X', f'a{place - 1}')}" for place in range(1, length)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("parameters", "body", "definitions"),
    [
        ("x: int", "a59 > 3", chain("args.x", "X + X", 60)),
        ("x: int, y: int", "a59 > 3", chain("args.x * args.y", "X * X", 60)),
        ("x: string", 'a59 == "a"', chain("args.x", "X + X", 60)),
        ("x: list[int]", "3 in a59", chain("args.x", "X + X", 60)),
        ("x: list[int]", "3 in a39", chain("args.x", "[y for y in X if y in X]", 40)),
        ("x: int", "a59.v > 1", chain("{v: args.x}", "{v: X.v + X.v}", 60)),
        ("s: string, r: string", "some x in l { some y in l { x == args.s and y == args.r and x < y } }",
         "let l = [" + ", ".join(f'"k{place}"' for place in range(999)) + "]"),
    ],
)  # fmt: skip
def test_what_grows_with_each_definition_is_too_large(parameters: str, body: str, definitions: str) -> None:
    made = checked(policy(parameters, body, definitions))
    assert Analysis(made, BothEvaluators(made)).scene("t") == Undecided("too-large")


def test_what_is_shared_by_many_conditions_is_too_large_where_it_has_to_be_written_out() -> None:
    made = asked(policy("x: bool, y: bool", "a59", chain("args.x", "(X) != (args.y)", 60)))
    assert made.answers()["holds", "r"] == Undecided("too-large")


def test_errors_of_collections_that_are_built_of_each_other_are_told_apart() -> None:
    answers = asked(policy("x: list[int]", "3 in a29", chain("args.x", "[y + 1 for y in X]", 30))).answers()
    assert isinstance(answers["holds", "r"], Witness)
    assert isinstance(answers["errs", "r"], Witness)


def test_more_members_than_a_list_may_have_are_not_tried_in_all_ways_to_share_them() -> None:
    wanted = "; ".join(f"(some x in args.xs {{ x.{name} }})" for name in "abcdefghijklmnopqrstuvwx")
    fields = ", ".join(f"{name}: bool" for name in "abcdefghijklmnopqrstuvwx")
    body = f"count(args.xs) <= 12; {wanted}"
    made = asked(policy(f"xs: list[{{{fields}}}]", body))
    scene = made.scene
    assert isinstance(scene, Scene)
    found = made.analysis.find(scene, scene.decided.rules[0].holds, lambda judged: "p.r" in judged.held)
    assert isinstance(found, Witness | Undecided)


def test_members_that_must_match_many_patterns_are_given_up_before_anyone_waits() -> None:
    wanted = "; ".join(f'(some x in args.xs {{ x like "*{letter}*" }})' for letter in "abcdefghijklmnop")
    made = asked(policy("xs: list[string]", f"count(args.xs) <= 12; {wanted}"))
    search = made.scene.searching()
    with pytest.raises(OutOfBudget):
        search.possible([search.space.node(made.scene.decided.rules[0].holds)])
    assert len(search.texts.found) < 100


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_an_order_against_a_very_long_text_is_not_taken_apart(operator: str) -> None:
    answers = asked(policy("s: string", f'args.s {operator} "{"b" * 20_000}"')).answers()
    assert answers["holds", "r"] is not None


def test_a_chain_of_a_thousand_overrides_is_too_large() -> None:
    rules = "\n".join(
        f"{'allow' if place % 2 else 'deny'} r{place}{f' overrides r{place - 1}' if place else ''}"
        f" if {{ tool is t; args.n > {place} }}"
        for place in range(1_000)
    )
    made = checked(f"package p\ntool t(n: int)\n{rules}\n")
    assert Analysis(made, BothEvaluators(made)).scene("t") == Undecided("too-large")
