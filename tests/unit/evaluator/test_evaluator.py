"""What the evaluator promises beside agreeing with the reference: it never raises, is lazy, bounded, and safe to share."""

from __future__ import annotations

import ast
import json
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang.decision_tree.build import build
from tenetlang.evaluator import evaluator as evaluator_module
from tenetlang.evaluator import meaning
from tenetlang.evaluator.asking import AskError
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tenetlang.evaluator.requests import DataError
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Fallback, ObligationUse, Package, Program, Template
from tests.unit import programs as p

AMOUNT = p.read("args.amount", t.DECIMAL)
NUMBERS = t.ListType(t.DECIMAL)


def evaluator(*packages: Package, **changes: object) -> Evaluator:
    return Evaluator(build(p.program(*packages, **changes)))


def test_the_decision_says_who_and_why() -> None:
    rule = p.rule("large", "deny", p.tool_is("refund"), because=Template(("too much: ", AMOUNT)), owner="payments")
    decision = evaluator(p.package(rule)).decide(p.request(amount=Decimal("100.50")))
    assert decision.to_json(trace=False) == {
        "schema_version": 1,
        "policy": "acme",
        "bundle": decision.bundle,
        "verdict": "deny",
        "decided_by": ["large"],
        "reason": "too much: 100.5",
        "matched": [{"rule": "large", "verdict": "deny", "owner": "payments", "at": rule.at.place}],
        "overridden": [],
        "errors": [],
        "obligations": [],
        "escalations": [],
    }
    assert decision.compact_trace == {"leaf": "leaf 1", "matched": ["large"], "erred": []}


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=3)
    | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tool", "args", "agent", "approvals", "amount", "x"]) | st.integers(), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_every_object_whatever_gets_a_denial_and_none_an_exception(request: object) -> None:
    decision = evaluator(p.package(p.rule("r", "allow"))).decide(request)
    assert decision.verdict == "deny"
    assert decision.decided_by in {("invalid_request",), ("unknown_tool",)}
    assert decision.trace == ()


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[" * 10_000, b'{"tool": 1e999}', "\ud800", b"{}" * 2])
def test_every_text_whatever_gets_a_denial(data: bytes | str) -> None:
    assert evaluator(p.package(p.rule("r", "allow"))).decide_json(data).decided_by == ("invalid_request",)


@pytest.mark.parametrize("problem", [RecursionError, MemoryError, KeyError, ZeroDivisionError, SystemError])
def test_what_goes_wrong_inside_is_a_denial(problem: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    made = evaluator(p.package(p.rule("r", "allow")))

    def broken(*_: object) -> Iterator[object]:
        raise problem

    monkeypatch.setattr(evaluator_module, "combine", broken)
    decision = made.decide(p.request())
    assert (decision.verdict, decision.decided_by, decision.reason) == ("deny", ("error",), "internal error")
    assert [item.error for item in decision.errors] == ["internal"]


def test_an_interrupt_from_the_keyboard_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = evaluator(p.package(p.rule("r", "allow")))

    def broken(*_: object) -> Iterator[object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluator_module, "combine", broken)
    with pytest.raises(KeyboardInterrupt):
        made.decide(p.request())


def test_a_package_that_observes_allows_even_what_is_no_request() -> None:
    made = evaluator(p.package(p.rule("r", "deny", p.tool_is("refund")), observe=True))
    refused, nonsense = made.decide(p.request()), made.decide(3)
    assert (refused.verdict, refused.decided_by, refused.observed_verdict) == ("allow", ("observe",), "deny")
    assert refused.reason == "observed: deny, rule r"
    assert [item.rule for item in refused.observed] == ["r"]
    assert (nonsense.verdict, nonsense.observed_verdict) == ("allow", "deny")


def nested(depth: int, size: int) -> tuple[Program, dict[str, object]]:
    parts = p.read("args.parts", NUMBERS)
    inner: core.Expression = p.compare(AMOUNT, "<", p.constant(Decimal(0)))
    for level in range(depth):
        inner = core.Exists(p.steps(p.some(f"x{level}", parts), inner), t.BOOL, p.at())
    guard = core.Present(p.read("args.parts", NUMBERS, optional=True), t.BOOL, p.at())
    program = p.program(p.package(p.rule("r", "deny", p.tool_is("refund"), guard, inner), p.rule("s", "allow")))
    return program, p.request(parts=[1] * size)


def test_nested_quantifiers_stop_at_the_limit_of_work() -> None:
    program, request = nested(3, 100)
    made = Evaluator(build(program))
    decision = made.decide(request)
    assert [item.error for item in decision.errors] == ["too_much_work"]
    assert decision.verdict == "deny"


@pytest.mark.parametrize("limit", [99, 100, 101, 10_000, 10_099, 10_100])
def test_both_evaluators_count_work_alike(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    program, request = nested(2, 100)
    made = Evaluator(build(program))
    monkeypatch.setattr(meaning, "WORK_LIMIT", limit)
    for module in (made._generated.deciding, made._generated.explaining):
        monkeypatch.setitem(module.namespace, "WORK_LIMIT", limit)
    decision = made.decide(request)
    assert bool(decision.errors) == (limit < 10_100)
    assert decision.to_json() == Reference(program, {}, made.digest).decide(request).to_json()


@pytest.mark.parametrize("depth", [5, 13, 30])
def test_blocks_may_nest_deeper_than_python_lets_them(depth: int) -> None:
    parts = core.MakeList((AMOUNT, p.constant(Decimal(2))), NUMBERS, p.at())
    one = core.MakeList((AMOUNT,), NUMBERS, p.at())
    choices = [p.some(f"x{level}", parts if level == depth - 1 else one) for level in range(depth)]
    last = p.compare(p.local(f"x{depth - 1}", t.DECIMAL), "==", p.constant(Decimal(2)))
    built = core.Build("list", None, p.local("x0", t.DECIMAL), p.steps(*choices, last), NUMBERS, p.at())
    count = p.compare(core.Index(built, p.constant(0), t.DECIMAL, p.at()), "==", AMOUNT)
    program = p.program(
        p.package(
            p.rule("r", "allow", *choices, last, because=Template((p.local("x0", t.DECIMAL),))),
            p.rule("s", "allow", count),
        )
    )
    made = Evaluator(build(program))
    decision = made.decide(p.request(amount=7))
    assert decision.decided_by == ("r", "s")
    assert decision.reason == "7"
    assert decision.to_json() == Reference(program, {}, made.digest).decide(p.request(amount=7)).to_json()


def test_generated_code_has_no_builtins_and_no_name_of_the_policy() -> None:
    word = "zzz_author"
    program = p.program(
        p.package(
            p.rule(
                word,
                "deny",
                p.some(word, p.read("agent.roles", t.SetType(t.STRING))),
                p.compare(p.local(word), "==", p.constant(word)),
                because=Template((p.local(word),)),
            )
        )
    )
    made = Evaluator(build(program))
    written: list[ast.stmt] = []
    made._generated.deciding.written = written
    made.decide(p.request(roles=[word])).to_json()
    names = {
        name
        for function in written
        for node in ast.walk(function)
        for name in (
            getattr(node, "id", None),
            getattr(node, "attr", None),
            getattr(node, "name", None),
            getattr(node, "arg", None),
        )
        if isinstance(name, str)
    }
    assert names
    assert not any(word in name for name in names)
    assert made._generated.deciding.namespace["__builtins__"] == {}


def test_pythons_traceback_points_into_the_policy() -> None:
    place = p.at(4321)
    broken = core.Part(p.read("agent.id"), "domain", t.STRING, place)
    made = evaluator(p.package(p.rule("r", "deny", p.compare(broken, "==", p.constant("x")))))
    inputs = made.reader.read(p.request())
    with pytest.raises(AttributeError) as caught:
        made._decide(inputs)
    lines = [(step.filename, step.lineno) for step in _steps(caught.value)]
    assert ("policy.tenet", 4321) in lines


def _steps(problem: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(problem.__traceback__))


def test_obligations_come_once_and_their_errors_restrict() -> None:
    fine = [p.rule(f"r{n}", "allow", then=(ObligationUse("mask", (p.constant("body"),), p.at()),)) for n in range(2)]
    erring = p.rule("z", "allow", then=(ObligationUse("log", (p.divide(AMOUNT, AMOUNT),), p.at()),))
    made = evaluator(p.package(*fine, erring))
    assert [item.name for item in made.decide(p.request(amount=3)).obligations] == ["mask", "log"]
    refused = made.decide(p.request(amount=0))
    assert (refused.verdict, refused.decided_by, refused.obligations) == ("deny", ("error",), ())


def test_a_hole_that_errs_shows_as_a_question_mark() -> None:
    rule = p.rule("r", "deny", because=Template(("half is ", p.divide(p.constant(Decimal(1)), AMOUNT))))
    made = evaluator(p.package(rule))
    assert made.decide(p.request(amount=4)).reason == "half is 0.25"
    assert made.decide(p.request(amount=0)).reason == "half is ?"


def test_an_approval_counts_for_its_reviewers_and_outcomes_without_it_are_kept_apart() -> None:
    made = evaluator(p.package(p.rule("r", "escalate", to="acme.oncall"), default=Fallback("deny")))
    for _ in range(2):
        assert made.decide(p.request()).verdict == "escalate"
        assert made.decide(p.request(approvals=[{"reviewers": "oncall"}])).verdict == "allow"
        assert made.decide(p.request(approvals=[{"reviewers": "lead"}])).verdict == "escalate"


def asked() -> Evaluator:
    return evaluator(
        p.package(p.rule("r", "allow")),
        definitions={
            "acme.half": p.definition("acme.half", p.divide(p.constant(Decimal(1)), AMOUNT), ["refund"]),
            "acme.team": p.definition("acme.team", p.read("agent.team")),
        },
    )


def test_ask_gives_the_value_of_a_definition_as_json() -> None:
    assert asked().ask("acme.half", p.request(amount=4)) == "0.25"
    assert asked().ask("team", p.request()) == "support"
    assert asked().ask("acme.half", p.request("web.fetch")) is None


def test_ask_raises_lookup_error_for_names_and_value_error_for_requests_and_errors() -> None:
    with pytest.raises(LookupError, match="nobody"):
        asked().ask("nobody", p.request())
    with pytest.raises(AskError, match="expected"):
        asked().ask("team", 3)
    with pytest.raises(AskError, match=r"division_by_zero at policy\.tenet:"):
        asked().ask("half", p.request(amount=0))


def test_documents_are_typed_and_can_be_exchanged() -> None:
    blocked = p.document("blocked", t.SetType(t.STRING))
    rule = p.rule("r", "deny", p.contains(p.read("args.customer"), blocked), tools=["refund"])
    program = p.program(p.package(rule, p.rule("s", "allow")), data=(p.data("blocked", t.SetType(t.STRING)),))
    made = Evaluator(build(program), {"blocked": ["c1"]})
    assert made.decide(p.request()).verdict == "deny"
    assert made.with_documents({"blocked": []}).decide(p.request()).verdict == "allow"
    assert made.with_documents({"blocked": []}).digest == made.digest
    with pytest.raises(DataError):
        made.with_documents({"blocked": 3})


def test_a_compact_trace_expands_to_the_trace_of_the_same_decision_and_of_no_other() -> None:
    made = evaluator(p.package(p.rule("r", "deny", p.compare(AMOUNT, ">", p.constant(Decimal(50))), tools=["refund"])))
    decision = made.decide(p.request(amount=60))
    compact = json.loads(json.dumps(decision.compact_trace))
    assert made.expand(p.request(amount=60), compact) == decision.trace
    with pytest.raises(ValueError, match="another decision"):
        made.expand(p.request(amount=40), compact)


def test_threads_share_an_evaluator() -> None:
    rules = [
        p.rule(
            f"r{n}",
            "deny",
            p.tool_is("refund"),
            p.compare(p.divide(AMOUNT, p.constant(Decimal(n + 1))), ">", p.constant(Decimal(1))),
        )
        for n in range(20)
    ]
    program = p.program(p.package(*rules))
    made = Evaluator(build(program))
    requests = [p.request(amount=n % 25) for n in range(200)]
    expected = [json.dumps(Reference(program, {}, made.digest).decide(request).to_json()) for request in requests[:25]]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda request: json.dumps(made.decide(request).to_json()), requests))
    assert found == expected * 8


def test_another_set_of_documents_shares_what_is_generated_and_keeps_apart_what_is_read() -> None:
    blocked = p.rule("b", "deny", p.contains(p.read("args.customer"), p.document("blocked", t.SetType(t.STRING))))
    program = p.program(p.package(blocked, default=Fallback("allow")), data=(p.data("blocked", t.SetType(t.STRING)),))
    first = Evaluator(build(program), {"blocked": ["c1"]})
    second = first.with_documents({"blocked": []})
    for made, verdict, listed in ((first, "deny", ["c1"]), (second, "allow", []), (first, "deny", ["c1"])):
        decision = made.decide(p.request())
        assert decision.verdict == verdict
        assert decision.trace[0].conditions[0].read["data.blocked"] == listed
    assert first._generated is second._generated
    assert first.reader is second.reader
    reference = Reference(program, {"blocked": ["c1"]}, first.digest, first.reader)
    assert reference.decide(p.request()).to_json() == first.decide(p.request()).to_json()
    other = reference.with_documents({"acme.blocked": []})
    assert other.decide(p.request()).to_json() == second.decide(p.request()).to_json()
    assert other.reader is reference.reader
    with pytest.raises(DataError):
        reference.with_documents({})


def test_a_definition_that_is_asked_for_reads_the_documents_too() -> None:
    words = p.data("words", t.SetType(t.STRING))
    program = p.program(p.package(), data=(words,), definitions={"acme.all": p.definition("acme.all", p.document("words", t.SetType(t.STRING)))})  # fmt: skip
    made = Evaluator(build(program), {"words": ["a"]})
    assert made.ask("all", p.request()) == ["a"]
    assert made.with_documents({"words": []}).ask("all", p.request()) == []


def test_what_is_prepared_is_what_the_first_request_would_have_waited_for() -> None:
    made = evaluator(p.package(p.rule("r", "deny", because=Template(("no ", AMOUNT)), tools=["refund"])))
    made.prepare()
    made._generated = None  # type: ignore[misc, assignment]  # nothing more is generated
    assert made.decide(p.request(amount=3)).reason == "no 3"
    assert made.decide(p.request("web.fetch")).verdict == "deny"


def test_a_failure_inside_is_a_denial_for_a_request_as_text_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> object:
        raise MemoryError

    made = evaluator(p.package(p.rule("r", "allow")))
    monkeypatch.setattr(Evaluator, "_reached", fail)
    decision = made.decide_json(json.dumps(p.request()))
    assert (decision.verdict, decision.decided_by) == ("deny", ("error",))
    assert [item.error for item in decision.errors] == ["internal"]


def test_a_failure_while_the_trace_is_made_is_said_in_the_trace() -> None:
    made = evaluator(p.package(p.rule("r", "allow")))
    decision = made.decide(p.request())
    made._generated = None  # type: ignore[misc, assignment]  # whatever it is that fails
    (traced,) = decision.trace
    assert (traced.holds, traced.conditions[0].error) == (None, "internal")
