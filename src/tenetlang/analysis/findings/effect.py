"""Conditions without effect: the rule would match the same requests, and err on the same, if they were not there.

A condition that the others or the types imply may be a leftover, and may be a slip: `args.amount > 0` where `>= 100` stands
beside it, or a limit above all that the type allows. Whether something is implied is a proof: no request satisfies the others and not
the condition. Conditions are taken out one after the other, from the last to the first, and what was taken out stays out: of
two that say the same the first stays, and all that are reported can go together.

Left alone are conditions on the tool, which say what a rule is about and narrow what comes after; those that are constant
(`enabled`), which are switches; and those without which what follows could err, or be read without a guard: for
then the rule errs or holds for other requests.

An exception (`unless`) that never holds where the conditions do is without effect as well; it is looked at first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from tenetlang.analysis.decisions import RuleFormula, rule_truth
from tenetlang.analysis.findings.asking import Asking
from tenetlang.analysis.findings.desk import Desk
from tenetlang.analysis.findings.parts import Parts, parts_of, with_room
from tenetlang.analysis.formulas import FALSE, Formula, TooLarge
from tenetlang.analysis.space import Node, variables_of
from tenetlang.program import expression as core
from tenetlang.program.program import Rule
from tenetlang.program.reads import Reads, nodes
from tenetlang.report.finding import Finding
from tenetlang.text import Span


def ineffective(desk: Desk, useless: Mapping[str, Finding]) -> Iterator[tuple[Rule, Finding]]:
    """The conditions that change nothing. `useless` are the rules of which something worse is said."""
    reads = Reads(desk.program)
    for rule in desk.rules():
        if rule.name in useless:
            continue
        places = [place for place, step in enumerate(rule.body) if _may_go(reads, step)]
        excepting = rule.exception is not None and not _is_switch(reads, rule.exception)
        if places or excepting:
            yield from ((rule, finding) for finding in _of_rule(desk, rule, places, excepting=excepting))


def _may_go(reads: Reads, step: core.Step) -> bool:
    """Whether the condition is one that could be a mistake."""
    if not isinstance(step, core.Condition) or _is_switch(reads, step.expression):
        return False
    match step.expression:
        case core.Present(core.Read(optional=False) | core.Field(optional=False)):
            return False  # what is never absent is the checker's to say
        case _:
            pass
    return not any(isinstance(node, core.ToolIs | core.IsType) for node in nodes(step.expression))


def _is_switch(reads: Reads, part: object) -> bool:
    """Whether it is constant, or may be for each tool."""
    paths = reads.of(part)
    if ("tool",) in paths:
        return True
    return not paths and not any(isinstance(node, core.Local) for node in nodes(part))


def _of_rule(desk: Desk, rule: Rule, places: Sequence[int], *, excepting: bool) -> Iterator[Finding]:
    scenes = desk.scenes_of(rule)
    if not scenes:
        return
    parts = [parts_of(asking, rule) for asking, _ in scenes[:1]]
    guarded = any(isinstance(node, core.Index) and node.certain for node in _nodes_of(rule))
    simple = not guarded and parts[0] is not None and not parts[0].may_err
    removed: list[int] = []
    left = _without_certainty(rule) if guarded else rule
    if excepting and rule.exception is not None:
        exception = rule.exception

        def unneeded(asking: Asking, item: RuleFormula) -> bool | None:
            return _differs(asking, item, attrs.evolve(left, exception=None))

        if desk.nowhere(rule, "ineffective-condition", unneeded):
            at = Span(rule.at.text, exception[0].at.start, exception[-1].at.end)
            yield _finding(rule, at, "exception")
            left = attrs.evolve(left, exception=None)
    for place in reversed(places):
        without = [*removed, place]

        def changes(asking: Asking, item: RuleFormula, without: Sequence[int] = without) -> bool | None:
            if simple:
                found = parts_of(asking, rule) if len(scenes) > 1 else parts[0]
                if found is not None and not found.may_err and item.errs is FALSE:
                    found = found if left.exception is not None else attrs.evolve(found, exception=None)
                    return _matters(asking, found, without)
            body = tuple(step for number, step in enumerate(left.body) if number not in without)
            return _differs(asking, item, attrs.evolve(left, body=body))

        if desk.nowhere(rule, "ineffective-condition", changes):
            removed = without
            yield _finding(rule, rule.body[place].at, "")


def _nodes_of(rule: Rule) -> Iterator[object]:
    yield from nodes((rule.body, rule.exception or ()))
    for use in rule.then:
        yield from nodes(use.arguments)


def _without_certainty(rule: Rule) -> Rule:
    """The rule with an error where an index finds nothing, also where a condition before it proves that it finds something:
    without that condition it could err."""
    then = tuple(
        attrs.evolve(use, arguments=tuple(i for i in map(_uncertain, use.arguments) if isinstance(i, core.Expression)))
        for use in rule.then
    )
    exception = None if rule.exception is None else _uncertain_block(rule.exception)
    return attrs.evolve(rule, body=_uncertain_block(rule.body), exception=exception, then=then)


def _uncertain_block(block: core.Block) -> core.Block:
    return tuple(step for step in map(_uncertain, block) if isinstance(step, core.Step))


def _uncertain(item: object) -> object:
    if isinstance(item, tuple):
        return tuple(map(_uncertain, item))
    if not isinstance(item, core.Expression | core.Step | core.Bound):
        return item
    make: Callable[..., object] = type(item)  # type: ignore[explicit-any]  # each kind has its own fields
    fields = {field.name: _uncertain(getattr(item, field.name)) for field in attrs.fields(type(item))}
    return make(**(fields | {"certain": False} if isinstance(item, core.Index) else fields))


def _finding(rule: Rule, at: Span, variant: str) -> Finding:
    return Finding(
        "ineffective-condition", at, {"rule": rule.shown_name}, variant, (("rule", rule.at),), (rule.shown_name,)
    )


def _matters(asking: Asking, parts: Parts, without: Sequence[int]) -> bool | None:
    """Whether a request satisfies the other conditions and not the last of these."""
    condition = parts.conditions[without[-1]].holds
    negation = asking.scene.formulas.negation
    others = [part.holds for place, part in enumerate(parts.conditions) if place not in without]
    if parts.exception is not None:
        others.append(negation(parts.exception.holds))
    if _is_apart(asking, condition, others):
        return asking.possible([negation(condition)])
    return asking.possible([*others, negation(condition)])


def _is_apart(asking: Asking, condition: Formula, others: Sequence[Formula]) -> bool:
    """Whether what the condition speaks of has nothing to do with what the others speak of."""
    space = asking.search.space
    try:
        own = _reach(asking, space.node(condition))
        return all(own.isdisjoint(_reach(asking, space.node(other))) for other in others)
    except (KeyError, TooLarge, RecursionError):
        return False


def _reach(asking: Asking, node: Node) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for number in variables_of(node):
        found.add(("variable", number))
        found.update(("group", group) for group in asking.search.space.variables[number].groups)
    return found


def _differs(asking: Asking, item: RuleFormula, changed: Rule) -> bool | None:
    """Whether the changed rule matches or errs on other requests than the rule does."""
    lowering = asking.scene.lowering
    try:
        with_room(lowering)
        holds, errs = rule_truth(lowering, changed, owes=not item.watched)
    except (TooLarge, RecursionError):
        return None
    negation = asking.scene.formulas.negation
    pairs = ((holds, item.holds), (errs, item.errs), (item.holds, holds), (item.errs, errs))
    answers = []
    for one, other in pairs:
        if one is not other:
            answers.append(asking.possible([one, negation(other)]))
            if answers[-1] is True:
                return True
    return None if None in answers else False
