"""What is no request is denied before any rule is tried, with the place and the reason. One row for each way to be wrong."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.readers import Refused, reader
from tenetlang.evaluator.reference import Reference
from tenetlang.evaluator.requests import DataError
from tenetlang.program import types as t
from tests.sources import both, lists_with_one_hash

POLICY = """package p

data vendors: map[string, { limit: decimal, status: "active" | "blocked" }]

@writes
tool pay(amount: decimal, to: email, note?: string, @min(1) @max(12) months: int, tags: set[string],
    item: { id: string, size?: int }, kind: "once" | "monthly", extra: json)

tool look(@length(1, 5) word: string, @pattern("[a-z]+") name?: string, @items(0, 2) ids?: list[int])

counter paid = sum(args.amount) of pay by agent.id within 24h

allow pays if { tool is pay; agent.id == "a1"; paid + args.amount <= 100.00; "x" not in session.labels }

allow looks if { tool is look }

deny late if { now > 2030-01-01 }
"""

VENDORS = {"v1": {"limit": 10.5, "status": "active"}}


def pay() -> dict[str, object]:
    return {
        "agent": {"id": "a1"},
        "tool": "pay",
        "args": {
            "amount": 20,
            "to": "A.B@Example.com",
            "months": 3,
            "tags": ["a", "a"],
            "item": {"id": "i"},
            "kind": "once",
            "extra": None,
        },
        "session": {"id": "s", "labels": [], "calls": []},
        "counters": {"paid": 0},
        "now": "2026-11-22T20:00:00Z",
    }


@pytest.fixture(scope="module")
def evaluators() -> tuple[Evaluator, Reference]:
    return both(POLICY, documents={"vendors": VENDORS})


def put(request: dict[str, object], path: str, value: object) -> dict[str, object]:
    """The request with the value at the dotted path, or without it for `...`."""
    copy: dict[str, object] = json.loads(json.dumps(request))
    into: object = copy
    *steps, last = path.split(".")
    for step in steps:
        assert isinstance(into, dict)
        into = into[step]
    assert isinstance(into, dict)
    if value is ...:
        del into[last]
    else:
        into[last] = value
    return copy


def call(**arguments: object) -> dict[str, object]:
    return {
        "tool": arguments.pop("tool", "t.unknown"),
        "args": arguments,
        "verdict": "allow",
        "at": "2026-01-01T00:00:00Z",
    }


CASES = [
    ("tool", ..., "tool: required, and missing"),
    ("tool", 3, "tool: expected the name of a tool, got a number"),
    ("args", ..., "args: required, and missing"),
    ("args", [], "args: expected an object, got a list"),
    ("args.amount", ..., "args.amount: required, and missing"),
    ("args.amount", "20", "args.amount: expected a decimal, got a string"),
    ("args.amount", None, "args.amount: expected a decimal, got null"),
    ("args.amount", True, "args.amount: expected a decimal, got a boolean"),
    ("args.note", None, "args.note: expected a string, got null"),
    ("args.amuont", 1, "args.amuont: nothing of this name is declared"),
    ("args.to", "nobody", "args.to: expected an e-mail address"),
    ("args.to", '"a b"@x.com', "args.to: expected an e-mail address"),
    ("args.months", 0, "args.months: must be at least 1"),
    ("args.months", 13, "args.months: must be at most 12"),
    ("args.months", 2.5, "args.months: expected an int, got a number with a fraction"),
    ("args.tags", "a", "args.tags: expected a list, got a string"),
    ("args.tags", ["a", 1], "args.tags[1]: expected a string, got a number"),
    ("args.item", {}, "args.item.id: required, and missing"),
    ("args.item", {"id": "i", "colour": 1}, "args.item.colour: nothing of this name is declared"),
    ("args.item", {"id": "i", "size": None}, "args.item.size: expected an int, got null"),
    ("args.kind", "yearly", 'args.kind: expected one of "monthly", "once", got "yearly"'),
    ("agent", ..., "agent: required, and missing"),
    ("agent", {}, "agent.id: required, and missing"),
    ("agent", {"id": 1}, "agent.id: expected a string, got a number"),
    ("user", {"id": 7}, "user.id: expected a string, got a number"),
    ("session", ..., "session: required, and missing"),
    ("session.labels", {}, "session.labels: expected a list, got an object"),
    ("session.calls", [{"tool": "look"}], "session.calls[0].at: required, and missing"),
    ("session.calls", [call(tool="look", word=1)], "session.calls[0].args.word: expected a string, got a number"),
    ("session.calls", [call()] * 1001, "session.calls: at most 1000 are taken, got 1001"),
    ("counters", ..., "counters.paid: required, and missing"),
    ("counters", {"paid": "1"}, "counters.paid: expected a decimal, got a string"),
    ("counters", {"paid": 1, "piad": 1}, "counters.piad: no counter of this name is declared"),
    ("now", ..., "now: required, and missing"),
    ("now", "yesterday", "now: expected a time"),
    ("now", "2026-11-22T23:59:60Z", "now: expected a time"),
    ("origins", {"amount": "me"}, 'origins.amount: expected "user", "agent" or "tool:NAME"'),
    ("origins", {"amuont": "user"}, "origins.amuont:"),
    ("origins", [], "origins: expected an object, got a list"),
    ("approvals", {}, "approvals: expected a list, got an object"),
    ("approvals", ["desk"], "approvals[0]: expected an object that names its `reviewers`"),
    ("aproved", True, "aproved: nothing of this name is declared"),
    ("context", {"a": 2**70}, "context.a"),
]


@pytest.mark.parametrize(("path", "value", "reason"), CASES)
def test_a_request_that_is_none_is_denied_with_the_place(
    evaluators: tuple[Evaluator, Reference], path: str, value: object, reason: str
) -> None:
    request = put(pay(), path, value)
    for evaluator in evaluators:
        decision = evaluator.decide(request)
        assert (decision.verdict, decision.decided_by) == ("deny", ("invalid_request",))
        assert decision.reason.startswith(f"invalid request: {reason}")
        assert decision.matched == ()


def test_a_sound_request_is_read_and_decided(evaluators: tuple[Evaluator, Reference]) -> None:
    for evaluator in evaluators:
        assert evaluator.decide(pay()).decided_by == ("pays",)


def test_an_undeclared_tool_is_denied_as_unknown(evaluators: tuple[Evaluator, Reference]) -> None:
    for evaluator in evaluators:
        decision = evaluator.decide({**pay(), "tool": "pya\x1b[2J"})
        assert (decision.verdict, decision.decided_by) == ("deny", ("unknown_tool",))
        assert "\x1b" not in decision.reason


def test_fields_that_a_fact_does_not_declare_are_dropped(evaluators: tuple[Evaluator, Reference]) -> None:
    for evaluator in evaluators:
        assert evaluator.decide(put(pay(), "agent.colour", "red")).decided_by == ("pays",)


def test_what_an_undeclared_earlier_tool_was_given_is_dropped(evaluators: tuple[Evaluator, Reference]) -> None:
    for evaluator in evaluators:
        assert evaluator.decide(put(pay(), "session.calls", [call(anything=1)])).decided_by == ("pays",)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"word": ""}, "args.word: must have 1 to 5 characters, has 0"),
        ({"word": "abcdef"}, "args.word: must have 1 to 5 characters, has 6"),
        ({"word": "a", "name": "A"}, 'args.name: must match "[a-z]+"'),
        ({"word": "a", "ids": [1, 2, 3]}, "args.ids: must have 0 to 2 items, has 3"),
    ],
)
def test_refinements_are_part_of_the_type(
    evaluators: tuple[Evaluator, Reference], arguments: dict[str, object], reason: str
) -> None:
    for evaluator in evaluators:
        decision = evaluator.decide({**pay(), "tool": "look", "args": arguments})
        assert decision.reason == f"invalid request: {reason}"


HOSTILE = [
    ("no JSON at all", "{"),
    ("nothing", ""),
    ("a list", "[]"),
    ("a key twice", '{"tool": "look", "tool": "pay"}'),
    ("a key twice, once escaped", '{"tool": "look", "\\u0074ool": "pay"}'),
    ("not a number", '{"tool": NaN}'),
    ("infinity", '{"tool": 1e999999999}'),
    ("half a surrogate pair", '{"tool": "\\ud800"}'),
    ("deep nesting", "[" * 100_000),
    ("deep nesting, closed", "[" * 40 + "]" * 40),
    ("more after the end", "{} {}"),
    ("a byte order mark", "\ufeff{}"),
    ("too long", '{"tool": "' + "a" * (1 << 20) + '"}'),
    ("too many values", "[" + "1," * 60_000 + "1]"),
]


@pytest.mark.parametrize("text", [text for _, text in HOSTILE], ids=[name for name, _ in HOSTILE])
def test_hostile_json_is_denied(evaluators: tuple[Evaluator, Reference], text: str) -> None:
    for evaluator in evaluators:
        for data in (text, text.encode()):
            decision = evaluator.decide_json(data)
            assert (decision.verdict, decision.decided_by) == ("deny", ("invalid_request",))


def test_bytes_that_are_no_utf8_are_denied(evaluators: tuple[Evaluator, Reference]) -> None:
    for evaluator in evaluators:
        assert evaluator.decide_json(b'{"tool": "\xff"}').decided_by == ("invalid_request",)


class Liar(dict[str, object]):
    def get(self, *_: object) -> object:
        raise RuntimeError("never asked")


@pytest.mark.parametrize("request_", [None, 3, "x", [], object(), Liar(pay()), {1: 2}, {"tool": object()}])
def test_objects_that_json_cannot_say_are_denied(evaluators: tuple[Evaluator, Reference], request_: object) -> None:
    for evaluator in evaluators:
        assert evaluator.decide(request_).decided_by == ("invalid_request",)


def test_a_value_within_itself_is_denied(evaluators: tuple[Evaluator, Reference]) -> None:
    request = pay()
    request["context"] = {"again": request}
    for evaluator in evaluators:
        assert evaluator.decide(request).decided_by == ("invalid_request",)


def test_a_float_is_read_as_its_shortest_text(evaluators: tuple[Evaluator, Reference]) -> None:
    for evaluator in evaluators:
        decision = evaluator.decide(put(pay(), "args.amount", 0.1))
        (condition,) = [c for c in decision.trace[1].conditions if "paid" in c.text]
        assert condition.read["args.amount"] == "0.1"


@pytest.mark.parametrize(
    ("documents", "reason"),
    [
        ({}, "the document `vendors` of `p` is missing"),
        ({"vendors": []}, "`vendors`: expected an object, got a list"),
        ({"vendors": {"v1": {"limit": 1, "status": "gone"}}}, "`vendors.v1.status`: expected one of"),
        ({"vendors": {}, "vendor": {}}, "no document `vendor` is declared (declared: `vendors`)"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_when_it_is_loaded(documents: dict[str, object], reason: str) -> None:
    with pytest.raises(DataError) as error:
        both(POLICY, documents=documents)
    assert str(error.value).startswith(reason)


def test_a_document_may_be_named_with_its_package() -> None:
    evaluator, _ = both(POLICY, documents={"p.vendors": {"v1": {"limit": Decimal("1.5"), "status": "blocked"}}})
    assert evaluator.decide(pay()).verdict == "allow"


def test_a_set_of_lists_that_were_chosen_to_have_one_hash_is_refused() -> None:
    read = reader(t.SetType(t.ListType(t.INT)), {}, strict=True)
    chosen = lists_with_one_hash(1_200)
    assert len(set(map(hash, map(tuple, chosen)))) == 1
    with pytest.raises(Refused, match="chosen to have the same hash"):
        read(chosen)
    assert read([[1, 2]] * 2_000) == {(1, 2)}
    assert read([[number, 2] for number in range(2_000)]) == {(number, 2) for number in range(2_000)}
