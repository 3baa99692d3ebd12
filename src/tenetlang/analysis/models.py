"""From a leaf of the search to a request: one value for each variable, and all that has to be there around them.

The request is the smallest that will do: what is optional is left out unless it is needed, numbers are 0 or as near to it as the
regions allow, collections have the members that they must have, texts are short. Sums get the solution of their inequalities,
equal terms one value.

Not every leaf has a request (a term that only an evaluator understands has no value of its own to choose), so what is made
here is a candidate: `questions.py` shows it to the evaluators before anybody else. `variant` counts the attempts; from the
second on, what is free is chosen otherwise, among the constants of the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from tenetlang.analysis.arithmetic import in_type
from tenetlang.analysis.choosing import SIMPLEST, Chooser, Frame, NoModel, as_number
from tenetlang.analysis.formulas import Fits, There
from tenetlang.analysis.languages.find import find_text
from tenetlang.analysis.regions import region_of
from tenetlang.analysis.search import OutOfBudget, Search
from tenetlang.analysis.shape import NOWHERE, plain
from tenetlang.analysis.space import FALSE_BIT, TRUE_BIT, Masks, MemberGroup, Space
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.program.program import Program
from tenetlang.values.order import sorted_values
from tenetlang.values.regular_expressions import parse_regex
from tenetlang.values.render import to_plain

_MOST_MEMBERS: Final = 64
_MOST_LEAVES: Final = 8
_MADE_OF_PARTS: Final = (t.RecordType, t.ListType, t.SetType, t.MapType)


@frozen
class Candidate:
    """A request as JSON values, and documents by `package.name`."""

    request: Mapping[str, object]
    documents: Mapping[str, object]


def candidate(program: Program, search: Search, masks: Masks, variant: int) -> Candidate:
    """A request for the leaf. Raises `NoModel`, `OutOfBudget`."""
    maker = Maker(Chooser(program, search, variant))
    frame = maker.chooser.frame(masks, {}, frozenset())
    return Candidate(maker.request(frame), maker.documents(frame))


@attrs.define(eq=False)
class Maker:
    """Makes the parts of a request for one leaf, as JSON values."""

    chooser: Chooser
    below: dict[Expression, list[Expression]] = attrs.field(factory=dict)

    @property
    def program(self) -> Program:
        return self.chooser.program

    @property
    def search(self) -> Search:
        return self.chooser.search

    @property
    def space(self) -> Space:
        return self.chooser.space

    def __attrs_post_init__(self) -> None:
        for key in self.space.by_key:
            term = key.term if isinstance(key, There | Fits) else key
            if isinstance(term, core.Expression):
                self._note(term)

    def _note(self, term: Expression) -> None:
        """Note of what the term is a part, so that a document or an argument finds what is said of its inside."""
        match term:
            case core.Index(of) | core.Narrow(of) | core.Field(of) | core.Part(of):
                known = self.below.setdefault(of, [])
                if term not in known:
                    known.append(term)
                    self._note(of)
            case core.IsType(of) | core.Widen(of):
                self._note(of)
            case _:
                pass

    # ----------------------------------------------------------------------------------------------------------- request

    def request(self, frame: Frame) -> dict[str, object]:
        program, tool = self.program, self.space.shape.tool
        request: dict[str, object] = {}
        if tool is not None:
            request["tool"] = tool
            parameters = program.tools[tool].parameters
            request["args"] = self._record(
                frame, parameters, lambda name, type_: core.Read(("args", name), type_, NOWHERE)
            )
            if program.counters:
                request["counters"] = {
                    counter.name: self.construct(frame, self.space.shape.read(("counters", counter.name), counter.type))
                    for counter in program.counters
                }
            origins = {
                field.name: self.origin(frame, field.name)
                for field in parameters.fields
                if self.is_there(frame, self.space.shape.read(("origins", field.name), t.JSON))
            }
            if origins:
                request["origins"] = origins
        for name, fact in program.facts.items():
            read = core.Read((name,), plain(fact.type), NOWHERE)
            if fact.required or self.is_there(frame, read):
                request[name] = self.construct(frame, read)
        return request

    def documents(self, frame: Frame) -> dict[str, object]:
        return {
            f"{data.package}.{data.name}": self.construct(
                frame, self.space.shape.read(("data", data.package, data.name), data.type)
            )
            for data in self.program.data
        }

    def origin(self, frame: Frame, name: str) -> object:
        record = self.construct(frame, self.space.shape.read(("origins", name), t.JSON))
        assert isinstance(record, dict)
        if record["kind"] != "tool":
            return record["kind"]
        return f"tool:{record.get('tool') or next(iter(self.program.tools))}"

    def _record(
        self, frame: Frame, type_: t.RecordType, part: Callable[[str, t.Type], Expression]
    ) -> dict[str, object]:
        made: dict[str, object] = {}
        for field in type_.fields:
            if field.type == t.ARGUMENTS:
                continue
            term = part(field.name, plain(field.type))
            if not field.optional or self.is_there(frame, term):
                made[field.name] = self.construct(frame, term, field.refinement)
        for field in type_.fields:
            if field.type == t.ARGUMENTS:
                term = part(field.name, t.ARGUMENTS)
                narrow = [item for item in self.below.get(term, ()) if isinstance(item, core.Narrow)]
                named = self.program.tools.get(str(made.get("tool")))
                fitting = [n for n in narrow if named is not None and n.type == named.parameters]
                if self.is_there(frame, term) and named is not None:
                    made[field.name] = self.construct(
                        frame, (fitting or [core.Narrow(term, named.parameters, NOWHERE)])[0]
                    )
        return made

    def is_there(self, frame: Frame, term: Expression) -> bool:
        flag = self.space.by_key.get(There(term))
        return flag is not None and frame.values.get(flag.number) is True

    def construct(self, frame: Frame, term: Expression, refinement: t.Refinement | None = None) -> object:
        """The value of the term as JSON."""
        variable = self.space.by_key.get(term)
        type_ = plain(term.type)
        if variable is not None and variable.number in frame.values:
            chosen = json_value(frame.values[variable.number])
            if isinstance(chosen, dict | list) or not isinstance(type_, _MADE_OF_PARTS):
                return chosen  # of a whole that is only compared as such nothing was chosen: its parts are
        match type_:
            case t.RecordType():
                return self._record(frame, type_, lambda name, of: self._field(term, name, of))
            case t.ListType(of) | t.SetType(of):
                return self._members(frame, term, of, refinement or self._refinement(term))
            case t.MapType():
                return self._map(frame, term)
            case t.Scalar("json"):
                return self._json(frame, term)
            case _:
                return self.simplest(type_, refinement or self._refinement(term))

    def _refinement(self, term: Expression) -> t.Refinement | None:
        declared = self.space.shape.field(term.path) if isinstance(term, core.Read) else None
        return None if declared is None else declared.refinement

    def _field(self, of: Expression, name: str, type_: t.Type) -> Expression:
        if isinstance(of, core.Read):
            return core.Read((*of.path, name), type_, NOWHERE)
        return core.Field(of, name, type_, NOWHERE)

    def _members(self, frame: Frame, term: Expression, of: t.Type, refinement: t.Refinement | None) -> list[object]:
        found = [member for _, member in self.made_members(frame, term)] * self._repeated(term)
        found = self._placed(frame, term, found)
        least = 0
        count = self.space.by_key.get(core.Builtin("count", (term,), t.INT, NOWHERE))
        if count is not None and count.number in frame.values:
            least = int(as_number(frame.values[count.number]))
        if refinement is not None and refinement.items is not None:
            least = max(least, refinement.items[0])
        is_set = isinstance(plain(term.type), t.SetType)
        if is_set:
            found = _distinct(found)
        if least > _MOST_MEMBERS:
            raise NoModel(term)
        for member in self._more_members(frame, term, of):
            if len(found) >= least:
                break
            if not is_set or member not in found:
                found.append(member)
        if len(found) < least:
            raise NoModel(term)
        return found

    def _repeated(self, term: Expression) -> int:
        """How often each member stands in a list: what counts some of them may want more than one."""
        return (
            1 if self.chooser.variant == 0 or not isinstance(plain(term.type), t.ListType) else self.chooser.variant % 4
        )

    def _placed(self, frame: Frame, term: Expression, members: list[object]) -> list[object]:
        """The list with what is said of its members by position: `xs[0]`."""
        placed = {
            item.key.value: self.construct(frame, item)
            for item in self.below.get(term, ())
            if isinstance(item, core.Index)
            and isinstance(item.key, core.Constant)
            and isinstance(item.key.value, int)
            and 0 <= item.key.value < _MOST_MEMBERS
            and self.is_there(frame, item)
        }
        if not placed or isinstance(plain(term.type), t.MapType):
            return members
        of = plain(term.type)
        assert isinstance(of, t.ListType)
        rest = iter(members)
        whole = [
            placed[place] if place in placed else next(rest, self.simplest(plain(of.of), None))
            for place in range(max(placed) + 1)
        ]
        return [*whole, *rest]

    def _more_members(self, frame: Frame, term: Expression, of: t.Type) -> Iterator[object]:
        """Further members that no `Some` forbids."""
        group = self._group(term)
        refused = [] if group is None else self._refused(frame, group)
        if group is not None and refused:
            for attempt in range(_MOST_MEMBERS):
                made = self._member(frame, group, [], refused, self.chooser.variant + attempt)
                if made is None:
                    return
                yield made[1]
        else:
            for attempt in range(_MOST_MEMBERS):
                yield self.simplest(plain(of), None, attempt)

    def _group(self, term: Expression) -> MemberGroup | None:
        for group in self.space.groups:
            if isinstance(group, MemberGroup) and group.collection == term:
                return group
        return None

    def _refused(self, frame: Frame, group: MemberGroup) -> list[int]:
        return [place for place, (flag, _, _) in enumerate(group.somes) if frame.masks[flag] == FALSE_BIT]

    def made_members(self, frame: Frame, term: Expression) -> list[tuple[object, object]]:
        """Keys and values of the members that there have to be."""
        group = self._group(term)
        if group is None:
            return []
        wanted = [place for place, (flag, _, _) in enumerate(group.somes) if frame.masks[flag] == TRUE_BIT]
        refused = self._refused(frame, group)
        made: list[tuple[object, object]] = []
        for together in self._shared(frame, group, wanted, refused):
            member = self._member(frame, group, together, refused, self.chooser.variant)
            if member is None:
                raise NoModel(term)
            made.append(member)
        return made

    def _shared(self, frame: Frame, group: MemberGroup, wanted: list[int], refused: list[int]) -> list[tuple[int, ...]]:
        """What is wanted of members, as few of them as there may be."""
        members: list[tuple[int, ...]] = []
        number = self.space.groups.index(group)
        for place in wanted:
            for position, member in enumerate(members):
                if self.search.member_possible(frame.masks, group, number, (*member, place), refused):
                    members[position] = (*member, place)
                    break
            else:
                members.append((place,))
        return members

    def _member(
        self, frame: Frame, group: MemberGroup, wanted: Sequence[int], refused: Sequence[int], attempt: int
    ) -> tuple[object, object] | None:
        masks = list(frame.masks)
        for number, value in frame.values.items():
            masks[number] &= 1 << region_of(self.space.variables[number], value)
        name = group.element.name
        fixed = {
            number: value
            for number, value in frame.values.items()
            if name not in {n.partition(".")[0] for n in self.space.variables[number].elements}
        }
        maker = Maker(attrs.evolve(self.chooser, variant=attempt), self.below)
        for tried, leaf in enumerate(self.search.member_leaves(masks, group, wanted, refused)):
            if tried >= _MOST_LEAVES:
                break
            try:
                inner = maker.chooser.frame(leaf, fixed, frame.elements | {name})
                value = maker.construct(inner, group.element)
                key = maker.construct(inner, self._key(group))
            except NoModel:
                continue
            return key, value
        return None

    def _key(self, group: MemberGroup) -> Expression:
        name = f"{group.element.name}.key"
        for key in self.space.by_key:
            if isinstance(key, core.Local) and key.name == name:
                return key
        return core.Local(name, t.STRING, NOWHERE)

    def _map(self, frame: Frame, term: Expression) -> dict[str, object]:
        made: dict[str, object] = {}
        for name, member in self.made_members(frame, term):
            free = str(name)
            while free in made:
                free += "a"
            made[free] = member
        for item in self.below.get(term, ()):
            if isinstance(item, core.Index) and self.is_there(frame, item):
                place = item.key.value if isinstance(item.key, core.Constant) else self.construct(frame, item.key)
                made[str(place)] = self.construct(frame, item)
        return made

    def _json(self, frame: Frame, term: Expression) -> object:
        refused: list[t.Type] = []
        for key, variable in self.space.by_key.items():
            if isinstance(key, core.IsType) and key.of == term and variable.number in frame.values:
                if frame.values[variable.number] is True:
                    return self.construct(frame, core.Narrow(term, key.wanted, NOWHERE))
                refused.append(key.wanted)
        simple: tuple[object, ...] = (None, "a", True, 0, [], {})
        for value in simple:
            if not any(_may_be(value, type_) for type_ in refused):
                return value
        raise NoModel(term)

    def simplest(self, type_: t.Type, refinement: t.Refinement | None, turn: int = 0) -> object:
        """The simplest value of the type, as JSON; another one at each turn, as far as there are any."""
        match type_:
            case t.UnionType(literals):
                return literals[turn % len(literals)]
            case t.Scalar("bool"):
                return bool(turn % 2)
            case t.Scalar("int" | "decimal"):
                return self._simplest_number(refinement, turn)
            case t.Scalar("duration"):
                return f"{turn}s"
            case t.Scalar("time"):
                return f"2026-01-01T00:{turn // 60 % 60:02}:{turn % 60:02}Z"
            case t.Scalar("ip"):
                return f"192.0.2.{1 + turn % 250}"
            case t.Scalar("semver"):
                return f"1.0.{turn}"
            case t.Scalar("tool"):
                return next(iter(self.program.tools), "other")
            case t.Scalar("json"):
                return None if turn == 0 else turn
            case t.Scalar(name):
                return self._simplest_text(name, refinement, turn)
            case t.RecordType(fields):
                return {
                    field.name: self.simplest(plain(field.type), field.refinement, turn)
                    for field in fields
                    if not field.optional
                }
            case t.ListType(of) | t.SetType(of):
                least = 0 if refinement is None or refinement.items is None else refinement.items[0]
                return [self.simplest(plain(of), None, place) for place in range(least)]
            case t.MapType(_, of):
                least = 0 if refinement is None or refinement.items is None else refinement.items[0]
                return {f"k{place}": self.simplest(plain(of), None, place) for place in range(least)}
            case t.OptionalType(of):
                return self.simplest(of, refinement, turn)
            case _:
                raise NoModel

    def _simplest_number(self, refinement: t.Refinement | None, turn: int) -> object:
        wish = Fraction(1 + turn)
        if refinement is not None:
            wish = wish if refinement.minimum is None else max(wish, Fraction(refinement.minimum))
            wish = wish if refinement.maximum is None else min(wish, Fraction(refinement.maximum))
        if wish.denominator == 1:
            return int(wish)
        return in_type(t.DECIMAL, wish)

    def _simplest_text(self, name: str, refinement: t.Refinement | None, turn: int) -> str:
        choices = SIMPLEST.get(name, SIMPLEST["string"])
        if refinement is None or (refinement.pattern is None and refinement.length is None):
            return (
                choices[turn]
                if turn < len(choices)
                else f"{choices[0]}{turn}"
                if name != "email"
                else f"a{turn}@example.com"
            )
        syntax = [] if refinement.pattern is None else [parse_regex(refinement.pattern)]
        shortest, longest = refinement.length or (0, None)
        found = find_text(syntax, [], shortest=shortest, longest=longest)
        if not isinstance(found, str):
            raise NoModel
        return found


# ---------------------------------------------------------------------------------------------------------------- values


def json_value(value: object) -> object:
    """A value of the language as a request brings it."""
    match value:
        case bool() | str():
            return value if isinstance(value, bool) else str(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else value
        case tuple():
            return [json_value(item) for item in value]
        case frozenset():
            return [json_value(item) for item in sorted_values(value)]
        case dict():
            return {str(name): json_value(item) for name, item in value.items()}
        case _:
            return to_plain(value)


def _distinct(items: Sequence[object]) -> list[object]:
    found: list[object] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found


def _may_be(value: object, type_: t.Type) -> bool:
    """Whether a simple JSON value could read as the type."""
    match plain(type_), value:
        case t.Scalar("bool"), bool():
            return True
        case t.Scalar("int" | "decimal"), int() if not isinstance(value, bool):
            return True
        case ((t.Scalar() | t.UnionType()), str()):
            return plain(type_) not in {t.BOOL, t.INT, t.DECIMAL}
        case ((t.ListType() | t.SetType()), list()):
            return True
        case ((t.MapType() | t.RecordType()), dict()):
            return True
        case t.Scalar("json"), _:
            return True
        case _:
            return False


__all__ = ["Candidate", "Maker", "NoModel", "OutOfBudget", "candidate"]
