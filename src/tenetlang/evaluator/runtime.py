"""What generated code needs at run time, and nothing of the compiler.

Generated functions take two arguments beside their variables: the typed inputs of a request, and a *run*, which keeps the
values of definitions and counts the members that quantifiers try. There are two kinds of run. A `Run` is for deciding. A
`Recording` is for explaining: code generated for it tells it each part of the request that it reads, and each step of a
rule that it reaches.

A fault is a `ValueFault` while it is on its way out of a function of the language, and gets its place where it is caught:
generated code carries the lines of the policy, so the place is where Python's traceback says that the exception
passed through it. That costs nothing while all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Final, TypeAlias

import attrs

from tenetlang.decision import Trace, TracedCondition, TracedRule
from tenetlang.evaluator.builtin_limits import Function
from tenetlang.evaluator.work import work
from tenetlang.values.collections import Map, Record
from tenetlang.values.faults import ValueFault
from tenetlang.values.network import Cidr, Ip
from tenetlang.values.order import sorted_values
from tenetlang.values.render import to_plain

MARK: Final = "tenet:generated"
"""The key by which the namespace of generated code is known in a traceback."""


class Absent:
    """The class of `ABSENT`, the value of an optional path where nothing is there."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
NOTHING: Final = Record()
"""Stands for an absent record where a path goes on through it."""


class PlacedFault(ValueFault):
    """A fault whose place, `file:line`, is known."""

    def __init__(self, code: str, at: str) -> None:
        super().__init__(code, at)
        self.at = at


def place_of(fault: ValueFault) -> str:
    """`file:line` of the expression that faulted: the innermost generated code that the exception passed through."""
    if isinstance(fault, PlacedFault):
        return fault.at
    place = ""
    step: TracebackType | None = fault.__traceback__
    while step is not None:
        if MARK in step.tb_frame.f_globals:
            place = f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno}"
        step = step.tb_next
    return place


Error: TypeAlias = tuple[str, str]
"""A rule's error: the code, and the place as `file:line`."""


def settle(
    live: int, table: Mapping[int, tuple[int, RuleFunction]], waiting: int, inputs: Mapping[str, object], run: Run
) -> int:
    """The mask `live` less the rules of `waiting` that do not hold. `table` has the position and the function of each.

    A rule that errs does not hold; an error in its exception leaves it matched. Both go to the errors of the run.
    """
    waiting &= live
    while waiting:
        bit = waiting & -waiting
        waiting ^= bit
        position, function = table[bit]
        run.work = 0
        try:
            if not function(inputs, run):
                live ^= bit
            elif run.excused is not None:
                run.errors[position] = run.excused
                run.excused = None
        except ValueFault as fault:
            live ^= bit
            run.errors[position] = (fault.code, place_of(fault))
    return live


# --------------------------------------------------------------------------------------------------------------- runs


@attrs.define
class Run:
    """One decision: definitions that are known already, and the work of the rule or definition at hand.

    `make` makes the inputs of `values`, once they are wanted, where the request was read into its parts (`layout.py`).
    """

    work: int = 0
    known: dict[str, object] = attrs.field(factory=dict)
    errors: dict[int, Error] = attrs.field(factory=dict)
    excused: Error | None = None
    values: tuple[object, ...] = ()
    make: Callable[[tuple[object, ...]], Mapping[str, object]] | None = None
    made: Mapping[str, object] | None = None

    def inputs(self) -> Mapping[str, object]:
        """The inputs, as records in records."""
        if self.made is None:
            assert self.make is not None
            self.made = self.make(self.values)
        return self.made

    def excuse(self, fault: ValueFault) -> None:
        """The exception of the rule at hand faulted: it does not hold, and the rule matches with an error."""
        self.excused = (fault.code, place_of(fault))

    def define(
        self, name: str, body: Callable[[Mapping[str, object], Run], object], inputs: Mapping[str, object]
    ) -> object:
        """The value of a definition, evaluated at most once; a fault is remembered as well."""
        found = self.known.get(name)
        if found is None:
            outer, self.work = self.work, 0
            try:
                found = body(inputs, self)
            except ValueFault as fault:
                found = PlacedFault(fault.code, place_of(fault))
            finally:
                self.work = outer
            self.known[name] = found
        if type(found) is PlacedFault:
            raise PlacedFault(found.code, found.at)
        return found


@attrs.define
class Step:
    """What a recording knows of one step that was reached."""

    reads: dict[str, object]
    value: bool | None = None
    bindings: dict[str, object] = attrs.field(factory=dict)
    error: str | None = None


@attrs.define
class Recording:
    """One explanation of one rule.

    `steps` is the choice at hand, `best` the one that got furthest. Generated code says `begin(k)` before it
    evaluates step k, then what came of it; to go back to an earlier step is to begin or choose there again.
    """

    work: int = 0
    known: dict[str, tuple[object, dict[str, object]]] = attrs.field(factory=dict)
    reads: dict[str, object] = attrs.field(factory=dict)
    steps: list[Step] = attrs.field(factory=list)
    best: list[Step] = attrs.field(factory=list)

    def read(self, path: str, value: object) -> object:
        """The value, once it is noted that it was read."""
        if value is not ABSENT:
            self.reads[path] = value
        return value

    def define(
        self, name: str, body: Callable[[Mapping[str, object], Recording], object], inputs: Mapping[str, object]
    ) -> object:
        """As `Run.define`; what the definition read counts for each step that uses it."""
        found = self.known.get(name)
        if found is None:
            outer, outer_reads = self.work, self.reads
            self.work, self.reads = 0, {}
            try:
                value = body(inputs, self)
            except ValueFault as fault:
                value = PlacedFault(fault.code, place_of(fault))
            finally:
                reads, self.work, self.reads = self.reads, outer, outer_reads
            found = self.known[name] = (value, reads)
        self.reads.update(found[1])
        if type(found[0]) is PlacedFault:
            raise PlacedFault(found[0].code, found[0].at)
        return found[0]

    def begin(self, position: int) -> None:
        """Step `position` is about to be evaluated."""
        self.reads = {}
        del self.steps[position:]
        self.steps.append(Step(self.reads))
        if len(self.steps) > len(self.best):
            self.best = list(self.steps)

    def end(self, value: bool) -> bool:
        """The condition at hand is `value`, which is returned."""
        self.steps[-1].value = value
        return value

    def back(self, position: int) -> None:
        """The choice at `position` is about to try one more member: what came after it is over."""
        del self.steps[position + 1 :]

    def choose(self, position: int, bindings: dict[str, object]) -> None:
        """The choice at `position` goes on with a member."""
        open_choice = self.steps[position]
        self.steps[position] = Step(open_choice.reads, True, bindings)
        if self.best[-1] is open_choice:
            self.best = list(self.steps)

    def assign(self, bindings: dict[str, object]) -> None:
        """The assignment at hand has bound this."""
        self.steps[-1].value = True
        self.steps[-1].bindings = bindings

    def excuse(self, fault: ValueFault) -> None:
        """The exception at hand faulted: it does not hold, and the error is shown."""
        self.steps[-1].error = fault.code

    def fault(self, code: str) -> None:
        """The step at hand faulted, which ends the rule: this choice is shown."""
        last = self.steps[-1]
        self.best = [*self.steps[:-1], Step(last.reads, None, {}, code)]

    def witness(self) -> bool:
        """All steps hold: this choice is shown."""
        self.best = list(self.steps)
        return True


def traced_rule(name: str, holds: bool | None, recording: Recording, texts: Iterable[tuple[str, str]]) -> TracedRule:
    """The trace of one rule: `texts` are the text and the place of each of its steps."""
    conditions: list[TracedCondition] = []
    for position, (text, at) in enumerate(texts):
        if position >= len(recording.best):
            conditions.append(TracedCondition(text, None, {}, at, reached=False))
            continue
        step = recording.best[position]
        conditions.append(
            TracedCondition(text, step.value, plain(step.reads), at, error=step.error, bindings=plain(step.bindings))
        )
    return TracedRule(name, holds, tuple(conditions))


def plain(values: Mapping[str, object]) -> dict[str, object]:
    """The values as JSON, by name; those that are absent left out."""
    return {name: to_plain(values[name]) for name in sorted(values) if values[name] is not ABSENT}


def sorted_trace(rules: Iterable[TracedRule]) -> Trace:
    """The rules by name."""
    return tuple(sorted(rules, key=lambda rule: rule.rule))


RuleFunction: TypeAlias = Callable[[Mapping[str, object], Run], object]
"""Generated from what is left of a rule: the values of its variables where it holds (or True), else something false."""


# --------------------------------------------------------------------------------------------------------- operations


def members(collection: object) -> Iterable[object]:
    """What a quantifier tries: a list in order, a set in canonical order, a map's values by key."""
    if type(collection) is tuple:
        return collection
    if isinstance(collection, Map):
        return [collection[key] for key in sorted(collection)]
    return sorted_values(collection) if isinstance(collection, frozenset) else _no_collection(collection)


def entries(collection: object) -> Iterator[tuple[object, object]]:
    """As `members`, each with its position in the list or its key in the map."""
    if isinstance(collection, Map):
        return iter(sorted(collection.items()))
    if isinstance(collection, tuple):
        return enumerate(collection)
    return ((member, member) for member in members(collection))


def _no_collection(value: object) -> Iterable[object]:
    raise TypeError(f"{type(value).__name__} has no members")


def field(record: object, name: str) -> object:
    """The field of a record, `ABSENT` where it or the record is not there."""
    if record is ABSENT:
        return ABSENT
    assert isinstance(record, Record)
    return record.get(name, ABSENT)


def walked(run: Run | Recording, function: Function, *arguments: object) -> object:
    """The value of the function, within a quantifier: what it goes through is work."""
    found = function(*arguments)
    run.work += work(found, *arguments)
    return found


def in_list(item: object, members: object) -> bool:
    """Whether a list has the member."""
    assert isinstance(members, tuple)
    return item in members


def part(value: object, get: Callable[[object], object]) -> object:
    """A part of a parsed value that not every value has (`url.port`): `ABSENT` where it is not there."""
    found = None if value is ABSENT else get(value)
    return ABSENT if found is None else found


def index(collection: object, key: object) -> object:
    """`collection[key]`, or the fault `bad_index`."""
    found = index_or_absent(collection, key)
    if found is ABSENT:
        raise ValueFault("bad_index", "nothing is there")
    return found


def index_or_absent(collection: object, key: object) -> object:
    """`collection[key]`, or `ABSENT`."""
    if isinstance(collection, tuple):
        assert isinstance(key, int)
        return collection[key] if 0 <= key < len(collection) else ABSENT
    if collection is ABSENT:
        return ABSENT
    assert isinstance(collection, Map)
    return collection.get(key, ABSENT)  # type: ignore[call-overload]  # keys of maps are strings


def in_block(item: object, block: object) -> bool:
    """Whether an address, or a whole block, lies in a block of addresses."""
    assert isinstance(block, Cidr)
    if isinstance(item, Ip):
        return block.contains(item)
    assert isinstance(item, Cidr)
    return block.contains_cidr(item)
