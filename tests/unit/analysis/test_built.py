"""Collections that a policy builds: the order, the positions, the keys and the errors of their members."""

from __future__ import annotations

import pytest

from tenetlang.analysis.questions import Witness
from tests.unit.analysis.held import asked, policy, wrongly_ruled_out


@pytest.mark.parametrize(
    ("parameters", "body", "arguments"),
    [
        ("xs: list[int]", "some i, x in [y for y in args.xs if y < 3] { i >= 5 }", {"xs": [1] * 7}),
        (
            "xs: list[int]",
            "some i, x in args.xs { i == 0 and x == 1 }; every i, x in reverse(args.xs) { i != 0 or x != 1 }",
            {"xs": [1, 2]},
        ),
        (
            "xs: list[int]",
            "some i, x in args.xs { i == 0 and x == 2 }; every i, x in sort(args.xs) { i != 0 or x != 2 }",
            {"xs": [2, 1]},
        ),
        (
            "xs: list[int]",
            "every i, x in args.xs { x != 2 or i == 2 }; some i, x in distinct(args.xs) { x == 2 and i == 1 }",
            {"xs": [1, 1, 2]},
        ),
        ("xs: set[string]", 'some i, x in to_list(args.xs) { i == 2 and x == "c" }', {"xs": ["a", "b", "c"]}),
        ("m: map[string, int]", "some i, v in values(args.m) { i == 1 and v == 7 }", {"m": {"a": 1, "b": 7}}),
        (
            "xs: list[list[int]]",
            "every r in args.xs { every j, x in r { j == 0 } }; some i, x in flatten(args.xs) { i == 2 }",
            {"xs": [[1], [2], [3]]},
        ),
        (
            "xs: list[string]",
            'every x in args.xs { x != "a" }; some i, x in (args.xs + ["a"]) { x == "a" and i == 3 }',
            {"xs": ["b", "c", "d"]},
        ),
    ],
)
def test_the_position_in_a_list_that_is_built_is_not_that_in_what_it_is_built_of(
    parameters: str, body: str, arguments: dict[str, object]
) -> None:
    assert not wrongly_ruled_out(policy(parameters, body), arguments)


def test_the_positions_of_a_list_that_is_written_out_are_known() -> None:
    for body in [
        "some i, x in ([args.a, 2] + args.xs) { i == 1 and x == 3 }",
        "count(args.xs) == 2; some i, x in (args.xs + [7]) { x == 7 and i > 2 and args.a == 1 }; every x in args.xs { x == 1 }",
    ]:
        assert asked(policy("a: int, xs: list[int]", body)).answers()["holds", "r"] is None


@pytest.mark.parametrize(
    ("parameters", "body", "arguments"),
    [
        ("a: string, b: string", "not (some v in {[args.a]: 1, [args.b]: 2} { v == 1 })", {"a": "x", "b": "x"}),
        (
            "xs: list[int]",
            'some x in args.xs { x == 1 }; every x in {["k"]: y for y in args.xs} { x > 1 }',
            {"xs": [1, 2]},
        ),
        (
            "a: string, b?: string",
            'every v in {[args.a]: 1, [args.b ?? "y"]: 2} { v == 2 }',
            {"a": "y"},
        ),
    ],
)
def test_of_entries_with_one_key_the_last_counts(parameters: str, body: str, arguments: dict[str, object]) -> None:
    assert not wrongly_ruled_out(policy(parameters, body), arguments)


def test_entries_with_other_keys_are_all_there() -> None:
    for body in [
        'every v in {["a"]: 1, ["b"]: args.n} { v == 2 }',
        'not (some v in {[args.k]: 1, ["b"]: 2} { v == 1 }); args.k != "b"',
        "every k, v in {[k]: v + 1 for k, v in args.m} { v == 2 }; some v in args.m { v == 7 }",
        "every k, v in {[x]: 1 for x in args.s} { v == 2 }; count(args.s) > 0",
    ]:
        content = policy("n: int, k: string, m: map[string, int], s: set[string]", body)
        assert asked(content).answers()["holds", "r"] is None, body


@pytest.mark.parametrize(
    ("parameters", "body", "arguments"),
    [
        ("n: int", "args.n == 5; some x in {args.n, 0} { 10 % x == 0 }", {"n": 5}),
        ("n: int", "args.n == 5; some x in ({args.n} | {0}) { 10 % x == 0 }", {"n": 5}),
        ("n: int", "args.n == 5; some x in ({args.n, 0} & {args.n, 0}) { 10 % x == 0 }", {"n": 5}),
        ("n: int", "args.n == 5; some x in {y for y in [args.n, 0]} { 10 % x == 0 }", {"n": 5}),
        ("n: int", "args.n == 5; some x in sort([args.n, 0]) { 10 % x == 0 }", {"n": 5}),
        ("n: int", "args.n == 5; some x in to_set([args.n, 0]) { 10 % x == 0 }", {"n": 5}),
        ("n: int", "args.n == 5; some x in reverse([args.n, 0]) { 10 % x == 0 }", {"n": 5}),
        ("k: string", 'args.k == "z"; some v in {[args.k]: 5, ["b"]: 0} { 10 % v == 0 }', {"k": "z"}),
        (
            "xs: list[int]",
            "(some x in args.xs { 10 % x == 0 }); (some x in sort(args.xs) { 10 % x == 0 })",
            {"xs": [5, 0]},
        ),
        (
            "xs: list[int]",
            "(some x in args.xs { 10 % x == 0 }); (some x in {y for y in args.xs} { 10 % x == 0 })",
            {"xs": [5, 0]},
        ),
    ],
)
def test_sets_and_maps_are_gone_through_in_their_own_order(
    parameters: str, body: str, arguments: dict[str, object]
) -> None:
    assert not wrongly_ruled_out(policy(parameters, body), arguments)


def test_a_list_that_is_written_out_is_gone_through_in_order() -> None:
    answers = asked(policy("n: int", "args.n == 5; some x in [args.n, 0] { 10 % x == 0 }")).answers()
    assert answers["errs", "r"] is None
    assert isinstance(answers["holds", "r"], Witness)


@pytest.mark.parametrize(
    "body",
    [
        "args.a == 3; args.b == 0; (some x in [10 % args.a, 10 % args.b] { x > 0 }) or args.c",
        "args.a == 3; args.b == 0; (some x in {10 % args.a, 10 % args.b} { x > 0 }) or args.c",
        "args.a == 3; args.b == 0; ({x: args.a, y: 10 % args.b}.x == 3) or args.c",
        "args.a == 3; args.b == 0; (({x: args.a, y: 10 % args.b}.x) == 3) or args.c",
    ],
)
def test_an_error_of_one_member_is_one_of_the_whole(body: str) -> None:
    content = policy("a: int, b: int, c: bool", body)
    assert not wrongly_ruled_out(content, {"a": 3, "b": 0, "c": False})


@pytest.mark.parametrize(
    ("parameters", "body", "arguments", "more", "documents"),
    [
        ("xs: list[int]", "count(args.xs + args.xs) > 1", {"xs": [1] * 26_000}, "", {}),
        ("a: int", "count(data.xs + [1]) > 1", {"a": 1}, "data xs: list[int]", {"p.xs": [1] * 50_000}),
        (
            "a: int",
            "count(flatten(data.xs)) > 1",
            {"a": 1},
            "data xs: list[list[int]]",
            {"p.xs": [[1] * 26_000, [2] * 26_000]},
        ),
        (
            "xs: list[int]",
            "count(flatten([args.xs, args.xs])) > 1",
            {"xs": [1] * 26_000},
            "",
            {},
        ),
    ],
)
def test_a_list_that_becomes_too_long_is_an_error(
    parameters: str, body: str, arguments: dict[str, object], more: str, documents: dict[str, object]
) -> None:
    assert not wrongly_ruled_out(policy(parameters, body, more), arguments, documents)


def test_lists_that_come_in_with_one_request_are_never_too_long_together() -> None:
    for body in ["count(args.xs + (args.ys ?? [])) > 1", "count(args.xs + [1, 2]) > 1", "count(flatten(args.zs)) > 1"]:
        content = policy("xs: list[int], ys?: list[int], zs: list[list[int]]", body)
        assert asked(content).answers()["errs", "r"] is None, body
