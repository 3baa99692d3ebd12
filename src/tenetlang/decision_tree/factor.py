"""Factors the rules of one bucket: which conditions become tests that rules share, and what is left of each rule.

`analyse` reads one rule from the top, as far as nothing can fault, and sorts its conditions into constraints on one
attribute, conditions that may be evaluated early, and the rest. `bucket` then makes one test for each attribute and
each condition that several rules have.

*Bounds.* A bucket has at most `LARGEST_BUCKET` rules (a leaf has several buckets where there are more), so a table of
one entry for each rule takes at most 128 bytes a rule, and `Cuts` twice as much: memory stays in proportion to the
number of rules, whatever they say. A bucket of at most `SMALL_BUCKET` rules has no tests: running down its few conditions is
quicker than any table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from tenetlang.decision_tree.conditions import (
    Among,
    Between,
    Constraint,
    Holds,
    Knowledge,
    Presence,
    constraint_of,
    early,
    for_tool,
    same_everywhere,
)
from tenetlang.decision_tree.tree import Bucket, Candidate, Cuts, Members, Predicate, Table, Test
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.program import Rule
from tenetlang.values.order import sorted_values

LARGEST_BUCKET: Final = 1024
SMALL_BUCKET: Final = 3


@frozen
class Found:
    """One rule on the requests of some tools. `constraints` and `early` name the position of the step that they are from;
    `partial` are positions whose constraint is only a part of the step, so the step stays in the rest."""

    rule: int
    constraints: tuple[tuple[int, Constraint], ...]
    early: tuple[tuple[int, core.Expression], ...]
    rest: tuple[int, ...]
    partial: frozenset[int]


def analyse(known: Knowledge, position: int, rule: Rule, tools: frozenset[str]) -> Found | None:
    """What can be tested early of a rule on requests for `tools`; None where it matches none of them and can't fault."""
    constraints: list[tuple[int, Constraint]] = []
    before: list[tuple[int, core.Expression]] = []
    rest: list[int] = []
    partial: set[int] = set()
    the_tool = next(iter(tools)) if len(tools) == 1 else None
    ordered = False
    for place, step in enumerate(rule.body):
        if ordered or not isinstance(step, core.Condition):
            rest.append(place)
            ordered = ordered or known.faults.step(step)
            continue
        condition = step.expression
        settled = None if the_tool is None else for_tool(condition, the_tool)
        if settled is False:
            return None
        if settled is True:
            continue
        constraint = _usable(known, constraint_of(known, condition), tools)
        if constraint is not None:
            constraints.append((place, constraint))
        elif early(known, condition, tools):
            before.append((place, condition))
            if isinstance(condition, core.And):
                inner = [_usable(known, constraint_of(known, item), tools) for item in condition.items]
                constraints += [(place, item) for item in inner if item is not None]
                partial.add(place)
        else:
            rest.append(place)
            ordered = known.faults.expression(condition)
    return Found(position, tuple(constraints), tuple(before), tuple(rest), frozenset(partial))


def _usable(known: Knowledge, constraint: Constraint | None, tools: frozenset[str]) -> Constraint | None:
    """The constraint, unless the attribute is of different types on different tools."""
    if constraint is None or constraint.attribute.path[0] != "args":
        return constraint
    return constraint if same_everywhere(known, constraint.attribute.path, tools) else None


def without(found: Found, path: tuple[str, ...]) -> Found:
    """The rule once its constraints on one attribute are known to hold."""
    return attrs.evolve(
        found,
        constraints=tuple((place, item) for place, item in found.constraints if item.attribute.path != path),
    )


# ------------------------------------------------------------------------------------------------------------- buckets


def bucket(rules: Sequence[Found]) -> Bucket:
    """The bucket of these rules, which are in rank order."""
    if len(rules) <= SMALL_BUCKET:
        return Bucket(tuple(Candidate(rule.rule, _unfactored(rule)) for rule in rules), ())
    everyone = (1 << len(rules)) - 1
    tests: list[tuple[int, Test]] = []
    attributes: dict[tuple[str, ...], list[tuple[int, Constraint]]] = {}
    for bit, rule in enumerate(rules):
        for _, constraint in rule.constraints:
            attributes.setdefault(constraint.attribute.path, []).append((bit, constraint))
    for _, constraints in sorted(attributes.items()):
        tests += _attribute_tests(constraints, everyone)
    predicates, rests = _predicates(rules)
    tests += predicates
    tests.sort(key=lambda test: -test[0])
    candidates = (Candidate(rule.rule, tuple(sorted(rest))) for rule, rest in zip(rules, rests, strict=True))
    return Bucket(tuple(candidates), tuple(test for _, test in tests))


def _unfactored(rule: Found) -> tuple[int, ...]:
    places = {place for place, _ in rule.constraints} | {place for place, _ in rule.early} | set(rule.rest)
    return tuple(sorted(places))


def _predicates(rules: Sequence[Found]) -> tuple[list[tuple[int, Test]], list[list[int]]]:
    """A test for each early condition that several rules have; those of one rule join its rest."""
    sharing: dict[core.Expression, int] = {}
    for bit, rule in enumerate(rules):
        for _, condition in rule.early:
            sharing[condition] = sharing.get(condition, 0) | 1 << bit
    rests = [
        [*rule.rest, *(place for place, condition in rule.early if sharing[condition].bit_count() == 1)]
        for rule in rules
    ]
    # Costlier than a table: they come after all tables, the more shared first.
    tests: list[tuple[int, Test]] = [
        (mask.bit_count() - len(rules) - 1, Predicate(condition, mask))
        for condition, mask in sharing.items()
        if mask.bit_count() > 1
    ]
    return tests, rests


def _attribute_tests(constraints: Sequence[tuple[int, Constraint]], everyone: int) -> list[tuple[int, Test]]:
    """The tests on one attribute, each with the number of rules that it can exclude."""
    among = [(bit, item) for bit, item in constraints if isinstance(item, Among | Presence)]
    between = [(bit, item) for bit, item in constraints if isinstance(item, Between)]
    holds = [(bit, item) for bit, item in constraints if isinstance(item, Holds)]
    tests: list[tuple[int, Test]] = []
    if among:
        tests.append((_distinct(among), _table(among, everyone)))
    if between:
        tests.append((_distinct(between), _cuts(between, everyone)))
    while holds:
        first, later = _one_each(holds)
        tests.append((_distinct(first), _members(first, everyone)))
        holds = later
    return tests


def _distinct(constraints: Iterable[tuple[int, object]]) -> int:
    return len({bit for bit, _ in constraints})


@attrs.define
class _Allowed:
    """What one rule allows one attribute to be: among `values`, or anything but them, or absent."""

    values: frozenset[object] = frozenset()
    complement: bool = True
    missing: bool = True

    def restrict(self, constraint: Among | Presence) -> None:
        if isinstance(constraint, Presence):
            if not constraint.wanted:
                self.values, self.complement = frozenset(), False
            self.missing = self.missing and not constraint.wanted
            return
        self.missing = False
        wanted = frozenset(constraint.values)
        if self.complement and constraint.complement:
            self.values |= wanted
        elif self.complement:
            self.values, self.complement = wanted - self.values, False
        else:
            self.values = self.values - wanted if constraint.complement else self.values & wanted


def _table(constraints: Sequence[tuple[int, Among | Presence]], everyone: int) -> Table:
    allowed: dict[int, _Allowed] = {}
    for bit, constraint in constraints:
        allowed.setdefault(bit, _Allowed()).restrict(constraint)
    free = everyone & ~_mask(allowed)
    otherwise = free | _mask(bit for bit, item in allowed.items() if item.complement)
    missing = free | _mask(bit for bit, item in allowed.items() if item.missing)
    added: dict[object, int] = {}
    taken: dict[object, int] = {}
    for bit, item in allowed.items():
        into = taken if item.complement else added
        for value in item.values:
            into[value] = into.get(value, 0) | 1 << bit
    values = sorted_values({**added, **taken})
    entries = tuple((value, (otherwise | added.get(value, 0)) & ~taken.get(value, 0)) for value in values)
    return Table(constraints[0][1].attribute, entries, otherwise, missing)


def _cuts(constraints: Sequence[tuple[int, Between]], everyone: int) -> Cuts:
    points = sorted_values({constraint.constant for _, constraint in constraints})
    numbers = {point: number for number, point in enumerate(points)}
    regions = 2 * len(points) + 1
    ranges: dict[int, tuple[int, int]] = {}
    for bit, constraint in constraints:
        low, high = ranges.get(bit, (0, regions - 1))
        exact = 2 * numbers[constraint.constant] + 1
        match constraint.operator:
            case "<":
                high = min(high, exact - 1)
            case "<=":
                high = min(high, exact)
            case ">":
                low = max(low, exact + 1)
            case _:
                low = max(low, exact)
        ranges[bit] = (low, high)
    starting, ending = [0] * (regions + 1), [0] * (regions + 1)
    for bit, (low, high) in ranges.items():
        if low <= high:
            starting[low] |= 1 << bit
            ending[high + 1] |= 1 << bit
    live = free = everyone & ~_mask(ranges)
    masks: list[int] = []
    for region in range(regions):
        live = (live | starting[region]) & ~ending[region]
        masks.append(live)
    return Cuts(constraints[0][1].attribute, tuple(points), tuple(masks), free)


def _one_each(holds: Sequence[tuple[int, Holds]]) -> tuple[list[tuple[int, Holds]], list[tuple[int, Holds]]]:
    """The first constraint of each rule, and the others."""
    first: dict[int, Holds] = {}
    later: list[tuple[int, Holds]] = []
    for bit, constraint in holds:
        if first.setdefault(bit, constraint) is not constraint:
            later.append((bit, constraint))
    return list(first.items()), later


def _members(constraints: Sequence[tuple[int, Holds]], everyone: int) -> Members:
    masks: dict[object, int] = {}
    for bit, constraint in constraints:
        masks[constraint.value] = masks.get(constraint.value, 0) | 1 << bit
    free = everyone & ~_mask(bit for bit, _ in constraints)
    entries = tuple((value, masks[value]) for value in sorted_values(masks))
    return Members(constraints[0][1].attribute, entries, free, free)


def _mask(bits: Iterable[int] | Mapping[int, object]) -> int:
    mask = 0
    for bit in bits:
        mask |= 1 << bit
    return mask
