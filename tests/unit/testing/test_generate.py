"""A generated suite checks, passes, kills what can be killed, and reads well."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tenetlang.project.configuration import Configuration
from tenetlang.project.project import Project, read_project
from tenetlang.testing.generate import generate
from tenetlang.testing.mutants import against_mutants
from tenetlang.testing.run import run_tests
from tenetlang.text import Text
from tests.sources import program_of
from tests.unit.testing.test_mutants import POLICY

EXAMPLES = Path(__file__).parents[3] / "examples"


def suite(*sources: str) -> str:
    project = Project(tuple(Text(f"{number}.tenet", source) for number, source in enumerate(sources)), Configuration())
    return generate(project, program_of(*sources)).text


def test_a_suite_reads_as_a_person_would_write_it() -> None:
    assert suite(POLICY.replace('with agent = { id: "a1", roles: {} }\n', "")) == (
        Path(__file__).with_name("generated.tenet").read_text(encoding="utf-8")
    )


def test_a_suite_passes_and_kills_all_mutants() -> None:
    made = program_of(POLICY, suite(POLICY))
    assert {result.status for result in run_tests(made, lambda _: True)} == {"passed"}
    assert {item.status for item in against_mutants(made, lambda _: True)} == {"killed", "equivalent"}


@pytest.mark.parametrize(
    ("folder", "entry", "undecided"),
    [("refunds", None, 0), pytest.param("banking", "bank.assistant", 12, marks=pytest.mark.deep)],
)
def test_suites_of_the_examples_kill_what_is_decided(folder: str, entry: str | None, undecided: int) -> None:
    project = read_project([EXAMPLES / folder])
    program = project.compile(entry).program
    assert program is not None
    found = generate(project, program)
    names = {text.name for text in project.texts}
    again = Project((*project.texts, Text("suite.tenet", found.text)), project.configuration).compile(program.entry)
    assert not again.broken
    assert "suite.tenet" not in names
    assert again.program is not None
    counted = Counter(
        item.status for item in against_mutants(again.program, lambda case: case.at.text.name == "suite.tenet")
    )
    assert counted["survived"] == 0
    assert counted["killed"] > 40
    assert counted["undecided"] <= undecided
    assert len(found.uncovered) <= undecided


def test_the_same_policy_has_the_same_suite() -> None:
    assert suite(POLICY) == suite(POLICY)


def test_a_suite_says_what_it_does_not_cover() -> None:
    never = POLICY + 'deny never if { tool is refund; args.customer == "a"; args.customer == "b" }\n'
    assert suite(never).endswith("# Not covered:\n#   never: proved that it decides no request\n")


def test_names_that_are_taken_are_not_given_again() -> None:
    own = 'test "small" { call refund(customer: "c1", amount: 1.00); expect allow }\n'
    assert 'test "small (2)" {' in suite(POLICY + own)


def test_a_policy_without_tools_has_its_facts_said() -> None:
    found = suite('package p\nrequest age: duration\nrequest name: string\ndeny old if { age > 1h; name like "a*" }\n')
    assert "for age, verdict in" not in found, "both verdicts are deny"
    allowed = suite(
        'package p\nrequest age: duration\nrequest name: string\nallow young if { age < 1h; name != "x" }\n'
    )
    assert allowed.startswith(
        'package p\n\nwith age = 0s\nwith name = "n1"\n\ntest "young" {\n    expect allow by young\n'
    )
    assert "for age, verdict in [(59m59s, allow), (1h, deny), (1h1s, deny)] {\n    with age = age\n" in allowed
