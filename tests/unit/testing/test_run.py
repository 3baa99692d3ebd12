"""Tests of policies, run: what passes, what fails and why, and what can't be told."""

from __future__ import annotations

import attrs
import pytest

from tenetlang.program.program import TestCase
from tenetlang.testing.run import TestResult, run_tests
from tests.sources import program_of

HEAD = """\
package shop
data vendors: set[string]
tool refund(customer: string, @min(0) amount: decimal)
tool lookup(id: int)
reviewers desk { who {"lead"}; quorum 1; within 30m; else deny }
counter today = count() of refund within 24h
fn risky(amount: decimal) -> bool = amount > 10.00
let calm = agent.id == "calm"
obligation mask(field: string)
default deny because "nothing allows this"
allow small if { tool is refund; not risky(args.amount); today < 3 } because "{args.amount} is small" then mask("customer")
escalate large to desk if { tool is refund; args.amount > 50.00; args.customer in data.vendors } because "large"
@overridable
deny odd if { tool is refund; args.customer == "odd" }
deny broken if { tool is refund; 100 % args.amount < 0 } because "can't be"
allow trusted overrides odd if { tool is refund; agent.id == "root" }
with agent = { id: "a" }
"""
HEAD = HEAD.replace("deny broken if { tool is refund; 100 % args.amount < 0 } because \"can't be\"\n", 'deny broken if { tool is refund; args.customer == "zero"; 1 / args.amount < 0.0 }\n')  # fmt: skip


def ran(body: str, head: str = HEAD) -> list[TestResult]:
    return list(run_tests(program_of(head + body), lambda case: True))


def one(body: str, head: str = HEAD) -> TestResult:
    (result,) = ran(body, head)
    return result


def told(result: TestResult) -> list[str]:
    lines = [result.error] if result.error else []
    for failure in result.failures:
        lines += [f"expected {failure.expected}", f"got {failure.got}", *failure.stopped]
    return lines


REFUND = 'call refund(customer: "c", amount: 20.00); '


@pytest.mark.parametrize(
    "body",
    [
        'call refund(customer: "c", amount: 2.00); expect allow by small because "2 is small"',
        'call refund(customer: "c", amount: 2.00); expect verdict is allow; expect "mask" in obligations',
        'call refund(customer: "v", amount: 60.00); with data.vendors = {"v"}; expect escalate to desk by large',
        'call refund(customer: "v", amount: 60.00); with data.vendors = {"v"}; with approvals = [desk]; expect allow by large',
        "call lookup(id: 3); expect deny by default",
        REFUND + "with risky(x) = x > 30.00; expect allow",
        REFUND + 'with agent = { id: "root" }; expect allow by trusted; expect decided_by == {"trusted"}',
        "expect risky(11.00); expect not risky(10.00)",
        'expect not calm; with agent.id = "b"',
        "with today = 5; expect today == 5",
        'expect agent.id == "calm"; expect calm; with agent = { id: "calm" }',
    ],
)
def test_a_test_passes_where_all_that_it_expects_is_so(body: str) -> None:
    result = one(f'test "t" {{ {body} }}')
    assert (result.status, told(result)) == ("passed", [])


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            REFUND + "expect allow",
            [
                "expected allow", 'got deny by default because "nothing allows this"',
                "small: `not risky(args.amount)` is false, with args.amount = 20 (policy.tenet:11)",
                'trusted: `agent.id == "root"` is false, with agent.id = "a" (policy.tenet:16)',
            ],
        ),
        (
            REFUND + 'expect escalate to desk by large because "no"',
            [
                'expected escalate to desk by large because "no"', 'got deny by default because "nothing allows this"',
                "large: `args.amount > 50.00` is false, with args.amount = 20 (policy.tenet:12)",
            ],
        ),
        (
            'call refund(customer: "v", amount: 60.00); with data.vendors = {"v"}; expect deny',
            [
                "expected deny", 'got escalate to desk by large because "large"',
                'broken: `args.customer == "zero"` is false, with args.customer = "v" (policy.tenet:15)',
                'odd: `args.customer == "odd"` is false, with args.customer = "v" (policy.tenet:14)',
            ],
        ),
        (
            'call refund(customer: "odd", amount: 20.00); with agent = { id: "root" }; expect deny by odd',
            ["expected deny by odd", 'got allow by trusted because "rule trusted"', "odd: matched, overridden by trusted"],
        ),
        (
            'call refund(customer: "odd", amount: 2.00); expect allow by small',
            ["expected allow by small", 'got deny by odd because "rule odd"', "small: matched, but odd decided"],
        ),
        (
            "call lookup(id: 1); expect allow by small",
            ["expected allow by small", 'got deny by default because "nothing allows this"', "small: is not for this tool"],
        ),
        (
            'call refund(customer: "zero", amount: 0.00); expect deny by broken',
            [
                "expected deny by broken", 'got deny by error because "an error in rule broken: division_by_zero"',
                "broken: `1 / args.amount < 0.0` erred (division_by_zero), with args.amount = 0 (policy.tenet:15)",
            ],
        ),
        (
            REFUND + "expect args.amount > 30.00",
            ["expected expect args.amount > 30.00", "got false, with args.amount = 20"],
        ),
        ("expect risky(1.00)", ["expected expect risky(1.00)", "got false"]),
        (
            'call refund(customer: "c", amount: 2.00); expect allow because "no"',
            [
                'expected allow because "no"', 'got allow by small because "2 is small"',
            ],
        ),
    ],
)  # fmt: skip
def test_a_failure_says_what_came_instead_and_what_stopped_the_rule(body: str, lines: list[str]) -> None:
    result = one(f'test "t" {{ {body} }}')
    assert result.status == "failed"
    assert told(result) == lines
    assert all(failure.at == "policy.tenet:18" for failure in result.failures)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            "let zero = 0.0; let x = 1 / zero; " + REFUND + "expect deny",
            "the error division_by_zero in the test itself, at policy.tenet:18",
        ),
        (
            REFUND + "expect 1 / (args.amount - 20.00) > 0.0",
            "the error division_by_zero in the test itself, at policy.tenet:18",
        ),
        (
            "let who = agent.id; " + REFUND + "expect deny",
            "`agent.id` (policy.tenet:18) reads the request or a document, which are only made of it",
        ),
        (
            'call refund(customer: "c", amount: -1.00); expect args.amount < 0.00',
            "`expect args.amount < 0.00` can't be told: invalid request: args.amount: must be at least 0",
        ),
    ],
)
def test_a_test_that_cannot_be_told_says_why(body: str, error: str) -> None:
    result = one(f'test "t" {{ {body} }}')
    assert (result.status, result.error) == ("error", error)


def test_what_an_invalid_request_is_answered_can_be_expected() -> None:
    body = 'call refund(customer: "c", amount: -1.00); expect deny by invalid_request; expect verdict is deny'
    assert one(f'test "t" {{ {body} }}').status == "passed"


def test_a_verdict_that_no_call_leads_to_is_an_error_of_the_test() -> None:
    program = program_of(HEAD + 'test "t" { call lookup(id: 1); expect deny }')
    case = attrs.evolve(program.tests[0], tool=None)
    (result,) = run_tests(attrs.evolve(program, tests=(case,)), lambda _: True)
    assert result.error == "the test expects a verdict and calls no tool: add `call …`"


def test_an_unsaid_fact_is_an_error_of_the_test_with_its_name() -> None:
    program = program_of(HEAD + 'test "t" { call lookup(id: 1); expect deny }')
    case = attrs.evolve(program.tests[0], replacements=())
    (result,) = run_tests(attrs.evolve(program, tests=(case,)), lambda _: True)
    assert result.error == "the policy reads `agent`, and the test does not say it: add `with agent = …`"


def test_a_condition_on_what_the_test_does_not_say_cannot_be_told() -> None:
    program = program_of(HEAD + 'test "t" { expect calm }')
    case = attrs.evolve(program.tests[0], replacements=())
    (result,) = run_tests(attrs.evolve(program, tests=(case,)), lambda _: True)
    assert result.error == "`expect calm` can't be told: the test does not say all that the condition reads"


def test_a_document_that_does_not_fit_is_an_error_of_the_test() -> None:
    head = HEAD.replace("data vendors: set[string]", "data vendors: set[string]\ndata one: { a: int, b: int }")
    result = one('test "t" { call lookup(id: 1); with data.one.a = 3; expect deny }', head)
    assert (result.status, result.error) == ("error", "`shop.one.b`: required, and missing")


def test_a_table_gives_a_result_for_each_row_with_its_values() -> None:
    results = ran(
        'test "limit" for amount, expected in [(10.00, allow), (10.01, deny), (1.00, deny)] {\n'
        '    call refund(customer: "c", amount: amount)\n    expect expected\n}'
    )
    assert [(result.row, result.status) for result in results] == [
        ("10, allow", "passed"), ("10.01, deny", "passed"), ("1, deny", "failed")
    ]  # fmt: skip
    assert results[2].failures[0].expected == "deny"


def test_only_what_is_wanted_runs_and_progress_is_told_of_each_row() -> None:
    program = program_of(
        HEAD
        + 'test "a" for n in [1, 2] { call lookup(id: n); expect deny }\ntest "b" { call lookup(id: 1); expect deny }'
    )
    steps: list[int] = []

    def wanted(case: TestCase) -> bool:
        return case.name == "a"

    results = list(run_tests(program, wanted, lambda: steps.append(1)))
    assert [result.name for result in results] == ["a", "a"]
    assert len(steps) == 2


def test_functions_are_replaced_for_one_test_and_not_for_the_next() -> None:
    results = ran(
        "\n".join(
            f'test "{name}" {{ {REFUND}{line}expect {expected} }}'
            for name, line, expected in [
                ("a", "", "deny"),
                ("b", "with risky(x) = false; ", "allow"),
                ("c", "with risky(x) = false; ", "allow"),
                ("d", "with risky(x) = true; ", "deny"),
                ("e", "", "deny"),
            ]
        )
    )
    assert [result.status for result in results] == ["passed"] * 5


def test_a_rule_that_is_only_observed_is_said_to_be() -> None:
    head = "package a\ntool t()\ndefault deny\n@observe\nallow all if { tool is t }\n"
    result = one('test "t" { call t(); expect allow by all }', head)
    assert told(result)[2:] == ["all: matched, but is only observed"]


NO_TOOLS = """\
package gate
request method: "GET" | "PUT"
default deny
allow get if { method == "GET" }
"""


def test_a_package_without_tools_is_tested_without_a_call() -> None:
    results = ran(
        'test "t" { with method = "GET"; expect allow }\ntest "f" { with method = "PUT"; expect allow }', NO_TOOLS
    )
    assert [result.status for result in results] == ["passed", "failed"]
    assert results[1].failures[0].stopped == ('get: `method == "GET"` is false, with method = "PUT" (policy.tenet:4)',)


def test_a_fact_that_a_request_could_not_bring_is_said_where_no_tool_is_called() -> None:
    head = """\
package a
import std.agents
request level: { @max(3) n: int }
tool t()
default deny
allow low if { tool is t; level.n < 2 }
"""
    result = one('test "t" { with level = { n: 7 }; expect level.n == 7 }', head)
    assert result.error == "`expect level.n == 7` can't be told: invalid request: level.n: must be at most 3"
