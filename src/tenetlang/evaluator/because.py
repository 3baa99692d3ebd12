"""The words and the obligations of rules, ready to be filled in: templates are texts and functions in turn.

A hole that errs shows as `?`. The variables of a rule are those of the first choice under which it holds, which is found once
more, since deciding does not keep it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang.decision import Verdict
from tenetlang.evaluator.generate import Generated, Valuation, variables_of
from tenetlang.evaluator.outcome import Outcome
from tenetlang.evaluator.runtime import ABSENT, Run
from tenetlang.frozen import frozen
from tenetlang.program.program import Rule
from tenetlang.values.collections import Record
from tenetlang.values.faults import ValueFault
from tenetlang.values.render import text


@frozen
class Words:
    """A rule's words and obligations. `witness` gives the values of its variables, where they are needed."""

    witness: Valuation | None
    because: tuple[str | Valuation, ...] | None
    then: tuple[tuple[str, tuple[Valuation, ...]], ...]


def words_of(generated: Generated, rule: Rule, position: int) -> Words:
    variables = variables_of(rule.body)
    because = None if rule.because is None else generated.template(rule.because, variables)
    then = tuple(
        (use.obligation, tuple(generated.valuation(item, variables) for item in use.arguments)) for use in rule.then
    )
    wanted = bool(variables) and (bool(then) or (because is not None and fixed_text(because) is None))
    return Words(generated.witness(position) if wanted else None, because, then)


def fixed_text(template: tuple[str | Valuation, ...]) -> str | None:
    """The text of a template without holes."""
    parts = [part for part in template if isinstance(part, str)]
    return "".join(parts) if len(parts) == len(template) else None


def variables(words: Words, inputs: Mapping[str, object], run: Run) -> tuple[object, ...]:
    """The values of a rule's variables under the choice for which it holds."""
    if words.witness is None:
        return ()
    run.work, excused = 0, run.excused
    found = words.witness(inputs, run)
    run.excused = excused
    assert isinstance(found, tuple)
    return found


def hole_text(hole: Valuation, inputs: Mapping[str, object], run: Run, variables: tuple[object, ...]) -> str:
    run.work = 0
    try:
        value = hole(inputs, run, *variables)
    except ValueFault:
        return "?"
    return "?" if value is ABSENT else text(value)


def observed_reason(outcome: Outcome, reason: str) -> str:
    verdict: Verdict | None = outcome.observed_verdict
    return reason if verdict is None else f"observed: {verdict}, {reason}"


def approved(inputs: Mapping[str, object]) -> frozenset[str]:
    approvals = inputs["approvals"]
    assert isinstance(approvals, tuple)
    return frozenset(str(item["reviewers"]) for item in approvals if isinstance(item, Record))
