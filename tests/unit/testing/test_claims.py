"""Claims, sampled: what is broken comes with a request that shows it, and what is not is never more than sampled."""

from __future__ import annotations

import json

import pytest

from tenetlang.decision_tree.build import build
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.program.program import Program
from tenetlang.report.json import write
from tenetlang.testing.claims import ClaimResult, sample_claims, subject_of
from tests.sources import program_of

HEAD = """\
package shop
data blocked: set[string]
tool refund(customer: string, amount: decimal)
tool transfer(amount: decimal)
@reads
tool lookup(id: int)
reviewers desk { who {"lead"}; quorum 1; within 30m; else deny }
fn risky(amount: decimal) -> bool = amount > 10.00
default deny
allow small if { tool is refund; not risky(args.amount); args.customer not in data.blocked }
escalate large to desk if { tool is refund; risky(args.amount) }
allow reading if { tool is lookup; (agent.team ?? "") == "support" }
"""


def sampled(body: str, head: str = HEAD, count: int = 300) -> tuple[Program, ClaimResult]:
    program = program_of(head + body)
    (result,) = sample_claims(program, lambda claim: True, count)
    return program, result


BROKEN = [
    'never "small" { verdict is allow; tool is refund; args.amount > 9.00 }',
    'never "small" { tool is refund; args.amount > 9.00; "small" in decided_by }',
    'never "somebody" { some name in decided_by; name == "reading" }',
    'never "refunds" { tool is refund }',
    'always "deny" if { tool is refund } { verdict is deny }',
    'always "in words" if { tool is refund; args.amount > 10.00 } { 1 / (args.amount - 10.01) > -1000.00 }',
    'never "blocked" { tool is refund; "b" in data.blocked; args.customer == "b"; verdict is escalate }',
]


@pytest.mark.parametrize("body", BROKEN)
def test_a_broken_claim_has_a_request_that_can_be_decided_again(body: str) -> None:
    program, result = sampled(body)
    assert result.status == "broken"
    assert result.counterexample is not None
    assert result.documents is not None
    assert 1 <= result.about <= result.tried
    replayed = Evaluator(build(program), json.loads(write(result.documents))).decide_json(write(result.counterexample))
    assert replayed.verdict == result.verdict
    assert "invalid_request" not in replayed.decided_by


@pytest.mark.parametrize(
    ("body", "about"),
    [
        ('never "large" { verdict is allow; tool is refund; args.amount > 10.00 }', "some"),
        (
            'never "large" { tool is refund; let sum = args.amount; sum > 10.00; let by = decided_by; "small" in by }',
            "some",
        ),
        ('never "nothing" { verdict is allow; tool is transfer; args.amount > 0.00 }', "some"),
        ('never "no such" { verdict is allow; tool is refund; args.amount > 2.00; args.amount < 1.00 }', "none"),
        ('never "no such amount" { tool is refund; args.amount > 2.00; args.amount < 1.00 }', "some"),
        ('never "at all" { verdict is allow; decided_by == {"nobody"} }', "all"),
        ('always "asked" if { tool is refund; args.amount > 10.00 } { verdict is escalate }', "some"),
        ('always "read" if { tool has @reads; verdict is allow } { "reading" in decided_by }', "some"),
        ('always "no such" if { tool is refund; args.amount > 2.00; args.amount < 1.00 } { verdict is allow }', "none"),
        ('always "erring" if { tool is refund; 1 / (args.amount - args.amount) > 0.0 } { verdict is allow }', "none"),
        ('never "erring" { tool is refund; 1 / (args.amount - args.amount) > 0.0; verdict is allow }', "none"),
    ],
)
def test_what_is_not_broken_says_how_many_requests_it_was_about(body: str, about: str) -> None:
    _, result = sampled(body)
    assert (result.status, result.tried, result.counterexample) == ("unbroken", 300, None)
    assert {"none": result.about == 0, "some": 20 < result.about < 300, "all": result.about == 300}[about], result.about


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ('with agent.team = "sales"', "unbroken"),
        ('with agent.team = "support"', "broken"),
        ("with risky(x) = true", "broken"),
        ('with agent = { id: "a", team: "support" }', "broken"),
        ("with origins = {}", "broken"),
    ],
)  # fmt: skip
def test_with_fixes_a_part_of_every_request(lines: str, status: str) -> None:
    body = f'never "read" {{ {lines}; verdict is allow; tool is lookup }}'
    _, result = sampled(body)
    assert (result.status, result.error) == (status, "")
    if result.counterexample is not None and "agent" in lines:
        agent = result.counterexample["agent"]
        assert isinstance(agent, dict)
        assert agent["team"] == "support"


def test_a_function_can_have_another_body_for_a_claim() -> None:
    body = 'never "small" {{ with risky(x) = {}; tool is refund; verdict is allow }}'
    assert sampled(body.format("true"))[1].status == "unbroken"
    assert sampled(body.format("true"))[1].tried == 300
    assert sampled(body.format("false"))[1].status == "broken"


def test_documents_can_be_said_by_a_claim() -> None:
    body = 'never "a" {{ with data.blocked = {{{}}}; tool is refund; args.customer == "a"; verdict is allow }}'
    assert sampled(body.format('"a"'))[1].status == "unbroken"
    _, result = sampled(body.format('"b"'))
    assert result.documents == {"shop.blocked": ["b"]}


def test_a_claim_whose_own_lines_err_is_an_error() -> None:
    head = HEAD + "data limit: decimal\nlet zero = 0.0\n"
    _, result = sampled('never "a" { with data.limit = 1 / zero; verdict is allow }', head)
    assert (result.status, result.tried) == ("error", 0)
    assert result.error == "the error division_by_zero in the claim, at policy.tenet:15"


def test_requests_that_the_claim_itself_makes_invalid_are_not_counted() -> None:
    head = "package a\nrequest level: { @max(3) n: int }\ndefault deny\nallow all if { level.n < 9 }\n"
    _, result = sampled('never "a" { with level.n = 7; verdict is allow }', head)
    assert (result.status, result.tried, result.about) == ("unbroken", 0, 0)


def test_a_claim_can_not_say_a_part_of_the_request_by_another() -> None:
    _, result = sampled('never "a" { with agent.id = user.id; verdict is allow }')
    assert result.error == ("`user.id` (policy.tenet:13) reads the request or a document, which are only made of it")


def test_the_same_policy_gives_the_same_samples_and_progress_is_told() -> None:
    program = program_of(HEAD + 'never "a" { verdict is allow }\nnever "b" { verdict is escalate }')
    steps: list[int] = []
    first = list(sample_claims(program, lambda claim: True, 100, lambda: steps.append(1)))
    assert first == list(sample_claims(program, lambda claim: True, 100))
    assert len(steps) == 2
    assert [result.name for result in sample_claims(program, lambda claim: claim.name == "b", 1)] == ["b"]


def test_what_a_never_is_about_leaves_out_what_follows_from_the_decision() -> None:
    program = program_of(
        HEAD
        + 'never "a" { some i, name in [for_one]; verdict is allow }'.replace("[for_one]", '["x"]')
        + '\nnever "b" { some name in decided_by; let other = name; other == "x"; agent.id == "a" }'
        + '\nnever "c" { tool is refund; args.amount > 1.00 }'
    )
    texts = [[step.text for step in subject_of(claim)] for claim in program.claims]
    assert texts == [['some i, name in ["x"]'], ['agent.id == "a"'], ["tool is refund"]]
