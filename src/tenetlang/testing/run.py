"""Runs `test` blocks: each row decides one request, on both evaluators, and is compared with what it expects.

A failure says what was expected, what came instead, and, where a rule was expected to decide and did not, the first of
its conditions that stopped it, with what that condition read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Literal

import attrs

from tenetlang.decision import Decision, TracedCondition
from tenetlang.evaluator.meaning import Fault, Run, Scope, value
from tenetlang.evaluator.requests import DataError, Invalid, RequestReader
from tenetlang.program.expression import Local
from tenetlang.program.program import Expectation, Program, TestCase
from tenetlang.program.request_paths import unquoted_paths
from tenetlang.program.types import VERDICT
from tenetlang.testing.evaluators import Evaluators
from tenetlang.testing.requests import Situation, TestError, said, situation
from tenetlang.values.render import literal

Status = Literal["passed", "failed", "error"]


@attrs.frozen
class Failure:
    """One expectation that was not met."""

    expected: str
    got: str
    at: str
    stopped: tuple[str, ...] = ()


@attrs.frozen
class TestResult:
    """What came of one row of one test. `row` are the table's values as the author would write them, empty without a table."""

    __test__ = False
    name: str
    package: str
    row: str
    status: Status
    at: str
    failures: tuple[Failure, ...] = ()
    error: str = ""
    decision: Decision | None = None


def run_tests(
    program: Program, wanted: Callable[[TestCase], bool], progress: Callable[[], None] = lambda: None
) -> Iterator[TestResult]:
    """The result of each row of each wanted test, in the order written. `progress` is called after each."""
    evaluators = Evaluators(program)
    for case in program.tests:
        if wanted(case):
            for row in range(len(case.rows)):
                yield _run_row(evaluators, case, row)
                progress()


def _run_row(evaluators: Evaluators, case: TestCase, row: int) -> TestResult:
    shown = ""
    try:
        scope = scope_of(evaluators.program, case, row)
        shown = shown_row(scope, case)
        described = situation(evaluators.program, case, scope)
        failures, decision = _judge(evaluators, case, described, scope)
    except (TestError, DataError) as error:
        return TestResult(case.name, case.package, shown, "error", case.at.place, error=str(error))
    except Fault as fault:
        message = f"the error {fault.code} in the test itself, at {fault.at.place}"
        return TestResult(case.name, case.package, shown, "error", case.at.place, error=message)
    status: Status = "failed" if failures else "passed"
    return TestResult(case.name, case.package, shown, status, case.at.place, failures, decision=decision)


def shown_row(scope: Scope, case: TestCase) -> str:
    """The values of a row as the author would write them; empty for a test without a table."""
    return ", ".join(_shown(scope[local.name], local) for local in case.variables)


def _shown(item: object, local: Local) -> str:
    """A value of a row as the author writes it."""
    return str(item) if local.type == VERDICT else literal(item)


def scope_of(program: Program, case: TestCase, row: int) -> dict[str, object]:
    """The values of the variables of one row. Raises `Fault` and `TestError`."""
    given = [said(program, item, {}) for item in case.rows[row]]
    scope = dict(zip((local.name for local in case.variables), given, strict=True))
    for local, assigned in case.assignments:
        scope[local.name] = said(program, assigned, scope)
    return scope


def _judge(
    evaluators: Evaluators, case: TestCase, described: Situation, scope: Scope
) -> tuple[tuple[Failure, ...], Decision | None]:
    pair = evaluators.pair(described.program, described.documents)
    evaluator, reference = pair.evaluator, pair.reference
    decision: Decision | None = None
    read: Mapping[str, object] | Invalid
    if case.tool is not None or not described.program.uses_tools:
        decision = evaluator.decide(described.request)
        check = reference.decide(described.request)
        if decision.to_json() != check.to_json():
            raise TestError(
                "the two evaluators disagree on this request, which is a bug of tenetlang; please report it"
            )
        read = reference.reader.read(described.request)
        inputs = {**({} if isinstance(read, Invalid) else read), **outcome(decision)}
    else:
        read = facts_read(reference.reader, described.request)
        inputs = {} if isinstance(read, Invalid) else {**read}
    failures: list[Failure] = []
    for expectation in case.expectations:
        run = Run(described.program, inputs, reference.data)
        try:
            failure = unmet(run, expectation, decision, scope)
        except KeyError:
            # Nothing was read of a request that is none; only what the test says of the decision can be looked at.
            reason = read.reason if isinstance(read, Invalid) else "the test does not say all that the condition reads"
            raise TestError(f"`{expectation.text}` can't be told: {reason}") from None
        if failure is not None:
            failures.append(failure)
    return tuple(failures), decision


def facts_read(reader: RequestReader, request: Mapping[str, object]) -> Mapping[str, object] | Invalid:
    """What a test that calls no tool says of a request."""
    given = request.get("counters", {})
    assert isinstance(given, dict)
    optional = tuple((name, read, False) for name, read, _ in reader.facts)
    facts = {name: said for name, said in request.items() if name != "counters"}
    read = attrs.evolve(reader, uses_tools=False, facts=optional).read(facts)
    counters = reader.some_counters(given)
    if isinstance(read, Invalid) or isinstance(counters, Invalid):
        return read if isinstance(read, Invalid) else counters
    return {**read, "counters": counters}


def outcome(decision: Decision) -> dict[str, object]:
    """What `verdict`, `decided_by` and `obligations` are in a test or a claim."""
    return {
        "verdict": decision.verdict,
        "decided_by": frozenset(decision.decided_by),
        "obligations": frozenset(obligation.name for obligation in decision.obligations),
    }


def unmet(run: Run, expectation: Expectation, decision: Decision | None, scope: Scope) -> Failure | None:
    """How the decision fails the expectation; None where it meets it. Raises `Fault`, `KeyError` and `TestError`."""
    at = expectation.at.place
    if expectation.condition is not None:
        run.reads = {}
        if value(run, expectation.condition, scope) is True:
            return None
        read = "; ".join(f"{name} = {literal(item)}" for name, item in sorted(run.reads.items()))
        return Failure(expectation.text, f"false{', with ' + read if read else ''}", at)
    if expectation.verdict is None or decision is None:
        raise TestError("the test expects a verdict and calls no tool: add `call …`")
    wanted = str(value(run, expectation.verdict, scope))
    asked = {escalation.reviewers for escalation in decision.escalations}
    met = (
        decision.verdict == wanted
        and (expectation.to is None or expectation.to in asked)
        and set(expectation.by) <= set(decision.decided_by)
        and (expectation.because is None or expectation.because == decision.reason)
    )
    if met:
        return None
    return Failure(_expected(expectation, wanted), _got(decision), at, _stopped(expectation, wanted, decision, run))


def _expected(expectation: Expectation, wanted: str) -> str:
    to = f" to {expectation.to}" if expectation.to else ""
    by = f" by {', '.join(expectation.by)}" if expectation.by else ""
    because = f' because "{expectation.because}"' if expectation.because is not None else ""
    return f"{wanted}{to}{by}{because}"


def _got(decision: Decision) -> str:
    to = f" to {', '.join(e.reviewers for e in decision.escalations)}" if decision.escalations else ""
    because = f' because "{decision.reason}"'
    return f"{decision.verdict}{to} by {', '.join(decision.decided_by)}{because}"


def _stopped(expectation: Expectation, wanted: str, decision: Decision, run: Run) -> tuple[str, ...]:
    """For each rule that should have decided: the first condition that stopped it."""
    if expectation.by:
        names = [name for name in expectation.by if name not in decision.decided_by]
    elif decision.verdict == wanted:
        return ()
    else:
        verdicts = {rule.shown_name: rule.verdict for package in run.program.packages for rule in package.rules}
        names = [rule.rule for rule in decision.trace if verdicts[rule.rule] == wanted][:3]
    traced = {rule.rule: rule for rule in decision.trace}
    unquoted = unquoted_paths(run.program)
    lines: list[str] = []
    for name in names:
        if name not in traced:
            lines.append(f"{name}: is not for this tool")
            continue
        for condition in traced[name].conditions:
            if condition.value is not True:
                lines.append(f"{name}: {_stop(condition, unquoted)}")
                break
        else:
            lines.append(f"{name}: matched, {_outdone(name, decision)}")
    return tuple(lines)


def _outdone(name: str, decision: Decision) -> str:
    """Why a rule that matched did not decide."""
    for item in decision.overridden:
        if item.rule == name:
            return f"overridden by {item.by}"
    if any(item.rule == name for item in decision.observed):
        return "but is only observed"
    return f"but {', '.join(decision.decided_by)} decided"


def _stop(condition: TracedCondition, unquoted: Collection[str]) -> str:
    why = f"erred ({condition.error})" if condition.error else "is false"
    read = "; ".join(
        f"{name} = {item if name in unquoted else json.dumps(item, ensure_ascii=False)}"
        for name, item in condition.read.items()
    )
    return f"`{condition.text}` {why}{', with ' + read if read else ''} ({condition.at})"
