"""Who answers for a decision, in words: first what the log says, party by party, then how each stands, then what it can't say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from tenetlang.cli.output import Paint, Style
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.audit.blame import Blame, BlameFact

TITLES: Final = {
    "platform": "the platform (engine, log, gate)",
    "organization": "the organization (policy, reviewers)",
    "developer": "the developer of the agent (caller)",
}

NOBODY: Final = "nobody said"
"""What stands for a value that is not there."""


def _duration(nanoseconds: str) -> str:
    """Nanoseconds in the unit that fits."""
    if not nanoseconds.isdigit():
        return nanoseconds
    number = int(nanoseconds)
    unit, size = next((unit, size) for unit, size in _UNITS if number >= size or size == 1)
    return f"{number / size:.3g} {unit}"


_UNITS: Final = (("s", 10**9), ("ms", 10**6), ("µs", 10**3), ("ns", 1))
_digest = re.compile(r"\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b")
_time = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$")


def _if_said(before: str, text: str) -> str:
    """A part of a sentence that is left out where there is nothing to say."""
    return "" if text == NOBODY else f"{before}{text}"


def _because(details: Mapping[str, str]) -> str:
    return "" if details["because"] == NOBODY else f" ({details['because']})"


def _comment(details: Mapping[str, str]) -> str:
    return _if_said(": ", details["comment"])


WORDS: Final[Mapping[str, Callable[[Mapping[str, str]], str]]] = {
    # the platform
    "intact": lambda _: "the record is what was written",
    "changed": lambda _: "the record was changed: its hash is not its leaf",
    "payload_changed": lambda _: "what the caller sent was changed: it is not what the record names",
    "erased": lambda d: f"{d['by']} erased what the caller sent: {d['because']}",
    "decided": lambda d: f"bundle {d['bundle']} decided, in {_duration(d['took_ns'])}",
    "internal": lambda _: "an error of the engine's own denied the call",
    "not_ready": lambda d: f"it denied because of its own state: {d['why']}",
    "stale": lambda d: f"an outdated bundle was still used: {d['why']}",
    "not_enforced": lambda d: (
        f"the gate {d['point']} let the call through, and its end was `{d['outcome']}`, although the decision is {d['verdict']}"
    ),
    "numbers": lambda d: f"of the gate's calls not all are here: {d['detail']}",
    "all_there": lambda d: f"all {d['count']} calls that the gate {d['point']} numbered are in the log",
    "not_stopped": lambda d: f"the call was allowed although {d['by']} had stopped {d['what']}",
    "not_opened": lambda _: "people were to be asked, and nobody was",
    "not_reached": lambda d: f"no message reached anybody, in {d['attempts']} attempts",
    "not_ended": lambda d: f"the review was to end by {d['deadline']} and never did",
    # the organization
    "rule": lambda d: f"rule {d['rule']} says {d['verdict']}, at {d['at']}{_if_said('; owner: ', d['owner'])}",
    "default": lambda d: f"no rule decided; the default says {d['verdict']}",
    "observe": lambda d: f"the policy only observes; it would have said {d['would']}",
    "overridden": lambda d: f"rule {d['rule']} was lifted by {d['by']}",
    "error": lambda d: f"rule {d['rule']} has an error: {d['error']}, at {d['at']}",
    "reviewers": lambda d: f"{d['reviewers']} are to be asked: {d['quorum']} within {d['within']}, else {d['else']}",
    "stopped": lambda d: f"{d['by']} had stopped {d['what']}{_because(d)}, and it was not resumed",
    "stopped_unseen": lambda _: "calls like this one were stopped; who did it is not in the log before it",
    "review_denied": lambda _: "people had said no to exactly this call",
    "activated": lambda d: (
        f"this bundle was put into force by {d['by']} at {d['at']}{_if_said(', version ', d['version'])}"
        f"{_if_said(', to be used until ', d['expires'])}"
    ),
    "rejected": lambda d: (
        f"another{_if_said(', version ', d['version'])}, was to follow and was refused: {d['because']}"
    ),
    "never_activated": lambda _: "this bundle was never put into force; others were",
    "asked": lambda d: f"{d['reviewers']} were asked, {d['quorum']} to approve until {d['deadline']}",
    "climbed": lambda d: f"then {d['reviewers']} were asked, until {d['deadline']}: {d['because']}",
    "seen": lambda d: f"{d['who']} saw it, by {d['how']}",
    "claimed": lambda d: f"{d['who']} took it up",
    "released": lambda d: f"{d['who']} put it back",
    "delegated": lambda d: f"{d['who']} handed it to {d['to']}",
    "vote": lambda d: f"{d['who']} said {d['vote']}, by {d['how']}{_comment(d)}",
    "late_vote": lambda d: f"{d['who']} said {d['vote']}, which did not count any more{_comment(d)}",
    "ended": lambda d: f"the review ended: {d['end']}",
    "used_by": lambda d: f"the approval was used by the decision {d['decision']}",
    "used": lambda _: "the decision rests on this approval",
    # the developer
    "invalid_request": lambda d: f"the request does not fit the policy: {d['reason']}",
    "unknown_tool": lambda d: f"the tool is not declared: {d['reason']}",
    "out_of_scope": lambda d: f"the tool is not among those of the agent: {d['reason']}",
    "unguarded": lambda _: "no enforcement point asked: nothing is known to have followed from the answer",
    "guarded": lambda d: f"the call came through the gate {d['point']}, as its number {d['count']}",
    "nameless": lambda _: "the request does not say which agent calls",
    "unknown_outcome": lambda _: (
        "what became of the call was never known: whoever made it ended or was cancelled, or nobody said in time"
    ),
    "outcome": lambda d: f"afterwards the caller said: {d['outcome']}",
    "not_respected": lambda d: f"the call was made although the answer was {d['verdict']}: {d['outcome']}",
    "unmet": lambda d: f"what the decision obliged to was not done: {d['names']}",
    "no_outcome": lambda d: f"nobody said what became of it, in {d['size']} records",
    "outcomes": lambda d: f"{d['count']} outcomes were said of one decision",
}

UNTOLD: Final[Mapping[str, str]] = {
    "enforcement": "whether the call was made all the same: nobody who enforces asked",
    "end_of_point": "whether the gate asked about more calls after its last one here: it never said that it was done",
    "outcome": "what became of the call",
    "payload": "what was asked, and the words of the reason: the payload is not here, or can't be read",
    "sealed": "what was asked, and the words of the reason: they are sealed, and --payload-keys opens them",
    "other_keys": "what was asked, and the words of the reason: the key is none of these; it was destroyed, or is elsewhere",
    "activation": "who put the bundle into force",
    "damaged": "what stood in the records that were damaged",
    "identity": "whether agent and user are who the caller says",
    "other_calls": "whether there were calls that went around the gate; a tool that asks for receipts gets none of them",
    "whole_log": "whether the log is whole: `tenet audit verify` and `tenet audit check` say that",
}

_STANDINGS: Final[Mapping[str, str]] = {
    "decided": "the verdict is its doing",
    "to_answer": "it has something to answer for",
    "nothing": "nothing in the log speaks against it",
}


def blame_lines(found: Blame, paint: Paint) -> Iterator[str]:
    """The whole page."""
    from tenetlang.audit.blame import PARTIES

    decided, what, who = (_part(found, name) for name in ("decided", "what", "who"))
    verdict = _text(decided.get("verdict"))
    style: Style = "allow" if verdict == "allow" else "escalate" if verdict == "escalate" else "deny"
    said = f" for {_text(who['agent'])}" if who.get("agent") is not None else ""
    at = _text(found.record.get("at"))
    yield f"{paint(verdict, style)}  {_text(what.get('tool'))}{said}, record {found.index}, {at}"
    if found.reason is not None:
        yield f"       {_text(found.reason)}"
    for party in PARTIES:
        yield ""
        yield paint(TITLES[party], "heading")
        yield from (_fact_line(fact) for fact in found.facts if fact.party == party)
    yield ""
    yield paint("who answers for it", "heading")
    for party in PARTIES:
        standing, records = found.standing(party)
        shown = f", as {_records(records)} show{'s'[: len(records) == 1]}" if records else ""
        mark = " " if standing == "nothing" else ">"
        yield f"  {mark} {TITLES[party].partition(' (')[0]}: {_STANDINGS[standing]}{shown}"
    yield ""
    yield paint("what the log can't tell", "heading")
    yield from (f"    {UNTOLD[word]}" for word in found.untold)


def _records(records: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, records[:5]))
    return f"record{'s'[: len(records) > 1]} {shown}{' and others' if len(records) > 5 else ''}"


def _fact_line(fact: BlameFact) -> str:
    words = WORDS[fact.what]({name: _short(_text(value)) for name, value in fact.details.items()})
    return f"  {'>' if fact.against else ' '} {words} (record {fact.record})"


def _short(text: str) -> str:
    """A digest by its beginning, a time to the second: `--format json` has all of it."""
    return _time.sub(r"\1Z", _digest.sub(r"\1…", text))


def _part(found: Blame, name: str) -> Mapping[str, object]:
    part = found.record.get(name)
    return part if isinstance(part, Mapping) else {}


def _text(value: object) -> str:
    return NOBODY if value is None else visible(str(value))[:300]
