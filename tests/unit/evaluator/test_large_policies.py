"""Policies that are large enough to be divided: a tool's rules by a second attribute, rules for any tool in buckets of their own.

The generated functions and the reference decide the same requests, from Python values and from JSON, and trace them alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from random import Random

import pytest

from tenetlang.decision_tree.tree import Leaf, Switch, leaves
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tests.sources import both

TEAMS = [f"team{number}" for number in range(6)]
HEAD = """\
package acme.large
request agent: { id: string, team: string, roles: set[string], level: int }
data limits: map[string, int]
tool refund(customer: string, amount: int, notes: list[string], note?: string)
default deny because "nothing for {agent.id}"
"""
CONDITIONS = [
    "args.amount > {n}",
    'args.customer == "c{n}"',
    '"role{n}" in agent.roles',
    'args.note is present\n    args.note like "*{n}"',
    'some note in args.notes\n    note == "n{n}"',
    "100 / (args.amount - {n}) > 3",
    'data.limits["l"] > {n}',
    "agent.level == {n}",
]


def rules(random: Random, count: int, *, scope: str, dividing: bool) -> str:
    made = []
    for number in range(count):
        team = random.choice(TEAMS)
        guard = f'agent.team == "{team}"' if dividing else scope
        condition = random.choice(CONDITIONS).replace("{n}", str(number % 5))
        exception = ' unless { "exempt" in agent.roles }' if number % 7 == 0 else ""
        verdict = random.choice(["allow", "deny"])
        reason = ' because "{args.customer} asks"' if number % 5 == 0 and "refund" in scope else ""
        steps = "\n    ".join(part for part in (scope if dividing else "", guard, condition) if part)
        made.append(f"{verdict} rule{number} if {{\n    {steps}\n}}{exception}{reason}")
    return "\n".join(made)


@cache
def divided() -> tuple[Evaluator, Reference]:
    """One tool, 120 rules, most of them about a team."""
    return both(HEAD + rules(Random(1), 120, scope="tool is refund", dividing=True), documents={"limits": {"l": 3}})


@cache
def shared() -> tuple[Evaluator, Reference]:
    """Sixty tools of which each has a rule, and thirty rules for all of them."""
    tools = "\n".join(f"tool t{number}(amount: int)" for number in range(60))
    own = "\n".join(f"allow own{number} if {{ tool is t{number}; args.amount > {number} }}" for number in range(60))
    wide = "\n".join(
        f"deny wide{number} if {{ tool has @checked; agent.level == {number % 6}; "
        f'{"some role in agent.roles; role" if number % 3 else "agent.id"} == "x{number % 4}" }}'
        for number in range(30)
    )
    head = HEAD.replace("tool refund(", "@checked\ntool refund(")
    return both(
        head + tools.replace("tool t", "@checked\ntool t") + "\n" + own + "\n" + wide, documents={"limits": {"l": 3}}
    )


def request(random: Random, tool: str) -> dict[str, object]:
    agent = {
        "id": random.choice(["a1", "x0", "x2"]),
        "roles": random.sample(["role0", "role1", "role3", "exempt", "x1", "x2"], random.randrange(4)),
        "level": random.randrange(7),
    }
    agent["team"] = random.choice([*TEAMS, "nobody's"])
    args: dict[str, object] = {"amount": random.randrange(6)}
    if tool == "refund":
        args |= {
            "customer": f"c{random.randrange(6)}",
            "notes": [f"n{random.randrange(8)}" for _ in range(random.randrange(3))],
        }
        if random.random() < 0.5:
            args["note"] = f"x{random.randrange(6)}"
    return {"tool": tool, "args": args, "agent": agent}


def test_the_rules_of_a_tool_are_divided_by_the_team() -> None:
    evaluator, _ = divided()
    assert isinstance(evaluator.policy.root, Switch)
    assert evaluator.policy.root.attribute.path == ("agent", "team")
    assert len(leaves(evaluator.policy.root)) == len(TEAMS) + 1


def test_rules_for_any_tool_are_in_a_bucket_that_tools_share() -> None:
    evaluator, _ = shared()
    root = evaluator.policy.root
    assert isinstance(root, Switch)
    found = [node.buckets for _, node in root.branches if isinstance(node, Leaf)]
    common = set(found[0]).intersection(*found)
    assert len(found) >= 60
    assert common


@pytest.mark.parametrize(
    ("policy", "tools"),
    [pytest.param(divided, ["refund"], id="divided"), pytest.param(shared, ["refund", "t0", "t59"], id="shared")],
)
def test_both_evaluators_agree_on_large_policies(
    policy: Callable[[], tuple[Evaluator, Reference]], tools: list[str]
) -> None:
    evaluator, reference = policy()
    random = Random(7)
    verdicts = set()
    for _ in range(80):
        asked = request(random, random.choice(tools))
        wanted = reference.decide(asked)
        verdicts.add(wanted.verdict)
        for found in (evaluator.decide(asked), evaluator.decide_json(json.dumps(asked))):
            assert found.to_json() == wanted.to_json()
    assert verdicts == {"allow", "deny"}
