"""What would have to be different about a request for its decision to be another one?

    this request is escalated; it would be allowed if args.amount were 50 or less (now 120)

Such *counterfactual explanations* (Wachter, Mittelstadt and Russell, 2018) tell the person or the agent whose request was
refused what they could do, and nothing else of the policy. Here they come from the analysis, so they are more than samples:

- The changes are *minimal*. Which sets of parts are enough is found by `hitting.py`, with the proofs of the search that other
  sets are not; where there is nothing to be found, that is proved too.
- They are the *nearest* of their kind, by what it costs to change each part (`changeable.py`) and then by distance.
- They are *verified*: each changed request has been decided by both evaluators.

Two stages. First only arguments may change and the facts are known; the formulas are then small and exact. Then all parts
may change, and what the first stage found or ruled out is not looked at again.

Where one number changes, the region around its new value is tried for the same verdict: only where no request of the
whole region gets another one do we say "50 or less".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, Protocol, TypeAlias

import attrs

from tenetlang.analysis.actual import Situation
from tenetlang.analysis.arithmetic import in_type
from tenetlang.analysis.changeable import Part, at
from tenetlang.analysis.formulas import FALSE, Formula
from tenetlang.analysis.hitting import Hitting, Parts
from tenetlang.analysis.nearest import Request, candidates
from tenetlang.analysis.questions import Judge
from tenetlang.analysis.regions import Variable, address, interval, line, regions
from tenetlang.analysis.shape import plain
from tenetlang.analysis.specialise import ABSENT
from tenetlang.analysis.stage import Stage, regions_at, stage_of
from tenetlang.decision import Decision, Verdict
from tenetlang.frozen import frozen
from tenetlang.program import types as t
from tenetlang.program.program import Program
from tenetlang.values.collections import Map, Record
from tenetlang.values.order import sorted_values
from tenetlang.values.render import to_plain

MOST: Final = 3
"""Changes that are told for one verdict."""
MOST_LOOKED_AT: Final = 8
MOST_DECIDED: Final = 60
"""Candidates that are shown to the evaluators for one verdict and stage."""
_EVERYTHING: Final = 100
"""What a part of weight 1 costs; how far it moves is told below that."""

VERDICTS: Final[tuple[Verdict, ...]] = ("allow", "escalate", "deny")
Answered: TypeAlias = Literal["found", "impossible", "undecided"]


class World(Protocol):
    """What stays as it is while a request changes: a program and its documents."""

    @property
    def program(self) -> Program: ...

    @property
    def judge(self) -> Judge: ...

    def reaches(self, request: Request, verdict: Verdict) -> Decision | None:
        """The decision on which both evaluators agree, where it is this verdict on a valid request."""

    def situation(self, request: Request) -> Situation | None:
        """The request, typed; None where it is invalid."""


@frozen
class End:
    """One end of a region of numbers, as JSON."""

    value: object
    included: bool


@frozen
class Difference:
    """One part that changes. `before` and `after` are JSON values; an empty tuple where nothing is there.

    `low` and `high`: each value between them does as well, proved; None where there is no such end. `whole` says that the
    region has been proved at all. `added` and `removed` are members of a collection, or keys of a map. `type` is the name of a type without parts.
    """

    path: str
    before: tuple[object, ...]
    after: tuple[object, ...]
    whole: bool = False
    low: End | None = None
    high: End | None = None
    added: tuple[object, ...] = ()
    removed: tuple[object, ...] = ()
    is_collection: bool = False
    type: str = ""

    def to_json(self) -> dict[str, object]:
        """`from` and `to`, each left out where the part is not there."""
        shape: dict[str, object] = {"path": self.path}
        if self.before:
            shape["from"] = self.before[0]
        if self.after:
            shape["to"] = self.after[0]
        if self.is_collection and self.before and self.after:
            shape["added"], shape["removed"] = list(self.added), list(self.removed)
        if self.low is not None:
            shape["at_least" if self.low.included else "above"] = self.low.value
        if self.high is not None:
            shape["at_most" if self.high.included else "below"] = self.high.value
        return shape


@frozen
class Change:
    """Differences that together lead to the verdict. `minimal`: it is proved that fewer of these parts don't. `request` is the
    changed request."""

    differences: tuple[Difference, ...]
    verdict: Verdict
    decided_by: tuple[str, ...]
    cost: int
    minimal: bool
    only_arguments: bool
    request: Request

    def to_json(self) -> dict[str, object]:
        """The published shape."""
        return {
            "changes": [item.to_json() for item in self.differences],
            "verdict": self.verdict,
            "decided_by": list(self.decided_by),
            "cost": self.cost,
            "minimal": self.minimal,
        }


@frozen
class Way:
    """What would lead to one verdict. `arguments` and `anything` say whether changes of the arguments alone, and of all parts, were found
    or ruled out; `anything` is None where only arguments were asked for. `given`: some rule or default can give the verdict."""

    verdict: Verdict
    changes: tuple[Change, ...]
    arguments: Answered
    anything: Answered | None
    given: bool

    def to_json(self) -> dict[str, object]:
        """The published shape."""
        shape: dict[str, object] = {
            "verdict": self.verdict,
            "changes": [change.to_json() for change in self.changes],
            "arguments": self.arguments,
        }
        if self.anything is not None:
            shape["anything"] = self.anything
        return shape


def explain_change(
    world: World,
    request: Request,
    decision: Decision,
    *,
    towards: Verdict | None = None,
    only_arguments: bool = False,
) -> tuple[Way, ...]:
    """The cheapest changes of the request to each other verdict, or to the one asked for; at most three for each.

    Nothing for a request that is invalid, for an unknown tool, and where the package only observes.
    """
    situation = world.situation(request)
    if situation is None or decision.decided_by in {("invalid_request",), ("unknown_tool",), ("observe",)}:
        return ()
    stages: dict[bool, Stage | None] = {}

    def stage(*, arguments: bool) -> Stage | None:
        if arguments not in stages:
            stages[arguments] = stage_of(world.program, world.judge, situation, only_arguments=arguments)
        return stages[arguments]

    wanted = [verdict for verdict in VERDICTS if verdict != decision.verdict and towards in {None, verdict}]
    found = []
    for verdict in wanted:
        looking = _Looking(world, request, verdict)
        arguments = looking.through(stage(arguments=True))
        anything: Answered | None = None
        if not only_arguments:
            # Two arguments cost less than any other fact; with so many, nothing else is among the cheapest.
            enough = len(looking.changes) >= MOST and all(len(item.differences) <= 2 for item in looking.changes)
            anything = arguments if enough else looking.through(stage(arguments=False))
            if looking.changes:
                anything = "found"
        found.append(Way(verdict, looking.cheapest(), arguments, anything, looking.given))
    return tuple(found)


@attrs.define(eq=False)
class _Looking:
    """Looks for the changes that lead to one verdict."""

    world: World
    request: Request
    verdict: Verdict
    changes: list[Change] = attrs.field(factory=list)
    ruled_out: bool = False
    given: bool = False

    def cheapest(self) -> tuple[Change, ...]:
        ordered = sorted(self.changes, key=lambda item: (item.cost, [each.path for each in item.differences]))
        return tuple(ordered[:MOST])

    def through(self, stage: Stage | None) -> Answered:
        """What the stage has: changes, the proof that there are none, or neither."""
        if stage is None:
            self.given = True
            return "undecided"
        goal = stage.scene.decided.verdicts[self.verdict]
        self.given = self.given or goal is not FALSE
        everything = frozenset(range(len(stage.parts)))
        if stage.possible(goal, stage.masks(everything), everything) is False:
            return "impossible"
        hitting = Hitting(
            [part.weight for part in stage.parts],
            lambda changing: stage.possible(goal, stage.masks(changing), changing),
        )
        before = len(self.changes)
        for known in self.changes:
            paths = {item.path for item in known.differences}
            hitting.accept(frozenset(n for n, part in enumerate(stage.parts) if ".".join(part.path) in paths))
        self._search(stage, goal, hitting)
        if len(self.changes) > before:
            return "found"
        return "impossible" if hitting.whole and not before else "undecided"

    def _search(self, stage: Stage, goal: Formula, hitting: Hitting) -> None:
        left = MOST_DECIDED
        heaviest: int | None = None
        for changing in hitting.sets():
            if heaviest is not None and hitting.weight(changing) > heaviest:
                break
            found: tuple[Request, Decision] | None = None
            for candidate in candidates(stage, goal, changing, self.request):
                left -= 1
                decision = self.world.reaches(candidate, self.verdict)
                if decision is not None:
                    found = candidate, decision
                    break
                if left <= 0:
                    break
            if found is not None:
                hitting.accept(changing)
                self._take(stage, goal, hitting, changing, *found)
            if len(self.changes) >= MOST:
                heaviest = hitting.weight(changing)
            if left <= 0 or len(self.changes) >= MOST_LOOKED_AT:
                break

    def _take(
        self, stage: Stage, goal: Formula, hitting: Hitting, changing: Parts, changed: Request, decision: Decision
    ) -> None:
        after = self.world.situation(changed)
        assert after is not None
        parts = [
            (place, stage.parts[place])
            for place in sorted(changing)
            if at(stage.situation.inputs, stage.parts[place].path) != at(after.inputs, stage.parts[place].path)
        ]
        now = regions_at(stage, after)
        differences = tuple(
            _difference(stage, goal, place, part, after, now)
            for place, part in parts
            if not any(
                other.presence and part.path[: len(other.path)] == other.path for _, other in parts if other is not part
            )
        )
        weight = sum(part.weight for _, part in parts)
        far = sum(_far(stage.situation, after, part) for _, part in parts)
        self.changes.append(
            Change(
                differences,
                self.verdict,
                decision.decided_by,
                weight * _EVERYTHING + min(far, _EVERYTHING - 1),
                hitting.is_minimal(changing),
                all(part.path[0] == "args" for _, part in parts),
                changed,
            )
        )


# ------------------------------------------------------------------------------------------------------------ differences


def _difference(
    stage: Stage, goal: Formula, place: int, part: Part, after: Situation, now: Mapping[int, int]
) -> Difference:
    old, new = at(stage.situation.inputs, part.path), at(after.inputs, part.path)
    added, removed = _members(old, new)
    declared = stage.scene.lowering.shape.field(part.path)
    type_ = None if declared is None else plain(declared.type)
    whole, low, high = False, None, None
    variable = stage.search.space.by_key.get(stage.scene.lowering.shape.read(part.path, t.JSON))
    if variable is not None and variable.kind == "ordered" and old is not ABSENT and variable.number in now:
        run = _run(stage, goal, place, variable, now)
        if run is not None:
            whole, (low, high) = True, _ends(variable, run)
    return Difference(
        ".".join(part.path),
        _shown(part, old),
        _shown(part, new),
        whole,
        low,
        high,
        added,
        removed,
        isinstance(new, tuple | frozenset | Map) and isinstance(old, tuple | frozenset | Map),
        type_.name if isinstance(type_, t.Scalar) else "",
    )


def _shown(part: Part, value: object) -> tuple[object, ...]:
    if value is ABSENT:
        return ()
    if part.path[0] == "origins" and isinstance(value, Record):
        return (f"tool:{value['tool']}" if "tool" in value else value["kind"],)
    return (to_plain(value),)


def _members(old: object, new: object) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """The members that came, and those that went."""
    if isinstance(old, Map) and isinstance(new, Map):
        came = [name for name in sorted_values(new) if name not in old or old[str(name)] != new[str(name)]]
        went = [name for name in sorted_values(old) if name not in new or old[str(name)] != new[str(name)]]
        return tuple(came), tuple(went)
    if isinstance(old, tuple | frozenset) and isinstance(new, tuple | frozenset):
        one = list(old) if isinstance(old, tuple) else sorted_values(old)
        other = list(new) if isinstance(new, tuple) else sorted_values(new)
        return tuple(map(to_plain, _without(other, one))), tuple(map(to_plain, _without(one, other)))
    return (), ()


def _without(items: Sequence[object], others: Sequence[object]) -> Iterator[object]:
    """The items that are not among the others, each as often as it is there more often."""
    left = list(others)
    for item in items:
        if item in left:
            left.remove(item)
        else:
            yield item


def _run(
    stage: Stage, goal: Formula, place: int, variable: Variable, now: Mapping[int, int]
) -> tuple[int, int, int, int] | None:
    """The first and the last region, next to each other, in which no request that is otherwise the changed one gets another
    verdict, and the first and last regions that there are; None where not even its own is such."""
    others = stage.scene.formulas.negation(goal)
    masks = stage.masks(frozenset([place]), now)
    held = list(regions(variable.initial))
    own = held.index(now[variable.number].bit_length() - 1)

    def proved(first: int, last: int) -> bool:
        mask = sum(1 << region for region in held[first : last + 1])
        inner = [*masks[: variable.number], mask, *masks[variable.number + 1 :]]
        return stage.possible(others, inner) is False

    if not proved(own, own):
        return None
    first = _furthest(own, 0, lambda end: proved(end, own))
    last = _furthest(own, len(held) - 1, lambda end: proved(own, end))
    return held[first], held[last], held[0], held[-1]


def _furthest(start: int, end: int, proved: Callable[[int], bool]) -> int:
    """The place furthest from `start` towards `end` up to which it is proved; it is at `start`."""
    if start == end or proved(end):
        return end
    near, far = start, end
    while abs(far - near) > 1:
        middle = (near + far) // 2
        if proved(middle):
            near = middle
        else:
            far = middle
    return near


def _ends(variable: Variable, run: tuple[int, int, int, int]) -> tuple[End | None, End | None]:
    first, last, lowest, highest = run
    low, _, low_point = interval(variable, first)
    _, high, high_point = interval(variable, last)
    one = None if first == lowest or low is None else End(_end(variable, low), low_point)
    other = None if last == highest or high is None else End(_end(variable, high), high_point)
    return one, other


def _end(variable: Variable, where: object) -> object:
    assert not isinstance(variable.key, tuple)
    type_ = plain(getattr(variable.key, "type", t.DECIMAL))
    if isinstance(where, Fraction):
        value = address(where) if type_ == t.IP else in_type(type_, where)
        return str(where) if value is None else to_plain(value)
    return to_plain(where)


def _far(before: Situation, after: Situation, part: Part) -> int:
    """How far a part has moved, from 0 to 40: numbers by their distance, all else by the kind of the change."""
    old, new = at(before.inputs, part.path), at(after.inputs, part.path)
    match old, new:
        case (int() | Decimal(), int() | Decimal()) if not isinstance(old, bool):
            one, other = line(old), line(new)
            assert isinstance(one, Fraction)
            assert isinstance(other, Fraction)
            return 1 + int(19 * abs(one - other) / (abs(one) + abs(other) + 1))
        case (tuple() | frozenset() | Map(), tuple() | frozenset() | Map()):
            added, removed = _members(old, new)
            return min(40, 5 * len(added) + 4 * len(removed))
        case _ if new is ABSENT:
            return 12
        case _ if old is ABSENT:
            return 15
        case _:
            return 10
