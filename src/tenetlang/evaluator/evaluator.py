"""`Evaluator`: a compiled policy with its documents, ready to decide.

    request ── RequestReader ──→ inputs ── dispatch ──→ leaf ── buckets ──→ mask of rules ── combine ──→ Outcome ──→ Decision

Everything up to the mask is generated code. The outcome of a mask is kept (`outcome.py` says why that is right), so a
decision whose rules have been seen together before costs the mask and the making of a `Decision`. The trace is made by other
generated functions, from the same inputs, when somebody asks for it.

*Fail closed.* `decide` gives a decision for every object whatever. What goes wrong inside, stack and memory included, is a
denial by `error` with the error `internal`. Functions are generated under a lock; deciding takes none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from copy import copy
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Final

import attrs

from tenetlang.decision import (
    Counted,
    Decision,
    Findings,
    Obligation,
    RuleError,
    Trace,
    decision_of,
)
from tenetlang.decision_tree.tree import Policy, leaves
from tenetlang.evaluator.because import Words, approved, fixed_text, hole_text, observed_reason, variables, words_of
from tenetlang.evaluator.dispatch import Dispatch, Kept, ReadyLeaf, dispatch_of
from tenetlang.evaluator.generate import Inputs, Valuation, generate
from tenetlang.evaluator.generate_expressions import document_key
from tenetlang.evaluator.outcome import Outcome, combine, observe
from tenetlang.evaluator.quick import LONGEST_DOCUMENT, Behind, Quick, named_tool
from tenetlang.evaluator.ranking import default_of, ranking_of
from tenetlang.evaluator.requests import Invalid, RequestReader, RequestSchema, read_data, request_reader
from tenetlang.evaluator.runtime import (
    Error,
    Run,
    place_of,
    sorted_trace,
)
from tenetlang.evaluator.tracing import INTERNAL, traced
from tenetlang.program.program import Rule
from tenetlang.values.faults import ValueFault
from tenetlang.values.render import to_plain

if TYPE_CHECKING:
    from tenetlang.decision_tree.history import HistoryReads
    from tenetlang.evaluator.asking import Asking
    from tenetlang.evaluator.counting import Total
    from tenetlang.evaluator.fused import Fused

KEPT_OUTCOMES: Final = 4096
"""Outcomes that a leaf keeps; requests that bring about more different ones are combined anew."""

_NO_RUN: Final = Run()
"""Stands for a run where none is needed; nothing is ever noted in it."""


def _digest_of(policy: Policy) -> str:
    from tenetlang.decision_tree.json_form import digest

    return digest(policy)


class Evaluator:
    """Decides requests by one policy. Safe to share between threads.

    `documents` are the values of the policy's data as JSON, by name. Raises `DataError` where they do not fit. `digest` is the
    policy's, where it is known. A policy that was opened (`decision_tree/opening.py`) is read as far as requests need it.
    """

    def __init__(
        self,
        policy: Policy,
        documents: Mapping[str, object] | None = None,
        *,
        digest: str | None = None,
        reader: RequestReader | None = None,
    ) -> None:
        self.policy: Final = policy
        self.digest: Final = _digest_of(policy) if digest is None else digest
        schema = RequestSchema(policy.uses_tools, policy.facts, policy.tools, policy.counters)
        self.reader: Final = request_reader(schema) if reader is None else reader
        self._tools: Final = policy.uses_tools
        self._rules: Final = policy.rules
        self._ranking: Final = ranking_of(policy)
        self._documents = self._read_documents(documents or {})
        self._generated: Final = generate(policy)
        self._schema: Final = schema
        self._fused: Final[list[Fused]] = []
        self._lock: Final = RLock()
        self._leaves: Final[dict[int, ReadyLeaf]] = {}
        self._tool_leaves: Final[dict[object, ReadyLeaf]] = {}
        self._tool_rules: Final[dict[object, tuple[tuple[int, Rule], ...]]] = {}
        self._words: Final[dict[int, Words]] = {}
        self._buckets: Final = {leaf.id: leaf.buckets for leaf in leaves(policy.root)}
        self._root: Final = dispatch_of(policy.root)
        self._default: Final = default_of(policy)
        self._quick = self._quickly()
        self._history: HistoryReads | None = None
        self._asking: Asking | None = None

    def with_documents(self, documents: Mapping[str, object]) -> Evaluator:
        """The same policy with other documents; all that is generated is shared. Raises `DataError`."""
        made = copy(self)
        made._documents = self._read_documents(documents)  # noqa: SLF001  # of the same class
        made._quick = made._quickly()  # noqa: SLF001  # as above
        made._asking = None  # noqa: SLF001  # as above
        return made

    def _read_documents(self, documents: Mapping[str, object]) -> Mapping[str, object]:
        typed = read_data(self.policy.data, documents)
        return {document_key(package, name): document for (package, name), document in typed.items()}

    def _for_tools(self) -> Fused:
        """What makes the functions for tools; to be called under the lock."""
        if not self._fused:
            from tenetlang.evaluator.fused import Fused

            self._fused.append(Fused(self._generated, self._schema, self.reader))
        return self._fused[0]

    def _asked(self) -> Asking:
        with self._lock:
            if self._asking is None:
                from tenetlang.evaluator.asking import Asking

                self._asking = Asking(self.policy, self._generated, self.reader, self._documents, self._lock)
            return self._asking

    def _quickly(self) -> Quick:
        def conclude(number: int, mask: int, inputs: Inputs, run: Run | None) -> Decision:
            return self._concluded(self._leaf(number), mask, inputs, run)

        def findings(number: int) -> Callable[[int], Findings | None]:
            return self._leaf(number).findings.get

        tools = frozenset(self.policy.tools) if self.policy.uses_tools else frozenset({""})
        return Quick(
            Behind(
                self._for_tools,
                self._lock,
                tools,
                self._documents,
                findings,
                conclude,
                self._explain,
                self._decide_any,
            )
        )

    def prepare(self) -> None:
        """Generate all that deciding needs, so that no request waits for it."""
        for number in self._buckets:
            self._compiled(self._leaf(number))
        self._quick.prepare()
        for position in range(len(self._rules)):
            self._rule_words(position)

    # ------------------------------------------------------------------------------------------------------ deciding

    def decide(self, request: object) -> Decision:
        """The decision on a request given as Python values. Never raises: what is no request is denied."""
        if type(request) is dict:
            try:
                tool = request["tool"] if self._tools else ""
                if type(tool) is str:
                    return self._quick[tool](request)
            except Exception:  # noqa: BLE001, S110  # whatever it is, the general way finds it too
                pass
        return self._decide_any(request)

    def decide_json(self, data: bytes | str) -> Decision:
        """The decision on a request given as JSON text, read strictly. Never raises."""
        try:
            document = data.encode() if type(data) is str else data
            if type(document) is bytes and len(document) <= LONGEST_DOCUMENT:
                name = named_tool(document)
                try:
                    return self._quick.documents[name](document)
                except Exception:  # noqa: BLE001  # perhaps it has other facts
                    return self._quick.other_documents[name](document)
        except Exception:  # noqa: BLE001, S110  # whatever it is, the general way finds it too
            pass
        try:
            request = self.reader.document(data)
            if type(request) is dict:
                try:
                    return self._quick[request["tool"] if self._tools else ""](request)
                except Exception:  # noqa: BLE001, S110  # as above
                    pass
            return self._decide(self.reader.typed(request))
        except Exception as problem:  # noqa: BLE001  # whatever it is, the answer is a denial
            return self._internal(problem)

    def _decide_any(self, request: object) -> Decision:
        """The decision on a request that is read in the general way."""
        try:
            return self._decide(self.reader.read(request))
        except Exception as problem:  # noqa: BLE001  # as above
            return self._internal(problem)

    def _decide(self, inputs: Inputs | Invalid) -> Decision:
        if isinstance(inputs, Invalid):
            return self._refuse(inputs.code, inputs.reason)
        if self._documents:
            inputs = {**inputs, **self._documents}
        leaf = self._reached(inputs)
        buckets = self._compiled(leaf)
        run = Run() if leaf.runs else None
        mask = shift = 0
        for function, size in buckets:
            mask |= function(inputs, run or _NO_RUN) << shift
            shift += size
        return self._concluded(leaf, mask, inputs, run)

    def _concluded(self, leaf: ReadyLeaf, mask: int, inputs: Inputs, run: Run | None) -> Decision:
        """The decision, once the rules that match are known."""
        kept = None if (run is not None and run.errors) or inputs["approvals"] else leaf.outcomes.get(mask)
        if kept is None:
            run = Run() if run is None else run
            kept = self._combined(leaf, mask, inputs, run)
        if kept.filled and not kept.obliges:
            return decision_of(kept.findings, self._explain, inputs)
        return self._filled(kept, inputs, Run() if run is None else run)

    def _filled(self, kept: Kept, inputs: Inputs, run: Run) -> Decision:
        """The decision of an outcome whose words or obligations depend on the request."""
        findings = kept.findings
        if not kept.filled:
            findings = attrs.evolve(findings, reason=self._reason(kept.outcome, inputs, run))
        if kept.obliges:
            findings = attrs.evolve(findings, obligations=self._obligations(kept.outcome, inputs, run))
        return decision_of(findings, self._explain, inputs)

    def _combined(self, leaf: ReadyLeaf, mask: int, inputs: Inputs, run: Run) -> Kept:
        """The outcome of a mask; kept where it depends on nothing but the mask."""
        rules = [position for bit, position in enumerate(leaf.rules) if mask >> bit & 1]
        errors = dict(run.errors)
        granted = approved(inputs)
        outcome = combine(self._ranking, rules, errors, granted, partial(self._obliging, inputs, run))
        names = self._ranking.rules
        compact: Mapping[str, object] = {
            "leaf": leaf.id,
            "matched": sorted(names[position].name for position in rules),
            "erred": sorted(names[position].name for position in errors),
        }
        reason = self._fixed_reason(outcome)
        kept = Kept(
            outcome,
            self._findings(outcome, reason or "", compact),
            filled=reason is not None,
            obliges=any(names[position].obliges for position in outcome.granting),
        )
        depends = errors or granted or any(names[position].obliges for position in rules)
        if not depends and len(leaf.outcomes) < KEPT_OUTCOMES:
            leaf.outcomes[mask] = kept
            if kept.filled and not kept.obliges:
                leaf.findings[mask] = kept.findings
        return kept

    def _findings(self, outcome: Outcome, reason: str, compact: Mapping[str, object]) -> Findings:
        return Findings(
            policy=self.policy.entry,
            bundle=self.digest,
            verdict=outcome.verdict,
            decided_by=outcome.decided_by,
            reason=reason,
            matched=outcome.matched,
            overridden=outcome.overridden,
            errors=outcome.errors,
            escalations=outcome.escalations,
            observed=outcome.observed,
            observed_verdict=outcome.observed_verdict,
            compact_trace=compact,
        )

    def _refuse(self, code: str, reason: str) -> Decision:
        """What is decided without any rule."""
        outcome = Outcome("deny", (code,), (reason,), (), (), (), (), (), ())
        compact = {"leaf": code, "matched": [], "erred": []}
        return self._without_rules(outcome, reason, compact)

    def _internal(self, problem: Exception) -> Decision:
        reason = "internal error"
        error = RuleError("", INTERNAL, type(problem).__name__)
        outcome = Outcome("deny", ("error",), (reason,), (), (), (error,), (), (), ())
        return self._without_rules(outcome, reason, {"leaf": INTERNAL, "matched": [], "erred": []})

    def _without_rules(self, outcome: Outcome, reason: str, compact: Mapping[str, object]) -> Decision:
        errors = outcome.errors
        if self._ranking.packages[0].observe:
            reason = f"observed: {outcome.verdict}, {reason}"
            outcome = observe(outcome)
        return Decision(
            self.policy.entry,
            self.digest,
            outcome.verdict,
            outcome.decided_by,
            reason,
            errors=errors,
            observed_verdict=outcome.observed_verdict,
            compact_trace=compact,
        )

    # ------------------------------------------------------------------------------------------ getting code when needed

    def _reached(self, inputs: Inputs) -> ReadyLeaf:
        tool = inputs.get("tool")
        known = self._tool_leaves.get(tool)
        if known is not None:
            return known
        node = self._root
        if type(node) is Dispatch and node.by_tool:
            node = node.branches.get(tool, node.otherwise)
            if type(node) is int:
                self._tool_leaves[tool] = self._leaf(node)
        while type(node) is not int:
            assert isinstance(node, Dispatch)
            with nullcontext() if node.made else self._lock:
                node = node.next(inputs, self._generated)
        leaf = self._leaves.get(node)
        return self._leaf(node) if leaf is None else leaf

    def _leaf(self, number: int) -> ReadyLeaf:
        with self._lock:
            if number not in self._leaves:
                buckets = (self.policy.buckets[position] for position in self._buckets[number])
                rules = tuple(candidate.rule for bucket in buckets for candidate in bucket.candidates)
                self._leaves[number] = ReadyLeaf(f"leaf {number}", rules, number)
        return self._leaves[number]

    def _compiled(self, leaf: ReadyLeaf) -> tuple[tuple[Callable[[Inputs, Run], int], int], ...]:
        if leaf.buckets is None:
            with self._lock:
                positions = self._buckets[leaf.number]
                functions = [
                    (self._generated.bucket(position), len(self.policy.buckets[position].candidates))
                    for position in positions
                ]
                leaf.runs = not self._generated.running.isdisjoint(positions)
                leaf.buckets = tuple(functions)
        return leaf.buckets

    def _rule_words(self, position: int) -> Words:
        words = self._words.get(position)
        if words is None:
            with self._lock:
                words = self._words[position] = words_of(self._generated, self._rules[position], position)
        return words

    # -------------------------------------------------------------------------------------------------------- words

    def _fixed_reason(self, outcome: Outcome) -> str | None:
        """The reason, where it is the same for every request."""
        words: str | None
        match outcome.reason:
            case int() as position:
                because = self._rule_words(position).because
                words = f"rule {self._rules[position].shown_name}" if because is None else fixed_text(because)
            case "default":
                because = self._default_words
                words = "no rule decides" if because is None else fixed_text(because)
            case (fixed,):
                words = fixed
        return None if words is None else observed_reason(outcome, words)

    def _reason(self, outcome: Outcome, inputs: Inputs, run: Run) -> str:
        """The reason, its holes filled in; a hole that errs shows as `?`."""
        found: tuple[object, ...] = ()
        template: tuple[str | Valuation, ...] = self._default_words or ()
        if isinstance(outcome.reason, int):
            words = self._rule_words(outcome.reason)
            template = words.because or ()
            found = variables(words, inputs, run)
        parts = (part if isinstance(part, str) else hole_text(part, inputs, run, found) for part in template)
        return observed_reason(outcome, "".join(parts))

    @property
    def _default_words(self) -> tuple[str | Valuation, ...] | None:
        if self._default is None or self._default.because is None:
            return None
        if -1 not in self._words:
            with self._lock:
                template = self._generated.template(self._default.because, ())
                self._words[-1] = Words(None, template, ())
        return self._words[-1].because

    def _obliging(self, inputs: Inputs, run: Run, position: int) -> tuple[Obligation, ...] | Error:
        """The obligations of a rule that holds, or the error of their arguments."""
        words = self._rule_words(position)
        chosen = variables(words, inputs, run)
        found: list[Obligation] = []
        run.work = 0
        try:
            for name, arguments in words.then:
                values = tuple(to_plain(argument(inputs, run, *chosen)) for argument in arguments)
                found.append(Obligation(name, values))
        except ValueFault as fault:
            return fault.code, place_of(fault)
        return tuple(found)

    def _obligations(self, outcome: Outcome, inputs: Inputs, run: Run) -> tuple[Obligation, ...]:
        found: dict[tuple[str, str], Obligation] = {}
        for position in outcome.granting:
            if self._ranking.rules[position].obliges:
                for item in self._obliging(inputs, run, position):
                    if isinstance(item, Obligation):
                        # By text, because to Python True is 1.
                        found.setdefault((item.name, repr(item.args)), item)
        return tuple(found.values())

    # ------------------------------------------------------------------------------------------------------- the trace

    def expand(self, request: object, compact: Mapping[str, object]) -> Trace:
        """The whole trace behind a compact one, by deciding the request again.

        Raises `ValueError` if that gives another decision: the record, the request, the documents or the policy is not the same.
        """
        decision = self.decide(request)
        if dict(decision.compact_trace) != dict(compact):
            raise ValueError("the request brings about another decision than the compact trace says")
        return decision.trace

    def _explain(self, inputs: Inputs) -> Trace:
        """The trace: every rule whose tool conditions the request meets."""
        tool = inputs.get("tool")
        rules = self._tool_rules.get(tool)
        if rules is None:
            headings = enumerate(self.policy.headings)
            found = [position for position, heading in headings if heading.tools is None or tool in heading.tools]
            rules = tuple((position, self._rules[position]) for position in found)
            self._tool_rules[tool] = rules
        known: dict[str, tuple[object, dict[str, object]]] = {}
        return sorted_trace(
            traced(self._generated, self._lock, position, rule, inputs, known) for position, rule in rules
        )

    # -------------------------------------------------------------------------------------------- what else can be asked

    def ask(self, name: str, request: object) -> object:
        """The value of an exported definition for a request, as JSON values; None where it is limited to other tools.

        `name` is a full name, or that of a definition of the entry package. Raises `LookupError` for a name that is not
        exported, and `AskError`, a `ValueError`, for an invalid request and for an error inside the definition.
        """
        return self._asked().value(name, request)

    def counted(self, request: Mapping[str, object], total: Total) -> Counted:
        """The values of the policy's counters for a request that need not say them, and what the call is to each.

        `total` says at what a counter stands for a key. Raises `AskError` for a request that is invalid apart from its
        counters, and for an error inside a counter.
        """
        return self._asked().counted(request, total)

    @property
    def history_reads(self) -> HistoryReads:
        """How much of a session's history the policy reads: what a request, and its record, can do without."""
        if self._history is None:
            from tenetlang.decision_tree.history import history_reads

            self._history = history_reads(self.policy)
        return self._history

    def people(self, reviewers: str, request: object) -> tuple[str, ...]:
        """Who the reviewers of this name are for a request, sorted; the name is the one that decisions show.

        Raises `LookupError` for a name that nobody has, and `AskError` as `ask`.
        """
        return self._asked().people(reviewers, request)
