"""Rules that never decide, and rules that change nothing, each with a smallest set of rules that make it so.

A rule is *shadowed* if it can match, and on no request is it among those that decide: wherever it matches, a rule of higher
rank decides, or a stricter one of its rank, or one that lifts it, or a stricter package that it extends, or an error.
Those are its *blockers*. It is *redundant* if wherever it matches other rules of its package with its verdict match as well, so
that deciding without it comes to the same.

Both are coverage by a union: one formula must lie within several others together, though perhaps in none of them alone. Which
ones are needed is found as Batfish does for lines of access lists (Fogel et al., 2015): greedily, one rule for a place
that is not covered yet, until none is left; then each is taken out again that the others can do without. What remains is
minimal: each of it is needed.

Where an approval could make a difference the rule is left alone: an approved `escalate` counts as an `allow`, so it
does not keep an `allow` of its rank from adding its obligations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

import attrs

from tenetlang.analysis.decisions import RuleFormula, package_says
from tenetlang.analysis.findings.asking import Asking
from tenetlang.analysis.findings.desk import Desk, needed_documents, quoted
from tenetlang.analysis.formulas import FALSE, Formula, TooLarge
from tenetlang.analysis.questions import Judged
from tenetlang.analysis.search import OutOfBudget, status
from tenetlang.decision import SEVERITY, Verdict
from tenetlang.program.expression import Constant
from tenetlang.program.program import Rule
from tenetlang.report.finding import Finding

Key: TypeAlias = tuple[str, str]
"""A rule's full name, and how it blocks another."""

_MOST_SHOWN: Final = 3
_MOST_ROUNDS: Final = 60
_OF_NO_EFFECT: Final = frozenset({"owner", "ref", "priority", "expires", "overridable"})


@attrs.frozen(eq=False)
class Blocker:
    """A rule that decides instead of another where `formula` holds, and how: it `ranks` higher, is `stricter`, `lifts` the
    other, or `errs`. `verdict` is what it then makes of the request."""

    rule: Rule
    formula: Formula
    verdict: Verdict
    how: str


# ------------------------------------------------------------------------------------------------------------- shadowed


def shadowed(desk: Desk, unreachable: Mapping[str, Finding]) -> Iterator[tuple[Rule, Finding]]:
    """The rules that match, and never decide."""
    for rule in desk.rules():
        if rule.name in unreachable or desk.is_watched(rule):
            continue
        if not desk.nowhere(rule, "shadowed-rule", partial(_may_decide, desk)):
            continue
        found = _blocking(desk, rule)
        if not found:
            continue
        witness = desk.shown(rule, lambda _, item: item.holds, partial(_held_in_vain, rule))
        variant = "lifted" if {blocker.how for blocker in found} == {"lifts"} else _whether_same(rule, found)
        also = tuple((blocker.how, blocker.rule.at) for blocker in found[:_MOST_SHOWN])
        names = list(dict.fromkeys(blocker.rule.shown_name for blocker in found))
        yield (
            rule,
            Finding(
                "shadowed-rule",
                rule.at,
                {"rule": rule.shown_name, "blockers": quoted(names)},
                variant,
                also,
                (rule.shown_name, *names),
                None if witness is None else witness.request,
                {} if witness is None else needed_documents(witness),
            ),
        )


def _whether_same(rule: Rule, blockers: Sequence[Blocker]) -> str:
    return "" if any(blocker.verdict != rule.verdict for blocker in blockers) else "same"


def _held_in_vain(rule: Rule, judged: Judged) -> bool:
    return rule.name in judged.held and rule.shown_name not in judged.decided_by


def _may_decide(desk: Desk, asking: Asking, item: RuleFormula) -> bool | None:
    holds = asking.possible([item.holds])
    if holds is not True:
        return holds
    blockers = blockers_of(desk, asking, item)
    return asking.possible([item.holds, *_not(asking, blockers)]) if blockers else True


def _not(asking: Asking, blockers: Sequence[Blocker]) -> list[Formula]:
    return [asking.scene.formulas.negation(blocker.formula) for blocker in blockers]


def blockers_of(desk: Desk, asking: Asking, item: RuleFormula) -> list[Blocker]:
    """All that can keep the rule from deciding: where it holds and none of this does, it is among those that decide.

    Rules of a package that is extended are looked at within their own package: it is theirs whether others extend it.
    """
    rule = item.rule
    package = desk.packages[rule.package]
    formulas = asking.scene.formulas
    found: list[Blocker] = []
    for other in asking.beside(item):
        if other.rule.package != rule.package:
            continue
        if rule.name in other.rule.overrides and not other.watched:
            lifts = formulas.both(other.stands, formulas.negation(other.errs))
            found.append(Blocker(other.rule, lifts, other.rule.verdict, "lifts"))
        elif _ranks_higher(package.resolve, other.rule, rule):
            found.append(Blocker(other.rule, other.stands, other.rule.verdict, "ranks"))
        elif _is_stricter(other.rule, rule) and _of_one_rank(package.resolve, other.rule, rule):
            found.append(Blocker(other.rule, other.stands, other.rule.verdict, "stricter"))
    found += _erring(desk, asking, item, rule.package)
    if rule.package == desk.program.entry:
        found += _of_bases(desk, asking, item)
    return [blocker for blocker in found if blocker.formula is not FALSE]


def _ranks_higher(resolve: str, one: Rule, other: Rule) -> bool:
    return (resolve == "first" and one.order < other.order) or (resolve == "priority" and one.priority > other.priority)


def _of_one_rank(resolve: str, one: Rule, other: Rule) -> bool:
    return resolve in {"most_restrictive", "unique"} or (resolve == "priority" and one.priority == other.priority)


def _is_stricter(one: Rule, other: Rule) -> bool:
    """Whether the one keeps the other of the same rank from deciding. An approved escalation does not keep an `allow` from
    adding its obligations."""
    if one.verdict == "escalate" and other.then:
        return False
    return SEVERITY[one.verdict] > SEVERITY[other.verdict]


def _erring(desk: Desk, asking: Asking, item: RuleFormula, package: str) -> Iterator[Blocker]:
    """Other rules whose errors decide more strictly; only those of the package, or for the entry those of all."""
    for other in asking.scene.decided.rules:
        if other is item or other.watched or other.errs is FALSE:
            continue
        if package not in {desk.program.entry, other.rule.package}:
            continue
        verdict = desk.packages[other.rule.package].on_error.verdict
        if SEVERITY[verdict] > SEVERITY[item.rule.verdict]:
            yield Blocker(other.rule, other.fails, verdict, "errs")


def _of_bases(desk: Desk, asking: Asking, item: RuleFormula) -> Iterator[Blocker]:
    for package in desk.program.packages[1:]:
        if package.observe:
            continue
        own = [
            other for other in asking.scene.decided.rules if other.rule.package == package.name and not other.watched
        ]
        if any(_is_stricter(other.rule, item.rule) for other in own):
            for other, formula in package_says(asking.scene.lowering, package, own):
                if _is_stricter(other.rule, item.rule):
                    yield Blocker(other.rule, formula, other.rule.verdict, "stricter")
        for lifter in own:
            if item.rule.name in lifter.rule.overrides:
                yield Blocker(lifter.rule, lifter.stands, lifter.rule.verdict, "lifts")


def _blocking(desk: Desk, rule: Rule) -> list[Blocker]:
    """A minimal set of blockers over all tools of the rule, in the order of their files."""
    scenes = [
        (asking, item, {(blocker.rule.name, blocker.how): blocker for blocker in blockers_of(desk, asking, item)})
        for asking, item in desk.scenes_of(rule) or ()
        if asking.possible([item.holds])
    ]
    candidates = {key: blocker for _, _, blockers in scenes for key, blocker in blockers.items()}
    covers = [
        Cover(asking, item.holds, {key: blocker.formula for key, blocker in blockers.items()})
        for asking, item, blockers in scenes
    ]
    chosen = smallest(covers, list(candidates))
    return sorted((candidates[key] for key in chosen), key=lambda blocker: _place(blocker.rule))


def _place(rule: Rule) -> tuple[str, int]:
    return rule.at.text.name, rule.at.start


# ------------------------------------------------------------------------------------------------------- minimal covers


@attrs.frozen(eq=False)
class Cover:
    """For one tool: what has to be covered, and what can be used for it, by key."""

    asking: Asking
    wanted: Formula
    by: Mapping[Key, Formula]

    def left(self, keys: Sequence[Key]) -> list[Formula]:
        """What holds where these leave something uncovered."""
        negation = self.asking.scene.formulas.negation
        return [self.wanted, *(negation(self.by[key]) for key in keys if key in self.by)]


def smallest(covers: Sequence[Cover], candidates: Sequence[Key]) -> list[Key]:
    """A minimal choice of candidates that covers everything; all of them where that can't be told."""
    for key in candidates:
        if _covered(covers, [key]):
            return [key]
    chosen: list[Key] = []
    for _ in range(_MOST_ROUNDS):
        missing = _uncovered(covers, chosen, candidates)
        if missing is None:
            break
        chosen.append(missing)
    if not _covered(covers, chosen):
        chosen = list(candidates)
    for key in list(chosen):
        rest = [other for other in chosen if other != key]
        if _covered(covers, rest):
            chosen = rest
    return chosen


def _covered(covers: Sequence[Cover], keys: Sequence[Key]) -> bool:
    return all(cover.asking.possible(cover.left(keys)) is False for cover in covers)


def _uncovered(covers: Sequence[Cover], keys: Sequence[Key], candidates: Sequence[Key]) -> Key | None:
    """A candidate that covers a place that the keys leave uncovered; None where there is no such place, or no telling."""
    for cover in covers:
        try:
            leaf = cover.asking.leaf(cover.left(keys))
        except (OutOfBudget, TooLarge, RecursionError):
            return None
        if leaf is None:
            continue
        search, masks = leaf
        may: list[Key] = []
        for key in candidates:
            if key in keys or key not in cover.by:
                continue
            try:
                found = status(search.space.node(cover.by[key]), masks)
            except KeyError:
                found = None
            if found is True:
                return key
            if found is None:
                may.append(key)
        return may[0] if may else None
    return None


# ------------------------------------------------------------------------------------------------------------ redundant


def redundant(desk: Desk, useless: Mapping[str, Finding]) -> Iterator[tuple[Rule, Finding]]:
    """The rules that others of their package and verdict cover. `useless` are those of which something worse is said.

    All that are given can be taken out together: of two equal rules the first in its file stays.
    """
    gone = set(useless)
    found: list[tuple[Rule, frozenset[str]]] = []
    overridden = {name for rule in desk.all_rules() for name in rule.overrides}
    for rule in reversed(desk.rules()):
        if rule.name in gone or desk.is_watched(rule) or rule.overrides or rule.name in overridden:
            continue
        if desk.nowhere(rule, "redundant-rule", partial(_may_count, desk, frozenset(gone))):
            found.append((rule, frozenset(gone)))
            gone.add(rule.name)
    for rule, before in found:
        yield rule, _redundant(desk, rule, frozenset(gone), before)


def _may_count(desk: Desk, gone: frozenset[str], asking: Asking, item: RuleFormula) -> bool | None:
    if item.errs is not FALSE:
        errs = asking.possible([item.errs])
        if errs is not False:
            return errs
    kin = _kin(desk, gone, asking, item)
    negation = asking.scene.formulas.negation
    if not kin:
        return asking.possible([item.holds])
    return asking.possible([item.holds, *map(negation, kin.values())])


def _redundant(desk: Desk, rule: Rule, gone: frozenset[str], before: frozenset[str]) -> Finding:
    """The finding; it names rules that stay where these are enough."""
    if not desk.nowhere(rule, "redundant-rule", partial(_may_count, desk, gone)):
        gone = before
    covers: list[Cover] = []
    rules: dict[Key, Rule] = {}
    for asking, item in desk.scenes_of(rule) or ():
        kin = _kin(desk, gone, asking, item)
        covers.append(Cover(asking, item.holds, kin))
        rules |= {key: asking.by_name[key[0]].rule for key in kin}
    chosen = sorted((rules[key] for key in smallest(covers, sorted(rules))), key=_place)
    names = [other.shown_name for other in chosen]
    own_words = rule.because is not None and any(rule.because != other.because for other in chosen)
    return Finding(
        "redundant-rule",
        rule.at,
        {"rule": rule.shown_name, "others": quoted(names)},
        "reason" if own_words else "",
        tuple(("other", other.at) for other in chosen[:_MOST_SHOWN]),
        (rule.shown_name, *names),
    )


def _kin(desk: Desk, gone: frozenset[str], asking: Asking, item: RuleFormula) -> dict[Key, Formula]:
    """Where other rules would give the answer of this one, by key."""
    package = desk.packages[item.rule.package]
    formulas = asking.scene.formulas
    others = [other for other in asking.beside(item) if other.rule.package == item.rule.package and not other.watched]
    found: dict[Key, Formula] = {}
    for other in others:
        if other.rule.name in gone or not _says_the_same(package.resolve, other.rule, item.rule):
            continue
        formula = other.stands
        if not _of_one_rank(package.resolve, other.rule, item.rule) and not _ranks_higher(
            package.resolve, other.rule, item.rule
        ):
            # What ranks lower comes to decide only where nothing between the two does otherwise.
            between = [
                third.stands
                for third in others
                if third is not other
                and not _ranks_higher(package.resolve, third.rule, item.rule)
                and not _ranks_higher(package.resolve, other.rule, third.rule)
                and not _says_the_same(package.resolve, third.rule, item.rule)
            ]
            formula = formulas.both(formula, *map(formulas.negation, between))
        if formula is not FALSE:
            found[other.rule.name, ""] = formula
    return found


def _says_the_same(resolve: str, one: Rule, other: Rule) -> bool:
    """Whether the one, where it matches, makes the other needless: verdict, reviewers, obligations and annotations."""
    if one.verdict != other.verdict or one.reviewers != other.reviewers:
        return False
    promised = {(use.obligation, use.arguments) for use in one.then}
    wanted = {(use.obligation, use.arguments) for use in other.then}
    alike = promised == wanted if resolve in {"first", "priority"} else wanted <= promised
    if not alike or (wanted and any(not _is_constant(use.arguments) for use in other.then)):
        return False
    if any(annotation.name == "expires" for annotation in one.annotations) and one.annotations != other.annotations:
        return False
    marks = {annotation for annotation in other.annotations if annotation.name not in _OF_NO_EFFECT}
    return marks <= set(one.annotations)


def _is_constant(arguments: Sequence[object]) -> bool:
    return all(isinstance(argument, Constant) for argument in arguments)
