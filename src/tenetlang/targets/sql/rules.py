"""Rules as SQL: when each holds, and when SQL can't tell.

The steps of a body are lowered in order. The first that can't be lowered ends it: the rule is *partial*, and marks each row on
which the steps around it leave it alive. Steps behind it still count where nothing before them can err; a rule is dead where any of
its conditions is false, unless an error comes first, which must be seen.
"""

from __future__ import annotations

from sqlglot.errors import ErrorLevel, UnsupportedError

from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.errors import Faults
from tenetlang.program.program import Rule
from tenetlang.targets.sql import nodes as sql
from tenetlang.targets.sql.columns import tool_is
from tenetlang.targets.sql.conditions import Lowering, NotLowered
from tenetlang.targets.sql.dialects import Dialect
from tenetlang.targets.sql.nodes import Sql

LARGEST_RULE = 20_000
"""Nodes of one rule."""


@frozen
class LoweredRule:
    """`holds` is when the rule matches, None for a partial one; `marks` when the evaluator has to decide the row; `reason` says
    why it is partial."""

    rule: Rule
    holds: Sql | None
    marks: Sql
    reason: str | None


def lowered(lowering: Lowering, faults: Faults, rule: Rule, *, contested: bool) -> LoweredRule:
    """The rule as SQL. `contested`: another rule wants the same obligation that can be met in one way only."""
    lowering.tools = rule.tools
    lowering.work = 0
    alive: list[Sql] = []
    marks: list[Sql] = []
    reason: str | None = None
    try:
        for position, step in enumerate(rule.body):
            lowering.errs.clear()
            try:
                condition = _step(lowering, rule, position, step)
            except NotLowered as stopped:
                reason = reason or stopped.reason
                if faults.step(step) or not isinstance(step, core.Condition):
                    break
                continue
            marks.append(sql.every([*alive, sql.some([sql.holds(error) for error in lowering.errs])]))
            alive.append(condition)
            if isinstance(step, core.Choose):
                break
        else:
            if rule.exception is not None and reason is None:
                lowering.errs.clear()
                lifted = _exception(lowering, rule.exception)
                marks.append(sql.every([*alive, sql.some([sql.holds(error) for error in lowering.errs])]))
                alive.append(sql.negated(lifted))
    except NotLowered as stopped:
        reason = stopped.reason
    finally:
        lowering.scope.clear()
        lowering.sizes.clear()
        lowering.errs.clear()
    return _closed(lowering.dialect, faults, rule, alive, marks, reason, contested=contested)


def _step(lowering: Lowering, rule: Rule, position: int, step: core.Step) -> Sql:
    match step:
        case core.Condition(expression):
            return lowering.value(expression)
        case core.Assign():
            lowering.block((step,))
            return sql.TRUE
        case core.Choose(bound):
            count = lowering.counted(bound, lambda: sql.holds(_rest(lowering, rule, position + 1)))
            return sql.compared(">", count, sql.number(0))


def _rest(lowering: Lowering, rule: Rule, position: int) -> Sql:
    """What follows a choice, the exception in its scope included."""
    for place, step in enumerate(rule.body[position:], position):
        if isinstance(step, core.Choose):
            before = lowering.block(rule.body[position:place])
            return sql.every([before, _step(lowering, rule, place, step)])
    held = lowering.block(rule.body[position:])
    if rule.exception is None:
        return held
    return sql.every([held, sql.negated(_exception(lowering, rule.exception))])


def _exception(lowering: Lowering, exception: core.Block) -> Sql:
    return sql.holds(lowering.block(exception))


def _closed(
    dialect: Dialect,
    faults: Faults,
    rule: Rule,
    alive: list[Sql],
    marks: list[Sql],
    reason: str | None,
    *,
    contested: bool,
) -> LoweredRule:
    holds = sql.holds(sql.every(alive))
    mark = sql.holds(sql.some([sql.holds(item) for item in marks]))
    problem = _unwritable(dialect, holds, mark)
    if problem is not None:
        # What is left is what its tools say.
        return LoweredRule(rule, None, sql.holds(tool_is(rule.tools)), problem)
    if reason is not None:
        return LoweredRule(rule, None, sql.some([holds, mark]), reason)
    wanted = faults.any(argument for use in rule.then for argument in use.arguments)
    if wanted or contested:
        mark = sql.some([mark, holds])
    return LoweredRule(rule, holds, mark, None)


def _unwritable(dialect: Dialect, *parts: Sql) -> str | None:
    """Why the dialect can't write it, or None."""
    try:
        for part in parts:
            if sum(1 for _ in part.walk()) > LARGEST_RULE:
                return "the rule is too long in SQL"
            part.sql(dialect.name, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as missing:
        return f"{dialect.name} can't say it: {str(missing).splitlines()[0]}"
    except RecursionError:
        return "the rule is nested too deeply for SQL"
    return None
