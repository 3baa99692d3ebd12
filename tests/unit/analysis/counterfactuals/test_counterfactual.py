"""The smallest changes of a request that alter its verdict, policy by policy."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from tenetlang.analysis.counterfactuals.counterfactual import Way, explain_change
from tenetlang.analysis.counterfactuals.hitting import Hitting
from tenetlang.decision import Verdict
from tenetlang.evaluator.surroundings import surroundings
from tests.unit.analysis.programs import checked

REFUNDS = """package acme
tool refund(customer: string, @min(0) amount: decimal, currency: "USD" | "EUR", cc?: list[email])
data customers: map[string, {tier: "gold" | "basic", frozen: bool}]
counter today = sum(args.amount) of refund by agent.id within 24h
reviewers desk { who {"lead"}; quorum 1; within 30m; else deny }
default deny
allow small if { tool is refund; args.amount <= 50.00 }
escalate large to desk if { tool is refund; args.amount > 50.00; args.currency == "USD" }
deny frozen if { tool is refund; data.customers[args.customer] is present; data.customers[args.customer].frozen }
deny budget if { tool is refund; today + args.amount > 1000 }
deny outside if { tool is refund; some address in args.cc ?? []; address.domain != "acme.com" }
deny tainted if { tool is refund; "untrusted" in session.labels }
"""
CUSTOMERS = {"c1": {"tier": "gold", "frozen": False}, "c2": {"tier": "basic", "frozen": True}}
REQUEST: Mapping[str, object] = {
    "agent": {"id": "a1"},
    "tool": "refund",
    "args": {"customer": "c1", "amount": 20, "currency": "USD"},
    "session": {"id": "s", "labels": [], "calls": []},
    "counters": {"today": 0},
}


def request(**changes: object) -> dict[str, object]:
    """The request with other arguments, or for `session` and `counters` with other facts."""
    made = copy.deepcopy(dict(REQUEST))
    arguments = made["args"]
    assert isinstance(arguments, dict)
    for name, value in changes.items():
        if name in {"session", "counters", "approvals"}:
            made[name] = value
        else:
            arguments[name] = value
    return made


def ways(
    asked: Mapping[str, object],
    towards: Verdict | None = None,
    *,
    text: str = REFUNDS,
    only_arguments: bool = False,
    documents: Mapping[str, object] | None = None,
) -> tuple[Way, ...]:
    known = {"customers": CUSTOMERS} if documents is None else documents
    world = surroundings(checked(text), known)
    decision = world.decide(asked)
    assert decision is not None
    return explain_change(world, asked, decision, towards=towards, only_arguments=only_arguments)


def changes(way: Way) -> list[object]:
    return [change.to_json()["changes"] for change in way.changes]


def test_the_nearest_number_is_named_with_the_region_that_does() -> None:
    (way,) = ways(request(amount=120), "allow")
    assert changes(way) == [[{"path": "args.amount", "from": "120", "to": "50", "at_most": "50"}]]
    (change,) = way.changes
    assert (change.verdict, change.decided_by, change.minimal) == ("allow", ("small",), True)


def test_an_argument_costs_less_than_two_and_two_less_than_a_fact() -> None:
    (way,) = ways(request(amount=2000), "escalate")
    assert [[item.path for item in change.differences] for change in way.changes] == [
        ["args.amount"],
        ["counters.today"],
    ]
    assert way.changes[0].cost < 200
    assert way.changes[1].cost >= 300
    (way,) = ways(request(currency="EUR", counters={"today": 0}), "escalate")
    assert [[item.path for item in change.differences] for change in way.changes] == [["args.amount", "args.currency"]]
    assert way.changes[0].cost > 200


def test_another_customer_is_taken_from_the_document() -> None:
    (way,) = ways(request(customer="c2"), "allow")
    assert changes(way)[0] == [{"path": "args.customer", "from": "c2", "to": "c1"}]


def test_a_member_goes_and_all_others_stay() -> None:
    (way,) = ways(request(cc=["x@acme.com", "y@evil.com"]), "allow")
    (difference,) = way.changes[0].differences
    assert (difference.after, difference.removed, difference.added) == ((["x@acme.com"],), ("y@evil.com",), ())


def test_a_member_is_added_where_one_is_missing() -> None:
    text = 'package p\ntool t(tags: set[string])\ndefault deny\nallow a if { tool is t; "ok" in args.tags }\n'
    (way,) = ways({"tool": "t", "args": {"tags": ["x"]}}, "allow", text=text, documents={})
    (difference,) = way.changes[0].differences
    assert (difference.added, difference.removed) == (("ok",), ())


def test_an_optional_part_is_left_out_or_given() -> None:
    text = "package p\ntool t(n?: int)\ndefault deny\nallow a if { tool is t; args.n is present }\n"
    (way,) = ways({"tool": "t", "args": {}}, "allow", text=text, documents={})
    (difference,) = way.changes[0].differences
    assert difference.before == ()
    assert len(difference.after) == 1
    (way,) = ways({"tool": "t", "args": {"n": 3}}, "deny", text=text, documents={})
    assert way.changes[0].to_json()["changes"] == [{"path": "args.n", "from": 3}]


def test_arguments_alone_are_proved_not_to_be_enough_where_a_fact_stands_in_the_way() -> None:
    tainted = request(session={"id": "s", "labels": ["untrusted"], "calls": []})
    (way,) = ways(tainted, "allow")
    assert (way.arguments, way.anything) == ("impossible", "found")
    assert way.changes[0].differences[0].path == "session.labels"
    (way,) = ways(tainted, "allow", only_arguments=True)
    assert (way.arguments, way.anything, way.changes) == ("impossible", None, ())


def test_a_sum_with_a_counter_is_reckoned_exactly() -> None:
    (way,) = ways(request(amount=120, counters={"today": 960}), "allow")
    assert changes(way)[0] == [{"path": "args.amount", "from": "120", "to": "40", "at_most": "40"}]


def test_a_verdict_that_nothing_gives_is_ruled_out() -> None:
    text = "package p\ntool t(n: int)\ndefault deny\nallow a if { tool is t; args.n > 3 }\n"
    (way,) = ways({"tool": "t", "args": {"n": 1}}, "escalate", text=text, documents={})
    assert (way.arguments, way.anything, way.given) == ("impossible", "impossible", False)


def test_an_approval_that_is_there_counts() -> None:
    approved = request(amount=120, approvals=[{"reviewers": "desk"}])
    assert [way.verdict for way in ways(approved)] == ["escalate", "deny"]
    (way,) = ways(approved, "escalate")
    assert (way.arguments, way.anything) == ("impossible", "impossible")


def test_more_than_four_parts_together_are_not_looked_for() -> None:
    names = "abcde"
    conditions = "; ".join(f"args.{name} == 1" for name in names)
    parameters = ", ".join(f"{name}: int" for name in names)
    text = f"package p\ntool t({parameters})\ndefault deny\nallow a if {{ tool is t; {conditions} }}\n"
    (way,) = ways({"tool": "t", "args": dict.fromkeys(names, 0)}, "allow", text=text, documents={})
    assert (way.changes, way.more_than) == ((), 4)


def test_what_only_an_evaluator_understands_is_found_by_trying_and_never_called_impossible() -> None:
    text = 'package p\nimport std.text\ntool t(s: string)\ndefault deny\nallow a if { tool is t; text.lower(args.s) == "yes" }\n'
    (way,) = ways({"tool": "t", "args": {"s": "NO"}}, "allow", text=text, documents={})
    assert way.arguments in {"found", "undecided"}
    for change in way.changes:
        assert change.verdict == "allow"


def test_nothing_is_told_of_requests_that_no_rule_was_tried_on() -> None:
    assert ways({**REQUEST, "args": {}}) == ()
    assert ways({**REQUEST, "tool": "other"}) == ()


def test_the_cheapest_sets_are_found_with_proofs_that_smaller_ones_are_not_enough() -> None:
    asked: list[frozenset[int]] = []

    def enough(parts: frozenset[int]) -> bool:
        asked.append(parts)
        return {0, 1} <= parts or {3} <= parts

    hitting = Hitting([1, 1, 1, 3], enough)
    for found in hitting.sets():
        hitting.accept(found)
    assert hitting.found == [frozenset({0, 1}), frozenset({3})]
    assert hitting.whole
    assert all(map(hitting.is_minimal, hitting.found))


def test_a_question_that_stays_open_rules_nothing_out() -> None:
    hitting = Hitting([1, 1], lambda parts: None if parts == {0} else parts == {0, 1})
    for found in hitting.sets():
        if found == {0, 1}:
            hitting.accept(found)
    assert hitting.found == [frozenset({0, 1})]
    assert not hitting.whole
    assert not hitting.is_minimal(frozenset({0, 1}))
