"""What a test says and leaves unsaid, as a request."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from textwrap import indent

import attrs
import pytest

from tenetlang.evaluator.meaning import Run, value
from tenetlang.program import types as t
from tenetlang.testing.requests import Situation, TestError, as_request, beginning, situation
from tenetlang.values.collections import JSON_TRUE, NULL, Map, Record
from tests.sources import program_of

HEAD = """\
package shop
data vendors: map[string, { id: string, limit?: decimal }]
data settings: { city: string, zone: { name: string } }
data names: set[string]
tool refund(customer: string, amount: decimal, day?: time, tags?: set[string])
reviewers desk { who {"lead"}; quorum 1; within 30m; else deny }
counter refunds_today = sum(args.amount) of refund by agent.id within 24h
counter refunds_ever = count() of refund
fn risky(amount: decimal) -> bool = amount > 10.00
fn city() -> string = data.settings.city
default deny
deny budget if { tool is refund; refunds_today + args.amount > 100.00; refunds_ever >= 0; agent.id != "" }
"""
SETTINGS = 'with data.settings = { city: "Ulm", zone: { name: "z" } }\n'


def described(body: str, head: str = HEAD + SETTINGS, **scope: object) -> Situation:
    program = program_of(f'{head}\ntest "one" {{\n{indent(body, "    ")}\n}}')
    (case,) = program.tests
    run = Run(program, {}, {})
    found = dict(scope)
    for local, assigned in case.assignments:
        found[local.name] = value(run, assigned, found)
    return situation(program, case, found)


def request(body: str, head: str = HEAD + SETTINGS) -> Mapping[str, object]:
    return described(f'call refund(customer: "c", amount: 1.50)\n{body}\nexpect deny', head).request


AGENT = 'with agent = { id: "a" }\n'


def test_what_is_left_unsaid_is_what_a_new_session_has() -> None:
    made = described('call refund(customer: "c", amount: 1.50)\nwith agent = { id: "a" }\nexpect deny')
    assert made.request["tool"] == "refund"
    assert made.request["args"] == {"customer": "c", "amount": Decimal("1.50")}
    assert made.request["agent"] == {"id": "a"}
    assert made.request["counters"] == {"refunds_today": 0, "refunds_ever": 0}
    assert "origins" not in made.request
    assert "approvals" not in made.request
    session = made.request["session"]
    assert isinstance(session, dict)
    assert (session["calls"], session["labels"]) == ([], [])
    assert made.documents["shop.vendors"] == {}
    assert made.documents["shop.names"] == []


def test_arguments_are_spelled_as_a_request_spells_them() -> None:
    made = described(
        'let d = 2027-01-01\ncall refund(customer: "c", amount: 1.5, day: d, tags: {"b", "a"})\n'
        + AGENT
        + "expect deny"
    )
    assert made.request["args"] == {
        "customer": "c", "amount": Decimal("1.5"), "day": "2027-01-01T00:00:00Z", "tags": ["a", "b"]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "path", "expected"),
    [
        ("", ("agent",), {"id": "a"}),
        ('with agent.team = "t"', ("agent",), {"id": "a", "team": "t"}),
        ('with session.labels = {"mail"}', ("session", "labels"), ["mail"]),
        ("with now = 2027-01-01", ("now",), "2027-01-01T00:00:00Z"),
        ("with refunds_today = 7", ("counters",), {"refunds_today": Decimal(7), "refunds_ever": 0}),
        ("with approvals = [desk]", ("approvals",), [{"reviewers": "desk"}]),
        ('with origins.amount = { kind: "user" }', ("origins",), {"amount": "user"}),
        ('with origins.amount = { kind: "user", tool: "x" }', ("origins",), {"amount": "user"}),
        ('with origins.amount = "tool:crm.find"', ("origins",), {"amount": "tool:crm.find"}),
        ('with origins.amount = ["user", "agent"]', ("origins",), {"amount": ["user", "agent"]}),
        ("with origins = {}", ("origins",), {}),
        (
            'with origins = { amount: "user", customer: { kind: "agent" } }',
            ("origins",),
            {"amount": "user", "customer": "agent"},
        ),
        ('with origins = { amount: "user" }; with origins.customer = "agent"', ("origins",), {"amount": "user", "customer": "agent"}),
    ],
)  # fmt: skip
def test_with_sets_a_part_of_the_request(line: str, path: tuple[str, ...], expected: object) -> None:
    found: object = request(AGENT + line)
    for name in path:
        assert isinstance(found, dict)
        found = found[name]
    assert found == expected


def test_with_sets_documents_and_parts_of_them() -> None:
    made = described(
        'call refund(customer: "c", amount: 1.5)\n' + AGENT + 'with data.vendors = {"v": { id: "v", limit: 2 }}\n'
        'with data.settings = { city: "Bonn", zone: { name: "y" } }\nwith data.settings.zone.name = "x"\nexpect deny'
    )
    assert made.documents["shop.vendors"] == {"v": {"id": "v", "limit": Decimal(2)}}
    assert made.documents["shop.settings"] == {"city": "Bonn", "zone": {"name": "x"}}


def test_with_gives_a_function_another_body_that_may_read_the_variables_of_the_test() -> None:
    made = described(
        'let least = 3.00\ncall refund(customer: "c", amount: 1.5)\n'
        + AGENT
        + "with risky(sum) = sum > least\nexpect deny"
    )
    assert made.program.functions["shop.risky"].parameters[0].name == "sum"
    run = Run(made.program, {}, {})
    body = made.program.functions["shop.risky"].body
    assert [value(run, body, {"sum": Decimal(n)}) for n in (3, 4)] == [False, True]


def test_without_a_function_replaced_the_program_is_the_same_one() -> None:
    program = program_of(HEAD + SETTINGS + 'test "one" { call refund(customer: "c", amount: 1.5); with agent = { id: "a" }; expect deny }')  # fmt: skip
    assert situation(program, program.tests[0], {}).program is program


def test_a_with_for_a_whole_file_does_not_see_the_variables_of_its_tests() -> None:
    head = HEAD.replace(
        "fn risky(amount: decimal) -> bool = amount > 10.00", "fn risky(amounts: list[int]) -> bool = false"
    )
    body = (
        'let x = 5\nlet n = [1]\ncall refund(customer: "c", amount: 1.5)\n' + AGENT + "expect x == 5\nexpect n == [1]"
    )
    made = described(body, head + SETTINGS + "with risky(n) = (some x in n { x == 2 })\n")
    run = Run(made.program, {}, {})
    replaced = made.program.functions["shop.risky"].body
    assert [value(run, replaced, {"n": numbers}) for numbers in ((2,), (3,))] == [True, False]


def test_a_document_without_an_empty_value_must_be_said() -> None:
    with pytest.raises(TestError, match=r"`settings` has no empty value: add `with data.settings = …`"):
        request(AGENT, HEAD)


def test_an_origin_of_the_kind_tool_names_its_tool() -> None:
    with pytest.raises(TestError, match="names its tool"):
        request(AGENT + 'with origins.amount = { kind: "tool" }')


def test_a_fact_that_is_required_must_be_said() -> None:
    program = program_of(HEAD + SETTINGS + 'test "one" { call refund(customer: "c", amount: 1.5); with agent = { id: "a" }; expect deny }')  # fmt: skip
    case = attrs.evolve(program.tests[0], replacements=program.tests[0].replacements[:1])
    with pytest.raises(
        TestError, match=r"the policy reads `agent`, and the test does not say it: add `with agent = …`"
    ):
        situation(program, case, {})


NO_TOOLS = """\
package gate
request method: "GET" | "PUT"
request session: string
default deny
allow get if { method == "GET"; session == "s" }
"""


def test_a_package_without_tools_has_its_own_facts_and_its_own_session() -> None:
    made = described('with method = "GET"\nwith session = "s"\nexpect allow', NO_TOOLS)
    assert made.request == {"method": "GET", "session": "s"}


def test_a_test_that_only_computes_need_not_say_what_it_does_not_read() -> None:
    assert described("expect 1 == 1", NO_TOOLS).request == {}


@pytest.mark.parametrize(
    ("type_", "begun"),
    [
        (t.ListType(t.STRING), []),
        (t.SetType(t.STRING), []),
        (t.MapType(t.STRING, t.INT), {}),
        (t.STRING, "test"),
        (t.INT, 0),
        (t.DECIMAL, 0),
        (t.BOOL, False),
        (t.OptionalType(t.INT), 0),
        (t.EMAIL, None),
        (t.UnionType(("a",)), None),
        (t.RecordType((t.Field("a", t.INT), t.Field("b", t.EMAIL, optional=True))), {"a": 0}),
        (t.RecordType((t.Field("b", t.EMAIL),)), None),
    ],
)
def test_the_beginning_of_a_type_is_its_empty_value(type_: t.Type, begun: object) -> None:
    assert beginning(type_) == begun


def test_values_are_as_a_request_brings_them() -> None:
    given = Record(
        {"a": (True, 1, Decimal("1.0"), "x"), "b": frozenset({"q", "p"}), "c": Map({"k": NULL}), "d": JSON_TRUE}
    )
    assert as_request(given) == {"a": [True, 1, Decimal("1.0"), "x"], "b": ["p", "q"], "c": {"k": None}, "d": True}
    assert as_request(True) is True
