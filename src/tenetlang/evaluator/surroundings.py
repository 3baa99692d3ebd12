"""An actual request with its documents, for what the analysis asks of it (`analysis/counterfactuals/actual.py`)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.analysis.counterfactuals.actual import Situation, Untold
from tenetlang.decision import Decision, Verdict
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.evaluator.meaning import ABSENT, Fault, Run, value
from tenetlang.evaluator.requests import Invalid, empty_document, read_data
from tenetlang.program.expression import Expression
from tenetlang.program.program import Program


@attrs.define(eq=False)
class Actual:
    """A valid request, typed, with the documents."""

    program: Program
    inputs: Mapping[str, object]
    data: Mapping[tuple[str, str], object]
    known: dict[Expression, object] = attrs.field(factory=dict)

    def value(self, term: Expression, scope: Mapping[str, object]) -> object:
        """The value of the term; None where it is absent. Raises `Untold` where it errs, or is nobody's to know."""
        if scope:
            return self._value(term, scope)
        if term not in self.known:
            try:
                self.known[term] = self._value(term, scope)
            except Untold as untold:
                self.known[term] = untold
        found = self.known[term]
        if isinstance(found, Untold):
            raise found
        return found

    def _value(self, term: Expression, scope: Mapping[str, object]) -> object:
        try:
            found = value(Run(self.program, self.inputs, self.data), term, scope)
        except KeyError as error:
            missing = error.args[0]
            if isinstance(missing, str) and missing[:1] in {"?", "#"}:  # a local that stands for what nobody knows
                raise Untold from None
            return None  # a part of the request that is not there
        except Fault as fault:
            if fault.code == "bad_index":
                return None
            raise Untold from None
        return None if found is ABSENT else found


@attrs.define(eq=False)
class Surroundings:
    """What stays as it is while a request changes: the program, its evaluators and the documents, by `package.name`."""

    judge: BothEvaluators
    documents: Mapping[str, object]

    @property
    def program(self) -> Program:
        return self.judge.program

    def decide(self, request: Mapping[str, object]) -> Decision | None:
        """The decision on which both evaluators agree."""
        return self.judge.decide(request, self.documents)

    def reaches(self, request: Mapping[str, object], verdict: Verdict) -> Decision | None:
        """The decision on which both evaluators agree, where it is this verdict on a valid request."""
        pair = self.judge.pair(request, self.documents)
        if pair is None or pair.evaluator.decide(request).verdict != verdict:
            return None
        decision = self.decide(request)
        if decision is None or decision.verdict != verdict:
            return None
        return None if decision.decided_by in {("invalid_request",), ("unknown_tool",)} else decision

    def situation(self, request: Mapping[str, object]) -> Situation | None:
        """The request as the analysis looks at it; None where it is invalid."""
        pair = self.judge.pair(request, self.documents)
        inputs = None if pair is None else pair.reference.reader.read(request)
        if pair is None or inputs is None or isinstance(inputs, Invalid):
            return None
        return Actual(self.program, inputs, pair.reference.data)


def surroundings(program: Program, documents: Mapping[str, object]) -> Surroundings:
    """The program with these documents, named as `data` declares them or by `package.name`. Raises `DataError`."""
    named: dict[str, object] = {}
    for data in program.data:
        full = f"{data.package}.{data.name}"
        if full in documents or data.name in documents:
            named[full] = documents[full] if full in documents else documents[data.name]
    documented = {f"{data.package}.{data.name}": empty_document(data.type) for data in program.data} | named
    read_data(program.data, documented)
    return Surroundings(BothEvaluators(program), documented)
