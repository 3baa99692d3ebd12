"""Calls of functions: the language's own, those of the program, and those of the standard library that are made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from tenetlang.program import comparisons, infer
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.intrinsics import INTRINSICS, Intrinsic, result_type
from tenetlang.program.literals import is_literal
from tenetlang.program.names import Symbol, find
from tenetlang.program.notes import listed
from tenetlang.program.relations import is_unknown
from tenetlang.program.types import Type
from tenetlang.program.unit import Scope, Unit, fit, note_json, unknown
from tenetlang.program.world import Signature
from tenetlang.syntax import tree
from tenetlang.text import Span


def call(unit: Unit, written: tree.Call, scope: Scope) -> core.Expression:
    """`f(x)`, `text.lower(x)`, `count(xs)`."""
    name = written.function
    if len(name.parts) == 1 and name.parts[0] in INTRINSICS and name.parts[0] not in unit.file.package.symbols["value"]:
        return _intrinsic(unit, written, INTRINSICS[name.parts[0]], scope)
    symbol = find(unit.world.packages, unit.notes, unit.file, name, "value", "function", (*INTRINSICS, "origin"))
    signature = None if symbol is None else unit.world.signatures.get(symbol.full_name)
    if symbol is None or signature is None:
        for argument in written.arguments:
            infer.lower(unit, argument.value, scope)
        if symbol is not None and not isinstance(symbol.declaration, tree.FunctionDeclaration):
            _note_no_function(unit, name, symbol)
        return unknown(written.at)
    unit.world.used.add(symbol.full_name)
    arguments = _arguments(unit, written, signature, scope)
    if arguments is None or isinstance(signature.result, t.Unknown):
        return unknown(written.at)
    if signature.extern:
        return core.Builtin(signature.name, arguments, signature.result, written.at)
    return core.CallFunction(signature.name, arguments, signature.result, written.at)


def _note_no_function(unit: Unit, name: tree.Path, symbol: Symbol) -> None:
    functions = (s.name for s in unit.file.package.all("value") if isinstance(s.declaration, tree.FunctionDeclaration))
    near = unit.notes.nearest(name.parts[-1], chain(functions, INTRINSICS))
    also = (("declared", symbol.at),)
    unit.notes.add("unknown-name", name.at, "function", also=also, name=name.text, nearest=near)


def shown_signature(signature: Signature) -> str:
    """A function as it is declared, without its body."""
    inside = ", ".join(f"{name}: {t.shown(type_)}" for name, type_ in signature.parameters)
    return f"{signature.name.rpartition('.')[2]}({inside}) -> {t.shown(signature.result)}"


def _arguments(
    unit: Unit, written: tree.Call, signature: Signature, scope: Scope
) -> tuple[core.Expression, ...] | None:
    """One expression for each parameter; None, with a finding, where the arguments do not go with them."""
    names = [name for name, _ in signature.parameters]
    given: dict[str, tree.Argument] = {}
    name = written.function.text
    for position, argument in enumerate(written.arguments):
        target = argument.name or (names[position] if position < len(names) else "")
        if argument.name and argument.name not in names:
            unit.notes.add(
                "unknown-argument", argument.at, "function", also=(("declared", signature.at),), tool=name,
                name=argument.name, known=listed(names), nearest=unit.notes.nearest(argument.name, names),
            )  # fmt: skip
            return None
        if not target:
            note_count(unit, written.at, signature, name, len(written.arguments))
            return None
        if target in given:
            first = given[target].at
            unit.notes.add("duplicate-name", argument.at, "argument", also=(("first", first),), name=target)
            return None
        given[target] = argument
    lowered: list[core.Expression] = []
    for parameter, type_ in signature.parameters:
        if parameter in given:
            lowered.append(infer.expect(unit, given[parameter].value, scope, type_, "argument", parameter))
        elif isinstance(type_, t.OptionalType):
            lowered.append(absent(type_, written.at))
        else:
            note_count(unit, written.at, signature, name, len(written.arguments))
            return None
    return tuple(lowered)


def absent(type_: t.OptionalType, at: Span) -> core.Expression:
    """What an optional parameter is that no argument was given for: the absent field of an empty record."""
    empty = core.MakeRecord((), t.RecordType((t.Field("absent", type_.of, optional=True),)), at)
    return core.Field(empty, "absent", type_, at, optional=True)


def note_count(unit: Unit, at: Span, signature: Signature, name: str, found: int) -> None:
    """Note a call with too many or too few arguments."""
    unit.notes.add(
        "wrong-arity", at, "count", also=(("declared", signature.at),), name=name,
        expected=str(len(signature.parameters)), found=str(found), signature=shown_signature(signature),
    )  # fmt: skip


def _intrinsic(unit: Unit, written: tree.Call, intrinsic: Intrinsic, scope: Scope) -> core.Expression:
    at, name = written.at, intrinsic.name
    if len(written.arguments) not in intrinsic.counts or any(argument.name for argument in written.arguments):
        for argument in written.arguments:
            infer.lower(unit, argument.value, scope)
        expected = " or ".join(map(str, intrinsic.counts))
        unit.notes.add("wrong-arity", at, "count", name=name, expected=expected, found=str(len(written.arguments)))
        return unknown(at)
    if name == "contains":
        return _contains(unit, written, scope)
    hints: tuple[Type | None, ...] = (*intrinsic.hints, None, None, None)
    arguments = [
        infer.lower(unit, argument.value, scope, hint) for argument, hint in zip(written.arguments, hints, strict=False)
    ]
    return _applied(unit, written, intrinsic, arguments)


def _applied(
    unit: Unit, written: tree.Call, intrinsic: Intrinsic, arguments: Sequence[core.Expression]
) -> core.Expression:
    type_ = result_type(intrinsic, [argument.type for argument in arguments])
    if type_ is None:
        unknowns = [argument for argument in arguments if argument.type is t.JSON]
        if unknowns:
            note_json(unit, unknowns[0])
        else:
            found = " and ".join(t.shown(argument.type) for argument in arguments)
            unit.notes.add("bad-operand", written.at, operator=intrinsic.name, found=found, expected=intrinsic.takes)
        return unknown(written.at)
    if isinstance(type_, t.Unknown):
        return unknown(written.at)
    if intrinsic.name == "round":
        arguments = (fit(unit, arguments[0], t.DECIMAL), *arguments[1:])
    name = intrinsic.name
    if name == "sum" and type_ in (t.DECIMAL, t.DURATION):
        name = f"sum.{t.shown(type_)}"  # whose sum of nothing is of that type
    return core.Builtin(name, tuple(arguments), type_, written.at)


def _contains(unit: Unit, written: tree.Call, scope: Scope) -> core.Expression:
    whole_form, item_form = (argument.value for argument in written.arguments)
    whole = infer.lower(unit, whole_form, scope)
    hint = whole.type.of if isinstance(whole.type, t.ListType | t.SetType) else None
    item = infer.lower(unit, item_form, scope, hint if is_literal(item_form) else None)
    if is_unknown(whole.type, item.type):
        return unknown(written.at)
    if isinstance(whole.type, t.ListType | t.SetType | t.MapType):
        return comparisons.contains(unit, item, whole, written.at)
    return _applied(unit, written, INTRINSICS["contains"], (whole, item))
