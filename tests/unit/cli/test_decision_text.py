from __future__ import annotations

from tenetlang.cli.decision_text import decision_lines, one_line
from tenetlang.cli.output import painted
from tenetlang.decision import Decision, Escalation, Matched, Obligation, Overridden, RuleError


def test_a_decision_is_the_verdict_the_reason_and_a_table_of_the_rest() -> None:
    decision = Decision(
        "acme.support",
        "sha256:0",
        "escalate",
        ("large_refund", "risky"),
        "a refund of 120 USD is above 50",
        matched=(
            Matched("large_refund", "escalate", "payments", "support.tenet:44"),
            Matched("risky", "escalate", None, "support.tenet:104"),
        ),
        overridden=(Overridden("budget", "finance_exception"),),
        errors=(RuleError("ratio", "division_by_zero", "support.tenet:9"),),
        obligations=(Obligation("mask", ("body", 2)),),
        escalations=(
            Escalation("large_refund", "finance_oncall", 2, "30m", "deny"),
            Escalation("risky", "security", 1, "1h", "ciso"),
        ),
        observed=(Matched("new_rule", "deny", None, "support.tenet:120"),),
    )
    assert "\n".join(decision_lines(decision)) == (
        """\
escalate, decided by large_refund, risky
  a refund of 120 USD is above 50

  matched      large_refund  escalate  support.tenet:44   owner payments
               risky         escalate  support.tenet:104
  overridden   budget  by finance_exception
  errors       ratio  division_by_zero  support.tenet:9
  obligations  mask("body", 2)
  asks         finance_oncall: 2 within 30m, else deny
               security: 1 within 1h, else escalate to ciso
  observed     new_rule  deny  support.tenet:120"""
    )


def test_a_decision_of_nobody_has_no_table() -> None:
    decision = Decision("p", "sha256:0", "deny", ("default",), "no rule decides")
    assert decision_lines(decision) == ["deny, decided by default", "  no rule decides"]
    assert one_line(7, decision) == "     7  deny      default: no rule decides"


def test_only_the_verdict_has_a_colour() -> None:
    decision = Decision("p", "sha256:0", "deny", ("default",), "no rule decides")
    assert decision_lines(decision, painted)[0] == "\x1b[1;31mdeny\x1b[0m, decided by default"


def test_a_reason_cannot_act_on_the_terminal_and_is_not_endless() -> None:
    decision = Decision("p", "sha256:0", "deny", ("a\x1b[2J",), "\x1b[2J\n" + "x" * 10_000)
    first, reason = decision_lines(decision)
    assert first == "deny, decided by a\\u{1b}[2J"
    assert reason.startswith("  \\u{1b}[2J\\nxxx")
    assert len(reason) < 600
