"""Decides single requests by a program and by its mutants, with as little work as will do.

Of a request all rules are tried once. On a mutant just the changed rule is tried again, and only where that comes out
differently does the reference evaluator decide the whole request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from tenetlang.analysis.mutation.mutations import Mutation
from tenetlang.analysis.questions import Judge, Judged, Witness
from tenetlang.decision import Decision
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.evaluator.meaning import Run
from tenetlang.evaluator.reference import Reference, Tried, try_rule
from tenetlang.evaluator.requests import DataError, Invalid, RequestReader, request_reader, request_schema
from tenetlang.program.program import Function, Program, Rule

_MOST_TOLD: Final = 24
"""Requests for one tool that are tried on another mutant."""


def seen(decision: Decision) -> tuple[object, ...]:
    """What the caller of a policy sees of a decision."""
    asked = {(item.reviewers, item.quorum) for item in decision.escalations}
    return decision.verdict, frozenset(asked), frozenset(item.name for item in decision.obligations)


@attrs.define(eq=False)
class MutantEvaluators:
    """Decides single requests by the program and by its mutants."""

    program: Program
    judge: BothEvaluators = attrs.field(init=False)
    rules: Mapping[str, Rule] = attrs.field(init=False)
    reader: RequestReader = attrs.field(init=False)
    telling: dict[str | None, list[Asked]] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.judge = BothEvaluators(self.program)
        self.rules = rules_of(self.program)
        self.reader = request_reader(request_schema(self.program))

    def differs(self, mutation: Mutation, judged: Judged) -> bool:
        """Whether the caller sees another decision of the mutant. Such a request is kept for other mutants."""
        asked = self.asked(judged.request, judged.documents)
        if asked is None or seen(asked.decision) == seen(asked.decide(mutation.program)):
            return False
        self.telling.setdefault(asked.tool, []).append(asked)
        return True

    def told(self, mutation: Mutation) -> Witness | None:
        """One of the latest requests that have told another mutant, if the caller sees another decision on it here too."""
        limits = [self.rules[name].tools for name in mutation.rules]
        tools = list(self.telling) if None in limits else sorted({tool for item in limits for tool in item or ()})
        for tool in tools:
            for asked in self.telling.get(tool, [])[-_MOST_TOLD:]:
                touched = asked.affected(mutation, self.rules, self.program.functions)
                if touched and seen(asked.decision) != seen(asked.decide(mutation.program)):
                    return Witness(asked.request, asked.documents, asked.decision.verdict)
        return None

    def asked(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Asked | None:
        """The request with its decision by the reference evaluator, ready to be held against mutants; None where it, or the
        documents, are invalid."""
        try:
            reference = Reference(self.program, documents, "", self.reader)
        except DataError:
            return None
        read = self.reader.read(request)
        if isinstance(read, Invalid):
            return None
        return Asked(request, documents, self.program, reference, read, reference.decide(request))

    def judge_of(self, program: Program) -> Judge:
        """The evaluators of a mutant."""
        return BothEvaluators(program)


@attrs.frozen(eq=False)
class Asked:
    """A request of a program that is valid, with its decision, and what came of the rules on it.

    `program` may have other functions than the one that is mutated, where a test replaces some.
    """

    request: Mapping[str, object]
    documents: Mapping[str, object]
    program: Program
    reference: Reference
    inputs: Mapping[str, object]
    decision: Decision
    tried: dict[str, Tried] = attrs.field(factory=dict)

    @property
    def tool(self) -> str | None:
        """The tool that is called."""
        tool = self.request.get("tool")
        return tool if isinstance(tool, str) else None

    def affected(self, mutation: Mutation, rules: Mapping[str, Rule], functions: Mapping[str, Function]) -> bool:
        """Whether a rule of the mutant does anything else on the request than that of the original program, of which these are
        the rules and the functions."""
        for name in sorted(mutation.rules):
            rule = rules[name]
            if rule.tools is not None and self.tool not in rule.tools:
                continue
            before, changed = self._tried(rule), mutation.rule_for(rule)
            if changed is None or _standing(changed) != _standing(rule):
                if before.holds or before.error is not None:
                    return True
                continue
            program = self._mutated(mutation.program, functions)
            after = try_rule(Run(program, self.inputs, self.reference.data), changed)
            if (before.holds, _code(before)) != (after.holds, _code(after)):
                return True
        return False

    def decide(self, mutant: Program) -> Decision:
        """The mutant's decision on the request."""
        own = self.reference
        return Reference(mutant, self.documents, own.digest, own.reader).decide(self.request)

    def _tried(self, rule: Rule) -> Tried:
        if rule.name not in self.tried:
            self.tried[rule.name] = try_rule(Run(self.program, self.inputs, self.reference.data), rule)
        return self.tried[rule.name]

    def _mutated(self, mutant: Program, functions: Mapping[str, Function]) -> Program:
        """The mutant with the functions that are replaced here."""
        own = self.program.functions
        if own is functions:
            return mutant
        replaced = {name: item for name, item in own.items() if functions[name] is not item}
        return attrs.evolve(mutant, functions={**mutant.functions, **replaced})


def rules_of(program: Program) -> dict[str, Rule]:
    """All rules that take part, by full name."""
    return {rule.name: rule for package in program.packages for rule in package.rules}


def _standing(rule: Rule) -> tuple[object, ...]:
    """What a rule says where it matches."""
    return rule.verdict, rule.overrides, rule.reviewers


def _code(tried: Tried) -> str:
    return "" if tried.error is None else tried.error.code
