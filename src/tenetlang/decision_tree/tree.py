"""The decision tree: the compiled policy, which is what is shipped, printed, analysed and turned into code.

A full decision tree over many attributes explodes, because most rules of a tool leave most attributes open: each open
attribute copies the rule into every branch below. So only the top is a tree. A request is first *dispatched* by its
tool (and by one attribute more, where that copies little) to a `Leaf`. A leaf has one or a few *buckets* of rules, and
a bucket is *factored* per attribute, as packet classifiers do it with bit vectors (Lakshman and Stiliadis, 1998):

    Switch tool ──┬─ "refund" ────── Leaf 1: bucket 3, bucket 0          bucket 3, 3 rules
                  ├─ "email.send" ── Leaf 2: bucket 4, bucket 0            Table  agent.team  {"support": 011, "ops": 110} else 010
                  └─ else ────────── Leaf 0: bucket 0                      Cuts   args.amount  … 50 … 1000 …
                                     (rules for any tool)                  then, for rules still alive: what is left of each

Every step gives, for the value that it looks at, the mask of the rules that this value leaves alive; the bucket's
answer is the AND of them all. Bit 0 is the first rule of the bucket, and the rules of a bucket are in rank order, so
the lowest bit set ranks highest. The mask is exact provenance: it holds every rule that matches, not only the deciding
one, and deciding (`evaluator/outcome.py`) is a function of it.

*Errors* decide what may be factored. Conditions run in the order written, and the first that is false stops the rule, so
a condition may be tested early only if nothing before it, and nothing in itself, can fault: between such conditions
order can't be observed. The steps of a body from the first that can fault on (a `some` counts, for it may try too much)
stay together, in the written order, behind all the conditions factored out: this is a rule's *rest*. So a fault occurs
exactly where the rule read from top to bottom would have it.

A path that may be absent is tested early all the same. Flow typing has proved that the rule reads it only behind a
guard that makes sure of it. Where it is absent that guard, written earlier, is false, so the rule is dead: the mask for
`missing` leaves it out.

Everything here is data, frozen, and complete. (What was opened and not read yet, `opening.py`, is late data.) An evaluator needs nothing but a `Policy` and documents. It has the parts
of a checked program that deciding needs, under the same names, and no tests, claims or syntax.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Annotated, Final, TypeAlias

from tenetlang.frozen import frozen
from tenetlang.late import LateSequence
from tenetlang.program.expression import Expression, Read
from tenetlang.program.program import (
    Counter,
    Data,
    Definition,
    Fact,
    Function,
    Obligation,
    Package,
    Program,
    Reviewers,
    Rule,
    Tool,
)

FORMAT_VERSION = 1
"""The version of the decision tree and of its JSON form; a reader refuses any other."""


@frozen
class Heading:
    """What is known of a rule before it is read: what `Rule` says under these names."""

    name: str
    shown_name: str
    tools: frozenset[str] | None


class LateRules(LateSequence[Rule]):
    """Rules of a package that are read when they are wanted (`opening.py`)."""

    __slots__ = ("headings",)

    def __init__(self, size: int, make: Callable[[int], Rule], headings: Callable[[], Sequence[Heading]]) -> None:
        super().__init__(size, make)
        self.headings: Final = headings


Mask: TypeAlias = Annotated[int, "mask"]
"""A set of rules of a bucket: bit n stands for its candidate n. In the JSON form it is written in hexadecimal."""


@frozen
class Table:
    """Looks a value up: the rules that it leaves alive, `otherwise` for values that no entry has, `missing` for none."""

    attribute: Read
    entries: tuple[tuple[object, Mask], ...]
    otherwise: Mask
    missing: Mask


@frozen
class Cuts:
    """Where a value lies between constants. `points` ascend; of n points there are 2n+1 `masks`: below the first, at
    the first, between first and second, at the second, …, above the last."""

    attribute: Read
    points: tuple[object, ...]
    masks: tuple[Mask, ...]
    missing: Mask


@frozen
class Members:
    """Which of some constants a set or list holds: alive are the `unaffected` rules and those of each member's entry."""

    attribute: Read
    entries: tuple[tuple[object, Mask], ...]
    unaffected: Mask
    missing: Mask


@frozen
class Predicate:
    """A condition that several rules have and no table holds. It can't fault. Where it is false the rules of `mask` die;
    it is evaluated only if one of them is still alive."""

    condition: Expression
    mask: Mask


Test: TypeAlias = Table | Cuts | Members | Predicate


@frozen
class Candidate:
    """A rule of a bucket: its position in `Policy.rules`, and the positions of the steps of its body that no test of the
    bucket covers, ascending. A rule with an exception, or with a rest, is evaluated once the tests leave it alive."""

    rule: int
    rest: tuple[int, ...]


@frozen
class Bucket:
    """Rules in rank order (bit 0 first) and the tests that they share, those that exclude most first."""

    candidates: tuple[Candidate, ...]
    tests: tuple[Test, ...]


@frozen
class Leaf:
    """What is evaluated for the requests that come here. `id` is `leaf N`'s N; buckets by position in `Policy.buckets`."""

    id: int
    buckets: tuple[int, ...]


@frozen
class Switch:
    """Goes on with the node of the attribute's value."""

    attribute: Read
    branches: tuple[tuple[object, Node], ...]
    otherwise: Node
    missing: Node


Node: TypeAlias = Switch | Leaf


@frozen
class Policy:
    """The compiled policy. `packages` has the entry first, then those that it extends, nearest first."""

    version: int
    entry: str
    packages: tuple[Package, ...]
    uses_tools: bool
    facts: Mapping[str, Fact]
    tools: Mapping[str, Tool]
    data: tuple[Data, ...]
    definitions: Mapping[str, Definition]
    functions: Mapping[str, Function]
    counters: tuple[Counter, ...]
    reviewers: Mapping[str, Reviewers]
    obligations: Mapping[str, Obligation]
    buckets: Sequence[Bucket]
    root: Node

    @property
    def rules(self) -> Sequence[Rule]:
        """The rules of all packages, in the order of packages and of writing; buckets name them by position."""
        if not any(isinstance(package.rules, LateRules) for package in self.packages):
            return tuple(rule for package in self.packages for rule in package.rules)
        if len(self.packages) == 1:
            return self.packages[0].rules
        ends = list(accumulate(len(package.rules) for package in self.packages))

        def rule(position: int) -> Rule:
            number = bisect_right(ends, position)
            return self.packages[number].rules[position - ends[number]]

        return LateSequence(ends[-1], rule)

    @property
    def headings(self) -> Sequence[Heading | Rule]:
        """The headings of all rules, in the same order; of rules that are late without reading the rest of them."""
        found: list[Heading | Rule] = []
        for package in self.packages:
            found += package.rules.headings() if isinstance(package.rules, LateRules) else package.rules
        return found


def program_of(policy: Policy) -> Program:
    """The program that the policy was compiled from, as far as deciding needs it: without its tests and claims."""
    return Program(
        entry=policy.entry,
        packages=tuple(
            Package(each.name, each.resolve, each.default, each.on_error, each.observe, tuple(each.rules))
            for each in policy.packages
        ),
        uses_tools=policy.uses_tools,
        facts=policy.facts,
        tools=policy.tools,
        data=policy.data,
        definitions=policy.definitions,
        functions=policy.functions,
        counters=policy.counters,
        reviewers=policy.reviewers,
        obligations=policy.obligations,
        tests=(),
        claims=(),
    )


def leaves(node: Node) -> tuple[Leaf, ...]:
    """The leaves below a node, each once, by id."""
    found: dict[int, Leaf] = {}
    waiting: list[Node] = [node]
    while waiting:
        match waiting.pop():
            case Leaf() as leaf:
                found[leaf.id] = leaf
            case Switch(branches=branches, otherwise=otherwise, missing=missing):
                waiting += [below for _, below in branches]
                waiting += [otherwise, missing]
    return tuple(found[number] for number in sorted(found))
