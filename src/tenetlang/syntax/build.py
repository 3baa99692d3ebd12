"""From an alternative of the grammar to a node: one function for each name in `grammar/tenet.lark`.

The parser looks an alternative's name up in two tables at the end of this file. The functions in `PLACED` get the span
that the alternative covers and then the values of its symbols, those in `PLAIN` only the values. A function may find
that what the grammar allows is still a slip, and raises `Mistake` with the finding; nothing else is raised.

A list grows in place while it is read (`first`, `next`), and becomes a tuple in the node that holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

import attrs

from tenetlang.report.finding import Finding
from tenetlang.syntax import build_clauses, build_expressions, tree
from tenetlang.syntax.build_clauses import (
    BecauseClause,
    ByClause,
    CounterClause,
    ExpectBecause,
    ExpectBy,
    ExpectClause,
    ExpectTo,
    IfClause,
    RuleClause,
    ThenClause,
    UnlessClause,
    WithinClause,
    once,
)
from tenetlang.syntax.build_expressions import Spelled, name_part
from tenetlang.syntax.literals import Mistake, string
from tenetlang.syntax.tree import Annotation, Block, Expression, FieldForm, Path, Template, ToolName, TypeForm
from tenetlang.text import Span

T = TypeVar("T")


@attrs.define(eq=False)
class Package:
    """The package line, before the file is put together."""

    annotations: tuple[Annotation, ...]
    name: Path
    at: Span


# -------------------------------------------------------------------------------------------- lists and little things


def _first(item: T) -> list[T]:
    return [item]


def _next(items: list[T], item: T) -> list[T]:
    items.append(item)
    return items


def _none() -> list[object]:
    return []


def _nothing() -> None:
    return None


def _no_name() -> str:
    return ""


def _no() -> bool:
    return False


def _yes(_sign: str) -> bool:
    return True


def _next_line(items: list[T], item: T, _newline: str) -> list[T]:
    items.append(item)
    return items


def _spelled(at: Span, *words: str) -> Spelled:
    return Spelled(words[0], at)


def _spelled_string(at: Span, raw: str) -> Spelled:
    return Spelled(string(raw, at), at)


def _negated(at: Span, operator: Spelled) -> Spelled:
    return Spelled(f"not {operator.text}", at)


def _path(at: Span, parts: list[str]) -> Path:
    return Path(tuple(parts), at)


def _tool_name(at: Span, parts: list[str]) -> ToolName:
    return ToolName(".".join(name_part(part, at) for part in parts), at)


def _literal(expression: Expression) -> bool:
    match expression:
        case tree.ListForm(items):
            return all(_literal(item) for item in items)
        case tree.Unary("-", operand):
            return isinstance(operand, tree.Number | tree.DurationLiteral)
        case tree.Number() | tree.String() | tree.Boolean() | tree.Null() | tree.DurationLiteral() | tree.TimeLiteral():
            return True
        case _:
            return False


def _annotation(at: Span, name: str, arguments: list[Expression]) -> Annotation:
    for argument in arguments:
        if not _literal(argument):
            details = {"found": f"`{argument.at.source}`", "expected": "a number, a string or another literal"}
            raise Mistake(Finding("syntax-error", argument.at, details))
    return Annotation(name, tuple(arguments), at)


def _plain_annotation(at: Span, name: str) -> Annotation:
    return Annotation(name, (), at)


# ------------------------------------------------------------------------------------------------------- declarations


def _package(at: Span, annotations: list[Annotation], name: Path) -> Package:
    return Package(tuple(annotations), name, at)


def _import(at: Span, package: Path, alias: str) -> tree.Import:
    return tree.Import(package, alias, at)


def _extend(at: Span, package: Path, alias: str) -> tree.Extend:
    return tree.Extend(package, alias, at)


def _type(at: Span, annotations: list[Annotation], name: Spelled, form: TypeForm) -> tree.TypeDeclaration:
    return tree.TypeDeclaration(tuple(annotations), name.text, form, at, name.at)


def _request(
    at: Span, annotations: list[Annotation], name: Spelled, optional: bool, form: TypeForm
) -> tree.RequestDeclaration:
    return tree.RequestDeclaration(tuple(annotations), name.text, optional, form, at, name.at)


def _data(at: Span, annotations: list[Annotation], name: Spelled, form: TypeForm) -> tree.DataDeclaration:
    return tree.DataDeclaration(tuple(annotations), name.text, form, at, name.at)


def _tool(at: Span, annotations: list[Annotation], name: ToolName, parameters: list[FieldForm]) -> tree.ToolDeclaration:
    return tree.ToolDeclaration(tuple(annotations), name, tuple(parameters), at)


def _obligation(
    at: Span, annotations: list[Annotation], name: Spelled, parameters: list[FieldForm]
) -> tree.ObligationDeclaration:
    return tree.ObligationDeclaration(tuple(annotations), name.text, tuple(parameters), at, name.at)


def _resolve(at: Span, policy: str) -> tree.Resolve:
    return tree.Resolve(policy, at)


def _default(at: Span, verdict: tree.VerdictWord, to: Path | None, because: Template | None) -> tree.Default:
    return tree.Default(verdict, to, because, at)


def _on_error(at: Span, verdict: tree.VerdictWord, to: Path | None) -> tree.OnError:
    return tree.OnError(verdict, to, at)


def _let(
    at: Span,
    annotations: list[Annotation],
    name: Spelled,
    form: TypeForm | None,
    tools: list[ToolName],
    value: Expression,
) -> tree.LetDeclaration:
    return tree.LetDeclaration(tuple(annotations), name.text, form, tuple(tools), value, at, name.at)


def _function(
    at: Span,
    annotations: list[Annotation],
    name: Spelled,
    parameters: list[FieldForm],
    result: TypeForm,
    body: Expression | None = None,
) -> tree.FunctionDeclaration:
    return tree.FunctionDeclaration(tuple(annotations), name.text, tuple(parameters), result, body, at, name.at)


def _set(
    at: Span, annotations: list[Annotation], name: Spelled, element: Expression, body: list[tree.Statement]
) -> tree.SetDeclaration:
    return tree.SetDeclaration(tuple(annotations), name.text, element, tuple(body), at, name.at)


def _reviewers(
    at: Span, annotations: list[Annotation], name: Spelled, settings: list[tree.Setting]
) -> tree.ReviewersDeclaration:
    return tree.ReviewersDeclaration(tuple(annotations), name.text, tuple(settings), at, name.at)


def _setting(at: Span, name: str, values: list[Expression]) -> tree.Setting:
    return tree.Setting(name, tuple(values), None, None, at)


def _else_setting(at: Span, verdict: tree.VerdictWord, to: Path | None) -> tree.Setting:
    return tree.Setting("else", (), verdict, to, at)


def _counter(
    at: Span,
    annotations: list[Annotation],
    name: Spelled,
    aggregate: str,
    argument: Expression | None,
    tools: list[ToolName],
    clauses: list[CounterClause],
) -> tree.CounterDeclaration:
    once(clauses)
    by: tuple[Expression, ...] = ()
    within: Expression | None = None
    body: Block | None = None
    for clause in clauses:
        match clause:
            case ByClause(values):
                by = tuple(values)
            case WithinClause(value):
                within = value
            case IfClause(statements):
                body = tuple(statements)
    return tree.CounterDeclaration(
        tuple(annotations), name.text, aggregate, argument, tuple(tools), by, within, body, at, name.at
    )


def _rule(
    at: Span,
    annotations: list[Annotation],
    verdict: tree.VerdictWord,
    name: Spelled,
    to: Path | None,
    overrides: list[Path],
    body: list[tree.Statement],
    clauses: list[RuleClause],
) -> tree.RuleDeclaration:
    unless: Block | None = None
    because: Template | None = None
    then: tuple[tree.ObligationUse, ...] = ()
    if len(clauses) > 1:
        once(clauses)
    for clause in clauses:
        match clause:
            case UnlessClause(statements):
                unless = tuple(statements)
            case BecauseClause(template):
                because = template
            case ThenClause(uses):
                then = tuple(uses)
    return tree.RuleDeclaration(
        tuple(annotations), verdict, name.text, to, tuple(overrides), tuple(body), unless, because, then, at, name.at
    )


def _for(at: Span, tools: list[ToolName], declarations: list[tree.Declaration]) -> tree.For:
    return tree.For(tuple(tools), tuple(declarations), at)


# --------------------------------------------------------------------------------------------------- tests and claims


def _test(
    at: Span,
    annotations: list[Annotation],
    name: Spelled,
    table: tree.Table | None,
    body: list[tree.TestStatement],
) -> tree.TestDeclaration:
    return tree.TestDeclaration(tuple(annotations), name.text, table, tuple(body), at, name.at)


def _table(at: Span, variables: list[str], rows: tree.ListForm) -> tree.Table:
    return tree.Table(tuple(variables), rows.items, at)


def _call_statement(at: Span, tool: ToolName, arguments: list[tree.Argument]) -> tree.CallStatement:
    return tree.CallStatement(tool, tuple(arguments), at)


def _with(at: Span, target: Expression, value: Expression) -> tree.With:
    if not _target(target):
        expected = "a fact, such as `agent.team`, or a function with its parameters"
        details = {"found": f"`{target.at.source}`", "expected": expected}
        raise Mistake(Finding("syntax-error", target.at, details))
    return tree.With(target, value, at)


def _target(expression: Expression) -> bool:
    match expression:
        case tree.Call(_, arguments):
            return all(not argument.name and isinstance(argument.value, tree.Name) for argument in arguments)
        case tree.Member(of):
            return not isinstance(of, tree.Call) and _target(of)
        case _:
            return isinstance(expression, tree.Name)


def _expect(at: Span, value: Expression, clauses: list[ExpectClause]) -> tree.Expect:
    once(clauses)
    to: Path | None = None
    by: tuple[Path, ...] = ()
    because: tree.String | None = None
    for clause in clauses:
        match clause:
            case ExpectTo(reviewers):
                to = reviewers
            case ExpectBy(rules):
                by = tuple(rules)
            case ExpectBecause(text):
                because = text
    return tree.Expect(value, to, by, because, at)


def _never(
    at: Span, annotations: list[Annotation], name: Spelled, body: list[tree.Statement | tree.With]
) -> tree.ClaimDeclaration:
    return _claim(at, "never", annotations, name, None, body)


def _always(
    at: Span,
    annotations: list[Annotation],
    name: Spelled,
    condition: list[tree.Statement],
    body: list[tree.Statement | tree.With],
) -> tree.ClaimDeclaration:
    return _claim(at, "always", annotations, name, tuple(condition), body)


def _claim(
    at: Span,
    kind: Literal["never", "always"],
    annotations: list[Annotation],
    name: Spelled,
    condition: Block | None,
    body: list[tree.Statement | tree.With],
) -> tree.ClaimDeclaration:
    statements = tuple(line for line in body if not isinstance(line, tree.With))
    facts = tuple(line for line in body if isinstance(line, tree.With))
    return tree.ClaimDeclaration(tuple(annotations), kind, name.text, condition, statements, facts, at, name.at)


# The functions by the names of the alternatives: with a place, and without. The parser adds `template`.
PLACED: Mapping[str, object] = {
    **build_expressions.PLACED,
    **build_clauses.PLACED,
    "spelled": _spelled,
    "spelled_string": _spelled_string,
    "negated": _negated,
    "path": _path,
    "tool_name": _tool_name,
    "annotation": _annotation,
    "plain_annotation": _plain_annotation,
    "package": _package,
    "import": _import,
    "extend": _extend,
    "type": _type,
    "request": _request,
    "data": _data,
    "tool": _tool,
    "obligation": _obligation,
    "resolve": _resolve,
    "default": _default,
    "on_error": _on_error,
    "let": _let,
    "function": _function,
    "set": _set,
    "reviewers": _reviewers,
    "setting": _setting,
    "else_setting": _else_setting,
    "counter": _counter,
    "rule": _rule,
    "for": _for,
    "test": _test,
    "table": _table,
    "call_statement": _call_statement,
    "with": _with,
    "expect": _expect,
    "never": _never,
    "always": _always,
    "extern_function": _function,
}
PLAIN: Mapping[str, object] = {
    **build_expressions.PLAIN,
    "first": _first,
    "next": _next,
    "none": _none,
    "nothing": _nothing,
    "no_name": _no_name,
    "no": _no,
    "yes": _yes,
    "next_line": _next_line,
}
