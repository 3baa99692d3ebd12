"""A request that was decided is possible: what is true of it, and of the decision on it, never contradicts itself.

All that the evaluators say of a request (which rules match and err, the verdict, who decides) is turned into formulas, with the
negation of what they do not say, and put together with formulas that pin the parts of the request (`pinned.py`). The analysis
must find room for the whole: a space in which a request that exists is impossible would prove what is false. This is a
sharper question than whether the answers of the analysis are right, since each request asks about one point of the space.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenetlang.analysis.formulas import Formula, TooLarge
from tenetlang.analysis.making import space_of
from tenetlang.analysis.questions import Analysis, Judged, Scene
from tenetlang.analysis.search import OutOfBudget, Search
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.evaluator.requests import Invalid
from tenetlang.program.program import Program
from tests.properties.generated_programs import program
from tests.properties.pinned import pins
from tests.properties.test_evaluators import checked
from tests.properties.wild_requests import wild_sampler

T = TypeVar("T")

REQUESTS = 6
"""Requests for each program."""

SAME_DOCUMENTS = 8
"""Requests in a row with the same documents."""

BUDGET = 3_000
"""What a question may cost. What costs more is left out: nothing was claimed."""

Statement = tuple[str, ...]


def said_of(scene: Scene, judged: Judged) -> Iterator[tuple[Statement, Formula]]:
    """All that the evaluators say of the request, each as a formula that is true of it.

    An entry that only observes answers `allow` to everything, so that of its verdict nothing is said.
    """
    negation = scene.formulas.negation

    def true(formula: Formula, *, shown: bool) -> Formula:
        return formula if shown else negation(formula)

    for item in scene.decided.rules:
        name = item.rule.name
        yield ("holds", name), true(item.holds, shown=name in judged.held)
        yield ("errs", name), true(item.errs, shown=name in judged.erred)
    if scene.lowering.program.packages[0].observe:
        return
    for verdict, formula in scene.decided.verdicts.items():
        yield ("verdict", verdict), true(formula, shown=verdict == judged.verdict)
    for name, formula in scene.decided.deciding.items():
        yield ("by", name), true(formula, shown=name in judged.decided_by)


def is_possible(scene: Scene, formula: Formula) -> bool | None:
    """Whether a request for which the formula holds is possible, in a space made for it; None where it can't be told."""
    try:
        space = space_of(scene.lowering.shape, [formula])
        search = Search(space, scene.lowering.evaluate, left=BUDGET)
        return search.possible([space.node(formula)])
    except (OutOfBudget, TooLarge, RecursionError):
        return None


def culprits(
    scene: Scene, said: Mapping[Statement, Formula], pinned: Mapping[str, Formula]
) -> tuple[list[Statement], list[str]]:
    """What is to be shown of a contradiction: few statements, and few parts of the request, that contradict each other."""

    def contradicts(statements: Mapping[Statement, Formula], parts: Mapping[str, Formula]) -> bool:
        return is_possible(scene, scene.formulas.all_of([*statements.values(), *parts.values()])) is False

    left, parts = dict(said), dict(pinned)
    for statement in said:
        fewer = {key: formula for key, formula in left.items() if key != statement}
        left = fewer if contradicts(fewer, parts) else left
    for part in pinned:
        without = {key: formula for key, formula in parts.items() if key != part}
        parts = without if contradicts(left, without) else parts
    return list(left), list(parts)


def decided_requests_are_possible(made: Program, seed: int, requests: int) -> int:
    """How many requests were found possible; the others were invalid or too large. Fails on a contradiction."""
    judge = BothEvaluators(made)
    analysis = Analysis(made, judge)
    random = Random(seed)
    making = wild_sampler(made, random)
    documents: dict[str, object] = {}
    found = 0
    for number in range(requests):
        if number % SAME_DOCUMENTS == 0:
            documents = making.documents()
        found += decided_request_is_possible(analysis, judge, making.request(), documents, random)
    return found


def decided_request_is_possible(
    analysis: Analysis,
    judge: BothEvaluators,
    request: Mapping[str, object],
    documents: Mapping[str, object],
    random: Random,
) -> bool:
    judged, pair = judge.judge(request, documents), judge.pair(request, documents)
    tool = request.get("tool")
    assert tool is None or isinstance(tool, str)
    scene = analysis.scene(tool)
    if judged is None or pair is None or not isinstance(scene, Scene):
        return False
    inputs = pair.reference.reader.read(request)
    assert not isinstance(inputs, Invalid)
    try:
        pinned = pins(scene.lowering, inputs, pair.reference.data)
    except TooLarge:
        return False
    if random.random() < 0.5:  # half of the time, so that there is something to choose
        pinned = {name: formula for name, formula in pinned.items() if random.random() < 0.6}
    said = dict(said_of(scene, judged))
    possible = is_possible(scene, scene.formulas.all_of([*said.values(), *pinned.values()]))
    if possible is False:
        pytest.fail(f"impossible: {culprits(scene, said, pinned)}\n{request}\n{documents}")
    return possible is True


@given(st.data(), st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck))
def test_a_request_that_was_decided_is_possible(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    made = checked(program(choose))
    if made is not None:
        decided_requests_are_possible(made, seed, REQUESTS)


def test_most_requests_are_found_possible() -> None:
    found = asked = 0
    for number in range(15):
        made = checked(program(Random(f"mostly/{number}").choice))
        if made is not None:
            found += decided_requests_are_possible(made, number, REQUESTS)
            asked += REQUESTS
    assert found * 10 >= asked * 7, f"{found} of {asked}"


def test_what_is_not_said_of_a_request_is_mostly_impossible() -> None:
    """Pins that pinned nothing would contradict nothing."""
    ruled_out = wrong = 0
    for number in range(15):
        made = checked(program(Random(f"wrong/{number}").choice))
        if made is None:
            continue
        judge = BothEvaluators(made)
        analysis = Analysis(made, judge)
        making = wild_sampler(made, Random(number))
        request, documents = making.request(), making.documents()
        judged, pair = judge.judge(request, documents), judge.pair(request, documents)
        scene = analysis.scene(str(request["tool"]))
        if judged is None or pair is None or not isinstance(scene, Scene):
            continue
        inputs = pair.reference.reader.read(request)
        assert not isinstance(inputs, Invalid)
        pinned = scene.formulas.all_of(pins(scene.lowering, inputs, pair.reference.data).values())
        for _, formula in said_of(scene, judged):
            opposite = scene.formulas.both(scene.formulas.negation(formula), pinned)
            ruled_out += is_possible(scene, opposite) is False
            wrong += 1
    assert wrong > 0
    assert ruled_out * 10 >= wrong * 9, f"{ruled_out} of {wrong}"


@pytest.mark.deep
@pytest.mark.parametrize("part", range(4))
def test_requests_that_were_decided_are_possible_in_hundreds_of_programs(part: int) -> None:
    for number in range(int(os.environ.get("TENET_DEEP_PROGRAMS", "300"))):
        made = checked(program(Random(f"pinned/{part}/{number}").choice))
        if made is not None:
            try:
                decided_requests_are_possible(made, number, 20)
            except pytest.fail.Exception as failed:
                pytest.fail(f"pinned/{part}/{number}: {failed}")
