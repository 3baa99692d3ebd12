"""Rules that never match, never decide, or change nothing; conditions without effect."""

from __future__ import annotations

import pytest

from tests.unit.analysis.findings import examined, found, told

SMALL = "allow small if { tool is refund; args.amount <= 50.0 }\n"


def places(rules: str) -> list[list[str]]:
    """For each finding the source of what it marks, the main place first."""
    return [[finding.at.source, *(at.source for _, at in finding.also)] for finding in found(rules)]


# ---------------------------------------------------------------------------------------------------------- unreachable


def test_a_rule_whose_conditions_exclude_each_other_is_unreachable_and_a_smallest_set_of_them_is_marked() -> None:
    rules = 'deny never if { tool is refund; args.amount > 9.0; args.currency == "USD"; args.amount < 5.0 }\n'
    assert told(SMALL + rules) == [("unreachable-rule.together", "never")]
    assert places(SMALL + rules) == [["never", "args.amount > 9.0", "args.amount < 5.0"]]


def test_a_condition_beyond_what_the_type_allows_is_marked_alone() -> None:
    rules = 'deny never if { tool is post; args.size > 100; args.body == "a" }\n'
    assert told(SMALL + rules) == [("unreachable-rule.alone", "never")]
    assert places(SMALL + rules) == [["never", "args.size > 100"]]


def test_an_exception_that_takes_back_everything_makes_a_rule_unreachable() -> None:
    rules = "deny never if { tool is refund; args.amount > 9.0 } unless { args.amount > 5.0 }\n"
    assert told(SMALL + rules) == [("unreachable-rule.exception", "never")]


def test_a_rule_that_one_of_its_tools_can_reach_is_reachable() -> None:
    rules = "allow both if { tool is refund | post; tool is not post }\n"
    assert told(rules) == []


def test_a_rule_that_never_holds_and_may_err_is_not_called_unreachable() -> None:
    rules = "deny odd if { tool is refund; args.amount / args.parts > 1.0; args.amount < 0.0; args.amount > 1.0 }\n"
    assert ("may-error.division-by-zero", "odd") in told(SMALL + rules)
    assert not any(check[0].startswith("unreachable") for check in told(SMALL + rules))


def test_an_unreachable_rule_is_said_nothing_else_of() -> None:
    rules = "allow never if { tool is refund; args.amount > 9.0; args.amount > 8.0; args.amount < 5.0 }\n"
    assert told(SMALL + rules) == [("unreachable-rule.together", "never")]


# ------------------------------------------------------------------------------------------------------------- shadowed


def test_a_rule_within_a_stricter_one_is_shadowed() -> None:
    rules = SMALL + "deny all if { tool is refund; args.amount <= 60.0 }\n"
    assert told(rules) == [("shadowed-rule", "small", "all")]
    (finding,) = found(rules)
    assert finding.witness is not None
    assert finding.witness["tool"] == "refund"


def test_rules_that_shadow_another_only_together_are_all_named_and_no_other_is() -> None:
    rules = SMALL + (
        'deny dollars if { tool is refund; args.currency == "USD" }\n'
        'deny euros if { tool is refund; args.currency == "EUR"; args.parts > 0 }\n'
        "deny few if { tool is refund; args.parts <= 0 }\n"
        'deny other if { tool is refund; args.amount < 5.0; args.currency == "EUR"; args.parts > 7 }\n'
    )
    (shadowed,) = [finding for finding in found(rules) if finding.check == "shadowed-rule"]
    assert shadowed.rules == ("small", "dollars", "euros", "few")


def test_a_rule_that_decides_somewhere_is_not_shadowed() -> None:
    assert told(SMALL + "deny most if { tool is refund; args.amount < 50.0 }\n") == []


def test_under_first_an_earlier_rule_shadows_in_the_same_way_or_another() -> None:
    head = "resolve first\n"
    wide = "{} wide if {{ tool is refund; args.amount <= 60.0 }}\n"
    assert told(head + wide.format("deny") + SMALL) == [("shadowed-rule", "small", "wide")]
    assert told(head + wide.format("allow") + SMALL) == [("shadowed-rule.same", "small", "wide")]
    assert told(head + SMALL + wide.format("deny")) == []


def test_under_priority_a_higher_rule_shadows_whatever_it_says() -> None:
    rules = "resolve priority\ndeny strict if { tool is refund; args.amount <= 50.0 }\n@priority(2)\n" + SMALL
    assert told(rules) == [("shadowed-rule", "strict", "small")]


def test_a_rule_that_is_always_lifted_is_shadowed() -> None:
    rules = "deny all if { tool is refund; args.amount < 9.0 }\nallow free overrides all if { tool is refund }\n"
    assert told(rules) == [("shadowed-rule.lifted", "all", "free")]


def test_a_stricter_base_shadows_a_rule_of_its_extension() -> None:
    text = (
        "package base\ntool pay(amount: decimal)\ndefault deny\ndeny large if { tool is pay; args.amount > 10.0 }\n"
        "package team\nextend base\nallow some_large if { tool is pay; args.amount > 20.0 }\n"
        "allow small if { tool is pay; args.amount <= 10.0 }\n"
    )
    assert [(f.check, f.rules) for f in examined(text, head="").findings] == [
        ("shadowed-rule", ("some_large", "base.large"))
    ]


def test_an_escalation_does_not_shadow_an_allowance_with_obligations() -> None:
    desk = 'reviewers desk { who {"a"}; quorum 1; within 30m; else deny }\nescalate all to desk if { tool is refund }\n'
    assert told(desk + SMALL) == [("shadowed-rule", "small", "all")]
    assert told(desk + SMALL.replace("}\n", '} then log("full")\n')) == []


def test_a_rule_that_is_only_observed_is_not_called_shadowed_nor_shadows() -> None:
    rules = SMALL + "@observe\ndeny all if { tool is refund }\n"
    assert told(rules) == []
    assert told("deny all if { tool is refund }\n@observe\n" + SMALL) == []


# ------------------------------------------------------------------------------------------------------------ redundant


def test_a_rule_within_another_of_its_verdict_is_redundant() -> None:
    rules = SMALL + "allow tiny if { tool is refund; args.amount <= 5.0 }\n"
    assert told(rules) == [("redundant-rule", "tiny", "small")]


def test_rules_that_cover_another_only_together_are_named() -> None:
    rules = (
        'allow dollars if { tool is refund; args.currency == "USD" }\n'
        'allow euros if { tool is refund; args.currency == "EUR"; args.amount < 9.0 }\n'
        "allow tiny if { tool is refund; args.amount <= 5.0 }\n"
    )
    assert told(rules) == [("redundant-rule", "tiny", "dollars", "euros")]


def test_of_two_equal_rules_the_first_stays() -> None:
    assert told(SMALL + SMALL.replace("small", "again")) == [("redundant-rule", "again", "small")]
    three = SMALL + SMALL.replace("small", "b") + SMALL.replace("small", "c")
    assert told(three) == [("redundant-rule", "b", "small"), ("redundant-rule", "c", "small")]


def test_what_is_called_redundant_can_be_taken_out_all_at_once() -> None:
    """Each of the three is covered by the two others; one of them has to go, and then none of the rest is."""
    rules = (
        "allow low if { tool is refund; args.amount <= 10.0 }\n"
        "allow middle if { tool is refund; args.amount > 5.0; args.amount <= 20.0 }\n"
        "allow high if { tool is refund; args.amount > 10.0; args.amount <= 30.0 }\n"
        "allow top if { tool is refund; args.amount > 20.0; args.amount <= 30.0 }\n"
    )
    assert told(rules) == [("redundant-rule", "middle", "low", "high"), ("redundant-rule", "top", "high")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("", ' then log("full")'),
        (' then log("none")', ' then log("full")'),
    ],
)
def test_a_rule_with_other_obligations_is_not_redundant(first: str, second: str) -> None:
    rules = SMALL.replace("}\n", f"}}{first}\n") + f"allow tiny if {{ tool is refund; args.amount <= 5.0 }}{second}\n"
    assert not any(check[0] == "redundant-rule" for check in told(rules))


def test_a_rule_for_other_reviewers_is_not_redundant() -> None:
    desks = 'reviewers a { who {"x"}; quorum 1; within 30m; else deny }\nreviewers b { who {"y"}; quorum 1; within 30m; else deny }\n'
    rule = "escalate {} to {} if {{ tool is refund; args.amount < {} }}\n"
    assert told(desks + rule.format("one", "a", 9.0) + rule.format("two", "b", 5.0)) == []
    assert told(desks + rule.format("one", "a", 9.0) + rule.format("two", "a", 5.0)) == [
        ("redundant-rule", "two", "one")
    ]


def test_a_rule_that_overrides_or_is_overridden_is_not_redundant() -> None:
    rules = (
        "deny all if { tool is refund; args.amount > 1.0 }\n"
        "deny more if { tool is refund; args.amount > 2.0 }\n"
        'allow free overrides more if { tool is refund; args.currency == "USD"; args.amount > 2.0 }\n'
    )
    assert not any(check[0] == "redundant-rule" for check in told(rules))


def test_a_rule_with_words_of_its_own_is_redundant_by_way_of_a_note() -> None:
    rules = 'deny large if { tool is refund; args.amount > 9.0 }\ndeny huge if { tool is refund; args.amount > 99.0 } because "no"\n'
    assert told(rules) == [("redundant-rule.reason", "huge", "large")]


def test_an_observed_or_audited_rule_is_not_redundant_nor_makes_another_so() -> None:
    tiny = "allow tiny if { tool is refund; args.amount <= 5.0 }\n"
    assert told(SMALL + "@observe\n" + tiny) == []
    assert told("@observe\n" + SMALL + tiny) == []
    assert told(SMALL + "@audit\n" + tiny) == []
    assert told('@owner("a")\n' + SMALL + '@owner("b")\n' + tiny) == [("redundant-rule", "tiny", "small")]
    assert told("@expires(2030-01-01)\n" + SMALL + tiny) == []


def test_under_first_a_later_rule_covers_only_where_nothing_lies_between() -> None:
    tiny = "allow tiny if { tool is refund; args.amount <= 5.0 }\n"
    between = "deny odd if { tool is refund; args.parts == 3 }\n"
    assert told("resolve first\n" + tiny + SMALL) == [("redundant-rule", "tiny", "small")]
    assert told("resolve first\n" + tiny + between + SMALL) == []


def test_a_rule_that_may_err_is_not_redundant() -> None:
    rules = SMALL + "allow tiny if { tool is refund; args.amount <= 5.0; args.amount / args.parts < 2.0 }\n"
    assert not any(check[0] == "redundant-rule" for check in told(rules))


# ---------------------------------------------------------------------------------------------- conditions without effect


def test_a_condition_that_another_implies_has_no_effect() -> None:
    rules = "allow small if { tool is refund; args.amount <= 50.0; args.amount <= 500.0 }\n"
    assert told(rules) == [("ineffective-condition", "small")]
    assert places(rules)[0][0] == "args.amount <= 500.0"


def test_a_condition_that_the_types_imply_has_no_effect() -> None:
    rules = 'allow small if { tool is post; args.size >= 0; args.body == "a" }\n'
    assert [place[0] for place in places(rules)] == ["args.size >= 0"]


def test_of_two_equal_conditions_the_first_stays() -> None:
    (finding,) = found("allow small if {\n tool is refund\n args.amount < 5.0\n args.amount < 5.0\n}\n")
    assert finding.at.line == 9


def test_conditions_on_the_tool_and_constant_ones_are_left_alone() -> None:
    rules = "let enabled = true\nallow small if { tool has @external; tool is post; enabled }\n"
    assert told(rules) == []
    assert told("for post { allow small if { tool is post; args.size < 9 } }\n") == []


def test_a_guard_is_no_condition_without_effect() -> None:
    assert told('allow small if { tool is refund; args.note is present; args.note == "a" }\n') == []
    assert told("allow small if { tool is refund; args.parts > 0; args.amount / args.parts > 1.0 }\n") == []


def test_an_exception_that_never_holds_has_no_effect() -> None:
    rules = "allow small if { tool is refund; args.amount < 9.0 } unless { args.amount > 10.0 }\n"
    assert told(rules) == [("ineffective-condition.exception", "small")]
    assert told(rules.replace("args.amount > 10.0", "args.parts > 10")) == []


def test_conditions_on_members_are_looked_at_together() -> None:
    head = "package example\ntool send(to: list[email])\ndefault deny\n"
    rules = "deny out if {{ tool is send; some a in args.to; {} }}\nallow rest if {{ tool is send }}\n"
    twice = 'a.domain == "a.com"; a.domain != "b.com"'
    assert told(rules.format(twice), head=head) == [("ineffective-condition", "out")]
    assert told(rules.format('a.domain != "a.com"; a.domain != "b.com"'), head=head) == []


def test_all_conditions_that_are_called_without_effect_can_go_at_once() -> None:
    rules = "allow small if { tool is refund; args.parts <= 5; args.parts < 6; 6 > args.parts }\n"
    assert [place[0] for place in places(rules)] == ["args.parts < 6", "6 > args.parts"]


def test_of_a_condition_and_an_exception_that_say_the_same_only_one_can_go() -> None:
    rules = "allow small if { tool is refund; args.parts > 3 } unless { not (args.parts > 3) }\n"
    assert told(rules) == [("ineffective-condition.exception", "small")]


@pytest.mark.parametrize(
    "use",
    ["data.limits[args.currency] > 3", "data.limits[args.currency] != 3", "not (data.limits[args.currency] > 3)"],
)
def test_a_guard_of_an_index_is_no_condition_without_effect(use: str) -> None:
    head = "data limits: map[string, int]\n"
    rule = f"allow small if {{ tool is refund; data.limits[args.currency] is present; {use} }}\n"
    assert told(head + rule) == []
    twice = rule.replace("is present;", "is present; data.limits[args.currency] is present;")
    assert told(head + twice) == [("ineffective-condition", "small")]
    ahead = "data.limits[args.currency] is present; data.limits[args.currency] > 1"
    assert told(head + f"deny small if {{ tool is refund }} unless {{ {ahead} }}\n") == []
