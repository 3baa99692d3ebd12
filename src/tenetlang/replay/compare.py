"""Decides one item again and says what came of it.

Two questions, and the record says which is asked. Where it names this very policy and these documents, the decision must come
out as it was recorded, trace included: `decided` and `trace` of the record are made anew with the recorded salts, so that even
what stands there only by digest (reason, obligations' arguments) is compared. Where the policy or a document is another
one, what matters is the decision: verdict, deciding rules, obligations, reviewers.

Counted in `Summary.counts`: `items`, `replayed` (decided again), `checked` (against the decision of the same policy),
`identical`, `same` (of the compared), `changed`; `erased`, `sealed`, `omitted` and `unreadable` requests; `elsewhere`, records of decisions that
no policy made but the gate in front of it; `other`, records of something else than decisions; `problems`, `mismatches`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

import attrs

from tenetlang.audit.canonical import CanonicalError, canonical_bytes
from tenetlang.audit.records.record import author_word, decided_members
from tenetlang.audit.records.requests import LostRequest, RecordedRequest, read_record, recorded_request
from tenetlang.decision import SEVERITY, Decision, Escalation, Verdict
from tenetlang.evaluator.evaluator import Evaluator
from tenetlang.replay.items import Flaw, Item, Line, LogEntry
from tenetlang.replay.summary import (
    LONGEST_EXAMPLE,
    MOST_NAMED,
    Change,
    Example,
    Kind,
    Mismatch,
    Place,
    Problem,
    Summary,
    note_change,
)
from tenetlang.values.reading import InvalidRequest, Limits, read_json

ELSEWHERE: Final = frozenset(
    {"review_unavailable", "review_denied", "unmet_obligation", "unavailable", "stopped", "out_of_scope"}
)
"""`decided_by` of decisions that a gate gave in the policy's place."""

_NO_RULES: Final = frozenset({"default", "error", "invalid_request", "unknown_tool", "observe"})
_LINE_LIMITS: Final = Limits(size=4 * 2**20, depth=48, values=400_000, string=2**20)


@attrs.frozen
class Deciding:
    """By what requests are decided again. `documents` are the digests of its documents; `against` decides as before where nothing
    is recorded."""

    evaluator: Evaluator
    documents: Mapping[str, str]
    against: Evaluator | None = None


@attrs.frozen
class Before:
    """What was decided: obligations and reviewers as texts that can be compared; None where they can't be told."""

    verdict: Verdict
    decided_by: tuple[str, ...]
    obligations: frozenset[str] | None
    reviewers: frozenset[str] | None

    @property
    def is_elsewhere(self) -> bool:
        """Whether a gate gave it in the policy's place. Gates only deny, and for one reason: nothing else passes unlooked at by that name."""
        return self.verdict == "deny" and len(self.decided_by) == 1 and self.decided_by[0] in ELSEWHERE


def document_digests(documents: Mapping[str, object]) -> dict[str, str]:
    """The digests by which a record names documents."""
    return {name: f"sha256:{sha256(canonical_bytes(value)).hexdigest()}" for name, value in documents.items()}


def summarised(deciding: Deciding, items: Iterable[Item]) -> Summary:
    """What came of the items."""
    summary = Summary()
    for item in items:
        summary.counts["items"] += 1
        match item:
            case LogEntry():
                _replay_entry(deciding, item, summary)
            case Line():
                _replay_line(deciding, item, summary)
            case Flaw(place, detail):
                _problem(summary, Place(place), detail)
    return summary


def _problem(summary: Summary, place: Place, detail: str) -> None:
    summary.counts["problems"] += 1
    if len(summary.problems) < MOST_NAMED:
        summary.problems.append(Problem(place, detail))


# ----------------------------------------------------------------------------------------------------------- a log


def _replay_entry(deciding: Deciding, entry: LogEntry, summary: Summary) -> None:
    record = read_record(entry.record, entry.leaf)
    if isinstance(record, LostRequest):
        _problem(summary, Place(entry.index), record.detail)
        return
    if record["kind"] != "intent":
        summary.counts["other"] += 1
        return
    identifier = record.get("id")
    place = Place(entry.index, identifier if isinstance(identifier, str) else None)
    found = recorded_request(record, entry.payload, lambda _: entry.key)
    if isinstance(found, LostRequest):
        if found.loss == "damaged":
            _problem(summary, place, found.detail)
        else:
            summary.counts[found.loss] += 1
        return
    before = _recorded_before(record, found)
    if before is None:
        _problem(summary, place, "the record is not of the format: `decided` has another shape")
        return
    if before.is_elsewhere:
        summary.counts["elsewhere"] += 1
        return
    decision = _decide(deciding.evaluator, found.request)
    summary.counts["replayed"] += 1
    policy = record.get("policy")
    bundle = policy.get("bundle") if isinstance(policy, Mapping) else None
    if bundle == decision.bundle:
        other = sorted(name for name in {*found.documents, *deciding.documents} if _differs(name, found, deciding))
        if not other:
            _check_record(record, found, decision, place, summary)
            return
        summary.documents.update(other)
    _compare(before, decision, found.request, place, summary)


def _differs(name: str, found: RecordedRequest, deciding: Deciding) -> bool:
    return found.documents.get(name) != deciding.documents.get(name)


def _decide(evaluator: Evaluator, request: dict[str, object] | bytes) -> Decision:
    return evaluator.decide_json(request) if isinstance(request, bytes) else evaluator.decide(request)


def _check_record(
    record: Mapping[str, object], found: RecordedRequest, decision: Decision, place: Place, summary: Summary
) -> None:
    summary.counts["checked"] += 1
    reduced = record.get("reduced") is True
    again = decided_members(decision.to_json(trace=False), decision.compact_trace, found.salt, reduced=reduced)
    differs = tuple(
        name for member in ("decided", "trace") for name in _different(member, record[member], again[member])
    )
    if not differs:
        summary.counts["identical"] += 1
        return
    before = _recorded_before(record, found)
    assert before is not None
    _mismatch(summary, Mismatch(place, differs, _shown(before.verdict, before.decided_by), _said(decision)))


def _mismatch(summary: Summary, mismatch: Mismatch) -> None:
    summary.counts["mismatches"] += 1
    if len(summary.mismatches) < MOST_NAMED:
        summary.mismatches.append(mismatch)


def _different(member: str, recorded: object, again: object) -> list[str]:
    """The members that are not equal, as `decided.verdict`."""
    if recorded == again:
        return []
    if not isinstance(recorded, Mapping) or not isinstance(again, Mapping):
        return [member]
    names = sorted({*map(str, recorded), *map(str, again)})
    return [f"{member}.{name}" for name in names if recorded.get(name) != again.get(name)]


def _shown(verdict: str, decided_by: Iterable[str]) -> str:
    return f"{verdict} by {', '.join(decided_by)}"


def _said(decision: Decision) -> str:
    return _shown(decision.verdict, decision.decided_by)


def _recorded_before(record: Mapping[str, object], found: RecordedRequest) -> Before | None:
    decided = record.get("decided")
    if not isinstance(decided, Mapping):
        return None
    verdict = _verdict(decided.get("verdict"))
    by = decided.get("decided_by")
    if isinstance(by, Mapping):
        by = found.value("/decided/decided_by/digest")
    if verdict is None or not isinstance(by, list):
        return None
    obligations = decided.get("obligations")
    kept: frozenset[str] | None = None
    if isinstance(obligations, list):
        kept = frozenset(
            obligation_text(item.get("name"), found.value(f"/decided/obligations/{place}/args"))
            for place, item in enumerate(obligations)
            if isinstance(item, Mapping)
        )
    return Before(verdict, tuple(map(str, by)), kept, _reviewers(decided.get("escalations")))


def _verdict(value: object) -> Verdict | None:
    match value:
        case "allow" | "deny" | "escalate":
            return value
        case _:
            return None


def obligation_text(name: object, arguments: object) -> str:
    """An obligation with its arguments as a text that is equal exactly where they are."""
    try:
        listed = canonical_bytes(list(arguments) if isinstance(arguments, list | tuple) else arguments).decode()
    except CanonicalError:
        listed = "[?]"
    return f"{name}({listed[1:-1]})"


def _reviewers(listed: object) -> frozenset[str] | None:
    if not isinstance(listed, list):
        return None
    found = (item for item in listed if isinstance(item, Mapping))
    return frozenset(
        f"{item.get('reviewers')}: {item.get('quorum')} within {item.get('within')}, else {item.get('else')}"
        for item in found
    )


# ----------------------------------------------------------------------------------------------------------- lines


def _replay_line(deciding: Deciding, line: Line, summary: Summary) -> None:
    place = Place(line.number)
    try:
        value = read_json(line.text, _LINE_LIMITS)
    except InvalidRequest as invalid:
        _problem(summary, place, str(invalid))
        return
    match value:
        case {"request": dict(request), "decision": dict(recorded), **rest} if rest.keys() <= {"id"}:
            _replay_pair(deciding, request, recorded, place, summary)
        case {"verdict": _, "decided_by": _, "bundle": _}:
            _problem(summary, place, 'it is a decision without its request; write {"request": …, "decision": …}')
        case dict():
            decision = deciding.evaluator.decide_json(line.text)
            summary.counts["replayed"] += 1
            if deciding.against is None:
                _note(summary, Change("decided", None, decision.verdict, (), decision.decided_by), value, place)
            else:
                _compare(_before(deciding.against.decide_json(line.text)), decision, value, place, summary)
        case _:
            _problem(summary, place, "the line is JSON, but no object")


def _replay_pair(
    deciding: Deciding, request: dict[str, object], recorded: dict[str, object], place: Place, summary: Summary
) -> None:
    before = _written_before(recorded)
    if before is None:
        _problem(summary, place, "its `decision` is none: it has no `verdict` and `decided_by`")
        return
    if before.is_elsewhere:
        summary.counts["elsewhere"] += 1
        return
    identifier = recorded.get("id")
    if isinstance(identifier, str):
        place = Place(place.number, identifier)
    decision = deciding.evaluator.decide(request)
    summary.counts["replayed"] += 1
    if recorded.get("bundle") != decision.bundle:
        _compare(before, decision, request, place, summary)
        return
    summary.counts["checked"] += 1
    again = decision.to_json(trace="trace" in recorded)
    # Written and read back, so that both are JSON of the same kinds.
    plain = {name: value for name, value in recorded.items() if name != "id"}
    differs = tuple(sorted(name for name in {*plain, *again} if _text(plain.get(name)) != _text(again.get(name))))
    if not differs:
        summary.counts["identical"] += 1
        return
    _mismatch(summary, Mismatch(place, differs, _shown(before.verdict, before.decided_by), _said(decision)))


def _text(value: object) -> bytes:
    try:
        return canonical_bytes(value)
    except CanonicalError as mistake:
        return str(mistake).encode()


def _written_before(recorded: Mapping[str, object]) -> Before | None:
    verdict, by = _verdict(recorded.get("verdict")), recorded.get("decided_by")
    if verdict is None or not isinstance(by, list):
        return None
    obligations = recorded.get("obligations")
    kept = None
    if isinstance(obligations, list):
        listed = (item for item in obligations if isinstance(item, Mapping))
        kept = frozenset(obligation_text(item.get("name"), item.get("args")) for item in listed)
    return Before(verdict, tuple(_word(str(name)) for name in by), kept, _reviewers(recorded.get("escalations")))


# ------------------------------------------------------------------------------------------------------- comparing


def _before(decision: Decision) -> Before:
    obligations = frozenset(obligation_text(item.name, list(item.args)) for item in decision.obligations)
    return Before(
        decision.verdict,
        tuple(map(_word, decision.decided_by)),
        obligations,
        frozenset(map(_asked, decision.escalations)),
    )


def _word(name: str) -> str:
    """A rule as a record names it."""
    return name if name in _NO_RULES else author_word(name)


def _asked(item: Escalation) -> str:
    return f"{item.reviewers}: {item.quorum} within {item.within}, else {item.otherwise}"


def _compare(before: Before, decision: Decision, request: object, place: Place, summary: Summary) -> None:
    after = _before(decision)
    summary.verdicts[before.verdict, after.verdict] += 1
    change = change_between(before, after)
    if change is None:
        summary.counts["same"] += 1
        return
    summary.counts["changed"] += 1
    _note(summary, change, request, place)


def change_between(before: Before, after: Before) -> Change | None:
    """What became of a request; None where nothing that matters changed."""

    def change(kind: Kind, *lost: str) -> Change:
        return Change(kind, before.verdict, after.verdict, before.decided_by, after.decided_by, lost)

    if before.verdict != after.verdict:
        if SEVERITY[after.verdict] < SEVERITY[before.verdict]:
            return change("newly-allowed" if after.verdict == "allow" else "newly-escalated")
        return change("newly-denied" if after.verdict == "deny" else "no-longer-allowed")
    lost, won = _difference(before.obligations, after.obligations)
    if lost or won:
        names = sorted({item.partition("(")[0] for item in lost})
        return change("fewer-obligations", *names) if lost else change("more-obligations")
    lost, won = _difference(before.reviewers, after.reviewers)
    if lost or won:
        return change("fewer-reviewers", *sorted(lost)) if lost else change("more-reviewers")
    return None if before.decided_by == after.decided_by else change("other-rules")


def _difference(before: frozenset[str] | None, after: frozenset[str] | None) -> tuple[frozenset[str], frozenset[str]]:
    """What is gone, and what is new; nothing where it can't be told."""
    if before is None or after is None:
        return frozenset(), frozenset()
    return before - after, after - before


def _note(summary: Summary, change: Change, request: object, place: Place) -> None:
    known = change in summary.changes
    note_change(summary, change, 1, Example(place, None) if known else example(request, place))


def example(request: object, place: Place) -> Example:
    """The request as an example, if it is not too long and is one (no bytes)."""
    shown = not isinstance(request, bytes) and len(_text(request)) <= LONGEST_EXAMPLE
    return Example(place, request if shown else None)
