"""What would have to be different about a request for its decision to be another one?

    this request is escalated; it would be allowed if args.amount were 50 or less (now 120)

Such *counterfactual explanations* (Wachter, Mittelstadt and Russell, 2018) tell the person or the agent whose request was
refused what they could do, and nothing else of the policy. Here they come from the analysis, so they are more than samples:

- The changes are *minimal*. Which sets of parts are enough is found by `hitting.py`, with the proofs of the search that other
  sets are not; where there is nothing to be found, that is proved too.
- They are the *nearest* of their kind, by what it costs to change each part (`changeable.py`) and then by distance.
- They are *verified*: each changed request has been decided by both evaluators.

Two stages. First only arguments may change and the facts are known; the formulas are then small and exact. Then all parts
may change, and what the first stage found or ruled out is not looked at again. Where the search can't tell of some
parts whether they are enough, a closer look is taken: at the program in which all other parts are known.

Where one number changes, the region around its new value is tried for the same verdict: only where no request of the
whole region gets another one do we say "50 or less".
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final, Literal, Protocol, TypeAlias

import attrs

from tenetlang.analysis.counterfactuals.actual import Situation
from tenetlang.analysis.counterfactuals.changeable import Part, at
from tenetlang.analysis.counterfactuals.differences import Difference, difference, how_far
from tenetlang.analysis.counterfactuals.hitting import MOST_TOGETHER, Hitting, Parts
from tenetlang.analysis.counterfactuals.nearest import Request, candidates
from tenetlang.analysis.counterfactuals.stage import Stage, stage_of
from tenetlang.analysis.formulas import FALSE
from tenetlang.analysis.questions import Judge
from tenetlang.decision import Decision, Verdict
from tenetlang.frozen import frozen
from tenetlang.program.program import Program

MOST: Final = 3
"""Changes that are told for one verdict."""
MOST_LOOKED_AT: Final = 8
MOST_DECIDED: Final = 240
"""Candidates that are shown to the evaluators for one verdict."""
MOST_EACH: Final = 24
"""And for one set of parts."""
MOST_VAIN: Final = 40
"""Sets of parts, for one verdict, of which the search believes that they are enough and no request shows it."""
MOST_EXACT: Final = 8
"""Sets of parts at which a closer look is taken, for one request."""
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
    or ruled out; `anything` is None where only arguments were asked for. `given`: some rule or default can give the verdict. `more_than`: it is proved that so many parts are not enough."""

    verdict: Verdict
    changes: tuple[Change, ...]
    arguments: Answered
    anything: Answered | None
    given: bool
    more_than: int | None = None

    def to_json(self) -> dict[str, object]:
        """The published shape."""
        shape: dict[str, object] = {
            "verdict": self.verdict,
            "changes": [change.to_json() for change in self.changes],
            "arguments": self.arguments,
        }
        if self.anything is not None:
            shape["anything"] = self.anything
        if self.more_than is not None:
            shape["more_than"] = self.more_than
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
    stages = _Stages(world, situation)
    wanted = [verdict for verdict in VERDICTS if verdict != decision.verdict and towards in {None, verdict}]
    found = []
    for verdict in wanted:
        looking = _Looking(world, request, verdict, stages)
        arguments = looking.through(stages.stage(only_arguments=True))
        anything: Answered | None = None
        if not only_arguments:
            # Two arguments cost less than any other fact; with so many, nothing else is among the cheapest.
            enough = len(looking.changes) >= MOST and all(len(item.differences) <= 2 for item in looking.changes)
            anything = arguments if enough else looking.through(stages.stage(only_arguments=False))
            if looking.changes:
                anything = "found"
        found.append(Way(verdict, looking.cheapest(), arguments, anything, looking.given, looking.more_than))
    return tuple(found)


@attrs.define(eq=False)
class _Stages:
    """The stages of one request, each made when it is wanted."""

    world: World
    situation: Situation
    wide: dict[bool, Stage | None] = attrs.field(factory=dict)
    exact: dict[frozenset[Part], Stage | None] = attrs.field(factory=dict)

    def stage(self, *, only_arguments: bool) -> Stage | None:
        if only_arguments not in self.wide:
            world = self.world
            self.wide[only_arguments] = stage_of(
                world.program, world.judge, self.situation, only_arguments=only_arguments
            )
        return self.wide[only_arguments]

    def exactly(self, parts: Sequence[Part]) -> Stage | None:
        """The stage on which these parts alone may change; None where too many such have been made."""
        key = frozenset(parts)
        if key not in self.exact:
            if len(self.exact) >= MOST_EXACT:
                return None
            ordered = sorted(parts, key=lambda part: part.path)
            self.exact[key] = stage_of(self.world.program, self.world.judge, self.situation, exactly=ordered)
        return self.exact[key]


@attrs.define(eq=False)
class _Looking:
    """Looks for the changes that lead to one verdict."""

    world: World
    request: Request
    verdict: Verdict
    stages: _Stages
    changes: list[Change] = attrs.field(factory=list)
    given: bool = False
    more_than: int | None = None
    left: int = MOST_DECIDED
    vain: int = 0

    def cheapest(self) -> tuple[Change, ...]:
        ordered = sorted(self.changes, key=lambda item: (item.cost, [each.path for each in item.differences]))
        return tuple(ordered[:MOST])

    def through(self, stage: Stage | None) -> Answered:
        """What the stage has: changes, the proof that there are none, or neither."""
        self.more_than = None
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
        self._search(stage, hitting)
        if len(self.changes) > before:
            return "found"
        if hitting.ended and hitting.cut and not hitting.opened and not before:
            self.more_than = MOST_TOGETHER
        return "impossible" if hitting.whole and not before else "undecided"

    def _search(self, stage: Stage, hitting: Hitting) -> None:
        heaviest: int | None = None
        for changing in hitting.sets():
            if heaviest is not None and hitting.weight(changing) > heaviest:
                break
            found = self._shown(stage, hitting, changing)
            if found is not None:
                hitting.accept(changing)
                self._take(stage, hitting, changing, *found)
            else:
                self.vain += 1
            if len(self.changes) >= MOST:
                heaviest = hitting.weight(changing)
            if self.left <= 0 or self.vain >= MOST_VAIN or len(self.changes) >= MOST_LOOKED_AT:
                break

    def _shown(self, stage: Stage, hitting: Hitting, changing: Parts) -> tuple[Request, Decision] | None:
        """A request in which these parts differ, with the verdict; where there is no telling, a closer look is taken."""
        found = self._decided(stage, changing)
        if found is not None:
            return found
        exact = self.stages.exactly([stage.parts[place] for place in sorted(changing)])
        if exact is None:
            return None
        everything = frozenset(range(len(exact.parts)))
        goal = exact.scene.decided.verdicts[self.verdict]
        if exact.possible(goal, exact.masks(everything), everything) is False:
            hitting.refute(changing)
            return None
        return self._decided(exact, everything)

    def _decided(self, stage: Stage, changing: Parts) -> tuple[Request, Decision] | None:
        goal = stage.scene.decided.verdicts[self.verdict]
        for candidate in islice(candidates(stage, goal, changing, self.request), MOST_EACH):
            self.left -= 1
            decision = self.world.reaches(candidate, self.verdict)
            if decision is not None:
                return candidate, decision
            if self.left <= 0:
                break
        return None

    def _take(self, stage: Stage, hitting: Hitting, changing: Parts, changed: Request, decision: Decision) -> None:
        after = self.world.situation(changed)
        assert after is not None
        before = stage.situation
        parts = [stage.parts[place] for place in sorted(changing)]
        parts = [part for part in parts if at(before.inputs, part.path) != at(after.inputs, part.path)]
        gone = [part.path for part in parts if part.presence]
        told = [part for part in parts if part.presence or not any(part.path[: len(path)] == path for path in gone)]

        def exact() -> Stage | None:
            return self.stages.exactly(parts)

        differences = tuple(difference(stage, exact, self.verdict, part, after) for part in told)
        weight = sum(part.weight for part in parts)
        far = sum(how_far(before, after, part) for part in parts)
        self.changes.append(
            Change(
                differences,
                self.verdict,
                decision.decided_by,
                weight * _EVERYTHING + min(far, _EVERYTHING - 1),
                hitting.is_minimal(changing),
                all(part.path[0] == "args" for part in parts),
                changed,
            )
        )
