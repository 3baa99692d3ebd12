"""Requests that generated functions read: what they take is what the general way takes, with the same inputs and decision."""

from __future__ import annotations

import copy
import json
import types
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from random import Random
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenetlang import pipeline
from tenetlang.decision_tree.build import build
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.layout import inputs_of
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.report.words import severity_of
from tenetlang.testing.sample import sampler
from tenetlang.text import Text
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked

T = TypeVar("T")

POLICY = """
package p

request agent: { id: string, team?: string, roles: set[string], boss?: { name: string, level: int, mail?: email } }
request context?: { risk: decimal, source?: ip }
request now: time

tool send(
    to: list[email], @length(0, 40) subject: string, body?: string, @min(0) @max(1000) amount: decimal, count: int,
    urgent?: bool, kind: "note" | "letter: long", site?: url, @items(0, 3) labels?: list[string], more?: map[string, int],
    anything?: json,
)
tool stop()

deny no_team if {
    tool is send
    agent.team is present
    agent.team == "blue"
}
deny risky if {
    context is present
    context.risk > 0.5
}
deny large if {
    tool is send
    args.amount >= 50
    args.count < 10
}
deny both if { agent.roles == {"writer", "admin"}; count(agent.roles) == 2 }
deny many if {
    tool is send
    args.to == ["a@example.com"]
    args.amount + 0.5 > 1.0
    args.amount in {20, 30.5}
}
deny old if { now < 2026-01-01T00:00:00Z }
escalate vague to desk if {
    tool is send
    "admin" in agent.roles
    args.kind == "note"
}
allow rest if {
    tool is send
    every mail in args.to { mail.domain == "example.com" }
}
allow stopping if { tool is stop }
reviewers desk { who {"p"}; quorum 1; within 30m; else deny }
"""


class Name(str):
    """A string that is not one."""

    __slots__ = ()


class Lying(str):
    """A key that says it is another."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("id")


class Count(int):
    pass


class Letters(StrEnum):
    NOTE = "note"


class Numbers(IntEnum):
    ONE = 1


class Members(list[object]):
    pass


class Fields(dict[str, object]):
    pass


HOSTILE: Sequence[object] = (
    None, True, False, 0, -0.0, 1, 3, 3.0, 3.5, 0.1 + 0.2, 1e300, float("nan"), float("inf"), 2**62, 2**62 - 1, -(2**63), 2**63,
    2**64, 10**15, -(10**15), 10**18, 10**300, Decimal("0.5"), Decimal("NaN"), Decimal("1e999999"), Decimal(3), Decimal("1.50"),
    "", "blue", "note", "letter: long", "é", "\ud800", "\udc00", "x" * 41, "x" * 300, "ü" * 300, "x" * (2**17 + 1), "x" * (2**18 + 1),
    "a@example.com", "A@EXAMPLE.COM", "a@münchen.example", "not an address", "https://example.com/a:b", "10.0.0.1", "2026-05-01T12:00:00Z",
    "1e5", Name("blue"), Count(3), Letters.NOTE, Numbers.ONE, b"note", bytearray(b"x"), datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 1),  # noqa: DTZ001
    [], ["admin"], ["admin", "admin"], [Name("admin")], ["\ud800"], ["a@example.com"], ["a@example.com"] * 500, ["x"] * 5001, [""] * 21_000,
    [1], [None], [["admin"]], Members(["admin"]), ("admin",), {"admin"}, frozenset({"admin", "b"}), iter(["admin"]), {"admin": 1}.keys(),
    {}, {"a": 1}, {"a": 1.5}, {"a": {"b": [1, {"c": None}]}}, {1: 2}, {Name("a"): 1}, {"a": Name("b")}, Fields(a=1), types.MappingProxyType({"a": 1}),
    object(), (), ((),), {"name": "n", "level": 1}, {"name": "n", "level": 1, "mail": "m@example.com"}, {"name": "n"}, {"risk": 1, "other": [1]},
    [{"a": [[[]]]}] * 30, [0.5] * 900, {"reviewers": "desk"}, [{"reviewers": "desk"}], "user", ["user", "tool:stop"], {"to": "user"},
)  # fmt: skip


def deep(levels: int) -> object:
    value: object = "x"
    for _ in range(levels):
        value = [value]
    return value


def compiled(source: str) -> Program:
    made = pipeline.compile_texts([Text("p.tenet", source)], standard_library())
    wrong = [finding for finding in made.findings if severity_of(finding) == "error"]
    assert made.program is not None, wrong
    assert not wrong, wrong
    return made.program


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    made = Evaluator(build(compiled(POLICY)))
    made._quick.make("send", frozenset({"now"}))
    made.prepare()
    assert made.decide(ordinary()).decided_by == ("both",)
    assert made.decide({**ordinary(), "context": {}}).decided_by == ("invalid_request",)
    assert made.decide({**ordinary(), "context": {"risk": 1}}).verdict == "deny"
    assert len(made._quick.other_documents) == 1
    return made


def ordinary() -> dict[str, object]:
    return {
        "tool": "send",
        "args": {
            "to": ["a@example.com", "b@example.com"],
            "subject": "hello",
            "amount": 20,
            "count": 4,
            "kind": "note",
        },
        "agent": {"id": "a1", "roles": ["writer", "admin"]},
        "now": "2026-05-01T12:00:00Z",
    }


PLACES: Sequence[tuple[str, ...]] = (
    (), ("tool",), ("args",), ("agent",), ("context",), ("now",), ("origins",), ("counters",), ("approvals",), ("session",), ("other",),
    ("args", "to"), ("args", "subject"), ("args", "body"), ("args", "amount"), ("args", "count"), ("args", "urgent"), ("args", "kind"),
    ("args", "site"), ("args", "labels"), ("args", "more"), ("args", "anything"), ("args", "other"), ("agent", "id"), ("agent", "team"),
    ("agent", "roles"), ("agent", "boss"), ("agent", "boss", "name"), ("agent", "boss", "level"), ("agent", "boss", "mail"),
    ("agent", "boss", "other"), ("agent", "other"), ("context", "risk"), ("context", "source"), ("context", "other"),
)  # fmt: skip
FITTING: Sequence[object] = (
    "blue", 1, 0.25, True, "https://example.com/", ["a"], {"a": 1}, {"name": "n", "level": 2}, {"risk": 0.75}, "10.0.0.1",
    {"name": "n", "level": 1, "mail": "m@example.com"}, {"x": [1, "y", None]}, [],
)  # fmt: skip
KEYS: Sequence[object] = ("amount", Name("id"), Lying("amount"), Name("other"), 3, b"id", "\ud800", "k" * 70)


def changed(request: dict[str, object], path: Sequence[str], value: object) -> object:
    """The request with another value there."""
    if not path:
        return value
    made: dict[str, object] = {**request}
    below = made.get(path[0])
    made[path[0]] = changed(below if isinstance(below, dict) else {}, path[1:], value)
    return made


def rekeyed(request: dict[str, object], path: Sequence[str], key: object) -> object:
    """The request with another key there for one of its own."""
    if path:
        below = request.get(path[0])
        return {**request, path[0]: rekeyed(below, path[1:], key) if isinstance(below, dict) else below}
    name = next(iter(request), "x")
    return {key if inner == name else inner: value for inner, value in request.items()}


def agree(evaluator: Evaluator, request: object) -> bool:
    """Whether the generated function took the request; it does so only as the general way would."""
    expected = evaluator.reader.read(request)
    general = evaluator._decide_any(request)
    try:
        decision = evaluator._quick[request["tool"]](request)  # type: ignore[index]  # whatever it raises
    except Exception:  # noqa: BLE001  # any at all leaves the request to the general way
        decision = None
    assert evaluator.decide(request).to_json() == general.to_json()
    if decision is None:
        return False
    assert decision.to_json() == general.to_json()
    if type(decision._from) is tuple:
        layout = evaluator._for_tools().layout(request["tool"])  # type: ignore[index]  # as above
        assert layout is not None
        made = inputs_of(layout, decision._from)
        assert same(made, expected)
        assert list(map(str, made)) == list(map(str, expected)) if isinstance(expected, dict) else False
    return True


def same(left: object, right: object) -> bool:
    """Equal, of the same types, and with the same keys in the same order."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right and repr(left) == repr(right) if not isinstance(left, frozenset) else left == right


def test_an_ordinary_request_is_decided_by_the_generated_function(evaluator: Evaluator) -> None:
    assert agree(evaluator, ordinary())
    for path, value in (
        (("agent", "team"), "blue"),
        (("args", "site"), "https://example.com/"),
        (("context",), {"risk": 0.75}),
    ):
        assert agree(evaluator, changed(ordinary(), path, value))
    assert agree(evaluator, changed(ordinary(), ("agent", "other"), {"a": [1, 2]}))
    assert agree(evaluator, changed(ordinary(), ("user",), {"id": "s"}))
    assert agree(evaluator, changed(ordinary(), ("args", "subject"), "grüße"))
    assert agree(
        evaluator, {"tool": "stop", "args": {}, "agent": {"id": "a", "roles": []}, "now": "2026-05-01T12:00:00Z"}
    )


@pytest.mark.parametrize("path", PLACES, ids=".".join)
def test_a_hostile_value_anywhere_is_read_as_the_general_way_reads_it(
    evaluator: Evaluator, path: Sequence[str]
) -> None:
    for value in (*HOSTILE, deep(28), deep(29), deep(30), deep(31), deep(40)):
        agree(evaluator, changed(ordinary(), path, value))


@pytest.mark.parametrize("path", [(), ("args",), ("agent",), ("agent", "boss"), ("context",)])
def test_a_hostile_key_anywhere_is_read_as_the_general_way_reads_it(evaluator: Evaluator, path: Sequence[str]) -> None:
    full = changed(ordinary(), ("agent", "boss"), {"name": "n", "level": 1})
    full = changed(full, ("context",), {"risk": 1})  # type: ignore[arg-type]  # a dict
    assert agree(evaluator, full)
    for key in KEYS:
        agree(evaluator, rekeyed(full, path, key))  # type: ignore[arg-type]  # a dict
        agree(evaluator, changed(full, (*path, key), 1))  # type: ignore[arg-type]  # a dict, and hostile keys


@given(st.data())
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_several_changes_at_once_are_read_as_the_general_way_reads_them(
    evaluator: Evaluator, data: st.DataObject
) -> None:
    request: object = ordinary()
    for _ in range(data.draw(st.integers(1, 5))):
        path = data.draw(st.sampled_from(PLACES[1:]))
        values = FITTING if data.draw(st.integers(0, 3)) else HOSTILE
        request = changed(request, path, data.draw(st.sampled_from(list(values))))  # type: ignore[arg-type]  # a dict
    agree(evaluator, request)


def test_a_caller_who_changes_the_request_later_does_not_change_the_trace(evaluator: Evaluator) -> None:
    request = ordinary()
    decision = evaluator._quick["send"](request)
    kept = evaluator._decide_any(copy.deepcopy(request)).trace
    request["args"]["to"].append("x@evil.example")  # type: ignore[index]  # a dict
    request["agent"]["roles"].clear()  # type: ignore[index]  # a dict
    request["args"]["amount"] = 10**6  # type: ignore[index]  # a dict
    assert decision.trace == kept


# ---------------------------------------------------------------------------------------------------------------- JSON

TEXT = json.dumps(ordinary())

NUMBERS: Sequence[str] = (
            "-0", "-0.0", "4.0", "4e0", "40e-1", "4.5", "1e999", "1e-999", "NaN", "Infinity", "-Infinity", "04", "+4", "4.", ".4", "0x4", "true", "null",
            '"4"', "9223372036854775807", "9223372036854775808", "18446744073709551616", "4611686018427387904", "123456789012345678901234567890",
            "1" * 5000, "0.1234567890123", "0.123456789012", "1000000000000000", "999999999999999.5", "1e15", "[4]", "4e", "4e1", "1E2",
        )  # fmt: skip

TEXTS: Sequence[str] = (
    TEXT,
    TEXT.replace('"count": 4', '"count": 4, "count": 4'),
    TEXT.replace('"count": 4', '"count": 4, "c\\u006funt": 5'),
    TEXT.replace('"count": 4', '"c\\u006funt": 5'),
    TEXT.replace('"count": 4', '"count": 4, "more": {"a": 1, "a": 2}'),
    TEXT.replace('"count": 4', '"count": 4, "anything": [{"a": {"b": 1, "b": 1}}]'),
    TEXT.replace('"count": 4', '"count": 4, "anything": {"a:b": "c:d"}'),
    TEXT.replace('"count": 4', '"count": 4, "count": 4').replace("hello", "hel\\u003alo"),
    TEXT.replace('"count": 4', '"count": 4, "count": 4').replace("2026-05-01T12:00:00Z", "2026-05-01T12\\u003A00:00Z"),
    TEXT.replace("hello", "a:b: c"),
    TEXT.replace("hello", "\\ud83d\\ude00"),
    TEXT.replace("hello", "\\ud800"),
    TEXT.replace("hello", "\\ud800\\u0041"),
    TEXT.replace("hello", "\\u0000"),
    TEXT.replace("hello", "a\nb"),
    TEXT.replace('"tool": "send"', '"tool": "send", "tool": "stop"'),
    TEXT.replace('"tool": "send"', '"tool": "stop", "tool": "send"'),
    TEXT.replace('"tool": "send"', '"to\\u006fl": "send"'),
    TEXT.replace('"tool": "send", ', ""),
    TEXT.replace('"tool": "send", ', "")[:-1] + ', "tool": "send"}',
    TEXT.replace("writer", '\\"tool\\": \\"stop'),
    TEXT.replace('"id": "a1"', '"id": "a1", "id": "a1"'),
    TEXT.replace('"id": "a1"', '"id": "a1", "x": 1, "x": 1'),
    TEXT.replace('"id": "a1"', '"id": "a1", "x": 1'),
    TEXT.replace('"id": "a1"', '"id": "a1", "x": 1e999'),
    TEXT.replace('"id": "a1"', '"id": "a1", "boss": {"name": "n", "level": 1}'),
    TEXT.replace('"id": "a1"', '"id": "a1", "boss": {"name": "n", "level": 1, "level": 1}'),
    TEXT.replace('"id": "a1"', '"id": "a1", "boss": null'),
    TEXT.replace('"amount": 20', '"amount": 20.5'),
    *(
        TEXT.replace('"count": 4', f'"count": {number}').replace('"amount": 20', f'"amount": {number}')
        for number in NUMBERS
    ),
    TEXT + " ",
    TEXT + "x",
    TEXT + "\x00",
    " " + TEXT,
    "\ufeff" + TEXT,
    "[" + TEXT + "]",
    TEXT[:-1],
    TEXT[:-1] + ",}",
    TEXT.replace('"count": 4', '"count": 4 /* */'),
    TEXT.replace('"hello"', "'hello'"),
    TEXT.replace('"hello"', "[" * 100 + "]" * 100),
    TEXT.replace('"count": 4', '"count": 4, "anything": ' + "[" * 29 + "]" * 29),
    TEXT.replace('"count": 4', '"count": 4, "anything": ' + "[" * 31 + "]" * 31),
    TEXT.replace("hello", "x" * 70_000),
    TEXT.replace("hello", "x" * 300_000),
    "",
    "{}",
    "null",
    '"tool"',
    '{"tool":',
)


def agree_on_json(evaluator: Evaluator, text: str | bytes) -> bool:
    """Whether the generated function took the text; it does so only as the general way would."""
    read = evaluator.reader.read_json(text)
    try:
        general = evaluator._decide(read).to_json()
    except Exception as problem:  # noqa: BLE001  # as the evaluator answers it
        general = evaluator._internal(problem).to_json()
    assert evaluator.decide_json(text).to_json() == general
    taken = False
    for function in (*evaluator._quick.documents.values(), *evaluator._quick.other_documents.values()):
        try:
            decision = function(text.encode() if isinstance(text, str) else text)
        except Exception:  # noqa: BLE001  # any at all leaves the request to the general way
            continue
        assert decision.to_json() == general
        taken = True
    return taken


def test_hostile_json_is_read_as_the_general_way_reads_it(evaluator: Evaluator) -> None:
    taken = [agree_on_json(evaluator, text) for text in TEXTS]
    assert taken[0]
    assert taken[9]
    assert not any(taken[1:3])
    for wrong in (b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", "é".encode("latin-1"), "é".encode()):
        agree_on_json(evaluator, TEXT.encode().replace(b"hello", wrong))
    assert evaluator.decide_json(TEXT.replace("hello", "\ud800")).decided_by == ("invalid_request",)


@given(st.data())
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_json_with_any_part_written_twice_is_refused(evaluator: Evaluator, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([TEXT, TEXTS[25], TEXTS[9]]))
    place = data.draw(st.sampled_from([n for n in range(len(text)) if text[n] == '"']))
    end = text.find('"', place + 1)
    if end < 0 or text[end + 1 : end + 2] != ":":
        return
    twice = text[:place] + text[place : end + 1] + ': "x:y", ' + text[place:]
    assert not agree_on_json(evaluator, twice)
    assert evaluator.decide_json(twice).decided_by == ("invalid_request",)


# ------------------------------------------------------------------------------------------------------ any policy


def to_json(value: object) -> object:
    """The value as `json.dumps` takes it."""
    if isinstance(value, dict):
        return {key: to_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return list(map(to_json, value))
    return float(value) if isinstance(value, Decimal) else value


def compared(files: Sequence[tuple[str, str]], seed: int, requests: int) -> None:
    made = checked(files)
    if made is None:
        return
    making = sampler(made, seed)
    documents = making.documents()
    quick = Evaluator(build(made), documents)
    first = making.request()
    for tool in made.tools if made.uses_tools else [""]:
        quick._quick.make(tool, frozenset(first))
    for number in range(requests):
        request = making.request() if number else first
        if number % 5 == 4:
            name = making.random.choice(sorted(request))
            request[name] = making.random.choice([None, 3, "x", [], {}, {"n": "x"}, 1.5, 2**70])
        general = quick._decide_any(request).to_json()
        assert quick.decide(request).to_json() == general
        assert quick.decide(request).to_json() == general, "the second time, what was found is kept"
        text = json.dumps(to_json(request))
        assert quick.decide_json(text).to_json() == quick._decide(quick.reader.read_json(text)).to_json()


@given(st.data(), st.integers(0, 2**32))
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_both_ways_agree_on_every_policy(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    compared(program(choose), seed, 8)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(4))
def test_both_ways_agree_on_thousands_of_policies(part: int) -> None:
    for number in range(500):
        compared(program(Random(f"{part}/{number}").choice), number, 20)
