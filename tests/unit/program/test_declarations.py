"""What declarations take, and which finding says what is wrong with them."""

from __future__ import annotations

import pytest

from tenetlang.report.words import describe
from tests.unit.program.policies import TOOLS, checked

TEST = 'test "t" { call web.fetch(url: "https://a.com/", note: "x"); with agent = { id: "a" }; '


def errors(declaration: str) -> list[str]:
    """The checks of the errors; `TEST with … = …` is a line of a test that is sound otherwise."""
    before, is_test, line = declaration.partition("TEST ")
    written = f"{before}{TEST}{line}; expect deny }}" if is_test else declaration
    found = [describe(finding) for finding in checked(f"{TOOLS}{written}\n").findings]
    return [item.check for item in found if item.severity == "error"]


@pytest.mark.parametrize(
    "declaration",
    [
        "tool x(@color a: string)",
        'type A = "a" | "b" | "a"',
        "fn f(a?: int) -> int = a ?? 1",
        "fn f(a: int) -> int = a\nlet x = f(a: 1)",
        "deny r if { tool is refund; args is present }",
        "deny r if { agent is present }",
        "deny r if { some c in session.calls; c.tool is refund; c.args is present; c.args.amount > 1.00 }",
        'deny r if { context["a"] is string; context["a"] == "x" }',
        "counter c = count() of refund",
        "counter c = distinct(args.customer) of refund by agent.id within 1h if { args.amount > 5.00 }",
        'TEST with origins.url = "user"',
        'TEST with origins.url = ["tool:x", "user"]',
        'TEST with origins = { url: "agent" }',
        "TEST with origins = {}",
        "fn f(a: int) -> int = a\nTEST with f(x) = x + 1",
        "let x = [{a: 1}, {b: 2}]",
        "let x = {a: 1} == {a: 2}",
        "data d: glob\ndeny r if { agent.id like data.d }",
        "data d: regex\ndeny r if { agent.id matches data.d }",
    ],
)
def test_what_is_taken(declaration: str) -> None:
    assert errors(declaration) == []


@pytest.mark.parametrize(
    ("declaration", "found"),
    [
        ('reviewers r { who {"a"} }', ["missing-setting"]),
        ("reviewers r { within 1h }", ["missing-setting"]),
        ('reviewers r { who {"a"}, {"b"}; within 1h }', ["wrong-arity"]),
        ('reviewers r { who ["a"]; within 1h }', ["reviewers-not-a-set"]),
        ("reviewers r { who 5; within 1h }", ["reviewers-not-a-set"]),
        ('reviewers r { who {"a"}; within 1h; quorum 2 }', ["reviewers-not-a-set"]),
        ('reviewers r { who {"a"}; within 1h; quorum 0 }', ["reviewers-not-a-set"]),
        ('reviewers r { who {"a"}; within 1h; quorum 1, 1 }', ["wrong-arity"]),
        ('reviewers r { who {"a"}; within 0s }', ["reviewers-not-a-set"]),
        ('reviewers r { who {"a"}; within 5 }', ["reviewers-not-a-set"]),
        ('reviewers r { who {"a"}; within 1h, 2h }', ["wrong-arity"]),
        ('reviewers r { who {"a"}; within 1h; else allow }', ["else-allow"]),
        ('reviewers r { who {"a"}; within 1h; else escalate }', ["missing-setting"]),
        ('reviewers r { who {"a"}; within 1h; else deny to r }', ["escalate-without-reviewers"]),
        ('reviewers r { who {"a"}; within 1h; else escalate to r }', ["reviewers-cycle"]),
        ('reviewers r { who {"a"}; within 1h; notify 5 }', ["type-mismatch"]),
        ('reviewers r { who {"a"}; within 1h; notify agent.id }', ["type-mismatch"]),
        ('reviewers r { who {"a"}; within 1h; within 2h }', ["duplicate-setting"]),
        ('reviewers r { who {"a"}; within 1h; color "x" }', ["unknown-name"]),
        ('tool x(@pattern("(a") a: string)', ["bad-pattern"]),
        ('tool x(@pattern("a") a: int)', ["bad-refinement"]),
        ("tool x(@length(1) a: string)", ["bad-annotation"]),
        ("tool x(@length(-1, 2) a: string)", ["bad-refinement"]),
        ("tool x(@length(5, 2) a: string)", ["bad-refinement"]),
        ("tool x(@length(1, 2) a: int)", ["bad-refinement"]),
        ("tool x(@items(0, 2) a: int)", ["bad-refinement"]),
        ('tool x(@min("a") a: int)', ["bad-refinement"]),
        ("tool x(@min(5) @max(1) a: int)", ["bad-refinement"]),
        ("tool x(@min(1h) a: duration)", ["bad-refinement"]),
        ("tool x(@min(1) a: string)", ["bad-refinement"]),
        ("tool x(a: string, a: int)", ["duplicate-name"]),
        ('@priority("x") deny r if { tool is refund }', ["bad-annotation"]),
        ("@owner(5) deny r if { tool is refund }", ["bad-annotation"]),
        ("@writes deny r if { tool is refund }", ["bad-annotation"]),
        ('@owner("a") @owner("b") deny r if { tool is refund }', ["bad-annotation"]),
        ("type A = int | string", ["type-mismatch"]),
        ("type A = lst[int]", ["unknown-name"]),
        ("type A = list[int, int]", ["wrong-arity"]),
        ("type A = map[json, int]", ["type-mismatch"]),
        ("type A = set[regex]", ["bad-pattern"]),
        ("type A = list[int?]", ["type-mismatch"]),
        ("type A = B", ["unknown-name"]),
        ("type A = { a: int, a: int }", ["duplicate-name"]),
        ("fn f(a: int, a: int) -> int = a", ["duplicate-name"]),
        ('fn f(a: int) -> int = "x"', ["type-mismatch"]),
        ("let x = f(1)", ["unknown-name"]),
        ("let x = refund(1)", ["unknown-name"]),
        ('fn f(a: int) -> int = a\nlet x = f("a")', ["type-mismatch"]),
        ("fn f(a: int) -> int = a\nlet x = f()", ["wrong-arity"]),
        ("fn f(a: int) -> int = a\nlet x = f(b: 1)", ["unknown-argument"]),
        ("let x = f\nfn f(a: int) -> int = a", ["not-comparable"]),
        ("let big = 5\nlet x = big(1)", ["unknown-name"]),
        ("deny r if { args == args }", ["outside-tool", "outside-tool"]),
        ("deny r if { tool is refund; count(args.customr) > 1 }", ["unknown-argument"]),
        ('deny r if { tool is refund; args.note == "x" }', ["unguarded-optional"]),
        ("deny r if { session.calls[0].args.amount > 1 }", ["outside-tool"]),
        (
            "deny r if { some c in session.calls; c.tool is refund; c.args is present; c.args.nothing > 1.00 }",
            ["unknown-argument"],
        ),
        ("deny r if { origin(agent.id) is present }", ["wrong-arity"]),
        ("deny r if { tool is refund; origin(args.nothing) is present }", ["unknown-argument"]),
        ("deny r if { tool is nothing }", ["unknown-tool"]),
        ("deny r if { tool has @nothing }", ["unknown-name"]),
        ("deny r if { agent.id is string }", ["impossible-narrowing"]),
        ('deny r if { context["a"] is nothing }', ["unknown-name"]),
        ('deny r if { context["a"] is regex }', ["bad-pattern"]),
        ("counter c = sum(args.customer) of refund within 24h", ["bad-counter"]),
        ("counter c = count(5) of refund within 24h", ["bad-counter"]),
        ("counter c = sum() of refund within 24h", ["bad-counter"]),
        ("counter c = average(args.amount) of refund within 24h", ["bad-counter"]),
        ("counter c = count() of refund within 0s", ["bad-counter"]),
        ("counter c = count() of nothing within 1h", ["counter-unknown-tool"]),
        ("TEST with approvals = 5", ["type-mismatch"]),
        ("TEST with approvals = [5]", ["type-mismatch"]),
        ("TEST with approvals = [a.b]", ["unknown-name"]),
        ("TEST with approvals = [nobody]", ["unknown-name"]),
        ("TEST with nofn(x) = 5", ["unknown-name"]),
        ("TEST with count(x) = 5", ["unknown-name"]),
        ('TEST with origins.url = "nobody"', ["type-mismatch"]),
        ("TEST with origins.url = 5", ["type-mismatch"]),
        ('TEST with origins.nothing = "user"', ["unknown-argument"]),
        ("TEST with origins = 5", ["type-mismatch"]),
        ("TEST with agent.id = 5", ["type-mismatch"]),
        ("fn f(a: int) -> int = a\nTEST with f(x, y) = 5", ["wrong-arity"]),
        ('fn f(a: int) -> int = a\nTEST with f(x) = "a"', ["type-mismatch"]),
        ("let x of refund = args.amount\ndeny r if { x > 1.00 }", ["outside-tool"]),
        ("let x = {a: 1} == {b: 2}", ["missing-required", "unknown-field"]),
        ('let x = [{a: 1}, {a: "x"}]', ["type-mismatch"]),
        ("import nothing", ["unknown-package"]),
        ("data d: regex\ndeny r if { agent.id like data.d }", ["bad-pattern"]),
    ],
)
def test_what_is_refused(declaration: str, found: list[str]) -> None:
    assert errors(declaration) == found
