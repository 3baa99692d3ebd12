"""Tests and claims: situations with what is expected of them, and what is said of all requests."""

from __future__ import annotations

from functools import partial

from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import infer
from tenetlang.program import types as t
from tenetlang.program.annotations import read_annotations
from tenetlang.program.blocks import block
from tenetlang.program.expectations import expectation
from tenetlang.program.flow import Flow
from tenetlang.program.literals import is_literal
from tenetlang.program.names import Declared, FileScope, PackageScope
from tenetlang.program.notes import listed
from tenetlang.program.paths import ORIGIN
from tenetlang.program.program import Claim, Expectation, Package, Replacement, TestCase
from tenetlang.program.recall import Recall
from tenetlang.program.relations import join
from tenetlang.program.replacements import replaced, replacement
from tenetlang.program.types import Type
from tenetlang.program.unit import Scope, Unit, fit, source_text, unknown
from tenetlang.program.vocabulary import shared_parameters
from tenetlang.program.world import World
from tenetlang.syntax import tree


@frozen
class Proofs:
    """The tests and claims of one package."""

    tests: tuple[TestCase, ...]
    claims: tuple[Claim, ...]


def lower_tests(
    world: World, package: PackageScope, rules: Package, tests: Recall[TestCase], claims: Recall[Claim]
) -> Proofs:
    """All tests and claims of the package, in the written order."""
    cases: list[TestCase] = []
    said: list[Claim] = []
    names: dict[str, tree.TestDeclaration | tree.ClaimDeclaration] = {}
    for item in package.others:
        declaration = item.declaration
        if not isinstance(declaration, tree.TestDeclaration | tree.ClaimDeclaration):
            continue
        if declaration.name in names:
            also = (("declared", names[declaration.name].name_at),)
            world.notes.add("duplicate-name", declaration.name_at, also=also, name=declaration.name)
        names.setdefault(declaration.name, declaration)
        read_annotations(world.notes, declaration.annotations, "declaration")
        if isinstance(declaration, tree.TestDeclaration):
            cases.append(tests.lower(item.file, declaration, partial(_test, world, item, declaration, rules)))
        else:
            said.append(claims.lower(item.file, declaration, partial(_claim, world, item, declaration)))
    return Proofs(tuple(cases), tuple(said))


def _claim(world: World, item: Declared, declaration: tree.ClaimDeclaration) -> Claim:
    unit = Unit(world, item.file, "claim", declaration.name)
    facts = _replacements(unit, declaration.facts, Scope())
    if not declaration.body:
        world.notes.add("vacuous-claim", declaration.name_at, "empty", name=f'"{declaration.name}"')
    when, scope = block(unit, declaration.condition or (), Scope())
    body, _ = block(unit, declaration.body, scope)
    return Claim(declaration.kind, declaration.name, item.file.package.name, when, body, facts, declaration.name_at)


def _replacements(unit: Unit, written: tuple[tree.With, ...], scope: Scope) -> tuple[Replacement, ...]:
    found = [replacement(unit, item, scope) for item in written]
    return tuple(item for item in found if item is not None)


def file_replacements(world: World, file: FileScope) -> tuple[Replacement, ...]:
    """What the `with` lines at top level say for all tests of their file."""
    unit = Unit(world, file, "test")
    return _replacements(unit, file.facts, Scope())


def _test(world: World, item: Declared, declaration: tree.TestDeclaration, rules: Package) -> TestCase:
    unit = Unit(world, item.file, "test", declaration.name)
    calls = [statement for statement in declaration.body if isinstance(statement, tree.CallStatement)]
    for extra in calls[1:]:
        world.notes.add("bad-test", extra.at, "twice", also=(("first", calls[0].at),), name="call")
    call = calls[0] if calls else None
    scope, variables, rows = _table(unit, declaration, call)
    scope = scope.knowing(_flow(unit, call))
    assignments: list[tuple[core.Local, core.Expression]] = []
    replacements: list[Replacement] = list(file_replacements(world, item.file))
    written: list[tree.Expect] = []
    for statement in declaration.body:
        match statement:
            case tree.LetStatement(name, value):
                lowered = infer.lower(unit, value, scope)
                scope, local = unit.bind(scope, name, lowered.type, statement.at)
                assignments.append((local, lowered))
            case tree.With():
                found = replacement(unit, statement, scope)
                if found is not None:
                    replacements.append(found)
            case tree.Expect():
                written.append(statement)
            case tree.CallStatement():
                pass
    arguments = () if call is None else _arguments(unit, call, scope)
    expectations = tuple(expectation(unit, statement, scope, rules) for statement in written)
    case = TestCase(
        name=declaration.name,
        package=item.file.package.name,
        variables=variables,
        rows=rows,
        assignments=tuple(assignments),
        tool=call.tool.name if call is not None and call.tool.name in unit.view.tools else None,
        arguments=arguments,
        replacements=tuple(replacements),
        expectations=expectations,
        at=declaration.name_at,
    )
    _check(unit, declaration, case, call)
    return case


def _flow(unit: Unit, call: tree.CallStatement | None) -> Flow:
    if call is None:
        return Flow()
    if call.tool.name in unit.view.tools:
        return Flow(tools=frozenset({call.tool.name}))
    near = unit.notes.nearest(call.tool.name, unit.view.tools)
    unit.notes.add("unknown-tool", call.tool.at, name=call.tool.name, nearest=near)
    return Flow(unknown_tool=True)


def _check(unit: Unit, declaration: tree.TestDeclaration, case: TestCase, call: tree.CallStatement | None) -> None:
    if not case.expectations:
        unit.notes.add("bad-test", declaration.name_at, "expect")
    deciding: tuple[Expectation, ...] = tuple(item for item in case.expectations if item.verdict is not None)
    if call is None and unit.view.uses_tools and deciding:
        unit.notes.add("bad-test", declaration.name_at, "call")
    seen: dict[tuple[str, ...], Replacement] = {}
    own = [item for item in case.replacements if declaration.at.start <= item.at.start < declaration.at.end]
    for item in own:
        first = seen.setdefault(item.target, item)
        if first is not item and item.at.text is declaration.at.text:
            name = source_text(item.at).removeprefix("with ").partition("=")[0].strip()
            unit.notes.add("bad-test", item.at, "twice", also=(("first", first.at),), name=name)


# ---------------------------------------------------------------------------------------------------------- tables


def _table(
    unit: Unit, declaration: tree.TestDeclaration, call: tree.CallStatement | None
) -> tuple[Scope, tuple[core.Local, ...], tuple[tuple[core.Expression, ...], ...]]:
    """The variables of a table, each of the one type of its column, and the rows."""
    table = declaration.table
    scope = Scope()
    if table is None:
        return scope, (), ((),)
    width = len(table.variables)
    rows: list[tuple[tree.Expression, ...]] = []
    for row in table.rows:
        cells = row.items if isinstance(row, tree.Tuple) else (row,)
        if len(cells) == width:
            rows.append(cells)
        else:
            unit.notes.add("bad-test", row.at, "row", found=str(len(cells)), expected=str(width))
    wanted = _wanted_types(unit, declaration, call)
    columns: list[tuple[core.Expression, ...]] = []
    variables: list[core.Local] = []
    for position, name in enumerate(table.variables):
        cells = tuple(row[position] for row in rows)
        column, type_ = _column(unit, cells, wanted.get(name))
        if name in scope.variables:
            unit.notes.add("duplicate-name", table.at, name=name)
            continue
        scope, local = unit.bind(scope, name, type_, table.at)
        variables.append(local)
        columns.append(column)
    lowered = tuple(zip(*columns, strict=True)) if columns and rows else ()
    return scope, tuple(variables), lowered


def _column(
    unit: Unit, cells: tuple[tree.Expression, ...], wanted: Type | None
) -> tuple[tuple[core.Expression, ...], Type]:
    hint = wanted if all(is_literal(cell) or _is_form(cell) for cell in cells) else None
    if hint is ORIGIN and all(is_literal(cell) for cell in cells):
        hint = None  # origins as a request spells them
    lowered = [infer.lower(unit, cell, Scope(), hint) for cell in cells]
    if hint is None and all(isinstance(cell, tree.String) for cell in cells):
        # A column of words may stand where a union of them is wanted.
        texts = sorted({cell.value for cell in cells if isinstance(cell, tree.String)})
        return tuple(lowered), t.UnionType(tuple(texts)) if texts else t.Never()
    type_: Type = t.Never()
    for cell in lowered:
        joined = join(type_, cell.type)
        if joined is None:
            unit.notes.add(
                "type-mismatch", cell.at, "branches", also=(("first", lowered[0].at),),
                expected=t.shown(type_), found=t.shown(cell.type),
            )  # fmt: skip
            return tuple(unknown(cell.at) for cell in lowered), t.Unknown()
        type_ = joined
    return tuple(fit(unit, cell, type_) for cell in lowered), type_


def _is_form(cell: tree.Expression) -> bool:
    return isinstance(cell, tree.RecordForm | tree.MapForm | tree.DurationLiteral | tree.TimeLiteral | tree.Boolean)


def _wanted_types(unit: Unit, declaration: tree.TestDeclaration, call: tree.CallStatement | None) -> dict[str, Type]:
    """For the variables that stand as a whole for an argument or a fact, its type: the rows' literals adopt it."""
    wanted: dict[str, Type] = {}
    if call is not None and call.tool.name in unit.view.tools:
        record = unit.view.tools[call.tool.name].parameters
        for argument in call.arguments:
            field = record.field(argument.name)
            if isinstance(argument.value, tree.Name) and field is not None:
                wanted.setdefault(argument.value.name, field.type)
    for statement in declaration.body:
        if isinstance(statement, tree.With) and isinstance(statement.value, tree.Name):
            type_ = replaced(unit, statement.target, _flow(unit, call))
            if type_ is not None:
                wanted.setdefault(statement.value.name, type_)
    return wanted


def _arguments(unit: Unit, call: tree.CallStatement, scope: Scope) -> tuple[tuple[str, core.Expression], ...]:
    if call.tool.name not in unit.view.tools:
        for argument in call.arguments:
            infer.lower(unit, argument.value, scope)
        return ()
    tool = unit.view.tools[call.tool.name]
    record = shared_parameters(unit.view, frozenset({tool.name}))
    names = [field.name for field in record.fields]
    given: dict[str, core.Expression] = {}
    meant: set[str | None] = set()
    for argument in call.arguments:
        field = record.field(argument.name)
        if not argument.name:
            signature = ", ".join(names)
            unit.notes.add("wrong-arity", argument.at, "names", name=tool.name, signature=f"{tool.name}({signature})")
        elif field is None:
            near = unit.notes.nearest(argument.name, names)
            meant.add(near)  # a mistyped argument is one mistake, and not a missing one as well
            unit.notes.add(
                "unknown-argument", argument.at, also=(("declared", tool.at),), name=argument.name, tool=tool.name,
                known=listed(names), nearest=near,
            )  # fmt: skip
        elif argument.name in given:
            unit.notes.add("duplicate-name", argument.at, "argument", name=argument.name)
        else:
            given[argument.name] = infer.expect(unit, argument.value, scope, field.type, "argument", field.name)
    positional = any(not argument.name for argument in call.arguments)
    for field in record.fields:
        if not field.optional and field.name not in {*given, *meant} and not positional:
            unit.notes.add(
                "missing-required", call.tool.at, "argument", also=(("declared", tool.at),), tool=tool.name,
                name=field.name, type=t.shown(field.type), suggestion=f"{field.name}: ...",
            )  # fmt: skip
    return tuple(given.items())
