"""Changes that would alter a verdict do so, fewer don't, and what is said to be impossible never happens."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenetlang.analysis.counterfactuals.changeable import at, known_documents, known_facts
from tenetlang.analysis.counterfactuals.counterfactual import Change, Way, explain_change
from tenetlang.analysis.counterfactuals.nearest import put
from tenetlang.analysis.counterfactuals.pieces import LEFT_OUT
from tenetlang.analysis.counterfactuals.specialise import specialised
from tenetlang.analysis.shape import Shape
from tenetlang.evaluator.reference import Reference
from tenetlang.evaluator.surroundings import Surroundings, surroundings
from tenetlang.program.program import Program
from tenetlang.testing.sample import Sampler, sampler
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked

T = TypeVar("T")
Request = Mapping[str, object]

TRIED = 40
"""Other requests that lend their parts for each explanation."""


def variations(making: Sampler, request: Request, names: Sequence[str]) -> Iterator[Request]:
    """The request with one part as some other request has it."""
    for _ in range(TRIED):
        other = making.request()
        if other.get("tool") != request.get("tool"):
            continue
        for name in names:
            path = tuple(name.split("."))
            found: object = other
            for step in path:
                found = found.get(step, LEFT_OUT) if isinstance(found, Mapping) else LEFT_OUT
            yield put(request, path, found)


def check_change(world: Surroundings, making: Sampler, request: Request, change: Change) -> None:
    decision = world.decide(change.request)
    assert decision is not None
    assert (decision.verdict, decision.decided_by) == (change.verdict, change.decided_by)
    before, after = world.situation(request), world.situation(change.request)
    assert before is not None
    assert after is not None
    undone = change.request
    for difference in change.differences:
        path = tuple(difference.path.split("."))
        assert at(before.inputs, path) != at(after.inputs, path)
        undone = put(undone, path, _json(request, path))
    restored = world.situation(undone)
    assert restored is not None
    assert {**restored.inputs} == {**before.inputs}, "only the parts that are told have changed"
    if change.minimal and len(change.differences) > 1:
        for other in variations(making, request, [item.path for item in change.differences]):
            alone = world.decide(other)
            assert alone is None or alone.verdict != change.verdict or "invalid_request" in alone.decided_by, other


def check_regions(world: Surroundings, request: Request, change: Change) -> None:
    """The ends of a region that is told, and a number in between, lead to the verdict too."""
    for difference in change.differences:
        path = tuple(difference.path.split("."))
        ends = [end.value for end in (difference.low, difference.high) if end is not None and end.included]
        after = world.situation(change.request)
        assert after is not None
        new = at(after.inputs, path)
        if isinstance(new, int | Decimal) and not isinstance(new, bool) and difference.type in {"int", "decimal"}:
            numbers = [Decimal(str(end)) for end in ends]
            numbers += [(number + Decimal(new)) / 2 for number in numbers]
            ends = [
                number for number in numbers if difference.type == "decimal" or number == number.to_integral_value()
            ]
        for end in ends:
            decision = world.decide(put(change.request, path, end))
            assert decision is not None
            assert decision.verdict == change.verdict or "invalid_request" in decision.decided_by, (end, change)


def _json(request: object, path: Sequence[str]) -> object:
    for step in path:
        request = request.get(step, LEFT_OUT) if isinstance(request, Mapping) else LEFT_OUT
    return request


def check_way(world: Surroundings, making: Sampler, request: Request, way: Way) -> None:
    for change in way.changes:
        assert change.verdict == way.verdict
        check_change(world, making, request, change)
    assert [change.cost for change in way.changes] == sorted(change.cost for change in way.changes)
    assert bool(way.changes) == ("found" in {way.arguments, way.anything})
    for change in way.changes:
        check_regions(world, request, change)
    arguments = request.get("args", {})
    assert isinstance(arguments, Mapping)
    if way.arguments == "impossible":
        tool = world.program.tools.get(str(request.get("tool")))
        names = [] if tool is None else [field.name for field in tool.parameters.fields]
        for _ in range(TRIED):
            other = making.request()
            if other.get("tool") == request.get("tool") and names:
                decision = world.decide({**request, "args": other["args"]})
                assert (
                    decision is None or decision.verdict != way.verdict or "invalid_request" in decision.decided_by
                ), other
    if way.anything == "impossible":
        for _ in range(TRIED):
            other = making.request()
            if other.get("tool") == request.get("tool"):
                decision = world.decide(other)
                assert (
                    decision is None or decision.verdict != way.verdict or "invalid_request" in decision.decided_by
                ), other


def check_program(made: Program, seed: int, requests: int) -> list[Way]:
    making = sampler(made, seed)
    found: list[Way] = []
    for _ in range(requests):
        world = surroundings(made, making.documents())
        request = making.request()
        decision = world.decide(request)
        if decision is None:
            continue
        ways = explain_change(world, request, decision)
        assert [way.to_json() for way in ways] == [way.to_json() for way in explain_change(world, request, decision)]
        for way in ways:
            check_way(world, making, request, way)
        found += ways
    return found


def check_specialised(made: Program, seed: int) -> None:
    making = sampler(made, seed)
    documents = making.documents()
    world = surroundings(made, documents)
    request = making.request()
    situation, decision = world.situation(request), world.decide(request)
    if situation is None or decision is None:
        return
    tool = request.get("tool")
    assert tool is None or isinstance(tool, str)
    known = known_documents(situation.data) | known_facts(Shape(made, tool), situation.inputs)
    special = specialised(made, tool, known, (), world.judge.constant)
    found = Reference(special, documents, "").decide(request)
    assert (found.verdict, found.decided_by) == (decision.verdict, decision.decided_by)


@given(st.data(), st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck))
def test_a_program_with_what_is_known_in_it_decides_as_before(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    made = checked(program(choose))
    if made is not None:
        check_specialised(made, seed)


@given(st.data(), st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck), max_examples=15)
def test_changes_are_verified_and_minimal(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    made = checked(program(choose))
    if made is not None:
        check_program(made, seed, 2)


@pytest.mark.deep
def test_changes_of_hundreds_of_programs_are_verified_and_minimal() -> None:
    for number in range(int(os.environ.get("TENET_DEEP_PROGRAMS", "400"))):
        made = checked(program(Random(f"counterfactual/{number}").choice))
        if made is not None:
            check_program(made, number, 3)


def test_most_questions_about_made_up_programs_are_answered() -> None:
    counts = {"found": 0, "impossible": 0, "undecided": 0}
    for number in range(30):
        made = checked(program(Random(f"answered/{number}").choice))
        if made is not None:
            for way in check_program(made, number, 2):
                counts[way.anything or way.arguments] += 1
    assert counts["undecided"] * 10 <= sum(counts.values()), counts
    assert counts["found"]
    assert counts["impossible"]
