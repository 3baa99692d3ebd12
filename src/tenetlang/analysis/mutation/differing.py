"""Where two decisions of one space differ, as formulas that a search can take apart quickly.

That old and new differ in their verdict is, put plainly, a disjunction of conjunctions over all rules, each of them twice, once
negated: true, and slow to search. Two observations make it small.

*What the rest says.* Of a rule that was changed only two things matter: whether it matches, before and after. So the decisions
are written down with the rule as `true` and as `false`, and nearly all of the formula folds away: an allowance makes a
difference where no other rule says anything, a denial where no other denies. The changed condition comes in only as the
requests that the rule lost or gained.

*What is assumed already.* In a conjunction the other parts may be taken as given, so whatever repeats one of them, or contradicts
it, can be replaced by `true` or `false` (Boolean constraint propagation, on formulas instead of clauses).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tenetlang.analysis.decisions import Decided
from tenetlang.analysis.formulas import FALSE, TRUE, Formula, Formulas
from tenetlang.program.program import Program

_ROUNDS: Final = 3


def differing(
    formulas: Formulas, region: Formula, one: tuple[Program, Decided], two: tuple[Program, Decided]
) -> Iterator[Formula]:
    """Within the region: where the verdicts differ, then the reviewers, then the obligations. What is left of none of them is
    not there."""
    (program, old), (other, new) = one, two
    verdicts = [
        formulas.both(formula, formulas.negation(new.verdicts[verdict]))
        for verdict, formula in old.verdicts.items()
        if formula is not new.verdicts[verdict]
    ]
    reviewers = unlike(formulas, asked_by(program, old, formulas), asked_by(other, new, formulas))
    obligations = unlike(formulas, obliged_by(old, formulas), obliged_by(new, formulas))
    for part in (*verdicts, *reviewers, *obligations):
        found = simplified(formulas, formulas.both(region, part))
        if found is not FALSE:
            yield found


def apart(formulas: Formulas, one: Formula, two: Formula) -> tuple[Formula, ...]:
    """Where one holds and the other does not."""
    if one is two:
        return ()
    return formulas.both(one, formulas.negation(two)), formulas.both(two, formulas.negation(one))


def unlike(formulas: Formulas, one: Mapping[str, Formula], two: Mapping[str, Formula]) -> list[Formula]:
    """Where one of the named formulas holds and the other of its name does not."""
    names = sorted({*one, *two})
    return [part for name in names for part in apart(formulas, one.get(name, FALSE), two.get(name, FALSE))]


def asked_by(program: Program, found: Decided, formulas: Formulas) -> dict[str, Formula]:
    """Where each of the reviewers is asked, by full name, by a rule that decides, by default or for an error."""
    asked: dict[str, list[Formula]] = {}
    for item in found.rules:
        deciding = found.deciding.get(item.rule.shown_name)
        if item.rule.reviewers is not None and deciding is not None and not item.watched:
            asked.setdefault(item.rule.reviewers, []).append(deciding)
    for package in program.packages:
        if package.default is not None and package.default.reviewers is not None:
            escalated = formulas.both(found.by_default, found.verdicts["escalate"])
            asked.setdefault(package.default.reviewers, []).append(escalated)
        if package.on_error.reviewers is not None:
            fails = formulas.any_of(item.fails for item in found.rules if item.rule.package == package.name)
            asked.setdefault(package.on_error.reviewers, []).append(formulas.both(fails, found.verdicts["escalate"]))
    return {name: formulas.any_of(items) for name, items in asked.items()}


def obliged_by(found: Decided, formulas: Formulas) -> dict[str, Formula]:
    """Where each obligation goes with an allowance, by name."""
    obliged: dict[str, list[Formula]] = {}
    for item in found.rules:
        deciding = found.deciding.get(item.rule.shown_name)
        if item.rule.verdict == "allow" and deciding is not None and not item.watched:
            for use in item.rule.then:
                obliged.setdefault(use.obligation, []).append(deciding)
    return {name: formulas.any_of(items) for name, items in obliged.items()}


def simplified(formulas: Formulas, formula: Formula) -> Formula:
    """An equivalent formula without what its own parts settle."""
    for _ in range(_ROUNDS):
        if formula.kind != "and" or formula is TRUE:
            return formula
        before = formula
        parts: list[Formula] = []
        known = set(formula.items)
        for item in formula.items:
            if item.kind == "or":
                known.discard(item)
                made = _given(formulas, item, known, {})
                known.add(item)
            else:
                made = item
            parts.append(made)
        formula = formulas.all_of(parts)
        if formula is before:
            break
    return formula


def _given(formulas: Formulas, formula: Formula, known: set[Formula], seen: dict[Formula, Formula]) -> Formula:
    """The formula where all that is known holds."""
    found = seen.get(formula)
    if found is None:
        if formula in known:
            found = TRUE
        elif formulas.negation(formula) in known:
            found = FALSE
        elif formula.kind == "literal":
            found = formula
        else:
            items = [_given(formulas, item, known, seen) for item in formula.items]
            found = formulas.all_of(items) if formula.kind == "and" else formulas.any_of(items)
        seen[formula] = found
    return found
