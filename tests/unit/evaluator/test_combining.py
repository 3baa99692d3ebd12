"""How the answers of several packages and rules become one decision, on both evaluators."""

from __future__ import annotations

import pytest

from tests.sources import both

CALL: dict[str, object] = {"tool": "pay", "args": {"n": 1}}

TOOL = "tool pay(n: int)\n"


def test_reviewers_of_two_packages_that_end_in_the_same_word_are_never_taken_for_each_other() -> None:
    one = 'package a.rules\nreviewers boss { who {"x"}; within 1h }\n' + TOOL
    one += "escalate big to boss if { tool is pay; args.n > 0 }\n"
    two = one.replace("package a.rules", "package b.rules").replace(TOOL, TOOL)
    entry = "package p\nextend a.rules\nextend b.rules as second\n"
    for evaluator in both(entry, one, two, entry="p"):
        decision = evaluator.decide(CALL)
        assert decision.decided_by == ("a.rules.big", "b.rules.big")
        assert [escalation.reviewers for escalation in decision.escalations] == ["a.rules.boss", "b.rules.boss"]
        approved = evaluator.decide({**CALL, "approvals": [{"reviewers": "a.rules.boss"}]})
        assert (approved.verdict, approved.decided_by) == ("escalate", ("b.rules.big",))
        assert evaluator.decide({**CALL, "approvals": [{"reviewers": "rules.boss"}]}).verdict == "escalate"


def test_a_rule_whose_obligation_errs_lifts_nothing() -> None:
    policy = f"""package p
{TOOL}
deny strict if {{ tool is pay }}
allow lifting overrides strict if {{ tool is pay }} then mask(to_string(args.n % 0 + args.n))
"""
    policy = policy.replace("args.n % 0", "args.n % (args.n - 1)")
    for evaluator in both(policy):
        decision = evaluator.decide(CALL)
        assert (decision.verdict, decision.decided_by) == ("deny", ("strict",))
        assert [(error.rule, error.error) for error in decision.errors] == [("lifting", "division_by_zero")]
        assert decision.overridden == ()
        assert evaluator.decide({**CALL, "args": {"n": 5}}).verdict == "allow"


def test_asking_for_a_definition_that_reads_what_the_request_lacks_is_an_error_that_says_so() -> None:
    library = "package lib\nrequest place: string\nlet v = place\n"
    entry = "package p\nimport lib\nimport std.agents\ntool pay(n: int)\nlet w = 1\ndeny d if { tool is pay; w == 2 }\n"
    evaluator, _ = both(entry, library, entry="p")
    with pytest.raises(ValueError, match="place"):
        evaluator.ask("lib.v", CALL)
