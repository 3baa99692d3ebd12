"""Each mistake that a policy can have is made once, and what a condition makes readable stays readable."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenetlang.analysis.mutation.mutations import Mutation, mutations
from tenetlang.analysis.mutation.neighbours import neighbour
from tenetlang.program import types as t
from tenetlang.values.numbers import INT_MAX
from tests.sources import program_of

HEAD = """\
package shop
tool pay(amount: decimal, count: int, to: list[email], file: path, note?: string, region: "eu" | "us" | "asia")
tool look(file: path)
request agent: { id: string, team?: string }
reviewers desk { who {"a", "b"}; quorum 2; within 30m; else deny }
"""


def found(body: str, head: str = HEAD) -> list[Mutation]:
    return list(mutations(program_of(head + body)))


def changes(body: str, head: str = HEAD) -> set[tuple[str, str, str]]:
    return {(item.change.kind, item.change.before, item.change.after) for item in found(body, head)}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("args.amount < 50.00", ("comparison", "<", "<=")),
        ("args.amount >= 50.00", ("comparison", ">=", ">")),
        ("args.amount < 50.00", ("boundary", "50.00", "49.99")),
        ("args.amount < 50", ("boundary", "50", "51")),
        ("args.count < 50", ("boundary", "50", "51")),
        ("args.count < 50", ("condition-dropped", "args.count < 50", "")),
        ("args.count < 50", ("condition-negated", "args.count < 50", "")),
        ("args.count < 1 or args.count > 5", ("and-or", "or", "and")),
        ("args.count < 1 or args.count > 5", ("alternative-dropped", "args.count > 5", "")),
        ("some a in args.to { a.domain == `a.b` }", ("some-every", "some", "every")),
        ("every a in args.to { a.domain == `a.b` }", ("some-every", "every", "some")),
        ('args.region in {"eu", "us"}', ("member-dropped", '"us"', "")),
        ('args.file like "/srv/**"', ("pattern-shortened", "/srv/**", "/srv**")),
        ('starts_with(args.note ?? "", "abc")', ("pattern-shortened", "abc", "ab")),
    ],
)
def test_a_condition_has_its_mistakes(condition: str, expected: tuple[str, str, str]) -> None:
    imports = "" if "starts_with" not in condition else "import std.text\n"
    body = condition.replace("starts_with", "text.starts_with").replace("`", '"')
    assert expected in changes(f"{imports}allow r if {{ tool is pay; {body} }}")


def test_a_rule_has_its_mistakes() -> None:
    body = """\
allow small if { tool is pay; args.count < 5 } unless { agent.id == "x" }
escalate large to desk if { tool is pay; args.count >= 5 }
deny never overrides small if { tool is pay; agent.id == "y" }
"""
    assert {
        ("exception-dropped", 'not { agent.id == "x" }', ""),
        ("verdict", "allow", "deny"),
        ("verdict", "escalate", "allow"),
        ("verdict", "escalate", "deny"),
        ("verdict", "deny", "allow"),
        ("rule-dropped", "small", ""),
        ("override-dropped", "small", ""),
        ("quorum", "2", "1"),
    } <= changes(body)


def test_what_a_rule_uses_is_changed_and_what_none_uses_is_not() -> None:
    body = """\
let limit = 50.00
let unused = 70.00
fn near(n: decimal) -> bool = n < 9.00
allow r if { tool is pay; args.amount <= limit; near(args.amount) }
allow s if { tool is look; limit > 1.00 }
"""
    by_owner = {item.owner: item for item in found(body)}
    assert by_owner["shop.limit"].rules == {"shop.r", "shop.s"}
    assert by_owner["shop.near"].rules == {"shop.r"}
    assert by_owner["shop.near"].rule is None
    assert "shop.unused" not in by_owner


def test_a_rule_that_is_left_out_is_overridden_by_none() -> None:
    body = "allow small if { tool is pay }\ndeny other overrides small if { tool is pay; args.count > 3 }\n"
    (left,) = [item for item in found(body) if item.change.kind == "rule-dropped" and item.rule == "shop.small"]
    (rule,) = left.program.packages[0].rules
    assert rule.overrides == ()


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("args.note is present; args.note == `x`", "args.note is present"),
        ("args.note is present and args.note == `x`", "args.note is present"),
        ("agent.team is present; agent.team != `x`", "agent.team is present"),
        ("some c in session.calls; c.tool is look; c.args is present; c.args.file == `/a`", "c.tool is look"),
        ("true", "tool is pay"),
    ],
)
def test_what_makes_something_readable_is_not_left_out(condition: str, kept: str) -> None:
    body = "allow r if { tool is pay; " + condition.replace("`", '"') + " }"
    dropped = {before for kind, before, _ in changes(body) if kind in {"condition-dropped", "condition-negated"}}
    assert kept not in dropped


def test_presence_that_nothing_depends_on_is_a_condition_like_any() -> None:
    dropped = {before for kind, before, _ in changes("allow r if { tool is pay; args.note is present }")}
    assert "args.note is present" in dropped


def test_what_decides_nothing_is_left_alone() -> None:
    assert found("@observe\nallow r if { tool is pay }") == []
    assert found("allow r if { tool is pay }", HEAD.replace("package", "@observe package")) == []


def test_numbers_have_neighbours_by_their_smallest_step_within_their_range() -> None:
    assert neighbour(5, t.INT, "5", 1) == 6
    assert neighbour(INT_MAX, t.INT, str(INT_MAX), 1) is None
    assert neighbour(Decimal("1.5"), t.DECIMAL, "1.50", -1) == Decimal("1.49")


def test_the_same_program_has_the_same_mutations_in_the_same_order() -> None:
    body = 'allow r if { tool is pay; args.region in {"us", "eu", "asia"}; args.count < 5 or args.count > 9 }'
    once, again = (
        [(m.change.kind, m.change.at.start, m.change.before, m.change.after) for m in found(body)] for _ in "ab"
    )
    assert once == again
