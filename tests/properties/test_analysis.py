"""What the analysis says of all requests holds for each: its witnesses are witnesses, and what it rules out never happens."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenetlang.analysis.questions import Analysis, Answer, Judged, Scene, Undecided, Witness
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.program.program import Program
from tenetlang.testing.sample import sampler
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked

T = TypeVar("T")

REQUESTS = 40
"""Requests against which each answer is held."""


def answers_of(analysis: Analysis, scene: Scene) -> dict[tuple[str, str], Answer]:
    """Whether each rule can match and err, and whether each verdict can be given."""
    found: dict[tuple[str, str], Answer] = {}
    for item in scene.decided.rules:
        name = item.rule.name
        found["holds", name] = analysis.find(scene, item.holds, partial(_among, name, "held"))
        found["errs", name] = analysis.find(scene, item.errs, partial(_among, name, "erred"))
    for verdict, formula in scene.decided.verdicts.items():
        found["verdict", verdict] = analysis.find(scene, formula, partial(_among, verdict, "verdict"))
    return found


def _among(name: str, field: str, judged: Judged) -> bool:
    return name in {"held": judged.held, "erred": judged.erred, "verdict": {judged.verdict}}[field]


def held_against_requests(made: Program, seed: int, requests: int) -> None:
    judge = BothEvaluators(made)
    analysis = Analysis(made, judge)
    answers: dict[str | None, dict[tuple[str, str], Answer]] = {}
    for tool in analysis.tools:
        scene = analysis.scene(tool)
        answers[tool] = {} if isinstance(scene, Undecided) else answers_of(analysis, scene)
    making = sampler(made, seed)
    documents: dict[str, object] = {}
    for number in range(requests):
        if number % 20 == 0:
            documents = making.documents()
        request = making.request()
        judged = judge.judge(request, documents)
        if judged is None:
            continue
        asked = request.get("tool")
        assert asked is None or isinstance(asked, str)
        ruled_out = {key for key, answer in answers.get(asked, {}).items() if answer is None}
        seen = {("holds", name) for name in judged.held} | {("errs", name) for name in judged.erred}
        if not made.packages[0].observe:
            seen.add(("verdict", judged.verdict))
        assert not ruled_out & seen, f"{request} {documents}"


@given(st.data(), st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck))
def test_what_is_ruled_out_never_happens(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    made = checked(program(choose))
    if made is not None:
        held_against_requests(made, seed, REQUESTS)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(4))
def test_what_is_ruled_out_never_happens_in_thousands_of_programs(part: int) -> None:
    programs = int(os.environ.get("TENET_DEEP_PROGRAMS", "700"))
    for number in range(programs):
        random = Random(f"analysis/{part}/{number}")
        made = checked(program(random.choice))
        if made is not None:
            held_against_requests(made, number, 200)


def test_most_rules_of_made_up_programs_are_decided() -> None:
    counts = {Witness: 0, Undecided: 0, type(None): 0}
    for number in range(25):
        random = Random(f"decided/{number}")
        made = checked(program(random.choice))
        if made is None:
            continue
        analysis = Analysis(made, BothEvaluators(made))
        for tool in analysis.tools:
            scene = analysis.scene(tool)
            assert isinstance(scene, Scene)
            for key, answer in answers_of(analysis, scene).items():
                counts[type(answer)] += key[0] == "holds"
    assert counts[Undecided] * 10 <= sum(counts.values()), counts
