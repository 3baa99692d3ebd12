"""`with`: what a test or a claim puts in the place of facts, documents, counters and functions."""

from __future__ import annotations

import re

from tenetlang.program import expression as core
from tenetlang.program import infer
from tenetlang.program import types as t
from tenetlang.program.flow import Flow
from tenetlang.program.names import find
from tenetlang.program.notes import Notes
from tenetlang.program.paths import ORIGIN
from tenetlang.program.program import Replacement
from tenetlang.program.reviewers import find_reviewers
from tenetlang.program.types import Type
from tenetlang.program.unit import Scope, Unit, fit, quoted, source_text
from tenetlang.program.world import shown_name
from tenetlang.syntax import tree
from tenetlang.text import Span

_FIXED = frozenset({"args", "tool", "verdict", "decided_by", "obligations"})


def replacement(unit: Unit, written: tree.With, scope: Scope) -> Replacement | None:
    """What a `with` line says; None, with a finding, where it can't be said."""
    target = written.target
    match target:
        case tree.Name("approvals"):
            return Replacement(("approvals",), (), _approvals(unit, written.value), written.at)
        case tree.Name("origins") if unit.view.uses_tools:
            return Replacement(("origins",), (), _origins(unit, written.value, scope), written.at)
        case tree.Call() if target.function.parts != ("origin",):
            return _function(unit, written, target, scope)
        case _:
            pass
    found = _target(unit, target, scope)
    if found is None:
        infer.lower(unit, written.value, scope)
        return None
    path, type_ = found
    if path[0] == "origins" and len(path) == 2:
        value = _origin(unit, written.value, scope)
    else:
        value = infer.expect(unit, written.value, scope, type_)
    return Replacement(path, (), value, written.at)


def replaced(unit: Unit, target: tree.Expression, flow: Flow) -> Type | None:
    """The type of what a `with` line replaces, without a finding; None where it replaces nothing. `flow` knows the tool."""
    notes, unit.notes = unit.notes, Notes()
    try:
        found = None if isinstance(target, tree.Call) else _target(unit, target, Scope(flow=flow))
    finally:
        unit.notes = notes
    return None if found is None else found[1]


def _target(unit: Unit, target: tree.Expression, scope: Scope) -> tuple[tuple[str, ...], Type] | None:
    # A table's variable may bear the name of the fact that it is put in place of: `with now = now`.
    bare = Scope(flow=scope.flow)
    match target:
        case tree.Name(name) if name in unit.view.counters and name not in unit.file.package.symbols["value"]:
            # Counters have one namespace in a program, as a request names them.
            symbol = unit.view.counters[name]
            unit.world.used.add(symbol.full_name)
            return ("counters", name), unit.world.values.get(symbol.full_name, t.Unknown())
        case tree.Name(name) if _is_derived(unit, name):
            unit.notes.add("bad-test", target.at, "replace", name=name)
            return None
        case tree.Member(tree.Name("origins") as head, argument) if unit.view.uses_tools:
            of_argument = tree.Member(tree.Name("args", head.at), argument, target.at)
            word = tree.Path(("origin",), head.at)
            target = tree.Call(word, (tree.Argument("", of_argument, target.at),), target.at)
        case _:
            pass
    if isinstance(target, tree.Name | tree.Member) or (
        isinstance(target, tree.Call) and target.function.parts == ("origin",)
    ):
        opened = infer.lower_open(unit, target, bare, None, opening=True)
        match opened.expression:
            case core.Read(path, type_) if path[0] not in _FIXED:
                return path, type_
            case core.Constant(None, t.Unknown()):
                return None
            case _:
                pass
    unit.notes.add("bad-test", target.at, "replace", name=source_text(target.at))
    return None


def _is_derived(unit: Unit, name: str) -> bool:
    symbol = unit.file.package.symbols["value"].get(name)
    return symbol is not None and not isinstance(symbol.declaration, tree.CounterDeclaration)


def _origins(unit: Unit, written: tree.Expression, scope: Scope) -> core.Expression:
    """The origins of some arguments, as a record; those of the others are absent."""
    fields: list[tuple[str, core.Expression]] = []
    if isinstance(written, tree.RecordForm):
        for (name, value), at in zip(written.fields, written.name_spans, strict=True):
            found = _target(unit, tree.Member(tree.Name("origins", at), name, at), scope)
            origin = _origin(unit, value, scope)
            if found is not None:
                fields.append((name, origin))
    elif not isinstance(written, tree.EmptyBraces):
        unit.notes.add("type-mismatch", written.at, expected="{ ARGUMENT: origin, ... }", found=source_text(written.at))
    types = tuple(t.Field(name, origin.type) for name, origin in sorted(fields, key=lambda field: field[0]))
    return core.MakeRecord(tuple(fields), t.RecordType(types), written.at)


def _origin(unit: Unit, written: tree.Expression, scope: Scope) -> core.Expression:
    """Where an argument came from: a record, as `origin` gives it, or as a request spells it, of which there may be several."""
    if isinstance(written, tree.RecordForm):
        return infer.expect(unit, written, scope, ORIGIN)
    value = infer.lower(unit, written, scope, ORIGIN)
    texts = _origin_texts(value)
    if texts is None:
        return fit(unit, value, ORIGIN)
    for text, at in texts:
        if text not in {"user", "agent"} and not re.fullmatch("tool:.+", text, re.DOTALL):
            expected = t.shown(t.UnionType(("user", "agent", "tool:NAME")))
            unit.notes.add("type-mismatch", at, expected=expected, found=quoted(text))
    return value


def _origin_texts(value: core.Expression) -> list[tuple[str, Span]] | None:
    """The texts that stand for an origin, as far as they are known; None if the value is no text and no list of texts."""
    match value:
        case core.Constant(str() as text, t.Scalar("string") | t.UnionType()):
            return [(text, value.at)]
        case core.MakeList(items) if items:
            found = [_origin_texts(item) for item in items]
            return None if None in found else [text for texts in found for text in texts or ()]
        case _:
            texts = _texts_of_type(value.type)
            return None if texts is None else [(text, value.at) for text in texts]


def _texts_of_type(type_: Type) -> tuple[str, ...] | None:
    match type_:
        case t.UnionType(literals):
            return literals
        case t.Scalar("string"):
            return ()
        case t.ListType(t.UnionType() | t.Scalar("string") as of):
            return _texts_of_type(of)
        case _:
            return None


def _approvals(unit: Unit, written: tree.Expression) -> core.Expression:
    """The names of reviewers, as a list of the names that decisions show."""
    items: list[core.Expression] = []
    if not isinstance(written, tree.ListForm | tree.SetForm):
        unit.notes.add("type-mismatch", written.at, expected="list[reviewers]", found=source_text(written.at))
        return core.MakeList((), t.ListType(t.STRING), written.at)
    for item in written.items:
        path = _as_path(item)
        if path is None:
            unit.notes.add("type-mismatch", item.at, expected="reviewers", found=source_text(item.at))
            continue
        full = find_reviewers(unit, path)
        if full is not None:
            package, _, name = full.rpartition(".")
            items.append(core.Constant(shown_name(unit.world, package, name), t.STRING, item.at))
    return core.MakeList(tuple(items), t.ListType(t.STRING), written.at)


def _as_path(written: tree.Expression) -> tree.Path | None:
    match written:
        case tree.Name(name):
            return tree.Path((name,), written.at)
        case tree.Member(tree.Name(head), name):
            return tree.Path((head, name), written.at)
        case _:
            return None


def _function(unit: Unit, written: tree.With, target: tree.Call, scope: Scope) -> Replacement | None:
    symbol = find(unit.world.packages, unit.notes, unit.file, target.function, "value", "function")
    signature = None if symbol is None else unit.world.signatures.get(symbol.full_name)
    if symbol is None:
        return None
    if signature is None or signature.extern:
        unit.notes.add("bad-test", target.at, "replace", also=(("declared", symbol.at),), name=target.function.text)
        return None
    if len(target.arguments) != len(signature.parameters):
        unit.notes.add(
            "wrong-arity", target.at, "count", also=(("declared", signature.at),), name=target.function.text,
            expected=str(len(signature.parameters)), found=str(len(target.arguments)),
        )  # fmt: skip
        return None
    parameters: list[core.Local] = []
    inner = Scope({**scope.variables}, Flow())
    for argument, (_, type_) in zip(target.arguments, signature.parameters, strict=True):
        if not isinstance(argument.value, tree.Name) or argument.name:
            unit.notes.add("bad-test", argument.at, "replace", name=source_text(argument.at))
            return None
        inner, local = unit.bind(inner, argument.value.name, type_, argument.at)
        parameters.append(local)
    value = infer.expect(unit, written.value, inner, signature.result)
    return Replacement(("function", symbol.full_name), tuple(parameters), value, written.at)
