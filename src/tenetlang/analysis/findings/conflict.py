"""Two rules, one request: conflicts that nothing ranks, crossings that the package does rank, reviewers who are the same people.

Two outcomes *conflict* where nothing in the package ranks them: different verdicts under `resolve unique`, or at equal priority
where no rule of a higher one matches; and obligations declared `@single` that are asked for with different arguments. Each
is shown by a request that both evaluators have decided, on which both rules stand.

Where the package ranks verdicts a crossing is no conflict, but may be worth a look; `overlapping` lists them when asked to.
One rule that lies within the other is an *exception*, which is how exceptions are written; a *crossing* goes both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations
from typing import Final

from tenetlang.analysis.decisions import RuleFormula
from tenetlang.analysis.findings.asking import Asking
from tenetlang.analysis.findings.cover import blockers_of
from tenetlang.analysis.findings.desk import Desk, needed_documents, quoted
from tenetlang.analysis.formulas import FALSE, Formula, TooLarge
from tenetlang.analysis.questions import Judged, Undecided, Witness
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import ObligationUse, Package, Reviewers, Rule
from tenetlang.program.reads import nodes
from tenetlang.report.finding import Finding
from tenetlang.text import Span

_MOST_PAIRS: Final = 200
"""Pairs of one package that are shown; of the rest it is said that there are more."""


# ------------------------------------------------------------------------------------------------------------ conflicts


def conflicting(desk: Desk) -> Iterator[Finding]:
    """The pairs of rules with different verdicts that nothing ranks."""
    for package in desk.program.packages:
        if package.resolve in {"unique", "priority"}:
            yield from _conflicts(desk, package)


def _conflicts(desk: Desk, package: Package) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for asking in desk.opened():
        for one, other in _pairs(asking, package, desk):
            key = one.rule.name, other.rule.name
            if key in seen or one.rule.verdict == other.rule.verdict:
                continue
            if not _is_unranked(package, one.rule, other.rule):
                continue
            if len(seen) >= _MOST_PAIRS:
                yield _more("conflicting-rules", package, one.rule)
                return
            found = _conflict(desk, asking, package, one, other)
            if found is not None:
                seen.add(key)
                yield found


def _is_unranked(package: Package, one: Rule, other: Rule) -> bool:
    """Whether nothing in the package ranks different verdicts of the two."""
    return package.resolve == "unique" or (package.resolve == "priority" and one.priority == other.priority)


def _pairs(asking: Asking, package: Package, desk: Desk) -> Iterator[tuple[RuleFormula, RuleFormula]]:
    """The pairs of the package's rules that may match one request, in the order in which they are written."""
    for item in asking.scene.decided.rules:
        if item.rule.package == package.name and item.rule.at.text in desk.texts:
            for other in asking.beside(item):
                if other.rule.package == package.name and item.rule.order < other.rule.order:
                    yield item, other


def _conflict(desk: Desk, asking: Asking, package: Package, one: RuleFormula, other: RuleFormula) -> Finding | None:
    formulas = asking.scene.formulas
    higher = [
        item.stands
        for item in asking.beside(one)
        if package.resolve == "priority"
        and item.rule.package == package.name
        and item.rule.priority > one.rule.priority
    ]
    watched = one.watched or other.watched
    if watched and not _each_lifts_nothing(one.rule, other.rule):
        return None
    parts = [item.holds if item.watched else item.stands for item in (one, other)]
    wanted = formulas.all_of([*parts, *map(formulas.negation, higher)])
    if asking.possible([*parts, *map(formulas.negation, higher)]) is False:
        return None
    answer = desk.find(asking.scene, wanted, partial(_both_held, one.rule, other.rule))
    if isinstance(answer, Undecided):
        desk.note_unsure(one.rule.shown_name, one.rule.at, "conflicting-rules", answer.reason)
    if not isinstance(answer, Witness):
        return None
    first, second = one.rule, other.rule
    return Finding(
        "conflicting-rules",
        first.at,
        {"package": package.name, "resolve": package.resolve},
        "observed" if watched or desk.observes(package) else first.verdict,
        ((second.verdict, second.at),),
        (first.shown_name, second.shown_name),
        answer.request,
        needed_documents(answer),
    )


def _each_lifts_nothing(one: Rule, other: Rule) -> bool:
    return one.name not in other.overrides and other.name not in one.overrides


def _both_held(one: Rule, other: Rule, judged: Judged) -> bool:
    return one.name in judged.held and other.name in judged.held


# ---------------------------------------------------------------------------------------------------------- obligations


def conflicting_obligations(desk: Desk) -> Iterator[Finding]:
    """The pairs of deciding allow rules that ask for one `@single` obligation with different arguments."""
    single = {name for name, obligation in desk.program.obligations.items() if obligation.single}
    seen: set[tuple[str, str]] = set()
    for asking in desk.opened():
        asked = [
            (item, use)
            for item in asking.scene.decided.rules
            if item.rule.verdict == "allow" and not item.watched
            for use in item.rule.then
            if use.obligation in single
        ]
        for (one, use), (other, other_use) in combinations(asked, 2):
            key = one.rule.name, other.rule.name
            if use.obligation != other_use.obligation or use.arguments == other_use.arguments or key in seen:
                continue
            found = _obligations(desk, asking, (one, use), (other, other_use))
            if found is not None:
                seen.add(key)
                yield found


def _obligations(
    desk: Desk, asking: Asking, first: tuple[RuleFormula, ObligationUse], second: tuple[RuleFormula, ObligationUse]
) -> Finding | None:
    (one, use), (other, other_use) = first, second
    differ = _differing(use.arguments, other_use.arguments)
    if one.rule.at.text not in desk.texts or differ is None:
        return None
    negation = asking.scene.formulas.negation
    blockers = [blocker for item in (one, other) for blocker in blockers_of(desk, asking, item)]
    parts = [one.stands, other.stands, *(negation(blocker.formula) for blocker in blockers)]
    try:
        condition = asking.scene.lowering.block(differ, {}).holds
    except (TooLarge, RecursionError, KeyError):
        return None
    wanted = [*parts, condition]
    if asking.possible(wanted) is False:
        return None

    def shows(judged: Judged) -> bool:
        # At run time the conflict is itself the error that decides.
        in_error = judged.decided_by == ("error",) and not judged.erred
        return (
            in_error
            and _both_held(one.rule, other.rule, judged)
            and bool(desk.judge.holds(differ, judged.request, judged.documents))
        )

    answer = desk.find(asking.scene, asking.scene.formulas.all_of(wanted), shows)
    if isinstance(answer, Undecided):
        desk.note_unsure(one.rule.shown_name, one.rule.at, "conflicting-rules", answer.reason)
    if not isinstance(answer, Witness):
        return None
    return Finding(
        "conflicting-rules",
        use.at,
        {"obligation": use.at.source, "other_obligation": other_use.at.source, "rule": one.rule.shown_name},
        "twice" if one is other else "obligations",
        (("other", other_use.at), *_declared(desk, use)),
        tuple(dict.fromkeys((one.rule.shown_name, other.rule.shown_name))),
        answer.request,
        needed_documents(answer),
    )


def _declared(desk: Desk, use: ObligationUse) -> Iterator[tuple[str, Span]]:
    at = desk.program.obligations[use.obligation].at
    if at.text in desk.texts:
        yield "declared", at


def _differing(one: Sequence[core.Expression], other: Sequence[core.Expression]) -> core.Block | None:
    """The condition that the arguments differ; None where they are not the same on every choice of a rule."""
    if any(isinstance(node, core.Local) for node in nodes((tuple(one), tuple(other)))):
        return None
    at = one[0].at
    compared: list[core.Expression] = [
        core.Compare("!=", left, right, t.BOOL, at) for left, right in zip(one, other, strict=True) if left != right
    ]
    return (core.Condition(core.Or(tuple(compared), t.BOOL, at), "", at),)


# ------------------------------------------------------------------------------------------------------------- overlaps


def overlapping(desk: Desk) -> Iterator[Finding]:
    """The pairs of an allow rule with a deny or escalate rule of its package that match one request, and who wins."""
    for package in desk.program.packages:
        if package.resolve != "unique":
            yield from _overlaps(desk, package)


def _overlaps(desk: Desk, package: Package) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for asking in desk.opened():
        for one, other in _pairs(asking, package, desk):
            verdicts = {one.rule.verdict, other.rule.verdict}
            key = one.rule.name, other.rule.name
            if key in seen or len(verdicts) == 1 or "allow" not in verdicts or one.watched or other.watched:
                continue
            if not _each_lifts_nothing(one.rule, other.rule) or _is_unranked(package, one.rule, other.rule):
                continue
            if len(seen) >= _MOST_PAIRS:
                yield _more("overlapping-rules", package, one.rule)
                return
            found = _overlap(desk, asking, one, other)
            if found is not None:
                seen.add(key)
                yield found


def _more(check: str, package: Package, rule: Rule) -> Finding:
    details = {"package": package.name, "shown": str(_MOST_PAIRS)}
    return Finding(check, rule.at, details, "more", rules=(rule.shown_name,))


def _overlap(desk: Desk, asking: Asking, one: RuleFormula, other: RuleFormula) -> Finding | None:
    both: list[Formula] = [one.stands, other.stands]
    if asking.possible(both) is False:
        return None
    answer = desk.find(asking.scene, asking.scene.formulas.all_of(both), partial(_both_held, one.rule, other.rule))
    if not isinstance(answer, Witness):
        return None
    judged = desk.judge.judge(answer.request, answer.documents)
    winners = () if judged is None else judged.decided_by
    inner = _inner(desk, one.rule, other.rule)
    first, second = one.rule, other.rule
    details = {
        "rule": first.shown_name,
        "other": second.shown_name,
        "winner": quoted(winners),
        "verdict": first.verdict,
    }
    if inner is not None:
        details["inner"] = inner.shown_name
        details["outer"] = (second if inner is first else first).shown_name
    return Finding(
        "overlapping-rules",
        first.at,
        details,
        "" if inner is None else "exception",
        ((second.verdict, second.at),),
        (first.shown_name, second.shown_name),
        answer.request,
        needed_documents(answer),
    )


def _inner(desk: Desk, one: Rule, other: Rule) -> Rule | None:
    """The one of the two that matches only where the other does as well."""
    for inner, outer in ((one, other), (other, one)):
        scenes = desk.scenes_of(inner)
        if scenes is not None and all(_lies_within(asking, item, outer) for asking, item in scenes):
            return inner
    return None


def _lies_within(asking: Asking, inner: RuleFormula, outer: Rule) -> bool:
    around = asking.by_name.get(outer.name)
    negation = asking.scene.formulas.negation
    wanted = [inner.holds] if around is None else [inner.holds, negation(around.holds)]
    return asking.possible(wanted) is False


# ------------------------------------------------------------------------------------------------------------ reviewers


def overlapping_reviewers(desk: Desk) -> Iterator[Finding]:
    """The pairs of reviewers who share people and are both needed for one request."""
    groups = list(desk.program.reviewers.values())
    for one, other in combinations(groups, 2):
        shared = _shared(desk, one, other)
        if shared is None or one.at.text not in desk.texts:
            continue
        found = next((f for asking in desk.opened() if (f := _needed_together(desk, asking, one, other))), None)
        if found is not None:
            rules, witness = found
            yield Finding(
                "overlapping-reviewers",
                other.at,
                {"one": one.shown_name, "other": other.shown_name, "shared": shared},
                "same" if not shared else "",
                (("reviewers", one.at), *(("rule", rule.at) for rule in rules)),
                tuple(rule.shown_name for rule in rules),
                witness.request,
                needed_documents(witness),
            )


def _shared(desk: Desk, one: Reviewers, other: Reviewers) -> str | None:
    """The people that both have, shown; empty where both are asked for in the same way; None where there is no telling."""
    if one.who == other.who:
        return ""
    people = [desk.judge.constant(group.who) for group in (one, other)]
    first, second = people
    if isinstance(first, frozenset) and isinstance(second, frozenset) and first & second:
        return quoted(sorted(map(str, first & second)))
    return None


def _needed_together(
    desk: Desk, asking: Asking, one: Reviewers, other: Reviewers
) -> tuple[tuple[Rule, Rule], Witness] | None:
    deciding = asking.scene.decided.deciding
    sides = [
        [item for item in asking.scene.decided.rules if item.rule.reviewers == group.name and not item.watched]
        for group in (one, other)
    ]
    for left in sides[0]:
        for right in sides[1]:
            wanted = [deciding.get(item.rule.shown_name, FALSE) for item in (left, right)]
            if asking.possible(wanted) is False:
                continue
            names = {left.rule.shown_name, right.rule.shown_name}
            answer = desk.find(
                asking.scene,
                asking.scene.formulas.all_of(wanted),
                partial(_all_decide, frozenset(names)),
            )
            if isinstance(answer, Witness):
                return (left.rule, right.rule), answer
    return None


def _all_decide(names: frozenset[str], judged: Judged) -> bool:
    return names <= set(judged.decided_by)
