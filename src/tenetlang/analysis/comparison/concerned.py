"""Which rules differ between two programs, and for which tools that can matter: a change of ten rules among a thousand is looked
for where these ten are, and nothing is asked of tools that none of them is about.

All of this compares texts, or rather checked programs: a rule whose text is the same may still be another one, because a
function that it calls has changed. A rule that is written differently and means the same costs a little more, and nothing
else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from tenetlang.analysis.decisions import default_verdict, watching_packages
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.program import Program, Rule


def rule_essence(rule: Rule) -> tuple[object, ...]:
    """What of a rule can have to do with decisions, beside its place among others."""
    return (
        rule.verdict, rule.body, rule.exception, rule.then, rule.reviewers, rule.overrides, rule.priority, rule.observe,
        rule.tools,
    )  # fmt: skip


def weighing(program: Program) -> tuple[object, ...]:
    """How the packages weigh their rules, and which obligations can't be had twice; not what is decided where no rule does."""
    packages = program.packages
    weighed = frozenset(
        (item.name, item.resolve, item.observe, item.on_error.verdict, item.on_error.reviewers) for item in packages
    )
    return packages[0].observe, weighed, frozenset(item.name for item in program.obligations.values() if item.single)


def default_of(program: Program) -> tuple[str, frozenset[str | None]]:
    """What the program decides where no rule does, and the reviewers that it may then ask."""
    verdict = default_verdict(program)
    return verdict, frozenset(
        package.default.reviewers for package in program.packages if package.default and verdict == "escalate"
    )


def concerned(old: Program, new: Program, tools: Sequence[str | None]) -> tuple[str | None, ...]:
    """The tools for which the two programs may decide differently, as far as their texts say."""
    schema = (
        old.facts != new.facts
        or old.uses_tools != new.uses_tools
        or {(item.package, item.name): item.type for item in old.data}
        != {(item.package, item.name): item.type for item in new.data}
        or {item.name: item.type for item in old.counters} != {item.name: item.type for item in new.counters}
    )
    if schema or (weighing(old), default_of(old)) != (weighing(new), default_of(new)):
        return tuple(tools)
    found: set[str] = set()
    for rule in changed_rules(old, new):
        if rule.tools is None:
            return tuple(tools)
        found |= rule.tools
    for tool in tools:
        if tool is not None:
            one, other = old.tools.get(tool), new.tools.get(tool)
            if one is None or other is None or one.parameters != other.parameters:
                found.add(tool)
    # Earlier calls of any tool may be read with the arguments that their tool declares.
    if any(old.tools[name].parameters != new.tools[name].parameters for name in old.tools.keys() & new.tools.keys()):
        return tuple(tools)
    return tuple(tool for tool in tools if tool in found)


@frozen
class Same:
    """What means the same in two programs: the full names of rules, and of definitions."""

    rules: frozenset[str]
    definitions: frozenset[str]


def same(old: Program, new: Program) -> Same:
    """The rules and definitions that need not be taken apart twice: their text and all that they are defined with is the same,
    and so are all parts of requests and documents, of which they may read any."""
    if _schema(old) != _schema(new):
        return Same(frozenset(), frozenset())
    changed = {rule.name for rule in changed_rules(old, new)} - moved_rules(old, new)
    other = watching_packages(old) ^ watching_packages(new)  # the rules of these owe something in one program only
    rules = {rule.name for package in old.packages if package.name not in other for rule in package.rules} - changed
    return Same(frozenset(rules), frozenset(old.definitions) - changed_names(old, new))


def _schema(program: Program) -> object:
    return (
        program.uses_tools,
        program.facts,
        {name: tool.parameters for name, tool in program.tools.items()},
        {(item.package, item.name): item.type for item in program.data},
        {item.name: item.type for item in program.counters},
    )


def changed_rules(old: Program, new: Program) -> Iterator[Rule]:
    """The rules of either that are not the same in the other, by what they say or by what they are defined with."""
    before, after = (
        {rule.name: rule for package in program.packages for rule in package.rules} for program in (old, new)
    )
    names = changed_names(old, new)
    moved = moved_rules(old, new)
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        alike = one is not None and other is not None and rule_essence(one) == rule_essence(other) and name not in moved
        if alike and names and one is not None:
            alike = names.isdisjoint(_names_in(rule_essence(one)))
        if not alike:
            yield from (rule for rule in (one, other) if rule is not None)


def moved_rules(old: Program, new: Program) -> frozenset[str]:
    """The rules of packages under `resolve first` that stand at another place among those that both have: the fewest without
    which the order is the same."""
    moved: set[str] = set()
    before = {package.name: package for package in old.packages}
    for package in new.packages:
        one = before.get(package.name)
        if one is None or "first" not in {one.resolve, package.resolve}:
            continue
        places = {rule.name: rule.order for rule in one.rules}
        names = [rule.name for rule in sorted(package.rules, key=lambda rule: rule.order) if rule.name in places]
        moved |= set(names) - _longest_rising(names, places)
    return frozenset(moved)


def _longest_rising(names: Sequence[str], places: Mapping[str, int]) -> set[str]:
    """A longest part of the names whose places rise, after Schensted (1961)."""
    ends: list[int] = []
    above: list[int | None] = []
    for number, name in enumerate(names):
        low, high = 0, len(ends)
        while low < high:
            middle = (low + high) // 2
            if places[names[ends[middle]]] < places[name]:
                low = middle + 1
            else:
                high = middle
        above.append(ends[low - 1] if low else None)
        ends[low : low + 1] = [number]
    found: set[str] = set()
    place = ends[-1] if ends else None
    while place is not None:
        found.add(names[place])
        place = above[place]
    return found


def changed_names(old: Program, new: Program) -> frozenset[str]:
    """The definitions and functions that are not the same in both, and those that use them."""
    changed: set[str] = set()
    uses: dict[str, set[str]] = {}
    for one, other in ((old.definitions, new.definitions), (old.functions, new.functions)):
        for name in one.keys() | other.keys():
            if name not in one or name not in other or one[name] != other[name]:
                changed.add(name)
    if not changed:
        return frozenset()
    for program in (old, new):
        for name, item in [*program.definitions.items(), *program.functions.items()]:
            for used in _names_in(item):
                uses.setdefault(used, set()).add(name)
    waiting = list(changed)
    while waiting:
        for user in uses.get(waiting.pop(), ()):
            if user not in changed:
                changed.add(user)
                waiting.append(user)
    return frozenset(changed)


def _names_in(item: object) -> Iterator[str]:
    """The definitions and functions that an expression, or a tuple of them, uses."""
    waiting = [item]
    while waiting:
        part = waiting.pop()
        if isinstance(part, core.Derived | core.CallFunction):
            yield part.name
        if isinstance(part, tuple):
            waiting += part
        elif attrs.has(type(part)) and not isinstance(part, core.Constant):
            waiting += [getattr(part, name) for name in _parts(type(part))]


def _parts(type_: type) -> list[str]:
    return [field.name for field in attrs.fields(type_) if field.name not in {"at", "type"}]
