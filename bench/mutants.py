"""How long mutants and generated suites take, and how many mutants a suite kills: `python bench/mutants.py`.

Made-up policies of 100 rules over 50, 20 and 5 tools: two to four conditions each, on amounts, counts, unions, roles, paths,
patterns and the members of lists. The seconds are processor time.
"""

from __future__ import annotations

import time
from collections import Counter
from random import Random

from tenetlang.project.configuration import Configuration
from tenetlang.project.project import Project
from tenetlang.testing.generate import generate
from tenetlang.testing.mutants import MutantResult, against_mutants
from tenetlang.text import Text

SHAPES = ((100, 50), (100, 20), (100, 5))

_ARGUMENTS = 'amount: decimal, count: int, customer: string, region: "eu" | "us" | "asia", to: list[email], file: path'


def policy(rules: int, tools: int) -> str:
    """A package with that many rules over that many tools."""
    choose = Random(f"{rules}/{tools}")

    def conditions() -> list[str]:
        order, letter = choose.choice(["<", "<=", ">", ">="]), choose.choice("abc")
        options = [
            f"args.amount {order} {choose.randint(1, 1000)}.00",
            f"args.count {order} {choose.randint(1, 50)}",
            f'args.region in {{"eu", "{choose.choice(["us", "asia"])}"}}',
            f'"{choose.choice(["admin", "ops", "dev"])}" in agent.roles',
            f"agent.level >= {choose.randint(1, 9)}",
            f'args.file like "/srv/{letter}/**"',
            f'agent.team != "{letter}"',
            f'some a in args.to {{ a.domain == "{letter}.com" }}',
            f'every a in args.to {{ a.domain in {{"a.com", "{choose.choice("bc")}.com"}} }}',
            f'args.customer like "{letter}*"',
        ]
        return choose.sample(options, choose.randint(2, 4))

    lines = ["package bench.mutants", *(f"tool t{number}({_ARGUMENTS})" for number in range(tools))]
    lines.append("request agent: { id: string, team: string, roles: set[string], level: int }")
    lines.append('reviewers desk { who {"a", "b"}; quorum 2; within 30m; else deny }')
    for number in range(rules):
        verdict = choose.choice(["allow", "allow", "deny", "escalate"])
        to = " to desk" if verdict == "escalate" else ""
        body = "; ".join([f"tool is t{choose.randrange(tools)}", *conditions()])
        lines.append(f"{verdict} r{number}{to} if {{ {body} }}")
    return "\n".join([*lines, "default deny", ""])


def measure(rules: int, tools: int) -> None:
    """One line of the table."""
    project = Project((Text("policy.tenet", policy(rules, tools)),), Configuration())
    program = project.compile().program
    assert program is not None
    began = time.process_time()
    alone = against_mutants(program, lambda _: True)
    decided = time.process_time() - began
    began = time.process_time()
    suite = generate(project, program)
    generated = time.process_time() - began
    tested = Project((*project.texts, Text("suite.tenet", suite.text)), Configuration()).compile().program
    assert tested is not None
    began = time.process_time()
    with_suite = against_mutants(tested, lambda _: True)
    ran = time.process_time() - began
    print(f"{rules} rules, {tools} tools: {len(alone):,} mutants; without a test {_shown(alone)} in {decided:.1f} s")
    print(f"    a suite of {suite.tests} tests in {generated:.1f} s; with it {_shown(with_suite)} in {ran:.1f} s")


def _shown(results: tuple[MutantResult, ...]) -> str:
    counted = Counter(result.status for result in results)
    return ", ".join(f"{counted[status]:,} {status}" for status in sorted(counted))


if __name__ == "__main__":
    for shape in SHAPES:
        measure(*shape)
