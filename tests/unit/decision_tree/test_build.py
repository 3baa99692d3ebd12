"""How rules become buckets, and that what is factored out of order changes nothing that can be seen."""

from __future__ import annotations

from decimal import Decimal
from time import process_time

import pytest

from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.tree import Cuts, Leaf, Members, Predicate, Switch, Table, leaves
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Fact, Tool
from tests.unit import programs as p
from tests.unit.program.policies import checked

AMOUNT = p.read("args.amount", t.DECIMAL)
ROLES = p.read("agent.roles", t.SetType(t.STRING))
BOOM = p.compare(p.divide(p.constant(Decimal(1)), AMOUNT), ">", p.constant(Decimal(100)))


def team(name: str) -> core.Compare:
    return p.equals(p.read("agent.team"), name)


def test_each_tool_has_a_leaf_with_its_own_rules_and_tools_without_rules_share_one() -> None:
    policy = build(
        p.program(p.package(p.rule("a", "deny", p.tool_is("refund")), p.rule("b", "deny", p.tool_is("email.send"))))
    )
    assert isinstance(policy.root, Switch)
    assert policy.root.attribute.path == ("tool",)
    found = {
        str(value): [policy.rules[item.rule].shown_name for n in leaf.buckets for item in policy.buckets[n].candidates]
        for value, leaf in policy.root.branches
        if isinstance(leaf, Leaf)
    }
    assert found == {"refund": ["a"], "email.send": ["b"]}
    assert policy.root.otherwise in leaves(policy.root)


def test_equality_order_membership_and_shared_conditions_each_become_a_test() -> None:
    shared = p.compare(p.read("agent.id"), "==", p.read("agent.team"))
    rules = [
        p.rule(
            f"r{n}",
            "deny",
            p.tool_is("refund"),
            p.equals(p.read("agent.team"), f"team{n}"),
            p.compare(AMOUNT, "<=", p.constant(Decimal(n))),
            p.contains(p.constant(f"role{n}"), ROLES),
            shared,
        )
        for n in range(6)
    ]
    policy = build(p.program(p.package(*rules)))
    bucket = next(bucket for bucket in policy.buckets if len(bucket.candidates) == 6)
    assert {type(test) for test in bucket.tests} == {Table, Cuts, Members, Predicate}
    assert all(candidate.rest == () for candidate in bucket.candidates)


def test_steps_from_the_first_that_can_fault_on_stay_in_the_written_order() -> None:
    rules = [p.rule(f"r{n}", "deny", p.tool_is("refund"), team("x"), BOOM, team("y")) for n in range(5)]
    policy = build(p.program(p.package(*rules)))
    bucket = next(bucket for bucket in policy.buckets if bucket.candidates)
    assert [candidate.rest for candidate in bucket.candidates] == [(2, 3)] * 5


def builtin(name: str, *arguments: core.Expression) -> core.Builtin:
    return core.Builtin(name, arguments, t.INT, p.at())


@pytest.mark.parametrize(
    ("before", "rest"),
    [
        (p.compare(builtin("count", ROLES), ">", p.constant(1)), ()),
        (p.compare(builtin("floor_div", p.constant(7), p.constant(2)), ">", p.constant(1)), ()),
        (p.compare(builtin("floor_div", p.constant(7), builtin("count", ROLES)), ">", p.constant(1)), (1, 2)),
    ],
    ids=["count", "floor_div by 2", "floor_div"],
)
def test_a_condition_is_shared_past_a_function_that_never_errs_and_not_past_one_that_may(
    before: core.Expression, rest: tuple[int, ...]
) -> None:
    rules = [p.rule(f"r{n}", "deny", p.tool_is("refund"), before, team("x")) for n in range(5)]
    bucket = next(bucket for bucket in build(p.program(p.package(*rules))).buckets if bucket.candidates)
    assert [candidate.rest for candidate in bucket.candidates] == [rest] * 5
    assert {type(test) for test in bucket.tests} == ({Predicate, Table} if rest == () else set())


@pytest.mark.parametrize(
    ("proof", "then"),
    [
        ("args.host.ip is present", "args.host.ip.version < 5"),
        ("largest is present", "largest < 5"),
        ("first_one is present", "first_one < 5"),
        ("any_one is present", "any_one < 5"),
        ("version is present", "version < 5"),
        ("args.sizes[0] is present", "args.sizes[0] < 5"),
    ],
)
def test_what_a_guard_proves_to_be_there_is_not_read_before_the_guard(proof: str, then: str) -> None:
    """The reading condition is shared by more rules than either guard, so it would come first."""
    written = "package acme\ndefault deny\ntool fetch(host: host, sizes: list[int], n: int)\n"
    written += "let largest of fetch = max(args.sizes)\nlet first_one of fetch = chosen(args.sizes)\nfn chosen(sizes: list[int]) -> int? = first(sizes)\n"
    written += "let any_one of fetch = match { args.n > 1 => largest, else => max(args.sizes) ?? first(args.sizes) }\n"
    written += "let version of fetch = args.host.ip.version\n"
    for number in range(6):
        guard = f"{proof} and args.n > 0" if number % 2 else proof
        written += f"allow r{number} if {{ tool is fetch; {guard}; {then} }}\n"
    found = checked(written).program
    assert found is not None
    evaluator = Evaluator(build(found))
    reference = Reference(found, {}, evaluator.digest)
    for host, sizes in (("acme.com", []), ("10.0.0.1", [3])):
        request = {
            "tool": "fetch",
            "args": {"host": host, "sizes": sizes, "n": 1},
            "agent": {"id": "a"},
        }
        decision = evaluator.decide(request)
        assert decision.verdict == ("allow" if sizes else "deny")
        assert decision.errors == ()
        assert decision.to_json() == reference.decide(request).to_json()


@pytest.mark.parametrize("others", [0, 8])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ((team("nobody"), BOOM), False),
        ((BOOM, team("nobody")), True),
        ((p.and_(BOOM, team("nobody")),), True),
        ((p.and_(team("nobody"), BOOM),), False),
        ((p.or_(team("support"), BOOM),), False),
        ((p.some("x", ROLES), BOOM, team("nobody")), True),
        ((p.let("y", p.divide(AMOUNT, AMOUNT)), team("nobody")), True),
        ((BOOM, p.tool_is("email.send")), True),
        ((p.tool_is("email.send"), BOOM), False),
    ],
)
def test_a_condition_never_hides_a_fault_written_before_it(
    body: tuple[core.Expression | core.Step, ...], error: bool, others: int
) -> None:
    beside = [p.rule(f"idle{n}", "deny", team(f"nobody{n}")) for n in range(others)]
    rule = p.rule("r", "allow", *body, tools=None if error else ["refund", "email.send"])
    decision = Evaluator(build(p.program(p.package(rule, *beside)))).decide(p.request(amount=0))
    assert [item.error for item in decision.errors] == (["division_by_zero"] if error else [])


def test_an_absent_path_leaves_the_rules_dead_that_read_it_behind_a_guard() -> None:
    note = p.read("args.note")
    guard = core.Present(p.read("args.note", optional=True), t.BOOL, p.at())
    rules = [p.rule(f"r{n}", "deny", p.tool_is("refund"), guard, p.equals(note, f"n{n}")) for n in range(5)]
    absent = [p.rule(f"s{n}", "allow", p.tool_is("refund"), p.not_(guard)) for n in range(2)]
    evaluator = Evaluator(build(p.program(p.package(*rules, *absent))))
    assert [item.rule for item in evaluator.decide(p.request(note="n3")).matched] == ["r3"]
    assert [item.rule for item in evaluator.decide(p.request()).matched] == ["s0", "s1"]


def test_an_attribute_that_tools_type_differently_is_not_factored_for_all_of_them() -> None:
    tools = [Tool(f"t{n}", p.record(size=t.STRING if n % 2 else t.INT), (), p.at()) for n in range(40)]
    size = p.read("args.size", t.INT)
    rules = [
        p.rule(f"r{n}", "deny", team("support"), p.tool_is("t0"), p.compare(size, ">", p.constant(n)))
        for n in range(40)
    ]
    policy = build(p.program(p.package(*rules), tools={tool.name: tool for tool in tools}))
    evaluator = Evaluator(policy)
    agent = {"id": "a", "team": "support", "roles": []}
    assert evaluator.decide({"tool": "t1", "args": {"size": "x"}, "agent": agent}).decided_by == ("default",)
    assert len(evaluator.decide({"tool": "t0", "args": {"size": 20}, "agent": agent}).matched) == 20


def test_rules_for_many_tools_are_shared_where_copies_would_be_too_many() -> None:
    tools = {f"t{n}": Tool(f"t{n}", p.record(), (), p.at()) for n in range(100)}
    rules = [p.rule(f"r{n}", "deny", team(f"team{n}")) for n in range(100)]
    own = [p.rule(f"own{n}", "allow", p.tool_is(f"t{n}")) for n in range(100)]
    policy = build(p.program(p.package(*rules, *own), tools=tools))
    assert sum(len(bucket.candidates) for bucket in policy.buckets) == 200
    decision = Evaluator(policy).decide({"tool": "t7", "args": {}, "agent": {"id": "a", "team": "team5", "roles": []}})
    assert [item.rule for item in decision.matched] == ["own7", "r5"]


def test_many_rules_without_tools_are_divided_by_the_attribute_that_divides_them_best() -> None:
    method = p.read("method")
    rules = [
        p.rule(f"r{n:03}", "deny", p.equals(method, f"m{n % 20}"), p.equals(p.read("path"), f"p{n}"))
        for n in range(200)
    ]
    facts = {name: Fact(name, t.STRING, True) for name in ("method", "path")}
    policy = build(p.program(p.package(*rules), facts=facts, tools={}, uses_tools=False))
    assert isinstance(policy.root, Switch)
    assert policy.root.attribute.path in {("method",), ("path",)}
    decision = Evaluator(policy).decide({"method": "m7", "path": "p27"})
    assert [item.rule for item in decision.matched] == ["r027"]


def test_a_large_bucket_is_cut_so_that_memory_stays_in_proportion() -> None:
    rules = [p.rule(f"r{n:04}", "deny", p.compare(p.read("agent.id"), "<", p.constant(f"{n:04}"))) for n in range(2500)]
    policy = build(p.program(p.package(*rules)))
    assert max(len(bucket.candidates) for bucket in policy.buckets) <= 1024
    request = p.request()
    request["agent"] = {"id": "2400", "team": "x", "roles": []}
    assert len(Evaluator(policy).decide(request).matched) == 99


def test_ten_thousand_rules_are_built_in_seconds() -> None:
    tools = {f"t{n}": Tool(f"t{n}", p.record(amount=t.DECIMAL), (), p.at()) for n in range(50)}
    rules = [
        p.rule(
            f"r{n}",
            "deny",
            p.tool_is(f"t{n % 50}"),
            team(f"team{n % 97}"),
            p.compare(AMOUNT, "<", p.constant(Decimal(n))),
        )
        for n in range(10_000)
    ]
    program = p.program(p.package(*rules), tools=tools)
    start = process_time()
    policy = build(program)
    assert process_time() - start < 20, "about one, on a machine with nothing else to do"
    assert sum(len(bucket.candidates) for bucket in policy.buckets) == 10_000


def test_the_same_program_gives_the_same_tree() -> None:
    program = p.program(p.package(*(p.rule(f"r{n}", "deny", p.tool_is("refund"), team(f"t{n}")) for n in range(9))))
    assert build(program) == build(program)
