"""Comparisons, membership and patterns: what is compared with what."""

from __future__ import annotations

from tenetlang.program import expression as core
from tenetlang.program import globs, infer
from tenetlang.program import types as t
from tenetlang.program.literals import is_literal, nearest_literal
from tenetlang.program.relations import (
    ORDERED,
    element_of,
    fits,
    has_equality,
    is_text,
    is_unknown,
    share_a_value,
)
from tenetlang.program.types import Type
from tenetlang.program.unit import Scope, Unit, fit, note_json, unknown
from tenetlang.syntax import tree
from tenetlang.text import Span

_NUMBERS = (t.INT, t.DECIMAL)


def comparison(unit: Unit, written: tree.Binary, scope: Scope) -> core.Expression:
    """`==`, `!=`, the four orders, `in` and `not in`."""
    match written.operator:
        case "in":
            return _membership(unit, written, scope)
        case "not in":
            inside = _membership(unit, written, scope)
            return inside if is_unknown(inside.type) else core.Not(inside, t.BOOL, written.at)
        case "==" | "!=" | "<" | "<=" | ">" | ">=" as operator:
            left, right = _sides(unit, written, scope)
            if is_unknown(left.type, right.type):
                return unknown(written.at)
            if operator in {"==", "!="}:
                return _equality(unit, written, operator, left, right)
            return _order(unit, written, operator, left, right)
        case _:
            raise AssertionError(written.operator)


def _sides(unit: Unit, written: tree.Binary, scope: Scope) -> tuple[core.Expression, core.Expression]:
    """Both sides, the one that has a type of its own first, so that a literal beside it adopts it."""
    if is_literal(written.left) and not is_literal(written.right):
        right = infer.lower(unit, written.right, scope)
        return infer.lower(unit, written.left, scope, right.type), right
    left = infer.lower(unit, written.left, scope)
    return left, infer.lower(unit, written.right, scope, left.type)


def _same_numbers(unit: Unit, left: core.Expression, right: core.Expression) -> tuple[core.Expression, core.Expression]:
    """`int` against `decimal` is widened, in collections as well."""
    if left.type != right.type:
        if fits(left.type, right.type) or fits(right.type, left.type):
            return left, right
        if left.type in _NUMBERS and right.type in _NUMBERS:
            return fit(unit, left, t.DECIMAL), fit(unit, right, t.DECIMAL)
        if element_of(left.type) is t.INT and element_of(right.type) is t.DECIMAL:
            return fit(unit, left, right.type), right
        if element_of(left.type) is t.DECIMAL and element_of(right.type) is t.INT:
            return left, fit(unit, right, left.type)
    return left, right


def _note_json_side(unit: Unit, left: core.Expression, right: core.Expression) -> bool:
    for side, other in ((left, right), (right, left)):
        null = isinstance(side, core.Constant)  # is known, and equal to no value of another type
        if side.type is t.JSON and other.type is not t.JSON and not null:
            note_json(unit, side)
            return True
    return False


def _equality(
    unit: Unit, written: tree.Binary, operator: core.ComparisonOperator, left: core.Expression, right: core.Expression
) -> core.Expression:
    if t.TOOL in (left.type, right.type) and left.type != right.type:
        return _tool_as_text(unit, written, left, right)
    if isinstance(right, core.Constant) and left.type is t.JSON and right.type is t.JSON:
        constant_json = not isinstance(written.right, tree.Null)
        if constant_json:
            note_json(unit, left)
            return unknown(written.at)
    if _note_json_side(unit, left, right):
        return unknown(written.at)
    also = (("left", left.at), ("right", right.at))
    for side in (left, right):
        if not has_equality(side.type):
            shown_left, shown_right = _shown(left), _shown(right)
            unit.notes.add(
                "not-comparable", written.operator_at, "types", also=also, left=shown_left, right=shown_right
            )
            return unknown(written.at)
    if not share_a_value(left.type, right.type) or _no_literal_of(left, right) or _no_literal_of(right, left):
        near = nearest_literal(_constant(right), left.type) or nearest_literal(_constant(left), right.type)
        shown_left, shown_right = _shown(left), _shown(right)
        unit.notes.add("disjoint-equality", written.at, also=also, left=shown_left, right=shown_right, nearest=near)
        return unknown(written.at)
    left, right = _same_numbers(unit, left, right)
    return core.Compare(operator, left, right, t.BOOL, written.at)


def _constant(expression: core.Expression) -> object:
    return expression.value if isinstance(expression, core.Constant) else None


def _shown(expression: core.Expression) -> str:
    """The type of a side; of a literal that no union holds, the literal."""
    if isinstance(expression, core.Constant) and isinstance(expression.value, str) and expression.type is t.STRING:
        return t.shown(t.UnionType((expression.value,)))
    return t.shown(expression.type)


def _no_literal_of(union: core.Expression, constant: core.Expression) -> bool:
    """Whether a string literal stands beside a union that does not hold it."""
    value = _constant(constant)
    return isinstance(union.type, t.UnionType) and isinstance(value, str) and value not in union.type.literals


def _tool_as_text(unit: Unit, written: tree.Binary, left: core.Expression, right: core.Expression) -> core.Expression:
    named = _constant(right) if left.type is t.TOOL else _constant(left)
    unit.notes.add(
        "bad-operand",
        written.operator_at,
        operator=written.operator,
        found="tool",
        suggestion=f"tool is {named}" if isinstance(named, str) else "to_string(tool)",
    )
    return unknown(written.at)


def _order(
    unit: Unit, written: tree.Binary, operator: core.ComparisonOperator, left: core.Expression, right: core.Expression
) -> core.Expression:
    if _note_json_side(unit, left, right) or left.type is t.JSON:
        if left.type == right.type:
            note_json(unit, left)
        return unknown(written.at)
    left, right = _same_numbers(unit, left, right)
    also = (("left", left.at), ("right", right.at))
    if left.type == right.type and left.type in ORDERED:
        return core.Compare(operator, left, right, t.BOOL, written.at)
    if left.type == right.type:
        unit.notes.add("not-comparable", written.operator_at, also=also[:1], type=t.shown(left.type))
    else:
        text = is_text(left.type) and is_text(right.type)
        variant = "" if text else "types"
        shown = t.shown(left.type)
        unit.notes.add(
            "not-comparable", written.operator_at, variant, also=also if not text else (), type=shown, left=shown,
            right=t.shown(right.type),
        )  # fmt: skip
    return unknown(written.at)


# ------------------------------------------------------------------------------------------------------ membership


def _membership(unit: Unit, written: tree.Binary, scope: Scope) -> core.Expression:
    if is_literal(written.left) and not is_literal(written.right):
        collection = infer.lower(unit, written.right, scope)
        item = infer.lower(unit, written.left, scope, _member_hint(collection.type, written.left))
    else:
        item = infer.lower(unit, written.left, scope)
        addresses = item.type in (t.IP, t.CIDR) and isinstance(written.right, tree.String)
        hint = t.CIDR if addresses else t.SetType(item.type)
        collection = infer.lower(unit, written.right, scope, hint)
    if is_unknown(item.type, collection.type):
        return unknown(written.at)
    return contains(unit, item, collection, written.at)


def _member_hint(collection: Type, item: tree.Expression) -> Type | None:
    if collection is t.CIDR:
        return t.CIDR if isinstance(item, tree.String) and "/" in item.value else t.IP
    return element_of(collection)


def contains(unit: Unit, item: core.Expression, collection: core.Expression, at: Span) -> core.Expression:
    """Whether the collection holds the item."""
    match collection.type:
        case t.Scalar("cidr") if item.type in (t.IP, t.CIDR):
            return core.Contains(item, collection, t.BOOL, at)
        case t.MapType():
            unit.notes.add("map-membership", collection.at)
            return unknown(at)
        case t.Scalar("json"):
            note_json(unit, collection)
            return unknown(at)
        case t.ListType(of) | t.SetType(of):
            pass
        case other:
            text = is_text(other) and is_text(item.type)
            suggestion = f"contains({collection.at.source}, {item.at.source})" if text else None
            unit.notes.add("not-a-collection", collection.at, found=t.shown(other), suggestion=suggestion)
            return unknown(at)
    if item.type is t.JSON and of is not t.JSON:
        note_json(unit, item)
        return unknown(at)
    absent_literal = (
        isinstance(of, t.UnionType) and isinstance(_constant(item), str) and _constant(item) not in of.literals
    )
    if not share_a_value(item.type, of) or absent_literal:
        unit.notes.add(
            "disjoint-equality", at, "member", also=(("left", item.at), ("right", collection.at)),
            left=_shown(item), right=t.shown(of), nearest=nearest_literal(_constant(item), of),
        )  # fmt: skip
        return unknown(at)
    if item.type is t.INT and of is t.DECIMAL:
        item = fit(unit, item, t.DECIMAL)
    elif item.type is t.DECIMAL and of is t.INT:
        wanted = t.ListType(t.DECIMAL) if isinstance(collection.type, t.ListType) else t.SetType(t.DECIMAL)
        collection = fit(unit, collection, wanted)
    return core.Contains(item, collection, t.BOOL, at)


# -------------------------------------------------------------------------------------------------------- patterns

_SEPARATORS: dict[Type, str | None] = {t.STRING: None, t.PATH: "/", t.URL: "/", t.HOST: ".", t.TOOL: "."}


def pattern(unit: Unit, written: tree.Binary, of: core.Expression, operator: str, scope: Scope) -> core.Expression:
    """`x like "a*"`, `x matches "a+"`, with a literal or a document."""
    if is_unknown(of.type):
        return of
    if of.type is t.JSON:
        note_json(unit, of)
        return unknown(written.at)
    subject = t.STRING if is_text(of.type) else of.type
    takes = (t.STRING,) if operator == "matches" else tuple(_SEPARATORS)
    if subject not in takes:
        shown = ", ".join(f"`{t.shown(type_)}`" for type_ in takes)
        suggestion = "domain" if subject is t.EMAIL else None
        unit.notes.add(
            "bad-pattern", of.at, "type", operator=operator, found=t.shown(of.type), expected=shown,
            suggestion=None if suggestion is None else f"{of.at.source}.{suggestion}",
        )  # fmt: skip
        return unknown(written.at)
    if isinstance(written.right, tree.String):
        separator = _SEPARATORS[subject]
        compiled = (
            globs.glob(unit, written.right, separator) if operator == "like" else globs.regex(unit, written.right)
        )
        if compiled is None:
            return unknown(written.at)
        never = globs.unmatched(written.right.value, subject) if operator == "like" else None
        if never is not None:
            unit.notes.add("bad-pattern", written.right.at, "never", found=t.shown(subject), problem=never)
            return unknown(written.at)
        host = globs.wide_host(written.right.value) if subject is t.URL else None
        if host is not None:
            unit.notes.add("wide-host-pattern", written.right.at, suggestion=f'{of.at.source}.host like "{host}"')
        return core.Matches(of, globs.constant(compiled, written.right), t.BOOL, written.at)
    right = infer.lower(unit, written.right, scope)
    wanted = t.GLOB if operator == "like" else t.REGEX
    if is_unknown(right.type):
        return right
    if right.type != wanted:
        unit.notes.add("bad-pattern", written.right.at, "dynamic")
        return unknown(written.at)
    return core.Matches(of, right, t.BOOL, written.at)
