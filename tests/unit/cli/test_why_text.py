from __future__ import annotations

from tenetlang.cli.output import Style
from tenetlang.cli.why_text import Known, explain, why_lines
from tenetlang.decision import (
    Decision,
    Escalation,
    Matched,
    Obligation,
    Overridden,
    RuleError,
    TracedCondition,
    TracedRule,
    Verdict,
)


def decision(verdict: Verdict, by: tuple[str, ...], reason: str, trace: tuple[TracedRule, ...]) -> Decision:
    return Decision("acme.support", "sha256:0", verdict, by, reason, expand=lambda: trace)


def told(found: Decision, known: dict[str, Known], *, everything: bool = False, bare: tuple[str, ...] = ()) -> str:
    return "\n".join(why_lines(explain(found, known), everything=everything, bare=bare))


KNOWN = {
    "large_refund": Known("escalate", "payments", "support.tenet:44"),
    "small_refund": Known("allow", "payments", "support.tenet:38"),
    "budget": Known("deny", None, "support.tenet:71"),
}
LARGE = TracedRule(
    "large_refund",
    True,
    (
        TracedCondition("tool is refund", True, {"tool": "refund"}, "support.tenet:45"),
        TracedCondition("args.amount > auto_limit", True, {"args.amount": "120"}, "support.tenet:46"),
    ),
)
SMALL = TracedRule(
    "small_refund",
    False,
    (
        TracedCondition("tool is refund", True, {"tool": "refund"}, "support.tenet:39"),
        TracedCondition("args.amount <= auto_limit", False, {"args.amount": "120"}, "support.tenet:40"),
        TracedCondition('"support" in agent.roles', None, {}, "support.tenet:41", reached=False),
    ),
)


def test_the_rule_that_decides_is_told_with_its_conditions_and_the_nearest_other_with_what_stopped_it() -> None:
    trace = (LARGE, SMALL)
    found = Decision(
        "acme.support",
        "sha256:0",
        "escalate",
        ("large_refund",),
        "a refund of 120 USD is above 50",
        matched=(Matched("large_refund", "escalate", "payments", "support.tenet:44"),),
        escalations=(Escalation("large_refund", "finance_oncall", 2, "30m", "deny"),),
        expand=lambda: trace,
    )
    assert told(found, KNOWN, bare=("args.amount",)) == (
        """\
escalate, decided by large_refund
  a refund of 120 USD is above 50

large_refund escalates it (support.tenet:44, owner payments)
  ✓ tool is refund                                tool = "refund"
  ✓ args.amount > auto_limit                      args.amount = 120
  asks finance_oncall: 2 within 30m, else deny

Did not match
  allow small_refund (support.tenet:38, owner payments)
    ✗ args.amount <= auto_limit                     args.amount = 120"""
    )


def test_what_was_overridden_and_what_erred_is_told_with_whom_and_where() -> None:
    trace = (
        TracedRule(
            "budget", True, (TracedCondition("refunds_today > 10.00", True, {"counters.refunds_today": "11"}, "s:72"),)
        ),
        TracedRule(
            "ratio",
            None,
            (
                TracedCondition("1 / args.n > 0", None, {"args.n": 0}, "s:80", error="division_by_zero"),
                TracedCondition("args.m > 0", None, {}, "s:81", reached=False),
            ),
        ),
        TracedRule("vip", True, (TracedCondition("user.vip", True, {"user.vip": True}, "s:90"),)),
    )
    found = Decision(
        "acme.support",
        "sha256:0",
        "deny",
        ("error",),
        "an error in rule ratio: division_by_zero",
        matched=(Matched("vip", "allow", None, "s:89"),),
        overridden=(Overridden("budget", "vip"),),
        errors=(RuleError("ratio", "division_by_zero", "s:80"),),
        expand=lambda: trace,
    )
    known = {**KNOWN, "ratio": Known("deny", "risk", "s:79"), "vip": Known("allow", None, "s:89")}
    assert told(found, known) == (
        """\
deny, decided by error
  an error in rule ratio: division_by_zero
  a rule erred, and an error restricts

vip allows it as well, which counts for less (s:89)
  ✓ user.vip                                      user.vip = true

budget would deny it, but vip overrides it (support.tenet:71)
  ✓ refunds_today > 10.00                         counters.refunds_today = "11"

ratio erred with division_by_zero at s:80, which restricts the decision (s:79, owner risk)
  · 1 / args.n > 0
      error: division_by_zero
      args.n = 0
  · args.m > 0                                    not reached"""
    )


def test_an_allowance_is_told_with_what_it_takes() -> None:
    found = Decision(
        "acme.support",
        "sha256:0",
        "allow",
        ("large_refund",),
        "rule large_refund",
        matched=(Matched("large_refund", "allow", None, "s:1"),),
        obligations=(Obligation("mask", ("body",)), Obligation("log", ("full",))),
        expand=lambda: (TracedRule("large_refund", True, ()),),
    )
    assert told(found, {}) == (
        """\
allow, decided by large_refund
  rule large_refund

large_refund matches
  only with mask("body")
  only with log("full")"""
    )


def test_where_nothing_matched_the_default_decides() -> None:
    found = decision("deny", ("default",), "no rule decides", (SMALL,))
    assert told(found, {}).startswith(
        "deny, decided by default\n  no rule decides\n  no rule matched, so the default decides\n\nDid not match\n"
    )


def test_a_request_that_is_none_tries_no_rule() -> None:
    found = decision("deny", ("invalid_request",), "invalid request: tool: required, and missing", ())
    assert told(found, KNOWN) == (
        "deny, decided by invalid_request\n  invalid request: tool: required, and missing\n  no rule was tried"
    )


def test_a_package_that_observes_is_told_with_what_it_would_have_said() -> None:
    found = Decision(
        "acme.support",
        "sha256:0",
        "allow",
        ("observe",),
        "observed: deny, too much",
        observed=(Matched("budget", "deny", None, "support.tenet:71"),),
        observed_verdict="deny",
        expand=lambda: (TracedRule("budget", True, ()),),
    )
    assert told(found, KNOWN) == (
        """\
allow, decided by observe
  observed: deny, too much
  the package only observes; it would have said deny

budget would deny it, but is only observed (support.tenet:71)"""
    )


def stopped_after(name: str, met: int, of: int) -> TracedRule:
    conditions = [TracedCondition(f"c{n}", n < met, {}, "s:1", reached=n <= met) for n in range(of)]
    return TracedRule(name, False, tuple(conditions))


def test_rules_that_did_not_match_are_told_nearest_first_and_only_a_few() -> None:
    trace = tuple(stopped_after(f"rule{met}", met, 8) for met in range(8))
    found = decision("deny", ("default",), "no rule decides", trace)
    lines = told(found, {}).splitlines()
    assert [line for line in lines if line.startswith("  rule")] == [
        "  rule7",
        "  rule6",
        "  rule5",
        "  rule4",
        "  rule3",
    ]
    assert lines[-1] == "  and 3 more that stopped earlier; --all shows them"
    everything = told(found, {}, everything=True).splitlines()
    assert [line for line in everything if line.startswith("  rule")] == [f"  rule{met}" for met in reversed(range(8))]
    assert "more" not in everything[-1]


def test_long_values_are_cut_unless_all_is_asked_for() -> None:
    rule = TracedRule("r", False, (TracedCondition("args.text is present", False, {"args.text": "x" * 1000}, "s:1"),))
    found = decision("deny", ("default",), "no rule decides", (rule,))
    assert f'args.text = "{"x" * 99}… (1,002 characters)' in told(found, {})
    assert f'args.text = "{"x" * 1000}"' in told(found, {}, everything=True)


def test_what_a_variable_was_bound_to_is_told() -> None:
    condition = TracedCondition(
        "some address in recipients", True, {"args.to": ["a@b.c"]}, "s:1", bindings={"address": "a@b.c"}
    )
    found = Decision(
        "p", "sha256:0", "deny", ("r",), "rule r",
        matched=(Matched("r", "deny", None, "s:1"),),
        expand=lambda: (TracedRule("r", True, (condition,)),),
    )  # fmt: skip
    assert told(found, {}).splitlines()[-3:] == [
        "  ✓ some address in recipients",
        '      address = "a@b.c"',
        '      args.to = ["a@b.c"]',
    ]


def test_text_from_a_policy_or_a_request_cannot_act_on_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\r\u202e"
    rule = TracedRule(
        f"r{evil}",
        True,
        (
            TracedCondition(
                f'x == "{evil}"\n  and y', True, {f"p{evil}": evil}, f"f{evil}", bindings={f"b{evil}": [evil]}
            ),
        ),
    )
    found = Decision(
        "p", "sha256:0", "allow", (f"r{evil}",), evil,
        matched=(Matched(f"r{evil}", "allow", evil, evil),),
        overridden=(Overridden(f"o{evil}", f"r{evil}"),),
        obligations=(Obligation(f"o{evil}", (evil,)),),
        expand=lambda: (rule, TracedRule(f"o{evil}", None, (TracedCondition(evil, None, {}, evil, error=evil),))),
    )  # fmt: skip
    known = {f"r{evil}": Known("allow", evil, evil)}
    for bare in ((), (f"p{evil}",)):
        text = "".join(why_lines(explain(found, known), bare=bare))
        assert [
            character for character in evil if character in text and not character.isalnum() and character not in "];"
        ] == []


def test_styles_mark_the_verdict_the_headings_and_the_conditions() -> None:
    def paint(text: str, style: Style) -> str:
        return f"<{style}>{text}</>"

    trace = (LARGE, SMALL)
    found = Decision(
        "p", "sha256:0", "escalate", ("large_refund",), "r",
        matched=(Matched("large_refund", "escalate", None, "s:1"),),
        expand=lambda: trace,
    )  # fmt: skip
    lines = why_lines(explain(found, KNOWN), paint)
    assert lines[0] == "<escalate>escalate</>, decided by large_refund"
    assert lines[3].startswith("<heading>large_refund</> escalates it")
    assert lines[4].startswith("  <good>✓</> tool is refund")
    assert lines[-1].startswith("    <bad>✗</> args.amount")


def test_the_structure_names_the_rules_of_each_group_and_what_stopped_them() -> None:
    trace = (LARGE, SMALL)
    found = Decision(
        "p", "sha256:0", "escalate", ("large_refund",), "r",
        matched=(Matched("large_refund", "escalate", None, "s:1"),),
        expand=lambda: trace,
    )  # fmt: skip
    assert explain(found, KNOWN).to_json() == {
        "decided": [{"rule": "large_refund", "verdict": "escalate", "owner": "payments", "at": "support.tenet:44"}],
        "also_matched": [],
        "overridden": [],
        "erred": [],
        "observed": [],
        "not_matched": [
            {
                "rule": "small_refund",
                "verdict": "allow",
                "owner": "payments",
                "at": "support.tenet:38",
                "stopped_by": {
                    "text": "args.amount <= auto_limit",
                    "value": False,
                    "read": {"args.amount": "120"},
                    "at": "support.tenet:40",
                },
                "conditions_left": 2,
            }
        ],
    }
