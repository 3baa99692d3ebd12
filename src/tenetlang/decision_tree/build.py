"""Checked program → decision tree.

`build` makes, for each tool, the rules that can match it, factors them (`factor.py`), and joins equal leaves. What would
copy too much is shared instead: rules for many tools (or any) go to one bucket of their own where copying them to each tool
would make more than `COPIES` times as many candidates as there are rules. A leaf with many rules is divided once more, by
the equality attribute that divides it best, if that makes at most twice as many candidates.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from tenetlang.decision_tree.conditions import Among, Knowledge, knowledge
from tenetlang.decision_tree.factor import LARGEST_BUCKET, Found, analyse, bucket, without
from tenetlang.decision_tree.tree import FORMAT_VERSION, Bucket, Leaf, Node, Policy, Switch
from tenetlang.program.expression import Read
from tenetlang.program.program import Package, Program, Rule
from tenetlang.program.types import TOOL
from tenetlang.text import Span, Text
from tenetlang.values.order import sort_key

COPIES: Final = 4
FEW_COPIES: Final = 256
DIVIDED: Final = 64
"""A leaf with no more rules than this is not divided by a second attribute."""

_SEVERITY: Final = {"deny": 0, "escalate": 1, "allow": 2}


def build(program: Program) -> Policy:
    """The decision tree of a checked program. Quick (10,000 rules in about a second), and the same for equal programs."""
    forest = _Forest(knowledge(program), tuple(rule for package in program.packages for rule in package.rules))
    order = _rank_order(program.packages)
    root = (
        _by_tool(forest, order, sorted(program.tools))
        if program.uses_tools
        else _node(forest, _analysed(forest, order, frozenset()), ())
    )
    return Policy(
        version=FORMAT_VERSION,
        entry=program.entry,
        packages=program.packages,
        uses_tools=program.uses_tools,
        facts=program.facts,
        tools=program.tools,
        data=program.data,
        definitions=program.definitions,
        functions=program.functions,
        counters=program.counters,
        reviewers=program.reviewers,
        obligations=program.obligations,
        buckets=tuple(forest.buckets),
        root=root,
    )


@attrs.define
class _Forest:
    """The tree as it grows: equal buckets and leaves are made once."""

    known: Knowledge
    rules: tuple[Rule, ...]
    buckets: dict[Bucket, int] = attrs.field(factory=dict)
    leaves: dict[tuple[int, ...], Leaf] = attrs.field(factory=dict)

    def bucket(self, rules: Sequence[Found]) -> int:
        return self.buckets.setdefault(bucket(rules), len(self.buckets))

    def leaf(self, buckets: tuple[int, ...]) -> Leaf:
        return self.leaves.setdefault(buckets, Leaf(len(self.leaves), buckets))


def _rank_order(packages: Iterable[Package]) -> list[int]:
    """The positions of all rules, by package and within it by rank."""
    order: list[int] = []
    for package in packages:
        first = len(order)
        positions = range(first, first + len(package.rules))
        order += sorted(positions, key=lambda position: _rank(package, package.rules[position - first]))
    return order


def _rank(package: Package, rule: Rule) -> tuple[int, int, str]:
    """What comes first decides: the order of writing, or priority, then severity."""
    match package.resolve:
        case "first":
            return rule.order, 0, rule.shown_name
        case "priority":
            return -rule.priority, _SEVERITY[rule.verdict], rule.shown_name
        case "most_restrictive" | "unique":
            return 0, _SEVERITY[rule.verdict], rule.shown_name


def _by_tool(forest: _Forest, order: Sequence[int], tools: Sequence[str]) -> Node:
    every_tool = frozenset(tools)
    candidates: dict[str, list[int]] = {tool: [] for tool in tools}
    wide: list[int] = []
    copies = sum(len(every_tool if limit is None else limit) for limit in (rule.tools for rule in forest.rules))
    copying = copies <= COPIES * len(forest.rules) + FEW_COPIES
    for position in order:
        limit = forest.rules[position].tools
        if copying or (limit is not None and len(limit) <= 1):
            for tool in sorted(every_tool if limit is None else limit & every_tool):
                candidates[tool].append(position)
        else:
            wide.append(position)
    shared = _buckets(forest, _analysed(forest, wide, every_tool))
    nodes = {
        tool: _node(forest, _analysed(forest, positions, frozenset({tool})), shared)
        for tool, positions in candidates.items()
    }
    if not nodes:
        return forest.leaf(shared)
    tally = Tally(nodes.values())
    sizes = {node: len(candidates[tool]) for tool, node in nodes.items()}
    otherwise = min(tally, key=lambda node: (-tally[node], sizes[node]))
    branches = tuple((tool, node) for tool, node in nodes.items() if node != otherwise)
    if not branches:
        return otherwise
    return Switch(Read(("tool",), TOOL, _NOWHERE), branches, otherwise, otherwise)


_NOWHERE: Final = Span(Text("", ""), 0, 0)


def _analysed(forest: _Forest, positions: Iterable[int], tools: frozenset[str]) -> list[Found]:
    found = (analyse(forest.known, position, forest.rules[position], tools) for position in positions)
    return [item for item in found if item is not None]


def _buckets(forest: _Forest, rules: Sequence[Found]) -> tuple[int, ...]:
    """These rules in as few buckets as their largest size allows."""
    starts = range(0, len(rules), LARGEST_BUCKET)
    return tuple(forest.bucket(rules[start : start + LARGEST_BUCKET]) for start in starts)


def _node(forest: _Forest, rules: Sequence[Found], shared: tuple[int, ...]) -> Node:
    """The leaf of these rules, or where there are many a switch on what divides them best."""
    divided = _divided(rules) if len(rules) > DIVIDED else None
    if divided is None:
        return forest.leaf((*_buckets(forest, rules), *shared))
    attribute, values = divided
    groups: dict[object, list[Found]] = {value: [] for value in values}
    others: list[Found] = []
    for rule in rules:
        rest = without(rule, attribute.path)
        named = _named(rule, attribute.path)
        for group in groups.values() if named is None else (groups[value] for value in named):
            group.append(rest)
        if named is None:
            others.append(rest)
    branches = tuple((value, forest.leaf((*_buckets(forest, group), *shared))) for value, group in groups.items())
    otherwise = forest.leaf((*_buckets(forest, others), *shared))
    return Switch(attribute, branches, otherwise, otherwise)


def _named(rule: Found, path: tuple[str, ...]) -> Iterable[object] | None:
    """The constants to which the rule holds the attribute; None for a rule that leaves it open."""
    for _, item in rule.constraints:
        if isinstance(item, Among) and item.attribute.path == path:
            return item.values
    return None


def _divided(rules: Sequence[Found]) -> tuple[Read, list[object]] | None:
    """The attribute that divides the rules best by equality, and its constants; None where each copies too much."""
    attributes: dict[tuple[str, ...], Read] = {}
    unsuitable: set[tuple[str, ...]] = set()
    values: dict[tuple[str, ...], Tally[object]] = {}
    naming: Tally[tuple[str, ...]] = Tally()
    for rule in rules:
        paths: set[tuple[str, ...]] = set()
        for place, constraint in rule.constraints:
            path = constraint.attribute.path
            if not isinstance(constraint, Among) or constraint.complement or path in paths or place in rule.partial:
                unsuitable.add(path)
                continue
            paths.add(path)
            attributes[path] = constraint.attribute
            values.setdefault(path, Tally()).update(constraint.values)
        naming.update(paths)
    best: tuple[int, tuple[str, ...]] | None = None
    for path, tally in sorted(values.items()):
        free = len(rules) - naming[path]
        candidates = sum(tally.values()) + free * (len(tally) + 1)
        largest = max(tally.values()) + free
        suits = path not in unsuitable and candidates <= 2 * len(rules) and 2 * largest <= len(rules)
        if suits and (best is None or largest < best[0]):
            best = (largest, path)
    if best is None:
        return None
    return attributes[best[1]], sorted(values[best[1]], key=sort_key)
