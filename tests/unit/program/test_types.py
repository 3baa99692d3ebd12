from __future__ import annotations

import pytest

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.values.network import Email
from tests.unit.program.policies import TOOLS, assert_marked, program, rule


def test_operands_and_conditions_have_types() -> None:
    assert_marked(
        TOOLS
        + """
allow a if { tool is refund; args.amount } ## error[condition-not-bool]
allow b if { tool is refund; args.customer or true } ## error[condition-not-bool]
allow c if { tool is refund; args.amount + args.customer > 1 } ## error[bad-operand]
allow d if { tool is refund; args.customer + "x" == "ax" }
allow e if { tool is refund; -args.customer == 1 } ## error[bad-operand]
allow f if { tool is refund; args.count % 2 == 0 }
allow g if { tool is refund; args.amount % 2 == 0 } ## error[bad-operand]
allow h if { tool is refund; now - 24h > 2026-01-01; now - now < 1h }
allow i if { tool is refund; now + now > now } ## error[bad-operand]
allow j if { tool is refund; tool == "refund" } ## error[bad-operand]
allow k if { tool is refund; agent has @x } ## error[bad-operand]
allow l if { tool is refund; sum(args.customer) == 1 } ## error[bad-operand]
allow m if { tool is refund; count(args.customer) == 1 }
"""
    )


def test_comparisons_need_values_in_common() -> None:
    assert_marked(
        TOOLS
        + """
type Other = "GBP" | "CHF"
data other: Other
allow a if { tool is refund; args.currency == "USB" } ## error[disjoint-equality]
allow b if { tool is refund; args.currency == "USD" }
allow c if { tool is refund; args.currency == data.other } ## error[disjoint-equality]
allow d if { tool is refund; args.amount == "5" } ## error[disjoint-equality]
allow e if { tool is refund; args.amount == 5; args.count == 5.0; args.amount > args.count }
allow f if { tool is refund; args.currency in {"USD", "GBP"} }
allow g if { tool is refund; "GBP" in {args.currency} } ## error[disjoint-equality]
allow h if { tool is refund; args.customer < 5 } ## error[not-comparable]
allow i if { tool is refund; true < false } ## error[not-comparable]
allow j if { tool is refund; args.currency < args.currency } ## error[not-comparable]
allow k if { tool is web.fetch; args.url.host == "example.com" }
allow l if { tool is web.fetch; args.url == "no url" } ## error[bad-literal-value]
allow m if { tool is refund; {"a", 1} == {"a"} } ## error[type-mismatch]
"""
    )


def test_what_may_be_absent_is_guarded() -> None:
    assert_marked(
        TOOLS
        + """
type Ticket = { id: string, owner?: { name: string, team?: string } }
request ticket?: Ticket
import std.agents
allow a if { tool is refund; args.note == "x" } ## error[unguarded-optional]
allow b if { tool is refund; args.note is present; args.note == "x" }
allow c if { tool is refund; args.note ?? "" == "x" }
allow d if { tool is refund; args.note is present and args.note == "x" }
allow e if { tool is refund; args.note is not present or args.note == "x" }
allow f if { tool is refund; args.note is present or args.note == "x" } ## error[unguarded-optional]
allow g if { tool is refund; not (args.note is not present); args.note == "x" }
allow h if { ticket.id == "a" } ## error[unguarded-optional]
allow i if { ticket.owner.team is present; ticket.owner.name == ticket.id }
allow j if { ticket.owner.team ?? "x" == "x" }
allow k if { ticket is present; ticket.owner.name == "x" } ## error[unguarded-optional]
allow l if { tool is refund; args.customer ?? "x" == "y" } ## warning[unguarded-optional]
allow m if { tool is refund; args.customer is present } ## warning[unguarded-optional]
allow n if { tool is refund } unless { args.note is present; args.note == "x" }
allow o if { tool is refund; args.note is present } because "{args.note}" then mask(args.note)
allow p if { tool is refund } because "{args.note}" ## error[unguarded-optional]
allow q if { tool is web.fetch; args.url.port == 443 } ## error[unguarded-optional]
allow r if { tool is web.fetch; args.url.port ?? 443 == 443 }
allow s if { tool is refund; max([args.count]) == 1 } ## error[unguarded-optional]
allow u if { tool is refund; max([args.count]) ?? 0 == 1 }
data m: map[string, string]
allow v if { data.m["a"] ?? data.m["b"] ?? "c" == "c"; agent.name ?? agent.team ?? "x" == "x" }
""".replace("import std.agents\n", "")
    )


def test_json_is_narrowed_before_use() -> None:
    assert_marked(
        TOOLS
        + """
deny a if { context["x"] == "y" } ## error[unnarrowed-json]
deny b if { context["x"] is string; context["x"] == "y" }
deny c if { context["x"] is string or context["x"] is int }
deny d if { let it = context["x"]; it is { n: int }; it.n > 1 }
deny e if { context["x"] + 1 > 2 } ## error[unnarrowed-json]
deny f if { context["x"] == null }
deny l if { agent.id == null } ## error[disjoint-equality]
deny g if { agent.id is string } ## error[impossible-narrowing]
deny h if { agent.id is int } ## error[impossible-narrowing]
deny i if { some x in context["x"] } ## error[unnarrowed-json]
deny k if { let c = context["x"]; c is { a: json }; c.a is string; c.a == "x"; c.a is string }
deny j if { not (context["x"] is string); context["x"] == "y" } ## error[unnarrowed-json]
"""
    )


def test_collections() -> None:
    assert_marked(
        TOOLS
        + """
data groups: map[string, set[string]]
deny a if { "x" in data.groups } ## error[map-membership]
deny b if { "x" in keys(data.groups) }
deny c if { agent.id in agent.id } ## error[not-a-collection]
deny d if { some x in agent.id; x == "a" } ## error[not-a-collection]
deny e if { some i, x in session.labels; x == "a" } ## error[not-a-collection]
deny f if { some k, v in data.groups; k in v }
deny g if { some i, x in session.calls; i > 1; x.tool is refund }
deny h if { agent.id[0] == "a" } ## error[not-a-collection]
deny i if { "x" in data.groups["a"]; session.calls[0].tool is refund }
deny j if { data.groups.a == {"x"} } ## error[unknown-field]
deny k if { count([]) == 0; [x for x in session.labels if x != "a"] == ["b"] }
let empty = {} ## error[cannot-infer]
let also = [] ## error[cannot-infer]
let mixed = [1, "a"] ## error[type-mismatch]
let typed: set[string] = {}
let mapped = { [x]: 1 for x in session.labels }
"""
    )


def test_functions_are_called_with_what_they_take() -> None:
    assert_marked(
        TOOLS
        + """
fn f(a: int, b: string) -> bool = a == 1 and b == "x"
fn g(a: int, b?: string) -> bool = a == 1 and b ?? "" == "x"
fn h(a: Currency) -> bool = a == "EUR"
fn i(a: int) -> string = a ## error[type-mismatch]
deny a if { f(1) } ## error[wrong-arity]
deny b if { f(1, "x"); f(b: "x", a: 1); g(1); g(1, "x") }
deny c if { f(1, 2) } ## error[type-mismatch]
deny d if { f(1, c: 2) } ## error[unknown-argument]
deny e if { f(1, a: 2) } ## error[duplicate-name]
deny x if { f == 1 } ## error[not-comparable]
deny y if { h("GBP") } ## error[type-mismatch]
deny z if { h("USD") }
deny v if { count() == 1 } ## error[wrong-arity]
deny w if { round(1.005, 2, "half_up") == 1.01 }
"""
    )


def test_records_hold_what_their_type_says() -> None:
    assert_marked(
        TOOLS
        + """
type P = { id: string, age?: int }
let a: P = { id: "x" }
let b: P = { id: "x", age: 3 }
let c: P = { age: 3 } ## error[missing-required]
let d: P = { id: "x", nme: 3 } ## error[unknown-field]
type Q = { name: string }
let one: Q = { nmae: "x" } ## error[unknown-field]
let two: Q = { title: "x" } ## error[unknown-field] ## error[missing-required]
let e: P = { id: 3 } ## error[type-mismatch]
let f: map[string, int] = { id: 3 } ## error[type-mismatch]
let g: map[string, int] = { "id": 3 }
let h: list[decimal] = [1, 2]
type Bad = "a" | int ## error[type-mismatch]
type Few = map[string] ## error[wrong-arity]
type Key = map[int, string] ## error[type-mismatch]
type Bare = list ## error[cannot-infer]
"""
    )


def test_patterns() -> None:
    assert_marked(
        TOOLS
        + """
data blocked: set[glob]
data one: regex
deny a if { agent.id like "a*"; agent.id matches "[a-z]+" }
deny b if { agent.id matches "(" } ## error[bad-pattern]
deny c if { agent.id like agent.id } ## error[bad-pattern]
deny d if { some g in data.blocked; agent.id like g }
deny e if { agent.id matches data.one }
deny f if { agent.id like data.one } ## error[bad-pattern]
deny g if { tool is email.send; some x in args.to; x like "*" } ## error[bad-pattern]
deny h if { tool is email.send; some x in args.to; x.domain like "*.com" }
type R = { a: regex } ## error[bad-pattern]
deny i if { tool is web.fetch; args.url like "https://a/**" }
deny j if { agent.id matches "\\\\ba" } ## error[bad-pattern]
"""
    )


def test_match_handles_everything() -> None:
    assert_marked(
        TOOLS
        + """
data flag: bool
data cur: Currency
let a = match { data.cur == "USD" => 1, data.cur == "EUR" => 2 }
let b = match { data.cur == "USD" => 1 } ## error[uncovered-match]
let c = match { data.flag => 1, not data.flag => 2 }
let d = match { tool is refund => 1, tool is email.send | web.fetch => 2 }
let e = match { tool is refund => 1 } ## error[uncovered-match]
let f = match { agent.id == "a" => "low", else => "high" }
let g = match { agent.id == "a" => 1, else => "high" } ## error[type-mismatch]
deny r if { f == "middle" } ## error[disjoint-equality]
deny s if { f == "low" }
"""
    )


def test_constants_that_always_err() -> None:
    assert_marked(
        TOOLS
        + """
let a = 1 / 0 ## error[overflow-constant]
let b = 9223372036854775807 + 1 ## error[overflow-constant]
let c = 9223372036854775808 ## error[bad-literal-value]
let d = 1 / 2
let e = agent.id == "x" and 5 % 0 == 1 ## error[overflow-constant]
"""
    )


def test_literals_adopt_the_type_beside_them() -> None:
    found = program(TOOLS + 'deny r if { tool is email.send; some x in args.to; x == "a@b.com"; x in {"c@d.com"} }')
    equality = rule(found, "r").body[2]
    assert isinstance(equality, core.Condition)
    compare = equality.expression
    assert isinstance(compare, core.Compare)
    assert isinstance(compare.right, core.Constant)
    assert isinstance(compare.right.value, Email)
    assert compare.right.type == t.EMAIL


def test_int_is_widened_beside_decimal() -> None:
    found = program(TOOLS + "deny r if { tool is refund; args.amount > args.count; args.count / 2 > 1 }")
    step = rule(found, "r").body[1]
    assert isinstance(step, core.Condition)
    assert isinstance(step.expression, core.Compare)
    assert isinstance(step.expression.right, core.Widen)


@pytest.mark.parametrize(
    "condition",
    [
        "1 + " * 150 + "1 == 1",
        "not " * 60 + "true",
        " and ".join(["true"] * 150),
        " ?? ".join(["args.note"] * 150) + ' ?? "" == ""',
    ],
)
def test_long_expressions_are_no_trouble(condition: str) -> None:
    found = program(TOOLS + f"deny r if {{ tool is refund; {condition} }}")
    assert rule(found, "r").tools == frozenset({"refund"})


def test_the_operands_of_a_remainder_stay_int_where_a_decimal_is_wanted() -> None:
    assert_marked("""
        package p
        tool pay(amount: decimal, count: int)
        default deny
        allow a if { tool is pay; args.amount > (7 % 3) / args.count }
    """)
