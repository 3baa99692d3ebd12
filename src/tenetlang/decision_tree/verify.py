"""Whether a policy that came from outside holds together: what a compiler never gets wrong and an attacker may.

The coders have checked the shape: every field is of its kind. Here every name and every number refers to something, sizes agree,
and nothing calls itself, so that whoever works with the policy needs no checks of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from tenetlang.decision_tree.conditions import nodes
from tenetlang.decision_tree.tree import Bucket, Cuts, Leaf, Members, Node, Policy, Predicate, Switch, Table
from tenetlang.program import expression as core
from tenetlang.program.program import Rule


class PolicyFormatError(ValueError):
    """What was read is not a policy, and why."""


def verify(policy: Policy) -> None:
    """Raises `PolicyFormatError` for the first thing in the policy that refers to nothing or contradicts itself."""
    if not policy.packages or policy.packages[0].name != policy.entry:
        raise PolicyFormatError("the first package is not the entry")
    _keys(policy)
    rules = policy.rules
    if len({rule.name for rule in rules}) != len(rules) or len({rule.shown_name for rule in rules}) != len(rules):
        raise PolicyFormatError("two rules have one name")
    _rules(policy, rules)
    for bucket in policy.buckets:
        _bucket(bucket, rules)
    _tree(policy)
    _names(policy)
    _circles(policy)


def _keys(policy: Policy) -> None:
    """Each mapping has its things under their own names."""
    named: tuple[Mapping[str, object], ...] = (
        policy.facts,
        policy.tools,
        policy.definitions,
        policy.functions,
        policy.reviewers,
        policy.obligations,
    )
    for mapping in named:
        for name, item in mapping.items():
            if getattr(item, "name", None) != name:
                raise PolicyFormatError(f"{name!r} has another name inside")


def _rules(policy: Policy, rules: Sequence[Rule]) -> None:
    names = {rule.name for rule in rules}
    for package in policy.packages:
        for fallback in (package.default, package.on_error):
            if fallback is not None:
                _escalates(policy, fallback.verdict, fallback.reviewers)
    for rule in rules:
        _escalates(policy, rule.verdict, rule.reviewers)
        for other in rule.overrides:
            if other not in names:
                raise PolicyFormatError(f"{rule.name!r} overrides {other!r}, which is no rule")
    for reviewers in policy.reviewers.values():
        if reviewers.otherwise != "deny" and reviewers.otherwise not in policy.reviewers:
            raise PolicyFormatError(f"no reviewers are called {reviewers.otherwise!r}")
    _acyclic({rule.name: rule.overrides for rule in rules}, "overrides")
    _acyclic({name: (item.otherwise,) for name, item in policy.reviewers.items()}, "reviewers")


def _escalates(policy: Policy, verdict: str, reviewers: str | None) -> None:
    if (verdict == "escalate") != (reviewers is not None) or (
        reviewers is not None and reviewers not in policy.reviewers
    ):
        raise PolicyFormatError(f"an {verdict} with reviewers {reviewers!r}")


# ----------------------------------------------------------------------------------------------------------- the tree


def _bucket(bucket: Bucket, rules: Sequence[Rule]) -> None:
    everyone = (1 << len(bucket.candidates)) - 1
    for candidate in bucket.candidates:
        if not 0 <= candidate.rule < len(rules):
            raise PolicyFormatError("a bucket has a rule that is not there")
        places, body = candidate.rest, rules[candidate.rule].body
        if list(places) != sorted(set(places)) or not all(0 <= place < len(body) for place in places):
            raise PolicyFormatError("a bucket has steps of a rule that are not there")
        bound = [place for place, step in enumerate(body) if not isinstance(step, core.Condition)]
        if not set(bound) <= set(places):
            raise PolicyFormatError("a bucket leaves out a step that binds")
    for test in bucket.tests:
        masks: tuple[int, ...]
        match test:
            case Table(_, entries, otherwise, missing):
                masks = (otherwise, missing, *(mask for _, mask in entries))
                _distinct(value for value, _ in entries)
            case Members(_, entries, unaffected, missing):
                masks = (unaffected, missing, *(mask for _, mask in entries))
                _distinct(value for value, _ in entries)
            case Cuts(_, points, cuts, missing):
                masks = (missing, *cuts)
                if len(cuts) != 2 * len(points) + 1:
                    raise PolicyFormatError("cuts with another number of masks than of regions")
                _ascending(points)
            case Predicate(condition, mask):
                masks = (mask,)
                if any(isinstance(node, core.Local) for node in nodes(condition)):
                    raise PolicyFormatError("a test with a variable")
        if any(mask & ~everyone for mask in masks):
            raise PolicyFormatError("a mask with more bits than its bucket has rules")


def _distinct(values: Iterable[object]) -> None:
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise PolicyFormatError("a table with two entries for one value")


def _ascending(points: tuple[object, ...]) -> None:
    try:
        ascending = all(left < right for left, right in pairwise(points))  # type: ignore[operator]  # values of one type, or a TypeError
    except TypeError:
        ascending = False
    if not ascending:
        raise PolicyFormatError("cuts whose points do not ascend")


def _tree(policy: Policy) -> None:
    leaves: dict[int, Leaf] = {}
    waiting: list[Node] = [policy.root]
    while waiting:
        match waiting.pop():
            case Leaf(number, buckets) as leaf:
                if leaves.setdefault(number, leaf) != leaf or not 0 <= number < 1 << 30:
                    raise PolicyFormatError("two leaves have one number")
                if not all(0 <= position < len(policy.buckets) for position in buckets):
                    raise PolicyFormatError("a leaf has a bucket that is not there")
                found = [item.rule for position in buckets for item in policy.buckets[position].candidates]
                if len(set(found)) != len(found):
                    raise PolicyFormatError("a leaf has one rule twice")
            case Switch(_, branches, otherwise, missing):
                _distinct(value for value, _ in branches)
                waiting += [*(below for _, below in branches), otherwise, missing]


# -------------------------------------------------------------------------------------------------------------- names


def _names(policy: Policy) -> None:
    documents = {(data.package, data.name) for data in policy.data}
    for node in _all_nodes(policy):
        match node:
            case core.Read(path):
                if not path or (path[0] == "data" and (len(path) < 3 or (path[1], path[2]) not in documents)):
                    raise PolicyFormatError(f"nothing is at the path {'.'.join(path)!r}")
            case core.Derived(name) if name not in policy.definitions:
                raise PolicyFormatError(f"no definition is called {name!r}")
            case core.CallFunction(name, arguments):
                function = policy.functions.get(name)
                if function is None or len(function.parameters) != len(arguments):
                    raise PolicyFormatError(f"no function {name!r} of {len(arguments)} parameters")
            case _:
                pass


def _all_nodes(policy: Policy) -> Iterable[object]:
    for rule in policy.rules:
        yield from nodes(rule.body)
        yield from nodes(rule.exception or ())
        for use in rule.then:
            yield from nodes(use.arguments)
        for part in () if rule.because is None else rule.because.parts:
            if not isinstance(part, str):
                yield from nodes(part)
    for definition in policy.definitions.values():
        yield from nodes(definition.value)
    for function in policy.functions.values():
        yield from nodes(function.body)
    for bucket in policy.buckets:
        for test in bucket.tests:
            yield from nodes(test.condition if isinstance(test, Predicate) else test.attribute)


def _circles(policy: Policy) -> None:
    calls: dict[str, tuple[str, ...]] = {}
    for name, definition in policy.definitions.items():
        calls[f"let {name}"] = _called(definition.value)
    for name, function in policy.functions.items():
        calls[f"fn {name}"] = _called(function.body)
    _acyclic(calls, "definitions and functions")


def _called(value: core.Expression) -> tuple[str, ...]:
    found = [node for node in nodes(value) if isinstance(node, core.Derived | core.CallFunction)]
    return tuple(f"{'let' if isinstance(node, core.Derived) else 'fn'} {node.name}" for node in found)


def _acyclic(edges: Mapping[str, tuple[str, ...]], what: str) -> None:
    waiting = {name: set(others) & edges.keys() for name, others in edges.items()}
    users: dict[str, list[str]] = {name: [] for name in edges}
    for name, others in waiting.items():
        for other in others:
            users[other].append(name)
    ready = [name for name, others in waiting.items() if not others]
    done = 0
    while ready:
        name = ready.pop()
        done += 1
        for user in users[name]:
            waiting[user].discard(name)
            if not waiting[user]:
                ready.append(user)
    if done != len(edges):
        raise PolicyFormatError(f"{what} form a circle")
