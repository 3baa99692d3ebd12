"""How a changed request differs from the one that came, part by part, and how far around a new number the verdict stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from tenetlang.analysis.arithmetic import in_type
from tenetlang.analysis.counterfactuals.actual import Situation
from tenetlang.analysis.counterfactuals.changeable import Part, at
from tenetlang.analysis.counterfactuals.specialise import ABSENT
from tenetlang.analysis.counterfactuals.stage import Stage, regions_at
from tenetlang.analysis.regions import Variable, address, interval, is_ordered, line, regions
from tenetlang.analysis.shape import plain
from tenetlang.decision import Verdict
from tenetlang.frozen import frozen
from tenetlang.program import types as t
from tenetlang.values.collections import Map, Record
from tenetlang.values.order import sorted_values
from tenetlang.values.render import to_plain


@frozen
class End:
    """One end of a region of numbers, as JSON."""

    value: object
    included: bool


@frozen
class Difference:
    """One part that changes. `before` and `after` are JSON values; an empty tuple where nothing is there.

    `low` and `high`: each value between them does as well, proved; None where there is no such end. `whole` says that the
    region has been proved at all. `added` and `removed` are members of a collection, or keys of a map. `type` is the name of a type without parts.
    """

    path: str
    before: tuple[object, ...]
    after: tuple[object, ...]
    whole: bool = False
    low: End | None = None
    high: End | None = None
    added: tuple[object, ...] = ()
    removed: tuple[object, ...] = ()
    is_collection: bool = False
    type: str = ""

    def to_json(self) -> dict[str, object]:
        """`from` and `to`, each left out where the part is not there."""
        shape: dict[str, object] = {"path": self.path}
        if self.before:
            shape["from"] = self.before[0]
        if self.after:
            shape["to"] = self.after[0]
        if self.is_collection and self.before and self.after:
            shape["added"], shape["removed"] = list(self.added), list(self.removed)
        if self.low is not None:
            shape["at_least" if self.low.included else "above"] = self.low.value
        if self.high is not None:
            shape["at_most" if self.high.included else "below"] = self.high.value
        return shape


def difference(
    stage: Stage, exact: Callable[[], Stage | None], verdict: Verdict, part: Part, after: Situation
) -> Difference:
    """How the part differs in the changed request, and where else the verdict would be the same; `exact` makes a stage on
    which only what has changed may change, for what can't be proved on this one."""
    old, new = at(stage.situation.inputs, part.path), at(after.inputs, part.path)
    added, removed = _members(old, new)
    declared = stage.scene.lowering.shape.field(part.path)
    type_ = None if declared is None else plain(declared.type)
    ends: tuple[End | None, End | None] | None = None
    if declared is not None and is_ordered(declared.type) and ABSENT not in {old, new}:
        ends = _around(stage, verdict, part, after)
        more = exact() if ends is None else None
        ends = ends if more is None else _around(more, verdict, part, after)
    low, high = ends or (None, None)
    return Difference(
        ".".join(part.path),
        _shown(part, old),
        _shown(part, new),
        ends is not None,
        low,
        high,
        added,
        removed,
        isinstance(type_, t.ListType | t.SetType),
        type_.name if isinstance(type_, t.Scalar) else "",
    )


def _shown(part: Part, value: object) -> tuple[object, ...]:
    if value is ABSENT:
        return ()
    if part.path[0] == "origins" and isinstance(value, Record):
        return (f"tool:{value['tool']}" if "tool" in value else value["kind"],)
    return (to_plain(value),)


def _members(old: object, new: object) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """The members that came, and those that went."""
    if isinstance(old, tuple | frozenset) and isinstance(new, tuple | frozenset):
        one = list(old) if isinstance(old, tuple) else sorted_values(old)
        other = list(new) if isinstance(new, tuple) else sorted_values(new)
        return tuple(map(to_plain, _without(other, one))), tuple(map(to_plain, _without(one, other)))
    return (), ()


def _without(items: Sequence[object], others: Sequence[object]) -> Iterator[object]:
    """The items that are not among the others, each as often as it is there more often."""
    left = list(others)
    for item in items:
        if item in left:
            left.remove(item)
        else:
            yield item


def _around(stage: Stage, verdict: Verdict, part: Part, after: Situation) -> tuple[End | None, End | None] | None:
    """The ends of the regions, next to each other, in which no request that is otherwise the changed one gets another verdict;
    None where not even its own is proved to be such."""
    variable = stage.search.space.by_key.get(stage.scene.lowering.shape.read(part.path, t.JSON))
    place = next((number for number, other in enumerate(stage.parts) if other == part), None)
    if variable is None or place is None:
        return None
    now = regions_at(stage, after)
    if variable.number not in now:
        return None
    others = stage.scene.formulas.negation(stage.scene.decided.verdicts[verdict])
    masks = stage.masks(frozenset([place]), now)
    held = list(regions(variable.initial))
    own = held.index(now[variable.number].bit_length() - 1)

    def proved(first: int, last: int) -> bool:
        mask = sum(1 << region for region in held[first : last + 1])
        inner = [*masks[: variable.number], mask, *masks[variable.number + 1 :]]
        return stage.possible(others, inner) is False

    if not proved(own, own):
        return None
    first = _furthest(own, 0, lambda end: proved(end, own))
    last = _furthest(own, len(held) - 1, lambda end: proved(own, end))
    low, _, low_point = interval(variable, held[first])
    _, high, high_point = interval(variable, held[last])
    one = None if first == 0 or low is None else End(_end(variable, low), low_point)
    other = None if last == len(held) - 1 or high is None else End(_end(variable, high), high_point)
    return one, other


def _furthest(start: int, end: int, proved: Callable[[int], bool]) -> int:
    """The place furthest from `start` towards `end` up to which it is proved; it is at `start`."""
    if start == end or proved(end):
        return end
    near, far = start, end
    while abs(far - near) > 1:
        middle = (near + far) // 2
        if proved(middle):
            near = middle
        else:
            far = middle
    return near


def _end(variable: Variable, where: object) -> object:
    assert not isinstance(variable.key, tuple)
    type_ = plain(getattr(variable.key, "type", t.DECIMAL))
    if isinstance(where, Fraction):
        value = address(where) if type_ == t.IP else in_type(type_, where)
        return str(where) if value is None else to_plain(value)
    return to_plain(where)


def how_far(before: Situation, after: Situation, part: Part) -> int:
    """How far a part has moved, from 0 to 40: numbers by their distance, all else by the kind of the change."""
    old, new = at(before.inputs, part.path), at(after.inputs, part.path)
    match old, new:
        case (int() | Decimal(), int() | Decimal()) if not isinstance(old, bool):
            one, other = line(old), line(new)
            assert isinstance(one, Fraction)
            assert isinstance(other, Fraction)
            return 1 + int(19 * abs(one - other) / (abs(one) + abs(other) + 1))
        case (tuple() | frozenset() | Map(), tuple() | frozenset() | Map()):
            added, removed = _members(old, new)
            return min(40, 5 * len(added) + 4 * len(removed))
        case _ if new is ABSENT:
            return 12
        case _ if old is ABSENT:
            return 15
        case _:
            return 10
