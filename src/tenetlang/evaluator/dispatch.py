"""The decision tree, ready: from the parts of a request that it switches on to a leaf, and what is known of the leaf."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from tenetlang.decision import Findings
from tenetlang.decision_tree.tree import Leaf, Node, Switch
from tenetlang.evaluator.generate import Generated, Inputs, Valuation
from tenetlang.evaluator.outcome import Outcome
from tenetlang.evaluator.runtime import ABSENT, Run
from tenetlang.frozen import frozen
from tenetlang.program import expression as core


@attrs.define
class Dispatch:
    """A switch; `by_tool` where it is on the request's tool. What looks its attribute up is made when it is first reached: a policy
    may have a switch for each of a thousand tools."""

    by_tool: bool
    read: core.Read
    branches: Mapping[object, Dispatch | int]
    otherwise: Dispatch | int
    _attribute: Valuation | None = None

    def next(self, inputs: Inputs, generated: Generated) -> Dispatch | int:
        """Where a request goes on. Not safe between threads at the first call."""
        if self._attribute is None:
            self._attribute = generated.attribute(self.read)
        return self.branches.get(self._attribute(inputs, None), self.otherwise)

    @property
    def made(self) -> bool:
        """Whether it has been reached before."""
        return self._attribute is not None


def dispatch_of(node: Node) -> Dispatch | int:
    """A node, ready; a leaf is its number."""
    match node:
        case Leaf(number):
            return number
        case Switch(attribute, branches, otherwise, missing):
            table: dict[object, Dispatch | int] = {value: dispatch_of(below) for value, below in branches}
            table[ABSENT] = dispatch_of(missing)
            return Dispatch(attribute.path == ("tool",), attribute, table, dispatch_of(otherwise))


@attrs.define
class ReadyLeaf:
    """A leaf, ready: the rules that the bits of a mask stand for, and for masks that have been met the outcome and, where that
    is all there is to say, what was found. `buckets` are the functions that make the mask of inputs, once wanted; `runs`
    says whether they need a run, which rules that can't err and use no definitions do without."""

    id: str
    rules: tuple[int, ...]
    number: int
    outcomes: dict[int, Kept] = attrs.field(factory=dict)
    findings: dict[int, Findings] = attrs.field(factory=dict)
    runs: bool = False
    buckets: tuple[tuple[Callable[[Inputs, Run], int], int], ...] | None = None


@frozen
class Kept:
    """What is kept of a mask: the outcome, what its decisions have in common, and what of them depends on the request."""

    outcome: Outcome
    findings: Findings
    filled: bool
    obliges: bool
