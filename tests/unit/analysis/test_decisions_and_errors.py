"""When the arguments of obligations are evaluated: only where the rule allows."""

from __future__ import annotations

from tenetlang.analysis.questions import Witness
from tests.unit.analysis.held import asked

POLICY = """package p
obligation note(text: string)
tool t(n: int, b: bool)
default deny
allow r if {{ tool is t }} unless {{ {exception} }} then note(to_string(10 % args.n))
"""


def test_where_an_exception_holds_no_argument_of_an_obligation_errs() -> None:
    made = asked(POLICY.format(exception="args.n == 0"))
    assert ("by", "default") in made.shown({"n": 0, "b": True}, {})
    answers = made.answers()
    assert answers["errs", "r"] is None
    assert isinstance(answers["by", "default"], Witness)


def test_where_no_exception_holds_an_argument_of_an_obligation_errs() -> None:
    answers = asked(POLICY.format(exception="args.b")).answers()
    assert isinstance(answers["errs", "r"], Witness)
    assert answers["errs", "r"].request["args"] == {"n": 0, "b": False}


def test_an_exception_that_errs_is_an_error_before_any_argument_is() -> None:
    answers = asked(POLICY.format(exception="10 % args.n == 0")).answers()
    found = answers["errs", "r"]
    assert isinstance(found, Witness)
    assert ("holds", "r") in asked(POLICY.format(exception="10 % args.n == 0")).shown({"n": 0, "b": True}, {})


def test_a_rule_that_only_watches_owes_nothing_and_no_argument_of_an_obligation_errs() -> None:
    made = asked(POLICY.format(exception="args.b").replace("allow r", "@observe\nallow r"))
    assert ("errs", "r") not in made.shown({"n": 0, "b": False}, {})
    assert made.answers()["errs", "r"] is None
