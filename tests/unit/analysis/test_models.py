"""Requests for leaves in which whole records are compared."""

from __future__ import annotations

import pytest

from tenetlang.analysis.questions import Analysis, Scene, Witness
from tenetlang.evaluator.judge import BothEvaluators
from tests.sources import program_of

HEAD = """\
package pay
tool pay(to: string, amount: decimal)
default allow
let unsaid: agents.Origin = { kind: "agent" }
let payee of pay = origin(args.to) ?? unsaid
let total of pay = origin(args.amount) ?? unsaid
"""


@pytest.mark.parametrize(
    "body", ['payee == total; payee.kind == "tool"', 'payee != total; payee.kind == "tool"', "payee == total"]
)
def test_whole_records_that_are_compared_are_made_of_their_parts(body: str) -> None:
    program = program_of(f"{HEAD}import std.agents\ndeny r if {{ tool is pay; {body} }}\n")
    analysis = Analysis(program, BothEvaluators(program))
    scene = analysis.scene("pay")
    assert isinstance(scene, Scene)
    answer = analysis.find(scene, scene.decided.verdicts["deny"], lambda judged: judged.verdict == "deny")
    assert answer is not None, "there are such requests"
    if (
        " == " not in body.partition(";")[0] or ";" not in body
    ):  # that equal records have parts of one value is not made yet
        assert isinstance(answer, Witness)
