"""When each rule matches and errs, and when each verdict is given: `docs/language.md` on rules, as formulas.

Without approvals. What is combined here in formulas, the evaluators combine for one request (`evaluator/outcome.py`);
that both say the same is tested request by request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import attrs

from tenetlang.analysis.cases import Truth
from tenetlang.analysis.formulas import FALSE, TRUE, Among, Formula
from tenetlang.analysis.lowering import Lowering, Scope
from tenetlang.decision import SEVERITY, Verdict
from tenetlang.program import expression as core
from tenetlang.program import types as t
from tenetlang.program.program import ObligationUse, Package, Program, Rule


@attrs.frozen(eq=False)
class RuleFormula:
    """One rule of the program: the requests for which it matches, and those for which it errs (which may be both, where an
    exception errs); and where it does so unlifted. `watched`: it decides nothing."""

    rule: Rule
    holds: Formula
    errs: Formula
    stands: Formula
    fails: Formula
    watched: bool


@attrs.frozen(eq=False)
class Decided:
    """All rules that can have to do with a tool, and the formula of each verdict. `by_default` is where no rule decides."""

    rules: tuple[RuleFormula, ...]
    verdicts: Mapping[Verdict, Formula]
    by_default: Formula
    deciding: Mapping[str, Formula]
    """By the name that `decided_by` would have, when it has it."""

    def rule(self, name: str) -> RuleFormula | None:
        """The rule of this full name."""
        return next((item for item in self.rules if item.rule.name == name), None)


def rules_by_tool(program: Program) -> Mapping[str | None, Sequence[Rule]]:
    """The rules that can have to do with each tool, in the order of packages and of writing."""
    found: dict[str | None, list[Rule]] = {
        tool: [] for tool in (sorted(program.tools) if program.uses_tools else [None])
    }
    for package in program.packages:
        for rule in package.rules:
            for tool in found if rule.tools is None else rule.tools:
                found[tool].append(rule)
    return found


def decided(
    program: Program,
    lowering: Lowering,
    rules: Sequence[Rule],
    known: Mapping[str, tuple[Formula, Formula]] = MappingProxyType({}),
) -> Decided:
    """The formulas of these rules and of the verdicts for the tool of the lowering. Raises `TooLarge`.

    `known` has what `rule_truth` says of some of the rules, by name.
    """
    watching = watching_packages(program)
    watched = {rule.name for rule in rules if rule.observe or rule.package in watching}
    found = {
        rule.name: known[rule.name] if rule.name in known else rule_truth(lowering, rule, owes=rule.name not in watched)
        for rule in rules
    }
    lifted = _lifted(lowering, rules, found, watched)
    formulas = lowering.formulas
    made = []
    for rule in rules:
        holds, errs = found[rule.name]
        stands, fails = FALSE, FALSE
        if rule.name not in watched:
            untouched = formulas.negation(lifted[rule.name])
            stands, fails = formulas.both(untouched, holds), formulas.both(untouched, errs)
        made.append(RuleFormula(rule, holds, errs, stands, fails, rule.name in watched))
    return _verdicts(program, lowering, tuple(made))


def watching_packages(program: Program) -> frozenset[str]:
    """The bases that only observe."""
    return frozenset(package.name for package in program.packages[1:] if package.observe)


def rule_truth(lowering: Lowering, rule: Rule, *, owes: bool) -> tuple[Formula, Formula]:
    """When the rule matches, and when it errs. What a rule that is watched would owe is never evaluated: it owes nothing."""
    formulas = lowering.formulas
    arguments = _arguments(rule) if owes else ()

    def strictly(scope: Scope) -> Truth:
        excepted = Truth(FALSE) if rule.exception is None else lowering.block(rule.exception, scope)
        of_arguments = formulas.any_of(lowering.value(item, scope).errs for item in arguments)
        errs = formulas.either(excepted.errs, formulas.both(formulas.negation(excepted.holds), of_arguments))
        holds = formulas.both(formulas.negation(excepted.holds), formulas.negation(errs))
        return Truth(holds, errs)

    strict = lowering.block(rule.body, {}, strictly)
    if strict.errs is FALSE:
        return strict.holds, FALSE

    def leniently(scope: Scope) -> Truth:
        if rule.exception is None:
            return Truth(TRUE)
        return Truth(formulas.negation(lowering.block(rule.exception, scope).holds))

    return lowering.block(rule.body, {}, leniently).holds, strict.errs


def _arguments(rule: Rule) -> Sequence[core.Expression]:
    """The arguments of obligations: they are evaluated where the rule allows."""
    return [argument for use in rule.then for argument in use.arguments] if rule.verdict == "allow" else []


def _lifted(
    lowering: Lowering,
    rules: Sequence[Rule],
    found: Mapping[str, tuple[Formula, Formula]],
    watched: set[str],
) -> dict[str, Formula]:
    """When each rule is lifted by another. Overrides form no cycle."""
    formulas = lowering.formulas
    lifters: dict[str, list[Rule]] = {}
    for rule in rules:
        for other in rule.overrides:
            lifters.setdefault(other, []).append(rule)
    known: dict[str, Formula] = {}

    def lifted(name: str) -> Formula:
        if name not in known:
            known[name] = FALSE if name in watched else formulas.any_of(lifts(rule) for rule in lifters.get(name, ()))
        return known[name]

    def lifts(rule: Rule) -> Formula:
        if rule.name in watched:
            return FALSE
        holds, errs = found[rule.name]
        return formulas.all_of([holds, formulas.negation(errs), formulas.negation(lifted(rule.name))])

    return {rule.name: lifted(rule.name) for rule in rules}


def _verdicts(program: Program, lowering: Lowering, rules: tuple[RuleFormula, ...]) -> Decided:
    formulas = lowering.formulas
    said: dict[Verdict, list[Formula]] = {"deny": [], "escalate": [], "allow": []}
    says: dict[str, tuple[Verdict, Formula]] = {}
    failing: dict[Verdict, list[Formula]] = {"deny": [], "escalate": [], "allow": []}
    for number, package in enumerate(program.packages):
        if number and package.observe:
            continue
        own = [item for item in rules if item.rule.package == package.name and not item.watched]
        for item, formula in package_says(lowering, package, own, alone=True):
            says[item.rule.shown_name] = item.rule.verdict, formula
            said[item.rule.verdict].append(formula)
        failing[package.on_error.verdict] += [item.fails for item in own]
    by_rule = {verdict: formulas.any_of(items) for verdict, items in said.items()}
    by_error = {verdict: formulas.any_of(items) for verdict, items in failing.items()}
    default = default_verdict(program)
    nothing = formulas.negation(formulas.any_of(by_rule.values()))
    by_rule_or_default = {**by_rule, default: formulas.either(by_rule[default], nothing)}
    deny, escalate, allow = (
        formulas.either(by_rule_or_default[verdict], by_error[verdict]) for verdict in ("deny", "escalate", "allow")
    )
    allow = formulas.all_of([allow, formulas.negation(escalate), formulas.negation(deny)])
    allowing = {name: formulas.both(formula, allow) for name, (verdict, formula) in says.items() if verdict == "allow"}
    conflict = _conflict(program, lowering, rules, allowing)
    verdicts: dict[Verdict, Formula] = {
        "deny": formulas.either(deny, conflict),
        "escalate": formulas.both(escalate, formulas.negation(deny)),
        "allow": formulas.both(allow, formulas.negation(conflict)),
    }
    deciding = {name: formulas.both(formula, verdicts[verdict]) for name, (verdict, formula) in says.items()}
    by_errors = [
        formulas.all_of([verdicts[verdict], by_error[verdict], formulas.negation(by_rule[verdict])])
        for verdict in verdicts
    ]
    deciding["error"] = formulas.any_of([*by_errors, conflict])
    deciding["default"] = formulas.all_of([nothing, verdicts[default], formulas.negation(by_error[default])])
    return Decided(rules, verdicts, deciding["default"], deciding)


def _conflict(
    program: Program, lowering: Lowering, rules: Sequence[RuleFormula], allowing: Mapping[str, Formula]
) -> Formula:
    """When the rules that allow want an obligation marked `@single` with different arguments.

    Of arguments that are not all constants it is not known whether they differ, unless they are one expression without
    variables.
    """
    formulas = lowering.formulas
    found = FALSE
    for name, obligation in program.obligations.items():
        wanted: dict[tuple[str, tuple[object, ...]], Formula] = {}
        if obligation.single:
            for item in rules:
                when = allowing.get(item.rule.shown_name, FALSE)
                for use in item.rule.then if when is not FALSE else ():
                    if use.obligation == name:
                        key = _arguments_key(item.rule, use)
                        wanted[key] = formulas.either(wanted.get(key, FALSE), when)
        fixed, open_ = FALSE, FALSE
        for (kind, _), when in wanted.items():
            unknown = formulas.unknown(("differs", len(formulas.unknowns)), t.BOOL)
            differs = formulas.literal(Among(unknown, (True,)))
            if kind == "constant":
                before = formulas.either(fixed, formulas.both(open_, differs))
                fixed = formulas.either(fixed, when)
            else:
                before = formulas.both(formulas.either(fixed, open_), differs)
                open_ = formulas.either(open_, when)
            found = formulas.either(found, formulas.both(before, when))
    return found


def _arguments_key(rule: Rule, use: ObligationUse) -> tuple[str, tuple[object, ...]]:
    """One for arguments that are always equal: `constant` and their values, or else whose they are, and they."""
    if all(isinstance(argument, core.Constant) for argument in use.arguments):
        values = [argument.value for argument in use.arguments if isinstance(argument, core.Constant)]
        return "constant", tuple((type(value), value) for value in values)
    chosen = any(not isinstance(step, core.Condition) for step in rule.body)
    return rule.name if chosen else "", use.arguments


def package_says(
    lowering: Lowering, package: Package, own: Sequence[RuleFormula], *, alone: bool = False
) -> Iterator[tuple[RuleFormula, Formula]]:
    """When each rule is one of those that give the answer of its package.

    With `alone`, when it would be if it were alone in its rank: for those who give way to stricter verdicts anyway, and
    would otherwise repeat for every rule that no stricter one stands.
    """
    formulas = lowering.formulas
    reached = TRUE
    for rank in ranks(package, own):
        stricter = FALSE
        for verdict in ("deny", "escalate", "allow"):
            same = [item for item in rank if item.rule.verdict == verdict]
            for item in same:
                yield item, formulas.all_of([reached, item.stands, TRUE if alone else formulas.negation(stricter)])
            stricter = formulas.any_of([stricter, *(item.stands for item in same)])
        reached = formulas.both(reached, formulas.negation(stricter))


def ranks(package: Package, own: Sequence[RuleFormula]) -> list[list[RuleFormula]]:
    """The rules by rank, the highest first. Within a rank the more restrictive verdict stands."""
    match package.resolve:
        case "first":
            return [[item] for item in sorted(own, key=lambda item: item.rule.order)]
        case "priority":
            priorities = sorted({item.rule.priority for item in own}, reverse=True)
            return [[item for item in own if item.rule.priority == priority] for priority in priorities]
        case "most_restrictive" | "unique":
            return [list(own)]


def default_verdict(program: Program) -> Verdict:
    """What is decided where no rule is: the most restrictive default of the packages that take part, deny without any."""
    entry, *bases = program.packages
    written = [package.default for package in (entry, *(base for base in bases if not base.observe)) if package.default]
    return max((default.verdict for default in written), key=SEVERITY.__getitem__, default="deny")
