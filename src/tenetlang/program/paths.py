"""Names and paths: `agent.team`, `args.amount`, `data.vendors["v1"]`, `earlier.args.url`, `address.domain`.

A path is lowered *open* or *closed*. Open, where a guard asks (`is present`, `??`), an absent part makes the whole path
absent; closed, everywhere else, it must be there: flow typing knows it, or it is a finding. The one exception is `m[k]`,
which errs when nothing is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from tenetlang.program import expression as core
from tenetlang.program import infer
from tenetlang.program import types as t
from tenetlang.program.flow import key_of
from tenetlang.program.names import Symbol, Word, missing_name
from tenetlang.program.notes import listed
from tenetlang.program.parts import PARTS
from tenetlang.program.relations import required
from tenetlang.program.types import Type
from tenetlang.program.unit import Absence, Open, Scope, Unit, note_json, source_text, unknown
from tenetlang.program.vocabulary import shared_parameters
from tenetlang.syntax import tree
from tenetlang.text import Span

OUTCOMES: Mapping[str, Type] = {
    "verdict": t.VERDICT,
    "decided_by": t.SetType(t.STRING),
    "obligations": t.SetType(t.STRING),
}
"""What tests and claims read of the decision: the verdict, the names of the deciding rules and of the obligations."""

ORIGIN = t.RecordType(
    (
        t.Field("kind", t.UnionType(("agent", "tool", "user"))),
        t.Field("tool", t.STRING, optional=True),
    ),
    "Origin",
)


def lower_path(unit: Unit, written: tree.Name | tree.Member | tree.Index, scope: Scope, *, opening: bool) -> Open:
    """A path, open where absence is asked for."""
    match written:
        case tree.Name():
            return _name(unit, written, scope)
        case tree.Index():
            return _index(unit, written, scope, opening=opening)
        case tree.Member(tree.Name(head), name) if head not in scope.variables:
            found = _member_of_head(unit, written, head, name, scope)
            if found is not None:
                return found
        case tree.Member(tree.Member(tree.Name(head), "data") as document, name) if head not in scope.variables:
            word = unit.file.word(head) if _is_free(unit, head) else None
            if word is not None:
                return _data(unit, written, name, word.package, document.at)
    of = infer.lower_open(unit, written.of, scope, None, opening=opening)
    return member(unit, of, written, scope)


def _is_free(unit: Unit, head: str) -> bool:
    return head not in unit.file.package.symbols["value"] and head not in unit.view.facts


def _member_of_head(unit: Unit, written: tree.Member, head: str, name: str, scope: Scope) -> Open | None:
    """`args.x`, `data.x`, `word.x`; None where the head is a value."""
    if head == "args" and unit.view.uses_tools:
        return _argument(unit, written, name, scope)
    if head == "data":
        return _data(unit, written, name, "", written.at)
    if not _is_free(unit, head):
        return None
    word = unit.file.word(head)
    if word is None or name == "data":
        return None
    return _of_word(unit, written, word, name, scope)


def _of_word(unit: Unit, written: tree.Member, word: Word, name: str, scope: Scope) -> Open:
    package = unit.world.packages.get(word.package)
    if package is None:
        return Open(unknown(written.at))
    symbol = package.symbols["value"].get(name)
    if symbol is None:
        near = unit.notes.nearest(name, package.symbols["value"])
        suggestion = None if near is None else f"{word.name}.{near}"
        unit.notes.add("unknown-name", written.at, name=f"{word.name}.{name}", kind="name", owner=word.package,
                       nearest=suggestion)  # fmt: skip
        return Open(unknown(written.at))
    if symbol.private and word.package != unit.file.package.name:
        also = (("declared", symbol.at),)
        unit.notes.add("private-name", written.at, also=also, name=name, package=word.package)
        return Open(unknown(written.at))
    return _value(unit, symbol, written.at, scope)


def _name(unit: Unit, written: tree.Name, scope: Scope) -> Open:
    name, at = written.name, written.at
    variable = scope.variables.get(name)
    if variable is not None:
        unit.read.add(variable.local.name)
        return _known(attrs.evolve(variable.local, at=at), scope, name)
    symbol = unit.file.package.symbols["value"].get(name)
    if symbol is not None:
        return _value(unit, symbol, at, scope)
    fact = unit.view.facts.get(name)
    if fact is not None:
        absent = fact.optional and name not in scope.flow.present
        absence = Absence(name, name, fact.at) if absent else None
        return _known(core.Read((name,), fact.type, at, absent), scope, name, absence)
    if unit.view.uses_tools and name == "tool":
        return Open(core.Read(("tool",), t.TOOL, at))
    if unit.view.uses_tools and name == "args":
        return Open(_all_arguments(unit, at, scope))
    if name in OUTCOMES:
        if unit.setting in {"test", "claim"}:
            return Open(core.Read((name,), OUTCOMES[name], at))
        unit.notes.add("bad-test", at, "outside", name=name)
        return Open(unknown(at))
    note_unknown_name(unit, at, name, scope)
    return Open(unknown(at))


def note_unknown_name(unit: Unit, at: Span, name: str, scope: Scope) -> None:
    """Note a name that stands for no value, with the nearest of those that do."""
    known: list[str] = [*scope.variables, *unit.file.package.symbols["value"], *unit.view.facts]
    if unit.view.uses_tools:
        known += ["args", "tool"]
    if unit.setting in {"test", "claim"}:
        known += [*OUTCOMES, "allow", "deny", "escalate"]
    missing_name(unit.notes, unit.file, tree.Path((name,), at), "variable", known)


def _known(expression: core.Expression, scope: Scope, text: str, absence: Absence | None = None) -> Open:
    """The expression with what flow typing knows of it: there, or of a known type."""
    type_ = expression.type
    if isinstance(type_, t.OptionalType):
        if key_of(expression) in scope.flow.present:
            return _known(_retyped(expression, type_.of), scope, text)
        return Open(expression, absence or Absence(text, text, None))
    if type_ is t.JSON and scope.flow.types:
        key = key_of(expression)
        narrowed = None if key is None else scope.flow.types.get(key)
        if narrowed is not None:
            return Open(core.Narrow(expression, narrowed, expression.at), absence)
    return Open(expression, absence)


def _retyped(expression: core.Expression, type_: Type) -> core.Expression:
    return attrs.evolve(expression, type=type_)


def _value(unit: Unit, symbol: Symbol, at: Span, scope: Scope) -> Open:
    """A `let`, set or counter by its name."""
    full = symbol.full_name
    unit.world.used.add(full)
    match symbol.declaration:
        case tree.FunctionDeclaration():
            unit.notes.add("not-comparable", at, "function", name=symbol.name)
            return Open(unknown(at))
        case tree.CounterDeclaration():
            if unit.setting == "counter":
                unit.notes.add("bad-counter", at, "reads", name=symbol.name)
            return Open(core.Read(("counters", symbol.name), unit.world.values.get(full, t.Unknown()), at))
        case _:
            limit = unit.world.limits.get(full)
            tools = scope.flow.tools
            if limit is not None and not scope.flow.unknown_tool and (tools is None or not tools <= limit):
                unit.notes.add(
                    "outside-tool",
                    at,
                    "let",
                    also=(("declared", symbol.at),),
                    name=symbol.name,
                    tool=" | ".join(sorted(limit)),
                )
                return Open(unknown(at))
            type_ = unit.world.values.get(full, t.Unknown())
            return _known(core.Derived(full, type_, at), scope, symbol.name)


def _tools_here(unit: Unit, at: Span, scope: Scope, name: str) -> frozenset[str] | None:
    """The tools that the call may be of here; None, perhaps with a finding, where arguments have no type."""
    if scope.flow.unknown_tool or scope.flow.impossible:
        return None
    if scope.flow.tools is None:
        unit.notes.add("outside-tool", at, name=name)
        return None
    return scope.flow.tools


def _argument(unit: Unit, written: tree.Member, name: str, scope: Scope) -> Open:
    tools = _tools_here(unit, written.at, scope, f"args.{name}")
    if tools is None:
        return Open(unknown(written.at))
    field = shared_parameters(unit.view, tools).field(name)
    if field is None:
        _note_no_argument(unit, written.at, name, tools)
        return Open(unknown(written.at))
    absent = field.optional and f"args.{name}" not in scope.flow.present
    absence = Absence(f"args.{name}", f"args.{name}", unit.view.tools[min(tools)].at) if absent else None
    return _known(core.Read(("args", name), field.type, written.at, absent), scope, f"args.{name}", absence)


def _note_no_argument(unit: Unit, at: Span, name: str, tools: frozenset[str]) -> None:
    lacking = sorted(tool for tool in tools if unit.view.tools[tool].parameters.field(name) is None)
    parameters = {field.name for tool in tools for field in unit.view.tools[tool].parameters.fields}
    if len(tools) > 1 and len(lacking) < len(tools):
        also = (("declared", unit.view.tools[lacking[0]].at),) if lacking else ()
        unit.notes.add("unknown-argument", at, "shared", also=also, name=name, tools=listed(sorted(tools)))
        return
    also = (("declared", unit.view.tools[lacking[0]].at),)
    near = unit.notes.nearest(name, parameters)
    unit.notes.add(
        "unknown-argument", at, also=also, name=name, tool=lacking[0], known=listed(sorted(parameters)),
        nearest=None if near is None else f"args.{near}",
    )  # fmt: skip


def _all_arguments(unit: Unit, at: Span, scope: Scope) -> core.Expression:
    tools = _tools_here(unit, at, scope, "args")
    if tools is None:
        return unknown(at)
    if len(tools) > 1:
        unit.notes.add("outside-tool", at, name="args")
        return unknown(at)
    return core.Read(("args",), shared_parameters(unit.view, tools), at)


def _data(unit: Unit, written: tree.Member, name: str, package: str, at: Span) -> Open:
    symbol = data_symbol(unit, name, package)
    if symbol is None:
        known = {s.name for other in unit.view.reached for s in unit.world.packages[other].all("data")}
        near = unit.notes.nearest(name, sorted(known))
        path = tree.Path((name,), at)
        unit.notes.add("unknown-name", path.at, "data", name=name, nearest=None if near is None else f"data.{near}")
        return Open(unknown(written.at))
    unit.world.used.add(f"data {symbol.full_name}")
    document = unit.world.data[symbol.full_name]
    return Open(core.Read(("data", document.package, document.name), document.type, written.at))


def data_symbol(unit: Unit, name: str, package: str) -> Symbol | None:
    """The document that `data.name` means: the package's own, else that of what it extends, nearest first, else of imports."""
    packages = unit.world.packages
    if package:
        return packages[package].symbols["data"].get(name) if package in packages else None
    own = unit.file.package
    pending, seen = [own.name], {own.name}
    while pending:
        current = packages[pending.pop(0)]
        found = current.symbols["data"].get(name)
        if found is not None:
            return found
        below = [other for other in current.extends if other not in seen]
        seen.update(below)
        pending += below
    found_in = [packages[other].symbols["data"].get(name) for other in own.imports]
    documents = [symbol for symbol in found_in if symbol is not None]
    return documents[0] if len(documents) == 1 else None


def member(unit: Unit, of: Open, written: tree.Member, scope: Scope) -> Open:
    """`of.name`, where `of` is a value."""
    whole, name, at = of.expression, written.name, written.at
    type_ = required(whole.type)
    match type_:
        case t.Unknown():
            return Open(unknown(at))
        case t.RecordType():
            return _field(unit, of, type_, written, scope)
        case t.Scalar("json"):
            note_json(unit, whole)
            return Open(unknown(at))
        case t.Scalar("arguments"):
            return _earlier_argument(unit, of, written, scope)
        case t.Scalar() if type_ in PARTS:
            part = PARTS[type_].get(name)
            if part is None:
                _note_no_field(unit, at, t.shown(type_), name, PARTS[type_])
                return Open(unknown(at))
            lowered = core.Part(whole, name, part, at)
            if of.absence is not None:
                return Open(lowered, attrs.evolve(of.absence, path=source_text(at)), of.picked)
            return _known(lowered, scope, source_text(at))
        case _:
            suggestion = f'{source_text(written.of.at)}["{name}"]' if isinstance(type_, t.MapType) else None
            unit.notes.add("unknown-field", at, "scalar", type=t.shown(type_), suggestion=suggestion)
            return Open(unknown(at))


def _note_no_field(unit: Unit, at: Span, type_: str, name: str, known: Iterable[str]) -> None:
    names = sorted(known)
    unit.notes.add(
        "unknown-field", at, type=type_, name=name, known=listed(names), nearest=unit.notes.nearest(name, names)
    )


def _field(unit: Unit, of: Open, record: t.RecordType, written: tree.Member, scope: Scope) -> Open:
    whole, name, at = of.expression, written.name, written.at
    field = record.field(name)
    if field is None:
        _note_no_field(unit, at, t.shown(record), name, (f.name for f in record.fields))
        return Open(unknown(at))
    lowered: core.Expression
    if isinstance(whole, core.Read):
        lowered = core.Read((*whole.path, name), field.type, at)
    else:
        lowered = core.Field(whole, name, field.type, at)
    present = (of.absence is not None or field.optional) and key_of(lowered) in scope.flow.present
    absence = None if present else of.absence
    if absence is None and field.optional and not present:
        text = source_text(at)
        absence = Absence(text, text)
    elif absence is not None:
        absence = attrs.evolve(absence, path=source_text(at))
    if absence is not None or (of.picked and not present):
        lowered = attrs.evolve(lowered, optional=True)
    opened = _known(lowered, scope, "", absence)
    return Open(opened.expression, opened.absence, picked=True) if of.picked and not present else opened


def _earlier_argument(unit: Unit, of: Open, written: tree.Member, scope: Scope) -> Open:
    """`earlier.args.name`, where `earlier.tool` is known."""
    key = key_of(of.expression.of) if isinstance(of.expression, core.Field) else None
    tools = scope.flow.calls.get(f"{key}.tool")
    if tools is None or not tools:
        if tools is None and not scope.flow.unknown_tool and not scope.flow.impossible:
            unit.notes.add("outside-tool", written.at, name=source_text(written.at))
        return Open(unknown(written.at))
    record = shared_parameters(unit.view, tools)
    if record.field(written.name) is None:
        _note_no_argument(unit, written.at, written.name, tools)
        return Open(unknown(written.at))
    narrowed = core.Narrow(of.expression, record, of.expression.at)
    return _field(unit, attrs.evolve(of, expression=narrowed), record, written, scope)


def _index(unit: Unit, written: tree.Index, scope: Scope, *, opening: bool) -> Open:
    of = infer.lower_open(unit, written.of, scope, None, opening=opening)
    whole, at = of.expression, written.at
    wanted: Type
    match required(whole.type):
        case t.MapType(key_type, element):
            wanted = key_type
        case t.ListType(element):
            wanted = t.INT
        case t.Unknown():
            infer.lower(unit, written.key, scope)
            return Open(unknown(at))
        case t.Scalar("json"):
            note_json(unit, whole)
            return Open(unknown(at))
        case other:
            unit.notes.add("not-a-collection", written.of.at, "index", found=t.shown(other))
            return Open(unknown(at))
    key = infer.expect(unit, written.key, scope, wanted)
    lowered = core.Index(whole, key, element, at)
    if key_of(lowered) in scope.flow.present:
        return _known(attrs.evolve(lowered, certain=True), scope, source_text(at))
    if of.absence is not None:
        absent = attrs.evolve(of.absence, path=source_text(at))
        return Open(attrs.evolve(lowered, optional=True), absent)
    if opening:
        return attrs.evolve(_known(attrs.evolve(lowered, optional=True), scope, ""), picked=True)
    return _known(lowered, scope, source_text(at))


def origin(unit: Unit, written: tree.Call, scope: Scope) -> Open:
    """`origin(args.x)`: where the argument came from."""
    argument = written.arguments[0].value if len(written.arguments) == 1 else None
    match argument:
        case tree.Member(tree.Name("args"), name):
            lowered = _argument(unit, argument, name, scope)
            if isinstance(lowered.expression.type, t.Unknown):
                return Open(unknown(written.at))
            key = f"origins.{name}"
            absent = key not in scope.flow.present
            read = core.Read(("origins", name), ORIGIN, written.at, absent)
            text = source_text(written.at)
            return Open(read, Absence(text, text) if absent else None)
        case _:
            unit.notes.add("wrong-arity", written.at, name="origin", expected="one argument of the call: `origin(args.x)`",
                           found="this is something else")  # fmt: skip
            return Open(unknown(written.at))
