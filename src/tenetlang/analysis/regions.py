"""Regions: the sets of values of one term that formulas can tell apart, and which of them hold a value at all."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.analysis.formulas import Atom
from tenetlang.analysis.shape import Shape, plain
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.values.network import Ip
from tenetlang.values.numbers import INT_MAX, INT_MIN, READ_PLACES, READ_WHOLE_DIGITS
from tenetlang.values.times import parse_time
from tenetlang.values.versions import Semver

MOST_MEMBERS: Final = 50_000
LONGEST_TEXT: Final = 262_144

ORDERED: Final = frozenset({"int", "decimal", "time", "duration", "ip", "semver"})
_IPV6: Final = 1 << 32
_EARLIEST: Final = int(parse_time("1678-01-01T00:00:00Z"))
_LATEST: Final = int(parse_time("2261-12-31T23:59:59.999999999Z"))
_BOUNDS: Final = {
    "int": (Fraction(INT_MIN), Fraction(INT_MAX)),
    "duration": (Fraction(INT_MIN), Fraction(INT_MAX)),
    "time": (Fraction(_EARLIEST), Fraction(_LATEST)),
    "ip": (Fraction(0), Fraction(_IPV6 + (1 << 128) - 1)),
    "decimal": (
        Fraction(-(10**READ_WHOLE_DIGITS)) + Fraction(1, 10**READ_PLACES),
        Fraction(10**READ_WHOLE_DIGITS) - Fraction(1, 10**READ_PLACES),
    ),
}  # fmt: skip

_FEW: Final = 32

Key: TypeAlias = "Expression | Atom"


@attrs.define(eq=False)
class Variable:
    """`values` are the constants in order; what the bits of a mask stand for depends on `kind`:

    `finite`   bit n is `values[n]`
    `open`     likewise, and one bit more for all other values
    `ordered`  bit 2n is the gap below `values[n]`, bit 2n + 1 that value; the last bit is the gap above all
    """

    number: int
    key: Key
    kind: Literal["finite", "open", "ordered"]
    values: list[object]
    initial: int = 0
    groups: list[int] = attrs.field(factory=list)
    places: dict[object, int] = attrs.field(factory=dict)
    elements: frozenset[str] = frozenset()

    @property
    def regions(self) -> int:
        match self.kind:
            case "finite":
                return len(self.values)
            case "open":
                return len(self.values) + 1
            case "ordered":
                return 2 * len(self.values) + 1

    @property
    def full(self) -> int:
        return (1 << self.regions) - 1

    @property
    def other(self) -> int:
        """The bit of an open variable for the values that are no constant."""
        return 1 << len(self.values)


def line(value: object) -> Fraction | Semver:
    """Where a value lies among those of its type."""
    match value:
        case Semver():
            return value
        case Ip(version, number):
            return Fraction(number if version == 4 else _IPV6 + number)
        case int() | Decimal() | Fraction():
            return Fraction(value)
        case _:
            raise TypeError(type(value).__name__)


def address(place: Fraction) -> Ip:
    number = int(place)
    return Ip(4, number) if number < _IPV6 else Ip(6, number - _IPV6)


def place_of(variable: Variable, value: object) -> object:
    return line(value) if variable.kind == "ordered" else value


def is_ordered(type_: t.Type) -> bool:
    """Whether the regions of such terms are constants and the gaps between them."""
    scalar = plain(type_)
    return isinstance(scalar, t.Scalar) and scalar.name in ORDERED


def refinement_of(shape: Shape, term: Expression) -> t.Refinement | None:
    """What the declaration demands of a part of the request beyond its type."""
    match term:
        case core.Read(path):
            declared = shape.field(path)
        case core.Field(of, name):
            record = plain(of.type)
            declared = record.field(name) if isinstance(record, t.RecordType) else None
        case _:
            return None
    return None if declared is None else declared.refinement


def items_of(shape: Shape, term: Expression) -> tuple[int, int] | None:
    refinement = refinement_of(shape, term)
    return None if refinement is None else refinement.items


def bounds(shape: Shape, term: Expression) -> tuple[Fraction | None, Fraction | None]:
    """The least and the greatest value of an ordered term, both included; None where there is no telling."""
    scalar = plain(term.type)
    assert isinstance(scalar, t.Scalar)
    match term:
        case core.Builtin("count", (of,)):
            if isinstance(plain(of.type), t.Scalar | t.UnionType):
                refinement = refinement_of(shape, of)
                length = None if refinement is None else refinement.length
                if length is not None:
                    return Fraction(length[0]), Fraction(length[1])
                return Fraction(0), Fraction(LONGEST_TEXT) if _is_request(of) else None
            items = items_of(shape, of)
            most = Fraction(MOST_MEMBERS) if _is_request(of) else None
            return Fraction(0 if items is None else items[0]), most if items is None else Fraction(items[1])
        case core.Local(name) if name.endswith(".key"):
            return Fraction(0), Fraction(INT_MAX)
        case core.Local(name) if name[0] == "?" and "+" in name:
            return Fraction(1), Fraction(INT_MAX)
        case _ if scalar.name == "decimal" and not comes_in(term):
            return None, None
        case _:
            pass
    low, high = _BOUNDS.get(scalar.name, (None, None))
    refinement = refinement_of(shape, term)
    if refinement is not None and low is not None and high is not None:
        low = low if refinement.minimum is None else max(low, Fraction(refinement.minimum))
        high = high if refinement.maximum is None else min(high, Fraction(refinement.maximum))
    return low, high


def _is_request(term: Expression) -> bool:
    """Whether the term is a part of the request, whose size is limited, and not of a document; what is cut out of a text
    is not: a text of few values may have many segments."""
    match term:
        case core.Read(path):
            return path[0] != "data"
        case core.Field(of) | core.Index(of) | core.Narrow(of):
            return _is_request(of)
        case _:
            return False


def few_values(shape: Shape, term: Expression) -> Iterator[Fraction]:
    """All values of a whole number that has few."""
    low, high = bounds(shape, term)
    if low is not None and high is not None and step_of(term) == 1 and high - low < _FEW:
        yield from (low + place for place in range(int(high - low) + 1))


def comes_in(term: Expression) -> bool:
    """Whether the value is one that a request or a document brings, as it is: its digits are then limited."""
    match term:
        case core.Read():
            return True
        case core.Local(name):
            return name[0] == "#"
        case core.Field(of) | core.Index(of) | core.Narrow(of):
            return comes_in(of)
        case _:
            return False


def limits_of(shape: Shape, term: Expression) -> Iterator[Fraction]:
    """The bounds that come from a refinement: they divide values as constants of a policy do."""
    refinement = refinement_of(shape, term)
    if refinement is not None:
        yield from (Fraction(limit) for limit in (refinement.minimum, refinement.maximum) if limit is not None)
    if isinstance(term, core.Builtin) and term.name == "count":
        yield from (limit for limit in bounds(shape, term) if limit is not None and limit != MOST_MEMBERS)


def step_of(term: Expression) -> Fraction | None:
    """The distance between two values next to each other; None where there is always one between."""
    scalar = plain(term.type)
    match scalar:
        case t.Scalar("decimal"):
            return Fraction(1, 10**READ_PLACES) if comes_in(term) else None
        case t.Scalar("semver"):
            return None
        case _:
            return Fraction(1)


def settle(shape: Shape, variable: Variable) -> None:
    """Leave out the regions that hold no value."""
    variable.initial = variable.full
    term = variable.key
    if variable.kind != "ordered":
        return
    assert isinstance(term, core.Expression)
    low, high = bounds(shape, term)
    step = step_of(term)
    points = variable.values
    for place in range(len(points) + 1):
        below = points[place - 1] if place else None
        above = points[place] if place < len(points) else None
        if _is_empty(below, above, low, high, step):
            variable.initial &= ~(1 << (2 * place))
        if above is not None and isinstance(above, Fraction):
            outside = (low is not None and above < low) or (high is not None and above > high)
            if outside or (step is not None and (above / step).denominator != 1):
                variable.initial &= ~(1 << (2 * place + 1))


def _is_empty(below: object, above: object, low: Fraction | None, high: Fraction | None, step: Fraction | None) -> bool:
    """Whether no value lies strictly between `below` and `above` and within `low` and `high`."""
    if isinstance(below, Semver) or isinstance(above, Semver):
        return False
    assert below is None or isinstance(below, Fraction)
    assert above is None or isinstance(above, Fraction)
    if step is None:
        if below is not None and high is not None and below >= high:
            return True
        return above is not None and low is not None and above <= low
    first = None if below is None else (below // step + 1) * step
    last = None if above is None else (-((-above) // step) - 1) * step
    first = first if low is None else low if first is None else max(first, low)
    last = last if high is None else high if last is None else min(last, high)
    return first is not None and last is not None and first > last


def interval(variable: Variable, region: int) -> tuple[object | None, object | None, bool]:
    """The ends of a region of an ordered variable, and whether it is a point (then both are it)."""
    place, point = divmod(region, 2)
    if point:
        return variable.values[place], variable.values[place], True
    below = variable.values[place - 1] if place else None
    above = variable.values[place] if place < len(variable.values) else None
    return below, above, False


def region_of(variable: Variable, value: object) -> int:
    """The region in which a value lies."""
    if variable.kind != "ordered":
        place = variable.places.get(value)
        return len(variable.values) if place is None else place
    where = line(value)
    known = variable.places.get(where)
    if known is not None:
        return 2 * known + 1
    return 2 * bisect_left(variable.values, where)  # type: ignore[type-var]  # points of one kind


def regions(mask: int) -> Iterator[int]:
    """The bits of a mask, from the lowest."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
