"""Tests against mutants: which they notice, and the test that is missing for those that they don't."""

from __future__ import annotations

from collections import Counter

import pytest

from tenetlang.project.configuration import Configuration
from tenetlang.project.project import Project
from tenetlang.testing.missing import missing_tests
from tenetlang.testing.mutants import MutantResult, Rows, against_mutants
from tenetlang.testing.trial import tried
from tenetlang.text import Text
from tests.sources import program_of

POLICY = """\
package shop
tool refund(customer: string, amount: decimal)
request agent: { id: string, roles: set[string] }
reviewers desk { who {"a", "b"}; quorum 2; within 30m; else deny }
let limit = 50.00
fn known(customer: string) -> bool = customer in {"c1", "c2"}
default deny
allow small if { tool is refund; args.amount <= limit; known(args.customer) }
escalate large to desk if { tool is refund; args.amount > limit }
with agent = { id: "a1", roles: {} }
"""
SMALL = 'test "s" {{ call refund(customer: "c1", amount: {}); expect {} }}\n'


def results_of(written: str, policy: str = POLICY) -> list[MutantResult]:
    program = program_of(policy + written)
    project = Project((Text("policy.tenet", policy + written),), Configuration())
    return list(missing_tests(program, project, against_mutants(program, lambda _: True)))


def of(results: list[MutantResult], kind: str, before: str, owner: str = "") -> MutantResult:
    (result,) = [
        item
        for item in results
        if (item.mutation.change.kind, item.mutation.change.before) == (kind, before) and owner in item.mutation.owner
    ]
    return result


def test_a_boundary_is_noticed_by_a_test_on_it_only() -> None:
    away, on = (results_of(SMALL.format(amount, "allow")) for amount in ("20.00", "50.00"))
    assert of(away, "comparison", "<=").status == "survived"
    assert (of(on, "comparison", "<=").status, of(on, "comparison", "<=").by) == ("killed", "s")


def test_a_survivor_has_a_test_that_kills_it() -> None:
    results = results_of("")
    statuses = Counter(item.status for item in results)
    assert statuses == {"survived": len(results) - 1, "equivalent": 1}
    assert of(results, "condition-dropped", "args.amount <= limit").status == "equivalent", "escalate is the stricter"
    texts = list(dict.fromkeys(item.missing for item in results if item.status == "survived"))
    assert 0 < len(texts) < len(results), "several survivors want the same test"
    assert "" not in texts
    again = results_of("".join(texts))
    assert Counter(item.status for item in again) == {"killed": len(results) - 1, "equivalent": 1}


def test_a_test_that_computes_notices_a_changed_function_and_a_changed_value() -> None:
    results = results_of('test "f" { expect known("c2"); expect limit == 50.00 }\n')
    assert of(results, "member-dropped", '"c2"').status == "killed"
    assert {item.status for item in results if item.mutation.change.kind == "boundary"} == {"killed"}
    assert of(results, "rule-dropped", "small").status == "survived"


def test_a_row_that_is_made_of_what_was_changed_moves_along_with_it() -> None:
    moving = results_of('test "l" { call refund(customer: "c1", amount: limit); expect allow }\n')
    fixed = results_of('test "l" { call refund(customer: "c1", amount: 50.00); expect allow }\n')
    lower = [[i.status for i in r if i.mutation.change.after == "49.99"] for r in (moving, fixed)]
    assert lower == [["survived"], ["killed"]]


def test_a_function_that_a_test_replaces_notices_nothing_of_itself() -> None:
    test = 'test "k" { call refund(customer: "c9", amount: 1.00); with known(c) = true; expect allow }\n'
    results = results_of(test)
    assert of(results, "member-dropped", '"c1"').status == "survived"
    assert of(results, "verdict", "allow").status == "killed"


def test_a_quorum_is_noticed_by_who_expects_these_reviewers() -> None:
    with_to, without = (results_of(SMALL.format("51.00", expect)) for expect in ("escalate to desk", "escalate"))
    assert of(with_to, "quorum", "2").status == "killed"
    assert of(without, "quorum", "2").status == "survived"
    assert "expect escalate to desk" in of(without, "quorum", "2").missing


def test_what_changes_no_decision_is_proved_equivalent() -> None:
    policy = POLICY + "deny never if { tool is refund; args.amount <= limit; args.amount > limit }\n"
    dropped = of(results_of("", policy), "rule-dropped", "never")
    assert dropped.status == "equivalent"


def test_obligations_are_part_of_a_decision() -> None:
    policy = POLICY + 'allow logged if { tool is refund; args.amount < 9.00; known(args.customer) } then log("full")\n'
    missing = of(results_of("", policy), "rule-dropped", "logged")
    assert missing.status == "survived"
    assert "expect allow by logged, small" in missing.missing or 'expect obligations == {"log"}' in missing.missing


def test_a_test_that_fails_takes_no_part() -> None:
    program = program_of(POLICY + SMALL.format("20.00", "deny"))
    assert Rows(program, program.tests).rows == []


def test_only_so_many_tests_are_written() -> None:
    program = program_of(POLICY)
    project = Project((Text("policy.tenet", POLICY),), Configuration())
    results = missing_tests(program, project, against_mutants(program, lambda _: True), 1)
    assert len({item.missing for item in results} - {""}) == 1


@pytest.mark.parametrize("wrong", ['test "x" { call nothing(); expect deny }\n', 'test "x" { expect 1 }\n', "test {\n"])
def test_a_written_test_that_does_not_hold_is_refused(wrong: str) -> None:
    project = Project((Text("policy.tenet", POLICY),), Configuration())
    good = 'test "g" { call refund(customer: "c1", amount: 1.00); with agent = { id: "a", roles: {} }; expect allow }\n'
    failing = good.replace('"g"', '"h"').replace("expect allow", "expect deny")
    trial = tried(project, "shop", [good, wrong, failing])
    assert (set(trial.cases), set(trial.refused)) == ({0}, {1, 2})
