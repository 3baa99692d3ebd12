"""What the formulas of a decision say where rules want the same obligation in two ways."""

from __future__ import annotations

import pytest

from tenetlang.analysis.questions import Analysis, Judged, Scene, Witness
from tenetlang.decision import Verdict
from tenetlang.evaluator.judge import BothEvaluators
from tests.unit.analysis.programs import checked

POLICY = """package p
tool show(who: string, n: int)
tool list(who: list[string])
@single obligation stamp(text: string)
obligation note(text: string)
default deny
{rules}
"""


def found(rules: str, verdict: Verdict, tool: str = "show") -> bool:
    """Whether a request gets the verdict; what is found was replayed, and what is not was ruled out."""
    made = checked(POLICY.format(rules=rules))
    analysis = Analysis(made, BothEvaluators(made))
    scene = analysis.scene(tool)
    assert isinstance(scene, Scene)

    def shows(judged: Judged) -> bool:
        return judged.verdict == verdict

    answer = analysis.find(scene, scene.decided.verdicts[verdict], shows)
    assert answer is None or isinstance(answer, Witness)
    return answer is not None


def error_found(rules: str, tool: str = "show") -> bool:
    """Whether a request is decided by an error."""
    made = checked(POLICY.format(rules=rules))
    analysis = Analysis(made, BothEvaluators(made))
    scene = analysis.scene(tool)
    assert isinstance(scene, Scene)
    answer = analysis.find(scene, scene.decided.deciding["error"], lambda judged: judged.decided_by == ("error",))
    assert answer is None or isinstance(answer, Witness)
    return answer is not None


@pytest.mark.parametrize(
    ("one", "other", "denied"),
    [
        ('stamp("a")', 'stamp("b")', True),
        ('stamp("a")', 'stamp("a")', False),
        ('note("a")', 'note("b")', False),
        ("stamp(args.who)", "stamp(args.who)", False),
        ("stamp(args.who)", 'stamp("b")', True),
        ('stamp("a"), stamp("b")', 'note("a")', True),
    ],
)  # fmt: skip
def test_an_obligation_wanted_in_two_ways_denies(one: str, other: str, denied: bool) -> None:
    rules = f"allow one if {{ tool is show }} then {one}\nallow other if {{ tool is show }} then {other}"
    assert found(rules, "deny") == denied
    assert error_found(rules) == denied


def test_two_that_never_agree_never_allow() -> None:
    rules = 'allow one if { tool is show } then stamp("a")\nallow other if { tool is show } then stamp("b")'
    assert not found(rules, "allow")


def test_what_differs_only_apart_allows() -> None:
    rules = 'allow one if { tool is show; args.n < 1 } then stamp("a")\n'
    rules += 'allow other if { tool is show; args.n >= 1 } then stamp("b")'
    assert found(rules, "allow")
    assert not found(rules, "deny")


def test_a_choice_of_one_rule_is_not_that_of_another() -> None:
    rules = "allow one if { tool is list; some x in args.who } then stamp(x)\n"
    rules += 'allow other if { tool is list; some x in args.who; x != "a" } then stamp(x)'
    assert found(rules, "deny", "list")
