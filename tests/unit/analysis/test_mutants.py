"""What is proved equivalent is so: cases in which it is not the conditions of a rule that changed."""

from __future__ import annotations

import pytest

from tenetlang.analysis.mutation.mutants import Mutant, mutants
from tenetlang.analysis.mutation.mutations import mutations
from tenetlang.analysis.questions import Analysis, Witness
from tenetlang.testing.replays import MutantEvaluators
from tests.sources import program_of

HEAD = """\
package shop
tool pay(count: int, codes: list[int])
reviewers desk { who {"a", "b"}; quorum 2; within 30m; else deny }
"""


def of(body: str, kind: str, owner: str) -> Mutant:
    program = program_of(HEAD + body)
    evaluators = MutantEvaluators(program)
    found = [item for item in mutations(program) if (item.change.kind, item.owner) == (kind, f"shop.{owner}")]
    (mutant,) = mutants(Analysis(program, evaluators.judge), found, evaluators)
    return mutant


def test_what_goes_with_an_allowance_no_longer_errs_once_it_is_none() -> None:
    body = """\
resolve first
escalate all to desk if { tool is pay }
allow r if { tool is pay; args.count > 1 } then mask(to_string(args.codes[3]))
"""
    assert isinstance(of(body, "verdict", "r").answer, Witness)


@pytest.mark.parametrize(
    "body",
    [
        "default escalate to desk\nallow r if { tool is pay; args.count > 1 }",
        "on error escalate to desk\ndefault allow\nallow r if { tool is pay; args.codes[3] > 1 }",
    ],
)
def test_reviewers_are_asked_by_default_and_for_errors_too(body: str) -> None:
    assert isinstance(of(body, "quorum", "desk").answer, Witness)


def test_reviewers_whom_nothing_asks_are_left_alone() -> None:
    program = program_of(HEAD + "default deny\nallow r if { tool is pay }")
    assert not [item for item in mutations(program) if item.change.kind == "quorum"]


def test_reviewers_who_are_never_reached_make_no_difference() -> None:
    body = "default deny\ndeny all if { tool is pay }\nescalate r to desk if { tool is pay }"
    assert of(body, "quorum", "desk").equivalent
    assert of(body, "rule-dropped", "r").equivalent
