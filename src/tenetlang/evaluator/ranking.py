"""What combining needs of a policy, taken from it once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from tenetlang.decision import SEVERITY
from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator.outcome import AskedReviewers, PackageRules, Ranked, Ranking, Verdicts
from tenetlang.late import LateSequence
from tenetlang.program.program import Fallback, Rule
from tenetlang.values.times import duration_text


def ranking_of(policy: Policy) -> Ranking:
    """The policy as `combine` needs it. Rules are looked at when they are first combined."""
    rules = policy.rules
    numbers = [number for number, package in enumerate(policy.packages) for _ in range(len(package.rules))]
    single = frozenset(name for name, obligation in policy.obligations.items() if obligation.single)

    @cache
    def positions() -> Mapping[str, int]:
        return {heading.name: position for position, heading in enumerate(policy.headings)}

    def ranked(position: int) -> Ranked:
        rule = rules[position]
        return Ranked(
            position=position,
            name=rule.shown_name,
            package=numbers[position],
            verdict=rule.verdict,
            owner=rule.owner,
            at=rule.at.place,
            priority=rule.priority,
            order=rule.order,
            observe=rule.observe,
            reviewers=rule.reviewers,
            lifts=tuple(positions()[name] for name in rule.overrides),
            obliges=bool(rule.then),
            single=_first_places(rule, single),
        )

    default = default_of(policy)
    return Ranking(
        rules=LateSequence(len(rules), ranked),
        packages=tuple(
            PackageRules(
                package.resolve, Verdicts(package.on_error.verdict, package.on_error.reviewers), package.observe
            )
            for package in policy.packages
        ),
        reviewers={
            name: AskedReviewers(
                reviewers.shown_name,
                reviewers.quorum,
                duration_text(reviewers.within),
                "deny" if reviewers.otherwise == "deny" else policy.reviewers[reviewers.otherwise].shown_name,
            )
            for name, reviewers in policy.reviewers.items()
        },
        default=Verdicts("deny", None) if default is None else Verdicts(default.verdict, default.reviewers),
    )


def _first_places(rule: Rule, single: frozenset[str]) -> Mapping[str, str]:
    """The obligations marked `@single` that the rule wants, in order, each with its first place."""
    found: dict[str, str] = {}
    for use in rule.then:
        if use.obligation in single:
            found.setdefault(use.obligation, use.at.place)
    return found


def default_of(policy: Policy) -> Fallback | None:
    """The most restrictive `default` of the packages that decide; the nearest of equals.

    A `default` is never weaker than that of what its package extends, so it is the entry's where the entry has one.
    """
    entry, *others = policy.packages
    written = [entry.default, *(package.default for package in others if not package.observe)]
    found = [default for default in written if default is not None]
    return max(found, key=lambda default: SEVERITY[default.verdict]) if found else None
