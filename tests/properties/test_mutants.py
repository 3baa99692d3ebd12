"""What is said of mutants holds: an equivalent one decides every request alike, a witness tells, and none is ill-typed."""

from __future__ import annotations

import os
from collections import Counter
from random import Random

import pytest

from tenetlang.analysis.mutation.mutants import mutants
from tenetlang.analysis.mutation.mutations import mutations
from tenetlang.analysis.questions import Analysis, Witness
from tenetlang.program.program import Program
from tenetlang.testing.replays import MutantEvaluators, seen
from tenetlang.testing.sample import sampler
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked

REQUESTS = 15
"""Requests against which each mutant is held."""


def held_against_requests(made: Program, seed: int, requests: int, most: int) -> Counter[str]:
    """What the mutants of a program came to; `most` of them, taken from all over the program."""
    evaluators = MutantEvaluators(made)
    everything = list(mutations(made))
    chosen = everything[:: 1 + len(everything) // most]
    making = sampler(made, seed)
    asked = [evaluators.asked(making.request(), making.documents()) for _ in range(requests)]
    counts: Counter[str] = Counter()
    for mutant in mutants(Analysis(made, evaluators.judge), chosen, evaluators):
        mutation = mutant.mutation
        for item in asked:
            if item is None:
                continue
            changed = seen(item.decide(mutation.program)) != seen(item.decision)
            assert not (changed and mutant.equivalent), f"{mutation.change} {item.request}"
            if mutation.change.kind != "quorum":
                affected = item.affected(mutation, evaluators.rules, made.functions)
                assert affected or not changed, f"{mutation.change} {item.request}"
        if isinstance(mutant.answer, Witness):
            item = evaluators.asked(mutant.answer.request, mutant.answer.documents)
            assert item is not None
            assert seen(item.decide(mutation.program)) != seen(item.decision), mutation.change
        counts[type(mutant.answer).__name__] += 1
    return counts


def test_equivalent_mutants_decide_alike_and_witnesses_tell() -> None:
    counts: Counter[str] = Counter()
    for number in range(8):
        random = Random(f"mutants/{number}")
        made = checked(program(random.choice))
        if made is not None:
            counts += held_against_requests(made, number, REQUESTS, 20)
    assert min(counts["NoneType"], counts["Witness"]) > 12, counts
    assert counts["Undecided"] * 4 < sum(counts.values()), counts


@pytest.mark.deep
@pytest.mark.parametrize("part", range(4))
def test_they_do_so_in_hundreds_of_programs(part: int) -> None:
    for number in range(int(os.environ.get("TENET_DEEP_PROGRAMS", "700")) // 7):
        random = Random(f"mutants/{part}/{number}")
        made = checked(program(random.choice))
        if made is not None:
            held_against_requests(made, number, 60, 200)
