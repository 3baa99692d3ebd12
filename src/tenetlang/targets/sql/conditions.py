"""Conditions of the core language as SQL, where SQL says the same.

`Lowering.value` gives the SQL of an expression, or raises `NotLowered` with the reason. What is given is NULL only where the
language never looks (an absent part, read behind its guard) or where it would err; of the latter there is a condition in
`errs`, which marks the row. Errors are noted wherever they are, reached or not: a row that is marked without need is decided by
the evaluator, which is slower and never wrong.

A list of a request has at most `columns.MEMBERS` members in a row that SQL decides, so what quantifiers go through is bounded when
the SQL is built, and `too_much_work` never comes up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Final, TypeAlias

import attrs

from tenetlang.decision_tree.tree import Policy
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.targets.sql import nodes as sql
from tenetlang.targets.sql.columns import CHARACTERS, MEMBERS, Column, Table, form_of, marker_of
from tenetlang.targets.sql.dialects import Dialect, pattern_text, reads_alike
from tenetlang.targets.sql.nodes import Sql
from tenetlang.values.numbers import INT_MAX, INT_MIN
from tenetlang.values.order import sorted_values
from tenetlang.values.patterns import SEPARATORS, Pattern
from tenetlang.values.times import TIME_MAX, TIME_MIN

DIGITS: Final = 38
"""Digits of the largest decimal that all databases have."""

WORK: Final = 200_000
LONGEST: Final = 3000
"""Nodes of a part that may stand in the SQL more than once."""

LARGEST_SET: Final = 1000
"""Members of a constant collection that are written out."""

_COLUMN: Final = (18, 12)
_PLAIN_TYPES: Final = frozenset({"string", "email", "host", "path", "tool"})

Fold: TypeAlias = Callable[[core.Expression], object | None]
"""The value of an expression that depends on documents and constants alone; None where it has none or is not known."""


class NotLowered(Exception):
    """Why something has no exact counterpart in SQL."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@attrs.define
class Lowering:
    """Lowers the expressions of one policy. `scope` has the variables in reach; `depth` says how many quantifiers are around, and
    `work` bounds what they go through in the rule at hand. `tools` are those for which the rule at hand may hold."""

    policy: Policy
    table: Table
    dialect: Dialect
    fold: Fold
    tools: frozenset[str] | None = None
    errs: list[Sql] = attrs.field(factory=list)
    scope: dict[str, Sql] = attrs.field(factory=dict)
    sizes: dict[str, tuple[int, int]] = attrs.field(factory=dict)
    depth: int = 0
    work: int = 0
    variables: int = 0

    # ---------------------------------------------------------------------------------------------------- values

    def value(self, expression: core.Expression) -> Sql:
        """The SQL of a scalar. Raises `NotLowered`."""
        match expression:
            case core.Constant(value):
                return constant(value)
            case core.Local(name):
                if name not in self.scope:
                    raise NotLowered(f"the variable `{name}` stands for what SQL has no counterpart of")
                return self.scope[name]
            case core.Read(path):
                return self._read(expression, path)
            case core.Present(of):
                return self._present(of)
            case core.Default(of, otherwise):
                return sql.or_else(self.value(of), self.value(otherwise))
            case core.Not(of):
                return sql.negated(self.value(of))
            case core.And(items):
                return sql.every([self.value(item) for item in items])
            case core.Or(items):
                return sql.some([self.value(item) for item in items])
            case core.Compare(operator, left, right):
                return self._compare(operator, left, right)
            case core.Contains(item, collection):
                return self._contains(item, collection)
            case core.ToolIs(core.Read(("tool",)), tools):
                return sql.among(sql.column("tool"), [sql.text(name) for name in sorted(tools)])
            case core.Matches(of, pattern):
                return self._matches(of, pattern)
            case core.Match(arms, otherwise):
                lowered = [(self.value(when), self.value(then)) for when, then in arms]
                return sql.chosen(lowered, None if otherwise is None else self.value(otherwise))
            case core.Exists(body):
                return self.block(body)
            case core.Every(bound, body):
                return self._every(bound, body)
            case _:
                return self._applied(expression)

    def _applied(self, expression: core.Expression) -> Sql:
        folded = self.fold(expression)
        if folded is not None:
            return constant(folded)
        match expression:
            case core.Widen(of):
                return sql.cast(self.value(of), 19, 0)
            case core.Part(core.Read() | core.Local() as of, "domain") if of.type == t.EMAIL:
                return sql.after(self.value(of), "@")
            case core.Derived(name):
                return self._defined(self.policy.definitions[name].value)
            case core.CallFunction(name, arguments):
                return self._called(name, arguments)
            case core.Operate(operator, operands):
                return self._operate(expression, operator, operands)
            case core.Builtin("count", (of,)) if isinstance(of.type, t.ListType):
                return self._number(of)
            case core.Builtin("count", (core.Read() as of,)) if isinstance(of.type, t.SetType):
                ((listed, _),) = self.sources(of)
                return sql.length(sql.distinct(listed))
            case core.Builtin("std.text.starts_with", (of, core.Constant(str() as prefix))):
                return sql.starts_with(self.value(of), prefix)
            case core.Builtin(name):
                raise NotLowered(f"the function `{name}` has no counterpart")
            case _:
                raise NotLowered(_WORDS.get(type(expression).__name__, "an expression of this kind has no counterpart"))

    def _defined(self, value: core.Expression) -> Sql:
        outer = (self.scope, self.sizes)
        self.scope, self.sizes = {}, {}
        try:
            return _short(self.value(value))
        finally:
            self.scope, self.sizes = outer

    def _called(self, name: str, arguments: tuple[core.Expression, ...]) -> Sql:
        function = self.policy.functions[name]
        inner: dict[str, Sql] = {}
        sizes: dict[str, tuple[int, int]] = {}
        for parameter, argument in zip(function.parameters, arguments, strict=True):
            if parameter.type == t.DECIMAL:
                sizes[parameter.name] = self.digits(argument)
            inner[parameter.name] = self.value(argument)
        outer = (self.scope, self.sizes)
        self.scope, self.sizes = inner, sizes
        try:
            return _short(self.value(function.body))
        finally:
            self.scope, self.sizes = outer

    def _bind(self, name: str, value: core.Expression) -> None:
        if value.type == t.DECIMAL:
            self.sizes[name] = self.digits(value)
        self.scope[name] = _short(self.value(value))

    # ----------------------------------------------------------------------------------------------------- reads

    def column(self, path: tuple[str, ...]) -> Column:
        """The column of the path, for the tools of the rule at hand."""
        found = [column for column in self.table.columns if column.path == path and column.form != "present"]
        if len(found) > 1:
            wanted = [
                column for column in found if self.tools is not None and self.tools <= (column.tools or frozenset())
            ]
            found = wanted
        if len(found) != 1:
            raise NotLowered(f"`{'.'.join(path)}` has no column of its own")
        return found[0]

    def _read(self, expression: core.Expression, path: tuple[str, ...]) -> Sql:
        if path[0] == "data":
            folded = self.fold(expression)
            if folded is None:
                raise NotLowered(f"`data.{path[2]}` has no value that is known here")
            return constant(folded)
        column = self.column(path)
        if column.form == "json" or column.listed:
            raise NotLowered(f"`{'.'.join(path)}` as a whole is no scalar")
        return sql.column(column.name)

    def _present(self, of: core.Expression) -> Sql:
        if not isinstance(of, core.Read) or of.path[0] == "data":
            raise NotLowered("whether something is there that is no part of the request")
        found = {
            name: tool
            for (path, tool), name in self.table.markers.items()
            if path == of.path and (tool is None or self.tools is None or tool in self.tools)
        }
        if len(found) > 1:
            raise NotLowered(f"`{'.'.join(of.path)}` has no column of its own")
        for tool in found.values():
            return marker_of(self.table, of.path, None if tool is None else frozenset({tool}))
        return sql.present(sql.column(self.column(of.path).name))

    def sources(self, of: core.Expression, *, empty: bool = False) -> list[tuple[Sql, bool]]:
        """The lists whose members are those of the expression, each with whether it is empty where it is absent."""
        match of:
            case core.Read(path) if path[0] != "data":
                column = self.column(path)
                if not column.listed:
                    raise NotLowered(f"`{'.'.join(path)}` is no list of scalars")
                return [(sql.column(column.name), empty)]
            case core.Default(inner, otherwise) if _is_nothing(otherwise):
                return self.sources(inner, empty=True)
            case core.Operate("list.concatenate" | "set.union", (left, right)):
                return [*self.sources(left, empty=empty), *self.sources(right, empty=empty)]
            case core.Derived(name):
                return self.sources(self.policy.definitions[name].value, empty=empty)
            case _:
                raise NotLowered("a list that is made by the policy, not brought by the request")

    def _number(self, of: core.Expression, name: str | None = None, condition: Sql | None = None) -> Sql:
        """How many members the expression has, or how many of them satisfy the condition on a variable."""
        counts: list[Sql] = []
        for listed, empty in self.sources(of):
            plain = name is None or condition is None
            count = sql.length(listed) if plain else sql.filtered(listed, str(name), condition or sql.TRUE)
            counts.append(sql.chosen([(sql.absent(listed), sql.number(0))], count) if empty else count)
        return sql.total(counts)

    # ----------------------------------------------------------------------------------------------- comparisons

    def _compare(self, operator: core.ComparisonOperator, left: core.Expression, right: core.Expression) -> Sql:
        if not _is_scalar(left.type) or not _is_scalar(right.type):
            raise NotLowered("collections and records are not compared as wholes")
        if operator not in {"==", "!="} and not _is_ordered(left.type):
            raise NotLowered(f"values of type {t.shown(left.type)} have another order in SQL")
        if left.type == t.DECIMAL:
            whole, places = _most(self.digits(left), self.digits(right))
            one, other = (sql.cast(self.value(item), whole, places) for item in (left, right))
            return sql.compared(operator, one, other)
        return sql.compared(operator, self.value(left), self.value(right))

    def _contains(self, item: core.Expression, collection: core.Expression) -> Sql:
        if not _is_scalar(item.type):
            raise NotLowered("a member that is no scalar")
        wanted = self.value(item)
        if item.type == t.DECIMAL:
            if self.digits(item) != _COLUMN or isinstance(collection, core.MakeSet | core.MakeList):
                raise NotLowered("whether a computed decimal is in a collection")
            wanted = sql.cast(wanted, *_COLUMN)
        if isinstance(collection, core.MakeSet | core.MakeList):
            return sql.some([sql.compared("==", wanted, self.value(member)) for member in collection.items])
        members = collection.value if isinstance(collection, core.Constant) else self.fold(collection)
        if isinstance(members, frozenset | tuple):
            if len(members) > LARGEST_SET:
                raise NotLowered(f"a collection of {len(members):,} constants is too long to be written out")
            if item.type == t.DECIMAL:
                _most(_COLUMN, _digits_of_all(members))
            return sql.among(wanted, [constant(member) for member in sorted_values(members)])
        name = self._variable()
        same = sql.compared("==", sql.variable(name), wanted)
        self._spend(len(self.sources(collection)))
        return sql.compared(">", self._number(collection, name, same), sql.number(0))

    def _matches(self, of: core.Expression, pattern: core.Expression) -> Sql:
        found = pattern.value if isinstance(pattern, core.Constant) else self.fold(pattern)
        if not isinstance(found, Pattern):
            raise NotLowered("a pattern that is not known when the SQL is built")
        if not isinstance(of.type, t.Scalar | t.UnionType) or (
            isinstance(of.type, t.Scalar) and of.type.name not in _PLAIN_TYPES
        ):
            raise NotLowered(f"a pattern on a value of type {t.shown(of.type)}")
        if not isinstance(pattern, core.Constant):
            found = found.within(SEPARATORS[of.type.name] if isinstance(of.type, t.Scalar) else None)
        if not reads_alike(self.dialect, found.syntax):
            raise NotLowered(f"the pattern {found.source!r} may take its engine too long")
        written = pattern_text(self.dialect, found.syntax)
        if len(written) > CHARACTERS:
            raise NotLowered("the pattern is too long")
        self._spend(CHARACTERS // 256)
        return sql.matches(self.value(of), written)

    # ----------------------------------------------------------------------------------------------- quantifiers

    def block(self, block: core.Block) -> Sql:
        """Whether there is a choice under which all conditions of the block hold."""
        found: list[Sql] = []
        for position, step in enumerate(block):
            match step:
                case core.Condition(expression):
                    found.append(self.value(expression))
                case core.Assign(local, value):
                    self._bind(local.name, value)
                case core.Choose(bound):
                    rest = block[position + 1 :]
                    count = self.counted(bound, lambda rest=rest: sql.holds(self.block(rest)))  # type: ignore[misc]  # bound now
                    found.append(sql.compared(">", count, sql.number(0)))
                    break
        return sql.every(found)

    def _every(self, bound: core.Bound, body: core.Block) -> Sql:
        count = self.counted(bound, lambda: sql.negated(sql.holds(self.block(body))))
        return sql.compared("==", count, sql.number(0))

    def counted(self, bound: core.Bound, condition: Callable[[], Sql]) -> Sql:
        """How many members of the source satisfy the condition; it is lowered where its variable is in scope."""
        if bound.key is not None:
            raise NotLowered("a position in a list, or a key, is not bound in SQL")
        lists = len(self.sources(bound.source))
        name = self._variable()
        outer, before = dict(self.scope), len(self.errs)
        self.scope[bound.value.name] = sql.variable(name)
        self.sizes[bound.value.name] = _COLUMN
        self.depth += 1
        try:
            if self.depth > 2:
                raise NotLowered("quantifiers inside one another go through too much")
            self._spend(lists)
            inner = condition()
        finally:
            self.depth -= 1
            self.scope = outer
        if len(self.errs) > before:
            del self.errs[before:]
            raise NotLowered("a quantifier whose condition can err")
        return self._number(bound.source, name, inner)

    def _variable(self) -> str:
        self.variables += 1
        return f"member{self.variables}"

    def _spend(self, members: int) -> None:
        self.work += members * MEMBERS**self.depth
        if self.work > WORK:
            raise NotLowered("quantifiers that may go through too much")

    # ------------------------------------------------------------------------------------------------ arithmetic

    def _operate(self, expression: core.Operate, operator: str, operands: tuple[core.Expression, ...]) -> Sql:
        match operator:
            case "int.add" | "int.subtract" | "int.multiply":
                return self._whole(operator.removeprefix("int."), operands, INT_MIN, INT_MAX)
            case "int.negate" | "duration.negate":
                zero = core.Constant(0, t.INT, expression.at)
                return self._whole("subtract", (zero, *operands), INT_MIN, INT_MAX)
            case "time.add" | "time.subtract":
                return self._whole(operator.removeprefix("time."), operands, TIME_MIN, TIME_MAX)
            case "time.since":
                return self._whole("subtract", operands, INT_MIN, INT_MAX)
            case "duration.add" | "duration.subtract" | "duration.multiply":
                return self._whole(operator.removeprefix("duration."), operands, INT_MIN, INT_MAX)
            case "decimal.add" | "decimal.subtract" | "decimal.multiply":
                whole, places = self.digits(expression)
                left, right = operands
                if operator == "decimal.multiply":
                    one, other = (sql.cast(self.value(item), *self.digits(item)) for item in operands)
                else:
                    one, other = (sql.cast(self.value(item), whole, places) for item in (left, right))
                made = sql.arithmetic(operator.removeprefix("decimal."), one, other)
                return sql.cast(made, whole, places)
            case "decimal.negate":
                whole, places = self.digits(operands[0])
                return sql.arithmetic("subtract", sql.cast(sql.number(0), whole, places), self.value(operands[0]))
            case _:
                raise NotLowered(f"`{operator.replace('.', ' ')}` is not the same in SQL")

    def _whole(self, operation: str, operands: tuple[core.Expression, ...], least: int, most: int) -> Sql:
        """Arithmetic on 64 bits, in decimals of more digits: outside of the bounds it is an error, and NULL."""
        if operation == "multiply" and not self.dialect.products:
            raise NotLowered("a product of whole numbers may be an error of the query")
        one, other = (sql.cast(self.value(operand), 19, 0) for operand in operands)
        wide = _short(sql.arithmetic(operation, one, other))
        within = sql.every([
            sql.compared(">=", wide, sql.number(least)), sql.compared("<=", wide, sql.number(most))
        ])  # fmt: skip
        self.errs.append(sql.negated(within))
        return sql.chosen([(within, sql.as_int(wide))], sql.NULL)

    def digits(self, expression: core.Expression) -> tuple[int, int]:
        """At most how many digits a decimal has before and after the point. Raises `NotLowered` where SQL has fewer."""
        found = self._digits(expression)
        if sum(found) > DIGITS:
            raise NotLowered(f"a decimal may have more than {DIGITS} digits here")
        return found

    def _digits(self, expression: core.Expression) -> tuple[int, int]:
        match expression:
            case core.Constant(Decimal() as value):
                return _digits_of(value)
            case core.Widen():
                return (19, 0)
            case core.Local(name) if name in self.sizes:
                return self.sizes[name]
            case core.Read(path) if path[0] != "data":
                return _COLUMN
            case core.Default(of, otherwise):
                return _most(self.digits(of), self.digits(otherwise))
            case core.Match(arms, otherwise):
                parts = [self.digits(then) for _, then in arms]
                parts += [] if otherwise is None else [self.digits(otherwise)]
                return (max(part[0] for part in parts), max(part[1] for part in parts))
            case core.Operate("decimal.add" | "decimal.subtract", (left, right)):
                whole, places = _most(self.digits(left), self.digits(right))
                return (whole + 1, places)
            case core.Operate("decimal.multiply", (left, right)):
                one, other = self.digits(left), self.digits(right)
                return (one[0] + other[0], one[1] + other[1])
            case core.Operate("decimal.negate", (of,)):
                return self.digits(of)
            case core.Derived(name):
                return self.digits(self.policy.definitions[name].value)
            case _:
                folded = self.fold(expression)
                if isinstance(folded, Decimal):
                    return _digits_of(folded)
                raise NotLowered("a decimal of which it is not known how many digits it has")


_WORDS: Final[Mapping[str, str]] = {
    "Index": "an element by its key or position",
    "Field": "a field of a record that is no column",
    "Part": "a part of a parsed value",
    "Build": "a collection that is made by a comprehension",
    "IsType": "whether a JSON value is of a type",
    "Narrow": "a JSON value",
    "ToolIs": "the tool of an earlier call",
    "MakeList": "a list that is made by the policy",
    "MakeSet": "a set that is made by the policy",
    "MakeMap": "a map that is made by the policy",
    "MakeRecord": "a record that is made by the policy",
}


def _short(made: Sql) -> Sql:
    """What may be written several times. Raises `NotLowered` where it is long already."""
    if sum(1 for _ in islice(made.walk(), LONGEST + 1)) > LONGEST:
        raise NotLowered("the condition is too long in SQL")
    return made


def constant(value: object) -> Sql:
    """A value of the language as SQL. Raises `NotLowered` for one without a counterpart."""
    match value:
        case bool():
            return sql.TRUE if value else sql.FALSE
        case Decimal():
            return sql.decimal(value, *_digits_of(value))
        case int():
            return sql.number(int(value))
        case str() if "\0" not in value and len(value) <= CHARACTERS:
            return sql.text(str(value))
        case _:
            raise NotLowered(f"a constant that is no scalar of SQL ({type(value).__name__.lower()})")


def _digits_of(value: Decimal) -> tuple[int, int]:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    found = (max(1, value.adjusted() + 1), max(0, -exponent))
    if sum(found) > DIGITS:
        raise NotLowered(f"a decimal has more than {DIGITS} digits")
    return found


def _digits_of_all(values: Iterable[object]) -> tuple[int, int]:
    found = [_digits_of(value) for value in values if isinstance(value, Decimal)]
    return (max((one[0] for one in found), default=1), max((one[1] for one in found), default=0))


def _most(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    most = (max(left[0], right[0]), max(left[1], right[1]))
    if sum(most) > DIGITS:
        raise NotLowered(f"two decimals that together need more than {DIGITS} digits")
    return most


def _is_scalar(type_: t.Type) -> bool:
    form, listed = form_of(type_)
    return form != "json" and not listed


def _is_ordered(type_: t.Type) -> bool:
    return type_ in (t.INT, t.DECIMAL, t.STRING, t.TIME, t.DURATION)


def _is_nothing(expression: core.Expression) -> bool:
    match expression:
        case core.MakeList(()) | core.MakeSet(()):
            return True
        case core.Constant(value):
            return value in ((), frozenset())
        case _:
            return False
