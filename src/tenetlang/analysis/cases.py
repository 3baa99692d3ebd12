"""What conditions and values become: truths, and values by case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

from tenetlang.analysis.formulas import FALSE, TRUE, Formula
from tenetlang.analysis.shape import NOWHERE
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression


@attrs.frozen(eq=False)
class Truth:
    """The requests for which a condition holds, and those for which it errs; never both."""

    holds: Formula
    errs: Formula = FALSE


@attrs.frozen(eq=False)
class MadeRecord:
    """A record that the policy builds."""

    fields: Mapping[str, Value]


@attrs.frozen(eq=False)
class Members:
    """A collection that the policy builds. `some(test)` is whether there is a member for which `test(key, value)` holds;
    `key` is None in a list where the position is not known. `count` is the number of members where that is a sum of terms."""

    some: Callable[[Member], Truth]
    count: Value | None = None


Case: TypeAlias = "tuple[Formula, Expression | MadeRecord | Members]"
Member: TypeAlias = "Callable[[Value | None, Value], Truth]"


@attrs.frozen(eq=False)
class Value:
    """The cases of a value exclude each other; where none holds, and nothing errs, it is absent."""

    cases: tuple[Case, ...]
    errs: Formula = FALSE

    def without_errors(self) -> Value:
        """The same value where its errors have been counted already."""
        return self if self.errs is FALSE else Value(self.cases)


def always(case: Expression | MadeRecord | Members) -> Value:
    """The value that is this, always."""
    return Value(((TRUE, case),))


def constant(value: object, type_: t.Type) -> Value:
    """The value that is this constant, always."""
    return always(core.Constant(value, type_, NOWHERE))


YES, NO = core.Constant(True, t.BOOL, NOWHERE), core.Constant(False, t.BOOL, NOWHERE)
