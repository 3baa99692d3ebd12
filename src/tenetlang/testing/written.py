"""From a request, its documents and what is expected of it to a `test` as an author would write it.

`situation` (`requests.py`) reads a test into a request; this is the way back. What a test leaves unsaid is what a new
session looks like, so that is what is left out here: counters at 0, an empty session, empty documents. Values are
written by the type of their place: a set in braces, an email as text, a decimal with the places that the policy's own
numbers have (`50.00`, not `50`).

A test is kept in parts (`Written`) until it is printed, so that several can become the rows of a table, and lines that all
share can move to the top of their file. Whoever shows one to people has run it before (`trial.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from tenetlang.evaluator.requests import empty_document
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import Program
from tenetlang.syntax import tree
from tenetlang.syntax.literals import quote
from tenetlang.syntax.print import print_tool
from tenetlang.testing.requests import beginning
from tenetlang.testing.walk import nodes
from tenetlang.text import Span, Text
from tenetlang.values.numbers import decimal_text

WIDTH: Final = 120
_INDENT: Final = "    "
_MOST_PLACES: Final = 4
_FIRST: Final = frozenset({"id", "name", "kind", "tool"})
"""Fields that a person writes before the others."""
_NOWHERE: Final = Span(Text("", ""), 0, 0)


class Unwritable(ValueError):
    """A request that no test can say; the message is the path of what is in the way."""


@frozen
class Group:
    """A form in brackets; on one line where it fits."""

    open: str
    items: tuple[Form, ...]
    close: str


@frozen
class Labelled:
    """`name: value`."""

    label: str
    value: Form


Form: TypeAlias = "str | Group | Labelled"


@frozen
class Written:
    """A test in its parts. `settings` are its `with` lines; `variables` and `rows` are its table, where it has one.

    The arguments, settings and `expect` of a table speak of its variables.
    """

    name: str
    tool: str | None
    arguments: tuple[tuple[str, Form], ...]
    settings: tuple[tuple[str, Form], ...]
    expect: str
    variables: tuple[str, ...] = ()
    rows: tuple[tuple[Form, ...], ...] = ()


def written(
    program: Program,
    name: str,
    request: Mapping[str, object],
    documents: Mapping[str, object],
    expect: str,
    forms: Forms | None = None,
) -> Written:
    """The test of this name for a request, as JSON values, and documents, by `package.name`. Raises `Unwritable`.

    `expect` is what `expected` gives; `forms` is what `forms_of` gives, where there are many tests to write.
    """
    forms = forms or forms_of(program)
    tool = request.get("tool") if program.uses_tools else None
    arguments: list[tuple[str, Form]] = []
    if isinstance(tool, str):
        declared = program.tools.get(tool)
        given = request.get("args", {})
        if declared is None or not isinstance(given, dict):
            raise Unwritable("tool")
        arguments = list(forms.fields(declared.parameters, given, "args"))
        order = declared.at.text.content[declared.at.end :]
        arguments.sort(key=lambda item: _place_in(order, item[0]))
    settings = (*_facts(program, forms, request), *_documents(program, forms, documents))
    return Written(name, tool if isinstance(tool, str) else None, tuple(arguments), settings, expect)


def expected(verdict: str, by: Sequence[str] = (), to: Iterable[str] = ()) -> str:
    """`escalate to desk by large`: what the test expects. Of several reviewers the first is named."""
    asked = sorted(to)
    reviewers = f" to {asked[0]}" if asked else ""
    return f"{verdict}{reviewers}" + (f" by {', '.join(by)}" if by else "")


def written_text(test: Written) -> str:
    """The test as Tenet text, with a line break at the end."""
    head = f"test {quote(test.name)}"
    if test.variables:
        rows = tuple(_row(row) for row in test.rows)
        head = f"{head} for {', '.join(test.variables)} in {_laid_out(Group('[', rows, ']'), '', len(head) + 10)}"
    lines = [f"{head} {{"]
    if test.tool is not None:
        call = print_tool(tree.ToolName(test.tool, _NOWHERE))
        items = tuple(Labelled(name, form) for name, form in test.arguments)
        lines.append(f"{_INDENT}call {call}{_laid_out(Group('(', items, ')'), _INDENT, 9 + len(call))}")
    lines += [f"{_INDENT}{line}" for line in map(setting_text, test.settings)]
    lines += [f"{_INDENT}expect {test.expect}", "}"]
    return "\n".join(lines) + "\n"


def setting_text(setting: tuple[str, Form], indent: str = _INDENT) -> str:
    """A `with` line without its indent; the lines that it may go on in have it."""
    target, form = setting
    return f"with {target} = {_laid_out(form, indent, len(indent) + len(target) + 8)}"


# ----------------------------------------------------------------------------------------------------------------- forms


@attrs.define
class Forms:
    """Writes values of one program; decimals have at least so many `places`."""

    program: Program
    places: int

    def value(self, type_: t.Type, given: object, path: str) -> Form:
        """The JSON value as the author would write it where the type is wanted. Raises `Unwritable`."""
        match type_, given:
            case t.OptionalType(of), _:
                return self.value(of, given, path)
            case t.Scalar("json"), _:
                return self.json(given, path)
            case t.Scalar("bool"), bool():
                return "true" if given else "false"
            case t.Scalar("decimal"), int() | Decimal():
                return self.decimal(given)
            case t.Scalar("int"), int() | Decimal():
                return decimal_text(given)
            case t.Scalar("time" | "duration"), str():
                return given.removesuffix("T00:00:00Z")
            case ((t.Scalar() | t.UnionType()), str()):
                return quote(given)
            case t.ListType(of), list():
                return Group("[", tuple(self.value(of, item, path) for item in given), "]")
            case t.SetType(of), list():
                return Group("{", tuple(self.value(of, item, path) for item in given), "}")
            case t.MapType(_, of), dict():
                items = [Labelled(quote(str(key)), self.value(of, item, path)) for key, item in given.items()]
                return Group("{", tuple(items), "}")
            case t.RecordType(), dict():
                items = [Labelled(name, form) for name, form in self.fields(type_, given, path)]
                return Group("{ ", tuple(items), " }") if items else Group("{", (), "}")
            case _:
                raise Unwritable(path)

    def fields(self, record: t.RecordType, given: Mapping[str, object], path: str) -> Iterator[tuple[str, Form]]:
        """The fields of a record as they are given."""
        for name in sorted(given, key=lambda name: (name not in _FIRST, list(given).index(name))):
            item, declared = given[name], record.field(name)
            if declared is None:
                continue
            if declared.type == t.ARGUMENTS:
                tool = self.program.tools.get(str(given.get("tool")))
                if tool is None or not isinstance(item, dict):
                    raise Unwritable(f"{path}.{name}")
                yield name, self.value(tool.parameters, item, f"{path}.{name}")
            else:
                yield name, self.value(declared.type, item, f"{path}.{name}")

    def json(self, given: object, path: str) -> Form:
        """Any JSON value where `json` is wanted."""
        match given:
            case None:
                return "null"
            case bool():
                return "true" if given else "false"
            case int() | Decimal():
                return decimal_text(given)
            case str():
                return quote(given)
            case list():
                return Group("[", tuple(self.json(item, path) for item in given), "]")
            case dict():
                items = [Labelled(quote(str(key)), self.json(item, path)) for key, item in given.items()]
                return Group("{", tuple(items), "}")
            case _:
                raise Unwritable(path)

    def decimal(self, given: int | Decimal) -> str:
        """The number with its places, and with zeros behind it up to those that the policy's numbers have."""
        whole, _, fraction = decimal_text(given).partition(".")
        fraction = fraction.ljust(self.places, "0")
        return f"{whole}.{fraction}" if fraction else whole


def forms_of(program: Program) -> Forms:
    """What writes values as this program does."""
    return Forms(program, places_of(program))


def places_of(program: Program) -> int:
    """The places that most decimals of the policy are written with; 2 where there are none."""
    counted: Counter[int] = Counter()
    rules = [(rule.body, rule.exception or ()) for package in program.packages for rule in package.rules]
    values = [definition.value for definition in program.definitions.values()]
    for node in nodes((*rules, *values)):
        if isinstance(node, core.Constant) and node.type == t.DECIMAL and isinstance(node.value, Decimal):
            _, _, fraction = node.at.source.partition(".")
            counted[len(fraction.replace("_", ""))] += 1
    counted.pop(0, None)
    most = max(counted, key=lambda places: (counted[places], -places), default=2)
    return min(most, _MOST_PLACES)


def _place_in(declaration: str, name: str) -> int:
    """Where the parameter stands in its declaration: the fields of a record are sorted, the arguments of a call are not."""
    found = re.search(rf"(?<![\w.\"]){re.escape(name)}\??\s*:", declaration)
    return len(declaration) if found is None else found.start()


# ----------------------------------------------------------------------------------------------------------- `with` lines


def _facts(program: Program, forms: Forms, request: Mapping[str, object]) -> Iterator[tuple[str, Form]]:
    for name, fact in program.facts.items():
        if name not in request:
            continue
        given = request[name]
        begun = beginning(fact.type) if name == "session" else None
        if isinstance(begun, dict) and isinstance(given, dict) and isinstance(fact.type, t.RecordType):
            changed = {field: item for field, item in given.items() if begun.get(field) != item}
            for field, form in forms.fields(fact.type, changed, name):
                yield f"{name}.{field}", form
        else:
            yield name, forms.value(fact.type, given, name)
    origins = request.get("origins")
    for name, origin in origins.items() if isinstance(origins, dict) else ():
        yield f"origins.{name}", forms.json(origin, f"origins.{name}")
    counters = request.get("counters")
    counted = counters if isinstance(counters, dict) else {}
    for counter in program.counters:
        given = counted.get(counter.name, 0)
        if given != 0:
            yield counter.name, forms.value(counter.type, given, counter.name)
    approvals = request.get("approvals")
    if isinstance(approvals, list) and approvals:
        names = tuple(str(item["reviewers"]) for item in approvals if isinstance(item, dict))
        yield "approvals", Group("[", names, "]")


def _documents(program: Program, forms: Forms, documents: Mapping[str, object]) -> Iterator[tuple[str, Form]]:
    names = Counter(data.name for data in program.data)
    for data in program.data:
        full = f"{data.package}.{data.name}"
        given = documents.get(full)
        if full not in documents or given == empty_document(data.type):
            continue
        word = "" if names[data.name] == 1 or data.package == program.entry else f"{data.package.rpartition('.')[2]}."
        yield f"{word}data.{data.name}", forms.value(data.type, given, full)


# ---------------------------------------------------------------------------------------------------------------- layout


def flat(form: Form) -> str:
    """The form on one line."""
    match form:
        case str():
            return form
        case Labelled(label, value):
            return f"{label}: {flat(value)}"
        case Group(opening, items, closing):
            return f"{opening}{', '.join(map(flat, items))}{closing}"


def _laid_out(form: Form, indent: str, used: int) -> str:
    """The form on one line where it fits behind `used` characters; else one of its items on each line."""
    line = flat(form)
    if used + len(line) <= WIDTH or isinstance(form, str):
        return line
    match form:
        case Labelled(label, value):
            return f"{label}: {_laid_out(value, indent, used + len(label) + 2)}"
        case Group(opening, items, closing) if items:
            inner = indent + _INDENT
            lines = "".join(f"{inner}{_laid_out(item, inner, len(inner) + 1)},\n" for item in items)
            return f"{opening.strip()}\n{lines}{indent}{closing.strip()}"
        case _:
            return line


def _row(row: tuple[Form, ...]) -> Form:
    return row[0] if len(row) == 1 else Group("(", row, ")")


__all__ = [
    "Form",
    "Forms",
    "Group",
    "Labelled",
    "Unwritable",
    "Written",
    "expected",
    "flat",
    "forms_of",
    "places_of",
    "setting_text",
    "written",
    "written_text",
]
