"""Which expressions can err, and which tools can reach a rule.

`Faults` is cautious: it says no only where no well-typed request can make the expression err. Decimals that come in have
at most 18 digits before the point and 12 after it, and sums and products of a few of them stay within the 64 digits of
exact arithmetic, so most arithmetic of policies can't err; the digits are counted here. A quantifier can always err: it
may come upon one member more than a rule is allowed to try. On this rest `Rule.tools` and the factoring of rules, which
may pass over or move only what can't err.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Protocol

import attrs

from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Definition, Function
from tenetlang.values.builtin_faults import FAULTS
from tenetlang.values.numbers import DIGITS, INT_MAX, INT_MIN, READ_PLACES, READ_WHOLE_DIGITS

_READ = (READ_WHOLE_DIGITS, READ_PLACES)
_MOST_MEMBERS = 10_000_000
_NEVER = frozenset({"set.union", "set.intersection", "set.difference", "decimal.negate"})
_FURTHEST_ROUNDING = 16


class Defined(Protocol):
    """Where definitions and functions are found: a `Program`, or what is made on the way to one."""

    @property
    def definitions(self) -> Mapping[str, Definition]: ...
    @property
    def functions(self) -> Mapping[str, Function]: ...


@attrs.define(eq=False)
class Faults:
    """What can err in one program; remembers its answers about definitions and functions."""

    program: Defined
    definitions: dict[str, bool] = attrs.field(factory=dict)
    functions: dict[str, bool] = attrs.field(factory=dict)

    def any(self, expressions: Iterable[core.Expression]) -> bool:
        return any(self.expression(item) for item in expressions)

    def block(self, block: core.Block) -> bool:
        """Whether a step of the block can err."""
        return any(self.step(step) for step in block)

    def step(self, step: core.Step) -> bool:
        """Whether evaluating the step can err."""
        match step:
            case core.Condition(expression):
                return self.expression(expression)
            case core.Assign(_, value):
                return self.expression(value)
            case core.Choose():
                return True

    def expression(self, expression: core.Expression) -> bool:
        """Whether the expression can err."""
        match expression:
            case core.Constant() | core.Read() | core.Local():
                return False
            case (
                core.Compare(_, left, right)
                | core.Contains(left, right)
                | core.Default(left, right)
                | core.Matches(left, right)
            ):
                return self.expression(left) or self.expression(right)
            case core.And(items) | core.Or(items) | core.MakeList(items) | core.MakeSet(items):
                return self.any(items)
            case (
                core.Field(of)
                | core.Part(of)
                | core.Present(of)
                | core.Not(of)
                | core.ToolIs(of)
                | core.IsType(of)
                | core.Narrow(of)
                | core.Widen(of)
            ):
                return self.expression(of)
            case core.Derived(name):
                return self._definition(name)
            case core.CallFunction(name, arguments):
                return self.any(arguments) or self._function(name)
            case core.Operate(operator, operands):
                return self.any(operands) or (operator not in _NEVER and not _stays_within(expression, operator))
            case core.Builtin(name, arguments):
                return self.any(arguments) or _builtin(name, arguments)
            case core.Index(of, key, optional=optional, certain=certain):
                return not (optional or certain) or self.expression(of) or self.expression(key)
            case _:
                return self._form(expression)

    def _form(self, expression: core.Expression) -> bool:
        match expression:
            case core.Exists() | core.Every() | core.Build():
                return True
            case core.MakeMap(entries):
                return any(self.expression(key) or self.expression(value) for key, value in entries)
            case core.MakeRecord(fields):
                return any(self.expression(value) for _, value in fields)
            case core.Match(arms, otherwise):
                inside = any(self.expression(when) or self.expression(value) for when, value in arms)
                return inside or (otherwise is not None and self.expression(otherwise))
            case _:
                raise AssertionError(type(expression).__name__)

    def _definition(self, name: str) -> bool:
        known = self.definitions.get(name)
        if known is None:
            self.definitions[name] = True  # until it is known: one that needs itself, which the checker refuses
            definition = self.program.definitions.get(name)
            known = self.definitions[name] = definition is None or self.expression(definition.value)
        return known

    def _function(self, name: str) -> bool:
        known = self.functions.get(name)
        if known is None:
            self.functions[name] = True  # as above
            function = self.program.functions.get(name)
            known = self.functions[name] = function is None or self.expression(function.body)
        return known


def _builtin(name: str, arguments: tuple[core.Expression, ...]) -> bool:
    match name, arguments:
        case "sum.decimal", (of,):
            return not _is_read(of)
        case "round", (of, core.Constant(int() as places), *mode):
            digits = _digits(of)
            usual = abs(places) <= _FURTHEST_ROUNDING and all(isinstance(item, core.Constant) for item in mode)
            return not (usual and digits is not None and digits[0] < DIGITS - 20)
        case "abs", (of,):
            return of.type is not t.DECIMAL
        case "to_decimal", (of,):
            return of.type not in (t.INT, t.DECIMAL)
        case (("to_set" | "distinct"), (of,)):
            return isinstance(of.type, t.ListType) and not _hashes_apart(of.type.of)
        case "floor_div", (_, core.Constant(int() as divisor)):
            return divisor <= 0
        case _:
            return name in FAULTS


def _hashes_apart(type_: t.Type) -> bool:
    """Whether never many different values of the type have one hash (`values/hashing.py`)."""
    return isinstance(type_, t.Scalar | t.UnionType) and type_ not in (t.DECIMAL, t.JSON)


def _is_read(expression: core.Expression) -> bool:
    """Whether the value came in with the request or the documents as it is."""
    match expression:
        case core.Read():
            return True
        case core.Field(of) | core.Index(of) | core.Narrow(of):
            return _is_read(of)
        case core.Default(of, otherwise):
            return _is_read(of) and isinstance(otherwise, core.MakeList | core.MakeSet) and not otherwise.items
        case _:
            return False


def _stays_within(expression: core.Expression, operator: str) -> bool:
    if operator in {"int.remainder", "decimal.divide"}:
        divisor = expression.operands[-1] if isinstance(expression, core.Operate) else None
        constant = (
            isinstance(divisor, core.Constant) and isinstance(divisor.value, int | Decimal) and divisor.value != 0
        )
        digits = _digits(expression) if operator == "decimal.divide" else None
        return constant and (operator == "int.remainder" or digits is not None)
    if operator.startswith("decimal."):
        return _digits(expression) is not None
    if operator.startswith("int."):
        return _interval(expression) is not None
    return False


def _digits(expression: core.Expression) -> tuple[int, int] | None:
    """At most how many digits stand before the point and after it; None where that may be more than the limit."""
    found = _digits_of(expression)
    if found is None or found[0] + found[1] > DIGITS:
        return None
    return found


def _digits_of(expression: core.Expression) -> tuple[int, int] | None:
    match expression:
        case core.Constant(Decimal() as value):
            exponent = value.as_tuple().exponent
            places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
            return (max(1, value.adjusted() + 1), places)
        case core.Widen():
            return (19, 0)
        case core.Default(of, otherwise):
            return _most(_digits(of), _digits(otherwise))
        case core.Operate("decimal.add" | "decimal.subtract", (left, right)):
            most = _most(_digits(left), _digits(right))
            return None if most is None else (most[0] + 1, most[1])
        case core.Operate("decimal.multiply", (left, right)):
            one, other = _digits(left), _digits(right)
            return None if one is None or other is None else (one[0] + other[0], one[1] + other[1])
        case core.Operate("decimal.negate", (operand,)):
            return _digits(operand)
        case core.Operate("decimal.divide", (left, core.Constant(Decimal() as value))):
            above = _digits(left)
            smallest = max(0, -value.adjusted())
            return None if above is None or not value else (above[0] + smallest + 1, 12)
        case core.Read() | core.Field() | core.Index() if expression.type is t.DECIMAL and _is_read(expression):
            return _READ
        case core.Builtin("round", (of, *_)):
            inner = _digits(of)
            return None if inner is None else (max(inner[0], _FURTHEST_ROUNDING) + 1, inner[1])
        case _:
            return None


def _most(left: tuple[int, int] | None, right: tuple[int, int] | None) -> tuple[int, int] | None:
    return None if left is None or right is None else (max(left[0], right[0]), max(left[1], right[1]))


def _interval(expression: core.Expression) -> tuple[int, int] | None:
    """Between which numbers an `int` lies; None where it can pass 64 bits on the way."""
    found = _interval_of(expression)
    return found if found is not None and found[0] >= INT_MIN and found[1] <= INT_MAX else None


def _interval_of(expression: core.Expression) -> tuple[int, int] | None:
    match expression:
        case core.Constant(int() as value):
            return (value, value)
        case core.Builtin("count"):
            return (0, _MOST_MEMBERS)
        case core.Operate("int.add", (left, right)):
            one, other = _interval(left), _interval(right)
            return None if one is None or other is None else (one[0] + other[0], one[1] + other[1])
        case core.Operate("int.subtract", (left, right)):
            one, other = _interval(left), _interval(right)
            return None if one is None or other is None else (one[0] - other[1], one[1] - other[0])
        case core.Operate("int.multiply", (left, right)):
            one, other = _interval(left), _interval(right)
            if one is None or other is None:
                return None
            products = [a * b for a in one for b in other]
            return (min(products), max(products))
        case core.Operate("int.negate", (operand,)):
            inner = _interval(operand)
            return None if inner is None else (-inner[1], -inner[0])
        case core.Operate("int.remainder", (_, core.Constant(int() as divisor))) if divisor:
            return (min(0, divisor), max(0, divisor))
        case core.Read() | core.Field() | core.Index() | core.Local() | core.Part():
            return (INT_MIN, INT_MAX)
        case _:
            return None


def tools_of(block: core.Block, known: Faults) -> frozenset[str] | None:
    """A superset of the tools for which a rule with this body can match or err; None where it can for any.

    Only conditions that every request reaches count: after a step that can err, or that chooses, a request of another
    tool may have ended the rule already in a way that must be seen.
    """
    tools: frozenset[str] | None = None
    for step in block:
        found, settled = _tools_of_step(step, known)
        if found is not None:
            tools = found if tools is None else tools & found
        if not settled:
            break
    return tools


def _tools_of_step(step: core.Step, known: Faults) -> tuple[frozenset[str] | None, bool]:
    match step:
        case core.Condition(expression):
            return _tools_of_condition(expression, known)
        case _:
            return None, not known.step(step)


def _tools_of_condition(expression: core.Expression, known: Faults) -> tuple[frozenset[str] | None, bool]:
    """The tools for which the condition can hold or err, None for all; and whether it can't err."""
    match expression:
        case core.ToolIs(core.Read(("tool",)), named):
            return named, True
        case core.And(items):
            tools: frozenset[str] | None = None
            for item in items:
                found, settled = _tools_of_condition(item, known)
                if found is not None:
                    tools = found if tools is None else tools & found
                if not settled:
                    return tools, False
            return tools, True
        case core.Or(items):
            parts = [_tools_of_condition(item, known) for item in items]
            settled = all(part[1] for part in parts)
            united: set[str] = set()
            for found, _ in parts:
                if found is None:
                    return None, settled
                united |= found
            return frozenset(united), settled
        case _:
            return None, not known.expression(expression)
