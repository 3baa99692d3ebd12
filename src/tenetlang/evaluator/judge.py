"""Shows witnesses to both evaluators: what the analysis says of a request is only repeated if they say so too."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.analysis.questions import Judged
from tenetlang.decision import Decision
from tenetlang.decision_tree.build import build
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.meaning import ABSENT, Fault, Run, choices, value
from tenetlang.evaluator.reference import Reference, try_rule
from tenetlang.evaluator.requests import DataError, Invalid, empty_document
from tenetlang.program.expression import Block, Expression
from tenetlang.program.program import Program


class Disagreement(AssertionError):
    """The two evaluators decide a request differently: an error of this project, never of a policy."""


@attrs.define(eq=False)
class BothEvaluators:
    """The generated evaluator and the reference of one program, made when the first request is shown to them."""

    program: Program
    evaluator: Evaluator | None = None
    reference: Reference | None = None
    documents: Mapping[str, object] = attrs.field(factory=dict)

    def judge(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Judged | None:
        """The decision on the request with these documents, by `package.name`; None where either is invalid.

        Raises `Disagreement` where the evaluators differ.
        """
        decision = self.decide(request, documents)
        if decision is None:
            return None
        _, reference = self._with(documents)
        inputs = reference.reader.read(request)
        if isinstance(inputs, Invalid):
            return None
        run = Run(self.program, inputs, reference.data)
        tool = inputs.get("tool")
        rules = [rule for package in self.program.packages for rule in package.rules]
        tried = [try_rule(run, rule) for rule in rules if rule.tools is None or tool in rule.tools]
        held = frozenset(item.rule.name for item in tried if item.holds)
        erred = frozenset(item.rule.name for item in tried if item.error is not None)
        return Judged(decision.verdict, decision.decided_by, held, erred, request, documents)

    def decide(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Decision | None:
        """The decision on the request, be it valid or not; None where the documents are invalid.

        Raises `Disagreement` where the evaluators differ.
        """
        try:
            evaluator, reference = self._with(documents)
        except DataError:
            return None
        decision = evaluator.decide(request)
        expected = reference.decide(request)
        if decision.to_json(trace=False) != expected.to_json(trace=False):
            raise Disagreement(f"the evaluators disagree about {request!r} with {documents!r}")
        return decision

    def holds(self, block: Block, request: Mapping[str, object], documents: Mapping[str, object]) -> bool | None:
        """Whether a claim's conditions hold; None where they err, or where the request is invalid."""
        _, reference = self._with(documents)
        inputs = reference.reader.read(request)
        if isinstance(inputs, Invalid):
            return None
        decision = reference.decide(request)
        outcome = {
            "verdict": decision.verdict,
            "decided_by": frozenset(decision.decided_by),
            "obligations": frozenset(item.name for item in decision.obligations),
        }
        try:
            return next(choices(Run(self.program, {**inputs, **outcome}, reference.data), block, {}), None) is not None
        except Fault:
            return None

    def constant(self, expression: Expression) -> object:
        """The value of an expression that reads nothing; None where it errs or has none."""
        try:
            found = value(Run(self.program, {}, {}), expression, {})
        except (Fault, KeyError):
            return None
        return None if found is ABSENT else found

    def _with(self, documents: Mapping[str, object]) -> tuple[Evaluator, Reference]:
        if self.evaluator is None or self.reference is None:
            empty = {f"{data.package}.{data.name}": empty_document(data.type) for data in self.program.data}
            self.evaluator = Evaluator(build(self.program), {**empty, **documents})
            self.reference = Reference(
                self.program, {**empty, **documents}, self.evaluator.digest, self.evaluator.reader
            )
            self.documents = documents
        elif documents != self.documents:
            self.evaluator = self.evaluator.with_documents(documents)
            self.reference = self.reference.with_documents(documents)
            self.documents = documents
        return self.evaluator, self.reference
