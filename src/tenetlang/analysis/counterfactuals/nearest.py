"""The request that is nearest to an actual one, of those in which a formula holds and only some parts may differ.

First the masks are narrowed, part by part and variable by variable: what can stay as it is stays; a number moves to the
nearest region for which the formula can still hold; a text becomes another constant of the policy, and only where none
will do any other text. Then the parts are made and put into the request as it came: a collection keeps its members but
for those that must go, and gets those that it lacks.

What comes out is a candidate, which the evaluators have yet to decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import Final

import attrs

from tenetlang.analysis.choosing import NoModel
from tenetlang.analysis.counterfactuals.actual import Situation, holds, members
from tenetlang.analysis.counterfactuals.changeable import Part, at
from tenetlang.analysis.counterfactuals.pieces import LEFT_OUT, Pieces, pieces
from tenetlang.analysis.counterfactuals.specialise import ABSENT
from tenetlang.analysis.counterfactuals.stage import Stage
from tenetlang.analysis.formulas import Formula, Some, There
from tenetlang.analysis.models import json_value
from tenetlang.analysis.regions import Variable, interval, line, region_of, regions
from tenetlang.analysis.search import OutOfBudget
from tenetlang.analysis.shape import NOWHERE, Path, plain
from tenetlang.analysis.space import FALSE_BIT, TRUE_BIT, Masks, MemberGroup
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression

_MOST_LEAVES: Final = 3
_VARIANTS: Final = 3
_MOST_CONSTANTS: Final = 48

Request = Mapping[str, object]


def candidates(stage: Stage, goal: Formula, changing: frozenset[int], request: Request) -> Iterator[Request]:
    """Requests in which only these parts differ, the likeliest and nearest first."""
    masks = _narrowed(stage, goal, changing)
    wishes = stage.wishes()
    values = {number: value for number, value in stage.values.items() if not stage.dependent[number] & changing}
    for leaf in islice(stage.leaves(goal, masks, changing), _MOST_LEAVES):
        for variant in range(_VARIANTS):
            try:
                made = pieces(stage.program, stage.search, leaf, variant, fixed=values, wishes=wishes)
                yield _Editing(stage, leaf, made, variant).edited(request, changing)
            except (NoModel, OutOfBudget, RecursionError):
                continue
    yield from _tried(stage, changing, request)


# ------------------------------------------------------------------------------------------------------------- narrowing


def _narrowed(stage: Stage, goal: Formula, changing: frozenset[int]) -> Masks:
    """The masks with each variable as near to where it is as the goal allows, in the order of the parts."""
    masks = stage.masks(changing)
    for part in sorted(changing, key=lambda place: (-stage.parts[place].weight, place)):
        own = stage.parts[part].path
        about = [
            variable
            for variable in stage.search.space.variables
            if part in stage.dependent[variable.number] and not variable.elements
        ]
        for variable in sorted(about, key=lambda variable: (_rank(variable, own), variable.number)):
            for option in _options(stage, variable, masks[variable.number]):
                inner = [*masks[: variable.number], option, *masks[variable.number + 1 :]]
                if option == masks[variable.number] or stage.possible(goal, inner, changing):
                    masks = _settled(stage, goal, changing, variable, inner)
                    break
    return masks


def _rank(variable: Variable, own: Path) -> int:
    match variable.key:
        case There(core.Read(path)) if path == own:
            return 0
        case core.Read(path) if path == own:
            return 1
        case There():
            return 2
        case Some():
            return 3
        case _:
            return 4


def _options(stage: Stage, variable: Variable, mask: int) -> Iterator[int]:
    """Masks of more and more regions, the nearest first; the last is all."""
    fixed = stage.fixed.get(variable.number)
    if fixed is not None and fixed & mask:
        yield fixed
    if variable.kind == "open" and mask & ~variable.other:
        yield mask & ~variable.other
    yield mask


def _settled(stage: Stage, goal: Formula, changing: frozenset[int], variable: Variable, masks: Masks) -> Masks:
    """The masks with one region of the variable, where it takes few questions to find it."""
    mask = masks[variable.number]

    def possible(option: int) -> bool:
        inner = [*masks[: variable.number], option, *masks[variable.number + 1 :]]
        return bool(stage.possible(goal, inner, changing))

    choices = list(regions(mask))
    if len(choices) <= 1:
        return masks
    if variable.kind == "ordered":
        choices.sort(key=lambda region: (distance(stage, variable, region), region % 2 == 0, region))
        low, high = 0, len(choices) - 1
        while low < high:  # the nearest regions that are enough, by halving
            middle = (low + high) // 2
            if possible(sum(1 << region for region in choices[: middle + 1])):
                high = middle
            else:
                low = middle + 1
        found: int | None = choices[low]
    else:
        match variable.key:
            case core.Read(("origins", _, "kind")):
                choices.reverse()  # rather the user than a tool
            case _:
                pass
        found = next((region for region in choices[:_MOST_CONSTANTS] if possible(1 << region)), None)
    if found is None:
        return masks
    return [*masks[: variable.number], 1 << found, *masks[variable.number + 1 :]]


def distance(stage: Stage, variable: Variable, region: int) -> Fraction:
    """How far a region of an ordered variable is from where it is now."""
    value = stage.values.get(variable.number)
    fixed = stage.fixed.get(variable.number)
    low, high, _ = interval(variable, region)
    if value is not None and fixed == 1 << region:
        return Fraction(0)
    place = Fraction(0) if value is None else line(value)
    ends = [abs(end - place) for end in (low, high) if isinstance(end, Fraction) and isinstance(place, Fraction)]
    if not ends:
        return Fraction(abs(region - (0 if fixed is None else fixed.bit_length() - 1)))
    return min(ends)


# --------------------------------------------------------------------------------------------------------------- editing


@attrs.define(eq=False)
class _Editing:
    """Puts what is made for a leaf into a request."""

    stage: Stage
    leaf: Masks
    made: Pieces
    variant: int

    def edited(self, request: Request, changing: frozenset[int]) -> Request:
        parts = [self.stage.parts[place] for place in sorted(changing)]
        for part in sorted(parts, key=lambda part: not part.presence):
            if not part.presence:
                new = self._value(part)
            else:
                new = self.made.part(part.path)
                if new is not LEFT_OUT:
                    continue  # it is there, and its own parts say what is in it
            request = put(request, part.path, new)
        return request

    def _value(self, part: Part) -> object:
        """The JSON that stands at the part's path."""
        shape = self.stage.scene.lowering.shape
        declared = shape.field(part.path)
        new = self.made.part(part.path)
        old = at(self.stage.situation.inputs, part.path)
        if new is LEFT_OUT or old is ABSENT or declared is None or part.path[0] == "origins":
            return new
        variable = self.stage.search.space.by_key.get(shape.read(part.path, t.JSON))
        if variable is not None and self.leaf[variable.number] == self.stage.fixed.get(variable.number):
            return json_value(old)
        if isinstance(plain(declared.type), t.ListType | t.SetType | t.MapType) and self.variant < _VARIANTS - 1:
            return self._collection(shape.read(part.path, t.JSON), old)
        return new

    def _collection(self, term: Expression, old: object) -> object:
        """The collection without members that must not be there, with those that must."""
        space, situation = self.stage.search.space, self.stage.situation
        somes = self._somes(term)
        refused = [some for number, some in somes if self.leaf[number] == FALSE_BIT]
        wanted = [(number, some) for number, some in somes if self.leaf[number] == TRUE_BIT]
        kept = [
            (key, member)
            for key, member in members(old)
            if not any(self._passes(situation, some, key, member) for some in refused)
        ]
        met = frozenset(
            number for number, some in wanted if any(self._passes(situation, some, *pair) is True for pair in kept)
        )
        added = self.made.members(term, met)
        if isinstance(plain(term.type), t.MapType):
            return self._map(term, {str(key): json_value(member) for key, member in kept}, added)
        items = [json_value(member) for _, member in kept] + [member for _, member in added]
        count = space.by_key.get(core.Builtin("count", (term,), t.INT, NOWHERE))
        if count is not None:
            items = _of_length(items, self.made.value(term), count, self.leaf[count.number])
        return items

    def _somes(self, term: Expression) -> list[tuple[int, Some]]:
        space = self.stage.search.space
        found: list[tuple[int, Some]] = []
        for group in space.groups:
            if isinstance(group, MemberGroup) and group.collection == term:
                for number, _, _ in group.somes:
                    key = space.variables[number].key
                    assert isinstance(key, Some)
                    found.append((number, key))
        return found

    def _passes(self, situation: Situation, some: Some, key: object, member: object) -> bool:
        """Whether the member is one; where there is no telling, by turns."""
        scope = {some.value.name: member} if some.key is None else {some.key.name: key, some.value.name: member}
        said = holds(situation, some.body, scope)
        return self.variant > 0 if said is None else said

    def _map(self, term: Expression, kept: dict[str, object], added: Sequence[tuple[object, object]]) -> object:
        for key, member in added:
            name = str(key)
            while name in kept:
                name += "a"
            kept[name] = member
        for key, variable in self.stage.search.space.by_key.items():
            if isinstance(key, There) and isinstance(key.term, core.Index) and key.term.of == term:
                place = key.term.key
                if isinstance(place, core.Constant) and self.leaf[variable.number] == FALSE_BIT:
                    kept.pop(str(place.value), None)
                elif isinstance(place, core.Constant) and self.leaf[variable.number] == TRUE_BIT:
                    kept[str(place.value)] = self.made.value(key.term)
        return kept


def _of_length(items: list[object], spare: object, count: Variable, mask: int) -> list[object]:
    """The list with as many members as the mask allows: others from `spare`, or without its last."""
    assert isinstance(spare, list)
    more = [item for item in spare if item not in items]
    for length in sorted(range(len(items) + len(more) + 1), key=lambda length: (abs(length - len(items)), length)):
        if mask >> region_of(count, length) & 1:
            return [*items, *more][:length] if length > len(items) else items[:length]
    raise NoModel


def put(request: Request, path: Path, new: object) -> Request:
    """The request with something else at the path; the request itself stays as it is."""
    first, rest = path[0], path[1:]
    changed = dict(request)
    if rest:
        inner = changed.get(first, {})
        if not isinstance(inner, Mapping):
            raise NoModel
        if first not in changed and new is LEFT_OUT:
            return changed
        changed[first] = put(inner, rest, new)
    elif new is LEFT_OUT:
        changed.pop(first, None)
    else:
        changed[first] = new
    return changed


# ---------------------------------------------------------------------------------------------------------------- trying


def _tried(stage: Stage, changing: frozenset[int], request: Request) -> Iterator[Request]:
    """Where a part has to do with terms that only an evaluator understands: its constants, and fewer members."""
    if len(changing) != 1:
        return
    (place,) = changing
    part = stage.parts[place]
    declared = stage.scene.lowering.shape.field(part.path)
    old = at(stage.situation.inputs, part.path)
    if declared is None or part.presence or part.path[0] == "origins":
        return
    if declared.optional and old is not ABSENT:
        yield put(request, part.path, LEFT_OUT)
    type_ = plain(declared.type)
    if isinstance(type_, t.ListType | t.SetType) and old is not ABSENT:
        items = [json_value(member) for _, member in members(old)]
        for number in range(min(len(items), 12)):
            yield put(request, part.path, items[:number] + items[number + 1 :])
        yield put(request, part.path, [])
        return
    if not isinstance(type_, t.Scalar | t.UnionType):
        return
    seen: list[object] = []
    for variable in stage.search.space.variables:
        if place in stage.dependent[variable.number] and isinstance(variable.key, core.Expression):
            for value in variable.values[:_MOST_CONSTANTS]:
                whole = int(value) if isinstance(value, Fraction) and value.denominator == 1 else value
                shown = None if isinstance(whole, Fraction) else json_value(whole)
                if shown is not None and shown not in seen and len(seen) < _MOST_CONSTANTS:
                    seen.append(shown)
                    yield put(request, part.path, shown)
