"""The JSON form: it round-trips, it is canonical, and no document makes reading it do anything but refuse."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang import pipeline
from tenetlang.decision_tree.build import build
from tenetlang.decision_tree.json_form import PolicyFormatError, decode, digest, encode, from_json, to_json
from tenetlang.decision_tree.tree import Policy
from tenetlang.decision_tree.values_form import ValueFormatError, decode_value, encode_value
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Template
from tenetlang.project.project import standard_library
from tenetlang.text import Text
from tenetlang.values.collections import JSON_TRUE, NULL, Map, Record
from tenetlang.values.network import Email, parse_cidr, parse_ip
from tenetlang.values.patterns import compile_glob, compile_regex
from tenetlang.values.times import Duration, Time
from tenetlang.values.versions import parse_semver
from tests.sources import program_of
from tests.unit import programs as p

AMOUNT = p.read("args.amount", t.DECIMAL)


def policy() -> Policy:
    half = p.divide(p.constant(Decimal("0.5")), AMOUNT)
    rules = [p.rule(f"r{n}", "deny", p.tool_is("refund"), p.equals(p.read("agent.team"), f"team{n}")) for n in range(5)]
    return build(
        p.program(
            p.package(
                *rules,
                p.rule(
                    "last",
                    "escalate",
                    p.tool_is("refund"),
                    p.some("role", p.read("agent.roles", t.SetType(t.STRING))),
                    p.compare(p.derived("acme.half", t.DECIMAL), ">", p.constant(Decimal(1))),
                    to="acme.oncall",
                    because=Template(("é ", p.local("role"))),
                    unless=p.steps(p.equals(p.read("agent.team"), "x")),
                ),
            ),
            definitions={"acme.half": p.definition("acme.half", half)},
        )
    )


def test_a_policy_round_trips_exactly() -> None:
    made = policy()
    assert decode(encode(made)) == made
    assert encode(decode(encode(made))) == encode(made)
    assert digest(decode(encode(made))) == digest(made)


def test_places_survive_without_the_sources() -> None:
    made = policy()
    read = decode(encode(made))
    assert [rule.at.place for rule in read.rules] == [rule.at.place for rule in made.rules]
    assert [(rule.at.line, rule.at.column) for rule in read.rules] == [
        (rule.at.line, rule.at.column) for rule in made.rules
    ]


def test_the_place_of_a_written_default_survives() -> None:
    text = Text("d.tenet", 'package d\n\ndefault deny because "no"\non error deny\n')
    program = pipeline.compile_texts([text], standard_library()).program
    assert program is not None
    default = decode(encode(build(program))).packages[0].default
    assert default is not None
    assert default.at is not None
    assert default.at.place == "d.tenet:3"


def test_a_policy_that_was_read_decides_as_the_one_that_was_built() -> None:
    made = policy()
    for request in (p.request(), p.request(amount=0), p.request(amount="0.1"), p.request(team="team3"), 3):
        assert Evaluator(decode(encode(made))).decide(request).to_json() == Evaluator(made).decide(request).to_json()


def test_the_bytes_are_ascii_sorted_and_without_floats() -> None:
    data = encode(policy())
    assert data.isascii()
    assert b"." not in b"".join(part for part in data.split(b'"')[::2]), "numbers without a point"
    assert data == json.dumps(json.loads(data), sort_keys=True, separators=(",", ":")).encode()


def test_any_change_of_meaning_changes_the_digest() -> None:
    one, other = (
        build(p.program(p.package(p.rule("r", verdict, p.tool_is("refund"))))) for verdict in ("allow", "deny")
    )
    assert digest(one) != digest(other)


VALUES = [
    True, 0, 2**53 - 1, 2**53, -(2**63), "é\n", Decimal("1.50"), Decimal(10) ** 40, Time(5), Duration(60), NULL, JSON_TRUE,
    (1, "a"), frozenset({"b", "a"}), frozenset({Decimal(1), Decimal("0.5")}), Record({"a": 1}), Map({"k": ()}),
    Email("ann@acme.com"), parse_ip("10.0.0.1"), parse_cidr("10.0.0.0/8"), parse_semver("1.2.3-rc.1"),
    compile_glob("a/*", "/"), compile_regex("a+"),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: str(encode_value(value)))
def test_a_value_round_trips_with_its_type(value: object) -> None:
    read = decode_value(json.loads(json.dumps(encode_value(value))))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "form",
    [
        None, 1.5, [], {}, {"int": "5"}, {"int": "9" * 30}, {"int": "0x5"}, {"decimal": "1.50"}, {"decimal": "NaN"},
        {"decimal": "1e5"}, {"set": [2, 1]}, {"set": [1, 1]}, {"json": "maybe"}, {"list": 3}, {"email": "no"},
        {"time": "yesterday"}, {"regex": "(?<=a)b"}, {"glob": "a"}, {"what": 1}, {"int": "5", "x": 1}, 2**60,
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_has_one_spelling(form: object) -> None:
    with pytest.raises(ValueFormatError):
        decode_value(form)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"[]", b"{}", b'{"format": "tenet-policy"}', b"\xff", b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": 1e5}',
        b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000,
        b'{"format":"tenet-policy","files":[],"types":[],"policy":{"version":2}}',
        b'{"format":"tenet-policy","files":[],"types":[],"policy":{"version":true}}',
        b'{"format":"tenet-policy","files":["a","a"],"types":[],"policy":{"version":1}}',
        b'{"format":"tenet-policy","files":[],"types":[{"is":"Any"}],"policy":{"version":1}}',
        b'{"format":"tenet-policy","files":[],"types":[],"policy":{"version":1},"extra":1}',
    ],
    ids=lambda data: data[:40],
)  # fmt: skip
def test_what_is_no_policy_is_refused(data: bytes) -> None:
    with pytest.raises(PolicyFormatError):
        decode(data)


@pytest.mark.parametrize(
    "condition",
    [f"{'not ' * 190}args.b", f"{'1 + ' * 190}args.n > 2", f"{'not (' * 60}args.b{' and args.b)' * 60}"],
    ids=["not", "sum", "brackets"],
)
def test_what_the_parser_lets_through_is_not_too_deep(condition: str) -> None:
    made = program_of(f"package p\ntool t(n: int, b: bool)\nallow a if {{ tool is t; {condition} }}\n")
    assert decode(encode(build(made))) == build(made)


def test_nesting_is_bounded() -> None:
    document = to_json(policy())
    deep: object = {"is": "Constant", "value": True, "type": 0, "at": [0, 1, 1]}
    for _ in range(600):
        deep = {"is": "Not", "of": deep, "type": 0, "at": [0, 1, 1]}
    document["policy"]["definitions"]["acme.half"]["value"] = deep  # type: ignore[index]  # JSON
    with pytest.raises(PolicyFormatError, match="deep"):
        from_json(document)


def _edit(document: object, *path: str | int) -> dict[str, object]:
    for step in path:
        document = document[step]  # type: ignore[index]  # JSON
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (("policy",), "entry", "other"),
        (("policy",), "root", {"is": "Leaf", "id": 0, "buckets": [999]}),
        (("policy",), "root", {"is": "Leaf", "id": 0, "buckets": [-1]}),
        (("policy", "packages", 0, "rules", 0), "verdict", "permit"),
        (("policy", "packages", 0, "rules", 0), "overrides", ["acme.nobody"]),
        (("policy", "packages", 0, "rules", 0), "overrides", ["acme.r0"]),
        (("policy", "packages", 0, "rules", 0), "reviewers", "acme.oncall"),
        (("policy", "packages", 0, "rules", 0), "at", [0, 0, 1]),
        (("policy", "packages", 0, "rules", 0), "at", [7, 1, 1]),
        (("policy", "packages", 0, "rules", 0), "tools", ["b", "a"]),
        (("policy", "packages", 0, "rules", 0), "priority", "1"),
        (("policy", "packages", 0, "rules", 0), "priority", True),
        (("policy", "packages", 0, "rules", 0), "extra", 1),
        (("policy", "packages", 0, "rules", 1), "name", "acme.r0"),
        (("policy", "definitions", "acme.half"), "name", "acme.other"),
        (("policy", "definitions", "acme.half"), "type", 999),
        (("policy", "definitions", "acme.half", "value"), "operator", "os.system"),
        (
            ("policy", "definitions", "acme.half"),
            "value",
            {"is": "Derived", "name": "acme.half", "type": 0, "at": [0, 1, 1]},
        ),
        (("policy", "definitions", "acme.half"), "value", {"is": "Derived", "name": "x", "type": 0, "at": [0, 1, 1]}),
        (("policy", "reviewers", "acme.oncall"), "otherwise", "acme.oncall"),
    ],
)
def test_what_refers_to_nothing_or_contradicts_itself_is_refused(
    path: tuple[str | int, ...], name: str, value: object
) -> None:
    document = copy.deepcopy(to_json(policy()))
    _edit(document, *path)[name] = value
    with pytest.raises(PolicyFormatError):
        from_json(document)


def test_a_part_that_no_value_has_is_no_way_to_pythons_attributes() -> None:
    made = build(
        p.program(
            p.package(
                p.rule(
                    "r",
                    "allow",
                    p.equals(core.Part(p.read("agent.id"), "__class__", t.STRING, p.at()), "x"),
                )
            )
        )
    )
    decision = Evaluator(decode(encode(made))).decide(p.request())
    assert (decision.verdict, decision.errors[0].error) == ("deny", "internal")


def _places(document: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(document, dict):
        for name, below in document.items():
            yield from _places(below, (*path, name))
    elif isinstance(document, list):
        for number, below in enumerate(document):
            yield from _places(below, (*path, number))


DOCUMENT = to_json(policy())
PLACES = [path for path in _places(DOCUMENT) if path]
SPOILED: st.SearchStrategy[object] = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        3,
        2**70,
        "",
        "x",
        "__class__",
        [],
        [[]],
        {},
        {"is": "Local", "name": "y", "type": 0, "at": [0, 1, 1]},
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), SPOILED)
def test_a_document_with_one_thing_changed_is_refused_or_still_decides(
    path: tuple[str | int, ...], value: object
) -> None:
    document = copy.deepcopy(DOCUMENT)
    above: object = document
    for step in path[:-1]:
        above = above[step]  # type: ignore[index]  # JSON
    above[path[-1]] = value  # type: ignore[index]  # JSON
    try:
        read = from_json(document)
    except PolicyFormatError:
        return
    try:
        evaluator = Evaluator(read)
    except ValueError:
        return
    for request in (p.request(), p.request(amount=0), {}):
        decision = evaluator.decide(request)
        assert decision.verdict in {"allow", "deny", "escalate"}
        assert isinstance(decision.trace, tuple)
