"""Requests held against what the analysis says of all requests: what a request shows is not ruled out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import attrs

from tenetlang.analysis.questions import Analysis, Answer, Judged, Scene
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.program.program import Program
from tests.unit.analysis.programs import checked

NOW = "2026-01-01T00:00:00Z"
SURROUNDINGS = {"agent": {"id": "a"}, "session": {"id": "s", "calls": [], "labels": []}, "now": NOW}


def policy(parameters: str, body: str, more: str = "") -> str:
    """A policy of the tool `t` with one rule, `r`."""
    return f"package p\n{more}\ntool t({parameters})\ndefault deny\nallow r if {{ tool is t; {body} }}\n"


@attrs.frozen(eq=False)
class Asked:
    """One program, its analysis and the answers for the tool `t`."""

    program: Program
    judge: BothEvaluators
    analysis: Analysis

    @property
    def scene(self) -> Scene:
        scene = self.analysis.scene("t")
        assert isinstance(scene, Scene)
        return scene

    def answers(self) -> Mapping[tuple[str, str], Answer]:
        """Whether each rule can match and err, whether each verdict can be given, and who can decide it."""
        found: dict[tuple[str, str], Answer] = {}
        find, scene, decided = self.analysis.find, self.scene, self.scene.decided
        for item in decided.rules:
            name = item.rule.shown_name
            found["holds", name] = find(scene, item.holds, partial(_shows, ("holds", name)))
            found["errs", name] = find(scene, item.errs, partial(_shows, ("errs", name)))
        for verdict, formula in decided.verdicts.items():
            found["verdict", verdict] = find(scene, formula, partial(_shows, ("verdict", verdict)))
        for name, formula in decided.deciding.items():
            found["by", name] = find(scene, formula, partial(_shows, ("by", name)))
        return found

    def shown(self, arguments: Mapping[str, object], documents: Mapping[str, object]) -> set[tuple[str, str]]:
        """What one request shows."""
        judged = self.judge.judge({"tool": "t", "args": arguments, **SURROUNDINGS}, documents)
        assert judged is not None, "the request is invalid"
        return shown_by(judged)


def shown_by(judged: Judged) -> set[tuple[str, str]]:
    """All that a decision shows, with the names of rules without their package."""
    return {
        ("verdict", judged.verdict),
        *(("by", name) for name in judged.decided_by),
        *(("holds", name.rpartition(".")[2]) for name in judged.held),
        *(("errs", name.rpartition(".")[2]) for name in judged.erred),
    }


def _shows(key: tuple[str, str], judged: Judged) -> bool:
    return key in shown_by(judged)


def asked(content: str) -> Asked:
    """The policy, ready to be asked about."""
    program = checked(content)
    judge = BothEvaluators(program)
    return Asked(program, judge, Analysis(program, judge))


def wrongly_ruled_out(
    content: str, arguments: Mapping[str, object], documents: Mapping[str, object] | None = None
) -> set[tuple[str, str]]:
    """What the request shows though the analysis says that no request does. It has to show something beyond the default."""
    made = asked(content)
    shown = made.shown(arguments, documents or {})
    assert ("by", "default") not in shown
    answers = made.answers()
    return {key for key in shown if answers[key] is None}
