"""Rules that no request satisfies, and tools that no request may use.

A rule is *unreachable* if its conditions exclude each other, or what the types of the request allow, for every tool. Which
conditions do so is found by deletion (Junker, 2004, without the divisions): one is left out after the other, and stays out
if what is left can't hold either. What remains is minimal: without any one of them the rest could hold.

A tool is *always denied* if no request for it is allowed or escalated. Where some rule was written to allow it, that is a mistake;
where none was, it is worth a note, unless the tool came with an import.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tenetlang.analysis.decisions import RuleFormula
from tenetlang.analysis.findings.asking import Asking
from tenetlang.analysis.findings.desk import Desk
from tenetlang.analysis.findings.parts import Parts, parts_of
from tenetlang.analysis.formulas import TRUE, Formula, TooLarge
from tenetlang.program.program import Rule
from tenetlang.report.finding import Finding
from tenetlang.text import Span


def unreachable(desk: Desk) -> Iterator[tuple[Rule, Finding]]:
    """The rules that no request satisfies."""
    for rule in desk.rules():
        if desk.nowhere(rule, "unreachable-rule", _can_match):
            places, exception = _why(desk, rule)
            variant = "exception" if exception else "alone" if len(places) == 1 else "together" if places else ""
            also = tuple(("condition", at) for at in places[:3])
            yield (
                rule,
                Finding("unreachable-rule", rule.at, {"rule": rule.shown_name}, variant, also, (rule.shown_name,)),
            )


def _can_match(asking: Asking, item: RuleFormula) -> bool | None:
    """Whether the rule may match or err: one that errs restricts, and is of effect."""
    holds = asking.possible([item.holds])
    return asking.possible([item.errs]) if holds is False else holds


def _why(desk: Desk, rule: Rule) -> tuple[list[Span], bool]:
    """The places of conditions that can't hold together, and whether the exception is needed for that."""
    found: list[tuple[Asking, Parts]] = []
    for asking, item in desk.scenes_of(rule) or ():
        parts = parts_of(asking, item.rule)
        if parts is None:
            return [], False
        found.append((asking, parts))
    if not found:
        return [], False
    wanted = list(range(len(found[0][1].conditions)))
    exception = rule.exception is not None

    def impossible(places: Collection[int], *, excepting: bool) -> bool:
        return all(
            asking.possible([*(parts.conditions[place].holds for place in places), _untaken(asking, parts, excepting)])
            is False
            for asking, parts in found
        )

    if not impossible(wanted, excepting=exception):
        return [], False
    if exception and impossible(wanted, excepting=False):
        exception = False
    for place in list(wanted):
        rest = [other for other in wanted if other != place]
        if impossible(rest, excepting=exception):
            wanted = rest
    steps = found[0][1].steps
    return [steps[place].at for place in wanted], exception


def _untaken(asking: Asking, parts: Parts, excepting: bool) -> Formula:
    if not excepting or parts.exception is None:
        return TRUE
    return asking.scene.formulas.negation(parts.exception.holds)


def always_denied(desk: Desk, explained: Collection[str]) -> Iterator[Finding]:
    """The tools that no request may use. `explained` names the rules of which a finding says already that they never decide."""
    if not desk.program.uses_tools or not any(package.rules for package in desk.program.packages):
        return
    for asking in desk.opened():
        tool = asking.scene.tool
        assert tool is not None
        at = desk.program.tools[tool].at
        if at.text not in desk.texts:
            continue
        try:
            verdicts = [asking.scene.decided.verdicts[verdict] for verdict in ("allow", "escalate")]
            answers = [asking.possible([formula]) for formula in verdicts]
        except TooLarge:
            answers = [None]
        if None in answers and True not in answers:
            desk.note_unsure(tool, at, "always-denied-tool", "too-many-cases")
        if any(answer is not False for answer in answers):
            continue
        meant = [
            item.rule
            for item in asking.scene.decided.rules
            if item.rule.verdict != "deny" and not item.watched
            if (item.rule.tools is not None or asking.possible([item.holds])) and item.rule.at.text in desk.texts
        ]
        if not meant:
            yield Finding("always-denied-tool", at, {"tool": tool}, "unmentioned")
        elif any(rule.name not in explained for rule in meant):
            also = tuple(("rule", rule.at) for rule in meant[:3])
            yield Finding("always-denied-tool", at, {"tool": tool}, "", also, tuple(rule.shown_name for rule in meant))
