"""Requests made up for a program: of its types, about its constants, the same every time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenetlang.evaluator.requests import Invalid, read_data, request_reader, request_schema
from tenetlang.program import types as t
from tenetlang.testing.sample import constants_of, named_tools, sampler, samples
from tests.sources import program_of
from tests.unit import programs as p

POLICY = """\
package shop
request host: { ip: ip, zone?: "a" | "b" }
request extra?: json
import std.agents
data codes: map["x" | "y", set[int]]
data rows: list[{ pattern: regex, name: glob, at: time }]
@reads
tool find(@pattern("[a-c]{2,4}") @length(3, 3) code: string, @items(2, 2) ids: set[int], @items(1, 3) names?: list[string])
@writes
tool pay(@min(10) @max(12) amount: decimal, @min(-3) @max(-1) n: int, @length(4, 6) word: string,
    @items(1, 2) flags: map[string, bool], @pattern("ORD-[0-9]+") order: string, inner: { @length(0, 0) none: string })
default deny
allow some_calls if {
    some call in session.calls
    call.tool is pay
    call.args is present
    tool is pay
    args.amount > 11.50
    args.word == "four"
    host.zone is present
}
"""


def test_every_request_is_one_and_every_document_fits() -> None:
    program = program_of(POLICY)
    reader = request_reader(request_schema(program))
    making = sampler(program)
    for _ in range(300):
        request = making.request()
        inputs = reader.read(request)
        assert not isinstance(inputs, Invalid), (inputs, request)
        assert len(read_data(program.data, making.documents())) == 2


def test_equal_seeds_give_equal_sequences_and_others_do_not() -> None:
    program = program_of(POLICY)
    assert [sampler(program, 1).request() for _ in range(1)] == [sampler(program, 1).request() for _ in range(1)]
    first, second = sampler(program, 1), sampler(program, 2)
    assert [first.request() for _ in range(5)] != [second.request() for _ in range(5)]


def test_favoured_tools_are_in_most_requests_and_others_in_some() -> None:
    making = sampler(program_of(POLICY), favoured=("pay",))
    tools = [making.request()["tool"] for _ in range(200)]
    assert 140 < tools.count("pay") < 200


def test_a_fact_that_is_said_is_in_every_request() -> None:
    program = program_of(POLICY)
    assert all("extra" in sampler(program, seed, said=frozenset({"extra"})).request() for seed in range(20))
    assert not all("extra" in sampler(program, seed).request() for seed in range(20))


def test_a_program_without_tools_has_requests_of_its_facts() -> None:
    gate = program_of('package gate\nrequest method: "GET" | "PUT"\ndefault deny\nallow get if { method == "GET" }')
    assert {str(sampler(gate, seed).request()) for seed in range(20)} == {"{'method': 'GET'}", "{'method': 'PUT'}"}
    empty = program_of("package none\ndefault deny")
    assert "tool" not in sampler(empty).request()


def test_constants_come_with_their_neighbours() -> None:
    program = p.program(
        p.package(
            p.rule("a", "deny", p.equals(p.read("args.count", t.INT), 5), unless=p.steps(p.equals(p.read("x"), "e"))),
            p.rule("b", "deny", p.equals(p.read("args.count", t.INT), 2**63 - 1)),
            p.rule("c", "deny", p.compare(p.read("args.amount", t.DECIMAL), "<", p.constant(Decimal("1.5")))),
            p.rule("d", "deny", p.compare(p.read("args.amount", t.DECIMAL), "<", p.constant(Decimal(10**18)))),
            p.rule("e", "deny", p.contains(p.read("args.x"), p.constant(frozenset({"u", "v"}), t.SetType(t.STRING)))),
            p.rule("f", "deny", p.equals(p.read("args.x"), "lit")),
            p.rule("g", "deny", p.compare(p.read("args.level"), "==", p.constant("low", t.UnionType(("low",))))),
            p.rule("h", "deny", p.equals(p.read("args.flag", t.BOOL), True)),
        ),
        definitions={"acme.z": p.definition("z", p.constant(9))},
        functions={"acme.f": p.function("acme.f", (), p.constant("in f"))},
    )
    assert constants_of(program) == {
        "decimal": (0, Decimal("1.49"), Decimal("1.5"), Decimal("1.51")),
        "int": (4, 5, 6, 8, 9, 10, 2**63 - 2, 2**63 - 1),
        "string": ("e", "in f", "lit", "low", "u", "v"),
    }


@pytest.mark.parametrize(
    ("body", "tools"),
    [
        ('never "a" { verdict is allow; tool is pay }', ("pay",)),
        ('never "a" { verdict is allow; tool has @reads }', ("find",)),
        ('never "a" { verdict is allow; tool is not pay }', ("find",)),
        ('never "a" { verdict is allow; tool is pay or verdict is deny }', ("pay",)),
        ('never "a" { verdict is allow }', ()),
        ('always "a" if { tool is find } { verdict is deny }', ("find",)),
        ('always "a" if { tool is find or tool is pay } { verdict is deny }', ("find", "pay")),
    ],
)  # fmt: skip
def test_a_claim_speaks_of_the_tools_that_its_conditions_leave(body: str, tools: tuple[str, ...]) -> None:
    program = program_of(POLICY + body)
    assert named_tools(program, program.claims[0]) == tools


def test_the_samples_of_a_claim_share_documents_in_a_row() -> None:
    program = program_of(POLICY + 'never "a" { verdict is allow; tool is pay }')
    made = list(samples(program, program.claims[0], 45))
    assert len(made) == 45
    assert len({id(documents) for _, documents in made}) == 3


def test_a_value_of_a_type_that_has_none_is_nothing() -> None:
    making = sampler(program_of("package a\ndefault deny"))
    assert making.value(t.Never()) is None
    assert making.value(t.Unknown()) is None
    assert making.value(t.OptionalType(t.UnionType(("a",)))) == "a"


def test_what_no_few_attempts_find_is_left_as_it_is() -> None:
    making = sampler(program_of("package a\ndefault deny"))
    never = t.Field("a", t.STRING, refinement=t.Refinement(pattern="a", length=(2, 3)))
    assert isinstance(making.refined(never), str)
    few = making.refined(t.Field("a", t.SetType(t.BOOL), refinement=t.Refinement(items=(3, 3))))
    assert isinstance(few, list)
    assert sorted(few) == [False, True]
    keys = making.refined(t.Field("a", t.MapType(t.UnionType(("k",)), t.INT), refinement=t.Refinement(items=(2, 2))))
    assert isinstance(keys, dict)
    assert list(keys) == ["k"]
    of = t.Field("a", t.OptionalType(t.ListType(t.INT)), refinement=t.Refinement(items=(5, 5)))
    made = making.refined(of)
    assert isinstance(made, list)
    assert len(made) == 5
