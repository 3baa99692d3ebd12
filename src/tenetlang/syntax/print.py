"""A syntax tree back as text, in one canonical way, without comments.

`parse(print_file(file))` gives an equal tree. Whether an operand needs parentheses follows from the levels of the
grammar: each kind of expression has a level, each place where an expression may stand has the lowest level it takes.
The formatter is another matter: it works on the text, keeps comments, and breaks lines by width.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from tenetlang.syntax import tree
from tenetlang.syntax.literals import needs_escape, quote, unquote
from tenetlang.syntax.tables import tables
from tenetlang.syntax.tree import Annotation, Block, Declaration, Expression, FieldForm, File, ToolName, TypeForm

_INDENT = "    "
_LINE = "\n"
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_BACKTICK = r"\u{60}"
_BARE_ALTERNATIVES = ("allow", "deny", "escalate", "null")

AnnotatedDeclaration: TypeAlias = (
    tree.TypeDeclaration | tree.RequestDeclaration | tree.DataDeclaration | tree.ToolDeclaration
    | tree.ObligationDeclaration | tree.LetDeclaration | tree.FunctionDeclaration | tree.SetDeclaration
    | tree.ReviewersDeclaration | tree.CounterDeclaration | tree.RuleDeclaration | tree.TestDeclaration
    | tree.ClaimDeclaration
)  # fmt: skip
Collection: TypeAlias = (
    tree.ListForm | tree.Tuple | tree.SetForm | tree.EmptyBraces | tree.RecordForm | tree.MapForm | tree.Comprehension
)
Operand: TypeAlias = (
    tree.Number | tree.String | tree.Boolean | tree.Null | tree.DurationLiteral | tree.TimeLiteral
    | tree.VerdictLiteral | tree.Name | tree.Member | tree.Index | tree.Call | tree.Quantifier | tree.Match | Collection
)  # fmt: skip

# The levels of the grammar, loosest first.
_OR, _AND, _NOT, _COMPARISON, _UNION, _INTERSECTION, _SUM, _PRODUCT, _SIGNED, _FALLBACK, _POSTFIX = range(11)

_LEVELS: dict[str, tuple[int, int, int]] = {  # the level of the whole, and the lowest of its left and right operand
    "or": (_OR, _OR, _AND),
    "and": (_AND, _AND, _NOT),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), (_COMPARISON, _UNION, _UNION)),
    **dict.fromkeys(("in", "not in", "like", "not like", "matches", "not matches"), (_COMPARISON, _UNION, _UNION)),
    "|": (_UNION, _UNION, _INTERSECTION),
    "&": (_INTERSECTION, _INTERSECTION, _SUM),
    "+": (_SUM, _SUM, _PRODUCT),
    "-": (_SUM, _SUM, _PRODUCT),
    "*": (_PRODUCT, _PRODUCT, _SIGNED),
    "/": (_PRODUCT, _PRODUCT, _SIGNED),
    "%": (_PRODUCT, _PRODUCT, _SIGNED),
    "??": (_FALLBACK, _FALLBACK, _POSTFIX),
}


def print_file(file: File) -> str:
    """The file as Tenet text: the package line, then the declarations, with an empty line between."""
    parts: list[str] = []
    if file.package is not None:
        parts.append(_annotated(file.annotations, f"package {file.package.text}"))
    parts += map(print_declaration, file.declarations)
    return "\n\n".join(parts) + "\n" if parts else ""


def print_declaration(declaration: Declaration) -> str:
    """One declaration, over several lines if it has a block, without a line break at the end."""
    match declaration:
        case tree.Import(package, alias):
            return f"import {package.text}{_prefixed(' as ', alias)}"
        case tree.Extend(package, alias):
            return f"extend {package.text}{_prefixed(' as ', alias)}"
        case tree.Resolve(policy):
            return f"resolve {policy}"
        case tree.Default(verdict, to, because):
            return f"default {verdict}{_to(to)}{_because(because)}"
        case tree.OnError(verdict, to):
            return f"on error {verdict}{_to(to)}"
        case tree.For(tools, declarations):
            return f"for {_tools(tools)} {_braced(print_declaration(inner) for inner in declarations)}"
        case tree.With(target, value):
            return f"with {_expression(target, _POSTFIX)} = {print_expression(value)}"
        case _:
            return _annotated(declaration.annotations, _plain_declaration(declaration))


def _plain_declaration(declaration: AnnotatedDeclaration) -> str:
    match declaration:
        case tree.TypeDeclaration(_, name, form):
            return f"type {name} = {print_type(form)}"
        case tree.RequestDeclaration(_, name, optional, form):
            return f"request {name}{'?' if optional else ''}: {print_type(form)}"
        case tree.DataDeclaration(_, name, form):
            return f"data {name}: {print_type(form)}"
        case tree.ToolDeclaration(_, tool, parameters):
            return f"tool {print_tool(tool)}({_fields(parameters)})"
        case tree.ObligationDeclaration(_, name, parameters):
            return f"obligation {name}({_fields(parameters)})"
        case tree.LetDeclaration(_, name, form, tools, value):
            typed = "" if form is None else f": {print_type(form)}"
            return f"let {name}{typed}{_prefixed(' of ', _tools(tools))} = {print_expression(value)}"
        case tree.FunctionDeclaration(_, name, parameters, result, body):
            head = f"fn {name}({_fields(parameters)}) -> {print_type(result)}"
            return f"extern {head}" if body is None else f"{head} = {print_expression(body)}"
        case tree.SetDeclaration(_, name, element, body):
            return f"set {name} contains {print_expression(element)} if {_block(body)}"
        case tree.ReviewersDeclaration(_, name, settings):
            return f"reviewers {name} {_braced(map(_setting, settings))}"
        case tree.CounterDeclaration():
            return _counter(declaration)
        case tree.RuleDeclaration():
            return _rule(declaration)
        case tree.TestDeclaration(_, name, table, body):
            rows = "" if table is None else f" for {', '.join(table.variables)} in [{_expressions(table.rows)}]"
            return f"test {quote(name)}{rows} {_braced(map(_test_statement, body))}"
        case tree.ClaimDeclaration(_, kind, name, condition, body, facts):
            given = "" if condition is None else f" if {_block(condition)}"
            lines = (*map(print_declaration, facts), *map(_statement, body))
            return f"{kind} {quote(name)}{given} {_braced(lines)}"


def _setting(setting: tree.Setting) -> str:
    if setting.verdict is not None:
        return f"else {setting.verdict}{_to(setting.to)}"
    return f"{setting.name} {_expressions(setting.values)}"


def _counter(counter: tree.CounterDeclaration) -> str:
    argument = "" if counter.argument is None else print_expression(counter.argument)
    by = _prefixed(" by ", _expressions(counter.by))
    within = "" if counter.within is None else f" within {print_expression(counter.within)}"
    body = "" if counter.body is None else f" if {_block(counter.body)}"
    tools = _tools(counter.tools)
    return f"counter {counter.name} = {counter.aggregate}({argument}) of {tools}{by}{within}{body}"


def _rule(rule: tree.RuleDeclaration) -> str:
    overrides = _prefixed(" overrides ", ", ".join(path.text for path in rule.overrides))
    unless = "" if rule.unless is None else f" unless {_block(rule.unless)}"
    then = _prefixed(" then ", ", ".join(f"{use.name.text}({_arguments(use.arguments)})" for use in rule.then))
    head = f"{rule.verdict} {rule.name}{_to(rule.to)}{overrides}"
    return f"{head} if {_block(rule.body)}{unless}{_because(rule.because)}{then}"


def _test_statement(statement: tree.TestStatement) -> str:
    match statement:
        case tree.CallStatement(tool, arguments):
            return f"call {print_tool(tool)}({_arguments(arguments)})"
        case tree.With():
            return print_declaration(statement)
        case tree.Expect(value, to, by, because):
            text = "" if because is None else f" because {quote(because.value)}"
            rules = _prefixed(" by ", ", ".join(path.text for path in by))
            return f"expect {print_expression(value)}{_to(to)}{rules}{text}"
        case tree.LetStatement():
            return _statement(statement)


# ------------------------------------------------------------------------------------------------------- little things


def _prefixed(prefix: str, text: str) -> str:
    return prefix + text if text else ""


def _to(to: tree.Path | None) -> str:
    return "" if to is None else f" to {to.text}"


def _because(because: tree.Template | None) -> str:
    return "" if because is None else f" because {print_template(because)}"


def print_template(template: tree.Template) -> str:
    """A text for people, in quotes, or in backticks where a hole holds a string.

    A hole holds no escapes. So where the text needs them, the strings in its holes are printed in backticks; a template
    that was parsed never has a string there that can't be.
    """
    parts = [(part, True) if isinstance(part, str) else (print_expression(part), False) for part in template.parts]
    in_holes = any('"' in text for text, said in parts if not said)
    if in_holes and not any(said and needs_escape(text) for text, said in parts):
        inside = (_braces(text) if said else f"{{{text.replace('`', _BACKTICK)}}}" for text, said in parts)
        return f"`{''.join(inside)}`"
    inside = (quote(_braces(text))[1:-1] if said else f"{{{_STRING.sub(_raw, text)}}}" for text, said in parts)
    return f'"{"".join(inside)}"'


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _raw(found: re.Match[str]) -> str:
    return f"`{unquote(found[0])}`"


def _tools(tools: Sequence[ToolName]) -> str:
    return " | ".join(map(print_tool, tools))


def print_tool(tool: ToolName) -> str:
    """The name of a tool, in quotes where it is not made of words."""
    first, *others = tool.name.split(".")
    words = tables().words
    free = words.get(first, "NAME") in tables().first["free_name"]
    return tool.name if free and all(map(_WORD.fullmatch, (first, *others))) else quote(tool.name)


def _annotated(annotations: Iterable[Annotation], declaration: str) -> str:
    return _prefixed_line(" ".join(map(_annotation, annotations)), declaration)


def _prefixed_line(line: str, below: str) -> str:
    return f"{line}\n{below}" if line else below


def _annotation(annotation: Annotation) -> str:
    return f"@{annotation.name}" + (f"({_expressions(annotation.arguments)})" if annotation.arguments else "")


def _braced(lines: Iterable[str]) -> str:
    inside = "".join(f"\n{_INDENT}{line.replace(_LINE, _LINE + _INDENT)}" for line in lines)
    return f"{{{inside}\n}}" if inside else "{}"


def _block(block: Block) -> str:
    return _braced(map(_statement, block))


def _statement(statement: tree.Statement) -> str:
    match statement:
        case tree.Condition(expression):
            return print_expression(expression)
        case tree.SomeStatement(variables, source):
            return f"some {_variables(variables)} in {_expression(source, _UNION)}"
        case tree.LetStatement(name, value):
            return f"let {name} = {print_expression(value)}"


# -------------------------------------------------------------------------------------------------------------- types


def print_type(form: TypeForm) -> str:
    """A type as it is written, on one line."""
    match form:
        case tree.NamedType(name):
            return name.text
        case tree.GenericType(name, arguments):
            return f"{name}[{', '.join(map(print_type, arguments))}]"
        case tree.LiteralType(value):
            return quote(value)
        case tree.UnionType(members):
            return " | ".join(_inner_type(member, tree.UnionType) for member in members)
        case tree.OptionalType(of):
            return f"{_inner_type(of, tree.UnionType, tree.OptionalType)}?"
        case tree.RecordType(fields):
            return f"{{ {_fields(fields)} }}" if fields else "{}"


def _inner_type(form: TypeForm, *bracketed: type) -> str:
    return f"({print_type(form)})" if isinstance(form, bracketed) else print_type(form)


def _fields(fields: Iterable[FieldForm]) -> str:
    return ", ".join(map(_field, fields))


def _field(field: FieldForm) -> str:
    annotations = "".join(f"{_annotation(annotation)} " for annotation in field.annotations)
    return f"{annotations}{field.name}{'?' if field.optional else ''}: {print_type(field.type)}"


# -------------------------------------------------------------------------------------------------------- expressions


def print_expression(expression: Expression) -> str:
    """An expression as it is written, on one line."""
    return _expression(expression, _OR)


def _expression(expression: Expression, lowest: int) -> str:
    text, level = _leveled(expression)
    return text if level >= lowest else f"({text})"


def _expressions(expressions: Iterable[Expression]) -> str:
    return ", ".join(map(print_expression, expressions))


def _leveled(expression: Expression) -> tuple[str, int]:
    """The expression's text and its level in the grammar."""
    match expression:
        case tree.Binary(operator, left, right):
            level, of_left, of_right = _LEVELS[operator]
            return f"{_expression(left, of_left)} {operator} {_right(operator, right, of_right)}", level
        case tree.Unary("not", operand):
            return f"not {_expression(operand, _NOT)}", _NOT
        case tree.Unary(_, operand):
            return f"-{_expression(operand, _SIGNED)}", _SIGNED
        case tree.IsPresent(of, negated):
            return f"{_expression(of, _UNION)} {_is(negated)} present", _COMPARISON
        case tree.IsTool(of, negated, names):
            return f"{_expression(of, _UNION)} {_is(negated)} {' | '.join(map(_alternative, names))}", _COMPARISON
        case tree.IsType(of, negated, form):
            return f"{_expression(of, _UNION)} {_is(negated)} {print_type(form)}", _COMPARISON
        case tree.Has(of, negated, annotation):
            has = "has not" if negated else "has"
            return f"{_expression(of, _UNION)} {has} {_annotation(annotation)}", _COMPARISON
        case _:
            return _operand(expression), _POSTFIX


def _right(operator: str, right: Expression, lowest: int) -> str:
    """The right operand; that of `??` may be negative without parentheses."""
    if operator == "??" and isinstance(right, tree.Unary) and right.operator == "-":
        inner, level = _leveled(right.operand)
        if level >= _POSTFIX:
            return f"-{inner}"
    return _expression(right, lowest)


def _is(negated: bool) -> str:
    return "is not" if negated else "is"


def _alternative(name: ToolName) -> str:
    bare = name.name in _BARE_ALTERNATIVES and name.at.source[:1] not in ('"', "`")
    return name.name if bare else print_tool(name)


def _operand(expression: Operand) -> str:
    match expression:
        case tree.Number(text) | tree.DurationLiteral(text) | tree.TimeLiteral(text):
            return text
        case tree.String(value):
            return quote(value)
        case tree.Boolean(value):
            return "true" if value else "false"
        case tree.Null():
            return "null"
        case tree.VerdictLiteral(verdict):
            return verdict
        case tree.Name(name):
            return name
        case tree.Member(of, name):
            return f"{_expression(of, _POSTFIX)}.{name}"
        case tree.Index(of, key):
            return f"{_expression(of, _POSTFIX)}[{print_expression(key)}]"
        case tree.Call(function, arguments):
            return f"{function.text}({_arguments(arguments)})"
        case tree.Quantifier(kind, variables, source, body):
            inside = _line("; ".join(map(_statement, body)))
            return f"{kind} {_variables(variables)} in {_expression(source, _UNION)} {inside}"
        case tree.Match(arms, otherwise):
            written = [f"{print_expression(arm.condition)} => {print_expression(arm.value)}" for arm in arms]
            last = [] if otherwise is None else [f"else => {print_expression(otherwise)}"]
            return f"match {_line('; '.join(written + last))}"
        case _:
            return _collection(expression)


def _collection(expression: Collection) -> str:
    match expression:
        case tree.ListForm(items):
            return f"[{_expressions(items)}]"
        case tree.Tuple(items):
            return f"({_expressions(items)}{',' if len(items) == 1 else ''})"
        case tree.SetForm(items):
            return f"{{{_expressions(items)}}}"
        case tree.EmptyBraces():
            return "{}"
        case tree.RecordForm(fields):
            return _line(", ".join(f"{name}: {print_expression(value)}" for name, value in fields))
        case tree.MapForm(entries):
            return _line(", ".join(f"{_key(key)}: {print_expression(value)}" for key, value in entries))
        case tree.Comprehension(kind, key, element, generators, conditions):
            entry = "" if key is None else f"{_key(key)}: "
            sources = "".join(
                f" for {_variables(generator.variables)} in {_expression(generator.source, _UNION)}"
                for generator in generators
            )
            guards = "".join(f" if {print_expression(condition)}" for condition in conditions)
            inside = f"{entry}{print_expression(element)}{sources}{guards}"
            return f"[{inside}]" if kind == "list" else f"{{{inside}}}"


def _line(inside: str) -> str:
    return f"{{ {inside} }}" if inside else "{}"


def _key(key: Expression) -> str:
    return quote(key.value) if isinstance(key, tree.String) else f"[{print_expression(key)}]"


def _variables(variables: tree.Variables) -> str:
    return f"{variables.key}, {variables.value}" if variables.key else variables.value


def _arguments(arguments: Iterable[tree.Argument]) -> str:
    return ", ".join(_prefixed_name(argument.name) + print_expression(argument.value) for argument in arguments)


def _prefixed_name(name: str) -> str:
    return f"{name}: " if name else ""
