"""The analysis against brute force: of policies with a few hundred requests, all of them are decided, and nothing is left open."""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenetlang import pipeline
from tenetlang.analysis.questions import Analysis, Answer, Judged, Scene, Witness
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.report.words import severity_of
from tenetlang.text import Text
from tests.properties.small_policies import policy, requests


def small_program(seed: int) -> tuple[str, Program] | None:
    """The policy of the seed, None where it has a mistake that the checker finds."""
    source = policy(Random(seed))
    compiled = pipeline.compile_texts([Text("p.tenet", source)], standard_library())
    if compiled.program is None or any(severity_of(finding) == "error" for finding in compiled.findings):
        return None
    return source, compiled.program


def all_decisions(judge: BothEvaluators) -> list[Judged]:
    found = [judge.judge(request, {}) for request in requests()]
    assert all(item is not None for item in found)
    return [item for item in found if item is not None]


def agrees(answer: Answer, decisions: list[Judged], shows: Callable[[Judged], bool]) -> bool:
    """Whether the answer is a witness exactly if some request shows it."""
    return isinstance(answer, Witness) if any(map(shows, decisions)) else answer is None


def compared(seed: int) -> None:
    made = small_program(seed)
    if made is None:
        return
    source, program = made
    judge = BothEvaluators(program)
    analysis = Analysis(program, judge)
    scene = analysis.scene("t")
    assert isinstance(scene, Scene)
    decisions = all_decisions(judge)

    def ask(what: str, formula: object, shows: Callable[[Judged], bool]) -> None:
        answer = analysis.find(scene, formula, shows)  # type: ignore[arg-type]  # a formula
        assert agrees(answer, decisions, shows), f"{what} of seed {seed}: {answer}\n{source}"

    for item in scene.decided.rules:
        name = item.rule.name
        ask(f"{name} matches", item.holds, lambda judged, name=name: name in judged.held)  # type: ignore[misc]  # binds the name
        ask(f"{name} errs", item.errs, lambda judged, name=name: name in judged.erred)  # type: ignore[misc]  # binds the name
    for verdict, formula in scene.decided.verdicts.items():
        ask(verdict, formula, lambda judged, verdict=verdict: judged.verdict == verdict)  # type: ignore[misc]  # binds it
    for name, formula in scene.decided.deciding.items():
        ask(f"{name} decides", formula, lambda judged, name=name: name in judged.decided_by)  # type: ignore[misc]  # binds it


@given(st.integers(0, 10**9))
def test_what_can_be_tried_in_full_is_never_left_open_and_never_wrong(seed: int) -> None:
    compared(seed)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(4))
def test_thousands_of_small_policies(part: int) -> None:
    for number in range(int(os.environ.get("TENET_DEEP_PROGRAMS", "700"))):
        compared(part * 10**6 + number)
