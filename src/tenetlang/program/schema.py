"""Types as written, into types: names looked up, records sorted, unions flattened, refinements read.

Declared types are taken in an order of dependence, so that a name is resolved once and never recursively; a type that
contains itself is a circle and is reported. What a type unfolds to is bounded, because types are compared by structure
and a chain of pairs of pairs would grow beyond all bounds.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from tenetlang.program import graph
from tenetlang.program import types as t
from tenetlang.program.annotations import read_annotations, refinement
from tenetlang.program.names import FileScope, Symbol, find, symbol_at
from tenetlang.program.relations import LARGEST_TYPE
from tenetlang.program.world import World
from tenetlang.syntax import tree

SCALARS: dict[str, t.Scalar] = {
    scalar.name: scalar
    for scalar in (
        t.BOOL, t.INT, t.DECIMAL, t.STRING, t.TIME, t.DURATION, t.IP, t.CIDR, t.URL, t.EMAIL, t.HOST, t.PATH,
        t.SEMVER, t.JSON, t.GLOB, t.REGEX,
    )
}  # fmt: skip
_LIBRARY_SCALARS = {"tool": t.TOOL, "arguments": t.ARGUMENTS}
_GENERICS = {"list": 1, "set": 1, "map": 2}


def resolve_declared_types(world: World) -> None:
    """Give every declared type its meaning, those that others need first."""
    symbols = {
        f"{package.name}.{symbol.name}": symbol for package in world.packages.values() for symbol in package.all("type")
    }
    edges = {name: list(_types_used(world, symbol)) for name, symbol in symbols.items()}
    order = graph.order(edges)
    for circle in order.circles:
        symbol = symbols[circle[0]]
        shown = " → ".join(symbols[name].name for name in (*circle, circle[0]))
        world.notes.add("recursion", symbol.at, name=symbol.name, cycle=shown if len(circle) > 1 else None)
    sizes: dict[str, int] = {}
    for name in order.names:
        symbol = symbols[name]
        declaration = symbol.declaration
        assert isinstance(declaration, tree.TypeDeclaration)
        read_annotations(world.notes, declaration.annotations, "declaration")
        size = _written_size(declaration.type) + sum(sizes.get(used, 1) for used in edges[name])
        sizes[name] = min(size, LARGEST_TYPE + 1)
        if name in order.circular:
            world.types[name] = t.Unknown()
        elif size > LARGEST_TYPE:
            world.notes.add("recursion", symbol.at, "large", name=symbol.name, limit=f"{LARGEST_TYPE:,}")
            world.types[name] = t.Unknown()
        else:
            world.types[name] = _named(resolve(world, symbol.file, declaration.type), symbol.name)


def _named(type_: t.Type, name: str) -> t.Type:
    if isinstance(type_, t.RecordType | t.UnionType) and not type_.name:
        return attrs.evolve(type_, name=name)
    return type_


def _forms(form: tree.TypeForm) -> Iterator[tree.TypeForm]:
    """The form and all forms inside it."""
    pending = [form]
    while pending:
        current = pending.pop()
        yield current
        match current:
            case tree.GenericType(_, arguments):
                pending.extend(arguments)
            case tree.UnionType(members):
                pending.extend(members)
            case tree.OptionalType(of):
                pending.append(of)
            case tree.RecordType(fields):
                pending.extend(field.type for field in fields)
            case tree.NamedType() | tree.LiteralType():
                pass


def _written_size(form: tree.TypeForm) -> int:
    return sum(1 for _ in _forms(form))


def _types_used(world: World, symbol: Symbol) -> Iterator[str]:
    declaration = symbol.declaration
    assert isinstance(declaration, tree.TypeDeclaration)
    for form in _forms(declaration.type):
        if isinstance(form, tree.NamedType):
            found = symbol_at(world.packages, symbol.file, form.name, "type")
            if isinstance(found, Symbol):
                yield found.full_name


def resolve(world: World, file: FileScope, form: tree.TypeForm, *, data: bool = False, top: bool = False) -> t.Type:
    """The type that is written. `data`: `glob` and `regex` may be part of it; `top`: it may be optional itself."""
    match form:
        case tree.NamedType(name):
            return _resolve_name(world, file, name, data=data)
        case tree.GenericType():
            return _resolve_generic(world, file, form, data=data)
        case tree.LiteralType(value):
            return t.UnionType((value,))
        case tree.UnionType():
            return _resolve_union(world, file, form)
        case tree.RecordType():
            return resolve_fields(world, file, form.fields, data=data)
        case tree.OptionalType(of):
            inner = resolve(world, file, of, data=data)
            if top:
                return inner if isinstance(inner, t.Unknown) else t.OptionalType(inner)
            found = f"{t.shown(inner)}?"
            world.notes.add("type-mismatch", form.at, expected=t.shown(inner), found=found)
            return inner


def _resolve_name(world: World, file: FileScope, name: tree.Path, *, data: bool) -> t.Type:
    if len(name.parts) == 1:
        word = name.parts[0]
        if word in file.package.symbols["type"]:
            world.used.add(f"type {file.package.name}.{word}")
            return world.types.get(f"{file.package.name}.{word}", t.Unknown())
        if word in {"glob", "regex"} and not data:
            world.notes.add("bad-pattern", name.at, "dynamic")
            return t.Unknown()
        if word in SCALARS:
            return SCALARS[word]
        if file.package.standard and word in _LIBRARY_SCALARS:
            return _LIBRARY_SCALARS[word]
        if word in _GENERICS:
            arguments = ["T"] if _GENERICS[word] == 1 else ["string", "T"]
            form = f"{word}[{', '.join(arguments)}]"
            world.notes.add("cannot-infer", name.at, suggestion=form)
            return t.Unknown()
    symbol = find(world.packages, world.notes, file, name, "type", known=(*SCALARS, *_GENERICS))
    return t.Unknown() if symbol is None else world.types.get(symbol.full_name, t.Unknown())


def _resolve_generic(world: World, file: FileScope, form: tree.GenericType, *, data: bool) -> t.Type:
    wanted = _GENERICS.get(form.name)
    if wanted is None:
        path = tree.Path((form.name,), form.at)
        find(world.packages, world.notes, file, path, "type", known=_GENERICS)
        return t.Unknown()
    arguments = [resolve(world, file, argument, data=data) for argument in form.arguments]
    if len(arguments) != wanted:
        world.notes.add(
            "wrong-arity", form.at, "count", name=form.name, expected=str(wanted), found=str(len(arguments))
        )
        return t.Unknown()
    if form.name == "list":
        return t.ListType(arguments[0])
    if form.name == "set":
        return t.SetType(arguments[0])
    key, of = arguments
    if not isinstance(key, t.UnionType | t.Unknown) and key is not t.STRING:
        world.notes.add("type-mismatch", form.arguments[0].at, expected="string", found=t.shown(key))
        key = t.STRING
    return t.MapType(key, of)


def _resolve_union(world: World, file: FileScope, form: tree.UnionType) -> t.Type:
    literals: set[str] = set()
    for member in form.members:
        type_ = resolve(world, file, member)
        if isinstance(type_, t.Unknown):
            return type_
        if not isinstance(type_, t.UnionType):
            world.notes.add("type-mismatch", member.at, "union-member", found=t.shown(type_))
            return t.Unknown()
        literals.update(type_.literals)
    return t.UnionType(tuple(sorted(literals)))


def resolve_fields(
    world: World, file: FileScope, fields: tuple[tree.FieldForm, ...], *, data: bool = False
) -> t.RecordType:
    """The fields of a record, or the parameters of a tool, sorted by name."""
    resolved: dict[str, t.Field] = {}
    written: dict[str, tree.FieldForm] = {}
    for field in fields:
        if field.name in written:
            first = written[field.name]
            world.notes.add("duplicate-name", field.at, "field", also=(("first", first.at),), name=field.name)
            continue
        written[field.name] = field
        read_annotations(world.notes, field.annotations, "field")
        type_ = resolve(world, file, field.type, data=data, top=True)
        optional = field.optional
        if isinstance(type_, t.OptionalType):
            type_, optional = type_.of, True
        resolved[field.name] = t.Field(field.name, type_, optional, refinement(world.notes, field, type_))
    return t.RecordType(tuple(resolved[name] for name in sorted(resolved)))


def parameters(world: World, file: FileScope, fields: tuple[tree.FieldForm, ...]) -> tuple[tuple[str, t.Type], ...]:
    """The parameters of a function in the written order; an optional one has an optional type."""
    found: dict[str, t.Type] = {}
    for field in fields:
        if field.name in found:
            world.notes.add("duplicate-name", field.at, "argument", name=field.name)
            continue
        read_annotations(world.notes, field.annotations, "parameter")
        type_ = resolve(world, file, field.type, top=True)
        if field.optional and not isinstance(type_, t.OptionalType | t.Unknown):
            type_ = t.OptionalType(type_)
        found[field.name] = type_
    return tuple(found.items())
