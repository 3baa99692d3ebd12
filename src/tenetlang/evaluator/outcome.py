"""Combining: from the rules that hold, and those that erred, to what is decided.

This is a table-driven function of a few sets, and knows nothing of requests: who holds, who erred, who is approved.

    lift       a rule that holds, has not erred and is not lifted itself lifts those that it overrides
    resolve    each package resolves its own rules by its own hit policy
    default    stands in where no package says anything
    restrict   the most restrictive result stands; an error restricts it to at least `on error`, and never loosens it

Since an outcome depends on so little, the evaluator keeps it for each mask of rules it has met, and most decisions never come
here. What does depend on the request (the words of `because`, the arguments of obligations) is named in the outcome and
filled in by the evaluator.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import attrs

from tenetlang.decision import SEVERITY, Escalation, Matched, Obligation, Overridden, RuleError, Verdict
from tenetlang.evaluator.runtime import Error
from tenetlang.frozen import frozen

Resolution: TypeAlias = Literal["most_restrictive", "first", "priority", "unique"]


CONFLICTING: Final = "conflicting_obligations"
"""The error of deciding rules that want what can be done only once, with different arguments."""


@frozen
class Ranked:
    """What combining knows of a rule. `lifts` are positions; `reviewers` a full name; `obliges`: it has a `then`; `single`:
    the obligations marked `@single` in it, each with its first place."""

    position: int
    name: str
    package: int
    verdict: Verdict
    owner: str | None
    at: str
    priority: int
    order: int
    observe: bool
    reviewers: str | None
    lifts: tuple[int, ...]
    obliges: bool
    single: Mapping[str, str]


@frozen
class Verdicts:
    """A verdict that no rule gives: of `default` or `on error`. `reviewers` is a full name."""

    verdict: Verdict
    reviewers: str | None


@frozen
class PackageRules:
    """How a package combines its rules."""

    resolve: Resolution
    on_error: Verdicts
    observe: bool


@frozen
class AskedReviewers:
    """What a decision says of reviewers: names as they are shown, `within` as text."""

    name: str
    quorum: int
    within: str
    otherwise: str


@frozen
class Ranking:
    """All that combining knows of a policy."""

    rules: Sequence[Ranked]
    packages: tuple[PackageRules, ...]
    reviewers: Mapping[str, AskedReviewers]
    default: Verdicts


@frozen
class Outcome:
    """What is decided. `reason` is what gives the words: a rule's position, or `default`, or the words themselves.

    `granting` are the rules whose obligations the caller must meet, in order.
    """

    verdict: Verdict
    decided_by: tuple[str, ...]
    reason: int | Literal["default"] | tuple[str]
    matched: tuple[Matched, ...]
    overridden: tuple[Overridden, ...]
    errors: tuple[RuleError, ...]
    escalations: tuple[Escalation, ...]
    observed: tuple[Matched, ...]
    granting: tuple[int, ...]
    observed_verdict: Verdict | None = None


Obliging: TypeAlias = Callable[[int], tuple[Obligation, ...] | Error]
"""The obligations of a rule on the request at hand, or the error of evaluating them."""


def combine(
    ranking: Ranking,
    holding: Iterable[int],
    erring: Mapping[int, Error],
    approved: Collection[str],
    obliging: Obliging,
) -> Outcome:
    """The outcome of a decision. `holding` are positions of rules; `approved` names reviewers as they are shown.

    Raises `ValueError` where the overrides of these rules form a cycle, which no compiler lets through.
    """
    held = {position: ranking.rules[position] for position in sorted(holding)}
    errors = dict(erring)
    obligations: dict[int, tuple[Obligation, ...]] = {}
    taking_part = {position for position in {*held, *errors} if not _is_observed(ranking, ranking.rules[position])}
    for position, rule in held.items():
        if rule.obliges and position in taking_part and _counts_as(ranking, rule, approved) == "allow":
            match obliging(position):
                case (str() as code, str() as at):
                    errors.setdefault(position, (code, at))
                case wanted:
                    obligations[position] = wanted
    lifted: dict[int, list[str]] = {}
    for position in lifting_order({position: rule.lifts for position, rule in held.items() if rule.lifts}):
        rule = held[position]
        if position in taking_part and position not in errors and position not in lifted:
            for other in rule.lifts:
                if other in taking_part:
                    lifted.setdefault(other, []).append(rule.name)
    considered = [rule for position, rule in held.items() if position in taking_part and position not in lifted]
    standing = {
        position: error for position, error in errors.items() if position in taking_part and position not in lifted
    }
    outcome = _without_conflicts(ranking, _resolved(ranking, considered, standing, approved), obligations)
    overridden = (Overridden(ranking.rules[position].name, min(names)) for position, names in lifted.items())
    observed = (_matched(rule) for position, rule in held.items() if _is_observed(ranking, rule))
    outcome = attrs.evolve(
        outcome,
        overridden=tuple(sorted(overridden, key=lambda item: item.rule)),
        observed=tuple(sorted(observed, key=lambda item: item.rule)),
    )
    return observe(outcome) if ranking.packages[0].observe else outcome


def observe(outcome: Outcome) -> Outcome:
    """The outcome where the deciding package only observes: it allows, and says what it would have done."""
    return attrs.evolve(
        outcome,
        verdict="allow",
        decided_by=("observe",),
        matched=(),
        escalations=(),
        observed=tuple(sorted((*outcome.matched, *outcome.observed), key=lambda item: item.rule)),
        granting=(),
        observed_verdict=outcome.verdict,
    )


def _is_observed(ranking: Ranking, rule: Ranked) -> bool:
    """Whether the rule takes no part. An entry that observes is decided as if it did not, and then says so."""
    return rule.observe or (rule.package > 0 and ranking.packages[rule.package].observe)


def _counts_as(ranking: Ranking, rule: Ranked, approved: Collection[str]) -> Verdict:
    if rule.verdict == "escalate" and rule.reviewers is not None:
        return "allow" if ranking.reviewers[rule.reviewers].name in approved else "escalate"
    return rule.verdict


@frozen
class _Result:
    """What one package says: its verdict, and the rules that say so."""

    verdict: Verdict
    deciding: tuple[Ranked, ...]


def _resolved(
    ranking: Ranking, considered: list[Ranked], errors: Mapping[int, Error], approved: Collection[str]
) -> Outcome:
    results: list[_Result] = []
    restricting: list[Verdicts] = []
    for number, package in enumerate(ranking.packages):
        own = [rule for rule in considered if rule.package == number]
        if own:
            results.append(_package_result(ranking, package, own, approved))
        if any(ranking.rules[position].package == number for position in errors):
            restricting.append(package.on_error)
    matched = tuple(sorted(map(_matched, considered), key=lambda item: item.rule))
    listed = sorted((ranking.rules[position].name, error) for position, error in errors.items())
    shown = tuple(RuleError(name, code, at) for name, (code, at) in listed)
    default = _default(ranking, approved)
    said = [item.verdict for item in results] or [default.verdict]
    verdict = max([*said, *(item.verdict for item in restricting)], key=SEVERITY.__getitem__)
    winning = sorted(
        {rule.position: rule for result in results if result.verdict == verdict for rule in result.deciding}.values(),
        key=lambda rule: rule.name,
    )
    escalations: tuple[Escalation, ...] = ()
    if verdict == "escalate":
        asked = {(rule.name, rule.reviewers) for rule in winning}
        asked |= {("error", item.reviewers) for item in restricting if item.verdict == "escalate"}
        if not results and default.verdict == "escalate":
            asked.add(("default", default.reviewers))
        entries = (_escalation(ranking, name, reviewers) for name, reviewers in asked if reviewers is not None)
        escalations = tuple(sorted(entries, key=lambda item: (item.rule, item.reviewers)))
    decided_by: tuple[str, ...]
    reason: int | Literal["default"] | tuple[str]
    if winning:
        decided_by, reason = tuple(rule.name for rule in winning), winning[0].position
    elif any(item.verdict == verdict for item in restricting):
        decided_by, reason = ("error",), (f"an error in rule {shown[0].rule}: {shown[0].error}",)
    else:
        decided_by, reason = ("default",), "default"
    granting = tuple(rule.position for rule in winning) if verdict == "allow" else ()
    return Outcome(verdict, decided_by, reason, matched, (), shown, escalations, (), granting)


def _package_result(ranking: Ranking, package: PackageRules, own: list[Ranked], approved: Collection[str]) -> _Result:
    match package.resolve:
        case "first":
            own = [min(own, key=lambda rule: rule.order)]
        case "priority":
            highest = max(rule.priority for rule in own)
            own = [rule for rule in own if rule.priority == highest]
        case "most_restrictive" | "unique":
            pass
    verdicts = {rule.position: _counts_as(ranking, rule, approved) for rule in own}
    verdict = max(verdicts.values(), key=SEVERITY.__getitem__)
    return _Result(verdict, tuple(rule for rule in own if verdicts[rule.position] == verdict))


def _without_conflicts(
    ranking: Ranking, outcome: Outcome, obligations: Mapping[int, tuple[Obligation, ...]]
) -> Outcome:
    """The outcome; a denial instead where it wants an obligation marked `@single` with different arguments."""
    wanted: dict[str, set[str]] = {}
    for position in outcome.granting:
        single = ranking.rules[position].single
        for item in obligations.get(position, ()) if single else ():
            if item.name in single:
                wanted.setdefault(item.name, set()).add(repr(item.args))
    conflicting = {name for name, arguments in wanted.items() if len(arguments) > 1}
    if not conflicting:
        return outcome
    errors: list[RuleError] = []
    for rule in (ranking.rules[position] for position in outcome.granting):
        places = [place for name, place in rule.single.items() if name in conflicting]
        errors += [RuleError(rule.name, CONFLICTING, place) for place in places[:1]]
    words = f"an error in rule {errors[0].rule}: {CONFLICTING}"
    return attrs.evolve(
        outcome, verdict="deny", decided_by=("error",), reason=(words,), errors=tuple(errors), granting=()
    )


def _default(ranking: Ranking, approved: Collection[str]) -> Verdicts:
    """What is decided where no rule is: one that asks reviewers who have approved allows."""
    default = ranking.default
    if default.reviewers is not None and ranking.reviewers[default.reviewers].name in approved:
        return Verdicts("allow", None)
    return default


def _escalation(ranking: Ranking, rule: str, reviewers: str) -> Escalation:
    asked = ranking.reviewers[reviewers]
    return Escalation(rule, asked.name, asked.quorum, asked.within, asked.otherwise)


def _matched(rule: Ranked) -> Matched:
    return Matched(rule.name, rule.verdict, rule.owner, rule.at)


def lifting_order(lifts: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    """The rules that override others, each after all of them that may lift it. Raises `ValueError` where they form a cycle."""
    waiting = dict.fromkeys(lifts, 0)
    for others in lifts.values():
        for other in others:
            if other in waiting:
                waiting[other] += 1
    ready = sorted(position for position, lifters in waiting.items() if lifters == 0)
    order: list[int] = []
    while ready:
        position = ready.pop(0)
        order.append(position)
        for other in lifts[position]:
            if other in waiting:
                waiting[other] -= 1
                if waiting[other] == 0:
                    ready.append(other)
    if len(order) != len(lifts):
        raise ValueError("overrides form a cycle")
    return tuple(order)
