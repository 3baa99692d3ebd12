"""Conflicts, overlaps, gaps, errors, omissions, tools, reviewers and claims: what a request shows, or none can."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tenetlang.analysis.findings import desk
from tenetlang.analysis.findings.desk import Wanted
from tenetlang.report.finding import Finding
from tenetlang.report.words import severity_of
from tests.unit.analysis.findings import HEAD, examined, found, told

SMALL = "allow small if { tool is refund; args.amount <= 50.0 }\n"
DEAR = "{} dear if {{ tool is refund; args.amount > 20.0 }}\n"
DESK = "reviewers {} {{ who {}; quorum 1; within 30m; else deny }}\n"


def the_one(rules: str, check: str, wanted: Wanted | None = None, head: str = HEAD) -> Finding:
    (finding,) = [finding for finding in found(rules, wanted, head, without="") if finding.check == check]
    return finding


def arguments(finding: Finding) -> Mapping[str, object]:
    assert finding.witness is not None
    given = finding.witness["args"]
    assert isinstance(given, dict)
    return given


# ------------------------------------------------------------------------------------------------------------ conflicts


def test_different_verdicts_of_one_request_conflict_under_unique() -> None:
    finding = the_one("resolve unique\n" + SMALL + DEAR.format("deny"), "conflicting-rules")
    assert (finding.variant, finding.rules, severity_of(finding)) == ("allow", ("small", "dear"), "error")
    assert 20 < json.loads(str(arguments(finding)["amount"])) <= 50


def test_rules_that_meet_nowhere_or_agree_do_not_conflict() -> None:
    apart = "deny dear if { tool is refund; args.amount > 50.0 }\n"
    assert told("resolve unique\n" + SMALL + apart) == []
    assert told("resolve unique\n" + SMALL + DEAR.format("allow")) == []


def test_under_most_restrictive_and_first_nothing_conflicts() -> None:
    for resolve in ("most_restrictive", "first"):
        assert told(f"resolve {resolve}\n" + SMALL + DEAR.format("deny")) == []


def test_under_priority_equals_conflict_where_no_higher_rule_matches() -> None:
    equal = "resolve priority\n@priority(1)\n" + SMALL + "@priority(1)\n" + DEAR.format("deny")
    assert told(equal) == [("conflicting-rules.allow", "small", "dear")]
    ranked = "resolve priority\n@priority(2)\n" + SMALL + "@priority(1)\n" + DEAR.format("deny")
    assert told(ranked) == []
    covered = equal + "@priority(2)\ndeny between if { tool is refund; args.amount > 20.0; args.amount <= 50.0 }\n"
    assert told(covered) == []


def test_an_override_resolves_a_conflict() -> None:
    assert told("resolve unique\n" + SMALL + DEAR.format("deny").replace("dear", "dear overrides small")) == []


def test_a_conflict_with_a_rule_that_is_observed_is_a_warning() -> None:
    finding = the_one("resolve unique\n" + SMALL + "@observe\n" + DEAR.format("deny"), "conflicting-rules")
    assert (finding.variant, severity_of(finding)) == ("observed", "warning")


def test_the_conflicts_of_a_package_that_observes_are_warnings() -> None:
    head = HEAD.replace("package example", "@observe\npackage example").replace("default deny\n", "")
    rules = "resolve unique\ndefault deny\n" + SMALL + DEAR.format("deny")
    assert the_one(rules, "conflicting-rules", head=head).variant == "observed"


def test_a_single_obligation_wanted_in_two_ways_conflicts() -> None:
    rules = SMALL.replace("}\n", '} then log("none")\n') + DEAR.format("allow").replace("}\n", '} then log("full")\n')
    finding = the_one(rules, "conflicting-rules")
    assert (finding.variant, finding.rules) == ("obligations", ("small", "dear"))
    assert finding.details["other_obligation"] == 'log("full")'
    assert told(rules.replace('"full"', '"none"')) == []


def test_one_rule_that_wants_an_obligation_in_two_ways_conflicts_with_itself() -> None:
    rules = SMALL.replace("}\n", '} then log("none"), log("full")\n')
    assert the_one(rules, "conflicting-rules").variant == "twice"


def test_arguments_of_obligations_that_may_differ_conflict_where_they_do() -> None:
    head = "package example\n@single\nobligation stamp(text: string)\ntool show(a: string, b: string)\ndefault deny\n"
    rules = "allow {} if {{ tool is show }} then stamp(args.{})\n"
    finding = the_one(rules.format("one", "a") + rules.format("two", "b"), "conflicting-rules", head=head)
    assert arguments(finding)["a"] != arguments(finding)["b"]


# ------------------------------------------------------------------------------------------------------------- overlaps


def test_crossings_are_told_only_where_they_are_asked_for() -> None:
    rules = SMALL + DEAR.format("deny")
    assert told(rules) == []
    (finding,) = found(rules, Wanted(overlaps=True))
    assert (finding.check, finding.variant, finding.details["winner"]) == ("overlapping-rules", "", "`dear`")


def test_an_exception_is_told_from_a_crossing() -> None:
    inside = "deny certain if { tool is refund; args.amount > 20.0; args.amount < 30.0 }\n"
    (finding,) = found(SMALL + inside, Wanted(overlaps=True))
    assert (finding.variant, finding.details["inner"], finding.details["outer"]) == ("exception", "certain", "small")


def test_pairs_that_the_author_ranks_by_an_override_are_not_listed() -> None:
    rules = SMALL.replace("small", "small overrides dear") + DEAR.format("deny")
    assert found(rules, Wanted(overlaps=True)) == []


def test_more_pairs_than_are_shown_are_said_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenetlang.analysis.findings.conflict._MOST_PAIRS", 2)
    rules = "".join(f"allow a{n} if {{ tool is refund; args.parts == {n} }}\n" for n in range(4)) + DEAR.format("deny")
    variants = [finding.variant for finding in found(rules, Wanted(overlaps=True))]
    assert variants.count("more") == 1
    assert len(variants) == 3


# ----------------------------------------------------------------------------------------------------------------- gaps


def test_a_gap_is_shown_where_no_default_is_written_or_where_it_is_asked_for() -> None:
    head = HEAD.replace("default deny\n", "")
    assert told(SMALL, head=head) == [("gap",)]
    assert told(SMALL) == []
    assert told(SMALL, Wanted(gaps=True)) == [("gap",)]
    full = SMALL + "deny rest if { tool is refund; args.amount > 50.0 }\n"
    assert told(full, Wanted(gaps=True)) == []


def test_a_package_without_rules_has_no_gaps_and_no_tools_that_are_always_denied() -> None:
    assert examined("", Wanted(gaps=True)).findings == ()


def test_a_package_without_tools_has_a_gap_of_requests() -> None:
    head = 'package example\nrequest method: "GET" | "PUT"\n'
    assert told('allow reading if { method == "GET" }\n', head=head) == [("gap.requests",)]


# --------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("condition", "code", "source"),
    [
        ("args.parts + 1 > 3", "overflow", "args.parts + 1"),
        ("1 % args.parts > 3", "division-by-zero", "1 % args.parts"),
        ("data.limits[args.currency] > 1", "bad-index", "data.limits[args.currency]"),
    ],
)
def test_a_rule_that_can_err_is_shown_with_the_expression_that_does(condition: str, code: str, source: str) -> None:
    rules = f"data limits: map[string, int]\nallow a if {{ tool is refund; {condition} }}\n"
    finding = the_one(rules, "may-error")
    assert (finding.variant, finding.at.source) == (code, source)
    assert finding.details["on_error"] == "deny"


def test_a_guard_keeps_a_rule_from_erring() -> None:
    assert told("allow a if { tool is refund; args.parts > 0; args.parts < 9; 10 % args.parts > 3 }\n") == []
    assert (
        told("data limits: map[string, int]\nallow a if { tool is refund; (data.limits[args.currency] ?? 0) > 1 }\n")
        == []
    )


def test_one_expression_is_told_of_once_with_all_rules_that_err_by_it() -> None:
    rules = "let part of refund = 100 % args.parts\n" + "".join(
        f"allow {name} if {{ tool is refund; part == {number} }}\n" for number, name in enumerate("ab")
    )
    assert the_one(rules, "may-error").rules == ("a", "b")


# ------------------------------------------------------------------------------------------------------------ omissions

OPTIONAL = """\
package example
request agent: { id: string, team?: string, home?: { town?: string } }
request context?: map[string, string]
tool refund(amount: decimal, note?: string)
default deny
allow small if { tool is refund; args.amount <= 50.0 }
"""


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        ('agent.team is present; agent.team == "x"', "agent.team"),
        ('(agent.team ?? "") == "x"', "agent.team"),
        ('agent.home is present; agent.home.town is present; agent.home.town == "x"', "agent.home"),
        ('tool is refund; origin(args.amount) is present; origin(args.amount).kind == "agent"', "origin(args.amount)"),
    ],
)
def test_leaving_out_a_fact_that_restricts_is_a_way_around_the_rule(condition: str, part: str) -> None:
    findings = [
        f for f in found(f"deny certain if {{ {condition} }}\n", head=OPTIONAL) if f.check == "omission-weakens"
    ]
    assert part in {finding.details["part"] for finding in findings}
    assert {finding.details["before"] for finding in findings} == {"deny"}
    assert all(finding.rules == ("certain", "small") for finding in findings)


def test_a_rule_that_reckons_with_the_missing_fact_is_no_way_around() -> None:
    assert told('deny certain if { (agent.team ?? "x") == "x" }\n', head=OPTIONAL) == []
    assert told("deny certain if { agent.team is not present }\n", head=OPTIONAL) == []


def test_leaving_out_an_argument_is_another_call() -> None:
    assert (
        told(
            'deny certain if { args.note is present; args.note == "x" }\n'.replace("{ ", "{ tool is refund; "),
            head=OPTIONAL,
        )
        == []
    )


# ---------------------------------------------------------------------------------------------------------------- tools


def test_a_tool_that_no_rule_lets_through_is_a_note() -> None:
    finding = the_one(SMALL, "always-denied-tool")
    assert (finding.details["tool"], severity_of(finding)) == ("post", "note")


def test_a_tool_that_was_meant_to_be_let_through_and_never_is_is_a_warning() -> None:
    rules = "allow both if { tool is refund | post }\ndeny outside if { tool has @external }\n"
    finding = the_one(rules, "always-denied-tool")
    assert (finding.details["tool"], severity_of(finding), finding.rules) == ("post", "warning", ("both",))


def test_a_rule_that_is_said_to_be_shadowed_explains_its_tool() -> None:
    rules = SMALL + "allow mail if { tool is post }\ndeny outside if { tool has @external }\n"
    assert [f.check for f in found(rules, without="")] == ["shadowed-rule"]


# ------------------------------------------------------------------------------------------------------------ reviewers


def test_reviewers_who_share_people_and_are_both_needed_are_noted() -> None:
    rules = (
        DESK.format("a", '{"ann", "bob"}')
        + DESK.format("b", '{"bob"}')
        + "escalate one to a if { tool is refund; args.parts > 1 }\nescalate two to b if { tool is refund; args.parts < 9 }\n"
    )
    finding = the_one(rules, "overlapping-reviewers")
    assert (finding.variant, finding.details["shared"], finding.rules) == ("", "`bob`", ("one", "two"))
    apart = rules.replace("args.parts < 9", "args.parts < 1")
    assert told(apart) == []
    assert told(rules.replace('{"bob"}', '{"cleo"}')) == []


def test_reviewers_from_the_same_document_are_noted() -> None:
    rules = "data groups: map[string, set[string]]\n" + "".join(
        DESK.format(name, 'data.groups["x"]') + f"escalate r{name} to {name} if {{ tool is refund }}\n" for name in "ab"
    )
    assert the_one(rules, "overlapping-reviewers").variant == "same"


# --------------------------------------------------------------------------------------------------------------- claims


@pytest.mark.parametrize(
    "claim",
    [
        'never "x" { verdict is allow; tool is refund; args.amount > 60.0; args.amount < 20.0 }',
        'never "x" { tool is post; args.size > 100 }',
        'always "x" if { tool is refund; args.parts > 3; args.parts < 2 } { verdict is deny }',
        'always "x" if { tool is post; verdict is allow } { args.size == 3 }',
    ],
)
def test_a_claim_that_nothing_meets_is_vacuous(claim: str) -> None:
    assert told(SMALL + claim + "\n") == [("vacuous-claim",)]


@pytest.mark.parametrize(
    "claim",
    [
        'never "x" { verdict is allow; tool is refund; args.amount > 60.0 }',
        'never "x" { "small" in decided_by; tool is refund; args.amount > 60.0 }',
        'always "x" if { tool is post } { verdict is deny }',
    ],
)
def test_a_claim_that_the_rules_make_true_is_not_vacuous(claim: str) -> None:
    assert told(SMALL + claim + "\n") == []


def test_a_claim_that_a_request_breaks_is_an_error() -> None:
    finding = the_one(SMALL + 'never "x" { verdict is allow }\n', "broken-claim")
    assert severity_of(finding) == "error"


# ------------------------------------------------------------------------------------------------- the examination as such


def test_what_could_not_be_told_is_no_finding_unless_it_is_asked_for() -> None:
    rules = (
        "allow small if { tool is refund; args.parts >= 1; args.parts * args.parts < 9 }\n"
        'never "x" { tool is refund; verdict is allow; args.parts > 9223372036 }\n'
    )
    assert "undecided" not in [finding.check for finding in found(SMALL)]
    unsure = examined(rules).unsure
    shown = [finding for finding in found(rules, Wanted(undecided=True)) if finding.check == "undecided"]
    assert len(shown) >= len({item.about for item in unsure})


def test_only_the_files_of_the_author_are_looked_at() -> None:
    everything = examined(SMALL).findings
    assert all(finding.at.text.name == "a.tenet" for finding in everything)


def test_a_question_that_may_cost_nothing_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenetlang.analysis.findings.asking.MOST_PER_QUESTION", 0)
    rules = SMALL + "deny never if { tool is refund; args.amount > 9.0; args.amount < 5.0; args.parts > 2 }\n"
    made = examined(rules)
    assert all(finding.check == "always-denied-tool" for finding in made.findings)
    assert {item.reason for item in made.unsure} == {"too-many-cases"}


def test_after_many_questions_without_an_answer_no_more_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MOST_FRUITLESS", 0)
    made = examined("resolve unique\n" + SMALL + DEAR.format("deny"))
    assert "conflicting-rules" not in {finding.check for finding in made.findings}
    assert ("conflicting-rules", "too-many-cases") in {(item.question, item.reason) for item in made.unsure}
