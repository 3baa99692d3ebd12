"""Claims are proved for all requests, or broken by one that the evaluators confirm, or said to be undecided."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenetlang.analysis.comparison.compare import compared_programs
from tenetlang.analysis.proofs.prove import (
    Compatible,
    Counterexample,
    Differs,
    Proof,
    Proved,
    Relation,
    Unproved,
    Untold,
    claim_findings,
    compare_programs,
    is_weaker,
    prove,
    terms_in_the_way,
)
from tenetlang.analysis.questions import Analysis
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.report.words import describe
from tests.unit.analysis.programs import checked

POLICY = """\
package shop
tool refund(customer: string, amount: decimal, currency: "USD" | "EUR")
tool note(text: string)
data vendors: map[string, { limit: decimal }]
reviewers finance {
    who {"a@example.com"}
    quorum 1
    within 30m
    else deny
}
fn limit(team: string) -> decimal = match { team == "gold" => 100.00, else => 50.00 }

default deny because "no rule allows this call"
deny fraud if { tool is refund; args.customer == "fraud" }
allow small if { tool is refund; args.amount <= limit(agent.team ?? "") }
escalate large to finance if { tool is refund; args.amount > 1000.00 }
allow notes if { tool is note; args.text != "" }
"""


def proof(claim: str, policy: str = POLICY) -> Proof:
    program = checked(policy + claim)
    return prove(Analysis(program, BothEvaluators(program)), program.claims[-1])


@pytest.mark.parametrize(
    "claim",
    [
        'never "a" { verdict is allow; tool is refund; args.amount > 100.00 }',
        'never "a" { verdict is allow; tool is note; args.text == "" }',
        'never "a" { verdict is deny; "small" in decided_by }',
        'always "a" if { tool is refund; args.customer == "fraud" } { verdict is deny; decided_by == {"fraud"} }',
        'always "a" if { verdict is escalate } { tool is refund; args.amount > 1000.00 }',
        'never "a" { with agent = { id: "x", team: "iron" }; verdict is allow; tool is refund; args.amount > 50.00 }',
        'never "a" { with limit(team) = 7.00; verdict is allow; tool is refund; args.amount > 7.00 }',
        'never "a" { with approvals = [finance]; verdict is escalate }',
        'never "a" { with data.vendors = {}; tool is refund; args.customer in keys(data.vendors) }',
    ],
)
def test_what_holds_of_all_requests_is_proved(claim: str) -> None:
    assert proof(claim) == Proved()


@pytest.mark.parametrize(
    ("claim", "tool", "verdict"),
    [
        ('never "a" { verdict is allow; tool is refund; args.amount > 99.00 }', "refund", "allow"),
        ('always "a" if { tool is refund; args.customer == "fraud" } { args.amount > 3 }', "refund", "deny"),
        ('never "a" { verdict is allow }', "note", "allow"),
        ('never "a" { verdict is escalate }', "refund", "escalate"),
        (
            'never "a" { with agent = { id: "x", team: "gold" }; verdict is allow; tool is refund; args.amount > 50.00 }',
            "refund",
            "allow",
        ),
        (
            'never "a" { with limit(team) = 7.00; verdict is allow; tool is refund; args.amount > 6.00 }',
            "refund",
            "allow",
        ),
        (
            'never "a" { with approvals = [finance]; verdict is allow; tool is refund; args.amount > 999.00 }',
            "refund",
            "allow",
        ),
    ],
)
def test_what_does_not_hold_is_broken_by_a_request_that_breaks_it(claim: str, tool: str, verdict: str) -> None:
    found = proof(claim)
    assert isinstance(found, Counterexample)
    assert (found.tool, found.verdict) == (tool, verdict)
    program = checked(POLICY + claim)
    if "limit(team)" not in claim:
        assert BothEvaluators(program).breaks(program.claims[-1], found.request, found.documents) is True


def test_a_counterexample_is_the_smallest_request_that_can_be_sent() -> None:
    found = proof('never "a" { verdict is allow; tool is refund; args.amount > 49.00 }')
    assert isinstance(found, Counterexample)
    assert found.request == {
        "tool": "refund",
        "args": {"amount": Decimal("49.01"), "currency": "EUR", "customer": "a"},
        "agent": {"id": "a"},
    }
    assert found.documents == {"shop.vendors": {}}


def test_a_fixed_document_is_reckoned_with_and_comes_with_the_counterexample() -> None:
    claim = """\
never "a" {
    with data.vendors = { "v1": { limit: 3.00 } }
    tool is refund
    args.customer in keys(data.vendors)
    args.amount > data.vendors["v1"].limit
    verdict is allow
}"""
    found = proof(claim)
    assert isinstance(found, Counterexample)
    assert found.documents == {"shop.vendors": {"v1": {"limit": 3}}}
    assert found.request["args"] == {"amount": 4, "currency": "EUR", "customer": "v1"}


def test_a_claim_may_say_that_no_origin_is_known() -> None:
    policy = """\
package shop
tool pay(to: string)
default deny because "no"
allow said_by_user if { tool is pay; origin(args.to) is present; origin(args.to).kind == "user" }
"""
    assert proof('never "a" { with origins = {}; tool is pay; verdict is allow }', policy) == Proved()
    assert isinstance(proof('never "a" { tool is pay; verdict is allow }', policy), Counterexample)


def test_a_claim_is_about_requests_that_have_the_facts_of_which_it_speaks() -> None:
    policy = """\
package p
request agent: { team: "red" | "blue" }
request user?: { id: string }
tool t(n: int)
default deny because "no"
allow a if { tool is t; args.n < 3 }
"""
    found = proof('never "a" { tool is t; verdict is allow; agent.team == "red" }', policy)
    assert isinstance(found, Counterexample)
    assert found.request == {"tool": "t", "args": {"n": 1}, "agent": {"team": "red"}}
    found = proof('never "a" { tool is t; verdict is allow; user is not present or user.id == "b" }', policy)
    assert isinstance(found, Counterexample)
    assert "user" not in found.request
    assert proof('never "a" { tool is t; args.n > 2; verdict is allow; agent.team == "red" }', policy) == Proved()


def test_an_always_whose_consequence_errs_is_broken_and_conditions_that_err_are_not_met() -> None:
    policy = POLICY + "tool divide(n: int, by: int)\nallow divides if { tool is divide }\n"
    assert isinstance(proof('always "a" if { tool is divide } { args.n % args.by >= 0 }', policy), Counterexample)
    assert proof('never "a" { tool is divide; args.by == 0; args.n % args.by == 0 }', policy) == Proved()


def test_an_observing_policy_allows_everything() -> None:
    policy = POLICY.replace("package shop", "@observe\npackage shop")
    assert proof('never "a" { verdict is deny }', policy) == Proved()
    assert isinstance(
        proof('never "a" { tool is refund; args.customer == "fraud"; verdict is allow }', policy), Counterexample
    )


def test_a_value_that_only_the_claim_names_is_reckoned_with() -> None:
    claim = 'never "a" { tool is note; args.text == "no rule names this"; verdict is allow }'
    found = proof(claim)
    assert isinstance(found, Counterexample)
    assert found.request["args"] == {"text": "no rule names this"}


def test_what_only_an_evaluator_understands_is_undecided_with_the_reason() -> None:
    policy = POLICY + "tool order(n: int, m: int)\nallow orders if { tool is order; args.n > 1; args.m > 1 }\n"
    found = proof('never "a" { verdict is allow; tool is order; args.n * args.m == 7919 }', policy)
    assert isinstance(found, Unproved)
    ((tool, why),) = found.tools
    assert (tool, why.reason, terms_in_the_way(why)) == ("order", "not-shown", ["args.n * args.m"])


def test_broken_and_undecided_claims_are_findings_with_words() -> None:
    policy = POLICY + "tool order(n: int, m: int)\nallow orders if { tool is order; args.n > 1; args.m > 1 }\n"
    program = checked(
        policy
        + 'never "holds" { tool is note; args.text == ""; verdict is allow }\n'
        + 'never "broken" { tool is note; verdict is allow }\n'
        + 'never "prime" { verdict is allow; tool is order; args.n * args.m == 7919 }\n'
    )
    found = claim_findings(Analysis(program, BothEvaluators(program)))
    assert [(item.check, item.at.line) for item in found] == [("broken-claim", 21), ("undecided", 22)]
    assert found[0].witness == {"tool": "note", "args": {"text": "a"}, "agent": {"id": "a"}}
    assert "because of" in dict(describe(found[1]).facts)


# ------------------------------------------------------------------------------------------------------------ two programs


BASE = """\
package shop
tool pay(to: string, amount: decimal, currency: "USD" | "EUR")
tool note(text: string)
counter paid_today = sum(args.amount) of pay by agent.id within 1d
default deny because "no"
reviewers finance {
    who {"a@example.com"}
    quorum 1
    within 30m
    else deny
}
allow small if { tool is pay; args.amount <= 50.00; paid_today < 1000.00 }
escalate medium to finance if { tool is pay; args.amount > 50.00; args.amount <= 100.00 }
allow notes if { tool is note }
"""


def compared(first: str, second: str, relation: Relation) -> dict[str | None, object]:
    one, other = checked(first), checked(second)
    both = compared_programs(one, BothEvaluators(one), other, BothEvaluators(other))
    answers: dict[str | None, object] = {}
    for item in compare_programs(both, relation):
        match item:
            case Compatible(tool, only_second):
                answers[tool] = "only second" if only_second else "same"
            case Differs(tool, difference):
                answers[tool] = (difference.first.verdict, difference.second.verdict, is_weaker(difference))
            case Untold(tool, why):
                answers[tool] = why.reason
    return answers


def test_a_policy_is_equivalent_to_itself_written_otherwise() -> None:
    other = BASE.replace(
        "args.amount > 50.00; args.amount <= 100.00", "not args.amount <= 50.00; args.amount <= 100.00"
    )
    other = other.replace("args.amount <= 50.00; paid_today < 1000.00", "paid_today < 1000.00; 50.00 >= args.amount")
    assert other != BASE
    assert compared(BASE, other, "equivalent") == {"note": "same", "pay": "same"}


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("args.amount <= 50.00;", "args.amount <= 49.00;", None),
        ("args.amount <= 50.00;", "args.amount <= 51.00;", None),
        ("args.amount <= 100.00", "args.amount <= 200.00", ("deny", "escalate", True)),
        ("args.amount <= 50.00; paid_today", "paid_today", ("deny", "allow", True)),
        ("escalate medium to finance if", "allow medium if", ("escalate", "allow", True)),
        ('"USD" | "EUR"', '"USD"', None),
        ("amount: decimal", "amount: int", None),
        ("to: string", "to: email", None),
    ],
)
def test_refinement_finds_each_weakening_and_no_strengthening(
    old: str, new: str, difference: tuple[str, str, bool] | None
) -> None:
    assert old in BASE
    answers = compared(BASE, BASE.replace(old, new), "refines")
    assert answers["pay"] == ("same" if difference is None else difference)


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("args.amount <= 50.00;", "args.amount <= 49.00;", ("allow", "deny", False)),
        ('"USD" | "EUR"', '"USD"', ("allow", "deny", False)),
        ('"USD" | "EUR"', '"USD" | "EUR" | "GBP"', ("deny", "allow", True)),
        ("to: string", "to?: string", ("deny", "allow", True)),
        ("to: string", "to: string, reference: string", ("deny", "allow", True)),
        ("to: string", "to: string, reference?: string", ("deny", "allow", True)),
        ("to: string", "to: email", ("allow", "deny", False)),
    ],
)
def test_requests_that_are_valid_for_one_only_are_differences(
    old: str, new: str, difference: tuple[str, str, bool]
) -> None:
    assert old in BASE
    answers = compared(BASE, BASE.replace(old, new), "equivalent")
    assert answers["pay"] == difference


def test_tools_that_only_one_has_are_denied_by_the_other() -> None:
    without = BASE.replace("tool note(text: string)\n", "").replace("allow notes if { tool is note }\n", "")
    assert compared(BASE, without, "refines") == {"note": "same", "pay": "same"}
    assert compared(without, BASE, "refines") == {"note": "only second", "pay": "same"}
    assert compared(without, BASE, "equivalent") == {"note": ("deny", "allow", True), "pay": "same"}
    assert compared(without, BASE.replace("allow notes", "deny notes"), "equivalent") == {"note": "same", "pay": "same"}


def test_a_policy_that_only_observes_refines_nothing() -> None:
    observing = BASE.replace("package shop", "@observe\npackage shop")
    assert compared(BASE, observing, "refines") == {"note": "same", "pay": ("deny", "allow", True)}
    assert compared(observing, BASE, "refines") == {"note": "same", "pay": "same"}
