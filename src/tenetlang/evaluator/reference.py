"""The reference evaluator: `docs/language.md`, sentence by sentence, in the order it is written there.

It decides a request by trying every rule, records everything, and combines at the end. It is slow and holds no idea
beyond the language's own: when the generated evaluator and this one differ, this one is read beside the document, and
one of the three is wrong.

A rule is tried by going through the choices of its `some` steps in order. What the trace shows is one choice: the one
that satisfied the rule, else the one on which it erred, else the first of those that got furthest.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.decision import (
    SEVERITY,
    Decision,
    Escalation,
    Matched,
    Obligation,
    Overridden,
    RuleError,
    Trace,
    TracedCondition,
    TracedRule,
    Verdict,
    changed,
)
from tenetlang.evaluator.meaning import ABSENT, Fault, Run, Scope, chosen, value
from tenetlang.evaluator.requests import Inputs, Invalid, RequestReader, read_data, request_reader, request_schema
from tenetlang.program import expression as core
from tenetlang.program.program import Fallback, Package, Program, Rule, Template
from tenetlang.program.recursion import deep_recursion
from tenetlang.program.types import BOOL
from tenetlang.values.render import text, to_plain
from tenetlang.values.times import Duration, duration_text

DENY = Fallback("deny")


@attrs.frozen
class Tried:
    """What came of one rule: whether it holds (None: it erred), the error, the scope of the witness, and the trace."""

    rule: Rule
    holds: bool | None
    error: Fault | None
    scope: Scope
    conditions: tuple[TracedCondition, ...]


@attrs.frozen
class Outcome:
    """What one package says: the verdict (None: nothing) and the rules of the deciding rank that say it."""

    package: Package
    verdict: Verdict | None
    deciding: tuple[Tried, ...]
    errors: tuple[Tried, ...]


class Reference:
    """Decides requests by the program, with documents for its data. Made once, used for many requests."""

    def __init__(
        self, program: Program, documents: Mapping[str, object], digest: str, reader: RequestReader | None = None
    ) -> None:
        """Raises `DataError` where a document is missing, undeclared or of another type.

        `reader` is the reader of the program's requests where there is one already.
        """
        self.program = program
        self.digest = digest
        self.data = read_data(program.data, documents)
        self.reader: RequestReader = request_reader(request_schema(program)) if reader is None else reader

    def with_documents(self, documents: Mapping[str, object]) -> Reference:
        """The same program with other documents. Raises `DataError`."""
        return Reference(self.program, documents, self.digest, self.reader)

    def decide(self, request: object) -> Decision:
        """The decision on a request given as Python values."""
        return self._decide(self.reader.read(request))

    def decide_json(self, data: bytes | str) -> Decision:
        """The decision on a request given as JSON text."""
        return self._decide(self.reader.read_json(data))

    def decide_and_tell(self, inputs: Inputs) -> tuple[Decision, Mapping[str, Tried]]:
        """The decision on inputs that have been read, and what came of each rule that was tried, by full name."""
        plain, tried = self._decide_inputs(inputs)
        return self._observed(plain), tried

    def _decide(self, inputs: Inputs | Invalid) -> Decision:
        if isinstance(inputs, Invalid):
            plain = Decision(self.program.entry, self.digest, "deny", (inputs.code,), inputs.reason)
        else:
            plain, _ = self._decide_inputs(inputs)
        return self._observed(plain)

    def _observed(self, plain: Decision) -> Decision:
        """What an entry that only observes answers instead."""
        if not self.program.packages[0].observe:
            return plain
        return changed(
            plain,
            verdict="allow",
            decided_by=("observe",),
            reason=f"observed: {plain.verdict}, {plain.reason}",
            observed=tuple(sorted((*plain.matched, *plain.observed), key=lambda item: item.rule)),
            observed_verdict=plain.verdict,
            matched=(),
            obligations=(),
            escalations=(),
        )

    def _decide_inputs(self, inputs: Inputs) -> tuple[Decision, Mapping[str, Tried]]:
        run = Run(self.program, inputs, self.data)
        with deep_recursion():
            tried = {rule.name: try_rule(run, rule) for rule in self._rules(inputs)}
        observing = {package.name for package in self.program.packages[1:] if package.observe}
        watched = {name for name, t in tried.items() if t.rule.observe or t.rule.package in observing}
        approved = {str(item["reviewers"]) for item in _approvals(inputs)}
        obligations: dict[str, tuple[Obligation, ...]] = {}
        for name, t in list(tried.items()):
            if t.holds and name not in watched and self._counts_as(t, approved) == "allow":
                try:
                    obligations[name] = self._obligations(run, t)
                except Fault as fault:
                    tried[name] = attrs.evolve(t, error=t.error or fault)
        lifted = _lifted(tried, watched)
        standing = {name: t for name, t in tried.items() if name not in lifted and name not in watched}
        outcomes = [
            self._outcome(package, [t for t in standing.values() if t.rule.package == package.name], approved)
            for package in self.program.packages
            if package is self.program.packages[0] or not package.observe
        ]
        decision = self._combined(run, tried, lifted, watched, standing, outcomes, obligations, approved)
        return self._without_conflicts(decision, tried, obligations), tried

    def _rules(self, inputs: Inputs) -> list[Rule]:
        tool = inputs.get("tool")
        rules = [rule for package in self.program.packages for rule in package.rules]
        return [rule for rule in rules if rule.tools is None or tool in rule.tools]

    def _counts_as(self, tried: Tried, approved: set[str]) -> Verdict:
        """An approved escalation counts as an allowance."""
        rule = tried.rule
        if rule.verdict == "escalate" and rule.reviewers is not None and self._shown(rule.reviewers) in approved:
            return "allow"
        return rule.verdict

    def _shown(self, full_name: str) -> str:
        """How decisions name reviewers."""
        return "deny" if full_name == "deny" else self.program.reviewers[full_name].shown_name

    def _outcome(self, package: Package, standing: list[Tried], approved: set[str]) -> Outcome:
        matched = [t for t in standing if t.holds]
        errors = tuple(t for t in standing if t.error is not None)
        if matched:
            if package.resolve == "first":
                matched = [min(matched, key=lambda t: t.rule.order)]
            elif package.resolve == "priority":
                highest = max(t.rule.priority for t in matched)
                matched = [t for t in matched if t.rule.priority == highest]
        verdict = max((self._counts_as(t, approved) for t in matched), key=lambda v: SEVERITY[v], default=None)
        return Outcome(package, verdict, tuple(t for t in matched if self._counts_as(t, approved) == verdict), errors)

    def _combined(
        self,
        run: Run,
        tried: Mapping[str, Tried],
        lifted: Mapping[str, str],
        watched: set[str],
        standing: Mapping[str, Tried],
        outcomes: list[Outcome],
        obligations: Mapping[str, tuple[Obligation, ...]],
        approved: set[str],
    ) -> Decision:
        errors = sorted(
            (RuleError(t.rule.shown_name, t.error.code, t.error.at.place) for t in standing.values() if t.error),
            key=lambda error: error.rule,
        )
        default = self._default(approved)
        said = [outcome.verdict for outcome in outcomes if outcome.verdict] or [default.verdict]
        restricting = [outcome.package.on_error for outcome in outcomes if outcome.errors]
        verdict = max([*said, *(fallback.verdict for fallback in restricting)], key=lambda v: SEVERITY[v])
        deciding = [t for outcome in outcomes if outcome.verdict == verdict for t in outcome.deciding]
        deciding.sort(key=lambda t: t.rule.shown_name)
        escalated = [(t.rule.shown_name, t.rule.reviewers) for t in deciding]
        escalated += [("error", fallback.reviewers) for fallback in restricting if fallback.verdict == "escalate"]
        if not any(outcome.verdict for outcome in outcomes) and default.verdict == "escalate":
            escalated.append(("default", default.reviewers))
        if deciding:
            decided_by = tuple(t.rule.shown_name for t in deciding)
            reason = self._reason(run, deciding[0])
        elif any(fallback.verdict == verdict for fallback in restricting):
            decided_by, reason = ("error",), f"an error in rule {errors[0].rule}: {errors[0].error}"
        else:
            decided_by = ("default",)
            reason = self._filled(run, default.because, {}) if default.because else "no rule decides"
        return Decision(
            policy=self.program.entry,
            bundle=self.digest,
            verdict=verdict,
            decided_by=decided_by,
            reason=reason,
            matched=_listed([t for t in standing.values() if t.holds]),
            overridden=tuple(
                sorted(
                    (Overridden(tried[n].rule.shown_name, tried[by].rule.shown_name) for n, by in lifted.items()),
                    key=lambda item: item.rule,
                )
            ),
            errors=tuple(errors),
            obligations=_distinct(deciding, obligations) if verdict == "allow" else (),
            escalations=self._escalations(escalated) if verdict == "escalate" else (),
            observed=_listed([t for n, t in tried.items() if n in watched and t.holds]),
            compact_trace={},
            expand=lambda: _trace(tried),
        )

    def _without_conflicts(
        self, decision: Decision, tried: Mapping[str, Tried], obligations: Mapping[str, tuple[Obligation, ...]]
    ) -> Decision:
        """The decision; a denial instead where it wants an obligation marked `@single` with different arguments."""
        wanted = [item.name for item in decision.obligations]
        twice = {name for name in wanted if self.program.obligations[name].single and wanted.count(name) > 1}
        if not twice:
            return decision
        errors: list[RuleError] = []
        for name in obligations:
            rule = tried[name].rule
            places = [use.at.place for use in rule.then if use.obligation in twice]
            if rule.shown_name in decision.decided_by and places:
                errors.append(RuleError(rule.shown_name, "conflicting_obligations", places[0]))
        errors.sort(key=lambda error: error.rule)
        return changed(
            decision,
            verdict="deny",
            decided_by=("error",),
            reason=f"an error in rule {errors[0].rule}: {errors[0].error}",
            errors=tuple(errors),
            obligations=(),
        )

    def _default(self, approved: set[str]) -> Fallback:
        """The most restrictive of the entry's and its bases', the nearest of equals; a base that only watches has no say.

        One that asks reviewers who have approved allows.
        """
        entry, *bases = self.program.packages
        packages = [entry, *(base for base in bases if not base.observe)]
        written = [package.default for package in packages if package.default is not None]
        default = max(written, key=lambda default: SEVERITY[default.verdict], default=DENY)
        if default.verdict == "escalate" and self._shown(str(default.reviewers)) in approved:
            return attrs.evolve(default, verdict="allow")
        return default

    def _escalations(self, escalated: list[tuple[str, str | None]]) -> tuple[Escalation, ...]:
        found = []
        for rule, name in sorted(set(escalated), key=lambda pair: (pair[0], str(pair[1]))):
            assert name is not None
            reviewers = self.program.reviewers[name]
            within = duration_text(Duration(reviewers.within))
            otherwise = self._shown(reviewers.otherwise)
            found.append(Escalation(rule, self._shown(name), reviewers.quorum, within, otherwise))
        return tuple(found)

    def _obligations(self, run: Run, tried: Tried) -> tuple[Obligation, ...]:
        run.work = 0
        return tuple(
            Obligation(use.obligation, tuple(to_plain(value(run, argument, tried.scope)) for argument in use.arguments))
            for use in tried.rule.then
        )

    def _reason(self, run: Run, tried: Tried) -> str:
        because = tried.rule.because
        return self._filled(run, because, tried.scope) if because else f"rule {tried.rule.shown_name}"

    def _filled(self, run: Run, template: Template, scope: Scope) -> str:
        """The template with its holes filled; a hole that errs shows `?`, for words decide nothing."""
        filled = []
        for part in template.parts:
            if isinstance(part, str):
                filled.append(part)
                continue
            run.work = 0
            try:
                filled.append(text(value(run, part, scope)))
            except Fault:
                filled.append("?")
        return "".join(filled)


def _approvals(inputs: Inputs) -> tuple[Mapping[str, object], ...]:
    approvals = inputs["approvals"]
    assert isinstance(approvals, tuple)
    return approvals


def _listed(tried: list[Tried]) -> tuple[Matched, ...]:
    rules = sorted((t.rule for t in tried), key=lambda rule: rule.shown_name)
    return tuple(Matched(rule.shown_name, rule.verdict, rule.owner, rule.at.place) for rule in rules)


def _distinct(deciding: list[Tried], obligations: Mapping[str, tuple[Obligation, ...]]) -> tuple[Obligation, ...]:
    found: dict[tuple[str, str], Obligation] = {}
    for tried in deciding:
        for obligation in obligations[tried.rule.name]:
            # To Python, True is 1; as JSON they differ.
            found.setdefault((obligation.name, repr(obligation.args)), obligation)
    return tuple(found.values())


def _trace(tried: Mapping[str, Tried]) -> Trace:
    in_order = sorted(tried.values(), key=lambda t: t.rule.shown_name)
    return tuple(TracedRule(t.rule.shown_name, t.holds, t.conditions) for t in in_order)


# --------------------------------------------------------------------------------------------------------- overrides


def _lifted(tried: Mapping[str, Tried], watched: set[str]) -> dict[str, str]:
    """Each rule that another lifts, with the first that does, by shown name.

    A rule lifts only if nothing lifts it; overrides form no cycle, so asking the lifters first ends. Rules that are only
    watched take no part.
    """
    lifters: dict[str, list[str]] = {}
    for name, t in tried.items():
        for other in t.rule.overrides:
            lifters.setdefault(other, []).append(name)
    decided: dict[str, str | None] = {}

    def lifter(name: str) -> str | None:
        if name not in decided:
            able = [by for by in lifters.get(name, []) if lifts(by)]
            took_part = tried[name].holds is not False or tried[name].error is not None
            able.sort(key=lambda by: tried[by].rule.shown_name)
            decided[name] = able[0] if able and took_part and name not in watched else None
        return decided[name]

    def lifts(name: str) -> bool:
        t = tried[name]
        return t.holds is True and t.error is None and name not in watched and lifter(name) is None

    found = {name: lifter(name) for name in tried}
    return {name: by for name, by in found.items() if by is not None}


# ------------------------------------------------------------------------------------------------------- one rule


@attrs.define
class Search:
    """The search for a choice that satisfies one rule, and the furthest that any choice got."""

    run: Run
    rule: Rule
    furthest: tuple[TracedCondition, ...] = ()
    error: Fault | None = None

    def got(self, conditions: tuple[TracedCondition, ...]) -> None:
        if len(conditions) > len(self.furthest):
            self.furthest = conditions

    def step(self, position: int, scope: Scope, before: tuple[TracedCondition, ...]) -> Scope | None:
        """The scope of the first choice that satisfies the rule from this step on, else None; raises `Fault`."""
        while position < len(self.rule.body):
            step = self.rule.body[position]
            self.run.reads = {}
            if isinstance(step, core.Choose):
                return self._choose(step, position, scope, before)
            try:
                if isinstance(step, core.Assign):
                    found = value(self.run, step.value, scope)
                    scope = {**scope, step.local.name: found}
                    before = (*before, self._traced(step, True, {step.local.name: found}))
                else:
                    holds = bool(value(self.run, step.expression, scope))
                    before = (*before, self._traced(step, holds))
                    if not holds:
                        self.got(before)
                        return None
            except Fault as fault:
                self.furthest = (*before, self._traced(step, None, error=fault.code))
                raise
            position += 1
        return self._end(scope, before)

    def _choose(
        self, step: core.Choose, position: int, scope: Scope, before: tuple[TracedCondition, ...]
    ) -> Scope | None:
        bound = step.bound
        names = [bound.value.name] if bound.key is None else [bound.key.name, bound.value.name]
        reads: dict[str, object] = {}
        shown: dict[str, object] | None = None  # the source is evaluated once, so what it read is the same for all
        source = chosen(self.run, bound, scope)
        while True:
            self.run.reads = reads
            try:
                extended = next(source, None)
            except Fault as fault:
                self.furthest = (*before, self._traced(step, None, error=fault.code))
                raise
            if extended is None:
                break
            if shown is None:
                shown = self._read()
            made = self._traced(step, True, {name: extended[name] for name in names}, read=shown)
            found = self.step(position + 1, extended, (*before, made))
            if found is not None:
                return found
        if shown is None:
            self.got((*before, self._traced(step, False)))
        return None

    def _end(self, scope: Scope, before: tuple[TracedCondition, ...]) -> Scope | None:
        """All of the body holds: the exception has the last word on this choice."""
        if self.rule.exception is not None:
            self.run.reads = {}
            exception = core.Exists(self.rule.exception, BOOL, self.rule.at)
            try:
                holds = bool(value(self.run, exception, scope))
                before = (*before, self._excepted(not holds))
            except Fault as fault:
                holds = False
                self.error = fault
                before = (*before, self._excepted(True, fault.code))
            if holds:
                self.got(before)
                return None
        self.furthest = before
        return scope

    def _traced(
        self,
        step: core.Step,
        holds: bool | None,
        bindings: Mapping[str, object] | None = None,
        error: str | None = None,
        read: Mapping[str, object] | None = None,
    ) -> TracedCondition:
        named = {name: to_plain(item) for name, item in sorted((bindings or {}).items())}
        read = self._read() if read is None else read
        return TracedCondition(step.text, holds, read, step.at.place, error=error, bindings=named)

    def _excepted(self, holds: bool, error: str | None = None) -> TracedCondition:
        assert self.rule.exception is not None
        return TracedCondition(self.rule.exception_text, holds, self._read(), _exception_place(self.rule), error=error)

    def _read(self) -> dict[str, object]:
        return {name: to_plain(item) for name, item in sorted(self.run.reads.items()) if item is not ABSENT}


def try_rule(run: Run, rule: Rule) -> Tried:
    """Try one rule on the run's request, and keep what the trace shows of it."""
    run.work, run.within = 0, False
    search = Search(run, rule)
    try:
        scope = search.step(0, {}, ())
        error = search.error if scope is not None else None
        holds: bool | None = scope is not None
    except Fault as fault:
        scope, error, holds = None, fault, None
    run.within = False
    return Tried(rule, holds, error, scope or {}, search.furthest + _not_reached(rule, len(search.furthest)))


def _not_reached(rule: Rule, reached: int) -> tuple[TracedCondition, ...]:
    rest = [(step.text, step.at.place) for step in rule.body]
    if rule.exception is not None:
        rest.append((rule.exception_text, _exception_place(rule)))
    return tuple(TracedCondition(text_, None, {}, place, reached=False) for text_, place in rest[reached:])


def _exception_place(rule: Rule) -> str:
    assert rule.exception is not None
    return rule.exception[0].at.place if rule.exception else rule.at.place
