"""What a request leaves out: facts whose absence weakens the decision, and requests that no rule speaks of.

*Hiding*: a fact that a request may leave out (`agent.team`, an origin, a key of `context`) is in the hands of whoever makes the
request. If a call is denied or escalated with it, and allowed as soon as it is missing, then leaving it out is the way around the
rule. Whether there is such a request is a question about one formula: denied or escalated as it is, and allowed once "the
fact is there", with all that lies below it, is taken for false. The witness is shown to the evaluators with the fact and
without it. Arguments of the call are not meant: leaving one out is another call.

A *gap* is a well-typed request on which no rule has anything to say, so that only the default decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from tenetlang.analysis.comparison.describe import term_text
from tenetlang.analysis.findings.asking import Asking
from tenetlang.analysis.findings.desk import Desk, needed_documents, quoted
from tenetlang.analysis.formulas import FALSE, TRUE, Formula, Formulas, Some, There, TooLarge
from tenetlang.analysis.questions import Judged, Undecided, Witness
from tenetlang.program import expression as core
from tenetlang.program.expression import Expression
from tenetlang.program.program import Rule
from tenetlang.report.finding import Finding

_NO_FACTS: Final = frozenset({"args", "data", "counters", "tool"})
_MOST_PARTS: Final = 40
_BUDGET: Final = 5_000


def omissions(desk: Desk) -> Iterator[Finding]:
    """The facts whose absence turns a denial or an escalation into an allowance; each once."""
    seen: set[str] = set()
    for asking in desk.opened():
        try:
            parts = _optional_facts(asking)
            for part in parts[:_MOST_PARTS]:
                text = term_text(part)
                if text not in seen:
                    found = _omission(desk, asking, part, text)
                    if found is not None:
                        seen.add(text)
                        yield found
        except (TooLarge, RecursionError):
            tool = asking.scene.tool
            if tool is not None:
                desk.note_unsure(tool, desk.program.tools[tool].at, "omission-weakens", "too-large")


def _optional_facts(asking: Asking) -> list[Expression]:
    """The parts of requests, arguments and documents apart, of whose presence a restriction speaks."""
    found: dict[Expression, None] = {}
    decided = asking.scene.decided
    for formula in (decided.verdicts["deny"], decided.verdicts["escalate"]):
        for atom in _presences(formula):
            if _is_fact(atom.term):
                found[atom.term] = None
    return list(found)


def _is_fact(term: Expression) -> bool:
    match term:
        case core.Read(path):
            return path[0] not in _NO_FACTS
        case core.Index(core.Read(path), core.Constant(str())):
            return path[0] not in _NO_FACTS
        case _:
            return False


def _presences(root: Formula) -> Iterator[There]:
    seen: set[Formula] = set()
    waiting = [root]
    while waiting:
        formula = waiting.pop()
        if formula in seen:
            continue
        seen.add(formula)
        waiting += formula.items[::-1]
        match formula.atom:
            case There() as atom:
                yield atom
            case Some(body=body):
                waiting.append(body)
            case _:
                pass


def _omission(desk: Desk, asking: Asking, part: Expression, text: str) -> Finding | None:
    formulas = asking.scene.formulas
    verdicts = asking.scene.decided.verdicts
    without = Without(formulas, part)
    wanted = [
        formulas.literal(There(part)),
        formulas.either(verdicts["deny"], verdicts["escalate"]),
        without.of(verdicts["allow"]),
    ]
    if asking.possible(wanted) is False:
        return None

    def shows(judged: Judged) -> bool:
        if judged.verdict == "allow":
            return False
        changed = left_out(judged.request, part)
        found = None if changed is None else desk.judge.judge(changed, judged.documents)
        return found is not None and found.verdict == "allow"

    answer = desk.find(asking.scene, formulas.all_of(wanted), shows, _BUDGET)
    if not isinstance(answer, Witness):
        return None
    changed = left_out(answer.request, part)
    before = desk.judge.judge(answer.request, answer.documents)
    after = None if changed is None else desk.judge.judge(changed, answer.documents)
    if before is None or after is None:
        return None
    by_name = {rule.shown_name: rule for rule in desk.all_rules()}
    restricting = [by_name[name] for name in before.decided_by if name in by_name]
    allowing = [by_name[name] for name in after.decided_by if name in by_name]
    main = next((rule for rule in (*restricting, *allowing) if rule.at.text in desk.texts), None)
    if main is None:
        return None
    return Finding(
        "omission-weakens",
        main.at,
        {"part": text, "before": before.verdict, "by": quoted(before.decided_by), "after": quoted(after.decided_by)},
        "" if main in restricting else "default",
        tuple(("allow", rule.at) for rule in allowing if rule is not main),
        tuple(rule.shown_name for rule in (*restricting, *allowing)),
        answer.request,
        needed_documents(answer),
    )


def left_out(request: Mapping[str, object], part: Expression) -> Mapping[str, object] | None:
    """The request without the part; None where it is not there."""
    match part:
        case core.Read(path):
            return _without(request, path)
        case core.Index(core.Read(path), core.Constant(str() as key)):
            return _without(request, (*path, key))
        case _:
            return None


def _without(of: Mapping[str, object], path: tuple[str, ...]) -> Mapping[str, object] | None:
    first, *rest = path
    if first not in of:
        return None
    if not rest:
        return {name: value for name, value in of.items() if name != first}
    below = of[first]
    inner = _without(below, tuple(rest)) if isinstance(below, Mapping) else None
    return None if inner is None else {**of, first: inner}


@attrs.define(eq=False)
class Without:
    """Formulas as they are for requests that leave a part out."""

    formulas: Formulas
    part: Expression
    known: dict[Formula, Formula] = attrs.field(factory=dict)

    def of(self, formula: Formula) -> Formula:
        """The formula with every "it is there" of the part, and of what lies below it, taken for false."""
        if formula not in self.known:
            self.known[formula] = self._made(formula)
        return self.known[formula]

    def _made(self, formula: Formula) -> Formula:
        if formula.kind == "and":
            return self.formulas.all_of(self.of(item) for item in formula.items)
        if formula.kind == "or":
            return self.formulas.any_of(self.of(item) for item in formula.items)
        match formula.atom:
            case There(term) if lies_in(term, self.part):
                return FALSE if formula.positive else TRUE
            case Some(body=body) as atom:
                inner = self.of(body)
                if inner is body:
                    return formula
                changed = FALSE if inner is FALSE else self.formulas.literal(attrs.evolve(atom, body=inner))
                return changed if formula.positive else self.formulas.negation(changed)
            case _:
                return formula


def lies_in(term: Expression, part: Expression) -> bool:
    """Whether the term is the part or lies somewhere within it."""
    if term == part:
        return True
    match term, part:
        case core.Read(path), core.Read(above):
            return path[: len(above)] == above
        case ((core.Index(of) | core.Field(of) | core.Narrow(of) | core.Part(of)), _):
            return lies_in(of, part)
        case _:
            return False


# ----------------------------------------------------------------------------------------------------------------- gaps


def gaps(desk: Desk, denied: frozenset[str]) -> Iterator[Finding]:
    """For each tool a request that only the default decides. `denied` are tools of which it is said that no call is allowed."""
    written = any(package.default is not None for package in desk.program.packages)
    if (written and not desk.wanted.gaps) or not any(package.rules for package in desk.program.packages):
        return
    for asking in desk.opened():
        tool = asking.scene.tool
        rule = next((rule for rule in desk.rules()), None)
        at = rule.at if tool is None and rule is not None else None if tool is None else desk.program.tools[tool].at
        if at is None or at.text not in desk.texts or tool in denied:
            continue
        if asking.possible([asking.scene.decided.by_default]) is False:
            continue
        answer = desk.find(asking.scene, asking.scene.decided.by_default, _by_default)
        if isinstance(answer, Undecided):
            desk.note_unsure(tool or desk.program.entry, at, "gap", answer.reason)
        if isinstance(answer, Witness):
            details = {"verdict": answer.verdict} if tool is None else {"tool": tool, "verdict": answer.verdict}
            variant = "requests" if tool is None else ""
            documents = needed_documents(answer)
            yield Finding("gap", at, details, variant, witness=answer.request, documents=documents)


def _by_default(judged: Judged) -> bool:
    return judged.decided_by == ("default",)


# --------------------------------------------------------------------------------------------------------------- errors


def erring(desk: Desk, useless: Mapping[str, Finding]) -> Iterator[Finding]:
    """The rules that err on some request, each with the expression that does; one finding for each expression."""
    by_place: dict[tuple[str, int, int], Finding] = {}
    for rule in desk.rules():
        if rule.name not in useless and not desk.is_watched(rule):
            found = _erring(desk, rule)
            if found is not None:
                key = found.at.text.name, found.at.start, found.at.end
                known = by_place.get(key, found)
                by_place[key] = attrs.evolve(known, rules=tuple(dict.fromkeys((*known.rules, *found.rules))))
    yield from by_place.values()


def _erring(desk: Desk, rule: Rule) -> Finding | None:
    def shows(judged: Judged) -> bool:
        return rule.name in judged.erred

    for asking, item in desk.scenes_of(rule) or ():
        if item.fails is FALSE or asking.possible([item.fails]) is False:
            continue
        answer = desk.find(asking.scene, item.fails, shows)
        if isinstance(answer, Undecided):
            desk.note_unsure(rule.shown_name, rule.at, "may-error", answer.reason)
        if not isinstance(answer, Witness):
            continue
        faults = desk.judge.faults(answer.request, answer.documents)
        code, at = faults.get(rule.name, ("error", rule.at))
        on_error = desk.packages[rule.package].on_error.verdict
        placed = at if at.text in desk.texts else rule.at
        return Finding(
            "may-error",
            placed,
            {"rule": rule.shown_name, "error": code, "what": at.source, "on_error": on_error},
            code.replace("_", "-"),
            (("rule", rule.at),) if placed is not rule.at else (),
            (rule.shown_name,),
            answer.request,
            needed_documents(answer),
        )
    return None
