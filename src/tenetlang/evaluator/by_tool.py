"""Both evaluators, of one tool's rules at a time: a few requests about three tools of five hundred need no evaluator of them all.

A rule takes part in the decision on a request only if the request's tool is among its `tools`; without all others the
program decides the tool's requests as it did, but for the digest that the decision carries.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tenetlang.analysis.questions import Judged
from tenetlang.decision import Decision
from tenetlang.evaluator.judge import BothEvaluators
from tenetlang.program.expression import Block, Expression
from tenetlang.program.program import Program


@attrs.define(eq=False)
class EvaluatorsByTool:
    """Judges as `BothEvaluators` does."""

    program: Program
    whole: BothEvaluators = attrs.field(init=False)
    made: dict[str, BothEvaluators] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.whole = BothEvaluators(self.program)

    def judge(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Judged | None:
        """The decision on which both agree; None for a request or documents that are invalid."""
        return self._for(request).judge(request, documents)

    def decide(self, request: Mapping[str, object], documents: Mapping[str, object]) -> Decision | None:
        """The decision on the request, be it valid or not; None where the documents are invalid."""
        return self._for(request).decide(request, documents)

    def holds(self, block: Block, request: Mapping[str, object], documents: Mapping[str, object]) -> bool | None:
        """Whether a claim's conditions hold; None where they err, or where the request is invalid."""
        return self._for(request).holds(block, request, documents)

    def constant(self, expression: Expression) -> object:
        """The value of an expression that reads nothing; None where it errs or has none."""
        return self.whole.constant(expression)

    def _for(self, request: Mapping[str, object]) -> BothEvaluators:
        tool = request.get("tool")
        if not isinstance(tool, str) or tool not in self.program.tools:
            return self.whole
        if tool not in self.made:
            self.made[tool] = BothEvaluators(only(self.program, tool))
        return self.made[tool]


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
