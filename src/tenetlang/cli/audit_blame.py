"""`tenet audit blame`: who answers for a decision, in words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tenetlang.cli import statuses
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE, FORMAT
from tenetlang.cli.output import Style, painter, say, say_json, waiting
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.audit.blame import Blame, BlameFact

_TITLES: Final = {
    "platform": "the platform (engine, log, gate)",
    "organization": "the organization (policy, reviewers)",
    "developer": "the developer of the agent (caller)",
}

_WORDS: Final[Mapping[str, Callable[[Mapping[str, str]], str]]] = {
    "intact": lambda _: "the record is what was written",
    "changed": lambda _: "the record was changed: its hash is not its leaf",
    "payload_changed": lambda _: "what the caller sent was changed: it is not what the record names",
    "decided": lambda d: f"bundle {d['bundle']} decided, in {d['took_ns']} nanoseconds",
    "internal": lambda _: "an error of the engine's own denied the call",
    "not_ready": lambda d: f"it denied because of its own state: {d['why']}",
    "stale": lambda d: f"an outdated bundle was still used: {d['why']}",
    "not_enforced": lambda d: f"the call was made at {d['point']} although it was not allowed: {d['outcome']}",
    "rule": lambda d: f"rule {d['rule']} says {d['verdict']}, at {d['at']}; owner: {d['owner']}",
    "default": lambda d: f"no rule decided; the default says {d['verdict']}",
    "observe": lambda d: f"the policy only observes; it would have said {d['would']}",
    "overridden": lambda d: f"rule {d['rule']} was lifted by {d['by']}",
    "error": lambda d: f"rule {d['rule']} has an error: {d['error']}, at {d['at']}",
    "reviewers": lambda d: f"{d['reviewers']} are to be asked: {d['quorum']} within {d['within']}, else {d['else']}",
    "activated": lambda d: f"{d['by']} put this bundle into force at {d['at']}, version {d['version']}",
    "never_activated": lambda _: "this bundle was never put into force; others were",
    "activation_untold": lambda _: "the log does not say who put the bundle into force",
    "invalid_request": lambda d: f"the request does not fit the policy: {d['reason']}",
    "unknown_tool": lambda d: f"the tool is not declared: {d['reason']}",
    "unguarded": lambda _: "no enforcement point asked: nothing is known to have followed from the answer",
    "guarded": lambda d: f"the call came through the gate {d['point']}, as its number {d['count']}",
    "nameless": lambda _: "the request does not say which agent calls",
    "outcome": lambda d: f"afterwards the caller said: {d['outcome']}",
    "no_outcome": lambda d: f"the caller never said what became of it, in {d['size']} records",
    "outcomes": lambda d: f"{d['count']} outcomes were said of one decision",
}


@click.command(
    "blame",
    cls=Command,
    short_help="Say who answers for a decision in LOG.",
    epilog=ending(
        ["tenet audit blame decisions.db 3", "tenet audit blame decisions.db 01KAPJ4ZM0 --format json"],
        [(0, "said"), (1, "the record was changed"), (5, "there is no such decision")],
    ),
)
@click.argument("log", type=ANYWHERE)
@click.argument("decision", metavar="INDEX|ID")
@FORMAT
def blame(log: Path, decision: str, style: str) -> int:
    """Say who answers for a decision in LOG: the platform, the organization, or the developer of the agent.

    Each fact names the record that shows it. Whether the log as a whole is what was written is for `tenet audit verify`.
    """
    from tenetlang.audit.blame import blame as blame_for

    with waiting("reading"):
        found = blame_for(log, decision)
    say_json(_document(found)) if style == "json" else say("".join(f"{line}\n" for line in _lines(found)))
    changed = any(fact.what in {"changed", "payload_changed"} for fact in found.facts)
    return statuses.FOUND if changed else statuses.FINE


def _document(found: Blame) -> dict[str, object]:
    from tenetlang.audit.blame import PARTIES

    decided, what, who = (_part(found, name) for name in ("decided", "what", "who"))
    return {
        "index": found.index,
        "id": found.record.get("id"),
        "at": found.record.get("at"),
        "agent": who.get("agent"),
        "user": who.get("user"),
        "tool": what.get("tool"),
        "verdict": decided.get("verdict"),
        "decided_by": decided.get("decided_by"),
        "reason": found.reason,
        "answers": found.answers,
        "parties": [
            {
                "party": party,
                "facts": [
                    {"what": fact.what, "against": fact.against, "record": fact.record, "details": dict(fact.details)}
                    for fact in found.facts
                    if fact.party == party
                ],
            }
            for party in PARTIES
        ],
    }


def _lines(found: Blame) -> Iterator[str]:
    from tenetlang.audit.blame import PARTIES

    paint = painter(sys.stdout)
    decided, what, who = (_part(found, name) for name in ("decided", "what", "who"))
    verdict = _text(decided.get("verdict"))
    style: Style = "allow" if verdict == "allow" else "escalate" if verdict == "escalate" else "deny"
    said = f" for {_text(who['agent'])}" if who.get("agent") is not None else ""
    yield f"{paint(verdict, style)}  {_text(what.get('tool'))}{said}, record {found.index}, {_text(found.record.get('at'))}"
    if found.reason is not None:
        yield f"       {_text(found.reason)}"
    yield ""
    yield f"the verdict is the doing of {_TITLES[found.answers]}"
    for party in PARTIES:
        yield ""
        yield _TITLES[party]
        yield from (_fact_line(fact) for fact in found.facts if fact.party == party)


def _fact_line(fact: BlameFact) -> str:
    words = _WORDS[fact.what]({name: _text(value) for name, value in fact.details.items()})
    return f"  {'>' if fact.against else ' '} {words} (record {fact.record})"


def _part(found: Blame, name: str) -> Mapping[str, object]:
    part = found.record.get(name)
    return part if isinstance(part, Mapping) else {}


def _text(value: object) -> str:
    return "nobody said" if value is None else visible(str(value))[:200]
