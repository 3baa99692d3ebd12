"""A rule in parts: what each of its conditions says by itself, where they can be told apart.

They can where the rule chooses nothing and names nothing in its body: then it matches where each condition holds and the exception does not,
one formula for each. Under a `some` the conditions speak of one member together, and no formula says what one of them says.
"""

from __future__ import annotations

import attrs

from tenetlang.analysis.cases import Truth
from tenetlang.analysis.findings.asking import Asking
from tenetlang.analysis.formulas import FALSE, TooLarge
from tenetlang.analysis.lowering import Lowering
from tenetlang.program import expression as core
from tenetlang.program.program import Rule


@attrs.frozen(eq=False)
class Parts:
    """The conditions of a rule's body as formulas, each with its step, and its exception."""

    steps: tuple[core.Condition, ...]
    conditions: tuple[Truth, ...]
    exception: Truth | None

    @property
    def may_err(self) -> bool:
        """Whether anything of it can err."""
        return any(part.errs is not FALSE for part in (*self.conditions, self.exception or Truth(FALSE)))


def parts_of(asking: Asking, rule: Rule) -> Parts | None:
    """The rule in parts; None where it has `some` or `let` steps, or is too large."""
    steps = tuple(step for step in rule.body if isinstance(step, core.Condition))
    if len(steps) != len(rule.body):
        return None
    lowering = asking.scene.lowering
    try:
        with_room(lowering)
        conditions = tuple(lowering.truth(step.expression, {}) for step in steps)
        exception = None if rule.exception is None else lowering.block(rule.exception, {})
    except (TooLarge, RecursionError):
        return None
    return Parts(steps, conditions, exception)


def with_room(lowering: Lowering) -> None:
    """What was taken apart before is not counted against what is now."""
    lowering.steps = 0
