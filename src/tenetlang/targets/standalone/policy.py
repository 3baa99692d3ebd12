"""The policy, and what programs call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import RLock

from tenetlang.targets.standalone.combining import Outcome, Ranking, combine, observed
from tenetlang.targets.standalone.document import BUNDLE, DOCUMENT
from tenetlang.targets.standalone.expressions import ABSENT, Run, Slots
from tenetlang.targets.standalone.faults import DataError, Fault, Refused, shown
from tenetlang.targets.standalone.reading import DATA_LIMITS, REQUEST_LIMITS, copied, read_json
from tenetlang.targets.standalone.requests import RequestReader, UnknownTool, read_documents
from tenetlang.targets.standalone.rules import Rules, Template, template_of
from tenetlang.targets.standalone.search import Search
from tenetlang.targets.standalone.values import json_text, rendered, to_plain

_FILES, _TYPES, _POLICY = DOCUMENT["files"], DOCUMENT["types"], DOCUMENT["policy"]


def _completed(policy: dict) -> dict:
    """The policy with those fields of its parts that are left out where they say nothing."""
    for package in policy["packages"]:
        package.setdefault("default", None)
    return policy


_REQUESTS = RequestReader(_completed(_POLICY), _TYPES)
_RULES = Rules(_POLICY, _FILES, _TYPES)
_RANKING = Ranking(_POLICY, _FILES)
_DEFAULT_BECAUSE = _RANKING.default.get("because")
_DEFAULT_WORDS = None if _DEFAULT_BECAUSE is None else template_of(_RULES.compiler, _DEFAULT_BECAUSE, Slots())
_LOCK = RLock()


class Decision:
    """One decision. The trace is made when somebody asks for it."""

    def __init__(self, shape: dict, explain: Callable[[], list]) -> None:
        self._shape = shape
        self._explain = explain

    @property
    def verdict(self) -> str:
        """`allow`, `deny` or `escalate`."""
        return str(self._shape["verdict"])

    @property
    def decided_by(self) -> list[str]:
        """The rules that decided, or `default`, `invalid_request`, `unknown_tool`, `error`, `observe`."""
        return list(self._shape["decided_by"])

    @property
    def reason(self) -> str:
        """The reason, for people."""
        return str(self._shape["reason"])

    @property
    def obligations(self) -> list[dict]:
        """What the caller must do for the allowance to hold."""
        return list(self._shape["obligations"])

    @property
    def escalations(self) -> list[dict]:
        """Whose approval is needed."""
        return list(self._shape["escalations"])

    @property
    def trace(self) -> list[dict]:
        """Every rule that could apply to the tool, with each of its conditions."""
        return self._explain()

    def to_json(self, *, trace: bool = True) -> dict:
        """The decision in its published shape."""
        return {**self._shape, "trace": self._explain()} if trace else dict(self._shape)

    def to_text(self, *, trace: bool = True) -> str:
        """The decision as JSON text, the same bytes as every other evaluator writes."""
        return json_text(self.to_json(trace=trace))

    def __repr__(self) -> str:
        return f"<Decision: {self.verdict} by {', '.join(self.decided_by)}>"


class Policy:
    """The policy with its documents, ready to decide. Safe to share between threads.

    `documents` are the policy's data by name, as JSON values. Raises `DataError`.
    """

    def __init__(self, documents: Mapping[str, object] | None = None) -> None:
        self._data = read_documents(_POLICY, _TYPES, documents or {})

    @classmethod
    def from_json(cls, text: str | bytes) -> Policy:
        """With documents given as the JSON text of one object that holds them by name, which keeps every number exact."""
        try:
            documents = read_json(text, DATA_LIMITS._replace(depth=DATA_LIMITS.depth + 1))
        except Refused as refused:
            raise DataError(f"{refused.path + ': ' if refused.path else ''}{refused.reason}") from None
        if not isinstance(documents, dict):
            raise DataError("the documents are one object that holds them by name")
        return cls(documents)

    def decide(self, request: object) -> Decision:
        """The decision on a request given as Python values. Never raises: what is no request is denied."""
        return self._decided(lambda: copied(request, REQUEST_LIMITS))

    def decide_json(self, text: str | bytes) -> Decision:
        """The decision on a request given as JSON text, read strictly. Never raises."""
        return self._decided(lambda: read_json(text, REQUEST_LIMITS))

    def _decided(self, read: Callable[[], object]) -> Decision:
        try:
            return self._decide(_REQUESTS.read(read()))
        except Refused as refused:
            where = f"{refused.path}: " if refused.path else ""
            return _refusal("invalid_request", f"invalid request: {where}{refused.reason}")
        except UnknownTool as unknown:
            return _refusal("unknown_tool", f"unknown tool {shown(unknown.tool)}")
        except Exception as problem:  # whatever it is, the answer is a denial
            error = {"rule": "", "error": "internal", "at": type(problem).__name__}
            return _refusal("error", "internal error", [error])

    def _decide(self, inputs: dict) -> Decision:
        run = Run(inputs, self._data)
        with _LOCK:
            matching = _RULES.matching(run)
            approved = {approval["reviewers"] for approval in inputs["approvals"]}
            outcome = combine(_RANKING, matching.keys(), run.errors, approved, lambda at: _obliging(at, matching, run))
            reason = _reason(outcome, matching, run)
        return _decision(outcome, reason, lambda: self._explain(inputs))

    def _explain(self, inputs: dict) -> list[dict]:
        tool, run = inputs.get("tool"), Run(inputs, self._data)
        positions = [at for at, rule in enumerate(_RULES.listed) if rule["tools"] is None or tool in rule["tools"]]
        with _LOCK:
            traced = [Search(_RULES.rule(position), run).traced() for position in positions]
        return sorted(traced, key=lambda rule: str(rule["rule"]))


def _witness(position: int, matching: dict[int, list], run: Run) -> list:
    """The variables of a rule that matches."""
    run.begin()
    return matching.get(position) or _RULES.rule(position).slots.variables()


def _obliging(position: int, matching: dict[int, list], run: Run) -> list[dict] | Fault:
    """The obligations of a rule, or the fault of their arguments."""
    variables = _witness(position, matching, run)
    try:
        return [
            {"name": name, "args": [to_plain(argument(variables, run)) for argument in arguments]}
            for name, arguments in _RULES.rule(position).then
        ]
    except Fault as fault:
        return fault


def _reason(outcome: Outcome, matching: dict[int, list], run: Run) -> str:
    if isinstance(outcome.reason, int):
        made = _RULES.rule(outcome.reason)
        variables = _witness(outcome.reason, matching, run)
        words = f"rule {made.name}" if made.because is None else _filled(made.because, variables, run)
    elif outcome.reason is None:
        words = "no rule decides" if _DEFAULT_WORDS is None else _filled(_DEFAULT_WORDS, [], run)
    else:
        words = outcome.reason
    return words if outcome.observed_verdict is None else f"observed: {outcome.observed_verdict}, {words}"


def _filled(template: Template, variables: list, run: Run) -> str:
    """The template with its holes filled; a hole that errs shows `?`, for words decide nothing."""
    pieces = []
    for part in template:
        if isinstance(part, str):
            pieces.append(part)
            continue
        run.work = 0
        try:
            value = part(variables, run)
            pieces.append("?" if value is ABSENT else rendered(value))
        except Fault:
            pieces.append("?")
    return "".join(pieces)


def _refusal(code: str, reason: str, errors: list[dict] | None = None) -> Decision:
    """What is decided without any rule."""
    outcome = Outcome("deny", [code], reason, [], errors or [], [], [], [], [], [], None)
    if not _POLICY["packages"][0]["observe"]:
        return _decision(outcome, reason, list)
    return _decision(observed(outcome), f"observed: deny, {reason}", list)


def _decision(outcome: Outcome, reason: str, explain: Callable[[], list]) -> Decision:
    shape: dict = {
        "schema_version": 1,
        "policy": _POLICY["entry"],
        "bundle": BUNDLE,
        "verdict": outcome.verdict,
        "decided_by": outcome.decided_by,
        "reason": reason,
        "matched": outcome.matched,
        "overridden": outcome.overridden,
        "errors": outcome.errors,
        "obligations": outcome.obligations,
        "escalations": outcome.escalations,
    }
    if outcome.observed or outcome.observed_verdict is not None:
        shape["observed"] = outcome.observed
    if outcome.observed_verdict is not None:
        shape["observed_verdict"] = outcome.observed_verdict
    return Decision(shape, explain)


def decide(request: object, documents: Mapping[str, object] | None = None) -> Decision:
    """Decides a request given as Python values. With documents they are read each time: for many requests, make a `Policy`."""
    return Policy(documents).decide(request)


def decide_json(text: str | bytes, documents: Mapping[str, object] | None = None) -> Decision:
    """Decides a request given as JSON text, read strictly. With documents they are read each time."""
    return Policy(documents).decide_json(text)
