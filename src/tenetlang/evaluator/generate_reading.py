r"""Reading a request into the tuple of its parts, as generated Python that looks at each part once.

Reading in the general way (`values.reading`, `readers`) is nine tenths of a decision: it copies the request, then types the
copy, by a function call for each part. For an ordinary request neither is needed. Here are, for each tool, the statements
that somebody would write who knows its arguments:

    key0, key1 = record0                              exactly two keys
    if type(key0) is not str or type(key1) is not str: raise Unusual
    part4 = record0["amount"]
    if type(part4) is not int or not -1000000000000000 < part4 < 1000000000000000: part4 = read7(part4)
    part5 = record0["to"]
    if type(part5) is not str: raise Unusual
    …
    text = f"{part0}{part5}"                          no half of a surrogate pair, and not too long
    if len(text if text.isascii() else text.encode()) > 131072: raise Unusual

It takes only what the general way takes, and gives equal values. What it doesn't like it hands to the reader of that part
(`read7`, see `reading_parts.py`) or raises, whatever comes first: then the request is read in the general way, which alone
says what is wrong. Types are exact: a subclass of `str`, as key or value, could answer one thing now and another later.
Each value is looked up once, so another thread that changes the request can't slip in what was not looked at.

*JSON.* msgspec decodes a text straight into objects with the fields of the tool (`shapes.py`), and has looked at types,
surrogates and unknown fields by then. What it does not look at is keys that are there twice. Outside of strings
a document has one colon for each key that it writes. So if it has as many colons as there are fields in what came out, each is
there once; and if strings have the others, none of them written `\u003a`, too. Where there are maps, what came out is written once
more, to count its colons, as `values.reading` does.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from tenetlang.evaluator.layout import Group, Layout, Part, expected, groups
from tenetlang.evaluator.reading_parts import (
    SHORT,
    TEXT,
    Shares,
    Unusual,
    is_single,
    is_texts,
    kept,
    many,
    part_reader,
    top_of,
    undeclared,
)
from tenetlang.evaluator.requests import RequestReader, RequestSchema
from tenetlang.evaluator.runtime import ABSENT, NOTHING
from tenetlang.evaluator.shapes import PARSED, encode
from tenetlang.program import types as t
from tenetlang.python import (
    all_of,
    any_of,
    assign,
    attribute,
    call,
    compare,
    constant,
    if_,
    item,
    load,
    method,
    negated,
    plus,
    raising,
    store,
    strings,
)
from tenetlang.values.numbers import whole
from tenetlang.values.patterns import compile_regex

REQUEST: Final = "request"
_UNPACKED: Final = 8
"""Records of up to so many fields have their keys looked at one by one."""
_NAMES: Final = 2**16
"""Bytes that the names of all fields may have together."""
_INT: Final = 2**62
_DECIMAL: Final = 10**15


@attrs.define
class Reading:
    """The statements in the making, and the values of the names in them.

    `present` names the optional facts of the requests that they are for, None where they are for all; to those with other
    facts they apply `full`. Parts at the positions `absent` have no variables. `late` are the statements that read what takes
    its time, for JSON, of which it is known by then that no key is there twice.
    """

    schema: RequestSchema
    reader: RequestReader
    tool: str
    layout: Layout
    shares: Shares
    json: bool
    present: frozenset[str] | None
    absent: set[int] = attrs.field(factory=set)
    names: dict[str, object] = attrs.field(factory=dict)
    statements: list[ast.stmt] = attrs.field(factory=list)
    texts: list[str] = attrs.field(factory=list)
    late: list[ast.stmt] = attrs.field(factory=list)

    def named(self, value: object) -> ast.expr:
        """A name for the value."""
        name = f"read{len(self.names)}"
        self.names[name] = value
        return load(name)


def local(position: int) -> str:
    """The variable for what stands at a position."""
    return f"part{position}"


def reading(
    schema: RequestSchema,
    reader: RequestReader,
    tool: str,
    layout: Layout,
    present: frozenset[str] | None,
    *,
    json: bool,
) -> Reading | None:
    """Statements that put each part of `request` into its variable; None where a request is too large for that.

    For JSON, `request` has been decoded by `shapes.decoder`, and `data` is its text. `present` as in `Reading`.
    """
    single = sum(is_single(part.type) for part in layout.parts.values())
    lists = sum(is_texts(part.type) for part in layout.parts.values())
    open_records = sum(not group.strict for group in groups(layout))
    shares = Shares(len(layout.parts) - single - lists, single, open_records + 1, lists)
    if sum(len(name) for part in layout.parts.values() for name in part.path) > _NAMES:
        return None
    made = Reading(schema, reader, tool, layout, shares, json, present)
    made.names |= {
        "type": type, "str": str, "int": int, "list": list, "dict": dict, "len": len, "tuple": tuple,
        "Unusual": Unusual, "ABSENT": ABSENT, "NOTHING": NOTHING, "frozenset": frozenset,
    }  # fmt: skip
    _top(made)
    if not json and made.texts:
        text = load("text")
        length = ast.IfExp(method(text, "isascii"), text, method(text, "encode"))
        made.statements += [
            assign("text", strings(made.texts)),
            if_(compare(call("len", length), ast.Gt(), constant(TEXT)), [raising("Unusual")]),
        ]
    return made


# ------------------------------------------------------------------------------------------------------------- records


def _top(made: Reading) -> None:
    layout = made.layout
    fields = expected(layout, made.present)
    for field in layout.top:
        if field not in fields:
            made.absent |= set(_positions(field))
    names = [field.path[0] for field in fields]
    if layout.arguments is not None:
        names.append("tool")
        made.statements.append(assign(local(layout.tool), constant(made.tool)))
        made.statements.append(assign(local(layout.origins), load("NOTHING")))
    optional = [field for field in fields if field.optional and made.present is None]
    if made.json:
        if layout.arguments is not None:
            said = attribute(load(REQUEST), f"f{len(fields)}")
            made.statements.append(if_(compare(said, ast.NotEq(), constant(made.tool)), [raising("Unusual")]))
        made.statements.append(assign("keys", constant(len(names) - len(optional))))
        for number, field in enumerate(fields):
            made.statements += _field(made, field, REQUEST, number, sure=made.present is not None)
        made.statements += [*_counted(made), *made.late]
        return
    different = compare(call("len", load(REQUEST)), ast.NotEq(), constant(len(names)))
    if made.present is not None:
        made.statements.append(if_(different, [_full()]))
    made.statements += _keys(names, optional)
    for number, field in enumerate(fields):
        made.statements += _field(made, field, REQUEST, number, sure=made.present is not None)
    if made.present is None:
        look = made.named(top_of(made.reader, names, made.tool, made.shares))
        looked = ast.Call(look, [load(REQUEST)], [])
        others = ast.Expr(looked) if layout.arguments is None else assign(local(layout.origins), looked)
        different = compare(call("len", load(REQUEST)), ast.NotEq(), _present(len(names), fields))
        made.statements.append(if_(different, [others]))


def _full() -> ast.stmt:
    """Goes on with the statements that are for all requests."""
    return ast.Return(call("full", load(REQUEST)))


def _positions(field: Part | Group) -> Iterator[int]:
    """The positions of a field and of all in it."""
    if field.position >= 0:
        yield field.position
    if isinstance(field, Group):
        for inner in field.fields:
            yield from _positions(inner)


def _present(number: int, fields: list[Part | Group]) -> ast.expr:
    """How many of these fields are there, of `number` in all."""
    optional = [field for field in fields if field.optional]
    count: ast.expr = constant(number - len(optional))
    for field in optional:
        count = plus(count, compare(load(local(field.position)), ast.IsNot(), load("ABSENT")))
    return count


def _keys(
    names: list[str], optional: list[Part | Group], record: str = REQUEST, *, loop: bool = False
) -> list[ast.stmt]:
    """Statements that see to it that all keys are strings; where they say one by one, also how many there are."""
    if loop or not names or optional or len(names) > _UNPACKED:
        test = compare(call("type", load("key")), ast.IsNot(), load("str"))
        return [ast.For(store("key"), load(record), [if_(test, [raising("Unusual")])], [])]
    found = [f"key{number}" for number in range(len(names))]
    unpacked = ast.Assign([ast.Tuple([store(name) for name in found], ast.Store())], load(record))
    tests = [compare(call("type", load(name)), ast.IsNot(), load("str")) for name in found]
    return [unpacked, if_(any_of(tests), [raising("Unusual")])]


def _group(made: Reading, group: Group, record: str) -> list[ast.stmt]:
    """Statements that read the record in this variable."""
    fields = list(group.fields)
    if made.json:
        required = sum(not field.optional for field in fields)
        statements: list[ast.stmt] = [_more_keys(constant(required))] if required else []
        for number, field in enumerate(fields):
            statements += _field(made, field, record, number)
        return statements
    names = [field.path[-1] for field in fields]
    optional = [field for field in fields if field.optional]
    statements = [if_(compare(call("type", load(record)), ast.IsNot(), load("dict")), [raising("Unusual")])]
    counted = bool(optional) or not 0 < len(fields) <= _UNPACKED
    if group.strict:
        statements += _keys(names, optional, record)
        refuse: ast.stmt = raising("Unusual")
    else:
        look = made.named(undeclared(names, len(group.path), made.shares))
        refuse = ast.Expr(ast.Call(look, [load(record)], []))
        if counted:
            statements += _keys(names, optional, record)
        else:
            exactly = compare(call("len", load(record)), ast.Eq(), constant(len(names)))
            statements.append(ast.If(exactly, _keys(names, optional, record), [refuse]))
    for number, field in enumerate(fields):
        statements += _field(made, field, record, number)
    if counted:
        statements.append(if_(compare(call("len", load(record)), ast.NotEq(), _present(len(names), fields)), [refuse]))
    return statements


def _more_keys(number: ast.expr) -> ast.stmt:
    return ast.AugAssign(store("keys"), ast.Add(), number)


def _field(made: Reading, field: Part | Group, record: str, number: int, *, sure: bool = False) -> list[ast.stmt]:
    """Statements that get a field of the record in this variable, and read it. `sure`: where it is not there, `full` goes on."""
    name = local(field.position) if isinstance(field, Part) else f"record{_number(made, field)}"
    if made.json:
        found: ast.expr = attribute(load(record), f"f{number}")
    elif field.optional:
        found = method(load(record), "get", constant(field.path[-1]), load("ABSENT"))
    else:
        found = item(load(record), constant(field.path[-1]))
    read = _part(made, field, name) if isinstance(field, Part) else _group(made, field, name)
    statements: list[ast.stmt] = [assign(name, found)]
    if not field.optional:
        return [*statements, *read]
    if sure:
        if isinstance(field, Group):
            statements.append(assign(local(field.position), constant(True)))
        if not made.json:
            statements.append(if_(compare(load(name), ast.Is(), load("ABSENT")), [_full()]))
        return [*statements, *read]
    if made.json:
        read = [_more_keys(constant(1)), *read]
    missing = [] if isinstance(field, Part) else [*_absent(field), assign(local(field.position), load("ABSENT"))]
    if isinstance(field, Group):
        read = [assign(local(field.position), constant(True)), *read]
    missing += [assign(text, constant("")) for text in _texts(made, field)]
    there = compare(load(name), ast.IsNot(), load("ABSENT"))
    return [*statements, ast.If(there, read or [ast.Pass()], missing)]


def _number(made: Reading, group: Group) -> int:
    """A number of its own for each record."""
    return next(number for number, known in enumerate(groups(made.layout)) if known is group)


def _absent(group: Group) -> Iterator[ast.stmt]:
    """No part of a record that is not there is there."""
    for field in group.fields:
        yield assign(local(field.position), load("ABSENT")) if field.position >= 0 else ast.Pass()
        if isinstance(field, Group):
            yield from _absent(field)


def _texts(made: Reading, field: Part | Group) -> list[str]:
    """The variables that hold texts of a field."""
    if isinstance(field, Group):
        return [text for inner in field.fields for text in _texts(made, inner)]
    return [text for text in (f"text{field.position}",) if text in made.texts]


# --------------------------------------------------------------------------------------------------------------- parts


def _part(made: Reading, part: Part, name: str) -> list[ast.stmt]:
    refinement = part.refinement
    inline = part.type in (t.INT, t.DECIMAL, t.STRING) or is_texts(part.type)
    strict = part.path[0] in {"args", "counters"}
    read = part_reader(
        made.schema, part.type, None if inline else refinement, len(part.path), made.shares, strict=strict
    )
    statements = list(_read(made, part, name, read))
    if inline and refinement is not None:
        statements += _refined(made, part, name, refinement)
    return statements


def _read(made: Reading, part: Part, name: str, read: Callable[[object], object]) -> Iterator[ast.stmt]:
    value = load(name)
    exact = call("type", value)
    match part.type:
        case t.Scalar("string" | "tool"):
            if not made.json:
                yield if_(compare(exact, ast.IsNot(), load("str")), [raising("Unusual")])
            yield _text(made, part, value)
        case t.UnionType(literals) if part.refinement is None:
            among = compare(value, ast.NotIn(), made.named(frozenset(literals)))
            tests = [among] if made.json else [compare(exact, ast.IsNot(), load("str")), among]
            yield if_(any_of(tests), [raising("Unusual")])
        case t.Scalar("bool") if part.refinement is None:
            if not made.json:
                tests = [compare(value, ast.IsNot(), constant(truth)) for truth in (True, False)]
                yield if_(all_of(tests), [raising("Unusual")])
        case t.Scalar("int" | "decimal"):
            most = _INT if part.type == t.INT else _DECIMAL
            within = ast.Compare(constant(-most), [ast.Lt(), ast.Lt()], [value, constant(most)])
            other = any_of([compare(exact, ast.IsNot(), load("int")), negated(within)])
            yield if_(other, [assign(name, ast.Call(made.named(read), [value], []))])
        case t.ListType(t.STRING) | t.SetType(t.STRING):
            yield from _read_texts(made, part, name, read)
        case t.Scalar(scalar) if scalar in PARSED and part.refinement is None:
            if made.json:
                yield _text(made, part, value)
            yield assign(name, ast.Call(made.named(kept(read)), [value], []))
        case t.ListType(t.Scalar(scalar)) | t.SetType(t.Scalar(scalar)) if scalar in PARSED and part.refinement is None:
            limits = made.shares.part(part.type, len(part.path))
            make = tuple if isinstance(part.type, t.ListType) else frozenset
            one = kept(part_reader(made.schema, t.Scalar(scalar), None, len(part.path) + 1, made.shares, strict=True))
            several = many(read, one, make, min(limits.size // SHORT, limits.values - 1))
            yield from _later(made, name, several)
        case _:
            yield from _later(made, name, read)


def _later(made: Reading, name: str, read: Callable[[object], object]) -> Iterator[ast.stmt]:
    """Reads a part that may have keys of its own."""
    reading_ = assign(name, ast.Call(made.named(read), [load(name)], []))
    if not made.json:
        yield reading_
        return
    made.late.append(if_(compare(load(name), ast.IsNot(), load("ABSENT")), [reading_]))


def _text(made: Reading, part: Part, value: ast.expr) -> ast.stmt:
    """Looks at the text with all others, at the end. A required one needs no further variable, unless it is parsed."""
    name = f"text{part.position}"
    if isinstance(value, ast.Name) and part.type == t.STRING and not _within_optional(made, part):
        made.texts.append(value.id)
        return ast.Pass()
    made.texts.append(name)
    return assign(name, value)


def _within_optional(made: Reading, part: Part) -> bool:
    """Whether the part, or a record that it is in, may be absent."""
    return part.optional or any(
        group.optional and part.path[: len(group.path)] == group.path for group in groups(made.layout)
    )


def _read_texts(made: Reading, part: Part, name: str, read: Callable[[object], object]) -> Iterator[ast.stmt]:
    value = load(name)
    text = f"text{part.position}"
    made.texts.append(text)
    joined = assign(text, method(constant(""), "join", value))
    if made.json:
        yield joined
        return
    many_ = compare(call("len", value), ast.Gt(), constant(made.shares.members))
    wrong = compare(call("type", load("member")), ast.IsNot(), load("str"))
    listed: list[ast.stmt] = [
        assign(name, ast.Tuple([ast.Starred(value, ast.Load())], ast.Load())),
        if_(many_, [raising("Unusual")]),
        ast.For(store("member"), value, [if_(wrong, [raising("Unusual")])], []),
        joined,
    ]
    other = [assign(name, ast.Call(made.named(read), [value], [])), assign(text, constant(""))]
    yield ast.If(compare(call("type", value), ast.Is(), load("list")), listed, other)


def _refined(made: Reading, part: Part, name: str, refinement: t.Refinement) -> Iterator[ast.stmt]:
    value = load(name)
    wrong: list[ast.expr] = []
    if part.type in (t.INT, t.DECIMAL):
        if refinement.minimum is not None:
            wrong.append(compare(value, ast.Lt(), made.named(whole(refinement.minimum))))
        if refinement.maximum is not None:
            wrong.append(compare(value, ast.Gt(), made.named(whole(refinement.maximum))))
    elif part.type == t.STRING:
        if refinement.pattern is not None:
            matches = compile_regex(refinement.pattern).matches
            wrong.append(negated(ast.Call(made.named(matches), [value], [])))
        wrong += _outside(value, refinement.length)
    else:
        if isinstance(part.type, t.SetType) and refinement.items is not None:
            yield assign(name, call("frozenset", value))
        wrong += _outside(value, refinement.items)
    if wrong:
        yield if_(any_of(wrong), [raising("Unusual")])


def _outside(value: ast.expr, bounds: tuple[int, int] | None) -> list[ast.expr]:
    if bounds is None:
        return []
    within = ast.Compare(constant(bounds[0]), [ast.LtE(), ast.LtE()], [call("len", value), constant(bounds[1])])
    return [negated(within)]


# ---------------------------------------------------------------------------------------------------------------- JSON


def _counted(made: Reading) -> list[ast.stmt]:
    """Each key is there once: as many colons as keys, or as keys and colons in strings, or as in what came out, written again."""
    colons, keys = load("colons"), load("keys")
    within = method(strings(made.texts), "count", constant(":")) if made.texts else constant(0)
    again = method(call("encode", load(REQUEST)), "count", constant(b":"))
    different = [compare(colons, ast.NotEq(), number) for number in (plus(keys, within), again)]
    wrong = [compare(constant(b"\\u003"), ast.In(), load("data")), all_of(different)]
    made.names["encode"] = encode
    return [
        assign("colons", method(load("data"), "count", constant(b":"))),
        if_(compare(colons, ast.NotEq(), keys), [if_(any_of(wrong), [raising("Unusual")])]),
    ]
