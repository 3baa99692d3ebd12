"""From an alternative of the grammar to a node, for types, statements and expressions; see `build.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import attrs

from tenetlang.report.finding import Finding
from tenetlang.syntax import tree
from tenetlang.syntax.literals import Mistake, date_exists, string
from tenetlang.syntax.tree import Annotation, Expression, FieldForm, Path, ToolName, TypeForm
from tenetlang.text import Span

_BINARY: Mapping[str, tree.BinaryOperator] = {operator: operator for operator in get_args(tree.BinaryOperator)}


@attrs.define(eq=False)
class Spelled:
    """A word or sign with its place."""

    text: str
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


def name_part(raw: str, at: Span) -> str:
    """A part of a tool's name, out of its quotes."""
    if raw[0] not in '"`':
        return raw
    start = at.start + max(at.source.find(raw), 0)
    place = Span(at.text, start, start + len(raw))
    value = string(raw, place)
    if not value:
        raise Mistake(Finding("bad-literal", place, {"literal": raw, "expected": "the name of a tool"}))
    return value


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
    end = right.at.end if isinstance(right, Expression) else operator.at.end
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
    return Spelling(tuple(name_part(part, at) for part in parts) if quoted else tuple(parts), quoted, at)


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


# The functions by the names of the alternatives: with a place, and without.
PLACED: Mapping[str, object] = {
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
}
PLAIN: Mapping[str, object] = {
    "record_entry": _record_entry,
    "map_entry": _map_entry,
}
