"""Blocks: conditions, `some` and `let` in the written order, each in the scope that those before it leave."""

from __future__ import annotations

from tenetlang.program import conditions, infer
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.types import Type
from tenetlang.program.unit import Scope, Unit, note_json, source_text
from tenetlang.syntax import tree


def block(unit: Unit, written: tree.Block, scope: Scope) -> tuple[core.Block, Scope]:
    """The steps of a block, and the scope after them.

    Steps after a condition that no tool fits are looked at for mistakes and left out: nothing gets there, and where
    `args` has no type, neither has what is made of it.
    """
    steps: list[core.Step] = []
    for statement in written:
        reached = not scope.flow.impossible
        step: core.Step
        match statement:
            case tree.Condition(expression):
                judged = conditions.condition(unit, expression, scope)
                step = core.Condition(judged.expression, source_text(statement.at), statement.at)
                scope = scope.knowing(judged.holds)
            case tree.SomeStatement(variables, source):
                bound, scope = bind_members(unit, variables, source, scope)
                step = core.Choose(bound, source_text(statement.at), statement.at)
            case tree.LetStatement(name, value):
                lowered = infer.lower(unit, value, scope)
                scope, local = unit.bind(scope, name, lowered.type, statement.at)
                step = core.Assign(local, lowered, source_text(statement.at), statement.at)
        if reached:
            steps.append(step)
    return tuple(steps), scope


def bind_members(
    unit: Unit, variables: tree.Variables, source: tree.Expression, scope: Scope
) -> tuple[core.Bound, Scope]:
    """What `some`, `every` and `for` bind, and the scope with it."""
    collection = infer.lower(unit, source, scope)
    key_type, value_type = _member_types(unit, collection, variables)
    key: core.Local | None = None
    if variables.key:
        scope, key = unit.bind(scope, variables.key, key_type, variables.at)
    scope, value = unit.bind(scope, variables.value, value_type, variables.at)
    return core.Bound(key, value, collection), scope


def _member_types(unit: Unit, collection: core.Expression, variables: tree.Variables) -> tuple[Type, Type]:
    match collection.type:
        case t.ListType(of):
            return t.INT, of
        case t.MapType(key, of):
            return key, of
        case t.SetType(of):
            if variables.key:
                unit.notes.add("not-a-collection", variables.at, "pair", found=t.shown(collection.type))
            return t.Unknown(), of
        case t.Scalar("json"):
            note_json(unit, collection)
        case t.Unknown():
            pass
        case other:
            unit.notes.add("not-a-collection", collection.at, found=t.shown(other))
    return t.Unknown(), t.Unknown()
