"""What is found in a policy holds for every request: nothing that is ruled out happens, and what is called needless changes
nothing when it is taken out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TypeVar

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenetlang import pipeline
from tenetlang.analysis.findings.desk import Wanted
from tenetlang.analysis.findings.examine import Examined
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.program.program import Package, Program, Rule
from tenetlang.report.finding import Finding
from tenetlang.testing.sample import sampler
from tests.properties.generated_programs import program
from tests.properties.test_evaluators import checked

T = TypeVar("T")

REQUESTS = 60


def examined(made: Program) -> Examined:
    texts = {rule.at.text for package in made.packages for rule in package.rules}
    texts |= {tool.at.text for tool in made.tools.values()} | {claim.at.text for claim in made.claims}
    return pipeline.examined(made, texts, Wanted(overlaps=True, gaps=True, undecided=True))


def without_observing(made: Program) -> Program:
    """An entry that only observes is examined as if it decided."""
    entry, *bases = made.packages
    return attrs.evolve(made, packages=(attrs.evolve(entry, observe=False), *bases))


def requests(made: Program, seed: int, count: int) -> Iterator[tuple[Mapping[str, object], Mapping[str, object]]]:
    making = sampler(made, seed)
    documents: dict[str, object] = {}
    for number in range(count):
        if number % 20 == 0:
            documents = making.documents()
        yield making.request(), documents


def names(findings: Sequence[Finding], check: str) -> set[str]:
    return {finding.rules[0] for finding in findings if finding.check == check}


def pruned(made: Program, findings: Sequence[Finding]) -> Program:
    """The program without the rules, conditions and exceptions that are called needless."""
    gone = names(findings, "redundant-rule") | names(findings, "unreachable-rule")
    full_names = {rule.name for package in made.packages for rule in package.rules if rule.shown_name in gone}
    places = {finding.at.start for finding in findings if finding.check == "ineffective-condition"}

    def kept(rule: Rule) -> Rule:
        body = tuple(step for step in rule.body if step.at.start not in places)
        exception = rule.exception
        if exception is not None and exception[0].at.start in places:
            exception = None
        overrides = tuple(name for name in rule.overrides if name not in full_names)
        return attrs.evolve(rule, body=body, exception=exception, overrides=overrides)

    def of(package: Package) -> Package:
        rules = tuple(kept(rule) for rule in package.rules if rule.shown_name not in gone)
        return attrs.evolve(package, rules=rules)

    return attrs.evolve(made, packages=tuple(map(of, made.packages)))


def held_against_requests(written: Program, seed: int, count: int) -> None:
    made = without_observing(written)
    found = examined(written).findings
    judge, smaller = BothEvaluators(made), BothEvaluators(pruned(made, found))
    by_shown = {rule.shown_name: rule.name for package in made.packages for rule in package.rules}
    unreachable = {by_shown[name] for name in names(found, "unreachable-rule")}
    shadowed = names(found, "shadowed-rule")
    of_bases = {rule.shown_name for package in made.packages[1:] for rule in package.rules}
    denied = {finding.details["tool"] for finding in found if finding.check == "always-denied-tool"}
    for request, documents in requests(made, seed, count):
        judged = judge.judge(request, documents)
        if judged is None:
            continue
        assert not judged.held & unreachable
        if not of_bases & shadowed:
            assert not set(judged.decided_by) & shadowed
        assert judged.verdict == "deny" or request.get("tool") not in denied
        again = smaller.judge(request, documents)
        assert again is not None
        assert judged.verdict == again.verdict, f"{request} {documents} {found}"
    for finding in found:
        if finding.witness is not None:
            shown = judge.judge(finding.witness, finding.documents)
            assert shown is not None
            if finding.check in {"conflicting-rules", "overlapping-rules", "shadowed-rule"}:
                assert by_shown[finding.rules[0]] in shown.held
            if finding.check == "may-error":
                assert by_shown[finding.rules[0]] in shown.erred
            if finding.check == "gap":
                assert shown.decided_by == ("default",)


@given(st.data(), st.integers(0, 2**32))
@settings(suppress_health_check=list(HealthCheck), max_examples=25)
def test_what_is_found_holds_for_every_request(data: st.DataObject, seed: int) -> None:
    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(list(options)))

    made = checked(program(choose))
    if made is not None:
        held_against_requests(made, seed, REQUESTS)


@pytest.mark.deep
@pytest.mark.parametrize("part", range(4))
def test_what_is_found_holds_in_thousands_of_programs(part: int) -> None:
    programs = int(os.environ.get("TENET_DEEP_PROGRAMS", "300"))
    for number in range(programs):
        made = checked(program(Random(f"findings/{part}/{number}").choice))
        if made is not None:
            held_against_requests(made, number, 200)


def test_the_same_policy_has_the_same_findings_in_the_same_order() -> None:
    for number in range(8):
        made = checked(program(Random(f"order/{number}").choice))
        if made is not None:
            assert examined(made) == examined(made)
