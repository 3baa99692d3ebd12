"""How types go together: what fits where, what is equal to what, and the one type of several values."""

from __future__ import annotations

from tenetlang.program import types as t
from tenetlang.program.types import Type

ORDERED = frozenset({t.INT, t.DECIMAL, t.STRING, t.TIME, t.DURATION, t.SEMVER, t.IP})
"""The types whose values `<` and its like compare."""

_WITHOUT_EQUALITY = frozenset({t.GLOB, t.REGEX, t.ARGUMENTS})


def fits(given: Type, wanted: Type) -> bool:
    """Whether each value of `given` is a value of `wanted` as it is, without any conversion."""
    if given is wanted or given == wanted or isinstance(given, t.Unknown | t.Never) or isinstance(wanted, t.Unknown):
        return True
    match given, wanted:
        case _, t.OptionalType(of):
            return fits(given.of if isinstance(given, t.OptionalType) else given, of)
        case t.UnionType(literals), t.UnionType(among):
            return set(literals) <= set(among)
        case t.UnionType(), t.Scalar("string"):
            return True
        case (t.ListType(left), t.ListType(right)) | (t.SetType(left), t.SetType(right)):
            return fits(left, right)
        case t.MapType(left_key, left), t.MapType(right_key, right):
            return fits(left_key, right_key) and fits(left, right)
        case t.RecordType(), t.RecordType():
            return _record_fits(given, wanted)
        case _:
            return False


def _record_fits(given: t.RecordType, wanted: t.RecordType) -> bool:
    ours = {field.name: field for field in given.fields}
    for field in wanted.fields:
        own = ours.pop(field.name, None)
        if own is None:
            if not field.optional:
                return False
        elif (own.optional and not field.optional) or not fits(own.type, field.type):
            return False
    return not ours


def join(left: Type, right: Type) -> Type | None:
    """The least type to which both fit (after widening `int` to `decimal`), None where there is none."""
    if fits(left, right):
        return left if isinstance(right, t.Unknown) else right
    if fits(right, left):
        return left
    match left, right:
        case t.OptionalType(inner), other:
            of = join(inner, other.of if isinstance(other, t.OptionalType) else other)
            return None if of is None else t.OptionalType(of)
        case other, t.OptionalType(inner):
            of = join(other, inner)
            return None if of is None else t.OptionalType(of)
        case t.UnionType(these), t.UnionType(those):
            return t.UnionType(tuple(sorted({*these, *those})))
        case (t.Scalar("int"), t.Scalar("decimal")) | (t.Scalar("decimal"), t.Scalar("int")):
            return t.DECIMAL
        case t.ListType(inner), t.ListType(other):
            of = join(inner, other)
            return None if of is None else t.ListType(of)
        case t.SetType(inner), t.SetType(other):
            of = join(inner, other)
            return None if of is None else t.SetType(of)
        case t.MapType(left_key, inner), t.MapType(right_key, other):
            key, of = join(left_key, right_key), join(inner, other)
            return None if of is None or key is None else t.MapType(key, of)
        case t.RecordType(), t.RecordType():
            return _joined_records(left, right)
        case _:
            return None


def _joined_records(left: t.RecordType, right: t.RecordType) -> Type | None:
    fields: dict[str, t.Field] = {}
    for name in sorted({field.name for field in (*left.fields, *right.fields)}):
        one, other = left.field(name), right.field(name)
        if one is None or other is None:
            only = one or other
            assert only is not None
            fields[name] = t.Field(name, only.type, optional=True)
            continue
        of = join(one.type, other.type)
        if of is None:
            return None
        fields[name] = t.Field(name, of, one.optional or other.optional)
    return t.RecordType(tuple(fields.values()))


def share_a_value(left: Type, right: Type) -> bool:
    """Whether a value of one can equal a value of the other."""
    if isinstance(left, t.Unknown | t.Never) or isinstance(right, t.Unknown | t.Never):
        return True
    match left, right:
        case (t.OptionalType(of), other) | (other, t.OptionalType(of)):
            return share_a_value(of, other)
        case t.UnionType(these), t.UnionType(those):
            return not set(these).isdisjoint(those)
        case (t.UnionType(), t.Scalar("string")) | (t.Scalar("string"), t.UnionType()):
            return True
        case t.Scalar(one), t.Scalar(other):
            return one == other or {one, other} == {"int", "decimal"}
        case (t.ListType(one), t.ListType(other)) | (t.SetType(one), t.SetType(other)):
            return share_a_value(one, other)
        case t.MapType(_, one), t.MapType(_, other):
            return share_a_value(one, other)
        case t.RecordType(), t.RecordType():
            return _records_share(left, right)
        case _:
            return False


def _records_share(left: t.RecordType, right: t.RecordType) -> bool:
    for name in {field.name for field in (*left.fields, *right.fields)}:
        one, other = left.field(name), right.field(name)
        if one is None or other is None:
            only = one or other
            if only is not None and not only.optional:
                return False
        elif not share_a_value(one.type, other.type) and not (one.optional and other.optional):
            return False
    return True


def has_equality(type_: Type) -> bool:
    """Whether values of the type can be compared by `==`, and so be in sets."""
    match type_:
        case t.Scalar():
            return type_ not in _WITHOUT_EQUALITY
        case t.ListType(of) | t.SetType(of) | t.MapType(_, of) | t.OptionalType(of):
            return has_equality(of)
        case t.RecordType(fields):
            return all(has_equality(field.type) for field in fields)
        case _:
            return True


def is_unknown(*types: Type) -> bool:
    """Whether one of the types is unknown, so that a mistake has been reported already."""
    return any(isinstance(type_, t.Unknown) for type_ in types)


def required(type_: Type) -> Type:
    """The type without its `?`."""
    return type_.of if isinstance(type_, t.OptionalType) else type_


def is_text(type_: Type) -> bool:
    """Whether values of the type are strings: `string`, or a union of literals."""
    return type_ is t.STRING or isinstance(type_, t.UnionType)


def element_of(type_: Type | None) -> Type | None:
    """What a list or set holds, or the values of a map; None for what holds nothing."""
    match type_:
        case t.ListType(of) | t.SetType(of) | t.MapType(_, of):
            return of
        case t.OptionalType(of):
            return element_of(of)
        case _:
            return None


LARGEST_TYPE = 20_000
"""Parts to which a type may unfold."""


def is_too_large(type_: Type) -> bool:
    """Whether the type unfolds to more than `LARGEST_TYPE` parts: comparing it would take as many steps, or far more."""
    pending, parts = [type_], 0
    while pending:
        parts += 1
        if parts > LARGEST_TYPE:
            return True
        match pending.pop():
            case t.ListType(of) | t.SetType(of) | t.OptionalType(of):
                pending.append(of)
            case t.MapType(key, of):
                pending += (key, of)
            case t.RecordType(fields):
                pending += (field.type for field in fields)
            case _:
                pass
    return False
