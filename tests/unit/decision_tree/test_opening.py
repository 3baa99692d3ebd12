"""Opening authentic bytes: the same policy, read only as far as somebody looks, and a denial where it is broken after all."""

from __future__ import annotations

import json
from threading import Barrier, Thread

import pytest

from tenetlang.decision import Decision
from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.json_form import canonical, decode, encode, to_json
from tenetlang.decision_tree.opening import open_policy
from tenetlang.decision_tree.tree import LateRules, Policy, program_of
from tenetlang.decision_tree.verify import PolicyFormatError
from tenetlang.evaluator.evaluator import Evaluator
from tests.sources import program_of as checked

TOOLS = 200
BASE = """package base
import std.agents
deny frozen if { tool is t7; args.n == 13 } because "frozen at {args.n}"
"""
ENTRY = (
    """package shop
extend base
reviewers desk { who {"ada"}; within 30m; quorum 1; else deny }
default deny because "nothing allows {tool}"
let half = 10
"""
    + "".join(f"tool t{number}(n: int, to?: list[string])\n" for number in range(TOOLS))
    + "".join(
        f'@owner("team {number}")\nallow a{number} if {{ tool is t{number}; args.n < half }}\n'
        f"escalate e{number} to desk if {{ tool is t{number}; args.n >= half }}\n"
        for number in range(TOOLS)
    )
    + "deny closed if { tool is t7; args.n == 13 }\nallow reopened overrides closed if { tool is t7; args.n > 12 }\n"
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return build(checked(ENTRY, BASE, entry="shop"))


def made(policy: Policy) -> dict[str, int]:
    """How many parts of each kind were read."""
    rules = sum(len(package.rules._made) for package in policy.packages if isinstance(package.rules, LateRules))
    parts = {"buckets": policy.buckets, "tools": policy.tools, "definitions": policy.definitions}
    return {"rules": rules, **{name: len(part._made) for name, part in parts.items()}}  # type: ignore[attr-defined]


def test_an_opened_policy_is_the_one_that_was_written(policy: Policy) -> None:
    opened = open_policy(encode(policy))
    assert opened == decode(encode(policy))
    assert decode(encode(policy)) == opened
    assert encode(opened) == encode(policy)
    assert [(h.name, h.shown_name, h.tools) for h in opened.headings] == [
        (rule.name, rule.shown_name, rule.tools) for rule in policy.rules
    ]
    assert tuple(opened.rules) == policy.rules


def test_a_decision_reads_the_rules_of_its_tool(policy: Policy) -> None:
    opened = open_policy(encode(policy))
    evaluator = Evaluator(opened, digest="sha256:x")
    assert made(opened) == {"rules": 0, "buckets": 0, "tools": 0, "definitions": 0}
    decision = evaluator.decide(call(7, 3))
    assert (decision.verdict, decision.decided_by) == ("allow", ("a7",))
    found = made(opened)
    assert found["rules"] <= 6
    assert found["tools"] == 1
    assert len(decision.trace) == 5
    assert made(opened)["rules"] <= 6


@pytest.mark.parametrize("tool", [0, 7, 199, 500])
@pytest.mark.parametrize("number", [3, 10, 13])
def test_an_opened_policy_decides_and_explains_alike(policy: Policy, tool: int, number: int) -> None:
    request = call(tool, number)
    assert shown(Evaluator(open_policy(encode(policy))).decide(request)) == shown(Evaluator(policy).decide(request))


def test_all_can_be_prepared_at_once(policy: Policy) -> None:
    opened = open_policy(encode(policy))
    Evaluator(opened).prepare()
    assert made(opened)["rules"] == len(opened.rules)


def test_threads_that_decide_at_once_decide_alike(policy: Policy) -> None:
    evaluator = Evaluator(open_policy(encode(policy)))
    expected = {number: shown(Evaluator(policy).decide(call(number, 13))) for number in range(20)}
    begin = Barrier(8)
    wrong: list[int] = []

    def work() -> None:
        begin.wait()
        wrong.extend(
            number
            for number in expected
            for _ in range(20)
            if shown(evaluator.decide(call(number, 13))) != expected[number]
        )

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_program_of_an_opened_policy_has_all_its_rules(policy: Policy) -> None:
    assert program_of(open_policy(encode(policy))) == program_of(policy)


# ------------------------------------------------------------------------------------------------ what is not whole


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"{}", b'{"files":[],"format":"tenet-policy","policy":{},"types":[]}', b"\xff"],
)
def test_what_is_no_policy_is_not_opened(data: bytes) -> None:
    with pytest.raises(PolicyFormatError, match="not a policy"):
        open_policy(data)


def test_another_format_or_version_is_not_opened(policy: Policy) -> None:
    document = to_json(policy)
    with pytest.raises(PolicyFormatError, match="not a policy"):
        open_policy(canonical({**document, "format": "other"}))
    body = document["policy"]
    assert isinstance(body, dict)
    with pytest.raises(PolicyFormatError, match="not version 1"):
        open_policy(canonical({**document, "policy": {**body, "version": 2}}))
    with pytest.raises(PolicyFormatError, match="not a policy"):
        open_policy(canonical({**document, "policy": {**body, "more": 2}}))


def test_a_part_that_is_broken_denies_when_it_is_needed(policy: Policy) -> None:
    text = encode(policy).decode()
    rule = text.index('"shown_name":"a7"')
    broken = text[:rule] + text[rule:].replace('"verdict":"allow"', '"verdict":"maybe"', 1)
    evaluator = Evaluator(open_policy(broken.encode()), digest="sha256:x")
    assert evaluator.decide(call(8, 3)).verdict == "allow"
    decision = evaluator.decide(call(7, 3))
    assert (decision.verdict, decision.decided_by) == ("deny", ("error",))
    assert decision.errors[0].error == "internal"
    with pytest.raises(PolicyFormatError):
        decode(broken)


def test_what_every_request_needs_is_read_at_once(policy: Policy) -> None:
    document = json.loads(encode(policy))
    with pytest.raises(PolicyFormatError, match="expected the number of a type"):
        open_policy(canonical({**document, "types": []}))


def test_a_part_that_is_nested_too_deeply_is_refused_when_it_is_read() -> None:
    policy = build(checked("package p\ntool t(n: int)\ndeny d if { tool is t; args.n < 5 }\n"))
    text = encode(policy).decode()
    place = text.index('{"at":', text.index('"body":'))
    nested = text[:place] + '{"is":"Not","of":' * 500 + "1" + "}" * 500 + "," + text[place:]
    opened = open_policy(nested.encode())
    assert opened.headings[0].name == "p.d"
    with pytest.raises(PolicyFormatError):
        opened.rules[0]
    bottomless = text[:place] + "[" * 100_000 + "]" * 100_000 + "," + text[place:]
    with pytest.raises(PolicyFormatError, match="nested too deeply"):
        open_policy(bottomless.encode())


def call(tool: int, number: int) -> dict[str, object]:
    return {"tool": f"t{tool}", "args": {"n": number}, "agent": {"id": "a"}}


def shown(decision: Decision) -> dict[str, object]:
    return decision.to_json()
