"""The whole SELECT, and what there is to say about it.

    WITH tenet_tried AS (SELECT *, … AS tenet_unknown, … AS tenet_invalid, … AS tenet_marked, … AS tenet_r0, … FROM requests),
         tenet_stage_n AS (SELECT *, … FROM …)      rules without those that others lift, then what each package comes to
    SELECT the columns of the request, tenet_needs_evaluator, tenet_refused, tenet_matched_0 …, tenet_verdict FROM …

Bit n of `tenet_matched_k` is rule 62·k + n, counted over all packages in the order of the policy; set where the rule holds, lifted or
not. The verdict is combined as `evaluator/outcome.py` does, without what SQL leaves to the evaluator: errors, approvals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from tenetlang.decision import SEVERITY, Verdict
from tenetlang.decision_tree.tree import Policy
from tenetlang.frozen import frozen
from tenetlang.program import expression as core
from tenetlang.program.errors import Faults
from tenetlang.program.program import Package, Rule
from tenetlang.targets.sql import nodes as sql
from tenetlang.targets.sql.columns import Table, refused, table_of, unsure
from tenetlang.targets.sql.conditions import Fold, Lowering
from tenetlang.targets.sql.dialects import DIALECTS, Dialect
from tenetlang.targets.sql.nodes import Sql
from tenetlang.targets.sql.rules import LoweredRule, lowered

BITS: Final = 62
_VERDICTS: Final[tuple[Verdict, ...]] = ("deny", "escalate", "allow")


@frozen
class Fallback:
    """A rule that SQL doesn't decide, and why."""

    rule: str
    reason: str


@frozen
class Built:
    """The query over the table `requests`, its columns, how many columns of bits it gives, and the rules that it leaves to the evaluator."""

    query: str
    table: Table
    masks: int
    fallbacks: tuple[Fallback, ...]


def build(
    policy: Policy,
    dialect: str,
    fold: Fold,
    source: str = "requests",
    kept: Sequence[str] = (),
    *,
    obligations: bool = False,
    pretty: bool = False,
) -> Built:
    """The policy as a query in the dialect. `fold` knows the values of what depends on documents alone; `source` is the table,
    `kept` are columns of it that are handed through. `obligations` says that
    obligations matter: rows of rules that want some with arguments from the request are left to the evaluator.

    Raises `KeyError` for a dialect that is not one of `DIALECTS`, and `ValueError` where the requests have no table.
    """
    chosen = DIALECTS[dialect]
    table = table_of(policy, chosen)
    lowering = Lowering(policy, table, chosen, fold)
    faults = Faults(policy)
    contested = _contested(policy) | (_obliging(policy) if obligations else frozenset())
    rules = [lowered(lowering, faults, rule, contested=rule.name in contested) for rule in policy.rules]
    tried = _tried(policy, table, chosen, rules, source)
    standing, stages = _standing(policy, rules)
    names = [*(column.name for column in table.columns), *kept]
    query = exp.select(*map(sql.column, names), *_answers(policy, rules))
    query = query.with_("tenet_tried", tried)
    last = "tenet_tried"
    for number, stage in enumerate([*stages, _said(policy, standing)]):
        query = query.with_(f"tenet_stage_{number}", exp.select("*", *stage).from_(last))
        last = f"tenet_stage_{number}"
    text = query.from_(last).sql(chosen.name, pretty=pretty, unsupported_level=ErrorLevel.RAISE)
    fallbacks = tuple(Fallback(rule.rule.shown_name, rule.reason) for rule in rules if rule.reason is not None)
    return Built(text, table, -(-len(rules) // BITS), fallbacks)


def _contested(policy: Policy) -> frozenset[str]:
    """The rules of whose obligations `@single` some other use may want another thing."""
    uses = Counter(use.obligation for rule in policy.rules for use in rule.then)
    single = {name for name, obligation in policy.obligations.items() if obligation.single and uses[name] > 1}
    return frozenset(rule.name for rule in policy.rules if any(use.obligation in single for use in rule.then))


def _obliging(policy: Policy) -> frozenset[str]:
    """The rules with obligations whose arguments come from the request."""
    return frozenset(
        rule.name
        for rule in policy.rules
        if any(not isinstance(argument, core.Constant) for use in rule.then for argument in use.arguments)
    )


def _tried(policy: Policy, table: Table, dialect: Dialect, rules: Sequence[LoweredRule], source: str) -> exp.Select:
    unknown, invalid = refused(table, policy, dialect)
    marks = sql.some([unsure(table, dialect), *(rule.marks for rule in rules)])
    named = [
        exp.alias_(sql.holds(unknown), "tenet_unknown"),
        exp.alias_(sql.holds(invalid), "tenet_invalid"),
        exp.alias_(sql.holds(marks), "tenet_marked"),
    ]
    for number, rule in enumerate(rules):
        named.append(exp.alias_(sql.FALSE if rule.holds is None else rule.holds, f"tenet_r{number}"))
    return exp.select("*", *named).from_(exp.to_table(source))


def _holds(number: int) -> Sql:
    return exp.column(f"tenet_r{number}")


def _watched(policy: Policy) -> frozenset[str]:
    """The rules that only watch."""
    bases = {package.name for package in policy.packages[1:] if package.observe}
    return frozenset(rule.name for rule in policy.rules if rule.observe or rule.package in bases)


def _standing(policy: Policy, rules: Sequence[LoweredRule]) -> tuple[list[Sql], list[list[Sql]]]:
    """For each rule when it takes part; and the stages in which rules are lifted, each by rules that were settled before."""
    watched = _watched(policy)
    names = {item.rule.name: number for number, item in enumerate(rules)}
    lifters: dict[int, list[int]] = {}
    for number, item in enumerate(rules):
        if item.rule.name not in watched:
            for other in item.rule.overrides:
                lifters.setdefault(names[other], []).append(number)
    standing = [sql.FALSE if item.rule.name in watched else _holds(number) for number, item in enumerate(rules)]
    stages: list[list[Sql]] = []
    waiting = {number for number in lifters if rules[number].rule.name not in watched}
    while waiting:
        ready = sorted(number for number in waiting if not waiting & set(lifters[number]))
        if not ready:
            raise ValueError("overrides form a cycle")
        stage: list[Sql] = []
        for number in ready:
            lifted = sql.some([standing[other] for other in lifters[number]])
            stage.append(exp.alias_(sql.every([_holds(number), sql.negated(lifted)]), f"tenet_s{number}"))
        stages.append(stage)
        for number in ready:
            standing[number] = exp.column(f"tenet_s{number}")
        waiting -= set(ready)
    return standing, stages


def _answers(policy: Policy, rules: Sequence[LoweredRule]) -> list[exp.Expr]:
    unknown, invalid, marked = (exp.column(f"tenet_{name}") for name in ("unknown", "invalid", "marked"))
    bad = sql.some([unknown, invalid])
    observes = policy.packages[0].observe
    denied = sql.text("allow" if observes else "deny")
    verdict = sql.text("allow") if observes else _verdict(policy)
    refusals = [(unknown, sql.text("unknown_tool")), (invalid, sql.text("invalid_request"))]
    answers: list[exp.Expr] = [
        exp.alias_(marked, "tenet_needs_evaluator"),
        exp.alias_(sql.chosen([(marked, sql.NULL), *refusals], None), "tenet_refused"),
    ]
    for start in range(0, len(rules), BITS):
        bits = [
            sql.chosen([(_holds(start + bit), sql.number(1 << bit))], sql.number(0))
            for bit in range(min(BITS, len(rules) - start))
        ]
        none = sql.some([marked, bad])
        mask = sql.chosen([(none, sql.number(0))], sql.as_int(sql.total(bits)))
        answers.append(exp.alias_(mask, f"tenet_matched_{start // BITS}"))
    answers.append(exp.alias_(sql.chosen([(marked, sql.NULL), (bad, denied)], verdict), "tenet_verdict"))
    return answers


def _said(policy: Policy, standing: Sequence[Sql]) -> list[Sql]:
    """What each package comes to, as `tenet_p0` …: a verdict, or `nothing`."""
    said: list[Sql] = []
    position = 0
    for number, package in enumerate(policy.packages):
        own = list(zip(package.rules, standing[position : position + len(package.rules)], strict=True))
        position += len(package.rules)
        if number == 0 or not package.observe:
            said.append(exp.alias_(_package(package, own), f"tenet_p{number}"))
    return said


def _verdict(policy: Policy) -> Sql:
    """The most restrictive of what the packages say, else the default."""
    packages = [f"tenet_p{number}" for number, one in enumerate(policy.packages) if number == 0 or not one.observe]
    arms = [
        (sql.some([sql.compared("==", exp.column(name), sql.text(verdict)) for name in packages]), sql.text(verdict))
        for verdict in _VERDICTS
    ]
    return sql.chosen(arms, sql.text(_default(policy)))


def _package(package: Package, own: Sequence[tuple[Rule, Sql]]) -> Sql:
    """What the package comes to: only its rules of the deciding rank count."""
    ranks: list[list[tuple[Rule, Sql]]]
    match package.resolve:
        case "first":
            ranks = [[item] for item in sorted(own, key=lambda item: item[0].order)]
        case "priority":
            priorities = sorted({rule.priority for rule, _ in own}, reverse=True)
            ranks = [[item for item in own if item[0].priority == priority] for priority in priorities]
        case "most_restrictive" | "unique":
            ranks = [list(own)]
    arms: list[tuple[Sql, Sql]] = []
    for rank in ranks:
        for verdict in _VERDICTS:
            standing = [stands for rule, stands in rank if rule.verdict == verdict]
            if standing:
                arms.append((sql.some(standing), sql.text(verdict)))
    return sql.chosen(arms, sql.text("nothing"))


def _default(policy: Policy) -> Verdict:
    entry, *others = policy.packages
    written = [entry.default, *(package.default for package in others if not package.observe)]
    found = [default.verdict for default in written if default is not None]
    return max(found, key=SEVERITY.__getitem__, default="deny")
