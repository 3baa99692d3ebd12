"""Proofs against brute force: of policies with a few hundred requests, every claim and every comparison is settled in full.

Two policies are made from seeds of their own, and the second may declare its tool differently: another bound, another literal, an
argument more, one that may be left out. The requests that are tried are those that either takes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenetlang import pipeline
from tenetlang.analysis.comparison.compare import Compared, compared_programs
from tenetlang.analysis.proofs.given import with_functions
from tenetlang.analysis.proofs.prove import (
    Compatible,
    Counterexample,
    Differs,
    Proved,
    Relation,
    compare_programs,
    prove,
)
from tenetlang.analysis.questions import Analysis
from tenetlang.decision import SEVERITY, Decision
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.program.program import Program
from tenetlang.project.project import standard_library
from tenetlang.report.words import severity_of
from tenetlang.text import Text
from tests.properties.small_policies import condition, policy, requests

OUTCOMES = (
    "verdict is allow", "verdict is deny", "verdict is escalate", "verdict is not allow", '"r0" in decided_by',
    '"default" in decided_by', '"error" in decided_by', 'decided_by == {"r1"}', "verdict is allow or verdict is escalate",
)  # fmt: skip

DECLARED = (
    ("@max(3)", "@max(2)"),
    ("@min(0)", "@min(1)"),
    ('note?: "x" | "y"', 'note?: "x"'),
    ('note?: "x" | "y"', 'note?: "x" | "y" | "z"'),
    ('note?: "x" | "y"', "note?: string"),
    ("@items(0, 2)", "@items(0, 1)"),
    ("flag: bool", "flag: bool, extra: bool"),
    ("flag: bool", "flag: bool, extra?: bool"),
    ("flag: bool", "flag?: bool"),
)


def program_of(source: str) -> Program | None:
    compiled = pipeline.compile_texts([Text("p.tenet", source)], standard_library())
    if compiled.program is None or any(severity_of(finding) == "error" for finding in compiled.findings):
        return None
    return compiled.program


def claims(random: Random) -> Iterator[str]:
    for number in range(3):
        parts = [condition(random) for _ in range(random.randint(0, 2))]
        parts.insert(random.randint(0, len(parts)), random.choice(OUTCOMES))
        fixed = random.choice(["", "", 'with agent = { team: "red" }; ', "with near(k) = k > 2; "])
        if random.random() < 0.6:
            yield f'never "{number}" {{ {fixed}tool is t; {"; ".join(parts)} }}'
        else:
            split = random.randint(0, len(parts) - 1)
            first, second = ["tool is t", *parts[:split]], parts[split:]
            yield f'always "{number}" if {{ {"; ".join(first)} }} {{ {fixed}{"; ".join(second)} }}'


def claimed(seed: int) -> int:
    """How many claims of the seed's policy were settled as brute force settles them."""
    random = Random(f"claims/{seed}")
    program = program_of("\n".join([policy(random), *claims(random)]))
    if program is None:
        return 0
    analysis = Analysis(program, BothEvaluators(program))
    for claim in program.claims:
        found = prove(analysis, claim)
        judge = BothEvaluators(with_functions(program, claim.replacements))
        red = any(replacement.target == ("agent",) for replacement in claim.replacements)
        tried = [request for request in requests() if not red or request["agent"] == {"team": "red"}]
        broken = any(judge.breaks(claim, request, {}) for request in tried)
        expected = Counterexample if broken else Proved
        assert isinstance(found, expected), f"{claim.kind} {claim.name} of seed {seed}: {found}\n{program.claims}"
        if isinstance(found, Counterexample):
            assert judge.breaks(claim, found.request, found.documents) is True
    return len(program.claims)


def wide_requests() -> Iterator[dict[str, object]]:
    """All requests that some of the declarations take."""
    for flag, extra, level, n, note, tags, team in product(
        (None, False, True), (None, True), ("low", "mid", "high"), range(4), (None, "x", "y", "z", "w"),
        ([], ["p"], ["q"], ["p", "q"]), ("red", "blue"),
    ):  # fmt: skip
        optional = {"flag": flag, "extra": extra, "note": note}
        args = {"level": level, "n": n, "tags": tags, **{k: v for k, v in optional.items() if v is not None}}
        yield {"tool": "t", "args": args, "agent": {"team": team}}


def pair_of(seed: int) -> tuple[Program, Program] | None:
    random = Random(f"pairs/{seed}")
    source = policy(random)
    first = program_of(source)
    other = policy(random) if random.random() < 0.3 else _changed(source, random)
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        other = other.replace(*random.choice(DECLARED))
    second = program_of(other)
    return None if first is None or second is None else (first, second)


def _changed(source: str, random: Random) -> str:
    """The policy with one rule less, or another condition, or another verdict."""
    lines = source.split("\n")
    place = random.randrange(len(lines))
    if "if { tool is t" in lines[place]:
        kind = random.random()
        if kind < 0.3:
            del lines[place]
        elif kind < 0.7:
            lines[place] = lines[place].replace("tool is t", f"tool is t; {condition(random)}")
        else:
            lines[place] = lines[place].replace("allow ", "deny ")
    return "\n".join(lines)


def decided(compared: Compared) -> list[tuple[Decision, Decision]]:
    found = [compared.decide(request, {}) for request in wide_requests()]
    return [item for item in found if item is not None]


def breaks(relation: Relation, first: Decision, second: Decision) -> bool:
    if relation == "equivalent":
        return first.verdict != second.verdict
    return first.decided_by != ("invalid_request",) and SEVERITY[second.verdict] < SEVERITY[first.verdict]


def compared(seed: int) -> bool:
    pair = pair_of(seed)
    if pair is None:
        return False
    first, second = pair
    both = compared_programs(first, BothEvaluators(first), second, BothEvaluators(second))
    decisions = decided(both)
    relations: tuple[Relation, ...] = ("refines", "equivalent")
    for relation in relations:
        (found,) = compare_programs(both, relation)
        broken = any(breaks(relation, *pair) for pair in decisions)
        expected = Differs if broken else Compatible
        assert isinstance(found, expected), f"{relation} of seed {seed}: {found}"
        if isinstance(found, Differs):
            assert breaks(relation, found.difference.first, found.difference.second)
    return True


@given(st.integers(0, 10**9))
@settings(max_examples=15)
def test_claims_about_few_requests_are_settled_as_all_requests_settle_them(seed: int) -> None:
    claimed(seed)


@given(st.integers(0, 10**9))
@settings(max_examples=5)
def test_two_policies_compare_as_all_requests_compare(seed: int) -> None:
    compared(seed)


def test_most_seeds_make_something_to_settle() -> None:
    assert sum(map(claimed, range(6))) >= 6
    assert sum(pair_of(seed) is not None for seed in range(20)) >= 10


@pytest.mark.deep
@pytest.mark.parametrize("part", range(4))
def test_thousands_of_claims_and_comparisons(part: int) -> None:
    for number in range(int(os.environ.get("TENET_DEEP_PROGRAMS", "700"))):
        claimed(part * 10**6 + number)
        compared(part * 10**6 + number)
