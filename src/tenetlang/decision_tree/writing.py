"""Writing a policy as its canonical JSON: one generated function for each class, which gives the text of a node.

A policy of ten thousand rules is a million nodes and seventeen megabytes, and its digest is over all of them: writing is what
compiling takes longest for after parsing and checking. A function that looks at each field's annotation again, a `dict`
for each node and a sort of its keys were three quarters of that. All this is the same for all nodes of a class:

    def write(w, v):                                              class Condition: expression, text, at
        f0 = writers[type(v.expression)](w, v.expression)
        f1 = string(v.text)
        f2 = w.place(v.at)
        return f'{{"at":{f2},"expression":{f0},"is":"Condition","text":{f1}}}'

Fields are gone through in the order of the class, because types and files are numbered in the order in which they are met; the
text has them in the order of their names. Functions are made as `ast` nodes, when a class is first met. `docs/ir.md` says what
stands for what; that the bytes are those of a plain JSON encoder that goes by the page is in the tests.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import Annotated, Final, Literal, TypeAlias, Union, get_args, get_origin

import attrs

from tenetlang import python
from tenetlang.decision_tree.fields import defaults_of, hints_of, is_node, is_numbered
from tenetlang.decision_tree.values_form import value_text
from tenetlang.text import Span, Text

Writer: TypeAlias = Callable[["Writing", object], str]

string: Final[Callable[[str], str]] = encode_basestring_ascii
"""A text in quotes, as JSON in ASCII."""

WRITING: Final = "w"
VALUE: Final = "v"


@attrs.define
class Writing:
    """The tables that grow while a policy is written: files and types, numbered as they are met."""

    files: dict[str, int] = attrs.field(factory=dict)
    types: dict[str, str] = attrs.field(factory=dict)
    _numbers: dict[int, str] = attrs.field(factory=dict)
    _places: dict[int, tuple[str, Text]] = attrs.field(factory=dict)

    def type_number(self, type_: object) -> str:
        """The number of a type in the table."""
        number = self._numbers.get(id(type_))
        if number is None:
            text = _WRITERS[type(type_)](self, type_)
            number = self._numbers[id(type_)] = self.types.setdefault(text, str(len(self.types)))
        return number

    def place(self, span: Span) -> str:
        """`[file, line, column]`."""
        text = span.text
        begun = self._places.get(id(text))
        if begun is None:
            number = self.files.setdefault(text.name, len(self.files))
            begun = self._places[id(text)] = (f"[{number}", text)
        line, column = text.position(span.start)
        return f"{begun[0]},{line},{column}]"


def written(writing: Writing, node: object) -> str:
    """The text of a node; the tables have what it refers to."""
    return _WRITERS[type(node)](writing, node)


class _Writers(dict[type, Writer]):
    """By class, made when first met. What is no node of a policy is a value in it."""

    def __missing__(self, kind: type) -> Writer:
        self[kind] = _class_writer(kind) if is_node(kind) else _value
        return self[kind]


def _value(_: Writing, value: object) -> str:
    return value_text(value)


def _number(_: Writing, value: object) -> str:
    """A number of a policy's own fields, which has no bounds that JSON does not have."""
    return str(value)


def _a_value(value: object) -> str:
    """A value of the language; texts are most of them. A host or a path is a text of another class, and not itself."""
    return value_text(value) if type(value) is not str else string(value)


_WRITERS: Final = _Writers({int: _number, type(None): lambda *_: "null"})


def _names(value: frozenset[str]) -> str:
    return "[" + ",".join(map(string, sorted(value))) + "]"


def _mask(value: int) -> str:
    return f'"{value:x}"'


_NAMES: Final[Mapping[str, object]] = {
    "__builtins__": {},
    "int": str,
    "join": ",".join,
    "mask": _mask,
    "names": _names,
    "sorted": sorted,
    "string": string,
    "type": type,
    "value": _a_value,
    "writers": _WRITERS,
}

# ------------------------------------------------------------------------------------------------- generating functions


def _class_writer(kind: type) -> Writer:
    fields = defaults_of(kind)
    hints = hints_of(kind)
    namespace: dict[str, object] = dict(_NAMES)
    body: list[ast.stmt] = []
    pieces = {"is": python.constant(f'"is":{string(kind.__name__)}')}
    for number, (name, default) in enumerate(fields.items()):
        key = f"{string(name)}:"
        text = ast.JoinedStr([python.constant(key), _shown(_field_text(kind, name, hints))])
        comma = python.constant(",")
        text.values = [comma, *text.values] if name > "is" else [*text.values, comma]
        found: ast.expr = text
        if default is not attrs.NOTHING:
            namespace[f"d{number}"] = default
            same = python.compare(python.attribute(python.load(VALUE), name), ast.Is(), python.load(f"d{number}"))
            found = ast.IfExp(same, python.constant(""), text)
        body.append(python.assign(f"f{number}", found))
        pieces[name] = python.load(f"f{number}")
    parts = [pieces[name] if name == "is" else _shown(pieces[name]) for name in sorted(pieces)]
    body.append(ast.Return(ast.JoinedStr([python.constant("{"), *parts, python.constant("}")])))
    tree = ast.Module([python.function("write", [WRITING, VALUE], body)], [])
    exec(compile(ast.fix_missing_locations(tree), f"<writing {kind.__name__}>", "exec"), namespace)  # noqa: S102
    made = namespace["write"]
    assert callable(made)
    return made


def _shown(text: ast.expr) -> ast.expr:
    return ast.FormattedValue(text, -1)


def _field_text(kind: type, name: str, hints: Mapping[str, object]) -> ast.expr:
    value = python.attribute(python.load(VALUE), name)
    hint = hints[name]
    if is_numbered(kind, hint):
        return python.method(python.load(WRITING), "type_number", value)
    return _text(hint, value, 0)


def _text(hint: object, value: ast.expr, depth: int) -> ast.expr:
    """An expression for the text of what has this annotation. `depth` is that of the loops around it."""
    if hint is Span:
        return python.method(python.load(WRITING), "place", value)
    if hint is object:
        return python.call("value", value)
    if isinstance(hint, type) and hint in {str, int}:
        return python.call("string" if hint is str else "int", value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return python.call("string", value)
    if origin is Annotated:
        return python.call("mask", value)
    if origin in {Union, types.UnionType}:
        return _union_text(arguments, value, depth)
    if origin is tuple and arguments[1:] != (Ellipsis,):
        items = [
            _text(argument, python.item(value, python.constant(number)), depth)
            for number, argument in enumerate(arguments)
        ]
        return _between("[", "]", items)
    if origin is tuple or origin is Sequence:
        item = f"i{depth}"
        inner = _text(arguments[0], python.load(item), depth + 1)
        return _joined("[", "]", inner, python.store(item), value)
    if origin is frozenset:
        return python.call("names", value)
    if origin is Mapping:
        key, item = f"k{depth}", f"i{depth}"
        inner = ast.JoinedStr(
            [
                _shown(python.call("string", python.load(key))),
                python.constant(":"),
                _shown(_text(arguments[1], python.load(item), depth + 1)),
            ]
        )
        pairs = python.call("sorted", python.method(value, "items"))
        return _joined("{", "}", inner, ast.Tuple([python.store(key), python.store(item)], ast.Store()), pairs)
    return _by_kind(value)


def _by_kind(value: ast.expr) -> ast.expr:
    writer = python.item(python.load("writers"), python.call("type", value))
    return ast.Call(writer, [python.load(WRITING), value], [])


def _union_text(arguments: tuple[object, ...], value: ast.expr, depth: int) -> ast.expr:
    """Classes, texts and numbers by what the value is; what has no class of its own, as a tuple, is all else but None."""
    (*others,) = (argument for argument in arguments if not isinstance(argument, type) or argument is Span)
    if not others:
        return _by_kind(value)
    assert set(arguments) - set(others) <= {types.NoneType}, arguments
    assert len(others) == 1, arguments
    nothing = python.compare(value, ast.Is(), python.constant(None))
    return ast.IfExp(nothing, python.constant("null"), _text(others[0], value, depth))


def _between(opening: str, closing: str, items: Sequence[ast.expr]) -> ast.expr:
    parts: list[ast.expr] = [python.constant(opening)]
    for number, item in enumerate(items):
        parts += [python.constant(","), _shown(item)] if number else [_shown(item)]
    return ast.JoinedStr([*parts, python.constant(closing)])


def _joined(opening: str, closing: str, item: ast.expr, each: ast.expr, values: ast.expr) -> ast.expr:
    """The texts of all items with commas between them."""
    listed = ast.ListComp(item, [ast.comprehension(each, values, [], 0)])
    return _between(opening, closing, [python.call("join", listed)])
