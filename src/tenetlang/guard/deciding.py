"""One decision, made in the transaction that records it.

    switches ─ scope ─ policy not expired
        └─→ facts: the session, what the counters stand at, approvals
              └─→ decision ─→ allow      its shares reserved, approvals used up, an outcome due
                              escalate   tasks for people
                              deny       noted in the session
        ─→ records

All of it is one job of the log's writer (`audit/jobs.py`): what the decision looks at can't change before its record is on the
disk, so many calls at once can't pass under one limit, an approval is used once, and a switch that was thrown counts. A job that
raises leaves nothing behind. Then the call is denied as `unavailable`, by a second record that needs no facts.

The guard decides by itself in a few cases, and then always `deny`; `decided_by` says which, and `replay` passes over them:

    stopped              an operator threw a switch
    out_of_scope         the tool is not among those of the agent
    unmet_obligation     nobody here does what the allowance demands
    review_unavailable   people have to be asked, and can't be
    review_denied        people said no to exactly this call a while ago
    unavailable          the decision can't be made or recorded: facts, counters, the policy's end, the log
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

from tenetlang.audit.records.intents import intent
from tenetlang.audit.records.record import Surroundings, time_text
from tenetlang.audit.records.unplaced import Unplaced
from tenetlang.audit.stores.tables import Tables
from tenetlang.bundle.active import Active
from tenetlang.decision import Decision, Share, changed
from tenetlang.evaluator.asking import AskError
from tenetlang.facts.moment import Begun, Moment
from tenetlang.frozen import frozen
from tenetlang.guard.answers import Answer, own_decision
from tenetlang.guard.calls import Call
from tenetlang.guard.gate import Gate, Number
from tenetlang.guard.open_calls import MOST_AT_ONCE, begin_call, end_call, overdue_calls
from tenetlang.guard.reviews import Approval
from tenetlang.guard.switches import stopped

Made = tuple[Answer, list[Unplaced]]

_UNREAD: Final = (("invalid_request",), ("unknown_tool",))
"""Decisions on what is no request of the policy. They are not part of a session's history, which must be one."""


def decided(gate: Gate, call: Call, tables: Tables, number: Number) -> Made:
    """The answer to a call, and the records of it. Raises what facts, reviews and keys raise; then nothing has happened."""
    active, now = gate.active(), gate.clock()
    records = say_unknown(gate, tables, now)
    refusal = _refused(gate, active, call, tables)
    if refusal is not None:
        answer, made = denied(gate, active, call, *refusal, number=number, now_ns=now)
        return answer, [*records, *made]
    found = gate.facts.within(
        tables, now, lambda moment: _with_facts(gate, active, call, tables, moment, number), active.package
    )
    answer, made = _noted(gate, active, call, found, tables)
    return answer, [*records, *made]


def denied(gate: Gate, active: Active, call: Call, code: str, reason: str, *, number: Number, now_ns: int) -> Made:
    """A denial that needs no facts, and its record."""
    request = {**call.asked(), "now": time_text(now_ns)}
    decision = own_decision(code, reason, active.package, active.digest)
    record = _recorded(gate, active, decision, request, now_ns, 0, number)
    return Answer(decision, record.identifier, call, request, now_ns), [record]


def _refused(gate: Gate, active: Active, call: Call, tables: Tables) -> tuple[str, str] | None:
    """Why no policy is asked: the word for it, and the reason."""
    agent, tool = call.agent, call.tool
    what = stopped(
        tables, agent if agent is not None and _is_nameable(agent) else None, tool if _is_nameable(tool) else ""
    )
    if what is not None:
        return "stopped", f"an operator stopped {what}; `tenet guard resume` lets it go on"
    if not gate.scopes.allows(agent, tool):
        whose = "an agent without a scope" if agent is None else "the agent"
        return "out_of_scope", f"the tool is not in the scope of {whose}"
    refusal = active.refusal(gate.steady())
    return None if refusal is None else ("unavailable", refusal)


def _is_nameable(text: str) -> bool:
    """Whether a switch can have this name: a text with a NUL or half of a surrogate pair can't be stored."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text))


@frozen
class _Found:
    """A decision, made with the facts of a moment and noted among them; what it changes in the log's tables comes after."""

    decision: Decision
    record: Unplaced
    request: dict[str, object]
    now: int
    approvals: Sequence[Approval] = ()


def _with_facts(gate: Gate, active: Active, call: Call, tables: Tables, moment: Moment, number: Number) -> _Found:
    """Decides. With a ledger of its own this is committed before the record is, or undone alone; so it changes nothing but the moment."""
    began = time.perf_counter_ns()
    now, evaluator = moment.now, active.evaluator
    request = call.asked()
    request["now"] = time_text(now)
    if call.caller.session is not None:
        reads = evaluator.history_reads
        request["session"] = moment.session(call.caller.session, calls=reads.calls, arguments=reads.arguments)
    shares: tuple[Share, ...] = ()
    if evaluator.policy.counters:
        try:
            counted = evaluator.counted(request, moment.total)
        except AskError as mistake:
            decision = _uncounted(active, request, str(mistake))
            took = time.perf_counter_ns() - began
            return _Found(decision, _recorded(gate, active, decision, request, now, took, number), request, now)
        request["counters"], shares = dict(counted.values), counted.shares
    decision = evaluator.decide(request)
    approvals: Sequence[Approval] = ()
    if decision.verdict == "escalate":
        decision, approvals = _reviewed(gate, active, request, decision, tables, now)
    decision = _met(gate, decision)
    record = _recorded(gate, active, decision, request, now, time.perf_counter_ns() - began, number)
    if decision.decided_by not in _UNREAD:
        allowed = decision.verdict == "allow"
        begun = Begun(
            identifier=record.identifier,
            tool=call.tool,
            verdict=decision.verdict,
            session=call.caller.session,
            arguments=_kept(active, request),
            due=now + gate.within_ns if allowed else None,
            shares=shares if allowed else (),
            labels=_promised(active, call.tool) if allowed else (),
        )
        moment.begin(begun)
    return _Found(decision, record, request, now, approvals)


def _noted(gate: Gate, active: Active, call: Call, found: _Found, tables: Tables) -> Made:
    """What follows from a decision in the log's tables: an outcome that is due, approvals that are used, people who are asked."""
    decision, identifier, records = found.decision, found.record.identifier, [found.record]
    tasks: tuple[str, ...] = ()
    if decision.verdict == "allow":
        person = None if gate.sealer is None else gate.sealer.person_of(found.request)
        begin_call(tables, identifier, found.now + gate.within_ns, person, gate.point.name)
        if found.approvals and gate.reviews is not None:
            records += gate.reviews.use(tables, found.now, identifier, found.approvals)
    elif decision.verdict == "escalate":
        assert gate.reviews is not None
        tasks, opened = gate.reviews.open(tables, found.now, identifier, decision, found.request, active.evaluator)
        records += opened
    return Answer(decision, identifier, call, found.request, found.now, tasks), records


def _reviewed(
    gate: Gate, active: Active, request: dict[str, object], decision: Decision, tables: Tables, now: int
) -> tuple[Decision, Sequence[Approval]]:
    """The decision with the approvals that there are for this call, and those that it used; a denial where nobody can be asked."""
    reviews, evaluator = gate.reviews, active.evaluator
    if reviews is None:
        reason = "the policy asks people, and this guard was opened without reviews"
        return _instead(decision, "review_unavailable", reason), ()
    asked = {item.reviewers for item in decision.escalations}
    found = [item for item in reviews.approvals(tables, now, request, active.digest) if item.reviewers in asked]
    if found:
        request["approvals"] = [item.fact() for item in found]
        decision = evaluator.decide(request)
        if decision.verdict != "escalate":
            return decision, found
    if reviews.vetoed(tables, now, request, active.digest):
        return _instead(decision, "review_denied", "people said no to exactly this call a while ago"), ()
    problem = reviews.obstacle(tables, now, decision, request, evaluator)
    return (decision if problem is None else _instead(decision, "review_unavailable", problem)), ()


def _met(gate: Gate, decision: Decision) -> Decision:
    """The decision, or a denial where it demands what nobody here does. People are not asked to approve what can't be done."""
    if decision.verdict == "deny":
        return decision
    unmet = gate.handlers.unmet(decision.obligations)
    if unmet is None:
        return decision
    return _instead(decision, "unmet_obligation", f"the allowance demands `{unmet}`, and nothing here does that")


def _instead(decision: Decision, code: str, reason: str) -> Decision:
    """A denial in place of a decision of the policy, which says for itself what it found."""
    return changed(decision, verdict="deny", decided_by=(code,), reason=reason, obligations=(), escalations=())


def _uncounted(active: Active, request: dict[str, object], problem: str) -> Decision:
    """The denial of a call for which the counters can't be said: an invalid one, or one on which a counter errs."""
    zeros = {counter.name: 0 for counter in active.evaluator.policy.counters}
    decision = active.evaluator.decide({**request, "counters": zeros})
    if decision.decided_by in _UNREAD:
        return decision
    return own_decision("unavailable", f"the counters can't be computed: {problem}", active.package, active.digest)


def _recorded(
    gate: Gate, active: Active, decision: Decision, request: dict[str, object], now: int, took_ns: int, number: Number
) -> Unplaced:
    """The record of the decision, numbered; its number is given back where it turns out that no record is written (`Numbers`)."""
    around = Surroundings(
        point=gate.point.name,
        point_count=number.take(),
        intermediate=active.evaluator.policy.version,
        stale=active.stale(gate.steady()),
        data=active.data,
    )
    record = intent(decision, request, now, took_ns, around, gate.randomness)
    return record if gate.sealer is None else gate.sealer(record, gate.sealer.person_of(request))


def say_unknown(gate: Gate, tables: Tables, now: int, most: int = MOST_AT_ONCE) -> list[Unplaced]:
    """The outcomes of calls whose deadline has passed, so many at most."""
    records: list[Unplaced] = []
    for call in overdue_calls(tables, now, most):
        if end_call(tables, call.identifier):
            gate.facts.finish(tables, now, call.identifier, "unknown")
            members: dict[str, object] = {"of": call.identifier, "outcome": "unknown", "point": call.point}
            records.append(gate.event("outcome", members, now, call.person))
    return records


def _kept(active: Active, request: Mapping[str, object]) -> Mapping[str, object] | None:
    """The arguments that the session's history keeps, which it does for a policy that reads them."""
    arguments = request["args"]
    return arguments if active.evaluator.history_reads.arguments and isinstance(arguments, dict) else None


def _promised(active: Active, tool: str) -> tuple[str, ...]:
    """The labels that the tool's declaration says its results have."""
    declared = active.evaluator.policy.tools.get(tool)
    if declared is None:
        return ()
    found = [note.arguments for note in declared.annotations if note.name == "returns"]
    return tuple(dict.fromkeys(str(label) for labels in found for label in labels))
