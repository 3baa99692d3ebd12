"""What can be asked of a policy beside a decision: the value of a definition, of the counters, and who the reviewers are.

Decisions never raise; these do, because an answer that is made up would be taken for one. Whoever asks on the way to a
decision denies where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import RLock

import attrs

from tenetlang.decision import Counted
from tenetlang.decision_tree.tree import Policy
from tenetlang.evaluator.counting import Counting, Total, counting_of
from tenetlang.evaluator.generate import Generated, Inputs, Valuation
from tenetlang.evaluator.requests import Invalid, RequestReader
from tenetlang.evaluator.runtime import ABSENT, Run, place_of
from tenetlang.program import expression as core
from tenetlang.values.faults import ValueFault
from tenetlang.values.render import to_plain


class AskError(ValueError):
    """A question without an answer: the request is invalid, or what was asked for errs."""


@attrs.define(eq=False)
class Asking:
    """Answers for one policy with its documents. `Evaluator` has the same methods and says what they do."""

    policy: Policy
    generated: Generated
    reader: RequestReader
    documents: Mapping[str, object]
    lock: RLock
    valuations: dict[str, Valuation] = attrs.field(factory=dict)
    counting: Counting | None = None

    def value(self, name: str, request: object) -> object:
        """The value of an exported definition."""
        full = name if name in self.policy.definitions else f"{self.policy.entry}.{name}"
        definition = self.policy.definitions.get(full)
        if definition is None or not definition.exported:
            raise LookupError(f"no exported definition is called {name!r}")
        inputs = self._read(request)
        if definition.tools is not None and inputs.get("tool") not in definition.tools:
            return None
        found = self._valued("the definition", f"={full}", definition.value, inputs)
        return None if found is ABSENT else to_plain(found)

    def people(self, reviewers: str, request: object) -> tuple[str, ...]:
        """Who the reviewers are."""
        declared = next((item for item in self.policy.reviewers.values() if item.shown_name == reviewers), None)
        if declared is None:
            raise LookupError(f"no reviewers are called {reviewers!r}")
        found = self._valued(f"`who` of {reviewers}", f"@{declared.name}", declared.who, self._read(request))
        assert isinstance(found, frozenset)
        return tuple(sorted(str(person) for person in found))

    def counted(self, request: Mapping[str, object], total: Total) -> Counted:
        """The values of the counters, and what the call is to each."""
        inputs = self._read({**request, "counters": {counter.name: 0 for counter in self.policy.counters}})
        with self.lock:
            if self.counting is None:
                self.counting = counting_of(self.policy, self.generated)
        with _answering("a counter"):
            return self.counting.counted(inputs, total)

    def _valued(self, what: str, key: str, expression: core.Expression, inputs: Inputs) -> object:
        with self.lock:
            if key not in self.valuations:
                self.valuations[key] = self.generated.valuation(expression, ())
        with _answering(what):
            return self.valuations[key](inputs, Run())

    def _read(self, request: object) -> Inputs:
        """The inputs of a valid request, documents included."""
        inputs = self.reader.read(request)
        if isinstance(inputs, Invalid):
            raise AskError(inputs.reason)
        return {**inputs, **self.documents}


@contextmanager
def _answering(what: str) -> Iterator[None]:
    """Makes what goes wrong while something is computed an `AskError`."""
    try:
        yield
    except ValueFault as fault:
        raise AskError(f"{what}: {fault.code} at {place_of(fault)}") from None
    except KeyError as absent:
        raise AskError(f"{what} reads `{absent.args[0]}`, which the request does not have") from None
    except (RecursionError, MemoryError) as problem:
        raise AskError(f"internal error: {type(problem).__name__}") from None
