from __future__ import annotations

import pytest

from tenetlang.program import expression as core
from tenetlang.program.errors import block_can_fault, can_fault
from tests.unit.program.policies import TOOLS, program, rule

DATA = """
data limits: map[string, decimal]
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
        'args.customer + "x" like "a*"',
        "round(args.amount, 2) > 1",
        "every label in session.labels { label != args.customer }",
        "max([args.count]) ?? 0 > 1",
    ],
)
def test_what_can_never_err(condition: str) -> None:
    found = program(TOOLS + DATA + f"deny r if {{ tool is refund; {condition} }}")
    assert not block_can_fault(rule(found, "r").body, found)


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
        "sum([args.count, args.count]) > 5",
    ],
)
def test_what_may_err(condition: str) -> None:
    found = program(TOOLS + DATA + f"deny r if {{ tool is refund; {condition} }}")
    assert block_can_fault(rule(found, "r").body, found)


def test_an_error_in_a_part_is_an_error_of_the_whole() -> None:
    found = program(
        TOOLS + DATA + 'let m = match { risky > 1 => 1, else => 2 }\nlet f = {["a"]: risky}\nlet g = { a: [{risky}] }'
    )
    assert all(can_fault(found.definitions[f"acme.{name}"].value, found) for name in "mfg")
    assert not can_fault(core.Constant(1, found.definitions["acme.m"].type, found.definitions["acme.m"].at), found)
