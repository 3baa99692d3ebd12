from __future__ import annotations

import pytest

from tenetlang.program import expression as core
from tenetlang.program.errors import Faults
from tests.unit.program.policies import TOOLS, program, rule

DATA = """
data limits: map[string, decimal]
data prices: list[decimal]
data price_lists: map[string, list[decimal]]
data shapes: map[string, regex]
fn halved(x: int) -> int = floor_div(x, 2)
fn part(x: int, y: int) -> int = floor_div(x, y)
counter spent = sum(args.amount) of refund within 24h
let risky = 10 % count(session.labels)
let safe = count(session.labels) + 1
"""


@pytest.mark.parametrize(
    "condition",
    [
        "args.amount > 5",
        "args.amount + args.amount > 5",
        "spent + args.amount * 1.5 > 5",
        "args.amount / 3 > 5",
        "args.count % 2 == 0",
        "data.limits[args.customer] ?? 5 > 4",
        "data.limits[args.customer] is present and data.limits[args.customer] > 4",
        "halved(args.count) > 1",
        "safe > 1",
        "round(args.amount, 2) > 1",
        'round(args.amount, -2, "up") + 1 > 1',
        "max([args.count]) ?? 0 > 1",
        "count(session.labels | {args.customer}) - 5 * count(session.labels) > -(count(args.customer) % 3)",
        "abs(args.amount) > 1",
        "-args.amount > -1.5",
        "to_decimal(args.count) > 1",
        "args.count * args.amount > 1",
        "args.amount / 3 * args.amount > 1",
        "sum(data.prices) > 1",
        "sum(data.price_lists[args.customer] ?? []) > 1",
        'args.customer matches "[a-z]+" or args.customer in {"a"}',
    ],
)
def test_what_can_never_err(condition: str) -> None:
    found = program(TOOLS + DATA + f"deny r if {{ tool is refund; {condition} }}")
    assert not Faults(found).block(rule(found, "r").body)


@pytest.mark.parametrize(
    "condition",
    [
        "args.count + 1 > 5",
        "args.amount / args.amount > 5",
        "5 % args.count == 0",
        "data.limits[args.customer] > 4",
        "part(args.count, args.count) > 1",
        "risky > 1",
        "to_int(args.customer) > 1",
        "-args.count > 1",
        "now + 24h > now",
        "session.calls[0].tool is refund",
        "args.amount * args.amount * args.amount > 5",
        "some label in session.labels { count(label) == 5 % args.count }",
        "every label in session.labels { label != args.customer }",
        "count([label for label in session.labels]) > 1",
        "some label in session.labels",
        "let quotient = 5 % args.count; quotient > 1",
        "sum([args.count, args.count]) > 5",
        "sum([args.amount * args.amount * args.amount]) > 5",
        'args.customer + "x" == "ax"',
        "count(flatten([[1], [2]])) > 5",
        "abs(args.count) > 1",
        "args.count * args.count > 1",
        "args.count - 1 > 1",
        "args.customer matches data.shapes[args.customer]",
        "round(args.amount, args.count) > 1",
        "round(args.amount, 40) > 1",
        "to_decimal(args.customer) > 1",
        "floor_div(args.count, -1) > 1",
        "args.amount / 0.000000000001 * args.amount * args.amount * args.amount > 1",
    ],
)
def test_what_may_err(condition: str) -> None:
    found = program(TOOLS + DATA + f"deny r if {{ tool is refund; {condition} }}")
    assert Faults(found).block(rule(found, "r").body)


def test_an_error_in_a_part_is_an_error_of_the_whole() -> None:
    found = program(
        TOOLS + DATA + 'let m = match { risky > 1 => 1, else => 2 }\nlet f = {["a"]: risky}\nlet g = { a: [{risky}] }'
    )
    assert all(Faults(found).expression(found.definitions[f"acme.{name}"].value) for name in "mfg")
    fixed = found.definitions["acme.m"]
    assert not Faults(found).expression(core.Constant(1, fixed.type, fixed.at))


@pytest.mark.parametrize(
    ("condition", "tools"),
    [
        ("tool is refund", {"refund"}),
        ("tool is refund | email.send; tool has @external", {"refund", "email.send"}),
        ('(tool is refund and agent.id == "a") or tool is email.send', {"refund", "email.send"}),
        ('agent.id == "a" or tool is email.send', None),
        ('agent.id == "a"; tool is refund', {"refund"}),
        ("some label in session.labels; tool is refund", None),
        ("some label in session.labels { label == agent.id }; tool is refund", None),
        ("5 % count(session.labels) == 1; tool is refund", None),
        ("5 % count(session.labels) == 1 and tool is refund", None),
        ("let left = 5 % count(session.labels); left > 1; tool is refund", None),
        ("let left = count(session.labels); left > 1; tool is refund", {"refund"}),
        ("tool is refund and 5 % count(session.labels) == 1", {"refund"}),
    ],
)
def test_a_rule_is_for_the_tools_named_before_anything_in_it_can_err(condition: str, tools: set[str] | None) -> None:
    found = program(TOOLS + f"deny r if {{ {condition} }}")
    assert rule(found, "r").tools == tools
