"""Two evaluators, one truth: on every program and request they agree on verdict, rules, errors and the whole trace."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenetlang import pipeline
from tenetlang.decision_tree.build import build
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.reference import Reference
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.report.words import severity_of
from tenetlang.testing.sample import sampler
from tenetlang.text import Text
from tests.properties.generated_programs import program

T = TypeVar("T")

CONSTANT = {"overflow-constant", "disjoint-equality", "not-comparable", "impossible-narrowing"}
"""What is wrong with `1 % 0`, `"a" == "b"`, `tool has @x` after `tool has not @x`, and the like."""

REQUESTS = 12
"""Requests decided for each program."""


def checked(files: Sequence[tuple[str, str]]) -> Program | None:
    """The program; None where constants met that the checker does not let through."""
    compiled = pipeline.compile_texts([Text(name, content) for name, content in files], standard_library(), "p")
    wrong = [finding for finding in compiled.findings if severity_of(finding) == "error"]
    if any(finding.check in CONSTANT for finding in wrong):
        return None
    shown = "\n".join(f"{finding.check} {finding.at.place} {dict(finding.details)}" for finding in wrong)
    assert not wrong, shown + "\n" + "\n".join(content for _, content in files)
    assert compiled.program is not None
    return compiled.program


def spoiled(request: Mapping[str, object], random: Random) -> dict[str, object]:
    """The request with one thing wrong, mostly."""
    changed = dict(request)
    name = random.choice(sorted(changed))
    changed[name] = random.choice([None, 3, "x", [], {}, {"n": "x"}, 1.5, 2**70])
    return changed


def compared(files: Sequence[tuple[str, str]], seed: int, requests: int) -> None:
    made = checked(files)
    if made is None:
        return
    making = sampler(made, seed)
    documents = making.documents()
    evaluator = Evaluator(build(made), documents)
    reference = Reference(made, documents, evaluator.digest)
    for number in range(requests):
        request = making.request()
        if number % 6 == 5:
            request = spoiled(request, making.random)
        if number % 4 == 3:
            request["approvals"] = [{"reviewers": making.random.choice(["desk", "board", "b.watch"])}]
        fast, slow = evaluator.decide(request), reference.decide(request)
        assert fast.reason != "internal error", f"{request}\n" + "\n".join(content for _, content in files)
        assert fast.to_json() == slow.to_json(), f"{request}\n" + "\n".join(content for _, content in files)


@given(st.data(), st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck))
def test_both_evaluators_agree_on_everything(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    compared(program(choose), seed, REQUESTS)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(8))
def test_both_evaluators_agree_on_a_hundred_thousand_pairs(part: int) -> None:
    programs = int(os.environ.get("TENET_DEEP_PROGRAMS", "700"))
    for number in range(programs):
        random = Random(f"{part}/{number}")
        compared(program(random.choice), number, 20)
