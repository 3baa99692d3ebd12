"""What changes between two programs: for each tool the regions of requests that they decide differently, each with a request.

The requests that get verdict *a* from the old program and *b* from the new one are a formula (`compare.py`). A request that no changed rule
matches, and for which none errs, is decided alike, so the search stays where one does; tools that no change concerns
are not searched at all. The formula is covered by boxes (`covering.py`), and each box is shown by a request that both programs'
evaluators decide as the box says. Requests that get the same verdict under other conditions (other reviewers, other
obligations) are a formula as well, and covered in the same way.

If no region is reported for a tool, there is none: that is proved. Where it can't be, the reason is reported instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.analysis.comparison.compare import Compared, Side, TwoScenes
from tenetlang.analysis.comparison.concerned import concerned, default_of, moved_rules, weighing
from tenetlang.analysis.comparison.conditions import conditions
from tenetlang.analysis.comparison.covering import Covering
from tenetlang.analysis.comparison.declared import Change, changes
from tenetlang.analysis.comparison.describe import Describer, place, term_text
from tenetlang.analysis.decisions import RuleFormula
from tenetlang.analysis.formulas import FALSE, TRUE, Formula, Formulas, TooLarge
from tenetlang.analysis.making import space_of
from tenetlang.analysis.models import NoModel, candidate
from tenetlang.analysis.questions import Undecided
from tenetlang.analysis.regions import Variable
from tenetlang.analysis.search import BUDGET, OutOfBudget, Search
from tenetlang.analysis.space import Masks, Space
from tenetlang.decision import SEVERITY, Decision, Verdict
from tenetlang.frozen import field, frozen
from tenetlang.program.expression import Expression
from tenetlang.report.json import write
from tenetlang.report.pieces import Piece

MOST_REGIONS: Final = 8
"""Regions of one kind that are reported for one tool."""
_MOST_UNSHOWN: Final = 6
_MOST_LEAVES: Final = 8
_MOST_VARIANTS: Final = 6

Kind: TypeAlias = Literal["reviewers", "obligations"]
VERDICTS: Final[tuple[Verdict, ...]] = ("deny", "escalate", "allow")


@frozen
class Outcome:
    """What one program decides in a region, as its request shows it."""

    verdict: Verdict
    decided_by: tuple[str, ...]
    reviewers: tuple[str, ...]
    obligations: tuple[str, ...]


@frozen
class Conditions:
    """What changed where the verdict did not. `lost`: something that was asked for no longer is; else only more is."""

    kind: Kind
    lost: bool


@attrs.frozen(eq=False, repr=False)
class Box:
    """A region as the search knows it."""

    space: Space
    masks: Masks


@frozen
class Region:
    """Requests that both programs decide as they do this one. `conditions` says what changed where the verdict did not.

    `where` describes the `box`.
    """

    tool: str | None
    where: tuple[Piece, ...]
    old: Outcome
    new: Outcome
    request: Mapping[str, object]
    documents: Mapping[str, object]
    box: Box = field(eq=False)
    conditions: Conditions | None

    @property
    def weaker(self) -> bool:
        """Whether the new program restricts less, or asks for less."""
        if self.conditions is not None:
            return self.conditions.lost
        return SEVERITY[self.new.verdict] < SEVERITY[self.old.verdict]


@frozen
class Untold:
    """What could not be told: for a tool, between two verdicts (None: between any). `where` is the region in which it could not
    be shown that there is a request, `reason` as of `questions.Undecided`, or `more`: there are more regions than are reported."""

    tool: str | None
    old: Verdict | None
    new: Verdict | None
    reason: str
    where: tuple[Piece, ...] = ()
    terms: tuple[str, ...] = ()


@frozen
class Diff:
    """All that changes. `tools` is how many tools there are, `searched` for how many there was something to look for."""

    changes: tuple[Change, ...]
    regions: tuple[Region, ...]
    untold: tuple[Untold, ...]
    tools: int
    searched: int


def diff(compared: Compared, step: Callable[[], None] = lambda: None) -> Diff:
    """What changes from the first program to the second; `step` is called after each tool."""
    old, new = compared.first.program, compared.second.program
    wanted = concerned(old, new, compared.tools)
    describer = Describer((old, new))
    regions: list[Region] = []
    untold: list[Untold] = []
    for tool in wanted:
        scene = compared.scene(tool)
        found: Iterable[Region | Untold]
        if isinstance(scene, Undecided):
            found = [Untold(tool, None, None, scene.reason)]
        else:
            found = _Tool(compared, scene, describer).differences()
        for item in found:
            if isinstance(item, Region):
                regions.append(item)
            else:
                untold.append(item)
        step()
    return Diff(changes(old, new), tuple(regions), tuple(dict.fromkeys(untold)), len(compared.tools), len(wanted))


@attrs.define(eq=False)
class _Tool:
    """The differences for one tool."""

    compared: Compared
    scene: TwoScenes
    describer: Describer

    @property
    def formulas(self) -> Formulas:
        return self.scene.formulas

    def differences(self) -> Iterator[Region | Untold]:
        old, new = self.scene.first, self.scene.second
        both = self.formulas.both
        try:
            changed = self._changed()
            if changed is FALSE:
                return
            for before in VERDICTS:
                for after in reversed(VERDICTS):
                    if before != after:
                        wanted = both(old.verdicts[before], new.verdicts[after])
                        yield from self._covered(wanted, changed, before, after, None)
            for verdict, kind in _CONDITIONS:
                same = both(old.verdicts[verdict], new.verdicts[verdict])
                lost, gained = self._other_conditions(kind)
                more = both(gained, self.formulas.negation(lost))
                for wanted, asked in ((lost, Conditions(kind, True)), (more, Conditions(kind, False))):
                    yield from self._covered(both(same, wanted), changed, verdict, verdict, asked)
        except (TooLarge, RecursionError):
            yield Untold(self.scene.tool, None, None, "too-large")

    # ------------------------------------------------------------------------------------------------------ where it is

    def _changed(self) -> Formula:
        """Outside of this the two programs decide alike, because nothing that changed takes part."""
        old, new = self.scene.first, self.scene.second
        programs = self.compared.first.program, self.compared.second.program
        if weighing(programs[0]) != weighing(programs[1]) or old.scene is None or new.scene is None:
            return TRUE
        formulas = self.formulas
        parts = [
            formulas.both(old.valid, formulas.negation(new.valid)),
            formulas.both(new.valid, formulas.negation(old.valid)),
        ]
        if default_of(programs[0]) != default_of(programs[1]):
            parts += [old.scene.decided.by_default, new.scene.decided.by_default]
        ones = {item.rule.name: item for item in old.scene.decided.rules}
        others = {item.rule.name: item for item in new.scene.decided.rules}
        moved = moved_rules(*programs)
        for name in dict.fromkeys([*ones, *others]):
            one, other = ones.get(name), others.get(name)
            if one is not None and other is not None and name not in moved and _weighs_alike(one, other):
                parts += [formulas.both(here, formulas.negation(there)) for here, there in _differing(one, other)]
            else:
                for item in (one, other):
                    if item is not None and not item.watched:
                        parts += [item.holds, item.errs]
        return formulas.any_of(parts)

    def _other_conditions(self, kind: Kind) -> tuple[Formula, Formula]:
        """Where the old program asks for something that the new one does not, and the other way round."""
        formulas = self.formulas
        ones, others = (self._conditions(side, kind) for side in (self.scene.first, self.scene.second))
        pairs = [(ones.get(key, FALSE), others.get(key, FALSE)) for key in dict.fromkeys([*ones, *others])]
        pairs = [(one, other) for one, other in pairs if one is not other]
        return (
            formulas.any_of(formulas.both(one, formulas.negation(other)) for one, other in pairs),
            formulas.any_of(formulas.both(other, formulas.negation(one)) for one, other in pairs),
        )

    def _conditions(self, side: Side, kind: Kind) -> Mapping[object, Formula]:
        return {} if side.scene is None else conditions(side.program, side.scene, kind)

    # --------------------------------------------------------------------------------------------------------- regions

    def _covered(
        self, wanted: Formula, changed: Formula, before: Verdict, after: Verdict, asked: Conditions | None
    ) -> Iterator[Region | Untold]:
        if wanted is FALSE:
            return
        tool = self.scene.tool
        fails = self.formulas.negation(wanted)
        search = self._search(changed, wanted, fails)
        node = search.space.node
        ways = list(map(node, fails.items if fails.kind == "or" else [fails]))
        parts = list(map(node, changed.items if changed.kind == "or" else [changed]))
        covering = Covering(search, parts, node(wanted), ways, [node(self.scene.common)], _dropped_first, BUDGET)
        shown = unshown = 0
        try:
            for box, leaf in covering.boxes():
                found = self._shown(covering, box, leaf, (before, after, asked))
                yield found
                shown += isinstance(found, Region)
                unshown += isinstance(found, Untold)
                if shown >= MOST_REGIONS or unshown >= _MOST_UNSHOWN:
                    yield Untold(tool, before, after, "more")
                    return
        except OutOfBudget:
            yield Untold(tool, before, after, "too-many-cases")

    def _search(self, *formulas: Formula) -> Search:
        """The search in the space of all rules; in one of its own where more is asked than rules are made of."""
        try:
            search = self.scene.searching()
            for formula in formulas:
                search.space.node(formula)
        except KeyError:
            search = Search(space_of(self.scene.shape, [self.scene.common, *formulas]))
        return search

    def _shown(
        self, covering: Covering, box: Masks, leaf: Masks, what: tuple[Verdict, Verdict, Conditions | None]
    ) -> Region | Untold:
        before, after, asked = what
        where = self.describer.region(covering.search.space, box)
        blocked: dict[Expression, None] = {}
        for masks in _first(_MOST_LEAVES, leaf, covering.inside(box)):
            for variant in range(_MOST_VARIANTS):
                try:
                    made = candidate(self.compared.joint, covering.search, masks, variant)
                except NoModel as stopped:
                    if stopped.what is not None:
                        blocked[stopped.what] = None
                    continue
                decisions = self.compared.decide(made.request, made.documents)
                if decisions is not None and _shows(decisions, before, after, asked):
                    old, new = map(_outcome, decisions)
                    return Region(
                        self.scene.tool,
                        where,
                        old,
                        new,
                        made.request,
                        made.documents,
                        Box(covering.search.space, box),
                        asked,
                    )
        return Untold(self.scene.tool, before, after, "not-shown", where, tuple(map(term_text, blocked)))


_CONDITIONS: Final[tuple[tuple[Verdict, Kind], ...]] = (("escalate", "reviewers"), ("allow", "obligations"))


def _weighs_alike(one: RuleFormula, other: RuleFormula) -> bool:
    """Whether two rules of one name do the same where both match, and where both err."""
    first, second = one.rule, other.rule
    return (
        one.watched == other.watched
        and (first.verdict, first.priority, first.overrides, first.reviewers, first.package)
        == (second.verdict, second.priority, second.overrides, second.reviewers, second.package)
        and first.then == second.then
        and (not first.then or first.body == second.body)
    )


def _differing(one: RuleFormula, other: RuleFormula) -> Iterator[tuple[Formula, Formula]]:
    """What one of the rules does and the other may not."""
    if not one.watched:
        for here, there in ((one.holds, other.holds), (one.errs, other.errs)):
            if here is not there:
                yield from ((here, there), (there, here))


def _dropped_first(variable: Variable) -> int:
    """What says least to a reader is dropped first."""
    return -place(variable)[0]


def _first(most: int, leaf: Masks, others: Iterator[Masks]) -> Iterator[Masks]:
    yield leaf
    try:
        for _ in range(most):
            found = next(others, None)
            if found is None:
                return
            yield found
    except OutOfBudget:
        return


def _outcome(decision: Decision) -> Outcome:
    obligations = (f"{item.name}({', '.join(map(write, item.args))})" for item in decision.obligations)
    return Outcome(
        decision.verdict,
        decision.decided_by,
        tuple(sorted({item.reviewers for item in decision.escalations})),
        tuple(sorted(set(obligations))),
    )


def _shows(decisions: tuple[Decision, Decision], before: Verdict, after: Verdict, asked: Conditions | None) -> bool:
    old, new = map(_outcome, decisions)
    if (old.verdict, new.verdict) != (before, after):
        return False
    if asked is None:
        return True
    if asked.kind == "reviewers":
        lost = set(old.reviewers) - set(new.reviewers)
        gained = set(new.reviewers) - set(old.reviewers)
    else:
        lost = set(old.obligations) - set(new.obligations)
        gained = set(new.obligations) - set(old.obligations)
    return bool(lost) if asked.lost else bool(gained) and not lost
