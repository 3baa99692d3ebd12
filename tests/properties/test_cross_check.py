"""The search and cvc5 never contradict each other: where one has a proof, the other has no witness.

The questions are those of `test_analysis.py`: of made-up programs over every type of the language, whether a rule can match
or err, and whether a verdict can be given.
"""

from __future__ import annotations

import os
from functools import partial
from random import Random

import pytest

from tenetlang.analysis.formulas import Formula
from tenetlang.analysis.proofs.opinion import SecondOpinion
from tenetlang.analysis.questions import Analysis, Judged, Scene, Shows, Undecided
from tenetlang.evaluator.judge import BothEvaluators
from tests.properties.generated_programs import program
from tests.properties.small_policies import policy
from tests.properties.test_evaluators import checked
from tests.properties.test_proofs import program_of

pytest.importorskip("cvc5", reason="the extra `smt` is not installed")


def cross_check(analysis: Analysis, second: SecondOpinion) -> None:
    """Put all questions about a program to both. Raises `CrossCheckFailed`."""
    for tool in analysis.tools:
        scene = analysis.scene(tool)
        if isinstance(scene, Undecided):
            continue
        for item in scene.decided.rules:
            put(analysis, scene, second, item.holds, partial(_among, item.rule.name, "held"))
            put(analysis, scene, second, item.errs, partial(_among, item.rule.name, "erred"))
        for verdict, formula in scene.decided.verdicts.items():
            put(analysis, scene, second, formula, partial(_among, verdict, "verdict"))


def put(analysis: Analysis, scene: Scene, second: SecondOpinion, formula: Formula, shows: Shows) -> None:
    ask = partial(analysis.find, scene, shows=shows)
    second.of(scene.lowering.shape, scene.formulas, formula, ask(formula), ask)


def _among(name: str, field: str, judged: Judged) -> bool:
    return name in {"held": judged.held, "erred": judged.erred, "verdict": {judged.verdict}}[field]


def checked_both(part: str, programs: int, milliseconds: int) -> SecondOpinion:
    second = SecondOpinion(everything=True, milliseconds=milliseconds)
    for number in range(programs):
        random = Random(f"{part}/{number}")
        made = checked(program(random.choice)) if number % 2 else program_of(policy(random))
        if made is not None:
            cross_check(Analysis(made, BothEvaluators(made)), second)
    return second


def test_the_search_and_the_solver_agree() -> None:
    second = checked_both("few", 6, 500)
    assert second.confirmed * 2 > second.asked > 20


@pytest.mark.deep
@pytest.mark.parametrize("part", range(4))
def test_the_search_and_the_solver_agree_on_hundreds_of_programs(part: int) -> None:
    second = checked_both(f"deep/{part}", int(os.environ.get("TENET_DEEP_PROGRAMS", "700")) // 5, 2_000)
    assert second.confirmed * 2 > second.asked
