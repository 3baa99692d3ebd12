"""The table: which columns hold a request, and when a row is a request that SQL can read.

A record is spread out: `agent.team` is the column `agent__team`, an argument `amount` is `args__amount`. Where two tools
declare an argument of one name with different types, the columns are `args__amount__TOOL`. A column is NULL where the request
lacks that part. An optional record without a required part that would tell whether it is there has a BOOLEAN column of its own.
What is neither a scalar nor a list of scalars (maps, lists of records, `json`, origins, approvals) stands as its JSON text.

A row is *refused* where the evaluator would deny it as `unknown_tool` or `invalid_request`. It is *unsure* where SQL can't tell:
then the evaluator decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.decision_tree.tree import Policy
from tenetlang.frozen import frozen
from tenetlang.program import types as t
from tenetlang.targets.sql import nodes as sql
from tenetlang.targets.sql.dialects import Dialect, pattern_text, reads_alike
from tenetlang.targets.sql.nodes import Sql
from tenetlang.values.patterns import compile_regex
from tenetlang.values.times import TIME_MAX, TIME_MIN

Form: TypeAlias = Literal["bool", "int", "decimal", "text", "time", "duration", "json", "present"]

MEMBERS: Final = 100
"""A row with a longer list is the evaluator's, so that quantifiers end long before the limit of their work."""

ALL_MEMBERS: Final = 500
"""The same of all lists of a row together: with texts of at most 200 characters they stay below what a request may hold."""

CHARACTERS: Final = 20_000
"""A row whose texts are longer together is the evaluator's: far below the limits of a request."""

SQL_TYPES: Final[Mapping[Form, str]] = {
    "bool": "BOOLEAN",
    "int": "BIGINT",
    "decimal": "DECIMAL(30, 12)",
    "text": "VARCHAR",
    "time": "BIGINT",
    "duration": "BIGINT",
    "json": "VARCHAR",
    "present": "BOOLEAN",
}

_LABEL: Final = "[a-z0-9]+(-[a-z0-9]+)*"
_HOST: Final = rf"({_LABEL}\.)*[a-z][a-z0-9]*"
PLAIN: Final[Mapping[str, str]] = {
    "email": rf"[a-z0-9]+([._+-][a-z0-9]+)*@({_LABEL}\.)+[a-z][a-z0-9]*",
    "host": _HOST,
    "path": r"(/[A-Za-z0-9_][A-Za-z0-9._-]*)+",
}
"""Spellings of parsed types that are taken as they are: the value's own text is the one that came in. At most 60 characters."""

PLAIN_LENGTH: Final = 60


@frozen
class Column:
    """A column for the part of a request at `path`; `listed`: a list of such. `tools` declare it, None for a part that every
    request may have. `optional` says that a request may lack it where `parent`, the optional record around it, is there."""

    name: str
    path: tuple[str, ...]
    type: t.Type
    form: Form
    listed: bool
    tools: frozenset[str] | None
    optional: bool
    parent: tuple[str, ...] | None
    refinement: t.Refinement | None = None

    @property
    def sql_type(self) -> str:
        """The type of the column, as DuckDB and the standard write it."""
        return SQL_TYPES[self.form] + ("[]" if self.listed else "")


@frozen
class Table:
    """All columns, in order. `markers` say for each optional record which column tells that it is there."""

    columns: tuple[Column, ...]
    markers: Mapping[tuple[tuple[str, ...], str | None], str]
    uses_tools: bool


def form_of(type_: t.Type) -> tuple[Form, bool]:
    """How values of the type stand in a column, and whether as a list."""
    match type_:
        case t.OptionalType(of):
            return form_of(of)
        case t.UnionType():
            return "text", False
        case t.Scalar("bool" | "int" | "decimal" | "time" | "duration" as name):
            return name, False
        case t.Scalar("string" | "tool" | "email" | "host" | "path" | "url" | "ip" | "cidr" | "semver"):
            return "text", False
        case t.ListType(of) | t.SetType(of):
            form, listed = form_of(of)
            return ("json", False) if listed or form == "json" else (form, True)
        case _:
            return "json", False


def table_of(policy: Policy, dialect: Dialect) -> Table:
    """The columns for the requests of the policy. Raises `ValueError` where two parts of a request get one name."""
    columns: list[Column] = []
    markers: dict[tuple[tuple[str, ...], str | None], str] = {}
    if policy.uses_tools:
        columns.append(Column("tool", ("tool",), t.STRING, "text", False, None, optional=False, parent=None))
        columns += _arguments(policy, markers)
    for name, fact in sorted(policy.facts.items()):
        columns += _parts((name,), fact.type, None, not fact.required, None, None, markers, "")
    for counter in sorted(policy.counters, key=lambda counter: counter.name):
        form, _ = form_of(counter.type)
        path = ("counters", counter.name)
        columns.append(Column("__".join(path), path, counter.type, form, False, None, False, None, counter.refinement))
    if policy.uses_tools:
        columns.append(Column("origins", ("origins",), t.JSON, "json", False, None, True, None))
    columns.append(Column("approvals", ("approvals",), t.JSON, "json", False, None, True, None))
    if not dialect.lists:
        columns = [attrs.evolve(column, form="json", listed=False) if column.listed else column for column in columns]
    names = [column.name.lower() for column in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two parts of a request have the column `{twice[0]}`; rename one of them")
    return Table(tuple(columns), markers, policy.uses_tools)


def _arguments(policy: Policy, markers: dict[tuple[tuple[str, ...], str | None], str]) -> Iterator[Column]:
    declared: dict[str, dict[str, t.Field]] = {}
    for tool, declaration in sorted(policy.tools.items()):
        for field in declaration.parameters.fields:
            declared.setdefault(field.name, {})[tool] = field
    for name, tools in sorted(declared.items()):
        alike = len({(field.type, field.optional, field.refinement) for field in tools.values()}) == 1
        groups = [(frozenset(tools), "")] if alike else [(frozenset({tool}), _word(tool)) for tool in tools]
        for group, suffix in groups:
            field = tools[min(group)]
            yield from _parts(
                ("args", name), field.type, group, field.optional, None, field.refinement, markers, suffix
            )


def _word(tool: str) -> str:
    return "__" + re.sub(r"\W", "_", tool)


def _parts(
    path: tuple[str, ...],
    type_: t.Type,
    tools: frozenset[str] | None,
    optional: bool,
    parent: tuple[str, ...] | None,
    refinement: t.Refinement | None,
    markers: dict[tuple[tuple[str, ...], str | None], str],
    suffix: str,
) -> Iterator[Column]:
    if isinstance(type_, t.OptionalType):
        type_, optional = type_.of, True
    if not isinstance(type_, t.RecordType):
        form, listed = form_of(type_)
        yield Column("__".join(path) + suffix, path, type_, form, listed, tools, optional, parent, refinement)
        return
    if optional:
        marker = _certain(path, type_)
        name = "__".join(path if marker is None else marker) + suffix
        for tool in tools or {None}:
            markers[path, tool] = name
        if marker is None:
            yield Column(name, path, t.BOOL, "present", False, tools, True, parent)
        parent = path
    for field in type_.fields:
        yield from _parts(
            (*path, field.name), field.type, tools, field.optional, parent, field.refinement, markers, suffix
        )


def _certain(path: tuple[str, ...], type_: t.RecordType) -> tuple[str, ...] | None:
    """A part of the record that is there whenever the record is."""
    for field in type_.fields:
        if not field.optional and not isinstance(field.type, t.OptionalType):
            if not isinstance(field.type, t.RecordType):
                return (*path, field.name)
            inner = _certain((*path, field.name), field.type)
            if inner is not None:
                return inner
    return None


# ------------------------------------------------------------------------------------------------------ rows in SQL


def tool_is(tools: frozenset[str] | None) -> Sql:
    return sql.TRUE if tools is None else sql.among(sql.column("tool"), [sql.text(name) for name in sorted(tools)])


def refused(table: Table, policy: Policy, dialect: Dialect) -> tuple[Sql, Sql]:
    """When the tool is unknown, and when the request is invalid in another way."""
    if not table.uses_tools:
        return sql.FALSE, sql.some([bad for column in table.columns for bad in _invalid(table, column, dialect)])
    tool = sql.column("tool")
    known = tool_is(frozenset(policy.tools))
    invalid = [sql.absent(tool)]
    for column in table.columns[1:]:
        invalid += _invalid(table, column, dialect)
    return sql.negated(known), sql.some(invalid)


def _invalid(table: Table, column: Column, dialect: Dialect) -> Iterator[Sql]:
    value = sql.column(column.name)
    here = tool_is(column.tools)
    if column.tools is not None:
        yield sql.every([sql.present(value), sql.negated(here)])
    around = [] if column.parent is None else [marker_of(table, column.parent, column.tools)]
    if not column.optional:
        yield sql.every([here, *around, sql.absent(value)])
    for marker in around:
        if marker != value:
            yield sql.every([here, sql.present(value), sql.negated(sql.holds(marker))])
    yield from (sql.every([here, sql.holds(bad)]) for bad in _unfit(column, value, dialect))


def marker_of(table: Table, path: tuple[str, ...], tools: frozenset[str] | None) -> Sql:
    """Whether the optional record at the path is there."""
    name = table.markers[path, None if tools is None else min(tools)]
    column = next(column for column in table.columns if column.name == name)
    value = sql.column(name)
    return sql.holds(value) if column.form == "present" else sql.present(value)


def _unfit(column: Column, value: Sql, dialect: Dialect) -> Iterator[Sql]:
    """What no value of the type is."""
    if column.listed:
        bad = [sql.holds(item) for item in _unfit_scalar(_element(column.type), sql.variable("member"))]
        if bad:
            yield sql.compared(">", sql.filtered(value, "member", sql.some(bad)), sql.number(0))
    else:
        yield from _unfit_scalar(column.type, value)
    if column.refinement is not None:
        yield from _unrefined(column, column.refinement, value, dialect)


def _element(type_: t.Type) -> t.Type:
    return type_.of if isinstance(type_, t.ListType | t.SetType) else type_


def _unfit_scalar(type_: t.Type, value: Sql) -> Iterator[Sql]:
    match type_:
        case t.UnionType(literals):
            yield sql.negated(sql.among(value, [sql.text(literal) for literal in literals]))
        case t.Scalar("decimal"):
            yield sql.compared(">=", value, sql.number(10**18))
            yield sql.compared("<=", value, sql.number(-(10**18)))
        case t.Scalar("time"):
            yield sql.compared("<", value, sql.number(TIME_MIN))
            yield sql.compared(">", value, sql.number(TIME_MAX))
        case _:
            pass


def _unrefined(column: Column, refinement: t.Refinement, value: Sql, dialect: Dialect) -> Iterator[Sql]:
    if column.form in {"int", "decimal"} and not column.listed:
        for operator, bound in (("<", refinement.minimum), (">", refinement.maximum)):
            if bound is not None:
                yield sql.compared(operator, value, sql.cast(sql.text(f"{bound:f}"), 26, 12))
    if refinement.pattern is not None:
        syntax = compile_regex(refinement.pattern).syntax
        if reads_alike(dialect, syntax):
            yield sql.negated(sql.matches(value, pattern_text(dialect, syntax)))
    if refinement.length is not None:
        yield from _outside(sql.characters(value), refinement.length)
    if refinement.items is not None and isinstance(column.type, t.ListType) and column.listed:
        yield from _outside(sql.length(value), refinement.items)


def _outside(size: Sql, bounds: tuple[int, int]) -> Iterator[Sql]:
    yield sql.compared("<", size, sql.number(bounds[0]))
    yield sql.compared(">", size, sql.number(bounds[1]))


def unsure(table: Table, dialect: Dialect) -> Sql:
    """When SQL can't tell whether the row is a request, or what its values are."""
    found: list[Sql] = []
    sizes: list[Sql] = []
    lengths: list[Sql] = []
    for column in table.columns:
        value = sql.column(column.name)
        if column.form == "json":
            found.append(sql.every([sql.present(value), sql.negated(sql.among(value, _trivial(column)))]))
        elif column.listed:
            found.append(sql.compared(">", sql.length(value), sql.number(MEMBERS)))
            lengths.append(sql.or_else(sql.length(value), sql.number(0)))
            found += [sql.compared(">", sql.filtered(value, "member", bad), sql.number(0)) for bad in _doubtful(column)]
            if isinstance(column.type, t.SetType) and column.refinement is not None:
                found.append(sql.present(value))  # its members are counted once each
        elif column.form == "text":
            sizes.append(sql.or_else(sql.characters(value), sql.number(0)))
            found += _unread(column.type, value)
            pattern = None if column.refinement is None else column.refinement.pattern
            if pattern is not None and not reads_alike(dialect, compile_regex(pattern).syntax):
                found.append(sql.present(value))
    found.append(sql.compared(">", sql.total(sizes), sql.number(CHARACTERS)))
    found.append(sql.compared(">", sql.total(lengths), sql.number(ALL_MEMBERS)))
    return sql.some([sql.holds(item) for item in found])


def _trivial(column: Column) -> list[Sql]:
    """The JSON texts in which nothing can be wrong."""
    match column.path, column.type:
        case ("approvals",), _:
            return [sql.text("[]")]
        case ("origins",), _:
            return [sql.text("{}")]
        case _, t.ListType() | t.SetType() if column.refinement is None:
            return [sql.text("[]")]
        case _, t.MapType() if column.refinement is None:
            return [sql.text("{}")]
        case _:
            return []


def _doubtful(column: Column) -> list[Sql]:
    member = sql.variable("member")
    doubts = [sql.absent(member), *_unread(_element(column.type), member)]
    if column.form == "text":
        doubts.append(sql.compared(">", sql.characters(member), sql.number(CHARACTERS // MEMBERS)))
    return [sql.some([sql.holds(doubt) for doubt in doubts])]


def _unread(type_: t.Type, value: Sql) -> list[Sql]:
    match type_:
        case t.Scalar(name) if name in PLAIN:
            # In this order: a database that repeats by recursion is not given a long text.
            short = sql.compared("<=", sql.characters(value), sql.number(PLAIN_LENGTH))
            plain = sql.chosen([(short, sql.matches(value, PLAIN[name]))], sql.FALSE)
            return [sql.every([sql.present(value), sql.negated(sql.holds(plain))])]
        case t.Scalar("url" | "ip" | "cidr" | "semver"):
            return [sql.present(value)]
        case _:
            return []
