"""What an evaluation says: the decision and the trace behind it, and what a call is to the counters of the policy.

A `Decision` is a value: verdict, who decided, the reason, what matched, what was lifted, what erred. Its trace is
*lazy*: deciding keeps only what it needs, and the first look at `trace` expands it by running each rule again in the
mode that records (the inputs are kept, and evaluation is deterministic). The shapes are those of `to_json`, which
outside programs rely on; keys are only ever added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs
import msgspec

from tenetlang.frozen import field, frozen

Verdict: TypeAlias = Literal["allow", "deny", "escalate"]

SCHEMA_VERSION = 1

SEVERITY: Mapping[str, int] = {"allow": 0, "escalate": 1, "deny": 2}
"""How restrictive a verdict is: the larger wins."""


@frozen
class Matched:
    """A rule that matched; `at` is `file:line`, `owner` what `@owner` says."""

    rule: str
    verdict: Verdict
    owner: str | None
    at: str


@frozen
class Overridden:
    """A rule that matched or erred, and the rule that lifted it."""

    rule: str
    by: str


@frozen
class RuleError:
    """An error inside a rule: the code (`overflow`, `division_by_zero`, `bad_index`, `bad_input`, `too_much_work`) and where.

    `conflicting_obligations` is that of each rule which decides and wants what can be done only once, in its own way.
    """

    rule: str
    error: str
    at: str


@frozen
class Obligation:
    """What the caller must do for the allowance to hold; arguments as JSON values."""

    name: str
    args: tuple[object, ...]


@frozen
class Escalation:
    """Who must be asked: `within` as a duration's text, `otherwise` is `deny` or the reviewers asked next."""

    rule: str
    reviewers: str
    quorum: int
    within: str
    otherwise: str


@frozen
class TracedCondition:
    """One condition of one rule. `value` is None where it erred or was not reached; `read` are the parts of the request and
    the data that it read, as JSON values; `bindings` what it bound."""

    text: str
    value: bool | None
    read: Mapping[str, object]
    at: str
    reached: bool = True
    error: str | None = None
    bindings: Mapping[str, object] = field(factory=dict)

    def to_json(self) -> dict[str, object]:
        shape: dict[str, object] = {"text": self.text, "value": self.value, "read": dict(self.read), "at": self.at}
        if not self.reached:
            shape["reached"] = False
        if self.error is not None:
            shape["error"] = self.error
        if self.bindings:
            shape["bindings"] = dict(self.bindings)
        return shape


@frozen
class TracedRule:
    """One rule that was tried: `holds` is None where it erred."""

    rule: str
    holds: bool | None
    conditions: tuple[TracedCondition, ...]

    def to_json(self) -> dict[str, object]:
        return {"rule": self.rule, "holds": self.holds, "conditions": [c.to_json() for c in self.conditions]}


Trace: TypeAlias = tuple[TracedRule, ...]


@frozen
class Findings:
    """All of a decision but its trace: what decisions that end the same way share. The fields are those of `Decision`."""

    policy: str
    bundle: str
    verdict: Verdict
    decided_by: tuple[str, ...]
    reason: str
    matched: tuple[Matched, ...] = ()
    overridden: tuple[Overridden, ...] = ()
    errors: tuple[RuleError, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    observed: tuple[Matched, ...] = ()
    observed_verdict: Verdict | None = None
    compact_trace: Mapping[str, object] = field(factory=dict, repr=False)


class _Making(type(msgspec.Struct)):  # type: ignore[misc]  # a class that is only found by asking for it
    """Lets `Decision` be called with the fields that it shows, not with those that it has."""

    def __call__(cls, *fields: object, expand: Callable[[], Trace] = tuple, **named: object) -> Decision:
        return decision_of(Findings(*fields, **named), _called, expand)  # type: ignore[arg-type]  # `Decision.__init__`


class Decision(msgspec.Struct, metaclass=_Making, frozen=True, eq=False, gc=False):
    """One decision on one request.

    `decided_by` names rules, or says `default`, `invalid_request`, `unknown_tool`, `error` or `observe` where no rule
    decides. `compact_trace` is what a record keeps: the bucket of the decision tree that was reached and, for each rule
    tried, how it ended; with the bundle of `bundle` and the request it expands to `trace`.

    It is made with the fields of `Findings`, and `expand`, a function that gives the trace. It consists of findings that it
    shares with other decisions, and of what its trace is made from: so to make one costs next to nothing.
    """

    _findings: Findings
    _explain: Callable[[object], Trace]
    _from: object

    if TYPE_CHECKING:

        def __init__(
            self,
            policy: str,
            bundle: str,
            verdict: Verdict,
            decided_by: tuple[str, ...],
            reason: str,
            matched: tuple[Matched, ...] = (),
            overridden: tuple[Overridden, ...] = (),
            errors: tuple[RuleError, ...] = (),
            obligations: tuple[Obligation, ...] = (),
            escalations: tuple[Escalation, ...] = (),
            observed: tuple[Matched, ...] = (),
            observed_verdict: Verdict | None = None,
            compact_trace: Mapping[str, object] = ...,
            expand: Callable[[], Trace] = ...,
        ) -> None: ...

    @property
    def policy(self) -> str:
        return self._findings.policy

    @property
    def bundle(self) -> str:
        return self._findings.bundle

    @property
    def verdict(self) -> Verdict:
        return self._findings.verdict

    @property
    def decided_by(self) -> tuple[str, ...]:
        return self._findings.decided_by

    @property
    def reason(self) -> str:
        return self._findings.reason

    @property
    def matched(self) -> tuple[Matched, ...]:
        return self._findings.matched

    @property
    def overridden(self) -> tuple[Overridden, ...]:
        return self._findings.overridden

    @property
    def errors(self) -> tuple[RuleError, ...]:
        return self._findings.errors

    @property
    def obligations(self) -> tuple[Obligation, ...]:
        return self._findings.obligations

    @property
    def escalations(self) -> tuple[Escalation, ...]:
        return self._findings.escalations

    @property
    def observed(self) -> tuple[Matched, ...]:
        return self._findings.observed

    @property
    def observed_verdict(self) -> Verdict | None:
        return self._findings.observed_verdict

    @property
    def compact_trace(self) -> Mapping[str, object]:
        return self._findings.compact_trace

    @property
    def trace(self) -> Trace:
        """Every rule whose tool conditions the request meets, by name, with each condition's value and what it read."""
        return self._explain(self._from)

    def __repr__(self) -> str:
        return f"Decision({repr(self._findings).removeprefix('Findings(')}"

    def to_json(self, *, trace: bool = True) -> dict[str, object]:
        """The decision as JSON values, in the published shape; without the trace where `trace` is false."""
        shape: dict[str, object] = {
            "schema_version": SCHEMA_VERSION,
            "policy": self.policy,
            "bundle": self.bundle,
            "verdict": self.verdict,
            "decided_by": list(self.decided_by),
            "reason": self.reason,
            "matched": [_matched(item) for item in self.matched],
            "overridden": [{"rule": item.rule, "by": item.by} for item in self.overridden],
            "errors": [{"rule": item.rule, "error": item.error, "at": item.at} for item in self.errors],
            "obligations": [{"name": item.name, "args": list(item.args)} for item in self.obligations],
            "escalations": [
                {
                    "rule": item.rule,
                    "reviewers": item.reviewers,
                    "quorum": item.quorum,
                    "within": item.within,
                    "else": item.otherwise,
                }
                for item in self.escalations
            ],
        }
        if self.observed or self.observed_verdict is not None:
            shape["observed"] = [_matched(item) for item in self.observed]
        if self.observed_verdict is not None:
            shape["observed_verdict"] = self.observed_verdict
        if trace:
            shape["trace"] = [rule.to_json() for rule in self.trace]
        return shape


Amount: TypeAlias = int | Decimal


@frozen
class Share:
    """What one call is to one counter.

    `key` says which total the call reads; None where it belongs to none. `adds` is what it adds to it once it is allowed: 1
    for `count()`, a number for `sum`, the text of a value for `distinct`; None where it is not counted. `within` is the
    window in nanoseconds, None for all time.
    """

    counter: str
    aggregate: Literal["count", "sum", "distinct"]
    within: int | None
    key: str | None
    adds: Amount | str | None


@frozen
class Counted:
    """The values of all counters for a call, by short name, and what the call is to each of them."""

    values: Mapping[str, Amount]
    shares: tuple[Share, ...]


_Explain: TypeAlias = Callable[..., Trace]  # type: ignore[explicit-any]  # takes what it is kept beside

decision_of: Callable[[Findings, _Explain, object], Decision] = partial(type(msgspec.Struct).__call__, Decision)
"""The decision with these findings; its trace is what the function gives for the third argument."""


def changed(decision: Decision, **changes: object) -> Decision:
    """The decision with other findings; its trace stays what it is."""
    findings = attrs.evolve(decision._findings, **changes)  # type: ignore[arg-type]  # noqa: SLF001  # fields of it
    return decision_of(findings, decision._explain, decision._from)  # noqa: SLF001  # as above


def _called(expand: object) -> Trace:
    assert callable(expand)
    trace: Trace = expand()
    return trace


def _matched(item: Matched) -> dict[str, object]:
    return {"rule": item.rule, "verdict": item.verdict, "owner": item.owner, "at": item.at}
