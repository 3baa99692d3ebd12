"""Shows witnesses to both evaluators: what the analysis says of a request is only repeated if they say so too."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.analysis.given import needed_facts
from tenetlang.analysis.questions import Judged
from tenetlang.decision import Decision
from tenetlang.decision_tree.build import build
from tenetlang.evaluator.claims import breaks
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.meaning import ABSENT, Fault, Run, choices, value
from tenetlang.evaluator.outcome import CONFLICTING
from tenetlang.evaluator.reference import Reference, Tried, try_rule
from tenetlang.evaluator.requests import DataError, Inputs, Invalid, empty_document
from tenetlang.program.expression import Block, Expression
from tenetlang.program.program import Claim, Program
from tenetlang.text import Span


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
        tried = self._tried(reference, inputs)
        held = frozenset(item.rule.name for item in tried if item.holds)
        shown = {item.rule.shown_name: item.rule.name for item in tried}
        # What rules want together is no error of one of them.
        in_obligations = {shown[error.rule] for error in decision.errors if error.error != CONFLICTING}
        erred = frozenset(item.rule.name for item in tried if item.error is not None) | in_obligations
        return Judged(decision.verdict, decision.decided_by, held, erred, request, documents)

    def faults(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Mapping[str, tuple[str, Span]]:
        """The error of each rule that errs on the request, by full name: its code, and the expression that errs."""
        _, reference = self._with(documents)
        inputs = reference.reader.read(request)
        if isinstance(inputs, Invalid):
            return {}
        found: dict[str, tuple[str, Span]] = {}
        for item in self._tried(reference, inputs):
            if item.error is not None:
                found[item.rule.name] = item.error.code, item.error.at
            elif item.holds and item.rule.verdict == "allow":
                try:
                    for use in item.rule.then:
                        for argument in use.arguments:
                            value(Run(self.program, inputs, reference.data), argument, item.scope)
                except Fault as fault:
                    found[item.rule.name] = fault.code, fault.at
        return found

    def _tried(self, reference: Reference, inputs: Inputs) -> list[Tried]:
        """What comes of each rule that can have to do with the request, those that decide nothing included."""
        run = Run(self.program, inputs, reference.data)
        tool = inputs.get("tool")
        rules = [rule for package in self.program.packages for rule in package.rules]
        return [try_rule(run, rule) for rule in rules if rule.tools is None or tool in rule.tools]

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
        run = self._after(request, documents)
        if run is None:
            return None
        try:
            return next(choices(run, block, {}), None) is not None
        except Fault:
            return None

    def breaks(self, claim: Claim, request: Mapping[str, object], documents: Mapping[str, object]) -> bool | None:
        """Whether the request breaks the claim; None where the request or the documents are invalid, or where it lacks a fact
        that the claim speaks of."""
        try:
            run = self._after(request, documents)
        except DataError:
            return None
        if run is None or any(name not in run.inputs for name in needed_facts(self.program, claim)):
            return None
        return breaks(run, claim)

    def of(self, program: Program) -> BothEvaluators:
        """The judge of another program."""
        return BothEvaluators(program)

    def _after(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Run | None:
        """A run in which the decision on the request can be read; None where the request is invalid."""
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
        return Run(self.program, {**inputs, **outcome}, reference.data)

    def constant(self, expression: Expression) -> object:
        """The value of an expression that reads nothing; None where it errs or has none."""
        try:
            found = value(Run(self.program, {}, {}), expression, {})
        except (Fault, KeyError):
            return None
        return None if found is ABSENT else found

    def _with(self, documents: Mapping[str, object]) -> tuple[Evaluator, Reference]:
        """Both with these documents; those that are not given are empty."""
        if self.evaluator is None or self.reference is None:
            self.evaluator = Evaluator(build(self.program), self._whole(documents))
            self.reference = Reference(
                self.program, self._whole(documents), self.evaluator.digest, self.evaluator.reader
            )
            self.documents = documents
        elif documents != self.documents:
            self.evaluator = self.evaluator.with_documents(self._whole(documents))
            self.reference = self.reference.with_documents(self._whole(documents))
            self.documents = documents
        return self.evaluator, self.reference

    def _whole(self, documents: Mapping[str, object]) -> Mapping[str, object]:
        empty = {f"{data.package}.{data.name}": empty_document(data.type) for data in self.program.data}
        return {**empty, **documents}
