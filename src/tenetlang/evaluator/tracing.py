"""The trace of one rule: what each of its conditions was, and read."""

from __future__ import annotations

from threading import RLock
from typing import Final

from tenetlang.decision import TracedCondition, TracedRule
from tenetlang.evaluator.generate import Generated, Inputs
from tenetlang.evaluator.runtime import Recording, traced_rule
from tenetlang.program.program import Rule
from tenetlang.values.faults import ValueFault

INTERNAL: Final = "internal"
"""The error of a failure of ours."""


def traced(
    generated: Generated,
    lock: RLock,
    position: int,
    rule: Rule,
    inputs: Inputs,
    known: dict[str, tuple[object, dict[str, object]]],
) -> TracedRule:
    """The trace of a rule. `known` are the definitions that other rules have used."""
    recording = Recording(known=known)
    holds: bool | None
    try:
        with lock:
            explanation = generated.explanation(position)
        holds = bool(explanation(inputs, recording))
    except ValueFault as fault:
        recording.fault(fault.code)
        holds = None
    except Exception as problem:  # noqa: BLE001  # the trace must not raise either
        shown = f"internal error: {type(problem).__name__}"
        return TracedRule(rule.shown_name, None, (TracedCondition(shown, None, {}, rule.at.place, error=INTERNAL),))
    texts = [(step.text, step.at.place) for step in rule.body]
    if rule.exception is not None:
        at = rule.exception[0].at if rule.exception else rule.at
        texts.append((rule.exception_text, at.place))
    return traced_rule(rule.shown_name, holds, recording, texts)
