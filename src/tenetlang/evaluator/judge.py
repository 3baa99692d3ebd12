"""Shows witnesses to both evaluators: what the analysis says of a request is only repeated if they say so too."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.analysis.proofs.given import needed_facts
from tenetlang.analysis.questions import Judged
from tenetlang.decision import Decision
from tenetlang.decision_tree.build import build
from tenetlang.evaluator.claims import breaks
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.evaluator.meaning import ABSENT, Fault, Run, choices, value
from tenetlang.evaluator.reference import Reference
from tenetlang.evaluator.requests import DataError, Invalid, empty_document, read_data
from tenetlang.program.expression import Block, Expression
from tenetlang.program.program import Claim, Program
from tenetlang.text import Span


class Disagreement(AssertionError):
    """The two evaluators decide a request differently: an error of this project, never of a policy."""


@attrs.frozen(eq=False)
class Pair:
    """Both evaluators of one program, with the same documents."""

    evaluator: Evaluator
    reference: Reference
    documents: Mapping[str, object]


@attrs.define(eq=False)
class BothEvaluators:
    """The generated evaluator and the reference of one program, made when the first request is shown to them.

    They are made of the rules of one tool at a time: a rule takes part in the decision on a request only if the request's tool
    is among its `tools`, so without all others the program decides the tool's requests as it did, but for the digest that the
    decision carries.
    """

    program: Program
    pairs: dict[str | None, Pair] = attrs.field(factory=dict)

    def judge(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Judged | None:
        """The decision on the request with these documents, by `package.name`; None where either is invalid.

        Raises `Disagreement` where the evaluators differ.
        """
        pair = self.pair(request, documents)
        inputs = None if pair is None else pair.reference.reader.read(request)
        if pair is None or inputs is None or isinstance(inputs, Invalid):
            return None
        decision, tried = pair.reference.decide_and_tell(inputs)
        self._agreed(pair, decision, request)
        held = frozenset(name for name, item in tried.items() if item.holds)
        erred = frozenset(name for name, item in tried.items() if item.error is not None)
        return Judged(decision.verdict, decision.decided_by, held, erred, request, documents)

    def faults(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Mapping[str, tuple[str, Span]]:
        """The error of each rule that errs on the request, by full name: its code, and the expression that errs."""
        pair = self.pair(request, documents)
        inputs = None if pair is None else pair.reference.reader.read(request)
        if pair is None or inputs is None or isinstance(inputs, Invalid):
            return {}
        _, tried = pair.reference.decide_and_tell(inputs)
        return {name: (item.error.code, item.error.at) for name, item in tried.items() if item.error is not None}

    def decide(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Decision | None:
        """The decision on the request, be it valid or not; None where the documents are invalid.

        Raises `Disagreement` where the evaluators differ.
        """
        pair = self.pair(request, documents)
        return None if pair is None else self._agreed(pair, pair.reference.decide(request), request)

    def _agreed(self, pair: Pair, expected: Decision, request: Mapping[str, object]) -> Decision:
        """The decision of the generated evaluator, which has to be the reference's. Raises `Disagreement`."""
        decision = pair.evaluator.decide(request)
        if decision.to_json(trace=False) != expected.to_json(trace=False):
            raise Disagreement(f"the evaluators disagree about {request!r} with {pair.documents!r}")
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
        run = self._after(request, documents)
        if run is None or any(name not in run.inputs for name in needed_facts(self.program, claim)):
            return None
        return breaks(run, claim)

    def of(self, program: Program) -> BothEvaluators:
        """The judge of another program."""
        return BothEvaluators(program)

    def _after(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Run | None:
        """A run in which the decision on the request can be read; None where it or the documents are invalid."""
        pair = self.pair(request, documents)
        inputs = None if pair is None else pair.reference.reader.read(request)
        if pair is None or inputs is None or isinstance(inputs, Invalid):
            return None
        decision, _ = pair.reference.decide_and_tell(inputs)
        outcome = {
            "verdict": decision.verdict,
            "decided_by": frozenset(decision.decided_by),
            "obligations": frozenset(item.name for item in decision.obligations),
        }
        return Run(self.program, {**inputs, **outcome}, pair.reference.data)

    def constant(self, expression: Expression) -> object:
        """The value of an expression that reads nothing; None where it errs or has none."""
        try:
            found = value(Run(self.program, {}, {}), expression, {})
        except (Fault, KeyError):
            return None
        return None if found is ABSENT else found

    def people(self, who: Expression, documents: Mapping[str, object]) -> frozenset[str] | str | None:
        """The people that an expression gives which reads nothing but these documents, by `package.name`; the code of its error;
        None where the documents are invalid."""
        try:
            data = read_data(self.program.data, self._whole(documents))
            found = value(Run(self.program, {}, data), who, {})
        except Fault as fault:
            return fault.code
        except (DataError, KeyError):
            return None
        return frozenset(str(person) for person in found) if isinstance(found, frozenset) else None

    def _whole(self, documents: Mapping[str, object]) -> dict[str, object]:
        """The documents, and empty ones in the place of those that are not given."""
        return {**{f"{data.package}.{data.name}": empty_document(data.type) for data in self.program.data}, **documents}

    def pair(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Pair | None:
        """Both evaluators for the request's tool, with these documents; those that are not given are empty. None where
        the documents are invalid."""
        tool = request.get("tool")
        about = tool if isinstance(tool, str) and tool in self.program.tools else None
        known = self.pairs.get(about)
        if known is not None and known.documents == documents:
            return known
        whole = self._whole(documents)
        try:
            if known is None:
                program = self.program if about is None else only(self.program, about)
                evaluator = Evaluator(build(program), whole)
                made = Pair(evaluator, Reference(program, whole, evaluator.digest, evaluator.reader), documents)
            else:
                made = Pair(known.evaluator.with_documents(whole), known.reference.with_documents(whole), documents)
        except DataError:
            return None
        self.pairs[about] = made
        return made


def only(program: Program, tool: str) -> Program:
    """The program without the rules that can't have to do with requests for the tool."""
    kept = {
        rule.name for package in program.packages for rule in package.rules if rule.tools is None or tool in rule.tools
    }
    packages = tuple(
        attrs.evolve(
            package,
            rules=tuple(
                attrs.evolve(rule, overrides=tuple(name for name in rule.overrides if name in kept))
                for rule in package.rules
                if rule.name in kept
            ),
        )
        for package in program.packages
    )
    return attrs.evolve(program, packages=packages, tests=(), claims=())
