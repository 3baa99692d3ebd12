"""From an alternative of the grammar to a node: one function for each name in `grammar/tenet.lark`.

The parser looks an alternative's name up in two tables at the end of this file. The functions in `PLACED` get the span
that the alternative covers and then the values of its symbols, those in `PLAIN` only the values. A function may find
that what the grammar allows is still a slip, and raises `Mistake` with the finding; nothing else is raised.

A list grows in place while it is read (`first`, `next`), and becomes a tuple in the node that holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, TypeVar, get_args

import attrs

from tenetlang.report.finding import Finding
from tenetlang.syntax import tree
from tenetlang.syntax.literals import Mistake, date_exists, string
from tenetlang.syntax.tree import Annotation, Block, Expression, FieldForm, Path, Template, ToolName, TypeForm
from tenetlang.text import Span

T = TypeVar("T")
EXPRESSIONS = get_args(Expression)

@attrs.define(eq=False)
class Spelled:
    """A word or sign with its place."""

    text: str
    at: Span


@attrs.define(eq=False)
class Package:
    """The package line, before the file is put together."""

    annotations: tuple[Annotation, ...]
    name: Path
    at: Span


@attrs.define(eq=False)
class Spelling:
    """Words or strings joined by dots on the right of `is`, where they may name a tool, a type or a verdict."""

    parts: tuple[str, ...]
    quoted: bool
    at: Span


@attrs.define(eq=False)
class Else:
    """The last arm of a `match`."""

    value: Expression
    at: Span


# Clauses may stand in any order, each once.


@attrs.define(eq=False)
class IfClause:
    body: list[tree.Statement]
    at: Span


@attrs.define(eq=False)
class ByClause:
    values: list[Expression]
    at: Span


@attrs.define(eq=False)
class WithinClause:
    value: Expression
    at: Span


@attrs.define(eq=False)
class UnlessClause:
    body: list[tree.Statement]
    at: Span


@attrs.define(eq=False)
class BecauseClause:
    template: Template
    at: Span


@attrs.define(eq=False)
class ThenClause:
    uses: list[tree.ObligationUse]
    at: Span


@attrs.define(eq=False)
class ExpectTo:
    reviewers: Path
    at: Span


@attrs.define(eq=False)
class ExpectBy:
    rules: list[Path]
    at: Span


@attrs.define(eq=False)
class ExpectBecause:
    text: tree.String
    at: Span


CounterClause: TypeAlias = IfClause | ByClause | WithinClause
RuleClause: TypeAlias = UnlessClause | BecauseClause | ThenClause
ExpectClause: TypeAlias = ExpectTo | ExpectBy | ExpectBecause


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


def _part(raw: str, at: Span) -> str:
    """A part of a tool's name, out of its quotes."""
    if raw[0] not in '"`':
        return raw
    start = at.start + max(at.source.find(raw), 0)
    place = Span(at.text, start, start + len(raw))
    value = string(raw, place)
    if not value:
        raise Mistake(Finding("bad-literal", place, {"literal": raw, "expected": "the name of a tool"}))
    return value


def _tool_name(at: Span, parts: list[str]) -> ToolName:
    return ToolName(".".join(_part(part, at) for part in parts), at)


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


def _once(clauses: Sequence[CounterClause | RuleClause | ExpectClause]) -> None:
    """Raises Mistake where a clause stands twice."""
    found: dict[str, Span] = {}
    for clause in clauses:
        word = clause.at.source.split(None, 1)[0].split("{", 1)[0]
        place = Span(clause.at.text, clause.at.start, clause.at.start + len(word))
        if word in found:
            raise Mistake(Finding("syntax-error", place, {"found": f"`{word}`"}, "twice", (("first", found[word]),)))
        found[word] = place


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
    _once(clauses)
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


def _obligation_use(at: Span, name: Path, arguments: list[tree.Argument]) -> tree.ObligationUse:
    return tree.ObligationUse(name, tuple(arguments), at)


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
        _once(clauses)
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


def _by_clause(at: Span, values: list[Expression]) -> ByClause:
    return ByClause(values, at)


def _within_clause(at: Span, value: Expression) -> WithinClause:
    return WithinClause(value, at)


def _if_clause(at: Span, body: list[tree.Statement]) -> IfClause:
    return IfClause(body, at)


def _unless_clause(at: Span, body: list[tree.Statement]) -> UnlessClause:
    return UnlessClause(body, at)


def _because_clause(at: Span, template: Template) -> BecauseClause:
    return BecauseClause(template, at)


def _then_clause(at: Span, uses: list[tree.ObligationUse]) -> ThenClause:
    return ThenClause(uses, at)


def _expect_to(at: Span, reviewers: Path) -> ExpectTo:
    return ExpectTo(reviewers, at)


def _expect_by(at: Span, rules: list[Path]) -> ExpectBy:
    return ExpectBy(rules, at)


def _expect_because(at: Span, text: tree.String) -> ExpectBecause:
    return ExpectBecause(text, at)


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
    _once(clauses)
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


# -------------------------------------------------------------------------------------------------------------- types


def _named_type(at: Span, name: Path) -> tree.NamedType:
    return tree.NamedType(name, at)


def _tool_type(at: Span, word: str) -> tree.NamedType:
    return tree.NamedType(Path((word,), at), at)


def _literal_type(at: Span, raw: str) -> tree.LiteralType:
    return tree.LiteralType(string(raw, at), at)


def _generic_type(at: Span, name: str, arguments: list[TypeForm]) -> tree.GenericType:
    return tree.GenericType(name, tuple(arguments), at)


def _record_type(at: Span, fields: list[FieldForm]) -> tree.RecordType:
    return tree.RecordType(tuple(fields), at)


def _optional_type(at: Span, of: TypeForm) -> tree.OptionalType:
    return tree.OptionalType(of, at)


def _type_form(at: Span, members: list[TypeForm]) -> TypeForm:
    return members[0] if len(members) == 1 else tree.UnionType(tuple(members), at)


def _field(at: Span, annotations: list[Annotation], name: Spelled, optional: bool, form: TypeForm) -> FieldForm:
    return FieldForm(tuple(annotations), name.text, optional, form, at)


# ------------------------------------------------------------------------------------------- statements and relations


def _condition(at: Span, expression: Expression) -> tree.Condition:
    return tree.Condition(expression, at)


def _some_statement(at: Span, variables: tree.Variables, source: Expression) -> tree.SomeStatement:
    return tree.SomeStatement(variables, source, at)


def _let_statement(at: Span, name: str, value: Expression) -> tree.LetStatement:
    return tree.LetStatement(name, value, at)


def _one_variable(at: Span, value: str) -> tree.Variables:
    return tree.Variables("", value, at)


def _two_variables(at: Span, key: str, value: str) -> tree.Variables:
    return tree.Variables(key, value, at)


def _binary(at: Span, left: Expression, operator: Spelled, right: Expression) -> tree.Binary:
    return tree.Binary(_BINARY[operator.text], left, right, at, operator.at)


def _unary(at: Span, operator: tree.UnaryOperator, operand: Expression) -> tree.Unary:
    return tree.Unary(operator, operand, at)


def _chained(at: Span, left: Expression, operator: Spelled, right: object) -> tree.Expression:
    if not isinstance(left, tree.Binary):
        raise Mistake(Finding("chained-comparison", operator.at))
    end = right.at.end if isinstance(right, EXPRESSIONS) else operator.at.end
    again = Span(at.text, left.right.at.start, end).source
    details = {"suggestion": f"{left.at.source} and {again}"}
    raise Mistake(Finding("chained-comparison", operator.at, details, also=(("first", left.operator_at),)))


def _is_present(at: Span, of: Expression) -> tree.IsPresent:
    return tree.IsPresent(of, negated=False, at=at)


def _is_not_present(at: Span, of: Expression) -> tree.IsPresent:
    return tree.IsPresent(of, negated=True, at=at)


def _is_any(at: Span, of: Expression, alternatives: list[Spelling | TypeForm]) -> tree.IsTool | tree.IsType:
    return _is(at, of, alternatives, negated=False)


def _is_not_any(at: Span, of: Expression, alternatives: list[Spelling | TypeForm]) -> tree.IsTool | tree.IsType:
    return _is(at, of, alternatives, negated=True)


def _is(
    at: Span, of: Expression, alternatives: list[Spelling | TypeForm], *, negated: bool
) -> tree.IsTool | tree.IsType:
    names = [alternative for alternative in alternatives if isinstance(alternative, Spelling)]
    if len(names) == len(alternatives):
        return tree.IsTool(of, negated, tuple(ToolName(".".join(name.parts), name.at) for name in names), at)
    forms = tuple(_as_type(alternative) for alternative in alternatives)
    if len(forms) == 1:
        return tree.IsType(of, negated, forms[0], at)
    return tree.IsType(of, negated, tree.UnionType(forms, forms[0].at.to(forms[-1].at)), at)


def _as_type(alternative: Spelling | TypeForm) -> TypeForm:
    if not isinstance(alternative, Spelling):
        return alternative
    if alternative.quoted:
        return tree.LiteralType(".".join(alternative.parts), alternative.at)
    return tree.NamedType(Path(alternative.parts, alternative.at), alternative.at)


def _optional_alternative(at: Span, alternative: Spelling | TypeForm) -> tree.OptionalType:
    return tree.OptionalType(_as_type(alternative), at)


def _spelling(at: Span, parts: list[str]) -> Spelling:
    quoted = any(part[0] in '"`' for part in parts)
    return Spelling(tuple(_part(part, at) for part in parts) if quoted else tuple(parts), quoted, at)


def _spelling_of_word(at: Span, word: str) -> Spelling:
    return Spelling((word,), quoted=False, at=at)


def _has(at: Span, of: Expression, annotation: Annotation) -> tree.Has:
    return tree.Has(of, negated=False, annotation=annotation, at=at)


def _has_not(at: Span, of: Expression, annotation: Annotation) -> tree.Has:
    return tree.Has(of, negated=True, annotation=annotation, at=at)


# -------------------------------------------------------------------------------------------------------- expressions


def _member(at: Span, of: Expression, name: str) -> tree.Member:
    return tree.Member(of, name, at)


def _index(at: Span, of: Expression, key: Expression) -> tree.Index:
    return tree.Index(of, key, at)


def _call(at: Span, of: Expression, arguments: list[tree.Argument]) -> tree.Call:
    parts: list[str] = []
    function = of
    while isinstance(function, tree.Member):
        parts.append(function.name)
        function = function.of
    if not isinstance(function, tree.Name):
        raise Mistake(
            Finding("syntax-error", of.at, {"found": f"`{of.at.source}`", "expected": "the name of a function"})
        )
    parts.append(function.name)
    return tree.Call(Path(tuple(reversed(parts)), of.at), tuple(arguments), at)


def _positional(at: Span, value: Expression) -> tree.Argument:
    return tree.Argument("", value, at)


def _named(at: Span, name: str, value: Expression) -> tree.Argument:
    return tree.Argument(name, value, at)


def _number(at: Span, text: str) -> tree.Number:
    return tree.Number(text, at)


def _string(at: Span, raw: str) -> tree.String:
    return tree.String(string(raw, at), at)


def _true(at: Span, _word: str) -> tree.Boolean:
    return tree.Boolean(value=True, at=at)


def _false(at: Span, _word: str) -> tree.Boolean:
    return tree.Boolean(value=False, at=at)


def _null(at: Span, _word: str) -> tree.Null:
    return tree.Null(at)


def _duration(at: Span, text: str) -> tree.DurationLiteral:
    return tree.DurationLiteral(text, at)


def _time(at: Span, text: str) -> tree.TimeLiteral:
    if not date_exists(text):
        raise Mistake(Finding("bad-literal", at, {"literal": text}, "time"))
    return tree.TimeLiteral(text, at)


def _verdict_literal(at: Span, verdict: tree.VerdictWord) -> tree.VerdictLiteral:
    return tree.VerdictLiteral(verdict, at)


def _variable(at: Span, name: str) -> tree.Name:
    return tree.Name(name, at)


def _some(at: Span, variables: tree.Variables, source: Expression, body: list[tree.Statement]) -> tree.Quantifier:
    return tree.Quantifier("some", variables, source, tuple(body), at)


def _every(at: Span, variables: tree.Variables, source: Expression, body: list[tree.Statement]) -> tree.Quantifier:
    return tree.Quantifier("every", variables, source, tuple(body), at)


def _list(at: Span, items: list[Expression]) -> tree.ListForm:
    return tree.ListForm(tuple(items), at)


def _tuple(at: Span, items: list[Expression]) -> tree.Tuple:
    return tree.Tuple(tuple(items), at)


def _longer_tuple(at: Span, items: list[Expression], last: Expression) -> tree.Tuple:
    return tree.Tuple((*items, last), at)


def _set_form(at: Span, items: list[Expression]) -> tree.SetForm:
    return tree.SetForm(tuple(items), at)


def _empty_braces(at: Span) -> tree.EmptyBraces:
    return tree.EmptyBraces(at)


def _record_entry(name: Spelled, value: Expression) -> tuple[Spelled, Expression]:
    return name, value


def _record(at: Span, entries: list[tuple[Spelled, Expression]]) -> tree.RecordForm:
    fields = tuple((name.text, value) for name, value in entries)
    return tree.RecordForm(fields, at, tuple(name.at for name, _ in entries))


def _map_entry(key: tree.String | tree.ListForm, value: Expression) -> tuple[Expression, Expression]:
    if isinstance(key, tree.String):
        return key, value
    if len(key.items) != 1:
        raise Mistake(
            Finding("syntax-error", key.at, {"found": f"`{key.at.source}`", "expected": "one key in brackets"})
        )
    return key.items[0], value


def _map(at: Span, entries: list[tuple[Expression, Expression]]) -> tree.MapForm:
    return tree.MapForm(tuple(entries), at)


def _generator(at: Span, variables: tree.Variables, source: Expression) -> tree.Generator:
    return tree.Generator(variables, source, at)


def _list_comprehension(
    at: Span, element: Expression, generators: list[tree.Generator], guards: list[Expression]
) -> tree.Comprehension:
    return tree.Comprehension("list", None, element, tuple(generators), tuple(guards), at)


def _set_comprehension(
    at: Span, element: Expression, generators: list[tree.Generator], guards: list[Expression]
) -> tree.Comprehension:
    return tree.Comprehension("set", None, element, tuple(generators), tuple(guards), at)


def _map_comprehension(
    at: Span,
    entry: tuple[Expression, Expression],
    generators: list[tree.Generator],
    guards: list[Expression],
) -> tree.Comprehension:
    return tree.Comprehension("map", entry[0], entry[1], tuple(generators), tuple(guards), at)


def _arm(at: Span, condition: Expression, value: Expression) -> tree.Arm:
    return tree.Arm(condition, value, at)


def _else_arm(at: Span, value: Expression) -> Else:
    return Else(value, at)


def _match(at: Span, arms: list[tree.Arm | Else]) -> tree.Match:
    *before, last = arms
    for arm, behind in zip(before, arms[1:], strict=True):
        if isinstance(arm, Else):
            place = Span(arm.at.text, arm.at.start, arm.at.start + len("else"))
            details = {"found": "an arm behind `else`", "expected": "the end of the `match`"}
            raise Mistake(Finding("syntax-error", behind.at, details, also=(("declaration", place),)))
    otherwise = last.value if isinstance(last, Else) else None
    return tree.Match(tuple(arm for arm in arms if isinstance(arm, tree.Arm)), otherwise, at)


_BINARY: Mapping[str, tree.BinaryOperator] = {operator: operator for operator in get_args(tree.BinaryOperator)}

# The functions by the names of the alternatives: with a place, and without. The parser adds `template`.
PLACED: Mapping[str, object] = {
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
    "obligation_use": _obligation_use,
    "rule": _rule,
    "for": _for,
    "by_clause": _by_clause,
    "within_clause": _within_clause,
    "if_clause": _if_clause,
    "unless_clause": _unless_clause,
    "because_clause": _because_clause,
    "then_clause": _then_clause,
    "expect_to": _expect_to,
    "expect_by": _expect_by,
    "expect_because": _expect_because,
    "test": _test,
    "table": _table,
    "call_statement": _call_statement,
    "with": _with,
    "expect": _expect,
    "never": _never,
    "always": _always,
    "named_type": _named_type,
    "tool_type": _tool_type,
    "literal_type": _literal_type,
    "generic_type": _generic_type,
    "record_type": _record_type,
    "optional_type": _optional_type,
    "type_form": _type_form,
    "field": _field,
    "condition": _condition,
    "some_statement": _some_statement,
    "let_statement": _let_statement,
    "one_variable": _one_variable,
    "two_variables": _two_variables,
    "binary": _binary,
    "unary": _unary,
    "chained": _chained,
    "is_present": _is_present,
    "is_not_present": _is_not_present,
    "is_any": _is_any,
    "is_not_any": _is_not_any,
    "optional_alternative": _optional_alternative,
    "spelling": _spelling,
    "spelling_of_word": _spelling_of_word,
    "has": _has,
    "has_not": _has_not,
    "member": _member,
    "index": _index,
    "call": _call,
    "positional": _positional,
    "named": _named,
    "number": _number,
    "string": _string,
    "true": _true,
    "false": _false,
    "null": _null,
    "duration": _duration,
    "time": _time,
    "verdict_literal": _verdict_literal,
    "variable": _variable,
    "some": _some,
    "every": _every,
    "list": _list,
    "tuple": _tuple,
    "longer_tuple": _longer_tuple,
    "set_form": _set_form,
    "empty_braces": _empty_braces,
    "record": _record,
    "map": _map,
    "generator": _generator,
    "list_comprehension": _list_comprehension,
    "set_comprehension": _set_comprehension,
    "map_comprehension": _map_comprehension,
    "arm": _arm,
    "else_arm": _else_arm,
    "match": _match,
    "extern_function": _function,
}
PLAIN: Mapping[str, object] = {
    "first": _first,
    "next": _next,
    "none": _none,
    "nothing": _nothing,
    "no_name": _no_name,
    "no": _no,
    "yes": _yes,
    "next_line": _next_line,
    "record_entry": _record_entry,
    "map_entry": _map_entry,
}
