"""Trying rules, quickly: through the tables of the decision tree, then what is left of each rule that they leave alive."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple

from tenetlang.targets.standalone.expressions import ABSENT, Run, Slots, Valuation
from tenetlang.targets.standalone.faults import Fault
from tenetlang.targets.standalone.quantifiers import Compiler
from tenetlang.targets.standalone.values import constant_of, sort_key

Template = list
"""Texts and functions in turn."""


class Step(NamedTuple):
    """A step of a rule's body, as the trace tries it."""

    kind: str
    text: str
    at: str
    value: Valuation | None
    members: Callable | None
    bind: Callable | None
    source_place: str
    names: list[tuple[str, int]]


class CompiledRule:
    """A rule whose parts are functions."""

    def __init__(self, compiler: Compiler, rule: dict) -> None:
        self.rule = rule
        self.compiler = compiler
        self.slots = Slots()
        self.name = rule["shown_name"]
        self.steps = [_step(compiler, step, self.slots) for step in rule["body"]]
        exception = rule["exception"]
        self.exception = None if exception is None else compiler.exists({"body": exception}, self.slots)
        self.exception_place = compiler.place(exception[0]["at"] if exception else rule["at"])
        self.because = None if rule["because"] is None else template_of(compiler, rule["because"], self.slots)
        self.then = [(use["obligation"], compiler.values(use["arguments"], self.slots)) for use in rule["then"]]
        self.quick: dict[tuple[int, ...], Valuation] = {}

    def rest(self, positions: tuple[int, ...]) -> Valuation:
        """A function that finds the first choice which satisfies these steps and not the exception."""
        if positions not in self.quick:
            steps = [self.rule["body"][position] for position in positions]
            self.quick[positions] = self.compiler.block(steps, self.slots, self.not_excepted)
        return self.quick[positions]

    def not_excepted(self, variables: list, run: Run) -> bool:
        """Whether the exception lets this choice stand; one that errs does, and its error counts."""
        if self.exception is None:
            return True
        try:
            return not self.exception(variables, run)
        except Fault as fault:
            run.excused = fault
            return True


def template_of(compiler: Compiler, template: dict, slots: Slots) -> Template:
    """The template's texts, and functions for its holes."""
    return [part if isinstance(part, str) else compiler.value(part, slots) for part in template["parts"]]


def _step(compiler: Compiler, step: dict, slots: Slots) -> Step:
    kind, text, at = step["is"], step["text"], compiler.place(step["at"])
    if kind == "Condition":
        return Step(kind, text, at, compiler.value(step["expression"], slots), None, None, "", [])
    if kind == "Assign":
        name = step["local"]["name"]
        value = compiler.value(step["value"], slots)
        return Step(kind, text, at, value, None, None, "", [(name, slots.add(name))])
    bound = step["bound"]
    members, bind = compiler.source(bound, slots), compiler.binder(bound, slots)
    bounds = [bound["value"]] if bound["key"] is None else [bound["key"], bound["value"]]
    names = [(local["name"], slots.add(local["name"])) for local in bounds]
    return Step(kind, text, at, None, members, bind, compiler.place(bound["source"]["at"]), names)


class Node(NamedTuple):
    """A switch of the decision tree; a leaf has buckets and no attribute."""

    attribute: Valuation | None
    branches: dict
    otherwise: Node | None
    missing: Node | None
    buckets: list[int]


class Bucket(NamedTuple):
    """Rules in rank order, and the tests that they share; bit n of a mask stands for candidate n."""

    everyone: int
    candidates: list[tuple[int, tuple[int, ...]]]
    tests: list[Callable[[int, Run], int]]


class Rules:
    """The rules of the policy, and the tree that finds those for a request."""

    def __init__(self, policy: dict, files: list, types: list) -> None:
        self.policy = policy
        self.compiler = Compiler(policy, files, types)
        self.listed = [rule for package in policy["packages"] for rule in package["rules"]]
        self.compiled: dict[int, CompiledRule] = {}
        self.buckets: dict[int, Bucket] = {}
        self.root = self.node(policy["root"])

    def rule(self, position: int) -> CompiledRule:
        """The rule as functions, made when it is first wanted."""
        if position not in self.compiled:
            self.compiled[position] = CompiledRule(self.compiler, self.listed[position])
        return self.compiled[position]

    def attribute(self, read: dict) -> Valuation:
        """The value of a part of the request, which may be absent whatever the rules that read it make sure of."""
        return self.compiler.value({**read, "optional": True}, Slots())

    def node(self, form: dict) -> Node:
        if form["is"] == "Leaf":
            return Node(None, {}, None, None, form["buckets"])
        branches = {constant_of(value): self.node(below) for value, below in form["branches"]}
        return Node(
            self.attribute(form["attribute"]), branches, self.node(form["otherwise"]), self.node(form["missing"]), []
        )

    def bucket(self, number: int) -> Bucket:
        if number not in self.buckets:
            form = self.policy["buckets"][number]
            candidates = [(candidate["rule"], tuple(candidate["rest"])) for candidate in form["candidates"]]
            tests = [self.test(test) for test in form["tests"]]
            self.buckets[number] = Bucket((1 << len(candidates)) - 1, candidates, tests)
        return self.buckets[number]

    def test(self, form: dict) -> Callable[[int, Run], int]:
        """A function from those that are alive, and the request, to those that stay so."""
        if form["is"] == "Predicate":
            concerned = int(form["mask"], 16)
            condition = self.compiler.value(form["condition"], Slots())
            return lambda live, run: live & ~concerned if live & concerned and not condition([], run) else live
        attribute, missing = self.attribute(form["attribute"]), int(form["missing"], 16)
        find = _finder(form)

        def test(live: int, run: Run) -> int:
            value = attribute([], run)
            return live & (missing if value is ABSENT else find(value))

        return test

    def matching(self, run: Run) -> dict[int, list]:
        """The rules that match, by position, with the variables of each; errors go to the run."""
        node = self.root
        while node.attribute is not None:
            value = node.attribute([], run)
            below = node.missing if value is ABSENT else node.branches.get(value, node.otherwise)
            assert below is not None
            node = below
        found: dict[int, list] = {}
        for number in node.buckets:
            bucket = self.buckets.get(number) or self.bucket(number)
            live = bucket.everyone
            for test in bucket.tests:
                live = test(live, run)
            while live:
                bit = live & -live
                live ^= bit
                self.try_candidate(bucket.candidates[bit.bit_length() - 1], run, found)
        return found

    def try_candidate(self, candidate: tuple[int, tuple[int, ...]], run: Run, found: dict[int, list]) -> None:
        position, rest = candidate
        made = self.compiled.get(position) or self.rule(position)
        if not rest and made.exception is None:
            found[position] = []
            return
        holds = made.quick.get(rest) or made.rest(rest)
        variables = made.slots.variables()
        run.begin()
        try:
            if holds(variables, run):
                found[position] = variables
                if run.excused is not None:
                    run.errors[position] = run.excused
        except Fault as fault:
            run.errors[position] = fault


def _finder(form: dict) -> Callable[[object], int]:
    """A function from the value of a test's attribute to the mask of those whom it leaves alive."""
    if form["is"] == "Cuts":
        points = [sort_key(constant_of(point)) for point in form["points"]]
        masks = [int(mask, 16) for mask in form["masks"]]

        def region(value: object) -> int:
            key = sort_key(value)
            place = bisect_left(points, key)
            at_point = place < len(points) and points[place] == key
            return masks[2 * place + 1 if at_point else 2 * place]

        return region
    table = {constant_of(value): int(mask, 16) for value, mask in form["entries"]}
    if form["is"] == "Table":
        otherwise = int(form["otherwise"], 16)
        return lambda value: table.get(value, otherwise)
    unaffected = int(form["unaffected"], 16)

    def members(value: object) -> int:
        kept = unaffected
        if isinstance(value, (tuple, frozenset)):
            for member in value:
                kept |= table.get(member, 0)
        return kept

    return members
