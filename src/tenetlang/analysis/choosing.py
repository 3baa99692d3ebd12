"""Choosing a value for each variable of a leaf: small numbers, short texts, and one value for terms that are equal."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from tenetlang.analysis.arithmetic import in_type
from tenetlang.analysis.languages.find import NoText, Undecided
from tenetlang.analysis.linear import Inequality, solution
from tenetlang.analysis.regions import Variable, address, bounds, interval, region_of, regions, step_of
from tenetlang.analysis.search import Search
from tenetlang.analysis.shape import plain
from tenetlang.analysis.space import FALSE_BIT, TRUE_BIT, Masks, RelationGroup, Space, TermGroup, TextGroup
from tenetlang.analysis.texts import text_of
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.expression import Expression
from tenetlang.program.program import Program
from tenetlang.values.pattern_syntax import PatternSyntax
from tenetlang.values.patterns import matcher
from tenetlang.values.times import parse_time
from tenetlang.values.versions import Semver, parse_semver

SIMPLEST: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("a", "b", "c", ""),
    "host": ("example.com", "example.org", "example.net"),
    "email": ("a@example.com", "b@example.org", "c@example.net"),
    "url": ("https://example.com/", "https://example.org/a", "http://example.net:8080/"),
    "path": ("a", "/a", "a/b"),
    "cidr": ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
    "glob": ("a", "b"),
    "regex": ("a", "b"),
}
_NOW: Final = Fraction(int(parse_time("2026-01-01T00:00:00Z")))
_IP: Final = Fraction(int.from_bytes(bytes([192, 0, 2, 1])))


_WISHES: Final = tuple(map(Fraction, (2, 0, 1, 10, -1, 100, 3, 10_000, -10, 10**9, 2**62, -(2**62))))
"""Numbers that are tried in turn where it does not matter, as far as can be told, which one is taken."""


class NoModel(Exception):
    """An attempt at a request that came to nothing; `what` is the term that stood in the way."""

    def __init__(self, what: Expression | None = None) -> None:
        super().__init__(what)
        self.what = what


@attrs.frozen(eq=False)
class Frame:
    """The values chosen at one level: of the request itself, or of one member of a collection and all around it."""

    masks: Masks
    values: Mapping[int, object]
    elements: frozenset[str]
    """The members of which this level and those around it speak: `#1`."""


@attrs.define(eq=False)
class Chooser:
    """Chooses the values for one attempt at a request."""

    program: Program
    search: Search
    variant: int
    wishes: Mapping[Expression, Fraction] = attrs.field(factory=dict)
    """Numbers to stay near to."""

    @property
    def space(self) -> Space:
        return self.search.space

    def frame(self, masks: Masks, fixed: Mapping[int, object], elements: frozenset[str]) -> Frame:
        """A value for each variable of this level."""
        values: dict[int, object] = dict(fixed)
        for group in self.space.groups:
            if isinstance(group, RelationGroup):
                self._relate(masks, group, values, elements)
        for variable in self.space.variables:
            if variable.number not in values and self._belongs(variable, elements):
                values[variable.number] = self._choose(variable, masks)
        return Frame(masks, values, elements)

    def _belongs(self, variable: Variable, elements: frozenset[str]) -> bool:
        return all(name.partition(".")[0] in elements or name[0] == "?" for name in variable.elements)

    def _choose(self, variable: Variable, masks: Masks) -> object:
        mask = masks[variable.number]
        if variable.kind == "finite":
            options = [variable.values[place] for place in regions(mask)]
            return options[self._turn(variable, len(options))]
        if variable.kind == "ordered":
            return self._number(variable, mask)
        return self._text(variable, masks)

    def _turn(self, variable: Variable, options: int) -> int:
        """Which of so many options is the turn of this attempt: the first, then mixed."""
        return (self.variant * 7 + variable.number * 3) % options if self._varies(variable) else 0

    def _varies(self, variable: Variable) -> bool:
        """Whether this attempt chooses otherwise than the first: by turns all variables, or those from which something is computed."""
        if self.variant % 2 == 0 and self.variant:
            return variable.number in self._inputs()
        return self.variant > 0

    def _inputs(self) -> frozenset[int]:
        groups = (group for group in self.space.groups if isinstance(group, TermGroup))
        return frozenset(number for group in groups for number in group.inputs)

    def _number(self, variable: Variable, mask: int) -> object:
        term = variable.key
        assert isinstance(term, core.Expression)
        usual = self._usual(term)
        choices = list(regions(mask))
        if not self._varies(variable):
            within = [region for region in choices if region == region_of_line(variable, usual)]
            choices = within or sorted(choices, key=lambda region: self._distance(variable, region, usual))
        else:
            turn = self._turn(variable, len(choices))
            choices = choices[turn:] + choices[:turn]
        wish = _WISHES[self._turn(variable, len(_WISHES))] if self._varies(variable) else usual
        for region in choices:
            found = self.in_region(variable, region, wish)
            if found is not None:
                return found
        raise NoModel(term)

    def _usual(self, term: Expression) -> Fraction:
        if term in self.wishes:
            return self.wishes[term]
        scalar = plain(term.type)
        match scalar:
            case t.Scalar("time"):
                return _NOW
            case t.Scalar("ip"):
                return _IP
            case t.Scalar("decimal" | "int") if not (isinstance(term, core.Read) and term.path[0] == "counters"):
                return Fraction(0 if isinstance(term, core.Builtin) else 1)
            case _:
                return Fraction(0)

    def _distance(self, variable: Variable, region: int, usual: Fraction) -> Fraction:
        low, high, _ = interval(variable, region)
        ends = [abs(end - usual) for end in (low, high) if isinstance(end, Fraction)]
        return min(ends, default=Fraction(0))

    def in_region(self, variable: Variable, region: int, usual: Fraction) -> object | None:
        """A value in the region, as near to `usual` as a person would take."""
        term = variable.key
        assert isinstance(term, core.Expression)
        low, high, point = interval(variable, region)
        if isinstance(low, Semver) or isinstance(high, Semver) or plain(term.type) == t.SEMVER:
            return _version(low, high, point=point)
        assert low is None or isinstance(low, Fraction)
        assert high is None or isinstance(high, Fraction)
        if point:
            assert low is not None
            return self.typed(term, low)
        least, most = bounds(self.space.shape, term)
        low_end = (least, False) if low is None else (low, True)
        high_end = (most, False) if high is None else (high, True)
        found = _between(low_end, high_end, usual, step_of(term))
        return None if found is None else self.typed(term, found)

    def typed(self, term: Expression, number: Fraction) -> object | None:
        type_ = plain(term.type)
        return address(number) if type_ == t.IP else in_type(type_, number)

    def _text(self, variable: Variable, masks: Masks) -> object:
        term, mask = variable.key, masks[variable.number]
        assert isinstance(term, core.Expression)
        group = next(
            g for g in (self.space.groups[n] for n in variable.groups)
            if isinstance(g, TextGroup) and g.variable == variable.number
        )  # fmt: skip
        constants = [variable.values[place] for place in regions(mask & ~variable.other)]
        if not mask & variable.other:
            return constants[self._turn(variable, len(constants))]
        if plain(term.type) == t.TOOL:
            return self._tool(constants)
        if constants and self._turn(variable, 2):
            return constants[self._turn(variable, len(constants))]
        return self._other_text(variable, masks, group)

    def _tool(self, constants: Sequence[object]) -> object:
        return constants[0] if constants else next(iter(self.program.tools), "other")

    def _other_text(self, variable: Variable, masks: Masks, group: TextGroup) -> str:
        positive, negative = self.search.texts.demands(masks, group)
        known = {str(value) for value in variable.values}
        fits, refuses = [matcher(syntax) for syntax in positive], [matcher(syntax) for syntax in negative]
        spans = list(self.search.texts.lengths(masks, group))
        simplest = SIMPLEST.get(group.type, SIMPLEST["string"])
        turn = self._turn(variable, len(simplest))
        pool = self._pool(variable, masks)
        tried = [pool[self._turn(variable, len(pool))]] if self._varies(variable) and pool else []
        for text in (*tried, *simplest[turn:], *simplest[:turn]):
            fine = text not in known and any(low <= len(text) <= (high or len(text)) for low, high in spans)
            if fine and all(fit(text) for fit in fits) and not any(fit(text) for fit in refuses):
                return self._with_port(text, masks, group)
        found = self.search.texts.other_text(masks, group)
        if isinstance(found, Undecided | NoText):
            raise NoModel(variable.key if isinstance(variable.key, core.Expression) else None)
        return self._with_port(found, masks, group)

    def _with_port(self, found: str, masks: Masks, group: TextGroup) -> str:
        """A URL with the port that is wanted: patterns say nothing of numbers."""
        for name, number in group.parts:
            variable = self.space.variables[number]
            if group.type == "url" and name == "port" and masks[number] != variable.initial:
                port = self._number(variable, masks[number])
                scheme, rest = found.split("://", 1)
                host, path = rest.split("/", 1)
                return f"{scheme}://{host.partition(':')[0] if host[0] != '[' else host}:{port}/{path}"
        return found

    def _pool(self, variable: Variable, masks: Masks) -> list[str]:
        """Texts of the policy: those that are wanted of a function of this text, with what it may have been made of."""
        computed = [g.variable for g in self.space.groups if isinstance(g, TermGroup) and variable.number in g.inputs]
        asked = [self.space.variables[number] for number in computed]
        found = {
            str(item.values[place])
            for item in asked
            if item.kind == "open"
            for place in regions(masks[item.number])
            if place < len(item.values)
        }
        if found:
            return sorted(
                {spelling for text in found for spelling in (text, text.upper(), f" {text}", f"{text}{text}")}
            )
        assert isinstance(variable.key, core.Expression)
        type_ = variable.key.type
        same = (v for v in self.space.variables if isinstance(v.key, core.Expression) and v.key.type == type_)
        return sorted({str(item) for other in same for item in other.values if isinstance(item, str)})

    # --------------------------------------------------------------------------------------------------------- relations

    def _relate(self, masks: Masks, group: RelationGroup, values: dict[int, object], elements: frozenset[str]) -> None:
        """Values for what sums and equalities tie together."""
        self._sums(masks, group, values, elements)
        classes = _classes([(left, right) for flag, left, right in group.equal if masks[flag] == TRUE_BIT])
        apart = [(left, right) for flag, left, right in group.equal if masks[flag] == FALSE_BIT]
        for members in classes:
            variables = [self.space.variables[number] for number in members]
            if all(self._belongs(variable, elements) for variable in variables):
                self._share(masks, variables, values)
        for left, right in apart:
            pair = [self.space.variables[number] for number in (left, right)]
            if all(self._belongs(variable, elements) for variable in pair):
                self._keep_apart(masks, pair, values)

    def _sums(self, masks: Masks, group: RelationGroup, values: dict[int, object], elements: frozenset[str]) -> None:
        tied = [item for item in self.search.relations.inequalities(masks, group) if self._mentions(item, elements)]
        inequalities = [*tied, *self._apart(masks, group, elements)]
        numbers = sorted({number for item in inequalities for number in item.coefficients})
        if not numbers:
            return
        for number in numbers:
            if number in values:
                fixed = as_number(values[number])
                inequalities += [Inequality({number: Fraction(1)}, fixed), Inequality({number: Fraction(-1)}, -fixed)]
        narrowed = list(masks)
        for number in numbers:
            variable = self.space.variables[number]
            if number not in values:
                choices = list(regions(masks[number]))
                kept = self._solid(variable, choices)
                narrowed[number] = sum(1 << region for region in kept)
                inequalities += list(self.search.relations.limits(narrowed, number))

        def preferred(number: int, low: Fraction | None, high: Fraction | None) -> Fraction:
            term = self.space.variables[number].key
            assert isinstance(term, core.Expression)
            usual = self._usual(term)
            step = step_of(term)
            wish = usual if low is None else max(usual, low)
            wish = wish if high is None else min(wish, high)
            return wish if step is None or step < 1 else Fraction(math.ceil(wish) if wish == low else math.floor(wish))

        try:
            found = solution(inequalities, preferred)
        except OverflowError:
            found = None
        if found is None:
            raise NoModel
        for number in numbers:
            variable = self.space.variables[number]
            assert isinstance(variable.key, core.Expression)
            value = self.typed(variable.key, found.get(number, Fraction(0)))
            if value is None or not masks[number] >> region_of(variable, value) & 1:
                raise NoModel(variable.key)
            values[number] = value

    def _solid(self, variable: Variable, choices: Sequence[int]) -> Sequence[int]:
        """Regions next to each other, with nothing left out between; which run of them is the turn of the attempt."""
        runs: list[list[int]] = []
        for region in choices:
            if runs and not self._gap(variable, runs[-1][-1], region):
                runs[-1].append(region)
            else:
                runs.append([region])
        return runs[self._turn(variable, len(runs))]

    def _gap(self, variable: Variable, before: int, after: int) -> bool:
        """Whether a region that holds values lies between the two."""
        between = ((1 << after) - 1) & ~((1 << (before + 1)) - 1)
        return bool(between & variable.initial)

    def _mentions(self, item: Inequality, elements: frozenset[str]) -> bool:
        return all(self._belongs(self.space.variables[number], elements) for number in item.coefficients)

    def _apart(self, masks: Masks, group: RelationGroup, elements: frozenset[str]) -> Iterator[Inequality]:
        """For sums that must not be a number: below it, or above it, by turns."""
        for place, (flag, atom) in enumerate(group.linear):
            if atom.relation == "==" and masks[flag] == FALSE_BIT:
                sign = Fraction(-1 if (self.variant >> (place % 8)) & 1 else 1)
                terms = {self.space.by_key[term].number: sign * coefficient for term, coefficient in atom.terms}
                item = Inequality(terms, sign * atom.constant, strict=True)
                if self._mentions(item, elements):
                    yield item

    def _share(self, masks: Masks, variables: Sequence[Variable], values: dict[int, object]) -> None:
        """One value for all."""
        given = [values[variable.number] for variable in variables if variable.number in values]
        options = given or list(self._options(masks, variables))
        for value in options:
            if all(masks[variable.number] >> region_of(variable, value) & 1 for variable in variables):
                values.update((variable.number, value) for variable in variables)
                return
        raise NoModel(variables[0].key if isinstance(variables[0].key, core.Expression) else None)

    def _options(self, masks: Masks, variables: Sequence[Variable]) -> Iterator[object]:
        for variable in variables:
            if variable.kind != "open" or not masks[variable.number] & variable.other:
                for region in regions(masks[variable.number]):
                    if variable.kind == "ordered":
                        term = variable.key
                        assert isinstance(term, core.Expression)
                        found = self.in_region(variable, region, self._usual(term))
                        if found is not None:
                            yield found
                    else:
                        yield variable.values[region]
        yield from self._common_text(masks, variables)
        for variable in variables:
            yield from variable.values

    def _common_text(self, masks: Masks, variables: Sequence[Variable]) -> Iterator[object]:
        """A text that fits all, and is no constant of any."""
        positive: list[PatternSyntax] = []
        negative: list[PatternSyntax] = []
        known: list[str] = []
        names: set[str] = set()
        for variable in variables:
            for group in (self.space.groups[number] for number in variable.groups):
                if isinstance(group, TextGroup) and group.variable == variable.number:
                    wanted, refused = self.search.texts.demands(masks, group)
                    positive += wanted
                    negative += refused
                    known += [str(value) for value in variable.values]
                    names.add(group.type)
        found = text_of(min(names, default="string"), positive, negative, known)
        if isinstance(found, str):
            yield found

    def _keep_apart(self, masks: Masks, pair: Sequence[Variable], values: dict[int, object]) -> None:
        for variable in pair:
            if variable.number not in values:
                values[variable.number] = self._choose(variable, masks)
        one, other = pair
        if values[one.number] != values[other.number]:
            return
        for value in self._options_apart(masks, other):
            if value != values[one.number] and masks[other.number] >> region_of(other, value) & 1:
                values[other.number] = value
                return
        raise NoModel(other.key if isinstance(other.key, core.Expression) else None)

    def _options_apart(self, masks: Masks, variable: Variable) -> Iterator[object]:
        if variable.kind == "open" and masks[variable.number] & variable.other:
            term = variable.key
            assert isinstance(term, core.Expression)
            scalar = plain(term.type)
            yield from SIMPLEST.get(scalar.name if isinstance(scalar, t.Scalar) else "", ())
        if variable.kind == "ordered":
            yield from filter(
                None, (self.in_region(variable, region, Fraction(2)) for region in regions(masks[variable.number]))
            )
        else:
            yield from variable.values


def as_number(value: object) -> Fraction:
    assert isinstance(value, int | Decimal | Fraction)
    return Fraction(value)


def region_of_line(variable: Variable, where: Fraction) -> int | None:
    """The region of a number, where the points of the variable are numbers."""
    if variable.values and not isinstance(variable.values[0], Fraction):  # all are of one kind
        return None
    below = bisect_left(variable.values, where)  # type: ignore[type-var]  # points of one kind
    return 2 * below + 1 if where in variable.places else 2 * below


def _between(
    low: tuple[Fraction | None, bool], high: tuple[Fraction | None, bool], usual: Fraction, step: Fraction | None
) -> Fraction | None:
    """A number above `low` and below `high` (at them, where they count), and a plain one if there is one."""

    def inside(number: Fraction) -> bool:
        above = low[0] is None or number > low[0] or (number == low[0] and not low[1])
        below = high[0] is None or number < high[0] or (number == high[0] and not high[1])
        return above and below and (step is None or (number / step).denominator == 1)

    if inside(usual):
        return usual
    candidates: list[Fraction] = []
    if low[0] is not None and (high[0] is None or abs(low[0] - usual) <= abs(high[0] - usual)):
        ends = [(low[0], 1)] + ([(high[0], -1)] if high[0] is not None else [])
    else:
        ends = ([(high[0], -1)] if high[0] is not None else []) + ([(low[0], 1)] if low[0] is not None else [])
    for end, sign in ends:
        for size in (Fraction(1), Fraction(1, 100), Fraction(1, 10), Fraction(1, 10**12)):
            near = math.floor(end / size) if sign > 0 else math.ceil(end / size)
            candidates += [end, size * (near + sign), size * near]
    if low[0] is not None and high[0] is not None:
        candidates.append((low[0] + high[0]) / 2)
    return next(filter(inside, candidates), None)


def _version(low: object, high: object, *, point: bool) -> Semver | None:
    if point:
        assert isinstance(low, Semver)
        return low
    tried = [parse_semver("1.0.0")]
    if isinstance(low, Semver):
        tried += [
            parse_semver(f"{low.major}.{low.minor}.{low.patch}"),
            parse_semver(f"{low.major}.{low.minor}.{low.patch + 1}"),
            parse_semver(f"{low.major}.{low.minor + 1}.0"),
            parse_semver(f"{low.major + 1}.0.0"),
            parse_semver(f"{low.major}.{low.minor}.{low.patch + 1}-a"),
        ]
        tried.append(
            parse_semver(f"{low.major}.{low.minor}.{low.patch}-{low.prerelease}.0" if low.prerelease else str(low))
        )
    if isinstance(high, Semver):
        tried += [parse_semver("0.0.0"), parse_semver(f"{high.major}.{high.minor}.{high.patch}-0")]
        tried += [parse_semver(f"{high.major}.{high.minor}.0"), parse_semver(f"{high.major}.0.0")]
    for version in tried:
        above = not isinstance(low, Semver) or low < version
        if above and (not isinstance(high, Semver) or version < high):
            return version
    return None


def _classes(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The numbers that the pairs tie together, class by class."""
    found: list[list[int]] = []
    for left, right in pairs:
        touching = [members for members in found if left in members or right in members]
        joined = sorted({left, right, *(number for members in touching for number in members)})
        found = [members for members in found if members not in touching] + [joined]
    return found
