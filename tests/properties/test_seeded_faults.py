"""Faults that were put into sound policies on purpose are found, all of them, and nothing else is said; and always in the same words."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from tenetlang import pipeline
from tenetlang.project.project import standard_library
from tenetlang.report.finding import Finding
from tenetlang.report.words import severity_of
from tenetlang.text import Text

HEAD = """package p
request agent: { team: "red" | "blue" | "green" }
default deny because "no rule allows this call"
"""

FAULTS = {
    "jointly shadowed": ("shadowed-rule", "fault"),
    "jointly redundant": ("redundant-rule", "fault"),
    "never matches": ("unreachable-rule", "fault"),
    "never matches, over three conditions": ("unreachable-rule", "fault"),
    "overlap at the bound": ("conflicting-rules", "fault"),
    "implied condition": ("ineffective-condition", "fault"),
}


def sound(random: Random, tool: str, resolve: str = "") -> list[str]:
    """Rules for one tool that divide its amounts, so that each decides something and none covers another."""
    bounds = sorted(random.sample(range(10, 10_000), random.randint(2, 5)))
    edges = [None, *bounds, None]
    lines = [f"tool {tool}(amount: decimal, name: string)"]
    for number, (low, high) in enumerate(pairwise(edges)):
        conditions = [f"tool is {tool}"]
        conditions += [] if low is None else [f"args.amount >= {low}.00"]
        conditions += [] if high is None else [f"args.amount < {high}.00"]
        verdict = random.choice(["allow", "deny"]) if resolve else "allow"
        lines.append(f"{verdict} {tool}_{number} if {{ {'; '.join(conditions)} }}")
    return lines


def faulty(random: Random, fault: str) -> list[str]:
    """Rules for the tool `odd`, of which `fault` is at fault."""
    low, high = sorted(random.sample(range(10, 1000), 2))
    middle = Decimal(random.randint(low * 100, high * 100)) / 100
    lines = ["tool odd(amount: decimal, name: string, level: int)"]
    match fault:
        case "jointly shadowed":
            return [
                *lines,
                f"allow wide if {{ tool is odd; args.amount < {low}.00 }}",
                f"deny one if {{ tool is odd; args.amount >= {low}.00; args.amount <= {middle:.2f} }}",
                f"deny other if {{ tool is odd; args.amount > {middle:.2f}; args.amount < {high + 1}.00 }}",
                f'allow fault if {{ tool is odd; args.amount >= {low}.00; args.amount <= {high}.00; args.name == "x" }}',
            ]
        case "jointly redundant":
            return [
                *lines,
                *(f'allow {team} if {{ tool is odd; agent.team == "{team}"; args.level >= {low} }}' for team in ("red", "blue", "green")),
                f"allow fault if {{ tool is odd; args.level > {high} }}",
            ]  # fmt: skip
        case "never matches":
            return [*lines, f"allow fault if {{ tool is odd; args.level > {low}; args.level < {low + 1} }}"]
        case "never matches, over three conditions":
            return [
                *lines,
                'allow fault if { tool is odd; args.name like "a*"; args.name like "*b"; count(args.name) < 2 }',
            ]
        case "overlap at the bound":
            return [
                *lines,
                f"allow other if {{ tool is odd; args.amount <= {low}.00 }}",
                f"deny fault if {{ tool is odd; args.amount >= {low}.00 }}",
            ]
        case "implied condition":
            return [*lines, f"allow fault if {{ tool is odd; args.level > {high}; args.level >= {low} }}"]
        case _:
            raise AssertionError(fault)


def findings(source: str) -> tuple[Finding, ...]:
    texts = [Text("p.tenet", source)]
    compiled = pipeline.compile_texts(texts, standard_library())
    assert compiled.program is not None
    assert not [finding for finding in compiled.findings if severity_of(finding) == "error"], source
    return pipeline.examined(compiled.program, texts).findings


def policy(seed: int, fault: str) -> str:
    random = Random(f"{fault}/{seed}")
    resolve = "resolve unique" if fault == "overlap at the bound" else ""
    tools = [line for number in range(3) for line in sound(random, f"tool{number}", resolve)]
    return "\n".join([HEAD, resolve, *tools, *(faulty(random, fault) if fault else [])])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", range(6))
def test_a_fault_is_found_where_it_was_put(fault: str, seed: int) -> None:
    check, rule = FAULTS[fault]
    found = [item for item in findings(policy(seed, fault)) if item.check == check]
    assert any(rule in item.rules for item in found), policy(seed, fault)


@pytest.mark.parametrize("seed", range(6))
def test_of_a_sound_policy_nothing_is_said(seed: int) -> None:
    assert [item.check for item in findings(policy(seed, "")) if severity_of(item) != "note"] == []


def test_the_same_is_found_in_the_same_order_whatever_the_hashes() -> None:
    source = "\n".join([policy(0, ""), *faulty(Random(1), "jointly shadowed")])
    assert _printed(source, "1") == _printed(source, "2") == _printed(source, "77")


def _printed(source: str, hashes: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "p.tenet").write_text(source, encoding="utf-8")
        command = [sys.executable, "-m", "tenetlang", "check", "p.tenet", "--format", "json"]
        hashing = {**os.environ, "PYTHONHASHSEED": hashes}
        done = subprocess.run(command, cwd=folder, env=hashing, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    return done.stdout
